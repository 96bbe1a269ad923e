//! `cargo dev bench mixer`: what a mixed party costs, and how soon a supervisor hears.

mod asterisk;
mod host;
mod modes;

use crate::{footprint, ours::Ours, table::Table};
use anyhow::{Context, Result, ensure};
use asterisk::ConfBridge;
use host::Host;
pub(crate) use host::{SERVE, serve};
use seatline_media::{
    Clip, Codec, Content, FRAME, Leg, LegEvent, RtpConfig, Source, Tap,
    sim::{Headset, loudness},
};
use seatline_tests::{prompt, stage_address};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// How long processor time is counted.
const COUNTED: Duration = Duration::from_secs(15);

/// Sizes of rooms.
const PARTIES: [usize; 3] = [3, 8, 32];

/// Runs it and prints the table. Fails when the rival is missing, after our own figures.
pub(crate) async fn run() -> Result<()> {
    let address = stage_address()?;
    let folder = tempfile::Builder::new().prefix("mixer-").tempdir()?;
    let speech = Clip::from_wav(&std::fs::read(prompt("demo-congrats")?)?)?;
    let rival = ConfBridge::start(folder.path(), address).await;
    let mut table = Table::default();
    for codec in [Codec::Opus, Codec::Pcma] {
        for parties in PARTIES {
            let what = format!("{codec:?} room of {parties}: processor time per party");
            println!("{what}");
            let ours = cost(&mut Ours::start(SERVE)?, address, (codec, parties), &speech).await?;
            match &rival {
                Ok(rival) => {
                    let mut room = rival.room()?;
                    let theirs = cost(&mut room, address, (codec, parties), &speech).await?;
                    let rival = |theirs| ("Asterisk 22 ConfBridge", theirs);
                    table.compare(&what, ours.processor, "‰ core", rival(theirs.processor));
                    // What is said in fewer bits is easier said: they have to be as many.
                    let what = format!("{codec:?} room of {parties}: bit rate towards a party");
                    table.compare(&what, ours.bit_rate, "kb/s", rival(theirs.bit_rate));
                }
                Err(_) => table.note(&what, ours.processor, "‰ core"),
            }
        }
    }
    println!("joining and modes");
    let rival = match rival {
        Ok(rival) => {
            let joined = modes::join_rival(&rival, address).await?;
            Ok(("Asterisk 22 ConfBridge", joined))
        }
        Err(error) => Err(error),
    };
    modes::measure(address, rival.as_ref().ok(), &mut table).await?;
    table.print();
    rival.map(|_| ()).context("the rival is missing")
}

/// A telephone of the bench.
pub(crate) struct Phone {
    pub(crate) leg: Leg,
    events: mpsc::UnboundedReceiver<LegEvent>,
}

impl Phone {
    pub(crate) async fn new(address: IpAddr, codec: Codec) -> Result<Self> {
        let (leg, events) = Leg::rtp(RtpConfig {
            bind: address,
            advertise: None,
            port_range: None,
            codecs: vec![codec],
            latch: false,
        })
        .await?;
        Ok(Self { leg, events })
    }

    pub(crate) async fn connected(&mut self) -> Result<()> {
        let connected = async {
            while let Some(event) = self.events.recv().await {
                if event == LegEvent::Connected {
                    return Ok(());
                }
            }
            anyhow::bail!("a leg has ended")
        };
        tokio::time::timeout(Duration::from_secs(10), connected)
            .await
            .context("a leg was never connected")?
    }
}

/// What one mixed party costs.
struct Cost {
    /// Processor time, in thousandths of a core.
    processor: f64,
    /// Of what it hears, in kb/s, without headers.
    bit_rate: f64,
}

/// The cost of a party while all talk at once, each at another place of the speech, and everybody
/// hears all others. What the host needs without a call is not counted.
async fn cost(
    host: &mut impl Host,
    address: IpAddr,
    (codec, parties): (Codec, usize),
    speech: &Clip,
) -> Result<Cost> {
    let idle = footprint::processor(host.id()?, COUNTED / 3).await?;
    let mut phones = Vec::new();
    for _ in 0..parties {
        let mut phone = Phone::new(address, codec).await?;
        let offer = phone.leg.create_offer().await?;
        phone.leg.accept_answer(&host.join(offer).await?).await?;
        phone.connected().await?;
        phones.push(phone);
    }
    // One listens, so that what is counted is known to be a mix.
    let (listener, talkers) = phones.split_first().context("an empty room")?;
    for (place, phone) in talkers.iter().enumerate() {
        let mut says = speech.samples().to_vec();
        let from = says.len() * place / talkers.len();
        says.rotate_left(from);
        phone.leg.hear(Source::Clip {
            clip: Arc::new(Clip::from_samples(says)),
            repeat: true,
        });
    }
    let mut headset = Headset::new(listener.leg.attach()?);
    headset.use_for(Duration::from_secs(2), 0.0).await;
    let mut sent = listener.leg.tap();
    let counted = footprint::processor(host.id()?, COUNTED);
    let (busy, heard) = tokio::join!(counted, headset.use_for(COUNTED, 0.0));
    let silent = heard
        .chunks_exact(FRAME * 50)
        .filter(|second| loudness(second) < 0.003)
        .count();
    ensure!(silent < 3, "the mix was silent for {silent} seconds");
    for phone in &phones {
        let figures = phone.leg.statistics();
        let expected = (COUNTED.as_millis() / 20) as u64;
        ensure!(
            figures.received + figures.lost >= expected * 95 / 100
                && figures.lost * 100 < figures.received.max(1),
            "a party was not served: {figures:?}"
        );
    }
    let bit_rate = bit_rate(&mut sent);
    for phone in phones {
        phone.leg.close().await;
    }
    host.leave().await?;
    Ok(Cost {
        processor: (busy? - idle).max(0.0) * 10.0 / parties as f64,
        bit_rate,
    })
}

/// The mean bit rate of a stream whose packets are 20 ms each, in kb/s.
fn bit_rate(stream: &mut Tap) -> f64 {
    let (mut octets, mut packets) = (0, 0);
    while let Some(said) = stream.try_next() {
        if let Content::Voice { payload, .. } = said.content {
            octets += payload.len();
            packets += 1;
        }
    }
    octets as f64 * 8.0 / (packets.max(1) * 20) as f64
}
