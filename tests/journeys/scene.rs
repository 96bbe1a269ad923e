//! What every journey begins with.

use anyhow::Result;
use seatline_tests::{
    baresip::{Baresip, Setup, Voice},
    centre::{AGENT, Centre, PASSWORD},
    disk::SmallDisk,
    keyring,
    listen::{self, DIFFERENT, SAME, make_speech},
    output_folder,
    process::{Program, wait_for},
    screen::Screen,
    sound::{RATE, SoundServer},
    stage_address,
    window::Window,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How often something is listened for: a machine with too much to do has a call stammer, but
/// nothing makes it say something else.
pub(crate) const TRIES: usize = 3;

/// A centre, an agent's desk in its window, a sound server, and room for a customer.
pub(crate) struct Scene {
    pub(crate) window: Window,
    pub(crate) centre: Centre,
    pub(crate) sound: SoundServer,
    pub(crate) screen: Screen,
    /// What the agent says.
    pub(crate) agent_speech: Vec<f32>,
    /// What the customer says.
    pub(crate) customer_speech: Vec<f32>,
    agent_file: PathBuf,
    customer_file: PathBuf,
    /// Where pictures of this journey go.
    pub(crate) output: PathBuf,
    /// The disk of the centre's data, if it is a small one.
    pub(crate) disk: Option<SmallDisk>,
    _keyring: Program,
    folder: tempfile::TempDir,
}

impl Scene {
    /// Sets the scene, the agent not yet signed in.
    pub(crate) async fn set(name: &str) -> Result<Self> {
        Self::set_with(name, "", &[], |_| Ok(None)).await
    }

    /// As [`Scene::ready`], with more at the end of the centre's configuration and in the desk's
    /// environment.
    pub(crate) async fn ready_told(
        name: &str,
        more: &str,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let scene = Self::set_with(name, more, variables, |_| Ok(None)).await?;
        scene.signed_in().await
    }

    /// As [`Scene::set`], with the centre's data folder on a disk of its own.
    async fn set_with(
        name: &str,
        more: &str,
        variables: &[(&str, String)],
        mount: impl FnOnce(&Path) -> Result<Option<SmallDisk>>,
    ) -> Result<Self> {
        // Another part of the program may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("journey-").tempdir()?;
        let path = folder.path();
        let address = stage_address()?;
        let sound = SoundServer::start(path)?;
        let screen = Screen::start(path)?;
        let keyring = keyring::start(path)?;
        let disk = mount(&path.join("center").join("data"))?;
        let centre = Centre::start_told(path, address, more)?;
        let agent_file = path.join("agent.wav");
        let customer_file = path.join("customer.wav");
        let agent_speech = make_speech("demo-instruct", 4, &agent_file)?;
        let customer_speech = make_speech("demo-congrats", 8, &customer_file)?;
        let window = Window::open_knowing(path, &centre, &screen, &sound, variables).await?;
        Ok(Self {
            window,
            centre,
            sound,
            screen,
            agent_speech,
            customer_speech,
            agent_file,
            customer_file,
            output: output_folder(name)?,
            disk,
            _keyring: keyring,
            folder,
        })
    }

    /// Sets the scene with the agent signed in and ready.
    pub(crate) async fn ready(name: &str) -> Result<Self> {
        Self::set(name).await?.signed_in().await
    }

    /// As [`Scene::ready`], with a centre whose disk is small.
    pub(crate) async fn ready_on_small_disk(name: &str) -> Result<Self> {
        let mount = |place: &Path| SmallDisk::mount(place).map(Some);
        Self::set_with(name, "", &[], mount)
            .await?
            .signed_in()
            .await
    }

    async fn signed_in(self) -> Result<Self> {
        let scene = self;
        scene.window.sign_in(AGENT, PASSWORD).await?;
        scene.go_ready().await?;
        Ok(scene)
    }

    /// Goes ready and waits until the centre agrees.
    pub(crate) async fn go_ready(&self) -> Result<()> {
        self.window
            .wait_attribute("status-line", "data-line", |state| state == "up")
            .await?;
        self.window.click("presence-menu").await?;
        self.window.click("presence-ready").await?;
        self.wait_presence("ready").await
    }

    /// Waits for the agent's presence, as the strip shows it.
    pub(crate) async fn wait_presence(&self, presence: &str) -> Result<()> {
        self.window
            .wait_attribute("presence-menu", "data-presence", |now| now == presence)
            .await
            .map(drop)
    }

    /// Waits for the state of the call, as the strip shows it.
    pub(crate) async fn wait_call(&self, state: &str) -> Result<()> {
        self.window
            .wait_attribute("call-state", "data-call-state", |now| now == state)
            .await
            .map(drop)
    }

    /// Goes ready after a missed or declined call.
    pub(crate) async fn go_ready_again(&self) -> Result<()> {
        self.window.click("presence-menu").await?;
        self.window.click("presence-ready").await
    }

    /// The folder of everything the scene's programs keep.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of what the customer says.
    pub(crate) fn customer_file(&self) -> &Path {
        &self.customer_file
    }

    /// Takes a phone from a customer's pocket.
    pub(crate) fn customer(&self, number: &str, answers: bool) -> Result<Baresip> {
        Baresip::start(
            &Setup {
                folder: self.folder.path(),
                address: stage_address()?,
                port: self.centre.peer_port,
                number,
                speech: Voice::File(&self.customer_file),
                answers,
            },
            &self.sound,
        )
    }

    /// The agent begins to speak, until the result is dropped.
    pub(crate) fn speak(&self) -> Result<Program> {
        self.sound.play("mouth", &self.agent_file)
    }

    /// What one ear hears within `seconds`, kept as a WAV file for whoever wants to listen.
    pub(crate) fn hear(&self, ear: &str, seconds: u64, what: &str) -> Result<Vec<f32>> {
        let heard = self.sound.record(ear, Duration::from_secs(seconds))?;
        save(&heard, &self.output.join(format!("{what}.wav")))?;
        Ok(heard)
    }

    /// Asserts by content that the agent hears the customer.
    pub(crate) fn assert_agent_hears_customer(&self, what: &str) -> Result<()> {
        let what = format!("{what}-agent-hears");
        self.assert_hears("headset", &self.customer_speech, &self.agent_speech, &what)
    }

    /// Asserts by content that the customer hears the agent.
    pub(crate) fn assert_customer_hears_agent(&self, what: &str) -> Result<()> {
        let what = format!("{what}-customer-hears");
        self.assert_hears("customer", &self.agent_speech, &self.customer_speech, &what)
    }

    /// Asserts that one speech is heard, and clearly more than the other.
    fn assert_hears(&self, ear: &str, wanted: &[f32], unwanted: &[f32], what: &str) -> Result<()> {
        let (mut found, mut other) = (-1.0, -1.0);
        for _ in 0..TRIES {
            let heard = self.hear(ear, 6, what)?;
            found = listen::resemblance(wanted, &heard);
            other = listen::resemblance(unwanted, &heard);
            println!("{what}: hears the other side by {found:.2}, itself by {other:.2}");
            if found > SAME && found > other + 0.1 {
                return Ok(());
            }
        }
        anyhow::bail!(
            "{what}: the other side is heard by {found:.2}, the own voice by {other:.2}; \
             listen in {}",
            self.output.display()
        )
    }

    /// Asserts that the customer hears music, and not the agent.
    pub(crate) fn assert_customer_hears_music(&self, what: &str) -> Result<()> {
        let heard = self.hear("customer", 4, &format!("{what}-customer-hears"))?;
        let level = listen::level_dbfs(&heard);
        assert!(
            level > -50.0,
            "{what}: the customer hears only {level} dBFS"
        );
        let agent = listen::resemblance(&self.agent_speech, &heard);
        assert!(
            agent < DIFFERENT,
            "{what}: the customer hears the agent by {agent}"
        );
        Ok(())
    }

    /// Asserts that an ear hears next to nothing, once what may have been on its way is over.
    pub(crate) fn assert_silence(&self, ear: &str, what: &str) -> Result<()> {
        let mut level = 0.0;
        for _ in 0..TRIES {
            let heard = self.hear(ear, 3, &format!("{what}-{ear}-hears"))?;
            level = listen::level_dbfs(&heard[RATE as usize / 2..]);
            if level < -55.0 {
                return Ok(());
            }
        }
        anyhow::bail!("{what}: {ear} hears {level} dBFS")
    }

    /// Mutes, asserts that the customer hears nothing, and unmutes.
    pub(crate) async fn mute_and_unmute(&self) -> Result<()> {
        self.window.click("mute").await?;
        self.window
            .wait_attribute("mute", "aria-pressed", |pressed| pressed == "true")
            .await?;
        self.assert_silence("customer", "muted")?;
        self.window.click("mute").await?;
        self.window
            .wait_attribute("mute", "aria-pressed", |pressed| pressed == "false")
            .await?;
        Ok(())
    }

    /// Presses a key of the keypad and waits until the customer's phone has received it.
    pub(crate) async fn press_key(&self, key: char, customer: &Baresip) -> Result<()> {
        self.window.click("keypad").await?;
        self.window.click(&format!("keypad-{key}")).await?;
        let received = format!("received event: '{key}' (end=1)");
        wait_for(
            "the customer's phone receives the key",
            Duration::from_secs(15),
            || customer.printed().ok()?.contains(&received).then_some(()),
        )?;
        self.window.click("keypad").await
    }

    /// Saves a picture of the window.
    pub(crate) async fn picture(&self, name: &str) -> Result<()> {
        self.window
            .take_picture(&self.output.join(format!("{name}.png")))
            .await
    }
}

/// A centre, and a customer with a sound server of their own; desks are taken beside them.
pub(crate) struct Floor {
    /// The customer's phone.
    pub(crate) customer: Baresip,
    /// What the customer says and hears.
    pub(crate) customer_sound: SoundServer,
    pub(crate) centre: Centre,
    pub(crate) folder: tempfile::TempDir,
}

impl Floor {
    pub(crate) fn open() -> Result<Self> {
        // Another part of the program may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("journey-").tempdir()?;
        let centre = Centre::start(folder.path(), stage_address()?)?;
        let customer_folder = folder.path().join("customer");
        std::fs::create_dir_all(&customer_folder)?;
        let customer_sound = SoundServer::start(&customer_folder)?;
        let customer = Baresip::start(
            &Setup {
                folder: &customer_folder,
                address: stage_address()?,
                port: centre.peer_port,
                number: "13800138001",
                speech: Voice::Microphone,
                answers: false,
            },
            &customer_sound,
        )?;
        Ok(Self {
            customer,
            customer_sound,
            centre,
            folder,
        })
    }
}

impl Drop for Scene {
    /// Keeps everybody's logs of a journey that failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let logs = self.output.join("logs");
            // Nothing more can be done for a failed test whose logs cannot be kept.
            let _ = std::fs::remove_dir_all(&logs);
            let _ = std::process::Command::new("cp")
                .arg("--recursive")
                .arg(self.folder.path())
                .arg(&logs)
                .output();
            eprintln!("the logs of this journey are in {}", logs.display());
        }
    }
}

/// Writes mono samples as a WAV file.
pub(crate) fn save(samples: &[f32], file: &Path) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec)?;
    for sample in samples {
        writer.write_sample((sample * f32::from(i16::MAX)) as i16)?;
    }
    Ok(writer.finalize()?)
}
