//! What the outbox holds and what follows from each event, without disk or network.

use super::write::{Content, Refusal, Write};
use crate::view::{NoteDraft, RefusedWrite, TicketDraft};
use seatline_contract::{
    contact::WrapUp,
    id::{ContactId, TicketId, WriteId},
};
use std::collections::BTreeMap;

/// Everything in one outbox. It changes only by [`Book::apply`], after the same steps were
/// committed to disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Book {
    /// Writes by their place in the order.
    pub(crate) writes: BTreeMap<u64, Write>,
    /// Tickets being written.
    pub(crate) drafts: BTreeMap<TicketId, TicketDraft>,
    /// Notes being written.
    pub(crate) notes: BTreeMap<ContactId, NoteDraft>,
}

/// One change of the book.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Adds or replaces a write.
    PutWrite(u64, Box<Write>),
    /// Removes a write.
    DropWrite(u64),
    /// Adds or replaces a draft.
    PutDraft(Box<TicketDraft>),
    /// Removes a draft.
    DropDraft(TicketId),
    /// Adds or replaces a note.
    PutNote(Box<NoteDraft>),
    /// Removes a note.
    DropNote(ContactId),
}

impl Book {
    /// Carries steps out.
    pub(crate) fn apply(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::PutWrite(place, write) => {
                    self.writes.insert(place, *write);
                }
                Step::DropWrite(place) => {
                    self.writes.remove(&place);
                }
                Step::PutDraft(draft) => {
                    self.drafts.insert(draft.id, *draft);
                }
                Step::DropDraft(id) => {
                    self.drafts.remove(&id);
                }
                Step::PutNote(note) => {
                    self.notes.insert(note.contact, *note);
                }
                Step::DropNote(contact) => {
                    self.notes.remove(&contact);
                }
            }
        }
    }

    /// Puts a write at the end. A refused one that it replaces goes, and so does the draft it is
    /// made of: both are in the write now.
    pub(crate) fn enqueue(&self, write: Write) -> Vec<Step> {
        let mut steps: Vec<Step> = self
            .writes
            .iter()
            .filter(|(_, old)| old.refusal.is_some() && old.is_replaced_by(&write))
            .map(|(place, _)| Step::DropWrite(*place))
            .collect();
        if let Content::CreateTicket { draft } = &write.content {
            steps.push(Step::DropDraft(draft.id));
        }
        let place = self.writes.keys().next_back().map_or(0, |last| last + 1);
        steps.push(Step::PutWrite(place, Box::new(write)));
        steps
    }

    /// The centre has it.
    pub(crate) fn delivered(&self, id: WriteId) -> Vec<Step> {
        let Some((place, write)) = self.find(id) else {
            return Vec::new();
        };
        let mut steps = vec![Step::DropWrite(place)];
        if let Content::WrapUp { contact, wrap_up } = &write.content
            && let Some(note) = self.notes.get(contact)
        {
            if is_said_by(note, wrap_up) {
                steps.push(Step::DropNote(*contact));
            } else if wrap_up.done {
                // Typed after the write was made, and nothing else will send it: the contact is over.
                steps.extend(self.send_late_note(*contact));
            }
        }
        steps
    }

    /// The centre refused it. It is parked for the agent, or dropped if `told`: the agent knows
    /// and still has the text. A draft comes back either way.
    pub(crate) fn refused(&self, id: WriteId, refusal: Refusal, told: bool) -> Vec<Step> {
        let Some((place, write)) = self.find(id) else {
            return Vec::new();
        };
        let mut steps = vec![if told {
            Step::DropWrite(place)
        } else {
            let mut parked = write.clone();
            parked.refusal = Some(refusal);
            Step::PutWrite(place, Box::new(parked))
        }];
        if let Content::CreateTicket { draft } = &write.content
            && !self.drafts.contains_key(&draft.id)
        {
            steps.push(Step::PutDraft(Box::new(draft.clone())));
        }
        steps
    }

    /// Sends a refused write again, in its old place but under a new key, because the centre
    /// keeps its answer to the old one. `None` if there is no such refused write.
    pub(crate) fn retry(&self, id: WriteId) -> Option<(WriteId, Vec<Step>)> {
        let (place, write) = self.find(id).filter(|(_, write)| write.refusal.is_some())?;
        let mut again = Write::new(write.content.clone());
        // The draft that came back may have been changed since.
        if let Content::CreateTicket { draft } = &mut again.content
            && let Some(newer) = self.drafts.get(&draft.id)
        {
            *draft = newer.clone();
            again = Write::new(again.content);
        }
        let key = again.id;
        let mut steps = Vec::new();
        if let Content::CreateTicket { draft } = &again.content {
            steps.push(Step::DropDraft(draft.id));
        }
        steps.push(Step::PutWrite(place, Box::new(again)));
        Some((key, steps))
    }

    /// Gives a refused write up. `None` if there is no such refused write.
    pub(crate) fn discard(&self, id: WriteId) -> Option<Vec<Step>> {
        let (place, write) = self.find(id).filter(|(_, write)| write.refusal.is_some())?;
        let mut steps = vec![Step::DropWrite(place)];
        if let Content::WrapUp { contact, wrap_up } = &write.content
            && let Some(note) = self.notes.get(contact)
            && wrap_up.done
            && is_said_by(note, wrap_up)
        {
            steps.push(Step::DropNote(*contact));
        }
        Some(steps)
    }

    /// A contact left the agent's hands: what was typed for it and not sent is sent now, because
    /// the centre takes late notes too.
    pub(crate) fn send_late_note(&self, gone: ContactId) -> Vec<Step> {
        let waiting = self.writes.values().filter(|it| it.refusal.is_none());
        let last = waiting.rev().find_map(|write| match &write.content {
            Content::WrapUp { contact, wrap_up } if *contact == gone => Some(wrap_up),
            _ => None,
        });
        let is_sent = |note| last.is_some_and(|wrap_up| is_said_by(note, wrap_up));
        match self.notes.get(&gone) {
            Some(note) if !is_sent(note) => self.enqueue(Write::new(Content::WrapUp {
                contact: gone,
                wrap_up: WrapUp {
                    disposition: note.disposition.clone(),
                    note: note.note.clone(),
                    done: true,
                },
            })),
            Some(_) | None => Vec::new(),
        }
    }

    /// What was typed for contacts that are not in the agent's `held` hands any more and that
    /// nobody was told the end of: the desk was closed, or somebody signed out, meanwhile. What the
    /// centre refused stays with the agent.
    pub(crate) fn send_left_notes(&self, held: &[ContactId]) -> Vec<Step> {
        let refused = self.writes.values().filter(|it| it.refusal.is_some());
        let refused: Vec<ContactId> = refused
            .filter_map(|write| match &write.content {
                Content::WrapUp { contact, .. } => Some(*contact),
                _ => None,
            })
            .collect();
        let mut then = self.clone();
        let mut steps = Vec::new();
        for contact in self.notes.keys() {
            if !held.contains(contact) && !refused.contains(contact) {
                let more = then.send_late_note(*contact);
                then.apply(more.clone());
                steps.extend(more);
            }
        }
        steps
    }

    /// How many writes wait to be sent.
    pub(crate) fn pending(&self) -> usize {
        let waits = |write: &&Write| write.refusal.is_none();
        self.writes.values().filter(waits).count()
    }

    /// The refused writes, for the window.
    pub(crate) fn parked(&self) -> Vec<RefusedWrite> {
        self.writes
            .values()
            .filter_map(|write| {
                let refusal = write.refusal.as_ref()?;
                Some(RefusedWrite {
                    id: write.id.to_string(),
                    what: write.content.what().into(),
                    title: write.content.title(),
                    typed: write.content.typed(),
                    code: refusal.code,
                    field: refusal.field.clone(),
                })
            })
            .collect()
    }

    fn find(&self, id: WriteId) -> Option<(u64, &Write)> {
        self.writes
            .iter()
            .find(|(_, write)| write.id == id)
            .map(|(place, write)| (*place, write))
    }
}

fn is_said_by(note: &NoteDraft, wrap_up: &WrapUp) -> bool {
    note.note == wrap_up.note && note.disposition == wrap_up.disposition
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{DeskCode, FailureCode};
    use seatline_contract::time::UnixMs;
    use uuid::Uuid;

    const CONTACT: ContactId = ContactId(Uuid::from_u128(1));

    fn type_note(book: &mut Book, text: &str) {
        book.apply(vec![Step::PutNote(Box::new(NoteDraft {
            contact: CONTACT,
            disposition: None,
            note: text.into(),
            saved: UnixMs(1),
        }))]);
    }

    fn finish(book: &mut Book, text: &str) -> WriteId {
        let write = Write::new(Content::WrapUp {
            contact: CONTACT,
            wrap_up: WrapUp {
                disposition: None,
                note: text.into(),
                done: true,
            },
        });
        let id = write.id;
        book.apply(book.enqueue(write));
        id
    }

    fn refuse(book: &mut Book, id: WriteId) {
        let refusal = Refusal {
            code: FailureCode::Desk(DeskCode::Internal),
            field: None,
        };
        book.apply(book.refused(id, refusal, false));
    }

    /// The notes that wait to be sent, in order.
    fn waiting(book: &Book) -> Vec<&str> {
        let waits = book.writes.values().filter(|write| write.refusal.is_none());
        waits
            .filter_map(|write| match &write.content {
                Content::WrapUp { wrap_up, .. } => Some(wrap_up.note.as_str()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_late_note_is_sent_unless_the_same_is_on_its_way() {
        let mut book = Book::default();
        type_note(&mut book, "first");
        let first = finish(&mut book, "first");
        assert!(book.send_late_note(CONTACT).is_empty());
        type_note(&mut book, "second");
        book.apply(book.send_late_note(CONTACT));
        assert_eq!(waiting(&book), ["first", "second"]);
        book.apply(book.delivered(first));
        assert_eq!(waiting(&book), ["second"]);

        let second = book.writes.values().next().unwrap().id;
        refuse(&mut book, second);
        assert!(waiting(&book).is_empty());
        book.apply(book.send_late_note(CONTACT));
        assert_eq!(waiting(&book), ["second"]);
        assert!(book.parked().is_empty(), "the refused one is replaced");
    }

    #[test]
    fn notes_that_were_left_are_sent_once_their_contacts_are_gone() {
        let mut book = Book::default();
        let other = ContactId(Uuid::from_u128(2));
        type_note(&mut book, "left");
        book.apply(vec![Step::PutNote(Box::new(NoteDraft {
            contact: other,
            disposition: None,
            note: "another".into(),
            saved: UnixMs(1),
        }))]);
        assert!(book.send_left_notes(&[CONTACT, other]).is_empty());
        book.apply(book.send_left_notes(&[]));
        assert_eq!(waiting(&book), ["left", "another"]);
        assert!(book.send_left_notes(&[]).is_empty(), "on their way already");

        let first = book.writes.values().next().unwrap().id;
        refuse(&mut book, first);
        assert_eq!(book.parked()[0].typed, "left");
        assert!(book.send_left_notes(&[]).is_empty(), "the agent knows");
        book.apply(book.discard(first).unwrap());
        assert!(book.send_left_notes(&[]).is_empty(), "given up");
    }

    #[test]
    fn what_is_typed_after_the_contact_is_over_follows_what_was_sent() {
        let mut book = Book::default();
        type_note(&mut book, "first");
        let first = finish(&mut book, "first");
        type_note(&mut book, "second");
        book.apply(book.delivered(first));
        assert_eq!(waiting(&book), ["second"]);
        let second = book.writes.values().next().unwrap().id;
        book.apply(book.delivered(second));
        assert_eq!(book, Book::default());
    }
}
