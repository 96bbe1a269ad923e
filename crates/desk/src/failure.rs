//! Why a command failed, as stable codes for the window to translate.

use seatline_contract::error::{ApiError, Code};
use serde::{Deserialize, Serialize};

/// A code of the centre's or of the desk's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(untagged)]
pub enum FailureCode {
    /// The centre said so.
    Centre(Code),
    /// The desk said so.
    Desk(DeskCode),
}

/// Faults that the desk itself notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DeskCode {
    /// The address is not a usable one.
    BadAddress,
    /// No answer: wrong address, no network, firewall.
    CentreUnreachable,
    /// The proxy that policy names does not answer.
    ProxyUnreachable,
    /// The proxy that policy names does not let the desk through to the centre, or is none.
    ProxyRefused,
    /// Something answers, but it is no Seatline centre.
    NotACentre,
    /// The centre speaks another version of the wire.
    VersionMismatch,
    /// The certificate is not trusted on this computer.
    CertificateUntrusted,
    /// The certificate is another one than the person has accepted for this centre.
    CertificateChanged,
    /// The certificate is for another host.
    CertificateWrongHost,
    /// The certificate has expired or is not yet valid; the computer's clock may be wrong.
    CertificateExpired,
    /// The single sign-on was given up.
    SsoCancelled,
    /// The system opens no browser.
    NoBrowser,
    /// Nobody is signed in.
    NotSignedIn,
    /// There is no call to act on.
    NoCall,
    /// The call's state does not allow it.
    WrongCallState,
    /// A call is already up.
    AlreadyInCall,
    /// The line is not registered.
    LineDown,
    /// The line's secret was refused.
    LineRejected,
    /// No microphone was found.
    NoMicrophone,
    /// No speaker was found.
    NoSpeaker,
    /// Another program holds the device.
    DeviceTaken,
    /// The chosen device is gone.
    DeviceGone,
    /// The system does not let this program record.
    MicrophoneForbidden,
    /// The microphone is muted at the headset, which alone can undo it.
    MutedAtHeadset,
    /// The sound system failed.
    SoundFailed,
    /// No sound path could be set up with the switch.
    MediaFailed,
    /// The disk is full.
    DiskFull,
    /// Data on this computer cannot be read or written.
    StorageFailed,
    /// Policy decides this setting.
    Managed,
    /// The keyring refused.
    KeyringFailed,
    /// There is no update that could be installed.
    NoUpdate,
    /// An update is not signed by whom this program trusts, or is not what was signed.
    UpdateForged,
    /// An update is signed, but as another product, version or system than it is offered as.
    UpdateMismatch,
    /// An update did not arrive whole, or what the centre says of it makes no sense.
    UpdateBroken,
    /// An update is larger than any can be.
    UpdateTooLarge,
    /// The installation of an update could not be started, or it ended without success.
    UpdateNotInstalled,
    /// A fault in the desk; it is in its log.
    Internal,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[error("{code:?} {detail}")]
pub struct Failure {
    /// What happened.
    pub code: FailureCode,
    /// The field at fault.
    pub field: Option<String>,
    /// Seconds after which trying again makes sense.
    pub retry_after_s: Option<u32>,
    /// A name the text may show: host, device, file, certificate fingerprint.
    pub subject: Option<String>,
    /// What this computer expected in the subject's place, where the text names both.
    pub expected: Option<String>,
    /// English detail for the log; never shown and never matched.
    pub detail: String,
}

impl Failure {
    /// A failure that needs no more than its code.
    #[must_use]
    pub fn new(code: DeskCode) -> Self {
        Self {
            code: FailureCode::Desk(code),
            field: None,
            retry_after_s: None,
            subject: None,
            expected: None,
            detail: String::new(),
        }
    }

    /// The same failure naming what it is about.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same failure with a detail for the log.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self {
            code: FailureCode::Centre(error.code),
            field: error.field,
            retry_after_s: error.retry_after_s,
            subject: None,
            expected: None,
            detail: error.detail,
        }
    }
}
