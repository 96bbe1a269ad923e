//! The desktop phone of a call centre.
#![cfg_attr(
    all(not(debug_assertions), target_os = "windows"),
    windows_subsystem = "windows"
)]

use seatline_shell::{
    agent, check, closing, display,
    launch::{Launch, Mode, USAGE},
    removal,
    system::autostart,
};
use std::process::ExitCode;

fn main() -> ExitCode {
    let launch = match Launch::read(std::env::args_os().skip(1)) {
        Ok(launch) => launch,
        Err(error) => {
            eprintln!("seatline: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = match launch.mode {
        Mode::Window => return show(launch),
        Mode::Check { json } => {
            display::attach_terminal();
            check::run(&launch, json)
        }
        Mode::Agent => agent::run(&launch),
        Mode::RemoveData(whose) => removal::run(whose),
        Mode::Close { wait } => closing::run(wait),
    };
    done.unwrap_or_else(|error| {
        eprintln!("seatline: {error:#}");
        ExitCode::FAILURE
    })
}

/// Runs the desk in its window.
fn show(launch: Launch) -> ExitCode {
    match autostart::is_wanted(&launch) {
        Ok(true) => {}
        Ok(false) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seatline: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    if let Err(error) = display::prepare() {
        eprintln!("seatline: {error}");
        return ExitCode::FAILURE;
    }
    match seatline_shell::run(launch) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seatline: {error:#}");
            display::tell_fault(&error);
            ExitCode::FAILURE
        }
    }
}
