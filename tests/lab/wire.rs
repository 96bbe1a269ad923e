//! What passes between phones: a tap on the stage's network, which tells how much of a delay is
//! ours and how much is a foreign phone's own.

use crate::{delay::Taped, delay::now_ms, table::median};
use anyhow::{Context, Result, ensure};
use seatline_tests::sound::RATE;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    collections::HashMap,
    io::{ErrorKind, Read},
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Sockets that see every packet of every interface (packet(7)).
const PACKET_SOCKETS: i32 = 17;

/// All protocols (`ETH_P_ALL`), in the network's order of bytes.
const EVERYTHING: i32 = 3_u16.to_be() as i32;

/// Samples of G.711 in a millisecond.
const SAMPLES_PER_MS: f64 = 8.0;

/// A µ-law voice packet as it passed.
struct Voice {
    at_ms: f64,
    ssrc: u32,
    timestamp: u32,
    payload: Vec<u8>,
}

/// A tap in use.
pub(crate) struct Tap {
    reader: JoinHandle<Vec<Voice>>,
    ended: Arc<AtomicBool>,
}

impl Tap {
    /// Begins to listen to what is sent to these UDP ports.
    pub(crate) fn start(ports: RangeInclusive<u16>) -> Result<Self> {
        let socket = Socket::new(
            Domain::from(PACKET_SOCKETS),
            Type::DGRAM,
            Some(Protocol::from(EVERYTHING)),
        )
        .context("a tap needs the stage's network; run `cargo dev bench`")?;
        socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let reader = std::thread::spawn(move || {
            let (mut voices, mut packet) = (Vec::new(), [0; 2_048]);
            while !end.load(Ordering::Relaxed) {
                match (&socket).read(&mut packet) {
                    Ok(length) => voices.extend(read(&packet[..length], &ports, now_ms())),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
            voices
        });
        Ok(Self { reader, ended })
    }

    /// Ends it and gives the sound of the stream that had most packets, placed in time by when
    /// its packets usually came.
    pub(crate) fn stop(self) -> Result<Taped> {
        self.ended.store(true, Ordering::Relaxed);
        let voices = self
            .reader
            .join()
            .map_err(|_| anyhow::anyhow!("the tap failed"))?;
        let mut streams: HashMap<u32, Vec<Voice>> = HashMap::new();
        for voice in voices {
            streams.entry(voice.ssrc).or_default().push(voice);
        }
        let voices = streams
            .into_values()
            .max_by_key(Vec::len)
            .unwrap_or_default();
        ensure!(voices.len() > 100, "the tap saw {} packets", voices.len());
        Ok(join(&voices))
    }
}

/// The µ-law voice packet to one of these ports in an IPv4 packet, if it is one.
fn read(packet: &[u8], ports: &RangeInclusive<u16>, at_ms: f64) -> Option<Voice> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let is_udp = packet[0] >> 4 == 4 && packet.get(9) == Some(&17);
    let datagram = packet.get(header..).filter(|_| is_udp)?;
    let to = u16::from_be_bytes([*datagram.get(2)?, *datagram.get(3)?]);
    let rtp = datagram.get(8..)?;
    let word = |at: usize| Some(u32::from_be_bytes(rtp.get(at..at + 4)?.try_into().ok()?));
    let is_voice = rtp.len() == 172 && rtp[0] == 0x80 && rtp[1] & 0x7f == 0;
    (is_voice && ports.contains(&to)).then_some(())?;
    Some(Voice {
        at_ms,
        timestamp: word(4)?,
        ssrc: word(8)?,
        payload: rtp[12..].to_vec(),
    })
}

fn join(voices: &[Voice]) -> Taped {
    let first = voices[0].timestamp;
    let since = |voice: &Voice| f64::from(voice.timestamp.wrapping_sub(first) as i32);
    let mut narrow = Vec::new();
    for voice in voices {
        // What came late and in disorder before the first is of no use.
        let Ok(start) = usize::try_from(since(voice) as i64) else {
            continue;
        };
        let end = start + voice.payload.len();
        if narrow.len() < end {
            narrow.resize(end, 0.0);
        }
        for (sample, &code) in narrow[start..end].iter_mut().zip(&voice.payload) {
            *sample = linear(code);
        }
    }
    let mut begun: Vec<f64> = voices
        .iter()
        .map(|voice| voice.at_ms - since(voice) / SAMPLES_PER_MS)
        .collect();
    const { assert!(RATE == 16_000) };
    let between = narrow.iter().skip(1).chain([&0.0]);
    let samples = narrow
        .iter()
        .zip(between)
        .flat_map(|(&one, &next)| [one, f32::midpoint(one, next)])
        .collect();
    Taped {
        samples,
        begun_ms: median(&mut begun),
    }
}

/// ITU-T G.711: the value of a µ-law code, −1…1.
fn linear(code: u8) -> f32 {
    let code = !code;
    let (segment, step) = (u32::from(code >> 4 & 7), i32::from(code & 0x0f));
    let size = ((step * 8 + 0x84) << segment) - 0x84;
    let value = if code & 0x80 == 0 { size } else { -size };
    value as f32 / 32_768.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 packet of a UDP datagram to `port` with 20 ms of `code`.
    fn packet(port: u16, sequence: u16, code: u8) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 200, 0, 0, 0, 0, 64, 17, 0, 0];
        packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend([0x10, 0x00]);
        packet.extend(port.to_be_bytes());
        packet.extend([0, 180, 0, 0]);
        packet.extend([0x80, 0]);
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 160).to_be_bytes());
        packet.extend([0, 0, 0, 7]);
        packet.extend([code; 160]);
        packet
    }

    #[test]
    fn a_stream_is_put_together_from_its_packets() {
        let ports = 61_000..=61_999;
        assert!(read(&packet(60_999, 0, 0), &ports, 0.0).is_none());
        assert!(read(&packet(61_000, 0, 0)[..100], &ports, 0.0).is_none());
        let voices: Vec<Voice> = [(0, 0x80), (2, 0x00), (1, 0xff)]
            .iter()
            .map(|&(n, code)| {
                read(
                    &packet(61_000, n, code),
                    &ports,
                    500.0 + f64::from(n) * 20.0,
                )
                .unwrap()
            })
            .collect();
        let taped = join(&voices);
        assert!((taped.begun_ms - 500.0).abs() < 1e-9);
        assert_eq!(taped.samples.len(), 3 * 320);
        assert!((taped.samples[0] - 0.98).abs() < 0.01);
        assert!(taped.samples[400].abs() < 1e-6);
        assert!((taped.samples[800] + 0.98).abs() < 0.01);
    }
}
