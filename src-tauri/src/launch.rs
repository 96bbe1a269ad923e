//! What a start is told: flags, or a link the system hands over.
//!
//! A link comes from web pages and mails, so a start that carries one takes no flags: whatever
//! got onto the command line beside it is not the person's wish. The link itself is judged by
//! the engine, which shows its number and never dials by itself.

use std::{ffi::OsString, path::PathBuf};
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt;

/// Shown when the flags are wrong.
pub const USAGE: &str = "usage: seatline [--data-dir FOLDER] | seatline LINK";

/// Schemes of links the program takes.
const SCHEMES: &[&str] = &["tel:", "sip:", "callto:", "seatline:"];

/// Links longer than this are no telephone numbers.
const LONGEST_LINK: usize = 1_024;

/// What a start is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// Where data are kept instead of the usual place.
    pub data_dir: Option<PathBuf>,
    /// A link to show.
    pub link: Option<String>,
}

/// Why the flags were not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// A flag that does not exist.
    #[error("unknown argument {0:?}")]
    Unknown(OsString),
    /// `--data-dir` stands alone.
    #[error("--data-dir needs a folder")]
    NoFolder,
}

impl Launch {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// When a flag is unknown or incomplete.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, LaunchError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let texts: Vec<String> = arguments
            .iter()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        if texts.iter().any(|text| is_link(text)) {
            return Ok(Self {
                data_dir: None,
                link: link_in(&texts),
            });
        }

        let mut launch = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if argument == "--data-dir" {
                let folder = arguments.next().ok_or(LaunchError::NoFolder)?;
                launch.data_dir = Some(folder.into());
            } else {
                return Err(LaunchError::Unknown(argument));
            }
        }
        Ok(launch)
    }
}

/// The first link among arguments, unless it is absurdly long.
#[must_use]
pub fn link_in(arguments: &[String]) -> Option<String> {
    arguments
        .iter()
        .find(|argument| is_link(argument))
        .filter(|link| link.len() <= LONGEST_LINK)
        .cloned()
}

fn is_link(argument: &str) -> bool {
    SCHEMES.iter().any(|scheme| {
        argument
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// Takes links that the system hands to the running program (macOS); elsewhere they come as
/// arguments.
pub fn on_system_link(app: &AppHandle) {
    if !cfg!(target_os = "macos") {
        return;
    }
    let taker = app.clone();
    app.deep_link().on_open_url(move |event| {
        let links: Vec<String> = event.urls().iter().map(ToString::to_string).collect();
        crate::open_again(&taker, &links);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Launch, LaunchError> {
        Launch::read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn flags_are_read() {
        assert_eq!(read(&[]), Ok(Launch::default()));
        assert_eq!(
            read(&["--data-dir", "/tmp/desk"]),
            Ok(Launch {
                data_dir: Some("/tmp/desk".into()),
                link: None
            })
        );
        assert_eq!(read(&["--data-dir"]), Err(LaunchError::NoFolder));
        assert_eq!(
            read(&["--help-me"]),
            Err(LaunchError::Unknown("--help-me".into()))
        );
    }

    #[test]
    fn a_link_takes_no_flags_with_it() {
        for scheme in ["tel:", "sip:", "callto:", "seatline:", "TEL:"] {
            let link = format!("{scheme}10086");
            let launch = read(&["--data-dir", "/evil", &link, "--more"]).expect("links are taken");
            assert_eq!(launch.data_dir, None);
            assert_eq!(launch.link, Some(link));
        }
    }

    #[test]
    fn what_is_no_link_is_no_link() {
        for text in [
            "file:///etc/passwd",
            "https://a.example",
            "te",
            "电话",
            "telnet:1",
        ] {
            assert!(!is_link(text), "{text}");
        }
        let endless = format!("tel:{}", "1".repeat(1 << 20));
        assert_eq!(link_in(&[endless]), None);
    }
}
