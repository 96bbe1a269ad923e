//! `cargo dev bench headless`: how small and quick the desk is without a window, which is what
//! support and scripts start, and how large the program is.

use crate::{
    chromium, footprint,
    table::{Table, median},
};
use anyhow::{Context, Result, ensure};
use seatline_tests::{
    agent::{Agent, desk_command},
    built,
    centre::{AGENT, Centre},
    keyring,
    sound::SoundServer,
    stage_address,
    talk::talk,
};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How often the check is started.
const STARTS: usize = 15;

/// How long processor time is counted.
const COUNTED: Duration = Duration::from_secs(15);

/// Runs it and prints the table.
pub(crate) async fn run() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("headless-").tempdir()?;
    let path = folder.path();
    let sound = SoundServer::start(path)?;
    let _keyring = keyring::start(path)?;
    let centre = Centre::start(path, stage_address()?)?;
    let mut table = Table::default();
    starts(path, &sound, &mut table)?;
    call(path, &centre, &sound, &mut table).await?;
    sizes(&mut table)?;
    table.print();
    Ok(())
}

/// From the start of a program to its end, on a computer that is not set up and has no sound: how
/// long a check waits for a centre and listens to its tone is not the program's doing.
fn starts(folder: &Path, sound: &SoundServer, table: &mut Table) -> Result<()> {
    println!("starts");
    let mut check = desk_command(folder, sound, "")?;
    check.args(["--check", "--json"]);
    check.env("PULSE_SERVER", "unix:/dev/null");
    let mut page = Command::new("chromium");
    page.args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args(["--no-first-run", "--disable-background-networking"])
        .arg(format!("--user-data-dir={}", folder.join("page").display()))
        .args(["--dump-dom", "about:blank"]);
    let ours = time(&mut check)?;
    let theirs = time(&mut page)?;
    table.compare(
        "start to end of a check",
        ours,
        "ms",
        ("Chromium's empty page", theirs),
    );
    Ok(())
}

/// The median of several runs, ms.
fn time(command: &mut Command) -> Result<f64> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let status = command.status().context("it starts")?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        ensure!(status.code().is_some(), "{command:?} was killed");
    }
    Ok(median(&mut times))
}

/// Memory and processor time in a call, beside the customer's phone in the same call, and beside
/// a browser in one of its own.
async fn call(
    folder: &Path,
    centre: &Centre,
    sound: &SoundServer,
    table: &mut Table,
) -> Result<()> {
    println!("a call");
    let agent = Agent::start(folder, centre, sound)?;
    table.note("memory, signed out", footprint::memory(agent.id()), "MiB");
    agent.sign_in_accepting(centre, AGENT)?;
    agent.go_ready()?;
    let customer = talk(&agent, centre, sound, folder)?;
    let memory = footprint::memory(agent.id());
    let processor = footprint::processor(agent.id(), COUNTED).await?;
    let baresip = footprint::memory(customer.id());
    let baresip_processor = footprint::processor(customer.id(), COUNTED).await?;
    ensure!(agent.end()?.success(), "the desk ends in good order");
    drop(customer);
    println!("a call in a browser");
    let page = chromium::Call::start(sound)?;
    let chromium = footprint::memory(page.id());
    table.compare("memory in a call", memory, "MiB", ("baresip", baresip));
    table.compare("memory in a call", memory, "MiB", ("Chromium", chromium));
    table.compare(
        "processor in a call",
        processor,
        "% of a core",
        ("baresip, G.711", baresip_processor),
    );
    Ok(())
}

/// What lies on the disk.
fn sizes(table: &mut Table) -> Result<()> {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let program = megabytes(std::fs::metadata(built("seatline")?)?.len());
    let asked = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Installed-Size}\n"])
        .args(["chromium", "chromium-common"])
        .output()
        .context("dpkg-query")?;
    let kib: u64 = String::from_utf8(asked.stdout)?
        .lines()
        .filter_map(|line| line.parse::<u64>().ok())
        .sum();
    ensure!(kib > 0, "chromium is installed");
    table.compare(
        "the program",
        program,
        "MB",
        ("Chromium", megabytes(kib * 1_024)),
    );
    Ok(())
}
