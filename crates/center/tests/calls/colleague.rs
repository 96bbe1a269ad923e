//! Colleagues call each other, and calls that answer themselves.

use crate::{
    control::{CUSTOMER, LIU, Person, ZHOU, assert_two, assert_waiting},
    inbound::connect,
    rig::{HOTLINE, Rig, until, within},
};
use reqwest::Method;
use seatline_contract::{
    ANSWER_HEADER, ANSWER_TALK,
    contact::{ContactState, Direction, EndedBy, OfferKind},
};
use seatline_media::{Codec, SAMPLE_RATE, sim::level_at};
use seatline_sip::CallEvent;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn colleagues_talk_without_a_trunk_and_are_busy_meanwhile() {
    let rig = Rig::start().await;
    let mut zhou = rig.ready("zhou").await;
    let mut liu = rig.ready("liu").await;
    let mut talk = zhou.dial(&format!("colleague-{}", liu.session.me.id)).await;
    let offer = liu.offer().await;
    assert!(matches!(&offer.kind, OfferKind::Colleague { from_name } if from_name == "zhou"));
    let rung = liu.rung().await;
    assert_eq!(rung.from.display_name.as_deref(), Some("zhou"));
    rung.call.ring().await.unwrap();
    talk.media().await;
    let mut caller = talk.headset();
    let ringback = caller.use_for(Duration::from_millis(5_500), 0.0).await;
    let tone = level_at(&ringback, 450.0, SAMPLE_RATE);
    assert!(tone > 0.01, "no ringback tone: {tone}");
    // A customer who calls now waits: both are taken.
    let mut customer = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    customer.answered().await;
    let answered = liu.answer(rung).await;
    talk.answered().await;
    let mut first = Person::new(ZHOU, caller);
    let mut second = Person::at(LIU, &answered);
    assert_two(&mut first, &mut second).await;
    for desk in [&mut zhou, &mut liu] {
        let contact = desk.contact_in(ContactState::Connected).await;
        assert_eq!(contact.direction, Direction::Internal);
    }
    answered.call.hangup(None);
    talk.ended().await;
    let over = zhou.contact_in(ContactState::Closed).await;
    assert_eq!(over.ended_by, Some(EndedBy::Colleague));
    // Nothing is left to write, and one of them gets the customer.
    let offered = tokio::select! {
        offer = zhou.offer() => offer,
        offer = liu.offer() => offer,
    };
    assert_eq!(offered.contact.direction, Direction::Inbound);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_whose_calls_answer_themselves_beeps_first() {
    let rig = Rig::start().await;
    let admin = rig.sign_in("admin").await.token;
    let queues: Value = rig
        .ask(Some(&admin), Method::GET, "/api/v1/queues", &())
        .await;
    let path = format!("/api/v1/queues/{}", queues[0]["id"].as_str().unwrap());
    let edit = json!({ "auto_answer": true });
    let mut desk = rig.ready("zhou").await;
    let (status, _) = rig
        .try_ask(Some(&desk.session.token), Method::PATCH, &path, &edit)
        .await;
    assert_eq!(status, 403, "only administrators decide that");
    let _: Value = rig.ask(Some(&admin), Method::PATCH, &path, &edit).await;

    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    let rung = desk.rung().await;
    assert_eq!(rung.headers.get(ANSWER_HEADER), Some(ANSWER_TALK));
    let talk = desk.answer(rung).await;
    let mut headset = talk.headset();
    let mut telephone = line.headset().at_level(0.3);
    // The customer speaks from the first moment on. The agent hears the beep of 1 kHz, once, and the
    // customer after it; the customer hears no beep.
    let tenths_with = |sound: &[f32], tone: f32| -> Vec<usize> {
        let tenths = sound.chunks_exact(SAMPLE_RATE as usize / 10).enumerate();
        tenths
            .filter(|(_, tenth)| level_at(tenth, tone, SAMPLE_RATE) > 0.1)
            .map(|(n, _)| n)
            .collect()
    };
    let (mut first, mut other) = (Vec::<f32>::new(), Vec::<f32>::new());
    within("the customer is heard", async {
        while tenths_with(&first, CUSTOMER).is_empty() {
            let spell = Duration::from_secs(3);
            let (at_agent, at_customer) = tokio::join!(
                headset.use_for(spell, 0.0),
                telephone.use_for(spell, CUSTOMER)
            );
            first.extend(at_agent);
            other.extend(at_customer);
        }
    })
    .await;
    let beeps = tenths_with(&first, 1_000.0);
    let voice = tenths_with(&first, CUSTOMER);
    println!("beeps in the tenths {beeps:?}, the customer in {voice:?}");
    assert!((1..=4).contains(&beeps.len()), "{beeps:?}");
    assert!(voice.first() >= beeps.last(), "{voice:?} before {beeps:?}");
    // Before it the customer hears music still.
    let at_the_customer = tenths_with(&other, 1_000.0);
    let late = at_the_customer.iter().find(|tenth| **tenth >= beeps[0]);
    assert_eq!(late, None, "{at_the_customer:?}");
    let mut agent = Person::new(ZHOU, headset);
    assert_two(&mut agent, &mut Person::new(CUSTOMER, telephone)).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_lets_calls_answer_themselves_at_one_agent_only() {
    let rig = Rig::start().await;
    let admin = rig.sign_in("admin").await.token;
    let mut zhou = rig.desk("zhou").await;
    let path = format!("/api/v1/people/{}/call-policy", zhou.session.me.id);
    let policy = json!({ "auto_answer": true, "call_waiting": false });
    let _: Value = rig.ask(Some(&admin), Method::PUT, &path, &policy).await;
    let stored: Value = rig.ask(Some(&admin), Method::GET, &path, &()).await;
    assert_eq!(stored, policy);
    zhou.set_ready(&rig).await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    let rung = zhou.rung().await;
    assert_eq!(rung.headers.get(ANSWER_HEADER), Some(ANSWER_TALK));
    let mut events = rung.events;
    rung.call.reject(603, None).await.unwrap();
    until("the end", &mut events, |event| {
        matches!(event, CallEvent::Ended { .. }).then_some(())
    })
    .await;
    let mut liu = rig.ready("liu").await;
    let rung = liu.rung().await;
    assert_eq!(rung.headers.get(ANSWER_HEADER), None);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_call_knocks_and_is_taken_while_the_first_customer_waits() {
    let rig = Rig::start().await;
    let admin = rig.sign_in("admin").await.token;
    let mut zhou = rig.ready("zhou").await;
    let path = format!("/api/v1/people/{}/call-policy", zhou.session.me.id);
    let policy = json!({ "auto_answer": false, "call_waiting": true });
    let _: Value = rig.ask(Some(&admin), Method::PUT, &path, &policy).await;
    let (first_line, mut talk, first) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut customer = Person::on(CUSTOMER, &first_line);
    let mut headset = talk.headset();
    // A colleague calls meanwhile: it does not ring, but is seen, and heard as a beep.
    let liu = rig.desk("liu").await;
    let mut call = liu.dial(&format!("colleague-{}", zhou.session.me.id)).await;
    let offer = zhou.offer().await;
    assert_eq!(offer.contact.direction, Direction::Internal);
    let heard = headset.use_for(Duration::from_secs(2), 0.0).await;
    let tenths = heard.chunks_exact(SAMPLE_RATE as usize / 10);
    let beeps = tenths.filter(|tenth| level_at(tenth, 1_000.0, SAMPLE_RATE) > 0.1);
    assert!(
        (1..=4).contains(&beeps.count()),
        "no beep, or more than one"
    );
    assert_two(&mut customer, &mut Person::new(ZHOU, headset)).await;

    let mut answered = zhou.take_knocking(&rig, &offer, &mut talk).await;
    call.media().await;
    assert_two(
        &mut Person::at(ZHOU, &answered),
        &mut Person::at(LIU, &call),
    )
    .await;
    assert_waiting(&mut customer).await;

    // Once that is over the first customer comes back by itself.
    call.call.hangup(None);
    answered.ended().await;
    let back = zhou.offer().await;
    assert_eq!(back.contact.id, first.id);
    let rung = zhou.rung().await;
    let talk = zhou.answer(rung).await;
    assert_two(&mut customer, &mut Person::at(ZHOU, &talk)).await;
    rig.stop().await;
}
