//! `cargo dev bench first-call`: how fast, how light and how direct the first call is.

use crate::{
    chromium,
    delay::{self, first_sound},
    footprint,
    table::{Table, median},
};
use anyhow::{Context, Result};
use seatline_tests::{
    baresip::{Baresip, RTP_PORTS, Setup, Voice},
    built,
    centre::{AGENT, Centre, PASSWORD, VIP},
    keyring,
    screen::Screen,
    sound::SoundServer,
    stage_address,
    window::Window,
};
use std::{
    net::IpAddr,
    path::Path,
    time::{Duration, Instant},
};

/// How long processor time is counted.
const COUNTED: Duration = Duration::from_secs(15);

/// Runs it and prints the table.
pub(crate) async fn run() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("first-call-").tempdir()?;
    let path = folder.path();
    let address = stage_address()?;
    let sound = SoundServer::start(path)?;
    let screen = Screen::start(path)?;
    let _keyring = keyring::start(path)?;
    let chirps = path.join("chirps.wav");
    delay::write_chirps(&chirps)?;
    let mut table = Table::default();

    println!("baresip to baresip");
    let baresip = measure_baresip(path, address, &sound, &chirps).await?;
    println!("Chromium to Chromium");
    let chromium = measure_chromium(&sound, &chirps).await?;
    println!("Seatline");
    measure_seatline(
        path, address, &sound, &screen, &chirps, &baresip, &chromium, &mut table,
    )
    .await?;
    println!("cold starts");
    measure_starts(path, address, &sound, &screen, &mut table).await?;
    table.print();
    Ok(())
}

/// A rival's figures.
struct Rival {
    delay_ms: f64,
    /// The part of the delay before the last wire; not known of all.
    to_wire_ms: f64,
    memory_mib: f64,
    processor_percent: f64,
    connect_ms: f64,
}

/// A call between two baresip phones over G.711, from the microphone to the customer's ear.
async fn measure_baresip(
    folder: &Path,
    address: IpAddr,
    sound: &SoundServer,
    chirps: &Path,
) -> Result<Rival> {
    let phone = |name: &str, port, number| {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let setup = Setup {
            folder: &folder,
            address,
            port,
            number,
            speech: Voice::Microphone,
            answers: true,
        };
        Baresip::start(&setup, sound)
    };
    let mut caller = phone("caller", 6_071, "13800138001")?;
    let called = phone("called", 6_081, "4001")?;
    let begun = Instant::now();
    caller.dial("4001", &format!("{address}:6081"))?;
    caller.expect_event("CALL_ESTABLISHED", Duration::from_secs(5))?;
    let connect_ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let delay = delay::measure_with_wire(sound, "mouth", "customer", RTP_PORTS, chirps)?;
    Ok(Rival {
        delay_ms: delay.to_ear_ms,
        to_wire_ms: delay.to_wire_ms,
        memory_mib: footprint::memory(called.id()),
        processor_percent: footprint::processor(called.id(), COUNTED).await?,
        connect_ms,
    })
}

async fn measure_chromium(sound: &SoundServer, chirps: &Path) -> Result<Rival> {
    let call = chromium::Call::start(sound)?;
    let delay_ms = delay::measure(sound, "mouth", "headset", chirps)?;
    Ok(Rival {
        delay_ms,
        to_wire_ms: f64::NAN,
        memory_mib: footprint::memory(call.id()),
        processor_percent: footprint::processor(call.id(), COUNTED).await?,
        connect_ms: call.connect_ms,
    })
}

#[expect(
    clippy::too_many_arguments,
    reason = "one measurement needs the whole scene"
)]
async fn measure_seatline(
    folder: &Path,
    address: IpAddr,
    sound: &SoundServer,
    screen: &Screen,
    chirps: &Path,
    baresip: &Rival,
    chromium: &Rival,
    table: &mut Table,
) -> Result<()> {
    let centre = Centre::start(folder, address)?;
    let window = Window::open(folder, &centre, screen, sound).await?;
    window.sign_in(AGENT, PASSWORD).await?;
    window
        .wait_attribute("status-line", "data-line", |state| state == "up")
        .await?;
    window.click("presence-menu").await?;
    window.click("presence-ready").await?;
    // Ringing elsewhere, so that what the headset plays is the call.
    window.click("view-settings").await?;
    window.choose_named("device-ringer", "ringer").await?;
    window.click("view-work").await?;
    let app = window.app_process()?;
    let idle_mib = footprint::memory(app);
    let idle_percent = footprint::processor(app, COUNTED).await?;

    let setup = Setup {
        folder,
        address,
        port: centre.peer_port,
        number: "13800138001",
        speech: Voice::Microphone,
        answers: false,
    };
    let mut customer = Baresip::start(&setup, sound)?;
    let mut cards = Vec::new();
    for turn in 0..5 {
        window.watch_for("answer").await?;
        let invited = unix_ms();
        customer.dial(VIP, &centre.trunk)?;
        window.find("answer").await?;
        cards.push(window.seen_at("answer").await? - invited);
        if turn < 4 {
            customer.hang_up()?;
            customer.expect_event("CALL_CLOSED", Duration::from_secs(5))?;
            window.gone("answer").await?;
        }
    }
    table.note(
        "SIP INVITE in → card drawn (median of 5)",
        median(&mut cards),
        "ms",
    );

    // The customer's microphone is the agent's too; what the agent hears first is the customer.
    let tone = folder.join("tone.wav");
    delay::write_tone(&tone)?;
    let recording = sound.start_recording("headset")?;
    let speaking = sound.play("mouth", &tone)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let clicked = recording.samples()?.len();
    window.click("answer").await?;
    let first = first_sound(&recording, clicked)?;
    table.note("click on Answer → first sound in the headset", first, "ms");
    drop((speaking, recording));

    tokio::time::sleep(Duration::from_secs(3)).await;
    let there = delay::measure_with_wire(sound, "mouth", "customer", RTP_PORTS, chirps)?;
    let baresip_delay = ("baresip (G.711)", baresip.delay_ms);
    table.compare(
        "agent's mouth → customer's ear (baresip's)",
        there.to_ear_ms,
        "ms",
        baresip_delay,
    );
    table.compare(
        "of it until the centre has sent it",
        there.to_wire_ms,
        "ms",
        ("baresip has sent it", baresip.to_wire_ms),
    );
    table.compare(
        "of it the customer's phone's own",
        there.to_ear_ms - there.to_wire_ms,
        "ms",
        ("the same phone", baresip.delay_ms - baresip.to_wire_ms),
    );
    let back = delay::measure(sound, "mouth", "headset", chirps)?;
    table.compare(
        "customer's mouth (baresip's) → agent's ear",
        back,
        "ms",
        baresip_delay,
    );
    let chromium_delay = ("Chromium (Opus)", chromium.delay_ms);
    table.compare(
        "customer's mouth (baresip's) → agent's ear",
        back,
        "ms",
        chromium_delay,
    );

    table.compare(
        "memory of the app in a call (PSS of its processes)",
        footprint::memory(app),
        "MiB",
        ("Chromium", chromium.memory_mib),
    );
    table.note("memory of the app idle", idle_mib, "MiB");
    table.note("memory of baresip in a call", baresip.memory_mib, "MiB");
    let busy = footprint::processor(app, COUNTED).await?;
    table.compare(
        "processor of the app in a call",
        busy,
        "% core",
        ("Chromium", chromium.processor_percent),
    );
    table.compare(
        "processor of the app in a call",
        busy,
        "% core",
        ("baresip (no echo control)", baresip.processor_percent),
    );
    table.note("processor of the app idle", idle_percent, "% core");
    let connect = connect_peers().await?;
    table.compare(
        "peer connected on loopback (median of 20)",
        connect,
        "ms",
        ("Chromium", chromium.connect_ms),
    );
    table.note("baresip dial → established", baresip.connect_ms, "ms");
    window.close().await
}

/// Median time two of our peers need to connect on loopback, ms.
async fn connect_peers() -> Result<f64> {
    use seatline_media::{Leg, LegEvent, WebRtcConfig};
    let config = || WebRtcConfig {
        bind: vec![IpAddr::from([127, 0, 0, 1])],
        port_range: None,
        ice_servers: Vec::new(),
    };
    let mut times = Vec::new();
    for _ in 0..20 {
        let (a, mut a_events) = Leg::webrtc(config()).await?;
        let (b, mut b_events) = Leg::webrtc(config()).await?;
        let begun = Instant::now();
        a.accept_answer(&b.answer(&a.create_offer().await?).await?)
            .await?;
        for events in [&mut a_events, &mut b_events] {
            while events.recv().await.context("the peer is gone")? != LegEvent::Connected {}
        }
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        a.close().await;
        b.close().await;
    }
    Ok(median(&mut times))
}

/// Cold start to interactive beside a bare window of the same toolkit.
async fn measure_starts(
    folder: &Path,
    address: IpAddr,
    sound: &SoundServer,
    screen: &Screen,
    table: &mut Table,
) -> Result<()> {
    let centre = Centre::start(&folder.join("starts"), address)?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut bare_mib = 0.0;
    for turn in 0..5 {
        let folder = folder.join(format!("start-{turn}"));
        std::fs::create_dir_all(&folder)?;
        let begun = Instant::now();
        let window = Window::open(&folder, &centre, screen, sound).await?;
        window.find("sign-in-submit").await?;
        ours.push(begun.elapsed().as_secs_f64() * 1_000.0);
        window.close().await?;
        let begun = Instant::now();
        let window = Window::open_program(
            &built("examples/bare")?,
            &folder,
            &centre,
            screen,
            sound,
            None,
        )
        .await?;
        window.find("ready").await?;
        bare.push(begun.elapsed().as_secs_f64() * 1_000.0);
        bare_mib = footprint::memory(window.process("bare")?);
        window.close().await?;
    }
    table.compare(
        "cold start → interactive, driver included (median of 5)",
        median(&mut ours),
        "ms",
        ("bare Tauri window", median(&mut bare)),
    );
    table.note("memory of a bare Tauri window", bare_mib, "MiB");
    Ok(())
}

fn unix_ms() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}
