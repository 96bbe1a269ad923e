//! A whole call with the keys on the headset, which are simulated as HID reports.

use crate::{
    calls::{CUSTOMER_TONE, in_state, rings},
    rig::{AGENT_TONE, Centre, Computer, Telephone, seen},
};
use seatline_audio::{Direction, Lamps, sim::SimulatedButtons};
use seatline_desk::{
    Desk,
    view::{ButtonAccess, CallState, DeskView},
};
use std::time::{Duration, Instant};

const TALKS: Lamps = Lamps {
    off_hook: true,
    ring: false,
    mute: false,
    hold: false,
};

async fn lit(headset: &SimulatedButtons, lamps: Lamps) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while headset.lamps() != lamps {
        let shown = headset.lamps();
        assert!(Instant::now() < deadline, "{shown:?}, not {lamps:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn shown(desk: &Desk, access: Option<ButtonAccess>) {
    seen(desk, &format!("the headset's keys: {access:?}"), |view| {
        let first = view.headset.buttons.first();
        (first.map(|it| it.access) == access).then_some(())
    })
    .await;
}

fn muted(wanted: bool) -> impl Fn(&DeskView) -> Option<()> {
    move |view| (view.call.as_ref()?.muted == wanted).then_some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_muted_held_and_ended_at_the_headset() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let headset = computer.simulation.buttons();
    headset.plug();
    let desk = computer.ready(&centre).await;
    shown(&desk, Some(ButtonAccess::Works)).await;

    let mut customer = telephone.call(&centre).await;
    customer.answered().await;
    rings(&desk).await;
    let ringing = Lamps {
        off_hook: false,
        ring: true,
        ..TALKS
    };
    lit(headset, ringing).await;
    headset.press_hook();
    in_state(&desk, CallState::Active).await;
    lit(headset, TALKS).await;
    assert!(computer.simulation.is_open(Direction::Input));

    headset.press_mute();
    seen(&desk, "muted by the key", muted(true)).await;
    lit(
        headset,
        Lamps {
            mute: true,
            ..TALKS
        },
    )
    .await;
    let mut phone = customer.headset();
    let quiet = Duration::from_millis(1_200);
    phone.use_for(quiet, CUSTOMER_TONE).await;
    let heard = phone.use_for(quiet, CUSTOMER_TONE).await;
    let lately = &heard[heard.len() / 2..];
    let loud = seatline_audio::sim::amplitude_at(lately, AGENT_TONE);
    assert!(loud < 0.02, "the customer hears {loud}");
    // The window undoes it, and the lamp follows.
    desk.set_muted(false).await.unwrap();
    lit(headset, TALKS).await;

    headset.press_flash();
    in_state(&desk, CallState::Held).await;
    lit(
        headset,
        Lamps {
            hold: true,
            ..TALKS
        },
    )
    .await;
    headset.press_flash();
    in_state(&desk, CallState::Active).await;
    lit(headset, TALKS).await;

    // Pulled out in mid-call, the call goes on; plugged in again, its lamps are right.
    headset.press_mute();
    seen(&desk, "muted by the key", muted(true)).await;
    headset.unplug();
    shown(&desk, None).await;
    in_state(&desk, CallState::Active).await;
    headset.plug();
    shown(&desk, Some(ButtonAccess::Works)).await;
    lit(
        headset,
        Lamps {
            mute: true,
            ..TALKS
        },
    )
    .await;

    headset.press_hook();
    customer.ended().await;
    seen(&desk, "the call is over", |view| {
        view.call.is_none().then_some(())
    })
    .await;
    lit(headset, Lamps::default()).await;
    assert!(!headset.is_off_hook());
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_may_not_be_used_are_said_so_and_calls_go_on_without() {
    let telephone = Telephone::start().await;
    let centre = Centre::start(&telephone.uri()).await;
    let computer = Computer::new(&centre);
    let headset = computer.simulation.buttons();
    headset.forbid(true);
    headset.plug();
    let desk = computer.ready(&centre).await;
    shown(&desk, Some(ButtonAccess::Forbidden)).await;
    let mut customer = telephone.call(&centre).await;
    customer.answered().await;
    rings(&desk).await;
    headset.press_hook();
    desk.answer().await.unwrap();
    in_state(&desk, CallState::Active).await;
    assert_eq!(headset.written(), 0, "it is left alone");
    // Allowed in mid-call, it joins in.
    headset.forbid(false);
    shown(&desk, Some(ButtonAccess::Works)).await;
    lit(headset, TALKS).await;
    desk.hang_up().await.unwrap();
    customer.ended().await;
    lit(headset, Lamps::default()).await;
    desk.shutdown().await;
    centre.stop().await;
}
