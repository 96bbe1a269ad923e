//! `seatline-center`: the centre as a program.
//!
//! Exit codes: 0 stopped as asked · 1 a fault · 2 the configuration or certificate was refused ·
//! 3 a port cannot be had · 4 the database or data folder was refused · 130 stopped at once by a
//! second signal.

mod logs;

use clap::{Parser, Subcommand};
use seatline_center::{
    Config, Running, StartError,
    config::{self, Flags},
    http, identity,
    recording::Keyring,
};
use std::process::ExitCode;

/// The Seatline centre: calls, customers and tickets for its desks.
#[derive(Debug, Parser)]
#[command(name = "seatline-center", version)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    /// Print the configuration that would be used, and exit
    #[arg(long)]
    print_config: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the centre (the default)
    Run,
    /// Print the OpenAPI document of the API
    Openapi,
    /// Add a master key that new recordings use from the next start on; old ones stay readable
    RotateRecordingKey,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Openapi) = &arguments.command {
        print!("{}", http::document());
        return ExitCode::SUCCESS;
    }
    let config = match config::load(arguments.flags) {
        Ok(config) => config,
        Err(error) => return refuse(&error.into()),
    };
    if arguments.print_config {
        print!("{}", config::print(&config));
        return ExitCode::SUCCESS;
    }
    if let Some(Command::RotateRecordingKey) = arguments.command {
        return rotate_recording_key(&config);
    }
    if let Err(problem) = logs::begin(&config.log) {
        eprintln!("seatline-center: {problem}");
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("seatline-center: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

fn rotate_recording_key(config: &Config) -> ExitCode {
    let file = config.recording_keys_path();
    match Keyring::rotate(&file) {
        Ok(id) => {
            println!("Master key {id} was added to {}", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("seatline-center: {error}");
            ExitCode::from(4)
        }
    }
}

fn refuse(error: &StartError) -> ExitCode {
    eprintln!("seatline-center: {error}");
    ExitCode::from(error.exit_code())
}

async fn run(config: Config) -> Result<(), StartError> {
    let running = seatline_center::start(config).await?;
    announce(&running);
    wait_for_signal().await;
    tokio::select! {
        () = running.stop() => {}
        () = wait_for_signal() => {
            eprintln!("seatline-center: stopped at once");
            std::process::exit(130);
        }
    }
    Ok(())
}

/// Says on standard output what a person starting the centre needs; the code is nowhere else.
fn announce(running: &Running) {
    println!("Seatline centre listening on https://{}", running.address);
    if let Some(code) = &running.set_up_code {
        println!(
            "No administrator yet. One-time set-up code: {}",
            identity::spell_code(code)
        );
    }
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return wait_for_interrupt().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        () = wait_for_interrupt() => {}
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    wait_for_interrupt().await;
}

async fn wait_for_interrupt() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "Ctrl-C cannot be waited for");
        std::future::pending::<()>().await;
    }
}
