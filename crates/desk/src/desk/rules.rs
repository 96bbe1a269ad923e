//! What administrators decide: how calls reach agents, and what is recorded.

use super::Desk;
use crate::failure::Failure;
use reqwest::Method;
use seatline_contract::{
    id::{AgentId, QueueId},
    queue::{CallPolicy, CallRules, EditQueue},
    recording::RecordingPolicy,
};

impl Desk {
    /// How calls reach everybody.
    ///
    /// # Errors
    /// The centre's `forbidden` for all but administrators.
    pub async fn call_rules(&self) -> Result<CallRules, Failure> {
        self.core.client()?.get("/api/v1/call-rules").await
    }

    /// Decides how calls reach a person, from the next one on.
    ///
    /// # Errors
    /// The centre's `forbidden` for all but administrators, `not_found`.
    pub async fn set_call_policy(
        &self,
        person: AgentId,
        policy: CallPolicy,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/people/{person}/call-policy");
        self.order(Method::PUT, &path, &policy).await
    }

    /// Changes a queue, from its next offer on.
    ///
    /// # Errors
    /// As [`Desk::set_call_policy`].
    pub async fn edit_queue(&self, queue: QueueId, edit: EditQueue) -> Result<(), Failure> {
        let path = format!("/api/v1/queues/{queue}");
        self.order(Method::PATCH, &path, &edit).await
    }

    /// What is recorded, for how long it is kept and who may hear it.
    ///
    /// # Errors
    /// The centre's `forbidden` for agents.
    pub async fn recording_policy(&self) -> Result<RecordingPolicy, Failure> {
        self.core.client()?.get("/api/v1/recordings/policy").await
    }

    /// Decides that for the calls that begin from now on.
    ///
    /// # Errors
    /// The centre's `forbidden` for all but administrators, `invalid_field`.
    pub async fn set_recording_policy(
        &self,
        policy: RecordingPolicy,
    ) -> Result<RecordingPolicy, Failure> {
        let client = self.core.client()?;
        let path = "/api/v1/recordings/policy";
        client.write(Method::PUT, path, &policy).await
    }
}
