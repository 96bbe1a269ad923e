//! What a supervisor does.

use seatline_contract::{
    id::{AgentId, ContactId, MessageId, TeamId},
    supervision::{
        Follow, ForcePresence, ForceSignOut, Message, MessagePage, SetTeam, Team, WatchMode,
    },
};
use seatline_desk::{Desk, failure::Failure};
use tauri::State;

/// Joins an agent's call, or changes how one is in it. The line rings and answers by itself.
///
/// # Errors
/// The centre's `forbidden` outside one's teams, `conflict` in a call of one's own,
/// `line_not_ready`.
#[tauri::command]
#[specta::specta]
pub async fn watch_contact(
    desk: State<'_, Desk>,
    contact: ContactId,
    mode: WatchMode,
) -> Result<(), Failure> {
    desk.watch_contact(contact, mode).await
}

/// Leaves the call; agent and customer talk on.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn stop_watching(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.stop_watching(contact).await
}

/// Becomes the call's agent; the one before goes to wrap-up.
///
/// # Errors
/// As [`watch_contact`].
#[tauri::command]
#[specta::specta]
pub async fn take_over(desk: State<'_, Desk>, contact: ContactId) -> Result<(), Failure> {
    desk.take_over(contact).await
}

/// Joins each call of an agent by itself, or no longer.
///
/// # Errors
/// The centre's `forbidden`.
#[tauri::command]
#[specta::specta]
pub async fn follow_agent(
    desk: State<'_, Desk>,
    agent: AgentId,
    follow: Follow,
) -> Result<(), Failure> {
    desk.follow_agent(agent, follow).await
}

/// Sets an agent's presence; the agent reads why.
///
/// # Errors
/// The centre's `forbidden`, `invalid_field`.
#[tauri::command]
#[specta::specta]
pub async fn force_presence(
    desk: State<'_, Desk>,
    agent: AgentId,
    forced: ForcePresence,
) -> Result<(), Failure> {
    desk.force_presence(agent, forced).await
}

/// Signs an agent out; the agent reads why.
///
/// # Errors
/// The centre's `forbidden`, `invalid_field`.
#[tauri::command]
#[specta::specta]
pub async fn force_sign_out(
    desk: State<'_, Desk>,
    agent: AgentId,
    forced: ForceSignOut,
) -> Result<(), Failure> {
    desk.force_sign_out(agent, forced).await
}

/// Writes to somebody; about a contact whose agent asks for help, it answers that.
///
/// # Errors
/// The centre's codes.
#[tauri::command]
#[specta::specta]
pub async fn send_message(
    desk: State<'_, Desk>,
    person: AgentId,
    text: String,
    contact: Option<ContactId>,
) -> Result<Message, Failure> {
    desk.send_message(person, text, contact).await
}

/// What somebody and the agent wrote to each other: the latest, or those before a given one.
///
/// # Errors
/// The centre's and the connection's codes.
#[tauri::command]
#[specta::specta]
pub async fn conversation(
    desk: State<'_, Desk>,
    person: AgentId,
    before: Option<MessageId>,
) -> Result<MessagePage, Failure> {
    desk.conversation(person, before).await
}

/// All teams.
///
/// # Errors
/// The centre's `forbidden` for agents.
#[tauri::command]
#[specta::specta]
pub async fn teams(desk: State<'_, Desk>) -> Result<Vec<Team>, Failure> {
    desk.teams().await
}

/// Makes a team or sets it up anew.
///
/// # Errors
/// The centre's `forbidden` for all but administrators, `conflict` for a name that is taken,
/// `invalid_field`.
#[tauri::command]
#[specta::specta]
pub async fn save_team(desk: State<'_, Desk>, id: TeamId, team: SetTeam) -> Result<(), Failure> {
    desk.save_team(id, team).await
}

/// Dissolves a team.
///
/// # Errors
/// The centre's `forbidden` for all but administrators.
#[tauri::command]
#[specta::specta]
pub async fn remove_team(desk: State<'_, Desk>, id: TeamId) -> Result<(), Failure> {
    desk.remove_team(id).await
}
