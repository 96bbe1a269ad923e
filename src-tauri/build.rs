//! Writes the deny-by-default list of commands and makes sure there is something to embed.

use std::{fs, path::Path};

/// Shown by a binary that was built before its windows were.
const PLACEHOLDER: &str = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Seatline</title>\n\
    <p>The windows are not built. Run <code>cargo dev demo</code>, \
    or <code>npm run build</code> in <code>ui</code>, then build again.</p>\n";

fn main() {
    embed_windows(Path::new("../ui/dist"));
    let commands = tauri_build::AppManifest::new().commands(include!("src/commands/names.in"));
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .expect("the shell's configuration and capabilities are valid");
}

/// The binary holds the built windows; a new build of them makes a new binary.
fn embed_windows(dist: &Path) {
    if !dist.join("index.html").exists() {
        println!("cargo:warning=ui/dist is not built: the window will only say so");
        fs::create_dir_all(dist)
            .and_then(|()| fs::write(dist.join("index.html"), PLACEHOLDER))
            .expect("ui/dist can be written");
    }
    println!("cargo:rerun-if-changed={}", dist.display());
}
