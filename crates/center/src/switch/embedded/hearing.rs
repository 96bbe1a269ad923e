//! What each party hears.

#[cfg(test)]
mod tests;

use super::super::{PartyId, Sound};
use parking_lot::Mutex;
use seatline_media::{
    Clip, Leg, Source, Tap, Tone,
    mix::{Room, Row},
};
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
    /// Where it hears several at once.
    room: Option<Arc<Room>>,
    /// Whom its leg hears directly.
    directly: Option<PartyId>,
}

type Parties = BTreeMap<PartyId, Hearing>;

/// What each party hears, known before its leg is.
///
/// Who hears one party hears it directly, packet by packet; who hears several hears a room's mix.
/// Calls have a room of their own: one is opened when the first of a call's parties is to hear
/// several, and ends when the last of them no longer does.
pub(in crate::switch) struct Hearings {
    greeting: Arc<Clip>,
    announcement: Arc<Clip>,
    music: Arc<Clip>,
    beep: Arc<Clip>,
    parties: Mutex<Parties>,
}

impl Hearings {
    pub(super) fn new(greeting: Arc<Clip>, announcement: Arc<Clip>, music: Arc<Clip>) -> Self {
        Self {
            greeting,
            announcement,
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
            room: None,
            directly: None,
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
        self.apply(&mut parties, listener);
    }

    pub(super) fn play(&self, party: PartyId, sound: Sound) {
        let mut parties = self.parties.lock();
        if let Some(hearing) = parties.get_mut(&party) {
            hearing.hears = Hears::Sound(sound);
        }
        self.apply(&mut parties, party);
    }

    pub(super) fn mute(&self, party: PartyId, muted: bool) {
        let mut parties = self.parties.lock();
        match parties.get_mut(&party) {
            Some(hearing) if hearing.muted != muted => hearing.muted = muted,
            _ => return,
        }
        self.apply_to_hearers(&mut parties, party);
    }

    pub(super) fn beep(&self, party: PartyId) {
        let parties = self.parties.lock();
        if let Some(leg) = parties.get(&party).and_then(|hearing| hearing.leg.as_ref()) {
            leg.interject(self.beep.clone());
        }
    }

    /// Listens in on a party that has a leg.
    pub(super) fn tap(&self, party: PartyId) -> Option<Tap> {
        let parties = self.parties.lock();
        parties.get(&party)?.leg.as_ref().map(Leg::tap)
    }

    /// The party's leg is there: it hears what was asked for, and so do those who wait to hear it.
    pub(super) fn join(&self, party: PartyId, leg: Leg) {
        let mut parties = self.parties.lock();
        if let Some(hearing) = parties.get_mut(&party) {
            hearing.leg = Some(leg);
        }
        // Who heard an earlier leg of it hears this one.
        for hearing in parties.values_mut() {
            hearing.directly = hearing.directly.filter(|speaker| *speaker != party);
        }
        self.apply(&mut parties, party);
        self.apply_to_hearers(&mut parties, party);
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
            self.apply(&mut parties, listener);
        }
    }

    fn apply_to_hearers(&self, parties: &mut Parties, speaker: PartyId) {
        let hearers: Vec<PartyId> = parties
            .iter()
            .filter(|(_, hearing)| hearing.row().contains(&speaker))
            .map(|(listener, _)| *listener)
            .collect();
        for listener in hearers {
            self.apply(parties, listener);
        }
    }

    /// Makes the party's leg hear what it shall.
    fn apply(&self, parties: &mut Parties, party: PartyId) {
        let Some(hearing) = parties.get(&party) else {
            return;
        };
        let Some(leg) = hearing.leg.clone() else {
            return;
        };
        let (source, room, directly) = match &hearing.hears {
            Hears::Parties(row) if row.len() > 1 => {
                let room = hearing
                    .room
                    .clone()
                    .or_else(|| room_of(parties, party))
                    .unwrap_or_else(|| Arc::new(Room::open()));
                room.hear(&leg, self.mixed(parties, hearing, row));
                (None, Some(room), None)
            }
            Hears::Parties(row) => {
                let speaker = row.first().copied();
                let heard = speaker.and_then(|speaker| audible(parties, speaker));
                let directly = speaker.filter(|_| heard.is_some());
                if directly.is_some() && directly == hearing.directly {
                    return;
                }
                let source = heard.map_or(Source::Nothing, Source::Leg);
                (Some(source), None, directly)
            }
            Hears::Sound(sound) => (Some(self.source(*sound)), None, None),
        };
        if let Some(source) = source {
            match &hearing.room {
                Some(room) => room.release(&leg, source),
                None => leg.hear(source),
            }
        }
        if let Some(hearing) = parties.get_mut(&party) {
            hearing.room = room;
            hearing.directly = directly;
        }
    }

    fn mixed(&self, parties: &Parties, hearing: &Hearing, row: &[PartyId]) -> Row {
        let speakers = row.iter().filter_map(|speaker| audible(parties, *speaker));
        let among = |party: Option<PartyId>| {
            let party = party.filter(|party| row.contains(party));
            party.and_then(|party| audible(parties, party))
        };
        Row {
            speakers: speakers.collect(),
            carried: among(hearing.directly),
            keys_from: among(hearing.keys_from),
        }
    }

    fn source(&self, sound: Sound) -> Source {
        let clip = |clip: &Arc<Clip>, repeat| Source::Clip {
            clip: clip.clone(),
            repeat,
        };
        match sound {
            Sound::Silence => Source::Nothing,
            Sound::Greeting => clip(&self.greeting, false),
            Sound::Announcement => clip(&self.announcement, false),
            Sound::Music => clip(&self.music, true),
            Sound::Ringback => Source::Tone(Tone::RINGBACK),
            Sound::Busy => Source::Tone(Tone::BUSY),
        }
    }
}

/// The leg of a party that can be heard.
fn audible(parties: &Parties, party: PartyId) -> Option<Leg> {
    let hearing = parties.get(&party).filter(|hearing| !hearing.muted)?;
    hearing.leg.clone()
}

/// The room in which others of the listener's call are: those who hear it, whom it hears, or who
/// hear the same.
fn room_of(parties: &Parties, listener: PartyId) -> Option<Arc<Room>> {
    let row = parties.get(&listener)?.row();
    let near = |(party, hearing): &(&PartyId, &Hearing)| {
        let others = hearing.row();
        row.contains(party) || others.contains(&listener) || others.iter().any(|o| row.contains(o))
    };
    parties
        .iter()
        .filter(near)
        .find_map(|(_, hearing)| hearing.room.clone())
}

impl Hearing {
    /// Whom it shall hear.
    fn row(&self) -> &[PartyId] {
        match &self.hears {
            Hears::Sound(_) => &[],
            Hears::Parties(row) => row,
        }
    }
}
