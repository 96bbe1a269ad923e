//! What a supervisor does.

use super::Desk;
use crate::failure::Failure;
use reqwest::Method;
use seatline_contract::{
    id::{AgentId, ContactId, MessageId, TeamId},
    supervision::{
        Follow, ForcePresence, ForceSignOut, Message, MessageFilter, MessagePage, NewMessage,
        SetTeam, Team, Watch, WatchMode,
    },
};
use uuid::Uuid;

impl Desk {
    /// Joins an agent's call, or changes how one is in it. The line rings and answers by itself.
    ///
    /// # Errors
    /// The centre's `forbidden` outside one's teams, `conflict` in a call of one's own,
    /// `line_not_ready`.
    pub async fn watch_contact(&self, contact: ContactId, mode: WatchMode) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/watch");
        self.order(Method::PUT, &path, &Watch { mode }).await
    }

    /// Leaves the call; agent and customer talk on.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn stop_watching(&self, contact: ContactId) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/watch");
        self.order(Method::DELETE, &path, &()).await
    }

    /// Becomes the call's agent; the one before goes to wrap-up.
    ///
    /// # Errors
    /// As [`Desk::watch_contact`].
    pub async fn take_over(&self, contact: ContactId) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/take-over");
        self.order(Method::POST, &path, &()).await
    }

    /// Joins each call of an agent by itself, or no longer.
    ///
    /// # Errors
    /// The centre's `forbidden`.
    pub async fn follow_agent(&self, agent: AgentId, follow: Follow) -> Result<(), Failure> {
        let path = format!("/api/v1/people/{agent}/follow");
        self.order(Method::PUT, &path, &follow).await
    }

    /// Sets an agent's presence; the agent reads why.
    ///
    /// # Errors
    /// The centre's `forbidden`, `invalid_field`.
    pub async fn force_presence(
        &self,
        agent: AgentId,
        forced: ForcePresence,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/people/{agent}/presence");
        self.order(Method::PUT, &path, &forced).await
    }

    /// Signs an agent out; the agent reads why.
    ///
    /// # Errors
    /// The centre's `forbidden`, `invalid_field`.
    pub async fn force_sign_out(
        &self,
        agent: AgentId,
        forced: ForceSignOut,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/people/{agent}/sign-out");
        self.order(Method::POST, &path, &forced).await
    }

    /// Writes to somebody; about a contact whose agent asks for help, it answers that.
    ///
    /// # Errors
    /// The centre's codes.
    pub async fn send_message(
        &self,
        person: AgentId,
        text: String,
        contact: Option<ContactId>,
    ) -> Result<Message, Failure> {
        let message = NewMessage {
            id: MessageId(Uuid::new_v4()),
            text,
            contact,
        };
        let path = format!("/api/v1/people/{person}/messages");
        let client = self.core.client()?;
        client.write(Method::POST, &path, &message).await
    }

    /// What somebody and the agent wrote to each other: the latest, or those before a given one.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn conversation(
        &self,
        person: AgentId,
        before: Option<MessageId>,
    ) -> Result<MessagePage, Failure> {
        let filter = MessageFilter {
            before,
            limit: None,
        };
        let path = format!("/api/v1/people/{person}/messages");
        self.core.client()?.find(&path, &filter).await
    }

    /// All teams.
    ///
    /// # Errors
    /// The centre's `forbidden` for agents.
    pub async fn teams(&self) -> Result<Vec<Team>, Failure> {
        self.core.client()?.get("/api/v1/teams").await
    }

    /// Makes a team or sets it up anew.
    ///
    /// # Errors
    /// The centre's `forbidden` for all but administrators, `conflict` for a name that is taken,
    /// `invalid_field`.
    pub async fn save_team(&self, id: TeamId, team: SetTeam) -> Result<(), Failure> {
        let path = format!("/api/v1/teams/{id}");
        self.order(Method::PUT, &path, &team).await
    }

    /// Dissolves a team.
    ///
    /// # Errors
    /// The centre's `forbidden` for all but administrators.
    pub async fn remove_team(&self, id: TeamId) -> Result<(), Failure> {
        let path = format!("/api/v1/teams/{id}");
        self.order(Method::DELETE, &path, &()).await
    }
}
