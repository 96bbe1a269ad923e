//! What each party hears.

use super::super::{PartyId, Sound};
use parking_lot::Mutex;
use seatline_media::{Clip, Leg, Source, Tone};
use std::{collections::BTreeMap, sync::Arc};

/// What stands behind a party.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::switch) enum Kind {
    /// An agent's or a supervisor's phone.
    Desk,
    /// Somebody in the telephone network.
    Trunk,
}

enum Hears {
    Sound(Sound),
    /// These, without doubles and without the listener.
    Parties(Vec<PartyId>),
}

struct Hearing {
    kind: Kind,
    leg: Option<Leg>,
    hears: Hears,
    muted: bool,
    /// The party whose keys it gets.
    keys_from: Option<PartyId>,
}

/// What each party hears, known before its leg is.
pub(in crate::switch) struct Hearings {
    greeting: Arc<Clip>,
    music: Arc<Clip>,
    beep: Arc<Clip>,
    parties: Mutex<BTreeMap<PartyId, Hearing>>,
}

impl Hearings {
    pub(super) fn new(greeting: Arc<Clip>, music: Arc<Clip>) -> Self {
        Self {
            greeting,
            music,
            beep: Arc::new(Clip::beep()),
            parties: Mutex::new(BTreeMap::new()),
        }
    }

    /// A new party, which hears nothing.
    pub(super) fn enter(&self, party: PartyId, kind: Kind) {
        let hearing = Hearing {
            kind,
            leg: None,
            hears: Hears::Sound(Sound::Silence),
            muted: false,
            keys_from: None,
        };
        self.parties.lock().insert(party, hearing);
    }

    pub(super) fn hear(&self, listener: PartyId, speakers: &[PartyId]) {
        let mut parties = self.parties.lock();
        let mut row: Vec<PartyId> = speakers.to_vec();
        row.sort_unstable();
        row.dedup();
        row.retain(|speaker| *speaker != listener && parties.contains_key(speaker));
        let customer = |party: PartyId| {
            let kind = parties.get(&party).map(|hearing| hearing.kind);
            kind == Some(Kind::Trunk)
        };
        let Some(before) = parties.get(&listener) else {
            return;
        };
        let keys_from = match row[..] {
            [speaker] => Some(speaker),
            _ => before
                .keys_from
                .filter(|from| before.kind == Kind::Desk && row.contains(from) && customer(*from)),
        };
        if let Some(hearing) = parties.get_mut(&listener) {
            hearing.hears = Hears::Parties(row);
            hearing.keys_from = keys_from;
        }
        self.apply(&parties, listener);
    }

    pub(super) fn play(&self, party: PartyId, sound: Sound) {
        let mut parties = self.parties.lock();
        if let Some(hearing) = parties.get_mut(&party) {
            hearing.hears = Hears::Sound(sound);
        }
        self.apply(&parties, party);
    }

    pub(super) fn mute(&self, party: PartyId, muted: bool) {
        let mut parties = self.parties.lock();
        match parties.get_mut(&party) {
            Some(hearing) if hearing.muted != muted => hearing.muted = muted,
            _ => return,
        }
        self.apply_to_hearers(&parties, party);
    }

    pub(super) fn beep(&self, party: PartyId) {
        let parties = self.parties.lock();
        if let Some(leg) = parties.get(&party).and_then(|hearing| hearing.leg.as_ref()) {
            leg.interject(self.beep.clone());
        }
    }

    /// The party's leg is there: it hears what was asked for, and so do those who wait to hear it.
    pub(super) fn join(&self, party: PartyId, leg: Leg) {
        let mut parties = self.parties.lock();
        if let Some(hearing) = parties.get_mut(&party) {
            hearing.leg = Some(leg);
        }
        self.apply(&parties, party);
        self.apply_to_hearers(&parties, party);
    }

    /// The party is gone; who heard it hears it no more.
    pub(super) fn forget(&self, party: PartyId) {
        let mut parties = self.parties.lock();
        parties.remove(&party);
        let mut changed = Vec::new();
        for (listener, hearing) in &mut *parties {
            if let Hears::Parties(row) = &mut hearing.hears
                && row.contains(&party)
            {
                row.retain(|speaker| *speaker != party);
                hearing.keys_from = hearing.keys_from.filter(|from| *from != party);
                changed.push(*listener);
            }
        }
        for listener in changed {
            self.apply(&parties, listener);
        }
    }

    fn apply_to_hearers(&self, parties: &BTreeMap<PartyId, Hearing>, speaker: PartyId) {
        for (listener, hearing) in parties {
            if matches!(&hearing.hears, Hears::Parties(row) if row.contains(&speaker)) {
                self.apply(parties, *listener);
            }
        }
    }

    fn apply(&self, parties: &BTreeMap<PartyId, Hearing>, party: PartyId) {
        let Some(Hearing {
            leg: Some(leg),
            hears,
            ..
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
            Hears::Parties(row) => row
                .iter()
                .filter_map(|speaker| parties.get(speaker))
                .filter(|speaker| !speaker.muted)
                .find_map(|speaker| speaker.leg.clone())
                .map_or(Source::Nothing, Source::Leg),
        });
    }
}
