//! Writes the windows' TypeScript: `cargo run -p seatline-shell --example export-bindings -- FILE`.

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let path: PathBuf = std::env::args_os()
        .nth(1)
        .map_or_else(|| "ui/src/ipc/bindings.ts".into(), PathBuf::from);
    seatline_shell::bindings::export(&path)?;
    println!("{}", path.display());
    Ok(())
}
