//! Values nobody can guess.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{Rng, RngCore};

/// Makes values nobody can guess, each another.
pub(super) type Random<'a> = &'a dyn Fn() -> String;

/// Letters and digits that are not taken for each other, and make no words.
const PLAIN: &[u8] = b"BCDFGHJKMNPQRTVWXY346789";

/// 256 bits in 43 characters that an address can hold.
pub(super) fn value() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Four characters for people to compare.
pub(super) fn code() -> String {
    let mut random = rand::rng();
    let mut letter = || char::from(PLAIN[random.random_range(0..PLAIN.len())]);
    let (a, b, c, d) = (letter(), letter(), letter(), letter());
    format!("{a}{b}-{c}{d}")
}
