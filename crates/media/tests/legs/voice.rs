//! Voice, keys, hold and renegotiation between our own legs.

use crate::party::{Bridge, Party, SECOND, TWO_SECONDS, assert_conversation, assert_hears, talk};
use seatline_media::sim::{self, Headset, Network, level_at, loudness};
use seatline_media::{
    Clip, Codec, Content, Direction, LegError, LegEvent, SAMPLE_RATE, Source, Statistics, Tone,
};
use std::sync::Arc;
use std::time::Duration;

/// The figures of `a` once they are as wanted; both talk meanwhile. Repeated within bounds, because
/// delay suffers when other tests take the processor.
async fn figures(
    a: &Party,
    at_a: &mut Headset,
    at_b: &mut Headset,
    wanted: impl Fn(&Statistics) -> bool,
) -> Statistics {
    for _ in 0..8 {
        assert_conversation((at_a, 440.0), (at_b, 1_000.0)).await;
        let statistics = a.leg.statistics();
        println!("{statistics:?}");
        if wanted(&statistics) {
            return statistics;
        }
    }
    panic!("the figures are never as they should be");
}

fn is_near(statistics: &Statistics) -> bool {
    statistics.round_trip_ms.is_some_and(|trip| trip < 200.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webrtc_to_webrtc_connects_again_and_again_and_carries_voice() {
    for _ in 0..5 {
        let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
        let took = a.call(&mut b).await;
        println!("connected in {took:?}");
        a.leg.close().await;
        b.leg.close().await;
    }

    let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
    a.call(&mut b).await;
    let (mut at_a, mut at_b) = (a.headset(), b.headset());
    talk(
        (&mut at_a, 440.0),
        (&mut at_b, 1_000.0),
        Duration::from_secs(4),
        SECOND,
    )
    .await;
    let fine = |statistics: &Statistics| statistics.bars == 4 && is_near(statistics);
    let statistics = figures(&a, &mut at_a, &mut at_b, fine).await;
    a.wait_for(|event| *event == LegEvent::FirstAudio).await;
    assert_eq!(statistics.codec, Some(Codec::Opus));
    assert!(statistics.received > 80 && statistics.sent > 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rtp_to_rtp_carries_voice_and_reports() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::Opus] {
        let (mut a, mut b) = (Party::rtp(&[codec]).await, Party::rtp(&[codec]).await);
        a.call(&mut b).await;
        let (mut at_a, mut at_b) = (a.headset(), b.headset());
        talk(
            (&mut at_a, 440.0),
            (&mut at_b, 1_000.0),
            Duration::from_millis(3_200),
            SECOND,
        )
        .await;
        let statistics = figures(&a, &mut at_a, &mut at_b, is_near).await;
        assert_eq!((statistics.codec, statistics.lost), (Some(codec), 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_transcodes_voice_and_relays_keys_both_ways() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut bridge = Bridge::new(&[codec]).await;
        let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
        assert_conversation((&mut agent, 440.0), (&mut customer, 1_000.0)).await;
        assert!(bridge.to_agent.leg.statistics().decoded > 50);

        bridge.customer.leg.send_digits("12#").unwrap();
        bridge.agent.leg.send_digits("*9A").unwrap();
        let (mut while_pressing, mut meanwhile) = (agent, customer);
        let pressing = async {
            tokio::join!(
                while_pressing.use_for(SECOND, 440.0),
                meanwhile.use_for(SECOND, 1_000.0)
            )
        };
        let digits = async {
            (
                bridge.to_customer.digits(3).await,
                bridge.agent.digits(3).await,
                bridge.customer.digits(3).await,
            )
        };
        let (_, (at_switch, at_agent, at_customer)) = tokio::join!(pressing, digits);
        assert_eq!(at_switch, "12#");
        assert_eq!(at_agent, "12#");
        assert_eq!(at_customer, "*9A");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opus_passes_through_without_decoding() {
    let bridge = Bridge::new(&[Codec::Opus]).await;
    let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
    assert_conversation((&mut agent, 440.0), (&mut customer, 1_000.0)).await;
    for leg in [&bridge.to_agent.leg, &bridge.to_customer.leg] {
        let statistics = leg.statistics();
        assert_eq!(statistics.decoded, 0, "{statistics:?}");
        assert!(statistics.sent > 40);
    }
    assert_eq!(bridge.agent.leg.statistics().lost, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_plays_music_and_resume_brings_the_voice_back() {
    let bridge = Bridge::new(&[Codec::Pcma]).await;
    let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
    talk(
        (&mut agent, 440.0),
        (&mut customer, 1_000.0),
        SECOND,
        SECOND,
    )
    .await;

    // The agent holds: its phone says so, the switch plays music to the customer.
    let offer = bridge
        .agent
        .leg
        .create_offer_with(Direction::Inactive)
        .await
        .unwrap();
    let answer = bridge.to_agent.leg.answer(&offer).await.unwrap();
    assert!(answer.contains("a=inactive"));
    bridge.agent.leg.accept_answer(&answer).await.unwrap();
    assert_eq!(bridge.to_agent.leg.remote_direction(), Direction::Inactive);
    bridge.to_agent.leg.hear(Source::Nothing);
    bridge.to_customer.leg.hear(Source::Clip {
        clip: Arc::new(Clip::synthesised_music()),
        repeat: true,
    });
    let (at_agent, at_customer) = talk(
        (&mut agent, 440.0),
        (&mut customer, 1_000.0),
        TWO_SECONDS,
        SECOND,
    )
    .await;
    assert!(loudness(&at_agent) < 0.001, "{}", loudness(&at_agent));
    assert!(loudness(&at_customer) > 0.01, "{}", loudness(&at_customer));
    let voice = level_at(&at_customer, 440.0, SAMPLE_RATE);
    assert!(voice < 0.05, "{voice}");

    bridge
        .agent
        .reoffer(&bridge.to_agent, Direction::SendRecv)
        .await;
    bridge.join();
    assert_conversation((&mut agent, 440.0), (&mut customer, 1_000.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clip_ends_once_and_a_tone_goes_on() {
    let (mut a, mut b) = (
        Party::rtp(&[Codec::Pcmu]).await,
        Party::rtp(&[Codec::Pcmu]).await,
    );
    a.call(&mut b).await;
    a.leg.hear(Source::Clip {
        clip: Arc::new(Clip::beep()),
        repeat: false,
    });
    a.wait_for(|event| *event == LegEvent::ClipEnded).await;
    a.leg.hear(Source::Tone(Tone::continuous(600.0)));
    let heard = b.headset().use_for(TWO_SECONDS, 0.0).await;
    assert_hears(&heard[48_000..], 600.0, 1_000.0, "b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ice_restart_keeps_the_voice() {
    let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
    a.call(&mut b).await;
    let (mut at_a, mut at_b) = (a.headset(), b.headset());
    let offer = a.leg.restart_ice().await.unwrap();
    let answer = b.leg.answer(&offer).await.unwrap();
    a.leg.accept_answer(&answer).await.unwrap();
    assert_conversation((&mut at_a, 440.0), (&mut at_b, 1_000.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_has_one_place_and_gives_it_back() {
    let leg = Party::rtp(&[Codec::Pcmu]).await.leg;
    let ends = leg.attach().unwrap();
    assert!(matches!(leg.attach(), Err(LegError::Attached)));
    drop(ends);
    leg.attach().unwrap();
    leg.close().await;
    leg.close().await;
    assert!(matches!(leg.attach(), Err(LegError::Closed)));
    assert!(matches!(leg.create_offer().await, Err(LegError::Closed)));
    assert!(matches!(leg.send_digits("1"), Err(LegError::Closed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_offer_leaves_the_leg_free_to_answer() {
    let (mut a, mut b) = (Party::webrtc().await, Party::webrtc().await);
    let first = a.leg.create_offer().await.unwrap();
    assert!(matches!(
        a.leg.answer(&first).await,
        Err(LegError::WrongState { .. })
    ));
    a.leg.withdraw_offer().await.unwrap();
    assert!(matches!(
        a.leg.withdraw_offer().await,
        Err(LegError::WrongState { .. })
    ));
    b.call(&mut a).await;
    // In the middle of a call a refused offer changes nothing.
    a.leg.create_offer_with(Direction::Inactive).await.unwrap();
    a.leg.withdraw_offer().await.unwrap();
    let (mut at_a, mut at_b) = (a.headset(), b.headset());
    assert_conversation((&mut at_a, 440.0), (&mut at_b, 1_000.0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loss_is_recovered_and_told() {
    let network = Network {
        loss: 0.1,
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(15),
        seed: 31,
    };
    println!("seed {}", network.seed);
    let ((a, _a_events), (b, _b_events)) = sim::pair(Codec::Opus, network);
    let (mut at_a, mut at_b) = (
        Headset::new(a.attach().unwrap()),
        Headset::new(b.attach().unwrap()),
    );
    assert_conversation((&mut at_a, 440.0), (&mut at_b, 1_000.0)).await;
    talk(
        (&mut at_a, 440.0),
        (&mut at_b, 1_000.0),
        TWO_SECONDS,
        SECOND,
    )
    .await;
    let statistics = a.statistics();
    println!("{statistics:?}");
    let share = statistics.lost as f64 / (statistics.lost + statistics.received) as f64;
    assert!((0.04..0.2).contains(&share), "{share}");
    assert!(statistics.mos_estimate < 4.2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tap_hears_voice_and_keys_while_a_bridge_passes_them_on() {
    let mut bridge = Bridge::new(&[Codec::Pcma]).await;
    let mut tap = bridge.to_customer.leg.tap();
    // Taken as it comes: a tap holds ten seconds, and a slow machine may talk for longer.
    let listening = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(said) = tap.next().await {
            all.push(said);
        }
        (all, tap.lost())
    });
    let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
    assert_conversation((&mut agent, 440.0), (&mut customer, 1_000.0)).await;
    bridge.customer.leg.send_digits("5").unwrap();
    assert_eq!(bridge.to_customer.digits(1).await, "5");
    drop(customer);
    bridge.to_customer.leg.close().await;

    let (all, lost) = listening.await.unwrap();
    let (mut voice, mut keys, mut last) = (Vec::new(), Vec::new(), None);
    for said in all {
        assert!(last.is_none_or(|last| said.sequence == u16::wrapping_add(last, 1)));
        last = Some(said.sequence);
        match said.content {
            Content::Voice { codec, payload } => voice.push((codec, payload.len())),
            Content::Key { digit, end, .. } => keys.push((digit, end)),
        }
    }
    assert!(voice.len() > 50 && voice.iter().all(|said| *said == (Codec::Pcma, 160)));
    assert!(keys.contains(&('5', true)) && keys.iter().all(|(digit, _)| *digit == '5'));
    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beep_is_heard_over_a_voice_that_goes_on_after_it() {
    for codec in [Codec::Opus, Codec::Pcma] {
        let bridge = Bridge::new(&[codec]).await;
        let (mut agent, mut customer) = (bridge.agent.headset(), bridge.customer.headset());
        assert_conversation((&mut agent, 440.0), (&mut customer, 700.0)).await;
        bridge.to_customer.leg.interject(Arc::new(Clip::beep()));
        let mut loudest = 0.0;
        for _ in 0..40 {
            let (_, at_customer) = talk(
                (&mut agent, 440.0),
                (&mut customer, 700.0),
                Duration::from_millis(500),
                Duration::from_millis(500),
            )
            .await;
            // The beep of 1 kHz lasts a quarter of a second.
            loudest = at_customer
                .chunks_exact(4_800)
                .map(|tenth| level_at(tenth, 1_000.0, SAMPLE_RATE))
                .fold(loudest, f32::max);
            if loudest > 0.15 {
                break;
            }
        }
        assert!(loudest > 0.15, "{codec:?}: {loudest}");
        assert_conversation((&mut agent, 440.0), (&mut customer, 700.0)).await;
        assert_eq!(bridge.customer.leg.statistics().lost, 0);
    }
}
