//! The centre as a Windows service: `seatline-center --config FILE service install`.
//!
//! It runs as `LocalService`, which may do little; its data folder is open to that account, the
//! system and administrators alone. What a person is told on standard output elsewhere is in the
//! data folder here: the log in `logs`, the one-time code in `set-up-code.txt`.

use crate::logs;
use clap::Subcommand;
use seatline_center::{
    Config, Running, StartError,
    config::{self, Flags, Log},
    identity,
};
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use windows_service::{
    define_windows_service,
    service::{
        Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceControl,
        ServiceControlAccept, ServiceErrorControl, ServiceExitCode, ServiceFailureActions,
        ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceStatus,
        ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle},
    service_dispatcher,
    service_manager::{ServiceManager, ServiceManagerAccess},
};

/// The service's name.
const NAME: &str = "SeatlineCenter";
/// Who it runs as.
const ACCOUNT: &str = r"NT AUTHORITY\LocalService";
/// Whom its data belong to.
const ADMINISTRATORS: &str = "*S-1-5-32-544";
/// Who may look into its data: that account, the system, administrators.
const READERS: [&str; 3] = ["*S-1-5-19", "*S-1-5-18", ADMINISTRATORS];
/// The one-time code, in the data folder for as long as it is good.
const CODE: &str = "set-up-code.txt";
/// How long starting or stopping may take before Windows takes the service for hung.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how many days logs are kept.
const DAYS: usize = 14;
/// How often it is looked at meanwhile.
const STEP: Duration = Duration::from_millis(200);
/// `ERROR_SERVICE_DATABASE_LOCKED`.
const DATABASE_LOCKED: i32 = 1_055;
/// `ERROR_SERVICE_ALREADY_RUNNING`.
const ALREADY_RUNNING: i32 = 1_056;
/// How long after a fault the service is started again; the last holds for all that follow, so that
/// what is refused at every start does not fill the logs.
const AGAIN_AFTER: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(5),
    Duration::from_secs(60),
];

/// What to do with the service.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Action {
    /// Install it with the flags given here; it starts with the computer
    Install,
    /// Stop it and take it away; its data stay
    Uninstall,
    /// Be it; Windows calls this
    Run,
}

/// Why the service cannot be managed, or does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    /// A service has no working folder to speak of.
    #[error("{} must be a full path for a service", .0.display())]
    NotFull(PathBuf),
    /// There is one; it is to be uninstalled first.
    #[error("the service is installed already: uninstall it first")]
    Installed,
    /// The data folder cannot be made, or closed to others.
    #[error("the folder {} cannot be used: {error}", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Windows refuses: there is no such service, or no right to manage services.
    #[error("Windows refuses: {}", reason(.0))]
    Refused(#[from] windows_service::Error),
    /// The log cannot be written.
    #[error("the log cannot be written: {0}")]
    LogFile(#[from] InitError),
    /// The configuration of the log is refused.
    #[error("{0}")]
    Log(String),
    /// It did not stop in time.
    #[error("the service does not stop")]
    Hung,
    /// The system gives it no threads.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// The centre refuses to start, as it says.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl ServiceError {
    /// The exit code of the program, and the service's own code.
    fn exit_code(&self) -> u8 {
        match self {
            Self::Log(_) => 2,
            Self::Folder { .. } | Self::LogFile(_) => 4,
            Self::Start(error) => error.exit_code(),
            Self::NotFull(_)
            | Self::Installed
            | Self::Refused(_)
            | Self::Hung
            | Self::Runtime(_) => 1,
        }
    }
}

fn reason(error: &windows_service::Error) -> String {
    match error {
        // Its own words say only that Windows refused.
        windows_service::Error::Winapi(cause) => cause.to_string(),
        error => error.to_string(),
    }
}

/// Does what was asked, and says how it went.
pub(crate) fn act(action: Action, flags: Flags) -> ExitCode {
    let done = match action {
        Action::Install => install(flags),
        Action::Uninstall => uninstall(),
        Action::Run => run(flags),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seatline-center: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn install(flags: Flags) -> Result<(), ServiceError> {
    let file = flags.config.clone();
    let config = config::load(flags).map_err(StartError::from)?;
    for path in file.iter().chain([&config.data_dir]) {
        if !path.is_absolute() {
            return Err(ServiceError::NotFull(path.clone()));
        }
    }
    let manager = ServiceManager::local_computer(
        None::<&str>,
        ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE,
    )?;
    // The folder of one that runs is left alone.
    if manager
        .open_service(NAME, ServiceAccess::QUERY_STATUS)
        .is_ok()
    {
        return Err(ServiceError::Installed);
    }
    close_folder(&config.data_dir).map_err(|error| ServiceError::Folder {
        folder: config.data_dir.clone(),
        error,
    })?;
    let is_old = config.database_path().exists();
    // The flags of this very start, so that the service sees the same configuration.
    let mut launch_arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    for argument in &mut launch_arguments {
        if argument == "install" {
            *argument = "run".into();
        }
    }
    let info = ServiceInfo {
        name: NAME.into(),
        display_name: "Seatline Centre".into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: std::env::current_exe().map_err(windows_service::Error::Winapi)?,
        launch_arguments,
        dependencies: Vec::new(),
        account_name: Some(ACCOUNT.into()),
        account_password: None,
    };
    let access = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START;
    let service = manager.create_service(&info, access)?;
    service.set_description("Calls, customers and tickets for the desks of a call centre")?;
    service.update_failure_actions(ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(3_600)),
        reboot_msg: None,
        command: None,
        actions: Some(
            AGAIN_AFTER
                .map(|delay| ServiceAction {
                    action_type: ServiceActionType::Restart,
                    delay,
                })
                .to_vec(),
        ),
    })?;
    // A fault that the service itself reports is one, too.
    if let Err(error) = service.set_failure_actions_on_non_crash_failures(true) {
        eprintln!(
            "seatline-center: the service is started again after a crash only: {}",
            reason(&error)
        );
    }
    start(&service)?;
    println!(
        "The service {NAME} is installed and starts. Its log, and the one-time set-up code of a new centre, are in {}",
        config.data_dir.display()
    );
    if is_old {
        println!("There was a database already: the service goes on with its people and data");
    }
    Ok(())
}

/// Starts it, which Windows does not do while it starts others.
fn start(service: &Service) -> Result<(), ServiceError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let refused = match service.start::<&str>(&[]) {
            Ok(()) => return Ok(()),
            Err(windows_service::Error::Winapi(refused)) => refused,
            Err(error) => return Err(error.into()),
        };
        match refused.raw_os_error() {
            Some(ALREADY_RUNNING) => return Ok(()),
            Some(DATABASE_LOCKED) if Instant::now() < deadline => thread::sleep(STEP),
            _ => return Err(windows_service::Error::Winapi(refused).into()),
        }
    }
}

/// Makes a folder that holds customers' data, and closes it to everybody else, whoever made it
/// first.
fn close_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    refuse_links(folder)?;
    // An owner could open it again, and rights that others were given would stay.
    icacls(folder, &["/setowner", ADMINISTRATORS])?;
    icacls(folder, &["/reset"])?;
    let mut rights = vec!["/inheritance:r".to_owned()];
    for reader in READERS {
        rights.extend(["/grant:r".to_owned(), format!("{reader}:(OI)(CI)F")]);
    }
    icacls(folder, &rights)?;
    // Once more, now that nobody else gets in by the folder itself.
    refuse_links(folder)?;
    if fs::read_dir(folder)?.next().is_none() {
        return Ok(());
    }
    let inside = folder.join("*");
    icacls(&inside, &["/setowner", ADMINISTRATORS, "/t", "/l"])?;
    icacls(&inside, &["/reset", "/t", "/l"])
}

/// Refuses a link, as a folder or in it: rights would be changed, and data written, where it leads.
fn refuse_links(place: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(place)?.file_type();
    if kind.is_symlink() {
        let refusal = format!("{} is a link", place.display());
        return Err(io::Error::other(refusal));
    }
    if kind.is_dir() {
        for entry in fs::read_dir(place)? {
            refuse_links(&entry?.path())?;
        }
    }
    Ok(())
}

/// Has Windows change whom something belongs to, or who may use it.
fn icacls(place: &Path, change: &[impl AsRef<OsStr>]) -> io::Result<()> {
    // By its full path: another could lie beside this program.
    let windows = std::env::var_os("SystemRoot").unwrap_or_else(|| r"C:\Windows".into());
    let program = Path::new(&windows).join(r"System32\icacls.exe");
    let output = Command::new(program)
        .arg(place)
        .args(change)
        .arg("/q")
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(io::Error::other(said.trim().to_owned()))
}

fn uninstall() -> Result<(), ServiceError> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::DELETE;
    let service = manager.open_service(NAME, access)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match service.query_status()?.current_state {
            ServiceState::Stopped => return Ok(service.delete()?),
            _ if Instant::now() > deadline => return Err(ServiceError::Hung),
            // It listens once it has started.
            ServiceState::StartPending | ServiceState::StopPending => {}
            _ => drop(service.stop()?),
        }
        thread::sleep(STEP);
    }
}

/// What the service was started with; Windows calls it back with nothing of ours.
static FLAGS: OnceLock<Flags> = OnceLock::new();

define_windows_service!(called_by_windows, serve_or_log);

/// Windows hears of a refusal only from a service that it has called.
fn run(flags: Flags) -> Result<(), ServiceError> {
    // It is set once, by the one start of this program.
    let _ = FLAGS.set(flags);
    Ok(service_dispatcher::start(NAME, called_by_windows)?)
}

fn serve_or_log(_: Vec<OsString>) {
    let Some(flags) = FLAGS.get() else {
        return;
    };
    if let Err(error) = serve(flags.clone()) {
        tracing::error!(
            error = reason(&error),
            "Windows does not listen to the service"
        );
    }
}

fn serve(flags: Flags) -> windows_service::Result<()> {
    let stop = Arc::new(Notify::new());
    let asked = stop.clone();
    let windows = service_control_handler::register(NAME, move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            asked.notify_one();
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    })?;
    tell(windows, ServiceState::StartPending, 0)?;
    let ended = begin(flags).and_then(|config| {
        let runtime = tokio::runtime::Runtime::new().map_err(ServiceError::Runtime)?;
        Ok(runtime.block_on(serve_until(&stop, windows, config))?)
    });
    let code = match ended {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(%error, "the service cannot start");
            u32::from(error.exit_code())
        }
    };
    tell(windows, ServiceState::Stopped, code)
}

/// Reads the configuration and begins to log: a refusal, too, if it can be told where.
fn begin(flags: Flags) -> Result<Config, ServiceError> {
    let folder = config::data_dir(&flags);
    let begun = config::load(flags)
        .map_err(|error| ServiceError::from(StartError::from(error)))
        .and_then(|config| {
            begin_log(&config.data_dir, &config.log)?;
            Ok(config)
        });
    if let (Err(_), Some(folder)) = (&begun, folder) {
        // The refusal itself is what Windows is told, logged or not.
        let _ = begin_log(&folder, &Log::default());
    }
    begun
}

fn begin_log(data_dir: &Path, log: &Log) -> Result<(), ServiceError> {
    let logs = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(data_dir.join("logs"))?;
    logs::begin(log, logs).map_err(ServiceError::Log)
}

async fn serve_until(
    stop: &Notify,
    windows: ServiceStatusHandle,
    config: Config,
) -> Result<(), StartError> {
    let folder = config.data_dir.clone();
    let running = seatline_center::start(config).await?;
    leave_code(&folder, &running);
    // Windows may have gone on without us; it then ends the process itself.
    let _ = tell(windows, ServiceState::Running, 0);
    stop.notified().await;
    let _ = tell(windows, ServiceState::StopPending, 0);
    running.stop().await;
    Ok(())
}

/// Leaves the one-time code where only administrators look, and takes an old one away.
fn leave_code(folder: &Path, running: &Running) {
    let place = folder.join(CODE);
    let done = match &running.set_up_code {
        Some(code) => fs::write(&place, identity::spell_code(code)),
        None => fs::remove_file(&place).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        }),
    };
    if let Err(error) = done {
        tracing::error!(%error, "the set-up code's file cannot be written or taken away");
    }
}

fn tell(
    windows: ServiceStatusHandle,
    state: ServiceState,
    code: u32,
) -> windows_service::Result<()> {
    windows.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: match state {
            ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
            _ => ServiceControlAccept::empty(),
        },
        exit_code: match code {
            0 => ServiceExitCode::NO_ERROR,
            code => ServiceExitCode::ServiceSpecific(code),
        },
        checkpoint: 0,
        wait_hint: PATIENCE,
        process_id: None,
    })
}
