//! Recording, from the announcement to the auditor.

use crate::{
    desk::{Desk, Talk},
    inbound::{assert_talking, connect},
    rig::{HOTLINE, Rig, within},
    telephone::Line,
};
use reqwest::Method;
use seatline_contract::{
    contact::{Contact, ContactState},
    event::Change,
    id::{RecordingId, ScoreFormId, ScorecardId},
    party::RecordingState,
    recording::{
        Listen, ListenLink, Mark, PauseReason, PauseRecording, Recording, RecordingMode,
        RecordingPage, RecordingPolicy, RecordingRule, RecordingStatus, RecordingSummary,
        Verification,
    },
    score::{
        Calibration, NewScoreForm, PinnedComment, ReplyToScorecard, SaveScorecard, ScoreAnswer,
        ScoreForm, ScoreQuestion, ScoreReplyKind, Scorecard,
    },
    secret::Secret,
};
use seatline_media::{
    Codec,
    sim::{Headset, level_at},
};
use std::time::Duration;
use uuid::Uuid;

pub(crate) const RATE: usize = 16_000;
const SECRET_TONE: f32 = 2_300.0;

pub(crate) async fn start(mode: RecordingMode, announce: bool) -> (Rig, Secret) {
    let rig = Rig::start().await;
    let admin = set_policy(&rig, mode, announce).await;
    (rig, admin)
}

/// Lets calls be recorded; gives the administrator's token.
pub(crate) async fn set_policy(rig: &Rig, mode: RecordingMode, announce: bool) -> Secret {
    let admin = rig.sign_in("admin").await.token;
    let policy = RecordingPolicy {
        rules: vec![RecordingRule {
            queue: None,
            direction: None,
            mode,
            announce,
            class: "standard".into(),
        }],
        agents_hear_own: true,
        ..RecordingPolicy::default()
    };
    let path = "/api/v1/recordings/policy";
    let set: RecordingPolicy = rig.ask(Some(&admin), Method::PUT, path, &policy).await;
    assert_eq!(set, policy);
    admin
}

pub(crate) async fn steer(rig: &Rig, desk: &Desk, contact: &Contact, what: &str) -> (u16, String) {
    let path = format!("/api/v1/contacts/{}/recording/{what}", contact.id);
    let body = PauseRecording {
        reason: PauseReason::SensitiveField,
    };
    rig.try_ask(Some(&desk.session.token), Method::POST, &path, &body)
        .await
}

async fn both_say(agent: &mut Headset, customer: &mut Headset, time: Duration, tone: f32) {
    tokio::join!(agent.use_for(time, tone), customer.use_for(time, tone));
}

/// The one recording, once it is closed and drawn.
pub(crate) async fn kept(rig: &Rig, token: &Secret) -> RecordingSummary {
    within("the recording is closed", async {
        loop {
            let page: RecordingPage = rig
                .ask(Some(token), Method::GET, "/api/v1/recordings", &())
                .await;
            if let [recording] = &page.recordings[..]
                && recording.status != RecordingStatus::Recording
            {
                return recording.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

async fn get(rig: &Rig, token: &Secret, path: &str) -> reqwest::Response {
    let url = format!("https://localhost:{}{path}", rig.centre.address.port());
    let request = rig.http.get(url).bearer_auth(token.expose());
    request.send().await.unwrap()
}

/// The WAV's two sides.
pub(crate) async fn listen(rig: &Rig, token: &Secret, id: RecordingId) -> [Vec<f32>; 2] {
    listen_to(rig, token, id, Listen::default()).await
}

/// The two sides of a piece.
async fn listen_to(rig: &Rig, token: &Secret, id: RecordingId, piece: Listen) -> [Vec<f32>; 2] {
    let path = format!("/api/v1/recordings/{id}/listen");
    let link: ListenLink = rig.ask(Some(token), Method::POST, &path, &piece).await;
    let heard = get(rig, token, &link.path).await;
    assert_eq!(heard.status(), 200);
    assert_eq!(heard.headers()["content-type"], "audio/wav");
    assert!(!heard.headers().contains_key("content-disposition"));
    let wav = heard.bytes().await.unwrap();
    assert!(wav.starts_with(b"RIFF"));
    assert_eq!(
        get(rig, token, &link.path).await.status(),
        404,
        "a link works once"
    );
    let mut sides = [Vec::new(), Vec::new()];
    for pair in wav[44..].chunks_exact(4) {
        for (side, sample) in sides.iter_mut().zip(pair.chunks_exact(2)) {
            let sample = i16::from_le_bytes(sample.try_into().unwrap());
            side.push(f32::from(sample) / 32_768.0);
        }
    }
    sides
}

pub(crate) fn share_of(sound: &[f32], tone: f32) -> f32 {
    let windows = sound.chunks_exact(RATE / 10);
    let count = windows.len().max(1) as f32;
    let heard = windows.filter(|window| level_at(window, tone, RATE as u32) > 0.15);
    heard.count() as f32 / count
}

pub(crate) async fn hang_up(line: &mut Line, talk: &mut Talk, desk: &mut Desk) {
    line.call.hangup(None);
    talk.ended().await;
    desk.contact_in(ContactState::WrapUp).await;
}

/// A supervisor scores, the agent reads and answers once.
async fn score(rig: &Rig, supervisor: &Secret, agent: &Secret, recording: RecordingId) {
    let form = NewScoreForm {
        id: ScoreFormId(Uuid::new_v4()),
        name: "服务质量".into(),
        questions: vec![ScoreQuestion {
            id: "greeting".into(),
            text: "问候".into(),
            weight: 10,
            most: 4,
        }],
    };
    let path = "/api/v1/score-forms";
    let _: ScoreForm = rig.ask(Some(supervisor), Method::POST, path, &form).await;
    let id = ScorecardId(Uuid::new_v4());
    let path = format!("/api/v1/recordings/{recording}/scorecards/{id}");
    let mut card = SaveScorecard {
        form: form.id,
        answers: Vec::new(),
        comments: vec![PinnedComment {
            at_ms: 500,
            text: "语速合适".into(),
        }],
        done: true,
    };
    let early = rig
        .try_ask(Some(supervisor), Method::PUT, &path, &card)
        .await;
    assert_eq!(early.0, 422, "a question is not answered");
    card.answers.push(ScoreAnswer {
        question: "greeting".into(),
        points: Some(3),
        note: String::new(),
    });
    let saved: Scorecard = rig.ask(Some(supervisor), Method::PUT, &path, &card).await;
    assert_eq!(saved.percent, Some(75));
    let again = rig
        .try_ask(Some(supervisor), Method::PUT, &path, &card)
        .await;
    assert_eq!(again.0, 409, "finished");
    let path = format!("/api/v1/recordings/{recording}/scorecards");
    let read: Vec<Scorecard> = rig.ask(Some(agent), Method::GET, &path, &()).await;
    assert_eq!(read, [saved]);
    let path = format!("/api/v1/scorecards/{id}/reply");
    let reply = ReplyToScorecard {
        kind: ScoreReplyKind::Disputed,
        text: "客户很着急".into(),
    };
    let replied: Scorecard = rig.ask(Some(agent), Method::POST, &path, &reply).await;
    assert_eq!(replied.reply.unwrap().kind, ScoreReplyKind::Disputed);
    let twice = rig.try_ask(Some(agent), Method::POST, &path, &reply).await;
    assert_eq!(twice.0, 409);
    let path = format!("/api/v1/recordings/{recording}/calibration/{}", form.id);
    let beside: Calibration = rig.ask(Some(supervisor), Method::GET, &path, &()).await;
    assert_eq!(beside.questions[0].points, [Some(3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_recorded_without_its_secret_and_heard_by_link() {
    let (rig, admin) = start(RecordingMode::All, false).await;
    let mut desk = rig.ready("zhou").await;
    let (mut line, mut talk, contact) = connect(&rig, &mut desk, Codec::Pcma).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    assert_talking(&mut agent, &mut customer).await;

    let (status, text) = steer(&rig, &desk, &contact, "pause").await;
    assert_eq!(status, 200, "{text}");
    assert!(matches!(
        serde_json::from_str(&text).unwrap(),
        RecordingState::Paused { .. }
    ));
    both_say(
        &mut agent,
        &mut customer,
        Duration::from_secs(2),
        SECRET_TONE,
    )
    .await;
    line.leg.send_digits("7").unwrap();
    // What was said is on its way for a moment.
    both_say(&mut agent, &mut customer, Duration::from_secs(1), 0.0).await;
    assert_eq!(steer(&rig, &desk, &contact, "resume").await.0, 200);
    assert_talking(&mut agent, &mut customer).await;
    assert_eq!(steer(&rig, &desk, &contact, "stop").await.0, 409);
    hang_up(&mut line, &mut talk, &mut desk).await;
    assert_eq!(steer(&rig, &desk, &contact, "pause").await.0, 404);

    let recording = kept(&rig, &admin).await;
    assert_eq!(recording.status, RecordingStatus::Complete);
    assert_eq!(recording.contact, contact.id);
    assert_eq!(recording.agent, Some(desk.session.me.id));
    let [left, right] = listen(&rig, &desk.session.token, recording.id).await;
    let length = left.len() as f32 / RATE as f32;
    assert!(
        (length - recording.duration_ms as f32 / 1_000.0).abs() < 0.1,
        "{length}"
    );
    let (customer_said, agent_said) = (share_of(&left, 1_100.0), share_of(&right, 700.0));
    println!("of {length} s the customer is heard {customer_said}, the agent {agent_said}");
    assert!(customer_said > 0.1 && agent_said > 0.1);
    assert!(share_of(&left, 700.0) < 0.01 && share_of(&right, 1_100.0) < 0.01);
    for side in [&left, &right] {
        assert!(
            share_of(side, SECRET_TONE) < f32::EPSILON,
            "the secret was kept"
        );
    }
    // Piece by piece it is the same as at once.
    let mut pieces = Vec::new();
    for from_ms in (0..recording.duration_ms).step_by(1_500) {
        let until_ms = Some(from_ms + 1_500);
        let piece = Listen { from_ms, until_ms };
        let [piece, _] = listen_to(&rig, &admin, recording.id, piece).await;
        pieces.extend(piece);
    }
    assert!(pieces.len().abs_diff(left.len()) < RATE / 10);
    let said = share_of(&pieces, 1_100.0);
    assert!((said - customer_said).abs() < 0.05, "{said}");
    let path = format!("/api/v1/recordings/{}", recording.id);
    let whole: Recording = rig.ask(Some(&admin), Method::GET, &path, &()).await;
    let marks: Vec<&Mark> = whole.markers.iter().map(|marker| &marker.mark).collect();
    assert!(
        matches!(
            marks[..],
            [
                Mark::Paused {
                    by: Some(_),
                    reason: PauseReason::SensitiveField
                },
                Mark::Resumed {
                    gap_ms: 2_500..,
                    ..
                }
            ]
        ),
        "{marks:?}"
    );
    let path = format!("/api/v1/recordings/{}/verification", recording.id);
    let verified: Verification = rig.ask(Some(&admin), Method::GET, &path, &()).await;
    assert!(verified.whole, "{verified:?}");
    score(&rig, &admin, &desk.session.token, recording.id).await;
    let path = format!("/api/v1/recordings/{}/listen", recording.id);
    let other = rig.sign_in("liu").await.token;
    let refused = rig
        .try_ask(Some(&other), Method::POST, &path, &Listen::default())
        .await;
    assert_eq!(refused.0, 404, "another agent's call");
    let link: ListenLink = rig
        .ask(Some(&admin), Method::POST, &path, &Listen::default())
        .await;
    let stolen = get(&rig, &other, &link.path).await.status();
    assert_eq!(stolen, 404, "somebody else's link");
    let spoilt = get(&rig, &admin, &link.path).await.status();
    assert_eq!(spoilt, 404, "which is used up by that");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_begins_after_the_announcement_and_not_for_who_refuses() {
    let (rig, admin) = start(RecordingMode::All, true).await;
    let mut desk = rig.ready("zhou").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    // The agent answers while the customer is being told.
    let rung = desk.rung().await;
    let mut talk = desk.answer(rung).await;
    desk.contact_in(ContactState::Connected).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    assert_talking(&mut agent, &mut customer).await;
    hang_up(&mut line, &mut talk, &mut desk).await;
    let recording = kept(&rig, &admin).await;
    let path = format!("/api/v1/recordings/{}", recording.id);
    let whole: Recording = rig.ask(Some(&admin), Method::GET, &path, &()).await;
    assert_eq!(whole.markers[0].mark, Mark::Announced);
    assert_eq!(whole.markers[0].at_ms, 0);
    drop((agent, customer));

    let mut second = rig.ready("liu").await;
    let mut line = rig.telephone.dial(&rig, HOTLINE, Codec::Pcma).await;
    line.answered().await;
    line.leg.send_digits("9").unwrap();
    let rung = second.rung().await;
    let mut talk = second.answer(rung).await;
    let contact = second.contact_in(ContactState::Connected).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    assert_talking(&mut agent, &mut customer).await;
    assert_eq!(
        rig.centre.app.recordings.tally().complete,
        1,
        "nobody else was recorded"
    );
    let (status, text) = steer(&rig, &second, &contact, "start").await;
    assert_eq!(status, 409, "{text}");
    hang_up(&mut line, &mut talk, &mut second).await;
    assert_eq!(kept(&rig, &admin).await.id, recording.id);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_demand_the_customer_is_told_in_mid_call_and_the_agent_may_end_it() {
    let (rig, admin) = start(RecordingMode::OnDemand, true).await;
    let mut desk = rig.ready("zhou").await;
    let (mut line, mut talk, contact) = connect(&rig, &mut desk, Codec::Pcma).await;
    let (mut agent, mut customer) = (talk.headset(), line.headset());
    assert_talking(&mut agent, &mut customer).await;
    let (status, text) = steer(&rig, &desk, &contact, "start").await;
    assert_eq!(status, 200, "{text}");
    let recorded = async |desk: &mut Desk, wanted: RecordingState| {
        desk.change("the recording's state", |change| match change {
            Change::Contact { contact } => (contact.call?.recording == wanted).then_some(()),
            _ => None,
        })
        .await;
    };
    recorded(&mut desk, RecordingState::Announcing).await;
    recorded(&mut desk, RecordingState::On { by_hand: true }).await;
    assert_talking(&mut agent, &mut customer).await;
    assert_eq!(steer(&rig, &desk, &contact, "stop").await.0, 200);
    recorded(&mut desk, RecordingState::Off).await;
    let after = Duration::from_secs(1);
    both_say(&mut agent, &mut customer, after, SECRET_TONE).await;
    let recording = kept(&rig, &admin).await;
    hang_up(&mut line, &mut talk, &mut desk).await;
    assert_eq!(recording.status, RecordingStatus::Complete);
    let [left, right] = listen(&rig, &admin, recording.id).await;
    assert!(share_of(&left, 1_100.0) > 0.2 && share_of(&right, 700.0) > 0.2);
    assert!(
        share_of(&left, SECRET_TONE) < f32::EPSILON,
        "kept after its end"
    );
    rig.stop().await;
}
