//! `cargo dev demo`: a call centre on this computer, with customers who really call, and the
//! app signed in as an agent.

mod desktop;
mod play;

use crate::{
    paths,
    process::part,
    programs,
    setup::{self, Purpose},
    window,
};
use anyhow::Result;
use desktop::Desktop;
use play::{Over, Play};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// What the app is called among the demo's programs.
const APP: &str = "app";

/// Login and password of an agent in the demo data.
const AGENT: &str = "zhouqian:seatline-demo-2026";

/// Numbers of customers in the demo data, in turn of those who speak Chinese and English, as the
/// recorded speech is.
const CUSTOMERS: &str = "13800138001,+442079460018,13800138002,13800138035,\
                         13800138006,+12025550143,13800138014,13800138040";

/// Numbers of the agent's queues in the demo data.
const QUEUES: &str = "4001,4002,4003";

/// How the demo runs.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Ends by itself after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
}

/// Runs the demo until Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    let virtual_desktop = Desktop::is_needed();
    part("set-up", || {
        setup::install(if virtual_desktop {
            Purpose::Headless
        } else {
            Purpose::Build
        })
    })?;
    part("build", build)?;

    let mut play = Play::begin(paths::target().join("demo"))?;
    let result = perform(&mut play, virtual_desktop, options);
    println!("\nending");
    drop(play);
    match result {
        Err(error) if error.is::<Over>() => Ok(()),
        result => result,
    }
}

fn build() -> Result<()> {
    window::build()?;
    programs::build(programs::BINARIES).map(drop)
}

fn perform(play: &mut Play, virtual_desktop: bool, options: &Options) -> Result<()> {
    let desktop = virtual_desktop.then(|| Desktop::start(play)).transpose()?;
    let centre = start_centre(play)?;
    start_app(play, &centre, desktop.as_ref())?;
    start_customers(play, &centre)?;
    println!(
        "\nThe centre is at {}. The app opens signed in as zhouqian.",
        centre.url
    );
    println!("A customer calls in a few seconds. Ctrl-C ends all of it.");

    let until = options
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut unpictured = desktop;
    while until.is_none_or(|until| Instant::now() < until) {
        play.pause(Duration::from_millis(500))?;
        if let Some(desktop) = &unpictured
            && desktop.is_playing()?
        {
            // The windows need a moment to draw what rings.
            play.pause(Duration::from_secs(3))?;
            let picture = play.folder().join("screen.png");
            desktop.take_picture(&picture)?;
            println!(
                "There is no display here; a picture of the app is in {}",
                picture.display()
            );
            unpictured = None;
        }
    }
    Ok(())
}

struct Centre {
    url: String,
    certificate: PathBuf,
    trunk: SocketAddr,
    customers: SocketAddr,
}

fn start_centre(play: &mut Play) -> Result<Centre> {
    let data = play.folder().join("center");
    let api = free_tcp_port()?;
    let trunk = free_udp_port()?;
    let customers = free_udp_port()?;
    let config = play.folder().join("center.toml");
    std::fs::write(
        &config,
        format!(
            "[media]\naddress = \"127.0.0.1\"\n\
             [[trunks]]\nname = \"customers\"\nuri = \"sip:{customers};transport=udp\"\n\
             networks = [\"127.0.0.1/32\"]\n"
        ),
    )?;
    play.start(
        "centre",
        Command::new(paths::built("seatline-center"))
            .arg("--demo")
            .arg("--config")
            .arg(&config)
            .arg("--data-dir")
            .arg(&data)
            .args(["--listen", &api.to_string()])
            .args(["--sip-udp", &trunk.to_string()]),
    )?;
    play.wait_for("centre", || TcpStream::connect(api).is_ok())?;
    Ok(Centre {
        url: format!("https://{api}"),
        certificate: data.join("certificate.pem"),
        trunk,
        customers,
    })
}

fn start_app(play: &mut Play, centre: &Centre, desktop: Option<&Desktop>) -> Result<()> {
    let app = paths::built("seatline");
    let mut command = match desktop {
        Some(desktop) => desktop.session(&app),
        None => Command::new(app),
    };
    command
        .arg("--data-dir")
        .arg(play.folder().join("desk"))
        .env("SEATLINE_CENTRE", &centre.url)
        .env("SEATLINE_CA", &centre.certificate)
        .env("SEATLINE_DEMO_SIGN_IN", AGENT);
    play.start(APP, &mut command)
}

fn start_customers(play: &mut Play, centre: &Centre) -> Result<()> {
    play.start_aloud(
        "customers",
        Command::new(paths::built("customers"))
            .args(["--trunk", &centre.trunk.to_string()])
            .args(["--listen", &centre.customers.to_string()])
            .args(["--dial", QUEUES])
            .args(["--from", CUSTOMERS]),
    )
}

fn free_tcp_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn free_udp_port() -> Result<SocketAddr> {
    Ok(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
