//! PulseAudio, and PipeWire through its PulseAudio server.
//!
//! Spoken to directly rather than through cpal, because a call needs what cpal does not ask
//! for: its streams must not be moved. When a sink goes, the server moves what plays on it to
//! the default sink, so the customer would come out of the loudspeaker.

mod wait;

use std::ffi::CString;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    ChannelMap, PlaybackStreamParams, Prop, Props, PulseError, RecordStreamParams, SampleFormat,
    SampleSpec,
};
use pulseaudio::{AsPlaybackSource, Client, ClientError};

use super::{Backend, CaptureSink, OnFailure, OnMuted, OpenStream, RenderSource};
use crate::device::{Device, DeviceId, Direction};
use crate::error::{DeviceError, OpenError};
use wait::wait;

/// How a device's id begins.
const PREFIX: &str = "pulseaudio:";

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it may take when nobody waits for it.
const BRIEFLY: Duration = Duration::from_millis(50);

/// How long a handshake is waited for before another is tried.
const GREETING_PATIENCE: Duration = Duration::from_secs(60);

/// How often a stream's delay is asked for, and whether its microphone is muted. It also tells
/// whether the stream still exists.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// How much sound moves at a time.
const PERIOD: Duration = Duration::from_millis(10);
/// How much sound the server holds back when playing.
const TARGET: Duration = Duration::from_millis(30);

/// The length of the secret by which a server knows its user.
const COOKIE_BYTES: usize = 256;

/// Samples converted at a time in a callback.
const CHUNK: usize = 512;
const SAMPLE_BYTES: usize = size_of::<f32>();

/// The one connection of this process. The client library never closes one that is idle, so
/// a connection for every listing of devices would soon exhaust the server.
static CONNECTION: Mutex<Connection> = Mutex::new(Connection {
    client: None,
    greeting: None,
});

struct Connection {
    client: Option<Client>,
    /// A handshake that has not ended yet, and when it began.
    greeting: Option<(Instant, Greeting)>,
}

type Greeting = Receiver<Result<Client, ClientError>>;

/// Streams with the same number must share a sink; each of ours gets its own.
static NEXT_SYNC_ID: AtomicU32 = AtomicU32::new(1);

pub(crate) struct PulseBackend {
    client: Client,
}

impl PulseBackend {
    /// Connects to the server the environment names.
    pub(crate) fn connect() -> Result<Self, DeviceError> {
        let mut connection = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
        Self::connect_within(PATIENCE, &mut connection)
    }

    /// Connects if that takes no time. A server that is slow may be there at the next call.
    pub(crate) fn connect_briefly() -> Option<Self> {
        let mut connection = CONNECTION.try_lock().ok()?;
        Self::connect_within(BRIEFLY, &mut connection).ok()
    }

    fn connect_within(
        patience: Duration,
        connection: &mut Connection,
    ) -> Result<Self, DeviceError> {
        if let Some(client) = connection.client.as_ref()
            && let Some(Ok(_)) = wait(client.server_info(), patience)
        {
            return Ok(Self {
                client: client.clone(),
            });
        }
        let begun = connection
            .greeting
            .take()
            .filter(|(since, _)| since.elapsed() < GREETING_PATIENCE);
        let (since, greeting) = match begun {
            Some(begun) => begun,
            None => (Instant::now(), begin_greeting()?),
        };
        let client = match greeting.recv_timeout(patience) {
            Ok(greeted) => greeted.map_err(|error| device_error(&error))?,
            Err(error) => {
                if error == RecvTimeoutError::Timeout {
                    connection.greeting = Some((since, greeting));
                }
                let silence = "the sound server does not answer";
                return Err(DeviceError::Unavailable(silence.into()));
            }
        };
        connection.client = Some(client.clone());
        Ok(Self { client })
    }

    /// Finds the device's number and rate.
    fn find(&self, device: &Device) -> Result<(u32, u32), OpenError> {
        let gone = || OpenError::DeviceGone {
            direction: device.direction,
            name: device.name.clone(),
        };
        let name = device.id.as_str().strip_prefix(PREFIX).ok_or_else(gone)?;
        let name = CString::new(name).map_err(|_| gone())?;
        let fail = |error| open_error(device, &error);
        let (index, spec) = match device.direction {
            Direction::Input => {
                let info = ask(self.client.source_info_by_name(name)).map_err(fail)?;
                (info.index, info.sample_spec)
            }
            Direction::Output => {
                let info = ask(self.client.sink_info_by_name(name)).map_err(fail)?;
                (info.index, info.sample_spec)
            }
        };
        Ok((index, spec.sample_rate))
    }
}

/// The handshake blocks without a limit; a server that hangs keeps only its thread.
fn begin_greeting() -> Result<Greeting, DeviceError> {
    let (sender, greeting) = mpsc::channel();
    std::thread::Builder::new()
        .name("pulse-connect".into())
        .spawn(move || sender.send(greet()))
        .map_err(|error| DeviceError::Backend(error.to_string()))?;
    Ok(greeting)
}

/// Connects and says who we are.
fn greet() -> Result<Client, ClientError> {
    let path = pulseaudio::socket_path_from_env().ok_or(ClientError::ServerUnavailable)?;
    let cookie = pulseaudio::cookie_path_from_env()
        .and_then(|path| std::fs::read(path).ok())
        .filter(|cookie| cookie.len() == COOKIE_BYTES)
        // A server that knows us by our user still insists on a cookie of the right length.
        .unwrap_or_else(|| vec![0; COOKIE_BYTES]);
    Client::new_unix(c"Seatline", UnixStream::connect(path)?, Some(cookie))
}

/// Waits for an answer of the server; silence counts as a broken connection.
fn ask<T>(question: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    wait(question, PATIENCE).unwrap_or(Err(ClientError::Disconnected))
}

impl Backend for PulseBackend {
    fn devices(&mut self) -> Result<Vec<Device>, DeviceError> {
        let fail = |error| device_error(&error);
        let server = ask(self.client.server_info()).map_err(fail)?;
        let sources = ask(self.client.list_sources()).map_err(fail)?;
        let sinks = ask(self.client.list_sinks()).map_err(fail)?;
        let inputs = sources.into_iter().map(|source| {
            let is_default = server.default_source_name.as_ref() == Some(&source.name);
            Device {
                is_monitor: source.monitor_of_sink_index.is_some(),
                ..describe(
                    Direction::Input,
                    &source.name,
                    source.description,
                    is_default,
                )
            }
        });
        let outputs = sinks.into_iter().map(|sink| {
            let is_default = server.default_sink_name.as_ref() == Some(&sink.name);
            describe(Direction::Output, &sink.name, sink.description, is_default)
        });
        Ok(inputs.chain(outputs).collect())
    }

    fn open_input(
        &mut self,
        device: &Device,
        mut sink: Box<dyn CaptureSink>,
        on_failure: OnFailure,
        mut on_muted: OnMuted,
    ) -> Result<OpenStream, OpenError> {
        let (index, rate) = self.find(device)?;
        let latency = Arc::new(Latency::default());
        let measured = latency.clone();
        let mut samples = [0.0_f32; CHUNK];
        let callback = move |bytes: &[u8]| {
            for part in bytes.chunks(CHUNK * SAMPLE_BYTES) {
                let mut count = 0;
                let (words, _) = part.as_chunks::<SAMPLE_BYTES>();
                for (sample, word) in samples.iter_mut().zip(words) {
                    *sample = f32::from_le_bytes(*word);
                    count += 1;
                }
                sink.take(&samples[..count], measured.get());
            }
        };
        let params = RecordStreamParams {
            sample_spec: mono(rate),
            channel_map: ChannelMap::mono(),
            source_index: Some(index),
            buffer_attr: BufferAttr {
                fragment_size: bytes(PERIOD, rate),
                ..Default::default()
            },
            flags: flags(),
            props: properties(),
            ..Default::default()
        };
        let stream = ask(self.client.create_record_stream(params, callback))
            .map_err(|error| open_error(device, &error))?;
        let (asked, client) = (stream.clone(), self.client.clone());
        let mut muted = false;
        let measure = move || {
            let now = ask(client.source_info(index))?.muted;
            if now != muted {
                muted = now;
                on_muted(muted);
            }
            let info = ask(asked.timing_info())?;
            Ok(delay(
                rate,
                info.source_usec,
                info.write_offset,
                info.read_offset,
            ))
        };
        let watch = watch(latency, on_failure, measure);
        let delete = move || drop(ask(stream.delete()));
        Ok(OpenStream::new(rate, PulseStream::new(watch, delete)))
    }

    fn open_output(
        &mut self,
        device: &Device,
        mut source: Box<dyn RenderSource>,
        on_failure: OnFailure,
    ) -> Result<OpenStream, OpenError> {
        let (index, rate) = self.find(device)?;
        let latency = Arc::new(Latency::default());
        let measured = latency.clone();
        let mut samples = [0.0_f32; CHUNK];
        let callback = move |bytes: &mut [u8]| {
            for part in bytes.chunks_mut(CHUNK * SAMPLE_BYTES) {
                let (words, _) = part.as_chunks_mut::<SAMPLE_BYTES>();
                let count = words.len();
                source.fill(&mut samples[..count], rate, measured.get());
                for (word, sample) in words.iter_mut().zip(&samples) {
                    *word = sample.clamp(-1.0, 1.0).to_le_bytes();
                }
            }
            bytes.len()
        };
        let params = PlaybackStreamParams {
            sample_spec: mono(rate),
            channel_map: ChannelMap::mono(),
            sink_index: Some(index),
            buffer_attr: BufferAttr {
                target_length: bytes(TARGET, rate),
                minimum_request_length: bytes(PERIOD, rate),
                ..Default::default()
            },
            sync_id: NEXT_SYNC_ID.fetch_add(1, Ordering::Relaxed),
            flags: flags(),
            props: properties(),
            ..Default::default()
        };
        let source = callback.as_playback_source();
        let stream = ask(self.client.create_playback_stream(params, source))
            .map_err(|error| open_error(device, &error))?;
        let asked = stream.clone();
        let measure = move || {
            let info = ask(asked.timing_info())?;
            Ok(delay(
                rate,
                info.sink_usec,
                info.write_offset,
                info.read_offset,
            ))
        };
        let watch = watch(latency, on_failure, measure);
        let delete = move || drop(ask(stream.delete()));
        Ok(OpenStream::new(rate, PulseStream::new(watch, delete)))
    }
}

fn describe(
    direction: Direction,
    name: &CString,
    description: Option<CString>,
    is_default: bool,
) -> Device {
    let name = name.to_string_lossy();
    let shown = description.map(|it| it.to_string_lossy().into_owned());
    Device {
        id: DeviceId::new(format!("{PREFIX}{name}")),
        name: shown.unwrap_or_else(|| name.into_owned()),
        direction,
        is_default,
        is_monitor: false,
    }
}

/// Mono: the server mixes the device's channels, so a voice is heard on both ears.
fn mono(rate: u32) -> SampleSpec {
    SampleSpec {
        format: SampleFormat::Float32Le,
        channels: 1,
        sample_rate: rate,
    }
}

fn bytes(duration: Duration, rate: u32) -> u32 {
    let samples = (duration.as_secs_f64() * f64::from(rate)).round() as u32;
    samples * SAMPLE_BYTES as u32
}

fn flags() -> StreamFlags {
    StreamFlags {
        no_move: true,
        adjust_latency: true,
        ..Default::default()
    }
}

fn properties() -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaName, c"Call");
    // Lets the desktop pause music and choose a headset's voice profile.
    props.set(Prop::MediaRole, c"phone");
    props
}

fn delay(rate: u32, device_us: u64, written: i64, read: i64) -> Duration {
    let waiting = usize::try_from(written - read).unwrap_or(0);
    Duration::from_micros(device_us) + mono(rate).bytes_to_duration(waiting)
}

/// The delay between the server's stream and the air, last time it was asked for.
#[derive(Default)]
struct Latency(AtomicU64);

impl Latency {
    fn get(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, delay: Duration) {
        self.0.store(
            u64::try_from(delay.as_micros()).unwrap_or(u64::MAX),
            Ordering::Relaxed,
        );
    }
}

/// The thread that follows a stream; told to end when dropped.
struct Watch {
    ended: Arc<AtomicBool>,
    thread: Option<Thread>,
}

/// Follows a stream until it is closed or fails.
fn watch(
    latency: Arc<Latency>,
    mut on_failure: OnFailure,
    mut measure: impl FnMut() -> Result<Duration, ClientError> + Send + 'static,
) -> Watch {
    let ended = Arc::new(AtomicBool::new(false));
    let end = ended.clone();
    let thread = std::thread::Builder::new()
        .name("pulse-watch".into())
        .spawn(move || {
            while !end.load(Ordering::Acquire) {
                match measure() {
                    Ok(delay) => latency.set(delay),
                    Err(_) if end.load(Ordering::Acquire) => return,
                    Err(error) => return on_failure(error.to_string()),
                }
                std::thread::park_timeout(ASK_EVERY);
            }
        });
    if let Err(error) = &thread {
        tracing::warn!(%error, "a stream is not watched");
    }
    Watch {
        ended,
        thread: thread.ok().map(|it| it.thread().clone()),
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}

/// A stream on the server, deleted when dropped.
struct PulseStream<D: FnOnce()> {
    watch: Option<Watch>,
    delete: Option<D>,
}

impl<D: FnOnce()> PulseStream<D> {
    fn new(watch: Watch, delete: D) -> Self {
        Self {
            watch: Some(watch),
            delete: Some(delete),
        }
    }
}

impl<D: FnOnce()> Drop for PulseStream<D> {
    fn drop(&mut self) {
        // First, so that the end it sees is not told as a failure.
        drop(self.watch.take());
        if let Some(delete) = self.delete.take() {
            delete();
        }
    }
}

fn device_error(error: &ClientError) -> DeviceError {
    match error {
        ClientError::ServerError(_) | ClientError::Protocol(_) => {
            DeviceError::Backend(error.to_string())
        }
        _ => DeviceError::Unavailable(error.to_string()),
    }
}

fn open_error(device: &Device, error: &ClientError) -> OpenError {
    let (direction, name) = (device.direction, device.name.clone());
    match error {
        ClientError::ServerError(PulseError::NoEntity) => OpenError::DeviceGone { direction, name },
        ClientError::ServerError(PulseError::Busy) => OpenError::DeviceBusy { direction, name },
        ClientError::ServerError(PulseError::AccessDenied | PulseError::AuthKey) => {
            OpenError::PermissionDenied { direction, name }
        }
        ClientError::ServerError(_) | ClientError::Protocol(_) => OpenError::Backend {
            direction,
            name,
            reason: error.to_string(),
        },
        _ => device_error(error).into(),
    }
}
