//! What an offer to open telephone links leaves in a person's folders on Linux: a desktop entry,
//! made by the deep-link plugin, and its name in the desktop's lists of what opens what.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

/// Takes all of it away.
///
/// # Errors
/// The first thing that stays, when all else has gone.
pub(super) fn forget() -> io::Result<()> {
    let program = std::env::current_exe()?;
    let (Some(program), Some(data), Some(config)) =
        (program.file_name(), dirs::data_dir(), dirs::config_dir())
    else {
        return Ok(());
    };
    // The plugin's name for it.
    let entry = format!("{}-handler.desktop", program.to_string_lossy());
    forget_in(&data.join("applications"), &config, &entry)
}

fn forget_in(applications: &Path, config: &Path, entry: &str) -> io::Result<()> {
    let unlisted = [
        config.join("mimeapps.list"),
        applications.join("mimeapps.list"),
        applications.join("mimeinfo.cache"),
    ]
    .iter()
    .map(|list| unlist(list, entry))
    .fold(Ok(()), io::Result::and);
    let removed = match fs::remove_file(applications.join(entry)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    };
    removed.and(unlisted)
}

fn unlist(list: &Path, entry: &str) -> io::Result<()> {
    let text = match fs::read_to_string(list) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    let left = without(&text, entry);
    if left == text {
        return Ok(());
    }
    fs::write(list, left)
}

/// A list of lines `type=one.desktop;another.desktop;` without one of the desktop entries. Lines
/// that do not name it stay as they are.
fn without(text: &str, entry: &str) -> String {
    text.split_inclusive('\n')
        .filter_map(|line| {
            let (kind, entries) = line.split_once('=').unwrap_or((line, ""));
            let entries = || entries.split(';').map(str::trim);
            if !entries().any(|there| there == entry) {
                return Some(line.to_owned());
            }
            let left: Vec<&str> = entries()
                .filter(|there| !there.is_empty() && *there != entry)
                .collect();
            (!left.is_empty()).then(|| format!("{kind}={};\n", left.join(";")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "seatline-handler.desktop";

    #[test]
    fn an_offer_goes_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (applications, config) = (folder.path().join("applications"), folder.path());
        forget_in(&applications, config, ENTRY).unwrap();
        assert!(!applications.exists(), "nothing is made for nothing");

        fs::create_dir(&applications).unwrap();
        for name in [ENTRY, "other.desktop"] {
            fs::write(applications.join(name), "[Desktop Entry]\n").unwrap();
        }
        let list = config.join("mimeapps.list");
        let listed = "# by hand\n[Default Applications]\n\
            x-scheme-handler/tel=seatline-handler.desktop\n\
            x-scheme-handler/sip=seatline-handler.desktop;other.desktop;\n\
            text/html=browser.desktop\n";
        fs::write(&list, listed).unwrap();
        forget_in(&applications, config, ENTRY).unwrap();
        assert!(!applications.join(ENTRY).exists());
        assert!(applications.join("other.desktop").is_file());
        assert_eq!(
            fs::read_to_string(&list).unwrap(),
            "# by hand\n[Default Applications]\n\
             x-scheme-handler/sip=other.desktop;\n\
             text/html=browser.desktop\n"
        );
    }
}
