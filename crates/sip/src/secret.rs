//! What a digest answer is computed from.

use std::fmt;

use zeroize::Zeroizing;

/// A password, or the hash made from it, wiped from memory when dropped.
#[derive(Clone)]
pub enum Secret {
    /// The password itself: for sign-ins a long machine-made one, for trunks the provider's.
    Password(Zeroizing<String>),
    /// `SHA-256(user:realm:password)` in lower-case hex (RFC 7616 section 3.4.2), so that the password need not
    /// be stored. Only good for the algorithm SHA-256 and one realm.
    Sha256Ha1(Zeroizing<String>),
}

impl Secret {
    /// Wraps a password.
    #[must_use]
    pub fn password(password: impl Into<String>) -> Self {
        Self::Password(Zeroizing::new(password.into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
