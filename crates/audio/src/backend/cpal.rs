//! Windows', macOS' and ALSA's devices, through cpal.

use std::str::FromStr;
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Data, DeviceDirection, ErrorKind, FromSample, Host, HostId, I24, Sample,
    SampleFormat, SizedSample, StreamConfig, SupportedBufferSize, SupportedStreamConfig,
};

use super::{Backend, CaptureSink, OnFailure, OnMuted, OpenStream, RenderSource};
use crate::device::{Device, DeviceId, Direction};
use crate::error::{DeviceError, OpenError};

/// How long a device may take to open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);

/// Frames converted at a time in a callback; a longer buffer takes several rounds.
const CHUNK: usize = 512;

/// ALSA's device that hears nothing and plays nothing. It is there on every computer, so that one
/// without any sound would seem to have a headset.
const NOWHERE: &str = "alsa:null";

/// A sound system that cpal knows.
pub(crate) struct CpalBackend {
    host: Host,
}

impl CpalBackend {
    /// The platform's usual one.
    pub(crate) fn usual() -> Self {
        Self {
            host: cpal::default_host(),
        }
    }

    /// The one with this name.
    pub(crate) fn named(name: &str) -> Result<Self, DeviceError> {
        let id = HostId::from_str(name).map_err(|_| DeviceError::UnknownHost(name.into()))?;
        let host = cpal::host_from_id(id).map_err(|error| device_error(&error))?;
        Ok(Self { host })
    }

    fn find(&self, device: &Device) -> Result<cpal::Device, OpenError> {
        let gone = || OpenError::DeviceGone {
            direction: device.direction,
            name: device.name.clone(),
        };
        let id = cpal::DeviceId::from_str(device.id.as_str()).map_err(|_| gone())?;
        let devices = self.host.devices().map_err(|error| device_error(&error))?;
        devices
            .filter(|found| goes(found, device.direction))
            .find(|found| found.id().is_ok_and(|found| found == id))
            .ok_or_else(gone)
    }
}

/// Asks the description first: probing formats opens the device on some systems, which fails
/// while a call holds it.
fn goes(device: &cpal::Device, direction: Direction) -> bool {
    let described = device
        .description()
        .map_or(DeviceDirection::Unknown, |it| it.direction());
    match (described, direction) {
        (DeviceDirection::Duplex, _)
        | (DeviceDirection::Input, Direction::Input)
        | (DeviceDirection::Output, Direction::Output) => true,
        (DeviceDirection::Input | DeviceDirection::Output, _) => false,
        (_, Direction::Input) => device.supports_input(),
        (_, Direction::Output) => device.supports_output(),
    }
}

impl Backend for CpalBackend {
    fn devices(&mut self) -> Result<Vec<Device>, DeviceError> {
        let host = &self.host;
        let found = host.devices().map_err(|error| device_error(&error))?;
        let default_input = host.default_input_device().and_then(|it| it.id().ok());
        let default_output = host.default_output_device().and_then(|it| it.id().ok());
        let mut devices = Vec::new();
        for device in found {
            let Ok(id) = device.id() else { continue };
            if id.to_string() == NOWHERE {
                continue;
            }
            for direction in [Direction::Input, Direction::Output] {
                if !goes(&device, direction) {
                    continue;
                }
                let default = match direction {
                    Direction::Input => &default_input,
                    Direction::Output => &default_output,
                };
                devices.push(Device {
                    id: DeviceId::new(id.to_string()),
                    name: device.to_string(),
                    direction,
                    is_default: default.as_ref() == Some(&id),
                    is_monitor: false,
                });
            }
        }
        Ok(devices)
    }

    fn open_input(
        &mut self,
        device: &Device,
        sink: Box<dyn CaptureSink>,
        on_failure: OnFailure,
        on_muted: OnMuted,
    ) -> Result<OpenStream, OpenError> {
        let found = self.find(device)?;
        let fail = |error| open_error(device, &error);
        let supported = found.default_input_config().map_err(fail)?;
        let format = choose_format(supported.sample_format(), || {
            found
                .supported_input_configs()
                .is_ok_and(|mut configs| configs.any(|it| takes_floats(it, &supported)))
        });
        let config = configure(&supported);
        let mut capture = capture_callback(format, config.channels, sink)
            .ok_or_else(|| unsupported(device, format))?;
        let stream = found
            .build_input_stream_raw(
                config,
                format,
                move |data, info| {
                    let stamp = info.timestamp();
                    capture(
                        data,
                        stamp.callback.saturating_duration_since(stamp.capture),
                    );
                },
                report(on_failure),
                Some(OPEN_TIMEOUT),
            )
            .map_err(fail)?;
        stream.play().map_err(fail)?;
        let watch = watch_mute(&found, on_muted);
        Ok(OpenStream::new(config.sample_rate, (stream, watch)))
    }

    fn open_output(
        &mut self,
        device: &Device,
        source: Box<dyn RenderSource>,
        on_failure: OnFailure,
    ) -> Result<OpenStream, OpenError> {
        let found = self.find(device)?;
        let fail = |error| open_error(device, &error);
        let supported = found.default_output_config().map_err(fail)?;
        let format = choose_format(supported.sample_format(), || {
            found
                .supported_output_configs()
                .is_ok_and(|mut configs| configs.any(|it| takes_floats(it, &supported)))
        });
        let config = configure(&supported);
        let mut render =
            render_callback(format, config, source).ok_or_else(|| unsupported(device, format))?;
        let stream = found
            .build_output_stream_raw(
                config,
                format,
                move |data, info| {
                    let stamp = info.timestamp();
                    render(
                        data,
                        stamp.playback.saturating_duration_since(stamp.callback),
                    );
                },
                report(on_failure),
                Some(OPEN_TIMEOUT),
            )
            .map_err(fail)?;
        stream.play().map_err(fail)?;
        Ok(OpenStream::new(config.sample_rate, stream))
    }
}

/// Follows the system's mute of a microphone, where the system says so.
#[cfg(any(windows, target_os = "macos"))]
fn watch_mute(device: &cpal::Device, on_muted: OnMuted) -> Option<super::mute::MuteWatch> {
    let id = device.id().ok()?;
    super::mute::watch(id.id().to_owned(), on_muted)
}

/// ALSA's devices have no such thing.
#[cfg(not(any(windows, target_os = "macos")))]
fn watch_mute(_: &cpal::Device, _: OnMuted) -> Option<std::convert::Infallible> {
    None
}

fn takes_floats(range: cpal::SupportedStreamConfigRange, wanted: &SupportedStreamConfig) -> bool {
    range.sample_format() == SampleFormat::F32
        && range.channels() == wanted.channels()
        && (range.min_sample_rate()..=range.max_sample_rate()).contains(&wanted.sample_rate())
}

fn choose_format(default: SampleFormat, takes_floats: impl FnOnce() -> bool) -> SampleFormat {
    if default == SampleFormat::F32 || takes_floats() {
        SampleFormat::F32
    } else {
        default
    }
}

/// The device's own rate and channels, with callbacks of 10 ms where that can be chosen.
fn configure(supported: &SupportedStreamConfig) -> StreamConfig {
    let ten_ms = supported.sample_rate() / 100;
    let buffer_size = match supported.buffer_size() {
        SupportedBufferSize::Range { min, max } if (*min..=*max).contains(&ten_ms) => {
            BufferSize::Fixed(ten_ms)
        }
        _ => BufferSize::Default,
    };
    StreamConfig {
        buffer_size,
        ..supported.config()
    }
}

type CaptureCallback = Box<dyn FnMut(&Data, Duration) + Send>;
type RenderCallback = Box<dyn FnMut(&mut Data, Duration) + Send>;

fn capture_callback(
    format: SampleFormat,
    channels: u16,
    sink: Box<dyn CaptureSink>,
) -> Option<CaptureCallback> {
    fn typed<T>(channels: u16, mut sink: Box<dyn CaptureSink>) -> CaptureCallback
    where
        T: SizedSample,
        f32: FromSample<T>,
    {
        let channels = usize::from(channels.max(1));
        let mut mono = [0.0_f32; CHUNK];
        Box::new(move |data, latency| {
            let Some(samples) = data.as_slice::<T>() else {
                return;
            };
            for chunk in samples.chunks(CHUNK * channels) {
                let frames = chunk.len() / channels;
                for (out, frame) in mono.iter_mut().zip(chunk.chunks_exact(channels)) {
                    let sum: f32 = frame.iter().map(|sample| f32::from_sample(*sample)).sum();
                    *out = sum / channels as f32;
                }
                sink.take(&mono[..frames], latency);
            }
        })
    }
    match format {
        SampleFormat::F32 => Some(typed::<f32>(channels, sink)),
        SampleFormat::I16 => Some(typed::<i16>(channels, sink)),
        SampleFormat::I24 => Some(typed::<I24>(channels, sink)),
        SampleFormat::I32 => Some(typed::<i32>(channels, sink)),
        SampleFormat::U8 => Some(typed::<u8>(channels, sink)),
        _ => None,
    }
}

fn render_callback(
    format: SampleFormat,
    config: StreamConfig,
    source: Box<dyn RenderSource>,
) -> Option<RenderCallback> {
    fn typed<T>(config: StreamConfig, mut source: Box<dyn RenderSource>) -> RenderCallback
    where
        T: SizedSample + FromSample<f32>,
    {
        let channels = usize::from(config.channels.max(1));
        let mut mono = [0.0_f32; CHUNK];
        Box::new(move |data, latency| {
            let Some(samples) = data.as_slice_mut::<T>() else {
                return;
            };
            for chunk in samples.chunks_mut(CHUNK * channels) {
                let frames = chunk.len() / channels;
                source.fill(&mut mono[..frames], config.sample_rate, latency);
                for (frame, sample) in chunk.chunks_exact_mut(channels).zip(&mono) {
                    frame.fill(T::from_sample(sample.clamp(-1.0, 1.0)));
                }
            }
        })
    }
    match format {
        SampleFormat::F32 => Some(typed::<f32>(config, source)),
        SampleFormat::I16 => Some(typed::<i16>(config, source)),
        SampleFormat::I24 => Some(typed::<I24>(config, source)),
        SampleFormat::I32 => Some(typed::<i32>(config, source)),
        SampleFormat::U8 => Some(typed::<u8>(config, source)),
        _ => None,
    }
}

/// Passes on the errors after which a stream is dead, once.
fn report(mut on_failure: OnFailure) -> impl FnMut(cpal::Error) + Send {
    let mut told = false;
    move |error| {
        let survives = matches!(
            error.kind(),
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged
        );
        if !survives && !told {
            told = true;
            on_failure(error.to_string());
        }
    }
}

fn device_error(error: &cpal::Error) -> DeviceError {
    match error.kind() {
        ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated => {
            DeviceError::Unavailable(error.to_string())
        }
        _ => DeviceError::Backend(error.to_string()),
    }
}

fn unsupported(device: &Device, format: SampleFormat) -> OpenError {
    OpenError::Unsupported {
        direction: device.direction,
        name: device.name.clone(),
        reason: format!("samples of type {format}"),
    }
}

fn open_error(device: &Device, error: &cpal::Error) -> OpenError {
    let (direction, name) = (device.direction, device.name.clone());
    match error.kind() {
        ErrorKind::DeviceBusy => OpenError::DeviceBusy { direction, name },
        ErrorKind::DeviceNotAvailable => OpenError::DeviceGone { direction, name },
        ErrorKind::PermissionDenied => OpenError::PermissionDenied { direction, name },
        ErrorKind::UnsupportedConfig | ErrorKind::UnsupportedOperation => OpenError::Unsupported {
            direction,
            name,
            reason: error.to_string(),
        },
        ErrorKind::HostUnavailable => DeviceError::Unavailable(error.to_string()).into(),
        _ => OpenError::Backend {
            direction,
            name,
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct Heard(Arc<Mutex<Vec<f32>>>);

    impl CaptureSink for Heard {
        fn take(&mut self, samples: &[f32], _latency: Duration) {
            self.0
                .lock()
                .expect("one thread")
                .extend_from_slice(samples);
        }
    }

    struct Ramp(f32);

    impl RenderSource for Ramp {
        fn fill(&mut self, samples: &mut [f32], _rate: u32, _latency: Duration) {
            for sample in samples {
                *sample = self.0;
                self.0 += 0.001;
            }
        }
    }

    #[test]
    fn stereo_integers_become_mono_floats() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut callback = capture_callback(SampleFormat::I16, 2, Box::new(Heard(heard.clone())))
            .expect("16 bit is usual");
        let mut samples: Vec<i16> = (0..2_000).flat_map(|_| [16_384, 0]).collect();
        // SAFETY: the pointer and length come from a live vector of the named type.
        let data = unsafe {
            Data::from_parts(
                samples.as_mut_ptr().cast(),
                samples.len(),
                SampleFormat::I16,
            )
        };
        callback(&data, Duration::ZERO);
        let heard = heard.lock().expect("one thread");
        assert_eq!(heard.len(), 2_000);
        assert!(heard.iter().all(|sample| (sample - 0.25).abs() < 1e-6));
    }

    #[test]
    fn mono_floats_become_every_channel() {
        let config = StreamConfig {
            channels: 2,
            sample_rate: 48_000,
            buffer_size: BufferSize::Default,
        };
        let mut callback = render_callback(SampleFormat::F32, config, Box::new(Ramp(0.0)))
            .expect("floats are usual");
        let mut samples = vec![9.0_f32; 2 * 1_500];
        // SAFETY: the pointer and length come from a live vector of the named type.
        let mut data = unsafe {
            Data::from_parts(
                samples.as_mut_ptr().cast(),
                samples.len(),
                SampleFormat::F32,
            )
        };
        callback(&mut data, Duration::ZERO);
        for (index, frame) in samples.chunks_exact(2).enumerate() {
            assert_eq!(frame[0], frame[1]);
            assert!((frame[0] - (index as f32 * 0.001).min(1.0)).abs() < 1e-3);
        }
    }
}
