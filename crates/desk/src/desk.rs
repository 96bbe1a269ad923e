//! The handle a window holds.

mod buttons;
mod control;
mod core;
mod directory;
mod kept;
mod listen;
mod manage;
mod recordings;
mod records;
mod rules;
mod session;
mod sso;
mod supervise;
mod updates;
mod visit;

use self::core::Core;
pub(crate) use self::kept::TOKEN;
use crate::{
    call::{Ask, Callee},
    command::{
        CentreCheck, DeviceSelection, DialTarget, RememberedSignIn, SetUpRequest, SignInRequest,
        SsoRequest,
    },
    failure::{DeskCode, Failure},
    number,
    policy::ReadPolicy,
    secrets::SecretStore,
    update::{Agreed, UpdateConfig},
    view::{CallState, DeskView, DialRequest, Levels, NoticeCode, Processing, SettingsChange},
};
use seatline_contract::{
    contact::ExtendWrapUp,
    customer::{NumberKind, NumberView},
    error::{ApiError, Code},
    id::{ContactId, OfferId},
    presence::{PresenceChoice, SetPresence},
    secret::PhoneNumber,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How a [`Desk`] is set up.
#[derive(Clone)]
pub struct DeskConfig {
    /// Where settings and the outbox are kept; made if absent.
    pub data_dir: PathBuf,
    /// Where secrets are kept.
    pub secrets: Arc<dyn SecretStore>,
    /// The headset's sound system.
    pub sound: SoundSystem,
    /// Reads the site's decisions, at the start and every few seconds.
    pub policy: ReadPolicy,
    /// Name of this computer, shown when the agent signs in elsewhere.
    pub device_name: String,
    /// Version of the program.
    pub version: String,
    /// How updates are taken; `None` in a program that was built without a key for them.
    pub updates: Option<UpdateConfig>,
    /// How long a write waits for the centre's answer before the agent may go on; it is sent all the
    /// same. [`DeskConfig::PATIENCE`] where people wait.
    pub patience: Duration,
}

impl DeskConfig {
    /// How long people wait for the centre's answer to a write.
    pub const PATIENCE: Duration = Duration::from_secs(5);
}

/// Where sound comes from and goes to.
#[derive(Clone)]
pub enum SoundSystem {
    /// The computer's devices.
    System,
    /// Simulated devices that count and record.
    Simulated(seatline_audio::sim::Simulation),
}

/// The agent's engine. Clones are the same desk.
#[derive(Clone)]
pub struct Desk {
    core: Arc<Core>,
}

impl Desk {
    /// Starts the engine. Nobody is signed in; see [`Desk::resume`].
    ///
    /// # Errors
    /// [`DeskCode::StorageFailed`] or [`DeskCode::DiskFull`] naming what cannot be written.
    pub async fn start(config: DeskConfig) -> Result<Self, Failure> {
        let core = Core::start(config).await?;
        Ok(Self { core })
    }

    /// What windows show, now and at every change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<DeskView>> {
        self.core.board.watch()
    }

    /// What windows show now.
    #[must_use]
    pub fn view(&self) -> Arc<DeskView> {
        self.core.board.view()
    }

    /// Levels of microphone and speaker, ten times a second while [`Desk::set_meter`] is on.
    #[must_use]
    pub fn levels(&self) -> watch::Receiver<Levels> {
        self.core.sound.levels()
    }

    /// Asks an address whether a centre is there; `trust` is the fingerprint of a certificate the
    /// person has just accepted.
    ///
    /// # Errors
    /// The connection's codes; [`DeskCode::CertificateUntrusted`] and
    /// [`DeskCode::CertificateChanged`] carry the certificate's SHA-256 fingerprint as subject.
    pub async fn check_centre(
        &self,
        url: String,
        trust: Option<String>,
    ) -> Result<CentreCheck, Failure> {
        self.core.check(&url, trust).await
    }

    /// Makes the first administrator of a new centre. Nobody is signed in by it.
    ///
    /// # Errors
    /// The connection's codes; [`Code::WrongSetupCode`] when the code is wrong or used,
    /// [`Code::InvalidField`] naming the field that breaks the centre's rules.
    pub async fn set_up_centre(&self, request: SetUpRequest) -> Result<(), Failure> {
        self.core.set_up(request).await
    }

    /// The last sign-in, for the form.
    pub async fn remembered(&self) -> Option<RememberedSignIn> {
        self.core.remembered().await
    }

    /// Signs in as remembered, if it is. Without a network it keeps trying.
    ///
    /// # Errors
    /// Those of [`Desk::sign_in`] that trying again does not cure.
    pub async fn resume(&self) -> Result<bool, Failure> {
        self.core.resume().await
    }

    /// Signs in.
    ///
    /// # Errors
    /// The centre's codes of sign-in, and the connection's codes.
    pub async fn sign_in(&self, request: SignInRequest) -> Result<(), Failure> {
        self.core.sign_in(request).await
    }

    /// Signs in by single sign-on: `open` shows the person a page in their own browser, the view
    /// shows its code, and this waits until they are through, for five minutes at most. A password
    /// sign-in, or [`Desk::cancel_sso`], gives it up.
    ///
    /// # Errors
    /// [`DeskCode::SsoCancelled`], what `open` says, the centre's codes of single sign-on, and the
    /// connection's codes.
    pub async fn sign_in_sso(
        &self,
        request: SsoRequest,
        open: impl FnOnce(&str) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        self.core.sign_in_sso(request, open).await
    }

    /// Gives a single sign-on up that is on its way.
    pub fn cancel_sso(&self) {
        self.core.sso.cancel();
    }

    /// Signs out. Writes not yet sent stay on this computer until the next sign-in.
    ///
    /// # Errors
    /// [`DeskCode::AlreadyInCall`] while a call is up.
    pub async fn sign_out(&self) -> Result<(), Failure> {
        self.core.sign_out().await
    }

    /// Asks the centre for updates now; what comes of it is in the view.
    ///
    /// # Errors
    /// [`DeskCode::NotSignedIn`]; [`DeskCode::NoUpdate`] where policy wants none, or the program
    /// was built without a key.
    pub async fn check_update(&self) -> Result<(), Failure> {
        self.core.client()?;
        self.core.updates.look(&self.view()).await
    }

    /// Agrees to the update that is ready. It is installed as soon as nobody is on the line and
    /// nothing is in wrap-up, or when the person quits; the program ends for it.
    ///
    /// # Errors
    /// [`DeskCode::NoUpdate`] when none is ready.
    pub async fn install_update(&self, when: Agreed) -> Result<(), Failure> {
        self.core.agree_to_update(when)
    }

    /// The person quits: begins to install what they agreed to install then. In a call nothing is
    /// begun.
    pub async fn begin_agreed_update(&self) {
        self.core.updates.leave().await;
    }

    /// Chooses presence; while busy, what follows.
    ///
    /// # Errors
    /// The centre's codes, [`DeskCode::NotSignedIn`], [`DeskCode::CentreUnreachable`].
    pub async fn set_presence(&self, choice: PresenceChoice) -> Result<(), Failure> {
        self.core
            .client()?
            .write(
                reqwest::Method::PUT,
                "/api/v1/presence",
                &SetPresence { choice },
            )
            .await
            .map(|_: serde::de::IgnoredAny| ())
    }

    /// Calls somebody.
    ///
    /// # Errors
    /// [`DeskCode::AlreadyInCall`], [`DeskCode::LineDown`], the devices' codes, and the centre's
    /// `unplayable_number`.
    pub async fn dial(&self, target: DialTarget) -> Result<(), Failure> {
        let callee = callee(&target)?;
        self.core
            .phone
            .ask(|reply| Ask::Dial(Box::new(callee), reply))
            .await
    }

    /// Answers what rings. If that fails for want of a device, it keeps ringing. What knocks during
    /// a call is taken, and the present customer waits.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`], the devices' codes; the centre's
    /// `conflict` when others are in the present call.
    pub async fn answer(&self) -> Result<(), Failure> {
        if let Some(offer) = knocking(&self.view()) {
            return self.say(offer, "take").await;
        }
        self.core.phone.ask(Ask::Answer).await
    }

    /// Declines what rings, or knocks during a call.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`].
    pub async fn decline(&self) -> Result<(), Failure> {
        if let Some(offer) = knocking(&self.view()) {
            return self.say(offer, "decline").await;
        }
        let offer = self.view().offer.as_ref().map(|offer| offer.id);
        match self.core.phone.ask(Ask::Decline).await {
            // The offer came over the other connection first.
            Err(failure) if failure == Failure::new(DeskCode::NoCall) => match offer {
                Some(offer) => self.say(offer, "decline").await,
                None => Err(failure),
            },
            other => other,
        }
    }

    /// Says something to an offer that has not come over the line.
    async fn say(&self, offer: OfferId, what: &str) -> Result<(), Failure> {
        let path = format!("/api/v1/offers/{offer}/{what}");
        let body = serde_json::json!({});
        self.order(reqwest::Method::POST, &path, &body).await
    }

    /// Ends the call, in whatever state; declines one that rings.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`].
    pub async fn hang_up(&self) -> Result<(), Failure> {
        self.core.phone.ask(Ask::HangUp).await
    }

    /// Switches the microphone off or on for this call.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`].
    pub async fn set_muted(&self, muted: bool) -> Result<(), Failure> {
        self.core.phone.ask(|reply| Ask::Mute(muted, reply)).await
    }

    /// Holds or resumes.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`], [`DeskCode::MediaFailed`].
    pub async fn set_held(&self, held: bool) -> Result<(), Failure> {
        self.core.phone.ask(|reply| Ask::Hold(held, reply)).await
    }

    /// Presses keys: `0`–`9`, `*`, `#`.
    ///
    /// # Errors
    /// [`DeskCode::NoCall`], [`DeskCode::WrongCallState`], the centre's `invalid_field`.
    pub async fn send_digits(&self, digits: String) -> Result<(), Failure> {
        let keys =
            number::read_keys(&digits).ok_or_else(|| Failure::from(ApiError::field("digits")))?;
        self.core.phone.ask(|reply| Ask::Press(keys, reply)).await
    }

    /// Adds time to wrap-up.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn extend_wrap_up(&self, contact: ContactId, seconds: u32) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/wrap-up/extend");
        self.core
            .client()?
            .write(reqwest::Method::POST, &path, &ExtendWrapUp { seconds })
            .await
            .map(|_: serde::de::IgnoredAny| ())
    }

    /// Lists the devices anew.
    ///
    /// # Errors
    /// [`DeskCode::SoundFailed`].
    pub async fn refresh_devices(&self) -> Result<(), Failure> {
        self.core.sound.refresh().await
    }

    /// Chooses devices, in mid-call too.
    ///
    /// # Errors
    /// The devices' codes; the devices before stay in use.
    pub async fn select_devices(&self, selection: DeviceSelection) -> Result<(), Failure> {
        self.core.sound.select(selection.clone()).await?;
        self.core.keep(|kept| kept.devices = selection)
    }

    /// Chooses what is done to the microphone's sound, in mid-call too.
    ///
    /// # Errors
    /// [`DeskCode::Managed`] naming what policy decides, [`DeskCode::StorageFailed`].
    pub async fn set_processing(&self, processing: Processing) -> Result<(), Failure> {
        self.core.choose_processing(processing)
    }

    /// Plays a test tone on the speaker and returns when it has been heard.
    ///
    /// # Errors
    /// The devices' codes.
    pub async fn test_speaker(&self) -> Result<(), Failure> {
        self.core.sound.test(false).await
    }

    /// Plays a test tone on the ringer and returns when it has been heard.
    ///
    /// # Errors
    /// The devices' codes.
    pub async fn test_ringer(&self) -> Result<(), Failure> {
        self.core.sound.test(true).await
    }

    /// Measures levels, opening the microphone if need be, until switched off.
    ///
    /// # Errors
    /// The devices' codes.
    pub async fn set_meter(&self, on: bool) -> Result<(), Failure> {
        self.core.sound.meter(on).await
    }

    /// Changes some of the person's settings.
    ///
    /// # Errors
    /// [`DeskCode::Managed`] naming what policy decides, [`DeskCode::StorageFailed`],
    /// [`DeskCode::DiskFull`].
    pub async fn change_settings(&self, change: SettingsChange) -> Result<(), Failure> {
        self.core.choose_settings(&change)
    }

    /// Takes a `tel:`, `sip:`, `callto:` or `seatline:` link: shows its number and waits for the
    /// agent's word. Anything else becomes a notice.
    pub async fn request_dial(&self, link: String) {
        match number::read_link(&link) {
            Some(number) => self
                .core
                .board
                .change(|view| view.dial_request = Some(DialRequest { number })),
            None => self.core.board.tell(NoticeCode::BadLink, None),
        }
    }

    /// Forgets the number of a link.
    pub async fn dismiss_dial_request(&self) {
        self.core.board.change(|view| view.dial_request = None);
    }

    /// Takes a notice away.
    pub async fn dismiss_notice(&self, id: u32) {
        self.core
            .board
            .change(|view| view.notices.retain(|notice| notice.id != id));
    }

    /// Ends calls, signs off the line and closes the outbox. The session stays remembered.
    pub async fn shutdown(&self) {
        self.core.shut_down().await;
    }
}

/// What knocks: an offer of another contact than the call's, which does not ring.
pub(crate) fn knocking(view: &DeskView) -> Option<OfferId> {
    let call = view
        .call
        .as_ref()
        .filter(|it| it.state != CallState::Ringing)?;
    let offer = view.offer.as_ref()?;
    let present = call.contact?;
    (offer.contact.id != present).then_some(offer.id)
}

/// Whom a target names, checked: nothing but digits, `*`, `#` and a leading `+` is dialled.
fn callee(target: &DialTarget) -> Result<Callee, Failure> {
    let unplayable = || Failure::from(ApiError::new(Code::UnplayableNumber));
    let (user, display) = match target {
        DialTarget::Number { number } => {
            let number = number::read_typed(number).ok_or_else(unplayable)?;
            (number.clone(), number)
        }
        DialTarget::Customer { id, index } => (format!("customer-{id}-{index}"), String::new()),
        DialTarget::Colleague { id } => (format!("colleague-{id}"), String::new()),
        DialTarget::Entry { id } => (format!("entry-{id}"), String::new()),
        DialTarget::Callback { id } => (format!("callback-{id}"), String::new()),
    };
    let full = (!display.is_empty()).then(|| PhoneNumber::new(display.clone()));
    Ok(Callee {
        number: seatline_sip::Number::parse(&user).map_err(|_| unplayable())?,
        shown: NumberView {
            display,
            full,
            kind: NumberKind::Unknown,
            region: None,
        },
        name: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_contract::id::CustomerId;
    use uuid::Uuid;

    #[test]
    fn only_numbers_and_customers_are_called() {
        let typed = |number: &str| {
            callee(&DialTarget::Number {
                number: number.into(),
            })
        };
        assert_eq!(
            typed("+86 138-0013-8000").unwrap().number.as_str(),
            "+8613800138000"
        );
        for refused in ["alice", "", "1@example.com", "customer-1"] {
            assert_eq!(
                typed(refused).unwrap_err().code,
                crate::failure::FailureCode::Centre(Code::UnplayableNumber)
            );
        }
        let customer = callee(&DialTarget::Customer {
            id: CustomerId(Uuid::nil()),
            index: 1,
        });
        assert_eq!(
            customer.unwrap().number.as_str(),
            "customer-00000000-0000-0000-0000-000000000000-1"
        );
        let id = seatline_contract::id::AgentId(Uuid::nil());
        let colleague = callee(&DialTarget::Colleague { id });
        assert_eq!(
            colleague.unwrap().number.as_str(),
            "colleague-00000000-0000-0000-0000-000000000000"
        );
    }
}
