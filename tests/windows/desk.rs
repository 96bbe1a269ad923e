//! The program of the package at work: its check, and a call from a customer, with the sound devices
//! of Wine's PulseAudio driver and a centre that runs on Linux.

use crate::{
    package::NEW,
    wine::{PROFILE, PROGRAM, SHARED, Wine},
};
use anyhow::{Result, ensure};
use seatline_tests::{
    agent::{Agent, finding},
    centre::{AGENT, Centre, PASSWORD},
    sound::SoundServer,
    stage_address,
    talk::talk,
};
use serde_json::Value;
use std::{fs, path::Path, time::Duration};

/// A centre, and a Windows computer with sound on which the package is installed for it.
pub(crate) struct Set {
    pub(crate) wine: Wine,
    pub(crate) sound: SoundServer,
    pub(crate) centre: Centre,
    folder: tempfile::TempDir,
}

impl Set {
    fn up() -> Result<Self> {
        Self::up_with(NEW)
    }

    /// With one of the installers.
    pub(crate) fn up_with(msi: &str) -> Result<Self> {
        // Another part of the program may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("wine-").tempdir()?;
        let centre = Centre::start(folder.path(), stage_address()?)?;
        let sound = SoundServer::start(folder.path())?;
        let wine = Wine::start_in(folder.path())?.with_sound(&sound);
        let url = format!("SERVERURL={}", centre.url);
        let properties = [
            &url,
            "MEDIAPORTS=18000-18020",
            "LANG=en-US",
            "WEBVIEW2=skip",
        ];
        ensure!(wine.msiexec("/i", msi, &properties)? == 0, "msiexec");
        let authority = centre.certificate.strip_prefix(folder.path())?;
        let authority = authority.to_string_lossy().replace('/', r"\");
        let policies = r"HKLM\Software\Policies\Seatline";
        wine.set(policies, "AuthorityFile", &format!(r"{SHARED}\{authority}"))?;
        wine.set(&format!(r"{policies}\Recommended"), "Theme", "dark")?;
        Ok(Self {
            wine,
            sound,
            centre,
            folder,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_all_but_what_draws_windows() {
    let set = Set::up().unwrap();
    // What the speaker plays comes in at the microphone.
    set.sound
        .control(&["set-default-source", "headset.monitor"])
        .unwrap();
    let output = set.wine.output(&[PROGRAM, "--check", "--json"]).unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    println!("{report:#}");
    for item in [
        "policy",
        "centre",
        "sign_in",
        "keyring",
        "devices",
        "tone",
        "media_ports",
    ] {
        assert_eq!(finding(&report, item)["outcome"], "passed", "{item}");
    }
    assert_eq!(report["system"], "windows x86_64");
    let centre = &finding(&report, "centre")["facts"];
    assert_eq!(centre["address"], set.centre.url);
    let speakers = &finding(&report, "devices")["facts"]["speakers"];
    assert!(speakers.as_str().unwrap().contains("headset"), "{speakers}");
    for (name, source, forced) in [
        ("ServerUrl", "installer", false),
        ("MediaPorts", "installer", false),
        ("AuthorityFile", "machine_policy", true),
        ("Theme", "machine_policy", false),
    ] {
        let decision = &report["policy"][name];
        assert_eq!(decision["source"], source, "{name}");
        assert_eq!(decision["forced"], forced, "{name}");
    }
    // Wine has no WebView2, and the check says so.
    assert_eq!(finding(&report, "window_engine")["outcome"], "failed");
    assert_eq!(output.status.code(), Some(1));
    let data = set
        .wine
        .drive(PROFILE)
        .join("AppData/Local/cn.seatline.desk");
    assert!(!data.exists(), "a check writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_and_the_desk_hear_each_other() {
    let set = Set::up().unwrap();
    let mut desk = set.wine.command(&[PROGRAM, "--headless-agent"]).unwrap();
    let agent = Agent::run(&mut desk, set.path()).unwrap();
    agent.sign_in(&set.centre, AGENT).unwrap();
    agent.go_ready().unwrap();
    let customer = talk(&agent, &set.centre, &set.sound, set.path()).unwrap();
    assert!(agent.end().unwrap().success());
    customer
        .expect_event("CALL_CLOSED", Duration::from_secs(15))
        .unwrap();

    // Secrets are in Windows' credential store, and nowhere else.
    let registry = set.wine.registry().unwrap();
    for name in ["password", "outbox-"] {
        let kept = registry.iter().any(|line| {
            line.contains("Credential Manager")
                && line.contains(name)
                && line.contains("cn.seatline.desk")
        });
        assert!(kept, "{name}");
    }
    let wide: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for file in set.wine.files().unwrap() {
        let path = set.wine.drive(&file.to_string_lossy());
        let Ok(bytes) = fs::read(&path) else {
            continue;
        };
        for secret in [PASSWORD.as_bytes(), &wide] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} holds the password", path.display());
        }
    }
}
