//! Where the centre's time comes from.

use seatline_contract::time::UnixMs;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Tells the time in the form used on the wire. Clones tell the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixMs + Send + Sync>);

impl Clock {
    /// The machine's wall clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let since_epoch = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            UnixMs(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
        }))
    }

    /// A clock that begins at `start` and advances with the runtime's own time, so that a paused
    /// runtime also pauses it.
    #[must_use]
    pub fn runtime(start: UnixMs) -> Self {
        let begin = tokio::time::Instant::now();
        Self(Arc::new(move || {
            start.plus(i64::try_from(begin.elapsed().as_millis()).unwrap_or(i64::MAX))
        }))
    }

    /// Any other source of time.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> UnixMs + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now().0)
    }
}
