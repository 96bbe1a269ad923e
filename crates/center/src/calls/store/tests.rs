//! Contacts and queues in a real database.

use super::*;
use crate::calls::{FormerNotes, Leg};
use crate::store::Store;
use seatline_contract::contact::Direction;
use seatline_contract::party::{PartyEnd, PartyRole};
use tempfile::TempDir;
use uuid::Uuid;

async fn open() -> (Store, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let store = Store::open(&folder.path().join("test.db"), None).await;
    (store.expect("a database"), folder)
}

fn a_contact(n: u128, state: ContactState) -> Record {
    let id = ContactId(Uuid::from_u128(n));
    let mut record = Record::new(id, Direction::Inbound, UnixMs(1_000));
    record.state = state;
    record.version = 1;
    record.number = Some(PhoneNumber::new("+8613800138000"));
    record.agent = Some(AgentId(Uuid::from_u128(7)));
    record.note = "初".to_owned();
    record
}

#[tokio::test]
async fn a_state_is_only_stored_on_the_one_it_follows() {
    let (store, _folder) = open().await;
    let db = store.db();
    let mut contact = a_contact(1, ContactState::Queued);
    assert!(save(db, &contact, 0).await.expect("saves"));
    assert!(!save(db, &contact, 0).await.expect("is known already"));
    contact.state = ContactState::Offered;
    contact.version = 2;
    assert!(save(db, &contact, 1).await.expect("saves"));
    // Another node that saw version 1 offers it too: too late.
    let mut other = contact.clone();
    other.agent = Some(AgentId(Uuid::from_u128(8)));
    assert!(!save(db, &other, 1).await.expect("is refused"));
    let stored = find(db, contact.id).await.expect("reads");
    assert_eq!(stored, Some(contact));
}

#[tokio::test]
async fn what_a_crash_left_open_is_closed_at_the_next_start() {
    let (store, _folder) = open().await;
    let db = store.db();
    let cases = [
        (ContactState::Queued, ContactState::Abandoned),
        (ContactState::Offered, ContactState::Abandoned),
        (ContactState::Dialing, ContactState::Failed),
        (ContactState::Connected, ContactState::Closed),
        (ContactState::Held, ContactState::Closed),
        (ContactState::WrapUp, ContactState::Closed),
    ];
    for (n, (open, _)) in (1..).zip(cases) {
        let mut left = a_contact(n, open);
        if open == ContactState::WrapUp {
            left.ended = Some(UnixMs(5_000));
            left.ended_by = Some(EndedBy::Customer);
        }
        add_past(db, &left).await.expect("writes");
    }
    close_leftovers(db, UnixMs(9_000)).await.expect("closes");
    for (n, (open, last)) in (1..).zip(cases) {
        let found = find(db, ContactId(Uuid::from_u128(n))).await;
        let found = found.expect("reads").expect("is there");
        assert_eq!(found.state, last, "{open:?}");
        let ended = if open == ContactState::WrapUp {
            (Some(UnixMs(5_000)), Some(EndedBy::Customer))
        } else {
            (Some(UnixMs(9_000)), Some(EndedBy::Centre))
        };
        assert_eq!((found.ended, found.ended_by), ended, "{open:?}");
        assert_eq!(found.note, "初");
    }
}

#[tokio::test]
async fn late_notes_and_links_are_only_taken_from_the_contacts_agent() {
    let (store, _folder) = open().await;
    let db = store.db();
    let past = a_contact(1, ContactState::Closed);
    add_past(db, &past).await.expect("writes");
    let mut notes = LateNotes {
        contact: past.id,
        agent: AgentId(Uuid::from_u128(8)),
        disposition: Some("resolved".to_owned()),
        note: "终".to_owned(),
    };
    assert!(!save_late_notes(db, &notes).await.expect("is refused"));
    notes.agent = AgentId(Uuid::from_u128(7));
    assert!(save_late_notes(db, &notes).await.expect("saves"));
    let customer = CustomerId(Uuid::from_u128(3));
    let stranger = AgentId(Uuid::from_u128(8));
    let linked = link(db, past.id, customer, "王芳", Some(&[stranger])).await;
    assert!(!linked.expect("is refused"));
    let whose = [stranger, notes.agent];
    let linked = link(db, past.id, customer, "王芳", Some(&whose)).await;
    assert!(linked.expect("links"));
    let found = find(db, past.id).await.expect("reads").expect("is there");
    assert_eq!(found.note, "终");
    assert_eq!(found.disposition.as_deref(), Some("resolved"));
    assert_eq!(found.customer, Some(customer));
}

#[tokio::test]
async fn queues_read_back_and_share_no_number() {
    let (store, _folder) = open().await;
    let db = store.db();
    let mut info = QueueInfo {
        id: QueueId(Uuid::from_u128(1)),
        name: "售后热线".to_owned(),
        numbers: vec!["4008001234".to_owned()],
        auto_answer: false,
        set_up: QueueSetUp {
            terms: Terms {
                ring_ms: 20_000,
                wrap_up_ms: None,
                disposition_required: true,
            },
            agents: std::collections::BTreeSet::new(),
        },
    };
    add_queue(db, &info).await.expect("adds");
    assert_eq!(queues(db).await.expect("reads"), [info.clone()]);
    info.id = QueueId(Uuid::from_u128(2));
    info.name = "售前咨询".to_owned();
    let taken = add_queue(db, &info).await.expect_err("the number is taken");
    assert!(is_conflict(&taken), "{taken}");
}

#[tokio::test]
async fn who_handed_a_contact_over_keeps_it_with_notes_of_their_own() {
    let (store, _folder) = open().await;
    let db = store.db();
    let past = a_contact(1, ContactState::Closed);
    add_past(db, &past).await.expect("writes");
    let former = AgentId(Uuid::from_u128(8));
    let mut notes = FormerNotes {
        contact: past.id,
        agent: former,
        name: None,
        disposition: None,
        note: "初".to_owned(),
        ended: UnixMs(5),
    };
    save_notes(db, &notes).await.expect("writes");
    notes.note = "再".to_owned();
    save_notes(db, &notes).await.expect("replaces");
    let listed = contacts_of_agent(db, former, UnixMs(i64::MAX), 9).await;
    assert_eq!(listed.expect("reads").len(), 1);
    let late = LateNotes {
        contact: past.id,
        agent: former,
        disposition: Some("callback".to_owned()),
        note: "终".to_owned(),
    };
    assert!(save_late_notes(db, &late).await.expect("saves"));
    let found = find(db, past.id).await.expect("reads").expect("is there");
    assert_eq!(found.note, "初", "the last agent's notes are not touched");

    let leg = Leg {
        contact: past.id,
        role: PartyRole::Outside,
        watch: None,
        agent: None,
        name: Some("王芳".to_owned()),
        number: Some(PhoneNumber::new("10086")),
        began: UnixMs(1),
        connected: Some(UnixMs(2)),
        ended: UnixMs(3),
        end: PartyEnd::HungUp,
        note: String::new(),
    };
    add_leg(db, &leg).await.expect("writes");
    assert_eq!(legs_of(db, past.id).await.expect("reads"), [leg]);
}
