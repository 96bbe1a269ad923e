//! What the agent writes, with and without a network.

use crate::rig::{Centre, Computer, Telephone, code, restart, seen};
use seatline_contract::{
    customer::NewCustomer,
    error::Code,
    id::{CustomerId, TicketId},
    ticket::{EditTicket, Priority, TicketFilter, TicketState},
    time::UnixMs,
};
use seatline_desk::{
    Desk,
    failure::FailureCode,
    secrets::MemoryStore,
    view::{Connection, TicketDraft},
};
use std::sync::Arc;
use uuid::Uuid;

fn draft(desk: &Desk, subject: &str) -> TicketDraft {
    let catalog = desk.view().catalog.clone().unwrap();
    TicketDraft {
        id: TicketId(Uuid::new_v4()),
        contact: None,
        customer: None,
        subject: subject.into(),
        ticket_type: catalog.ticket_types[0].id.clone(),
        priority: Priority::High,
        description: "水龙头漏水".into(),
        assignee: None,
        saved: UnixMs(1),
    }
}

fn customer() -> NewCustomer {
    let id = CustomerId(Uuid::new_v4());
    serde_json::from_value(serde_json::json!({
        "id": id, "name": "李伟", "company": "东方机械", "numbers": ["13800138001"],
    }))
    .unwrap()
}

async fn away(desk: &Desk) {
    seen(desk, "the centre is away", |view| {
        matches!(view.connection, Connection::Reconnecting { .. }).then_some(())
    })
    .await;
}

async fn all_sent(desk: &Desk) {
    seen(desk, "everything is sent", |view| {
        (view.connection == Connection::Online && view.outbox.pending == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_and_tickets_are_written_and_read() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    let new = customer();
    desk.create_customer(new.clone()).await.unwrap();
    let found = desk.search_customers("东方".into()).await.unwrap();
    assert_eq!(found.customers[0].id, new.id);
    let card = desk.customer_card(new.id).await.unwrap();
    assert_eq!(card.customer.name, "李伟");

    let mut ticket = draft(&desk, "Leaking tap");
    ticket.customer = Some(new.id);
    desk.save_draft(ticket.clone()).await.unwrap();
    assert_eq!(desk.view().drafts, [ticket.clone()]);
    desk.create_ticket(ticket.id).await.unwrap();
    assert!(desk.view().drafts.is_empty());
    let edit = EditTicket {
        state: Some(TicketState::InProgress),
        ..EditTicket::default()
    };
    desk.edit_ticket(ticket.id, edit).await.unwrap();
    desk.comment_ticket(ticket.id, "Called back.".into())
        .await
        .unwrap();
    let read = desk.ticket(ticket.id).await.unwrap();
    assert_eq!(read.summary.state, TicketState::InProgress);
    assert_eq!(read.comments[0].text, "Called back.");
    let filter = TicketFilter {
        customer: Some(new.id),
        ..TicketFilter::default()
    };
    assert_eq!(desk.tickets(filter).await.unwrap().tickets.len(), 1);
    assert!(!desk.timeline(new.id).await.unwrap().entries.is_empty());

    let empty = draft(&desk, "");
    desk.save_draft(empty.clone()).await.unwrap();
    let failure = desk.create_ticket(empty.id).await.unwrap_err();
    assert_eq!(code(&failure), FailureCode::Centre(Code::InvalidField));
    assert_eq!(failure.field.as_deref(), Some("subject"));
    assert_eq!(desk.view().drafts, [empty], "nothing typed is lost");
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_without_a_network_arrives_once_there_is_one() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let mut computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    let (new, mut ticket) = (customer(), draft(&desk, "Written offline"));
    ticket.customer = Some(new.id);
    let half = draft(&desk, "Half typed");
    let stopped = centre.stop().await;
    away(&desk).await;

    desk.create_customer(new.clone()).await.unwrap();
    desk.save_draft(ticket.clone()).await.unwrap();
    desk.create_ticket(ticket.id).await.unwrap();
    desk.comment_ticket(ticket.id, "Also offline.".into())
        .await
        .unwrap();
    desk.save_draft(half.clone()).await.unwrap();
    assert_eq!(desk.view().outbox.pending, 3);

    // Killed, on a computer whose keyring is gone: the password opens what was written.
    drop(desk);
    computer.secrets = Arc::new(MemoryStore::default());
    let desk = restart(&computer).await;
    assert_eq!(desk.view().outbox.pending, 0, "locked until the sign-in");
    let centre = stopped.start().await;
    let mut request = crate::rig::request(&centre);
    request.take_over = true;
    desk.sign_in(request).await.unwrap();
    assert_eq!(desk.view().drafts, [half]);
    all_sent(&desk).await;
    let read = desk.ticket(ticket.id).await.unwrap();
    assert_eq!(read.summary.subject, "Written offline");
    assert_eq!(read.summary.customer, Some(new.id));
    assert_eq!(read.comments.len(), 1);
    let all = desk.tickets(TicketFilter::default()).await.unwrap();
    assert_eq!(all.tickets.len(), 1, "once");
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_refused_late_is_parked_for_the_agent() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    let bad = draft(&desk, "");
    let stopped = centre.stop().await;
    away(&desk).await;
    desk.save_draft(bad.clone()).await.unwrap();
    desk.create_ticket(bad.id).await.unwrap();
    let centre = stopped.start().await;
    let refused = seen(&desk, "the refusal", |view| {
        view.outbox.refused.first().cloned()
    })
    .await;
    assert_eq!(refused.what, "create_ticket");
    assert_eq!(refused.field.as_deref(), Some("subject"));
    assert_eq!(
        desk.view().drafts,
        std::slice::from_ref(&bad),
        "the text is back"
    );

    let again = desk.retry_write(refused.id.clone()).await.unwrap_err();
    assert_eq!(code(&again), FailureCode::Centre(Code::InvalidField));
    assert!(desk.view().outbox.refused.is_empty());
    let unknown = desk.retry_write(refused.id).await.unwrap_err();
    assert_eq!(code(&unknown), FailureCode::Centre(Code::NotFound));

    let mut good = bad;
    good.subject = "Now with a subject".into();
    desk.save_draft(good.clone()).await.unwrap();
    desk.create_ticket(good.id).await.unwrap();
    assert!(desk.view().drafts.is_empty());
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_outbox_is_set_aside_and_named() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let desk = computer.signed_in(&centre).await;
    desk.shutdown().await;
    drop(desk);
    let accounts = computer.folder.path().join("accounts");
    let account = std::fs::read_dir(accounts).unwrap().next().unwrap();
    let folder = account.unwrap().path();
    let damage = b"this is not what the desk wrote";
    std::fs::write(folder.join("outbox.redb"), damage).unwrap();

    let desk = restart(&computer).await;
    let mut request = crate::rig::request(&centre);
    request.take_over = true;
    desk.sign_in(request).await.unwrap();
    let file = seen(&desk, "the file is named", |view| {
        let aside = seatline_desk::view::NoticeCode::OutboxSetAside;
        let notice = view.notices.iter().find(|it| it.code == aside)?;
        notice.detail.clone()
    })
    .await;
    assert_eq!(std::fs::read(file).unwrap(), damage, "kept as it was");
    let fresh = draft(&desk, "Works again");
    desk.save_draft(fresh.clone()).await.unwrap();
    desk.create_ticket(fresh.id).await.unwrap();
    desk.shutdown().await;
    centre.stop().await;
}
