//! Scoring recorded calls: forms of weighted questions, scorecards, calibration.

use crate::{
    id::{AgentId, RecordingId, ScoreFormId, ScorecardId},
    time::UnixMs,
};
use serde::{Deserialize, Serialize};

/// A question of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ScoreQuestion {
    /// Stable within its form.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Its share of the whole, against the others' (1 to 100).
    pub weight: u32,
    /// Most points there are (1 to 10).
    pub most: u32,
}

/// Body of `POST /api/v1/score-forms` (supervisors). A form never changes; a new one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct NewScoreForm {
    /// Made by whoever sends it.
    pub id: ScoreFormId,
    /// Its name.
    pub name: String,
    /// In the order they are asked.
    pub questions: Vec<ScoreQuestion>,
}

/// A form to score calls with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ScoreForm {
    /// Which.
    pub id: ScoreFormId,
    /// Its name.
    pub name: String,
    /// In the order they are asked.
    pub questions: Vec<ScoreQuestion>,
    /// When it was made.
    pub created: UnixMs,
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ScoreAnswer {
    /// To which question.
    pub question: String,
    /// 0 to the question's most; `None` if it does not apply to this call.
    pub points: Option<u32>,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// A comment on one moment of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct PinnedComment {
    /// Milliseconds from the recording's beginning.
    pub at_ms: u32,
    /// What.
    pub text: String,
}

/// Body of `PUT /api/v1/recordings/{id}/scorecards/{card}` (supervisors): all of one's own card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct SaveScorecard {
    /// With which form.
    pub form: ScoreFormId,
    /// One for each question answered.
    pub answers: Vec<ScoreAnswer>,
    /// Comments on moments.
    #[serde(default)]
    pub comments: Vec<PinnedComment>,
    /// All is answered: the agent may read it, and it changes no more.
    pub done: bool,
}

/// What an agent says to a scorecard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ScoreReplyKind {
    /// Read and accepted.
    Accepted,
    /// Read, and seen differently.
    Disputed,
}

/// Body of `POST /api/v1/scorecards/{id}/reply`: the agent's, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ReplyToScorecard {
    /// Whether the agent agrees.
    pub kind: ScoreReplyKind,
    /// In words.
    #[serde(default)]
    pub text: String,
}

/// An agent's answer to a scorecard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct ScoreReply {
    /// Whether the agent agrees.
    pub kind: ScoreReplyKind,
    /// In words.
    pub text: String,
    /// When.
    pub at: UnixMs,
}

/// One supervisor's scoring of one recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Scorecard {
    /// Which.
    pub id: ScorecardId,
    /// Of which recording.
    pub recording: RecordingId,
    /// With which form.
    pub form: ScoreFormId,
    /// Who scored.
    pub author: AgentId,
    /// That person's name.
    pub author_name: String,
    /// One for each question answered.
    pub answers: Vec<ScoreAnswer>,
    /// Comments on moments, in their order.
    pub comments: Vec<PinnedComment>,
    /// Weighted points of what applies, in percent; `None` if nothing is answered.
    pub percent: Option<u32>,
    /// Whether it is finished.
    pub done: bool,
    /// When it was saved last.
    pub saved: UnixMs,
    /// What the agent says to it.
    pub reply: Option<ScoreReply>,
}

/// How far supervisors differ on one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct QuestionSpread {
    /// Which.
    pub question: String,
    /// Points of each card, in the cards' order.
    pub points: Vec<Option<u32>>,
    /// Most minus least, in percent of the question's points.
    pub spread_percent: u32,
}

/// Finished scorings of one recording with one form, beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "typescript", derive(specta::Type))]
pub struct Calibration {
    /// With which form.
    pub form: ScoreFormId,
    /// The cards.
    pub cards: Vec<Scorecard>,
    /// Question by question.
    pub questions: Vec<QuestionSpread>,
    /// Highest minus lowest total, in percentage points.
    pub spread_percent: u32,
}
