//! The centre's package: its service's own command line, as its own user, and what an administrator
//! may get wrong.

use crate::{
    debian::{Debian, Said},
    package::{CENTRE, VERSION, built, older},
};
use anyhow::{Context, Result};
use seatline_tests::{
    agent::{Agent, desk_command},
    centre::AGENT,
    keyring,
    process::{Program, wait_for},
    sound::SoundServer,
    stage_address,
};
use std::{
    fs,
    net::{TcpStream, UdpSocket},
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::Command,
    time::Duration,
};

/// The service.
const UNIT: &str = "/usr/lib/systemd/system/seatline-center.service";

/// Its configuration.
const CONFIG: &str = "/etc/seatline/center.toml";

/// Its data.
const DATA: &str = "/var/lib/seatline";

/// Its user.
const USER: &str = "seatline-center";

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_centre_is_installed_serves_is_upgraded_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let debian = Debian::clean().unwrap();
    let new = debian.bring(&built(CENTRE).unwrap()).unwrap();
    let old = older(&built(CENTRE).unwrap(), folder.path()).unwrap();
    let old = debian.bring(&old).unwrap();

    let said = debian.apt(&["install", &old]).unwrap();
    assert_eq!(said.code, 0);
    assert!(said.all().contains("systemctl start seatline-center"));
    is_closed_to_others(&debian);
    is_a_service_that_systemd_takes(&debian);

    // An administrator says where it is reached.
    let address = stage_address().unwrap();
    let shipped = fs::read_to_string(debian.path(CONFIG)).unwrap();
    let edited = shipped.replace(
        "# hosts = [\"center.example.cn\", \"192.0.2.10\"]",
        &format!("hosts = [\"{address}\"]"),
    );
    assert_ne!(edited, shipped);
    fs::write(debian.path(CONFIG), &edited).unwrap();
    serves_a_desk(&debian, folder.path()).unwrap();

    // An upgrade asks nothing, and takes nothing away.
    let kept = data(&debian);
    assert!(kept.iter().any(|name| name == "seatline.db"), "{kept:?}");
    let said = debian.apt(&["install", &new]).unwrap();
    assert_eq!(said.code, 0);
    assert!(said.all().contains("systemctl restart seatline-center"));
    assert_eq!(debian.version(CENTRE).unwrap().as_deref(), Some(VERSION));
    assert_eq!(fs::read_to_string(debian.path(CONFIG)).unwrap(), edited);
    is_closed_to_others(&debian);
    assert_eq!(data(&debian), kept);

    // Removed, it can come back; purged, it is gone.
    assert_eq!(debian.apt(&["remove", CENTRE]).unwrap().code, 0);
    assert!(!debian.path("/usr/bin/seatline-center").exists());
    assert!(!debian.path(UNIT).exists());
    assert_eq!(fs::read_to_string(debian.path(CONFIG)).unwrap(), edited);
    assert_eq!(data(&debian), kept);
    assert_eq!(debian.apt(&["purge", CENTRE]).unwrap().code, 0);
    let left = debian.files().unwrap();
    let left: Vec<_> = left
        .iter()
        .filter(|path| path.to_string_lossy().contains("seatline"))
        .filter(|path| !path.starts_with("var/lib/apt"))
        .collect();
    assert_eq!(left, Vec::<&std::path::PathBuf>::new());
}

/// Nobody else reads a provider's password, or the data.
fn is_closed_to_others(debian: &Debian) {
    let user = debian.obey(&["id", "--user", USER]).unwrap();
    let user: u32 = user.trim().parse().unwrap();
    let config = fs::metadata(debian.path(CONFIG)).unwrap();
    assert_eq!((config.uid(), config.mode() & 0o777), (0, 0o640));
    assert_eq!(config.gid(), fs::metadata(debian.path(DATA)).unwrap().gid());
    let data = fs::metadata(debian.path(DATA)).unwrap();
    assert_eq!((data.uid(), data.mode() & 0o777), (user, 0o750));
}

fn is_a_service_that_systemd_takes(debian: &Debian) {
    let said = debian
        .run(&["systemd-analyze", "verify", "--man=no", UNIT])
        .unwrap();
    assert_eq!((said.code, said.all().as_str()), (0, ""));
    // From 0, safe, to 100.
    let threshold = [
        "systemd-analyze",
        "security",
        "--offline=yes",
        "--threshold=15",
    ];
    let said = debian.run(&[&threshold, &[UNIT][..]].concat()).unwrap();
    assert_eq!(said.code, 0);
    let enabled = "/etc/systemd/system/multi-user.target.wants/seatline-center.service";
    assert!(
        debian.path(enabled).is_symlink(),
        "it starts with the computer"
    );
}

/// The service's own command line as its own user.
fn service(debian: &Debian) -> Command {
    let unit = fs::read_to_string(debian.path(UNIT)).unwrap();
    let value = |name: &str| {
        let lines = unit.lines();
        let mut found = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.next().unwrap().to_owned()
    };
    assert_eq!(value("User"), USER);
    let line = value("ExecStart");
    let words: Vec<&str> = line.split(' ').collect();
    debian.command_as(USER, &words)
}

fn serves_a_desk(debian: &Debian, folder: &Path) -> Result<()> {
    let address = stage_address()?;
    let log = folder.join("center.log");
    let mut command = service(debian);
    command
        .env("SEATLINE_DEMO", "true")
        .stdout(fs::File::create(&log)?)
        .stderr(fs::File::create(folder.join("errors.log"))?);
    let mut running = Program::start(CENTRE, &mut command)?;
    let certificate = debian.path(DATA).join("certificate.pem");
    let listening = wait_for("the centre", PATIENCE, || {
        let there = TcpStream::connect((address, 8443)).is_ok();
        (there && certificate.is_file()).then_some(())
    });
    println!("{}", fs::read_to_string(folder.join("errors.log"))?);
    listening?;
    running.ensure_running()?;

    is_told_of_taken_ports(debian);

    let sound = SoundServer::start(folder)?;
    let _keyring = keyring::start(folder)?;
    let url = format!("https://{address}:8443");
    let policy = format!(
        "ServerUrl = \"{url}\"\nAuthorityFile = \"{}\"\n",
        certificate.display()
    );
    let mut desk = desk_command(folder, &sound, &policy)?;
    let agent = Agent::run(desk.arg("--headless-agent"), folder)?;
    agent.sign_in_at(&url, AGENT)?;
    agent.go_ready()?;
    assert!(agent.end()?.success());

    running.end();
    is_told_of_mistakes(debian)
}

/// A second one, and another program at a trunk's port: each is named, with what to do.
fn is_told_of_taken_ports(debian: &Debian) {
    let said = Said::of(&mut service(debian)).unwrap();
    assert_eq!(said.code, 3);
    assert!(
        said.errors.contains("8443 is already in use"),
        "{}",
        said.errors
    );
    assert!(said.errors.contains("`listen`"), "{}", said.errors);
}

/// A configuration that cannot be right is refused with the place, and so is somebody else's
/// trunk port.
fn is_told_of_mistakes(debian: &Debian) -> Result<()> {
    let whole = fs::read_to_string(debian.path(CONFIG))?;
    for (line, words) in [
        ("lisen = \"0.0.0.0:8443\"\n", "lisen"),
        ("listen = \"everywhere\"\n", "listen"),
        ("data_dir = \n", "line 1"),
    ] {
        fs::write(debian.path(CONFIG), format!("{line}{whole}"))?;
        let said = Said::of(&mut service(debian))?;
        assert_eq!(said.code, 2, "{line}");
        assert!(said.errors.contains(CONFIG), "{line}");
        assert!(said.errors.contains(words), "{line}");
    }
    fs::write(debian.path(CONFIG), &whole)?;
    let taken = UdpSocket::bind(("0.0.0.0", 5060)).context("a trunk's port")?;
    let said = Said::of(&mut service(debian))?;
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("5060"), "{}", said.errors);
    drop(taken);
    Ok(())
}

/// What it has kept.
fn data(debian: &Debian) -> Vec<String> {
    let entries = fs::read_dir(debian.path(DATA)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // A database at rest has none of its helpers.
    let mut names: Vec<String> = names
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    names.sort();
    names
}
