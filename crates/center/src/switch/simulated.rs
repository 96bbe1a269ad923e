//! A switch without calls: it records what it is told, and its owner plays the far sides.

use super::{Dial, Ending, Event, PartyId, Sound, Switch};
use async_trait::async_trait;
use parking_lot::Mutex;
use seatline_media::{Leg, Tap};
use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::sync::{mpsc, watch};

/// What a [`Simulated`] switch was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// [`Switch::dial`], and the party it made.
    Dial(PartyId, Dial),
    /// [`Switch::progress`].
    Progress(PartyId),
    /// [`Switch::answer`].
    Answer(PartyId),
    /// [`Switch::hear`].
    Hear(PartyId, Vec<PartyId>),
    /// [`Switch::bridge`].
    Bridge(PartyId, PartyId),
    /// [`Switch::mute`].
    Mute(PartyId, bool),
    /// [`Switch::play`].
    Play(PartyId, Sound),
    /// [`Switch::beep`].
    Beep(PartyId),
    /// [`Switch::send_digits`].
    Digits(PartyId, String),
    /// [`Switch::hang_up`].
    HangUp(PartyId, Ending),
    /// [`Switch::stop`].
    Stop,
}

/// The switch that carries nothing.
pub struct Simulated {
    told: Mutex<Vec<Told>>,
    voices: Mutex<HashMap<PartyId, Leg>>,
    count: watch::Sender<usize>,
    next: AtomicU64,
    events: mpsc::UnboundedSender<Event>,
}

impl Simulated {
    /// Makes one, and the stream of what is raised on it.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, stream) = mpsc::unbounded_channel();
        let simulated = Self {
            told: Mutex::new(Vec::new()),
            voices: Mutex::default(),
            count: watch::Sender::new(0),
            next: AtomicU64::new(1),
            events,
        };
        (simulated, stream)
    }

    /// A new party, for a call that is to arrive.
    pub fn party(&self) -> PartyId {
        PartyId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Gives a party a voice: what the leg's far side says.
    pub fn give_voice(&self, party: PartyId, leg: Leg) {
        self.voices.lock().insert(party, leg);
    }

    /// Lets something happen.
    pub fn raise(&self, event: Event) {
        // Nobody listens any more: then nothing needs to happen.
        let _ = self.events.send(event);
    }

    /// All it was told so far, in order.
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().clone()
    }

    /// Whom the listener hears now by all it was told, in order of their numbers; nobody while a
    /// sound is played to it.
    pub fn heard_by(&self, listener: PartyId) -> Vec<PartyId> {
        let mut row = BTreeSet::new();
        let mut silent = BTreeSet::new();
        for told in &*self.told.lock() {
            match told {
                Told::Hear(party, speakers) if *party == listener => {
                    row = speakers.iter().copied().collect();
                }
                Told::Bridge(one, other) if *one == listener => row = BTreeSet::from([*other]),
                Told::Bridge(one, other) if *other == listener => row = BTreeSet::from([*one]),
                Told::Play(party, _) if *party == listener => row.clear(),
                Told::Mute(party, true) => _ = silent.insert(*party),
                Told::Mute(party, false) => _ = silent.remove(party),
                Told::HangUp(party, _) => _ = silent.insert(*party),
                _ => {}
            }
        }
        row.remove(&listener);
        row.difference(&silent).copied().collect()
    }

    /// Waits until it has been told something that `wanted` picks, and returns what that gave.
    pub async fn wait_for<T>(&self, mut wanted: impl FnMut(&Told) -> Option<T>) -> T {
        let mut count = self.count.subscribe();
        loop {
            if let Some(found) = self.told.lock().iter().find_map(&mut wanted) {
                return found;
            }
            // The sender lives in `self`, so the channel is open.
            let _ = count.changed().await;
        }
    }

    fn record(&self, told: Told) {
        self.told.lock().push(told);
        self.count.send_modify(|count| *count += 1);
    }
}

#[async_trait]
impl Switch for Simulated {
    fn dial(&self, dial: Dial) -> PartyId {
        let party = self.party();
        self.record(Told::Dial(party, dial));
        party
    }

    fn progress(&self, party: PartyId) {
        self.record(Told::Progress(party));
    }

    fn answer(&self, party: PartyId) {
        self.record(Told::Answer(party));
        self.raise(Event::Answered(party));
    }

    fn hear(&self, listener: PartyId, speakers: &[PartyId]) {
        self.record(Told::Hear(listener, speakers.to_vec()));
    }

    fn bridge(&self, one: PartyId, other: PartyId) {
        self.record(Told::Bridge(one, other));
    }

    fn mute(&self, party: PartyId, muted: bool) {
        self.record(Told::Mute(party, muted));
    }

    fn play(&self, party: PartyId, sound: Sound) {
        self.record(Told::Play(party, sound));
    }

    fn beep(&self, party: PartyId) {
        self.record(Told::Beep(party));
    }

    fn tap(&self, party: PartyId) -> Option<Tap> {
        self.voices.lock().get(&party).map(Leg::tap)
    }

    fn send_digits(&self, party: PartyId, digits: &str) {
        self.record(Told::Digits(party, digits.to_owned()));
    }

    fn hang_up(&self, party: PartyId, ending: Ending) {
        self.record(Told::HangUp(party, ending));
        self.raise(Event::Ended {
            party,
            by_far_side: false,
            code: None,
            reason: String::new(),
        });
    }

    async fn stop(&self) {
        self.record(Told::Stop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_who_hears_whom() {
        let (switch, _events) = Simulated::new();
        let [agent, customer, coach] = [switch.party(), switch.party(), switch.party()];
        switch.bridge(agent, customer);
        switch.hear(agent, &[customer, coach, agent]);
        assert_eq!(switch.heard_by(agent), [customer, coach]);
        assert_eq!(switch.heard_by(customer), [agent]);
        assert_eq!(switch.heard_by(coach), []);
        switch.mute(customer, true);
        assert_eq!(switch.heard_by(agent), [coach]);
        switch.mute(customer, false);
        switch.hold(customer, agent);
        assert_eq!(switch.heard_by(agent), []);
        assert_eq!(switch.heard_by(customer), []);
    }
}
