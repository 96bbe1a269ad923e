//! What the site's IT decides holds over the person's choice, and changes while the desk runs.

use crate::rig::{Centre, Computer, code, desk_code, request, seen};
use seatline_contract::identity::Recommended;
use seatline_desk::{
    failure::DeskCode,
    policy::Setting,
    view::{Line, SettingsChange, Theme},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_comes_and_goes_without_a_restart() {
    let centre = Centre::start("sip:127.0.0.1:9;transport=udp").await;
    let computer = Computer::new(&centre);
    let desk = computer.desk().await;
    let light = SettingsChange {
        theme: Some(Theme::Light),
        ..SettingsChange::default()
    };
    desk.change_settings(light.clone()).await.unwrap();

    computer.decide(&[("Theme", "dark"), ("EchoCancellation", "1")]);
    seen(&desk, "the decision", |view| {
        (view.settings.theme == Theme::Dark && view.headset.processing.echo).then_some(())
    })
    .await;
    assert_eq!(
        desk.view().managed,
        [Setting::Theme, Setting::EchoCancellation]
    );
    let refused = desk.change_settings(light).await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::Managed));
    assert_eq!(refused.field.as_deref(), Some("Theme"));
    let mut processing = desk.view().headset.processing;
    processing.echo = false;
    let refused = desk.set_processing(processing).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("EchoCancellation"));

    // What is not decided is still the person's.
    let quiet = SettingsChange {
        notify: Some(false),
        ..SettingsChange::default()
    };
    desk.change_settings(quiet).await.unwrap();

    computer.decide(&[]);
    seen(&desk, "the person's own choice again", |view| {
        let own = view.settings.theme == Theme::Light && !view.headset.processing.echo;
        (own && view.managed.is_empty()).then_some(())
    })
    .await;
    assert!(!desk.view().settings.notify);
    desk.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_centre_than_the_decided_one_is_signed_in_to() {
    let centre = Centre::start("sip:127.0.0.1:9;transport=udp").await;
    let computer = Computer::new(&centre);
    computer.decide(&[
        ("ServerUrl", &centre.url()),
        ("AuthorityFile", &centre.certificate().display().to_string()),
    ]);
    let desk = computer.desk().await;
    let known = desk.remembered().await.unwrap();
    assert_eq!((known.centre, known.managed), (centre.url(), true));
    let mut elsewhere = request(&centre);
    elsewhere.centre = "https://127.0.0.1:9".into();
    desk.sign_in(elsewhere).await.unwrap();
    let shown = desk.view().centre.clone().unwrap();
    assert_eq!((shown.url, shown.managed), (centre.url(), true));
    desk.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_centre_recommends_outlives_the_program_and_yields_to_the_person() {
    let centre = Centre::start("sip:127.0.0.1:9;transport=udp").await;
    let centre = centre
        .restarted_with(|config| {
            let dark = Recommended::Text("dark".into());
            config.desk = [("Theme".into(), dark)].into();
        })
        .await;
    let computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    assert_eq!(desk.view().settings.theme, Theme::Dark);
    assert_eq!(desk.view().managed, [Setting::AuthorityFile]);
    desk.shutdown().await;

    let again = computer.desk().await;
    assert_eq!(again.view().settings.theme, Theme::Dark);
    let light = SettingsChange {
        theme: Some(Theme::Light),
        ..SettingsChange::default()
    };
    again.change_settings(light).await.unwrap();
    let mut anew = request(&centre);
    anew.take_over = true;
    again.sign_in(anew).await.unwrap();
    assert_eq!(again.view().settings.theme, Theme::Light);
    again.shutdown().await;
}

/// A proxy that lets everything through, or nothing, and counts what it was asked.
struct Proxy {
    port: u16,
    asked: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            asked: Arc::default(),
            closed: Arc::default(),
        };
        let (asked, closed) = (proxy.asked.clone(), proxy.closed.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(stream, closed.load(Ordering::Relaxed)));
            }
        });
        proxy
    }
}

async fn carry(mut near: TcpStream, closed: bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(near.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").unwrap().split(' ').next();
    if closed {
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
        near.write_all(answer).await.unwrap();
        return;
    }
    let (_, port) = target.unwrap().rsplit_once(':').unwrap();
    let mut far = TcpStream::connect(format!("localhost:{port}"))
        .await
        .unwrap();
    let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
    near.write_all(answer).await.unwrap();
    // Either end may go first.
    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_through_the_proxy_that_is_decided() {
    let centre = Centre::start("sip:127.0.0.1:9;transport=udp").await;
    let proxy = Proxy::start().await;
    let computer = Computer::new(&centre);
    let authority = centre.certificate().display().to_string();
    let address = format!("127.0.0.1:{}", proxy.port);
    computer.decide(&[("AuthorityFile", &authority), ("Proxy", &address)]);
    let desk = computer.desk().await;

    proxy.closed.store(true, Ordering::Relaxed);
    let refused = desk.check_centre(centre.url(), None).await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::ProxyRefused));
    assert_eq!(refused.subject, Some(format!("http://{address}")));

    proxy.closed.store(false, Ordering::Relaxed);
    let before = proxy.asked.load(Ordering::Relaxed);
    desk.sign_in(request(&centre)).await.unwrap();
    seen(&desk, "the line is up", |view| {
        (view.line == Line::Up).then_some(())
    })
    .await;
    let ways = proxy.asked.load(Ordering::Relaxed) - before;
    assert!(ways >= 3, "HTTPS, events and SIP, but only {ways} came");
    desk.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_away_is_named_and_not_the_centre() {
    let centre = Centre::start("sip:127.0.0.1:9;transport=udp").await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let computer = Computer::new(&centre);
    let address = format!("http://127.0.0.1:{port}");
    let authority = centre.certificate().display().to_string();
    computer.decide(&[("AuthorityFile", &authority), ("Proxy", &address)]);
    let desk = computer.desk().await;
    let refused = desk.sign_in(request(&centre)).await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::ProxyUnreachable));
    assert_eq!(refused.subject, Some(address));
    desk.shutdown().await;
}
