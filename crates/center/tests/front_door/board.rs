//! The live board and the colleagues' presence, for those who watch.

use super::{
    events::{Socket, change, connect, hello, next, say},
    support::{Centre, Desk, config},
};
use reqwest::Method;
use sea_orm::ConnectionTrait;
use seatline_contract::{
    event::{Change, ClientFrame, ServerFrame},
    identity::Role,
    presence::{Presence, PresenceChoice, PresenceState, SetPresence},
    queue::{NewQueue, Queue},
    supervision::BoardChange,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

pub(crate) fn both() -> ClientFrame {
    ClientFrame::Watch {
        board: true,
        directory: true,
    }
}

pub(crate) fn board_only() -> ClientFrame {
    ClientFrame::Watch {
        board: true,
        directory: false,
    }
}

pub(crate) async fn board(socket: &mut Socket) -> BoardChange {
    change(socket, |change| match change {
        Change::Board { change } => Some(change),
        _ => None,
    })
    .await
}

async fn choose(desk: &Desk<'_>, reason: &str) {
    let choice = PresenceChoice::NotReady {
        reason: reason.into(),
    };
    let body = SetPresence { choice };
    let _: PresenceState = desk.write(Method::PUT, "/api/v1/presence", &body).await;
}

fn not_ready(reason: &str) -> Presence {
    Presence::NotReady {
        reason: reason.into(),
    }
}

#[tokio::test]
async fn a_board_is_told_whole_at_first_and_then_what_changed() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    let zhou = admin.add_person("zhou", Role::Agent).await;
    admin.add_person("liu", Role::Agent).await;
    admin.add_person("he", Role::Supervisor).await;
    let queue = NewQueue {
        name: "售后热线".into(),
        numbers: vec!["4001".into()],
        agents: vec!["zhou".into()],
        ring_s: 20,
        wrap_up_s: 30,
        disposition_required: false,
        auto_answer: false,
        within_s: 30,
    };
    let _: Queue = admin.write(Method::POST, "/api/v1/queues", &queue).await;
    let agent = centre.sign_in("zhou").await;
    let mut there = connect(&centre).await;
    hello(&mut there, &agent.session.token).await;
    let supervisor = centre.sign_in("he").await;
    let mut watching = connect(&centre).await;
    hello(&mut watching, &supervisor.session.token).await;

    say(&mut watching, &board_only()).await;
    let first = board(&mut watching).await;
    assert!(first.all);
    let names: Vec<_> = first
        .agents
        .iter()
        .map(|row| (row.person.login.as_str(), row.mine))
        .collect();
    assert_eq!(names, [("liu", true), ("zhou", true)]);
    assert_eq!(first.agents[0].presence.presence, Presence::Offline);
    assert_eq!(first.agents[1].presence.presence, not_ready("signed_in"));
    assert_eq!(first.queues.len(), 1);
    assert_eq!(first.queues[0].signed_in, 1);
    assert_eq!(first.queues[0].service_level, None);
    assert_eq!(first.queues[0].within_s, 30);

    choose(&agent, "meeting").await;
    let changed = Instant::now();
    let second = board(&mut watching).await;
    println!("a change was on the board after {:?}", changed.elapsed());
    assert!(!second.all && second.queues.is_empty() && second.calls.is_empty());
    assert_eq!(second.agents.len(), 1);
    assert_eq!(second.agents[0].person.id, zhou.id);
    assert_eq!(second.agents[0].presence.presence, not_ready("meeting"));

    // Somebody new is on it without a word.
    admin.add_person("sun", Role::Agent).await;
    let third = board(&mut watching).await;
    assert_eq!(third.agents.len(), 1);
    assert_eq!(third.agents[0].person.login, "sun");
    // Who is disabled is not on it any more.
    let path = format!("/api/v1/people/{}/disabled", third.agents[0].person.id);
    admin.send(Method::PUT, &path, &()).await;
    let fourth = board(&mut watching).await;
    assert!(fourth.all);
    assert_eq!(fourth.agents.len(), 2);

    // After a gap all is told again.
    say(&mut watching, &ClientFrame::Resync).await;
    assert!(board(&mut watching).await.all);

    // A new socket begins with nothing, and an agent is told of no board.
    drop(watching);
    let mut watching = connect(&centre).await;
    hello(&mut watching, &supervisor.session.token).await;
    say(&mut there, &both()).await;
    choose(&agent, "training").await;
    let heard = change(&mut there, |change| match change {
        Change::Board { .. } => panic!("an agent sees the board"),
        Change::Colleague { colleague } => {
            let training = colleague.presence == not_ready("training");
            training.then_some(colleague.person.id)
        }
        _ => None,
    });
    assert_eq!(heard.await, zhou.id);
    say(&mut watching, &ClientFrame::Beat).await;
    loop {
        match next(&mut watching).await {
            ServerFrame::Beat { .. } => break,
            ServerFrame::Delta { change, .. } => {
                assert!(!matches!(
                    *change,
                    Change::Board { .. } | Change::Colleague { .. }
                ));
            }
            other => panic!("{other:?}"),
        }
    }
    centre.stop().await;
}

#[tokio::test]
async fn two_hundred_agents_are_told_in_one_frame_and_each_change_in_a_small_one() {
    const AGENTS: u128 = 200;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let settings = config(folder.path());
    let centre = Centre::start_in(folder.clone(), settings.clone()).await;
    let _ = centre.administrator().await;
    let db = centre.running.app.store.db();
    for n in 1..=AGENTS {
        let id = Uuid::from_u128(n).simple().to_string();
        let sql = format!(
            "INSERT INTO people (id, login, name, role, password, disabled, created) \
             VALUES (x'{id}', 'agent{n}', '坐席 {n}', 'agent', '', 0, 0)"
        );
        db.execute_unprepared(&sql).await.unwrap();
    }
    centre.stop().await;

    let centre = Centre::start_in(folder, settings).await;
    let admin = centre.try_sign_in("admin", super::support::PASSWORD, true);
    let admin: seatline_contract::identity::Session = admin.await.json().await.unwrap();
    let mut watching = connect(&centre).await;
    hello(&mut watching, &admin.token).await;
    say(&mut watching, &board_only()).await;
    let first = board(&mut watching).await;
    assert!(first.all);
    assert_eq!(first.agents.len(), 200);

    let calls = &centre.running.app.calls;
    let begun = Instant::now();
    for n in 1..=AGENTS {
        calls.desk_online(Uuid::from_u128(n).into());
    }
    let mut seen = std::collections::HashSet::new();
    let mut frames = 0;
    while seen.len() < 200 {
        let change = board(&mut watching).await;
        assert!(!change.all);
        seen.extend(change.agents.into_iter().map(|row| row.person.id));
        frames += 1;
    }
    println!(
        "200 sign-ins in {frames} frames after {:?}",
        begun.elapsed()
    );
    assert!(frames < 20, "{frames}");

    calls.desk_lost(Uuid::from_u128(17).into());
    let change = board(&mut watching).await;
    assert_eq!(change.agents.len(), 1);
    assert_eq!(change.agents[0].presence.presence, Presence::Offline);

    // When nothing changes, nothing is said.
    let quiet = tokio::time::timeout(Duration::from_millis(1_200), board(&mut watching)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    centre.stop().await;
}
