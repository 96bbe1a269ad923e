//! What each party hears.

use super::super::{PartyId, Sound};
use parking_lot::Mutex;
use seatline_media::{Clip, Leg, Source, Tone};
use std::{collections::HashMap, sync::Arc};

#[derive(Clone, Copy)]
enum Hears {
    Sound(Sound),
    Party(PartyId),
}

struct Hearing {
    leg: Option<Leg>,
    hears: Hears,
}

/// What each party hears, known before its leg is.
pub(in crate::switch) struct Hearings {
    greeting: Arc<Clip>,
    music: Arc<Clip>,
    parties: Mutex<HashMap<PartyId, Hearing>>,
}

impl Hearings {
    pub(super) fn new(greeting: Arc<Clip>, music: Arc<Clip>) -> Self {
        Self {
            greeting,
            music,
            parties: Mutex::new(HashMap::new()),
        }
    }

    /// A new party, which hears nothing.
    pub(super) fn enter(&self, party: PartyId) {
        let hears = Hears::Sound(Sound::Silence);
        let hearing = Hearing { leg: None, hears };
        self.parties.lock().insert(party, hearing);
    }

    pub(super) fn bridge(&self, one: PartyId, other: PartyId) {
        let mut parties = self.parties.lock();
        for (listener, speaker) in [(one, other), (other, one)] {
            self.set(&mut parties, listener, Hears::Party(speaker));
        }
    }

    pub(super) fn play(&self, party: PartyId, sound: Sound) {
        self.set(&mut self.parties.lock(), party, Hears::Sound(sound));
    }

    /// The party's leg is there: it hears what was asked for, and so do those who wait to hear it.
    pub(super) fn join(&self, party: PartyId, leg: Leg) {
        let mut parties = self.parties.lock();
        if let Some(hearing) = parties.get_mut(&party) {
            hearing.leg = Some(leg);
        }
        self.apply(&parties, party);
        let waiting: Vec<PartyId> = parties
            .iter()
            .filter(|(_, hearing)| matches!(hearing.hears, Hears::Party(p) if p == party))
            .map(|(id, _)| *id)
            .collect();
        for listener in waiting {
            self.apply(&parties, listener);
        }
    }

    /// The party is gone; who heard it hears nothing.
    pub(super) fn forget(&self, party: PartyId) {
        let mut parties = self.parties.lock();
        parties.remove(&party);
        for hearing in parties.values_mut() {
            if matches!(hearing.hears, Hears::Party(p) if p == party) {
                hearing.hears = Hears::Sound(Sound::Silence);
                if let Some(leg) = &hearing.leg {
                    leg.hear(Source::Nothing);
                }
            }
        }
    }

    fn set(&self, parties: &mut HashMap<PartyId, Hearing>, party: PartyId, hears: Hears) {
        if let Some(hearing) = parties.get_mut(&party) {
            hearing.hears = hears;
        }
        self.apply(parties, party);
    }

    fn apply(&self, parties: &HashMap<PartyId, Hearing>, party: PartyId) {
        let Some(Hearing {
            leg: Some(leg),
            hears,
        }) = parties.get(&party)
        else {
            return;
        };
        let clip = |clip: &Arc<Clip>, repeat| Source::Clip {
            clip: clip.clone(),
            repeat,
        };
        leg.hear(match hears {
            Hears::Sound(Sound::Silence) => Source::Nothing,
            Hears::Sound(Sound::Greeting) => clip(&self.greeting, false),
            Hears::Sound(Sound::Music) => clip(&self.music, true),
            Hears::Sound(Sound::Ringback) => Source::Tone(Tone::RINGBACK),
            Hears::Sound(Sound::Busy) => Source::Tone(Tone::BUSY),
            Hears::Party(speaker) => parties
                .get(speaker)
                .and_then(|hearing| hearing.leg.clone())
                .map_or(Source::Nothing, Source::Leg),
        });
    }
}
