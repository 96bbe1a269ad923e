//! Bad luck.

use super::{watch::supervisor, *};
use crate::calls::{LateNotes, Surroundings};
use seatline_contract::identity::{Person, Role};

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

#[tokio::test]
async fn only_who_has_a_contact_or_steers_its_agent_gives_it_to_a_customer() {
    let world = World::new();
    let (customer, _, contact) = world.conversation().await;
    let plain = |n| Person {
        role: Role::Agent,
        ..supervisor(n)
    };
    let other = Known {
        id: CustomerId(Uuid::from_u128(78)),
        name: "李雷".to_owned(),
    };
    let inner = world.inner();
    world.centre.forbid_steering(agent(1));
    for stranger in [plain(2), supervisor(3)] {
        let refused = inner.link(&stranger, contact, other.clone()).await;
        let code = refused.expect_err("not theirs").error().code;
        assert_eq!(code, Code::NotFound);
    }
    let before = world.seen(1, contact).expect("goes on");
    assert_eq!(before.customer_name.as_deref(), Some("王芳"));
    world.gone(customer, None);
    world.contact_in(ContactState::WrapUp).await;
    let linked = inner.link(&plain(1), contact, other.clone()).await;
    let linked = linked.expect("writes its notes").expect("is live");
    assert_eq!(linked.customer, Some(other.id));
    let stored = world.centre.stored(contact).expect("stored");
    assert_eq!(stored.customer, Some(other.id));
}

#[tokio::test]
async fn no_agent_is_at_fault_when_the_centre_can_ring_nobody() {
    let world = World::new();
    world.ready(1).await;
    world.call();
    let (_, offer) = world.offer(0).await;
    let (desk, _) = world.rung(0).await;
    world.switch.raise(Event::Ended {
        party: desk,
        by_far_side: false,
        code: Some(503),
        reason: "no media".to_owned(),
    });
    assert_eq!(world.offer_gone(&offer).await, OfferEnd::LineLost);
    assert_eq!(world.presence(1), Presence::Ready);
    world.advance(2);
    let (who, again) = world.offer(1).await;
    assert_eq!((who, again.contact.id), (agent(1), offer.contact.id));
}

#[tokio::test]
async fn a_write_that_was_done_though_it_was_said_to_have_failed_blocks_no_later_one() {
    let world = World::new();
    world.centre.lose_answers(true);
    let (customer, _, contact) = world.conversation().await;
    world.centre.lose_answers(false);
    world.gone(customer, None);
    let stored = world.stored_in(ContactState::WrapUp).await;
    assert_eq!(stored.id, contact);
}
