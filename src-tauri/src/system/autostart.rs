//! Starting with the computer. The system's entry starts the program with `--autostart`; such a
//! start ends at once where the settings do not want it, whoever made the entry.

use crate::launch::Launch;
use seatline_desk::policy::{self, Policy};
use std::io;

/// Marks a start by the system.
pub const FLAG: &str = "--autostart";

/// Whether a start is wanted: one by the system only where the settings say so.
///
/// # Errors
/// When the person has no folder for data.
pub fn is_wanted(launch: &Launch) -> anyhow::Result<bool> {
    is_wanted_by(&policy::of_system(), launch)
}

fn is_wanted_by(policy: &Policy, launch: &Launch) -> anyhow::Result<bool> {
    if !launch.by_system {
        return Ok(true);
    }
    Ok(policy.settings_in(&launch.data_folder()?).autostart)
}

/// Makes or takes away the person's own entry.
///
/// # Errors
/// When the system's place for it cannot be written.
pub(crate) fn set(on: bool) -> io::Result<()> {
    let program = std::env::current_exe()?;
    platform::set(on, &program)
}

#[cfg(windows)]
pub(super) use platform::forget;

#[cfg(windows)]
mod platform {
    use std::{io, path::Path};
    use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

    /// What Windows starts with a session.
    const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";

    /// The value's name, the installer's too.
    const NAME: &str = "Seatline";

    pub(super) fn set(on: bool, program: &Path) -> io::Result<()> {
        let for_everybody = LOCAL_MACHINE
            .open(RUN)
            .and_then(|key| key.get_string(NAME))
            .is_ok();
        if on && !for_everybody {
            let key = CURRENT_USER.create(RUN)?;
            let command = format!("\"{}\" {}", program.display(), super::FLAG);
            return Ok(key.set_string(NAME, command)?);
        }
        forget(CURRENT_USER)
    }

    /// Takes a person's entry away.
    pub(crate) fn forget(person: &Key) -> io::Result<()> {
        let is_there = person
            .open(RUN)
            .is_ok_and(|key| key.get_string(NAME).is_ok());
        if is_there {
            person.create(RUN)?.remove_value(NAME)?;
        }
        Ok(())
    }
}

#[cfg(not(windows))]
mod platform {
    use std::{fs, io, path::Path};

    pub(super) fn set(on: bool, program: &Path) -> io::Result<()> {
        let Some(folder) = super::entry::folder() else {
            return if on {
                Err(io::ErrorKind::NotFound.into())
            } else {
                Ok(())
            };
        };
        set_in(&folder, on, program)
    }

    pub(super) fn set_in(folder: &Path, on: bool, program: &Path) -> io::Result<()> {
        let place = folder.join(super::entry::FILE);
        if on {
            let text = super::entry::text(&program.display().to_string());
            if fs::read_to_string(&place).is_ok_and(|there| there == text) {
                return Ok(());
            }
            fs::create_dir_all(folder)?;
            return fs::write(place, text);
        }
        match fs::remove_file(place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// XDG's autostart: a desktop entry.
#[cfg(not(any(windows, target_os = "macos")))]
mod entry {
    use std::path::PathBuf;

    pub(super) const FILE: &str = "cn.seatline.desk.desktop";

    pub(super) fn folder() -> Option<PathBuf> {
        Some(dirs::config_dir()?.join("autostart"))
    }

    pub(super) fn text(program: &str) -> String {
        let flag = super::FLAG;
        let program = quote(program);
        format!(
            "[Desktop Entry]\nType=Application\nName=Seatline\nExec={program} {flag}\nTerminal=false\n"
        )
    }

    /// Quotes an argument for `Exec`: once for itself, once for the value of a desktop entry.
    fn quote(argument: &str) -> String {
        let mut quoted = String::from('"');
        for letter in argument.chars() {
            match letter {
                '"' | '`' | '$' => quoted.push_str(r"\\"),
                '\\' => quoted.push_str(r"\\\"),
                '%' => quoted.push('%'),
                _ => {}
            }
            quoted.push(letter);
        }
        quoted.push('"');
        quoted
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn a_program_with_odd_letters_is_quoted() {
            assert_eq!(super::quote("/opt/座席 1"), "\"/opt/座席 1\"");
            assert_eq!(super::quote("/a$b"), r#""/a\\$b""#);
            assert_eq!(super::quote(r"/a\b"), r#""/a\\\\b""#);
            assert_eq!(super::quote("/100%"), "\"/100%%\"");
        }
    }
}

/// A launch agent.
#[cfg(target_os = "macos")]
mod entry {
    use std::path::PathBuf;

    pub(super) const FILE: &str = "cn.seatline.desk.plist";

    pub(super) fn folder() -> Option<PathBuf> {
        Some(dirs::home_dir()?.join("Library/LaunchAgents"))
    }

    pub(super) fn text(program: &str) -> String {
        let program = program.replace('&', "&amp;").replace('<', "&lt;");
        let flag = super::FLAG;
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>cn.seatline.desk</string>
	<key>ProgramArguments</key>
	<array>
		<string>{program}</string>
		<string>{flag}</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
</dict>
</plist>
"#
        )
    }
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::{entry::FILE, is_wanted_by, platform::set_in};
    use crate::launch::Launch;
    use seatline_desk::policy::{Layer, Policy, Raw, Source};
    use std::{fs, path::Path};

    #[test]
    fn the_entry_comes_follows_the_program_and_goes() {
        let folder = std::env::temp_dir().join(format!("seatline-{}", uuid::Uuid::new_v4()));
        let autostart = folder.join("autostart");
        let place = autostart.join(FILE);
        set_in(&autostart, false, Path::new("/opt/seatline")).expect("nothing to take away");
        assert!(!folder.exists(), "nothing is made for nothing");
        for program in ["/opt/seatline", "/opt/new/seatline"] {
            set_in(&autostart, true, Path::new(program)).expect("an entry");
            let text = fs::read_to_string(&place).expect("the entry");
            assert!(
                text.contains(program) && text.contains(super::FLAG),
                "{text}"
            );
        }
        set_in(&autostart, false, Path::new("/opt/seatline")).expect("it goes");
        assert!(!place.exists());
        fs::remove_dir_all(folder).expect("the folder goes");
    }

    #[test]
    fn a_start_by_the_system_is_wanted_only_where_the_settings_say_so() {
        let off = Policy::default();
        let table = vec![("Autostart".to_owned(), Raw::Flag(true))];
        let on = Policy::of([Layer::of_table(Source::File, table)]);
        let by_system = Launch {
            by_system: true,
            data_dir: Some("/nonexistent".into()),
            ..Launch::default()
        };
        for (policy, launch, wanted) in [
            (&off, &by_system, false),
            (&on, &by_system, true),
            (&off, &Launch::default(), true),
        ] {
            let said = is_wanted_by(policy, launch).expect("a folder is given");
            assert_eq!(said, wanted, "{launch:?}");
        }
    }
}
