//! A private PulseAudio server with null sinks as headsets, and tools to hear what they play.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seatline_audio::DeviceId;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const RATE: u32 = 48_000;

/// Waits until the condition holds; fails the test with `what` if it never does.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The server that all tests of this process share.
pub(crate) struct Server {
    address: String,
}

/// Starts the server on first use. It ends by itself soon after its last client.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("pulse-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("the build's folder for temporary files");
        let server = Server::start(&home);
        // SAFETY: done once, before any test of this process has touched the sound system; the
        // tests' other threads do not read the environment while they wait for this lock.
        unsafe {
            std::env::set_var("PULSE_SERVER", &server.address);
            std::env::set_var("XDG_RUNTIME_DIR", &home);
        }
        server
    })
}

impl Server {
    fn start(home: &Path) -> Self {
        let socket = home.join("native");
        let log = std::fs::File::create(home.join("log")).expect("a log file");
        let errors = log.try_clone().expect("the same log file");
        Command::new("pulseaudio")
            .args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=15",
                "--use-pid-file=no",
            ])
            .args([
                "--disallow-exit=no",
                "--log-target=stderr",
                "--log-level=notice",
            ])
            .arg(format!(
                "--load=module-native-protocol-unix socket={} auth-anonymous=1",
                socket.display()
            ))
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("PULSE_STATE_PATH", home)
            .env_remove("PULSE_SERVER")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("pulseaudio is not installed: run `cargo dev setup` (Debian: pulseaudio)");
        let server = Self {
            address: format!("unix:{}", socket.display()),
        };
        wait_until("pulseaudio answers", || server.pactl(&["info"]).is_some());
        server
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("PULSE_SERVER", &self.address)
            .stderr(Stdio::null());
        command
    }

    fn pactl(&self, arguments: &[&str]) -> Option<String> {
        let output = self
            .command("pactl")
            .args(arguments)
            .output()
            .expect("pactl is not installed: run `cargo dev setup` (Debian: pulseaudio-utils)");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn load(&self, module: &str, arguments: &[String]) -> Module {
        let mut all = vec!["load-module", module];
        all.extend(arguments.iter().map(String::as_str));
        Module {
            index: self
                .pactl(&all)
                .unwrap_or_else(|| panic!("{module} does not load")),
        }
    }

    /// Makes a sink the default, as a loudspeaker would be.
    pub(crate) fn set_default(&self, sink: &NullSink) {
        self.pactl(&["set-default-sink", &sink.name])
            .expect("the sink exists");
    }
}

/// Gives a name no other test uses.
pub(crate) fn unique(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{stem}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

struct Module {
    index: String,
}

impl Drop for Module {
    fn drop(&mut self) {
        server().pactl(&["unload-module", &self.index]);
    }
}

/// A sink whose monitor tells what is played; it is unplugged when dropped.
pub(crate) struct NullSink {
    name: String,
    _module: Module,
}

impl NullSink {
    /// Plugs a speaker in.
    pub(crate) fn plug(name: &str, rate: u32, channels: u32) -> Self {
        let module = server().load(
            "module-null-sink",
            &[
                format!("sink_name={name}"),
                format!("rate={rate}"),
                format!("channels={channels}"),
                "format=s16le".into(),
            ],
        );
        Self {
            name: name.into(),
            _module: module,
        }
    }

    /// The speaker as the headset knows it.
    pub(crate) fn id(&self) -> DeviceId {
        DeviceId::new(format!("pulseaudio:{}", self.name))
    }

    /// Starts to record what is played.
    pub(crate) fn listen(&self) -> Ear {
        Ear::start(&format!("{}.monitor", self.name))
    }
}

/// A microphone that hears a tone; it is unplugged when dropped.
pub(crate) struct Microphone {
    name: String,
    // Dropped in this order: the voice, the microphone, what carries its sound.
    _voice: Voice,
    _source: Module,
    _sink: NullSink,
}

impl Microphone {
    /// Plugs a microphone in that hears a tone of half the full scale.
    pub(crate) fn plug(name: &str, rate: u32, channels: u32, hz: f32) -> Self {
        let sink = NullSink::plug(&format!("{name}_air"), rate, channels);
        let source = server().load(
            "module-remap-source",
            &[
                format!("master={}.monitor", sink.name),
                format!("source_name={name}"),
                format!("rate={rate}"),
                format!("channels={channels}"),
                "remix=no".into(),
            ],
        );
        let voice = Voice::start(&sink.name, hz);
        Self {
            name: name.into(),
            _voice: voice,
            _source: source,
            _sink: sink,
        }
    }

    /// The microphone as the headset knows it.
    pub(crate) fn id(&self) -> DeviceId {
        DeviceId::new(format!("pulseaudio:{}", self.name))
    }
}

/// Plays a tone into a sink until dropped.
struct Voice {
    player: Child,
    ended: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
}

impl Voice {
    fn start(sink: &str, hz: f32) -> Self {
        let mut player = server()
            .command("pacat")
            .args(["--playback", "--raw", "--format=float32le", "--channels=1"])
            .args([
                &format!("--rate={RATE}"),
                &format!("--device={sink}"),
                "--latency-msec=60",
            ])
            .stdin(Stdio::piped())
            .spawn()
            .expect("pacat comes with pactl");
        let mut pipe = player.stdin.take().expect("stdin is piped");
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let writer = std::thread::spawn(move || {
            let mut phase = 0.0_f32;
            while !end.load(Ordering::Relaxed) {
                let mut bytes = Vec::with_capacity(4 * 960);
                for _ in 0..960 {
                    let sample = 0.5 * (std::f32::consts::TAU * phase).sin();
                    bytes.extend_from_slice(&sample.to_le_bytes());
                    phase = (phase + hz / RATE as f32).fract();
                }
                if pipe.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        Self {
            player,
            ended,
            writer: Some(writer),
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = self.player.kill();
        let _ = self.player.wait();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Records a source until dropped.
pub(crate) struct Ear {
    recorder: Child,
    heard: Arc<Mutex<Vec<f32>>>,
    reader: Option<JoinHandle<()>>,
}

impl Ear {
    fn start(source: &str) -> Self {
        let mut recorder = server()
            .command("pacat")
            .args(["--record", "--raw", "--format=float32le", "--channels=1"])
            .args([
                &format!("--rate={RATE}"),
                &format!("--device={source}"),
                "--latency-msec=20",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("pacat comes with pactl");
        let mut pipe = recorder.stdout.take().expect("stdout is piped");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = heard.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 3_840];
            while pipe.read_exact(&mut bytes).is_ok() {
                let mut heard = keep.lock().expect("no test panics while it holds this");
                for sample in bytes.chunks_exact(4) {
                    heard.push(f32::from_le_bytes([
                        sample[0], sample[1], sample[2], sample[3],
                    ]));
                }
            }
        });
        let ear = Self {
            recorder,
            heard,
            reader: Some(reader),
        };
        wait_until("the recorder runs", || !ear.everything().is_empty());
        ear
    }

    /// Everything heard so far, at 48 kHz.
    pub(crate) fn everything(&self) -> Vec<f32> {
        self.heard
            .lock()
            .expect("the reader does not panic")
            .clone()
    }

    /// The last 200 ms.
    pub(crate) fn lately(&self) -> Vec<f32> {
        let heard = self.everything();
        heard[heard.len().saturating_sub(9_600)..].to_vec()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = self.recorder.kill();
        let _ = self.recorder.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
