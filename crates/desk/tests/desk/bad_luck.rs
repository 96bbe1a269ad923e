//! Addresses where no centre is, and certificates that cannot be trusted.

use crate::rig::{Centre, Computer, Telephone, code, desk_code, seen, within};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use seatline_center::Clock;
use seatline_desk::{Desk, failure::DeskCode, view::NoticeCode};
use std::{net::Ipv4Addr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A certificate authority of the site's, and what it signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A server with a certificate for `host` that answers everything with `body`.
    async fn serve(&self, host: &str, expired: bool, body: &'static str) -> u16 {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A desk that does not trust us hangs up in the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        port
    }
}

async fn desk_trusting(authority: &Authority) -> (Computer, Desk, Centre) {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let file = computer.folder.path().join("ca.pem");
    std::fs::write(&file, &authority.pem).unwrap();
    computer.trust(&file);
    let desk = computer.desk().await;
    (computer, desk, centre)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_place_has_its_own_code() {
    let authority = Authority::new();
    let (_computer, desk, centre) = desk_trusting(&authority).await;
    let check = |address: String| {
        let desk = desk.clone();
        async move {
            let failure = within("an answer", desk.check_centre(address, None)).await;
            code(&failure.unwrap_err())
        }
    };
    let about = r#"{"product":"other","version":"1","api_version":1,"name":"x","now":0,
        "needs_setup":false}"#;
    let newer = r#"{"product":"seatline-center","version":"9","api_version":9,"name":"x","now":0,
        "needs_setup":false}"#;
    let at = |port| format!("https://localhost:{port}");

    let html = authority.serve("localhost", false, "<html>hello").await;
    assert_eq!(check(at(html)).await, desk_code(DeskCode::NotACentre));
    let other = authority.serve("localhost", false, about).await;
    assert_eq!(check(at(other)).await, desk_code(DeskCode::NotACentre));
    let newer = authority.serve("localhost", false, newer).await;
    assert_eq!(check(at(newer)).await, desk_code(DeskCode::VersionMismatch));
    let old = authority.serve("localhost", true, about).await;
    assert_eq!(
        check(at(old)).await,
        desk_code(DeskCode::CertificateExpired)
    );
    let wrong = authority.serve("other.example.cn", false, about).await;
    assert_eq!(
        check(at(wrong)).await,
        desk_code(DeskCode::CertificateWrongHost)
    );
    let stranger = Authority::new().serve("localhost", false, about).await;
    assert_eq!(
        check(at(stranger)).await,
        desk_code(DeskCode::CertificateUntrusted)
    );

    let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = plain.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        stream
    });
    assert_eq!(check(at(port)).await, desk_code(DeskCode::NotACentre));
    drop(server);
    // The port is free again and nobody listens.
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    assert_eq!(
        check(at(port)).await,
        desk_code(DeskCode::CentreUnreachable)
    );
    assert_eq!(
        check("http://localhost".into()).await,
        desk_code(DeskCode::BadAddress)
    );
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_named() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let file = computer.folder.path().join("file");
    std::fs::write(&file, b"in the way").unwrap();
    let failure = computer.desk_in(&file).await.err().unwrap();
    assert_eq!(code(&failure), desk_code(DeskCode::StorageFailed));
    assert_eq!(failure.subject, Some(file.display().to_string()));
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_ask_and_never_dial() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.ready(&centre).await;
    desk.request_dial("tel:+86-138-0013-8000".into()).await;
    let view = desk.view();
    let asked = view.dial_request.as_ref().unwrap();
    assert_eq!(asked.number, "+8613800138000");
    assert_eq!(view.call, None);
    desk.dismiss_dial_request().await;
    assert_eq!(desk.view().dial_request, None);

    desk.request_dial("tel:*72;postd=1".into()).await;
    let view = desk.view();
    assert_eq!(view.dial_request, None);
    let notice = view.notices.last().unwrap();
    assert_eq!(notice.code, NoticeCode::BadLink);
    desk.dismiss_notice(notice.id).await;
    assert!(desk.view().notices.iter().all(|it| it.id != notice.id));
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_day_off_is_noticed_and_does_no_harm() {
    let telephone = Telephone::start().await;
    let day = 24 * 3_600_000;
    let clock = Clock::from_fn(move || Clock::system().now().plus(day));
    let centre = Centre::start_at(&telephone.uri(), clock).await;
    let computer = Computer::new(&centre);
    let desk = computer.ready(&centre).await;
    let offset = seen(&desk, "the clock is wrong", |view| {
        view.clock_wrong.then_some(view.clock_offset_ms)
    })
    .await;
    assert!((offset - day).abs() < 60_000, "{offset}");
    desk.shutdown().await;
    centre.stop().await;
}
