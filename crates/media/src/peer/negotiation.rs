//! Offer and answer of a WebRTC leg.

use super::{alias, candidate};
use crate::sdp::{Description, Format, Media, Terms, choose_event};
use crate::{Codec, Direction, LegError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use webrtc::peer_connection::{PeerConnection, RTCSessionDescription};

/// How long a STUN or TURN server may keep a call waiting; what was gathered by then is offered.
const GATHERING: Duration = Duration::from_secs(3);

/// The offer/answer exchange of one peer connection.
///
/// ```text
///          offer              accept
///  Stable ───────▶ Offered ───────────▶ Stable
///    │  ▲             │ withdraw
///    │  └─────────────┘
///    └──┐ answer
///    ▲  │
///    └──┘
/// ```
pub(crate) struct PeerNegotiation {
    connection: Arc<dyn PeerConnection>,
    gathered: Arc<Notify>,
    offered: Option<Direction>,
}

impl PeerNegotiation {
    pub(crate) fn new(connection: Arc<dyn PeerConnection>, gathered: Arc<Notify>) -> Self {
        Self {
            connection,
            gathered,
            offered: None,
        }
    }

    /// Makes an offer, with new ICE credentials if asked for.
    pub(crate) async fn offer(
        &mut self,
        direction: Direction,
        restart: bool,
    ) -> Result<String, LegError> {
        self.refuse_while_offered("an offer")?;
        if restart {
            self.connection.restart_ice().await?;
        }
        let offer = self.connection.create_offer(None).await?;
        self.connection.set_local_description(offer).await?;
        self.offered = Some(direction);
        Ok(alias::outward(&self.gather().await?, direction))
    }

    /// Takes the answer to our offer.
    pub(crate) async fn accept(&mut self, answer: &str) -> Result<Terms, LegError> {
        let Some(direction) = self.offered else {
            return Err(LegError::WrongState {
                action: "accepting an answer",
                state: "without an open offer",
            });
        };
        let theirs = Description::parse(answer)?;
        let (_, audio) = theirs.audio()?;
        require_security(&theirs, audio)?;
        let local = self.connection.local_description().await;
        let local = alias::outward(&local.ok_or(LegError::Closed)?.sdp, direction);
        let terms = agree(&local, &theirs, audio, direction, Answerer::They)?;
        let answer = RTCSessionDescription::answer(alias::inward(answer))
            .map_err(|error| LegError::Malformed(error.to_string()))?;
        self.connection.set_remote_description(answer).await?;
        self.offered = None;
        Ok(terms)
    }

    /// Takes an offer; returns the answer and what was agreed.
    pub(crate) async fn answer(&mut self, offer: &str) -> Result<(String, Terms), LegError> {
        self.refuse_while_offered("answering an offer")?;
        let theirs = Description::parse(offer)?;
        let (_, audio) = theirs.audio()?;
        require_security(&theirs, audio)?;
        if !audio
            .known_formats()
            .iter()
            .any(|(_, f)| matches!(f, Format::Voice(_)))
        {
            return Err(LegError::NoCommonCodec);
        }
        let remote = RTCSessionDescription::offer(alias::inward(offer))
            .map_err(|error| LegError::Malformed(error.to_string()))?;
        let stated = theirs.direction(audio);
        let direction = Direction::of(stated.receives(), stated.sends());
        match self.answer_with(remote, &theirs, audio, direction).await {
            Ok(done) => Ok(done),
            Err(error) => {
                // Back to the session as it was; there is nothing to undo if the offer itself was
                // refused.
                let undo = RTCSessionDescription::rollback(None)?;
                let _ = self.connection.set_remote_description(undo).await;
                Err(error)
            }
        }
    }

    async fn answer_with(
        &self,
        remote: RTCSessionDescription,
        theirs: &Description,
        audio: &Media,
        direction: Direction,
    ) -> Result<(String, Terms), LegError> {
        self.connection.set_remote_description(remote).await?;
        let answer = self.connection.create_answer(None).await?;
        let ours = alias::outward(&answer.sdp, direction);
        let terms = agree(&ours, theirs, audio, direction, Answerer::We)?;
        self.connection.set_local_description(answer).await?;
        let answer = self.gather().await?;
        Ok((alias::outward(&answer, direction), terms))
    }

    /// Forgets an open offer.
    pub(crate) async fn withdraw(&mut self) -> Result<(), LegError> {
        if self.offered.is_none() {
            return Err(LegError::WrongState {
                action: "withdrawing an offer",
                state: "without an open offer",
            });
        }
        let undo = RTCSessionDescription::rollback(None)?;
        self.connection.set_local_description(undo).await?;
        self.offered = None;
        Ok(())
    }

    fn refuse_while_offered(&self, action: &'static str) -> Result<(), LegError> {
        match self.offered {
            None => Ok(()),
            Some(_) => Err(LegError::WrongState {
                action,
                state: "waiting for an answer",
            }),
        }
    }

    /// The local description once its candidates are complete.
    async fn gather(&self) -> Result<String, LegError> {
        let deadline = tokio::time::Instant::now() + GATHERING;
        loop {
            let description = self.connection.local_description().await;
            let text = description.ok_or(LegError::Closed)?.sdp;
            if text.contains("a=end-of-candidates") {
                return Ok(candidate::name_default(&text));
            }
            if tokio::time::timeout_at(deadline, self.gathered.notified())
                .await
                .is_err()
            {
                tracing::warn!("gathering addresses took too long; some are left out");
                return Ok(candidate::name_default(&text));
            }
        }
    }
}

/// Who made the answer, whose order of codecs counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answerer {
    We,
    They,
}

fn agree(
    local: &str,
    theirs: &Description,
    their_audio: &Media,
    ours: Direction,
    answerer: Answerer,
) -> Result<Terms, LegError> {
    let local = Description::parse(local)?;
    let (_, our_audio) = local.audio()?;
    let receive = our_audio.known_formats();
    let send = their_audio.known_formats();
    let (first, second) = match answerer {
        Answerer::We => (&receive, &send),
        Answerer::They => (&send, &receive),
    };
    let codec = voices(first)
        .find(|codec| voices(second).any(|other| other == *codec))
        .ok_or(LegError::NoCommonCodec)?;
    let payload_type = send
        .iter()
        .find(|(_, format)| *format == Format::Voice(codec))
        .map(|(payload_type, _)| *payload_type)
        .ok_or(LegError::NoCommonCodec)?;
    let remote_direction = theirs.direction(their_audio);
    Ok(Terms {
        codec,
        payload_type,
        event: choose_event(&send, codec),
        receive,
        sending: ours.sends() && remote_direction.receives(),
        receiving: ours.receives() && remote_direction.sends(),
        remote_direction,
        remote: None,
    })
}

fn voices(formats: &[(u8, Format)]) -> impl Iterator<Item = Codec> {
    formats.iter().filter_map(|(_, format)| match format {
        Format::Voice(codec) => Some(*codec),
        Format::Event(_) => None,
    })
}

/// Refuses media that is not keyed by DTLS (RFC 8827 6.5: no SDES, no plain RTP).
fn require_security(description: &Description, audio: &Media) -> Result<(), LegError> {
    let secure = matches!(
        audio.protocol.as_str(),
        "UDP/TLS/RTP/SAVPF" | "UDP/TLS/RTP/SAVP" | "RTP/SAVPF"
    );
    let keyed = description.attribute(audio, "fingerprint").is_some();
    let sdes = audio.attribute("crypto").is_some();
    match secure && keyed && !sdes {
        true => Ok(()),
        false => Err(LegError::Insecure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dtls_keys_are_good_enough() {
        let check = |protocol: &str, attributes: &str| {
            let text = format!("v=0\nm=audio 9 {protocol} 111\n{attributes}");
            let description = Description::parse(&text).unwrap();
            let (_, audio) = description.audio().unwrap();
            require_security(&description, audio)
        };
        let fingerprint = "a=fingerprint:sha-256 AB\n";
        assert!(check("UDP/TLS/RTP/SAVPF", fingerprint).is_ok());
        for (protocol, attributes) in [
            ("UDP/TLS/RTP/SAVPF", ""),
            ("RTP/AVP", fingerprint),
            ("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\n"),
            (
                "UDP/TLS/RTP/SAVPF",
                "a=fingerprint:sha-256 AB\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\n",
            ),
        ] {
            assert!(
                matches!(check(protocol, attributes), Err(LegError::Insecure)),
                "{protocol} {attributes}"
            );
        }
    }
}
