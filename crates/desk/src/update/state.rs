//! What windows show of updates.

use crate::failure::FailureCode;
use serde::{Deserialize, Serialize};

/// This program's version, and what is known of newer ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Update {
    /// This program's version.
    pub version: String,
    /// Where it stands.
    pub state: UpdateState,
}

/// Where an update stands; see [`crate::update`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum UpdateState {
    /// This program was built without a key for updates.
    Keyless,
    /// Policy does not want updates.
    Off,
    /// Nothing newer is known.
    Current {
        /// The centre was asked since the program started.
        asked: bool,
    },
    /// The centre is being asked.
    Checking,
    /// Something newer is being fetched.
    Downloading {
        /// Its version.
        version: String,
        /// How much of it is there.
        percent: u8,
    },
    /// There is something newer, which the site's IT installs.
    Told {
        /// Its version.
        version: String,
    },
    /// Something newer is here and is what it claims to be.
    Ready {
        /// Its version.
        version: String,
        /// What the person has agreed to.
        agreed: Option<Agreed>,
    },
    /// It is being installed; the program ends.
    Installing {
        /// Its version.
        version: String,
    },
    /// The last try failed; this version goes on.
    Failed {
        /// The version that was tried, if it got that far.
        version: Option<String>,
        /// Why.
        code: FailureCode,
    },
}

/// When the person wants an update installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Agreed {
    /// As soon as nobody is on the line and nothing is in wrap-up.
    Now,
    /// When they quit.
    OnQuit,
}

impl UpdateState {
    /// Whether updates are looked for at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Keyless | Self::Off)
    }

    /// The newer version that is known.
    #[must_use]
    pub fn newer(&self) -> Option<&str> {
        match self {
            Self::Downloading { version, .. }
            | Self::Told { version }
            | Self::Ready { version, .. }
            | Self::Installing { version } => Some(version),
            Self::Failed { version, .. } => version.as_deref(),
            Self::Keyless | Self::Off | Self::Current { .. } | Self::Checking => None,
        }
    }

    /// The same once policy has decided.
    #[must_use]
    pub(crate) fn decided(self, wanted: bool) -> Self {
        match (self, wanted) {
            (state @ (Self::Keyless | Self::Installing { .. }), _) => state,
            (_, false) => Self::Off,
            (Self::Off, true) => Self::Current { asked: false },
            (state, true) => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_switches_all_but_what_cannot_be_switched() {
        let ready = UpdateState::Ready {
            version: "0.2.0".into(),
            agreed: None,
        };
        assert_eq!(ready.clone().decided(true), ready);
        assert_eq!(ready.decided(false), UpdateState::Off);
        let fresh = UpdateState::Current { asked: false };
        assert_eq!(UpdateState::Off.decided(true), fresh);
        assert_eq!(UpdateState::Keyless.decided(true), UpdateState::Keyless);
        let installing = UpdateState::Installing {
            version: "0.2.0".into(),
        };
        assert_eq!(installing.clone().decided(false), installing);
    }
}
