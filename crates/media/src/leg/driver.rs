//! The one task of a leg: it owns the wire and the timers and moves packets between the remote
//! party, those who hear it, and what it hears.

mod keys;
mod seam;

use super::attach::DeviceRings;
use super::ear::{Ear, Player};
use super::shared::{Command, Heard, Shared};
use super::watch::Watch;
use crate::codec::{Encoder, MAX_PAYLOAD};
use crate::dtmf::{self, KeyListener, KeyPresser};
use crate::packet::Packet;
use crate::rtp::outgoing::{Outgoing, Stamp};
use crate::sdp::{EventFormat, Format, Terms};
use crate::tone::Generator;
use crate::wire::{Account, RemoteView, Wire, WireEvent};
use crate::{Codec, LegEvent};
use bytes::Bytes;
use seam::Seam;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

/// The rhythm of voice.
const TICK: Duration = Duration::from_millis(20);

/// Ticks that are caught up after the task was starved; longer pauses are not repaired.
const CATCH_UP: Duration = Duration::from_millis(200);

/// The rhythm of figures and reports.
const REPORT: Duration = Duration::from_secs(1);

/// Drives one leg until it is closed or its last handle is gone.
pub(crate) struct Driver {
    wire: Wire,
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::UnboundedSender<LegEvent>,
    shared: Arc<Shared>,
    epoch: Instant,
    ssrc: u32,
    terms: Option<Terms>,
    connected: bool,
    outgoing: Outgoing,
    ear: Ear,
    /// Heard before what the ear hears.
    interjected: Option<Player>,
    seam: Seam,
    device: Option<DeviceRings>,
    encoder: Option<LocalEncoder>,
    presser: KeyPresser,
    press_timestamp: u32,
    key_tone: Generator,
    relayed_key: Option<keys::RelayedKey>,
    keys: KeyListener,
    watch: Watch,
}

/// The encoder of sound made here.
struct LocalEncoder {
    codec: Codec,
    rate: u32,
    encoder: Encoder,
}

/// What woke the driver.
enum Wake {
    Command(Option<Command>),
    Wire(WireEvent),
    Heard(Option<Heard>),
    Device,
    Tick(tokio::time::Instant),
    Report,
}

impl Driver {
    /// `ssrc` is the leg's own; `start` the random first sequence number and timestamp.
    pub(crate) fn new(
        wire: Wire,
        ssrc: u32,
        start: (u16, u32),
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<LegEvent>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            wire,
            commands,
            events,
            shared,
            epoch: Instant::now(),
            ssrc,
            terms: None,
            connected: false,
            outgoing: Outgoing::new(Codec::Opus.clock_rate(), start.0, start.1),
            ear: Ear::Nothing,
            interjected: None,
            seam: Seam::default(),
            device: None,
            encoder: None,
            presser: KeyPresser::default(),
            press_timestamp: 0,
            key_tone: Generator::new(dtmf::tone_of(0)),
            relayed_key: None,
            keys: KeyListener::default(),
            watch: Watch::default(),
        }
    }

    /// Runs to the end of the leg.
    pub(crate) async fn run(mut self) {
        let closed = self.run_until_closed().await;
        self.report(Instant::now(), true).await;
        self.shared.alive.store(false, Ordering::Relaxed);
        self.shared.feed.close();
        self.wire.close().await;
        if let Some(closed) = closed {
            // The handle may not have waited.
            let _ = closed.send(());
        }
    }

    async fn run_until_closed(&mut self) -> Option<oneshot::Sender<()>> {
        let mut tick = tokio::time::interval(TICK);
        let mut report = tokio::time::interval(REPORT);
        report.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shared = Arc::clone(&self.shared);
        loop {
            let wake = tokio::select! {
                command = self.commands.recv() => Wake::Command(command),
                event = self.wire.receive() => Wake::Wire(event),
                heard = self.ear.next() => Wake::Heard(heard),
                () = shared.device.notified() => Wake::Device,
                due = tick.tick() => Wake::Tick(due),
                _ = report.tick() => Wake::Report,
            };
            let now = Instant::now();
            match wake {
                Wake::Command(None) => return None,
                Wake::Command(Some(Command::Close(closed))) => return Some(closed),
                Wake::Command(Some(command)) => self.obey(command, now),
                Wake::Wire(event) => self.take_wire_event(event, now),
                Wake::Heard(Some(heard)) => self.take_heard(heard, now).await,
                Wake::Heard(None) => self.set_ear(Ear::Nothing),
                Wake::Device => self.take_device(now).await,
                Wake::Tick(due) => {
                    self.take_tick(now).await;
                    let period = self.period();
                    if due.elapsed() > CATCH_UP {
                        tick.reset();
                    } else if period != TICK {
                        tick.reset_at(due + period);
                    }
                }
                Wake::Report => self.exchange_reports(now).await,
            }
        }
    }

    /// From one tick to the next: a transcoder's follows the party that is heard.
    fn period(&mut self) -> Duration {
        match &mut self.ear {
            Ear::Leg(relay) => relay
                .transcoder()
                .map_or(TICK, |transcoder| transcoder.period(TICK)),
            Ear::Nothing | Ear::Clip(_) | Ear::Tone(_) | Ear::Mix(_) => TICK,
        }
    }

    fn tell(&self, event: LegEvent) {
        // Whoever made the leg may not care for its events.
        let _ = self.events.send(event);
    }

    fn obey(&mut self, command: Command, now: Instant) {
        match command {
            Command::Agree(terms) => self.agree(terms, now),
            Command::Hear(ear) => self.set_ear(ear),
            Command::Interject(clip) => {
                self.interjected = Some(Player::new(clip, false));
                self.seam.open();
            }
            Command::Press(events) => {
                self.presser.press(events);
                self.outgoing.pause();
            }
            Command::Attach(rings) => {
                self.device = Some(rings);
                self.change_source();
            }
            Command::Close(_) => {}
        }
    }

    fn agree(&mut self, terms: Terms, now: Instant) {
        self.outgoing.set_clock_rate(terms.codec.clock_rate());
        self.shared.set_codec(terms.codec);
        self.watch.expect(terms.receiving, now);
        let flows = self.wire.apply(&terms);
        self.terms = Some(terms);
        if flows {
            self.connect(now);
        }
    }

    fn connect(&mut self, now: Instant) {
        if !self.connected {
            self.connected = true;
            self.shared.alive.store(true, Ordering::Relaxed);
            self.watch.connected(now);
            self.tell(LegEvent::Connected);
        }
    }

    fn disconnect(&mut self) -> bool {
        self.shared.alive.store(false, Ordering::Relaxed);
        std::mem::take(&mut self.connected)
    }

    fn set_ear(&mut self, ear: Ear) {
        self.ear = ear.follow(std::mem::replace(&mut self.ear, Ear::Nothing));
        if !matches!(self.ear, Ear::Mix(_)) {
            self.change_source();
        }
    }

    fn change_source(&mut self) {
        self.outgoing.change_source();
        self.seam.open();
    }

    fn take_wire_event(&mut self, event: WireEvent, now: Instant) {
        match event {
            WireEvent::Packet { packet, from } => self.take_packet(packet, from, now),
            WireEvent::RemoteClock(stamp) => {
                self.shared.meter.lock().note_sender_report(stamp, now);
            }
            WireEvent::RemoteView(view) => self.note_remote_view(view),
            WireEvent::Refused => self.shared.meter.lock().refused += 1,
            WireEvent::Connected => self.connect(now),
            WireEvent::Disconnected => {
                if self.disconnect() {
                    self.tell(LegEvent::Disconnected);
                }
            }
            WireEvent::Failed(failure) => {
                self.disconnect();
                self.tell(LegEvent::Failed(failure));
            }
        }
    }

    fn take_packet(&mut self, packet: Packet, from: Option<SocketAddr>, now: Instant) {
        let format = self
            .terms
            .as_ref()
            .and_then(|terms| terms.format_of(packet.payload_type));
        let (Some(terms), Some(format)) = (&self.terms, format) else {
            self.shared.meter.lock().refused += 1;
            return;
        };
        let receiving = terms.receiving;
        self.wire.confirm(from);
        let clock_rate = match format {
            Format::Voice(codec) => codec.clock_rate(),
            Format::Event(clock_rate) => clock_rate,
        };
        self.shared
            .meter
            .lock()
            .note_received(&packet, clock_rate, now, self.epoch);
        match format {
            // A party that we hold, or that is still unaware of it, is not listened to.
            Format::Voice(_) if !receiving => {}
            Format::Voice(codec) => self.take_voice(codec, packet, now),
            Format::Event(clock_rate) => self.take_key(&packet, clock_rate, now),
        }
    }

    fn take_voice(&mut self, codec: Codec, packet: Packet, now: Instant) {
        if self.watch.heard(now) {
            self.tell(LegEvent::FirstAudio);
        }
        self.shared.alive.store(self.connected, Ordering::Relaxed);
        let heard = Heard::Voice {
            codec,
            packet,
            at: now,
        };
        self.shared.feed.publish(&heard);
        if let Some(device) = &mut self.device {
            // A listener that stopped pulling loses voice; there is no use for it later.
            let _ = device.listen.push(heard);
        }
    }

    /// The codec and telephone events to send with, when sending is possible now.
    fn voice(&self) -> Option<(Codec, u8, Option<EventFormat>)> {
        self.terms
            .as_ref()
            .filter(|terms| self.connected && terms.sending)
            .map(|terms| (terms.codec, terms.payload_type, terms.event))
    }

    async fn take_heard(&mut self, heard: Heard, now: Instant) {
        let Some((codec, payload_type, event)) = self.voice() else {
            return;
        };
        if self.device.is_some() {
            return;
        }
        match heard {
            Heard::Voice {
                codec: theirs,
                packet,
                at,
            } => {
                let Ear::Leg(relay) = self.ear.now() else {
                    return;
                };
                if theirs == codec {
                    relay.pass_through();
                    self.pass_on(packet, (codec, payload_type), now).await;
                } else if let Some(transcoder) = relay.transcode(theirs, codec) {
                    transcoder.buffer.put(packet.into(), at);
                }
            }
            Heard::Mix {
                codec: mixed,
                payload,
            } => {
                if self.ear.begin_mix() {
                    self.outgoing.carry_on();
                    self.seam.open();
                }
                let silent = self.presser.is_busy() || self.interjected.is_some();
                if mixed == codec && !silent {
                    let stamp = self.outgoing.frame(codec.frame_ticks(), now);
                    self.send_voice((codec, payload_type), stamp, payload).await;
                }
            }
            Heard::Key {
                key,
                clock_rate,
                ssrc,
                timestamp,
                ..
            } => {
                self.pass_key_on(key, clock_rate, (ssrc, timestamp), event, now)
                    .await;
            }
        }
    }

    async fn pass_on(&mut self, packet: Packet, voice: (Codec, u8), now: Instant) {
        if self.presser.is_busy() || self.interjected.is_some() {
            self.outgoing.omit(packet.sequence);
            return;
        }
        let stamp = self.outgoing.relay(
            packet.ssrc,
            packet.sequence,
            packet.timestamp,
            packet.marker,
            now,
        );
        if let Some(stamp) = stamp {
            self.send_voice(voice, stamp, packet.payload).await;
        }
    }

    async fn send_voice(
        &mut self,
        (codec, payload_type): (Codec, u8),
        stamp: Stamp,
        payload: Bytes,
    ) {
        let payload = self.seam.close(codec, payload);
        self.send(payload_type, stamp, payload).await;
    }

    async fn send(&mut self, payload_type: u8, stamp: Stamp, payload: Bytes) {
        let octets = payload.len();
        let sent = self
            .wire
            .send(Packet {
                payload_type,
                marker: stamp.marker,
                sequence: stamp.sequence,
                timestamp: stamp.timestamp,
                ssrc: self.ssrc,
                payload,
            })
            .await;
        if sent {
            self.shared.meter.lock().note_sent(octets);
        }
    }

    async fn take_device(&mut self, now: Instant) {
        while let Some(device) = &mut self.device {
            let Ok(encoded) = device.talk.pop() else {
                if device.talk.is_abandoned() {
                    self.device = None;
                    self.change_source();
                }
                return;
            };
            let Some((codec, payload_type, _)) = self.voice() else {
                continue;
            };
            if encoded.codec() == codec && !self.presser.is_busy() {
                let payload = Bytes::copy_from_slice(encoded.payload());
                let stamp = self.outgoing.frame(codec.frame_ticks(), now);
                self.send_voice((codec, payload_type), stamp, payload).await;
            }
        }
    }

    async fn take_tick(&mut self, now: Instant) {
        self.tell_keys(now);
        if let Some(silence) = self.watch.overdue(now) {
            self.shared.alive.store(false, Ordering::Relaxed);
            self.tell(LegEvent::MediaTimeout {
                silence_ms: silence.as_millis() as u64,
            });
        }
        let Some((codec, payload_type, event)) = self.voice() else {
            return;
        };
        let voice = (codec, payload_type);
        if self.press_keys(voice, event, now).await || self.device.is_some() {
            return;
        }
        if let Some(payload) = self.make_frame(codec, now) {
            let stamp = self.outgoing.frame(codec.frame_ticks(), now);
            self.send_voice(voice, stamp, payload).await;
        }
    }

    /// The next 20 ms of a source that is not relayed packet by packet.
    fn make_frame(&mut self, codec: Codec, now: Instant) -> Option<Bytes> {
        if self.interjected.is_some() {
            return self.make_interjected(codec, now);
        }
        let rate = match self.ear.now() {
            Ear::Nothing => return Some(Bytes::from_static(codec.silence())),
            Ear::Clip(_) | Ear::Tone(_) => codec.natural_rate(),
            Ear::Leg(relay) => relay.transcoder()?.rate(),
            // It comes when the room has made it.
            Ear::Mix(_) => return None,
        };
        let mut sound = [0.0; crate::FRAME];
        let frame = &mut sound[..rate as usize / 50];
        let mut ended = false;
        match self.ear.now() {
            Ear::Nothing | Ear::Mix(_) => {}
            Ear::Clip(player) => ended = !player.fill(rate, frame),
            Ear::Tone(generator) => generator.fill(rate, frame),
            Ear::Leg(relay) => {
                if let Some(transcoder) = relay.transcoder() {
                    transcoder.fill(frame, now, &self.shared);
                }
            }
        }
        let payload = self.encode(codec, rate, &sound[..rate as usize / 50]);
        if ended {
            // In its place, which may be that before a mix.
            *self.ear.now() = Ear::Nothing;
            self.change_source();
            self.tell(LegEvent::ClipEnded);
        }
        payload
    }

    /// The next 20 ms of the clip that is heard first.
    fn make_interjected(&mut self, codec: Codec, now: Instant) -> Option<Bytes> {
        let mut sound = [0.0; crate::FRAME];
        if let Ear::Leg(relay) = self.ear.now()
            && let Some(transcoder) = relay.transcoder()
        {
            // Missed, not put off.
            let frame = &mut sound[..transcoder.rate() as usize / 50];
            transcoder.fill(frame, now, &self.shared);
        }
        let player = self.interjected.as_mut()?;
        let rate = codec.natural_rate();
        let frame = &mut sound[..rate as usize / 50];
        let ended = !player.fill(rate, frame);
        let payload = self.encode(codec, rate, &sound[..rate as usize / 50]);
        if ended {
            self.interjected = None;
            self.outgoing.pause();
        }
        payload
    }

    fn encode(&mut self, codec: Codec, rate: u32, frame: &[f32]) -> Option<Bytes> {
        let fits = |local: &LocalEncoder| local.codec == codec && local.rate == rate;
        if !self.encoder.as_ref().is_some_and(fits) {
            match codec.encoder(rate) {
                Ok(encoder) => {
                    self.encoder = Some(LocalEncoder {
                        codec,
                        rate,
                        encoder,
                    });
                }
                Err(error) => tracing::warn!(%error, "no voice is sent"),
            }
        }
        let local = self.encoder.as_mut()?;
        local.encoder.expect_loss(self.shared.remote_loss());
        let mut payload = [0; MAX_PAYLOAD];
        let length = local.encoder.encode(frame, &mut payload).ok()?;
        Some(Bytes::copy_from_slice(&payload[..length]))
    }

    async fn exchange_reports(&mut self, now: Instant) {
        let (lost, received) = {
            let meter = self.shared.meter.lock();
            (meter.lost(), meter.received)
        };
        self.shared
            .set_recent_loss(self.watch.recent_loss(lost, received));
        if self.connected {
            self.report(now, false).await;
        }
    }

    async fn report(&mut self, now: Instant, leaving: bool) {
        let timestamp = self.outgoing.timestamp_at(now);
        let account = {
            let mut meter = self.shared.meter.lock();
            Account {
                packets: meter.sent,
                octets: meter.sent_octets,
                timestamp,
                reception: meter.report(now),
                leaving,
            }
        };
        self.wire.report(account).await;
    }

    fn note_remote_view(&self, view: RemoteView) {
        let mut meter = self.shared.meter.lock();
        meter.round_trip = view.round_trip.or(meter.round_trip);
        meter.remote_loss = view.loss;
        self.shared.set_remote_loss(view.loss);
    }
}
