//! Ogg pages (RFC 3533) of one Opus stream (RFC 7845).

/// Samples at 48 kHz that a player discards at the beginning: the look-ahead of libopus.
pub(in crate::recording) const PRE_SKIP: u16 = 312;

/// Lacing values a page can hold.
const MOST_SEGMENTS: usize = 255;

/// A packet longer than this would not fit into one page.
pub(super) const LONGEST_PACKET: usize = 255 * (MOST_SEGMENTS - 1);

const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Makes the pages of one logical stream. A packet never crosses pages, so that every page that
/// was saved plays.
pub(in crate::recording) struct Pages {
    serial: u32,
    sequence: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
    granule: u64,
}

impl Pages {
    /// A stream, and its two header pages.
    pub(super) fn begin(serial: u32, out: &mut Vec<u8>) -> Self {
        let mut pages = Self {
            serial,
            sequence: 0,
            lacing: Vec::with_capacity(MOST_SEGMENTS),
            body: Vec::with_capacity(8 * 1024),
            granule: 0,
        };
        let mut head = Vec::with_capacity(19);
        head.extend_from_slice(b"OpusHead\x01\x01");
        head.extend_from_slice(&PRE_SKIP.to_le_bytes());
        head.extend_from_slice(&48_000_u32.to_le_bytes());
        // No gain, and one mono stream.
        head.extend_from_slice(&[0, 0, 0]);
        pages.push(&head, 0, out);
        pages.write(FIRST, out);
        let vendor = concat!("Seatline ", env!("CARGO_PKG_VERSION")).as_bytes();
        let mut tags = b"OpusTags".to_vec();
        tags.extend_from_slice(&(vendor.len() as u32).to_le_bytes());
        tags.extend_from_slice(vendor);
        tags.extend_from_slice(&0_u32.to_le_bytes());
        pages.push(&tags, 0, out);
        pages.write(0, out);
        pages
    }

    /// A stream to be carried on after `sequence` pages that end at `granule`.
    pub(in crate::recording) fn resume(serial: u32, sequence: u32, granule: u64) -> Self {
        Self {
            serial,
            sequence,
            lacing: Vec::new(),
            body: Vec::new(),
            granule,
        }
    }

    /// Adds a packet that ends at `granule`; a full page goes to `out`.
    pub(super) fn push(&mut self, packet: &[u8], granule: u64, out: &mut Vec<u8>) {
        let needed = packet.len() / 255 + 1;
        if self.lacing.len() + needed > MOST_SEGMENTS {
            self.write(0, out);
        }
        self.lacing
            .extend(std::iter::repeat_n(255, needed - 1).chain([(packet.len() % 255) as u8]));
        self.body.extend_from_slice(packet);
        self.granule = granule;
    }

    /// Ends the page begun, if there is one.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.lacing.is_empty() {
            self.write(0, out);
        }
    }

    /// Ends the stream. The last page may be empty.
    pub(in crate::recording) fn finish(&mut self, out: &mut Vec<u8>) {
        self.write(LAST, out);
    }

    fn write(&mut self, flags: u8, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(b"OggS\0");
        out.push(flags);
        out.extend_from_slice(&self.granule.to_le_bytes());
        out.extend_from_slice(&self.serial.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        let checksum = out.len();
        out.extend_from_slice(&[0; 4]);
        out.push(self.lacing.len() as u8);
        out.extend_from_slice(&self.lacing);
        out.extend_from_slice(&self.body);
        let sum = crc(&out[begin..]);
        out[checksum..checksum + 4].copy_from_slice(&sum.to_le_bytes());
        self.sequence += 1;
        self.lacing.clear();
        self.body.clear();
    }
}

/// One page as it was written.
pub(in crate::recording) struct Page<'a> {
    pub(in crate::recording) serial: u32,
    pub(in crate::recording) sequence: u32,
    pub(in crate::recording) granule: u64,
    /// Whether it says that it is the stream's last.
    pub(in crate::recording) is_last: bool,
    pub(in crate::recording) packets: Vec<&'a [u8]>,
}

/// Takes the first page off `bytes`; `None` if there is no whole and sound one.
pub(in crate::recording) fn take_page<'a>(bytes: &mut &'a [u8]) -> Option<Page<'a>> {
    let data = *bytes;
    let header = data
        .get(..27)
        .filter(|header| header.starts_with(b"OggS\0"))?;
    let segments = usize::from(header[26]);
    let lacing = data.get(27..27 + segments)?;
    let mut rest = data.get(27 + segments..)?;
    let mut packets = Vec::with_capacity(segments);
    let mut length = 0;
    for segment in lacing {
        length += usize::from(*segment);
        if *segment < 255 {
            packets.push(rest.get(..length)?);
            rest = &rest[length..];
            length = 0;
        }
    }
    let mut copy = data[..data.len() - rest.len()].to_vec();
    copy[22..26].fill(0);
    let word = |at: usize| u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
    if crc(&copy) != word(22) {
        return None;
    }
    *bytes = rest;
    Some(Page {
        serial: word(14),
        sequence: word(18),
        granule: u64::from(word(6)) | u64::from(word(10)) << 32,
        is_last: data[5] & LAST != 0,
        packets,
    })
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value >> 31 == 1 {
                value << 1 ^ 0x04c1_1db7
            } else {
                value << 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

/// Ogg's checksum: CRC-32 with polynomial 0x04c11db7, neither reflected nor inverted.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum: u32, byte| {
        sum << 8 ^ TABLE[((sum >> 24) as u8 ^ byte) as usize]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_every_length_come_back_whole() {
        let mut out = Vec::new();
        let mut pages = Pages::begin(7, &mut out);
        let sent: Vec<Vec<u8>> = [0, 1, 254, 255, 256, 510, 7_000, 60_000]
            .iter()
            .map(|length| vec![*length as u8; *length])
            .collect();
        for (packet, granule) in sent.iter().zip(1..) {
            pages.push(packet, granule, &mut out);
        }
        pages.flush(&mut out);
        pages.finish(&mut out);
        let mut rest = &out[..];
        let mut found = Vec::new();
        let mut number = 0;
        while let Some(page) = take_page(&mut rest) {
            assert_eq!((page.serial, page.sequence), (7, number));
            number += 1;
            found.extend(page.packets.iter().map(|packet| packet.to_vec()));
        }
        assert!(rest.is_empty());
        assert!(found[0].starts_with(b"OpusHead") && found[1].starts_with(b"OpusTags"));
        assert_eq!(found[2..], sent);
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut out = Vec::new();
        Pages::begin(7, &mut out);
        for at in [5, 20, 30, 44] {
            let mut broken = out.clone();
            broken[at] ^= 1;
            assert!(take_page(&mut &broken[..]).is_none(), "byte {at}");
        }
    }
}
