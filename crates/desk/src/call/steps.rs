//! The steps of a call that take time. Each runs beside the driver and reports back.

use super::{Callee, Route, join::Join};
use crate::{
    failure::{DeskCode, Failure},
    sound::{Sound, Use},
};
use seatline_media::{Direction, Leg, LegError, LegEvent, WebRtcConfig};
use seatline_sip::{Call, CallError, CallEvents, PlaceCallError, ReofferError, UserAgent};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, atomic::AtomicBool},
};
use tokio::sync::mpsc::UnboundedReceiver;

/// A leg and what happens on it.
pub(crate) type NewLeg = (Leg, UnboundedReceiver<LegEvent>);

/// A call we make, as far as it got.
pub(crate) struct Placed {
    pub(crate) leg: NewLeg,
    pub(crate) call: (Call, CallEvents),
}

/// Makes a leg on the network that leads to the switch.
///
/// # Errors
/// [`DeskCode::MediaFailed`].
pub(crate) async fn make_leg(route: Route) -> Result<NewLeg, Failure> {
    let config = WebRtcConfig {
        bind: vec![local_address(route.switch)],
        port_range: route.ports,
        ice_servers: Vec::new(),
    };
    Leg::webrtc(config).await.map_err(|error| media(&error))
}

/// The address to gather on: loopback only for a switch on this computer.
fn local_address(switch: Option<SocketAddr>) -> IpAddr {
    let route = || {
        let switch = switch?;
        let any: IpAddr = match switch {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        // Sends nothing: it only makes the system choose a route.
        socket.connect(switch).ok()?;
        socket.local_addr().ok()
    };
    match route() {
        Some(local) if local.ip().is_loopback() => local.ip(),
        // Every interface, so that a second network can take over.
        Some(_) | None => Ipv4Addr::UNSPECIFIED.into(),
    }
}

/// Prepares the answer to a call that rings, so that answering takes no longer than it must.
///
/// # Errors
/// [`DeskCode::MediaFailed`].
pub(crate) async fn prepare(
    route: Route,
    offer: Option<String>,
) -> Result<(NewLeg, String), Failure> {
    let (leg, events) = make_leg(route).await?;
    let sdp = match offer {
        Some(offer) => leg.answer(&offer).await,
        None => leg.create_offer().await,
    };
    match sdp {
        Ok(sdp) => Ok(((leg, events), sdp)),
        Err(error) => {
            leg.close().await;
            Err(media(&error))
        }
    }
}

/// Opens the headset for a call's leg.
///
/// # Errors
/// The devices' codes, [`DeskCode::MediaFailed`].
pub(crate) async fn open_headset(
    sound: &Sound,
    id: u64,
    leg: &Leg,
    apart: Arc<AtomicBool>,
    use_of: Use,
) -> Result<(), Failure> {
    let (talker, listener) = leg.attach().map_err(|error| media(&error))?;
    let line = Box::new(Join::new(talker, listener, apart));
    sound.connect(id, line, use_of).await
}

/// Answers: headset first, so that a customer never meets an agent without a microphone.
///
/// # Errors
/// The devices' codes; [`DeskCode::NoCall`] when the caller has just left.
pub(crate) async fn answer(
    sound: &Sound,
    id: u64,
    leg: &Leg,
    call: &Call,
    sdp: String,
    apart: Arc<AtomicBool>,
    use_of: Use,
) -> Result<(), Failure> {
    open_headset(sound, id, leg, apart, use_of).await?;
    if let Err(error) = call.accept(sdp).await {
        sound.disconnect(id).await;
        return Err(match error {
            CallError::Ended => Failure::new(DeskCode::NoCall),
            CallError::OutOfTurn => Failure::new(DeskCode::WrongCallState),
        });
    }
    Ok(())
}

/// Makes a call: leg, headset, then the invitation.
///
/// # Errors
/// The devices' codes, [`DeskCode::MediaFailed`], [`DeskCode::LineDown`].
pub(crate) async fn place(
    sound: &Sound,
    id: u64,
    agent: &UserAgent,
    route: Route,
    callee: Callee,
    apart: Arc<AtomicBool>,
) -> Result<Placed, Failure> {
    let (leg, events) = make_leg(route).await?;
    let placed = async {
        let offer = leg.create_offer().await.map_err(|error| media(&error))?;
        open_headset(sound, id, &leg, apart, Use::Talk).await?;
        agent
            .call(callee.number, Vec::new(), offer)
            .await
            .map_err(|error| match error {
                PlaceCallError::NotRegistered
                | PlaceCallError::Unreachable
                | PlaceCallError::Disconnected => Failure::new(DeskCode::LineDown),
                PlaceCallError::BadTrunkUri => {
                    Failure::new(DeskCode::Internal).detail(error.to_string())
                }
            })
    };
    match placed.await {
        Ok(call) => Ok(Placed {
            leg: (leg, events),
            call,
        }),
        Err(failure) => {
            sound.disconnect(id).await;
            leg.close().await;
            Err(failure)
        }
    }
}

/// Agrees on a direction with the switch: hold or resume.
///
/// # Errors
/// [`DeskCode::MediaFailed`]; the session stays as it was.
pub(crate) async fn redirect(leg: &Leg, call: &Call, direction: Direction) -> Result<(), Failure> {
    let offer = leg
        .create_offer_with(direction)
        .await
        .map_err(|error| media(&error))?;
    negotiate(leg, call, offer).await
}

/// Looks for a new network path.
///
/// # Errors
/// [`DeskCode::MediaFailed`]; the session stays as it was.
pub(crate) async fn repair(leg: &Leg, call: &Call) -> Result<(), Failure> {
    let offer = leg.restart_ice().await.map_err(|error| media(&error))?;
    negotiate(leg, call, offer).await
}

async fn negotiate(leg: &Leg, call: &Call, offer: String) -> Result<(), Failure> {
    let answer = match call.reoffer(offer).await {
        Ok(answer) => answer,
        Err(error) => {
            // The old session stays; an offer that is not open needs no withdrawing.
            let _ = leg.withdraw_offer().await;
            return Err(match error {
                ReofferError::Ended => Failure::new(DeskCode::NoCall),
                ReofferError::Busy | ReofferError::Declined(_) | ReofferError::NoAnswer => {
                    Failure::new(DeskCode::MediaFailed).detail(error.to_string())
                }
            });
        }
    };
    leg.accept_answer(&answer)
        .await
        .map_err(|error| media(&error))
}

fn media(error: &LegError) -> Failure {
    Failure::new(DeskCode::MediaFailed).detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_on_this_computer_is_reached_over_loopback() {
        let local = local_address("127.0.0.1:5061".parse().ok());
        assert_eq!(local, IpAddr::from([127, 0, 0, 1]));
    }

    #[tokio::test]
    async fn sound_uses_the_ports_it_is_given() {
        let (first, last) = (41_200, 41_260);
        let route = Route {
            switch: "127.0.0.1:5061".parse().ok(),
            ports: Some(first..=last),
        };
        let (leg, _events) = make_leg(route).await.unwrap();
        let offer = leg.create_offer().await.unwrap();
        let ports: Vec<u16> = offer
            .lines()
            .filter(|line| line.starts_with("a=candidate:"))
            .filter_map(|line| line.split(' ').nth(5)?.parse().ok())
            .collect();
        assert!(!ports.is_empty(), "no candidate in {offer}");
        assert!(
            ports.iter().all(|port| (first..=last).contains(port)),
            "{ports:?}"
        );
        leg.close().await;
    }
}
