//! The rival in a browser: Chromium's WebRTC between two peers of one page.

use anyhow::{Context, Result};
use seatline_tests::{process::Program, sound::SoundServer};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

/// A page with a call in it, from the source `microphone` to the default sink.
pub(crate) struct Call {
    program: Program,
    /// Median of twenty connections on loopback, ms.
    pub(crate) connect_ms: f64,
}

impl Call {
    /// Opens the page and waits until the call is up.
    pub(crate) fn start(sound: &SoundServer) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/chromium.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .env("PULSE_SERVER", sound.address())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("node")?;
        let output = child.stdout.take().context("node's output")?;
        let program = Program::adopt("chromium", child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let connect_ms = line
            .trim()
            .parse()
            .with_context(|| format!("chromium said {line:?}"))?;
        Ok(Self {
            program,
            connect_ms,
        })
    }

    /// Process id of all of it.
    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }
}
