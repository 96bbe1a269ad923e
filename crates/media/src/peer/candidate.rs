//! The default candidate of a description (RFC 8839 section 4.2.1).
//!
//! The peer connection always writes port 9 of 0.0.0.0. A party that minds the connection line,
//! such as Asterisk, reads this as hold.

/// Kinds of candidates, from the likeliest to be reached.
const KINDS: [&str; 3] = ["relay", "srflx", "host"];

/// Writes the likeliest candidate into the media and connection lines of a description of one
/// medium; one without candidates stays as it is.
pub(super) fn name_default(text: &str) -> String {
    let Some((address, port)) = likeliest(text) else {
        return text.to_owned();
    };
    let family = if address.contains(':') { "IP6" } else { "IP4" };
    let mut out = String::with_capacity(text.len() + 32);
    for line in text.lines().map(str::trim_end) {
        match line.strip_prefix("m=").map(|media| media.splitn(3, ' ')) {
            Some(mut media) => {
                let kind = media.next().unwrap_or_default();
                let rest = media.nth(1).unwrap_or_default();
                out.push_str(&format!("m={kind} {port} {rest}"));
            }
            None if line.starts_with("c=") => {
                out.push_str(&format!("c=IN {family} {address}"));
            }
            None => out.push_str(line),
        }
        out.push_str("\r\n");
    }
    out
}

/// Address and port of the likeliest UDP candidate for RTP.
fn likeliest(text: &str) -> Option<(&str, &str)> {
    let candidates = text.lines().filter_map(|line| {
        // candidate:foundation component transport priority address port typ kind …
        let words: Vec<&str> = line.strip_prefix("a=candidate:")?.split(' ').collect();
        let [_, "1", transport, _, address, port, "typ", kind, ..] = words[..] else {
            return None;
        };
        let place = KINDS.iter().position(|known| *known == kind.trim_end())?;
        // A name (mDNS) is nothing to connect to.
        let named = address.parse::<std::net::IpAddr>().is_err();
        let usable = transport.eq_ignore_ascii_case("udp") && !named;
        usable.then_some((place, (address, port)))
    });
    candidates.min_by_key(|(place, _)| *place).map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_candidate_is_written_where_old_parties_look() {
        let text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n\
            c=IN IP4 0.0.0.0\r\na=candidate:1 1 tcp 9 192.0.2.7 9 typ host tcptype active\r\n\
            a=candidate:2 2 udp 9 192.0.2.8 4002 typ host\r\n\
            a=candidate:3 1 udp 9 0ab.local 4001 typ host\r\n\
            a=candidate:4 1 udp 9 192.0.2.8 4002 typ host\r\n\
            a=candidate:5 1 udp 8 2001:db8::1 5000 typ srflx raddr 192.0.2.8 rport 4002\r\n";
        let named = name_default(text);
        assert!(named.contains("m=audio 5000 UDP/TLS/RTP/SAVPF 111 0\r\n"));
        assert!(named.contains("c=IN IP6 2001:db8::1\r\n"));
        assert!(named.contains("o=- 1 1 IN IP4 0.0.0.0\r\n"));
        let bare = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n";
        assert_eq!(name_default(bare), bare);
    }
}
