//! Ten thousand writes through a network that loses, repeats and cuts, and a desk that is killed:
//! none lost, none doubled, the order kept for each record.

use super::{
    book::{Book, Step},
    cipher::Key,
    schedule::{Next, Schedule, Verdict},
    store::{Store, tests::memory_directory},
    write::{Content, Refusal, Write, new_comment},
};
use crate::failure::{DeskCode, Failure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use seatline_contract::{
    error::{ApiError, Code},
    id::{CommentId, TicketId, WriteId},
};
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use uuid::Uuid;

const WRITES: usize = 10_000;
const RECORDS: u128 = 40;

/// A centre with idempotency keys, that counts.
#[derive(Default)]
struct Centre {
    answers: HashMap<WriteId, Result<(), Code>>,
    comments: HashMap<TicketId, Vec<CommentId>>,
    repeats: usize,
}

impl Centre {
    fn take(&mut self, write: &Write) -> Result<(), Code> {
        if let Some(answer) = self.answers.get(&write.id) {
            self.repeats += 1;
            return *answer;
        }
        let Content::CommentTicket { id, comment } = &write.content else {
            panic!("only comments are written here");
        };
        self.comments.entry(*id).or_default().push(comment.id);
        self.answers.insert(write.id, Ok(()));
        Ok(())
    }
}

struct Desk {
    store: Store,
    book: Book,
    schedule: Schedule,
}

impl Desk {
    fn open(path: &Path, key: &Key) -> Self {
        let (store, book) = Store::open(path, key.clone()).unwrap();
        Self {
            store,
            book,
            schedule: Schedule::default(),
        }
    }

    fn commit(&mut self, steps: Vec<Step>) {
        self.store.commit(&steps).unwrap();
        self.book.apply(steps);
    }
}

/// What a killed process leaves: the file as it is, opened by a new one.
fn kill_and_restart(desk: Desk, path: &Path, directory: &Path, n: usize) -> PathBuf {
    let copy = directory.join(format!("outbox-{n}.redb"));
    // Copied while open: nothing is flushed or closed in order first.
    std::fs::copy(path, &copy).unwrap();
    drop(desk);
    std::fs::remove_file(path).unwrap();
    copy
}

#[test]
fn nothing_is_lost_doubled_or_reordered() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random::<u64>);
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let directory = memory_directory();
    let mut path = directory.path().join("outbox.redb");
    let key = Key::random();
    let mut desk = Desk::open(&path, &key);
    let mut centre = Centre::default();
    let mut late: Vec<Write> = Vec::new();
    let mut wanted: HashMap<TicketId, Vec<CommentId>> = HashMap::new();
    let mut now = Instant::now();
    let (mut made, mut kills, mut cuts) = (0, 0, 0);

    while made < WRITES || desk.book.pending() > 0 {
        // The agent writes, a few at a time.
        for _ in 0..random.random_range(0..8) {
            if made == WRITES || desk.book.pending() > 60 {
                break;
            }
            made += 1;
            let id = TicketId(Uuid::from_u128(random.random_range(0..RECORDS)));
            let comment = new_comment(format!("comment {made}"));
            wanted.entry(id).or_default().push(comment.id);
            let write = Write::new(Content::CommentTicket { id, comment });
            desk.commit(desk.book.enqueue(write));
        }
        // Copies the network kept arrive whenever they like.
        if !late.is_empty() && random.random_bool(0.1) {
            let copy = late.swap_remove(random.random_range(0..late.len()));
            let _ = centre.take(&copy);
        }
        if random.random_bool(0.01) {
            kills += 1;
            path = kill_and_restart(desk, &path, directory.path(), kills);
            desk = Desk::open(&path, &key);
        }
        match desk.schedule.next(&desk.book, now) {
            Next::Send(write) => {
                let arrives = random.random_bool(0.9);
                let answer = arrives.then(|| centre.take(&write));
                if arrives && random.random_bool(0.05) {
                    late.push((*write).clone());
                }
                // Killed with the answer on its way: the outcome is never written down.
                if random.random_bool(0.01) {
                    kills += 1;
                    path = kill_and_restart(desk, &path, directory.path(), kills);
                    desk = Desk::open(&path, &key);
                    continue;
                }
                let heard = answer.filter(|_| random.random_bool(0.9));
                match heard {
                    Some(Ok(())) => {
                        desk.commit(desk.book.delivered(write.id));
                        desk.schedule.succeeded(write.id);
                    }
                    Some(Err(code)) => panic!("the centre refused: {code:?}"),
                    None => {
                        cuts += 1;
                        let failure = if random.random_bool(0.5) {
                            Failure::new(DeskCode::CentreUnreachable)
                        } else {
                            ApiError::new(Code::Unavailable).into()
                        };
                        let chance = random.random();
                        let verdict = desk.schedule.failed(write.id, &failure, now, chance);
                        assert_eq!(verdict, Verdict::Later);
                    }
                }
            }
            Next::Wait(until) => {
                assert!(until > now, "waiting must end");
                now = until;
            }
            Next::Idle => assert_eq!(desk.book.pending(), 0, "something waits for ever"),
        }
        now += Duration::from_millis(random.random_range(0..50));
    }

    assert_eq!(centre.comments, wanted);
    let all: HashSet<CommentId> = centre.comments.values().flatten().copied().collect();
    assert_eq!(all.len(), WRITES);
    println!("{kills} kills, {cuts} cuts, {} repeats", centre.repeats);
    assert!(kills > 0 && cuts > 0 && centre.repeats > 0);
}

#[test]
fn a_refused_creation_holds_back_what_needs_it_and_nothing_else() {
    use crate::view::TicketDraft;
    use seatline_contract::{
        contact::WrapUp,
        customer::NewCustomer,
        id::{ContactId, CustomerId},
        ticket::{EditTicket, Priority},
        time::UnixMs,
    };
    let now = Instant::now();
    let mut book = Book::default();
    let mut schedule = Schedule::default();
    let customer_id = CustomerId(Uuid::from_u128(1));
    let contact = ContactId(Uuid::from_u128(2));
    let customer: NewCustomer =
        serde_json::from_value(serde_json::json!({ "id": customer_id, "name": "李伟" })).unwrap();
    let draft = TicketDraft {
        id: TicketId(Uuid::from_u128(3)),
        contact: Some(contact),
        customer: Some(customer_id),
        subject: "Leaking tap".into(),
        ticket_type: "repair".into(),
        priority: Priority::High,
        description: String::new(),
        assignee: None,
        saved: UnixMs(0),
    };
    book.apply(vec![Step::PutDraft(Box::new(draft.clone()))]);
    for content in [
        Content::CreateCustomer { customer },
        Content::CreateTicket {
            draft: draft.clone(),
        },
        Content::EditTicket {
            id: draft.id,
            edit: EditTicket::default(),
        },
        Content::WrapUp {
            contact,
            wrap_up: WrapUp {
                disposition: None,
                note: String::new(),
                done: true,
            },
        },
    ] {
        let steps = book.enqueue(Write::new(content));
        book.apply(steps);
    }
    assert!(book.drafts.is_empty(), "the draft is in the write now");
    let next = |book: &Book, schedule: &Schedule| match schedule.next(book, now) {
        Next::Send(write) => Some((write.id, write.content.what())),
        Next::Wait(_) | Next::Idle => None,
    };
    let refuse = |book: &mut Book, id, told| {
        let refusal = Refusal {
            code: Failure::from(ApiError::new(Code::InvalidField)).code,
            field: Some("name".into()),
        };
        let steps = book.refused(id, refusal, told);
        book.apply(steps);
    };

    let (customer_write, what) = next(&book, &schedule).unwrap();
    assert_eq!(what, "create_customer");
    let failure = ApiError::field("name").into();
    assert_eq!(
        schedule.failed(customer_write, &failure, now, 0.5),
        Verdict::Refused
    );
    refuse(&mut book, customer_write, false);
    let (wrap_up, what) = next(&book, &schedule).unwrap();
    assert_eq!(what, "wrap_up", "it does not need the customer");
    let steps = book.delivered(wrap_up);
    book.apply(steps);
    assert_eq!(next(&book, &schedule), None);
    assert_eq!(book.parked()[0].what, "create_customer");
    assert_eq!(book.pending(), 2);

    let (again, steps) = book.retry(customer_write).unwrap();
    book.apply(steps);
    assert_ne!(
        again, customer_write,
        "the centre keeps its answer to a key"
    );
    assert_eq!(next(&book, &schedule).unwrap().0, again);
    let steps = book.delivered(again);
    book.apply(steps);

    let (ticket, what) = next(&book, &schedule).unwrap();
    assert_eq!(what, "create_ticket");
    refuse(&mut book, ticket, true);
    assert_eq!(book.drafts[&draft.id], draft, "the text comes back");
    assert!(book.parked().is_empty(), "the agent was told in the window");
    assert_eq!(next(&book, &schedule).unwrap().1, "edit_ticket");
}
