//! Updates of the desk. They come from the site's own centre, over the same TLS as everything else,
//! and only where policy wants them; nobody else is asked. Who may be trusted is compiled in: a
//! minisign key ([`UpdateKey`]). What the centre says of a file is only a hint; the file's
//! signature, and the product, version and system in its signed comment, decide.
//!
//! ```text
//! Current ─due, or asked─▶ Checking ─nothing newer─▶ Current
//!    ▲                        │ newer, and IT installs it ─▶ Told
//!    │                        │ newer ─▶ Downloading ─it is what it claims─▶ Ready
//!    │                        ▼                                               │ agreed, and
//!    └─────due, or asked─── Failed ◀─anything wrong─ any of them              ▼ nobody on the line
//!                                                                         Installing
//! Off     policy does not want updates; from every state but Installing
//! Keyless this program was built without a key; it stays so
//! ```
//!
//! | module | what lives there |
//! |---|---|
//! | [`offer`] | what of the centre's answer is newer (pure) |
//! | [`seal`] | keys and signatures (pure) |
//! | [`store`] | files on their way, on this computer |
//! | [`course`] | asking, fetching, judging |
//! | [`state`] | what windows show of it |

mod course;
mod offer;
mod seal;
mod state;
mod store;

pub use seal::{BadKey, UpdateKey};
pub use state::{Agreed, Update, UpdateState};

pub(crate) use course::{Course, Found, Trouble, Waiting};
pub(crate) use store::Store;

use std::{fmt, io, path::Path, sync::Arc, time::Duration};

/// Largest update taken, in bytes.
pub const LARGEST: u64 = 512 << 20;

/// How updates are taken.
#[derive(Clone)]
pub struct UpdateConfig {
    /// Who signs them.
    pub key: UpdateKey,
    /// This program's system, such as `windows-x86_64`.
    pub target: String,
    /// How they are installed here.
    pub installer: Arc<dyn Installer>,
    /// When the centre is asked.
    pub pace: Pace,
    /// Largest file taken, in bytes; [`LARGEST`] unless told.
    pub largest: u64,
}

impl fmt::Debug for UpdateConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateConfig")
            .field("target", &self.target)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// When the centre is asked for updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From sign-in to the first time.
    pub first: Duration,
    /// Up to this much later than `first`, so that a shift that begins does not ask as one.
    pub spread: Duration,
    /// From one time to the next.
    pub every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(3 * 60),
            spread: Duration::from_secs(20 * 60),
            every: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Pace {
    /// How long after `since`, when somebody signed in, the centre is asked; `last` is how long
    /// after `since` it was asked last, `luck` from 0 to 1 is drawn once for this program.
    #[must_use]
    pub(crate) fn due(&self, last: Option<Duration>, luck: f64) -> Duration {
        match last {
            None => self.first + self.spread.mul_f64(luck.clamp(0.0, 1.0)),
            Some(last) => last + self.every,
        }
    }
}

/// Installs updates on one kind of computer.
pub trait Installer: Send + Sync {
    /// Whether the desk installs its updates here. Where the system's packages do, it only tells
    /// that there is something newer.
    fn installs(&self) -> bool;

    /// Begins to install a file that has just been verified and is held open. The program ends
    /// right after, and should be started again by what is begun here.
    ///
    /// # Errors
    /// What the system says; the program goes on.
    fn begin(&self, file: &Path) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_is_spread_and_the_others_follow_daily() {
        let pace = Pace::default();
        assert_eq!(pace.due(None, 0.0), Duration::from_secs(180));
        assert_eq!(pace.due(None, 1.0), Duration::from_secs(180 + 1200));
        let last = Duration::from_secs(200);
        assert_eq!(pace.due(Some(last), 0.5), last + Duration::from_secs(86400));
    }
}
