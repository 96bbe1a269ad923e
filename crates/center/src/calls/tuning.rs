//! Carrying a room's state to the switch, the distributor and the desks.

use super::{
    Inner,
    room::Hears,
    state::{Live, State},
};
use crate::{
    acd::{Input, Stage},
    switch::PartyId as Line,
};
use seatline_contract::{id::ContactId, party::PartyState};
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
            Some(held) => self.try_apply(state, Input::Hold { contact, held }),
            None => self.tell(state, contact),
        }
    }

    /// Lets each line hear what it shall, by telling the switch of the differences.
    pub(super) fn tune(&self, live: &mut Live) {
        let wanted: HashMap<Line, Hears> = live.room.hearing().into_iter().collect();
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
}
