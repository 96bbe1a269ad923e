//! `seatline-center`: the centre as a program.
//!
//! Exit codes: 0 stopped as asked · 1 a fault · 2 the configuration or certificate was refused ·
//! 3 a port cannot be had · 4 the database or data folder was refused · 130 stopped at once by a
//! second signal.

mod logs;
#[cfg(windows)]
mod service;

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
    /// Be a Windows service, or manage it
    #[cfg(windows)]
    Service {
        #[command(subcommand)]
        action: service::Action,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Openapi) = &arguments.command {
        print!("{}", http::document());
        return ExitCode::SUCCESS;
    }
    #[cfg(windows)]
    if let Some(Command::Service { action }) = arguments.command
        && !arguments.print_config
    {
        return service::act(action, arguments.flags);
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
    if let Err(problem) = logs::begin(&config.log, std::io::stderr) {
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
    // Listened for from the first moment: what a start has begun to write, it ends.
    let mut signals = StopSignals::listen();
    let running = seatline_center::start(config).await?;
    announce(&running);
    signals.next().await;
    tokio::select! {
        () = running.stop() => {}
        () = signals.next() => {
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

/// Ctrl-C, and what a service's supervisor sends to stop it. One that comes before it is waited
/// for is kept.
struct StopSignals {
    kinds: Vec<StopSignal>,
}

#[cfg(unix)]
type StopSignal = tokio::signal::unix::Signal;
#[cfg(windows)]
type StopSignal = tokio::signal::windows::CtrlC;

impl StopSignals {
    fn listen() -> Self {
        let kinds = listen_for_each()
            .into_iter()
            .filter_map(|kind| {
                kind.inspect_err(|error| tracing::error!(%error, "a signal cannot be waited for"))
                    .ok()
            })
            .collect();
        Self { kinds }
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = |kind: &mut StopSignal| kind.poll_recv(context).is_ready();
            if self.kinds.iter_mut().any(came) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }
}

#[cfg(unix)]
fn listen_for_each() -> [std::io::Result<StopSignal>; 2] {
    use tokio::signal::unix::{SignalKind, signal};
    [
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ]
}

#[cfg(windows)]
fn listen_for_each() -> [std::io::Result<StopSignal>; 1] {
    [tokio::signal::windows::ctrl_c()]
}
