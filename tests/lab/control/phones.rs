//! Plain phones that cost next to nothing: each says one byte of G.711 for ever, and counts who
//! says what to it.

use anyhow::{Context, Result, ensure};
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Samples and bytes of a packet of 20 ms.
const SAMPLES: usize = 160;

/// Phones that are called in pairs: 0 with 1, 2 with 3.
pub(crate) struct Phones {
    address: IpAddr,
    all: Vec<Phone>,
}

struct Phone {
    socket: UdpSocket,
    far: Option<SocketAddr>,
}

/// What a phone has heard.
#[derive(Default)]
struct Heard {
    /// From the other phone of its call.
    right: AtomicU64,
    /// From anybody else.
    wrong: AtomicU64,
    first: Mutex<Option<Instant>>,
}

/// Phones in conversation, until it is dropped.
pub(crate) struct Talking {
    heard: Arc<Vec<Heard>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Phones {
    pub(crate) fn new(address: IpAddr, count: usize) -> Result<Self> {
        let phone = |_| {
            let socket = UdpSocket::bind((address, 0))?;
            socket.set_nonblocking(true)?;
            Ok(Phone { socket, far: None })
        };
        let all = (0..count).map(phone).collect::<Result<_>>()?;
        Ok(Self { address, all })
    }

    /// What a phone offers, and answers.
    pub(crate) fn offer(&self, phone: usize) -> Result<String> {
        let port = self.all[phone].socket.local_addr()?.port();
        let address = self.address;
        Ok(format!(
            "v=0\r\no=- {port} 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        ))
    }

    /// Takes what the far side answered.
    pub(crate) fn accept(&mut self, phone: usize, answer: &str) -> Result<()> {
        let line = |start| answer.lines().find_map(|line| line.strip_prefix(start));
        let host = line("c=IN IP4 ").context("an answer without an address")?;
        let port = line("m=audio ").and_then(|line| line.split(' ').next());
        let port = port.context("an answer without a port")?;
        self.all[phone].far = Some(SocketAddr::new(host.trim().parse()?, port.parse()?));
        Ok(())
    }

    /// Lets all talk.
    pub(crate) fn talk(self) -> Talking {
        let heard: Vec<Heard> = self.all.iter().map(|_| Heard::default()).collect();
        let heard = Arc::new(heard);
        let over = Arc::new(AtomicBool::new(false));
        let (ears, end) = (heard.clone(), over.clone());
        let thread = std::thread::spawn(move || converse(&self.all, &ears, &end));
        Talking {
            heard,
            over,
            thread: Some(thread),
        }
    }
}

/// The byte that a phone says.
fn word(phone: usize) -> u8 {
    u8::try_from(phone % 251).unwrap_or_default()
}

/// One thread speaks for all, a twentieth of them each millisecond, as real phones would.
fn converse(phones: &[Phone], heard: &[Heard], over: &AtomicBool) {
    let begun = Instant::now();
    let mut packet = [0; 12 + SAMPLES];
    let mut received = [0; 2_048];
    for tick in 0_u64.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let due = begun + Duration::from_millis(tick);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let turn = tick / 20;
        for (n, phone) in phones.iter().enumerate() {
            if n as u64 % 20 != tick % 20 {
                continue;
            }
            while let Ok(length) = phone.socket.recv(&mut received) {
                let right = length == packet.len() && received[12] == word(n ^ 1);
                let count = if right {
                    &heard[n].right
                } else {
                    &heard[n].wrong
                };
                count.fetch_add(1, Ordering::Relaxed);
                if right && let Ok(mut first) = heard[n].first.lock() {
                    first.get_or_insert_with(Instant::now);
                }
            }
            let Some(far) = phone.far else {
                continue;
            };
            packet[0] = 0x80;
            packet[1] = 8;
            // Numbers go round, as RFC 3550 wants.
            packet[2..4].copy_from_slice(&(turn as u16).to_be_bytes());
            packet[4..8].copy_from_slice(&(turn as u32).wrapping_mul(160).to_be_bytes());
            packet[8..12].copy_from_slice(&(n as u32 + 1).to_be_bytes());
            packet[12..].fill(word(n));
            // A relay that is gone is noticed by what is not heard.
            let _ = phone.socket.send_to(&packet, far);
        }
    }
}

impl Talking {
    /// Counts anew.
    pub(crate) fn forget(&self) {
        for heard in self.heard.iter() {
            heard.right.store(0, Ordering::Relaxed);
            heard.wrong.store(0, Ordering::Relaxed);
        }
    }

    /// Fails unless everybody heard the other of their call all the time, and next to nothing else.
    pub(crate) fn check(&self, time: Duration) -> Result<()> {
        let expected = time.as_millis() as u64 / 20;
        for (phone, heard) in self.heard.iter().enumerate() {
            let right = heard.right.load(Ordering::Relaxed);
            let wrong = heard.wrong.load(Ordering::Relaxed);
            ensure!(
                right >= expected * 98 / 100 && wrong * 100 < right,
                "phone {phone} heard {right} of {expected} packets, and {wrong} that are not meant for it"
            );
        }
        Ok(())
    }

    /// When a phone heard the other for the first time.
    pub(crate) fn first(&self, phone: usize) -> Option<Instant> {
        self.heard[phone].first.lock().ok().and_then(|first| *first)
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It can only have ended.
            let _ = thread.join();
        }
    }
}
