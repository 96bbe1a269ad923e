//! Digest authentication (RFC 7616 as RFC 8760 brings it to SIP), both sides.

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512_256};

use crate::{secret::Secret, text::is_token_char};

/// Hash algorithms, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

impl Algorithm {
    /// Reads the RFC 8760 spelling; the flag tells of the `-sess` variant.
    fn parse(text: &str) -> Option<(Self, bool)> {
        let lower = text.to_ascii_lowercase();
        let (name, session) = match lower.strip_suffix("-sess") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let algorithm = match name {
            "md5" => Self::Md5,
            "sha-256" => Self::Sha256,
            "sha-512-256" => Self::Sha512_256,
            _ => return None,
        };
        Some((algorithm, session))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex::encode(Md5::digest(text)),
            Self::Sha256 => hex::encode(Sha256::digest(text)),
            Self::Sha512_256 => hex::encode(Sha512_256::digest(text)),
        }
    }
}

/// What a server wants proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) realm: String,
    nonce: String,
    opaque: Option<String>,
    pub(crate) algorithm: Algorithm,
    session: bool,
    /// Whether the server speaks `qop` at all (RFC 2069 servers do not).
    quality: bool,
    pub(crate) stale: bool,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` or `Proxy-Authenticate` value; `None` for schemes, algorithms and qualities
    /// that are not spoken here.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let fields = Fields::parse(value)?;
        let (algorithm, session) = Algorithm::parse(fields.get("algorithm").unwrap_or("MD5"))?;
        let quality = match fields.get("qop") {
            Some(list)
                if list
                    .split(',')
                    .any(|q| q.trim().eq_ignore_ascii_case("auth")) =>
            {
                true
            }
            Some(_) => return None,
            None => false,
        };
        Some(Self {
            realm: fields.get("realm")?.to_owned(),
            nonce: fields.get("nonce")?.to_owned(),
            opaque: fields.get("opaque").map(str::to_owned),
            algorithm,
            session,
            quality,
            stale: fields
                .get("stale")
                .is_some_and(|s| s.eq_ignore_ascii_case("true")),
        })
    }

    /// The strongest challenge that may be answered; on equal strength the server's order decides (RFC 8760
    /// section 2.4).
    pub(crate) fn choose<'a>(
        values: impl Iterator<Item = &'a str>,
        realm: Option<&str>,
        allow_md5: bool,
    ) -> Option<Self> {
        let mut best: Option<Self> = None;
        for challenge in values.filter_map(Self::parse) {
            let right_realm = realm.is_none_or(|realm| realm == challenge.realm);
            let strong = allow_md5 || challenge.algorithm > Algorithm::Md5;
            let better = best
                .as_ref()
                .is_none_or(|best| challenge.algorithm > best.algorithm);
            if right_realm && strong && better {
                best = Some(challenge);
            }
        }
        best
    }
}

/// What the proof is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) user: &'a str,
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
}

/// The `Authorization` value that answers a challenge; `None` when the secret does not fit it.
pub(crate) fn answer(
    challenge: &Challenge,
    subject: Subject<'_>,
    secret: &Secret,
    client_nonce: &str,
    count: u32,
) -> Option<String> {
    let count = format!("{count:08x}");
    let quality = challenge.quality.then_some((count.as_str(), client_nonce));
    let response = respond(
        challenge.algorithm,
        challenge.session,
        &challenge.realm,
        &challenge.nonce,
        client_nonce,
        quality,
        subject,
        secret,
    )?;
    let Subject { user, uri, .. } = subject;
    let (realm, nonce) = (escape(&challenge.realm), escape(&challenge.nonce));
    let session = if challenge.session { "-sess" } else { "" };
    let mut value = format!(
        "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm={}{session}",
        escape(user),
        challenge.algorithm.as_str(),
    );
    if challenge.quality {
        value.push_str(&format!(
            ", qop=auth, nc={count}, cnonce=\"{client_nonce}\""
        ));
    }
    if let Some(opaque) = &challenge.opaque {
        value.push_str(&format!(", opaque=\"{}\"", escape(opaque)));
    }
    Some(value)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the hash has exactly these inputs"
)]
fn respond(
    algorithm: Algorithm,
    session: bool,
    realm: &str,
    nonce: &str,
    client_nonce: &str,
    quality: Option<(&str, &str)>,
    subject: Subject<'_>,
    secret: &Secret,
) -> Option<String> {
    let mut secret_part = match secret {
        Secret::Password(password) => {
            algorithm.hash(&format!("{}:{realm}:{}", subject.user, password.as_str()))
        }
        Secret::Sha256Ha1(ha1) if algorithm == Algorithm::Sha256 => ha1.as_str().to_owned(),
        Secret::Sha256Ha1(_) => return None,
    };
    if session {
        secret_part = algorithm.hash(&format!("{secret_part}:{nonce}:{client_nonce}"));
    }
    let subject_part = algorithm.hash(&format!("{}:{}", subject.method, subject.uri));
    Some(algorithm.hash(&match quality {
        Some((count, client_nonce)) => {
            format!("{secret_part}:{nonce}:{count}:{client_nonce}:auth:{subject_part}")
        }
        None => format!("{secret_part}:{nonce}:{subject_part}"),
    }))
}

/// A client's proof, as this program's servers accept it: SHA-256 with `qop=auth`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) user: String,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    pub(crate) count: u32,
    uri: String,
    client_nonce: String,
    count_text: String,
    response: String,
    session: bool,
}

impl Proof {
    /// Reads an `Authorization` value; `None` when it is broken or of a kind not accepted.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let fields = Fields::parse(value)?;
        let (algorithm, session) = Algorithm::parse(fields.get("algorithm")?)?;
        let count_text = fields.get("nc")?.to_owned();
        let quality = fields.get("qop")?;
        if algorithm != Algorithm::Sha256
            || !quality.eq_ignore_ascii_case("auth")
            || count_text.len() != 8
        {
            return None;
        }
        Some(Self {
            user: fields.get("username")?.to_owned(),
            realm: fields.get("realm")?.to_owned(),
            nonce: fields.get("nonce")?.to_owned(),
            count: u32::from_str_radix(&count_text, 16).ok()?,
            uri: fields.get("uri")?.to_owned(),
            client_nonce: fields.get("cnonce")?.to_owned(),
            response: fields.get("response")?.to_owned(),
            count_text,
            session,
        })
    }

    /// Whether it proves knowledge of the secret for this request.
    pub(crate) fn holds(&self, method: &str, uri: &str, secret: &Secret) -> bool {
        let subject = Subject {
            user: &self.user,
            method,
            uri: &self.uri,
        };
        let expected = respond(
            Algorithm::Sha256,
            self.session,
            &self.realm,
            &self.nonce,
            &self.client_nonce,
            Some((&self.count_text, &self.client_nonce)),
            subject,
            secret,
        );
        let same =
            expected.is_some_and(|expected| equal_in_constant_time(&expected, &self.response));
        same && self.uri == uri
    }
}

/// The challenge this program's servers send.
pub(crate) fn challenge_value(realm: &str, nonce: &str, stale: bool) -> String {
    let stale = if stale { ", stale=true" } else { "" };
    format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth\"{stale}")
}

fn equal_in_constant_time(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The comma-separated `name=value` fields of a digest header.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(value: &str) -> Option<Self> {
        let (scheme, mut rest) = value.trim().split_once(char::is_whitespace)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return Some(Self(fields));
            }
            let (name, after) = rest.split_once('=')?;
            let name = name.trim();
            if name.is_empty() || !name.chars().all(is_token_char) {
                return None;
            }
            let after = after.trim_start();
            let mut text = String::new();
            if let Some(quoted) = after.strip_prefix('"') {
                let mut escaped = false;
                let mut end = None;
                for (at, c) in quoted.char_indices() {
                    match c {
                        _ if escaped => {
                            text.push(c);
                            escaped = false;
                        }
                        '\\' => escaped = true,
                        '"' => {
                            end = Some(at);
                            break;
                        }
                        _ => text.push(c),
                    }
                }
                rest = &quoted[end? + 1..];
            } else {
                let end = after.find(',').unwrap_or(after.len());
                text.push_str(after[..end].trim());
                rest = &after[end..];
            }
            if fields
                .iter()
                .any(|(n, _): &(String, String)| n.eq_ignore_ascii_case(name))
            {
                return None;
            }
            fields.push((name.to_owned(), text));
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: Subject<'_> = Subject {
        user: "Mufasa",
        method: "GET",
        uri: "/dir/index.html",
    };
    const CLIENT_NONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn response_of(value: &str) -> String {
        Fields::parse(value)
            .unwrap()
            .get("response")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn answers_as_rfc_7616_section_3_9_1_shows() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let challenge = Challenge::parse(&format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
            ))
            .unwrap();
            let secret = Secret::password("Circle of Life");
            let value = answer(&challenge, SUBJECT, &secret, CLIENT_NONCE, 1).unwrap();
            assert_eq!(response_of(&value), response);
            assert!(value.contains("opaque=\"FQhe"));
        }
    }

    #[test]
    fn answers_without_quality_as_rfc_2069_servers_want() {
        // RFC 2617 section 3.2.2.1 with no qop: MD5(HA1:nonce:HA2).
        let challenge = Challenge::parse("Digest realm=\"r\", nonce=\"n\"").unwrap();
        let secret = Secret::password("p");
        let subject = Subject {
            user: "u",
            method: "REGISTER",
            uri: "sip:r",
        };
        let value = answer(&challenge, subject, &secret, "c", 1).unwrap();
        let ha1 = Algorithm::Md5.hash("u:r:p");
        let ha2 = Algorithm::Md5.hash("REGISTER:sip:r");
        assert_eq!(
            response_of(&value),
            Algorithm::Md5.hash(&format!("{ha1}:n:{ha2}"))
        );
        assert!(!value.contains("qop"));
    }

    #[test]
    fn takes_the_strongest_challenge_of_the_right_realm() {
        let offered = [
            "Digest realm=\"r\", nonce=\"1\", algorithm=MD5",
            "Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256, qop=\"auth\"",
            "Digest realm=\"evil\", nonce=\"3\", algorithm=SHA-512-256, qop=\"auth\"",
            "Digest realm=\"r\", nonce=\"4\", algorithm=SHA-256, qop=\"auth-int\"",
            "Basic realm=\"r\"",
        ];
        let chosen = Challenge::choose(offered.into_iter(), Some("r"), true).unwrap();
        assert_eq!(chosen.nonce, "2");
        assert_eq!(
            Challenge::choose(offered[..1].iter().copied(), Some("r"), false),
            None
        );
        assert!(Challenge::choose(offered[..1].iter().copied(), Some("r"), true).is_some());
    }

    #[test]
    fn a_proof_holds_only_for_its_secret_method_and_uri() {
        let challenge = Challenge::parse(&challenge_value("r", "n1", false)).unwrap();
        let subject = Subject {
            user: "ann",
            method: "REGISTER",
            uri: "sip:r",
        };
        for (client, server) in [
            (Secret::password("pw"), Secret::password("pw")),
            (
                Secret::password("pw"),
                Secret::Sha256Ha1(Algorithm::Sha256.hash("ann:r:pw").into()),
            ),
        ] {
            let value = answer(&challenge, subject, &client, "cn", 3).unwrap();
            let proof = Proof::parse(&value).unwrap();
            assert_eq!((proof.user.as_str(), proof.count), ("ann", 3));
            assert!(proof.holds("REGISTER", "sip:r", &server));
            assert!(!proof.holds("INVITE", "sip:r", &server));
            assert!(!proof.holds("REGISTER", "sip:s", &server));
            assert!(!proof.holds("REGISTER", "sip:r", &Secret::password("other")));
        }
    }

    #[test]
    fn weak_or_broken_proofs_are_not_read() {
        for value in [
            "Basic dXNlcg==",
            "Digest username=\"a\"",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", algorithm=MD5, \
             qop=auth, nc=00000001, cnonce=\"c\"",
            "Digest username=\"a\", username=\"b\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"x\", \
             algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\"",
            "Digest username=\"a, realm=r",
        ] {
            assert!(Proof::parse(value).is_none(), "{value}");
        }
    }
}
