//! The file under bad luck: wrong keys, damage, a full disk.

use super::*;
use crate::{
    outbox::write::{Content, Write},
    view::{NoteDraft, TicketDraft},
};
use redb::{StorageBackend, backends::InMemoryBackend};
use seatline_contract::{
    customer::{EditCustomer, NewCustomer},
    id::CustomerId,
    ticket::Priority,
    time::UnixMs,
};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

fn draft(n: u128, text: &str) -> TicketDraft {
    TicketDraft {
        id: TicketId(Uuid::from_u128(n)),
        contact: None,
        customer: None,
        subject: text.into(),
        ticket_type: String::new(),
        priority: Priority::Normal,
        description: String::new(),
        assignee: None,
        saved: UnixMs(1),
    }
}

fn steps() -> Vec<Step> {
    let customer = NewCustomer {
        id: CustomerId(Uuid::from_u128(3)),
        name: "周倩".into(),
        ..serde_json::from_str(r#"{"id":"00000000-0000-0000-0000-000000000003","name":""}"#)
            .unwrap()
    };
    vec![
        Step::PutDraft(Box::new(draft(1, "a draft nobody may read"))),
        Step::PutNote(Box::new(NoteDraft {
            contact: ContactId(Uuid::from_u128(2)),
            disposition: None,
            note: "note".into(),
            saved: UnixMs(2),
        })),
        Step::PutWrite(
            7,
            Box::new(Write::new(Content::CreateCustomer { customer })),
        ),
        Step::PutWrite(
            8,
            Box::new(Write::new(Content::EditCustomer {
                id: CustomerId(Uuid::from_u128(3)),
                edit: EditCustomer::default(),
            })),
        ),
    ]
}

/// In memory, if the system has it: the disk's own speed is not what is tested.
pub(in crate::outbox) fn memory_directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

#[test]
fn what_was_committed_is_there_after_a_restart_and_unreadable_without_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("outbox.redb");
    let key = Key::random();
    let (mut store, mut book) = Store::open(&path, key.clone()).unwrap();
    assert_eq!(book, Book::default());
    store.commit(&steps()).unwrap();
    book.apply(steps());
    // The ids of the writes were made twice.
    let mut expected = book;
    drop(store);

    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"a draft"));
    assert!(matches!(
        Store::open(&path, Key::random()),
        Err(StoreError::WrongKey)
    ));
    let (mut store, again) = Store::open(&path, key.clone()).unwrap();
    assert_eq!(again.drafts, expected.drafts);
    assert_eq!(again.notes, expected.notes);
    assert_eq!(again.writes.keys().collect::<Vec<_>>(), [&7, &8]);

    store
        .commit(&[
            Step::DropWrite(7),
            Step::DropDraft(TicketId(Uuid::from_u128(1))),
        ])
        .unwrap();
    expected.writes.remove(&7);
    drop(store);
    let (_, again) = Store::open(&path, key).unwrap();
    assert!(again.drafts.is_empty());
    assert_eq!(again.writes.keys().collect::<Vec<_>>(), [&8]);
}

#[test]
fn a_file_in_use_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("outbox.redb");
    let key = Key::random();
    let (_store, _) = Store::open(&path, key.clone()).unwrap();
    assert!(matches!(
        Store::open(&path, key),
        Err(StoreError::Failed(_))
    ));
}

#[test]
fn damage_is_reported_never_repaired_by_guess() {
    let directory = memory_directory();
    let path = directory.path().join("outbox.redb");
    let key = Key::random();
    let (mut store, _) = Store::open(&path, key.clone()).unwrap();
    store.commit(&steps()).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();

    fs::write(&path, b"not a database at all").unwrap();
    assert!(matches!(
        Store::open(&path, key.clone()),
        Err(StoreError::Damaged(_))
    ));
    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    assert!(matches!(
        Store::open(&path, key.clone()),
        Err(StoreError::Damaged(_))
    ));
    // A flipped bit anywhere either does not matter or is noticed; it never shows false text.
    let mut noticed = 0;
    let step = whole.len() / 120;
    for place in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        match Store::open(&path, key.clone()) {
            Ok((_, book)) => {
                for draft in book.drafts.values() {
                    assert_eq!(draft.subject, "a draft nobody may read");
                }
            }
            Err(StoreError::Full) => panic!("damage taken for a full disk"),
            Err(_) => noticed += 1,
        }
    }
    println!("{noticed} flipped bits were noticed");
}

/// A disk that is full while told to be.
#[derive(Debug)]
struct FillingDisk {
    memory: Arc<InMemoryBackend>,
    full: Arc<AtomicBool>,
}

impl FillingDisk {
    fn check(&self) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for FillingDisk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.check()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        self.memory.write(offset, data)
    }
}

#[test]
fn a_full_disk_changes_nothing_and_passes() {
    let memory = Arc::new(InMemoryBackend::new());
    let full = Arc::new(AtomicBool::new(false));
    let open = {
        let (memory, full) = (memory.clone(), full.clone());
        move || {
            Database::builder().create_with_backend(FillingDisk {
                memory: memory.clone(),
                full: full.clone(),
            })
        }
    };
    let (mut store, _) = Store::open_with(Box::new(open.clone()), Key::random()).unwrap();
    let key = store.key.clone();
    store
        .commit(&[Step::PutDraft(Box::new(draft(1, "before")))])
        .unwrap();
    full.store(true, Ordering::SeqCst);
    let after = [Step::PutDraft(Box::new(draft(1, "after")))];
    assert!(matches!(store.commit(&after), Err(StoreError::Full)));
    assert!(matches!(store.commit(&after), Err(StoreError::Full)));
    full.store(false, Ordering::SeqCst);
    store.commit(&after).unwrap();
    drop(store);
    let (_, book) = Store::open_with(Box::new(open), key).unwrap();
    assert_eq!(book.drafts[&TicketId(Uuid::from_u128(1))].subject, "after");
}
