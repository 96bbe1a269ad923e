//! What every test here begins with.

use crate::desk::{Desk, Talk};
use anyhow::{Result, ensure};
use seatline_tests::{
    asterisk::{self, Asterisk, REALM},
    baresip::{self, Baresip},
    listen::{self, SAME},
    output_folder, prompt,
    sound::{RATE, SoundServer},
    stage_address,
};
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    time::Duration,
};

/// The customer's number.
pub(crate) const CUSTOMER: &str = "200";
/// The agent's number.
pub(crate) const AGENT: &str = "100";
/// The number of the agent's colleague.
pub(crate) const COLLEAGUE: &str = "101";
/// A number that plays [`Sound::Announcement`].
pub(crate) const ANNOUNCEMENT: &str = "601";
/// A number that nobody has.
pub(crate) const NOBODY: &str = "699";
/// A number that answers, and then asks the caller to call [`ANNOUNCEMENT`].
pub(crate) const SENDS_ON: &str = "603";
/// A number that rings and is never answered.
pub(crate) const SILENT: &str = "602";

/// How often something is listened for: a machine with too much to do has the switch stammer, but
/// nothing makes it say something else.
const TRIES: usize = 4;

const SECRET: &str = "interop-secret";

/// What can be heard. Each is a sentence of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sound {
    Customer,
    Agent,
    Colleague,
    Announcement,
    /// What the switch plays to those on hold.
    Music,
}

impl Sound {
    const ALL: [Self; 5] = [
        Self::Customer,
        Self::Agent,
        Self::Colleague,
        Self::Announcement,
        Self::Music,
    ];

    /// The prompt it is made of.
    fn prompt(self) -> &'static str {
        match self {
            Self::Customer => "demo-congrats",
            Self::Agent => "demo-instruct",
            Self::Colleague => "demo-echotest",
            Self::Announcement => "demo-abouttotry",
            Self::Music => "basic-pbx-ivr-main",
        }
    }

    /// All of it, at the rig's rate.
    pub(crate) fn samples(self) -> Result<Vec<f32>> {
        listen::load(&prompt(self.prompt())?)
    }
}

/// Asterisk, and the phone of a customer who answers by itself.
pub(crate) struct Scene {
    pub(crate) asterisk: Asterisk,
    pub(crate) customer: Baresip,
    sound: SoundServer,
    address: IpAddr,
    name: &'static str,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Sets the scene.
    pub(crate) fn set(name: &'static str) -> Result<Self> {
        let address = stage_address()?;
        let folder = tempfile::Builder::new().prefix("interop-").tempdir()?;
        let path = folder.path();
        let customer_at = UdpSocket::bind((address, 0))?.local_addr()?;
        let asterisk = Asterisk::start(&asterisk::Setup {
            folder: path,
            address,
            desks: &[AGENT, COLLEAGUE].map(|user| asterisk::Desk {
                user,
                secret: SECRET,
            }),
            phones: &[asterisk::Phone {
                number: CUSTOMER,
                address: customer_at,
            }],
            dialplan: &dialplan(),
            music: &prompt(Sound::Music.prompt())?,
            files: &[],
        })?;
        let sound = SoundServer::start(path)?;
        let customer = take_phone(path, customer_at, &sound)?;
        Ok(Self {
            asterisk,
            customer,
            sound,
            address,
            name,
            folder,
        })
    }

    /// Signs in the agent.
    pub(crate) async fn agent(&self) -> Result<Desk> {
        self.desk(AGENT, Sound::Agent).await
    }

    /// Signs in the agent's colleague.
    pub(crate) async fn colleague(&self) -> Result<Desk> {
        self.desk(COLLEAGUE, Sound::Colleague).await
    }

    async fn desk(&self, user: &str, sound: Sound) -> Result<Desk> {
        let speech = sound.samples()?;
        Desk::sign_in(&self.asterisk, (user, SECRET), self.address, speech).await
    }

    /// The customer calls a number.
    pub(crate) fn customer_dials(&mut self, number: &str) -> Result<()> {
        let trunk = self.asterisk.trunk();
        self.customer.dial(number, &trunk)
    }

    /// Asserts by content that a desk hears one thing and nothing else.
    pub(crate) async fn assert_desk_hears(
        &self,
        talk: &Talk,
        wanted: Sound,
        when: &str,
    ) -> Result<()> {
        assert_talk_hears(talk, wanted, &format!("{when}: the desk")).await
    }

    /// Asserts by content that the customer hears one thing and nothing else.
    pub(crate) fn assert_customer_hears(&self, wanted: Sound, when: &str) -> Result<()> {
        let who = format!("{when}: the customer");
        assert_phone_hears(&self.sound, wanted, &who).map_err(|wrong| {
            // The calls end with the test, and with them what the switch knows of them.
            let ask = |command| match self.asterisk.command(command) {
                Ok(said) => said,
                Err(error) => error.to_string(),
            };
            let state = ["core show channels verbose", "pjsip show channelstats"].map(ask);
            wrong.context(format!("the switch then:\n{}", state.join("\n")))
        })
    }

    /// Asserts that a desk hears next to nothing.
    pub(crate) async fn assert_desk_hears_nothing(&self, talk: &Talk, when: &str) -> Result<()> {
        let level = listen::level_dbfs(&talk.hear(2).await?);
        ensure!(level < -55.0, "{when}: the desk hears {level} dBFS");
        Ok(())
    }
}

impl Drop for Scene {
    /// Keeps everybody's logs of a test that failed.
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Ok(output) = output_folder(&format!("interop-{}", self.name))
        {
            // Nothing more can be done for a failed test whose logs cannot be kept.
            let _ = std::process::Command::new("cp")
                .arg("--recursive")
                .arg(self.folder.path())
                .arg(&output)
                .output();
            eprintln!("the logs of this test are in {}", output.display());
        }
    }
}

/// Asserts by content that our end of a call hears one thing and nothing else.
pub(crate) async fn assert_talk_hears(talk: &Talk, wanted: Sound, who: &str) -> Result<()> {
    let mut verdict = Ok(());
    for _ in 0..TRIES {
        verdict = judge(&talk.hear(6).await?, wanted, who);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

/// Asserts by content that the phone hears one thing and nothing else.
pub(crate) fn assert_phone_hears(sound: &SoundServer, wanted: Sound, who: &str) -> Result<()> {
    let mut verdict = Ok(());
    for _ in 0..TRIES {
        let heard = sound.record("customer", Duration::from_secs(6))?;
        verdict = judge(&heard, wanted, who);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

/// Asserts by content that one thing is heard and nothing else.
fn judge(heard: &[f32], wanted: Sound, who: &str) -> Result<()> {
    let mut found = Vec::new();
    for sound in Sound::ALL {
        let mut turn = sound.samples()?;
        // It is said over and over; what is heard may begin at the end.
        turn.extend_from_within(..8 * RATE as usize);
        found.push((sound, listen::resemblance(&turn, heard)));
    }
    let of = |sound| {
        found
            .iter()
            .find(|(s, _)| *s == sound)
            .map_or(-1.0, |f| f.1)
    };
    println!("{who} hears {found:.2?}");
    let others = Sound::ALL.into_iter().filter(|sound| *sound != wanted);
    let loudest = others.map(of).fold(-1.0, f32::max);
    ensure!(
        of(wanted) > SAME && of(wanted) > loudest + 0.1,
        "{who} should hear {wanted:?}, but hears {found:.2?} at {:.0} dBFS",
        listen::level_dbfs(heard)
    );
    Ok(())
}

/// The customer's phone; it answers by itself.
pub(crate) fn take_phone(
    folder: &std::path::Path,
    at: SocketAddr,
    sound: &SoundServer,
) -> Result<Baresip> {
    let speech = folder.join("customer.wav");
    let source = prompt(Sound::Customer.prompt())?;
    let mut reader = hound::WavReader::open(&source)?;
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>()?;
    let mut writer = hound::WavWriter::create(&speech, reader.spec())?;
    for _ in 0..8 {
        for &sample in &samples {
            writer.write_sample(sample)?;
        }
    }
    writer.finalize()?;
    Baresip::start(
        &baresip::Setup {
            folder,
            address: at.ip(),
            port: at.port(),
            number: CUSTOMER,
            speech: baresip::Voice::File(&speech),
            answers: true,
        },
        sound,
    )
}

fn dialplan() -> String {
    let announcement = Sound::Announcement.prompt();
    format!(
        "exten => _10X,1,Dial(PJSIP/${{EXTEN}},30)\n\
         exten => {CUSTOMER},1,Dial(PJSIP/{CUSTOMER},30)\n\
         exten => {ANNOUNCEMENT},1,Answer()\n\
         same => n(again),Playback(${{SOUNDS}}/{announcement})\n\
         same => n,Goto(again)\n\
         exten => {SILENT},1,Ringing()\n\
         same => n,Wait(60)\n\
         exten => {SENDS_ON},1,Answer()\n\
         same => n,Playback(${{SOUNDS}}/{announcement})\n\
         same => n,Transfer(PJSIP/sip:{ANNOUNCEMENT}@{REALM})\n\
         same => n,Log(NOTICE,sent on: ${{TRANSFERSTATUS}})\n"
    )
}
