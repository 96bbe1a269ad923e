//! What a window may ask of the engine, as plain data.

use seatline_contract::{
    id::{AgentId, CallbackId, CustomerId, EntryId},
    secret::Secret,
    sso::SsoOffer,
};
use serde::{Deserialize, Serialize};

/// Sign-in.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SignInRequest {
    /// Address of the centre; `https://` is assumed.
    pub centre: String,
    /// Login.
    pub login: String,
    /// Password; `None` uses the one kept in the keyring.
    pub password: Option<Secret>,
    /// Keeps the sign-in in the keyring.
    pub remember: bool,
    /// Ends a session of the same agent elsewhere.
    pub take_over: bool,
    /// SHA-256 fingerprint (hex) of a self-made certificate the person has accepted.
    pub trust: Option<String>,
}

/// Single sign-on.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SsoRequest {
    /// Address of the centre; `https://` is assumed.
    pub centre: String,
    /// Keeps the session in the keyring.
    pub remember: bool,
    /// Ends a session of the same agent elsewhere. Who has just come through the browser and was
    /// refused for such a session need not go there again.
    pub take_over: bool,
    /// SHA-256 fingerprint (hex) of a self-made certificate the person has accepted.
    pub trust: Option<String>,
}

/// The first administrator of a centre that has none.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SetUpRequest {
    /// Address of the centre; `https://` is assumed.
    pub centre: String,
    /// The one-time code the centre printed when it started.
    pub code: Secret,
    /// Login of the administrator.
    pub login: String,
    /// Name shown.
    pub name: String,
    /// Password, 12 characters or more.
    pub password: Secret,
    /// SHA-256 fingerprint (hex) of a self-made certificate the person has accepted.
    pub trust: Option<String>,
}

/// What was found at a centre's address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct CentreCheck {
    /// The address in full.
    pub url: String,
    /// The site's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// True until the first administrator exists.
    pub needs_setup: bool,
    /// Single sign-on, if the centre has it.
    pub sso: Option<SsoOffer>,
}

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DialTarget {
    /// A number as typed.
    Number {
        /// It.
        number: String,
    },
    /// A customer's number, which the agent need not see.
    Customer {
        /// The customer.
        id: CustomerId,
        /// Which of the customer's numbers, from 0.
        index: u32,
    },
    /// Somebody of the centre.
    Colleague {
        /// Who.
        id: AgentId,
    },
    /// An entry of the address book, whose number the agent need not see.
    Entry {
        /// Which.
        id: EntryId,
    },
    /// Whom the agent promised to call back.
    Callback {
        /// Which call-back.
        id: CallbackId,
    },
}

/// Which devices to use; `None` follows the system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct DeviceSelection {
    /// Microphone id.
    pub microphone: Option<String>,
    /// Speaker id.
    pub speaker: Option<String>,
    /// Ringer id.
    pub ringer: Option<String>,
}

/// A sign-in kept on this computer, for the form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct RememberedSignIn {
    /// The centre's address.
    pub centre: String,
    /// Login.
    pub login: String,
    /// True when the keyring holds the password, so that it may be left empty.
    pub has_password: bool,
    /// True when the address comes from policy.
    pub managed: bool,
    /// True when the last sign-in was a single sign-on.
    pub by_sso: bool,
}
