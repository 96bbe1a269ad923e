//! The log files: one a day, a week of them, in the data folder. Numbers and secrets redact
//! themselves; messages of the signalling and media libraries are kept to warnings, as their
//! detail would carry both.

use anyhow::Context;
use std::path::Path;
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::EnvFilter;

/// How many days are kept.
const DAYS: usize = 7;

/// Writes the rest of the log when it is dropped.
pub struct Journal {
    _writer: WorkerGuard,
}

/// Makes the data folder and begins to log to `logs` in it. The variable `SEATLINE_LOG` sets how much
/// Seatline itself says (`error` … `trace`).
///
/// # Errors
/// When the folder cannot be written.
pub fn open(data_dir: &Path) -> anyhow::Result<Journal> {
    make_private(data_dir)
        .with_context(|| format!("cannot make the data folder {}", data_dir.display()))?;
    let folder = data_dir.join("logs");
    let unwritable = || format!("cannot write logs to {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(unwritable)?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("seatline")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(&folder)
        .with_context(unwritable)?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    tracing_subscriber::fmt()
        .with_env_filter(filter(std::env::var("SEATLINE_LOG").ok().as_deref()))
        .with_writer(writer)
        .with_ansi(false)
        .init();
    Ok(Journal { _writer: guard })
}

/// Makes a folder that only this person can read; on Windows the profile's own rights do that.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn filter(level: Option<&str>) -> EnvFilter {
    let level = level
        .filter(|level| ["error", "warn", "info", "debug", "trace"].contains(level))
        .unwrap_or("info");
    EnvFilter::new(format!("warn,seatline={level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_seatline_itself_can_be_made_to_say_more() {
        assert_eq!(filter(None).to_string(), "seatline=info,warn");
        assert_eq!(filter(Some("trace")).to_string(), "seatline=trace,warn");
        assert_eq!(
            filter(Some("rsipstack=trace")).to_string(),
            "seatline=info,warn"
        );
    }
}
