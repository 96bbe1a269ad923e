//! Teams, messages, forced presence and sign-out.

use super::{
    board::{board, board_only},
    events::{Socket, change, connect, hello, next, say},
    support::{Centre, Desk, code, error},
};
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use seatline_contract::{
    error::Code,
    event::{Change, ServerFrame, SignOutReason},
    id::TeamId,
    identity::{Person, Role},
    presence::{Presence, PresenceState},
    supervision::{Message, MessagePage, Team},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Two agents, each with a team and a supervisor of their own, and one agent in no team.
struct Floor {
    zhou: Person,
    liu: Person,
    sun: Person,
    he: Person,
    ma: Person,
}

async fn floor(admin: &Desk<'_>) -> Floor {
    let floor = Floor {
        zhou: admin.add_person("zhou", Role::Agent).await,
        liu: admin.add_person("liu", Role::Agent).await,
        sun: admin.add_person("sun", Role::Agent).await,
        he: admin.add_person("he", Role::Supervisor).await,
        ma: admin.add_person("ma", Role::Supervisor).await,
    };
    set_team(admin, "一组", &[&floor.zhou], &[&floor.he]).await;
    set_team(admin, "二组", &[&floor.liu], &[&floor.ma]).await;
    floor
}

async fn set_team(admin: &Desk<'_>, name: &str, agents: &[&Person], by: &[&Person]) -> Team {
    let ids = |people: &[&Person]| people.iter().map(|one| one.id).collect::<Vec<_>>();
    let body = json!({ "name": name, "agents": ids(agents), "supervisors": ids(by) });
    let path = format!("/api/v1/teams/{}", Uuid::new_v4());
    admin.write(Method::PUT, &path, &body).await
}

fn of(person: &Person, what: &str) -> String {
    format!("/api/v1/people/{}/{what}", person.id)
}

async fn open(centre: &Centre, desk: &Desk<'_>) -> Socket {
    let mut socket = connect(centre).await;
    hello(&mut socket, &desk.session.token).await;
    socket
}

/// Action, object and detail of all that somebody did, in order.
pub(super) async fn acts_of(centre: &Centre, person: &Person) -> Vec<(String, String, String)> {
    let db = centre.running.app.store.db();
    let sql = "SELECT action, object, detail FROM audit WHERE agent = ? ORDER BY at, id";
    let statement =
        Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, sql, [person.id.0.into()]);
    let rows = db.query_all_raw(statement).await.unwrap();
    let text = |row: &sea_orm::QueryResult, column| row.try_get("", column).unwrap();
    rows.iter()
        .map(|row| {
            (
                text(row, "action"),
                text(row, "object"),
                text(row, "detail"),
            )
        })
        .collect()
}

#[tokio::test]
async fn teams_say_whom_a_supervisor_may_steer() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    let people = floor(&admin).await;
    let he = centre.sign_in("he").await;
    let zhou = centre.sign_in("zhou").await;
    let teams: Vec<Team> = he.get("/api/v1/teams").await;
    assert_eq!(teams.len(), 2);
    assert_eq!(
        code(zhou.read("/api/v1/teams").await).await,
        Code::Forbidden
    );

    // Only administrators write; what they write is checked by field.
    let path = format!("/api/v1/teams/{}", Uuid::new_v4());
    let body = json!({ "name": "三组", "agents": [], "supervisors": [] });
    let refused = he.send(Method::PUT, &path, &body).await;
    assert_eq!(code(refused).await, Code::Forbidden);
    let stranger = Uuid::new_v4();
    for (body, field) in [
        (
            json!({ "name": "", "agents": [], "supervisors": [] }),
            "name",
        ),
        (
            json!({ "name": "三组", "agents": [stranger], "supervisors": [] }),
            "agents.0",
        ),
        (
            json!({ "name": "三组", "agents": [people.sun.id, people.sun.id], "supervisors": [] }),
            "agents.1",
        ),
        (
            json!({ "name": "三组", "agents": [], "supervisors": [people.sun.id] }),
            "supervisors.0",
        ),
        (
            json!({ "name": "一组", "agents": [], "supervisors": [] }),
            "name",
        ),
    ] {
        let refused = error(admin.send(Method::PUT, &path, &body).await).await;
        assert_eq!(refused.field.as_deref(), Some(field), "{body}");
    }

    // Each act on an agent of another team is refused with the same word.
    let choice = json!({ "choice": { "kind": "on_break" }, "reason": "休息" });
    let bye = json!({ "reason": "下班" });
    let follow = json!({ "follow": true, "mode": "monitor" });
    let hello = || json!({ "id": Uuid::new_v4(), "text": "你好" });
    for (method, what, body) in [
        (Method::PUT, "presence", &choice),
        (Method::POST, "sign-out", &bye),
        (Method::PUT, "follow", &follow),
        (Method::POST, "messages", &hello()),
    ] {
        let refused = he.send(method.clone(), &of(&people.liu, what), body).await;
        assert_eq!(code(refused).await, Code::Forbidden, "{what}");
        let refused = zhou.send(method, &of(&people.liu, what), body).await;
        assert_eq!(code(refused).await, Code::Forbidden, "{what}");
    }
    // An agent in no team is everybody's; nobody's is nobody.
    let path = of(&people.sun, "follow");
    let followed = he.send(Method::PUT, &path, &follow).await;
    assert_eq!(followed.status(), StatusCode::NO_CONTENT);
    let nobody = format!("/api/v1/people/{stranger}/follow");
    let refused = he.send(Method::PUT, &nobody, &follow).await;
    assert_eq!(code(refused).await, Code::NotFound);

    let mut socket = open(&centre, &he).await;
    say(&mut socket, &board_only()).await;
    let rows = |rows: Vec<seatline_contract::supervision::BoardAgent>| {
        let row = |row: seatline_contract::supervision::BoardAgent| {
            (row.person.login, row.team, row.mine, row.followed)
        };
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let team = |name: &str| Some(name.to_owned());
    assert_eq!(
        rows(board(&mut socket).await.agents),
        [
            ("liu".to_owned(), team("二组"), false, false),
            ("sun".to_owned(), None, true, true),
            ("zhou".to_owned(), team("一组"), true, false),
        ]
    );
    // An agent who is moved is the other supervisor's from then on, and the board says so.
    let all = json!({
        "name": "二组", "agents": [people.liu.id, people.zhou.id], "supervisors": [people.ma.id],
    });
    let TeamId(second) = teams.iter().find(|team| team.name == "二组").unwrap().id;
    let path = format!("/api/v1/teams/{second}");
    let _: Team = admin.write(Method::PUT, &path, &all).await;
    let change = board(&mut socket).await;
    assert_eq!(
        rows(change.agents),
        [("zhou".to_owned(), team("二组"), false, false)]
    );
    let path = of(&people.zhou, "presence");
    let refused = he.send(Method::PUT, &path, &choice);
    assert_eq!(code(refused.await).await, Code::Forbidden);

    // Without a team they are everybody's again.
    let path = format!("/api/v1/teams/{second}");
    let refused = he.send(Method::DELETE, &path, &());
    assert_eq!(code(refused.await).await, Code::Forbidden);
    let gone = admin.send(Method::DELETE, &path, &()).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let again = admin.send(Method::DELETE, &path, &()).await;
    assert_eq!(code(again).await, Code::NotFound);
    let mut freed = rows(board(&mut socket).await.agents);
    freed.sort_unstable();
    assert_eq!(
        freed,
        [
            ("liu".to_owned(), None, true, false),
            ("zhou".to_owned(), None, true, false),
        ]
    );
    let left: Vec<Team> = he.get("/api/v1/teams").await;
    assert_eq!(left.len(), 1);
    assert_eq!(
        acts_of(&centre, &people.he).await.last().unwrap(),
        &(
            "agent_followed".to_owned(),
            people.sun.id.to_string(),
            "monitor".to_owned()
        )
    );
    centre.stop().await;
}

#[tokio::test]
async fn a_forced_presence_is_read_with_name_and_reason() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    let people = floor(&admin).await;
    let he = centre.sign_in("he").await;
    let path = of(&people.zhou, "presence");
    let force = json!({
        "choice": { "kind": "not_ready", "reason": "coaching" }, "reason": "请来我这里",
    });
    let absent = he.send(Method::PUT, &path, &force).await;
    assert_eq!(code(absent).await, Code::ColleagueUnavailable);

    let zhou = centre.sign_in("zhou").await;
    let mut there = open(&centre, &zhou).await;
    let state: PresenceState = he.write(Method::PUT, &path, &force).await;
    let coaching = Presence::NotReady {
        reason: "coaching".into(),
    };
    assert_eq!(state.presence, coaching);
    let read = change(&mut there, |change| match change {
        Change::Forced {
            presence,
            by_name,
            reason,
        } => Some((presence.presence, by_name, reason)),
        _ => None,
    });
    let (name, reason) = ("HE".to_owned(), "请来我这里".to_owned());
    assert_eq!(read.await, (coaching, name, reason));

    for (body, field) in [
        (
            json!({ "choice": { "kind": "on_break" }, "reason": " " }),
            "reason",
        ),
        (
            json!({ "choice": { "kind": "on_break" }, "reason": "长".repeat(201) }),
            "reason",
        ),
        (
            json!({ "choice": { "kind": "not_ready", "reason": "" }, "reason": "a" }),
            "choice.reason",
        ),
    ] {
        let refused = error(he.send(Method::PUT, &path, &body).await).await;
        assert_eq!(refused.field.as_deref(), Some(field), "{body}");
    }
    // A desk without a line can not be made ready; what is refused is not on record as done.
    let ready = json!({ "choice": { "kind": "ready" }, "reason": "a" });
    let refused = he.send(Method::PUT, &path, &ready).await;
    assert_eq!(code(refused).await, Code::LineNotReady);

    let bye = json!({ "reason": "今天到此为止" });
    let path = of(&people.zhou, "sign-out");
    let done = he.send(Method::POST, &path, &bye).await;
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    loop {
        if let ServerFrame::SignedOut { reason, note } = next(&mut there).await {
            assert_eq!(reason, SignOutReason::Supervisor);
            assert_eq!(note.as_deref(), Some("今天到此为止"));
            break;
        }
    }
    let refused = zhou.read("/api/v1/contacts").await;
    assert_eq!(code(refused).await, Code::SessionEnded);
    let again = he.send(Method::POST, &path, &bye).await;
    assert_eq!(code(again).await, Code::ColleagueUnavailable);

    let agent = people.zhou.id.to_string();
    let forced: Vec<_> = acts_of(&centre, &people.he)
        .await
        .into_iter()
        .filter(|(action, _, _)| action != "sign_in")
        .collect();
    let act = |action: &str, detail: &str| (action.to_owned(), agent.clone(), detail.to_owned());
    assert_eq!(
        forced,
        [
            act("presence_forced", "请来我这里"),
            act("signed_out_by_supervisor", "今天到此为止"),
        ]
    );
    centre.stop().await;
}

async fn message(socket: &mut Socket) -> Message {
    change(socket, |change| match change {
        Change::Message { message } => Some(message),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn messages_go_both_ways_within_a_team_and_once() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    let people = floor(&admin).await;
    let (he, zhou) = (centre.sign_in("he").await, centre.sign_in("zhou").await);
    let id = Uuid::new_v4();
    let body = json!({ "id": id, "text": " 客户很急，先安抚 " });
    let to_zhou = of(&people.zhou, "messages");
    // Nobody listens there: it is not kept for later.
    let deaf = he.send(Method::POST, &to_zhou, &body).await;
    assert_eq!(code(deaf).await, Code::ColleagueUnavailable);

    let mut agent = open(&centre, &zhou).await;
    let mut supervisor = open(&centre, &he).await;
    for _ in 0..2 {
        let sent: Message = he.write(Method::POST, &to_zhou, &body).await;
        assert_eq!(sent.text, "客户很急，先安抚");
    }
    let other = json!({ "id": id, "text": "别的" });
    let refused = he.send(Method::POST, &to_zhou, &other).await;
    assert_eq!(code(refused).await, Code::Conflict);
    let read = message(&mut agent).await;
    assert_eq!((read.from, read.from_name.as_str()), (people.he.id, "HE"));

    let answer = json!({ "id": Uuid::new_v4(), "text": "好" });
    let to_he = of(&people.he, "messages");
    let _: Message = zhou.write(Method::POST, &to_he, &answer).await;
    assert_eq!(message(&mut supervisor).await.text, "好");
    // The next thing the agent hears is the next message: the first came once.
    let again = json!({ "id": Uuid::new_v4(), "text": "谢谢" });
    let _: Message = he.write(Method::POST, &to_zhou, &again).await;
    assert_eq!(message(&mut agent).await.text, "谢谢");

    // Both read all of it later, page by page; nobody else does.
    let texts = ["客户很急，先安抚", "好", "谢谢"];
    for (reader, path) in [(&he, &to_zhou), (&zhou, &to_he)] {
        let page: MessagePage = reader.get(path).await;
        let read: Vec<&str> = page.messages.iter().map(|one| one.text.as_str()).collect();
        assert_eq!((read, page.more), (texts.to_vec(), false));
        let last: MessagePage = reader.get(&format!("{path}?limit=1")).await;
        assert_eq!(
            (last.messages[0].text.as_str(), last.more),
            (texts[2], true)
        );
        let before = last.messages[0].id;
        let earlier: MessagePage = reader.get(&format!("{path}?before={before}")).await;
        assert_eq!(earlier.messages, page.messages[..2]);
        assert!(!earlier.more);
    }
    let liu = centre.sign_in("liu").await;
    let strange: MessagePage = liu.get(&to_zhou).await;
    assert!(strange.messages.is_empty());
    let not_theirs = liu.read(&format!("{to_zhou}?before={id}")).await;
    assert_eq!(code(not_theirs).await, Code::NotFound);

    for (to, text, wanted) in [
        (&people.ma, "你好", Code::Forbidden),
        (&people.liu, "你好", Code::Forbidden),
        (&people.zhou, "自言自语", Code::Forbidden),
        (&people.he, "", Code::InvalidField),
        (&people.he, &*"长".repeat(1_001), Code::InvalidField),
    ] {
        let body = json!({ "id": Uuid::new_v4(), "text": text });
        let refused = zhou.send(Method::POST, &of(to, "messages"), &body).await;
        assert_eq!(code(refused).await, wanted, "{}", to.login);
    }
    let broken: Value = json!({ "id": "x", "text": 7 });
    let refused = zhou.send(Method::POST, &to_he, &broken).await;
    assert_eq!(code(refused).await, Code::MalformedRequest);
    // Help is asked for in a call of one's own.
    let path = format!("/api/v1/contacts/{}/help", Uuid::new_v4());
    let help = json!({ "reason": "upset" });
    let refused = zhou.send(Method::PUT, &path, &help).await;
    assert_eq!(code(refused).await, Code::NotFound);
    let help = json!({ "reason": "bored" });
    let refused = zhou.send(Method::PUT, &path, &help).await;
    assert_eq!(error(refused).await.field.as_deref(), Some("reason"));
    centre.stop().await;
}
