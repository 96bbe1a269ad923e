//! Tickets from writing to closing.

use super::{
    supervision::acts_of,
    support::{Centre, Desk, code, error},
};
use reqwest::{Method, StatusCode};
use seatline_contract::{
    customer::{CustomerCard, Timeline, TimelineEntry},
    error::Code,
    id::{CommentId, TicketId},
    identity::Role,
    ticket::{EditTicket, NewComment, NewTicket, Priority, Ticket, TicketPage, TicketState},
};
use serde_json::json;
use uuid::Uuid;

fn ticket(subject: &str) -> NewTicket {
    NewTicket {
        id: TicketId(Uuid::new_v4()),
        subject: subject.into(),
        ticket_type: "fault".into(),
        priority: Priority::High,
        description: "滤芯漏水".into(),
        customer: None,
        contact: None,
        assignee: None,
    }
}

async fn write(desk: &Desk<'_>, ticket: &NewTicket) -> Ticket {
    desk.write(Method::POST, "/api/v1/tickets", ticket).await
}

#[tokio::test]
async fn a_ticket_goes_from_open_to_closed_and_no_other_way() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    let colleague = desk.add_person("zhou", Role::Agent).await;
    let customer = json!({"id": Uuid::new_v4(), "name": "李婷"});
    let customer: serde_json::Value = desk
        .write(Method::POST, "/api/v1/customers", &customer)
        .await;
    let customer = customer["id"].as_str().unwrap();

    let new = NewTicket {
        customer: Some(customer.parse().unwrap()),
        ..ticket("净水器漏水")
    };
    let made = write(&desk, &new).await;
    assert_eq!(made.summary.reference, "TK-20001");
    assert_eq!(made.summary.customer_name.as_deref(), Some("李婷"));
    assert_eq!(
        write(&desk, &ticket("second")).await.summary.reference,
        "TK-20002"
    );

    // The same under another key is a success; other words under its id are not swallowed.
    assert_eq!(write(&desk, &new).await.summary.reference, "TK-20001");
    let other = NewTicket {
        description: "还漏气".into(),
        ..new.clone()
    };
    let refused = desk.send(Method::POST, "/api/v1/tickets", &other).await;
    assert_eq!(code(refused).await, Code::Conflict);

    let path = format!("/api/v1/tickets/{}", new.id);
    let comment = NewComment {
        id: CommentId(Uuid::new_v4()),
        text: "明天上门".into(),
    };
    let comments = format!("{path}/comments");
    let commented: Ticket = desk.write(Method::POST, &comments, &comment).await;
    assert_eq!(commented.comments.len(), 1);
    let again: Ticket = desk.write(Method::POST, &comments, &comment).await;
    assert_eq!(again.comments.len(), 1);

    let to = |state| EditTicket {
        state: Some(state),
        assignee: Some(colleague.id),
        ..EditTicket::default()
    };
    let early = desk
        .send(Method::PATCH, &path, &to(TicketState::Closed))
        .await;
    assert_eq!(early.status(), StatusCode::CONFLICT);
    for state in [
        TicketState::InProgress,
        TicketState::Solved,
        TicketState::Closed,
    ] {
        let moved: Ticket = desk.write(Method::PATCH, &path, &to(state)).await;
        assert_eq!(moved.summary.state, state);
        assert_eq!(moved.summary.assignee_name.as_deref(), Some("ZHOU"));
    }
    let acts = acts_of(&centre, &desk.session.me).await;
    let acts = acts.iter().filter(|act| act.0 == "ticket_changed");
    let moves: Vec<_> = acts.map(|act| act.2.as_str()).collect();
    let given = format!("state open to in_progress, assignee {}", colleague.id);
    assert_eq!(
        moves,
        [
            given.as_str(),
            "state in_progress to solved",
            "state solved to closed"
        ]
    );
    let late = desk
        .send(Method::PATCH, &path, &to(TicketState::Open))
        .await;
    assert_eq!(code(late).await, Code::Conflict);
    let subject = json!({"subject": "other"});
    let late = desk.send(Method::PATCH, &path, &subject).await;
    assert_eq!(code(late).await, Code::Conflict);

    let open: TicketPage = desk.get("/api/v1/tickets?open=true").await;
    assert_eq!(open.tickets.len(), 1);
    let mine: TicketPage = desk
        .get(&format!("/api/v1/tickets?assignee={}", colleague.id))
        .await;
    assert_eq!(mine.tickets[0].id, new.id);
    for q in ["漏水", "tk-20001", "lsq"] {
        let found: TicketPage = desk.get(&format!("/api/v1/tickets?q={q}")).await;
        let expected = usize::from(q != "lsq");
        assert_eq!(found.tickets.len(), expected, "{q}");
    }

    let timeline: Timeline = desk
        .get(&format!("/api/v1/customers/{customer}/timeline"))
        .await;
    assert!(matches!(timeline.entries[0], TimelineEntry::Comment { .. }));
    assert!(matches!(timeline.entries[1], TimelineEntry::Ticket { .. }));
    let card: CustomerCard = desk.get(&format!("/api/v1/customers/{customer}")).await;
    assert!(card.open_tickets.is_empty());
    centre.stop().await;
}

#[tokio::test]
async fn bad_fields_are_named() {
    let centre = Centre::start().await;
    let desk = centre.administrator().await;
    for (field, body) in [
        ("subject", ticket("")),
        (
            "ticket_type",
            NewTicket {
                ticket_type: "none".into(),
                ..ticket("a")
            },
        ),
        (
            "customer",
            NewTicket {
                customer: Some(Uuid::new_v4().into()),
                ..ticket("a")
            },
        ),
        (
            "assignee",
            NewTicket {
                assignee: Some(Uuid::new_v4().into()),
                ..ticket("a")
            },
        ),
    ] {
        let refused = error(desk.send(Method::POST, "/api/v1/tickets", &body).await).await;
        assert_eq!(refused.field.as_deref(), Some(field));
    }
    let missing = format!("/api/v1/tickets/{}", Uuid::new_v4());
    assert_eq!(code(desk.read(&missing).await).await, Code::NotFound);
    assert_eq!(
        code(desk.read("/api/v1/tickets/not-an-id").await).await,
        Code::NotFound
    );
    centre.stop().await;
}
