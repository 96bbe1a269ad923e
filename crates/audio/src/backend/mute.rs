//! Whether Windows or macOS has muted a microphone: by a key of the headset's, or in the system's
//! settings. Asked for by a thread of its own, because both answer by a call into their service.

#[cfg(target_os = "macos")]
#[path = "mute/coreaudio.rs"]
mod system;
#[cfg(windows)]
#[path = "mute/wasapi.rs"]
mod system;

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use super::OnMuted;

/// How often the system is asked.
const ASK_EVERY: Duration = Duration::from_millis(150);

/// A watch over a microphone, which ends when dropped.
pub(crate) struct MuteWatch {
    _end: Sender<()>,
}

/// Watches the microphone with this id of the system's, as long as the watch lives. It is quiet
/// about a microphone that the system cannot mute.
pub(crate) fn watch(id: String, on_muted: OnMuted) -> Option<MuteWatch> {
    let (end, ended) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("microphone-mute".into())
        .spawn(move || {
            let microphone = match system::Microphone::find(&id) {
                Ok(microphone) => microphone,
                Err(error) => {
                    tracing::debug!(%error, "the system does not say whether it mutes");
                    return;
                }
            };
            follow(on_muted, &ended, || microphone.is_muted());
        });
    if let Err(error) = &thread {
        tracing::warn!(%error, "the microphone's mute is not watched");
    }
    thread.ok().map(|_| MuteWatch { _end: end })
}

/// Tells each change until the watch ends or the microphone is gone, which its stream tells.
fn follow<E: std::fmt::Display>(
    mut on_muted: OnMuted,
    ended: &mpsc::Receiver<()>,
    ask: impl Fn() -> Result<bool, E>,
) {
    let mut muted = false;
    loop {
        match ask() {
            Ok(now) if now != muted => {
                muted = now;
                on_muted(muted);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "the microphone's mute is not known any more");
                return;
            }
        }
        match ended.recv_timeout(ASK_EVERY) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
