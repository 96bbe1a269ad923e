//! What the site's IT has decided for this computer: one schema, read from several places, each
//! value remembering where it came from.
//!
//! ```text
//!  registry, plist, TOML, environment, centre ─read─▶ [Layer] ─Policy::of─▶ Policy ─▶ settings, centre, …
//! ```
//!
//! A forced value is locked in the window. A recommended one holds until the person chooses
//! otherwise. Of several places the first in the order of [`Source`] counts, forced values before
//! recommended ones. What is unknown or malformed is a [`Fault`]: it is named, and the desk goes
//! on as if it were not there.

mod layer;
mod read;
mod schema;
mod value;

pub use layer::{Layer, Raw, Source};
pub use read::{ReadPolicy, fixed, of_system};
pub use schema::{Choice, Effect, Entry, Form, SCHEMA, Setting, Words};
pub use value::Value;

use crate::{
    settings::{self, Chosen, ChosenProcessing},
    view::{Hotkeys, Language, Processing, Settings, Theme},
};
use seatline_contract::identity::Recommended;
use seatline_sip::HttpProxy;
use serde::Serialize;
use std::{collections::BTreeMap, ops::RangeInclusive, path::Path};

/// The site's decisions. Everything absent is the person's own choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    decisions: BTreeMap<Setting, Decision>,
    faults: Vec<Fault>,
}

/// One value, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The value.
    pub value: Value,
    /// Where it was read.
    pub source: Source,
    /// The person cannot change it.
    pub forced: bool,
}

/// Something in a policy that the desk cannot honour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where it was read.
    pub source: Source,
    /// The setting as it is spelled there, or the file.
    pub name: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub reason: FaultReason,
}

/// What is wrong in a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum FaultReason {
    /// There is no such setting.
    Unknown,
    /// This place has no say in this setting.
    NotHere,
    /// The setting does not take this value.
    Malformed {
        /// The value as it was read, without the login that an address may carry.
        value: String,
    },
    /// The place could not be read at all.
    Unreadable {
        /// English, from the system.
        detail: String,
    },
}

impl Policy {
    /// What counts of all that was read.
    #[must_use]
    pub fn of(layers: impl IntoIterator<Item = Layer>) -> Self {
        let mut layers: Vec<Layer> = layers.into_iter().collect();
        layers.sort_by_key(|layer| layer.source);
        let mut policy = Self::default();
        for layer in &layers {
            policy.take(layer.source, true, &layer.forced);
            if let Some((place, detail)) = &layer.unreadable {
                policy.faults.push(Fault {
                    source: layer.source,
                    name: place.clone(),
                    reason: FaultReason::Unreadable {
                        detail: detail.clone(),
                    },
                });
            }
        }
        for layer in &layers {
            policy.take(layer.source, false, &layer.recommended);
        }
        policy
    }

    /// The same with what a centre recommends, which counts where this computer says nothing.
    pub(crate) fn with_centre(mut self, recommended: &BTreeMap<String, Recommended>) -> Self {
        let layer = Layer::of_centre(recommended);
        self.take(layer.source, false, &layer.recommended);
        self
    }

    fn take(&mut self, source: Source, forced: bool, read: &[(String, Raw)]) {
        for (name, raw) in read {
            let reason = match Entry::named(name) {
                None => FaultReason::Unknown,
                Some(entry) if source == Source::Centre && entry.setting.leads_to_centre() => {
                    FaultReason::NotHere
                }
                Some(entry) => match Value::read(entry.form, raw) {
                    Some(value) => {
                        self.decisions.entry(entry.setting).or_insert(Decision {
                            value,
                            source,
                            forced,
                        });
                        continue;
                    }
                    None => FaultReason::Malformed {
                        value: raw.to_string(),
                    },
                },
            };
            self.faults.push(Fault {
                source,
                name: name.clone(),
                reason,
            });
        }
    }

    /// What was decided about a setting.
    #[must_use]
    pub fn decision(&self, setting: Setting) -> Option<&Decision> {
        self.decisions.get(&setting)
    }

    /// All that was decided, in the schema's order.
    pub fn decisions(&self) -> impl Iterator<Item = (Setting, &Decision)> {
        self.decisions
            .iter()
            .map(|(setting, made)| (*setting, made))
    }

    /// What could not be honoured.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether the person cannot change a setting.
    #[must_use]
    pub fn locks(&self, setting: Setting) -> bool {
        self.decision(setting).is_some_and(|made| made.forced)
    }

    /// The settings the person cannot change.
    #[must_use]
    pub fn locked(&self) -> Vec<Setting> {
        let decisions = self.decisions().filter(|(_, made)| made.forced);
        decisions.map(|(setting, _)| setting).collect()
    }

    /// The only centre this desk may sign in to.
    #[must_use]
    pub fn forced_centre(&self) -> Option<&str> {
        self.centre().filter(|_| self.locks(Setting::ServerUrl))
    }

    /// The centre to sign in to, forced or recommended.
    #[must_use]
    pub fn centre(&self) -> Option<&str> {
        self.text(Setting::ServerUrl)
    }

    /// A PEM file of certificate authorities to trust besides the system's.
    #[must_use]
    pub fn authority_file(&self) -> Option<&Path> {
        self.text(Setting::AuthorityFile).map(Path::new)
    }

    /// The HTTP proxy on the way to the centre.
    #[must_use]
    pub fn proxy(&self) -> Option<HttpProxy> {
        HttpProxy::parse(self.text(Setting::Proxy)?)
    }

    /// The tenant this computer is set up for.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.text(Setting::Tenant)
    }

    /// Whether single sign-on comes before passwords.
    #[must_use]
    pub fn sso_first(&self) -> bool {
        let made = self.decision(Setting::Sso);
        made.and_then(|made| made.value.flag()).unwrap_or(false)
    }

    /// UDP ports to use for sound.
    #[must_use]
    pub fn media_ports(&self) -> Option<RangeInclusive<u16>> {
        match self.decision(Setting::MediaPorts)?.value {
            Value::Ports { first, last } => Some(first..=last),
            Value::Text(_) | Value::Flag(_) => None,
        }
    }

    /// Whether the desk takes updates from its centre.
    #[must_use]
    pub fn updates(&self) -> bool {
        let made = self.decision(Setting::AutoUpdate);
        made.and_then(|made| made.value.flag()).unwrap_or(false)
    }

    /// What the settings view would show to the person whose choice is kept in a folder, for
    /// whoever asks without an engine.
    #[must_use]
    pub fn settings_in(&self, data_dir: &Path) -> Settings {
        let kept = settings::peek(data_dir);
        let policy = self.clone().with_centre(&kept.recommended);
        policy.settings(&kept.settings)
    }

    /// What the settings view shows, for a person who has chosen this.
    pub(crate) fn settings(&self, chosen: &Chosen) -> Settings {
        let default = settings::default();
        let hotkey = |setting, chosen: &Option<String>, default| {
            self.pick(setting, chosen.clone(), default, |value| {
                value.text().map(str::to_owned)
            })
        };
        Settings {
            language: self.pick(
                Setting::Language,
                chosen.language,
                default.language,
                language,
            ),
            theme: self.pick(Setting::Theme, chosen.theme, default.theme, theme),
            notify: self.pick(Setting::Notify, chosen.notify, default.notify, Value::flag),
            autostart: self.pick(
                Setting::Autostart,
                chosen.autostart,
                default.autostart,
                Value::flag,
            ),
            link_handler: self.pick(
                Setting::LinkHandler,
                chosen.link_handler,
                default.link_handler,
                Value::flag,
            ),
            hotkeys: Hotkeys {
                answer: hotkey(
                    Setting::HotkeyAnswer,
                    &chosen.hotkeys.answer,
                    default.hotkeys.answer,
                ),
                hang_up: hotkey(
                    Setting::HotkeyHangUp,
                    &chosen.hotkeys.hang_up,
                    default.hotkeys.hang_up,
                ),
                mute: hotkey(
                    Setting::HotkeyMute,
                    &chosen.hotkeys.mute,
                    default.hotkeys.mute,
                ),
                hold: hotkey(
                    Setting::HotkeyHold,
                    &chosen.hotkeys.hold,
                    default.hotkeys.hold,
                ),
            },
        }
    }

    /// What is done to the microphone's sound, for a person who has chosen this.
    pub(crate) fn processing(&self, chosen: &ChosenProcessing) -> Processing {
        let pick = |setting, chosen| self.pick(setting, chosen, true, Value::flag);
        Processing {
            echo: pick(Setting::EchoCancellation, chosen.echo),
            noise: pick(Setting::NoiseSuppression, chosen.noise),
            gain: pick(Setting::AutomaticGain, chosen.gain),
        }
    }

    fn pick<T>(
        &self,
        setting: Setting,
        chosen: Option<T>,
        default: T,
        read: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let made = self.decision(setting);
        let decided = made.and_then(|made| read(&made.value));
        let forced = made.is_some_and(|made| made.forced);
        let picked = if forced { decided } else { chosen.or(decided) };
        picked.unwrap_or(default)
    }

    fn text(&self, setting: Setting) -> Option<&str> {
        self.decision(setting)?.value.text()
    }

    /// Says in the log what holds, and what could not be honoured.
    pub(crate) fn log(&self) {
        for (setting, made) in self.decisions() {
            tracing::info!(
                setting = setting.name(),
                source = ?made.source,
                forced = made.forced,
                "managed setting"
            );
        }
        for fault in &self.faults {
            tracing::warn!(
                source = ?fault.source,
                name = fault.name,
                reason = ?fault.reason,
                "a managed setting is passed over"
            );
        }
    }
}

fn language(value: &Value) -> Option<Language> {
    match value.text()? {
        "system" => Some(Language::System),
        "zh-CN" => Some(Language::Zh),
        "en-US" => Some(Language::En),
        _ => None,
    }
}

fn theme(value: &Value) -> Option<Theme> {
    match value.text()? {
        "system" => Some(Theme::System),
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
