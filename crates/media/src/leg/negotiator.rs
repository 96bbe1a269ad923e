//! Whose offer/answer rules a leg follows.

use crate::peer::PeerNegotiation;
use crate::sdp::{Negotiation, Terms};
use crate::{Direction, LegError};

/// The exchange of either kind of leg.
pub(super) enum Negotiator {
    Rtp(Negotiation),
    Peer(PeerNegotiation),
    /// A simulated leg, whose terms are fixed.
    None,
}

/// What a simulated leg says to SDP.
const FIXED: LegError = LegError::WrongState {
    action: "negotiating",
    state: "fixed by a simulation",
};

impl Negotiator {
    pub(super) async fn offer(&mut self, direction: Direction) -> Result<String, LegError> {
        match self {
            Self::Rtp(negotiation) => negotiation.offer(direction),
            Self::Peer(negotiation) => negotiation.offer(direction, false).await,
            Self::None => Err(FIXED),
        }
    }

    pub(super) async fn restart(&mut self) -> Result<String, LegError> {
        match self {
            Self::Rtp(negotiation) => negotiation.offer(Direction::SendRecv),
            Self::Peer(negotiation) => negotiation.offer(Direction::SendRecv, true).await,
            Self::None => Err(FIXED),
        }
    }

    pub(super) async fn answer(&mut self, offer: &str) -> Result<(String, Terms), LegError> {
        match self {
            Self::Rtp(negotiation) => negotiation.answer(offer),
            Self::Peer(negotiation) => negotiation.answer(offer).await,
            Self::None => Err(FIXED),
        }
    }

    pub(super) async fn accept(&mut self, answer: &str) -> Result<Terms, LegError> {
        match self {
            Self::Rtp(negotiation) => negotiation.accept(answer),
            Self::Peer(negotiation) => negotiation.accept(answer).await,
            Self::None => Err(FIXED),
        }
    }

    pub(super) async fn withdraw(&mut self) -> Result<(), LegError> {
        match self {
            Self::Rtp(negotiation) => negotiation.withdraw(),
            Self::Peer(negotiation) => negotiation.withdraw().await,
            Self::None => Err(FIXED),
        }
    }
}
