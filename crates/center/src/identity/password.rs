//! Passwords: rules, argon2id, and equal time for people who do not exist.

use crate::http::ApiFailure;
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use rand::RngCore;
use seatline_contract::{error::Code, secret::Secret};
use std::sync::{Arc, LazyLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Shortest password, in characters.
const SHORTEST: usize = 12;
/// Longest password, in characters; longer ones only cost time.
const LONGEST: usize = 256;

/// Hashing takes memory and processor time, so only so many run at once.
static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));

/// The hash compared with when nobody has the login.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| compute("nobody has this password").unwrap_or_default());

/// Refuses a password that breaks the rules; `field` names it.
///
/// # Errors
/// [`Code::InvalidField`].
pub(crate) fn check_rules(password: &Secret, login: &str, field: &str) -> Result<(), ApiFailure> {
    let length = password.expose().chars().count();
    if length < SHORTEST {
        return Err(ApiFailure::field(field, "shorter than 12 characters"));
    }
    if length > LONGEST {
        return Err(ApiFailure::field(field, "longer than 256 characters"));
    }
    if password.expose().to_lowercase() == login.to_lowercase() {
        return Err(ApiFailure::field(field, "the same as the login"));
    }
    Ok(())
}

/// The argon2id hash of a password, in PHC form.
///
/// # Errors
/// [`Code::Internal`] if hashing fails.
pub(crate) async fn hash(password: Secret) -> Result<String, ApiFailure> {
    run(move || compute(password.expose()))
        .await?
        .ok_or_else(|| Code::Internal.into())
}

/// Whether the password has that hash. Takes the same time without a hash. `may_try` is asked when
/// its turn has come: of those who wait, all but a few may have been locked out by the others.
///
/// # Errors
/// That of `may_try`; [`Code::Internal`] if hashing fails.
pub(crate) async fn verify(
    password: Secret,
    hash: Option<String>,
    may_try: impl FnOnce() -> Result<(), ApiFailure>,
) -> Result<bool, ApiFailure> {
    let place = take_place().await?;
    may_try()?;
    run_in(place, move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let fits = PasswordHash::new(&hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.expose().as_bytes(), &hash)
                .is_ok()
        });
        known && fits
    })
    .await
}

async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiFailure> {
    run_in(take_place().await?, work).await
}

async fn take_place() -> Result<OwnedSemaphorePermit, ApiFailure> {
    let place = PLACES.clone().acquire_owned().await;
    place.map_err(|_| Code::Unavailable.into())
}

async fn run_in<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiFailure> {
    tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    })
    .await
    .map_err(|_| Code::Internal.into())
}

fn compute(password: &str) -> Option<String> {
    let mut salt = [0; 16];
    rand::rng().fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt).ok()?;
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .ok()?;
    Some(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_own_password_only() {
        let hash = hash(Secret::new("correct horse battery")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        let right = "correct horse battery";
        let fits = |password: &str, hash: Option<&String>| {
            verify(Secret::new(password), hash.cloned(), || Ok(()))
        };
        assert!(fits(right, Some(&hash)).await.unwrap());
        assert!(!fits("wrong", Some(&hash)).await.unwrap());
        assert!(!fits("nobody has this password", None).await.unwrap());
        let locked = || Err(Code::AccountLocked.into());
        let refused = verify(Secret::new(right), Some(hash), locked).await;
        assert_eq!(refused.unwrap_err().error().code, Code::AccountLocked);
    }

    #[test]
    fn weak_passwords_are_refused() {
        let refused = |text: &str| check_rules(&Secret::new(text), "longenoughlogin", "password");
        assert!(refused("short").is_err());
        assert!(refused("LongEnoughLogin").is_err());
        assert!(refused("二十个汉字也是可以的密码呀").is_ok());
    }
}
