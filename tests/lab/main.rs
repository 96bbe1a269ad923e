//! The lab: benchmarks that print a ratio against a named rival measured in the same run.
//!
//! Started by `cargo dev bench NAME`, which builds everything in the release profile and gives
//! the run a network and a D-Bus session of its own.

mod chromium;
mod control;
mod delay;
mod first_call;
mod footprint;
mod headless;
mod mixer;
mod ours;
mod recording;
mod table;
mod trunk;
mod wire;

use anyhow::{Result, bail};
use clap::Parser;

/// Runs one benchmark.
#[derive(Parser)]
struct Arguments {
    /// Its name: `control`, `first-call`, `headless`, `mixer` or `recording`.
    name: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    // Another part of the program may have chosen the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let name = Arguments::parse().name;
    match name.as_str() {
        "first-call" => first_call::run().await,
        "headless" => headless::run().await,
        "control" => control::run().await,
        "mixer" => mixer::run().await,
        "recording" => recording::run().await,
        // What benchmarks measure, each in a process of its own.
        mixer::SERVE => mixer::serve().await,
        control::SERVE => control::serve().await,
        _ => {
            bail!(
                "there is no benchmark {name}; \
                 there are: control, first-call, headless, mixer, recording"
            )
        }
    }
}
