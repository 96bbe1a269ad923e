//! A customer calls.

use crate::{
    desk::{Desk, Talk},
    rig::{HOTLINE, Rig},
    telephone::Line,
};
use reqwest::Method;
use seatline_contract::{
    CONTACT_HEADER,
    contact::{Contact, ContactPage, ContactState, EndedBy, OfferEnd, WrapUp},
    customer::NewCustomer,
    event::Change,
    presence::Presence,
    secret::PhoneNumber,
    ticket::{NewTicket, Priority},
};
use seatline_media::{
    Codec, Direction, SAMPLE_RATE,
    sim::{Headset, level_at, loudness},
};
use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use uuid::Uuid;

const AGENT_TONE: f32 = 700.0;
const CUSTOMER_TONE: f32 = 1_100.0;

/// How long a loaded machine may take until sound is as it should be.
const PATIENCE: Duration = Duration::from_secs(20);

/// Both speak for a while; returns what each heard.
async fn talk(agent: &mut Headset, customer: &mut Headset) -> (Vec<f32>, Vec<f32>) {
    let spell = Duration::from_millis(600);
    tokio::join!(
        agent.use_for(spell, AGENT_TONE),
        customer.use_for(spell, CUSTOMER_TONE)
    )
}

/// The share of a sound's tenths of a second in which a tone is heard loud and clear.
fn share_of(sound: &[f32], tone: f32) -> f32 {
    let windows = sound.chunks_exact(SAMPLE_RATE as usize / 10);
    let count = windows.len().max(1);
    let heard = windows.filter(|window| level_at(window, tone, SAMPLE_RATE) > 0.25);
    heard.count() as f32 / count as f32
}

/// Both hear each other, and only each other.
pub(crate) async fn assert_talking(agent: &mut Headset, customer: &mut Headset) {
    let begun = Instant::now();
    loop {
        let (at_agent, at_customer) = talk(agent, customer).await;
        let agent_hears = share_of(&at_agent, CUSTOMER_TONE);
        let customer_hears = share_of(&at_customer, AGENT_TONE);
        let echo = share_of(&at_agent, AGENT_TONE).max(share_of(&at_customer, CUSTOMER_TONE));
        println!("agent {agent_hears:.2}, customer {customer_hears:.2}, echo {echo:.2}");
        assert!(echo < 0.01, "somebody hears themselves");
        if agent_hears > 0.6 && customer_hears > 0.6 {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "they do not hear each other");
    }
}

/// The customer hears music, the agent nothing, and neither the other.
async fn assert_on_hold(agent: &mut Headset, customer: &mut Headset) {
    let begun = Instant::now();
    loop {
        let (at_agent, at_customer) = talk(agent, customer).await;
        let leak = share_of(&at_customer, AGENT_TONE).max(share_of(&at_agent, CUSTOMER_TONE));
        let (music, silence) = (loudness(&at_customer), loudness(&at_agent));
        println!("on hold: leak {leak:.2}, music {music:.4}, the agent hears {silence:.4}");
        if leak < 0.01 && music > 0.005 && silence < 0.01 {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "hold is not as it should be");
    }
}

/// A call from arrival to conversation.
pub(crate) async fn connect(rig: &Rig, desk: &mut Desk, codec: Codec) -> (Line, Talk, Contact) {
    let mut line = rig.telephone.dial(rig, HOTLINE, codec).await;
    line.answered().await;
    let offer = desk.offer().await;
    let rung = desk.rung().await;
    assert_eq!(
        rung.headers.get(CONTACT_HEADER),
        Some(offer.contact.id.to_string().as_str())
    );
    rung.call.ring().await.unwrap();
    let talk = desk.answer(rung).await;
    assert_eq!(desk.offer_gone().await, OfferEnd::Accepted);
    let contact = desk.contact_in(ContactState::Connected).await;
    (line, talk, contact)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_answered_held_resumed_and_written_up() {
    let rig = Rig::start().await;
    let mut desk = rig.desk("zhou").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    let mut customer = line.headset();
    let waiting = customer.use_for(Duration::from_millis(2_500), 0.0).await;
    let music = loudness(&waiting[waiting.len() / 2..]);
    assert!(music > 0.005, "a waiting customer hears no music: {music}");

    desk.set_ready(&rig).await;
    let offer = desk.offer().await;
    assert_eq!(offer.contact.number.display, "138****8000");
    let rung = desk.rung().await;
    let mut talk = desk.answer(rung).await;
    let connected = desk.contact_in(ContactState::Connected).await;
    assert_eq!(connected.id, offer.contact.id);
    let mut agent = talk.headset();
    assert_talking(&mut agent, &mut customer).await;

    let hold = talk
        .leg
        .create_offer_with(Direction::SendOnly)
        .await
        .unwrap();
    talk.reoffer(hold).await;
    desk.contact_in(ContactState::Held).await;
    assert_on_hold(&mut agent, &mut customer).await;
    let resume = talk.leg.create_offer().await.unwrap();
    talk.reoffer(resume).await;
    desk.contact_in(ContactState::Connected).await;
    assert_talking(&mut agent, &mut customer).await;

    line.leg.send_digits("5").unwrap();
    let digit = desk
        .change("a key", |change| match change {
            Change::Digit { digit, .. } => Some(digit),
            _ => None,
        })
        .await;
    assert_eq!(digit, "5");
    talk.leg.send_digits("9").unwrap();
    assert_eq!(line.digit().await, '9');

    line.call.hangup(None);
    talk.ended().await;
    let over = desk.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Customer));
    let path = format!("/api/v1/contacts/{}/wrap-up", over.id);
    let mut notes = WrapUp {
        disposition: None,
        note: "换货，周三前联系".into(),
        done: true,
    };
    let token = Some(&desk.session.token);
    let (status, text) = rig.try_ask(token, Method::PUT, &path, &notes).await;
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("disposition_required"), "{text}");
    notes.disposition = Some("resolved".into());
    let closed: Contact = rig.ask(token, Method::PUT, &path, &notes).await;
    assert_eq!(closed.state, ContactState::Closed);
    desk.presence(Presence::Ready).await;
    let path = format!("/api/v1/contacts/{}", over.id);
    let kept: Contact = rig
        .ask(Some(&desk.session.token), Method::GET, &path, &())
        .await;
    assert_eq!(kept.note, "换货，周三前联系");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opus_customer_is_heard_on_every_interface() {
    let rig = Rig::start_on(Ipv4Addr::UNSPECIFIED).await;
    let mut desk = rig.ready("zhou").await;
    let (line, mut talk, _) = connect(&rig, &mut desk, Codec::Opus).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    assert_talking(&mut agent, &mut customer).await;
    talk.call.hangup(None);
    talk.ended().await;
    let over = desk.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Agent));
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_call_rings_at_the_next_desk() {
    let rig = Rig::start_ringing(10).await;
    let mut zhou = rig.ready("zhou").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcmu).await;
    line.answered().await;
    let first = zhou.offer().await;
    let mut missed = zhou.rung().await;
    let mut liu = rig.ready("liu").await;
    assert_eq!(zhou.offer_gone().await, OfferEnd::Missed);
    crate::rig::until("the ringing ends", &mut missed.events, |event| {
        matches!(event, seatline_sip::CallEvent::Ended { .. }).then_some(())
    })
    .await;
    zhou.presence(Presence::NotReady {
        reason: "missed".into(),
    })
    .await;
    let second = liu.offer().await;
    assert_eq!(second.contact.id, first.contact.id);
    let rung = liu.rung().await;
    let talk = liu.answer(rung).await;
    liu.contact_in(ContactState::Connected).await;
    assert_talking(&mut talk.headset(), &mut line.headset()).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_call_returns_to_the_queue() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    let rung = zhou.rung().await;
    rung.call.reject(603, None).await.unwrap();
    assert_eq!(zhou.offer_gone().await, OfferEnd::Declined);
    let mut liu = rig.ready("liu").await;
    liu.offer().await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_customer_is_named_before_the_telephone_rings() {
    let rig = Rig::start().await;
    let mut desk = rig.ready("zhou").await;
    let token = desk.session.token.clone();
    let known = NewCustomer {
        id: Uuid::new_v4().into(),
        name: "王芳".into(),
        company: "星河贸易".into(),
        title: String::new(),
        email: String::new(),
        wechat: String::new(),
        numbers: vec![PhoneNumber::new("138 0013 8000")],
        number_from: None,
        tags: Vec::new(),
        vip: true,
        note: String::new(),
    };
    let _: serde_json::Value = rig
        .ask(Some(&token), Method::POST, "/api/v1/customers", &known)
        .await;

    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    let offer = desk.offer().await;
    assert_eq!(offer.contact.customer, Some(known.id));
    let card = offer.customer.unwrap();
    assert_eq!(card.customer.name, "王芳");
    let rung = desk.rung().await;
    assert_eq!(rung.from.display_name.as_deref(), Some("王芳"));
    let mut talk = desk.answer(rung).await;
    let contact = desk.contact_in(ContactState::Connected).await;

    let ticket = NewTicket {
        id: Uuid::new_v4().into(),
        subject: "换货".into(),
        ticket_type: "return".into(),
        priority: Priority::Normal,
        description: String::new(),
        customer: Some(known.id),
        contact: Some(contact.id),
        assignee: None,
    };
    let _: serde_json::Value = rig
        .ask(Some(&token), Method::POST, "/api/v1/tickets", &ticket)
        .await;
    let linked = desk
        .change("the ticket at the contact", |change| match change {
            Change::Contact { contact } if !contact.tickets.is_empty() => Some(contact.tickets),
            _ => None,
        })
        .await;
    assert_eq!(linked, [ticket.id]);
    line.call.hangup(None);
    talk.ended().await;
    desk.contact_in(ContactState::WrapUp).await;

    // Calling back needs no sight of the number.
    let _talk = desk.dial(&format!("customer-{}-0", known.id)).await;
    let incoming = rig.telephone.rung().await;
    assert_eq!(incoming.to.number.unwrap().as_str(), "+8613800138000");
    let dialing = desk
        .change("the name", |change| match change {
            Change::Contact { contact } => contact
                .customer_name
                .filter(|_| contact.state == ContactState::Dialing),
            _ => None,
        })
        .await;
    assert_eq!(dialing, "王芳");
    // Calls do not wait for the disk: the second contact is in the list a moment later.
    crate::rig::within("both contacts in the list", async {
        let path = "/api/v1/contacts?limit=1";
        loop {
            let page: ContactPage = rig.ask(Some(&token), Method::GET, path, &()).await;
            if page.more {
                return;
            }
        }
    })
    .await;
    rig.stop().await;
}
