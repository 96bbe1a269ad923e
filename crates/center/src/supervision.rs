//! What supervisors see and do: the live board, help, messages, teams, forced presence.
//!
//! ```text
//!   calls ──records──►┌──────────────┐──board, colleagues──► those who watch
//!   desks ──quality──►│ Supervision  │──help, messages─────► supervisors and agents
//!   people, teams ───►└──────────────┘
//! ```
//!
//! Everything here is in memory and made anew at the start: who is on which team from the
//! database, the day's figures from the stored contacts, and the rest by those who ask for it.

mod board;
mod day;
mod entity;
mod figures;
mod follow;
mod forced;
mod help;
mod level;
mod messages;
mod migration;
mod roster;
mod teams;
mod ticker;
mod watch;

pub(crate) use figures::{Facts, Figures};
pub(crate) use help::{answered_by, open_helps};
pub(crate) use level::add_level;
pub(crate) use migration::migrations;
pub(crate) use roster::Roster;
pub(crate) use teams::put_team;

use crate::{
    App,
    calls::{self, Record},
    identity::Signed,
};
use day::day_of;
use parking_lot::{Mutex, MutexGuard, RwLock};
use sea_orm::DbErr;
use seatline_contract::{
    id::{AgentId, ContactId},
    identity::Role,
    supervision::LineQuality,
    time::UnixMs,
};
use std::{collections::HashMap, sync::Arc};
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long what a desk said of its line is shown, in milliseconds.
const QUALITY_KEPT_MS: i64 = 10_000;

/// What supervision keeps in memory.
///
/// None of its locks is held while another one, or that of calls, is taken; calls may ask it while
/// they hold theirs.
#[derive(Debug)]
pub struct Supervision {
    roster: RwLock<Arc<Roster>>,
    figures: Mutex<Figures>,
    quality: Mutex<HashMap<AgentId, Heard>>,
    helps: Mutex<HashMap<ContactId, help::Asked>>,
    following: Mutex<follow::Following>,
    watchers: watch::Watchers,
}

/// What an agent's desk last said of its line.
#[derive(Debug, Clone, Copy)]
struct Heard {
    contact: ContactId,
    quality: LineQuality,
    at: UnixMs,
}

impl Supervision {
    pub(crate) fn new(now: UnixMs) -> Self {
        Self {
            roster: RwLock::default(),
            figures: Mutex::new(Figures::new(day_of(now))),
            quality: Mutex::default(),
            helps: Mutex::default(),
            following: Mutex::default(),
            watchers: watch::Watchers::default(),
        }
    }

    /// People and teams now.
    pub(crate) fn roster(&self) -> Arc<Roster> {
        self.roster.read().clone()
    }

    /// The figures, of a new day if one has begun.
    fn today(&self, now: UnixMs) -> MutexGuard<'_, Figures> {
        let mut figures = self.figures.lock();
        if !figures.day().has(now) {
            figures.begin(day_of(now));
        }
        figures
    }

    /// A desk wants to be told more, or less, over this connection. The board is for supervisors.
    pub(crate) fn watch(&self, signed: &Signed, connection: u64, board: bool, directory: bool) {
        let board = board && signed.person.role != Role::Agent;
        self.watchers
            .set(signed.agent(), connection, board, directory);
    }

    /// A desk may have missed something and is told all it watches again.
    pub(crate) fn watch_anew(&self, agent: AgentId, connection: u64) {
        self.watchers.renew(agent, connection);
    }

    /// A connection ended, and with it what it watched.
    pub(crate) fn stop_watching(&self, agent: AgentId, connection: u64) {
        self.watchers.end(agent, connection);
    }

    /// An agent's desk says how good its line is; forgotten with the call.
    pub(crate) fn hear_quality(&self, app: &App, agent: AgentId, quality: LineQuality) {
        let Some(contact) = app.calls.talking(agent) else {
            return;
        };
        let heard = Heard {
            contact,
            quality: within_reason(quality),
            at: app.clock.now(),
        };
        self.quality.lock().insert(agent, heard);
    }

    /// The figures that are not too old to be shown.
    fn recent_quality(&self, now: UnixMs) -> HashMap<AgentId, (ContactId, LineQuality)> {
        let mut all = self.quality.lock();
        all.retain(|_, heard| now.since(heard.at) <= QUALITY_KEPT_MS);
        all.iter()
            .map(|(agent, heard)| (*agent, (heard.contact, heard.quality)))
            .collect()
    }
}

/// What a desk says may be anything; what is shown is not.
fn within_reason(quality: LineQuality) -> LineQuality {
    LineQuality {
        mos: quality.mos.clamp(1.0, 4.5),
        loss_percent: quality.loss_percent.clamp(0.0, 100.0),
        round_trip_ms: quality.round_trip_ms.map(|ms| ms.min(60_000)),
    }
}

/// A contact has a new state that is being stored.
pub(crate) fn saw(app: &App, record: &Record) {
    let now = app.clock.now();
    app.supervision.today(now).note(&record.into());
    help::review(app, record.id);
    follow::join_followers(app, record);
}

/// Routes of supervision.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(help::ask_help, help::take_help_back))
        .routes(routes!(messages::list_messages, messages::send_message))
        .routes(routes!(forced::force_presence))
        .routes(routes!(forced::force_sign_out))
        .routes(routes!(follow::follow_agent))
        .routes(routes!(teams::list_teams))
        .routes(routes!(teams::set_team, teams::remove_team))
}

/// Reads people, teams and the day so far, and begins to tell those who watch.
///
/// # Errors
/// Those of the database.
pub(crate) async fn start(app: &App, stop: CancellationToken) -> Result<(), DbErr> {
    reload_roster(app).await?;
    count_today(app).await?;
    tokio::spawn(ticker::run(app.clone(), stop));
    Ok(())
}

/// Reads people and teams anew after either has changed.
///
/// # Errors
/// Those of the database.
pub(crate) async fn reload_roster(app: &App) -> Result<(), DbErr> {
    let roster = Roster::read(app.store.db()).await?;
    *app.supervision.roster.write() = Arc::new(roster);
    Ok(())
}

/// Counts what was stored of today before this start.
async fn count_today(app: &App) -> Result<(), DbErr> {
    for (queue, within_s) in level::read_levels(app.store.db()).await? {
        app.supervision.set_level(queue, within_s);
    }
    let now = app.clock.now();
    let from = app.supervision.today(now).day().from;
    let stored = calls::stored_since(app.store.db(), from.plus(-DAY_MS)).await?;
    let mut figures = app.supervision.today(now);
    for facts in &stored {
        figures.note(facts);
    }
    Ok(())
}

/// A contact that is connected today began at most so long before, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;
