//! Slows down those who guess secrets.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

/// Wrong proofs for one user from one address before it is locked out.
const MOST_FOR_USER: u32 = 5;
/// Wrong proofs from one address before it is locked out.
const MOST_FROM_ADDRESS: u32 = 20;
/// How long a lock lasts, and how long failures are counted.
pub(super) const WINDOW: Duration = Duration::from_secs(60);
/// Most entries kept; more only come from an attack, and then the oldest window is the least loss.
const MOST_ENTRIES: usize = 10_000;

/// Counts failures by user and address. A user is only locked out from where the failures came from, so that nobody can
/// lock an agent out from elsewhere.
#[derive(Debug, Default)]
pub(super) struct Guard {
    failures: HashMap<(Option<String>, IpAddr), (u32, Instant)>,
}

impl Guard {
    pub(super) fn is_locked(&self, user: &str, address: IpAddr, now: Instant) -> bool {
        let count = |key: &(Option<String>, IpAddr)| match self.failures.get(key) {
            Some((count, since)) if now.saturating_duration_since(*since) < WINDOW => *count,
            Some(_) | None => 0,
        };
        count(&(Some(user.to_owned()), address)) >= MOST_FOR_USER
            || count(&(None, address)) >= MOST_FROM_ADDRESS
    }

    pub(super) fn failed(&mut self, user: &str, address: IpAddr, now: Instant) {
        if self.failures.len() >= MOST_ENTRIES {
            self.failures
                .retain(|_, (_, since)| now.saturating_duration_since(*since) < WINDOW);
            if self.failures.len() >= MOST_ENTRIES {
                self.failures.clear();
            }
        }
        for key in [(Some(user.to_owned()), address), (None, address)] {
            let entry = self.failures.entry(key).or_insert((0, now));
            if now.saturating_duration_since(entry.1) >= WINDOW {
                *entry = (0, now);
            }
            entry.0 += 1;
        }
    }

    pub(super) fn succeeded(&mut self, user: &str, address: IpAddr) {
        self.failures.remove(&(Some(user.to_owned()), address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_lock_a_user_for_a_minute_and_only_there() {
        let now = Instant::now();
        let (here, there) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let mut guard = Guard::default();
        for _ in 0..5 {
            assert!(!guard.is_locked("ann", here, now));
            guard.failed("ann", here, now);
        }
        assert!(guard.is_locked("ann", here, now));
        assert!(!guard.is_locked("ann", there, now));
        assert!(!guard.is_locked("bob", here, now));
        assert!(!guard.is_locked("ann", here, now + WINDOW));
    }

    #[test]
    fn twenty_failures_lock_an_address_and_a_success_clears_its_user() {
        let now = Instant::now();
        let here = [192, 0, 2, 1].into();
        let mut guard = Guard::default();
        for user in 0..20 {
            guard.failed(&format!("user{user}"), here, now);
        }
        assert!(guard.is_locked("anyone", here, now));
        let mut guard = Guard::default();
        for _ in 0..4 {
            guard.failed("ann", here, now);
        }
        guard.succeeded("ann", here);
        guard.failed("ann", here, now);
        assert!(!guard.is_locked("ann", here, now));
    }
}
