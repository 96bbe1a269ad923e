//! Reads a HID report descriptor (HID 1.11, 6.2.2) for the keys and lamps of a telephone headset
//! (HID Usage Tables 1.5, telephony page 0x0B and LED page 0x08).

use std::collections::BTreeMap;

/// Usage pages.
const LEDS: u16 = 0x08;
const BUTTONS: u16 = 0x09;
const TELEPHONY: u16 = 0x0B;

/// Longest report that is read, in bits: longer ones are no headset's.
const MOST_BITS: usize = 4096 * 8;
/// How deep collections and pushed states may be nested.
const MOST_DEPTH: usize = 32;
/// Widest value of a field, in bits.
const WIDEST: usize = 32;
/// How many keys may be down at once where a report lists them by number.
const MOST_SELECTORS: usize = 16;

/// A key of a headset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Hook switch (0x20): answers and hangs up.
    Hook,
    /// Phone mute (0x2F).
    Mute,
    /// Flash (0x21).
    Flash,
    /// Hold (0x23).
    Hold,
    /// Drop (0x26).
    Drop,
    /// Programmable button (0x07), or button 1 or 7: all makers use it to decline a call.
    Reject,
}

/// What the value of a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// 1 and 0 are its state.
    State,
    /// Each change from 0 to 1 is one press.
    Pulse,
    /// The descriptor leaves it open whether the key springs back.
    Unsaid,
}

/// A lamp of a headset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Lamp {
    /// Off-hook (0x17).
    OffHook,
    /// Mute (0x09).
    Mute,
    /// Ring (0x18).
    Ring,
    /// Hold (0x20).
    Hold,
    /// Microphone (0x21), lit while muted on headsets that have no other lamp for it.
    Microphone,
}

/// Where a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The report's number; 0 where reports have none.
    pub(crate) report: u8,
    /// First bit, counted after the report's number.
    pub(crate) bit: usize,
    /// How many bits.
    pub(crate) bits: usize,
}

/// What is read at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    /// One key.
    Key(Key, Manner),
    /// The number of the key that is down, counted from the first value given.
    Selector(i32, Vec<Option<Key>>),
}

/// Where a headset's keys and lamps lie in its reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    /// Whether reports begin with their number.
    pub(crate) numbered: bool,
    /// Keys, in the order of the descriptor.
    pub(crate) keys: Vec<(Place, Read)>,
    /// Lamps: of several of a kind, all.
    pub(crate) lamps: Vec<(Place, Lamp)>,
    /// The output reports that hold a lamp, with their lengths in bytes without the number.
    pub(crate) outputs: BTreeMap<u8, usize>,
}

impl Layout {
    /// Whether the headset has a key to answer with or to mute.
    pub(crate) fn is_useful(&self) -> bool {
        self.has(Key::Hook) || self.has(Key::Mute)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: Key) -> bool {
        self.keys.iter().any(|(_, read)| match read {
            Read::Key(one, _) => *one == key,
            Read::Selector(_, keys) => keys.contains(&Some(key)),
        })
    }
}

/// What is wrong with a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadDescriptor {
    /// It ends within an item.
    #[error("the descriptor is cut off")]
    CutOff,
    /// A collection or a pushed state is closed that was not open.
    #[error("the descriptor closes what it has not opened")]
    Unbalanced,
    /// It is nested deeper than any headset's.
    #[error("the descriptor is nested too deep")]
    TooDeep,
    /// A report is longer than any headset's.
    #[error("the descriptor has a report that is too long")]
    TooLong,
}

/// The state that lasts from item to item.
#[derive(Debug, Clone, Copy, Default)]
struct Globals {
    page: u16,
    minimum: i32,
    size: usize,
    count: usize,
    report: u8,
}

/// Usages named for the next main item. A page of 0 stands for the one that holds there.
#[derive(Debug, Default)]
struct Locals {
    ranges: Vec<(u16, u16, u16)>,
    minimum: Option<(u16, u16)>,
    maximum: Option<(u16, u16)>,
}

impl Locals {
    fn close_range(&mut self) {
        if let (Some((page, low)), Some((_, high))) = (self.minimum, self.maximum) {
            self.ranges.push((page, low, high));
            (self.minimum, self.maximum) = (None, None);
        }
    }

    /// The usage of the value with this number; none past the last.
    fn usage(&self, index: usize, page: u16) -> Option<(u16, u16)> {
        let mut left = index;
        for (own, low, high) in &self.ranges {
            let length = usize::from(high.saturating_sub(*low)) + 1;
            if left < length {
                let id = low + u16::try_from(left).ok()?;
                return Some((if *own == 0 { page } else { *own }, id));
            }
            left -= length;
        }
        None
    }
}

/// A usage of 1 to 4 bytes; the long form brings its page along.
fn spelled(value: u32, length: usize) -> (u16, u16) {
    let low = (value & 0xFFFF) as u16;
    if length == 4 {
        ((value >> 16) as u16, low)
    } else {
        (0, low)
    }
}

/// A value of 1 to 4 bytes with its sign.
fn signed(value: u32, length: usize) -> i32 {
    match length {
        1 => i32::from(value as u8 as i8),
        2 => i32::from(value as u16 as i16),
        _ => value as i32,
    }
}

/// Finds keys and lamps.
///
/// # Errors
/// [`BadDescriptor`]; what is merely unknown is passed over.
pub(crate) fn parse(descriptor: &[u8]) -> Result<Layout, BadDescriptor> {
    let mut parser = Parser::default();
    let mut rest = descriptor;
    while let Some((&prefix, after)) = rest.split_first() {
        if prefix == 0xFE {
            // A long item: its length, its tag, its data.
            let length = usize::from(*after.first().ok_or(BadDescriptor::CutOff)?);
            rest = after.get(2 + length..).ok_or(BadDescriptor::CutOff)?;
            continue;
        }
        let length = [0, 1, 2, 4][usize::from(prefix & 3)];
        let data = after.get(..length).ok_or(BadDescriptor::CutOff)?;
        let value = data
            .iter()
            .rev()
            .fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        parser.item(prefix & 0xFC, value, length)?;
        rest = &after[length..];
    }
    let mut layout = parser.layout;
    let lit = layout.lamps.iter().map(|(place, _)| place.report);
    let lit: Vec<u8> = lit.collect();
    for report in lit {
        let bits = parser.written.get(&report).copied().unwrap_or_default();
        layout.outputs.insert(report, bits.div_ceil(8));
    }
    Ok(layout)
}

#[derive(Default)]
struct Parser {
    layout: Layout,
    globals: Globals,
    pushed: Vec<Globals>,
    locals: Locals,
    /// For each open collection, whether it is within one of telephony.
    within: Vec<bool>,
    /// Bits of each report so far.
    read: BTreeMap<u8, usize>,
    written: BTreeMap<u8, usize>,
    featured: BTreeMap<u8, usize>,
}

impl Parser {
    fn item(&mut self, tag: u8, value: u32, length: usize) -> Result<(), BadDescriptor> {
        match tag {
            // Main items.
            0x80 => self.input(value)?,
            0x90 => self.output()?,
            0xB0 => {
                advance(&mut self.featured, self.globals)?;
            }
            0xA0 => {
                if self.within.len() >= MOST_DEPTH {
                    return Err(BadDescriptor::TooDeep);
                }
                let page = self.globals.page;
                self.locals.close_range();
                let usage = self.locals.usage(0, page);
                let telephony = usage.is_some_and(|(page, _)| page == TELEPHONY);
                let outer = self.within.last().copied().unwrap_or_default();
                self.within.push(outer || telephony);
            }
            0xC0 => {
                self.within.pop().ok_or(BadDescriptor::Unbalanced)?;
            }
            // Global items.
            0x04 => self.globals.page = (value & 0xFFFF) as u16,
            0x14 => self.globals.minimum = signed(value, length),
            0x74 => self.globals.size = value as usize,
            0x84 => {
                self.globals.report = (value & 0xFF) as u8;
                self.layout.numbered = true;
            }
            0x94 => self.globals.count = value as usize,
            0xA4 => {
                if self.pushed.len() >= MOST_DEPTH {
                    return Err(BadDescriptor::TooDeep);
                }
                self.pushed.push(self.globals);
            }
            0xB4 => self.globals = self.pushed.pop().ok_or(BadDescriptor::Unbalanced)?,
            // Local items.
            0x08 => {
                let (page, id) = spelled(value, length);
                self.locals.ranges.push((page, id, id));
            }
            0x18 => {
                self.locals.minimum = Some(spelled(value, length));
                self.locals.close_range();
            }
            0x28 => {
                self.locals.maximum = Some(spelled(value, length));
                self.locals.close_range();
            }
            _ => {}
        }
        if matches!(tag, 0x80 | 0x90 | 0xB0 | 0xA0 | 0xC0) {
            self.locals = Locals::default();
        }
        Ok(())
    }

    fn input(&mut self, flags: u32) -> Result<(), BadDescriptor> {
        let from = advance(&mut self.read, self.globals)?;
        let Globals {
            page,
            minimum,
            size,
            count,
            report,
        } = self.globals;
        if size == 0 || size > WIDEST {
            return Ok(());
        }
        let telephony = self.within.last().copied().unwrap_or_default();
        let place = |index: usize| Place {
            report,
            bit: from + index * size,
            bits: size,
        };
        // Some makers mark keys as constant, so only what names no usage is padding.
        if flags & 2 == 0 {
            let usages = (0..).map_while(|index| self.locals.usage(index, page));
            // More choices than a byte has are no keys.
            let keys: Vec<Option<Key>> = usages
                .take(256)
                .map(|usage| key(usage, telephony))
                .collect();
            if keys.iter().any(Option::is_some) {
                for index in 0..count.min(MOST_SELECTORS) {
                    let read = Read::Selector(minimum, keys.clone());
                    self.layout.keys.push((place(index), read));
                }
            }
            return Ok(());
        }
        for index in 0..count {
            let Some(usage) = self.locals.usage(index, page) else {
                break;
            };
            if let Some(key) = key(usage, telephony) {
                let read = Read::Key(key, manner(key, flags));
                self.layout.keys.push((place(index), read));
            }
        }
        Ok(())
    }

    fn output(&mut self) -> Result<(), BadDescriptor> {
        let from = advance(&mut self.written, self.globals)?;
        let Globals {
            page,
            size,
            count,
            report,
            ..
        } = self.globals;
        if size == 0 || size > WIDEST {
            return Ok(());
        }
        for index in 0..count {
            let Some(usage) = self.locals.usage(index, page) else {
                break;
            };
            if let Some(lamp) = lamp(usage) {
                let place = Place {
                    report,
                    bit: from + index * size,
                    bits: size,
                };
                self.layout.lamps.push((place, lamp));
            }
        }
        Ok(())
    }
}

/// Makes room for a main item in its report and gives its first bit.
fn advance(reports: &mut BTreeMap<u8, usize>, globals: Globals) -> Result<usize, BadDescriptor> {
    let length = reports.entry(globals.report).or_default();
    let from = *length;
    let more = globals.size.checked_mul(globals.count);
    let to = more.and_then(|more| from.checked_add(more));
    *length = to
        .filter(|to| *to <= MOST_BITS)
        .ok_or(BadDescriptor::TooLong)?;
    Ok(from)
}

/// Buttons are a key of ours only within a telephony collection.
fn key((page, id): (u16, u16), telephony: bool) -> Option<Key> {
    match (page, id) {
        (TELEPHONY, 0x20) => Some(Key::Hook),
        (TELEPHONY, 0x2F) => Some(Key::Mute),
        (TELEPHONY, 0x21) => Some(Key::Flash),
        (TELEPHONY, 0x23) => Some(Key::Hold),
        (TELEPHONY, 0x26) => Some(Key::Drop),
        (TELEPHONY, 0x07) => Some(Key::Reject),
        (BUTTONS, 1 | 7) if telephony => Some(Key::Reject),
        _ => None,
    }
}

fn lamp((page, id): (u16, u16)) -> Option<Lamp> {
    match (page, id) {
        (LEDS, 0x17) => Some(Lamp::OffHook),
        (LEDS, 0x09) => Some(Lamp::Mute),
        (LEDS, 0x18) => Some(Lamp::Ring),
        (LEDS, 0x20) => Some(Lamp::Hold),
        (LEDS, 0x21) => Some(Lamp::Microphone),
        _ => None,
    }
}

/// On/off controls (HID Usage Tables 1.5, 3.4.1.2): relative ones are pressed, absolute ones
/// without a preferred state stay as they are put. A hook that is absolute is a state everywhere.
fn manner(key: Key, flags: u32) -> Manner {
    let (relative, stays) = (flags & 0x04 != 0, flags & 0x20 != 0);
    match key {
        _ if relative => Manner::Pulse,
        Key::Hook => Manner::State,
        Key::Mute if stays => Manner::State,
        Key::Mute => Manner::Unsaid,
        Key::Flash | Key::Hold | Key::Drop | Key::Reject => Manner::Pulse,
    }
}

#[cfg(test)]
mod tests;
