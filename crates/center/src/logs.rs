//! The program's log: on standard error, or where a service has it.

use seatline_center::config::{Log, LogFormat};
use tracing_subscriber::{
    EnvFilter, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// What is kept quiet whatever the level: these write messages, statements or numbers in full.
const QUIET: [&str; 11] = [
    "hyper=warn",
    "rlibphonenumber=warn",
    "rustls=warn",
    "tokio_tungstenite=warn",
    "tungstenite=warn",
    "rsipstack=warn",
    "sqlx=warn",
    "sea_orm=warn",
    "sea_orm_migration=warn",
    "webrtc=warn",
    "rtc=warn",
];

/// Begins to log.
///
/// # Errors
/// A sentence naming the key `log.level` if it is not a filter.
pub(crate) fn begin<W>(log: &Log, writer: W) -> Result<(), String>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wrong = |error: &dyn std::fmt::Display| {
        format!("the configuration key `log.level` is not a level or filter: {error}")
    };
    let mut filter = EnvFilter::try_new(&log.level).map_err(|error| wrong(&error))?;
    for quiet in QUIET {
        filter = filter.add_directive(quiet.parse().map_err(|error| wrong(&error))?);
    }
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false);
    match log.format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    }
    .map_err(|error| format!("logging cannot begin: {error}"))
}
