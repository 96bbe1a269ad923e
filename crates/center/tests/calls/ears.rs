//! Who hears whom in real calls, judged by correlation at every ear: a customer never hears a
//! coach, in whatever order people join, leave, hold, transfer and reconnect.

mod floor;
mod model;
mod voice;

use floor::Floor;
use model::{Model, Step, Who};
use rand::{SeedableRng, rngs::StdRng};
use seatline_contract::supervision::WatchMode;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use voice::Heard;

/// How many things happen in a random call.
const STEPS: usize = 80;

/// So many windows in a row, each half over the last, an ear has to hear what it shall.
const IN_A_ROW: usize = 3;

/// How long a loaded machine may take until everybody hears what they shall.
const PATIENCE: Duration = Duration::from_secs(90);

/// Lets one thing happen. Until every ear hears exactly whom it shall from then on, it hears
/// nobody it should hear neither before nor after.
async fn take(floor: &mut Floor, model: &Model, step: Step) -> Model {
    let mut after = model.after(step);
    floor.take(step, model, &after).await;
    settle(floor, model, &after, &format!("{step:?}")).await;
    floor.write_up(&mut after).await;
    after
}

async fn settle(floor: &Floor, before: &Model, after: &Model, what: &str) {
    let begun = Instant::now();
    let mut right: BTreeMap<Who, usize> = BTreeMap::new();
    let mut last: BTreeMap<Who, Heard> = BTreeMap::new();
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for ear in after.present() {
            let shall = after.heard_by(ear);
            let may: Vec<usize> = before
                .heard_by(ear)
                .into_iter()
                .chain(shall.clone())
                .collect();
            for heard in floor.head(ear).listen() {
                let leak = heard.besides(&may);
                assert!(
                    leak.is_empty(),
                    "{what}: {ear:?} hears {leak:?} in {after:?}, before {before:?}"
                );
                let count = right.entry(ear).or_default();
                *count = if heard.is(&shall) { *count + 1 } else { 0 };
                last.insert(ear, heard);
            }
        }
        let done = |ear: &Who| right.get(ear).is_some_and(|count| *count >= IN_A_ROW);
        if after.present().iter().all(done) {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{what}: not as it should be in {after:?}: {last:?}"
        );
    }
}

fn seed() -> u64 {
    let given = std::env::var("SEATLINE_SEED").ok();
    given.map_or_else(rand::random, |seed| seed.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn in_every_order_each_ear_hears_whom_it_shall_and_nobody_else() {
    let seed = seed();
    println!("SEATLINE_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut floor = Floor::open().await;
    let mut model = Model::new(Who::Zhou);
    settle(&floor, &model, &model, "the call begins").await;
    for n in 1..=STEPS {
        let step = model.any_step(&mut random);
        println!("{n}: {step:?}");
        model = take(&mut floor, &model, step).await;
    }
    floor.rig.stop().await;
}

/// Bad luck, in an order that is always the same.
#[tokio::test(flavor = "multi_thread")]
async fn two_supervisors_drop_off_vanish_and_take_over_in_any_mode() {
    use WatchMode::{Barge, Coach, Monitor};
    let mut floor = Floor::open().await;
    let mut model = Model::new(Who::Zhou);
    let mut steps = Vec::new();
    for (he, ho) in [(Coach, Monitor), (Barge, Coach), (Monitor, Barge)] {
        steps.extend([
            Step::Watch(Who::He, he),
            Step::Watch(Who::Ho, ho),
            Step::DropOff(Who::He),
            Step::Watch(Who::He, he),
            Step::Vanish(Who::Ho),
            Step::Watch(Who::Ho, ho),
            Step::Leave(Who::He),
            Step::Leave(Who::Ho),
        ]);
    }
    // A take-over while a colleague is consulted and both supervisors are there.
    steps.extend([
        Step::Watch(Who::He, Coach),
        Step::Watch(Who::Ho, Barge),
        Step::Consult(Who::Liu),
        Step::Reconnect(Who::He),
        Step::TakeOver(Who::He),
        Step::Swap,
        Step::Merge,
        // The agent drops off: the colleague goes on, and can be coached.
        Step::AgentGone,
        Step::Watch(Who::Ho, Coach),
        Step::Watch(Who::He, Monitor),
        Step::Consult(Who::Outside),
        Step::HangUp(Who::Outside),
    ]);
    for step in steps {
        println!("{step:?}");
        model = take(&mut floor, &model, step).await;
    }
    floor.end_with_agent(&model).await;
    floor.rig.stop().await;
}
