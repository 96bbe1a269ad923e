//! A private PulseAudio with null sinks in the place of a headset and of a customer's ear.

use crate::{
    keyring,
    process::{Program, wait_for},
};
use anyhow::{Context, Result, ensure};
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
    time::Duration,
};

/// Sample rate of everything recorded here, Hz.
pub const RATE: u32 = 16_000;

/// The sound server of one test. Its devices move at most 50 ms at a time, as hardware does: a null
/// sink that may be rewound sleeps for up to two seconds, and whoever begins to record from it
/// meanwhile hears nothing until it wakes. They are:
///
/// | name | what |
/// |---|---|
/// | `headset` | sink: the agent's earpiece |
/// | `ringer` | sink: the loudspeaker that rings |
/// | `mouth` | sink: what is played here comes in at the source `microphone` |
/// | `customer` | sink: the earpiece of the customer's phone |
pub struct SoundServer {
    _server: Program,
    socket: PathBuf,
    folder: PathBuf,
}

impl SoundServer {
    /// Its socket's name in the folder of its files.
    pub const SOCKET: &str = "sound.socket";

    /// Starts it with its files in `folder`.
    ///
    /// # Errors
    /// When PulseAudio is missing or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        let socket = folder.join(Self::SOCKET);
        let mut command = Command::new("pulseaudio");
        command
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
            ])
            .arg(format!(
                "--load=module-native-protocol-unix auth-anonymous=1 socket={}",
                socket.display()
            ))
            .args(DEVICES.map(|device| format!("--load={}", module_of(device).join(" "))))
            .env("XDG_RUNTIME_DIR", folder)
            // Only one in each session may have its name on the bus, which nobody here asks for.
            .env(keyring::BUS, "disabled:")
            .env("HOME", folder)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("pulseaudio.log"))?);
        let server = Program::start("pulseaudio", &mut command)?;
        wait_for("PulseAudio", Duration::from_secs(10), || {
            socket.exists().then_some(())
        })?;
        let this = Self {
            _server: server,
            socket,
            folder: folder.to_path_buf(),
        };
        this.control(&["set-default-sink", "headset"])?;
        this.control(&["set-default-source", "microphone"])?;
        Ok(this)
    }

    /// The value of `PULSE_SERVER` for programs that use it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:{}", self.socket.display())
    }

    /// Runs `pactl`.
    ///
    /// # Errors
    /// When it fails.
    pub fn control(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .client("pactl")
            .args(arguments)
            .output()
            .context("pactl")?;
        ensure!(
            output.status.success(),
            "pactl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Pulls a device out, and with the sink `mouth` the microphone that hears it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn unplug(&self, device: &str) -> Result<()> {
        let modules = self.control(&["list", "short", "modules"])?;
        let named = |line: &&str| {
            let mut words = line.split_whitespace();
            words.any(|word| matches!(word.split_once("_name="), Some((_, name)) if name == device))
        };
        let line = modules.lines().find(named);
        let id = line.and_then(|line| line.split_whitespace().next());
        self.control(&["unload-module", id.with_context(|| format!("no {device}"))?])?;
        Ok(())
    }

    /// Plugs a device in; one that is not a sink of this server's start is another microphone.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn plug(&self, device: &str) -> Result<()> {
        let module = module_of(device);
        let arguments = std::iter::once("load-module").chain(module.iter().map(String::as_str));
        self.control(&arguments.collect::<Vec<_>>())?;
        Ok(())
    }

    /// Plays a WAV file into a sink, until the end or until dropped.
    ///
    /// # Errors
    /// When `paplay` cannot be started.
    pub fn play(&self, sink: &str, file: &Path) -> Result<Program> {
        let device = format!("--device={sink}");
        Program::start("paplay", self.client("paplay").arg(device).arg(file))
    }

    /// Records for `time` what a sink plays: mono samples in −1…1 at [`RATE`].
    ///
    /// # Errors
    /// When `parec` fails or the server stops delivering.
    pub fn record(&self, sink: &str, time: Duration) -> Result<Vec<f32>> {
        let recording = self.start_recording(sink)?;
        let wanted = (time.as_secs_f64() * f64::from(RATE)) as usize;
        wait_for("recording", time + Duration::from_secs(10), || {
            recording
                .samples()
                .ok()
                .filter(|samples| samples.len() >= wanted)
        })
    }

    /// Starts recording what a sink plays.
    ///
    /// # Errors
    /// When `parec` cannot be started.
    pub fn start_recording(&self, sink: &str) -> Result<Recording> {
        let serial = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        let file = self.folder.join(format!("{sink}-{serial}.raw"));
        let program = Program::start(
            "parec",
            self.client("parec")
                .arg(format!("--device={sink}.monitor"))
                .args([
                    "--format=s16le",
                    "--channels=1",
                    "--raw",
                    "--latency-msec=10",
                ])
                .arg(format!("--rate={RATE}"))
                .stdout(std::fs::File::create(&file)?),
        )?;
        Ok(Recording {
            _program: program,
            file,
        })
    }

    /// What a sink plays, as it plays it: 16-bit mono samples at [`RATE`].
    ///
    /// # Errors
    /// When `parec` cannot be started.
    pub fn stream(&self, sink: &str) -> Result<Stream> {
        let mut child = self
            .recorder(sink)
            .stdout(Stdio::piped())
            .spawn()
            .context("parec")?;
        let output = child.stdout.take().context("parec's output")?;
        Ok(Stream {
            _program: Program::adopt("parec", child),
            output,
        })
    }

    fn recorder(&self, sink: &str) -> Command {
        let mut command = self.client("parec");
        command
            .arg(format!("--device={sink}.monitor"))
            .args([
                "--format=s16le",
                "--channels=1",
                "--raw",
                "--latency-msec=5",
            ])
            .arg(format!("--rate={RATE}"));
        command
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("PULSE_SERVER", self.address())
            .stdin(Stdio::null());
        command
    }
}

/// The devices there are at the start, in the order in which they need each other.
const DEVICES: [&str; 5] = ["headset", "ringer", "mouth", "customer", "microphone"];

/// The server's module that makes a device, with its arguments.
fn module_of(device: &str) -> Vec<String> {
    let sinks = &DEVICES[..4];
    if sinks.contains(&device) {
        vec![
            "module-null-sink".to_owned(),
            format!("sink_name={device}"),
            "rate=48000".to_owned(),
            "norewinds=1".to_owned(),
            format!("sink_properties=device.description={device}"),
        ]
    } else {
        vec![
            "module-remap-source".to_owned(),
            "master=mouth.monitor".to_owned(),
            format!("source_name={device}"),
            format!("source_properties=device.description={device}"),
        ]
    }
}

/// What a sink plays, as it plays it.
pub struct Stream {
    _program: Program,
    output: ChildStdout,
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.output.read(bytes)
    }
}

/// A recording in progress.
pub struct Recording {
    _program: Program,
    file: PathBuf,
}

impl Recording {
    /// What has been recorded so far: mono samples in −1…1 at [`RATE`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn samples(&self) -> Result<Vec<f32>> {
        let bytes = std::fs::read(&self.file)?;
        Ok(bytes
            .chunks_exact(2)
            .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
            .collect())
    }
}
