//! The rig of the whole-system journeys, of the tests against foreign switches, and of the
//! quality lab: a private sound server, display,
//! keyring, centre, foreign phones, and the real window, each started for one test and ended
//! with it.
//!
//! | module | what it gives |
//! |---|---|
//! | [`process`] | programs that end with their owner, and waiting with a deadline |
//! | [`sound`] | PulseAudio with null sinks; playing, recording |
//! | [`listen`] | judging what was heard by its content |
//! | [`screen`] | Xvfb with a window manager; screenshots |
//! | [`desktop`] | tray and notifications over D-Bus, played |
//! | [`keyring`] | an unlocked keyring in this D-Bus session |
//! | [`disk`] | a disk that is soon full |
//! | [`centre`] | a centre with demo data, as a process |
//! | [`stranger`] | servers that are no centre |
//! | [`agent`] | the desk without a window |
//! | [`api`] | the centre as another person sees it |
//! | [`baresip`] | a foreign customer's phone |
//! | [`talk`] | a call of theirs to a desk without a window |
//! | [`seat`] | one person's computer among several |
//! | [`sid`] | programs of the Debian sid root |
//! | [`asterisk`] | somebody else's switch |
//! | [`window`] | the app's real window through WebDriver |

pub mod agent;
pub mod api;
pub mod asterisk;
pub mod baresip;
pub mod centre;
pub mod desktop;
pub mod disk;
pub mod keyring;
pub mod listen;
pub mod process;
pub mod screen;
pub mod seat;
pub mod sid;
pub mod sound;
pub mod stranger;
pub mod talk;
pub mod window;

use anyhow::{Context, Result};
use std::{net::IpAddr, path::PathBuf};

/// The address of the private network that `cargo dev test journeys` and `cargo dev bench` set up.
///
/// # Errors
/// When the rig is started without them.
pub fn stage_address() -> Result<IpAddr> {
    let address = std::env::var("SEATLINE_STAGE")
        .context("journeys need a network of their own; run `cargo dev test journeys`")?;
    Ok(address.parse()?)
}

/// The folder of the programs built beside this one.
///
/// # Panics
/// Never in a cargo build: a test binary lies in `target/PROFILE/deps`.
#[must_use]
pub fn built_folder() -> PathBuf {
    let me = std::env::current_exe().expect("a running program has a path");
    let folder = me.parent().expect("a program lies in a folder");
    if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    }
    .to_path_buf()
}

/// A program built beside this one.
///
/// # Errors
/// Says how to build it when it is not there.
pub fn built(name: &str) -> Result<PathBuf> {
    let path = built_folder().join(name);
    anyhow::ensure!(
        path.is_file(),
        "{} is not built; run `cargo dev test`",
        path.display()
    );
    Ok(path)
}

/// The folder where screenshots and recordings of a run are kept.
///
/// # Errors
/// When it cannot be made.
pub fn output_folder(name: &str) -> Result<PathBuf> {
    let target = built_folder();
    let folder = target
        .parent()
        .unwrap_or(&target)
        .join("journeys")
        .join(name);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// A spoken English prompt of Debian's `asterisk-core-sounds-en-wav`, 8 kHz mono.
///
/// # Errors
/// When the package is missing.
pub fn prompt(name: &str) -> Result<PathBuf> {
    let path = PathBuf::from(format!(
        "/usr/share/asterisk/sounds/en_US_f_Allison/{name}.wav"
    ));
    anyhow::ensure!(
        path.is_file(),
        "{} is missing; `cargo dev setup` installs asterisk-core-sounds-en-wav",
        path.display()
    );
    Ok(path)
}
