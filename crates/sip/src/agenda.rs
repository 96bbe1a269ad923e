//! What is due when.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    time::Instant,
};

/// At most one time for each key, and the earliest of them quickly.
#[derive(Debug)]
pub(crate) struct Agenda<K> {
    times: HashMap<K, Instant>,
    order: BTreeSet<(Instant, K)>,
}

impl<K: Clone + Ord + Hash> Agenda<K> {
    pub(crate) fn new() -> Self {
        Self {
            times: HashMap::new(),
            order: BTreeSet::new(),
        }
    }

    /// Sets, moves or (with `None`) removes a key's time.
    pub(crate) fn set(&mut self, key: K, at: Option<Instant>) {
        if let Some(old) = self.times.remove(&key) {
            self.order.remove(&(old, key.clone()));
        }
        if let Some(at) = at {
            self.times.insert(key.clone(), at);
            self.order.insert((at, key));
        }
    }

    /// The earliest time.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes out one key whose time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.order.pop_first()?;
        self.times.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn keys_come_out_in_time_order_and_moved_keys_once() {
        let start = Instant::now();
        let at = |seconds| Some(start + Duration::from_secs(seconds));
        let mut agenda = Agenda::new();
        agenda.set("a", at(3));
        agenda.set("b", at(2));
        agenda.set("a", at(1));
        agenda.set("c", at(1));
        agenda.set("c", None);
        assert_eq!(agenda.next(), at(1));
        assert_eq!(agenda.take_due(start), None);
        let later = start + Duration::from_secs(9);
        assert_eq!(agenda.take_due(later), Some("a"));
        assert_eq!(agenda.take_due(later), Some("b"));
        assert_eq!(agenda.take_due(later), None);
        assert_eq!(agenda.next(), None);
    }
}
