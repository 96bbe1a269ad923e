//! Keys and signatures, as minisign makes them.

use crate::failure::{DeskCode, Failure};
use base64::{Engine, prelude::BASE64_STANDARD};
use minisign_verify::{PublicKey, Signature};
use seatline_contract::update::Stamp;
use std::io::Read;

/// Bytes hashed at once.
const PIECE: usize = 64 * 1024;

/// Longest signature taken, in bytes; a real one has some 400.
const LONGEST: usize = 4096;

/// Whoever signs updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateKey(PublicKey);

/// What was given is no public key of minisign's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no minisign public key")]
pub struct BadKey;

impl UpdateKey {
    /// Reads a public key: the line that begins with `RW`, the whole file with it, or that file in
    /// Base64 as Tauri's tools write it.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let text = text.trim();
        if let Ok(key) = PublicKey::from_base64(text).or_else(|_| PublicKey::decode(text)) {
            return Ok(Self(key));
        }
        let file = BASE64_STANDARD.decode(text).map_err(|_| BadKey)?;
        let file = String::from_utf8(file).map_err(|_| BadKey)?;
        PublicKey::decode(&file).map(Self).map_err(|_| BadKey)
    }

    /// Makes sure that a file bears this key's signature, and that the signed comment gives it as
    /// what it is to be.
    ///
    /// # Errors
    /// [`DeskCode::UpdateForged`] when the signature is not this key's or not this file's,
    /// [`DeskCode::UpdateMismatch`] when it is for another product, version or system;
    /// [`DeskCode::UpdateBroken`] when it is none, [`DeskCode::StorageFailed`] when the file cannot
    /// be read.
    pub(crate) fn verify(
        &self,
        mut file: impl Read,
        signature: &str,
        wanted: &Stamp,
    ) -> Result<(), Failure> {
        let forged = |error: minisign_verify::Error| {
            Failure::new(DeskCode::UpdateForged).detail(error.to_string())
        };
        let signature = read_signature(signature)?;
        let mut verifier = self.0.verify_stream(&signature).map_err(forged)?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => verifier.update(&piece[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Failure::new(DeskCode::StorageFailed).detail(error.to_string()));
                }
            }
        }
        verifier.finalize().map_err(forged)?;
        let comment = signature.trusted_comment();
        if Stamp::read(comment).as_ref() == Some(wanted) {
            return Ok(());
        }
        Err(Failure::new(DeskCode::UpdateMismatch)
            .detail(format!("signed as {comment:?}, offered as {wanted}")))
    }
}

fn read_signature(text: &str) -> Result<Signature, Failure> {
    let broken = || Failure::new(DeskCode::UpdateBroken).detail("this is no minisign signature");
    if text.len() > LONGEST {
        return Err(broken());
    }
    let text = BASE64_STANDARD.decode(text.trim()).map_err(|_| broken())?;
    let text = String::from_utf8(text).map_err(|_| broken())?;
    Signature::decode(&text).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureCode;
    use minisign::KeyPair;

    const FILE: &[u8] = b"a newer desk";

    fn pair() -> (KeyPair, UpdateKey) {
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        let key = UpdateKey::parse(&pair.pk.to_base64()).unwrap();
        (pair, key)
    }

    fn sign(pair: &KeyPair, file: &[u8], comment: &str) -> String {
        let signed = minisign::sign(None, &pair.sk, file, Some(comment), None).unwrap();
        BASE64_STANDARD.encode(signed.into_string())
    }

    fn wanted() -> Stamp {
        Stamp::of_desk("0.2.0", "windows-x86_64")
    }

    fn refused(key: &UpdateKey, file: &[u8], signature: &str) -> FailureCode {
        key.verify(file, signature, &wanted()).unwrap_err().code
    }

    #[test]
    fn a_key_is_read_in_each_of_its_forms() {
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        let line = pair.pk.to_base64();
        let file = pair.pk.to_box().unwrap().into_string();
        let wrapped = BASE64_STANDARD.encode(&file);
        let keys =
            [&line, &file, &wrapped, &format!(" {line}\n")].map(|text| UpdateKey::parse(text));
        assert!(keys.iter().all(|key| key.is_ok()), "{keys:?}");
        for text in [
            "",
            "RW",
            "no key",
            &line[..40],
            &BASE64_STANDARD.encode("no key"),
        ] {
            assert_eq!(UpdateKey::parse(text), Err(BadKey), "{text}");
        }
    }

    #[test]
    fn only_the_signed_bytes_under_the_right_name_pass() {
        let (pair, key) = pair();
        let good = sign(&pair, FILE, &wanted().to_string());
        key.verify(FILE, &good, &wanted()).unwrap();

        let forged = FailureCode::Desk(DeskCode::UpdateForged);
        for (at, _) in FILE.iter().enumerate() {
            let mut tampered = FILE.to_vec();
            tampered[at] ^= 1;
            assert_eq!(refused(&key, &tampered, &good), forged);
        }
        assert_eq!(refused(&key, &FILE[..5], &good), forged);
        let (stranger, _) = self::pair();
        let foreign = sign(&stranger, FILE, &wanted().to_string());
        assert_eq!(refused(&key, FILE, &foreign), forged);

        let mismatch = FailureCode::Desk(DeskCode::UpdateMismatch);
        for comment in [
            "seatline-desk 0.1.0 windows-x86_64",
            "seatline-desk 0.2.0 linux-x86_64",
            "seatline-center 0.2.0 windows-x86_64",
            "timestamp:1555779966\tfile:Seatline.msi",
            "",
        ] {
            let signed = sign(&pair, FILE, comment);
            assert_eq!(refused(&key, FILE, &signed), mismatch, "{comment}");
        }
    }

    #[test]
    fn a_comment_cannot_be_exchanged() {
        let (pair, key) = pair();
        let old = sign(&pair, FILE, "seatline-desk 0.0.9 windows-x86_64");
        let text = String::from_utf8(BASE64_STANDARD.decode(old).unwrap()).unwrap();
        let relabelled = BASE64_STANDARD.encode(text.replace("0.0.9", "0.2.0"));
        let code = refused(&key, FILE, &relabelled);
        assert_eq!(code, FailureCode::Desk(DeskCode::UpdateForged));
    }

    #[test]
    fn what_is_no_signature_is_said() {
        let (_, key) = pair();
        let broken = FailureCode::Desk(DeskCode::UpdateBroken);
        let long = BASE64_STANDARD.encode("x".repeat(1 << 20));
        for text in ["", "%", "bm9uZQ==", &long] {
            assert_eq!(refused(&key, FILE, text), broken);
        }
    }
}
