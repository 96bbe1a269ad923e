//! The torture messages of RFC 4475 and RFC 5118, and what becomes of each here.
//!
//! Three verdicts differ from the corpus on purpose:
//! - `intmeth` puts escaped NUL and other control characters into a display name. Legal, and refused: nothing an
//!   agent or a log is ever shown needs them.
//! - `baddate` has a broken `Date`, which nothing here reads.
//! - `test` belongs to no section; it has no end of head.

use sipx_testkit::{rfc4475, rfc5118};

use super::{Fault, parse};

const ACCEPTED: Option<Fault> = None;

/// Every message with the fault it is refused for.
const VERDICTS: [(&str, Option<Fault>); 62] = [
    ("wsinv", ACCEPTED),
    ("intmeth", Some(Fault::Frame)),
    ("esc01", ACCEPTED),
    ("escnull", ACCEPTED),
    ("esc02", ACCEPTED),
    ("lwsdisp", ACCEPTED),
    ("longreq", ACCEPTED),
    ("dblreq", ACCEPTED),
    ("semiuri", ACCEPTED),
    ("transports", ACCEPTED),
    ("mpart01", ACCEPTED),
    ("unreason", ACCEPTED),
    ("noreason", ACCEPTED),
    ("clerr", Some(Fault::ShortBody)),
    ("ncl", Some(Fault::Value("Content-Length"))),
    ("ltgtruri", Some(Fault::RequestUri)),
    ("lwsruri", Some(Fault::RequestUri)),
    ("lwsstart", Some(Fault::RequestUri)),
    ("trws", Some(Fault::RequestUri)),
    ("bigcode", Some(Fault::Frame)),
    ("badinv01", Some(Fault::Value("Via"))),
    ("scalar02", Some(Fault::Value("CSeq"))),
    ("scalarlg", Some(Fault::Value("CSeq"))),
    ("quotbal", Some(Fault::Value("To"))),
    ("baddate", ACCEPTED),
    ("regbadct", Some(Fault::Value("Contact"))),
    ("badaspec", Some(Fault::Value("To"))),
    ("baddn", Some(Fault::Frame)),
    ("escruri", Some(Fault::RequestUri)),
    ("badvers", Some(Fault::Version)),
    ("mismatch01", Some(Fault::Value("CSeq"))),
    ("mismatch02", Some(Fault::Value("CSeq"))),
    ("badbranch", ACCEPTED),
    ("insuf", Some(Fault::Missing("From"))),
    ("unkscm", ACCEPTED),
    ("novelsc", ACCEPTED),
    ("unksm2", ACCEPTED),
    ("bext01", ACCEPTED),
    ("invut", ACCEPTED),
    ("regaut01", ACCEPTED),
    ("multi01", Some(Fault::Doubled("From"))),
    ("mcl01", Some(Fault::Doubled("Content-Length"))),
    ("bcast", ACCEPTED),
    ("zeromf", ACCEPTED),
    ("cparam01", ACCEPTED),
    ("cparam02", ACCEPTED),
    ("regescrt", ACCEPTED),
    ("sdp01", ACCEPTED),
    ("inv2543", ACCEPTED),
    ("test", Some(Fault::Frame)),
    ("ipv6-good", ACCEPTED),
    ("ipv6-bad", Some(Fault::RequestUri)),
    ("port-ambiguous", ACCEPTED),
    ("port-unambiguous", ACCEPTED),
    ("via-received-param-with-delim", ACCEPTED),
    ("via-received-param-no-delim", ACCEPTED),
    ("ipv6-in-sdp", ACCEPTED),
    ("mult-ip-in-header", ACCEPTED),
    ("mult-ip-in-sdp", ACCEPTED),
    ("ipv4-mapped-ipv6", ACCEPTED),
    ("ipv6-bug-abnf-3-colons", ACCEPTED),
    ("ipv6-correct-abnf-2-colons", ACCEPTED),
];

/// What differs from the corpus' own judgement, as the module's description explains.
const DIFFERENT: [&str; 3] = ["intmeth", "baddate", "test"];

/// Every message, with whether the corpus would have it accepted.
fn corpus() -> Vec<(&'static str, Vec<u8>, bool)> {
    let first = rfc4475::CASES.iter().map(|case| {
        let good = case.expect == rfc4475::Expect::ParseOk;
        (case.name, case.bytes.to_vec(), good)
    });
    let second = rfc5118::CASES.iter().map(|case| {
        let good = case.expect == rfc5118::Expect::ParseOk;
        (case.name, case.wire().to_vec(), good)
    });
    first.chain(second).collect()
}

#[test]
fn every_torture_message_gets_its_verdict() {
    let corpus = corpus();
    assert_eq!(corpus.len(), VERDICTS.len());
    for (name, bytes, good) in corpus {
        let (_, verdict) = VERDICTS
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} has no verdict"));
        let fault = parse(&bytes).err().map(|malformed| malformed.fault);
        assert_eq!(fault, *verdict, "{name}");
        if !DIFFERENT.contains(&name) {
            assert_eq!(fault.is_none(), good, "{name} differs from the corpus");
        }
    }
}

#[test]
fn no_mutilated_message_brings_the_parser_down() {
    // Every prefix, and every byte replaced by those that mean something in SIP.
    for (_, bytes, _) in corpus() {
        for end in (0..bytes.len()).step_by(3) {
            drop(parse(&bytes[..end]));
        }
        for at in (0..bytes.len().min(700)).step_by(5) {
            for byte in [
                0, b'\r', b'\n', b' ', b':', b';', b'"', b'<', b'>', b'%', b',', 0xff,
            ] {
                let mut broken = bytes.clone();
                broken[at] = byte;
                drop(parse(&broken));
            }
        }
    }
}
