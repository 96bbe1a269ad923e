//! Simulated voice paths: two legs wired to each other inside the process through a network that
//! loses, delays and reorders by a seed; and the means to judge sound by its content.

use crate::leg::attach::{Listener, Talker};
use crate::packet::Packet;
use crate::sdp::{EventFormat, Format, Terms};
use crate::wire::{Wire, WireEvent};
use crate::{Codec, Direction, FRAME, Frame, Leg, LegEvent, SAMPLE_RATE};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A network's behaviour in one direction.
#[derive(Debug, Clone, Copy, Default)]
pub struct Network {
    /// Share of packets lost, 0.0..=1.0.
    pub loss: f64,
    /// Least delay.
    pub delay: Duration,
    /// Most delay on top, spread evenly; more than 20 ms also reorders.
    pub jitter: Duration,
    /// Seed of all randomness; each direction derives its own.
    pub seed: u64,
}

/// A leg with its events.
pub type LegWithEvents = (Leg, mpsc::UnboundedReceiver<LegEvent>);

/// Two connected legs, each the other's remote party, that speak `codec` over `network`. Must be
/// called inside a Tokio runtime.
pub fn pair(codec: Codec, network: Network) -> (LegWithEvents, LegWithEvents) {
    let (a_in, a_out) = mpsc::unbounded_channel();
    let (b_in, b_out) = mpsc::unbounded_channel();
    let end = |network: Network, to, from| {
        let wire = SimWire {
            network,
            random: StdRng::seed_from_u64(network.seed),
            to,
            from,
            travelling: BTreeMap::new(),
            count: 0,
        };
        let (leg, events) = Leg::with_wire(Wire::Sim(Box::new(wire)), rand::random());
        leg.agree(terms(codec));
        (leg, events)
    };
    let back = Network {
        seed: network.seed.wrapping_add(1),
        ..network
    };
    (end(network, b_in, a_out), end(back, a_in, b_out))
}

fn terms(codec: Codec) -> Terms {
    let event = EventFormat {
        payload_type: 101,
        clock_rate: codec.clock_rate(),
    };
    Terms {
        codec,
        payload_type: 96,
        event: Some(event),
        receive: vec![
            (96, Format::Voice(codec)),
            (101, Format::Event(event.clock_rate)),
        ],
        sending: true,
        receiving: true,
        remote_direction: Direction::SendRecv,
        remote: None,
    }
}

/// One end of the simulated network.
pub(crate) struct SimWire {
    network: Network,
    random: StdRng,
    to: mpsc::UnboundedSender<(Instant, Packet)>,
    from: mpsc::UnboundedReceiver<(Instant, Packet)>,
    /// Received, but not due before the key.
    travelling: BTreeMap<(Instant, u64), Packet>,
    count: u64,
}

impl SimWire {
    /// Sends a packet; `false` if the network lost it for a known reason.
    pub(crate) fn send(&mut self, packet: Packet) -> bool {
        let lost = self.random.random_bool(self.network.loss.clamp(0.0, 1.0));
        let late = self.network.jitter.mul_f64(self.random.random());
        // The sender of a packet that gets lost does not know.
        lost || self
            .to
            .send((Instant::now() + self.network.delay + late, packet))
            .is_ok()
    }

    /// Waits for the next packet. Safe to cancel.
    pub(crate) async fn receive(&mut self) -> WireEvent {
        loop {
            let due = self.travelling.first_key_value().map(|(key, _)| key.0);
            if due.is_some_and(|due| due <= Instant::now())
                && let Some((_, packet)) = self.travelling.pop_first()
            {
                return WireEvent::Packet { packet, from: None };
            }
            tokio::select! {
                arrival = self.from.recv() => match arrival {
                    Some((due, packet)) => {
                        self.count += 1;
                        self.travelling.insert((due, self.count), packet);
                    }
                    None if self.travelling.is_empty() => std::future::pending().await,
                    None => wait_until(due).await,
                },
                () = wait_until(due) => {}
            }
        }
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

/// A simulated headset: says a tone and records what it hears, in the rhythm of a sound card.
pub struct Headset {
    talker: Talker,
    listener: Listener,
    heard: Vec<f32>,
    said: u64,
    level: f32,
}

impl Headset {
    /// Puts the headset on a leg's two device ends.
    pub fn new((talker, listener): (Talker, Listener)) -> Self {
        Self {
            talker,
            listener,
            heard: Vec::new(),
            said: 0,
            level: 0.5,
        }
    }

    /// Speaks with this peak level from now on, 0.0..=1.0.
    #[must_use]
    pub fn at_level(self, level: f32) -> Self {
        Self { level, ..self }
    }

    /// Says `frequency` hertz (0 is silence), at half of full level if not told otherwise, for a while, in real time, and
    /// returns what was heard meanwhile, at 48 kHz.
    pub async fn use_for(&mut self, duration: Duration, frequency: f32) -> Vec<f32> {
        self.heard.clear();
        let mut rhythm = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..duration.as_millis() / 20 {
            rhythm.tick().await;
            let frame = self.turn(frequency);
            self.heard.extend_from_slice(&frame);
        }
        self.heard.clone()
    }

    /// Says `frequency` hertz and gives each frame that is heard to `hear`, in real time, for ever.
    pub async fn use_on(&mut self, frequency: f32, mut hear: impl FnMut(&Frame)) {
        let mut rhythm = tokio::time::interval(Duration::from_millis(20));
        loop {
            rhythm.tick().await;
            hear(&self.turn(frequency));
        }
    }

    /// Says one frame and hears one.
    fn turn(&mut self, frequency: f32) -> Frame {
        let mut frame: Frame = [0.0; FRAME];
        for sample in &mut frame {
            let at = self.said as f64 / f64::from(SAMPLE_RATE);
            *sample = self.level * (TAU * f64::from(frequency) * at).sin() as f32;
            self.said += 1;
        }
        self.talker.send(&frame);
        self.listener.receive(&mut frame);
        frame
    }
}

/// A sine of `frequency` hertz with peak `level`.
pub fn sine(frequency: f32, level: f32, rate: u32, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| {
            let at = n as f64 / f64::from(rate);
            level * (TAU * f64::from(frequency) * at).sin() as f32
        })
        .collect()
}

/// The peak level of one frequency in a sound, by Goertzel's algorithm.
pub fn level_at(sound: &[f32], frequency: f32, rate: u32) -> f32 {
    let step = TAU * f64::from(frequency) / f64::from(rate);
    let (mut before, mut last) = (0.0, 0.0);
    for sample in sound {
        let next = f64::from(*sample) + 2.0 * step.cos() * last - before;
        before = last;
        last = next;
    }
    let power = last * last + before * before - 2.0 * step.cos() * last * before;
    (2.0 * power.max(0.0).sqrt() / sound.len().max(1) as f64) as f32
}

/// The root mean square of a sound.
pub fn loudness(sound: &[f32]) -> f32 {
    let power: f64 = sound.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    (power / sound.len().max(1) as f64).sqrt() as f32
}
