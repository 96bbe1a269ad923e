use super::*;
use hmac::{Hmac, Mac};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;
use sha2::Sha256;

const NOW: i64 = 1_800_000_000;

struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    kid: &'static str,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        let random = SystemRandom::new();
        let how = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(how, made.as_ref(), &random).unwrap();
        Self { pair, random, kid }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig",
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
            "y": URL_SAFE_NO_PAD.encode(&point[33..]),
        })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = joined(header, claims);
        let signature = self.pair.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "kid": self.kid }), claims)
    }
}

fn joined(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn keys(of: &[&Signer]) -> KeySet {
    let keys: Vec<Value> = of.iter().map(|signer| signer.public()).collect();
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

fn expected() -> Expected<'static> {
    Expected {
        algorithm: Algorithm::ES256,
        issuer: "https://login.example",
        client: "seatline",
        nonce: "n-1",
        now_s: NOW,
    }
}

/// Good claims, with some replaced; `null` takes one away.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://login.example", "aud": "seatline", "sub": "u1", "nonce": "n-1",
        "iat": NOW - 2, "exp": NOW + 300, "preferred_username": "zhouqian",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

#[test]
fn a_good_token_says_who_it_is() {
    let signer = Signer::new("a");
    let keys = keys(&[&Signer::new("b"), &signer]);
    for changes in [
        json!({}),
        json!({ "aud": ["seatline"] }),
        json!({ "aud": ["other", "seatline"], "azp": "seatline" }),
        // Within what clocks may differ.
        json!({ "exp": NOW - 59 }),
        json!({ "iat": NOW + 59, "exp": NOW + 300 }),
    ] {
        let token = signer.token(&claims(&changes));
        let claims = judge(&token, &keys, &expected()).unwrap();
        assert_eq!(claims["preferred_username"], "zhouqian", "{changes}");
    }
}

#[test]
fn each_claim_that_does_not_hold_is_told() {
    use TokenFault as Fault;
    let signer = Signer::new("a");
    let keys = keys(&[&signer]);
    for (changes, fault) in [
        (
            json!({ "iss": "https://login.example/" }),
            Fault::WrongIssuer,
        ),
        (json!({ "iss": null }), Fault::WrongIssuer),
        (json!({ "aud": "other" }), Fault::WrongAudience),
        (json!({ "aud": null }), Fault::WrongAudience),
        (json!({ "aud": [] }), Fault::WrongAudience),
        (
            json!({ "aud": ["other", "seatline"] }),
            Fault::WrongAudience,
        ),
        (
            json!({ "aud": ["seatline"], "azp": "other" }),
            Fault::WrongAudience,
        ),
        (
            json!({ "aud": "other", "azp": "seatline" }),
            Fault::WrongAudience,
        ),
        (json!({ "nonce": "n-2" }), Fault::WrongNonce),
        (json!({ "nonce": null }), Fault::WrongNonce),
        (json!({ "sub": "" }), Fault::Malformed),
        (json!({ "exp": null }), Fault::Malformed),
        (json!({ "exp": NOW - 61 }), Fault::Expired),
        (json!({ "iat": NOW - 700 }), Fault::Expired),
        (json!({ "iat": NOW + 90 }), Fault::FromTheFuture),
        (json!({ "nbf": NOW + 90 }), Fault::FromTheFuture),
    ] {
        let token = signer.token(&claims(&changes));
        assert_eq!(judge(&token, &keys, &expected()), Err(fault), "{changes}");
    }
}

#[test]
fn the_token_does_not_choose_how_it_is_judged() {
    let signer = Signer::new("a");
    let keys = keys(&[&signer]);
    let good = claims(&json!({}));
    let unsigned = joined(&json!({ "alg": "none" }), &good) + ".";
    // The public key, which everybody has, taken for a shared secret.
    let signed = joined(&json!({ "alg": "HS256", "kid": "a" }), &good);
    let mut mac = Hmac::<Sha256>::new_from_slice(signer.pair.public_key().as_ref()).unwrap();
    mac.update(signed.as_bytes());
    let shared = format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    );
    for token in [unsigned, shared] {
        let judged = judge(&token, &keys, &expected());
        assert_eq!(judged, Err(TokenFault::WrongAlgorithm), "{token}");
    }
    let other = Expected {
        algorithm: Algorithm::RS256,
        ..expected()
    };
    let token = signer.sign(&json!({ "alg": "RS256", "kid": "a" }), &good);
    assert_eq!(judge(&token, &keys, &other), Err(TokenFault::UnknownKey));
}

#[test]
fn what_was_changed_or_signed_by_others_is_refused() {
    let (signer, stranger) = (Signer::new("a"), Signer::new("a"));
    let keys = keys(&[&signer]);
    let token = stranger.token(&claims(&json!({})));
    assert_eq!(
        judge(&token, &keys, &expected()),
        Err(TokenFault::BadSignature)
    );
    let token = signer.token(&claims(&json!({})));
    let parts: Vec<&str> = token.split('.').collect();
    let forged = joined(
        &json!({}),
        &claims(&json!({ "preferred_username": "admin" })),
    );
    let payload = forged.split_once('.').unwrap().1;
    let mixed = format!("{}.{payload}.{}", parts[0], parts[2]);
    assert_eq!(
        judge(&mixed, &keys, &expected()),
        Err(TokenFault::BadSignature)
    );
    let renamed = Signer::new("new").token(&claims(&json!({})));
    assert_eq!(
        judge(&renamed, &keys, &expected()),
        Err(TokenFault::UnknownKey)
    );
    let critical = signer.sign(
        &json!({ "alg": "ES256", "kid": "a", "crit": ["exp"] }),
        &claims(&json!({})),
    );
    for broken in ["", ".", "..", "a.b.c", "e30.e30.", &critical] {
        assert_eq!(
            judge(broken, &keys, &expected()),
            Err(TokenFault::Malformed),
            "{broken:?}"
        );
    }
}

#[test]
fn a_token_that_names_no_key_needs_a_provider_with_one() {
    let (signer, second) = (Signer::new("a"), Signer::new("b"));
    let token = signer.sign(&json!({ "alg": "ES256" }), &claims(&json!({})));
    assert!(judge(&token, &keys(&[&signer]), &expected()).is_ok());
    assert_eq!(
        judge(&token, &keys(&[&signer, &second]), &expected()),
        Err(TokenFault::UnknownKey)
    );
}
