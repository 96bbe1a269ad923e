//! The desk's package: installed, checked, shown, upgraded, removed.

use crate::{
    debian::{Debian, PERSON, SESSION, Said},
    package::{DESK, VERSION, built, older},
};
use anyhow::Result;
use seatline_tests::{
    agent::finding,
    keyring, output_folder,
    process::{Program, wait_for},
    screen::Screen,
    window::Window,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

/// Where the program keeps what is the person's.
const DATA: &str = "/home/agent/.local/share/cn.seatline.desk";

/// Where IT decides.
const POLICY: &str = "/etc/seatline/policy.toml";

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_installed_shown_upgraded_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut debian = Debian::clean().unwrap();
    let new = debian.bring(&built(DESK).unwrap()).unwrap();
    let old = older(&built(DESK).unwrap(), folder.path()).unwrap();
    let old = debian.bring(&old).unwrap();

    // All that it needs comes with it.
    assert_eq!(debian.apt(&["install", &old]).unwrap().code, 0);
    assert_eq!(debian.version(DESK).unwrap().as_deref(), Some("0.0.1"));
    let linked = debian.obey(&["ldd", "/usr/bin/seatline"]).unwrap();
    assert!(!linked.contains("not found"), "{linked}");
    assert_eq!(debian.run(&["dpkg", "--verify", DESK]).unwrap().all(), "");

    // It can be gone again as if it had never been there.
    let mut install = vec!["install", "desktop-file-utils", "fonts-wqy-microhei"];
    install.extend(["libglib2.0-bin", "webkit2gtk-driver"]);
    assert_eq!(debian.apt(&install).unwrap().code, 0);
    assert_eq!(debian.run(&["dpkg", "--purge", DESK]).unwrap().code, 0);
    let without = debian.files().unwrap();
    assert_eq!(ours(&without), Vec::<&PathBuf>::new());
    assert_eq!(debian.apt(&["install", &old]).unwrap().code, 0);

    debian.employ().unwrap();
    finds_what_is_missing(&debian);
    is_offered_for_links(&debian);
    shows_its_sign_in(&mut debian, folder.path()).await.unwrap();

    // An upgrade leaves what is the person's and what is IT's.
    let kept = settings(&debian);
    assert_eq!(debian.apt(&["install", &new]).unwrap().code, 0);
    assert_eq!(debian.version(DESK).unwrap().as_deref(), Some(VERSION));
    assert_eq!(settings(&debian), kept);
    let decided = fs::read_to_string(debian.path(POLICY)).unwrap();
    assert!(decided.contains("center.example.cn"));
    is_not_downgraded_by_itself(&debian, &old, &new);

    assert_eq!(debian.apt(&["purge", DESK]).unwrap().code, 0);
    assert_eq!(debian.version(DESK).unwrap(), None);
    let left: BTreeSet<PathBuf> = debian.files().unwrap();
    let left: Vec<&PathBuf> = left.difference(&without).filter(is_a_package_s).collect();
    // What IT wrote is not the package's to remove.
    let policy = ["etc/seatline", "etc/seatline/policy.toml"].map(Path::new);
    assert_eq!(left, policy);
    assert_eq!(settings(&debian), kept, "nor is what the person has");
}

/// What bears our name.
fn ours(files: &BTreeSet<PathBuf>) -> Vec<&PathBuf> {
    files
        .iter()
        .filter(|path| path.to_string_lossy().contains("seatline"))
        // The mark of when apt's lists were fetched.
        .filter(|path| !path.starts_with("var/lib/apt"))
        .collect()
}

/// Whether a file is neither a person's nor what dpkg, apt and other programs write as they go.
fn is_a_package_s(path: &&PathBuf) -> bool {
    let passing = [
        "home",
        "var/cache",
        "var/lib/apt",
        "var/lib/dpkg",
        "var/log",
    ];
    // The person's mailbox came with the person.
    let passing = passing.iter().chain(&["var/mail", "var/spool/mail"]);
    !passing.into_iter().any(|folder| path.starts_with(folder))
        // Accounts: files that useradd writes beside the real ones.
        && !path.starts_with("etc/passwd-")
        && !path.starts_with("etc/group-")
        && !path.starts_with("etc/shadow-")
        && !path.starts_with("etc/gshadow-")
        && !path.starts_with("etc/subuid-")
        && !path.starts_with("etc/subgid-")
}

fn check(debian: &Debian, flags: &[&str]) -> Said {
    let program = [&["seatline", "--check"], flags].concat();
    Said::of(&mut debian.session(&program)).unwrap()
}

/// A check says in clear words what this computer lacks, and takes IT's file at its word.
fn finds_what_is_missing(debian: &Debian) {
    let example = debian.path("/usr/share/doc/seatline/examples/policy.toml");
    fs::copy(example, debian.path(POLICY)).unwrap();
    let said = check(debian, &["--json"]);
    assert_eq!(said.code, 1);
    let report: Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!(report["faults"], serde_json::json!([]));
    for (name, forced) in [
        ("ServerUrl", true),
        ("MediaPorts", true),
        ("Language", false),
    ] {
        let decision = &report["policy"][name];
        assert_eq!(decision["source"], "file", "{name}");
        assert_eq!(decision["forced"], forced, "{name}");
    }
    assert_eq!(finding(&report, "window_engine")["outcome"], "passed");
    assert_eq!(finding(&report, "media_ports")["outcome"], "passed");
    // There is neither sound nor keyring nor centre.
    assert_eq!(finding(&report, "devices")["outcome"], "failed");
    assert_eq!(finding(&report, "tone")["outcome"], "skipped");
    assert_eq!(finding(&report, "keyring")["outcome"], "warned");
    assert_eq!(finding(&report, "centre")["outcome"], "failed");

    let said = check(debian, &[]);
    for words in ["没有麦克风。请连接耳麦。", "没有可用的钥匙串", "没有应答"]
    {
        assert!(said.text.contains(words), "{words}");
    }
    assert!(!debian.path(DATA).exists(), "a check writes nothing");
}

/// The system knows it for each kind of link.
fn is_offered_for_links(debian: &Debian) {
    for scheme in ["tel", "sip", "callto", "seatline"] {
        let kind = format!("x-scheme-handler/{scheme}");
        let said = debian.obey(&["gio", "mime", &kind]).unwrap();
        assert!(
            said.contains("cn.seatline.desk.desktop"),
            "{scheme}: {said}"
        );
    }
}

/// The window opens in the person's session, and a stranger sees how to sign in.
async fn shows_its_sign_in(debian: &mut Debian, folder: &Path) -> Result<()> {
    let screen = Screen::start(folder)?;
    debian.share_displays()?;
    let _bus = session_bus(debian)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let number = format!("--port={port}");
    let driver = Program::start(
        "WebKitWebDriver",
        debian
            .command_as(PERSON, &["WebKitWebDriver", &number])
            .env("DISPLAY", screen.display())
            .env("XDG_RUNTIME_DIR", SESSION)
            .env(keyring::BUS, format!("unix:path={SESSION}/bus"))
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.join("window.log"))?)
            .stderr(fs::File::create(folder.join("window-errors.log"))?),
    )?;
    let program = Path::new("/usr/bin/seatline");
    let opened = Window::through(driver, port, program, Path::new(DATA)).await;
    if opened.is_err() {
        for log in ["window.log", "window-errors.log"] {
            println!("{log}: {}", fs::read_to_string(folder.join(log))?);
        }
    }
    let window = opened?;
    // IT has said where and in which language.
    window
        .wait_property("sign-in-centre", "value", |centre| {
            centre.contains("center.example.cn")
        })
        .await?;
    assert_eq!(window.text("sign-in-submit").await?, "登录");
    assert_eq!(screen.visible_windows("Seatline")?, 1);
    screen.take_picture(&output_folder("packages")?.join("sign-in.png"))?;
    window.close().await
}

/// A D-Bus session of the person's that ends when we say so.
fn session_bus(debian: &Debian) -> Result<Program> {
    let address = format!("--address=unix:path={SESSION}/bus");
    let bus = [
        "dbus-daemon",
        "--session",
        "--nofork",
        "--nopidfile",
        &address,
    ];
    let program = Program::start(
        "dbus-daemon",
        debian.command_as(PERSON, &bus).stderr(Stdio::null()),
    )?;
    wait_for("dbus-daemon", Duration::from_secs(10), || {
        debian.path(SESSION).join("bus").exists().then_some(())
    })?;
    Ok(program)
}

/// What the person has chosen and the program has kept.
fn settings(debian: &Debian) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(debian.path(DATA)).unwrap();
    let mut kept: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    assert!(!kept.is_empty(), "{PERSON} has nothing");
    kept.sort();
    kept
}

/// Apt refuses it unless it is said; dpkg warns, and does what it is told.
fn is_not_downgraded_by_itself(debian: &Debian, old: &str, new: &str) {
    let said = debian.apt(&["install", old]).unwrap();
    assert_ne!(said.code, 0);
    assert!(said.all().contains("--allow-downgrades"));
    assert_eq!(debian.version(DESK).unwrap().as_deref(), Some(VERSION));
    let said = debian.run(&["dpkg", "--install", old]).unwrap();
    assert!(said.all().contains("warning: downgrading seatline"));
    assert_eq!(debian.version(DESK).unwrap().as_deref(), Some("0.0.1"));
    assert_eq!(debian.run(&["dpkg", "--install", new]).unwrap().code, 0);
}
