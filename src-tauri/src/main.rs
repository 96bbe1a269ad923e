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
use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let launch = match Launch::read(std::env::args_os().skip(1)) {
        Ok(launch) => launch,
        Err(error) => {
            complain(&format_args!("{error}\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    // A desk stays apart from the terminal, with which it would end.
    if !matches!(launch.mode, Mode::Window | Mode::Agent) {
        display::attach_terminal();
    }
    let done = match launch.mode {
        Mode::Window => return show(launch),
        Mode::Check { json } => check::run(&launch, json),
        Mode::Agent => agent::run(&launch),
        Mode::RemoveData(whose) => removal::run(whose),
        Mode::Close { wait } => closing::run(wait),
    };
    done.unwrap_or_else(|error| {
        complain(&format_args!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// Says why the program ends.
fn complain(why: &dyn Display) {
    display::attach_terminal();
    // Nobody may be listening.
    let _ = writeln!(io::stderr(), "seatline: {why}");
}

/// Runs the desk in its window.
fn show(launch: Launch) -> ExitCode {
    match autostart::is_wanted(&launch) {
        Ok(true) => {}
        Ok(false) => return ExitCode::SUCCESS,
        Err(error) => {
            complain(&format_args!("{error:#}"));
            return ExitCode::FAILURE;
        }
    }
    if let Err(error) = display::prepare() {
        complain(&error);
        return ExitCode::FAILURE;
    }
    match seatline_shell::run(launch) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format_args!("{error:#}"));
            display::tell_fault(&error);
            ExitCode::FAILURE
        }
    }
}
