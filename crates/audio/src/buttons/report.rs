//! Input reports become keys, lamps become output reports.

use super::Lamps;
use super::descriptor::{Key, Lamp, Layout, Manner, Place, Read};

/// A key that went down or up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// Which.
    pub(crate) key: Key,
    /// What its value means.
    pub(crate) manner: Manner,
    /// Whether it is down, or its state on.
    pub(crate) on: bool,
}

/// Tells which keys have changed from report to report.
#[derive(Debug)]
pub(crate) struct Decoder {
    layout: Layout,
    /// For each key of the layout, what it said last: 0 or 1, or the number of the key that is
    /// down and one more.
    last: Vec<usize>,
}

impl Decoder {
    /// All keys are up to begin with.
    pub(crate) fn new(layout: Layout) -> Self {
        let last = vec![0; layout.keys.len()];
        Self { layout, last }
    }

    /// Where keys and lamps lie.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Reads one input report. What it does not reach to has not changed.
    pub(crate) fn read(&mut self, report: &[u8]) -> Vec<Change> {
        let (number, data) = match (self.layout.numbered, report.split_first()) {
            (true, Some((number, data))) => (*number, data),
            (true, None) => return Vec::new(),
            (false, _) => (0, report),
        };
        let mut changes = Vec::new();
        for ((place, read), last) in self.layout.keys.iter().zip(&mut self.last) {
            if place.report != number {
                continue;
            }
            let Some(value) = get(data, *place) else {
                continue;
            };
            match read {
                Read::Key(key, manner) => {
                    let now = usize::from(value != 0);
                    if now != std::mem::replace(last, now) {
                        changes.push(Change {
                            key: *key,
                            manner: *manner,
                            on: now == 1,
                        });
                    }
                }
                Read::Selector(minimum, keys) => {
                    let chosen = i64::from(value) - i64::from(*minimum);
                    let chosen = usize::try_from(chosen).ok().filter(|it| *it < keys.len());
                    let now = chosen.map_or(0, |it| it + 1);
                    let before = std::mem::replace(last, now);
                    if now == before {
                        continue;
                    }
                    for (number, on) in [(before, false), (now, true)] {
                        let key = number.checked_sub(1).and_then(|it| keys[it]);
                        changes.extend(key.map(|key| Change {
                            key,
                            manner: Manner::Pulse,
                            on,
                        }));
                    }
                }
            }
        }
        changes
    }
}

/// The output reports that show these lamps: their numbers first, and 0 where they have none.
pub(crate) fn write(layout: &Layout, lamps: Lamps) -> Vec<Vec<u8>> {
    let dumb = !layout.lamps.iter().any(|(_, lamp)| *lamp == Lamp::Mute);
    let reports = layout.outputs.iter().map(|(number, length)| {
        let mut report = vec![0; 1 + length];
        report[0] = *number;
        for (place, lamp) in &layout.lamps {
            let lit = match lamp {
                Lamp::OffHook => lamps.off_hook,
                Lamp::Mute => lamps.mute,
                Lamp::Ring => lamps.ring,
                Lamp::Hold => lamps.hold,
                Lamp::Microphone => dumb && lamps.mute,
            };
            if place.report == *number && lit {
                set(&mut report[1..], *place);
            }
        }
        report
    });
    reports.collect()
}

/// The value at a place, least significant bit first; none past the end.
fn get(data: &[u8], place: Place) -> Option<u32> {
    (0..place.bits).try_fold(0_u32, |value, index| {
        let bit = place.bit + index;
        let byte = data.get(bit / 8)?;
        Some(value | u32::from(byte >> (bit % 8) & 1) << index)
    })
}

/// Writes 1 at a place.
fn set(data: &mut [u8], place: Place) {
    if let Some(byte) = data.get_mut(place.bit / 8) {
        *byte |= 1 << (place.bit % 8);
    }
}

#[cfg(test)]
mod tests;
