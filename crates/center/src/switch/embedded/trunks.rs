//! Where outbound calls go.

use super::Core;
use seatline_contract::secret::PhoneNumber;
use seatline_sip::{Call, CallEvents, Number, OutgoingCall, Target, TrunkCredentials};

/// A way to the telephone network.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Its name in logs.
    pub name: String,
    /// Its URI without user.
    pub uri: String,
    /// What it wants proved, if anything.
    pub credentials: Option<TrunkCredentials>,
    /// The number shown to those called.
    pub caller_id: Option<PhoneNumber>,
}

/// Why no trunk took a call.
pub(super) enum NoTrunk {
    /// The number can not be put into a SIP message.
    Undiallable,
    /// None is set up, or none can be reached.
    Unreachable,
}

impl Core {
    /// Places a call through the first trunk that takes it.
    pub(super) async fn place(
        &self,
        number: &PhoneNumber,
        sdp: &str,
    ) -> Result<(Call, CallEvents), NoTrunk> {
        let to = Number::parse(number.expose()).map_err(|_| NoTrunk::Undiallable)?;
        for trunk in &self.config.trunks {
            let shown = trunk
                .caller_id
                .as_ref()
                .and_then(|number| Number::parse(number.expose()).ok());
            let from = match shown {
                Some(from) => from,
                None => Number::parse("anonymous").map_err(|_| NoTrunk::Undiallable)?,
            };
            let target = Target::Trunk {
                uri: trunk.uri.clone(),
                credentials: trunk.credentials.clone(),
            };
            let call = OutgoingCall {
                to: to.clone(),
                from,
                display_name: None,
                headers: Vec::new(),
                sdp: sdp.to_owned(),
            };
            match self.endpoint.call(target, call).await {
                Ok(call) => return Ok(call),
                Err(error) => {
                    tracing::warn!(trunk = trunk.name, %error, "a trunk did not take a call");
                }
            }
        }
        Err(NoTrunk::Unreachable)
    }
}
