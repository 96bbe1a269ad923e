//! How soon a supervisor hears a call, and how soon a mode changes.

use super::{Phone, asterisk::ConfBridge, host::Host};
use crate::table::{Table, median};
use anyhow::{Context, Result, bail, ensure};
use seatline_media::{
    Codec, Content, FRAME, Frame, Leg, SAMPLE_RATE, Source, Tap, Tone,
    mix::{Room, Row},
    sim::{Headset, level_at},
};
use std::{
    net::IpAddr,
    sync::mpsc,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// How often everything is measured.
const TURNS: usize = 10;

/// What agent, customer and supervisor say, in hertz.
const TONES: [f32; 3] = [410.0, 700.0, 1_130.0];

/// After a change of mode, what it left behind has come to an end.
const SETTLED: Duration = Duration::from_millis(300);

/// How much of a tone is heard as one; each is said at half of full level.
const HEARD: f32 = 0.12;

/// A silent headset that tells when it heard how much of each voice.
struct Ear {
    levels: mpsc::Receiver<(Instant, [f32; 3])>,
    listening: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Ear {
    fn new(leg: &Leg, says: f32) -> Result<Self> {
        let (tell, levels) = mpsc::channel();
        let mut headset = Headset::new(leg.attach()?);
        let listening = tokio::spawn(async move {
            let hear = |frame: &Frame| {
                const { assert!(FRAME == 960) };
                let levels = TONES.map(|tone| level_at(frame, tone, SAMPLE_RATE));
                // Nobody may be waiting for it.
                let _ = tell.send((Instant::now(), levels));
            };
            headset.use_on(says, hear).await;
        });
        Ok(Self { levels, listening })
    }

    /// How long after `from` a voice was first heard, or first not heard, ms.
    async fn wait(&self, voice: usize, heard: bool, from: Instant) -> Result<f64> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            for (at, levels) in self.levels.try_iter() {
                if at >= from && (levels[voice] > HEARD) == heard {
                    return Ok(at.duration_since(from).as_secs_f64() * 1_000.0);
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        anyhow::bail!("voice {voice} was not heard in time")
    }
}

/// What the switch sends to a phone, heard as it arrives, without a jitter buffer.
struct Output {
    stream: Tap,
    decoder: opus::Decoder,
    last: Option<(u16, u32)>,
    /// The longest time left out of the stream so far, ms.
    left_out: f64,
    /// The longest time in which the customer was not heard so far, ms.
    missing: f64,
    /// How long the customer has not been heard now, ms.
    silent: f64,
}

impl Output {
    fn towards(phone: &Leg) -> Result<Self> {
        Ok(Self {
            stream: phone.tap(),
            decoder: opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono)?,
            last: None,
            left_out: 0.0,
            missing: 0.0,
            silent: 0.0,
        })
    }

    /// How much of each voice is in the next packet. No number may be missing.
    async fn next(&mut self) -> Result<(Instant, [f32; 3])> {
        let next = tokio::time::timeout(Duration::from_secs(10), self.stream.next());
        let said = next.await.context("nothing is sent")?;
        let said = said.context("the phone is gone")?;
        let Content::Voice { payload, .. } = &said.content else {
            bail!("keys were sent");
        };
        let begun = self.last.is_some();
        if let Some((sequence, timestamp)) = self.last {
            let next = sequence.wrapping_add(1);
            ensure!(said.sequence == next, "a packet is missing");
            let step = said.timestamp.wrapping_sub(timestamp) / 48;
            self.left_out = self.left_out.max(f64::from(step.saturating_sub(20)));
        }
        self.last = Some((said.sequence, said.timestamp));
        let mut frame: Frame = [0.0; FRAME];
        self.decoder.decode_float(payload, &mut frame, false)?;
        let levels = TONES.map(|tone| level_at(&frame, tone, SAMPLE_RATE));
        // A decoder needs a packet to begin.
        self.silent = match levels[1] > HEARD || !begun {
            true => 0.0,
            false => self.silent + 20.0,
        };
        self.missing = self.missing.max(self.silent);
        Ok((said.at, levels))
    }

    /// How long after `from` a voice was first sent, or first not sent, ms.
    async fn wait(&mut self, voice: usize, heard: bool, from: Instant) -> Result<f64> {
        loop {
            let (at, levels) = self.next().await?;
            if at >= from && (levels[voice] > HEARD) == heard {
                return Ok(at.duration_since(from).as_secs_f64() * 1_000.0);
            }
        }
    }

    async fn listen(&mut self, duration: Duration) -> Result<()> {
        let until = Instant::now() + duration;
        while self.next().await?.0 < until {}
        Ok(())
    }
}

/// A phone with the switch's leg to it.
struct Party {
    phone: Phone,
    leg: Phone,
}

impl Party {
    async fn new(address: IpAddr) -> Result<Self> {
        let mut phone = Phone::new(address, Codec::Opus).await?;
        let mut leg = Phone::new(address, Codec::Opus).await?;
        let answer = leg.leg.answer(&phone.leg.create_offer().await?).await?;
        phone.leg.accept_answer(&answer).await?;
        phone.connected().await?;
        leg.connected().await?;
        Ok(Self { phone, leg })
    }
}

/// Measures ours, beside the rival's join if there is one.
pub(crate) async fn measure(
    address: IpAddr,
    rival: Option<&(&'static str, f64)>,
    table: &mut Table,
) -> Result<()> {
    let parties = [
        Party::new(address).await?,
        Party::new(address).await?,
        Party::new(address).await?,
    ];
    let [agent, customer, supervisor] = [0, 1, 2].map(|n| &parties[n].leg.leg);
    let ears = [
        Ear::new(&parties[0].phone.leg, TONES[0])?,
        Ear::new(&parties[1].phone.leg, TONES[1])?,
        Ear::new(&parties[2].phone.leg, TONES[2])?,
    ];
    agent.hear(Source::Leg(customer.clone()));
    customer.hear(Source::Leg(agent.clone()));
    let room = Room::open();
    let (mut joins, mut at_ear) = (Vec::new(), Vec::new());
    let (mut coach, mut monitor) = (Vec::new(), Vec::new());
    let (mut left_out, mut missing) = (0.0, 0.0);
    for _ in 0..TURNS {
        ears[0].wait(1, true, Instant::now()).await?;
        let mut towards_agent = Output::towards(&parties[0].phone.leg)?;
        let begun = Instant::now();
        room.hear(supervisor, row(&[agent, customer], None));
        joins.push(ears[2].wait(1, true, begun).await?);

        let begun = Instant::now();
        room.hear(agent, row(&[customer, supervisor], Some(customer)));
        coach.push(towards_agent.wait(2, true, begun).await?);
        at_ear.push(ears[0].wait(2, true, begun).await?);
        towards_agent.listen(SETTLED).await?;

        let begun = Instant::now();
        room.release(agent, Source::Leg(customer.clone()));
        monitor.push(towards_agent.wait(2, false, begun).await?);
        at_ear.push(ears[0].wait(2, false, begun).await?);
        towards_agent.listen(SETTLED).await?;
        left_out = f64::max(left_out, towards_agent.left_out);
        missing = f64::max(missing, towards_agent.missing);
        room.release(supervisor, Source::Nothing);
        ears[2].wait(1, false, Instant::now()).await?;
    }
    let join = "join as monitor → first sample heard (median of 10)";
    match rival {
        Some(rival) => table.compare(join, median(&mut joins), "ms", *rival),
        None => table.note(join, median(&mut joins), "ms"),
    }
    let latest = |times: &[f64]| times.iter().copied().fold(0.0, f64::max);
    let figures = [
        (
            "monitor → coach: the supervisor in what the switch sends to the agent (median of 10)",
            median(&mut coach),
        ),
        ("the same (worst of 10)", latest(&coach)),
        (
            "coach → monitor: the supervisor gone from it (median of 10)",
            median(&mut monitor),
        ),
        ("the same (worst of 10)", latest(&monitor)),
        (
            "both at the agent's ear, behind the phone's jitter buffer (median)",
            median(&mut at_ear),
        ),
        (
            "longest time left out of the agent's stream by a change of mode (worst of 20)",
            left_out,
        ),
        (
            "longest time the customer's voice is missing in it meanwhile (worst of 20)",
            missing,
        ),
    ];
    for (what, figure) in figures {
        table.note(what, figure, "ms");
    }
    Ok(())
}

fn row(speakers: &[&Leg], carried: Option<&Leg>) -> Row {
    Row {
        speakers: speakers.iter().map(|leg| (*leg).clone()).collect(),
        carried: carried.cloned(),
        keys_from: None,
    }
}

/// How soon one who joins a conference of two hears them, after it was answered, ms.
pub(crate) async fn join_rival(rival: &ConfBridge, address: IpAddr) -> Result<f64> {
    let mut conference = rival.room()?;
    let mut talkers = Vec::new();
    for tone in &TONES[..2] {
        let mut phone = Phone::new(address, Codec::Opus).await?;
        let offer = phone.leg.create_offer().await?;
        phone
            .leg
            .accept_answer(&conference.join(offer).await?)
            .await?;
        phone.connected().await?;
        phone.leg.hear(Source::Tone(Tone::continuous(*tone)));
        talkers.push(phone);
    }
    let mut joins = Vec::new();
    for _ in 0..TURNS {
        let monitor = Phone::new(address, Codec::Opus).await?;
        let ear = Ear::new(&monitor.leg, 0.0)?;
        let offer = monitor.leg.create_offer().await?;
        let answer = conference.join(offer).await?;
        let begun = Instant::now();
        monitor.leg.accept_answer(&answer).await?;
        joins.push(ear.wait(1, true, begun).await?);
    }
    conference.leave().await?;
    Ok(median(&mut joins))
}
