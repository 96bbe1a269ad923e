//! Transfers: both roles against each other, and far sides that do not play along.

use super::*;
use crate::{
    call::{Referral, ReferralProgress, ReferralReply, Transfer, Transfers},
    text::Number,
};

type End = (Call, CallEvents);

/// A running call of two sides.
fn connected() -> (World, End, End) {
    let mut world = World::new(Transport::Udp);
    let (caller, callee) = world.connected();
    (world, caller, callee)
}

impl World {
    fn refer(&mut self, call: &Call) -> Transfers {
        let transfers = call.refer(Number::parse("300").unwrap());
        self.pump();
        transfers
    }

    /// Hands the caller a request of the callee's that no stack would make.
    fn forge(&mut self, method: &str, cseq: u32, headers: &[(&str, &str)], body: &str) {
        let dialog = self.stacks[CALLER].calls.values().next().unwrap();
        let mut wire = format!(
            "{method} sip:user1@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{method}{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {};tag={}\r\nTo: {};tag={}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n",
            dialog.remote,
            dialog.remote_tag.as_ref().unwrap(),
            dialog.local,
            dialog.local_tag,
            dialog.call_id,
        );
        for (name, value) in headers {
            wire.push_str(&format!("{name}: {value}\r\n"));
        }
        wire.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.deliver(CALLEE, &wire);
        self.loses = Box::new(|side, wire| side == CALLER && wire.starts_with("SIP/2.0"));
        self.pump();
        self.loses = Box::new(|_, _| false);
    }

    fn forge_notify(&mut self, cseq: u32, event: &str, state: &str, body: &str) {
        let headers = [
            ("Event", event),
            ("Subscription-State", state),
            ("Content-Type", "message/sipfrag"),
            ("Contact", "<sip:200@192.0.2.2>"),
        ];
        self.forge("NOTIFY", cseq, &headers, body);
    }

    /// The callee takes every REFER and never says more.
    fn mute_notifies(&mut self) {
        self.loses = Box::new(|side, wire| side == CALLEE && wire.starts_with("NOTIFY"));
    }
}

fn told(transfers: &mut Transfers) -> Vec<Transfer> {
    std::iter::from_fn(|| transfers.try_recv().ok()).collect()
}

fn asked(events: &mut CallEvents) -> (Referral, ReferralReply) {
    match events.try_recv() {
        Ok(CallEvent::Referred { referral, reply }) => (referral, reply),
        other => panic!("no referral but {other:?}"),
    }
}

/// A transfer that the far side has agreed to.
fn accepted(
    world: &mut World,
    call: &Call,
    theirs: &mut CallEvents,
) -> (Transfers, ReferralProgress) {
    let transfers = world.refer(call);
    let (_, reply) = asked(theirs);
    let progress = reply.accept();
    world.pump();
    (transfers, progress)
}

#[test]
fn a_transfer_is_followed_to_its_end() {
    let (mut world, (call, mut events), (_, mut theirs)) = connected();
    let mut transfers = world.refer(&call);
    let (referral, reply) = asked(&mut theirs);
    assert_eq!(referral.number.as_ref().unwrap().as_str(), "300");
    assert_eq!(referral.to.uri, "sip:300@192.0.2.2");
    let by = referral.by.as_ref().unwrap();
    assert_eq!(by.number.as_ref().unwrap().as_str(), "100");
    assert!(!referral.is_attended());
    let mut progress = reply.accept();
    world.pump();
    progress.report(Transfer::Ringing);
    progress.report(Transfer::Ringing);
    progress.report(Transfer::Done);
    progress.report(Transfer::Failed(500));
    world.pump();
    let heard = told(&mut transfers);
    assert_eq!(heard, [Transfer::Trying, Transfer::Ringing, Transfer::Done]);
    assert!(events.try_recv().is_err(), "the call goes on");
    // The next one works as well, and names itself.
    let (mut transfers, progress) = accepted(&mut world, &call, &mut theirs);
    drop(progress);
    world.pump();
    assert_eq!(
        told(&mut transfers),
        [Transfer::Trying, Transfer::Failed(503)]
    );
    world.hang_up(CALLER, &call, "done");
    world.assert_all_forgotten();
}

#[test]
fn a_refused_transfer_leaves_the_call_as_it_was() {
    for (answer, status) in [(Some(486), 486), (Some(200), 603), (None, 603)] {
        let (mut world, (call, mut events), (_, mut theirs)) = connected();
        let mut transfers = world.refer(&call);
        let (_, reply) = asked(&mut theirs);
        match answer {
            Some(code) => reply.refuse(code),
            None => drop(reply),
        }
        world.pump();
        assert_eq!(told(&mut transfers), [Transfer::Failed(status)]);
        assert!(events.try_recv().is_err() && theirs.try_recv().is_err());
        assert_eq!(world.count(CALLEE, "NOTIFY"), 0);
    }
}

#[test]
fn a_user_who_does_not_decide_refuses() {
    let (mut world, (call, _events), (_, mut theirs)) = connected();
    let mut transfers = world.refer(&call);
    let (_, reply) = asked(&mut theirs);
    world.advance(Duration::from_secs(21));
    assert_eq!(told(&mut transfers), [Transfer::Failed(480)]);
    let mut late = reply.accept();
    late.report(Transfer::Done);
    world.pump();
    assert_eq!(world.count(CALLEE, "SIP/2.0 202"), 0);
    assert_eq!(world.count(CALLEE, "NOTIFY"), 0);
}

#[test]
fn a_far_side_that_never_tells_has_failed_and_later_words_are_too_late() {
    let (mut world, (call, mut events), (_, mut theirs)) = connected();
    world.mute_notifies();
    let (mut transfers, progress) = accepted(&mut world, &call, &mut theirs);
    world.advance(Duration::from_secs(31));
    assert_eq!(told(&mut transfers), []);
    world.advance(Duration::from_secs(2));
    assert_eq!(told(&mut transfers), [Transfer::Failed(408)]);
    world.loses = Box::new(|_, _| false);
    world.forge_notify(900, "refer", "active", "SIP/2.0 200 OK");
    assert_eq!(world.count(CALLER, "SIP/2.0 481"), 1);
    assert!(events.try_recv().is_err(), "the call goes on");
    drop(progress);
}

#[test]
fn a_transferee_that_vanishes_is_given_up() {
    let (mut world, (call, _events), (_, mut theirs)) = connected();
    let (mut transfers, _progress) = accepted(&mut world, &call, &mut theirs);
    assert_eq!(told(&mut transfers), [Transfer::Trying]);
    world.loses = Box::new(|_, _| true);
    world.advance(Duration::from_secs(181));
    assert_eq!(told(&mut transfers), [Transfer::Failed(408)]);
    // One that does not even answer the REFER.
    let mut transfers = world.refer(&call);
    world.advance(Duration::from_secs(33));
    assert_eq!(told(&mut transfers), [Transfer::Failed(408)]);
}

#[test]
fn a_good_bye_before_the_end_of_the_transfer_does_not_hide_it() {
    let (mut world, (call, mut events), (their_call, mut theirs)) = connected();
    let (mut transfers, mut progress) = accepted(&mut world, &call, &mut theirs);
    world.hang_up(CALLEE, &their_call, "gone to the target");
    assert_eq!(ended(&mut events).unwrap().2, "gone to the target");
    progress.report(Transfer::Done);
    world.pump();
    assert_eq!(told(&mut transfers), [Transfer::Trying, Transfer::Done]);
    world.assert_all_forgotten();
    // One that says good-bye and nothing more.
    let (mut world, (call, _events), (their_call, mut theirs)) = connected();
    let (mut transfers, progress) = accepted(&mut world, &call, &mut theirs);
    world.mute_notifies();
    world.hang_up(CALLEE, &their_call, "bye");
    world.assert_all_forgotten();
    assert_eq!(
        told(&mut transfers),
        [Transfer::Trying, Transfer::Failed(408)]
    );
    drop(progress);
}

#[test]
fn a_good_bye_during_the_refer_ends_both() {
    for who in [CALLER, CALLEE] {
        let (mut world, caller, callee) = connected();
        let mut transfers = world.refer(&caller.0);
        let (call, mut events) = callee;
        let (_, reply) = asked(&mut events);
        world.hang_up(who, if who == CALLER { &caller.0 } else { &call }, "no");
        assert_eq!(told(&mut transfers), [Transfer::Failed(487)], "{who}");
        drop(reply);
        world.assert_all_forgotten();
    }
}

#[test]
fn transfers_that_cross_are_both_refused_and_a_second_one_waits_for_the_first() {
    let (mut world, (call, _events), (their_call, mut theirs)) = connected();
    world.holds = Box::new(|_, wire| wire.starts_with("REFER"));
    let mut transfers = world.refer(&call);
    let mut others = world.refer(&their_call);
    world.release();
    assert_eq!(told(&mut transfers), [Transfer::Failed(491)]);
    assert_eq!(told(&mut others), [Transfer::Failed(491)]);
    let (_first, _progress) = accepted(&mut world, &call, &mut theirs);
    let mut second = world.refer(&call);
    assert_eq!(told(&mut second), [Transfer::Failed(491)]);
    assert_eq!(world.count(CALLER, "REFER"), 2);
}

#[test]
fn notifies_of_all_kinds_are_understood() {
    let (mut world, (call, _events), (_, mut theirs)) = connected();
    world.mute_notifies();
    let transfer = |world: &mut World, theirs: &mut CallEvents| {
        let (transfers, progress) = accepted(world, &call, theirs);
        world.loses = Box::new(|_, _| false);
        // Kept silent: the forged ones speak.
        std::mem::forget(progress);
        transfers
    };
    let mut transfers = transfer(&mut world, &mut theirs);
    let refer = world.stacks[CALLER].calls[&call.id()].local_number;
    world.forge_notify(901, "presence", "active", "SIP/2.0 200 OK");
    assert_eq!(world.count(CALLER, "SIP/2.0 489"), 1);
    world.forge_notify(902, "refer;id=77777", "active", "SIP/2.0 200 OK");
    assert_eq!(world.count(CALLER, "SIP/2.0 481"), 1);
    world.forge_notify(
        903,
        &format!("refer;id={refer}"),
        "active;expires=60",
        "SIP/2.0 183 x",
    );
    world.forge_notify(904, "refer", "active", "no status at all");
    world.forge_notify(905, "refer", "terminated;reason=timeout", "");
    let heard = told(&mut transfers);
    assert_eq!(heard, [Transfer::Trying, Transfer::Failed(408)]);
}

#[test]
fn a_far_side_that_will_not_tell_is_believed() {
    // RFC 4488, asked for by the far side's own answer.
    let (mut world, (call, _events), _theirs) = connected();
    world.holds = Box::new(|side, wire| side == CALLER && wire.starts_with("REFER"));
    let mut transfers = world.refer(&call);
    let Ok(Message::Request(refer)) = parse(world.held[0].1.as_bytes()) else {
        panic!("not a request");
    };
    let mut response = refer.response(200, "x");
    response.headers.push("Refer-Sub", "false");
    world.deliver(CALLEE, &response.to_wire());
    world.pump();
    assert_eq!(told(&mut transfers), [Transfer::Done]);
}

#[test]
fn a_far_side_that_does_not_want_to_be_told_is_not() {
    let (mut world, (_call, mut events), _theirs) = connected();
    let headers = [
        ("Refer-To", "<sip:300@192.0.2.9>"),
        ("Refer-Sub", "false"),
        ("Supported", "norefersub"),
        ("Contact", "<sip:200@192.0.2.2>"),
    ];
    world.forge("REFER", 900, &headers, "");
    let (_, reply) = asked(&mut events);
    let mut progress = reply.accept();
    progress.report(Transfer::Done);
    world.pump();
    assert_eq!(world.count(CALLER, "SIP/2.0 200"), 1);
    assert_eq!(world.count(CALLER, "NOTIFY"), 0);
}

#[test]
fn unfit_referrals_are_refused_without_asking() {
    let (mut world, (_call, mut events), _theirs) = connected();
    for (cseq, target, code) in [
        (900, "<sip:300@h", "400"),
        (901, "<mailto:a@b.c>", "416"),
        (902, "<sip:300@h;method=BYE>", "403"),
        (903, "<sip:300@h?Replaces=nonsense>", "400"),
    ] {
        world.forge("REFER", cseq, &[("Refer-To", target)], "");
        assert_eq!(
            world.count(CALLER, &format!("SIP/2.0 {code}")),
            1 + usize::from(cseq == 903)
        );
    }
    world.forge("REFER", 910, &[], "");
    assert_eq!(world.count(CALLER, "SIP/2.0 400"), 3);
    assert!(events.try_recv().is_err());
    // An end that does not do transfers.
    for call in world.stacks[CALLER].calls.values_mut() {
        call.transfers = false;
    }
    world.forge("REFER", 911, &[("Refer-To", "<sip:300@h>")], "");
    assert_eq!(world.count(CALLER, "SIP/2.0 405"), 1);
    assert!(events.try_recv().is_err());
}

#[test]
fn an_attended_transfer_names_the_other_call_and_a_new_call_takes_its_place() {
    let (mut world, (call, _events), (_, mut theirs)) = connected();
    let ((other, mut other_events), (their_other, mut their_other_events)) = world.connected();
    let mut transfers = call.refer_replacing(&other);
    world.pump();
    let (referral, reply) = asked(&mut theirs);
    assert!(referral.is_attended());
    let mut progress = reply.accept();
    world.pump();
    // Both ends of the test are one another's far sides, so the referred call comes back to the callee.
    let replaces = referral.to.replaces.clone().unwrap().to_string();
    let mut headers = vec![("Replaces".to_owned(), replaces)];
    headers.push(("Referred-By".to_owned(), "<sip:100@192.0.2.1>".to_owned()));
    let (new, mut new_events) = world.invite_with(headers.clone());
    let incoming = world.incoming.pop().unwrap();
    assert_eq!(incoming.replaces.as_ref(), Some(&their_other));
    let by = incoming.referred_by.as_ref().unwrap().number.clone();
    assert_eq!(by.unwrap().as_str(), "100");
    assert!(
        their_other_events.try_recv().is_err(),
        "nothing ends before the new call is up"
    );
    world.accept(CALLEE, &incoming.call).unwrap();
    assert!(matches!(new_events.try_recv(), Ok(CallEvent::Answered(_))));
    assert_eq!(ended(&mut other_events).unwrap().0, Side::Remote);
    assert_eq!(ended(&mut their_other_events).unwrap().0, Side::Remote);
    progress.report(Transfer::Done);
    world.pump();
    assert_eq!(told(&mut transfers), [Transfer::Trying, Transfer::Done]);
    // The replaced call is over now.
    let (_, mut refused) = world.invite_with(headers);
    assert_eq!(ended(&mut refused).unwrap().1, Some(603));
    world.hang_up(CALLER, &new, "done");
    world.hang_up(CALLER, &call, "done");
    world.assert_all_forgotten();
}

#[test]
fn only_running_calls_are_replaced() {
    let (mut world, (call, _events), (_, _theirs)) = connected();
    let dialog = &world.stacks[CALLEE].calls.values().next().unwrap();
    let mine = dialog.local_tag.clone();
    let theirs = dialog.remote_tag.clone().unwrap();
    let id = dialog.call_id.clone();
    let right = format!("{id};to-tag={mine};from-tag={theirs}");
    for (value, code) in [
        (format!("{id};to-tag={theirs};from-tag={mine}"), 481),
        (format!("{id};to-tag={mine};from-tag=guessed"), 481),
        (format!("{right};early-only"), 486),
        (format!("{id};to-tag={mine}"), 400),
    ] {
        let (_, mut events) = world.invite_with(vec![("Replaces".to_owned(), value.clone())]);
        assert_eq!(ended(&mut events).unwrap().1, Some(code), "{value}");
        assert!(world.incoming.is_empty());
    }
    let twice = vec![("Replaces".to_owned(), right.clone()); 2];
    let (_, mut events) = world.invite_with(twice);
    assert_eq!(ended(&mut events).unwrap().1, Some(400));
    // An end that does not do transfers knows no call to replace.
    world.stacks[CALLEE].settings.transfers = false;
    let (_, mut events) = world.invite_with(vec![("Replaces".to_owned(), right)]);
    assert_eq!(ended(&mut events).unwrap().1, Some(481));
    // Neither a call that rings nor one that is over can be handed on.
    let (ringing, _ringing_events) = world.invite(None);
    for (from, to) in [(&call, &ringing), (&ringing, &call), (&call, &call)] {
        let mut transfers = from.refer_replacing(to);
        world.pump();
        assert_eq!(told(&mut transfers), [Transfer::Failed(481)]);
    }
}

#[test]
fn no_transfer_is_left_open_when_messages_are_lost() {
    for seed in 0..100 {
        let (mut world, (call, mut events), (_, mut theirs)) = connected();
        let mut random = StdRng::seed_from_u64(seed);
        world.loses = Box::new(move |_, _| random.random_bool(0.3));
        let mut transfers = world.refer(&call);
        world.advance(Duration::from_secs(5));
        let mut asks = 0;
        while let Ok(event) = theirs.try_recv() {
            if let CallEvent::Referred { reply, .. } = event {
                asks += 1;
                let mut progress = reply.accept();
                progress.report(Transfer::Ringing);
                progress.report(Transfer::Done);
            }
        }
        assert!(
            asks <= 1,
            "seed {seed}: a repetition became a second transfer"
        );
        world.pump();
        world.advance(Duration::from_secs(300));
        let heard = told(&mut transfers);
        let last = heard.last().unwrap();
        assert!(last.is_final(), "seed {seed}: {heard:?}");
        assert!(
            heard.iter().filter(|told| told.is_final()).count() == 1,
            "seed {seed}: {heard:?}"
        );
        assert!(events.try_recv().is_err(), "seed {seed}: the call goes on");
    }
}
