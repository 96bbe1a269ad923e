//! A foreign customer's phone: baresip, calling over the UDP trunk in G.711 with a recorded
//! speech as its microphone and the sink `customer` as its earpiece.

use crate::{
    process::{Program, wait_for},
    sound::SoundServer,
};
use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{IpAddr, TcpListener, TcpStream},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Where phones listen for voice: beyond the ports that systems give to others by themselves.
pub const RTP_PORTS: RangeInclusive<u16> = 61_000..=61_999;

/// The phone. It ends, and with it its calls, when dropped.
pub struct Baresip {
    program: Program,
    control: TcpStream,
    events: Arc<Mutex<Vec<Value>>>,
    log: PathBuf,
}

/// How the phone is set up.
pub struct Setup<'a> {
    /// Where it keeps its files.
    pub folder: &'a Path,
    /// Its own address.
    pub address: IpAddr,
    /// Its own port.
    pub port: u16,
    /// Its number.
    pub number: &'a str,
    /// What it says.
    pub speech: Voice<'a>,
    /// Answers calls by itself.
    pub answers: bool,
}

/// What a phone says.
#[derive(Clone, Copy)]
pub enum Voice<'a> {
    /// An 8 kHz mono WAV file.
    File(&'a Path),
    /// Whatever comes in at the source `microphone`.
    Microphone,
}

impl Baresip {
    /// Starts the phone.
    ///
    /// # Errors
    /// When baresip is missing or does not start.
    pub fn start(setup: &Setup, sound: &SoundServer) -> Result<Self> {
        let folder = setup.folder.join("baresip");
        std::fs::create_dir_all(&folder)?;
        let control = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let Setup {
            address,
            port,
            number,
            ..
        } = setup;
        std::fs::write(
            folder.join("config"),
            format!(
                "poll_method epoll\n\
                 sip_listen {address}:{port}\n\
                 net_interface voice0\n\
                 audio_player alsa,customer\n\
                 audio_alert alsa,customer\n\
                 audio_source {speech}\n\
                 ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n\
                 jitter_buffer_delay 1-5\n\
                 rtp_ports {first}-{last}\n\
                 module_path /usr/lib/baresip/modules\n\
                 module g711.so\nmodule aufile.so\nmodule alsa.so\n\
                 module_app account.so\nmodule_app contact.so\nmodule_app menu.so\n\
                 module ctrl_tcp.so\nctrl_tcp_listen {control}\n",
                first = RTP_PORTS.start(),
                last = RTP_PORTS.end(),
                speech = match setup.speech {
                    Voice::File(file) => format!("aufile,{}", file.display()),
                    Voice::Microphone => "alsa,microphone".to_owned(),
                },
            ),
        )?;
        let answer = if setup.answers { "auto" } else { "manual" };
        std::fs::write(
            folder.join("accounts"),
            format!(
                "<sip:{number}@{address};transport=udp>;regint=0;answermode={answer};audio_codecs=PCMU/8000/1\n"
            ),
        )?;
        std::fs::write(folder.join("contacts"), "")?;
        std::fs::write(
            folder.join(".asoundrc"),
            "pcm.customer { type pulse device customer }\nctl.customer { type pulse }\n\
             pcm.microphone { type pulse device microphone }\nctl.microphone { type pulse }\n",
        )?;
        let log = folder.join("baresip.log");
        let program = Program::start(
            "baresip",
            Command::new("baresip")
                .arg("-f")
                .arg(&folder)
                .arg("-s")
                .env("HOME", &folder)
                .env("PULSE_SERVER", sound.address())
                .stdin(Stdio::null())
                .stdout(std::fs::File::create(&log)?)
                .stderr(std::fs::File::create(folder.join("errors.log"))?),
        )?;
        let control = wait_for("baresip's control port", Duration::from_secs(10), || {
            TcpStream::connect(control).ok()
        })?;
        let events = Arc::default();
        read_events(control.try_clone()?, Arc::clone(&events));
        Ok(Self {
            program,
            control,
            events,
            log,
        })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.program.id()
    }

    /// Calls a number at the centre's trunk.
    ///
    /// # Errors
    /// When the phone is gone.
    pub fn dial(&mut self, number: &str, trunk: &str) -> Result<()> {
        self.send("dial", &format!("sip:{number}@{trunk}"))
    }

    /// Presses a key in the call.
    ///
    /// # Errors
    /// When the phone is gone.
    pub fn press(&mut self, key: char) -> Result<()> {
        self.send("sndcode", &key.to_string())
    }

    /// Hangs up.
    ///
    /// # Errors
    /// When the phone is gone.
    pub fn hang_up(&mut self) -> Result<()> {
        self.send("hangup", "")
    }

    /// Waits for an event such as `CALL_ESTABLISHED` or `CALL_CLOSED`, and takes it.
    ///
    /// # Errors
    /// When it does not come in time; the phone's log is named.
    pub fn expect_event(&self, kind: &str, limit: Duration) -> Result<Value> {
        wait_for(kind, limit, || {
            let mut events = self.events.lock().ok()?;
            let index = events.iter().position(|event| event["type"] == kind)?;
            Some(events.remove(index))
        })
        .with_context(|| format!("baresip's log is {}", self.log.display()))
    }

    /// What the phone has printed, keys received among it.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn printed(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.log)?).into_owned())
    }

    /// Gives it one of its own commands, such as `transfer`.
    ///
    /// # Errors
    /// When the phone is gone.
    pub fn send(&mut self, command: &str, parameters: &str) -> Result<()> {
        let message = serde_json::json!({ "command": command, "params": parameters }).to_string();
        // A netstring: length, colon, text, comma.
        write!(self.control, "{}:{message},", message.len()).context("baresip is gone")
    }
}

fn read_events(mut stream: TcpStream, events: Arc<Mutex<Vec<Value>>>) {
    std::thread::spawn(move || {
        let mut pending = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut chunk) {
            pending.extend_from_slice(&chunk[..length]);
            while let Some(colon) = pending.iter().position(|&byte| byte == b':') {
                let Some(size) = std::str::from_utf8(&pending[..colon])
                    .ok()
                    .and_then(|n| n.parse::<usize>().ok())
                else {
                    return;
                };
                let end = colon + 1 + size;
                if pending.len() <= end {
                    break;
                }
                if let Ok(event) = serde_json::from_slice::<Value>(&pending[colon + 1..end])
                    && event["event"] == true
                    && let Ok(mut events) = events.lock()
                {
                    events.push(event);
                }
                pending.drain(..=end);
            }
        }
    });
}
