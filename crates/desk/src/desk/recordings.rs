//! Recordings of live calls and stored ones, and their scoring.

use super::Desk;
use crate::failure::Failure;
use reqwest::Method;
use seatline_contract::{
    id::{ContactId, RecordingId, ScoreFormId, ScorecardId},
    queue::Queue,
    recording::{
        EditRecording, Listen, ListenLink, PauseReason, PauseRecording, Recording, RecordingFilter,
        RecordingPage,
    },
    score::{Calibration, NewScoreForm, ReplyToScorecard, SaveScorecard, ScoreForm, Scorecard},
};

impl Desk {
    /// Keeps nothing of a call, for at most two minutes.
    ///
    /// # Errors
    /// The centre's `conflict` when the call is not recorded.
    pub async fn pause_recording(
        &self,
        contact: ContactId,
        reason: PauseReason,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/recording/pause");
        let body = PauseRecording { reason };
        self.order(Method::POST, &path, &body).await
    }

    /// Keeps the call again.
    ///
    /// # Errors
    /// As [`Desk::pause_recording`].
    pub async fn resume_recording(&self, contact: ContactId) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/recording/resume");
        self.order(Method::POST, &path, &()).await
    }

    /// Begins to record a call that is recorded on demand.
    ///
    /// # Errors
    /// The centre's `conflict` when it is not, or the customer refused.
    pub async fn start_recording(&self, contact: ContactId) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/recording/start");
        self.order(Method::POST, &path, &()).await
    }

    /// Ends the recording of a call that is recorded on demand.
    ///
    /// # Errors
    /// As [`Desk::start_recording`].
    pub async fn stop_recording(&self, contact: ContactId) -> Result<(), Failure> {
        let path = format!("/api/v1/contacts/{contact}/recording/stop");
        self.order(Method::POST, &path, &()).await
    }

    /// Finds recordings.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn recordings(&self, filter: RecordingFilter) -> Result<RecordingPage, Failure> {
        self.core
            .client()?
            .find("/api/v1/recordings", &filter)
            .await
    }

    /// All queues, to search by.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn queues(&self) -> Result<Vec<Queue>, Failure> {
        self.core.client()?.get("/api/v1/queues").await
    }

    /// A recording with all that the player shows.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn recording(&self, id: RecordingId) -> Result<Recording, Failure> {
        let path = format!("/api/v1/recordings/{id}");
        self.core.client()?.get(&path).await
    }

    /// A piece of the sound, between two times in milliseconds, as a WAV file: the customer on the
    /// left, the agent on the right. It is held in memory only, and each hearing is audited.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn hear_recording(
        &self,
        id: RecordingId,
        from_ms: u32,
        until_ms: u32,
    ) -> Result<Vec<u8>, Failure> {
        let client = self.core.client()?;
        let path = format!("/api/v1/recordings/{id}/listen");
        let piece = Listen {
            from_ms,
            until_ms: Some(until_ms),
        };
        let link: ListenLink = client.write(Method::POST, &path, &piece).await?;
        client.read(&link.path).await
    }

    /// Marks a recording with words, or keeps it whatever its age.
    ///
    /// # Errors
    /// The centre's `forbidden` and others.
    pub async fn edit_recording(
        &self,
        id: RecordingId,
        edit: EditRecording,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/recordings/{id}");
        self.order(Method::PATCH, &path, &edit).await
    }

    /// All forms to score calls with, the latest first.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn score_forms(&self) -> Result<Vec<ScoreForm>, Failure> {
        self.core.client()?.get("/api/v1/score-forms").await
    }

    /// Adds a form.
    ///
    /// # Errors
    /// The centre's `forbidden`, `invalid_field`.
    pub async fn create_score_form(&self, form: NewScoreForm) -> Result<(), Failure> {
        self.order(Method::POST, "/api/v1/score-forms", &form).await
    }

    /// Scorings of a recording: all for a supervisor, finished ones for the agent.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn scorecards(&self, recording: RecordingId) -> Result<Vec<Scorecard>, Failure> {
        let path = format!("/api/v1/recordings/{recording}/scorecards");
        self.core.client()?.get(&path).await
    }

    /// Saves one's own scoring.
    ///
    /// # Errors
    /// The centre's `conflict` once it is finished, `invalid_field`.
    pub async fn save_scorecard(
        &self,
        recording: RecordingId,
        id: ScorecardId,
        card: SaveScorecard,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/recordings/{recording}/scorecards/{id}");
        self.order(Method::PUT, &path, &card).await
    }

    /// Answers a scoring of one's own call.
    ///
    /// # Errors
    /// The centre's `conflict` when it was answered before.
    pub async fn reply_to_scorecard(
        &self,
        id: ScorecardId,
        reply: ReplyToScorecard,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/scorecards/{id}/reply");
        self.order(Method::POST, &path, &reply).await
    }

    /// Finished scorings of a recording with one form, beside each other.
    ///
    /// # Errors
    /// The centre's and the connection's codes.
    pub async fn calibration(
        &self,
        recording: RecordingId,
        form: ScoreFormId,
    ) -> Result<Calibration, Failure> {
        let path = format!("/api/v1/recordings/{recording}/calibration/{form}");
        self.core.client()?.get(&path).await
    }
}
