//! The clock of those who watch: twice a second it looks at everything once, and tells each of
//! them what is new.

use super::{
    board::{Beside, Board, Personal},
    roster::Roster,
    watch::Watcher,
};
use crate::{App, calls::Look, compliance::number::Number};
use seatline_contract::{
    customer::NumberView,
    directory::Colleague,
    event::Change,
    id::{AgentId, ContactId},
    identity::Role,
    secret::PhoneNumber,
    supervision::BoardChange,
    time::UnixMs,
};
use std::{
    collections::{BTreeSet, HashMap},
    panic::AssertUnwindSafe,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// Changes of colleagues so recent that a list read before the watch began may lack them, in
/// milliseconds.
const RECENT_MS: i64 = 10_000;
/// Colleagues told of in one go; the others follow at the next look.
const MOST_COLLEAGUES: usize = 100;

/// What was told last.
#[derive(Default)]
struct Told {
    board: Board,
    colleagues: HashMap<AgentId, Colleague>,
    /// Numbers as supervisors see them; telling what a number is takes longer than all the rest.
    numbers: HashMap<ContactId, (Option<PhoneNumber>, NumberView)>,
}

/// Looks and tells until stopped; rests while nobody watches.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut told = Told::default();
    loop {
        let idle = app.supervision.watchers.are_gone();
        let pause = async {
            if idle {
                std::future::pending::<()>().await;
            } else {
                tokio::time::sleep(EVERY).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.supervision.watchers.begin() => {}
            () = pause => {}
        }
        // A fault in one look must not leave everybody without a board.
        if std::panic::catch_unwind(AssertUnwindSafe(|| told.look(&app))).is_err() {
            metrics::counter!("seatline_faults_total").increment(1);
            tracing::error!("a fault in the board; all of it is told anew");
            told = Told::default();
            app.supervision.watchers.renew_all();
        }
    }
}

impl Told {
    fn look(&mut self, app: &App) {
        let watchers = app.supervision.watchers.now();
        if watchers.is_empty() {
            *self = Self::default();
            return;
        }
        let roster = app.supervision.roster();
        let people = roster.people().iter().map(|person| person.id);
        let Some(look) = app.calls.look(people) else {
            return;
        };
        let now = app.clock.now();
        let colleagues = self.meet(&roster, &look);
        let board = watchers.iter().any(|(_, watcher)| watcher.board);
        let news = board.then(|| self.redraw(app, &roster, look, now));
        for (agent, mut watcher) in watchers {
            if watcher.directory {
                self.tell_colleagues(app, agent, &mut watcher, &colleagues, now);
            }
            if watcher.board
                && let Some(news) = &news
            {
                self.tell_board(app, &roster, agent, &mut watcher, news.as_ref());
            }
            app.supervision.watchers.note(agent, watcher);
        }
    }

    /// Makes the board anew; returns what is new on it.
    fn redraw(
        &mut self,
        app: &App,
        roster: &Roster,
        look: Look,
        now: UnixMs,
    ) -> Option<BoardChange> {
        let quality = app.supervision.recent_quality(now);
        let helps = app.supervision.helps();
        let live: BTreeSet<ContactId> = look.calls.iter().map(|call| call.contact).collect();
        self.numbers.retain(|contact, _| live.contains(contact));
        let in_full = app.shows_numbers_to(Role::Supervisor);
        let show = |contact, number: Option<&PhoneNumber>| {
            if let Some((known, view)) = self.numbers.get(&contact)
                && known.as_ref() == number
            {
                return view.clone();
            }
            let text = number.map_or("", PhoneNumber::expose);
            let view = Number::classify(text).view(in_full, app.config.language);
            self.numbers
                .insert(contact, (number.cloned(), view.clone()));
            view
        };
        let board = {
            let beside = Beside {
                roster,
                figures: &app.supervision.today(now),
                quality: &quality,
                helps: &helps,
            };
            Board::build(look, &beside, show)
        };
        let news = board.since(&self.board);
        self.board = board;
        news
    }

    fn tell_board(
        &self,
        app: &App,
        roster: &Roster,
        agent: AgentId,
        watcher: &mut Watcher,
        news: Option<&BoardChange>,
    ) {
        let Some(reader) = roster.person(agent) else {
            return;
        };
        let on_board = self.board.agents.keys();
        let own = Personal {
            mine: on_board
                .filter(|agent| roster.may_steer(reader, **agent))
                .copied()
                .collect(),
            followed: app.supervision.followed_by(agent),
        };
        let change = match &watcher.told {
            None => self.board.personalise(Some(self.board.whole()), &own, &own),
            Some(before) => self.board.personalise(news.cloned(), before, &own),
        };
        let Some(change) = change else {
            return;
        };
        let change = Change::Board { change };
        let kept_up = app.hub.publish_on(agent, watcher.connection, vec![change]);
        // One that fell behind is told all when it has caught up.
        watcher.told = kept_up.then_some(own);
    }

    /// Notes what everybody does; returns who does something else than before.
    fn meet(&mut self, roster: &Roster, look: &Look) -> BTreeSet<AgentId> {
        let mut changed = BTreeSet::new();
        for person in roster.people() {
            let Some(seen) = look.agents.get(&person.id) else {
                continue;
            };
            let team = roster.team_name(person.id);
            let known = self.colleagues.get(&person.id).is_some_and(|known| {
                known.presence == seen.presence.presence
                    && known.since == seen.presence.since
                    && known.callable == seen.callable
                    && known.team.as_deref() == team
                    && known.person == *person
            });
            if !known {
                let colleague = Colleague {
                    person: person.clone(),
                    team: team.map(str::to_owned),
                    presence: seen.presence.presence.clone(),
                    since: seen.presence.since,
                    callable: seen.callable,
                };
                self.colleagues.insert(person.id, colleague);
                changed.insert(person.id);
            }
        }
        changed
    }

    fn tell_colleagues(
        &self,
        app: &App,
        agent: AgentId,
        watcher: &mut Watcher,
        changed: &BTreeSet<AgentId>,
        now: UnixMs,
    ) {
        let owed = match &mut watcher.owed {
            Some(owed) => {
                owed.extend(changed);
                owed
            }
            None => {
                let recent = self
                    .colleagues
                    .values()
                    .filter(|colleague| now.since(colleague.since) <= RECENT_MS);
                watcher
                    .owed
                    .insert(recent.map(|colleague| colleague.person.id).collect())
            }
        };
        let next: Vec<AgentId> = owed.iter().take(MOST_COLLEAGUES).copied().collect();
        let changes = next
            .iter()
            .filter_map(|id| self.colleagues.get(id))
            .map(|colleague| Change::Colleague {
                colleague: colleague.clone(),
            })
            .collect();
        if app.hub.publish_on(agent, watcher.connection, changes) {
            owed.retain(|id| !next.contains(id));
        }
    }
}
