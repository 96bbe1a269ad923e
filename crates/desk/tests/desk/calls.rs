//! Whole calls, judged by what both sides hear.

use crate::rig::{
    AGENT_TONE, Centre, Computer, Conversation, Network, Telephone, code, desk_code, make_ready,
    seen,
};
use seatline_audio::{Direction, sim::amplitude_at};
use seatline_contract::{
    contact::{ContactState, EndedBy},
    error::Code,
    presence::Presence,
};
use seatline_desk::{
    Desk,
    command::DialTarget,
    failure::{DeskCode, FailureCode},
    view::{CallState, Connection, DeskView, Line, NoteDraft, NoticeCode},
};
use seatline_media::sim::Headset;
use std::time::Duration;

/// What the customer says, in hertz.
pub const CUSTOMER_TONE: f32 = 1_300.0;
/// Louder than this is heard, in amplitude.
const HEARD: f32 = 0.1;
/// Quieter than this is silence.
const SILENT: f32 = 0.02;
const RATE: u32 = 48_000;

pub async fn rings(desk: &Desk) {
    seen(desk, "the desk rings", |view| {
        let call = view.call.as_ref()?;
        (call.state == CallState::Ringing).then_some(())
    })
    .await;
}

pub async fn in_state(desk: &Desk, state: CallState) {
    seen(desk, &format!("the call is {state:?}"), |view| {
        (view.call.as_ref()?.state == state).then_some(())
    })
    .await;
}

/// How loud agent and customer hear each other while the customer speaks.
async fn levels(computer: &Computer, headset: &mut Headset) -> (f32, f32) {
    let heard = headset
        .use_for(Duration::from_millis(1_200), CUSTOMER_TONE)
        .await;
    let played = computer.simulation.played();
    let lately = &played[played.len().saturating_sub(RATE as usize / 2)..];
    let half = &heard[heard.len() / 2..];
    (loudness(lately, CUSTOMER_TONE), loudness(half, AGENT_TONE))
}

/// How loud a tone is, in pieces of 50 ms: a busy machine stretches the sound here and there, and
/// a longer piece would then cancel itself out.
fn loudness(sound: &[f32], hz: f32) -> f32 {
    let pieces = sound.chunks_exact(RATE as usize / 20);
    let count = pieces.len().max(1);
    pieces.map(|piece| amplitude_at(piece, hz)).sum::<f32>() / count as f32
}

async fn both_hear(computer: &Computer, headset: &mut Headset) {
    let mut last = (0.0, 0.0);
    for _ in 0..8 {
        last = levels(computer, headset).await;
        if last.0 > HEARD && last.1 > HEARD {
            return;
        }
    }
    panic!("agent hears {}, customer hears {}", last.0, last.1);
}

async fn answered_call(
    telephone: &Telephone,
    centre: &Centre,
    desk: &Desk,
) -> (Conversation, Headset) {
    let mut customer = telephone.call(centre).await;
    customer.answered().await;
    rings(desk).await;
    desk.answer().await.unwrap();
    in_state(desk, CallState::Active).await;
    let headset = customer.headset();
    (customer, headset)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_calls_and_both_hear_each_other() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.ready(&centre).await;
    assert!(!computer.simulation.is_open(Direction::Input));

    let mut customer = telephone.call(&centre).await;
    customer.answered().await;
    rings(&desk).await;
    seen(&desk, "who is calling", |view| {
        let (offer, call) = (view.offer.as_ref()?, view.call.as_ref()?);
        (call.contact == Some(offer.contact.id) && call.number == offer.contact.number)
            .then_some(())
    })
    .await;
    assert!(
        !computer.simulation.is_open(Direction::Input),
        "the microphone stays off until the answer"
    );

    desk.answer().await.unwrap();
    in_state(&desk, CallState::Active).await;
    let mut headset = customer.headset();
    both_hear(&computer, &mut headset).await;
    seen(&desk, "quality", |view| {
        let quality = view.call.as_ref()?.quality.as_ref()?;
        (quality.codec == "Opus" && quality.bars >= 3).then_some(())
    })
    .await;

    desk.set_muted(true).await.unwrap();
    assert!(desk.view().call.as_ref().unwrap().muted);
    levels(&computer, &mut headset).await;
    let (agent, customer_hears) = levels(&computer, &mut headset).await;
    assert!(agent > HEARD, "mute is one-way: {agent}");
    assert!(customer_hears < SILENT, "muted: {customer_hears}");
    desk.set_muted(false).await.unwrap();

    // The headset's own key says the same, and what it says the desk cannot undo.
    computer.simulation.set_device_muted(true);
    let muted =
        |wanted: bool| move |view: &DeskView| (view.call.as_ref()?.muted == wanted).then_some(());
    seen(&desk, "muted by the headset's key", muted(true)).await;
    let refused = desk.set_muted(false).await.unwrap_err();
    assert_eq!(refused.code, desk_code(DeskCode::MutedAtHeadset));
    assert!(desk.view().call.as_ref().unwrap().muted);
    computer.simulation.set_device_muted(false);
    seen(&desk, "heard again by the headset's key", muted(false)).await;
    both_hear(&computer, &mut headset).await;

    desk.set_held(true).await.unwrap();
    in_state(&desk, CallState::Held).await;
    levels(&computer, &mut headset).await;
    let (agent, customer_hears) = levels(&computer, &mut headset).await;
    assert!(agent < SILENT, "held: {agent}");
    assert!(customer_hears < SILENT, "held: {customer_hears}");
    desk.set_held(false).await.unwrap();
    in_state(&desk, CallState::Active).await;
    both_hear(&computer, &mut headset).await;

    desk.send_digits("5#".into()).await.unwrap();
    // The customer's keys come while the headset works.
    let (first, second) = (customer.digit().await, customer.digit().await);
    assert_eq!((first, second), ('5', '#'));
    assert_eq!(desk.view().call.as_ref().unwrap().digits, "5#");
    customer.leg.send_digits("7").unwrap();
    seen(&desk, "the customer's key", |view| {
        (view.call.as_ref()?.customer_digits == "7").then_some(())
    })
    .await;

    desk.hang_up().await.unwrap();
    customer.ended().await;
    let contact = seen(&desk, "wrap-up", |view| {
        let contact = view.contacts.first()?;
        (contact.state == ContactState::WrapUp && view.call.is_none()).then(|| contact.clone())
    })
    .await;
    assert_eq!(contact.ended_by, Some(EndedBy::Agent));
    assert!(
        !computer.simulation.is_open(Direction::Input),
        "the microphone is off again"
    );

    let failure = desk.finish_wrap_up(contact.id).await.unwrap_err();
    assert_eq!(
        code(&failure),
        FailureCode::Centre(Code::DispositionRequired)
    );
    assert_eq!(desk.view().outbox.refused, []);
    let disposition = desk.view().catalog.as_ref().unwrap().dispositions[0]
        .id
        .clone();
    desk.save_note(NoteDraft {
        contact: contact.id,
        disposition: Some(disposition),
        note: "已解决".into(),
        saved: contact.created,
    })
    .await
    .unwrap();
    desk.finish_wrap_up(contact.id).await.unwrap();
    seen(&desk, "ready again", |view| {
        let presence = &view.presence.as_ref()?.presence;
        (*presence == Presence::Ready && view.contacts.is_empty() && view.notes.is_empty())
            .then_some(())
    })
    .await;
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_out_and_the_customer_hangs_up() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    make_ready(&desk).await;
    let dialling = {
        let desk = desk.clone();
        tokio::spawn(async move {
            let number = "+86 138 0013 8000".into();
            desk.dial(DialTarget::Number { number }).await
        })
    };
    let incoming = telephone.rung().await;
    in_state(&desk, CallState::Dialing).await;
    incoming.call.ring().await.unwrap();
    dialling.await.unwrap().unwrap();
    let mut customer = telephone.answer(incoming).await;
    in_state(&desk, CallState::Active).await;
    let mut headset = customer.headset();
    both_hear(&computer, &mut headset).await;
    seen(&desk, "the contact of the call", |view| {
        view.call.as_ref()?.contact
    })
    .await;
    let again = desk
        .dial(DialTarget::Number {
            number: "10086".into(),
        })
        .await
        .unwrap_err();
    assert_eq!(code(&again), desk_code(DeskCode::AlreadyInCall));

    customer.call.hangup(None);
    customer.ended().await;
    seen(&desk, "the call is over", |view| {
        view.call.is_none().then_some(())
    })
    .await;
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_without_a_microphone_rings_on_until_one_is_plugged_in() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.ready(&centre).await;
    computer.simulation.unplug(Direction::Input);
    let mut customer = telephone.call(&centre).await;
    customer.answered().await;
    rings(&desk).await;
    let failure = desk.answer().await.unwrap_err();
    assert!(
        [
            desk_code(DeskCode::NoMicrophone),
            desk_code(DeskCode::DeviceGone)
        ]
        .contains(&code(&failure)),
        "{failure}"
    );
    assert!(desk.view().headset.problem.is_some());
    rings(&desk).await;
    computer.simulation.plug(Direction::Input);
    desk.answer().await.unwrap();
    in_state(&desk, CallState::Active).await;
    both_hear(&computer, &mut customer.headset()).await;
    desk.hang_up().await.unwrap();
    customer.ended().await;
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declining_and_leaving_end_the_ringing() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.ready(&centre).await;
    let customer = telephone.call(&centre).await;
    rings(&desk).await;
    desk.decline().await.unwrap();
    seen(&desk, "the offer is gone", |view| {
        (view.call.is_none() && view.offer.is_none()).then_some(())
    })
    .await;
    customer.call.hangup(None);

    make_ready(&desk).await;
    let mut customer = telephone.call(&centre).await;
    rings(&desk).await;
    customer.call.hangup(None);
    customer.ended().await;
    seen(&desk, "the caller is gone", |view| {
        let told = |it: &seatline_desk::view::Notice| it.code == NoticeCode::CallerGone;
        (view.call.is_none() && view.notices.iter().any(told)).then_some(())
    })
    .await;
    let failure = desk.answer().await.unwrap_err();
    assert_eq!(code(&failure), desk_code(DeskCode::NoCall));
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_the_headset() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.ready(&centre).await;
    let (mut customer, mut headset) = answered_call(&telephone, &centre, &desk).await;
    both_hear(&computer, &mut headset).await;
    computer.simulation.unplug(Direction::Input);
    seen(&desk, "the loss is told", |view| {
        let lost = |it: &seatline_desk::view::Notice| it.code == NoticeCode::DeviceLost;
        view.notices.iter().any(lost).then_some(())
    })
    .await;
    assert_eq!(
        desk.view().call.as_ref().unwrap().state,
        CallState::Active,
        "the call goes on"
    );
    computer.simulation.plug(Direction::Input);
    seen(&desk, "the return is told", |view| {
        (view.headset.problem.is_none()).then_some(())
    })
    .await;
    both_hear(&computer, &mut headset).await;
    desk.hang_up().await.unwrap();
    customer.ended().await;
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_every_connection_to_the_centre() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let network = Network::to(&centre).await;
    let computer = Computer::new(&centre);
    let desk = computer.desk().await;
    desk.sign_in(network.request(&centre)).await.unwrap();
    make_ready(&desk).await;
    let (mut customer, mut headset) = answered_call(&telephone, &centre, &desk).await;
    both_hear(&computer, &mut headset).await;

    let mut views = desk.watch();
    network.cut();
    let lost = async {
        let (mut connection, mut line) = (false, false);
        while !(connection && line) {
            let view = views.borrow_and_update().clone();
            connection |= matches!(view.connection, Connection::Reconnecting { .. });
            line |= matches!(view.line, Line::Connecting);
            views.changed().await.unwrap();
        }
    };
    crate::rig::within("both losses are shown", lost).await;
    network.mend();
    seen(&desk, "both connections are back", |view| {
        (view.connection == Connection::Online && view.line == Line::Up).then_some(())
    })
    .await;
    in_state(&desk, CallState::Active).await;
    both_hear(&computer, &mut headset).await;
    desk.set_held(true).await.unwrap();
    in_state(&desk, CallState::Held).await;
    desk.set_held(false).await.unwrap();
    desk.hang_up().await.unwrap();
    customer.ended().await;
    desk.shutdown().await;
    centre.stop().await;
}
