//! Several people in one call, each at a computer of their own: an agent, a colleague, a
//! supervisor and a foreign customer. One speaks at a time, and every ear is judged.

use crate::scene::{Floor, save};
use anyhow::{Result, ensure};
use seatline_tests::{
    baresip::Baresip,
    centre::{AFTER_SALES, AGENT, Centre},
    listen::{self, DIFFERENT, SAME},
    output_folder, prompt,
    seat::Seat,
    sound::SoundServer,
};
use std::{path::PathBuf, time::Duration};

pub(crate) const COLLEAGUE: &str = "liuyang";
pub(crate) const SUPERVISOR: &str = "hejing";
pub(crate) const CUSTOMER: &str = "customer";

/// How long everybody listens while one speaks.
const LISTENING: Duration = Duration::from_millis(6_500);

/// How long speech takes to reach every ear on a busy machine, and what was said before to fade.
const UNDER_WAY: Duration = Duration::from_millis(1_500);

/// How often they may listen before it counts as not heard.
const TURNS: u32 = 5;

/// Quieter than this is nobody's voice, dBFS.
const NOBODY: f32 = -50.0;

pub(crate) struct Team {
    pub(crate) agent: Seat,
    pub(crate) colleague: Seat,
    pub(crate) supervisor: Seat,
    pub(crate) customer: Baresip,
    customer_sound: SoundServer,
    speech: Vec<f32>,
    speech_file: PathBuf,
    output: PathBuf,
    pub(crate) centre: Centre,
    _folder: tempfile::TempDir,
}

impl Team {
    pub(crate) async fn gather(name: &str) -> Result<Self> {
        let Floor {
            customer,
            customer_sound,
            centre,
            folder,
        } = Floor::open()?;
        let path = folder.path();
        let speech_file = prompt("demo-congrats")?;
        Ok(Self {
            agent: Seat::take(path, &centre, AGENT).await?,
            colleague: Seat::take(path, &centre, COLLEAGUE).await?,
            supervisor: Seat::take(path, &centre, SUPERVISOR).await?,
            customer,
            customer_sound,
            speech: listen::load(&speech_file)?,
            speech_file,
            output: output_folder(name)?,
            centre,
            _folder: folder,
        })
    }

    fn seats(&self) -> [&Seat; 3] {
        [&self.agent, &self.colleague, &self.supervisor]
    }

    /// Lets one person speak and asserts who hears it, and that nobody else does. A busy machine
    /// chops what is said, so whoever should hear may listen again; whoever should not, never hears.
    pub(crate) fn assert_heard(&self, speaker: &str, listeners: &[&str], what: &str) -> Result<()> {
        for turn in 1.. {
            let missed = self.listen_once(speaker, listeners, what)?;
            if missed.is_empty() {
                return Ok(());
            }
            ensure!(
                turn < TURNS,
                "{what}: {missed:?} should hear {speaker}; listen in {}",
                self.output.display()
            );
        }
        Ok(())
    }

    /// Gives those who should have heard the speaker and did not.
    fn listen_once(&self, speaker: &str, listeners: &[&str], what: &str) -> Result<Vec<String>> {
        let mut ears = vec![(CUSTOMER, &self.customer_sound, "customer")];
        ears.extend(
            self.seats()
                .map(|seat| (seat.login.as_str(), &seat.sound, "headset")),
        );
        let mouth = ears.iter().find(|(name, ..)| *name == speaker);
        let (_, mouth, _) = mouth.expect("the speaker is one of the four");
        let _speaking = mouth.play("mouth", &self.speech_file)?;
        std::thread::sleep(UNDER_WAY);
        let recordings = ears
            .iter()
            .map(|(name, sound, ear)| Ok((*name, sound.start_recording(ear)?)))
            .collect::<Result<Vec<_>>>()?;
        std::thread::sleep(LISTENING);
        let mut missed = Vec::new();
        for (name, recording) in recordings {
            let heard = recording.samples()?;
            let level = listen::level_dbfs(&heard);
            let found = listen::resemblance(&self.speech, &heard);
            println!("{what}: {speaker} is heard by {name} by {found:.2} at {level:.0} dBFS");
            if listeners.contains(&name) {
                if found <= SAME {
                    missed.push(name.to_owned());
                    save(&heard, &self.output.join(format!("{what}-{name}.wav")))?;
                }
            } else {
                ensure!(
                    level < NOBODY || found < DIFFERENT,
                    "{what}: {name} hears {speaker} by {found:.2} at {level:.0} dBFS"
                );
            }
        }
        Ok(missed)
    }

    pub(crate) async fn picture(&self, seat: &Seat, name: &str) -> Result<()> {
        let file = self.output.join(format!("{name}.png"));
        seat.window.take_picture(&file).await
    }

    /// The customer calls and the agent answers.
    pub(crate) async fn begin_call(&mut self) -> Result<()> {
        self.agent.go_ready().await?;
        self.customer.dial(AFTER_SALES, &self.centre.trunk)?;
        self.agent.window.click("answer").await?;
        self.agent.wait_call("active").await
    }

    /// The supervisor joins the one call there is.
    async fn monitor(&self) -> Result<()> {
        let window = &self.supervisor.window;
        window.click("view-board").await?;
        window.click("board-calls-tab").await?;
        window.click("call-monitor").await?;
        self.wait_watch("data-connected", "true").await?;
        self.wait_watch("data-mode", "monitor").await
    }

    /// The supervisor moves to another mode.
    async fn change_mode(&self, mode: &str) -> Result<()> {
        let window = &self.supervisor.window;
        window.click(&format!("watch-{mode}")).await?;
        self.wait_watch("data-mode", mode).await
    }

    async fn wait_watch(&self, attribute: &str, value: &str) -> Result<()> {
        let window = &self.supervisor.window;
        window
            .wait_attribute("coach-bar", attribute, |now| now == value)
            .await
            .map(drop)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_coaches_barges_in_and_takes_over() {
    let mut team = Team::gather("supervisor").await.unwrap();
    team.begin_call().await.unwrap();

    team.monitor().await.unwrap();
    team.picture(&team.supervisor, "1-board-monitor")
        .await
        .unwrap();
    team.picture(&team.agent, "1-agent-watched").await.unwrap();
    team.assert_heard(CUSTOMER, &[AGENT, SUPERVISOR], "monitor")
        .unwrap();
    team.assert_heard(AGENT, &[CUSTOMER, SUPERVISOR], "monitor")
        .unwrap();
    team.assert_heard(SUPERVISOR, &[], "monitor").unwrap();

    team.change_mode("coach").await.unwrap();
    team.assert_heard(SUPERVISOR, &[AGENT], "coach").unwrap();
    team.assert_heard(CUSTOMER, &[AGENT, SUPERVISOR], "coach")
        .unwrap();
    team.picture(&team.supervisor, "2-coach").await.unwrap();

    team.change_mode("barge").await.unwrap();
    team.assert_heard(SUPERVISOR, &[AGENT, CUSTOMER], "barge")
        .unwrap();

    let window = &team.supervisor.window;
    window.click("watch-take-over").await.unwrap();
    window.click("take-over-do").await.unwrap();
    window.gone("coach-bar").await.unwrap();
    team.supervisor.wait_call("active").await.unwrap();
    team.agent.wait_presence("wrap_up").await.unwrap();
    team.picture(&team.agent, "3-agent-wrap-up").await.unwrap();
    team.picture(&team.supervisor, "3-taken-over")
        .await
        .unwrap();
    team.assert_heard(SUPERVISOR, &[CUSTOMER], "taken over")
        .unwrap();
    team.assert_heard(CUSTOMER, &[SUPERVISOR], "taken over")
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_is_consulted_joined_and_left_alone_with_the_customer() {
    let mut team = Team::gather("transfer").await.unwrap();
    team.begin_call().await.unwrap();

    let agent = &team.agent.window;
    agent.click("transfer").await.unwrap();
    agent.fill("reach-input", COLLEAGUE).await.unwrap();
    agent
        .fill("reach-note", "客户等过两次，请直接处理")
        .await
        .unwrap();
    agent.click("reach-consult").await.unwrap();
    let colleague = &team.colleague.window;
    colleague
        .wait_attribute("ring-title", "data-kind", |kind| kind == "consult")
        .await
        .unwrap();
    let handed = colleague.text("ring-handed").await.unwrap();
    assert!(handed.contains("客户等过两次"), "{handed:?}");
    team.picture(&team.colleague, "1-consult-rings")
        .await
        .unwrap();
    colleague.click("answer").await.unwrap();
    team.colleague.wait_call("active").await.unwrap();
    team.assert_heard(AGENT, &[COLLEAGUE], "consultation")
        .unwrap();
    team.assert_heard(CUSTOMER, &[], "consultation").unwrap();
    team.picture(&team.agent, "2-consultation").await.unwrap();

    agent.click("merge").await.unwrap();
    agent
        .wait_attribute("party-customer", "data-state", |state| state == "connected")
        .await
        .unwrap();
    team.assert_heard(CUSTOMER, &[AGENT, COLLEAGUE], "conference")
        .unwrap();
    team.assert_heard(COLLEAGUE, &[AGENT, CUSTOMER], "conference")
        .unwrap();
    team.picture(&team.agent, "3-conference").await.unwrap();

    agent.click("leave").await.unwrap();
    team.agent.wait_presence("wrap_up").await.unwrap();
    team.assert_heard(CUSTOMER, &[COLLEAGUE], "left alone")
        .unwrap();
    team.assert_heard(COLLEAGUE, &[CUSTOMER], "left alone")
        .unwrap();
    team.picture(&team.colleague, "4-colleague-has-it")
        .await
        .unwrap();
    colleague.click("hang-up").await.unwrap();
    team.colleague.wait_presence("wrap_up").await.unwrap();
}
