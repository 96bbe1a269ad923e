//! A centre with one queue, a customer's telephone behind its trunk, and desks.

use async_trait::async_trait;
use seatline_audio::sim::{Simulation, tone};
use seatline_center::{
    Clock, Config, Running,
    config::{Media, Sip, Trunk},
};
use seatline_contract::{
    IDEMPOTENCY_KEY,
    identity::{NewPerson, Role, Session, SetUp, SignIn},
    presence::PresenceChoice,
    queue::NewQueue,
    secret::Secret,
};
use seatline_desk::{
    Desk, DeskConfig, SoundSystem,
    command::SignInRequest,
    failure::{DeskCode, Failure, FailureCode},
    policy::{Layer, Policy, Raw, Source},
    secrets::{MemoryStore, SecretStore},
    update::UpdateConfig,
    view::{DeskView, Line},
};
use seatline_media::{Codec, Leg, LegEvent, RtpConfig, sim::Headset};
use seatline_sip::{
    Authenticate, Call, CallEvent, CallEvents, Endpoint, EndpointConfig, EndpointEvent,
    IncomingCall, Number, OutgoingCall, Target,
};
use serde::Serialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Mutex, mpsc::UnboundedReceiver},
};
use uuid::Uuid;

pub const HOTLINE: &str = "4008001234";
pub const CUSTOMER: &str = "+8613800138000";
pub const PASSWORD: &str = "correct horse battery";
/// What the agent's microphone hears, in hertz.
pub const AGENT_TONE: f32 = 700.0;
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("not in time: {what}"),
    }
}

async fn until<E, T>(
    what: &str,
    events: &mut UnboundedReceiver<E>,
    mut wanted: impl FnMut(E) -> Option<T>,
) -> T {
    within(what, async {
        loop {
            let event = events.recv().await;
            let event = event.unwrap_or_else(|| panic!("the events ended before: {what}"));
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    })
    .await
}

/// Waits until the view is as wanted, and gives what was picked from it.
pub async fn seen<T>(desk: &Desk, what: &str, mut wanted: impl FnMut(&DeskView) -> Option<T>) -> T {
    let mut views = desk.watch();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = wanted(&views.borrow_and_update().clone()) {
                return found;
            }
            views.changed().await.unwrap();
        }
    })
    .await;
    found.unwrap_or_else(|_| panic!("not seen in time: {what}; the view: {:#?}", desk.view()))
}

pub fn code(failure: &Failure) -> FailureCode {
    failure.code
}

pub fn desk_code(code: DeskCode) -> FailureCode {
    FailureCode::Desk(code)
}

/// A centre that can be stopped and started again in the same place.
pub struct Centre {
    pub running: Running,
    config: Config,
    folder: TempDir,
}

impl Centre {
    pub async fn start(trunk: &str) -> Self {
        Self::start_at(trunk, Clock::system()).await
    }

    pub async fn start_at(trunk: &str, clock: Clock) -> Self {
        let centre = Self::start_empty_at(trunk, clock).await;
        centre.set_up().await;
        centre
    }

    /// Nobody exists there yet.
    pub async fn start_empty(trunk: &str) -> Self {
        Self::start_empty_at(trunk, Clock::system()).await
    }

    async fn start_empty_at(trunk: &str, clock: Clock) -> Self {
        // Another test of this program may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config {
            listen: local,
            name: "Test site".into(),
            data_dir: folder.path().join("data"),
            sip: Sip {
                udp: Some(local),
                tcp: None,
                ..Sip::default()
            },
            media: Media {
                address: Ipv4Addr::LOCALHOST.into(),
                ..Media::default()
            },
            trunks: vec![Trunk {
                name: "test".into(),
                uri: trunk.into(),
                networks: vec!["127.0.0.0/8".parse().unwrap()],
                caller_id: Some("+862161234567".into()),
                username: None,
                password: None,
                allow_md5: false,
            }],
            ..Config::default()
        };
        let running = Box::pin(seatline_center::start_at(config.clone(), clock))
            .await
            .unwrap();
        config.listen = running.address;
        Self {
            running,
            config,
            folder,
        }
    }

    /// Stops, and gives what is needed to start again.
    pub async fn stop(self) -> Stopped {
        within("the centre stops", self.running.stop()).await;
        Stopped {
            config: self.config,
            folder: self.folder,
        }
    }

    /// What its configuration says from the next start on.
    pub async fn restarted_with(self, change: impl FnOnce(&mut Config)) -> Self {
        let mut stopped = self.stop().await;
        change(&mut stopped.config);
        stopped.start().await
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.config.listen.port())
    }

    pub fn certificate(&self) -> std::path::PathBuf {
        self.config.data_dir.join("certificate.pem")
    }

    async fn set_up(&self) {
        let set_up = SetUp {
            code: self.running.set_up_code.clone().unwrap(),
            login: "admin".into(),
            name: "Admin".into(),
            password: Secret::new(PASSWORD),
        };
        self.post(None, "/api/v1/setup", &set_up).await;
        let sign_in = SignIn {
            login: "admin".into(),
            password: Secret::new(PASSWORD),
            device: "test".into(),
            take_over: true,
            tenant: None,
        };
        let session = self.post(None, "/api/v1/sessions", &sign_in).await;
        let session: Session = serde_json::from_str(&session).unwrap();
        let token = Some(&session.token);
        let person = NewPerson {
            login: "zhou".into(),
            name: "周倩".into(),
            role: Role::Agent,
            password: Secret::new(PASSWORD),
        };
        self.post(token, "/api/v1/people", &person).await;
        let queue = NewQueue {
            name: "售后热线".into(),
            numbers: vec![HOTLINE.into()],
            agents: vec!["zhou".into()],
            ring_s: 20,
            wrap_up_s: 60,
            disposition_required: true,
            auto_answer: false,
            within_s: 20,
        };
        self.post(token, "/api/v1/queues", &queue).await;
    }

    async fn post(&self, token: Option<&Secret>, path: &str, body: &impl Serialize) -> String {
        let pem = std::fs::read(self.certificate()).unwrap();
        let http = reqwest::Client::builder()
            .add_root_certificate(reqwest::Certificate::from_pem(&pem).unwrap())
            .no_proxy()
            .build()
            .unwrap();
        let mut request = http
            .post(format!("{}{path}", self.url()))
            .header(IDEMPOTENCY_KEY, Uuid::new_v4().to_string())
            .json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        let response = within(path, request.send()).await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }
}

/// A centre that was stopped.
pub struct Stopped {
    config: Config,
    folder: TempDir,
}

impl Stopped {
    /// Starts it again on the same port with the same data.
    pub async fn start(self) -> Centre {
        let running = within("the port is free again", async {
            loop {
                match Box::pin(seatline_center::start(self.config.clone())).await {
                    Ok(running) => return running,
                    Err(seatline_center::StartError::PortInUse(_)) => {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        })
        .await;
        Centre {
            running,
            config: self.config,
            folder: self.folder,
        }
    }
}

/// A desk's computer: what outlives the program.
pub struct Computer {
    pub folder: TempDir,
    pub secrets: Arc<dyn SecretStore>,
    pub simulation: Simulation,
    pub policy: Arc<parking_lot::Mutex<Policy>>,
    /// How the program takes updates.
    pub updates: Option<UpdateConfig>,
    /// The program's version.
    pub version: &'static str,
}

impl Computer {
    /// A computer that trusts the centre.
    pub fn new(centre: &Centre) -> Self {
        let computer = Self {
            folder: TempDir::new().unwrap(),
            secrets: Arc::new(MemoryStore::default()),
            simulation: Simulation::new(tone(AGENT_TONE, 0.5)),
            policy: Arc::default(),
            updates: None,
            version: "0.1.0",
        };
        computer.trust(&centre.certificate());
        computer
    }

    /// Sets the computer's policy: the certificates of a file are trusted.
    pub fn trust(&self, file: &Path) {
        self.decide(&[("AuthorityFile", &file.display().to_string())]);
    }

    /// Sets the computer's policy to what is forced.
    pub fn decide(&self, forced: &[(&str, &str)]) {
        let values = forced.iter();
        let table = values.map(|(name, value)| ((*name).into(), Raw::Text((*value).into())));
        let layer = Layer::of_table(Source::File, table.collect());
        *self.policy.lock() = Policy::of([layer]);
    }

    /// Starts the program.
    pub async fn desk(&self) -> Desk {
        self.desk_in(self.folder.path()).await.unwrap()
    }

    /// Starts the program on another folder.
    pub async fn desk_in(&self, folder: &Path) -> Result<Desk, Failure> {
        let desk = Desk::start(DeskConfig {
            data_dir: folder.to_owned(),
            secrets: self.secrets.clone(),
            sound: SoundSystem::Simulated(self.simulation.clone()),
            policy: {
                let policy = self.policy.clone();
                Arc::new(move || policy.lock().clone())
            },
            device_name: "test computer".into(),
            version: self.version.into(),
            updates: self.updates.clone(),
            patience: PATIENCE,
        })
        .await?;
        // The processing is for voices; the tests listen for tones.
        desk.set_processing(seatline_desk::view::Processing {
            echo: false,
            noise: false,
            gain: false,
        })
        .await?;
        Ok(desk)
    }

    /// Starts the program and signs in.
    pub async fn signed_in(&self, centre: &Centre) -> Desk {
        let desk = self.desk().await;
        desk.sign_in(request(centre)).await.unwrap();
        desk
    }

    /// Starts the program, signs in and takes calls.
    pub async fn ready(&self, centre: &Centre) -> Desk {
        let desk = self.signed_in(centre).await;
        make_ready(&desk).await;
        desk
    }
}

pub fn request(centre: &Centre) -> SignInRequest {
    SignInRequest {
        centre: centre.url(),
        login: "zhou".into(),
        password: Some(Secret::new(PASSWORD)),
        remember: true,
        take_over: false,
        trust: None,
    }
}

pub async fn make_ready(desk: &Desk) {
    seen(desk, "the line is up", |view| {
        (view.line == Line::Up).then_some(())
    })
    .await;
    // The switch tells the centre of the line a moment after it has answered the desk.
    within("ready", async {
        while desk.set_presence(PresenceChoice::Ready).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

struct Nobody;

#[async_trait]
impl Authenticate for Nobody {
    async fn secret(&self, _user: &str) -> Option<seatline_sip::Secret> {
        None
    }
}

/// The customer's telephone, behind the UDP trunk.
pub struct Telephone {
    endpoint: Endpoint,
    events: Mutex<UnboundedReceiver<EndpointEvent>>,
}

/// A call as the customer has it.
pub struct Conversation {
    pub call: Call,
    pub events: CallEvents,
    pub leg: Leg,
    pub leg_events: UnboundedReceiver<LegEvent>,
}

async fn leg() -> (Leg, UnboundedReceiver<LegEvent>) {
    Leg::rtp(RtpConfig {
        bind: Ipv4Addr::LOCALHOST.into(),
        advertise: None,
        port_range: None,
        codecs: vec![Codec::Pcma],
        latch: false,
    })
    .await
    .unwrap()
}

impl Telephone {
    pub async fn start() -> Self {
        let config = EndpointConfig {
            udp: Some(([127, 0, 0, 1], 0).into()),
            tcp: None,
            advertised: None,
            realm: "customer".into(),
            user_agent: "Telephone".into(),
            trunks: vec!["127.0.0.0/8".parse().unwrap()],
        };
        let (endpoint, events) = Endpoint::start(config, Arc::new(Nobody)).await.unwrap();
        Self {
            endpoint,
            events: Mutex::new(events),
        }
    }

    pub fn uri(&self) -> String {
        let address = self.endpoint.udp_address().unwrap();
        format!("sip:{address};transport=udp")
    }

    /// Calls the hotline and returns at once.
    pub async fn call(&self, centre: &Centre) -> Conversation {
        let (leg, leg_events) = leg().await;
        let sdp = leg.create_offer().await.unwrap();
        let address = centre.running.app.calls.udp_address().unwrap();
        let target = Target::Trunk {
            uri: format!("sip:{address};transport=udp"),
            credentials: None,
        };
        let call = OutgoingCall {
            to: Number::parse(HOTLINE).unwrap(),
            from: Number::parse(CUSTOMER).unwrap(),
            display_name: None,
            headers: Vec::new(),
            sdp,
        };
        let (call, events) = self.endpoint.call(target, call).await.unwrap();
        Conversation {
            call,
            events,
            leg,
            leg_events,
        }
    }

    /// The next call that comes in.
    pub async fn rung(&self) -> IncomingCall {
        let mut events = self.events.lock().await;
        until("the telephone rings", &mut events, |event| match event {
            EndpointEvent::Invite(call) => Some(call),
            _ => None,
        })
        .await
    }

    /// Answers a call.
    pub async fn answer(&self, incoming: IncomingCall) -> Conversation {
        let (leg, leg_events) = leg().await;
        let sdp = leg.answer(&incoming.offer.unwrap()).await.unwrap();
        incoming.call.accept(sdp).await.unwrap();
        Conversation {
            call: incoming.call,
            events: incoming.events,
            leg,
            leg_events,
        }
    }
}

impl Conversation {
    /// Waits until the centre has answered.
    pub async fn answered(&mut self) {
        let sdp = until(
            "the centre answers",
            &mut self.events,
            |event| match event {
                CallEvent::Answered(sdp) => Some(sdp),
                _ => None,
            },
        )
        .await;
        self.leg.accept_answer(&sdp).await.unwrap();
    }

    /// Waits until the call is over.
    pub async fn ended(&mut self) {
        until("the call ends", &mut self.events, |event| {
            matches!(event, CallEvent::Ended { .. }).then_some(())
        })
        .await;
    }

    /// Waits for a key the agent presses.
    pub async fn digit(&mut self) -> char {
        until("a key", &mut self.leg_events, |event| match event {
            LegEvent::Digit { digit, .. } => Some(digit),
            _ => None,
        })
        .await
    }

    pub fn headset(&self) -> Headset {
        Headset::new(self.leg.attach().unwrap())
    }
}

/// Starts the program again on a computer where it was killed: its files may still be held for a
/// moment.
pub async fn restart(computer: &Computer) -> Desk {
    within("the files are free again", async {
        loop {
            match computer.desk_in(computer.folder.path()).await {
                Ok(desk) => return desk,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    })
    .await
}

/// A network between desk and centre that can be cut.
pub struct Network {
    port: u16,
    whole: tokio::sync::watch::Sender<bool>,
    most: Arc<AtomicU64>,
    held: Arc<AtomicU64>,
}

impl Network {
    pub async fn to(centre: &Centre) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let (whole, state) = tokio::sync::watch::channel(true);
        let target = centre.running.address;
        let most = Arc::new(AtomicU64::new(u64::MAX));
        let held = Arc::new(AtomicU64::new(u64::MAX));
        let limits = (most.clone(), held.clone());
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut state = state.clone();
                let limits = limits.clone();
                tokio::spawn(async move {
                    if !*state.borrow() {
                        return;
                    }
                    // A centre that is away takes no connections.
                    let Ok(mut far) = tokio::net::TcpStream::connect(target).await else {
                        return;
                    };
                    let (mut from_near, mut to_near) = near.split();
                    let (mut from_far, mut to_far) = far.split();
                    let there = tokio::io::copy(&mut from_near, &mut to_far);
                    let cut = async {
                        // A test that is over has no network.
                        let _ = state.wait_for(|whole| !whole).await;
                    };
                    tokio::select! {
                        // Either side may end it.
                        _ = there => {}
                        _ = carry(&mut from_far, &mut to_near, &limits.0, &limits.1) => {}
                        () = cut => {}
                    }
                });
            }
        });
        Self {
            port,
            whole,
            most,
            held,
        }
    }

    /// To sign in at the centre through it.
    pub fn request(&self, centre: &Centre) -> SignInRequest {
        SignInRequest {
            centre: format!("https://localhost:{}", self.port),
            ..request(centre)
        }
    }

    /// Ends every connection once it has carried so many bytes to the desk.
    pub fn break_after(&self, bytes: u64) {
        self.most.store(bytes, Ordering::Relaxed);
    }

    /// Lets nothing more through a connection once it has carried so many bytes to the desk.
    pub fn hold_after(&self, bytes: u64) {
        self.held.store(bytes, Ordering::Relaxed);
    }

    /// Ends every connection, and lets no new one through until it is mended.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

/// Carries what the centre says, up to limits that may change meanwhile.
async fn carry(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    most: &AtomicU64,
    held: &AtomicU64,
) -> std::io::Result<()> {
    let (mut carried, mut piece) = (0_u64, vec![0; 16 * 1024]);
    loop {
        let length = from.read(&mut piece).await?;
        carried += length as u64;
        if length == 0 || carried > most.load(Ordering::Relaxed) {
            return Ok(());
        }
        if carried > held.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}
