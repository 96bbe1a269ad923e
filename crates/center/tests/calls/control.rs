//! What an agent does with a call, over real wires: everybody speaks a tone of their own, and every
//! ear is asked whom it hears.

use crate::{
    cable::Cable,
    desk::{Desk, Talk},
    inbound::connect,
    rig::{Rig, within},
    telephone::Line,
};
use futures_util::future::join_all;
use reqwest::Method;
use seatline_contract::{
    ANSWER_HEADER, ANSWER_TALK,
    contact::{Contact, ContactState, Offer, OfferKind},
    event::Change,
    id::ContactId,
    party::{PartyEnd, PartyRole, PartyState},
    presence::Presence,
};
use seatline_media::{
    Codec, SAMPLE_RATE,
    sim::{Headset, level_at, loudness},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a loaded machine may take until sound is as it should be.
const PATIENCE: Duration = Duration::from_secs(25);
/// What the telephone number of somebody outside is, and what it is dialled as.
const OUTSIDE: &str = "01088886666";
const NOTE: &str = "要换货，已核实地址";

/// Somebody with an ear and a voice.
pub(crate) struct Person {
    tone: f32,
    headset: Headset,
}

/// What an ear shall hear.
pub(crate) enum Hears<'a> {
    /// These voices and no other.
    Voices(&'a [f32]),
    /// Music, and no voice.
    Music,
}

pub(crate) const CUSTOMER: f32 = 1_100.0;
pub(crate) const ZHOU: f32 = 700.0;
pub(crate) const LIU: f32 = 1_700.0;
pub(crate) const THIRD: f32 = 2_300.0;
const TONES: [f32; 4] = [CUSTOMER, ZHOU, LIU, THIRD];

impl Person {
    pub(crate) fn new(tone: f32, headset: Headset) -> Self {
        Self {
            tone,
            headset: headset.at_level(0.3),
        }
    }

    pub(crate) fn tone(&self) -> f32 {
        self.tone
    }

    pub(crate) fn at(tone: f32, talk: &Talk) -> Self {
        Self::new(tone, talk.headset())
    }

    pub(crate) fn on(tone: f32, line: &Line) -> Self {
        Self::new(tone, line.headset())
    }
}

/// The share of a sound's tenths of a second in which a tone is heard.
fn share_of(sound: &[f32], tone: f32) -> f32 {
    let windows = sound.chunks_exact(SAMPLE_RATE as usize / 10);
    let count = windows.len().max(1);
    let heard = windows.filter(|window| level_at(window, tone, SAMPLE_RATE) > 0.12);
    heard.count() as f32 / count as f32
}

/// All speak until each hears what they shall. Nobody ever hears themselves.
pub(crate) async fn assert_hearing(people: &mut [(&mut Person, Hears<'_>)]) {
    let begun = Instant::now();
    loop {
        let spell = Duration::from_millis(500);
        let speaking = people
            .iter_mut()
            .map(|(person, _)| person.headset.use_for(spell, person.tone));
        let heard = join_all(speaking).await;
        let mut right = true;
        for ((person, hears), sound) in people.iter().zip(&heard) {
            let shares = TONES.map(|tone| share_of(sound, tone));
            println!("{}: {shares:.2?}", person.tone);
            for (tone, share) in TONES.into_iter().zip(shares) {
                let wanted = match hears {
                    Hears::Voices(voices) => voices.contains(&tone),
                    Hears::Music => false,
                };
                right &= if wanted { share > 0.6 } else { share < 0.01 };
            }
            if let Hears::Music = hears {
                right &= loudness(sound) > 0.004;
            }
        }
        if right {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "somebody hears the wrong thing");
    }
}

pub(crate) async fn assert_two(one: &mut Person, other: &mut Person) {
    let (first, second) = ([one.tone], [other.tone]);
    let people = &mut [
        (one, Hears::Voices(&second)),
        (other, Hears::Voices(&first)),
    ];
    assert_hearing(people).await;
}

pub(crate) async fn assert_waiting(customer: &mut Person) {
    assert_hearing(&mut [(customer, Hears::Music)]).await;
}

impl Desk {
    /// Does something to a contact.
    pub(crate) async fn act(&self, rig: &Rig, contact: ContactId, what: &str, body: Value) {
        let (status, text) = self.try_act(rig, contact, what, body).await;
        assert_eq!(status, 204, "{what}: {text}");
    }

    async fn try_act(
        &self,
        rig: &Rig,
        contact: ContactId,
        what: &str,
        body: Value,
    ) -> (u16, String) {
        let path = format!("/api/v1/contacts/{contact}/{what}");
        rig.try_ask(Some(&self.session.token), Method::POST, &path, &body)
            .await
    }

    /// Finishes the notes of a contact.
    async fn write_up(&self, rig: &Rig, contact: ContactId) {
        let path = format!("/api/v1/contacts/{contact}/wrap-up");
        let notes = json!({ "disposition": "resolved", "note": "", "done": true });
        let _: Value = rig
            .ask(Some(&self.session.token), Method::PUT, &path, &notes)
            .await;
    }

    /// The next offer and its ringing, answered.
    pub(crate) async fn take(&mut self) -> (Offer, Talk) {
        let offer = self.offer().await;
        let rung = self.rung().await;
        (offer, self.answer(rung).await)
    }

    /// Waits until a party of this role stands so in the agent's contact.
    pub(crate) async fn party(&mut self, role: PartyRole, state: PartyState) {
        self.change(&format!("{role:?} is {state:?}"), |change| match change {
            Change::Contact { contact } => contact
                .call?
                .parties
                .iter()
                .any(|party| party.role == role && party.state == state)
                .then_some(()),
            _ => None,
        })
        .await;
    }

    async fn told_gone(&mut self, wanted: PartyEnd) {
        self.change(
            &format!("a party's end: {wanted:?}"),
            |change| match change {
                Change::PartyGone { end, .. } if end == wanted => Some(()),
                _ => None,
            },
        )
        .await;
    }
}

pub(crate) fn to_agent(desk: &Desk) -> Value {
    let target = json!({ "kind": "agent", "agent": desk.session.me.id });
    json!({ "target": target, "note": NOTE })
}

fn to_number(number: &str) -> Value {
    json!({ "target": { "kind": "number", "number": number }, "note": NOTE })
}

fn note_of(contact: &Contact) -> Option<&str> {
    let said = contact.call.as_ref()?.hand_over.as_ref()?;
    Some(said.note.as_str())
}

/// Waits until the offer that says so comes back to the transferor, and takes it.
async fn come_back(desk: &mut Desk, why: PartyEnd) -> Talk {
    let (offer, talk) = desk.take().await;
    match offer.kind {
        OfferKind::Returned { why: told, .. } => assert_eq!(told, why),
        other => panic!("{other:?} instead of a call that comes back: {why:?}"),
    }
    desk.contact_in(ContactState::Connected).await;
    talk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blind_transfer_reaches_a_colleague_a_queue_and_a_number() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let mut liu = rig.desk("liu").await;
    let (mut line, mut talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut customer = Person::on(CUSTOMER, &line);
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;

    // To a colleague who takes nothing from queues; the card says what they need to know.
    zhou.act(&rig, contact.id, "transfer", to_agent(&liu)).await;
    talk.ended().await;
    zhou.presence(Presence::WrapUp).await;
    let offer = liu.offer().await;
    assert!(matches!(&offer.kind, OfferKind::Transfer { from_name } if from_name == "zhou"));
    assert_eq!(note_of(&offer.contact), Some(NOTE));
    let rung = liu.rung().await;
    assert_waiting(&mut customer).await;
    let mut talk = liu.answer(rung).await;
    let connected = liu.contact_in(ContactState::Connected).await;
    assert_eq!(
        (connected.id, note_of(&connected)),
        (contact.id, Some(NOTE))
    );
    assert_two(&mut customer, &mut Person::at(LIU, &talk)).await;

    // To the queue, which the first agent serves again.
    zhou.write_up(&rig, contact.id).await;
    zhou.presence(Presence::Ready).await;
    let queue = contact.queue.unwrap();
    let to_queue = json!({ "target": { "kind": "queue", "queue": queue } });
    liu.act(&rig, contact.id, "transfer", to_queue).await;
    talk.ended().await;
    let (offer, mut talk) = zhou.take().await;
    assert_eq!(
        (offer.contact.id, offer.kind),
        (contact.id, OfferKind::Queue)
    );
    zhou.contact_in(ContactState::Connected).await;
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;

    // Outside: no agent is busy with it, and it ends when the third hangs up.
    zhou.act(&rig, contact.id, "transfer", to_number(OUTSIDE))
        .await;
    talk.ended().await;
    let rung = rig.telephone.rung().await;
    assert_waiting(&mut customer).await;
    let third = rig.telephone.answer(rung, Codec::Pcmu).await;
    assert_two(&mut customer, &mut Person::on(THIRD, &third)).await;
    zhou.presence(Presence::WrapUp).await;
    third.call.hangup(None);
    line.ended().await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consultation_swaps_merges_and_hands_over() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let mut liu = rig.desk("liu").await;
    let (mut line, mut talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let (mut customer, mut first) = (Person::on(CUSTOMER, &line), Person::at(ZHOU, &talk));
    zhou.act(&rig, contact.id, "consult", to_agent(&liu)).await;
    let (offer, mut second_talk) = liu.take().await;
    assert!(matches!(offer.kind, OfferKind::Consult { .. }));
    let mut second = Person::at(LIU, &second_talk);
    zhou.party(PartyRole::Colleague, PartyState::Connected)
        .await;
    assert_hearing(&mut [
        (&mut first, Hears::Voices(&[LIU])),
        (&mut second, Hears::Voices(&[ZHOU])),
        (&mut customer, Hears::Music),
    ])
    .await;
    zhou.act(&rig, contact.id, "swap", json!(null)).await;
    assert_hearing(&mut [
        (&mut first, Hears::Voices(&[CUSTOMER])),
        (&mut second, Hears::Music),
        (&mut customer, Hears::Voices(&[ZHOU])),
    ])
    .await;
    zhou.act(&rig, contact.id, "swap", json!(null)).await;
    zhou.act(&rig, contact.id, "transfer/complete", json!({}))
        .await;
    talk.ended().await;
    zhou.presence(Presence::WrapUp).await;
    assert_two(&mut customer, &mut second).await;

    // The next one adds somebody outside, merges all, and leaves the two alone.
    liu.act(&rig, contact.id, "consult", to_number(OUTSIDE))
        .await;
    let rung = rig.telephone.rung().await;
    let third = rig.telephone.answer(rung, Codec::Pcma).await;
    let mut outside = Person::on(THIRD, &third);
    liu.party(PartyRole::Outside, PartyState::Connected).await;
    liu.act(&rig, contact.id, "merge", json!(null)).await;
    assert_hearing(&mut [
        (&mut second, Hears::Voices(&[CUSTOMER, THIRD])),
        (&mut customer, Hears::Voices(&[LIU, THIRD])),
        (&mut outside, Hears::Voices(&[CUSTOMER, LIU])),
    ])
    .await;
    liu.act(&rig, contact.id, "leave", json!(null)).await;
    second_talk.ended().await;
    assert_two(&mut customer, &mut outside).await;
    line.call.hangup(None);
    line.ended().await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_customer_hears_music_until_somebody_picks_up() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let mut liu = rig.desk("liu").await;
    let (line, mut talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut customer = Person::on(CUSTOMER, &line);
    let path = format!("/api/v1/contacts/{}/park", contact.id);
    let _: Value = rig
        .ask(Some(&zhou.session.token), Method::POST, &path, &())
        .await;
    talk.ended().await;
    let parked = liu
        .change("who is parked", |change| match change {
            Change::Parked { parked } => parked.into_iter().next(),
            _ => None,
        })
        .await;
    assert_eq!(
        (parked.contact, parked.by_name.as_str()),
        (contact.id, "zhou")
    );
    assert_waiting(&mut customer).await;
    let path = format!("/api/v1/parked/{}/pick-up", parked.slot);
    let _: Value = rig
        .ask(Some(&liu.session.token), Method::POST, &path, &())
        .await;
    let rung = liu.rung().await;
    assert_eq!(rung.headers.get(ANSWER_HEADER), Some(ANSWER_TALK));
    let talk = liu.answer(rung).await;
    liu.contact_in(ContactState::Connected).await;
    assert_two(&mut customer, &mut Person::at(LIU, &talk)).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_can_not_or_will_not_gives_the_customer_back() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let cable = Cable::plug(&rig).await;
    let mut liu = Desk::open_at(&rig, "liu", cable.port).await;
    let stranger = rig
        .add_person("ma", seatline_contract::identity::Role::Agent)
        .await;
    let (line, mut talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut customer = Person::on(CUSTOMER, &line);

    // Not signed in: said at once, and nothing has changed.
    let nobody = json!({ "target": { "kind": "agent", "agent": stranger.id } });
    let (status, text) = zhou.try_act(&rig, contact.id, "transfer", nobody).await;
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("\"colleague_unavailable\""), "{text}");
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;

    // Refused.
    zhou.act(&rig, contact.id, "transfer", to_agent(&liu)).await;
    talk.ended().await;
    let rung = liu.rung().await;
    rung.call.reject(603, None).await.unwrap();
    let mut talk = come_back(&mut zhou, PartyEnd::Declined).await;
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;

    // Outside: busy, and no such number.
    for (status, why) in [(486, PartyEnd::Busy), (404, PartyEnd::Unreachable)] {
        zhou.act(&rig, contact.id, "transfer", to_number(OUTSIDE))
            .await;
        talk.ended().await;
        let rung = rig.telephone.rung().await;
        rung.call.reject(status, None).await.unwrap();
        talk = come_back(&mut zhou, why).await;
        assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;
    }

    // A consultation that is refused: the customer is back at once.
    zhou.act(&rig, contact.id, "consult", to_agent(&liu)).await;
    let rung = liu.rung().await;
    rung.call.reject(603, None).await.unwrap();
    zhou.told_gone(PartyEnd::Declined).await;
    let mut agent = Person::at(ZHOU, &talk);
    assert_two(&mut customer, &mut agent).await;

    // Vanishes while it rings.
    zhou.act(&rig, contact.id, "transfer", to_agent(&liu)).await;
    talk.ended().await;
    let _ringing = liu.rung().await;
    assert_waiting(&mut customer).await;
    cable.pull();
    let talk = come_back(&mut zhou, PartyEnd::Unreachable).await;
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_rings_out_gives_the_customer_back() {
    let rig = Rig::start_ringing(10).await;
    let mut zhou = rig.ready("zhou").await;
    let mut liu = rig.desk("liu").await;
    let (line, mut talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut customer = Person::on(CUSTOMER, &line);
    zhou.act(&rig, contact.id, "transfer", to_agent(&liu)).await;
    talk.ended().await;
    let ringing = liu.rung().await;
    ringing.call.ring().await.unwrap();
    // Somebody called in person rings for 30 seconds.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(24) {
        assert_waiting(&mut customer).await;
    }
    let talk = come_back(&mut zhou, PartyEnd::NoAnswer).await;
    println!("back after {:?}", begun.elapsed());
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transferor_may_leave_while_it_rings() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let mut liu = rig.desk("liu").await;
    let (line, mut talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut customer = Person::on(CUSTOMER, &line);
    // Completed before anybody answered, and refused: it comes back.
    zhou.act(&rig, contact.id, "consult", to_agent(&liu)).await;
    let rung = liu.rung().await;
    rung.call.ring().await.unwrap();
    zhou.act(&rig, contact.id, "transfer/complete", json!({}))
        .await;
    talk.ended().await;
    zhou.presence(Presence::WrapUp).await;
    assert_waiting(&mut customer).await;
    rung.call.reject(603, None).await.unwrap();
    let mut talk = come_back(&mut zhou, PartyEnd::Declined).await;
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;

    // The same towards somebody outside, who answers.
    zhou.act(&rig, contact.id, "consult", to_number(OUTSIDE))
        .await;
    let rung = rig.telephone.rung().await;
    rung.call.ring().await.unwrap();
    zhou.act(&rig, contact.id, "transfer/complete", json!({}))
        .await;
    talk.ended().await;
    let third = rig.telephone.answer(rung, Codec::Pcma).await;
    assert_two(&mut customer, &mut Person::on(THIRD, &third)).await;
    third.call.hangup(None);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transferor_who_drops_leaves_nobody_alone() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let cable = Cable::plug(&rig).await;
    let mut liu = Desk::open_at(&rig, "liu", cable.port).await;
    let (line, talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut customer = Person::on(CUSTOMER, &line);
    // Hung up while the colleague rings: the colleague gets the customer.
    zhou.act(&rig, contact.id, "consult", to_agent(&liu)).await;
    let (offer, rung) = (liu.offer().await, liu.rung().await);
    talk.call.hangup(None);
    zhou.presence(Presence::WrapUp).await;
    assert_waiting(&mut customer).await;
    let handed = liu
        .change("the offer is a transfer by now", |change| match change {
            Change::Offered { offer } if offer.kind != OfferKind::Queue => Some(offer),
            _ => None,
        })
        .await;
    assert_eq!(handed.id, offer.id);
    assert!(matches!(handed.kind, OfferKind::Transfer { .. }));
    let talk = liu.answer(rung).await;
    liu.contact_in(ContactState::Connected).await;
    let mut second = Person::at(LIU, &talk);
    assert_two(&mut customer, &mut second).await;

    // Gone for good while it rings elsewhere, and nobody answers there: the queue has the customer.
    zhou.write_up(&rig, contact.id).await;
    liu.act(&rig, contact.id, "transfer", to_agent(&zhou)).await;
    let (_, rung) = (zhou.offer().await, zhou.rung().await);
    cable.pull();
    rung.call.reject(603, None).await.unwrap();
    assert_waiting(&mut customer).await;
    // Declining in person costs nobody their place: the queue's first agent is asked again.
    let (offer, talk) = within("the queue serves them", zhou.take()).await;
    assert_eq!(
        (offer.contact.id, offer.kind),
        (contact.id, OfferKind::Queue)
    );
    let mut first = Person::at(ZHOU, &talk);
    assert_two(&mut customer, &mut first).await;

    // A consultation that was answered: whoever is dropped, the colleague goes on.
    let mut liu = rig.desk("liu").await;
    zhou.act(&rig, contact.id, "consult", to_agent(&liu)).await;
    let (_, second_talk) = liu.take().await;
    zhou.party(PartyRole::Colleague, PartyState::Connected)
        .await;
    talk.call.hangup(None);
    assert_two(&mut customer, &mut Person::at(LIU, &second_talk)).await;
    rig.stop().await;
}
