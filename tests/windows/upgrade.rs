//! An upgrade while the program runs.

use crate::{
    desk::Set,
    installer::{INSTALLER, expect_upgrade},
    package::{NEW, OLD},
    wine::{PROGRAM, SHARED},
};
use seatline_tests::{
    agent::Agent,
    centre::AGENT,
    listen::{self, SAME, make_speech},
    process::wait_for,
    talk::talk,
};
use serde_json::json;
use std::{fs, time::Duration};

/// How long the installer may take, which is long on a busy computer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody who has a second's patience, then the upgrade.
fn upgrade() -> String {
    format!(
        "until [ -e go ]; do sleep 0.1; done
        wine '{PROGRAM}' --close --wait 1
        echo $? > impatient
        wine msiexec /i '{SHARED}\\{NEW}' /qn '/l*' '{SHARED}\\upgrade.log'
        echo $? > upgraded"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_the_end_of_a_call() {
    let set = Set::up_with(OLD).unwrap();
    expect_upgrade(&set.wine);
    let program = [PROGRAM, "--headless-agent"];
    let mut desk = set.wine.command_beside(&program, &upgrade()).unwrap();
    let agent = Agent::run(&mut desk, set.path()).unwrap();
    agent.sign_in(&set.centre, AGENT).unwrap();
    agent.go_ready().unwrap();
    let customer = talk(&agent, &set.centre, &set.sound, set.path()).unwrap();

    let said = |name: &str| {
        let said = fs::read(set.path().join(name)).unwrap_or_default();
        let said = String::from_utf8_lossy(&said).replace('\0', "");
        Some(said.trim().to_owned()).filter(|said| !said.is_empty())
    };
    fs::write(set.path().join("go"), "").unwrap();
    agent.see_closing().unwrap();
    let code = wait_for("its patience ends", PATIENCE, || said("impatient")).unwrap();
    assert_eq!(code, "1", "the call is up, so the desk is");
    let log = wait_for("the installer asks", PATIENCE, || {
        said("upgrade.log").filter(|log| log.contains("CloseDesk"))
    })
    .unwrap();
    let speech = make_speech("demo-congrats", 1, &set.path().join("once.wav")).unwrap();
    // A busy computer has the call stammer.
    let hears = || {
        let heard = set.sound.record("headset", Duration::from_secs(6)).unwrap();
        let resemblance = listen::resemblance(&speech, &heard);
        println!("heard by the agent while the installer waits: {resemblance:.2}");
        resemblance > SAME
    };
    assert!((0..3).any(|_| hears()), "the agent hears the customer");
    let view = agent.obey("view", &json!({})).unwrap();
    assert_eq!(view["call"]["state"], "active");
    assert_eq!(said("upgraded"), None);
    assert_eq!(said("upgrade.log"), Some(log), "the installer waits");

    agent.obey("hang_up", &json!({})).unwrap();
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
    let code = wait_for("the upgrade is over", PATIENCE, || said("upgraded"));
    println!("{}", said("upgrade.log").unwrap_or_default());
    assert_eq!(code.unwrap(), "0");
    assert!(agent.ends().unwrap().success(), "the desk ends by itself");
    let version = set.wine.value(INSTALLER, "Version").unwrap();
    assert_eq!(version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
}
