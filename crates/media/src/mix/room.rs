//! The driver of a mixer: legs that hear several others at once.

use super::limit::soften;
use super::voice::Voice;
use super::{Mix, Mixer, Seat, Seats};
use crate::codec::{Encoder, MAX_PAYLOAD};
use crate::leg::shared::Heard;
use crate::{Codec, FRAME, Frame, Leg, SAMPLE_RATE, Source};
use bytes::Bytes;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The rhythm of voice.
const TICK: Duration = Duration::from_millis(20);

/// Ticks that are caught up after the task was starved; longer pauses are not repaired.
const CATCH_UP: Duration = Duration::from_millis(200);

/// Frames that may wait for a listener's leg: more means that it is starved.
const OUTLET: usize = 10;

/// Frames of every voice that are kept: an encoder that begins in the middle of what is said blurs
/// its beginning, unless it has heard what was said before.
const SAID: usize = 3;

/// How long a listener goes on hearing a voice directly while the room has nothing of it.
const PATIENCE: Duration = Duration::from_millis(60);

/// A place where legs hear several others at once.
///
/// It decodes every voice once, and only if somebody hears it; it encodes once for listeners who
/// hear the same and speak the same codec. A leg comes to its room from whatever it heard before
/// and goes on from there to whatever it shall hear next without a gap: until its first mix is
/// made it hears on as before, and to another leg it is handed over with what the room has of it
/// and did not play yet.
///
/// ```text
///             hear                 first mix made
///  elsewhere ──────▶ coming ─────────────────────────▶ in the room ──┐ hear
///      ▲               │                                 │     ▲     │
///      └───────────────┴──────────── release ────────────┘     └─────┘
/// ```
///
/// The room ends with its handle; legs that are still in it hear silence.
#[derive(Debug)]
pub struct Room {
    orders: mpsc::UnboundedSender<Order>,
}

/// What one listener of a room hears.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Whose remote parties it hears.
    pub speakers: Vec<Leg>,
    /// The one among them that it has heard directly until now, and shall not hear fade in.
    pub carried: Option<Leg>,
    /// The one among them whose keys it gets.
    pub keys_from: Option<Leg>,
}

enum Order {
    Hear(Leg, Row),
    Release(Leg, Source),
}

impl Room {
    /// An empty room. Must be called inside a Tokio runtime.
    #[must_use]
    pub fn open() -> Self {
        let (orders, obeyed) = mpsc::unbounded_channel();
        tokio::spawn(Task::new(obeyed).run());
        Self { orders }
    }

    /// Lets the listener's remote party hear these, instead of what it heard before. A leg hears
    /// itself in no case. Up to [`super::SEATS`] legs can be in a room; more are left out.
    pub fn hear(&self, listener: &Leg, row: Row) {
        // The task ends with this handle only.
        let _ = self.orders.send(Order::Hear(listener.clone(), row));
    }

    /// Lets the listener leave the room and hear this from now on.
    pub fn release(&self, listener: &Leg, then: Source) {
        let _ = self.orders.send(Order::Release(listener.clone(), then));
    }
}

struct Task {
    orders: mpsc::UnboundedReceiver<Order>,
    mixer: Mixer,
    /// By seat.
    occupants: Vec<Option<Occupant>>,
    /// By seat.
    sounds: Vec<Frame>,
}

/// A leg that speaks in the room, hears in it, or both.
struct Occupant {
    leg: Leg,
    voice: Voice,
    /// What its voice said last, the oldest first. Silence while nobody heard it.
    said: Box<[Frame; SAID]>,
    outlet: Option<Outlet>,
}

/// The way to a listener.
struct Outlet {
    way: mpsc::Sender<Heard>,
    row: Seats,
    keys_from: Seats,
    /// Since when it waits for its first mix, and whom it hears directly meanwhile.
    coming: Option<(Instant, Seats)>,
    encoder: Option<(Codec, Encoder)>,
}

impl Task {
    fn new(orders: mpsc::UnboundedReceiver<Order>) -> Self {
        Self {
            orders,
            mixer: Mixer::new(),
            occupants: Vec::new(),
            sounds: Vec::new(),
        }
    }

    async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(Order::Hear(leg, row)) => self.hear(&leg, &row, Instant::now()),
                    Some(Order::Release(leg, then)) => self.release(&leg, then),
                    None => return,
                },
                due = tick.tick() => {
                    self.take_tick(Instant::now()).await;
                    if due.elapsed() > CATCH_UP {
                        tick.reset();
                    }
                }
            }
        }
    }

    fn hear(&mut self, leg: &Leg, row: &Row, now: Instant) {
        let Some(listener) = self.seat(leg) else {
            return;
        };
        let mut speakers = Seats::NONE;
        for speaker in row.speakers.iter().filter(|speaker| !speaker.is(leg)) {
            if let Some(seat) = self.seat(speaker) {
                if let Some(occupant) = &mut self.occupants[seat.index()] {
                    occupant.voice.wake(now);
                }
                speakers.insert(seat);
            }
        }
        let among = |leg: &Option<Leg>| {
            let seat = leg.as_ref().and_then(|leg| self.find(leg));
            seat.map_or(Seats::NONE, Seats::of) & speakers
        };
        let (carried, keys_from) = (among(&row.carried), among(&row.keys_from));
        let Some(occupant) = &mut self.occupants[listener.index()] else {
            return;
        };
        match &mut occupant.outlet {
            Some(outlet) if !outlet.way.is_closed() => {
                outlet.row = speakers;
                outlet.keys_from = keys_from;
            }
            _ => {
                let (way, come) = mpsc::channel(OUTLET);
                leg.hear_mix(come);
                occupant.outlet = Some(Outlet {
                    way,
                    row: speakers,
                    keys_from,
                    coming: Some((now, carried)),
                    encoder: None,
                });
            }
        }
    }

    fn release(&mut self, leg: &Leg, then: Source) {
        let speaker = match &then {
            Source::Leg(speaker) => Some(speaker.clone()),
            Source::Nothing | Source::Clip { .. } | Source::Tone(_) => None,
        };
        leg.hear_on(then, || {
            speaker.map_or(Vec::new(), |speaker| self.hand_over(&speaker))
        });
        if let Some(seat) = self.find(leg) {
            self.stop_hearing(seat);
        }
    }

    /// What the room has of a leg that shall be heard directly from now on.
    fn hand_over(&mut self, speaker: &Leg) -> Vec<Heard> {
        self.listen();
        let occupant = self
            .find(speaker)
            .and_then(|seat| self.occupants[seat.index()].as_ref());
        occupant.map_or(Vec::new(), |occupant| occupant.voice.ahead())
    }

    fn find(&self, leg: &Leg) -> Option<Seat> {
        let is = |occupant: &Option<Occupant>| occupant.as_ref().is_some_and(|o| o.leg.is(leg));
        let index = self.occupants.iter().position(is)?;
        Seat::numbered(index)
    }

    fn seat(&mut self, leg: &Leg) -> Option<Seat> {
        if let Some(seat) = self.find(leg) {
            return Some(seat);
        }
        let Some(seat) = self.mixer.join() else {
            tracing::warn!("a room is full; a party is left out");
            return None;
        };
        while self.occupants.len() <= seat.index() {
            self.occupants.push(None);
            self.sounds.push([0.0; FRAME]);
        }
        self.occupants[seat.index()] = Some(Occupant {
            leg: leg.clone(),
            voice: Voice::asleep(leg),
            said: Box::new([[0.0; FRAME]; SAID]),
            outlet: None,
        });
        Some(seat)
    }

    fn stop_hearing(&mut self, seat: Seat) {
        self.mixer.stop_hearing(seat);
        if let Some(occupant) = &mut self.occupants[seat.index()] {
            occupant.outlet = None;
        }
    }

    async fn take_tick(&mut self, now: Instant) {
        self.listen();
        self.begin(now);
        for seat in self.mixer.needed().iter() {
            let sound = &mut self.sounds[seat.index()];
            match self.occupants[seat.index()].as_mut() {
                Some(occupant) => occupant.voice.pull(sound, now),
                None => sound.fill(0.0),
            }
        }
        self.speak().await;
        self.remember();
        self.tidy();
    }

    fn remember(&mut self) {
        let needed = self.mixer.needed();
        for (index, sound) in self.sounds.iter().enumerate() {
            let (Some(seat), Some(occupant)) =
                (Seat::numbered(index), self.occupants[index].as_mut())
            else {
                continue;
            };
            occupant.said.rotate_left(1);
            occupant.said[SAID - 1] = match needed.contains(seat) {
                true => *sound,
                false => [0.0; FRAME],
            };
        }
    }

    /// Takes what arrived, and passes keys on.
    fn listen(&mut self) {
        for index in 0..self.occupants.len() {
            let mut keys = Vec::new();
            let (Some(seat), Some(occupant)) =
                (Seat::numbered(index), self.occupants[index].as_mut())
            else {
                continue;
            };
            let voice = &mut occupant.voice;
            voice.take(|key| keys.push(key));
            // A voice fades in when it begins, and out when its leg has ended.
            let silent = !voice.has_begun() || voice.is_over();
            self.mixer.mute(seat, silent);
            for key in keys {
                let outlets = self.occupants.iter().flatten().flat_map(|o| &o.outlet);
                for outlet in outlets.filter(|outlet| outlet.keys_from.contains(seat)) {
                    // A leg that is gone or starved gets no keys.
                    let _ = outlet.way.try_send(key.clone());
                }
            }
        }
    }

    /// Sets the rows of those who are in the room, and gives their first mix to those for whom it
    /// can be made: of the voices they know. An encoder that begins with one voice more would blur
    /// the one that goes on.
    fn begin(&mut self, now: Instant) {
        for index in 0..self.occupants.len() {
            let (Some(seat), Some(occupant)) =
                (Seat::numbered(index), self.occupants[index].as_ref())
            else {
                continue;
            };
            let Some(outlet) = &occupant.outlet else {
                continue;
            };
            let row = outlet.row;
            let Some((since, carried)) = outlet.coming else {
                self.mixer.hear(seat, row);
                continue;
            };
            let begun = |seat: Seat| {
                let occupant = self.occupants[seat.index()].as_ref();
                occupant.is_none_or(|o| o.voice.has_begun() || o.voice.is_over())
            };
            let ready = carried.iter().all(begun);
            if !ready && now.saturating_duration_since(since) < PATIENCE {
                continue;
            }
            let first = match (carried & row).is_empty() {
                true => row,
                false => carried & row,
            };
            self.mixer.hear(seat, first);
            self.mixer.carry_on(seat, carried);
            if let Some(outlet) = self.occupants[index]
                .as_mut()
                .and_then(|o| o.outlet.as_mut())
            {
                outlet.coming = None;
            }
        }
    }

    /// Mixes, and sends to every listener what it hears.
    async fn speak(&mut self) {
        let Self {
            mixer,
            occupants,
            sounds,
            ..
        } = self;
        for mix in mixer.step(sounds) {
            for codec in [Codec::Opus, Codec::Pcmu, Codec::Pcma] {
                let speaks = |seat: &Seat| {
                    let occupant = occupants[seat.index()].as_ref();
                    occupant.is_some_and(|occupant| occupant.leg.hears() == Some(codec))
                };
                let members: Seats = mix.listeners.iter().filter(speaks).collect();
                let Some(payload) = encode(occupants, members, codec, mix) else {
                    continue;
                };
                for member in members.iter() {
                    let occupant = occupants[member.index()].as_ref();
                    if let Some(outlet) = occupant.and_then(|occupant| occupant.outlet.as_ref()) {
                        let payload = payload.clone();
                        // A leg that cannot keep up loses voice, as on a network.
                        let _ = outlet.way.try_send(Heard::Mix { codec, payload });
                    }
                }
                // A large room shall not hold up what else this thread has to do.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Drops what nobody needs any more.
    fn tidy(&mut self) {
        let outlets = self.occupants.iter().flatten().flat_map(|o| &o.outlet);
        let open = outlets.filter(|outlet| !outlet.way.is_closed());
        let wanted = open.fold(Seats::NONE, |all, outlet| all | outlet.row);
        let fading = self.mixer.needed();
        for index in 0..self.occupants.len() {
            let (Some(seat), Some(occupant)) =
                (Seat::numbered(index), self.occupants[index].as_mut())
            else {
                continue;
            };
            if occupant
                .outlet
                .as_ref()
                .is_some_and(|outlet| outlet.way.is_closed())
            {
                occupant.outlet = None;
                self.mixer.stop_hearing(seat);
            }
            let over = occupant.voice.is_over();
            if !fading.contains(seat) && (over || !wanted.contains(seat)) {
                occupant.voice.sleep();
            }
            if !occupant.voice.is_awake() && occupant.outlet.is_none() {
                self.occupants[index] = None;
                self.mixer.leave(seat);
                for outlet in self
                    .occupants
                    .iter_mut()
                    .flatten()
                    .flat_map(|o| &mut o.outlet)
                {
                    outlet.row.remove(seat);
                    outlet.keys_from.remove(seat);
                }
            }
        }
    }
}

/// Encodes once for all members, with the encoder of the first: they hear the same, so theirs would
/// say the same.
fn encode(
    occupants: &mut [Option<Occupant>],
    members: Seats,
    codec: Codec,
    mix: &Mix,
) -> Option<Bytes> {
    let lead = members.first()?;
    let loss = members
        .iter()
        .filter_map(|member| occupants[member.index()].as_ref())
        .fold(0.0, |loss, occupant| {
            f32::max(loss, occupant.leg.remote_loss())
        });
    let begun = |outlet: &Outlet| matches!(&outlet.encoder, Some((known, _)) if *known == codec);
    if !begun(occupants[lead.index()].as_ref()?.outlet.as_ref()?) {
        let encoder = begin_encoder(occupants, mix.before, codec)?;
        occupants[lead.index()].as_mut()?.outlet.as_mut()?.encoder = Some((codec, encoder));
    }
    let outlet = occupants[lead.index()].as_mut()?.outlet.as_mut()?;
    let (_, encoder) = outlet.encoder.as_mut()?;
    encoder.expect_loss(loss);
    let mut payload = [0; MAX_PAYLOAD];
    let length = encoder.encode(&mix.frame, &mut payload).ok()?;
    Some(Bytes::copy_from_slice(&payload[..length]))
}

/// An encoder that knows what those whom its listeners have heard until now said last.
fn begin_encoder(occupants: &[Option<Occupant>], heard: Seats, codec: Codec) -> Option<Encoder> {
    let mut encoder = match codec.mix_encoder(SAMPLE_RATE) {
        Ok(encoder) => encoder,
        Err(error) => {
            tracing::warn!(%error, "a mix is not sent");
            return None;
        }
    };
    let mut unheard = [0; MAX_PAYLOAD];
    for n in 0..SAID {
        let mut before = [0.0; FRAME];
        for speaker in heard
            .iter()
            .filter_map(|seat| occupants[seat.index()].as_ref())
        {
            for (sum, sample) in before.iter_mut().zip(&speaker.said[n]) {
                *sum += sample;
            }
        }
        soften(&mut before);
        // What cannot be encoded teaches nothing.
        let _ = encoder.encode(&before, &mut unheard);
    }
    Some(encoder)
}
