//! Scoring recorded calls. A form never changes, so that a card always means what it meant when it
//! was written.
//!
//! ```text
//!   card ──saved──► begun ──done──► finished ──reply──► answered
//!                    ▲ │ (the author)      (the call's agent, once)
//!                    └─┘
//! ```

mod entity;
mod migration;
mod routes;
mod store;

pub(crate) use migration::migration;
pub(crate) use routes::routes;

use crate::App;
use sea_orm::DbErr;
use seatline_contract::{
    id::RecordingId,
    score::{QuestionSpread, ScoreAnswer, ScoreQuestion, Scorecard},
};

/// Whether a recording was scored by anybody to the end.
pub(super) async fn is_scored(app: &App, recording: RecordingId) -> Result<bool, DbErr> {
    store::has_finished(app.store.db(), recording).await
}

/// Weighted points of what is answered and applies, in percent.
fn percent(questions: &[ScoreQuestion], answers: &[ScoreAnswer]) -> Option<u32> {
    let (mut reached, mut possible) = (0.0, 0.0);
    for question in questions {
        if let Some(points) = points_of(answers, &question.id) {
            reached += f64::from(question.weight) * f64::from(points) / f64::from(question.most);
            possible += f64::from(question.weight);
        }
    }
    // Of at most 100 in each hundred, so it fits.
    (possible > 0.0).then(|| (reached / possible * 100.0).round() as u32)
}

fn points_of(answers: &[ScoreAnswer], question: &str) -> Option<u32> {
    answers
        .iter()
        .find(|answer| answer.question == question)
        .and_then(|answer| answer.points)
}

/// How far the cards differ, question by question.
fn spread(questions: &[ScoreQuestion], cards: &[Scorecard]) -> Vec<QuestionSpread> {
    let one = |question: &ScoreQuestion| {
        let points: Vec<Option<u32>> = cards
            .iter()
            .map(|card| points_of(&card.answers, &question.id))
            .collect();
        QuestionSpread {
            question: question.id.clone(),
            spread_percent: range(points.iter().flatten().copied()) * 100 / question.most,
            points,
        }
    };
    questions.iter().map(one).collect()
}

/// Most minus least.
fn range(values: impl Iterator<Item = u32> + Clone) -> u32 {
    let most = values.clone().max().unwrap_or(0);
    most - values.min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(id: &str, weight: u32, most: u32) -> ScoreQuestion {
        ScoreQuestion {
            id: id.into(),
            text: id.into(),
            weight,
            most,
        }
    }

    fn answer(question: &str, points: Option<u32>) -> ScoreAnswer {
        ScoreAnswer {
            question: question.into(),
            points,
            note: String::new(),
        }
    }

    #[test]
    fn weights_count_and_what_does_not_apply_does_not() {
        let questions = [question("greeting", 20, 5), question("solved", 80, 1)];
        let score = |answers: &[ScoreAnswer]| percent(&questions, answers);
        assert_eq!(score(&[]), None);
        assert_eq!(
            score(&[answer("greeting", Some(5)), answer("solved", Some(0))]),
            Some(20)
        );
        assert_eq!(
            score(&[answer("greeting", Some(4)), answer("solved", None)]),
            Some(80)
        );
        assert_eq!(
            score(&[answer("greeting", Some(3)), answer("solved", Some(1))]),
            Some(92)
        );
    }
}
