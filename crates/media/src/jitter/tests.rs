//! The jitter buffer on virtual time, with seeded networks.

use super::*;
use crate::codec::g711::{G711Decoder, Law};
use crate::sim::level_at;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::f64::consts::TAU;
use std::time::Duration;

/// Ticks in a packet of 20 ms at 48 kHz.
const PACKET: u32 = 960;

const PITCH: f64 = 200.0;

/// Decodes packets that hold nothing but their number to a tone that is continuous across them;
/// invents silence, so that the tone's level tells how much was really heard.
struct Numbered {
    redundant: bool,
}

fn tone(number: u32, out: &mut [f32]) {
    for (n, sample) in out.iter_mut().enumerate() {
        let at = f64::from(number) * f64::from(PACKET) + n as f64;
        *sample = 0.5 * (TAU * PITCH * at / 48_000.0).sin() as f32;
    }
}

fn number(payload: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(payload.try_into().ok()?))
}

impl Decode for Numbered {
    fn clock_rate(&self) -> u32 {
        48_000
    }

    fn sample_rate(&self) -> u32 {
        48_000
    }

    fn samples(&self, payload: &[u8]) -> Option<usize> {
        number(payload).map(|_| PACKET as usize)
    }

    fn decode(&mut self, payload: &[u8], out: &mut [f32]) -> Result<usize, CodecError> {
        let number = number(payload).ok_or(CodecError::Payload)?;
        tone(number, &mut out[..PACKET as usize]);
        Ok(PACKET as usize)
    }

    fn recover(&mut self, next: &[u8], out: &mut [f32]) {
        match number(next) {
            Some(number) if self.redundant => tone(number - 1, out),
            _ => self.conceal(out),
        }
    }

    fn conceal(&mut self, out: &mut [f32]) {
        out.fill(0.0);
    }
}

/// A packet on its way.
#[derive(Clone)]
struct Sent {
    at_ms: f64,
    arrival: Arrival,
}

/// A stream of `count` packets, each delayed by what `delay` says; `None` loses it.
fn stream(count: u32, mut delay: impl FnMut(u32) -> Option<f64>) -> Vec<Sent> {
    stream_from(1, 65_500, u32::MAX - 50_000, 0.0, count, &mut delay)
}

fn stream_from(
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    start_ms: f64,
    count: u32,
    delay: &mut dyn FnMut(u32) -> Option<f64>,
) -> Vec<Sent> {
    (0..count)
        .filter_map(|n| {
            let at_ms = start_ms + f64::from(n) * 20.0 + delay(n)?;
            Some(Sent {
                at_ms,
                arrival: Arrival {
                    ssrc,
                    sequence: sequence.wrapping_add(n as u16),
                    timestamp: timestamp.wrapping_add(n * PACKET),
                    payload: Bytes::copy_from_slice(&n.to_be_bytes()),
                },
            })
        })
        .collect()
}

struct Played {
    sound: Vec<f32>,
    /// After each pull.
    tallies: Vec<Tally>,
}

impl Played {
    fn tally(&self) -> Tally {
        *self.tallies.last().unwrap()
    }

    /// How much of the tone is there from `from_s` on: 1 is all of it.
    ///
    /// Taken in pieces, because a cut or repeated period shifts the phase of what follows.
    fn share_heard(&self, from_s: f64) -> f32 {
        let from = (from_s * 48_000.0) as usize;
        let pieces = self.sound[from..].chunks_exact(960);
        let count = pieces.len() as f32;
        pieces
            .map(|piece| (level_at(piece, PITCH as f32, 48_000) / 0.5).min(1.0))
            .sum::<f32>()
            / count
    }
}

/// Plays a trace for as long as it lasts, pulling every 20 ms of `rhythm` times real time.
fn play_at(rhythm: f64, buffer: &mut JitterBuffer, mut trace: Vec<Sent>) -> Played {
    trace.sort_by(|a, b| a.at_ms.total_cmp(&b.at_ms));
    let epoch = Instant::now();
    let at = |ms: f64| epoch + Duration::from_secs_f64(ms / 1_000.0);
    let end_ms = trace.last().unwrap().at_ms;
    let mut packets = trace.into_iter().peekable();
    let mut played = Played {
        sound: Vec::new(),
        tallies: Vec::new(),
    };
    let mut now_ms = 7.0;
    while now_ms < end_ms {
        while let Some(sent) = packets.next_if(|sent| sent.at_ms <= now_ms) {
            buffer.put(sent.arrival, at(sent.at_ms));
        }
        let mut frame = [f32::NAN; 960];
        buffer.pull(&mut frame, at(now_ms));
        assert!(frame.iter().all(|sample| sample.is_finite()));
        played.sound.extend_from_slice(&frame);
        played.tallies.push(buffer.tally());
        now_ms += 20.0 * rhythm;
    }
    played
}

fn play(trace: Vec<Sent>) -> Played {
    play_at(
        1.0,
        &mut JitterBuffer::new(Box::new(Numbered { redundant: false })),
        trace,
    )
}

/// A device that takes `burst` frames at once.
fn play_in_bursts(burst: u32, trace: Vec<Sent>) -> Tally {
    let mut buffer = JitterBuffer::new(Box::new(Numbered { redundant: false }));
    let epoch = Instant::now();
    let at = |ms: f64| epoch + Duration::from_secs_f64(ms / 1_000.0);
    let mut packets = trace.into_iter().peekable();
    let mut pull = 0;
    while packets.peek().is_some() {
        let now_ms = f64::from(pull / burst * burst) * 20.0 + 3.0;
        while let Some(sent) = packets.next_if(|sent| sent.at_ms <= now_ms) {
            buffer.put(sent.arrival, at(sent.at_ms));
        }
        buffer.pull(&mut [0.0; 960], at(now_ms));
        pull += 1;
    }
    buffer.tally()
}

fn random(seed: u64) -> StdRng {
    println!("seed {seed}");
    StdRng::seed_from_u64(seed)
}

#[test]
fn a_steady_network_costs_little_delay_and_no_sound() {
    let played = play(stream(1_500, |_| Some(30.0)));
    let tally = played.tally();
    println!("{tally:?}");
    assert_eq!(tally.concealed_ms, 0.0);
    assert_eq!(tally.decoded, 1_499);
    assert!(tally.delay_ms < 25.0, "{tally:?}");
    assert!(played.share_heard(1.0) > 0.99);
    // It began with more and took it back by cutting periods, not by gaps.
    assert!(played.tallies[20].delay_ms >= 40.0);
    assert!(tally.shortened_ms > 0.0);
}

#[test]
fn jitter_and_disorder_are_smoothed() {
    let mut random = random(1);
    let played = play(stream(3_000, |_| Some(random.random_range(20.0..80.0))));
    let tally = played.tally();
    println!("{tally:?} {}", played.share_heard(2.0));
    assert!((40.0..=90.0).contains(&tally.target_ms), "{tally:?}");
    assert!(tally.concealed_ms < 0.03 * 60_000.0, "{tally:?}");
    assert!(played.share_heard(2.0) > 0.96);
}

#[test]
fn delay_comes_down_when_the_network_calms() {
    let mut random = random(2);
    let played = play(stream(4_000, |n| {
        Some(if n < 1_000 {
            random.random_range(0.0..150.0)
        } else {
            10.0
        })
    }));
    let worst = played.tallies[..1_000]
        .iter()
        .map(|tally| tally.delay_ms)
        .fold(0.0, f64::max);
    let tally = played.tally();
    println!("worst {worst}, {tally:?}");
    assert!(worst > 100.0);
    assert!(tally.delay_ms < 40.0, "{tally:?}");
}

#[test]
fn doubles_and_stragglers_are_played_once() {
    let mut trace = stream(500, |_| Some(0.0));
    let doubles: Vec<_> = trace
        .iter()
        .cloned()
        .map(|mut sent| {
            sent.at_ms += 5.0;
            sent
        })
        .collect();
    let mut stragglers: Vec<_> = trace.iter().step_by(50).cloned().collect();
    for sent in &mut stragglers {
        sent.at_ms += 400.0;
    }
    let late = stragglers.len() as u64;
    trace.extend(doubles);
    trace.extend(stragglers);
    let played = play(trace);
    let tally = played.tally();
    println!("{tally:?}");
    // The last one or two come when the trace has ended.
    assert!((497..=500).contains(&tally.decoded));
    assert!(tally.late >= late - 1);
    assert_eq!(tally.concealed_ms, 0.0);
}

#[test]
fn scattered_loss_is_recovered_from_redundancy_or_concealed() {
    for redundant in [true, false] {
        let mut random = random(3);
        let trace = stream(3_000, |_| {
            let lost = random.random_bool(0.05);
            (!lost).then(|| random.random_range(0.0..10.0))
        });
        let missing = 3_000 - trace.len();
        let mut buffer = JitterBuffer::new(Box::new(Numbered { redundant }));
        let played = play_at(1.0, &mut buffer, trace);
        let tally = played.tally();
        let heard = played.share_heard(2.0);
        println!("redundant {redundant}: {missing} lost, {heard} heard, {tally:?}");
        // Whether it helps is the decoder's affair; the buffer gives it the chance.
        assert!(tally.recovered_ms > 0.7 * 20.0 * missing as f64);
        match redundant {
            true => assert!(heard > 0.985),
            false => assert!((0.93..0.97).contains(&heard)),
        }
    }
}

#[test]
fn a_stall_is_caught_up_without_dwelling_in_the_past() {
    // For 800 ms nothing comes, then everything at once.
    let played = play(stream(1_000, |n| {
        Some(match n {
            300..340 => f64::from(340 - n) * 20.0,
            _ => 0.0,
        })
    }));
    let after = played.tallies[360];
    println!("{after:?}\n{:?}", played.tally());
    assert!(after.delay_ms < 400.0, "{after:?}");
    assert!(played.tallies[460].delay_ms < 120.0);
    assert!(played.tally().delay_ms < 60.0);
    assert!(played.share_heard(8.0) > 0.97);
}

#[test]
fn a_silent_sender_is_not_a_lossy_one() {
    // Discontinuous transmission: one second in four nothing is sent, numbers go on, time passes.
    let mut trace = Vec::new();
    let mut sequence = 10_u16;
    for n in 0..1_000_u32 {
        if n % 200 >= 150 {
            continue;
        }
        sequence += 1;
        trace.push(Sent {
            at_ms: f64::from(n) * 20.0 + 5.0,
            arrival: Arrival {
                ssrc: 1,
                sequence,
                timestamp: n * PACKET,
                payload: Bytes::copy_from_slice(&n.to_be_bytes()),
            },
        });
    }
    let sent = trace.len() as u64;
    let played = play(trace);
    let tally = played.tally();
    println!("{tally:?}");
    assert_eq!(tally.discarded + tally.late, 0);
    assert!(tally.decoded >= sent - 3);
    assert!(tally.concealed_ms < 100.0 * 5.0, "{tally:?}");
}

#[test]
fn another_stream_takes_over_at_once() {
    for (ssrc, timestamp) in [(2, 7), (1, 1 << 31)] {
        let mut trace = stream_from(1, 100, 1_000, 0.0, 200, &mut |_| Some(0.0));
        let other = stream_from(ssrc, 101 + 200, timestamp, 4_000.0, 300, &mut |_| Some(0.0));
        trace.extend(other);
        let played = play(trace);
        let heard = played.share_heard(4.2);
        println!("ssrc {ssrc}: {heard} {:?}", played.tally());
        assert!(heard > 0.98);
        assert!(played.tally().concealed_ms < 60.0);
    }
}

#[test]
fn drifting_clocks_are_followed() {
    for rhythm in [0.999_7, 1.000_3] {
        let mut buffer = JitterBuffer::new(Box::new(Numbered { redundant: false }));
        let mut random = random(4);
        let trace = stream(15_000, |_| Some(random.random_range(0.0..5.0)));
        let played = play_at(rhythm, &mut buffer, trace);
        let tally = played.tally();
        println!("rhythm {rhythm}: {tally:?}");
        assert!(tally.delay_ms < 50.0);
        assert!(tally.concealed_ms < 300.0);
        assert!(played.share_heard(5.0) > 0.98);
    }
}

#[test]
fn a_device_that_takes_frames_in_bursts_hears_no_gaps() {
    for burst in [2, 3] {
        let tally = play_in_bursts(burst, stream(3_000, |_| Some(5.0)));
        println!("{burst} at once: {tally:?}");
        assert!(tally.concealed_ms < 150.0, "{tally:?}");
        assert!(tally.delay_ms < f64::from(burst) * 20.0 + 25.0, "{tally:?}");
    }
}

#[test]
fn packets_of_any_length_and_pulls_at_8_khz_work() {
    // 10, 30 and 60 ms packets of µ-law.
    for octets in [80_u32, 240, 480] {
        let mut buffer = JitterBuffer::new(Box::new(G711Decoder::new(Law::Mu, 8_000)));
        let epoch = Instant::now();
        let mut heard = Vec::new();
        let (mut next, mut sequence) = (0, 0_u16);
        for pull in 0..500_u32 {
            let now = epoch + Duration::from_millis(u64::from(pull) * 20 + 3);
            while next <= pull * 160 {
                let payload: Vec<u8> = (next..next + octets)
                    .map(|n| {
                        let at = f64::from(n) / 8_000.0;
                        Law::Mu.compress((16_384.0 * (TAU * PITCH * at).sin()) as i16)
                    })
                    .collect();
                let arrival = Arrival {
                    ssrc: 1,
                    sequence,
                    timestamp: next,
                    payload: payload.into(),
                };
                buffer.put(arrival, now);
                next += octets;
                sequence += 1;
            }
            let mut frame = [0.0; 160];
            buffer.pull(&mut frame, now);
            heard.extend_from_slice(&frame);
        }
        let tally = buffer.tally();
        println!("{octets} octets: {tally:?}");
        assert!(tally.concealed_ms < 200.0, "{tally:?}");
        let last = &heard[heard.len() - 16_000..];
        assert!(level_at(last, PITCH as f32, 8_000) > 0.3);
    }
}

#[test]
fn hostile_numbers_and_payloads_never_panic() {
    let mut random = random(5);
    for _ in 0..30 {
        let mut buffer = JitterBuffer::new(Box::new(Numbered { redundant: true }));
        let mut now = Instant::now();
        for _ in 0..2_000 {
            now += Duration::from_millis(random.random_range(0..30));
            let mut payload = vec![0; random.random_range(0..6)];
            random.fill(&mut payload[..]);
            if payload.len() == 4 {
                payload[0] = 0;
                payload[3] |= 1;
            }
            let arrival = Arrival {
                ssrc: random.random_range(0..2),
                sequence: random.random(),
                timestamp: random.random(),
                payload: payload.into(),
            };
            buffer.put(arrival, now);
            if random.random_bool(0.5) {
                let mut frame = [0.0; 960];
                buffer.pull(&mut frame, now);
            }
        }
        assert!(buffer.packets.len() <= CAPACITY);
    }
}

#[test]
fn pulls_that_may_be_moved_find_the_packets() {
    for phase_ms in [0.5, 4.0, 9.0, 14.0, 19.0] {
        let mut buffer = JitterBuffer::new(Box::new(Numbered { redundant: false }));
        let (epoch, usual) = (Instant::now(), Duration::from_millis(20));
        // The sender's clock is 100 ppm slow.
        let sent_at = |n: u32| epoch + Duration::from_secs_f64(f64::from(n) * 0.020_002);
        let mut next = 0;
        let mut now = epoch + Duration::from_secs_f64(phase_ms / 1_000.0);
        let mut delays = Vec::new();
        for pull in 0..3_000 {
            while sent_at(next) <= now {
                let arrival = Arrival {
                    ssrc: 1,
                    sequence: next as u16,
                    timestamp: next * PACKET,
                    payload: Bytes::copy_from_slice(&next.to_be_bytes()),
                };
                buffer.put(arrival, sent_at(next));
                next += 1;
            }
            buffer.pull(&mut [0.0; 960], now);
            let period = buffer.period(usual);
            assert!(period.abs_diff(usual) <= Duration::from_micros(500));
            now += period;
            let tally = buffer.tally();
            if pull > 1_000 {
                delays.push(tally.delay_ms - tally.target_ms);
            }
        }
        let most = delays.iter().copied().fold(0.0, f64::max);
        let least = delays.iter().copied().fold(f64::MAX, f64::min);
        assert!(
            least > 0.0 && most < 6.0,
            "from {phase_ms}: {least}..{most}"
        );
        assert!(buffer.tally().concealed_ms < 1.0);
    }
}
