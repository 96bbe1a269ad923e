//! Whether sound finds free UDP ports.

use super::{Fact, Finding, Item, Outcome, Reason};
use std::{
    net::{Ipv4Addr, UdpSocket},
    ops::RangeInclusive,
};

/// Fewer free ones do not serve a call and the next.
const FEWEST: usize = 4;

/// Tries the ports of the policy, or any.
pub(super) fn look(range: Option<RangeInclusive<u16>>) -> Finding {
    let is_free = |port: &u16| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
    let Some(range) = range else {
        return if is_free(&0) {
            Finding::new(Item::MediaPorts, Outcome::Passed)
        } else {
            Finding::new(Item::MediaPorts, Outcome::Failed).because(Reason::PortsTaken)
        };
    };
    let free = range.clone().filter(is_free).count();
    let finding = if free < FEWEST {
        Finding::new(Item::MediaPorts, Outcome::Failed).because(Reason::PortsTaken)
    } else if free < range.len() {
        Finding::new(Item::MediaPorts, Outcome::Warned).because(Reason::SomePortsTaken)
    } else {
        Finding::new(Item::MediaPorts, Outcome::Passed)
    };
    finding
        .with(Fact::Ports, format!("{}-{}", range.start(), range.end()))
        .with(Fact::Free, free.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_ports_are_counted() {
        // A range that nobody else has: found by holding its ports.
        let (first, mut held) = (42_000_u16..60_000)
            .step_by(10)
            .find_map(|first| {
                let bind = |port| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).ok();
                let held: Option<Vec<UdpSocket>> = (first..first + 5).map(bind).collect();
                Some((first, held?))
            })
            .unwrap();
        let range = first..=first + 4;
        let finding = look(Some(range.clone()));
        assert_eq!(finding.outcome, Outcome::Failed);
        assert_eq!(finding.facts[&Fact::Free], "0");
        held.truncate(1);
        let finding = look(Some(range.clone()));
        assert_eq!(finding.reason, Some(Reason::SomePortsTaken));
        assert_eq!(finding.facts[&Fact::Free], "4");
        held.clear();
        assert_eq!(look(Some(range)).outcome, Outcome::Passed);
        assert_eq!(look(None).outcome, Outcome::Passed);
    }
}
