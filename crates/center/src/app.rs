//! The running centre: what every request shares, how it starts and how it stops.

use crate::{
    Config,
    calls::{self, Calls},
    clock::Clock,
    config::{self, ConfigError},
    demo,
    directory::{self, Directory},
    events::{self, Hub},
    http::{self, CertificateError, Server},
    identity::{self, Identity},
    key::Key,
    recording::{self, RecordingError, Recordings},
    store::{OpenError, Store},
    supervision::{self, Supervision},
    updates::Updates,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use seatline_contract::{event::SignOutReason, identity::Role, secret::Secret};
use std::{
    io,
    net::SocketAddr,
    ops::Deref,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long requests under way may take once the centre stops.
const GRACE: Duration = Duration::from_secs(10);

/// What every request shares. Clones are the same centre.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
#[derive(Debug)]
pub struct Parts {
    /// What the centre was told at start.
    pub config: Config,
    /// The centre's clock.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// Tells desks what changed.
    pub hub: Hub,
    /// Lines and sign-in failures.
    pub identity: Identity,
    /// Contacts and calls.
    pub calls: Calls,
    /// The board and what supervisors do.
    pub supervision: Supervision,
    /// Call-backs.
    pub directory: Directory,
    /// Recordings of calls.
    pub recordings: Recordings,
    /// Updates of desks.
    pub updates: Updates,
    pub(crate) key: Key,
    pub(crate) figures: PrometheusHandle,
    /// Event sockets that are open, so that each is told before the centre is gone.
    pub(crate) sockets: TaskTracker,
    /// Cancelled when the centre begins to stop.
    pub(crate) stopping: CancellationToken,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Whether somebody of that role may see numbers in full.
    #[must_use]
    pub fn shows_numbers_to(&self, role: Role) -> bool {
        !self.config.mask_numbers || role != Role::Agent
    }
}

/// Why the centre did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration was refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file of single sign-on was refused; the message names its key.
    #[error("the configuration key {0}")]
    SingleSignOn(String),
    /// Another program has the port.
    #[error("{0} is already in use by another program: stop it, or choose another `listen`")]
    PortInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The database was refused; the message names the file.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database was opened but does not answer as it should.
    #[error("the database failed: {0}")]
    Storage(#[from] sea_orm::DbErr),
    /// The certificate was refused; the message names the file.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The data folder or a file in it cannot be used.
    #[error("{} cannot be used: {source}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Recordings cannot be made; the message names the file or folder.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The switch did not start; the message names the address.
    #[error("the switch did not start: {0}")]
    Switch(String),
    /// Demonstration data was asked for, but could not be written.
    #[error("no demonstration data: {0}")]
    Demo(String),
}

impl StartError {
    /// The process's exit code: 2 for what the administrator must change in the configuration,
    /// 3 for what keeps a port, 4 for the database, 1 for the rest.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Certificate(_) | Self::SingleSignOn(_) => 2,
            Self::PortInUse(_) | Self::Listen { .. } | Self::Switch(_) => 3,
            Self::Database(_) | Self::Storage(_) | Self::Folder { .. } | Self::Recording(_) => 4,
            Self::Demo(_) => 1,
        }
    }
}

/// A centre that runs until [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    /// Where it listens; the real port if 0 was asked for.
    pub address: SocketAddr,
    /// The one-time code for the first administrator, if there is none yet.
    pub set_up_code: Option<Secret>,
    /// What its requests share, for tests and embedding programs.
    pub app: App,
    tasks: Vec<JoinHandle<()>>,
    server_stop: CancellationToken,
}

/// Starts a centre on the machine's clock.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: Config) -> Result<Running, StartError> {
    start_at(config, Clock::system()).await
}

/// Starts a centre on the given clock.
///
/// # Errors
/// See [`StartError`].
pub async fn start_at(config: Config, clock: Clock) -> Result<Running, StartError> {
    config::check(&config)?;
    let folder = |path: &std::path::Path| {
        let path = path.to_owned();
        move |source| StartError::Folder { path, source }
    };
    let listen = config.listen;
    let listener = http::bind(listen).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            StartError::PortInUse(listen)
        } else {
            StartError::Listen {
                address: listen,
                source,
            }
        }
    })?;
    std::fs::create_dir_all(&config.data_dir).map_err(folder(&config.data_dir))?;
    let store = Store::open(&config.database_path(), config.database_max_mib).await?;
    let key_file = config.data_dir.join("centre.key");
    let key = Key::open(&key_file).map_err(folder(&key_file))?;
    let tls = http::acceptor(&config)?;
    http::forget_cut_off(&store).await?;

    let (recordings, recorder) = Recordings::open(
        config.recordings_path(),
        &config.recording_keys_path(),
        store.clone(),
        clock.clone(),
    )
    .await?;
    let identity = Identity::new(&config, key.clone()).map_err(StartError::SingleSignOn)?;
    let (calls, driver) = calls::prepare();
    let stopping = CancellationToken::new();
    let app = App(Arc::new(Parts {
        hub: Hub::new(clock.clone()),
        identity,
        supervision: Supervision::new(clock.now()),
        directory: Directory::default(),
        updates: Updates::new(config.updates.folder.clone()),
        figures: figures(),
        sockets: TaskTracker::new(),
        stopping: stopping.clone(),
        config,
        clock,
        store,
        calls,
        recordings,
        key,
    }));
    if app.config.demo {
        demo::fill(&app)
            .await
            .map_err(|failure| StartError::Demo(failure.error().detail.clone()))?;
    }
    identity::restore_lines(&app).await?;
    let set_up_code = identity::offer_set_up(&app.store).await?;
    driver.run(app.clone()).await.map_err(StartError::Switch)?;
    supervision::start(&app, stopping.clone()).await?;

    let address = listener.local_addr().map_err(|source| StartError::Listen {
        address: listen,
        source,
    })?;
    let server = Server {
        listener,
        tls,
        router: http::router(app.clone()),
    };
    let server_stop = CancellationToken::new();
    let tasks = vec![
        tokio::spawn(server.serve(server_stop.clone(), GRACE)),
        tokio::spawn(directory::keep_callbacks(app.clone(), stopping.clone())),
        tokio::spawn(events::watch_desks(app.clone(), stopping.clone())),
        tokio::spawn(http::forget_old(app.clone(), stopping.clone())),
        tokio::spawn(recording::keep_retention(
            app.recordings.clone(),
            stopping.clone(),
        )),
        tokio::spawn(recorder.run(app.clone(), stopping)),
    ];
    tracing::info!(%address, "the centre is open");
    Ok(Running {
        address,
        set_up_code,
        app,
        tasks,
        server_stop,
    })
}

impl Running {
    /// Stops: tells the desks, ends calls, lets requests under way finish, closes the database.
    pub async fn stop(self) {
        tracing::info!("the centre is stopping");
        self.app.stopping.cancel();
        self.app.calls.shutdown().await;
        self.app.recordings.shutdown().await;
        self.app.hub.sign_out_all(SignOutReason::CentreStopping);
        self.app.sockets.close();
        if tokio::time::timeout(GRACE, self.app.sockets.wait())
            .await
            .is_err()
        {
            tracing::warn!("some desks were not told");
        }
        self.server_stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the centre failed");
            }
        }
        if let Err(error) = self.app.store.close().await {
            tracing::error!(%error, "the database did not close cleanly");
        }
    }
}

/// The figures of this process; all centres in it share them.
fn figures() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another recorder takes the figures");
            }
            handle
        })
        .clone()
}
