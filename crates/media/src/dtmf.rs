//! Telephone keys as RTP events (RFC 4733), both ways.

use crate::Tone;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The payload of a telephone-event packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyEvent {
    /// 0-9, 10 `*`, 11 `#`, 12-15 `A`-`D`; higher ones are not keys.
    pub(crate) event: u8,
    /// The key has been let go.
    pub(crate) end: bool,
    /// Attenuation below 0 dBm0, in decibels.
    pub(crate) volume: u8,
    /// How long so far, in ticks of the event clock.
    pub(crate) duration: u16,
}

impl KeyEvent {
    /// Reads a payload; `None` if it is too short.
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        let [event, flags, high, low, ..] = *payload else {
            return None;
        };
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload.
    pub(crate) fn write(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        let end = if self.end { 0x80 } else { 0 };
        [self.event, end | self.volume & 0x3f, high, low]
    }
}

const KEYS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// The event number of a key; `None` if telephones have no such key.
pub(crate) fn event_of(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    KEYS.iter().position(|k| *k == key).map(|n| n as u8)
}

/// The key of an event number; `None` if it is not that of a key.
pub(crate) fn key_of(event: u8) -> Option<char> {
    KEYS.get(usize::from(event)).copied()
}

/// Ticks of a clock of `clock_rate` hertz, in milliseconds.
pub(crate) fn milliseconds(ticks: u64, clock_rate: u32) -> u32 {
    (ticks * 1_000 / u64::from(clock_rate.max(1))) as u32
}

/// Whether an event number is that of a key.
pub(crate) fn is_key(event: u8) -> bool {
    usize::from(event) < KEYS.len()
}

/// The two tones of a key (ITU-T Q.23), by event number.
pub(crate) fn tone_of(event: u8) -> Tone {
    const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let (row, column) = match event {
        0 => (3, 1),
        1..=9 => ((event - 1) / 3, (event - 1) % 3),
        10 => (3, 0),
        11 => (3, 2),
        letter => (letter.saturating_sub(12).min(3), 3),
    };
    Tone {
        frequencies: [ROWS[usize::from(row)], COLUMNS[usize::from(column)]],
        on_ms: 1_000,
        off_ms: 0,
        level: 0.4,
    }
}

/// A key press, complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Press {
    pub(crate) key: char,
    pub(crate) duration_ms: u32,
}

/// A press whose packets have stopped for this long is over, though its end was lost.
const LOST_END: Duration = Duration::from_millis(250);

/// Event timestamps up to this far behind the newest, in ticks, are repeats of what was told; ones
/// further behind come from a sender that restarted its clock.
const REPEATED_WITHIN: u32 = 480_000;

/// Turns event packets, with their repeats, losses and disorder, into presses.
///
/// ```text
///            first packet                  end packet, newer press, or silence
///  Released ─────────────▶ Pressed ────────────────────────────────────────────▶ Released
///                            │ ▲                                  (one press told)
///                            └─┘ more packets
/// ```
#[derive(Debug, Default)]
pub(crate) struct KeyListener {
    pressed: Option<Pressed>,
    /// The timestamp of the latest press told, whose repeats are ignored.
    told: Option<(u32, u32)>,
    presses: VecDeque<Press>,
}

#[derive(Debug, Clone, Copy)]
struct Pressed {
    ssrc: u32,
    timestamp: u32,
    event: u8,
    /// Ticks of earlier segments of a press too long for one (RFC 4733 2.5.1.3).
    earlier: u32,
    duration: u16,
    clock_rate: u32,
    seen: Instant,
}

impl KeyListener {
    /// Takes the event packet with these numbers, whose clock runs at `clock_rate` hertz.
    pub(crate) fn take(
        &mut self,
        ssrc: u32,
        timestamp: u32,
        key: KeyEvent,
        clock_rate: u32,
        now: Instant,
    ) {
        if !is_key(key.event) || self.is_told(ssrc, timestamp) {
            return;
        }
        match self.pressed {
            Some(pressed) if pressed.ssrc == ssrc && pressed.timestamp == timestamp => {
                let duration = pressed.duration.max(key.duration);
                self.pressed = Some(Pressed {
                    duration,
                    seen: now,
                    ..pressed
                });
            }
            Some(pressed)
                if pressed.ssrc == ssrc
                    && pressed.event == key.event
                    && timestamp == pressed.timestamp.wrapping_add(pressed.duration.into())
                    && pressed.duration > u16::MAX / 2 =>
            {
                self.pressed = Some(Pressed {
                    timestamp,
                    earlier: pressed.earlier + u32::from(pressed.duration),
                    duration: key.duration,
                    seen: now,
                    ..pressed
                });
            }
            _ => {
                self.tell();
                self.pressed = Some(Pressed {
                    ssrc,
                    timestamp,
                    event: key.event,
                    earlier: 0,
                    duration: key.duration,
                    clock_rate,
                    seen: now,
                });
            }
        }
        if key.end {
            self.tell();
        }
    }

    fn is_told(&self, ssrc: u32, timestamp: u32) -> bool {
        let newest = match (self.pressed, self.told) {
            (Some(pressed), _) if pressed.ssrc == ssrc => pressed.timestamp.wrapping_sub(1),
            (_, Some((told_ssrc, told))) if told_ssrc == ssrc => told,
            _ => return false,
        };
        newest.wrapping_sub(timestamp) < REPEATED_WITHIN
    }

    fn tell(&mut self) {
        if let Some(pressed) = self.pressed.take() {
            self.told = Some((pressed.ssrc, pressed.timestamp));
            let ticks = u64::from(pressed.earlier) + u64::from(pressed.duration);
            self.presses.push_back(Press {
                key: KEYS[usize::from(pressed.event)],
                duration_ms: milliseconds(ticks, pressed.clock_rate),
            });
        }
    }

    /// The next complete press.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Press> {
        if self
            .pressed
            .is_some_and(|pressed| now.saturating_duration_since(pressed.seen) >= LOST_END)
        {
            self.tell();
        }
        self.presses.pop_front()
    }
}

/// Ticks of 20 ms a key is pressed.
const PRESSED_TICKS: u16 = 5;

/// Ticks of 20 ms from the start of one key to the next; the end is repeated meanwhile.
const CYCLE_TICKS: u16 = 8;

/// Presses keys one after another. Call [`KeyPresser::tick`] every 20 ms.
#[derive(Debug, Default)]
pub(crate) struct KeyPresser {
    queue: VecDeque<u8>,
    tick: u16,
}

/// What a tick of the [`KeyPresser`] asks to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyTick {
    /// An event packet; `first` starts a key and with it a new event timestamp.
    Send {
        /// The first packet of its key.
        first: bool,
        /// What to send.
        key: KeyEvent,
    },
    /// Nothing in this tick, but the voice stays suppressed.
    Pause,
}

impl KeyPresser {
    /// Queues keys by event number.
    pub(crate) fn press(&mut self, events: impl IntoIterator<Item = u8>) {
        self.queue.extend(events);
    }

    /// Whether a key is being pressed, so that voice must be left out.
    pub(crate) fn is_busy(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The next 20 ms, with durations in ticks of `clock_rate`; `None` when no key is waiting.
    pub(crate) fn tick(&mut self, clock_rate: u32) -> Option<KeyTick> {
        let event = *self.queue.front()?;
        let tick = self.tick;
        self.tick += 1;
        if self.tick == CYCLE_TICKS {
            self.tick = 0;
            self.queue.pop_front();
        }
        let held = (tick + 1).min(PRESSED_TICKS);
        Some(if tick < PRESSED_TICKS + 2 {
            KeyTick::Send {
                first: tick == 0,
                key: KeyEvent {
                    event,
                    end: tick + 1 >= PRESSED_TICKS,
                    volume: 10,
                    duration: held * (clock_rate / 50) as u16,
                },
            }
        } else {
            KeyTick::Pause
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(digits: &str, clock_rate: u32) -> Vec<(u32, KeyEvent)> {
        let mut presser = KeyPresser::default();
        presser.press(digits.chars().map(|key| event_of(key).unwrap()));
        let mut packets = Vec::new();
        let (mut timestamp, mut elapsed) = (0, 0);
        while let Some(tick) = presser.tick(clock_rate) {
            if let KeyTick::Send { first, key } = tick {
                if first {
                    timestamp = elapsed;
                }
                packets.push((timestamp, key));
            }
            elapsed += clock_rate / 50;
        }
        packets
    }

    fn hear(packets: &[(u32, KeyEvent)], clock_rate: u32) -> Vec<Press> {
        let mut listener = KeyListener::default();
        let mut now = Instant::now();
        let mut heard = Vec::new();
        for (timestamp, key) in packets {
            listener.take(1, *timestamp, *key, clock_rate, now);
            heard.extend(listener.next(now));
            now += Duration::from_millis(20);
        }
        heard.extend(listener.next(now + LOST_END));
        heard
    }

    fn keys(presses: &[Press]) -> String {
        presses.iter().map(|press| press.key).collect()
    }

    #[test]
    fn each_key_is_told_once_with_its_length() {
        for clock_rate in [8_000, 48_000] {
            let heard = hear(&press("1155#*Ad", clock_rate), clock_rate);
            assert_eq!(keys(&heard), "1155#*AD");
            assert!(heard.iter().all(|press| press.duration_ms == 100));
        }
    }

    #[test]
    fn lost_packets_do_not_lose_or_double_a_key() {
        let packets = press("98", 8_000);
        for missing in 0..packets.len() {
            let mut some = packets.clone();
            some.remove(missing);
            assert_eq!(keys(&hear(&some, 8_000)), "98", "without packet {missing}");
        }
        let no_ends: Vec<_> = packets
            .iter()
            .copied()
            .filter(|(_, key)| !key.end)
            .collect();
        assert_eq!(keys(&hear(&no_ends, 8_000)), "98");
        let only_ends: Vec<_> = packets.iter().copied().filter(|(_, key)| key.end).collect();
        assert_eq!(keys(&hear(&only_ends, 8_000)), "98");
    }

    #[test]
    fn late_repeats_of_an_earlier_key_are_ignored() {
        let mut packets = press("12", 8_000);
        let late = packets[6];
        packets.insert(9, late);
        packets.push(late);
        assert_eq!(keys(&hear(&packets, 8_000)), "12");
    }

    #[test]
    fn a_very_long_press_is_one_press() {
        let key = |duration, end| KeyEvent {
            event: 5,
            end,
            volume: 10,
            duration,
        };
        let packets = [
            (0, key(60_000, false)),
            (0, key(u16::MAX, false)),
            (65_535, key(960, false)),
            (65_535, key(2_880, true)),
        ];
        let heard = hear(&packets, 48_000);
        assert_eq!(keys(&heard), "5");
        assert_eq!(heard[0].duration_ms, (65_535 + 2_880) / 48);
    }

    #[test]
    fn keys_have_their_places_on_the_pad() {
        let pad = ["123A", "456B", "789C", "*0#D"];
        for (row, keys) in pad.iter().enumerate() {
            for (column, key) in keys.chars().enumerate() {
                let tone = tone_of(event_of(key).unwrap());
                let expected = [
                    [697.0, 770.0, 852.0, 941.0][row],
                    [1_209.0, 1_336.0, 1_477.0, 1_633.0][column],
                ];
                assert_eq!(tone.frequencies, expected, "{key}");
            }
        }
    }

    #[test]
    fn events_that_are_no_keys_are_ignored() {
        let flash = KeyEvent {
            event: 16,
            end: true,
            volume: 0,
            duration: 160,
        };
        assert!(hear(&[(0, flash)], 8_000).is_empty());
        assert_eq!(KeyEvent::parse(&[1, 2, 3]), None);
        assert_eq!(KeyEvent::parse(&flash.write()), Some(flash));
        assert_eq!(event_of('x'), None);
    }
}
