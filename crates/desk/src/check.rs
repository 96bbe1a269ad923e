//! Looks at everything a desk needs on this computer, without a window and without changing
//! anything but the entry `proof`, which every start of a desk leaves in the keyring: for IT, for
//! scripts, and for whoever is asked for help.

mod buttons;
mod centre;
mod ports;
mod sound;

use crate::{
    failure::Failure,
    policy::{Decision, Fault, Policy},
    secrets::{KeyringStore, SecretError},
    settings,
};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tokio::{task::spawn_blocking, time::timeout};

/// How long the keyring may take: it may ask a person to unlock it, and nobody may be there.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to look at.
#[derive(Debug, Clone)]
pub struct CheckConfig {
    /// Where settings are kept; nothing is written there.
    pub data_dir: PathBuf,
    /// The site's decisions.
    pub policy: Policy,
    /// Version of the program.
    pub version: String,
    /// Whether the program was built with a key for updates.
    pub has_update_key: bool,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of the program.
    pub version: String,
    /// The operating system and its processor, such as `linux x86_64`.
    pub system: String,
    /// Where settings are kept.
    pub data_dir: String,
    /// Every managed setting by its name, with its source.
    pub policy: BTreeMap<&'static str, Decision>,
    /// What of the policies could not be honoured.
    pub faults: Vec<Fault>,
    /// One for each thing that was looked at.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether a desk can work here: nothing has failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.outcome != Outcome::Failed)
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which one.
    pub item: Item,
    /// How it stands.
    pub outcome: Outcome,
    /// Why it is not simply well.
    pub reason: Option<Reason>,
    /// Why the engine refused, if it did.
    pub failure: Option<Failure>,
    /// Names and figures.
    pub facts: BTreeMap<Fact, String>,
}

impl Finding {
    /// An item that stands like this.
    #[must_use]
    pub fn new(item: Item, outcome: Outcome) -> Self {
        Self {
            item,
            outcome,
            reason: None,
            failure: None,
            facts: BTreeMap::new(),
        }
    }

    /// The same, because of this.
    #[must_use]
    pub fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// The same with a fact.
    #[must_use]
    pub fn with(mut self, fact: Fact, value: impl Into<String>) -> Self {
        self.facts.insert(fact, value.into());
        self
    }

    fn failed(item: Item, failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            ..Self::new(item, Outcome::Failed)
        }
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Managed settings.
    Policy,
    /// The centre and its certificate.
    Centre,
    /// Signing in there: accounts, and the way of the line.
    SignIn,
    /// Single sign-on, where policy puts it first.
    SingleSignOn,
    /// The system's keyring writes, reads and deletes.
    Keyring,
    /// Sound devices.
    Devices,
    /// A tone that is played is heard back.
    Tone,
    /// Keys and lamps on the headset.
    Buttons,
    /// UDP ports for sound.
    MediaPorts,
    /// Updates of the program.
    Updates,
    /// What draws windows.
    WindowEngine,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Passed,
    /// The desk works, with less than it could.
    Warned,
    /// The desk cannot work so.
    Failed,
    /// It could not be looked at.
    Skipped,
}

/// Why it is not simply well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Some managed settings are unknown or malformed.
    PolicyFaults,
    /// Neither policy nor an earlier sign-in names a centre.
    NoCentre,
    /// Policy names a centre by what is no address, and nothing else names one.
    BadCentre,
    /// Another item has failed first.
    NeedsCentre,
    /// The centre has no administrator yet.
    NotSetUp,
    /// Policy puts single sign-on first, but the centre has none.
    NoSingleSignOn,
    /// There is no keyring, or it is locked: sign-in is kept for one session only.
    NoKeyring,
    /// There is no microphone.
    NoMicrophone,
    /// There is no speaker.
    NoSpeaker,
    /// The tone did not come back: usual with a closed headset.
    NotHeard,
    /// No headset has keys that can be used: calls are answered in the window.
    NoButtons,
    /// The system does not let this program use the headset's keys.
    ButtonsForbidden,
    /// Another program has the headset's keys for itself.
    ButtonsTaken,
    /// The headset's keys answer with an error.
    ButtonsFail,
    /// Other programs hold some of the ports.
    SomePortsTaken,
    /// Other programs hold nearly all of the ports.
    PortsTaken,
    /// This program was built without a key for updates.
    NoUpdateKey,
    /// Policy wants updates, which this program cannot take without a key.
    UpdatesWithoutKey,
    /// Policy does not want updates.
    UpdatesOff,
    /// What draws windows is not installed.
    NoWindowEngine,
}

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The centre's address.
    Address,
    /// The proxy on the way to the centre.
    Proxy,
    /// The centre's name.
    Name,
    /// The tenant the centre serves.
    Tenant,
    /// A version.
    Version,
    /// Who the certificate is for.
    CertificateSubject,
    /// Who has signed the certificate.
    CertificateIssuer,
    /// Until when the certificate is valid.
    CertificateUntil,
    /// The certificate's SHA-256.
    CertificateFingerprint,
    /// The last login used here.
    Login,
    /// Whether that session is still open.
    SessionOpen,
    /// What the system said.
    Detail,
    /// Microphones by name.
    Microphones,
    /// Speakers by name.
    Speakers,
    /// Loudness of the tone as it came back, dBFS.
    HeardDbfs,
    /// Headsets whose keys can be used.
    Usable,
    /// Headsets whose keys cannot be used.
    Unusable,
    /// The ports.
    Ports,
    /// How many of them are free.
    Free,
    /// How many settings are managed.
    Managed,
}

/// Looks at everything. It takes some seconds and makes a sound for two of them. A keyring that
/// does not answer is given up, but holds a thread: end the runtime without waiting for it.
pub async fn check(mut config: CheckConfig) -> Report {
    let kept = settings::peek(&config.data_dir);
    config.policy = config.policy.with_centre(&kept.recommended);
    let mut findings = vec![policy(&config.policy)];
    findings.extend(centre::look(&config, &kept).await);
    findings.push(keyring().await);
    findings.extend(in_the_background(move || sound::look(&kept.devices)).await);
    findings.push(in_the_background(buttons::look).await);
    findings.push(ports::look(config.policy.media_ports()));
    findings.push(updates(&config));
    Report {
        version: config.version,
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        data_dir: config.data_dir.display().to_string(),
        policy: config
            .policy
            .decisions()
            .map(|(setting, made)| (setting.name(), made.clone()))
            .collect(),
        faults: config.policy.faults().to_vec(),
        findings,
    }
}

async fn in_the_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        // A check that breaks is a fault of this program and is to be seen as one.
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    }
}

/// Asks the keyring, for no longer than this.
async fn ask_keyring<T: Send + 'static>(
    patience: Duration,
    ask: impl FnOnce() -> Result<T, SecretError> + Send + 'static,
) -> Result<T, SecretError> {
    let answer = timeout(patience, in_the_background(ask)).await;
    answer.unwrap_or_else(|_| {
        let late = format!("no answer within {} seconds", patience.as_secs());
        Err(SecretError::Unavailable(late))
    })
}

fn policy(policy: &Policy) -> Finding {
    let finding = if policy.faults().is_empty() {
        Finding::new(Item::Policy, Outcome::Passed)
    } else {
        Finding::new(Item::Policy, Outcome::Warned).because(Reason::PolicyFaults)
    };
    finding.with(Fact::Managed, policy.decisions().count().to_string())
}

fn updates(config: &CheckConfig) -> Finding {
    let found = |outcome| Finding::new(Item::Updates, outcome);
    let finding = match (config.has_update_key, config.policy.updates()) {
        (true, true) => found(Outcome::Passed),
        (true, false) => found(Outcome::Passed).because(Reason::UpdatesOff),
        (false, true) => found(Outcome::Warned).because(Reason::UpdatesWithoutKey),
        (false, false) => found(Outcome::Passed).because(Reason::NoUpdateKey),
    };
    finding.with(Fact::Version, &config.version)
}

async fn keyring() -> Finding {
    let prove = || KeyringStore::open().and_then(|store| store.prove());
    match ask_keyring(PATIENCE, prove).await {
        Ok(()) => Finding::new(Item::Keyring, Outcome::Passed),
        Err(error) => Finding::new(Item::Keyring, Outcome::Warned)
            .because(Reason::NoKeyring)
            .with(Fact::Detail, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_keyring_that_does_not_answer_is_given_up() {
        let (never, asked) = std::sync::mpsc::channel::<()>();
        let answer = ask_keyring(Duration::from_millis(10), move || {
            // It ends with the test.
            let _ = asked.recv();
            Ok(())
        });
        let refused = answer.await.unwrap_err().to_string();
        assert!(refused.contains("no answer"), "{refused}");
        drop(never);
        assert_eq!(ask_keyring(PATIENCE, || Ok(7)).await, Ok(7));
    }
}
