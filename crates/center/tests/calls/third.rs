//! A third one among colleagues, and a call that knocks in a conference, over real wires.

use crate::{
    control::{CUSTOMER, Hears, LIU, Person, THIRD, ZHOU, assert_hearing, assert_two, to_agent},
    inbound::connect,
    rig::Rig,
};
use reqwest::Method;
use seatline_contract::{
    contact::{ContactState, Direction, OfferKind},
    identity::Role,
    party::{PartyRole, PartyState},
};
use seatline_media::Codec;
use serde_json::{Value, json};

/// The three hear each other.
async fn assert_three(one: &mut Person, other: &mut Person, third: &mut Person) {
    let tones = [one.tone(), other.tone(), third.tone()];
    let but = |tone: f32| {
        tones
            .into_iter()
            .filter(|of| *of != tone)
            .collect::<Vec<_>>()
    };
    let (first, second, last) = (but(tones[0]), but(tones[1]), but(tones[2]));
    assert_hearing(&mut [
        (one, Hears::Voices(&first)),
        (other, Hears::Voices(&second)),
        (third, Hears::Voices(&last)),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_colleague_called_asks_a_third_and_leaves_the_caller_with_them() {
    let rig = Rig::start().await;
    rig.add_person("sun", Role::Agent).await;
    let zhou = rig.desk("zhou").await;
    let (mut liu, mut sun) = (rig.desk("liu").await, rig.desk("sun").await);
    let mut talk = zhou.dial(&format!("colleague-{}", liu.session.me.id)).await;
    let (offer, mut called) = liu.take().await;
    talk.media().await;
    let contact = offer.contact.id;
    let mut caller = Person::at(ZHOU, &talk);
    let mut second = Person::at(LIU, &called);
    assert_two(&mut caller, &mut second).await;

    liu.act(&rig, contact, "consult", to_agent(&sun)).await;
    let (offer, asked) = sun.take().await;
    assert!(matches!(&offer.kind, OfferKind::Consult { from_name } if from_name == "liu"));
    let mut third = Person::at(THIRD, &asked);
    assert_hearing(&mut [
        (&mut caller, Hears::Music),
        (&mut second, Hears::Voices(&[THIRD])),
        (&mut third, Hears::Voices(&[LIU])),
    ])
    .await;
    liu.act(&rig, contact, "merge", json!({})).await;
    assert_three(&mut caller, &mut second, &mut third).await;

    liu.act(&rig, contact, "leave", json!({})).await;
    called.ended().await;
    assert_two(&mut caller, &mut third).await;
    asked.call.hangup(None);
    talk.ended().await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_knocks_in_a_conference_is_taken_and_the_conference_goes_on() {
    let rig = Rig::start().await;
    rig.add_person("sun", Role::Agent).await;
    let admin = rig.sign_in("admin").await.token;
    let mut zhou = rig.ready("zhou").await;
    let path = format!("/api/v1/people/{}/call-policy", zhou.session.me.id);
    let policy = json!({ "auto_answer": false, "call_waiting": true });
    let _: Value = rig.ask(Some(&admin), Method::PUT, &path, &policy).await;
    let (line, mut talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
    let mut liu = rig.desk("liu").await;
    zhou.act(&rig, contact.id, "consult", to_agent(&liu)).await;
    let (_, joined) = liu.take().await;
    zhou.party(PartyRole::Colleague, PartyState::Connected)
        .await;
    zhou.act(&rig, contact.id, "merge", json!({})).await;
    let mut customer = Person::on(CUSTOMER, &line);
    let mut colleague = Person::at(LIU, &joined);
    assert_three(&mut customer, &mut Person::at(ZHOU, &talk), &mut colleague).await;

    let sun = rig.desk("sun").await;
    let mut call = sun.dial(&format!("colleague-{}", zhou.session.me.id)).await;
    let offer = zhou.offer().await;
    assert_eq!(offer.contact.direction, Direction::Internal);
    let mut taken = zhou.take_knocking(&rig, &offer, &mut talk).await;
    call.media().await;
    let mut own = Person::at(ZHOU, &taken);
    let mut caller = Person::at(THIRD, &call);
    assert_hearing(&mut [
        (&mut customer, Hears::Voices(&[LIU])),
        (&mut colleague, Hears::Voices(&[CUSTOMER])),
        (&mut own, Hears::Voices(&[THIRD])),
        (&mut caller, Hears::Voices(&[ZHOU])),
    ])
    .await;

    call.call.hangup(None);
    taken.ended().await;
    let (offer, back) = zhou.take().await;
    assert_eq!(offer.contact.id, contact.id);
    zhou.contact_in(ContactState::Connected).await;
    assert_three(&mut customer, &mut Person::at(ZHOU, &back), &mut colleague).await;
    rig.stop().await;
}
