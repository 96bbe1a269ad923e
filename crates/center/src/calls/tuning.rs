//! Carrying a room's state to the switch, the distributor and the desks.

use super::{
    Inner,
    room::{Hears, Member},
    state::{Live, State},
};
use crate::{
    acd::{Input, Stage},
    switch::{PartyId as Line, Sound},
};
use seatline_contract::{
    id::ContactId,
    party::{PartyRole, PartyState, RecordingState},
    recording::Side,
    supervision::WatchMode,
};
use std::{collections::HashMap, sync::Arc};

impl Inner {
    /// Who is in a call, or how, has changed: everybody hears what they shall, and sees it.
    pub(super) fn settle(self: &Arc<Self>, state: &mut State, contact: ContactId) {
        let Some(live) = state.live.get_mut(&contact) else {
            return;
        };
        self.tune(live);
        let held = live
            .room
            .customer()
            .map(|customer| customer.state == PartyState::Held);
        let stage = state.acd.contact(contact).map(|entry| &entry.stage);
        let moved = match (stage, held) {
            (Some(Stage::Connected { .. }), Some(true)) => Some(true),
            (Some(Stage::Held { .. }), Some(false)) => Some(false),
            _ => None,
        };
        match moved {
            // Everybody is told with the new state.
            Some(held) => {
                self.surroundings.recorder().held(contact, held);
                self.try_apply(state, Input::Hold { contact, held });
            }
            None => self.tell(state, contact),
        }
    }

    /// Lets each line hear what it shall, by telling the switch of the differences.
    pub(super) fn tune(&self, live: &mut Live) {
        let paused = self.surroundings.recorder().is_paused(live.record.id);
        live.room.keep_confidential(paused);
        let mut wanted: HashMap<Line, Hears> = live.room.hearing().into_iter().collect();
        self.tell_recorder(live, &mut wanted);
        for (line, hears) in &wanted {
            if live.heard.get(line) == Some(hears) {
                continue;
            }
            match hears {
                Hears::Sound(sound) => self.switch.play(*line, *sound),
                Hears::Lines(lines) => self.switch.hear(*line, lines),
            }
        }
        live.heard = wanted;
    }

    /// Tells the recorder who is in the conversation. A customer who must first be told that it is
    /// recorded hears that, and nobody is connected with them until then.
    fn tell_recorder(&self, live: &Live, wanted: &mut HashMap<Line, Hears>) {
        let recorder = self.surroundings.recorder();
        let contact = live.record.id;
        let answered = |member: &&Member| member.has_answered();
        let customer = live.room.customer().filter(answered);
        if let Some(line) = customer.and_then(|customer| customer.line)
            && recorder.must_announce(contact)
        {
            if wanted.get(&line) == Some(&Hears::Sound(Sound::Greeting)) {
                return;
            }
            wanted.insert(line, Hears::Sound(Sound::Announcement));
            for hears in wanted.values_mut() {
                if let Hears::Lines(lines) = hears {
                    lines.retain(|heard| *heard != line);
                }
            }
            if recorder.state(contact) != RecordingState::Announcing {
                recorder.announcement_began(contact);
            }
        }
        let members = live.room.members().iter().filter(answered);
        let members = members.filter_map(|member| {
            let side = match member.role {
                PartyRole::Customer => Side::Customer,
                PartyRole::Agent | PartyRole::Colleague | PartyRole::Outside => Side::Agent,
            };
            let agent = member.agent.filter(|_| member.role == PartyRole::Agent);
            Some((member.line?, side, agent))
        });
        // Who only listens, or speaks to the agent alone, is not in the conversation.
        let barging = |seat: &&super::room::Seat| seat.connected && seat.mode == WatchMode::Barge;
        let seats = live.room.seats().iter().filter(barging);
        let seats = seats.filter_map(|seat| Some((seat.line?, Side::Agent, None)));
        let present: Vec<_> = members.chain(seats).collect();
        recorder.present(contact, &present);
        let talks = |member: Option<&Member>| {
            member.is_some_and(|member| member.state == PartyState::Connected)
        };
        if talks(live.room.customer()) && talks(live.room.agent()) {
            recorder.connected(contact);
        }
    }
}
