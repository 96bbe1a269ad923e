//! Desk and centre: registering, calling, refusing, changing and ending calls.

use seatline_sip::{
    CallError, CallEvent, CallEvents, EndpointEvent, HeaderName, HeaderValue, Number, Origin,
    OutgoingCall, PlaceCallError, Rejection, ReofferError, Secret, Side, Target, Unregistration,
    UserAgent, UserAgentEvent,
};

use crate::bridge::{Centre, end_of, incoming, next};

pub(crate) fn outgoing(to: &str) -> OutgoingCall {
    OutgoingCall {
        to: Number::parse(to).unwrap(),
        from: Number::parse("+8613812345678").unwrap(),
        display_name: Some("王 \"Wei\" <x>".to_owned()),
        headers: vec![(
            HeaderName::new("X-Seatline-Contact").unwrap(),
            HeaderValue::new("contact-7; a=b").unwrap(),
        )],
        sdp: "v=0 offer".to_owned(),
    }
}

fn words(text: &str) -> Option<HeaderValue> {
    Some(HeaderValue::new(text).unwrap())
}

async fn reoffer_both_ways(
    (call, events): (&seatline_sip::Call, &mut CallEvents),
    (other, other_events): (&seatline_sip::Call, &mut CallEvents),
) {
    let (answer, ()) = tokio::join!(call.reoffer("hold".to_owned()), async {
        match next(other_events).await {
            CallEvent::Reoffer { sdp, reply } => {
                assert_eq!(sdp.as_deref(), Some("hold"));
                reply.accept("held".to_owned());
            }
            event => panic!("no offer but {event:?}"),
        }
    });
    assert_eq!(answer, Ok("held".to_owned()));
    let (answer, ()) = tokio::join!(other.reoffer("odd".to_owned()), async {
        match next(events).await {
            CallEvent::Reoffer { reply, .. } => reply.reject(488),
            event => panic!("no offer but {event:?}"),
        }
    });
    assert_eq!(answer, Err(ReofferError::Declined(488)));
}

#[tokio::test]
async fn the_centre_calls_a_desk_and_everything_arrives() {
    let mut centre = Centre::start().await;
    let (_desk, mut desk_events) = centre.desk("ann").await;
    let target = Target::Agent("ann".to_owned());
    let (call, mut events) = centre.endpoint.call(target, outgoing("ann")).await.unwrap();
    let rung = incoming(&mut desk_events).await;
    assert_eq!(rung.origin, Origin::Switch);
    assert_eq!(
        rung.from.number.as_ref().unwrap().as_str(),
        "+8613812345678"
    );
    assert_eq!(rung.from.display_name.as_deref(), Some("王 \"Wei\" <x>"));
    assert_eq!(
        rung.headers.get("X-Seatline-Contact"),
        Some("contact-7; a=b")
    );
    assert_eq!(rung.offer.as_deref(), Some("v=0 offer"));
    rung.call.ring().await.unwrap();
    assert!(matches!(next(&mut events).await, CallEvent::Ringing));
    rung.call.progress("early".to_owned()).await.unwrap();
    assert!(matches!(next(&mut events).await, CallEvent::EarlyMedia(sdp) if sdp == "early"));
    rung.call.accept("answer".to_owned()).await.unwrap();
    assert!(matches!(next(&mut events).await, CallEvent::Answered(sdp) if sdp == "answer"));
    let mut their_events = rung.events;
    assert!(matches!(
        next(&mut their_events).await,
        CallEvent::Confirmed(None)
    ));
    assert_eq!(
        rung.call.accept(String::new()).await,
        Err(CallError::OutOfTurn)
    );
    reoffer_both_ways((&call, &mut events), (&rung.call, &mut their_events)).await;
    rung.call.hangup(words("客户已挂断"));
    let end = (Side::Remote, Some(200), "客户已挂断".to_owned());
    assert_eq!(end_of(&mut events).await, end);
    assert_eq!(end_of(&mut their_events).await.0, Side::Local);
    assert_eq!(call.reoffer(String::new()).await, Err(ReofferError::Ended));
}

#[tokio::test]
async fn a_desk_calls_out_and_the_centre_ends_it() {
    let mut centre = Centre::start().await;
    let (desk, _desk_events) = centre.desk("ann").await;
    let headers = outgoing("1").headers;
    let to = Number::parse("010-8888 6666").unwrap();
    let (call, mut events) = desk.call(to, headers, "offer".to_owned()).await.unwrap();
    let arrived = centre.incoming().await;
    assert_eq!(
        arrived.origin,
        Origin::Agent {
            user: "ann".to_owned()
        }
    );
    assert_eq!(arrived.to.number.as_ref().unwrap().as_str(), "01088886666");
    assert_eq!(
        arrived.headers.get("x-seatline-contact"),
        Some("contact-7; a=b")
    );
    arrived.call.accept("answer".to_owned()).await.unwrap();
    assert!(matches!(next(&mut events).await, CallEvent::Answered(_)));
    let mut their_events = arrived.events;
    assert!(matches!(
        next(&mut their_events).await,
        CallEvent::Confirmed(_)
    ));
    reoffer_both_ways((&call, &mut events), (&arrived.call, &mut their_events)).await;
    arrived.call.hangup(None);
    assert_eq!(
        end_of(&mut events).await,
        (Side::Remote, None, String::new())
    );
}

#[tokio::test]
async fn refusals_and_cancellations_reach_the_other_end() {
    let mut centre = Centre::start().await;
    let (_desk, mut desk_events) = centre.desk("ann").await;
    let target = || Target::Agent("ann".to_owned());
    let (_call, mut events) = centre
        .endpoint
        .call(target(), outgoing("ann"))
        .await
        .unwrap();
    let rung = incoming(&mut desk_events).await;
    rung.call
        .reject(486, words("on the other line"))
        .await
        .unwrap();
    let end = (Side::Remote, Some(486), "on the other line".to_owned());
    assert_eq!(end_of(&mut events).await, end);

    let (call, mut events) = centre
        .endpoint
        .call(target(), outgoing("ann"))
        .await
        .unwrap();
    let rung = incoming(&mut desk_events).await;
    call.hangup(words("caller gave up"));
    assert_eq!(end_of(&mut events).await.0, Side::Local);
    let mut their_events = rung.events;
    let end = (Side::Remote, Some(487), "caller gave up".to_owned());
    assert_eq!(end_of(&mut their_events).await, end);
    assert_eq!(
        rung.call.accept("late".to_owned()).await,
        Err(CallError::Ended)
    );

    // The answer and the cancellation cross on the wire: whichever wins, both ends agree that it is over.
    for _ in 0..20 {
        let (call, mut events) = centre
            .endpoint
            .call(target(), outgoing("ann"))
            .await
            .unwrap();
        let rung = incoming(&mut desk_events).await;
        call.hangup(None);
        // Fails when the cancellation won.
        let _ = rung.call.accept("crossing".to_owned()).await;
        assert_eq!(end_of(&mut events).await.0, Side::Local);
        let mut their_events = rung.events;
        assert_eq!(end_of(&mut their_events).await.0, Side::Remote);
    }
}

#[tokio::test]
async fn wrong_secrets_and_unknown_users_look_the_same() {
    let mut centre = Centre::start().await;
    for user in ["ann", "nobody"] {
        let mut config = centre.config(user);
        config.secret = Secret::password("guess");
        let (_desk, mut events) = UserAgent::connect(config).unwrap();
        match next(&mut events).await {
            UserAgentEvent::Rejected(Rejection::Secret) => {}
            other => panic!("{user}: not rejected but {other:?}"),
        }
        match next(&mut centre.events).await {
            EndpointEvent::AuthenticationFailed { user: name, .. } if name == user => {}
            other => panic!("{user}: not reported but {other:?}"),
        }
    }
    let mut config = centre.config("ann");
    config.realm = "elsewhere".to_owned();
    let (desk, mut events) = UserAgent::connect(config).unwrap();
    match next(&mut events).await {
        UserAgentEvent::Rejected(Rejection::Challenge) => {}
        other => panic!("another realm was answered: {other:?}"),
    }
    let to = Number::parse("1").unwrap();
    let placed = desk.call(to, Vec::new(), String::new()).await;
    assert_eq!(placed.err(), Some(PlaceCallError::Disconnected));
}

#[tokio::test]
async fn signing_off_and_signing_in_elsewhere_are_told() {
    let mut centre = Centre::start().await;
    let target = || Target::Agent("ann".to_owned());
    let (first, mut first_events) = centre.desk("ann").await;
    let (second, mut second_events) = UserAgent::connect(centre.config("ann")).unwrap();
    assert!(matches!(
        next(&mut second_events).await,
        UserAgentEvent::Registered
    ));
    let reason = match next(&mut centre.events).await {
        EndpointEvent::Unregistered { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason, Unregistration::Replaced);
    assert!(matches!(
        next(&mut centre.events).await,
        EndpointEvent::Registered { .. }
    ));
    // Signing off the replaced desk does not sign off the one that replaced it.
    first.stop().await;
    let (call, _events) = centre
        .endpoint
        .call(target(), outgoing("ann"))
        .await
        .unwrap();
    drop(incoming(&mut second_events).await);
    assert!(first_events.try_recv().is_err());
    call.hangup(None);
    second.stop().await;
    match next(&mut centre.events).await {
        EndpointEvent::Unregistered {
            reason: Unregistration::Asked,
            ..
        } => {}
        other => panic!("{other:?}"),
    }
    let placed = centre.endpoint.call(target(), outgoing("ann")).await;
    assert_eq!(placed.err(), Some(PlaceCallError::NotRegistered));
}

#[tokio::test]
async fn stopping_the_centre_ends_its_calls() {
    let mut centre = Centre::start().await;
    let (desk, _desk_events) = centre.desk("ann").await;
    let to = Number::parse("100").unwrap();
    let (_call, mut events) = desk.call(to, Vec::new(), "offer".to_owned()).await.unwrap();
    let arrived = centre.incoming().await;
    arrived.call.accept("answer".to_owned()).await.unwrap();
    assert!(matches!(next(&mut events).await, CallEvent::Answered(_)));
    centre.endpoint.stop().await;
    assert_eq!(end_of(&mut events).await.0, Side::Remote);
    let placed = centre
        .endpoint
        .call(Target::Agent("ann".to_owned()), outgoing("ann"))
        .await;
    assert_eq!(placed.err(), Some(PlaceCallError::Disconnected));
}
