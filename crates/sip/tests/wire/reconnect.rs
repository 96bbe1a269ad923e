//! Connections that break, hang, or were never what they should be.

use std::time::Duration;

use seatline_sip::{
    CallEvent, ConfigError, EndpointEvent, LinkFailure, Side, Target, Unregistration, UserAgent,
    UserAgentEvent,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc::UnboundedReceiver,
};

use crate::{
    bridge::{Centre, certificates, end_of, incoming, next},
    desk::outgoing,
};

async fn cause_of(events: &mut UnboundedReceiver<UserAgentEvent>) -> LinkFailure {
    match next(events).await {
        UserAgentEvent::Reconnecting { cause, wait, .. } => {
            assert!(wait <= Duration::from_secs(7));
            cause
        }
        other => panic!("not lost but {other:?}"),
    }
}

async fn until_registered(events: &mut UnboundedReceiver<UserAgentEvent>) {
    loop {
        match next(events).await {
            UserAgentEvent::Registered => return,
            UserAgentEvent::Reconnecting { .. } => {}
            other => panic!("not registered but {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_call_survives_a_cut_connection() {
    let mut centre = Centre::start().await;
    let (_desk, mut desk_events) = centre.desk("ann").await;
    let target = Target::Agent("ann".to_owned());
    let (call, mut events) = centre.endpoint.call(target, outgoing("ann")).await.unwrap();
    let rung = incoming(&mut desk_events).await;
    rung.call.accept("answer".to_owned()).await.unwrap();
    let mut their_events = rung.events;
    assert!(matches!(next(&mut events).await, CallEvent::Answered(_)));
    assert!(matches!(
        next(&mut their_events).await,
        CallEvent::Confirmed(_)
    ));

    for round in 0..3 {
        centre.cut();
        assert_eq!(cause_of(&mut desk_events).await, LinkFailure::Closed);
        match next(&mut centre.events).await {
            EndpointEvent::Unregistered {
                reason: Unregistration::ConnectionLost,
                ..
            } => {}
            other => panic!("{other:?}"),
        }
        // Offered while there is no connection: it arrives when there is one again.
        let (answer, ()) = tokio::join!(call.reoffer(format!("round {round}")), async {
            match next(&mut their_events).await {
                CallEvent::Reoffer { sdp, reply } => {
                    assert_eq!(sdp, Some(format!("round {round}")));
                    reply.accept("moved".to_owned());
                }
                other => panic!("no offer but {other:?}"),
            }
        });
        assert_eq!(answer, Ok("moved".to_owned()));
        until_registered(&mut desk_events).await;
        assert!(matches!(
            next(&mut centre.events).await,
            EndpointEvent::Registered { .. }
        ));
    }
    // Hung up while there is no connection: said as soon as there is one.
    centre.cut();
    cause_of(&mut desk_events).await;
    rung.call.hangup(None);
    assert_eq!(end_of(&mut events).await.0, Side::Remote);
}

#[tokio::test]
async fn a_call_that_rings_survives_too() {
    let mut centre = Centre::start().await;
    let (_desk, mut desk_events) = centre.desk("ann").await;
    let target = Target::Agent("ann".to_owned());
    let (_call, mut events) = centre.endpoint.call(target, outgoing("ann")).await.unwrap();
    let rung = incoming(&mut desk_events).await;
    rung.call.ring().await.unwrap();
    assert!(matches!(next(&mut events).await, CallEvent::Ringing));
    centre.cut();
    cause_of(&mut desk_events).await;
    rung.call.accept("answer".to_owned()).await.unwrap();
    loop {
        match next(&mut events).await {
            CallEvent::Answered(sdp) => break assert_eq!(sdp, "answer"),
            // Said again on the new connection.
            CallEvent::Ringing => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_connection_that_hangs_is_noticed_by_probes() {
    let mut centre = Centre::start().await;
    let mut config = centre.config("ann");
    config.probe_every = Duration::from_millis(300);
    let (desk, mut events) = UserAgent::connect(config).unwrap();
    until_registered(&mut events).await;
    centre.freeze(true);
    assert_eq!(cause_of(&mut events).await, LinkFailure::Silent);
    centre.freeze(false);
    until_registered(&mut events).await;
    drop(desk);
    loop {
        if let EndpointEvent::Unregistered {
            reason: Unregistration::Asked,
            ..
        } = next(&mut centre.events).await
        {
            return;
        }
    }
}

#[tokio::test]
async fn a_changed_network_means_a_new_connection_at_once() {
    let mut centre = Centre::start().await;
    let (desk, mut events) = centre.desk("ann").await;
    desk.reconnect();
    assert_eq!(cause_of(&mut events).await, LinkFailure::Asked);
    until_registered(&mut events).await;
}

#[tokio::test]
async fn what_is_not_the_switch_is_told_apart() {
    let centre = Centre::start().await;
    let mut config = centre.config("ann");
    config.tls = certificates().1;
    let (_desk, mut events) = UserAgent::connect(config).unwrap();
    assert_eq!(
        cause_of(&mut events).await,
        LinkFailure::CertificateUntrusted
    );

    let mut config = centre.config("ann");
    config.url = config.url.replace("localhost", "127.0.0.1");
    let (_desk, mut events) = UserAgent::connect(config).unwrap();
    assert_eq!(
        cause_of(&mut events).await,
        LinkFailure::CertificateUntrusted
    );

    // Nothing listens on port 1.
    let mut config = centre.config("ann");
    config.url = "wss://localhost:1/sip".to_owned();
    let (_desk, mut events) = UserAgent::connect(config).unwrap();
    assert_eq!(cause_of(&mut events).await, LinkFailure::Unreachable);

    // A web server that knows no WebSocket, with and without TLS.
    for secure in [true, false] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, trust) = certificates();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                const PAGE: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
                let mut request = [0; 1024];
                if secure {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        continue;
                    };
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(PAGE).await;
                } else {
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(PAGE).await;
                }
            }
        });
        let mut config = centre.config("ann");
        config.url = format!("wss://localhost:{port}/sip");
        config.tls = trust;
        let (_desk, mut events) = UserAgent::connect(config).unwrap();
        let expected = if secure {
            LinkFailure::NotASwitch
        } else {
            LinkFailure::NoTls
        };
        assert_eq!(cause_of(&mut events).await, expected);
    }

    let mut config = centre.config("ann");
    config.url = "ws://localhost/sip".to_owned();
    assert_eq!(UserAgent::connect(config).err(), Some(ConfigError::Url));
    let mut config = centre.config("ann");
    config.realm = "a\"b".to_owned();
    assert_eq!(UserAgent::connect(config).err(), Some(ConfigError::Name));
}
