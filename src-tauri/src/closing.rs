//! Ends running desks before their program is replaced: `seatline --close`, which Windows'
//! installer starts. A call is never cut: a desk that is asked ends once none is up.
//!
//! ```text
//!   Runs ──asked──▶ Waits ──no call is up──▶ ends
//! ```
//!
//! Elsewhere nobody asks: a running program keeps its file when another takes its place.

#[cfg(windows)]
mod event;
#[cfg(windows)]
mod others;

use seatline_desk::{Desk, view::DeskView};
use std::{process::ExitCode, time::Duration};

/// How long running desks may take, unless `--wait` says otherwise: Windows runs no other
/// installation meanwhile.
pub const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Asks every other desk on this computer to end, and waits until they have; success when none is
/// left. A desk of somebody whose programs may not be touched is passed over.
///
/// # Errors
/// When the system does not say what runs.
#[cfg(windows)]
pub fn run(wait: Duration) -> anyhow::Result<ExitCode> {
    let left = others::close(wait)?;
    if left == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("seatline: {left} still running: a call is up, or it does not answer");
    Ok(ExitCode::FAILURE)
}

/// Asks every other desk on this computer to end.
///
/// # Errors
/// Always: only Windows needs it.
#[cfg(not(windows))]
pub fn run(_: Duration) -> anyhow::Result<ExitCode> {
    anyhow::bail!("--close is for Windows; here a running program does not stand in the way")
}

/// Waits until somebody asks this program to end when no call is up.
#[cfg(windows)]
pub async fn asked() {
    match event::Event::create(std::process::id()) {
        Ok(event) => {
            let (tell, told) = tokio::sync::oneshot::channel();
            // A thread of its own: the wait cannot be cut short, and nothing waits for it at the
            // end.
            std::thread::spawn(move || {
                event.wait();
                // Nobody listens any more when the program ends for another reason.
                let _ = tell.send(());
                // It stays as long as the program, so that whoever asks again waits as well.
                std::mem::forget(event);
            });
            if told.await.is_ok() {
                return;
            }
        }
        Err(error) => tracing::warn!(%error, "an installer cannot ask this program to end"),
    }
    std::future::pending::<()>().await;
}

/// Waits until somebody asks this program to end, which nobody does here.
#[cfg(not(windows))]
pub async fn asked() {
    std::future::pending::<()>().await;
}

/// Nothing is up that ending would cut.
#[must_use]
pub fn is_quiet(view: &DeskView) -> bool {
    view.call.is_none() && view.offer.is_none()
}

/// Waits until nothing is up that ending would cut.
pub async fn until_quiet(desk: &Desk) {
    // It fails only when the engine ends, and then nothing is up.
    let _ = desk.watch().wait_for(|view| is_quiet(view)).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_ringing_call_and_one_that_is_up_are_waited_for() {
        assert!(is_quiet(&samples::signed_in()));
        assert!(!is_quiet(&samples::ringing()));
        assert!(!is_quiet(&samples::talking()));
    }
}
