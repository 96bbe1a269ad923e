//! What is measured: a process that mixes whoever joins it.

use anyhow::{Context, Result, ensure};
use seatline_media::{
    Codec, Leg, RtpConfig,
    mix::{Room, Row},
};
use std::{net::IpAddr, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// One room in a process of its own.
pub(crate) trait Host {
    /// The process.
    fn id(&self) -> Result<u32>;

    /// Takes a party's offer and returns the answer; from now on it hears and is heard by all.
    async fn join(&mut self, offer: String) -> Result<String>;

    /// Ends all calls.
    async fn leave(&mut self) -> Result<()>;
}

/// Our mixer as the embedded switch drives it, in a process started for it.
pub(crate) struct Ours {
    child: Child,
    offers: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Ours {
    pub(crate) fn start() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let offers = child.stdin.take().context("no way to the room")?;
        let answers = child.stdout.take().context("no way from the room")?;
        Ok(Self {
            child,
            offers,
            answers: BufReader::new(answers).lines(),
        })
    }
}

impl Host for Ours {
    fn id(&self) -> Result<u32> {
        self.child.id().context("the room has ended")
    }

    async fn join(&mut self, offer: String) -> Result<String> {
        let line = serde_json::to_string(&offer)? + "\n";
        self.offers.write_all(line.as_bytes()).await?;
        let answer = self.answers.next_line().await?;
        Ok(serde_json::from_str(
            &answer.context("the room has ended")?,
        )?)
    }

    async fn leave(&mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}

/// The name under which the lab runs the room's process.
pub(crate) const SERVE: &str = "mixer-room";

/// The room's process: offers come in, answers go out, one JSON string a line.
pub(crate) async fn serve() -> Result<()> {
    let room = Room::open();
    let mut legs: Vec<Leg> = Vec::new();
    let mut offers = BufReader::new(tokio::io::stdin()).lines();
    let mut answers = tokio::io::stdout();
    while let Some(offer) = offers.next_line().await? {
        let offer: String = serde_json::from_str(&offer)?;
        let (leg, _) = Leg::rtp(RtpConfig {
            bind: address_of(&offer)?,
            advertise: None,
            port_range: None,
            codecs: vec![Codec::Opus, Codec::Pcma],
            latch: false,
        })
        .await?;
        let answer = serde_json::to_string(&leg.answer(&offer).await?)? + "\n";
        legs.push(leg);
        for leg in &legs {
            let row = Row {
                speakers: legs.clone(),
                ..Row::default()
            };
            room.hear(leg, row);
        }
        answers.write_all(answer.as_bytes()).await?;
        answers.flush().await?;
    }
    Ok(())
}

/// Where the party is; all are on one machine.
fn address_of(sdp: &str) -> Result<IpAddr> {
    let line = sdp.lines().find(|line| line.starts_with("c=IN IP"));
    let address = line.and_then(|line| line.split(' ').nth(2));
    ensure!(address.is_some(), "an offer without an address");
    Ok(address.unwrap_or_default().trim().parse()?)
}
