//! Call waiting: what knocks is taken, whatever the agent is doing.

use super::{
    colleague::answer_of,
    control::{to_agent, to_number},
    *,
};
use crate::switch::Answer;
use seatline_contract::queue::CallPolicy;

impl World {
    fn may_wait(&self, n: u128) {
        let policy = CallPolicy {
            auto_answer: false,
            call_waiting: true,
        };
        self.inner().set_policy(agent(n), policy);
    }

    /// Agent `n` calls agent 1 in person, at whom it knocks.
    async fn knocks(&self, n: u128, offers: usize) -> (PartyId, Offer) {
        self.present(n).await;
        let met = self.calls.snapshot_for(agent(n)).await;
        met.expect("runs");
        let party = self.switch.party();
        self.switch.raise(Event::Arrived {
            party,
            origin: Origin::Agent {
                user: line_user(agent(n)),
                dialled: PhoneNumber::new(format!("colleague-{}", agent(1))),
            },
        });
        let (who, offer) = self.offer(offers).await;
        assert_eq!(who, agent(1));
        (party, offer)
    }

    /// Agent 1 takes what knocks: the desk rings as the `dials`th and answers by itself.
    async fn takes(&self, offer: &Offer, dials: usize) -> PartyId {
        let taken = self.inner().take(agent(1), offer.id);
        taken.expect("knocks");
        let (line, dial) = self.rung(dials).await;
        assert_eq!(answer_of(&dial), Some(Answer::Talk));
        self.switch.raise(Event::Answered(line));
        line
    }
}

#[tokio::test]
async fn a_conference_goes_on_without_the_agent_and_asks_them_back() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.may_wait(1);
    world.present(2).await;
    let inner = world.inner();
    let asked = inner.consult(agent(1), contact, to_agent(2)).await;
    asked.expect("may");
    let colleague = world.answers(1).await;
    world.hears(desk, &[colleague]).await;
    inner.merge(agent(1), contact).expect("two lines");
    world
        .soon(|world| world.switch.heard_by(customer).len() == 2)
        .await;

    let (other, offer) = world.knocks(3, 2).await;
    let line = world.takes(&offer, 2).await;
    world.hung_up(desk).await;
    world.hears(line, &[other]).await;
    world.hears(customer, &[colleague]).await;
    world.hears(colleague, &[customer]).await;

    world.gone(other, None);
    let (who, offer) = world.offer(3).await;
    assert_eq!((who, offer.contact.id), (agent(1), contact));
    // Nobody is put on hold by it.
    world.hears(customer, &[colleague]).await;
    let back = world.answers(3).await;
    world.hears(customer, &[colleague, back]).await;
    world
        .soon(|world| world.switch.heard_by(back).len() == 2)
        .await;
}

#[tokio::test]
async fn who_is_consulted_is_let_go_and_the_customer_parked() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.may_wait(1);
    world.present(2).await;
    let inner = world.inner();
    for answered in [false, true] {
        let nth = if answered { 4 } else { 1 };
        let asked = inner.consult(agent(1), contact, to_agent(2)).await;
        asked.expect("may");
        let (colleague, _) = world.rung(nth).await;
        if answered {
            world.switch.raise(Event::Answered(colleague));
            world
                .soon(|world| !world.switch.heard_by(colleague).is_empty())
                .await;
        }
        let (other, offer) = world.knocks(3, nth + 1).await;
        let line = world.takes(&offer, nth + 1).await;
        world.hung_up(colleague).await;
        world.hears(line, &[other]).await;
        assert!(world.switch.heard_by(customer).is_empty());
        world.gone(other, None);
        let (who, offer) = world.offer(nth + 2).await;
        assert_eq!((who, offer.contact.id), (agent(1), contact));
        let back = world.answers(nth + 2).await;
        world.hears(customer, &[back]).await;
    }
    world.hung_up(desk).await;
}

#[tokio::test]
async fn a_colleague_hears_music_until_the_agent_is_back() {
    for by_caller in [true, false] {
        let world = World::new();
        // Agent 1 calls agent 2, or the other way round.
        let (own, other, contact) = if by_caller {
            world.colleagues().await
        } else {
            world.present(1).await;
            world.present(2).await;
            let (other, offer) = world.knocks(2, 0).await;
            let (own, _) = world.rung(0).await;
            (own, other, offer.contact.id)
        };
        let rings = if by_caller { other } else { own };
        world.switch.raise(Event::Answered(rings));
        world.hears(own, &[other]).await;
        world.talks(2, contact).await;
        world.may_wait(1);

        let (third, offer) = world.knocks(3, 1).await;
        let line = world.takes(&offer, 1).await;
        world.hung_up(own).await;
        world.told(&Told::Play(other, Sound::Music)).await;
        world.hears(line, &[third]).await;
        assert!(world.switch.heard_by(other).is_empty());
        assert_eq!(world.presence(2), Presence::Busy);

        world.gone(third, None);
        let (who, offer) = world.offer(2).await;
        assert_eq!((who, offer.contact.id), (agent(1), contact));
        let back = world.answers(2).await;
        world.hears(other, &[back]).await;
        world.hears(back, &[other]).await;
        world.gone(back, None);
        world.hung_up(other).await;
        world
            .soon(|world| world.inner().state.lock().live.is_empty())
            .await;
    }
}

#[tokio::test]
async fn who_cannot_go_on_alone_is_not_left() {
    let world = World::new();
    let (customer, desk, contact) = world.conversation().await;
    world.may_wait(1);
    let inner = world.inner();
    let asked = inner.consult(agent(1), contact, to_number("10086")).await;
    asked.expect("may");
    let outside = world.answers(1).await;
    world.hears(desk, &[outside]).await;
    inner.merge(agent(1), contact).expect("two lines");
    let (_, offer) = world.knocks(3, 1).await;
    let refused = inner.take(agent(1), offer.id).expect_err("is refused");
    assert_eq!(refused.error().code, Code::Conflict);
    world
        .soon(|world| world.switch.heard_by(customer).len() == 2)
        .await;
    assert_eq!(world.presence(1), Presence::Busy);
}
