//! `seatline --check [--json]`: says without a window whether a desk can work on this computer.

mod words;

use crate::{language::Tongue, launch::Launch, updates};
use seatline_desk::{
    check::{self, CheckConfig, Fact, Finding, Item, Outcome, Reason, Report},
    policy,
};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Looks at everything and prints what was found. The exit code is 0 if nothing has failed, else
/// 1.
///
/// # Errors
/// When there is no place for data, or the report cannot be written.
pub fn run(launch: &Launch, json: bool) -> anyhow::Result<ExitCode> {
    crate::choose_ciphers();
    let config = CheckConfig {
        data_dir: launch.data_folder()?,
        policy: policy::of_system(),
        version: env!("CARGO_PKG_VERSION").into(),
        has_update_key: updates::key().is_some(),
    };
    let tongue = Tongue::of(config.policy.settings_in(&config.data_dir).language);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut report = runtime.block_on(check::check(config));
    // A keyring that waits for a person may hold a thread for ever.
    runtime.shutdown_background();
    report.findings.push(window_engine());
    print(io::stdout().lock(), &show(&report, tongue, json)?)?;
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show(report: &Report, tongue: Tongue, json: bool) -> serde_json::Result<String> {
    if !json {
        return Ok(words::of(report, tongue));
    }
    let mut value = serde_json::to_value(report)?;
    value["passed"] = report.passed().into();
    serde_json::to_string_pretty(&value)
}

/// Writes the report. Whoever has read enough of it may be gone.
fn print(mut output: impl Write, text: &str) -> io::Result<()> {
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// WebView2 on Windows, WebKit elsewhere.
fn window_engine() -> Finding {
    match tauri::webview_version() {
        Ok(version) => {
            Finding::new(Item::WindowEngine, Outcome::Passed).with(Fact::Version, version)
        }
        Err(error) => Finding::new(Item::WindowEngine, Outcome::Failed)
            .because(Reason::NoWindowEngine)
            .with(Fact::Detail, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_fault() {
        assert!(print(Broken(io::ErrorKind::BrokenPipe), "a report").is_ok());
        assert!(print(Broken(io::ErrorKind::StorageFull), "a report").is_err());
    }
}
