//! Whole calls on a switch without calls, on a clock that the test sets.

mod colleague;
mod control;
mod outbound;
mod third;
mod trouble;
mod waiting;
mod watch;

use super::{Calls, Inner, Known, QueueInfo, Record, SimulatedSurroundings, prepare};
use crate::{
    acd::{DECLINED, MISSED, QueueSetUp, Terms},
    clock::Clock,
    identity::line_user,
    switch::{
        Dial, Ending, Event, Origin, PartyId, Sound,
        simulated::{Simulated, Told},
    },
};
use seatline_contract::{
    contact::{Contact, ContactState, EndedBy, Offer, OfferEnd, WrapUp},
    error::Code,
    event::Change,
    id::{AgentId, ContactId, CustomerId, QueueId},
    presence::{Presence, PresenceChoice},
    secret::PhoneNumber,
    time::UnixMs,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

const CUSTOMER: &str = "+8613800138000";
const HOTLINE: &str = "4008001234";

struct World {
    calls: Calls,
    switch: Arc<Simulated>,
    centre: Arc<SimulatedSurroundings>,
    time: Arc<AtomicI64>,
}

/// A test that waits longer has failed.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work)
        .await
        .expect("it never happened")
}

fn agent(n: u128) -> AgentId {
    AgentId(Uuid::from_u128(n))
}

fn not_ready(reason: &str) -> Presence {
    Presence::NotReady {
        reason: reason.to_owned(),
    }
}

impl World {
    /// A centre with one queue served by two agents, neither of them there yet.
    fn new() -> Self {
        let (switch, events) = Simulated::new();
        let switch = Arc::new(switch);
        let centre = Arc::new(SimulatedSurroundings::default());
        centre.know(
            CUSTOMER,
            Known {
                id: CustomerId(Uuid::from_u128(77)),
                name: "王芳".to_owned(),
            },
        );
        let (calls, driver) = prepare();
        let queue = QueueInfo {
            id: QueueId(Uuid::from_u128(9)),
            name: "售后热线".to_owned(),
            numbers: vec![HOTLINE.to_owned()],
            auto_answer: false,
            set_up: QueueSetUp {
                terms: Terms {
                    ring_ms: 20_000,
                    wrap_up_ms: Some(30_000),
                    disposition_required: true,
                },
                agents: [agent(1), agent(2)].into(),
            },
        };
        let time = Arc::new(AtomicI64::new(1_700_000_000_000));
        let hands = time.clone();
        let clock = Clock::from_fn(move || UnixMs(hands.load(Ordering::Relaxed)));
        driver.start(
            switch.clone(),
            events,
            centre.clone(),
            clock,
            None,
            vec![queue],
        );
        Self {
            calls,
            switch,
            centre,
            time,
        }
    }

    fn advance(&self, seconds: i64) {
        self.time.fetch_add(seconds * 1_000, Ordering::Relaxed);
        self.inner().wake.notify_one();
    }

    fn inner(&self) -> &Arc<Inner> {
        self.calls.running().expect("started")
    }

    fn presence(&self, n: u128) -> Presence {
        self.inner().state.lock().acd.presence(agent(n)).presence
    }

    async fn ready(&self, n: u128) {
        self.calls.desk_online(agent(n));
        self.switch.raise(Event::LineUp(line_user(agent(n))));
        within(async {
            while !self.inner().state.lock().acd.has_line(agent(n)) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        self.inner()
            .choose(agent(n), PresenceChoice::Ready)
            .expect("has a line");
    }

    fn call(&self) -> PartyId {
        let party = self.switch.party();
        self.switch.raise(Event::Arrived {
            party,
            origin: Origin::Trunk {
                called: Some(PhoneNumber::new(HOTLINE)),
                caller: Some(PhoneNumber::new(CUSTOMER)),
                name: None,
            },
        });
        party
    }

    /// Waits for the nth offer, counted from 0.
    async fn offer(&self, n: usize) -> (AgentId, Offer) {
        let found = |centre: &SimulatedSurroundings| {
            let published = centre.published();
            let offers = published
                .into_iter()
                .filter_map(|(agent, change)| match change {
                    Change::Offered { offer } => Some((agent, offer)),
                    _ => None,
                });
            offers.into_iter().nth(n)
        };
        within(self.centre.wait_for(found)).await
    }

    async fn offer_gone(&self, offer: &Offer) -> OfferEnd {
        self.change(|change| match change {
            Change::OfferGone { id, end } if *id == offer.id => Some(*end),
            _ => None,
        })
        .await
    }

    async fn change<T>(&self, wanted: impl Fn(&Change) -> Option<T>) -> T {
        let found = |centre: &SimulatedSurroundings| {
            let published = centre.published();
            published.iter().find_map(|(_, change)| wanted(change))
        };
        within(self.centre.wait_for(found)).await
    }

    async fn contact_in(&self, state: ContactState) -> Contact {
        self.change(|change| match change {
            Change::Contact { contact } if contact.state == state => Some(contact.clone()),
            _ => None,
        })
        .await
    }

    async fn stored_in(&self, state: ContactState) -> Record {
        let found = |centre: &SimulatedSurroundings| {
            centre
                .all_stored()
                .into_iter()
                .find(|record| record.state == state)
        };
        within(self.centre.wait_for(found)).await
    }

    /// The nth desk rung, counted from 0.
    async fn rung(&self, n: usize) -> (PartyId, Dial) {
        let mut seen = 0;
        let mut last = None;
        within(self.switch.wait_for(|told| match told {
            Told::Dial(party, dial) if last.is_none_or(|last| *party > last) => {
                last = Some(*party);
                seen += 1;
                (seen == n + 1).then(|| (*party, dial.clone()))
            }
            _ => None,
        }))
        .await
    }

    async fn told(&self, wanted: &Told) {
        within(self.switch.wait_for(|told| (told == wanted).then_some(()))).await;
    }

    async fn hung_up(&self, party: PartyId) -> Ending {
        within(self.switch.wait_for(|told| match told {
            Told::HangUp(who, ending) if *who == party => Some(ending.clone()),
            _ => None,
        }))
        .await
    }

    fn gone(&self, party: PartyId, code: Option<u16>) {
        self.switch.raise(Event::Ended {
            party,
            by_far_side: true,
            code,
            reason: String::new(),
        });
    }

    /// A customer and agent 1 in conversation.
    async fn conversation(&self) -> (PartyId, PartyId, ContactId) {
        self.ready(1).await;
        let customer = self.call();
        let (_, offer) = self.offer(0).await;
        let (desk, _) = self.rung(0).await;
        self.switch.raise(Event::Answered(desk));
        self.told(&Told::Hear(customer, vec![desk])).await;
        self.contact_in(ContactState::Connected).await;
        (customer, desk, offer.contact.id)
    }
}

fn notes(disposition: Option<&str>, done: bool) -> WrapUp {
    WrapUp {
        disposition: disposition.map(str::to_owned),
        note: "换货".to_owned(),
        done,
    }
}

#[tokio::test]
async fn a_call_is_greeted_offered_answered_held_and_closed() {
    let world = World::new();
    world.ready(1).await;
    let customer = world.call();
    world.told(&Told::Answer(customer)).await;
    world.told(&Told::Play(customer, Sound::Greeting)).await;
    world.switch.raise(Event::Played(customer));
    world.told(&Told::Play(customer, Sound::Music)).await;

    let (who, offer) = world.offer(0).await;
    assert_eq!(who, agent(1));
    assert_eq!(offer.contact.customer_name.as_deref(), Some("王芳"));
    assert_eq!(offer.contact.number.display, CUSTOMER);
    let (desk, dial) = world.rung(0).await;
    let Dial::Agent { user, contact, .. } = dial else {
        panic!("not a desk: {dial:?}");
    };
    assert_eq!((user, contact), (line_user(agent(1)), offer.contact.id));
    assert_eq!(world.presence(1), Presence::Offered);
    assert_eq!(
        world.centre.stored(contact).map(|record| record.state),
        Some(ContactState::Offered)
    );

    world.switch.raise(Event::Answered(desk));
    world.told(&Told::Hear(customer, vec![desk])).await;
    assert_eq!(world.offer_gone(&offer).await, OfferEnd::Accepted);
    let connected = world.contact_in(ContactState::Connected).await;
    assert!(connected.connected.is_some());
    assert_eq!(world.presence(1), Presence::Busy);

    world.switch.raise(Event::Held(desk));
    world.contact_in(ContactState::Held).await;
    world.told(&Told::Play(desk, Sound::Silence)).await;
    world.switch.raise(Event::Resumed(desk));
    world.switch.raise(Event::Digit(customer, '5'));
    let digit = world
        .change(|change| match change {
            Change::Digit { digit, .. } => Some(digit.clone()),
            _ => None,
        })
        .await;
    assert_eq!(digit, "5");

    world.gone(customer, None);
    world.hung_up(desk).await;
    let over = world.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Customer));
    assert!(over.disposition_required && over.wrap_up_deadline.is_some());
    assert_eq!(world.presence(1), Presence::WrapUp);

    let inner = world.inner();
    let refused = inner.wrap_up(agent(1), contact, notes(None, true)).await;
    let code = refused.expect_err("no disposition").error().code;
    assert_eq!(code, Code::DispositionRequired);
    // What was typed is kept all the same.
    let saved = inner.wrap_up(agent(1), contact, notes(None, false)).await;
    assert_eq!(saved.expect("kept").expect("live").note, "换货");
    let closed = inner
        .wrap_up(agent(1), contact, notes(Some("resolved"), true))
        .await;
    let closed = closed.expect("closed").expect("was live");
    assert_eq!(closed.state, ContactState::Closed);
    assert_eq!(closed.disposition.as_deref(), Some("resolved"));
    let stored = world.stored_in(ContactState::Closed).await;
    assert_eq!((stored.id, stored.note.as_str()), (contact, "换货"));
    assert_eq!(stored.agent, Some(agent(1)));
    assert_eq!(world.presence(1), Presence::Ready);
    let gone = world
        .change(|change| match change {
            Change::ContactGone { id } => Some(*id),
            _ => None,
        })
        .await;
    assert_eq!(gone, contact);

    // The outbox delivers late: the notes of a closed contact are kept too.
    let late = inner
        .wrap_up(agent(1), contact, notes(Some("callback"), true))
        .await;
    assert!(late.expect("kept").is_none());
    let stored = world.centre.stored(contact).expect("stored");
    assert_eq!(stored.disposition.as_deref(), Some("callback"));
}

#[tokio::test]
async fn the_offer_is_told_before_the_desk_rings() {
    let world = World::new();
    world.ready(1).await;
    world.call();
    // Both are recorded by the same task: when the desk is rung, the offer must have been told.
    world.rung(0).await;
    let told = world.centre.published();
    assert!(
        told.iter()
            .any(|(_, change)| matches!(change, Change::Offered { .. }))
    );
}

#[tokio::test]
async fn a_missed_call_goes_to_the_next_agent_and_a_late_answer_to_nobody() {
    let world = World::new();
    world.ready(1).await;
    let customer = world.call();
    let (_, offer) = world.offer(0).await;
    let (desk, _) = world.rung(0).await;
    world.ready(2).await;
    world.advance(21);
    assert_eq!(world.offer_gone(&offer).await, OfferEnd::Missed);
    assert_eq!(world.presence(1), not_ready(MISSED));
    world.hung_up(desk).await;
    let (who, second) = world.offer(1).await;
    assert_eq!(who, agent(2));
    assert_eq!(second.contact.id, offer.contact.id);
    assert_eq!(second.contact.created, offer.contact.created);
    world.switch.raise(Event::Answered(desk));
    let (other, _) = world.rung(1).await;
    world.switch.raise(Event::Answered(other));
    world.told(&Told::Hear(customer, vec![other])).await;
    assert!(
        !world
            .switch
            .told()
            .contains(&Told::Hear(customer, vec![desk]))
    );
    assert_eq!(world.presence(2), Presence::Busy);
}

#[tokio::test]
async fn declining_by_api_or_by_telephone_is_the_same() {
    for by_telephone in [false, true] {
        let world = World::new();
        world.ready(1).await;
        world.call();
        let (_, offer) = world.offer(0).await;
        let (desk, _) = world.rung(0).await;
        if by_telephone {
            world.gone(desk, Some(603));
        } else {
            let stranger = world.inner().decline(agent(2), offer.id);
            assert_eq!(
                stranger.expect_err("not theirs").error().code,
                Code::Conflict
            );
            world.inner().decline(agent(1), offer.id).expect("stands");
            world.hung_up(desk).await;
        }
        assert_eq!(world.offer_gone(&offer).await, OfferEnd::Declined);
        assert_eq!(world.presence(1), not_ready(DECLINED));
        let queued = world.stored_in(ContactState::Queued).await;
        assert_eq!(queued.agent, None);
        let again = world.inner().decline(agent(1), offer.id);
        assert_eq!(again.expect_err("over").error().code, Code::Conflict);
    }
}

#[tokio::test]
async fn a_caller_who_leaves_is_noticed_at_every_step() {
    // While waiting.
    let world = World::new();
    let customer = world.call();
    world.stored_in(ContactState::Queued).await;
    world.gone(customer, None);
    let stored = world.stored_in(ContactState::Abandoned).await;
    assert_eq!(stored.ended_by, Some(EndedBy::Customer));
    assert_eq!(stored.customer_name.as_deref(), Some("王芳"));

    // While ringing.
    let world = World::new();
    world.ready(1).await;
    let customer = world.call();
    let (_, offer) = world.offer(0).await;
    let (desk, _) = world.rung(0).await;
    world.gone(customer, None);
    assert_eq!(world.offer_gone(&offer).await, OfferEnd::CallerGone);
    world.hung_up(desk).await;
    world.stored_in(ContactState::Abandoned).await;
    assert_eq!(world.presence(1), Presence::Ready);
}

#[tokio::test]
async fn a_line_lost_while_ringing_gives_the_call_back() {
    let world = World::new();
    world.ready(1).await;
    world.call();
    let (_, offer) = world.offer(0).await;
    world.rung(0).await;
    world.switch.raise(Event::LineDown(line_user(agent(1))));
    assert_eq!(world.offer_gone(&offer).await, OfferEnd::LineLost);
    world.ready(2).await;
    let (who, _) = world.offer(1).await;
    assert_eq!(who, agent(2));
    let refused = world.inner().choose(agent(1), PresenceChoice::Ready);
    assert_eq!(
        refused.expect_err("no line").error().code,
        Code::LineNotReady
    );
}

#[tokio::test]
async fn a_call_outlives_the_desk_until_nothing_is_heard() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.switch.raise(Event::LineDown(line_user(agent(1))));
    world.calls.desk_lost(agent(1));
    world.advance(40);
    assert_eq!(world.presence(1), Presence::Busy);
    let view = world.calls.snapshot_for(agent(1)).await.expect("runs");
    assert_eq!(view.contacts[0].id, contact);
    world.switch.raise(Event::Silent(desk, 5_000));
    world.switch.raise(Event::Held(desk));
    world.contact_in(ContactState::Held).await;
    world.switch.raise(Event::Silent(desk, 9_000));
    world.switch.raise(Event::Resumed(desk));
    world.told(&Told::Hear(customer, vec![desk])).await;
    assert_eq!(world.presence(1), Presence::Busy);
    world.switch.raise(Event::Silent(desk, 20_000));
    world.hung_up(customer).await;
    let over = world.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Centre));
    assert_eq!(world.presence(1), Presence::Offline);
    world.calls.desk_online(agent(1));
    assert_eq!(world.presence(1), Presence::WrapUp);
}

#[tokio::test]
async fn a_call_left_at_another_desk_ends_as_soon_as_nothing_is_heard() {
    let world = World::new();
    let (customer, desk, _) = world.conversation().await;
    world.calls.desk_replaced(agent(1));
    world.calls.desk_online(agent(1));
    world.switch.raise(Event::Silent(desk, 5_000));
    world.switch.raise(Event::Silent(desk, 10_000));
    world.hung_up(customer).await;
    let over = world.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Centre));
}

#[tokio::test]
async fn a_held_customer_is_not_left_with_a_desk_that_is_gone() {
    let world = World::new();
    let (customer, desk, _) = world.conversation().await;
    world.switch.raise(Event::Held(desk));
    world.contact_in(ContactState::Held).await;
    world.switch.raise(Event::Silent(desk, 80_000));
    world.switch.raise(Event::Digit(customer, '1'));
    world
        .change(|change| matches!(change, Change::Digit { .. }).then_some(()))
        .await;
    assert_eq!(world.presence(1), Presence::Busy);
    world.calls.desk_lost(agent(1));
    world.hung_up(customer).await;
    let over = world.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Centre));
}

#[tokio::test]
async fn a_silence_that_is_over_does_not_end_a_call_later() {
    let world = World::new();
    let (customer, desk, _) = world.conversation().await;
    world.switch.raise(Event::Silent(desk, 20_000));
    world.switch.raise(Event::Digit(customer, '1'));
    world
        .change(|change| matches!(change, Change::Digit { .. }).then_some(()))
        .await;
    world.advance(300);
    world.calls.desk_lost(agent(1));
    assert_eq!(world.presence(1), Presence::Busy);

    world.calls.desk_online(agent(1));
    world.switch.raise(Event::Silent(desk, 10_000));
    world.switch.raise(Event::Digit(customer, '2'));
    world
        .change(|change| match change {
            Change::Digit { digit, .. } if digit == "2" => Some(()),
            _ => None,
        })
        .await;
    world.advance(6);
    world.calls.desk_lost(agent(1));
    world.hung_up(customer).await;
}

#[tokio::test]
async fn wrap_up_ends_by_the_clock_only_with_a_disposition() {
    let world = World::new();
    let (customer, _, contact) = world.conversation().await;
    world.gone(customer, None);
    world.contact_in(ContactState::WrapUp).await;
    let extended = world
        .inner()
        .extend(agent(1), contact, 60)
        .expect("extends");
    let deadline = extended.wrap_up_deadline.expect("has a clock");
    assert_eq!(deadline.since(extended.ended.expect("ended")), 90_000);
    world.advance(100);
    let overdue = |change: &Change| match change {
        Change::Contact { contact } if contact.state == ContactState::WrapUp => {
            contact.wrap_up_deadline.is_none().then_some(())
        }
        _ => None,
    };
    world.change(overdue).await;
    assert_eq!(world.presence(1), Presence::WrapUp);
    let saved = world
        .inner()
        .wrap_up(agent(1), contact, notes(Some("resolved"), false))
        .await;
    let saved = saved.expect("saved").expect("was live");
    assert_eq!(saved.state, ContactState::Closed);
    assert_eq!(world.presence(1), Presence::Ready);
}

impl World {
    fn dial(&self, n: u128, dialled: &str) -> PartyId {
        let party = self.switch.party();
        self.switch.raise(Event::Arrived {
            party,
            origin: Origin::Agent {
                user: line_user(agent(n)),
                dialled: PhoneNumber::new(dialled),
            },
        });
        party
    }
}
