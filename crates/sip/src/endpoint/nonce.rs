//! Nonces that need no memory until they are used, and proofs that can not be used twice.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

/// How long a nonce is good.
const LIFETIME: Duration = Duration::from_secs(300);

/// What a nonce and its count are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    Good,
    /// It was made here but is too old, or its count was used before.
    Stale,
    /// It was not made here.
    Forged,
}

/// Makes and checks nonces.
///
/// A nonce holds the time it was made, a random part, and a hash over both with a key of this process.
#[derive(Debug)]
pub(super) struct Nonces {
    key: [u8; 32],
    epoch: Instant,
    /// The highest count of each nonce that proved a secret.
    counts: HashMap<String, (u32, Instant)>,
}

impl Nonces {
    pub(super) fn new(key: [u8; 32], epoch: Instant) -> Self {
        Self {
            key,
            epoch,
            counts: HashMap::new(),
        }
    }

    /// A new nonce; `random` must not repeat.
    pub(super) fn issue(&self, random: &str, now: Instant) -> String {
        let age = now.duration_since(self.epoch).as_millis();
        let body = format!("{age:012x}{random}");
        let seal = self.seal(&body);
        format!("{body}{seal}")
    }

    pub(super) fn check(&self, nonce: &str, count: u32, now: Instant) -> Worth {
        let Some((body, seal)) = nonce
            .len()
            .checked_sub(32)
            .and_then(|at| nonce.split_at_checked(at))
        else {
            return Worth::Forged;
        };
        let made = body
            .get(..12)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let Some(made) = made.filter(|_| self.seal(body) == seal) else {
            return Worth::Forged;
        };
        let used = self
            .counts
            .get(nonce)
            .is_some_and(|(last, _)| count <= *last);
        let made = self.epoch + Duration::from_millis(made);
        if used || now.saturating_duration_since(made) > LIFETIME {
            Worth::Stale
        } else {
            Worth::Good
        }
    }

    /// Notes that a proof was accepted, so that it and earlier ones are not again.
    pub(super) fn spend(&mut self, nonce: &str, count: u32, now: Instant) {
        self.counts
            .retain(|_, (_, at)| now.saturating_duration_since(*at) <= LIFETIME * 2);
        self.counts.insert(nonce.to_owned(), (count, now));
    }

    fn seal(&self, body: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(body);
        hash.update(self.key);
        hex::encode(&hash.finalize()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_per_count_and_for_five_minutes() {
        let start = Instant::now();
        let mut nonces = Nonces::new([7; 32], start);
        let nonce = nonces.issue("r1", start);
        assert_eq!(nonces.check(&nonce, 1, start), Worth::Good);
        nonces.spend(&nonce, 1, start);
        assert_eq!(nonces.check(&nonce, 1, start), Worth::Stale);
        assert_eq!(nonces.check(&nonce, 2, start), Worth::Good);
        let late = start + LIFETIME + Duration::from_secs(1);
        assert_eq!(nonces.check(&nonce, 2, late), Worth::Stale);
    }

    #[test]
    fn foreign_and_altered_nonces_are_forged() {
        let start = Instant::now();
        let nonces = Nonces::new([7; 32], start);
        let other = Nonces::new([8; 32], start).issue("r1", start);
        assert_eq!(nonces.check(&other, 1, start), Worth::Forged);
        let mut altered = nonces.issue("r1", start);
        altered.replace_range(0..1, "f");
        assert_eq!(nonces.check(&altered, 1, start), Worth::Forged);
        for short in ["", "x", "\u{e9}", &"\u{e9}".repeat(30)] {
            assert_eq!(nonces.check(short, 1, start), Worth::Forged);
        }
    }
}
