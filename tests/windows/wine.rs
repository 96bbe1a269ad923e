//! One Windows computer, played by Wine from the Debian sid root.

use crate::package;
use anyhow::{Context, Result, ensure};
use seatline_tests::{sid, sound::SoundServer};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// Where the computer's drive `Z:` has the folder that we see, too.
pub(crate) const SHARED: &str = r"Z:\run\seatline";

/// The program where the installer puts it.
pub(crate) const PROGRAM: &str = r"C:\Program Files\Seatline\seatline.exe";

/// The person at the computer has this profile on drive C.
pub(crate) const PROFILE: &str = "users/root";

/// What every script begins with. Debian has `wineserver` outside the path.
const PROLOGUE: &str = "mkdir -p /run/user
    PATH=$PATH:/usr/lib/x86_64-linux-gnu/wine";

/// Runs one Windows program and waits until the computer has written its registry.
const RUN: &str = "wine \"$@\"
    status=$?
    wineserver -w
    exit $status";

/// Runs one Windows program, and beside it a script of the shared folder, which writes to a file
/// there what it says.
const RUN_BESIDE: &str = "cd /run/seatline
    sh beside.sh > beside.log 2>&1 < /dev/null &
    wine \"$@\"
    status=$?
    wait
    wineserver -w
    exit $status";

/// A Windows computer. It is off between two programs.
pub(crate) struct Wine {
    folder: PathBuf,
    sound: bool,
    _own: Option<tempfile::TempDir>,
}

impl Wine {
    /// A new one, with a folder of its own and the two installers in it.
    pub(crate) fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wine-").tempdir()?;
        let wine = Self {
            _own: None,
            ..Self::start_in(folder.path())?
        };
        Ok(Self {
            _own: Some(folder),
            ..wine
        })
    }

    /// A new one that shares a folder with us.
    pub(crate) fn start_in(folder: &Path) -> Result<Self> {
        let fresh = fresh()?;
        let status = Command::new("cp")
            .args(["--archive", "--reflink=auto"])
            .arg(fresh.join("prefix"))
            .arg(folder)
            .status()?;
        ensure!(status.success(), "a computer cannot be copied");
        for msi in [package::OLD, package::NEW] {
            fs::copy(package::folder()?.join(msi), folder.join(msi))?;
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            sound: false,
            _own: None,
        })
    }

    /// The same with a sound server's devices; its socket is in the shared folder.
    pub(crate) fn with_sound(self, _server: &SoundServer) -> Self {
        Self {
            sound: true,
            ..self
        }
    }

    /// A program, to be started as the caller likes; one at a time, because each finds a computer
    /// that is off.
    pub(crate) fn command(&self, program: &[&str]) -> Result<Command> {
        self.script(RUN, program)
    }

    /// As [`Wine::command`]; beside the program runs this script, in the shared folder.
    pub(crate) fn command_beside(&self, program: &[&str], script: &str) -> Result<Command> {
        fs::write(self.folder.join("beside.sh"), script)?;
        self.script(RUN_BESIDE, program)
    }

    /// A shell script that runs programs of the computer, in the root.
    pub(crate) fn script(&self, script: &str, arguments: &[&str]) -> Result<Command> {
        let mut command = sid::command("sh", &self.folder)?;
        command
            .args(["-c", &format!("{PROLOGUE}\n{script}"), "sh"])
            .args(arguments)
            .env("WINEPREFIX", format!("{}/prefix", sid::FOLDER))
            .env("WINEDEBUG", "-all")
            // A test puts one of its own there.
            .env("WINEDLLOVERRIDES", "netsh.exe=n,b;winemenubuilder.exe=d")
            .env("LANG", "zh_CN.UTF-8")
            .env("LC_ALL", "C.UTF-8")
            .env("XDG_RUNTIME_DIR", "/run/user")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        if self.sound {
            let socket = format!("unix:{}/{}", sid::FOLDER, SoundServer::SOCKET);
            command.env("PULSE_SERVER", socket);
        }
        Ok(command)
    }

    /// Runs a program to its end.
    pub(crate) fn output(&self, program: &[&str]) -> Result<Output> {
        self.command(program)?
            .output()
            .context("the Debian sid root")
    }

    /// Runs a program to its end; gives the lower eight bits of its exit code.
    pub(crate) fn run(&self, program: &[&str]) -> Result<i32> {
        self.output(program)?
            .status
            .code()
            .context("Wine was killed")
    }

    /// Runs msiexec silently; what it logs is printed, so that a failing test shows it.
    pub(crate) fn msiexec(&self, order: &str, msi: &str, properties: &[&str]) -> Result<i32> {
        Ok(self.msiexec_logged(order, msi, properties)?.0)
    }

    /// As [`Wine::msiexec`], with the log.
    pub(crate) fn msiexec_logged(
        &self,
        order: &str,
        msi: &str,
        properties: &[&str],
    ) -> Result<(i32, String)> {
        let log = self.folder.join("msi.log");
        if log.exists() {
            fs::remove_file(&log)?;
        }
        let file = format!(r"{SHARED}\{msi}");
        let logged = format!(r"{SHARED}\msi.log");
        let begin = ["msiexec", order, &file, "/qn", "/l*", &logged];
        let status = self.run(&[&begin, properties].concat())?;
        let logged = fs::read(&log).unwrap_or_default();
        let logged = String::from_utf8_lossy(&logged).replace('\0', "");
        println!("msiexec {order} {msi} {properties:?} gives {status}\n{logged}");
        Ok((status, logged))
    }

    /// Sets a text in the registry.
    pub(crate) fn set(&self, key: &str, name: &str, text: &str) -> Result<()> {
        let status = self.run(&["reg", "add", key, "/v", name, "/d", text, "/f"])?;
        ensure!(status == 0, "reg add {key} {name}: {status}");
        Ok(())
    }

    /// The folder that both we and the computer see.
    pub(crate) fn shared(&self) -> &Path {
        &self.folder
    }

    /// A file or folder of the computer's drive C.
    pub(crate) fn drive(&self, path: &str) -> PathBuf {
        self.folder.join("prefix/drive_c").join(path)
    }

    /// Every file and folder there is on drive C, by its path there.
    pub(crate) fn files(&self) -> Result<BTreeSet<PathBuf>> {
        let drive = self.drive("");
        let mut found = BTreeSet::new();
        let mut folders = vec![drive.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                }
                found.insert(entry.path().strip_prefix(&drive)?.to_path_buf());
            }
        }
        Ok(found)
    }

    /// Every value of the computer's and the person's registry, with its key.
    pub(crate) fn registry(&self) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for file in ["system.reg", "user.reg"] {
            let text = fs::read_to_string(self.folder.join("prefix").join(file))?;
            let mut key = "";
            for line in text.lines() {
                if line.starts_with('[') {
                    // The time of its last change follows.
                    key = line.rsplit_once(']').map_or(line, |(key, _)| key);
                    found.insert(format!("{file} {key}]"));
                } else if line.starts_with(['"', '@']) {
                    found.insert(format!("{file} {key}] {line}"));
                }
            }
        }
        Ok(found)
    }

    /// A text in `HKEY_LOCAL_MACHINE`, if there is one; an empty name is the key's own value.
    pub(crate) fn value(&self, key: &str, name: &str) -> Result<Option<String>> {
        let section = format!("system.reg [{}] ", key.replace('\\', r"\\"));
        let wanted = if name.is_empty() {
            "@=".to_owned()
        } else {
            format!("\"{name}\"=")
        };
        Ok(self.registry()?.iter().find_map(|line| {
            let value = line.strip_prefix(&section)?.strip_prefix(&wanted)?;
            Some(unescape(value))
        }))
    }
}

/// A computer that has just been switched on for the first time, to be copied.
fn fresh() -> Result<&'static Path> {
    static FRESH: OnceLock<tempfile::TempDir> = OnceLock::new();
    if let Some(folder) = FRESH.get() {
        return Ok(folder.path());
    }
    let folder = tempfile::Builder::new().prefix("wine-").tempdir()?;
    let wine = Wine {
        folder: folder.path().to_path_buf(),
        sound: false,
        _own: None,
    };
    let status = wine.run(&["wineboot", "--init"])?;
    ensure!(status == 0, "Wine does not start: {status}");
    Ok(FRESH.get_or_init(|| folder).path())
}

/// A quoted string of Wine's registry: `\"`, `\\`, and `\x` with four hexadecimal digits.
fn unescape(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    let mut text = String::new();
    let mut rest = inner.strip_suffix('"').unwrap_or(inner).chars();
    while let Some(character) = rest.next() {
        let escaped = (character == '\\').then(|| rest.next()).flatten();
        text.push(match escaped {
            Some('x') => {
                let digits: String = rest.by_ref().take(4).collect();
                u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            Some(other) => other,
            None => character,
        });
    }
    text
}
