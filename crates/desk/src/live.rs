//! The board and the colleagues: lists that change every second, apart from the one view, and told
//! by the centre only while a window shows them.

use crate::view::LiveView;
use seatline_contract::{
    directory::Colleague,
    event::ClientFrame,
    supervision::{BoardAgent, BoardCall, BoardChange, BoardQueue},
};
use std::{collections::HashMap, hash::Hash, sync::Arc};
use tokio::sync::watch;

/// What a window wants to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The board.
    pub(crate) board: bool,
    /// Colleagues.
    pub(crate) directory: bool,
}

impl Wanted {
    /// As the centre is told.
    pub(crate) fn frame(self) -> ClientFrame {
        ClientFrame::Watch {
            board: self.board,
            directory: self.directory,
        }
    }
}

/// Holds both lists and what is wanted of them.
pub(crate) struct Live {
    view: watch::Sender<Arc<LiveView>>,
    wanted: watch::Sender<Wanted>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            view: watch::Sender::default(),
            wanted: watch::Sender::default(),
        }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Arc<LiveView>> {
        self.view.subscribe()
    }

    /// What the centre is to be told, now and at every change.
    pub(crate) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    /// Changes what is wanted. What nobody wants is forgotten, because it grows old.
    pub(crate) fn want(&self, wanted: Wanted) {
        self.wanted.send_replace(wanted);
        self.change(|view| {
            if !wanted.board {
                view.queues = None;
                view.agents.clear();
                view.calls.clear();
            }
            if !wanted.directory {
                view.colleagues = None;
            }
        });
    }

    /// Everybody, as the centre listed them.
    pub(crate) fn list(&self, colleagues: Vec<Colleague>) {
        self.change(|view| view.colleagues = Some(colleagues));
    }

    /// One colleague's news.
    pub(crate) fn meet(&self, colleague: Colleague) {
        self.change(|view| {
            if let Some(known) = &mut view.colleagues {
                replace(known, vec![colleague], |it: &Colleague| it.person.id);
            }
        });
    }

    /// News of the board.
    pub(crate) fn take(&self, change: BoardChange) {
        self.change(|view| {
            let mut queues = view.queues.take().unwrap_or_default();
            if change.all {
                queues.clear();
                view.agents.clear();
                view.calls.clear();
            }
            view.calls
                .retain(|call| !change.over.contains(&call.contact));
            replace(&mut queues, change.queues, |it: &BoardQueue| it.queue.id);
            replace(&mut view.agents, change.agents, |it: &BoardAgent| {
                it.person.id
            });
            replace(&mut view.calls, change.calls, |it: &BoardCall| it.contact);
            view.queues = Some(queues);
        });
    }

    fn change(&self, change: impl FnOnce(&mut LiveView)) {
        self.view.send_modify(|view| change(Arc::make_mut(view)));
    }
}

/// Puts each new thing in its old one's place, and those never seen at the end.
fn replace<T, Id: Hash + Eq>(known: &mut Vec<T>, news: Vec<T>, id: impl Fn(&T) -> Id) {
    let mut places: HashMap<Id, usize> = HashMap::with_capacity(known.len());
    places.extend(known.iter().enumerate().map(|(place, it)| (id(it), place)));
    for it in news {
        match places.get(&id(&it)) {
            Some(place) => known[*place] = it,
            None => {
                places.insert(id(&it), known.len());
                known.push(it);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_contract::{id::QueueId, queue::Queue, time::UnixMs};
    use uuid::Uuid;

    fn queue(n: u128, waiting: u32) -> BoardQueue {
        BoardQueue {
            queue: Queue {
                id: QueueId(Uuid::from_u128(n)),
                name: format!("queue {n}"),
                waiting,
                longest_since: (waiting > 0).then_some(UnixMs(1)),
            },
            ready: 0,
            busy: 0,
            signed_in: 0,
            answered: 0,
            abandoned: 0,
            service_level: None,
            within_s: 20,
        }
    }

    fn waiting(live: &Live) -> Option<Vec<u32>> {
        let view = live.watch().borrow().clone();
        let queues = view.queues.as_ref()?;
        Some(queues.iter().map(|it| it.queue.waiting).collect())
    }

    #[test]
    fn changes_find_their_rows_and_a_whole_board_replaces_all() {
        let live = Live::new();
        let news = |all, queues| BoardChange {
            all,
            queues,
            ..BoardChange::default()
        };
        live.take(news(true, vec![queue(1, 0), queue(2, 5)]));
        live.take(news(false, vec![queue(1, 3), queue(3, 1)]));
        assert_eq!(waiting(&live), Some(vec![3, 5, 1]));
        live.take(news(true, vec![queue(2, 0)]));
        assert_eq!(waiting(&live), Some(vec![0]));
    }

    #[test]
    fn what_nobody_watches_is_forgotten() {
        let live = Live::new();
        live.take(BoardChange {
            all: true,
            queues: vec![queue(1, 0)],
            ..BoardChange::default()
        });
        live.list(Vec::new());
        live.want(Wanted {
            board: false,
            directory: true,
        });
        assert_eq!(waiting(&live), None);
        assert_eq!(live.watch().borrow().colleagues, Some(Vec::new()));
    }
}
