//! What a start is told: flags, or a link the system hands over.
//!
//! A link comes from web pages and mails, so a start that carries one takes no flags: whatever
//! got onto the command line beside it is not the person's wish. The link itself is judged by
//! the engine, which shows its number and never dials by itself.

use crate::{closing, system::autostart};
use anyhow::Context;
use std::{ffi::OsString, path::PathBuf, time::Duration};
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt;

/// Shown when the flags are wrong.
pub const USAGE: &str =
    "usage: seatline [--data-dir FOLDER] [--autostart | --check [--json] | --headless-agent]
       seatline --remove-data mine|everybody
       seatline --close [--wait SECONDS]
       seatline LINK";

/// Schemes of links the program takes.
const SCHEMES: &[&str] = &["tel:", "sip:", "callto:", "seatline:"];

/// The longest wait for other desks, in seconds: a day.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// Links longer than this are no telephone numbers.
const LONGEST_LINK: usize = 1_024;

/// The program's identifier, which names its folder in the person's data.
pub(crate) const IDENTIFIER: &str = "cn.seatline.desk";

/// What a start is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// The desk in its window.
    #[default]
    Window,
    /// To say whether a desk can work here.
    Check {
        /// As JSON.
        json: bool,
    },
    /// The desk without a window, driven by lines.
    Agent,
    /// To remove what desks have kept on this computer.
    RemoveData(Whose),
    /// To ask the other desks on this computer to end.
    Close {
        /// How long they may take.
        wait: Duration,
    },
}

/// Whose data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those of the person who starts the program.
    Mine,
    /// Those in every person's profile.
    Everybody,
}

/// What a start is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// What is wanted.
    pub mode: Mode,
    /// Where data are kept instead of the usual place.
    pub data_dir: Option<PathBuf>,
    /// A link to show.
    pub link: Option<String>,
    /// The system has started the program, with the person's session.
    pub by_system: bool,
}

/// Why the flags were not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// A flag that does not exist.
    #[error("unknown argument {0:?}")]
    Unknown(OsString),
    /// `--json` says how a check is printed.
    #[error("--json needs --check")]
    NoCheck,
    /// One start does one thing.
    #[error("--check, --headless-agent, --remove-data and --close exclude each other")]
    TwoModes,
    /// Removing is never done by mistake.
    #[error("--remove-data needs `mine` or `everybody`")]
    NobodysData,
    /// `--wait` stands alone, or without `--close`, or for longer than a day.
    #[error("--wait needs --close and a number of seconds, at most {LONGEST_WAIT}")]
    NoWait,
    /// `--data-dir` stands alone.
    #[error("--data-dir needs a folder")]
    NoFolder,
    /// What concerns every desk on this computer knows no folder of one, and the system starts
    /// none of it.
    #[error("--data-dir and --autostart do not go with --remove-data and --close")]
    OfOneDesk,
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
                link: link_in(&texts),
                ..Self::default()
            });
        }

        let mut launch = Self::default();
        let (mut json, mut wait) = (false, None);
        let mut modes = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if argument == autostart::FLAG {
                launch.by_system = true;
            } else if argument == "--data-dir" {
                let folder = arguments.next().ok_or(LaunchError::NoFolder)?;
                launch.data_dir = Some(folder.into());
            } else if argument == "--check" {
                modes.push(Mode::Check { json: false });
            } else if argument == "--json" {
                json = true;
            } else if argument == "--headless-agent" {
                modes.push(Mode::Agent);
            } else if argument == "--remove-data" {
                let whose = match arguments.next() {
                    Some(whose) if whose == "mine" => Whose::Mine,
                    Some(whose) if whose == "everybody" => Whose::Everybody,
                    _ => return Err(LaunchError::NobodysData),
                };
                modes.push(Mode::RemoveData(whose));
            } else if argument == "--close" {
                modes.push(Mode::Close {
                    wait: closing::PATIENCE,
                });
            } else if argument == "--wait" {
                let seconds = arguments
                    .next()
                    .and_then(|text| text.to_str()?.parse::<u64>().ok())
                    .filter(|seconds| *seconds <= LONGEST_WAIT);
                wait = Some(Duration::from_secs(seconds.ok_or(LaunchError::NoWait)?));
            } else {
                return Err(LaunchError::Unknown(argument));
            }
        }
        // The same flag twice is the same wish.
        modes.dedup();
        launch.mode = match modes[..] {
            [] => Mode::Window,
            [mode] => mode,
            _ => return Err(LaunchError::TwoModes),
        };
        match &mut launch.mode {
            Mode::Check { json: as_json } => *as_json = json,
            _ if json => return Err(LaunchError::NoCheck),
            _ => {}
        }
        let of_one_desk = launch.data_dir.is_some() || launch.by_system;
        if of_one_desk && matches!(launch.mode, Mode::RemoveData(_) | Mode::Close { .. }) {
            return Err(LaunchError::OfOneDesk);
        }
        match (&mut launch.mode, wait) {
            (Mode::Close { wait }, Some(told)) => *wait = told,
            (_, Some(_)) => return Err(LaunchError::NoWait),
            (_, None) => {}
        }
        Ok(launch)
    }

    /// Where data are kept, as an absolute path: the working folder may be another one later.
    ///
    /// # Errors
    /// When no folder was told and the person has none, or what was told is no path.
    pub fn data_folder(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.data_dir {
            return std::path::absolute(folder).context("the folder of --data-dir");
        }
        let folder = dirs::data_local_dir().context("the person has no folder for data")?;
        Ok(folder.join(IDENTIFIER))
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
                ..Launch::default()
            })
        );
        let mode = |arguments: &[&str]| read(arguments).map(|launch| launch.mode);
        for once_or_twice in [&["--check"][..], &["--check", "--check"]] {
            assert_eq!(mode(once_or_twice), Ok(Mode::Check { json: false }));
        }
        let json = ["--json", "--data-dir", "/tmp/desk", "--check"];
        assert_eq!(mode(&json), Ok(Mode::Check { json: true }));
        assert_eq!(mode(&["--headless-agent"]), Ok(Mode::Agent));
        assert_eq!(
            read(&["--autostart"]).map(|launch| launch.by_system),
            Ok(true)
        );
        assert_eq!(read(&["--json"]), Err(LaunchError::NoCheck));
        let both = ["--check", "--headless-agent"];
        assert_eq!(read(&both), Err(LaunchError::TwoModes));
        let removal = ["--remove-data", "everybody"];
        assert_eq!(mode(&removal), Ok(Mode::RemoveData(Whose::Everybody)));
        assert_eq!(read(&["--remove-data"]), Err(LaunchError::NobodysData));
        let both = ["--remove-data", "mine", "--check"];
        assert_eq!(read(&both), Err(LaunchError::TwoModes));
        assert_eq!(read(&["--data-dir"]), Err(LaunchError::NoFolder));
        let wait = closing::PATIENCE;
        assert_eq!(mode(&["--close"]), Ok(Mode::Close { wait }));
        let wait = Duration::from_secs(2);
        assert_eq!(mode(&["--wait", "2", "--close"]), Ok(Mode::Close { wait }));
        for wrong in [
            &["--wait", "2"][..],
            &["--close", "--wait", "long"],
            &["--close", "--wait", "86401"],
            &["--close", "--wait", "18446744073709551615"],
        ] {
            assert_eq!(read(wrong), Err(LaunchError::NoWait));
        }
        for whole in [&["--remove-data", "mine"][..], &["--close"]] {
            for of_one in [&["--data-dir", "/tmp/desk"][..], &["--autostart"]] {
                let both = [of_one, whole].concat();
                assert_eq!(read(&both), Err(LaunchError::OfOneDesk));
            }
        }
        assert_eq!(
            read(&["--help-me"]),
            Err(LaunchError::Unknown("--help-me".into()))
        );
    }

    #[test]
    fn a_folder_stays_where_it_was_told() {
        let folder = |told: &str| {
            let launch = read(&["--data-dir", told]).expect("a folder is told");
            launch.data_folder()
        };
        let here = std::env::current_dir().expect("a working folder");
        assert_eq!(folder("desk").expect("a path"), here.join("desk"));
        assert!(folder("").is_err());
    }

    #[test]
    fn a_link_takes_no_flags_with_it() {
        for scheme in ["tel:", "sip:", "callto:", "seatline:", "TEL:"] {
            let link = format!("{scheme}10086");
            let launch = read(&["--data-dir", "/evil", &link, "--check"]).expect("links are taken");
            assert_eq!((launch.data_dir, launch.mode), (None, Mode::Window));
            assert_eq!(launch.link, Some(link));
        }
    }

    #[test]
    fn the_folder_bears_the_name_of_the_bundle() {
        let bundle: serde_json::Value =
            serde_json::from_str(include_str!("../tauri.conf.json")).expect("JSON");
        assert_eq!(bundle["identifier"], IDENTIFIER);
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
