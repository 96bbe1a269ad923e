//! A `.deb`: a folder of files as they will lie, packed by `dpkg-deb`. The same files and the same
//! moment give the same bytes.

use super::{Profile, installer};
use crate::process::{output, run as finish};
use anyhow::{Context, Result};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a package says of itself.
pub(super) struct Control<'a> {
    pub(super) package: &'a str,
    pub(super) section: &'a str,
    pub(super) depends: String,
    pub(super) recommends: &'a [&'a str],
    /// First line, and the lines below it.
    pub(super) description: (&'a str, &'a str),
    /// Files that an administrator may change.
    pub(super) conffiles: &'a [&'a str],
    /// Names below `installers` of what runs as it is installed and removed, with Debian's names.
    pub(super) scripts: &'a [(&'a str, &'a str)],
}

/// A package in the making.
pub(super) struct Archive {
    root: PathBuf,
}

/// Who answers for the packages; a site that makes its own says so as for Debian's tools.
pub(super) fn maintainer() -> String {
    let said = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.into());
    let name = said("DEBFULLNAME", "The Seatline developers");
    format!("{name} <{}>", said("DEBEMAIL", "developers@seatline.cn"))
}

impl Archive {
    /// An empty one.
    pub(super) fn new(root: &Path) -> Result<Self> {
        if root.exists() {
            fs::remove_dir_all(root)?;
        }
        let archive = Self {
            root: root.to_path_buf(),
        };
        archive.folder("DEBIAN")?;
        Ok(archive)
    }

    /// Where it is put together.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// A folder, with those above it.
    pub(super) fn folder(&self, path: &str) -> Result<PathBuf> {
        let mut place = self.root.clone();
        fs::create_dir_all(&place)?;
        for name in Path::new(path) {
            place.push(name);
            if !place.is_dir() {
                fs::create_dir(&place)?;
            }
            set_mode(&place, 0o755)?;
        }
        set_mode(&self.root, 0o755)?;
        Ok(place)
    }

    /// A file that everybody can read.
    pub(super) fn bytes(&self, path: &str, bytes: &[u8]) -> Result<PathBuf> {
        let (folder, name) = path.rsplit_once('/').context("a file lies in a folder")?;
        let place = self.folder(folder)?.join(name);
        fs::write(&place, bytes).with_context(|| place.display().to_string())?;
        set_mode(&place, 0o644)?;
        Ok(place)
    }

    /// A text that everybody can read.
    pub(super) fn text(&self, path: &str, text: &str) -> Result<()> {
        self.bytes(path, text.as_bytes()).map(drop)
    }

    /// A file that everybody can start.
    pub(super) fn program(&self, path: &str, from: &Path) -> Result<PathBuf> {
        let bytes = fs::read(from).with_context(|| from.display().to_string())?;
        let place = self.bytes(path, &bytes)?;
        set_mode(&place, 0o755)?;
        Ok(place)
    }

    /// A text packed by gzip, without its name and time.
    pub(super) fn packed(&self, path: &str, text: &str) -> Result<()> {
        let mut gzip = Command::new("gzip")
            .args(["--best", "--no-name"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("gzip")?;
        let mut input = gzip.stdin.take().context("gzip's input")?;
        input.write_all(text.as_bytes())?;
        drop(input);
        let packed = gzip.wait_with_output()?;
        anyhow::ensure!(packed.status.success(), "gzip: {}", packed.status);
        self.bytes(path, &packed.stdout).map(drop)
    }

    /// What dpkg reads of it.
    pub(super) fn write_control(
        &self,
        control: &Control<'_>,
        version: &str,
        architecture: &str,
    ) -> Result<()> {
        let files = files(&self.root)?;
        let mut size = 0;
        let mut sums = String::new();
        for file in &files {
            let place = self.root.join(file);
            // As Debian counts: each file in whole KiB.
            size += fs::metadata(&place)?.len().div_ceil(1024);
            let printed = output(Command::new("md5sum").current_dir(&self.root).arg(file))?;
            if !control
                .conffiles
                .iter()
                .any(|one| one.trim_start_matches('/') == file)
            {
                sums += &printed;
            }
        }
        let mut text = format!(
            "Package: {}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: {}\n\
             Installed-Size: {size}\nDepends: {}\n",
            control.package,
            maintainer(),
            control.depends
        );
        if !control.recommends.is_empty() {
            text += &format!("Recommends: {}\n", control.recommends.join(", "));
        }
        let (first, rest) = control.description;
        text += &format!(
            "Section: {}\nPriority: optional\nDescription: {first}\n",
            control.section
        );
        for line in rest.lines() {
            text += &format!(" {line}\n");
        }
        self.text("DEBIAN/control", &text)?;
        self.text("DEBIAN/md5sums", &sums)?;
        if !control.conffiles.is_empty() {
            self.text("DEBIAN/conffiles", &(control.conffiles.join("\n") + "\n"))?;
        }
        for (name, from) in control.scripts {
            let place = self.bytes(&format!("DEBIAN/{name}"), installer(from)?.as_bytes())?;
            set_mode(&place, 0o755)?;
        }
        Ok(())
    }

    /// Packs it.
    pub(super) fn pack(&self, place: &Path, moment: u64, profile: Profile) -> Result<()> {
        // Nothing in it is later than that; what a build wrote always is.
        let mut pack = Command::new("dpkg-deb");
        pack.env("SOURCE_DATE_EPOCH", moment.to_string())
            .args(["--root-owner-group", "--build"]);
        match profile {
            // More threads would cut it into other pieces.
            Profile::Release => pack.args(["-Zxz", "--threads-max=1"]),
            Profile::Dev => pack.args(["-Zgzip", "-z1"]),
        };
        finish(pack.arg(&self.root).arg(place).stdout(Stdio::null()))
    }
}

/// Who may read and start a file, whatever this process' umask is.
#[cfg(unix)]
fn set_mode(place: &Path, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(place, fs::Permissions::from_mode(mode))
}

/// Where there is no dpkg, no package is ever packed.
#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Every file that will be installed, in order.
fn files(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                if entry.file_name() != "DEBIAN" {
                    folders.push(entry.path());
                }
            } else {
                let path = entry.path();
                found.push(path.strip_prefix(root)?.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
