//! What the person has chosen, kept in one JSON file that is replaced in one piece.

use crate::{
    command::DeviceSelection,
    policy::Setting,
    view::{Hotkeys, Language, Processing, Settings, SettingsChange, Theme},
};
use seatline_contract::identity::Recommended;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The file's name.
const FILE: &str = "settings.json";

/// Everything kept between two starts that is not secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// What the person has chosen in the settings view.
    pub(crate) settings: Chosen,
    /// Chosen devices by their lasting ids.
    pub(crate) devices: DeviceSelection,
    /// What the person has chosen to be done to the microphone's sound.
    pub(crate) processing: ChosenProcessing,
    /// What the centre of the last sign-in recommends.
    pub(crate) recommended: BTreeMap<String, Recommended>,
    /// The last sign-in, for the form.
    pub(crate) last: Option<LastSignIn>,
    /// The update that was begun; the next start says whether it is there.
    pub(crate) updating: Option<String>,
    /// This installation, made once.
    pub(crate) instance: uuid::Uuid,
}

/// What the person has chosen of the settings; what they left alone follows policy and defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Chosen {
    /// Language.
    pub(crate) language: Option<Language>,
    /// Colours.
    pub(crate) theme: Option<Theme>,
    /// Hotkeys.
    pub(crate) hotkeys: ChosenHotkeys,
    /// System notifications.
    pub(crate) notify: Option<bool>,
    /// Starting with the computer.
    pub(crate) autostart: Option<bool>,
    /// Telephone links.
    pub(crate) link_handler: Option<bool>,
}

/// What the person has chosen of the hotkeys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChosenHotkeys {
    /// Answers.
    pub(crate) answer: Option<String>,
    /// Hangs up.
    pub(crate) hang_up: Option<String>,
    /// Mutes.
    pub(crate) mute: Option<String>,
    /// Holds.
    pub(crate) hold: Option<String>,
}

/// What the person has chosen of the processing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ChosenProcessing {
    /// Echo cancellation.
    pub(crate) echo: Option<bool>,
    /// Noise suppression.
    pub(crate) noise: Option<bool>,
    /// Automatic gain.
    pub(crate) gain: Option<bool>,
}

impl Chosen {
    /// Takes what is to change and differs from what is shown, and says what that is.
    pub(crate) fn take(&mut self, shown: &Settings, change: &SettingsChange) -> Vec<Setting> {
        let mut taken = Taken::default();
        let SettingsChange {
            language,
            theme,
            hotkeys,
            notify,
            autostart,
            link_handler,
        } = change.clone();
        taken.note(
            Setting::Language,
            &mut self.language,
            &shown.language,
            language,
        );
        taken.note(Setting::Theme, &mut self.theme, &shown.theme, theme);
        for (setting, chosen, shown, wanted) in [
            (Setting::Notify, &mut self.notify, shown.notify, notify),
            (
                Setting::Autostart,
                &mut self.autostart,
                shown.autostart,
                autostart,
            ),
            (
                Setting::LinkHandler,
                &mut self.link_handler,
                shown.link_handler,
                link_handler,
            ),
        ] {
            taken.note(setting, chosen, &shown, wanted);
        }
        let Some(wanted) = hotkeys else {
            return taken.0;
        };
        let (chosen, shown) = (&mut self.hotkeys, &shown.hotkeys);
        for (setting, chosen, shown, wanted) in [
            (
                Setting::HotkeyAnswer,
                &mut chosen.answer,
                &shown.answer,
                wanted.answer,
            ),
            (
                Setting::HotkeyHangUp,
                &mut chosen.hang_up,
                &shown.hang_up,
                wanted.hang_up,
            ),
            (
                Setting::HotkeyMute,
                &mut chosen.mute,
                &shown.mute,
                wanted.mute,
            ),
            (
                Setting::HotkeyHold,
                &mut chosen.hold,
                &shown.hold,
                wanted.hold,
            ),
        ] {
            taken.note(setting, chosen, shown, Some(wanted));
        }
        taken.0
    }
}

impl ChosenProcessing {
    /// As [`Chosen::take`].
    pub(crate) fn take(&mut self, shown: Processing, wanted: Processing) -> Vec<Setting> {
        let mut taken = Taken::default();
        for (setting, chosen, shown, wanted) in [
            (
                Setting::EchoCancellation,
                &mut self.echo,
                shown.echo,
                wanted.echo,
            ),
            (
                Setting::NoiseSuppression,
                &mut self.noise,
                shown.noise,
                wanted.noise,
            ),
            (
                Setting::AutomaticGain,
                &mut self.gain,
                shown.gain,
                wanted.gain,
            ),
        ] {
            taken.note(setting, chosen, &shown, Some(wanted));
        }
        taken.0
    }
}

/// The settings taken over so far.
#[derive(Default)]
struct Taken(Vec<Setting>);

impl Taken {
    fn note<T: PartialEq>(
        &mut self,
        setting: Setting,
        chosen: &mut Option<T>,
        shown: &T,
        wanted: Option<T>,
    ) {
        if let Some(wanted) = wanted.filter(|wanted| wanted != shown) {
            *chosen = Some(wanted);
            self.0.push(setting);
        }
    }
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
    /// It was a single sign-on: there is no password to come back in with.
    #[serde(default)]
    pub(crate) sso: bool,
}

/// Settings where neither policy nor person has chosen.
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
        autostart: false,
        link_handler: false,
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
        let path = directory.join(FILE);
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

/// What is kept in a folder, without making or mending anything there.
pub(crate) fn peek(directory: &Path) -> Kept {
    let bytes = fs::read(directory.join(FILE)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
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

    #[test]
    fn settings_survive_and_unknown_files_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = SettingsFile::open(directory.path()).unwrap();
        let instance = file.read().instance;
        file.change(|kept| kept.settings.theme = Some(Theme::Dark))
            .unwrap();
        let again = SettingsFile::open(directory.path()).unwrap();
        assert_eq!(again.read().settings.theme, Some(Theme::Dark));
        assert_eq!(again.read().instance, instance);

        fs::write(directory.path().join("settings.json"), b"{ nonsense").unwrap();
        let fresh = SettingsFile::open(directory.path()).unwrap();
        assert_eq!(fresh.read().settings, Chosen::default());
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
                let change = &changes[index];
                let take = |kept: &mut Kept| drop(kept.settings.take(&default(), change));
                file.change(take).unwrap();
            }
            let expected = Chosen {
                theme: Some(Theme::Dark),
                language: Some(Language::En),
                ..Chosen::default()
            };
            assert_eq!(file.read().settings, expected);
        }
    }

    #[test]
    fn fields_of_an_older_version_get_their_defaults() {
        let kept: Kept = serde_json::from_str("{}").unwrap();
        assert_eq!(kept, Kept::default());
    }

    #[test]
    fn only_what_differs_is_taken_for_a_choice() {
        let mut chosen = Chosen::default();
        let mut change = SettingsChange {
            theme: Some(default().theme),
            hotkeys: Some(default().hotkeys),
            ..SettingsChange::default()
        };
        assert_eq!(chosen.take(&default(), &change), []);
        assert_eq!(chosen, Chosen::default());
        change.theme = Some(Theme::Light);
        change.hotkeys.as_mut().unwrap().hold = String::new();
        let taken = chosen.take(&default(), &change);
        assert_eq!(taken, [Setting::Theme, Setting::HotkeyHold]);
        assert_eq!(chosen.theme, Some(Theme::Light));
        assert_eq!(chosen.hotkeys.hold.as_deref(), Some(""));
        assert_eq!(chosen.language, None);
    }
}
