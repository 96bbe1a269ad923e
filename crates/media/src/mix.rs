//! Mixing voices: any number of parties, each of whom hears a set of the others.
//!
//! [`Mixer`] is the pure core: a matrix of who hears whom, and sums of frames by it. [`Room`] drives
//! it with real legs.

mod limit;
mod ramp;
mod room;
mod seats;
#[cfg(test)]
mod tests;
mod voice;

pub use room::{Room, Row};
pub use seats::{SEATS, Seat, Seats};

use crate::{FRAME, Frame};
use ramp::RAMP;
pub(crate) use ramp::rise;

/// Parties and who of them hears whom.
///
/// Each [`step`](Mixer::step) takes 20 ms of every party that is [`needed`](Mixer::needed) and gives
/// 20 ms for every listener: the sum of those it hears, sample by sample, limited softly where it
/// gets loud. A listener's mix is made of its row of the matrix and of nothing else; listeners with
/// the same row share one. Whenever a cell of the matrix changes, for whatever reason, the voice
/// fades in or out over the first 5 ms of the next frame, so that nothing clicks.
///
/// It reads no clock, and a step does not allocate.
#[derive(Debug, Default)]
pub struct Mixer {
    /// Seats that somebody has.
    taken: Seats,
    /// Seats that are free after the next step.
    leaving: Seats,
    /// Those who get a mix.
    listening: Seats,
    muted: Seats,
    /// By listener: whom it shall hear.
    hears: Vec<Seats>,
    /// By listener: whom it heard at the end of the last frame.
    heard: Vec<Seats>,
    mixes: Vec<Mix>,
}

/// 20 ms for the listeners who hear the same.
#[derive(Debug, Clone)]
pub struct Mix {
    /// Who gets it.
    pub listeners: Seats,
    /// The sound.
    pub frame: Frame,
    before: Seats,
    after: Seats,
}

impl Mixer {
    /// A mixer without parties.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a party a seat; it hears nobody and is heard by nobody. `None` if all
    /// [`SEATS`] are taken.
    pub fn join(&mut self) -> Option<Seat> {
        let seat = (!self.taken).first()?;
        self.taken.insert(seat);
        if self.hears.len() <= seat.index() {
            self.hears.push(Seats::NONE);
            self.heard.push(Seats::NONE);
            self.mixes.push(Mix {
                listeners: Seats::NONE,
                frame: [0.0; FRAME],
                before: Seats::NONE,
                after: Seats::NONE,
            });
        }
        Some(seat)
    }

    /// Takes a party's seat: it gets no mix any more, and fades out of all others with the next
    /// step, for which its sound is [`needed`](Mixer::needed) once more. After it the seat is free.
    pub fn leave(&mut self, seat: Seat) {
        if self.taken.contains(seat) {
            self.leaving.insert(seat);
            self.stop_hearing(seat);
        }
    }

    /// Lets a listener hear exactly these, itself left out.
    pub fn hear(&mut self, listener: Seat, speakers: Seats) {
        if (self.taken & !self.leaving).contains(listener) {
            self.listening.insert(listener);
            self.hears[listener.index()] = speakers & !Seats::of(listener);
        }
    }

    /// Gives a listener no mix any more.
    pub fn stop_hearing(&mut self, listener: Seat) {
        self.listening.remove(listener);
        if let (Some(hears), Some(heard)) = (
            self.hears.get_mut(listener.index()),
            self.heard.get_mut(listener.index()),
        ) {
            *hears = Seats::NONE;
            *heard = Seats::NONE;
        }
    }

    /// Says that a listener has heard these until now by other means, so that they go on in its mix
    /// instead of fading in.
    pub fn carry_on(&mut self, listener: Seat, speakers: Seats) {
        if self.listening.contains(listener) {
            self.heard[listener.index()] = speakers & !Seats::of(listener);
        }
    }

    /// Lets nobody hear a party, or those again who shall.
    pub fn mute(&mut self, seat: Seat, muted: bool) {
        match muted {
            true => self.muted.insert(seat),
            false => self.muted.remove(seat),
        }
    }

    /// Whose sound the next step takes; that of others need not even be decoded.
    #[must_use]
    pub fn needed(&self) -> Seats {
        let rows = self
            .listening
            .iter()
            .map(|listener| self.heard[listener.index()] | self.row(listener));
        rows.fold(Seats::NONE, |all, row| all | row)
    }

    /// Whom a listener hears from the next step on.
    #[must_use]
    pub fn row(&self, listener: Seat) -> Seats {
        let hears = self.hears.get(listener.index()).copied();
        hears.unwrap_or_default() & self.taken & !self.leaving & !self.muted
    }

    /// Makes the next 20 ms from those of the parties, by [`Seat::index`]. A party whose sound is
    /// missing is silent.
    pub fn step(&mut self, sounds: &[Frame]) -> &[Mix] {
        let mut made = 0;
        for listener in self.listening.iter() {
            let before = self.heard[listener.index()];
            let after = self.row(listener);
            self.heard[listener.index()] = after;
            let (known, rest) = self.mixes.split_at_mut(made);
            let same = |mix: &&mut Mix| mix.before == before && mix.after == after;
            if let Some(mix) = known.iter_mut().find(same) {
                mix.listeners.insert(listener);
            } else if let Some(mix) = rest.first_mut() {
                mix.listeners = Seats::of(listener);
                mix.before = before;
                mix.after = after;
                mix.make(sounds);
                made += 1;
            }
        }
        self.taken &= !self.leaving;
        self.muted &= self.taken;
        self.leaving = Seats::NONE;
        for hears in &mut self.hears {
            *hears &= self.taken;
        }
        &self.mixes[..made]
    }
}

impl Mix {
    fn make(&mut self, sounds: &[Frame]) {
        self.frame.fill(0.0);
        for speaker in (self.before | self.after).iter() {
            let Some(sound) = sounds.get(speaker.index()) else {
                continue;
            };
            let (head, body) = self.frame.split_at_mut(RAMP);
            let (first, rest) = sound.split_at(RAMP);
            match (self.before.contains(speaker), self.after.contains(speaker)) {
                (true, true) => {
                    add(head, first);
                    add(body, rest);
                }
                (false, true) => {
                    ramp::fade_in(head, first);
                    add(body, rest);
                }
                (true, false) => ramp::fade_out(head, first),
                (false, false) => {}
            }
        }
        limit::soften(&mut self.frame);
    }
}

fn add(sum: &mut [f32], sound: &[f32]) {
    for (sum, sample) in sum.iter_mut().zip(sound) {
        *sum += sample;
    }
}
