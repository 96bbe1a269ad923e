//! The keys and lamps on the headset. A key asks for what a hotkey asks for, and the lamps follow
//! the view, so that button, hotkey, tray and headset are of one mind.

use super::{Desk, core::Core, knocking};
use crate::{
    SoundSystem,
    board::Board,
    call::{Ask, Reply},
    failure::Failure,
    sound,
    view::{self, CallState, DeskView},
};
use seatline_audio::{
    Access, ButtonDevice, ButtonEvent, Buttons, Device, DeviceId, Direction, Lamps, Press,
};
use std::sync::{Arc, Weak};
use tokio::sync::{mpsc, oneshot};

/// Headsets with keys, and what they tell.
pub(super) struct Keys {
    buttons: Buttons,
    told: mpsc::UnboundedReceiver<ButtonEvent>,
}

/// Starts to watch for headsets with keys.
///
/// # Errors
/// [`crate::failure::DeskCode::SoundFailed`] when the system refuses a thread.
pub(super) fn open(system: &SoundSystem) -> Result<Keys, Failure> {
    let (tell, told) = mpsc::unbounded_channel();
    let events = move |event| {
        // Without a listener the engine has ended.
        let _ = tell.send(event);
    };
    let buttons = match system {
        SoundSystem::System => Buttons::open(events),
        SoundSystem::Simulated(simulation) => simulation.buttons().open(events),
    };
    let buttons = buttons.map_err(|error| sound::failure(&error))?;
    Ok(Keys { buttons, told })
}

/// Serves keys and lamps until the engine ends; then the lamps go out.
pub(super) async fn serve(core: Weak<Core>, board: Weak<Board>, mut keys: Keys) {
    let Some(mut views) = board.upgrade().map(|board| board.watch()) else {
        return;
    };
    views.mark_changed();
    loop {
        tokio::select! {
            told = keys.told.recv() => match told {
                Some(ButtonEvent::Pressed(press)) => {
                    if let Some(core) = core.upgrade() {
                        pressed(core, press);
                    }
                }
                Some(ButtonEvent::Devices(devices)) => {
                    if let Some(board) = board.upgrade() {
                        let buttons = devices.into_iter().map(show).collect();
                        board.change(|view| view.headset.buttons = buttons);
                    }
                }
                None => return,
            },
            changed = views.changed() => {
                if changed.is_err() {
                    return;
                }
                let view = views.borrow_and_update().clone();
                keys.buttons.follow(in_use(&view.headset));
                keys.buttons.show(lamps(&view));
            }
        }
    }
}

/// What a key comes to in this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Answer,
    Decline,
    HangUp,
    Mute(bool),
    Hold(bool),
    TakeKnocking,
    DeclineKnocking,
}

/// Nothing where there is no call to act on. A key that hangs up never declines: what rings may
/// be the next call already.
fn wish(press: Press, view: &DeskView) -> Option<Wish> {
    use CallState::{Active, Connecting, Dialing, Held, Reconnecting, Ringing};
    let state = view.call.as_ref()?.state;
    let knocks = knocking(view).is_some();
    match (press, state) {
        (Press::Answer, Ringing) => Some(Wish::Answer),
        (Press::Reject, _) if knocks => Some(Wish::DeclineKnocking),
        (Press::Reject, Ringing) => Some(Wish::Decline),
        (Press::HangUp, Dialing | Connecting | Active | Held | Reconnecting) => Some(Wish::HangUp),
        (Press::Mute(muted), Connecting | Active | Held | Reconnecting) => Some(Wish::Mute(muted)),
        (Press::Hold, _) if knocks => Some(Wish::TakeKnocking),
        (Press::Hold, Active) => Some(Wish::Hold(true)),
        (Press::Hold, Held) => Some(Wish::Hold(false)),
        (Press::Answer | Press::Reject, Dialing | Connecting | Active | Held | Reconnecting)
        | (Press::HangUp, Ringing)
        | (Press::Mute(_), Ringing | Dialing)
        | (Press::Hold, Ringing | Dialing | Connecting | Reconnecting) => None,
    }
}

fn pressed(core: Arc<Core>, press: Press) {
    let wish = wish(press, &core.board.view());
    tracing::info!(?press, ?wish, "a key of the headset");
    let ask = |ask: fn(Reply) -> Ask| tell(&core, ask);
    match wish {
        Some(Wish::Answer) => ask(Ask::Answer),
        Some(Wish::Decline) => ask(Ask::Decline),
        Some(Wish::HangUp) => ask(Ask::HangUp),
        Some(Wish::Mute(muted)) => tell(&core, |reply| Ask::Mute(muted, reply)),
        Some(Wish::Hold(held)) => tell(&core, |reply| Ask::Hold(held, reply)),
        Some(Wish::TakeKnocking) => {
            tokio::spawn(async move { note(Desk { core }.answer().await) });
        }
        Some(Wish::DeclineKnocking) => {
            tokio::spawn(async move { note(Desk { core }.decline().await) });
        }
        None => {}
    }
}

/// Asks in the order of the keys, without waiting for what becomes of it.
fn tell(core: &Core, ask: impl FnOnce(Reply) -> Ask) {
    let (reply, answer) = oneshot::channel();
    core.phone.tell(ask(reply));
    tokio::spawn(async move {
        // A driver that has ended says nothing.
        if let Ok(result) = answer.await {
            note(result);
        }
    });
}

fn note(result: Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::info!(code = ?failure.code, "what a key asked for was refused");
    }
}

/// What the lamps say of a view.
fn lamps(view: &DeskView) -> Lamps {
    let call = view.call.as_ref();
    let state = call.map(|call| call.state);
    let off_hook = state.is_some_and(|state| state != CallState::Ringing);
    Lamps {
        off_hook,
        ring: state == Some(CallState::Ringing) || knocking(view).is_some(),
        mute: off_hook && call.is_some_and(|call| call.muted),
        hold: state == Some(CallState::Held),
    }
}

/// Microphone and speaker that are in use: the chosen ones, else the system's.
fn in_use(headset: &view::Headset) -> Vec<Device> {
    let pick = |input: bool, chosen: &Option<String>| {
        let mut mine = headset.devices.iter().filter(move |it| it.input == input);
        mine.find(|it| match chosen {
            Some(id) => it.id == *id,
            None => it.is_default,
        })
    };
    let devices = [
        pick(true, &headset.microphone),
        pick(false, &headset.speaker),
    ];
    let devices = devices.into_iter().flatten().map(|it| Device {
        id: DeviceId::new(it.id.clone()),
        name: it.name.clone(),
        direction: if it.input {
            Direction::Input
        } else {
            Direction::Output
        },
        is_default: it.is_default,
        is_monitor: false,
    });
    devices.collect()
}

fn show(device: ButtonDevice) -> view::HeadsetButtons {
    view::HeadsetButtons {
        name: device.name,
        access: match device.access {
            Access::Works => view::ButtonAccess::Works,
            Access::NotChosen => view::ButtonAccess::NotChosen,
            Access::Forbidden => view::ButtonAccess::Forbidden,
            Access::Taken => view::ButtonAccess::Taken,
            // What the system said is in the log.
            Access::Failed(_) => view::ButtonAccess::Failed,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;
    use seatline_contract::{
        contact::Direction as CallDirection,
        customer::{NumberKind, NumberView},
        time::UnixMs,
    };
    use view::Keyring;

    fn view(state: Option<CallState>, muted: bool) -> DeskView {
        let mut view = DeskView::signed_out(settings::default(), Keyring::SessionOnly);
        view.call = state.map(|state| view::Call {
            contact: None,
            direction: CallDirection::Inbound,
            state,
            number: NumberView {
                display: "138****5678".into(),
                full: None,
                kind: NumberKind::Mobile,
                region: None,
            },
            name: None,
            since: UnixMs(0),
            connected: None,
            muted,
            digits: String::new(),
            customer_digits: String::new(),
            quality: None,
        });
        view
    }

    #[test]
    fn a_key_acts_only_where_it_can() {
        let idle = view(None, false);
        for press in [
            Press::Answer,
            Press::HangUp,
            Press::Reject,
            Press::Mute(true),
            Press::Hold,
        ] {
            assert_eq!(wish(press, &idle), None);
        }
        let ringing = view(Some(CallState::Ringing), false);
        assert_eq!(wish(Press::Answer, &ringing), Some(Wish::Answer));
        assert_eq!(wish(Press::Reject, &ringing), Some(Wish::Decline));
        assert_eq!(wish(Press::HangUp, &ringing), None, "the next call already");
        assert_eq!(wish(Press::Mute(true), &ringing), None);
        let talking = view(Some(CallState::Active), false);
        assert_eq!(wish(Press::Answer, &talking), None);
        assert_eq!(wish(Press::HangUp, &talking), Some(Wish::HangUp));
        assert_eq!(wish(Press::Mute(true), &talking), Some(Wish::Mute(true)));
        assert_eq!(wish(Press::Hold, &talking), Some(Wish::Hold(true)));
        let held = view(Some(CallState::Held), false);
        assert_eq!(wish(Press::Hold, &held), Some(Wish::Hold(false)));
    }

    #[test]
    fn lamps_follow_the_view() {
        let lit = |state, muted| {
            let Lamps {
                off_hook,
                ring,
                mute,
                hold,
            } = lamps(&view(state, muted));
            [off_hook, ring, mute, hold]
        };
        assert_eq!(lit(None, false), [false; 4]);
        let ringing = lit(Some(CallState::Ringing), true);
        assert_eq!(ringing, [false, true, false, false]);
        let dialing = lit(Some(CallState::Dialing), false);
        assert_eq!(dialing, [true, false, false, false]);
        let muted = lit(Some(CallState::Active), true);
        assert_eq!(muted, [true, false, true, false]);
        let held = lit(Some(CallState::Held), false);
        assert_eq!(held, [true, false, false, true]);
    }

    #[test]
    fn the_chosen_devices_are_followed_else_the_systems() {
        let device = |id: &str, input, is_default| view::Device {
            id: id.into(),
            name: id.to_uppercase(),
            input,
            is_default,
        };
        let mut headset = view(None, false).headset;
        headset.devices = vec![
            device("jabra", true, false),
            device("webcam", true, true),
            device("screen", false, true),
        ];
        let names = |headset: &view::Headset| -> Vec<String> {
            in_use(headset).into_iter().map(|it| it.name).collect()
        };
        assert_eq!(names(&headset), ["WEBCAM", "SCREEN"]);
        headset.microphone = Some("jabra".into());
        assert_eq!(names(&headset), ["JABRA", "SCREEN"]);
        headset.microphone = Some("gone".into());
        assert_eq!(names(&headset), ["SCREEN"]);
    }
}
