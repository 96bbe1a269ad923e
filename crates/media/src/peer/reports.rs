//! What the remote party's RTCP tells about us: the connection reads it for itself alone and its
//! own statistics leave the round trip and the loss out.

use super::wire::PeerEvent;
use crate::wire::RemoteView;
use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Sender reports remembered; the remote party refers to the last one it got.
const REMEMBERED: usize = 8;

/// Watches reports pass in both directions. Belongs next to the wire, where ours are complete.
pub(super) struct ReportWatch {
    ssrc: u32,
    events: mpsc::UnboundedSender<PeerEvent>,
    /// Our sender reports: the middle of their NTP time, and when they left.
    sent: VecDeque<(u32, Instant)>,
    inward: VecDeque<TaggedPacket>,
    outward: VecDeque<TaggedPacket>,
}

impl ReportWatch {
    /// Tells `events` how the stream `ssrc` is received.
    pub(super) fn new(ssrc: u32, events: mpsc::UnboundedSender<PeerEvent>) -> Self {
        Self {
            ssrc,
            events,
            sent: VecDeque::new(),
            inward: VecDeque::new(),
            outward: VecDeque::new(),
        }
    }

    fn note_sent(&mut self, packet: &dyn rtcp::Packet, now: Instant) {
        let Some(report) = packet.as_any().downcast_ref::<SenderReport>() else {
            return;
        };
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(((report.ntp_time >> 16) as u32, now));
    }

    fn note_received(&self, packet: &dyn rtcp::Packet, now: Instant) {
        let packet = packet.as_any();
        let reports = match (
            packet.downcast_ref::<ReceiverReport>(),
            packet.downcast_ref::<SenderReport>(),
        ) {
            (Some(report), _) => &report.reports,
            (_, Some(report)) => &report.reports,
            (None, None) => return,
        };
        if let Some(report) = reports.iter().find(|report| report.ssrc == self.ssrc) {
            // The leg may have ended.
            let _ = self.events.send(PeerEvent::View(self.view(report, now)));
        }
    }

    fn view(&self, report: &ReceptionReport, now: Instant) -> RemoteView {
        let kept = Duration::from_secs_f64(f64::from(report.delay) / 65_536.0);
        let sent = self
            .sent
            .iter()
            .find(|(stamp, _)| *stamp == report.last_sender_report);
        RemoteView {
            round_trip: sent.map(|(_, at)| now.saturating_duration_since(*at + kept)),
            loss: f32::from(report.fraction_lost) / 256.0,
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for ReportWatch {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &message.message.packet {
            for packet in packets {
                self.note_received(&**packet, message.now);
            }
        }
        self.inward.push_back(message);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inward.pop_front()
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &message.message.packet {
            for packet in packets {
                self.note_sent(&**packet, message.now);
            }
        }
        self.outward.push_back(message);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outward.pop_front()
    }
}

impl Interceptor for ReportWatch {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
