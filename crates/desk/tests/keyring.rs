//! The system's keyring, as far as a program can have one of its own: a private D-Bus session
//! with gnome-keyring, and a session without any.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use seatline_contract::secret::Secret;
use seatline_desk::{
    secrets::{KeyringStore, SecretError, SecretStore, open_best},
    view::Keyring,
};
use std::process::Command;

/// Set in the child that runs inside a session of its own.
const INSIDE: &str = "SEATLINE_TEST_KEYRING";

/// Runs one of these tests again in a new D-Bus session, after `prepare`.
fn run_in_session(test: &str, prepare: &str) {
    let home = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let script = format!("{prepare} exec \"$0\" --exact {test} --nocapture");
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .arg(program)
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env(INSIDE, test)
        .output()
        .expect("dbus-run-session is installed by the project's set-up");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn inside(test: &str) -> bool {
    std::env::var(INSIDE).is_ok_and(|inside| inside == test)
}

#[test]
fn an_unlocked_keyring_keeps_secrets() {
    const NAME: &str = "an_unlocked_keyring_keeps_secrets";
    if !inside(NAME) {
        return run_in_session(
            NAME,
            "printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null;",
        );
    }
    // As the engine calls it: on a thread of an asynchronous runtime that may block.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let work = tokio::task::spawn_blocking(|| {
            let store = KeyringStore::open().unwrap();
            assert_eq!(store.kind(), Keyring::System);
            store
                .save("password", &Secret::new("周倩's secret"))
                .unwrap();
            let again = KeyringStore::open().unwrap();
            assert_eq!(
                again.load("password"),
                Ok(Some(Secret::new("周倩's secret")))
            );
            let long = Secret::new("x".repeat(1_281));
            assert_eq!(store.save("password", &long), Err(SecretError::TooLong));
            assert_eq!(store.load("password"), Ok(None), "nothing outdated stays");
            store.save("password", &Secret::new("new")).unwrap();
            store.forget("password").unwrap();
            store.forget("password").unwrap();
            assert_eq!(store.load("password"), Ok(None));
        });
        work.await.unwrap();
    });
}

#[test]
fn without_a_keyring_secrets_are_kept_for_the_session() {
    const NAME: &str = "without_a_keyring_secrets_are_kept_for_the_session";
    if !inside(NAME) {
        return run_in_session(NAME, "");
    }
    assert!(matches!(
        KeyringStore::open(),
        Err(SecretError::Unavailable(_))
    ));
    let store = open_best();
    assert_eq!(store.kind(), Keyring::SessionOnly);
    store.save("password", &Secret::new("a")).unwrap();
    assert_eq!(store.load("password"), Ok(Some(Secret::new("a"))));
}
