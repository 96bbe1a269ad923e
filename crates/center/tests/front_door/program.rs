//! The program itself: flags, refusals, signals, and what its log must never hold.

use super::support::{PASSWORD, config};
use reqwest::Client;
use seatline_contract::{IDEMPOTENCY_KEY, identity::Session};
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Output, Stdio},
};
use uuid::Uuid;

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_seatline-center"));
    program.env_clear();
    program
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("centre.toml");
    std::fs::write(&file, "name = \"A\"\nlisten_prot = 1\n").unwrap();
    let output = run(&["--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = errors(&output);
    assert!(
        said.contains("listen_prot") && said.contains("centre.toml"),
        "{said}"
    );
}

#[test]
fn the_configuration_is_printed_as_it_would_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("centre.toml");
    std::fs::write(&file, "name = \"From the file\"\n").unwrap();
    let output = program()
        .args(["--print-config", "--listen", "127.0.0.1:1234"])
        .env("SEATLINE_CONFIG", &file)
        .env("SEATLINE_SIP_UDP", "127.0.0.1:5070")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    for line in [
        "name = \"From the file\"",
        "listen = \"127.0.0.1:1234\"",
        "udp = \"127.0.0.1:5070\"",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let output = run(&["--listen", &address, "--data-dir", data]);
    assert_eq!(output.status.code(), Some(3));
    assert!(errors(&output).contains(&address));
}

/// A started program, with its address and set-up code.
struct Started {
    child: Child,
    url: String,
    code: String,
}

fn start(folder: &std::path::Path) -> Started {
    let file = folder.join("centre.toml");
    std::fs::write(&file, seatline_center::config::print(&config(folder))).unwrap();
    let mut child = program()
        .arg("--config")
        .arg(&file)
        .args(["--log-level", "trace,sqlx=trace,sea_orm=trace"])
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut after = |words: &str| loop {
        let line = lines.next().expect("the program ended").unwrap();
        if let Some((_, rest)) = line.split_once(words) {
            return rest.trim().to_owned();
        }
    };
    Started {
        url: after("listening on "),
        code: after("set-up code: "),
        child,
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_stops_it_cleanly_and_its_log_holds_no_secret_and_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut started = start(folder.path());
    let pem = std::fs::read(folder.path().join("certificate.pem")).unwrap();
    let client = Client::builder()
        .use_preconfigured_tls(super::support::trusting(&pem))
        .build()
        .unwrap();
    let post = |path: &str, body: serde_json::Value| {
        client.post(format!("{}{path}", started.url)).json(&body)
    };
    let person = json!({
        "code": started.code, "login": "admin", "name": "A", "password": PASSWORD,
    });
    post("/api/v1/setup", person).send().await.unwrap();
    let sign_in = json!({"login": "admin", "password": PASSWORD, "device": "d"});
    let session = post("/api/v1/sessions", sign_in).send().await.unwrap();
    let session: Session = session.json().await.unwrap();
    let customer = json!({
        "id": Uuid::new_v4(), "name": "李婷", "numbers": ["13812345678"], "note": "canary-note",
    });
    let made = post("/api/v1/customers", customer)
        .bearer_auth(session.token.expose())
        .header(IDEMPOTENCY_KEY, Uuid::new_v4().to_string());
    assert_eq!(made.send().await.unwrap().status(), 201);

    let process = started.child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &process]).status();
    assert!(sent.unwrap().success());
    let ended = tokio::task::spawn_blocking(move || started.child.wait().unwrap());
    assert_eq!(ended.await.unwrap().code(), Some(0));

    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("the centre is open"), "{log}");
    for secret in [
        PASSWORD,
        session.token.expose(),
        session.line.secret.expose(),
        "13812345678",
        "canary-note",
        "set-up code",
    ] {
        let leak = log.lines().find(|line| line.contains(secret));
        assert!(leak.is_none(), "{secret} is in the log: {leak:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_during_the_start_waits_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let ports = ["--listen", "127.0.0.1:0", "--sip-udp", "127.0.0.1:0"];
    let mut child = program()
        .arg("--demo")
        .arg("--data-dir")
        .arg(&data)
        .args(ports)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Its first file: signals are listened for, and the demo's data are not there yet.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !data.exists() {
        assert!(std::time::Instant::now() < deadline, "it does not start");
        std::thread::yield_now();
    }
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &process]).status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    assert!(said.contains("listening on"), "{said}");
}
