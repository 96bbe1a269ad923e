//! The desk without a window, driven by lines of JSON.

use crate::{
    built,
    centre::{Centre, PASSWORD},
    process::wait_for,
    sound::SoundServer,
};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    cell::{Cell, RefCell},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take, Wine's own start and end among it.
const PATIENCE: Duration = Duration::from_secs(90);

/// A command for the desk's program with its data in `folder`, on this sound server, with what
/// the site's IT has decided.
///
/// # Errors
/// When it is not built, or the policy cannot be written.
pub fn desk_command(folder: &Path, sound: &SoundServer, policy: &str) -> Result<Command> {
    let file = folder.join("policy.toml");
    std::fs::write(&file, policy)?;
    let mut command = Command::new(built("seatline")?);
    command
        .arg("--data-dir")
        .arg(folder.join("headless"))
        .env("SEATLINE_POLICY", file)
        .env("PULSE_SERVER", sound.address())
        .env("XDG_DATA_HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        // It has no window, so it needs no display.
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("LANG", "zh_CN.UTF-8");
    Ok(command)
}

/// A policy that leads to a centre.
#[must_use]
pub fn policy_for(centre: &Centre) -> String {
    let (url, authority) = (&centre.url, centre.certificate.display());
    format!("ServerUrl = \"{url}\"\nAuthorityFile = \"{authority}\"\n")
}

/// The desk, running.
pub struct Agent {
    child: RefCell<Child>,
    input: RefCell<Option<ChildStdin>>,
    output: Receiver<Value>,
    view: RefCell<Value>,
    answers: RefCell<Vec<Value>>,
    closing: Cell<bool>,
    last: Cell<u64>,
}

impl Agent {
    /// Starts it and waits for its first view.
    ///
    /// # Errors
    /// When it does not start; its errors are in `headless.log` in `folder`.
    pub fn start(folder: &Path, centre: &Centre, sound: &SoundServer) -> Result<Self> {
        let mut command = desk_command(folder, sound, &policy_for(centre))?;
        Self::run(command.arg("--headless-agent"), folder)
    }

    /// Runs a command that is the desk without a window, and waits for its first view.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub fn run(command: &mut Command, folder: &Path) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("headless.log"))?)
            .spawn()
            .context("seatline")?;
        let input = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().context("its output")?);
        let (told, output) = channel();
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str(&line) else {
                    panic!("not JSON: {line}");
                };
                if told.send(value).is_err() {
                    return;
                }
            }
        });
        let agent = Self {
            child: RefCell::new(child),
            input: RefCell::new(input),
            output,
            view: RefCell::default(),
            answers: RefCell::default(),
            closing: Cell::default(),
            last: Cell::new(0),
        };
        agent.see("a first view", |view| view.is_object())?;
        Ok(agent)
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.borrow().id()
    }

    /// Writes a line as it is.
    ///
    /// # Errors
    /// When the program no longer reads.
    pub fn write(&self, line: &[u8]) -> Result<()> {
        let mut input = self.input.borrow_mut();
        let input = input.as_mut().context("its input is closed")?;
        input.write_all(line)?;
        input.write_all(b"\n")?;
        Ok(())
    }

    /// Gives a command and waits for its answer: `{"result": …}` or `{"error": …}`.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn ask(&self, command: &str, arguments: &Value) -> Result<Value> {
        let id = self.last.get() + 1;
        self.last.set(id);
        let line = json!({ "id": id, "command": command, "arguments": arguments });
        self.write(line.to_string().as_bytes())?;
        self.answer(&json!(id)).with_context(|| command.to_owned())
    }

    /// As [`Agent::ask`], for a command that must work.
    ///
    /// # Errors
    /// When it does not.
    pub fn obey(&self, command: &str, arguments: &Value) -> Result<Value> {
        let mut answer = self.ask(command, arguments)?;
        if !answer["error"].is_null() {
            bail!("{command}: {answer}");
        }
        Ok(answer["result"].take())
    }

    /// Waits for the answer to a line.
    ///
    /// # Errors
    /// When it does not come.
    pub fn answer(&self, id: &Value) -> Result<Value> {
        let mut found = None;
        self.read_until("an answer", || {
            let mut answers = self.answers.borrow_mut();
            let at = answers.iter().position(|answer| answer["id"] == *id);
            found = at.map(|at| answers.remove(at));
            found.is_some()
        })?;
        found.context("an answer")
    }

    /// Waits until the view is as wanted, and gives it.
    ///
    /// # Errors
    /// Names `what` and the last view when it does not become so.
    pub fn see(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        self.read_until(what, || wanted(&self.view.borrow()))
            .with_context(|| format!("{:#}", self.view.borrow()))?;
        Ok(self.view.borrow().clone())
    }

    fn read_until(&self, what: &str, mut done: impl FnMut() -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(mut said) if said["event"] == "view" => {
                    self.view.replace(said["view"].take());
                }
                Ok(said) if said["event"] == "closing" => self.closing.set(true),
                Ok(said) if said.get("event").is_none() => self.answers.borrow_mut().push(said),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => bail!("{what}: not within {PATIENCE:?}"),
                Err(RecvTimeoutError::Disconnected) => bail!("{what}: the desk has ended"),
            }
        }
        Ok(())
    }

    /// Signs an agent in and waits for the line; voices are then left as they are, to be judged.
    ///
    /// # Errors
    /// When the centre refuses, or the line does not come up.
    pub fn sign_in(&self, centre: &Centre, login: &str) -> Result<()> {
        self.sign_in_at(&centre.url, login)
    }

    /// As [`Agent::sign_in`], at the centre with that address.
    ///
    /// # Errors
    /// As [`Agent::sign_in`].
    pub fn sign_in_at(&self, url: &str, login: &str) -> Result<()> {
        self.obey("sign_in", &request(url, login, None))?;
        self.settle()
    }

    /// As [`Agent::sign_in`], accepting the certificate that the centre has made itself, as a
    /// person would: a released desk reads no policy of ours.
    ///
    /// # Errors
    /// As [`Agent::sign_in`].
    pub fn sign_in_accepting(&self, centre: &Centre, login: &str) -> Result<()> {
        let refusal = self.ask("sign_in", &request(&centre.url, login, None))?;
        let fingerprint = refusal.pointer("/error/subject").and_then(Value::as_str);
        let fingerprint = fingerprint.with_context(|| format!("no certificate: {refusal}"))?;
        self.obey("sign_in", &request(&centre.url, login, Some(fingerprint)))?;
        self.settle()
    }

    /// Waits for the line, and leaves voices as they are.
    fn settle(&self) -> Result<()> {
        self.see("the line is up", |view| view["line"]["kind"] == "up")?;
        let off = json!({ "processing": { "echo": false, "noise": false, "gain": false } });
        self.obey("set_processing", &off)?;
        Ok(())
    }

    /// Goes ready.
    ///
    /// # Errors
    /// When the centre refuses.
    pub fn go_ready(&self) -> Result<()> {
        self.obey("set_presence", &json!({ "choice": { "kind": "ready" } }))?;
        Ok(())
    }

    /// Waits until it says that an installer asks it to end.
    ///
    /// # Errors
    /// When it does not.
    pub fn see_closing(&self) -> Result<()> {
        self.read_until("an installer asks", || self.closing.get())
    }

    /// Closes its input and waits for its end.
    ///
    /// # Errors
    /// When it does not end.
    pub fn end(&self) -> Result<ExitStatus> {
        self.input.borrow_mut().take();
        self.ends()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end.
    pub fn ends(&self) -> Result<ExitStatus> {
        wait_for("the desk ends", PATIENCE, || {
            self.child.borrow_mut().try_wait().ok().flatten()
        })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let mut child = self.child.borrow_mut();
        if matches!(child.try_wait(), Ok(None)) {
            // It may end by itself at the same moment, which is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a check's report says of one item.
///
/// # Panics
/// When it says nothing of it.
#[must_use]
pub fn finding<'r>(report: &'r Value, item: &str) -> &'r Value {
    let findings = report["findings"].as_array().into_iter().flatten();
    let mut found = findings.filter(|found| found["item"] == item);
    found
        .next()
        .unwrap_or_else(|| panic!("a check without {item}: {report}"))
}

fn request(url: &str, login: &str, trust: Option<&str>) -> Value {
    json!({ "request": {
        "centre": url, "login": login, "password": PASSWORD,
        "remember": true, "take_over": false, "trust": trust,
    }})
}
