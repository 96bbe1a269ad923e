//! How soon a new agent hears the customer: a whole centre, two agents' desks with simulated
//! headsets, and a customer's telephone behind the trunk.

use crate::mixer::Phone;
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use reqwest::Method;
use seatline_audio::sim::{Simulation, amplitude_at, tone};
use seatline_center::{
    Config,
    config::{Media, Sip, Trunk},
};
use seatline_contract::{
    id::ContactId,
    party::{Reach, Target},
    presence::PresenceChoice,
    secret::Secret,
};
use seatline_desk::{
    Desk, DeskConfig, SoundSystem,
    command::SignInRequest,
    policy::{self, Layer, Policy, Raw},
    secrets::MemoryStore,
    view::{DeskView, Line, Processing},
};
use seatline_media::{Codec, Source, Tone};
use seatline_sip::{
    Authenticate, CallEvent, Endpoint, EndpointConfig, IpNet, Number, OutgoingCall,
    Target as Callee,
};
use serde_json::{Value, json};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often it is measured.
pub(crate) const TURNS: usize = 10;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

const PASSWORD: &str = "correct horse battery";
const HOTLINE: &str = "4008001234";

/// What the customer says, in hertz.
const VOICE: f32 = 1_300.0;

/// Samples of 20 ms at 48 kHz.
const FRAME: usize = 960;

/// The telephone takes no registrations.
struct Nobody;

#[async_trait]
impl Authenticate for Nobody {
    async fn secret(&self, _user: &str) -> Option<seatline_sip::Secret> {
        None
    }
}

/// Answers by an agent's click, after a blind transfer, until the customer is heard in the
/// agent's headset, ms.
pub(crate) async fn measure(folder: &Path, address: IpAddr) -> Result<Vec<f64>> {
    let config = EndpointConfig {
        udp: Some(SocketAddr::new(address, 0)),
        tcp: None,
        advertised: None,
        realm: "customer".to_owned(),
        user_agent: "Telephone".to_owned(),
        trunks: vec![IpNet::from(address)],
    };
    let (telephone, _incoming) = Endpoint::start(config, Arc::new(Nobody)).await?;
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config {
        listen: local,
        data_dir: folder.join("centre"),
        sip: Sip {
            udp: Some(SocketAddr::new(address, 0)),
            tcp: None,
            ..Sip::default()
        },
        media: Media {
            address,
            ..Media::default()
        },
        trunks: vec![Trunk {
            name: "bench".into(),
            uri: format!("sip:{address};transport=udp"),
            networks: vec![IpNet::from(address)],
            caller_id: None,
            username: None,
            password: None,
            allow_md5: false,
        }],
        ..Config::default()
    };
    let certificate = config.data_dir.join("certificate.pem");
    let centre = Box::pin(seatline_center::start(config)).await?;
    let url = format!("https://localhost:{}", centre.address.port());
    let code = centre.set_up_code.as_ref().context("no set-up code")?;
    set_up(&url, &certificate, code.expose()).await?;
    let mut seats = Vec::new();
    for login in ["zhou", "liu"] {
        seats.push(Seat::take(folder, &url, &certificate, login).await?);
    }
    let [first, second] = &seats[..] else {
        bail!("there are two seats");
    };
    first.be_ready().await?;

    // The customer calls once, and is handed to and fro.
    let mut customer = Phone::new(address, Codec::Pcma).await?;
    let centre_s = centre.app.calls.udp_address().context("no trunk")?;
    let call = OutgoingCall {
        to: Number::parse(HOTLINE)?,
        from: Number::parse("+8613800138000")?,
        display_name: None,
        headers: Vec::new(),
        sdp: customer.leg.create_offer().await?,
    };
    let target = Callee::Trunk {
        uri: format!("sip:{centre_s};transport=udp"),
        credentials: None,
    };
    let (call, mut events) = telephone.call(target, call).await?;
    while let Some(event) = events.recv().await {
        match event {
            CallEvent::Answered(answer) => {
                customer.leg.accept_answer(&answer).await?;
                break;
            }
            CallEvent::Ended { code, .. } => bail!("the centre refused: {code:?}"),
            _ => {}
        }
    }
    customer.connected().await?;
    customer.leg.hear(Source::Tone(Tone::continuous(VOICE)));
    first.answer().await?;
    let mut times = Vec::new();
    for turn in 0..TURNS {
        let (from, to) = match turn % 2 {
            0 => (first, second),
            _ => (second, first),
        };
        let contact = from.contact().await?;
        let agent = to.desk.view().me.as_ref().context("signed out")?.id;
        let reach = Reach {
            target: Target::Agent { agent },
            note: String::new(),
            ticket: None,
        };
        from.desk.transfer(contact, reach).await?;
        times.push(to.answer().await?);
    }
    call.hangup(None);
    for seat in seats {
        seat.desk.shutdown().await;
    }
    centre.stop().await;
    telephone.stop().await;
    Ok(times)
}

/// One agent at their computer.
struct Seat {
    desk: Desk,
    headset: Simulation,
}

impl Seat {
    async fn take(folder: &Path, url: &str, certificate: &Path, login: &str) -> Result<Self> {
        let headset = Simulation::new(tone(0.0, 0.0));
        let file = Raw::Text(certificate.display().to_string());
        let table = [("AuthorityFile".to_owned(), file)].into_iter().collect();
        let policy = Policy::of([Layer::of_table(policy::Source::File, table)]);
        let desk = Desk::start(DeskConfig {
            data_dir: folder.join(login),
            secrets: Arc::new(MemoryStore::default()),
            sound: SoundSystem::Simulated(headset.clone()),
            policy: Arc::new(move || policy.clone()),
            device_name: "bench".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            updates: None,
            patience: DeskConfig::PATIENCE,
        })
        .await?;
        let request = SignInRequest {
            centre: url.to_owned(),
            login: login.to_owned(),
            password: Some(Secret::new(PASSWORD)),
            remember: false,
            take_over: true,
            trust: None,
        };
        desk.sign_in(request).await?;
        // It is for voices; the bench listens for a tone.
        let off = Processing {
            echo: false,
            noise: false,
            gain: false,
        };
        desk.set_processing(off).await?;
        let seat = Self { desk, headset };
        seat.until("the line is up", |view| view.line == Line::Up)
            .await?;
        Ok(seat)
    }

    async fn until(&self, what: &str, holds: impl Fn(&DeskView) -> bool) -> Result<()> {
        let mut views = self.desk.watch();
        let seen = views.wait_for(|view| holds(view));
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        seen.with_context(|| format!("not in time: {what}"))??;
        Ok(())
    }

    async fn be_ready(&self) -> Result<()> {
        // The switch tells the centre of the line a moment after it has answered the desk.
        let begun = Instant::now();
        while let Err(failure) = self.desk.set_presence(PresenceChoice::Ready).await {
            if begun.elapsed() > PATIENCE {
                return Err(failure.into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// The contact in conversation.
    async fn contact(&self) -> Result<ContactId> {
        self.until("a conversation", |view| {
            view.call.as_ref().is_some_and(|call| {
                let mut contacts = view.contacts.iter();
                contacts.any(|it| Some(it.id) == call.contact && it.connected.is_some())
            })
        })
        .await?;
        let call = self.desk.view().call.clone();
        call.and_then(|call| call.contact).context("no contact")
    }

    /// Answers what rings; returns how long it takes to hear the customer, ms.
    async fn answer(&self) -> Result<f64> {
        self.until("it rings", |view| {
            view.call.is_some() && view.offer.is_some()
        })
        .await?;
        // A person takes a moment to see who it is.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let clicked = Instant::now();
        self.desk.answer().await?;
        loop {
            let played = self.headset.played();
            let last = &played[played.len().saturating_sub(FRAME)..];
            if amplitude_at(last, VOICE) > 0.05 {
                return Ok(clicked.elapsed().as_secs_f64() * 1_000.0);
            }
            anyhow::ensure!(clicked.elapsed() < PATIENCE, "the customer is not heard");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// An administrator, two agents and a queue.
async fn set_up(url: &str, certificate: &Path, code: &str) -> Result<()> {
    let pem = std::fs::read(certificate)?;
    let http = reqwest::Client::builder()
        .add_root_certificate(reqwest::Certificate::from_pem(&pem)?)
        .no_proxy()
        .build()?;
    let post = async |token: &str, path: &str, body: Value| -> Result<Value> {
        let request = http
            .request(Method::POST, format!("{url}/api/v1/{path}"))
            .header("idempotency-key", uuid::Uuid::new_v4().to_string())
            .bearer_auth(token)
            .json(&body);
        let answer = request.send().await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&answer).unwrap_or_default())
    };
    let admin = json!({ "code": code, "login": "admin", "name": "Admin", "password": PASSWORD });
    post("", "setup", admin).await?;
    let sign_in = json!({ "login": "admin", "password": PASSWORD, "device": "bench" });
    let session = post("", "sessions", sign_in).await?;
    let token = session["token"].as_str().context("no token")?;
    for login in ["zhou", "liu"] {
        let person =
            json!({ "login": login, "name": login, "role": "agent", "password": PASSWORD });
        post(token, "people", person).await?;
    }
    let queue = json!({
        "name": "bench", "numbers": [HOTLINE], "agents": ["zhou"],
        "ring_s": 20, "wrap_up_s": 60, "disposition_required": false,
    });
    post(token, "queues", queue).await.map(|_| ())
}
