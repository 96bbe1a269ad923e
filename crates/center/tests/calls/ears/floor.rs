//! A call with real legs: the customer and somebody outside on the trunk with plain RTP, agents
//! and supervisors with WebRTC. Everybody speaks all the time.

use super::{
    model::{Model, Step, Who},
    voice::Head,
};
use crate::{
    desk::{Desk, Talk},
    inbound::connect,
    rig::{Rig, within},
    telephone::Line,
};
use reqwest::Method;
use seatline_contract::{
    contact::WrapUp,
    event::Change,
    id::{ContactId, PartyId},
    identity::Role,
    party::{EditParty, Party, PartyRole, Reach, Target},
    secret::PhoneNumber,
    supervision::Watch,
};
use seatline_media::{Codec, Direction};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

const OUTSIDE: &str = "13900139000";

/// Somebody's end of the call.
enum End {
    Trunk(Line),
    Desk(Talk),
}

pub(super) struct Floor {
    pub(super) rig: Rig,
    desks: BTreeMap<Who, Desk>,
    ends: BTreeMap<Who, (End, Head)>,
    parties: BTreeMap<Who, PartyId>,
    /// All that were ever consulted.
    known: Vec<PartyId>,
    pub(super) contact: ContactId,
}

impl Floor {
    /// A customer talks to Zhou.
    pub(super) async fn open() -> Self {
        let rig = Rig::start().await;
        for who in [Who::He, Who::Ho] {
            rig.add_person(who.login(), Role::Supervisor).await;
        }
        let mut desks = BTreeMap::new();
        for who in [Who::Liu, Who::He, Who::Ho] {
            desks.insert(who, rig.desk(who.login()).await);
        }
        let mut zhou = rig.ready(Who::Zhou.login()).await;
        let (line, talk, contact) = connect(&rig, &mut zhou, Codec::Pcma).await;
        desks.insert(Who::Zhou, zhou);
        let parties = contact.call.unwrap().parties;
        let customer = parties
            .iter()
            .find(|party| party.role == PartyRole::Customer);
        let mut floor = Self {
            rig,
            desks,
            ends: BTreeMap::new(),
            parties: [(Who::Customer, customer.unwrap().id)].into(),
            known: Vec::new(),
            contact: contact.id,
        };
        floor.seat(Who::Customer, End::Trunk(line));
        floor.seat(Who::Zhou, End::Desk(talk));
        floor
    }

    pub(super) fn head(&self, who: Who) -> &Head {
        &self.ends[&who].1
    }

    fn seat(&mut self, who: Who, end: End) {
        let leg = match &end {
            End::Trunk(line) => &line.leg,
            End::Desk(talk) => &talk.leg,
        };
        let head = Head::new(who as usize, leg.attach().unwrap());
        self.ends.insert(who, (end, head));
    }

    fn desk(&mut self, who: Who) -> &mut Desk {
        self.desks.get_mut(&who).unwrap()
    }

    fn talk(&self, who: Who) -> &Talk {
        match &self.ends[&who].0 {
            End::Desk(talk) => talk,
            End::Trunk(_) => panic!("{who:?} has no desk"),
        }
    }

    /// Lets it happen.
    pub(super) async fn take(&mut self, step: Step, before: &Model, after: &Model) {
        let agent = before.agent;
        match step {
            Step::Watch(who, mode) => {
                self.ask(who, Method::PUT, "watch", &Watch { mode }).await;
                self.enter_if_rung(who).await;
            }
            Step::Leave(who) => self.ask(who, Method::DELETE, "watch", &()).await,
            Step::TakeOver(who) => {
                self.ask(who, Method::POST, "take-over", &()).await;
                self.enter_if_rung(who).await;
            }
            Step::DropOff(who) | Step::HangUp(who) => self.hang_up(who),
            Step::Vanish(who) => {
                self.talk(who).leg.close().await;
                self.ends.remove(&who);
                let desk = self.rig.desk(who.login()).await;
                self.desks.insert(who, desk);
            }
            Step::AgentGone => self.hang_up(agent),
            Step::Reconnect(who) => self.reconnect(who).await,
            Step::Away(true) => {
                let leg = &self.talk(agent).leg;
                let offer = leg.create_offer_with(Direction::SendOnly).await.unwrap();
                self.talk(agent).reoffer(offer).await;
            }
            Step::Away(false) => {
                let offer = self.talk(agent).leg.create_offer().await.unwrap();
                self.talk(agent).reoffer(offer).await;
            }
            Step::Hold(who, held) => {
                let held = Some(held);
                self.edit(agent, who, EditParty { held, muted: None }).await;
            }
            Step::Mute(who, muted) => {
                let muted = Some(muted);
                self.edit(agent, who, EditParty { held: None, muted }).await;
            }
            Step::Consult(who) => {
                self.reach(agent, "consult", who).await;
                self.note_party(agent, who).await;
            }
            Step::Transfer(who) => self.reach(agent, "transfer", who).await,
            Step::Swap => self.ask(agent, Method::POST, "swap", &()).await,
            Step::Merge => self.ask(agent, Method::POST, "merge", &()).await,
            Step::Drop(who) => {
                let path = format!("parties/{}", self.parties[&who]);
                self.ask(agent, Method::DELETE, &path, &()).await;
            }
            Step::Complete => {
                let path = "transfer/complete";
                self.ask(agent, Method::POST, path, &json!({})).await;
            }
        }
        for who in before.present() {
            if !after.present().contains(&who)
                && let Some((mut end, _)) = self.ends.remove(&who)
            {
                match &mut end {
                    End::Trunk(line) => line.ended().await,
                    End::Desk(talk) => talk.ended().await,
                };
            }
        }
    }

    /// The agent hangs up, and nobody can go on: everybody is sent home.
    pub(super) async fn end_with_agent(&mut self, model: &Model) {
        self.hang_up(model.agent);
        for (mut end, _) in std::mem::take(&mut self.ends).into_values() {
            match &mut end {
                End::Trunk(line) => line.ended().await,
                End::Desk(talk) => talk.ended().await,
            };
        }
    }

    /// Those who are out of the call finish their notes and are free again.
    pub(super) async fn write_up(&mut self, model: &mut Model) {
        for who in std::mem::take(&mut model.writing) {
            let notes = WrapUp {
                disposition: Some("resolved".into()),
                note: String::new(),
                done: true,
            };
            let path = format!("/api/v1/contacts/{}/wrap-up", self.contact);
            let token = Some(&self.desks[&who].session.token);
            let _: serde_json::Value = self.rig.ask(token, Method::PUT, &path, &notes).await;
        }
    }

    async fn ask(&self, who: Who, method: Method, what: &str, body: &impl Serialize) {
        let path = format!("/api/v1/contacts/{}/{what}", self.contact);
        let token = Some(&self.desks[&who].session.token);
        let _: serde_json::Value = self.rig.ask(token, method, &path, body).await;
    }

    async fn edit(&self, agent: Who, who: Who, edit: EditParty) {
        let path = format!("parties/{}", self.parties[&who]);
        self.ask(agent, Method::PATCH, &path, &edit).await;
    }

    /// Whom the agent has consulted is known to the agent's desk from now on.
    async fn note_party(&mut self, agent: Who, who: Who) {
        let known = self.known.clone();
        let party = self
            .desk(agent)
            .change("a new party", |change| match change {
                Change::Contact { contact } => {
                    let parties = contact.call?.parties;
                    let new = |party: &&Party| {
                        let guest = matches!(party.role, PartyRole::Colleague | PartyRole::Outside);
                        guest && !known.contains(&party.id)
                    };
                    parties.iter().find(new).map(|party| party.id)
                }
                _ => None,
            });
        let party = party.await;
        self.known.push(party);
        self.parties.insert(who, party);
    }

    async fn reach(&mut self, agent: Who, how: &str, who: Who) {
        let target = match who {
            Who::Outside => Target::Number {
                number: PhoneNumber::new(OUTSIDE),
            },
            _ => Target::Agent {
                agent: self.desks[&who].session.me.id,
            },
        };
        let reach = Reach {
            target,
            note: String::new(),
            ticket: None,
        };
        self.ask(agent, Method::POST, how, &reach).await;
        let end = match who {
            Who::Outside => {
                let telephone = &self.rig.telephone;
                End::Trunk(telephone.answer(telephone.rung().await, Codec::Opus).await)
            }
            _ => self.answer(who).await,
        };
        self.seat(who, end);
    }

    async fn answer(&mut self, who: Who) -> End {
        let desk = self.desk(who);
        let rung = desk.rung().await;
        End::Desk(desk.answer(rung).await)
    }

    /// A supervisor who was not in the call is rung.
    async fn enter_if_rung(&mut self, who: Who) {
        if !self.ends.contains_key(&who) {
            let end = self.answer(who).await;
            self.seat(who, end);
        }
    }

    fn hang_up(&self, who: Who) {
        match &self.ends[&who].0 {
            End::Trunk(line) => line.call.hangup(None),
            End::Desk(talk) => talk.call.hangup(None),
        }
    }

    async fn reconnect(&mut self, who: Who) {
        self.desk(who).reconnect().await;
        let talk = self.talk(who);
        let offer = talk.leg.restart_ice().await.unwrap();
        within("a new path", talk.reoffer(offer)).await;
    }
}
