//! What a leg's driver, its handles and its device side share.

use super::meter::Meter;
use super::statistics::{self, Quality};
use crate::dtmf::KeyEvent;
use crate::jitter::Tally;
use crate::leg::attach::DeviceRings;
use crate::leg::ear::Ear;
use crate::packet::Packet;
use crate::sdp::Terms;
use crate::{Clip, Codec, Direction, LegError, Statistics};
use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::{Notify, mpsc, oneshot};

/// What a handle asks of the driver.
pub(crate) enum Command {
    /// Offer and answer have agreed.
    Agree(Terms),
    /// The remote party shall hear this.
    Hear(Ear),
    /// The remote party shall hear this first.
    Interject(Arc<Clip>),
    /// Press these keys.
    Press(Vec<u8>),
    /// A device takes over.
    Attach(DeviceRings),
    /// End; tell when done.
    Close(oneshot::Sender<()>),
}

/// Something a remote party said or a room mixed, for those who hear it.
#[derive(Debug, Clone)]
pub(crate) enum Heard {
    /// A voice packet.
    Voice {
        codec: Codec,
        packet: Packet,
        at: Instant,
    },
    /// A telephone-event packet whose clock runs at `clock_rate` hertz.
    Key {
        key: KeyEvent,
        clock_rate: u32,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        at: Instant,
    },
    /// 20 ms of a room's mix.
    Mix { codec: Codec, payload: Bytes },
}

/// Packets that may wait for another leg before it loses some: two seconds.
pub(crate) const FEED: usize = 100;

/// The hearers of one leg's remote party.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// `None` once the leg has ended.
    hearers: Mutex<Option<Vec<Mouth>>>,
}

/// The feed's end of the way to one hearer.
#[derive(Debug)]
struct Mouth {
    way: mpsc::Sender<Heard>,
    lost: Arc<AtomicU64>,
}

/// One who hears a leg's remote party.
#[derive(Debug)]
pub(crate) struct Hearer {
    way: mpsc::Receiver<Heard>,
    lost: Arc<AtomicU64>,
}

impl Hearer {
    /// The next thing said; `None` once the leg has ended. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        self.way.recv().await
    }

    /// The next thing said, if it is there.
    pub(crate) fn try_next(&mut self) -> Option<Heard> {
        self.way.try_recv().ok()
    }

    /// Whether the leg has ended and all was taken.
    pub(crate) fn is_over(&self) -> bool {
        self.way.is_closed() && self.way.is_empty()
    }

    /// What came while too much was waiting.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Feed {
    pub(crate) fn open() -> Self {
        Self {
            hearers: Mutex::new(Some(Vec::new())),
        }
    }

    /// A new hearer, for whom `waiting` packets are kept; it hears the end at once if the leg has
    /// ended.
    pub(crate) fn listen(&self, waiting: usize) -> Hearer {
        let (sender, receiver) = mpsc::channel(waiting);
        let lost = Arc::new(AtomicU64::new(0));
        if let Some(hearers) = self.hearers.lock().as_mut() {
            hearers.push(Mouth {
                way: sender,
                lost: Arc::clone(&lost),
            });
        }
        Hearer {
            way: receiver,
            lost,
        }
    }

    /// Passes on what was heard.
    pub(crate) fn publish(&self, heard: &Heard) {
        if let Some(hearers) = self.hearers.lock().as_mut() {
            hearers.retain(|hearer| match hearer.way.try_send(heard.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    // A hearer that cannot keep up loses voice, as on a network.
                    hearer.lost.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            });
        }
    }

    /// Ends the feed for every hearer.
    pub(crate) fn close(&self) {
        *self.hearers.lock() = None;
    }
}

/// The state that is read from outside the driver.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) feed: Feed,
    pub(crate) meter: Mutex<Meter>,
    pub(crate) remote_direction: Mutex<Direction>,
    /// Wakes the driver when the device side has something for it.
    pub(crate) device: Notify,
    pub(crate) attached: AtomicBool,
    pub(crate) playout: Playout,
    /// Whether media flows; decides whether there is any quality to speak of.
    pub(crate) alive: AtomicBool,
    codec: AtomicU8,
    remote_loss: AtomicU32,
    recent_loss: AtomicU32,
}

/// What the jitter buffer that plays this leg reports.
#[derive(Debug, Default)]
pub(crate) struct Playout {
    decoded: AtomicU64,
    concealed_ms: AtomicU64,
    buffer_ms: AtomicU32,
}

impl Playout {
    /// Adds what happened between two tallies of one jitter buffer.
    pub(crate) fn note(&self, before: &Tally, after: &Tally) {
        self.decoded
            .fetch_add(after.decoded - before.decoded, Ordering::Relaxed);
        // Concealment can be taken back when it turns out to have covered silence.
        let concealed = after.concealed_ms as i64 - before.concealed_ms as i64;
        self.concealed_ms
            .fetch_add(concealed as u64, Ordering::Relaxed);
        self.buffer_ms
            .store(after.delay_ms as u32, Ordering::Relaxed);
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            feed: Feed::open(),
            meter: Mutex::default(),
            remote_direction: Mutex::default(),
            device: Notify::new(),
            attached: AtomicBool::new(false),
            playout: Playout::default(),
            alive: AtomicBool::new(false),
            codec: AtomicU8::new(0),
            remote_loss: AtomicU32::new(0),
            recent_loss: AtomicU32::new(0),
        }
    }

    /// The agreed codec.
    pub(crate) fn codec(&self) -> Option<Codec> {
        match self.codec.load(Ordering::Acquire) {
            1 => Some(Codec::Opus),
            2 => Some(Codec::Pcmu),
            3 => Some(Codec::Pcma),
            _ => None,
        }
    }

    pub(crate) fn set_codec(&self, codec: Codec) {
        let number = match codec {
            Codec::Opus => 1,
            Codec::Pcmu => 2,
            Codec::Pcma => 3,
        };
        self.codec.store(number, Ordering::Release);
    }

    /// Share of ours that the remote party lost lately.
    pub(crate) fn remote_loss(&self) -> f32 {
        f32::from_bits(self.remote_loss.load(Ordering::Relaxed))
    }

    pub(crate) fn set_remote_loss(&self, share: f32) {
        self.remote_loss.store(share.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn set_recent_loss(&self, share: f32) {
        self.recent_loss.store(share.to_bits(), Ordering::Relaxed);
    }

    /// Takes the one place a device can have.
    pub(crate) fn claim_device(&self) -> Result<(), LegError> {
        match self.attached.swap(true, Ordering::AcqRel) {
            true => Err(LegError::Attached),
            false => Ok(()),
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let codec = self.codec();
        let buffer_ms = self.playout.buffer_ms.load(Ordering::Relaxed);
        let meter = self.meter.lock();
        let round_trip_ms = meter.round_trip.map(|trip| trip.as_secs_f32() * 1_000.0);
        let mos_estimate = statistics::estimate_mos(&Quality {
            codec: codec.unwrap_or(Codec::Opus),
            round_trip_ms: round_trip_ms.unwrap_or(0.0),
            buffer_ms: buffer_ms as f32,
            loss: f32::from_bits(self.recent_loss.load(Ordering::Relaxed)),
        });
        let alive = self.alive.load(Ordering::Relaxed);
        Statistics {
            codec,
            round_trip_ms,
            jitter_ms: meter.jitter_ms(),
            lost: meter.lost(),
            received: meter.received,
            refused: meter.refused,
            sent: meter.sent,
            remote_loss: meter.remote_loss,
            concealed_ms: self.playout.concealed_ms.load(Ordering::Relaxed),
            buffer_ms,
            decoded: self.playout.decoded.load(Ordering::Relaxed),
            mos_estimate,
            bars: if alive {
                statistics::bars(mos_estimate)
            } else {
                0
            },
        }
    }
}
