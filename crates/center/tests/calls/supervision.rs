//! What a supervisor sees of whole calls.

use crate::{
    desk::Desk,
    inbound::connect,
    rig::{HOTLINE, Rig},
};
use reqwest::Method;
use seatline_contract::{
    contact::{Contact, ContactState},
    event::{Change, ClientFrame},
    identity::Role,
    supervision::{BoardAgent, BoardCall, BoardChange, BoardQueue, Help, LineQuality, WatchMode},
};
use seatline_media::Codec;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// A board as a desk keeps it.
#[derive(Default)]
struct Board {
    agents: HashMap<String, BoardAgent>,
    calls: Vec<BoardCall>,
    queues: Vec<BoardQueue>,
}

impl Board {
    fn take(&mut self, change: BoardChange) {
        if change.all {
            *self = Self::default();
        }
        self.calls.retain(|call| {
            !change.over.contains(&call.contact)
                && change.calls.iter().all(|new| new.contact != call.contact)
        });
        self.calls.extend(change.calls);
        if !change.queues.is_empty() {
            self.queues = change.queues;
        }
        for row in change.agents {
            self.agents.insert(row.person.login.clone(), row);
        }
    }

    /// Takes changes until the board is as `wanted` says.
    async fn until(&mut self, desk: &mut Desk, what: &str, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            let change = desk
                .change(what, |change| match change {
                    Change::Board { change } => Some(change),
                    _ => None,
                })
                .await;
            self.take(change);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_on_the_board_from_arrival_to_its_end() {
    let rig = Rig::start().await;
    rig.add_person("he", Role::Supervisor).await;
    let mut desk = rig.desk("zhou").await;
    let mut supervisor = rig.desk("he").await;
    supervisor.say(ClientFrame::Watch {
        board: true,
        directory: false,
    });
    let mut board = Board::default();
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    board
        .until(&mut supervisor, "the call waits", |board| {
            board.queues.iter().any(|row| row.queue.waiting == 1)
                && board
                    .calls
                    .iter()
                    .any(|call| call.state == ContactState::Queued)
        })
        .await;
    // Supervisors see numbers in full.
    assert_eq!(board.calls[0].number.display, "138 0013 8000");
    line.call.hangup(None);
    board
        .until(&mut supervisor, "the customer gave up", |board| {
            board.calls.is_empty() && board.queues[0].abandoned == 1
        })
        .await;
    assert_eq!(board.queues[0].service_level, Some(0.0));

    desk.set_ready(&rig).await;
    let (line, _talk, contact) = connect(&rig, &mut desk, Codec::Pcma).await;
    let quality = LineQuality {
        mos: 9.0,
        loss_percent: 1.5,
        round_trip_ms: Some(31),
    };
    desk.say(ClientFrame::Quality { quality });
    board
        .until(&mut supervisor, "they talk", |board| {
            let (zhou, queue) = (&board.agents["zhou"], &board.queues[0]);
            // Counted when it is stored, which calls do not wait for.
            let counted = zhou.handled == 1 && queue.answered == 1;
            zhou.contact == Some(contact.id) && zhou.quality.is_some() && counted
        })
        .await;
    let shown = board.agents["zhou"].quality.unwrap();
    // A score no line can have is cut to the best.
    assert_eq!((shown.mos, shown.loss_percent), (4.5, 1.5));
    assert_eq!(board.calls[0].state, ContactState::Connected);
    assert_eq!(board.calls[0].parties, 2);
    assert_eq!(board.queues[0].service_level, Some(0.5));

    line.call.hangup(None);
    board
        .until(&mut supervisor, "the call is over", |board| {
            board.calls.is_empty() && board.agents["zhou"].quality.is_none()
        })
        .await;
    rig.stop().await;
}

fn help_of(contact: Contact) -> Option<Help> {
    contact.call.and_then(|call| call.help)
}

/// The next change of the agent's contact that says something of help.
async fn own_help(desk: &mut Desk, wanted: impl Fn(&Help) -> bool) -> Help {
    desk.change("help in the contact", |change| match change {
        Change::Contact { contact } => help_of(contact).filter(|help| wanted(help)),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_seen_answered_and_gone_with_the_call() {
    let rig = Rig::start().await;
    rig.add_person("he", Role::Supervisor).await;
    let mut desk = rig.ready("zhou").await;
    let mut supervisor = rig.desk("he").await;
    let (line, _talk, contact) = connect(&rig, &mut desk, Codec::Pcma).await;
    let path = format!("/api/v1/contacts/{}/help", contact.id);
    let agent = Some(&desk.session.token).cloned();
    let boss = Some(&supervisor.session.token).cloned();
    let (agent, boss) = (agent.as_ref(), boss.as_ref());
    let body = json!({ "reason": "upset", "text": "要找经理" });

    // It is the agent's to ask.
    let (status, _) = rig.try_ask(boss, Method::PUT, &path, &body).await;
    assert_eq!(status, 404);
    let _: Value = rig.ask(agent, Method::PUT, &path, &body).await;
    let seen = supervisor.change("a request for help", |change| match change {
        Change::Help { contact } => Some(contact),
        _ => None,
    });
    let seen = seen.await;
    assert_eq!(seen.id, contact.id);
    let help = help_of(seen).unwrap();
    assert_eq!(
        (help.reason.as_str(), help.text.as_str()),
        ("upset", "要找经理")
    );
    assert_eq!(own_help(&mut desk, |_| true).await, help);

    // An agent in a call is not signed out over it.
    let people = format!("/api/v1/people/{}", desk.session.me.id);
    let (status, text) = rig
        .try_ask(
            boss,
            Method::POST,
            &format!("{people}/sign-out"),
            &json!({ "reason": "下班" }),
        )
        .await;
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("\"conflict\""), "{text}");

    let message = json!({ "id": Uuid::new_v4(), "text": "我来", "contact": contact.id });
    let _: Value = rig
        .ask(boss, Method::POST, &format!("{people}/messages"), &message)
        .await;
    let gone = |change| match change {
        Change::HelpGone { contact } => Some(contact),
        _ => None,
    };
    assert_eq!(supervisor.change("the answer", gone).await, contact.id);
    let answered = own_help(&mut desk, |help| help.answered_by.is_some()).await;
    assert_eq!(answered.answered_by.as_deref(), Some("he"));

    // Asked again, it is open again, until the call ends.
    let _: Value = rig.ask(agent, Method::PUT, &path, &body).await;
    own_help(&mut desk, |help| help.answered_by.is_none()).await;
    line.call.hangup(None);
    assert_eq!(supervisor.change("the end", gone).await, contact.id);
    assert_eq!(rig.centre.app.supervision.help_of(contact.id), None);
    let (status, _) = rig.try_ask(agent, Method::PUT, &path, &body).await;
    assert_eq!(status, 404);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_let_into_the_next_call_and_coaching_answers_help() {
    let rig = Rig::start().await;
    rig.add_person("he", Role::Supervisor).await;
    let mut desk = rig.ready("zhou").await;
    let mut supervisor = rig.desk("he").await;
    let agent = desk.session.token.clone();
    let boss = supervisor.session.token.clone();
    let path = format!("/api/v1/people/{}/follow", desk.session.me.id);
    let body = json!({ "follow": true, "mode": "monitor" });
    let _: Value = rig.ask(Some(&boss), Method::PUT, &path, &body).await;
    let (_line, _talk, contact) = connect(&rig, &mut desk, Codec::Pcma).await;
    let watching = supervisor.change("the call of the agent they follow", |change| match change {
        Change::Watching { watching } => watching,
        _ => None,
    });
    let watching = watching.await;
    assert_eq!(watching.contact.id, contact.id);
    assert_eq!(watching.mode, WatchMode::Monitor);

    let path = format!("/api/v1/contacts/{}", contact.id);
    let body = json!({ "reason": "knowledge" });
    let help = format!("{path}/help");
    let _: Value = rig.ask(Some(&agent), Method::PUT, &help, &body).await;
    own_help(&mut desk, |_| true).await;
    let watch = format!("{path}/watch");
    // Only to listen is no answer.
    for mode in ["monitor", "coach"] {
        let open = rig.centre.app.supervision.help_of(contact.id).unwrap();
        assert_eq!(open.answered_by, None, "before {mode}");
        let body = json!({ "mode": mode });
        let _: Value = rig.ask(Some(&boss), Method::PUT, &watch, &body).await;
    }
    let answered = own_help(&mut desk, |help| help.answered_by.is_some()).await;
    assert_eq!(answered.answered_by.as_deref(), Some("he"));
    rig.stop().await;
}
