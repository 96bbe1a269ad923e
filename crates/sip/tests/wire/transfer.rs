//! REFER over real connections: a desk that is sent on by its switch, and a centre that lets nobody send it on.

use seatline_sip::{
    Call, CallEvent, CallEvents, IncomingCall, Number, Target, Transfer, UserAgentEvent,
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    bridge::{Centre, incoming, next},
    desk::outgoing,
};

/// A call from the centre that a desk has answered: the centre's end and the desk's.
async fn connected(
    centre: &Centre,
    desk_events: &mut UnboundedReceiver<UserAgentEvent>,
) -> ((Call, CallEvents), IncomingCall) {
    let target = Target::Agent("ann".to_owned());
    let (call, mut events) = centre.endpoint.call(target, outgoing("ann")).await.unwrap();
    let mut rung = incoming(desk_events).await;
    rung.call.accept("answer".to_owned()).await.unwrap();
    assert!(matches!(next(&mut events).await, CallEvent::Answered(_)));
    assert!(matches!(
        next(&mut rung.events).await,
        CallEvent::Confirmed(_)
    ));
    ((call, events), rung)
}

#[tokio::test]
async fn a_desk_follows_its_switch_and_tells_how_it_gets_on() {
    let mut centre = Centre::start().await;
    let (desk, mut desk_events) = centre.desk("ann").await;
    let ((call, _events), mut rung) = connected(&centre, &mut desk_events).await;
    let mut transfers = call.refer(Number::parse("4001").unwrap());
    let (referral, reply) = match next(&mut rung.events).await {
        CallEvent::Referred { referral, reply } => (referral, reply),
        event => panic!("no referral but {event:?}"),
    };
    assert_eq!(referral.number.as_ref().unwrap().as_str(), "4001");
    let mut progress = reply.accept();
    assert_eq!(next(&mut transfers).await, Transfer::Trying);
    let (_new, mut new_events) = desk.follow(&referral, "offer".to_owned()).await.unwrap();
    let arrived = centre.incoming().await;
    assert_eq!(arrived.to.number.as_ref().unwrap().as_str(), "4001");
    assert!(arrived.referred_by.is_some());
    arrived.call.accept("new answer".to_owned()).await.unwrap();
    assert!(matches!(
        next(&mut new_events).await,
        CallEvent::Answered(_)
    ));
    progress.report(Transfer::Done);
    assert_eq!(next(&mut transfers).await, Transfer::Done);
}

#[tokio::test]
async fn a_centre_is_sent_nowhere_and_its_calls_go_on() {
    let mut centre = Centre::start().await;
    let (_desk, mut desk_events) = centre.desk("ann").await;
    let ((_call, mut events), rung) = connected(&centre, &mut desk_events).await;
    let (_, other) = connected(&centre, &mut desk_events).await;
    for mut transfers in [
        rung.call.refer(Number::parse("4001").unwrap()),
        rung.call.refer_replacing(&other.call),
    ] {
        // Sent one after the other, so the second may meet the first.
        let told = next(&mut transfers).await;
        assert!(matches!(told, Transfer::Failed(405 | 491)), "{told:?}");
    }
    assert!(events.try_recv().is_err(), "the centre was told of it");
    let (answer, ()) = tokio::join!(rung.call.reoffer("hold".to_owned()), async {
        match next(&mut events).await {
            CallEvent::Reoffer { reply, .. } => reply.accept("held".to_owned()),
            event => panic!("no offer but {event:?}"),
        }
    });
    assert_eq!(answer, Ok("held".to_owned()));
}
