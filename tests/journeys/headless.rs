//! The desk without a window: what IT and support start from a script.

use anyhow::Result;
use seatline_tests::{
    agent::{Agent, desk_command, finding, policy_for},
    centre::{AGENT, Centre},
    keyring,
    process::Program,
    sound::SoundServer,
    stage_address,
    talk::talk,
};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// A centre, a sound server and a keyring; no display.
struct Set {
    centre: Centre,
    sound: SoundServer,
    _keyring: Program,
    folder: tempfile::TempDir,
}

impl Set {
    fn up() -> Result<Self> {
        // Another part of the program may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("journey-").tempdir()?;
        let centre = Centre::start(folder.path(), stage_address()?)?;
        Ok(Self {
            sound: SoundServer::start(folder.path())?,
            _keyring: keyring::start(folder.path())?,
            centre,
            folder,
        })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `--check --json`: its exit code and what it found.
    fn check(&self, policy: &str) -> Result<(i32, Value)> {
        let output = desk_command(self.path(), &self.sound, policy)?
            .args(["--check", "--json"])
            .output()?;
        let report = serde_json::from_slice(&output.stdout)?;
        println!("{report:#}");
        Ok((output.status.code().unwrap_or(-1), report))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_without_a_window_takes_a_call_with_sound_both_ways() {
    let set = Set::up().unwrap();
    let agent = Agent::start(set.path(), &set.centre, &set.sound).unwrap();

    // Nothing that is no command does any harm, and each is answered by name.
    for (line, code) in [
        (&b"nonsense"[..], "malformed_request"),
        (b"\xff\xfe\x00", "malformed_request"),
        (b"{\"id\": \"a\"}", "malformed_request"),
        (b"{\"command\": \"dial\"}", "malformed_request"),
        (b"{\"command\": \"answer\"}", "no_call"),
        (b"{\"command\": \"format_disk\"}", "malformed_request"),
    ] {
        agent.write(line).unwrap();
        let answer = agent.answer(&Value::Null).unwrap();
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
    agent.write(&vec![b'x'; 2 << 20]).unwrap();
    let answer = agent.answer(&Value::Null).unwrap();
    assert_eq!(answer["error"]["code"], "too_large", "{answer}");

    let known = agent.obey("remembered", &json!({})).unwrap();
    assert_eq!(known["centre"], set.centre.url);
    assert_eq!(known["managed"], true);
    agent.sign_in(&set.centre, AGENT).unwrap();
    agent.go_ready().unwrap();

    let customer = talk(&agent, &set.centre, &set.sound, set.path()).unwrap();

    // The end of the input in mid-call ends the call in good order, and the program.
    assert!(agent.end().unwrap().success());
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();
    let log = std::fs::read_to_string(set.path().join("headless.log")).unwrap();
    assert_eq!(log, "", "nothing is said but on the line");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_a_desk_needs_and_what_it_lacks() {
    let set = Set::up().unwrap();
    // What the speaker plays comes in at the microphone.
    set.sound
        .control(&["set-default-source", "headset.monitor"])
        .unwrap();
    let policy = policy_for(&set.centre)
        + "MediaPorts = \"18000-18020\"\nColour = \"red\"\n[Recommended]\nTheme = \"dark\"\n";
    let (code, report) = set.check(&policy).unwrap();
    assert_eq!(report["passed"], true);
    assert_eq!(code, 0);
    for item in [
        "centre",
        "sign_in",
        "keyring",
        "devices",
        "tone",
        "media_ports",
    ] {
        assert_eq!(finding(&report, item)["outcome"], "passed", "{item}");
    }
    let centre = &finding(&report, "centre")["facts"];
    assert_eq!(centre["address"], set.centre.url);
    let fingerprint = centre["certificate_fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.len(), 64, "{fingerprint}");
    assert_eq!(finding(&report, "policy")["outcome"], "warned");
    assert_eq!(report["faults"][0]["name"], "Colour");
    assert_eq!(report["faults"][0]["reason"], "unknown");
    let theme = &report["policy"]["Theme"];
    assert_eq!(
        (&theme["source"], &theme["forced"]),
        (&json!("file"), &json!(false))
    );
    assert_eq!(report["policy"]["ServerUrl"]["forced"], true);
    assert!(
        !set.path().join("headless").exists(),
        "a check writes nothing"
    );

    // Nobody there, and a microphone that hears nothing.
    set.sound
        .control(&["set-default-source", "microphone"])
        .unwrap();
    let (code, report) = set.check("ServerUrl = \"127.0.0.1:9\"\n").unwrap();
    assert_eq!((code, &report["passed"]), (1, &json!(false)));
    let centre = finding(&report, "centre");
    assert_eq!(centre["outcome"], "failed");
    assert_eq!(centre["failure"]["code"], "centre_unreachable");
    assert_eq!(finding(&report, "sign_in")["outcome"], "skipped");
    assert_eq!(finding(&report, "tone")["reason"], "not_heard");

    // In words, in the language of the policy.
    for (language, word) in [("zh-CN", "没有应答"), ("en-US", "No answer")] {
        let policy = format!("ServerUrl = \"127.0.0.1:9\"\nLanguage = \"{language}\"\n");
        let output = desk_command(set.path(), &set.sound, &policy)
            .unwrap()
            .arg("--check")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        println!("{text}");
        assert!(text.contains(word), "{text}");
    }
}
