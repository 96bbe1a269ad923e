//! What the person has chosen, kept in one JSON file that is replaced in one piece.

use crate::{
    command::DeviceSelection,
    view::{Hotkeys, Language, Processing, Settings, Theme},
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Everything kept between two starts that is not secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// What the settings view shows.
    pub(crate) settings: Settings,
    /// Chosen devices by their lasting ids.
    pub(crate) devices: DeviceSelection,
    /// What is done to the microphone's sound.
    pub(crate) processing: Processing,
    /// The last sign-in, for the form.
    pub(crate) last: Option<LastSignIn>,
    /// This installation, made once.
    pub(crate) instance: uuid::Uuid,
}

/// The last sign-in, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastSignIn {
    /// The centre's address.
    pub(crate) centre: String,
    /// Login.
    pub(crate) login: String,
    /// The certificate fingerprint the person accepted for this centre.
    pub(crate) trust: Option<String>,
    /// The session was not ended: after a crash it may still be open at the centre.
    #[serde(default)]
    pub(crate) open: bool,
}

/// Settings of a fresh installation.
pub(crate) fn default() -> Settings {
    Settings {
        language: Language::System,
        theme: Theme::System,
        hotkeys: Hotkeys {
            answer: "Ctrl+Alt+A".into(),
            hang_up: "Ctrl+Alt+H".into(),
            mute: "Ctrl+Alt+M".into(),
            hold: "Ctrl+Alt+L".into(),
        },
        notify: true,
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            settings: default(),
            devices: DeviceSelection::default(),
            processing: Processing {
                echo: true,
                noise: true,
                gain: true,
            },
            last: None,
            instance: uuid::Uuid::nil(),
        }
    }
}

/// The settings file.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    kept: parking_lot::Mutex<Kept>,
}

impl SettingsFile {
    /// Reads the file, or starts from defaults when there is none. An unreadable file is set
    /// aside, not overwritten.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join("settings.json");
        let mut kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, "the settings file is unreadable and is set aside");
                // If it cannot be moved it is replaced at the next change, and it was of no use.
                let _ = fs::rename(&path, path.with_extension("json.unreadable"));
                Kept::default()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(error),
        };
        let fresh = kept.instance.is_nil();
        if fresh {
            kept.instance = uuid::Uuid::new_v4();
        }
        let file = Self {
            path,
            kept: parking_lot::Mutex::new(kept),
        };
        if fresh {
            file.change(|_| {})?;
        }
        Ok(file)
    }

    /// What is kept now.
    pub(crate) fn read(&self) -> Kept {
        self.kept.lock().clone()
    }

    /// Changes what is kept and writes it, or leaves both as they were.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Kept)) -> io::Result<()> {
        let mut kept = self.kept.lock();
        let mut next = kept.clone();
        change(&mut next);
        replace_file(&self.path, &serde_json::to_vec_pretty(&next)?)?;
        *kept = next;
        Ok(())
    }
}

/// Replaces a file in one piece: after a crash it holds either the old or the new content.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::SettingsChange;

    #[test]
    fn settings_survive_and_unknown_files_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = SettingsFile::open(directory.path()).unwrap();
        let instance = file.read().instance;
        file.change(|kept| kept.settings.theme = Theme::Dark)
            .unwrap();
        let again = SettingsFile::open(directory.path()).unwrap();
        assert_eq!(again.read().settings.theme, Theme::Dark);
        assert_eq!(again.read().instance, instance);

        fs::write(directory.path().join("settings.json"), b"{ nonsense").unwrap();
        let fresh = SettingsFile::open(directory.path()).unwrap();
        assert_eq!(fresh.read().settings, default());
        let aside = fs::read(directory.path().join("settings.json.unreadable")).unwrap();
        assert_eq!(aside, b"{ nonsense");
    }

    #[test]
    fn two_changes_at_once_do_not_undo_each_other() {
        let changes = [
            SettingsChange {
                theme: Some(Theme::Dark),
                ..SettingsChange::default()
            },
            SettingsChange {
                language: Some(Language::En),
                ..SettingsChange::default()
            },
        ];
        for order in [[0, 1], [1, 0]] {
            let directory = tempfile::tempdir().unwrap();
            let file = SettingsFile::open(directory.path()).unwrap();
            for index in order {
                let change = |kept: &mut Kept| changes[index].apply(&mut kept.settings);
                file.change(change).unwrap();
            }
            let expected = Settings {
                theme: Theme::Dark,
                language: Language::En,
                ..default()
            };
            assert_eq!(file.read().settings, expected);
        }
    }

    #[test]
    fn fields_of_an_older_version_get_their_defaults() {
        let kept: Kept = serde_json::from_str("{}").unwrap();
        assert_eq!(kept, Kept::default());
    }
}
