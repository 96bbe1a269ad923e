//! Where a ticket stands, and how it moves.
//!
//! ```text
//!          ┌───────────────────────────────┐
//!          ▼                               │
//!        open ◀──▶ in progress ◀──▶ waiting┤
//!          │           │  ▲            │
//!          └───────────┼──┼────────────┘
//!                      ▼  │ the customer objects
//!                    solved ──▶ closed
//! ```
//!
//! Closed is final. Staying where it is is no move.

use seatline_contract::ticket::TicketState;
use thiserror::Error;

/// A ticket cannot go from here to there; the desk's picture of it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a ticket does not go from {from:?} to {to:?}")]
pub struct IllegalMove {
    /// Where it stands.
    pub from: TicketState,
    /// Where it was to go.
    pub to: TicketState,
}

/// Checks a move.
///
/// # Errors
/// [`IllegalMove`].
pub(super) fn check_move(from: TicketState, to: TicketState) -> Result<(), IllegalMove> {
    use TicketState::{Closed, InProgress, Open, Solved, Waiting};
    let allowed = match from {
        Open | InProgress | Waiting => match to {
            Open | InProgress | Waiting | Solved => true,
            Closed => false,
        },
        Solved => match to {
            Solved | InProgress | Closed => true,
            Open | Waiting => false,
        },
        Closed => match to {
            Closed => true,
            Open | InProgress | Waiting | Solved => false,
        },
    };
    if allowed {
        Ok(())
    } else {
        Err(IllegalMove { from, to })
    }
}

/// All states in which somebody still has something to do.
pub(super) const OPEN: [TicketState; 3] = [
    TicketState::Open,
    TicketState::InProgress,
    TicketState::Waiting,
];

#[cfg(test)]
mod tests {
    use super::*;
    use TicketState::{Closed, InProgress, Open, Solved, Waiting};

    #[test]
    fn every_move_is_as_drawn() {
        let all = [Open, InProgress, Waiting, Solved, Closed];
        let refused: Vec<_> = all
            .iter()
            .flat_map(|&from| all.iter().map(move |&to| (from, to)))
            .filter(|&(from, to)| check_move(from, to).is_err())
            .collect();
        assert_eq!(
            refused,
            [
                (Open, Closed),
                (InProgress, Closed),
                (Waiting, Closed),
                (Solved, Open),
                (Solved, Waiting),
                (Closed, Open),
                (Closed, InProgress),
                (Closed, Waiting),
                (Closed, Solved),
            ]
        );
    }

    #[test]
    fn a_ticket_is_closed_only_after_it_was_solved() {
        let all = [Open, InProgress, Waiting, Solved, Closed];
        let unsolved = all
            .into_iter()
            .filter(|&from| check_move(from, Closed).is_err());
        assert_eq!(unsolved.collect::<Vec<_>>(), OPEN);
    }
}
