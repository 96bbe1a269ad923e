//! A private PulseAudio server with null sinks as headsets, and tools to hear what they play.

use std::ffi::CString;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    ChannelMap, PlaybackStreamParams, RecordStreamParams, SampleFormat, SampleSpec,
};
use pulseaudio::{AsPlaybackSource, Client, PlaybackStream, RecordStream};
use seatline_audio::DeviceId;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const RATE: u32 = 48_000;

const MONO: SampleSpec = SampleSpec {
    format: SampleFormat::Float32Le,
    channels: 1,
    sample_rate: RATE,
};

/// The server moves streams when the default device changes; what listens here must not be.
static FIXED: LazyLock<StreamFlags> = LazyLock::new(|| StreamFlags {
    no_move: true,
    adjust_latency: true,
    ..Default::default()
});

static SYNC_IDS: AtomicU32 = AtomicU32::new(1);

/// Waits until the condition holds; fails the test with `what` if it never does.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The server that all tests of this process share.
struct Server {
    address: String,
    client: Client,
}

/// The server for one test: tests take turns, because a sink that goes leaves traces on the
/// others. Starts it on first use; it ends by itself soon after its last client.
pub(crate) fn take_server() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    server();
    turn
}

fn server() -> &'static Server {
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
        let mut daemon = Command::new("pulseaudio")
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
        let mut client = None;
        wait_until("pulseaudio answers", || {
            let ended = daemon.try_wait().expect("a child can be asked");
            assert!(
                ended.is_none(),
                "pulseaudio ended at once: see {}/log",
                home.display()
            );
            client = UnixStream::connect(&socket)
                .ok()
                .and_then(|stream| Client::new_unix(c"ears", stream, Some([0; 256])).ok());
            client.is_some()
        });
        let client = client.expect("waited for above");
        Self {
            address: format!("unix:{}", socket.display()),
            client,
        }
    }

    fn pactl(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("pactl")
            .env("PULSE_SERVER", &self.address)
            .stderr(Stdio::null())
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

    /// Makes it the default, as a loudspeaker would be.
    pub(crate) fn make_default(&self) {
        server()
            .pactl(&["set-default-sink", &self.name])
            .expect("the sink exists");
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

    /// Presses the microphone's own mute key, as the server tells of it.
    pub(crate) fn set_muted(&self, muted: bool) {
        let muted = if muted { "1" } else { "0" };
        server()
            .pactl(&["set-source-mute", &self.name, muted])
            .expect("the microphone is there");
    }

    /// The microphone as the headset knows it.
    pub(crate) fn id(&self) -> DeviceId {
        DeviceId::new(format!("pulseaudio:{}", self.name))
    }
}

/// Plays a tone into a sink until dropped.
struct Voice {
    _stream: PlaybackStream,
}

impl Voice {
    fn start(sink: &str, hz: f32) -> Self {
        let mut phase = 0.0_f32;
        let callback = move |bytes: &mut [u8]| {
            for word in bytes.as_chunks_mut::<4>().0 {
                *word = (0.5 * (std::f32::consts::TAU * phase).sin()).to_le_bytes();
                phase = (phase + hz / RATE as f32).fract();
            }
            bytes.len()
        };
        let params = PlaybackStreamParams {
            sample_spec: MONO,
            channel_map: ChannelMap::mono(),
            sink_name: Some(CString::new(sink).expect("a name")),
            buffer_attr: BufferAttr {
                target_length: 4 * RATE / 20,
                minimum_request_length: 4 * RATE / 100,
                ..Default::default()
            },
            // Streams with the same number would have to share a sink.
            sync_id: SYNC_IDS.fetch_add(1, Ordering::Relaxed),
            flags: *FIXED,
            ..Default::default()
        };
        let source = callback.as_playback_source();
        let stream = wait(server().client.create_playback_stream(params, source));
        Self {
            _stream: stream.expect("the sink can be played to"),
        }
    }
}

/// Records a source until dropped.
pub(crate) struct Ear {
    heard: Arc<Mutex<Vec<f32>>>,
    _stream: RecordStream,
}

impl Ear {
    fn start(source: &str) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = heard.clone();
        let callback = move |bytes: &[u8]| {
            let mut heard = keep.lock().unwrap_or_else(PoisonError::into_inner);
            heard.extend(
                bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|word| f32::from_le_bytes(*word)),
            );
        };
        let params = RecordStreamParams {
            sample_spec: MONO,
            channel_map: ChannelMap::mono(),
            source_name: Some(CString::new(source).expect("a name")),
            buffer_attr: BufferAttr {
                fragment_size: 4 * RATE / 50,
                ..Default::default()
            },
            flags: *FIXED,
            ..Default::default()
        };
        let stream = wait(server().client.create_record_stream(params, callback));
        let ear = Self {
            heard,
            _stream: stream.expect("the monitor can be recorded"),
        };
        wait_until("the recorder runs", || !ear.everything().is_empty());
        ear
    }

    /// Everything heard so far, at 48 kHz.
    pub(crate) fn everything(&self) -> Vec<f32> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The last 200 ms.
    pub(crate) fn lately(&self) -> Vec<f32> {
        let heard = self.everything();
        heard[heard.len().saturating_sub(9_600)..].to_vec()
    }
}

/// Waits for an answer of the server.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let deadline = Instant::now() + PATIENCE;
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => {
                let left = deadline.checked_duration_since(Instant::now());
                std::thread::park_timeout(left.expect("the server does not answer"));
            }
        }
    }
}
