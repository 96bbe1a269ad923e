//! A clean Debian computer: a copy of the root that `cargo dev test packages` prepares.

use anyhow::{Context, Result, ensure};
use seatline_tests::{built_folder, sid};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A person who works at the computer.
pub(crate) const PERSON: &str = "agent";

/// The folder that a session gives them.
pub(crate) const SESSION: &str = "/run/user/agent";

/// Folders of which nothing is a package's.
const PASSING: [&str; 4] = ["dev", "proc", "run", "tmp"];

/// One computer, as a folder with what a program expects below it; it is gone when dropped.
pub(crate) struct Debian {
    root: PathBuf,
    mounts: Vec<PathBuf>,
    folder: Option<tempfile::TempDir>,
}

impl Debian {
    /// A computer on which nothing has ever been installed.
    pub(crate) fn clean() -> Result<Self> {
        ensure!(
            fs::metadata("/proc/self")?.uid() == 0,
            "packages are installed by the superuser; run `cargo dev test packages`"
        );
        let source = sid::root()?.with_file_name("bookworm");
        ensure!(
            source.is_dir(),
            "{} is missing; `cargo dev test packages` makes it",
            source.display()
        );
        let target = built_folder();
        let place = target.parent().context("programs lie in a profile")?;
        let folder = tempfile::Builder::new()
            .prefix("debian-")
            .tempdir_in(place)?;
        // Persons look into it, too.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let root = folder.path().join("root");
        let status = Command::new("cp")
            .args(["--archive", "--reflink=auto"])
            .arg(&source)
            .arg(&root)
            .status()?;
        ensure!(status.success(), "a computer cannot be copied");
        let mut debian = Self {
            root,
            mounts: Vec::new(),
            folder: Some(folder),
        };
        debian.switch_on()?;
        Ok(debian)
    }

    fn switch_on(&mut self) -> Result<()> {
        self.mount("proc", &["-t", "proc", "proc"])?;
        self.mount("run", &["-t", "tmpfs", "-o", "mode=755", "tmpfs"])?;
        self.mount("dev", &["-t", "tmpfs", "-o", "mode=755", "tmpfs"])?;
        for device in ["full", "null", "random", "tty", "urandom", "zero"] {
            fs::write(self.path("dev").join(device), "")?;
            let real = format!("/dev/{device}");
            self.mount(&format!("dev/{device}"), &["--bind", &real])?;
        }
        fs::create_dir(self.path("dev/shm"))?;
        self.mount("dev/shm", &["-t", "tmpfs", "tmpfs"])?;
        fs::create_dir(self.path("dev/pts"))?;
        let terminals = "newinstance,ptmxmode=0666";
        self.mount("dev/pts", &["-t", "devpts", "-o", terminals, "devpts"])?;
        std::os::unix::fs::symlink("pts/ptmx", self.path("dev/ptmx"))?;
        std::os::unix::fs::symlink("/proc/self/fd", self.path("dev/fd"))?;
        Ok(())
    }

    fn mount(&mut self, place: &str, what: &[&str]) -> Result<()> {
        let place = self.path(place);
        let status = Command::new("mount").args(what).arg(&place).status()?;
        ensure!(status.success(), "mounting {}: {status}", place.display());
        self.mounts.push(place);
        Ok(())
    }

    /// Has its programs find the displays of this one.
    pub(crate) fn share_displays(&mut self) -> Result<()> {
        let folder = "/tmp/.X11-unix";
        fs::create_dir_all(self.path("tmp/.X11-unix"))?;
        self.mount("tmp/.X11-unix", &["--bind", folder])
    }

    /// A place on it, as we see it.
    pub(crate) fn path(&self, place: &str) -> PathBuf {
        self.root.join(place.trim_start_matches('/'))
    }

    /// Puts a file into its `/tmp`, and gives its place there.
    pub(crate) fn bring(&self, file: &Path) -> Result<String> {
        let name = file.file_name().context("a file has a name")?;
        fs::copy(file, self.path("tmp").join(name)).with_context(|| file.display().to_string())?;
        Ok(format!("/tmp/{}", name.display()))
    }

    /// A program as the superuser.
    pub(crate) fn command(&self, program: &[&str]) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.root).args(program);
        Self::surround(&mut command, "/root");
        command
    }

    /// A program in the name of somebody else.
    pub(crate) fn command_as(&self, person: &str, program: &[&str]) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(format!("--userspec={person}:{person}"))
            .arg(&self.root)
            .args(program);
        Self::surround(&mut command, &format!("/home/{person}"));
        command
    }

    fn surround(command: &mut Command, home: &str) {
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin")
            .env("HOME", home)
            .env("LC_ALL", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .current_dir("/");
    }

    /// Runs a program to its end; what it says is printed, so that a failing test shows it.
    pub(crate) fn run(&self, program: &[&str]) -> Result<Said> {
        Said::of(&mut self.command(program))
    }

    /// As [`Debian::run`], for a program that must do what it shall.
    pub(crate) fn obey(&self, program: &[&str]) -> Result<String> {
        let said = self.run(program)?;
        ensure!(said.code == 0, "{program:?} gives {}", said.code);
        Ok(said.text)
    }

    /// Has apt do something, with nobody there to ask.
    pub(crate) fn apt(&self, arguments: &[&str]) -> Result<Said> {
        let begin = ["apt-get", "--yes", "--no-install-recommends"];
        self.run(&[&begin, arguments].concat())
    }

    /// Makes the person, with the folder that a session gives them.
    pub(crate) fn employ(&self) -> Result<()> {
        let home = format!("/home/{PERSON}");
        self.obey(&["useradd", "--create-home", "--home-dir", &home, PERSON])?;
        self.obey(&["mkdir", "--parents", "--mode=755", "/run/user"])?;
        let owner = format!("--owner={PERSON}");
        self.obey(&["install", "--directory", "--mode=700", &owner, SESSION])?;
        Ok(())
    }

    /// A program of the person's, in a D-Bus session of its own.
    pub(crate) fn session(&self, program: &[&str]) -> Command {
        let begin = ["dbus-run-session", "--"];
        let mut command = self.command_as(PERSON, &[&begin, program].concat());
        command.env("XDG_RUNTIME_DIR", SESSION);
        command
    }

    /// The version of a package that is installed, if any.
    pub(crate) fn version(&self, package: &str) -> Result<Option<String>> {
        let form = "--showformat=${db:Status-Status} ${Version}";
        let said = self.run(&["dpkg-query", "--show", form, package])?;
        Ok(said.text.strip_prefix("installed ").map(str::to_owned))
    }

    /// Every file, folder and link there is, by its path.
    pub(crate) fn files(&self) -> Result<BTreeSet<PathBuf>> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let path = entry.path();
                let place = path.strip_prefix(&self.root)?.to_path_buf();
                if PASSING.iter().any(|name| place.as_os_str() == *name) {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                }
                found.insert(place);
            }
        }
        Ok(found)
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        for place in self.mounts.iter().rev() {
            let done = Command::new("umount").arg("--lazy").arg(place).status();
            if !done.is_ok_and(|status| status.success()) {
                println!("{} stays mounted", place.display());
                if let Some(folder) = self.folder.take() {
                    // Never delete through a mount.
                    println!("{} stays, too", folder.keep().display());
                }
                return;
            }
        }
    }
}

/// What a program has said.
pub(crate) struct Said {
    /// Its exit code; -1 if it was killed.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) text: String,
    /// Standard error.
    pub(crate) errors: String,
}

impl Said {
    /// Runs a program to its end and prints what it says.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let output: Output = command
            .output()
            .with_context(|| command.get_program().display().to_string())?;
        let said = Self {
            code: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        let arguments: Vec<_> = command.get_args().skip(1).collect();
        println!(
            "{arguments:?} gives {}\n{}{}",
            said.code, said.text, said.errors
        );
        Ok(said)
    }

    /// Both together.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.text, self.errors)
    }
}
