//! Bad luck.

use super::*;
use crate::calls::{LateNotes, Surroundings};

#[tokio::test]
async fn a_number_nobody_serves_is_refused() {
    let world = World::new();
    let party = world.switch.party();
    world.switch.raise(Event::Arrived {
        party,
        origin: Origin::Trunk {
            called: Some(PhoneNumber::new("999")),
            caller: None,
            name: None,
        },
    });
    assert_eq!(world.hung_up(party).await.code, 404);
    assert!(world.centre.all_stored().is_empty());
}

#[tokio::test]
async fn calls_go_on_while_the_disk_is_full_and_are_stored_later() {
    let world = World::new();
    world.centre.fail_writes(true);
    let (customer, _, contact) = world.conversation().await;
    let kept = world
        .inner()
        .wrap_up(agent(1), contact, notes(None, false))
        .await;
    assert_eq!(
        kept.expect_err("not stored").error().code,
        Code::Unavailable
    );
    world.gone(customer, None);
    world.contact_in(ContactState::WrapUp).await;
    assert!(world.centre.all_stored().is_empty());
    world.centre.fail_writes(false);
    let stored = world.stored_in(ContactState::WrapUp).await;
    assert_eq!((stored.id, stored.note.as_str()), (contact, "换货"));
}

#[tokio::test]
async fn a_stopping_centre_ends_its_calls_and_takes_no_more() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.calls.shutdown().await;
    world.hung_up(customer).await;
    world.hung_up(desk).await;
    world.told(&Told::Stop).await;
    let stored = world.centre.stored(contact).expect("stored");
    assert_eq!(stored.ended_by, Some(EndedBy::Centre));
    let late = world.call();
    assert_eq!(world.hung_up(late).await.code, 503);
}

#[tokio::test]
async fn notes_are_only_taken_from_whose_contact_it_is() {
    let world = World::new();
    let (_, _, contact) = world.conversation().await;
    let stranger = world
        .inner()
        .wrap_up(agent(2), contact, notes(None, false))
        .await;
    assert_eq!(
        stranger.expect_err("not theirs").error().code,
        Code::NotFound
    );
    let late = LateNotes {
        contact,
        agent: agent(2),
        disposition: None,
        note: String::new(),
    };
    assert_eq!(world.centre.save_late_notes(&late).await.ok(), Some(false));
}
