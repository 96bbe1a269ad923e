//! The mixer's promises: exact sums, no clicks, no voice outside its row.

use super::limit::KNEE;
use super::*;
use crate::sim::{level_at, sine};
use crate::{FRAME, SAMPLE_RATE};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A mixer with this many parties.
fn mixer(parties: usize) -> (Mixer, Vec<Seat>) {
    let mut mixer = Mixer::new();
    let seats = (0..parties).map(|_| mixer.join().unwrap()).collect();
    (mixer, seats)
}

fn noise(random: &mut StdRng, level: f32) -> Frame {
    std::array::from_fn(|_| random.random_range(-level..level))
}

fn mix_for(mixes: &[Mix], listener: Seat) -> Option<&Frame> {
    let mut all = mixes.iter().filter(|mix| mix.listeners.contains(listener));
    let found = all.next().map(|mix| &mix.frame);
    assert!(all.next().is_none(), "two mixes for one listener");
    found
}

#[test]
fn everybody_hears_the_exact_sum_of_the_others() {
    let seed = 1;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut mixer, seats) = mixer(8);
    let everybody: Seats = seats.iter().copied().collect();
    for seat in &seats {
        mixer.hear(*seat, everybody);
        mixer.carry_on(*seat, everybody);
    }
    for _ in 0..50 {
        let sounds: Vec<Frame> = (0..8).map(|_| noise(&mut random, 0.1)).collect();
        let mixes = mixer.step(&sounds);
        for (listener, seat) in seats.iter().enumerate() {
            let mix = mix_for(mixes, *seat).unwrap();
            for (n, sample) in mix.iter().enumerate() {
                let others = (0..8).filter(|speaker| *speaker != listener);
                let sum = others.fold(0.0, |sum, speaker: usize| sum + sounds[speaker][n]);
                assert_eq!(*sample, sum, "listener {listener}, sample {n}");
            }
        }
    }
}

#[test]
fn those_who_hear_the_same_share_one_mix() {
    let (mut mixer, seats) = mixer(5);
    let talkers: Seats = seats[..2].iter().copied().collect();
    for listener in &seats[2..] {
        mixer.hear(*listener, talkers);
    }
    let mixes = mixer.step(&[[0.1; FRAME]; 5]);
    assert_eq!(mixes.len(), 1);
    assert_eq!(mixes[0].listeners, seats[2..].iter().copied().collect());
}

#[test]
fn only_those_whom_somebody_hears_are_needed() {
    let (mut mixer, seats) = mixer(4);
    assert!(mixer.needed().is_empty());
    mixer.hear(seats[0], Seats::of(seats[1]));
    mixer.hear(seats[2], Seats::of(seats[0]) | Seats::of(seats[1]));
    assert_eq!(mixer.needed(), Seats::of(seats[0]) | Seats::of(seats[1]));
    mixer.step(&[[0.0; FRAME]; 4]);
    mixer.mute(seats[1], true);
    assert!(mixer.needed().contains(seats[1]), "to fade out");
    mixer.step(&[[0.0; FRAME]; 4]);
    assert_eq!(mixer.needed(), Seats::of(seats[0]));
    mixer.leave(seats[2]);
    assert!(mixer.needed().is_empty());
}

#[test]
fn seats_are_given_again_without_what_was_heard_on_them() {
    let (mut mixer, seats) = mixer(SEATS);
    assert_eq!(mixer.join(), None);
    mixer.hear(seats[0], seats.iter().copied().collect());
    mixer.mute(seats[9], true);
    mixer.leave(seats[9]);
    assert_eq!(mixer.join(), None, "still fading out");
    mixer.step(&[]);
    assert_eq!(mixer.join(), Some(seats[9]));
    assert!(!mixer.row(seats[0]).contains(seats[9]));
    assert!(!mixer.muted.contains(seats[9]));
}

#[test]
fn eight_talkers_at_full_level_are_bent_and_not_cut() {
    let (mut mixer, seats) = mixer(9);
    let talkers: Seats = seats[1..].iter().copied().collect();
    mixer.hear(seats[0], talkers);
    mixer.carry_on(seats[0], talkers);
    let sounds: Vec<Frame> = (0..9)
        .map(|n| {
            let sound = sine(200.0 + 37.0 * n as f32, 1.0, SAMPLE_RATE, FRAME);
            std::array::from_fn(|at| sound[at])
        })
        .collect();
    let mix = *mix_for(mixer.step(&sounds), seats[0]).unwrap();
    assert!(mix.iter().all(|sample| sample.abs() < 1.0));
    assert!(mix.iter().any(|sample| sample.abs() > 0.9));
    // A cut peak is a row of equal samples.
    let flat = mix.windows(2).filter(|two| two[0] == two[1]).count();
    assert_eq!(flat, 0);
    // And louder stays louder.
    for n in 0..FRAME {
        let sum: f32 = sounds[1..].iter().map(|sound| sound[n]).sum();
        assert!(sum.abs() < KNEE || (mix[n] > 0.0) == (sum > 0.0));
    }
}

/// Peak of the second difference: a click is a corner, which this sees and a loud sine does not
/// have.
fn roughness(sound: &[f32]) -> f32 {
    let differences = sound.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs());
    differences.fold(0.0, f32::max)
}

#[test]
fn no_change_clicks() {
    // A low voice at its peak is the worst place to cut.
    let voice = |n: usize, frame: usize| -> Frame {
        let frequency = 90.0 + 20.0 * n as f32;
        let sound = sine(frequency, 0.3, SAMPLE_RATE, (frame + 1) * FRAME);
        std::array::from_fn(|at| sound[frame * FRAME + at])
    };
    let (mut mixer, seats) = mixer(3);
    let both = Seats::of(seats[1]) | Seats::of(seats[2]);
    let mut heard = Vec::new();
    mixer.hear(seats[0], Seats::NONE);
    for frame in 0..24 {
        match frame {
            3 => mixer.hear(seats[0], Seats::of(seats[1])),
            6 => mixer.hear(seats[0], both),
            9 => mixer.mute(seats[1], true),
            12 => mixer.mute(seats[1], false),
            15 => mixer.hear(seats[0], Seats::of(seats[2])),
            18 => mixer.leave(seats[2]),
            _ => {}
        }
        let sounds: Vec<Frame> = (0..3).map(|n| voice(n, frame)).collect();
        heard.extend(mix_for(mixer.step(&sounds), seats[0]).unwrap());
    }
    // Two sines of 130 Hz at most: 2 × 0.3 × (2π × 130 / 48,000)² = 0.00017; the fades add
    // 0.3 × (π / 240)² / 2 each and their slopes. A cut would be 0.3.
    let rough = roughness(&heard);
    assert!(rough < 0.001, "{rough}");
    assert!(heard[..3 * FRAME].iter().all(|sample| *sample == 0.0));
    assert!(heard[19 * FRAME..].iter().all(|sample| *sample == 0.0));
}

/// What a listener must not hear has no influence on its mix at all: with it and without it the
/// mixes are equal to the last bit.
#[test]
fn a_thousand_random_schedules_keep_every_voice_within_its_row() {
    let mut random = StdRng::seed_from_u64(0);
    let voices: Vec<Frame> = (0..40).map(|_| noise(&mut random, 0.1)).collect();
    let rise = std::array::from_fn(|n| {
        let angle = std::f32::consts::PI * (n as f32 + 0.5) / RAMP as f32;
        0.5 - 0.5 * angle.cos()
    });
    for seed in 0..1_000 {
        let mut random = StdRng::seed_from_u64(seed);
        let parties = random.random_range(2..=8);
        let (mut mixer, mut seats) = mixer(parties);
        let mut sounds = vec![[0.0; FRAME]; SEATS];
        for step in 0..8 {
            for _ in 0..random.random_range(0..4) {
                change(&mut random, &mut mixer, &mut seats);
            }
            let needed = mixer.needed();
            for seat in seats_of(&mixer).iter() {
                sounds[seat.index()] = voices[random.random_range(0..voices.len())];
            }
            let rows: Vec<(Seat, Seats, Seats)> = mixer
                .listening
                .iter()
                .map(|seat| (seat, mixer.heard[seat.index()], mixer.row(seat)))
                .collect();
            let mixes = mixer.step(&sounds).to_vec();
            for (listener, before, after) in rows {
                let context = format!("seed {seed}, step {step}, {listener:?}");
                let mix = mix_for(&mixes, listener).expect(&context);
                assert!(!(before | after).contains(listener), "{context}");
                assert_eq!(
                    (before | after) & needed,
                    before | after,
                    "not needed: {context}"
                );
                let expected = reference(&sounds, &rise, before, after);
                assert!(mix == &expected, "{context}");
            }
        }
    }
}

fn seats_of(mixer: &Mixer) -> Seats {
    mixer.taken
}

fn change(random: &mut StdRng, mixer: &mut Mixer, seats: &mut Vec<Seat>) {
    let any = |random: &mut StdRng, seats: &[Seat]| seats[random.random_range(0..seats.len())];
    match random.random_range(0..6) {
        0 => seats.extend(mixer.join()),
        1 if seats.len() > 2 => {
            let left = seats.swap_remove(random.random_range(0..seats.len()));
            mixer.leave(left);
        }
        2 => mixer.mute(any(random, seats), random.random()),
        3 => mixer.stop_hearing(any(random, seats)),
        _ => {
            let row = seats.iter().copied().filter(|_| random.random());
            let row: Seats = row.collect();
            mixer.hear(any(random, seats), row);
        }
    }
}

/// The mix by definition, from the sounds of the row alone.
fn reference(sounds: &[Frame], rise: &[f32; RAMP], before: Seats, after: Seats) -> Frame {
    let mut mix = [0.0; FRAME];
    for seat in (before | after).iter() {
        for (n, sample) in mix.iter_mut().enumerate() {
            let rise = rise.get(n).copied().unwrap_or(1.0);
            let sound = sounds[seat.index()][n];
            match (before.contains(seat), after.contains(seat)) {
                (true, true) => *sample += sound,
                (false, _) => *sample += sound * rise,
                (true, false) if n < RAMP => *sample += sound * (1.0 - rise),
                (true, false) => {}
            }
        }
    }
    limit::soften(&mut mix);
    mix
}

#[test]
fn what_is_heard_is_at_its_level_and_what_is_not_is_absent() {
    let (mut mixer, seats) = mixer(4);
    // A coach: the agent hears customer and coach, the customer the agent alone.
    let [agent, customer, coach, monitor] = seats[..] else {
        unreachable!()
    };
    mixer.hear(agent, Seats::of(customer) | Seats::of(coach));
    mixer.hear(customer, Seats::of(agent));
    mixer.hear(monitor, Seats::of(agent) | Seats::of(customer));
    let tones = [400.0, 700.0, 1_100.0, 1_700.0];
    let mut heard = vec![Vec::new(); 4];
    for frame in 0..50 {
        let sounds: Vec<Frame> = tones
            .iter()
            .map(|tone| {
                let sound = sine(*tone, 0.2, SAMPLE_RATE, (frame + 1) * FRAME);
                std::array::from_fn(|at| sound[frame * FRAME + at])
            })
            .collect();
        let mixes = mixer.step(&sounds);
        for (party, seat) in seats.iter().enumerate() {
            if let Some(mix) = mix_for(mixes, *seat) {
                heard[party].extend_from_slice(mix);
            }
        }
    }
    let expected = [
        [false, true, true, false],
        [true, false, false, false],
        [false; 4],
        [true, true, false, false],
    ];
    for (listener, row) in expected.iter().enumerate() {
        for (speaker, hears) in row.iter().enumerate() {
            let level = match heard[listener].get(4_800..) {
                Some(sound) => level_at(sound, tones[speaker], SAMPLE_RATE),
                None => 0.0,
            };
            let wanted = if *hears { 0.2 } else { 0.0 };
            assert!(
                (level - wanted).abs() < 0.002,
                "{listener} hears {speaker} at {level}"
            );
        }
    }
}
