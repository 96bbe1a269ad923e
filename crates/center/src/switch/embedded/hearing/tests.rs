//! Who hears whom, with real legs and rooms; the far ends are headsets in this process.

use super::*;
use seatline_media::{
    Codec, Content, Frame, LegEvent, SAMPLE_RATE, Said,
    sim::{Headset, Network, level_at, pair, sine},
};
use std::time::{Duration, Instant};
use tokio::{sync::mpsc, task::JoinHandle};

const LEVEL: f32 = 0.2;
const MUSIC: f32 = 2_300.0;

const AGENT: usize = 0;
const CUSTOMER: usize = 1;
const COACH: usize = 2;
/// What they say, in hertz.
const TONES: [f32; 3] = [410.0, 700.0, 1_130.0];

/// A telephone that speaks a tone and keeps what it hears.
struct Phone {
    leg: Leg,
    far: Leg,
    heard: Arc<Mutex<Vec<f32>>>,
    talking: JoinHandle<()>,
    events: mpsc::UnboundedReceiver<LegEvent>,
    _leg_events: mpsc::UnboundedReceiver<LegEvent>,
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.talking.abort();
    }
}

impl Phone {
    fn new(codec: Codec, tone: f32) -> Self {
        let ((leg, leg_events), (far, events)) = pair(codec, Network::default());
        let mut headset = Headset::new(far.attach().unwrap()).at_level(LEVEL);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let talking = tokio::spawn(async move {
            let hear = |frame: &Frame| ear.lock().extend_from_slice(frame);
            headset.use_on(tone, hear).await;
        });
        Self {
            leg,
            far,
            heard,
            talking,
            events,
            _leg_events: leg_events,
        }
    }

    /// The next half second it hears.
    async fn listen(&self) -> Vec<f32> {
        let from = self.heard.lock().len();
        let until = from + SAMPLE_RATE as usize / 2;
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.heard.lock().len() < until {
            assert!(Instant::now() < deadline, "the headset stands still");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.heard.lock()[from..until].to_vec()
    }

    async fn keys(&mut self, count: usize) -> String {
        let mut keys = String::new();
        let wait = async {
            while keys.len() < count {
                if let Some(LegEvent::Digit { digit, .. }) = self.events.recv().await {
                    keys.push(digit);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .expect("the keys never came");
        keys
    }
}

fn hearings() -> Hearings {
    let music = Clip::from_samples(sine(MUSIC, LEVEL, SAMPLE_RATE, SAMPLE_RATE as usize));
    let beep = Arc::new(Clip::beep());
    Hearings::new(beep.clone(), beep, Arc::new(music))
}

/// A coached call whose parties come and go.
struct Call {
    hearings: Hearings,
    /// Agent, customer, coach.
    phones: [Option<(PartyId, Phone)>; 3],
    codecs: [Codec; 3],
    next: u64,
    coaching: bool,
    held: bool,
    /// All that the customer heard on earlier legs.
    customer_heard: Vec<f32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Join(usize),
    Coach,
    Hold,
    Resume,
    Reconnect(usize),
}

impl Call {
    fn new(codecs: [Codec; 3]) -> Self {
        Self {
            hearings: hearings(),
            phones: [None, None, None],
            codecs,
            next: 1,
            coaching: false,
            held: false,
            customer_heard: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Join(n) => self.join(n),
            Step::Reconnect(n) => {
                self.leave(n);
                self.join(n);
            }
            Step::Coach => self.coaching = true,
            Step::Hold => self.held = true,
            Step::Resume => self.held = false,
        }
        self.set();
    }

    fn join(&mut self, n: usize) {
        let party = PartyId(self.next);
        self.next += 1;
        let kind = match n {
            CUSTOMER => Kind::Trunk,
            _ => Kind::Desk,
        };
        self.hearings.enter(party, kind);
        let phone = Phone::new(self.codecs[n], TONES[n]);
        // The party is bridged before its leg is there, as when a phone rings.
        self.phones[n] = Some((party, phone));
        self.set();
        if let Some((party, phone)) = &self.phones[n] {
            self.hearings.join(*party, phone.leg.clone());
        }
    }

    fn leave(&mut self, n: usize) {
        if let Some((party, phone)) = self.phones[n].take() {
            self.hearings.forget(party);
            if n == CUSTOMER {
                self.customer_heard.extend(&*phone.heard.lock());
            }
        }
    }

    fn set(&self) {
        let party = |n: usize| self.phones[n].as_ref().map(|(party, _)| *party);
        let all = |seats: &[usize]| -> Vec<PartyId> {
            seats.iter().filter_map(|seat| party(*seat)).collect()
        };
        if let Some(coach) = party(COACH) {
            self.hearings.hear(coach, &all(&[AGENT, CUSTOMER]));
        }
        let helper: &[usize] = if self.coaching { &[COACH] } else { &[] };
        if let Some(customer) = party(CUSTOMER) {
            match self.held {
                true => self.hearings.play(customer, Sound::Music),
                false => self.hearings.hear(customer, &all(&[AGENT])),
            }
        }
        if let Some(agent) = party(AGENT) {
            let customer: &[usize] = if self.held { &[] } else { &[CUSTOMER] };
            self.hearings
                .hear(agent, &all(&[customer, helper].concat()));
        }
    }

    fn phone(&self, n: usize) -> &Phone {
        &self.phones[n].as_ref().unwrap().1
    }
}

fn permutations(steps: [Step; 4]) -> Vec<[Step; 4]> {
    let mut all = Vec::new();
    for a in 0..4 {
        for b in (0..4).filter(|b| *b != a) {
            for c in (0..4).filter(|c| *c != a && *c != b) {
                all.push([a, b, c, 6 - a - b - c].map(|n| steps[n]));
            }
        }
    }
    all
}

/// One order of events. Returns what is wrong with it.
async fn run(order: Vec<Step>, codecs: [Codec; 3]) -> Option<String> {
    let mut call = Call::new(codecs);
    for step in &order {
        call.take(*step);
        tokio::time::sleep(Duration::from_millis(90)).await;
    }
    call.take(Step::Resume);
    // That the customer hears no coach means nothing unless the agent does.
    let mut wrong = None;
    for _ in 0..8 {
        let (agent, customer) =
            tokio::join!(call.phone(AGENT).listen(), call.phone(CUSTOMER).listen());
        let level = |sound: &[f32], n: usize| level_at(&sound[12_000..], TONES[n], SAMPLE_RATE);
        let heard = [
            level(&agent, CUSTOMER),
            level(&agent, COACH),
            level(&customer, AGENT),
        ];
        wrong = heard
            .iter()
            .any(|level| *level < LEVEL / 2.0)
            .then(|| format!("customer and coach at the agent, agent at the customer: {heard:?}"));
        if wrong.is_none() {
            break;
        }
    }
    call.leave(CUSTOMER);
    let loudest = call
        .customer_heard
        .chunks_exact(2_400)
        .map(|piece| level_at(piece, TONES[COACH], SAMPLE_RATE))
        .fold(0.0, f32::max);
    // Other voices that begin or end within a piece reach a fifth of this; a coach's 50 ms would
    // be at 0.2.
    if loudest > LEVEL / 4.0 {
        wrong = Some(format!("the customer hears the coach at {loudest}"));
    }
    wrong.map(|wrong| format!("{order:?}: {wrong}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_customer_never_hears_the_coach_in_any_order_of_events() {
    let beginnings = permutations([
        Step::Join(AGENT),
        Step::Join(CUSTOMER),
        Step::Join(COACH),
        Step::Coach,
    ]);
    let goings = permutations([
        Step::Hold,
        Step::Resume,
        Step::Reconnect(AGENT),
        Step::Reconnect(COACH),
    ]);
    let codecs = [
        [Codec::Opus, Codec::Pcma, Codec::Opus],
        [Codec::Opus, Codec::Opus, Codec::Opus],
        [Codec::Pcmu, Codec::Pcma, Codec::Opus],
    ];
    let orders: Vec<Vec<Step>> = (0..24)
        .map(|n| [beginnings[n], goings[n * 7 % 24]].concat())
        .collect();
    for (batch, some) in orders.chunks(6).enumerate() {
        let runs = some
            .iter()
            .enumerate()
            .map(|(n, order)| run(order.clone(), codecs[(batch + n) % 3]));
        let wrong: Vec<String> = futures_util::future::join_all(runs)
            .await
            .into_iter()
            .flatten()
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_the_customer_reach_the_agent_and_no_supervisor() {
    let mut call = Call::new([Codec::Opus, Codec::Pcma, Codec::Opus]);
    for step in [Step::Join(CUSTOMER), Step::Join(AGENT), Step::Join(COACH)] {
        call.take(step);
    }
    // The agent has heard the customer alone before the coach came.
    call.take(Step::Coach);
    call.phone(AGENT).listen().await;
    call.phone(CUSTOMER).far.send_digits("31").unwrap();
    let Some((_, agent)) = &mut call.phones[AGENT] else {
        unreachable!()
    };
    assert_eq!(agent.keys(2).await, "31");
    let Some((_, coach)) = &mut call.phones[COACH] else {
        unreachable!()
    };
    while let Ok(event) = coach.events.try_recv() {
        assert!(!matches!(event, LegEvent::Digit { .. }), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_a_muted_party_and_it_hears_on() {
    let mut call = Call::new([Codec::Opus, Codec::Pcma, Codec::Opus]);
    for step in [Step::Join(CUSTOMER), Step::Join(AGENT), Step::Join(COACH)] {
        call.take(step);
    }
    let agent = call.phones[AGENT].as_ref().unwrap().0;
    for muted in [true, false, true] {
        call.hearings.mute(agent, muted);
        let mut levels = [0.0; 3];
        for _ in 0..8 {
            let (at_agent, at_customer, at_coach) = tokio::join!(
                call.phone(AGENT).listen(),
                call.phone(CUSTOMER).listen(),
                call.phone(COACH).listen()
            );
            let level = |sound: &[f32], n: usize| level_at(&sound[12_000..], TONES[n], SAMPLE_RATE);
            levels = [
                level(&at_agent, CUSTOMER),
                level(&at_customer, AGENT),
                level(&at_coach, AGENT),
            ];
            let silent = levels[1].max(levels[2]) < 0.01;
            let loud = levels[1].min(levels[2]) > LEVEL / 2.0;
            if levels[0] > LEVEL / 2.0 && if muted { silent } else { loud } {
                levels[0] = f32::INFINITY;
                break;
            }
        }
        assert!(levels[0].is_infinite(), "muted {muted}: {levels:?}");
    }
}

/// All voice that waits in a tap.
fn said(tap: &mut Tap) -> Vec<Said> {
    let said = std::iter::from_fn(|| tap.try_next());
    said.filter(|said| matches!(said.content, Content::Voice { .. }))
        .collect()
}

/// Agent and customer speak the same codec: nobody decodes them while they are two, recorded or
/// not, before a third ear is there as after it, and what each hears is one stream throughout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_are_passed_through_again_once_the_third_ear_is_gone() {
    let mut call = Call::new([Codec::Opus; 3]);
    call.take(Step::Join(CUSTOMER));
    call.take(Step::Join(AGENT));
    let mut streams = [AGENT, CUSTOMER].map(|n| call.phone(n).far.tap());
    for third in [false, true, false] {
        if third {
            call.take(Step::Join(COACH));
            call.take(Step::Coach);
        } else {
            call.coaching = false;
            call.leave(COACH);
            call.set();
        }
        call.phone(AGENT).listen().await;
        let decoded = || [AGENT, CUSTOMER].map(|n| call.phone(n).leg.statistics().decoded);
        let before = decoded();
        let mut recorder = [AGENT, CUSTOMER].map(|n| {
            let (party, _) = call.phones[n].as_ref().unwrap();
            call.hearings.tap(*party).unwrap()
        });
        call.phone(AGENT).listen().await;
        let mut heard = [AGENT, CUSTOMER].map(|n| call.phone(n).far.tap());
        call.phone(AGENT).listen().await;
        if third {
            assert!(
                decoded()
                    .iter()
                    .zip(before)
                    .all(|(after, before)| *after > before + 20)
            );
            continue;
        }
        assert_eq!(decoded(), before, "they are decoded");
        for (listener, speaker) in [(AGENT, CUSTOMER), (CUSTOMER, AGENT)] {
            let payload = |said: &Said| said.content.clone();
            let heard: Vec<Content> = said(&mut heard[listener]).iter().map(payload).collect();
            let said: Vec<Content> = said(&mut recorder[speaker]).iter().map(payload).collect();
            assert!(heard.len() > 10, "{}", heard.len());
            let same = said.windows(heard.len()).any(|part| part == heard);
            assert!(same, "what is heard is not what was said, packet by packet");
        }
    }
    for stream in &mut streams {
        let stream = said(stream);
        for two in stream.windows(2) {
            assert_eq!(two[1].ssrc, two[0].ssrc);
            assert_eq!(two[1].sequence, two[0].sequence.wrapping_add(1));
        }
        assert!(stream.len() > 100);
    }
}
