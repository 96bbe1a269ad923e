//! Which headsets have keys of their own, and whether they can be used.

use super::{Fact, Finding, Item, Outcome, Reason};
use seatline_audio::{Access, ButtonDevice, list_buttons};

/// Tries every headset there is. None is well, too.
pub(super) fn look() -> Finding {
    match list_buttons() {
        Ok(headsets) => judge(&headsets),
        Err(error) => Finding::new(Item::Buttons, Outcome::Warned)
            .because(Reason::ButtonsFail)
            .with(Fact::Detail, error.to_string()),
    }
}

fn judge(headsets: &[ButtonDevice]) -> Finding {
    let names = |usable: bool| {
        let those = headsets
            .iter()
            .filter(|it| (it.access == Access::Works) == usable);
        let names: Vec<&str> = those.map(|it| it.name.as_str()).collect();
        names.join("; ")
    };
    let trouble = headsets.iter().find_map(|it| match &it.access {
        Access::Works | Access::NotChosen => None,
        Access::Forbidden => Some((Reason::ButtonsForbidden, None)),
        Access::Taken => Some((Reason::ButtonsTaken, None)),
        Access::Failed(detail) => Some((Reason::ButtonsFail, Some(detail))),
    });
    let mut finding = match trouble {
        Some((reason, detail)) => {
            let finding = Finding::new(Item::Buttons, Outcome::Warned).because(reason);
            match detail {
                Some(detail) => finding.with(Fact::Detail, detail),
                None => finding,
            }
        }
        None if headsets.is_empty() => {
            Finding::new(Item::Buttons, Outcome::Passed).because(Reason::NoButtons)
        }
        None => Finding::new(Item::Buttons, Outcome::Passed),
    };
    for (fact, names) in [(Fact::Usable, names(true)), (Fact::Unusable, names(false))] {
        if !names.is_empty() {
            finding = finding.with(fact, names);
        }
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headset(name: &str, access: Access) -> ButtonDevice {
        ButtonDevice {
            name: name.into(),
            access,
        }
    }

    #[test]
    fn none_is_well_and_one_that_cannot_be_used_is_named_with_its_reason() {
        let none = judge(&[]);
        assert_eq!(none.outcome, Outcome::Passed);
        assert_eq!(none.reason, Some(Reason::NoButtons));

        let good = judge(&[headset("Blackwire 3220", Access::Works)]);
        assert_eq!((good.outcome, good.reason), (Outcome::Passed, None));
        assert_eq!(good.facts[&Fact::Usable], "Blackwire 3220");

        for (access, reason) in [
            (Access::Forbidden, Reason::ButtonsForbidden),
            (Access::Taken, Reason::ButtonsTaken),
            (Access::Failed("broken pipe".into()), Reason::ButtonsFail),
        ] {
            let mixed = judge(&[
                headset("Blackwire 3220", Access::Works),
                headset("Link 380", access),
            ]);
            assert_eq!(mixed.outcome, Outcome::Warned);
            assert_eq!(mixed.reason, Some(reason));
            assert_eq!(mixed.facts[&Fact::Unusable], "Link 380");
        }
    }
}
