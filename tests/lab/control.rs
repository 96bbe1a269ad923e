//! `cargo dev bench control`: what a relayed call costs, and how soon a new agent hears the customer.

mod asterisk;
mod phones;
mod relay;
mod rtpengine;
mod transfer;

use crate::{
    footprint,
    ours::Ours,
    table::{Table, median},
};
use anyhow::{Context, Result};
use asterisk::Bridged;
use phones::Phones;
use relay::Relay;
pub(crate) use relay::{SERVE, serve};
use rtpengine::RtpEngine;
use seatline_tests::stage_address;
use std::{net::IpAddr, time::Duration};

/// Calls at once while processor time is counted.
const CALLS: usize = 40;

/// How long it is counted.
const COUNTED: Duration = Duration::from_secs(20);

/// Runs it and prints the table. Fails when a rival is missing, after our own figures.
pub(crate) async fn run() -> Result<()> {
    let address = stage_address()?;
    let folder = tempfile::Builder::new().prefix("control-").tempdir()?;
    let mut table = Table::default();
    let what = "relayed, unrecorded call (G.711 both sides): processor time";
    println!("relayed calls: Seatline");
    let ours = cost(&mut Ours::start(SERVE)?, address).await?;
    println!("relayed calls: rtpengine");
    let rtpengine = match RtpEngine::start(folder.path(), address) {
        Ok(mut relay) => cost(&mut relay, address).await,
        Err(missing) => Err(missing),
    };
    println!("relayed calls: Asterisk");
    let mut answered = Vec::new();
    let asterisk = match Bridged::start(folder.path(), address).await {
        Ok(mut relay) => {
            let cost = cost(&mut relay, address).await;
            if cost.is_ok() {
                answered = relay.first_sounds(address).await?;
            }
            cost
        }
        Err(missing) => Err(missing),
    };
    for (name, theirs) in [
        ("rtpengine, in user space", &rtpengine),
        ("Asterisk 22", &asterisk),
    ] {
        if let Ok(theirs) = theirs {
            table.compare(what, ours, "‰ core", (name, *theirs));
        }
    }
    if rtpengine.is_err() && asterisk.is_err() {
        table.note(what, ours, "‰ core");
    }
    println!("a desk's call relayed: SRTP and Opus towards it");
    let desk = relay::desk_cost(address).await?;
    table.note(
        "the same, one side WebRTC, Opus passed through",
        desk,
        "‰ core",
    );
    println!("blind transfers");
    let mut heard = transfer::measure(folder.path(), address).await?;
    let what =
        "blind transfer answered by the new agent's desk → hears the customer (median of 10)";
    if answered.is_empty() {
        table.note(what, median(&mut heard), "ms");
    } else {
        let rival = ("Asterisk 22 to a plain phone", median(&mut answered));
        table.compare(what, median(&mut heard), "ms", rival);
    }
    let worst = heard.into_iter().fold(0.0, f64::max);
    table.note("  the worst of them", worst, "ms");
    table.print();
    rtpengine.context("rtpengine was not measured")?;
    asterisk.context("Asterisk was not measured").map(|_| ())
}

/// Processor time of one relayed call, in thousandths of a core. What the relay needs without a
/// call is not counted.
async fn cost(relay: &mut impl Relay, address: IpAddr) -> Result<f64> {
    let idle = footprint::processor(relay.id()?, COUNTED / 4).await?;
    let mut phones = Phones::new(address, 2 * CALLS)?;
    for call in 0..CALLS {
        let offers = [phones.offer(2 * call)?, phones.offer(2 * call + 1)?];
        let answers = relay.connect(offers).await?;
        for (phone, answer) in answers.iter().enumerate() {
            phones.accept(2 * call + phone, answer)?;
        }
    }
    let talking = phones.talk();
    tokio::time::sleep(Duration::from_secs(2)).await;
    talking.forget();
    let busy = footprint::processor(relay.id()?, COUNTED).await?;
    talking.check(COUNTED)?;
    relay.clear().await?;
    Ok((busy - idle).max(0.0) * 10.0 / CALLS as f64)
}
