//! Debian roots of our own, made by `debootstrap` in the user's cache, kept between runs and shared
//! by all checkouts.

use super::{as_root, is_root};
use crate::process;
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The mirror of a system that has none of Debian's own.
const MIRROR: &str = "http://deb.debian.org/debian";

/// One root, with nobody else at work in it.
pub(super) struct Root {
    path: PathBuf,
    _lock: File,
}

impl Root {
    /// The root of a suite in that place, made if it is not there, with these settings of dpkg.
    /// Two set-ups at once wait for each other.
    ///
    /// # Errors
    /// When Debian's mirror cannot be reached.
    pub(super) fn in_cache(path: PathBuf, suite: &str, settings: &str) -> Result<Self> {
        let folder = path.parent().context("the cache has no folder")?;
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let lock = File::create(path.with_extension("lock"))?;
        lock.lock()?;
        if !path.is_dir() {
            make(&path, suite, settings)?;
        }
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a package is installed in it.
    pub(super) fn has(&self, package: &str) -> bool {
        Command::new("dpkg-query")
            .arg("--admindir")
            .arg(self.path.join("var/lib/dpkg"))
            .args(["--show", "--showformat=${db:Status-Status}", package])
            .stderr(Stdio::null())
            .output()
            .is_ok_and(|output| output.stdout == b"installed")
    }

    /// Runs its `apt-get`.
    ///
    /// # Errors
    /// Its last words.
    pub(super) fn apt(&self, arguments: &[&str]) -> Result<()> {
        let mut command = as_root("chroot");
        command.arg(&self.path).args([
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "LC_ALL=C.UTF-8",
            "apt-get",
            "--quiet=2",
        ]);
        run_quietly(command.args(arguments))
    }

    /// Writes a file of it, which belongs to the superuser.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, file: &str, text: &str) -> Result<()> {
        write(&self.path, file, text)
    }
}

/// Makes the root beside its place and moves it there when it is whole.
fn make(root: &Path, suite: &str, settings: &str) -> Result<()> {
    let mirror = mirror();
    println!("making a Debian {suite} root in {}", root.display());
    let unfinished = root.with_extension("unfinished");
    if unfinished.exists() {
        process::run(
            as_root("rm")
                .args(["--recursive", "--force"])
                .arg(&unfinished),
        )?;
    }
    let mut debootstrap = as_root("env");
    if let Some(proxy) = proxy() {
        debootstrap.arg(format!("http_proxy={proxy}"));
    }
    debootstrap
        .args(["debootstrap", "--variant=minbase", suite])
        .arg(&unfinished)
        .arg(&mirror);
    run_quietly(&mut debootstrap)
        .with_context(|| format!("Debian {suite} cannot be had from {mirror}; tests need it"))?;
    configure(&unfinished, settings)?;
    process::run(as_root("mv").arg(&unfinished).arg(root))
}

/// Has the root's apt reach its mirror as this system's does, and install fast.
fn configure(root: &Path, settings: &str) -> Result<()> {
    write(root, "etc/apt/apt.conf.d/00host", &acquisition()?)?;
    write(
        root,
        "etc/dpkg/dpkg.cfg.d/cache",
        &format!("force-unsafe-io\n{settings}"),
    )?;
    // No service starts by itself.
    write(root, "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")?;
    process::run(
        as_root("chmod")
            .arg("755")
            .arg(root.join("usr/sbin/policy-rc.d")),
    )?;
    let authorities = Path::new("/etc/ssl/certs/ca-certificates.crt");
    if authorities.is_file() {
        let there = root.join("etc/ssl/certs");
        process::run(as_root("mkdir").arg("--parents").arg(&there))?;
        process::run(as_root("cp").arg(authorities).arg(&there))?;
    }
    Ok(())
}

/// This system's own mirror of Debian, if it is a Debian.
pub(super) fn mirror() -> String {
    let listed = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten();
    let files = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .chain([PathBuf::from("/etc/apt/sources.list")]);
    let found = files
        .filter_map(|file| fs::read_to_string(file).ok())
        .find_map(|text| find_mirror(&text).map(str::to_owned));
    found.unwrap_or_else(|| MIRROR.to_owned())
}

/// The first archive of Debian itself in a list of sources, of either form.
fn find_mirror(sources: &str) -> Option<&str> {
    sources
        .lines()
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(str::split_whitespace)
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"))
}

/// How this system's apt reaches its mirrors: proxies, certificates, checks.
fn acquisition() -> Result<String> {
    let all = process::output(Command::new("apt-config").arg("dump"))?;
    let wanted = |line: &&str| {
        let line = line.to_ascii_lowercase();
        ["http", "https", "check-", "retries"]
            .iter()
            .any(|part| line.starts_with(&format!("acquire::{part}")))
    };
    Ok(all
        .lines()
        .filter(wanted)
        .map(|line| format!("{line}\n"))
        .collect())
}

/// The proxy of this system's apt.
fn proxy() -> Option<String> {
    let output = Command::new("apt-config")
        .args(["shell", "PROXY", "Acquire::http::Proxy"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let value = text.trim().strip_prefix("PROXY='")?.strip_suffix('\'')?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// Writes a file of the root, which belongs to the superuser.
fn write(root: &Path, file: &str, text: &str) -> Result<()> {
    let path = root.join(file);
    if is_root() {
        return fs::write(&path, text).with_context(|| path.display().to_string());
    }
    let mut child = as_root("tee")
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    if let Some(input) = &mut child.stdin {
        input.write_all(text.as_bytes())?;
    }
    if !child.wait_with_output()?.status.success() {
        bail!("cannot write {}", path.display());
    }
    Ok(())
}

/// Runs a program whose many words matter only when it fails.
fn run_quietly(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let last = lines
        .get(lines.len().saturating_sub(20)..)
        .unwrap_or_default();
    bail!("{}", last.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_s_own_mirror_is_found_in_both_forms_of_sources() {
        let security = "Types: deb\nURIs: http://mirror.example/debian-security\n";
        assert_eq!(find_mirror(security), None);
        let stanza = format!(
            "{security}\nTypes: deb\n# URIs: http://no/debian\nURIs: http://mirror.example/debian\n"
        );
        assert_eq!(find_mirror(&stanza), Some("http://mirror.example/debian"));
        let line =
            "# deb http://old/debian sid main\ndeb [arch=amd64] https://near/debian/ sid main\n";
        assert_eq!(find_mirror(line), Some("https://near/debian/"));
        assert_eq!(
            find_mirror("deb http://archive.ubuntu.com/ubuntu noble main"),
            None
        );
    }
}
