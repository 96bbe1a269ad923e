//! Which calls are recorded.

use seatline_contract::{
    contact::Direction,
    id::{ContactId, QueueId},
    recording::{RecordingMode, RecordingPolicy},
};

/// What a policy says of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether it is recorded by itself.
    pub(super) record: bool,
    /// Whether its agent may have it recorded.
    pub(super) on_demand: bool,
    /// Whether the customer is told first.
    pub(super) announce: bool,
    /// How long it is kept.
    pub(super) class: String,
}

/// Decides for one call; the same call is always decided alike.
pub(super) fn decide(
    policy: &RecordingPolicy,
    contact: ContactId,
    direction: Direction,
    queue: Option<QueueId>,
) -> Decision {
    let rule = policy.rules.iter().find(|rule| {
        rule.queue.is_none_or(|wanted| Some(wanted) == queue)
            && rule.direction.is_none_or(|wanted| wanted == direction)
    });
    let Some(rule) = rule else {
        return Decision {
            record: false,
            on_demand: false,
            announce: false,
            class: String::new(),
        };
    };
    let (record, on_demand) = match rule.mode {
        RecordingMode::None => (false, false),
        RecordingMode::OnDemand => (false, true),
        RecordingMode::Share { percent } => (lot(contact) < percent, false),
        RecordingMode::All => (true, false),
    };
    Decision {
        record,
        on_demand,
        announce: rule.announce,
        class: rule.class.clone(),
    }
}

/// A number below 100 that belongs to the contact: from the random end of its id.
fn lot(contact: ContactId) -> u8 {
    let (_, random) = contact.0.as_u64_pair();
    // Two bits at the top say which sort of id it is.
    u8::try_from((random << 2 >> 2) % 100).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_contract::recording::RecordingRule;
    use uuid::Uuid;

    fn rule(queue: Option<QueueId>, mode: RecordingMode) -> RecordingRule {
        RecordingRule {
            queue,
            direction: Some(Direction::Inbound),
            mode,
            announce: true,
            class: "standard".into(),
        }
    }

    #[test]
    fn the_first_rule_that_fits_holds_and_none_records_nothing() {
        let (vip, other) = (QueueId(Uuid::new_v4()), QueueId(Uuid::new_v4()));
        let policy = RecordingPolicy {
            rules: vec![
                rule(Some(vip), RecordingMode::OnDemand),
                rule(None, RecordingMode::All),
            ],
            ..RecordingPolicy::default()
        };
        let contact = ContactId(Uuid::now_v7());
        let ask = |direction, queue| decide(&policy, contact, direction, queue);
        assert!(ask(Direction::Inbound, Some(vip)).on_demand);
        assert!(ask(Direction::Inbound, Some(other)).record);
        assert!(ask(Direction::Inbound, None).record);
        let out = ask(Direction::Outbound, Some(other));
        assert!(!out.record && !out.on_demand);
    }

    #[test]
    fn a_share_is_that_share_and_always_the_same_calls() {
        let policy = |percent| RecordingPolicy {
            rules: vec![rule(None, RecordingMode::Share { percent })],
            ..RecordingPolicy::default()
        };
        let contacts: Vec<ContactId> = (0..10_000).map(|_| ContactId(Uuid::now_v7())).collect();
        let recorded = |percent: u8, contact: ContactId| {
            decide(&policy(percent), contact, Direction::Inbound, None).record
        };
        for percent in [1, 30, 99] {
            let count = contacts.iter().filter(|c| recorded(percent, **c)).count();
            let expected = usize::from(percent) * 100;
            assert!(count.abs_diff(expected) < 250, "{count} of {expected}");
        }
        for contact in &contacts[..100] {
            assert!(!recorded(30, *contact) || recorded(60, *contact));
        }
    }
}
