//! A recorded call that passes through several hands: what is kept, what nobody monitors, and who may
//! hear it afterwards.

use crate::{
    desk::{Desk, Talk},
    inbound::{assert_talking, connect},
    recording::{hang_up, kept, listen, set_policy, share_of, steer},
    rig::Rig,
};
use reqwest::Method;
use seatline_contract::{
    contact::{Contact, ContactState, WrapUp},
    event::{Change, ClientFrame},
    id::{AgentId, TeamId, TicketId},
    identity::Role,
    party::{Reach, RecordingState, Target},
    recording::{Listen, Mark, Recording, RecordingMode, RecordingPage, RecordingPolicy},
    score::Calibration,
    secret::Secret,
    supervision::{BoardCall, SetTeam, Watch, WatchMode},
    ticket::{NewTicket, Priority},
};
use seatline_media::{
    Codec, SAMPLE_RATE,
    sim::{Headset, level_at},
};
use serde_json::Value;
use std::time::{Duration, Instant};
use uuid::Uuid;

const AGENT_TONE: f32 = 700.0;
const CUSTOMER_TONE: f32 = 1_100.0;
const SUPERVISOR_TONE: f32 = 1_700.0;
const SECOND_TONE: f32 = 2_600.0;

async fn lead(rig: &Rig, admin: &Secret, name: &str, agents: &[AgentId], leader: AgentId) {
    let path = format!("/api/v1/teams/{}", TeamId(Uuid::new_v4()));
    let team = SetTeam {
        name: name.into(),
        agents: agents.to_vec(),
        supervisors: vec![leader],
    };
    let _: Value = rig.ask(Some(admin), Method::PUT, &path, &team).await;
}

async fn watch(rig: &Rig, supervisor: &Desk, contact: &Contact, mode: WatchMode) {
    let path = format!("/api/v1/contacts/{}/watch", contact.id);
    let token = Some(&supervisor.session.token);
    let _: Value = rig.ask(token, Method::PUT, &path, &Watch { mode }).await;
}

/// Agent and customer speak while the supervisor listens, until the supervisor hears as `wanted`
/// says of the shares in which the customer and the agent are heard.
async fn overhear(
    ears: &mut Headset,
    agent: &mut Headset,
    customer: &mut Headset,
    wanted: impl Fn(f32, f32) -> bool,
) {
    let spell = Duration::from_millis(600);
    let begun = Instant::now();
    loop {
        let (heard, _, _) = tokio::join!(
            ears.use_for(spell, 0.0),
            agent.use_for(spell, AGENT_TONE),
            customer.use_for(spell, CUSTOMER_TONE)
        );
        let share = |tone| {
            let windows = heard.chunks_exact(SAMPLE_RATE as usize / 10);
            let count = windows.len().max(1) as f32;
            windows
                .filter(|window| level_at(window, tone, SAMPLE_RATE) > 0.1)
                .count() as f32
                / count
        };
        let (of_customer, of_agent) = (share(CUSTOMER_TONE), share(AGENT_TONE));
        println!("the supervisor hears customer {of_customer:.2}, agent {of_agent:.2}");
        if wanted(of_customer, of_agent) {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it does not come to that"
        );
    }
}

/// How a call's recording stands on the board.
async fn on_board(supervisor: &mut Desk, wanted: impl Fn(RecordingState) -> bool) {
    let is_so = |call: &BoardCall| wanted(call.recording);
    supervisor
        .change("the recording on the board", |change| match change {
            Change::Board { change } => change.calls.iter().any(is_so).then_some(()),
            _ => None,
        })
        .await;
}

/// How many recordings somebody finds, and what answers they get about one.
async fn tries(
    rig: &Rig,
    token: &Secret,
    id: seatline_contract::id::RecordingId,
) -> (usize, [u16; 4]) {
    let list = "/api/v1/recordings";
    let page: RecordingPage = rig.ask(Some(token), Method::GET, list, &()).await;
    let path = format!("{list}/{id}");
    let read = rig.try_ask(Some(token), Method::GET, &path, &()).await.0;
    let hear = format!("{path}/listen");
    let piece = Listen::default();
    let hear = rig
        .try_ask(Some(token), Method::POST, &hear, &piece)
        .await
        .0;
    let cards = format!("{path}/scorecards");
    let cards = rig.try_ask(Some(token), Method::GET, &cards, &()).await.0;
    let other = format!("{path}/verification");
    let verify = rig.try_ask(Some(token), Method::GET, &other, &()).await.0;
    (page.recordings.len(), [read, hear, cards, verify])
}

async fn hand_to(rig: &Rig, from: &Desk, to: &mut Desk, contact: &Contact) -> Talk {
    let path = format!("/api/v1/contacts/{}/transfer", contact.id);
    let reach = Reach {
        target: Target::Agent {
            agent: to.session.me.id,
        },
        note: String::new(),
        ticket: None,
    };
    let token = Some(&from.session.token);
    let _: Value = rig.ask(token, Method::POST, &path, &reach).await;
    let rung = to.rung().await;
    let talk = to.answer(rung).await;
    to.contact_in(ContactState::Connected).await;
    talk
}

async fn write_up(rig: &Rig, desk: &Desk, contact: &Contact) -> TicketId {
    let token = Some(&desk.session.token);
    let path = format!("/api/v1/contacts/{}/wrap-up", contact.id);
    for note in ["客户", "客户要发票"] {
        let notes = WrapUp {
            disposition: None,
            note: note.into(),
            done: false,
        };
        let _: Value = rig.ask(token, Method::PUT, &path, &notes).await;
    }
    let ticket = NewTicket {
        id: TicketId(Uuid::new_v4()),
        subject: "发票".into(),
        ticket_type: "question".into(),
        priority: Priority::Normal,
        description: String::new(),
        contact: Some(contact.id),
        customer: None,
        assignee: None,
    };
    let _: Value = rig
        .ask(token, Method::POST, "/api/v1/tickets", &ticket)
        .await;
    ticket.id
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_spoke_are_kept_and_only_their_supervisors_hear_it() {
    let rig = Rig::start().await;
    let leader = rig.add_person("he", Role::Supervisor).await;
    let other = rig.add_person("ma", Role::Supervisor).await;
    let third = rig.add_person("sun", Role::Supervisor).await;
    rig.add_person("wang", Role::Agent).await;
    let admin = set_policy(&rig, RecordingMode::All, false).await;
    let mut desk = rig.ready("zhou").await;
    let mut second = rig.ready("liu").await;
    lead(&rig, &admin, "一组", &[desk.session.me.id], leader.id).await;
    lead(&rig, &admin, "二组", &[second.session.me.id], other.id).await;
    let mut supervisor = rig.desk("he").await;
    supervisor.say(ClientFrame::Watch {
        board: true,
        directory: false,
    });
    let (mut line, mut talk, contact) = connect(&rig, &mut desk, Codec::Pcma).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    assert_talking(&mut agent, &mut customer).await;
    on_board(&mut supervisor, |state| {
        state == RecordingState::On { by_hand: false }
    })
    .await;

    // What is paused is not monitored, whatever the mode.
    watch(&rig, &supervisor, &contact, WatchMode::Monitor).await;
    let rung = supervisor.rung().await;
    let seat = supervisor.answer(rung).await;
    let mut ears = seat.headset();
    let both = |customer: f32, agent: f32| customer > 0.6 && agent > 0.6;
    let nobody = |customer: f32, agent: f32| customer == 0.0 && agent == 0.0;
    overhear(&mut ears, &mut agent, &mut customer, both).await;
    for mode in [WatchMode::Coach, WatchMode::Barge] {
        assert_eq!(steer(&rig, &desk, &contact, "pause").await.0, 200);
        overhear(&mut ears, &mut agent, &mut customer, nobody).await;
        watch(&rig, &supervisor, &contact, mode).await;
        overhear(&mut ears, &mut agent, &mut customer, nobody).await;
        line.leg.send_digits("7").unwrap();
        assert_eq!(steer(&rig, &desk, &contact, "resume").await.0, 200);
        overhear(&mut ears, &mut agent, &mut customer, both).await;
    }
    on_board(&mut supervisor, |state| {
        matches!(state, RecordingState::Paused { .. })
    })
    .await;
    ears.use_for(Duration::from_secs(2), SUPERVISOR_TONE).await;
    let ticket = write_up(&rig, &desk, &contact).await;

    let mut second_talk = hand_to(&rig, &desk, &mut second, &contact).await;
    talk.ended().await;
    let mut second_agent = second_talk.headset();
    let spell = Duration::from_secs(3);
    tokio::join!(
        second_agent.use_for(spell, SECOND_TONE),
        customer.use_for(spell, CUSTOMER_TONE)
    );
    hang_up(&mut line, &mut second_talk, &mut second).await;

    let recording = kept(&rig, &admin).await;
    let [left, right] = listen(&rig, &admin, recording.id).await;
    assert!(share_of(&left, CUSTOMER_TONE) > 0.2);
    for tone in [AGENT_TONE, SUPERVISOR_TONE, SECOND_TONE] {
        let share = share_of(&right, tone);
        println!("{tone} Hz is kept in {share:.2} of the call");
        assert!(share > 0.02, "{tone} Hz was not kept");
        assert!(share_of(&left, tone) < 0.01, "on the wrong side");
    }
    let path = format!("/api/v1/recordings/{}", recording.id);
    let whole: Recording = rig.ask(Some(&admin), Method::GET, &path, &()).await;
    let marks: Vec<&Mark> = whole.markers.iter().map(|marker| &marker.mark).collect();
    let noted = marks
        .iter()
        .filter(|mark| matches!(mark, Mark::Noted { .. }));
    assert_eq!(noted.count(), 1, "{marks:?}");
    let to = Some(second.session.me.id);
    for wanted in [Mark::Ticket { ticket }, Mark::Transferred { to }] {
        assert!(marks.contains(&&wanted), "{wanted:?} is not in {marks:?}");
    }

    // Both agents' supervisors, both agents, and nobody else.
    const ALL: [u16; 4] = [200, 201, 200, 200];
    let of_agent = [200, 201, 200, 403];
    let other = rig.sign_in("ma").await.token;
    let stranger = rig.sign_in("wang").await.token;
    let hears = async |token: &Secret| tries(&rig, token, recording.id).await;
    assert_eq!(hears(&supervisor.session.token).await, (1, ALL));
    assert_eq!(hears(&other).await, (1, ALL));
    assert_eq!(hears(&desk.session.token).await, (1, of_agent));
    assert_eq!(hears(&second.session.token).await, (1, of_agent));
    assert_eq!(hears(&stranger).await, (0, [404, 404, 404, 403]));
    lead(&rig, &admin, "三组", &[], third.id).await;
    let third = rig.sign_in("sun").await.token;
    assert_eq!(hears(&third).await, (0, [404; 4]));
    let tagging = serde_json::json!({ "tags": ["偷看"] });
    let tagged = rig
        .try_ask(Some(&third), Method::PATCH, &path, &tagging)
        .await;
    assert_eq!(tagged.0, 404);

    // Without the policy an agent reads how they were scored, and hears nothing.
    let policy = RecordingPolicy {
        agents_hear_own: false,
        ..rig.centre.app.recordings.policy()
    };
    let policy_path = "/api/v1/recordings/policy";
    let _: Value = rig
        .ask(Some(&admin), Method::PUT, policy_path, &policy)
        .await;
    assert_eq!(hears(&desk.session.token).await, (0, [404, 404, 404, 403]));
    let form = calibrate(&rig, recording.id, [&supervisor.session.token, &other]).await;
    assert_eq!(hears(&desk.session.token).await, (1, [200, 404, 200, 403]));
    assert_eq!(hears(&stranger).await, (0, [404, 404, 404, 403]));
    let beside = format!("{path}/calibration/{form}");
    let refused = rig.try_ask(Some(&third), Method::GET, &beside, &()).await;
    assert_eq!(refused.0, 404);
    rig.stop().await;
}

/// Two supervisors score the same call and compare.
async fn calibrate(
    rig: &Rig,
    recording: seatline_contract::id::RecordingId,
    supervisors: [&Secret; 2],
) -> Uuid {
    let form = Uuid::new_v4();
    let question = |id: &str, weight: u32| serde_json::json!({ "id": id, "text": id, "weight": weight, "most": 5 });
    let body = serde_json::json!({
        "id": form, "name": "质检", "questions": [question("问候", 40), question("解决", 60)],
    });
    let token = Some(supervisors[0]);
    let _: Value = rig
        .ask(token, Method::POST, "/api/v1/score-forms", &body)
        .await;
    for (token, points) in supervisors.into_iter().zip([5, 2]) {
        let path = format!(
            "/api/v1/recordings/{recording}/scorecards/{}",
            Uuid::new_v4()
        );
        let body = serde_json::json!({
            "form": form,
            "answers": [
                { "question": "问候", "points": 4, "note": "" },
                { "question": "解决", "points": points, "note": "" },
            ],
            "comments": [{ "at_ms": 900, "text": "这里听一下" }],
            "done": true,
        });
        let _: Value = rig.ask(Some(token), Method::PUT, &path, &body).await;
    }
    let path = format!("/api/v1/recordings/{recording}/calibration/{form}");
    let beside: Calibration = rig.ask(token, Method::GET, &path, &()).await;
    assert_eq!(beside.cards.len(), 2);
    let apart: Vec<u32> = beside
        .questions
        .iter()
        .map(|row| row.spread_percent)
        .collect();
    assert_eq!(apart, [0, 60]);
    form
}
