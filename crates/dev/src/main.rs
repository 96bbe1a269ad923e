//! `cargo dev …`: set-up, demo, checks, tests and benchmarks of the whole project.
//!
//! | command | what it does |
//! |---|---|
//! | `setup` | installs what building and testing need |
//! | `demo` | a running call centre with callers, and the app signed in |
//! | `check` | the fast checks, for use while working |
//! | `codegen` | writes the generated files: TypeScript bindings, OpenAPI, policy templates |
//! | `test` | every test there is |
//! | `bench` | one benchmark, beside its rivals |
//! | `package` | what a site's IT installs |

mod bench;
mod checks;
mod codegen;
mod cross;
mod demo;
mod package;
mod paths;
mod process;
mod programs;
mod setup;
mod stage;
mod tests;
mod window;

use clap::{Parser, Subcommand};
use cross::System;

#[derive(Parser)]
#[command(
    name = "cargo dev",
    about = "Works on Seatline",
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what building and testing need.
    Setup,
    /// Starts a call centre with callers, and the app signed in as an agent.
    Demo(demo::Options),
    /// Formatting, lints, generated files, licences.
    Check {
        /// Also builds and checks the window.
        #[arg(long)]
        all: bool,
        /// Also type-checks everything for Windows.
        #[arg(long)]
        windows: bool,
        /// Also type-checks everything for macOS.
        #[arg(long)]
        macos: bool,
    },
    /// Writes the generated files.
    Codegen {
        /// Only compares; fails when a committed file is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Every test there is, or the named parts.
    Test {
        /// Parts to run.
        parts: Vec<tests::Part>,
    },
    /// One benchmark of `tests/lab`, beside its rivals.
    Bench {
        /// Its name, such as `first-call`.
        name: String,
    },
    /// What a site's IT installs, built for a system.
    Package(package::Order),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Setup => setup::install(setup::Purpose::Windows),
        Command::Demo(options) => demo::run(&options),
        Command::Check {
            all,
            windows,
            macos,
        } => {
            let systems = [(windows, System::Windows), (macos, System::MacOs)];
            let wanted = systems.into_iter().filter(|(wanted, _)| *wanted);
            checks::run(all, wanted.map(|(_, system)| system))
        }
        Command::Codegen { check } => codegen::run(check),
        Command::Test { parts } => tests::run(&parts),
        Command::Bench { name } => bench::run(&name),
        Command::Package(order) => package::run(&order),
    }
}
