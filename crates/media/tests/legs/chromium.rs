//! A call with a real browser.

use crate::party::{Party, SECOND, TWO_SECONDS, assert_hears, level_of};
use seatline_media::LegEvent;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A browser that is gone when the test is.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_browser(url: &str, profile: &std::path::Path) -> Option<Browser> {
    Command::new("chromium")
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--autoplay-policy=no-user-gesture-required",
            "--allow-loopback-in-peer-connection",
            "--disable-features=WebRtcHideLocalIpsWithMdns",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()
        .map(Browser)
}

/// Serves the page and the offer; passes on what the page posts, as (path, body).
async fn serve(
    listener: TcpListener,
    offer: String,
    posted: mpsc::UnboundedSender<(String, String)>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (offer, posted) = (offer.clone(), posted.clone());
        tokio::spawn(async move { respond(stream, &offer, &posted).await });
    }
}

async fn respond(
    stream: TcpStream,
    offer: &str,
    posted: &mpsc::UnboundedSender<(String, String)>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request).await.ok()?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        let header = header.trim().to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if header.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let path = request.split(' ').nth(1)?.to_owned();
    let page = match path.as_str() {
        "/" => include_str!("page.html"),
        "/offer" => offer,
        _ => "",
    };
    if request.starts_with("POST") {
        posted.send((path, String::from_utf8(body).ok()?)).ok()?;
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(page.as_bytes()).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_answers_and_both_hear_each_other() {
    let mut party = Party::webrtc().await;
    let offer = party.leg.create_offer().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (posted, mut posts) = mpsc::unbounded_channel();
    tokio::spawn(serve(listener, offer, posted));
    let profile = std::env::temp_dir().join(format!("seatline-browser-{}", std::process::id()));
    let _browser = start_browser(&url, &profile)
        .expect("chromium is missing; the project's set-up installs it");
    let mut next = async || {
        tokio::time::timeout(Duration::from_secs(60), posts.recv())
            .await
            .expect("the browser says nothing")
            .unwrap()
    };

    let (path, answer) = next().await;
    assert_eq!(path, "/answer", "{answer}");
    println!("{answer}");
    party.leg.accept_answer(&answer).await.unwrap();
    party.wait_for(|event| *event == LegEvent::Connected).await;
    let mut headset = party.headset();
    // Repeated within bounds, because sound in real time suffers when others take the processor.
    for attempt in 1.. {
        let sound = headset.use_for(TWO_SECONDS, 440.0).await;
        let lately = &sound[sound.len() - 48_000..];
        let clean = level_of(lately, 1_000.0) > 0.25 && level_of(lately, 440.0) < 0.05;
        if clean || attempt == 8 {
            assert_hears(lately, 1_000.0, 440.0, "we");
            break;
        }
    }
    // The browser listens when it is ready.
    let (_, heard) = tokio::select! {
        posted = next() => posted,
        _ = headset.use_for(Duration::from_secs(120), 440.0) => panic!("the browser says nothing"),
    };
    println!("chromium hears {heard} Hz");
    let heard: u32 = heard.parse().unwrap();
    assert!((435..=445).contains(&heard));
    let (digits, _) = tokio::join!(party.digits(2), headset.use_for(SECOND, 440.0));
    assert_eq!(digits, "5#");
    println!("{:?}", party.leg.statistics());
    drop(_browser);
    let _ = std::fs::remove_dir_all(profile);
}
