//! The desk and the centre for Debian and its kin: a `.deb` of each, and what goes with them.
//!
//! They are built on the system they are made for: what a program links decides what its package
//! depends on, and `dpkg-shlibdeps` reads both from here. Made on Debian 12 they fit it and what
//! came after it.

mod archive;
mod centre;
mod desk;

use super::{Profile, sbom, sums};
use crate::{
    paths,
    process::{cargo, output, part, run as finish},
    programs, setup, window,
};
use anyhow::{Context, Result, ensure};
use archive::{Archive, Control};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// This version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What every package is made with.
struct Making {
    /// Where the packages and their preliminaries lie.
    folder: PathBuf,
    profile: Profile,
    /// Debian's name of this computer's kind, such as `amd64`.
    architecture: String,
    /// The moment that everything in a package bears, in seconds since 1970.
    moment: u64,
}

/// Builds both packages and all that goes with them into `target/package/debian`, and lists the
/// SHA-256 of each.
///
/// # Errors
/// When this is no Debian, a tool is missing, or a step fails.
pub(super) fn package(profile: Profile) -> Result<()> {
    ensure!(
        setup::exists("dpkg-shlibdeps") || setup::exists("dpkg-query"),
        "Debian's packages are made on Debian or one of its kin; \
         this system has no dpkg. A container of debian:12 will do"
    );
    part("set-up", || setup::install(setup::Purpose::Build))?;
    part("window", window::build)?;
    build(&Making::begin(profile, folder())?).map(drop)
}

/// As [`package`] in the development profile when the set-up is done and the window is built, and
/// once more beside it, which has to give the same bytes. Returns the packages.
///
/// # Errors
/// When a step fails, or the second time gives other bytes.
pub(crate) fn build_for_tests() -> Result<Vec<PathBuf>> {
    let first = build(&Making::begin(Profile::Dev, folder())?)?;
    part("the same again", || {
        let again = folder().join("again");
        let making = Making::begin(Profile::Dev, again.clone())?;
        for package in making.packages()? {
            let name = package.file_name().context("a package has a name")?;
            ensure!(
                fs::read(folder().join(name))? == fs::read(&package)?,
                "{} is not reproducible: compare it with {}",
                name.display(),
                package.display()
            );
        }
        Ok(fs::remove_dir_all(again)?)
    })?;
    Ok(first)
}

fn build(making: &Making) -> Result<Vec<PathBuf>> {
    part("programs", || build_programs(making.profile))?;
    let packages = part("packages", || making.packages())?;
    let mut files = packages.clone();
    part("lists of parts", || {
        let triple = host()?;
        for (name, krate) in [
            ("seatline", "seatline-shell"),
            ("seatline-center", "seatline-center"),
        ] {
            let place = making
                .folder
                .join(format!("{name}_{VERSION}_{}.cdx.json", making.architecture));
            fs::write(&place, sbom::list(krate, &triple)?)?;
            files.push(place);
        }
        Ok(())
    })?;
    sums::list(&making.folder, &files)?;
    Ok(packages)
}

/// Where everything is laid.
fn folder() -> PathBuf {
    paths::target().join("package/debian")
}

fn build_programs(profile: Profile) -> Result<()> {
    if profile == Profile::Dev {
        // The tests' own, with what the others of the workspace ask of them.
        return programs::build(programs::BINARIES).map(drop);
    }
    for (package, program) in [
        ("seatline-shell", "seatline"),
        ("seatline-center", "seatline-center"),
    ] {
        let release = ["build", "--locked", "--release", "--package", package];
        finish(cargo(&release).args(["--bin", program]))?;
    }
    Ok(())
}

impl Making {
    fn begin(profile: Profile, folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
        Ok(Self {
            folder,
            profile,
            architecture: architecture.trim().to_owned(),
            moment: moment()?,
        })
    }

    /// Writes both packages.
    fn packages(&self) -> Result<Vec<PathBuf>> {
        Ok(vec![desk::write(self)?, centre::write(self)?])
    }

    /// An empty package with a program of ours, and what every package has.
    fn archive(&self, name: &str, program: &str, manual: &str) -> Result<Archive> {
        let archive = Archive::new(&self.folder.join("files").join(name))?;
        let built = paths::target().join(self.profile.folder()).join(program);
        let place = archive.program(&format!("usr/bin/{program}"), &built)?;
        // Release programs are stripped already, and are not changed by it.
        finish(Command::new("strip").arg("--strip-unneeded").arg(&place))?;
        let documents = format!("usr/share/doc/{name}");
        archive.text(&format!("{documents}/copyright"), &copyright()?)?;
        archive.packed(&format!("{documents}/changelog.gz"), &self.changelog(name)?)?;
        archive.packed(
            &format!("usr/share/man/man1/{program}.1.gz"),
            &self.dated(manual)?,
        )?;
        Ok(archive)
    }

    /// Packs it. Its name says what it is, as Debian's names do.
    fn write(&self, archive: &Archive, control: &Control) -> Result<PathBuf> {
        let name = control.package;
        let file = format!("{name}_{VERSION}_{}.deb", self.architecture);
        let place = self.folder.join(file);
        archive.write_control(control, VERSION, &self.architecture)?;
        archive.pack(&place, self.moment, self.profile)?;
        Ok(place)
    }

    fn changelog(&self, name: &str) -> Result<String> {
        let date = self.date("--rfc-email")?;
        Ok(format!(
            "{name} ({VERSION}) unstable; urgency=medium\n\n  * Version {VERSION}.\n\n \
             -- {}  {date}\n",
            archive::maintainer()
        ))
    }

    /// A text of ours with version and day filled in.
    fn dated(&self, template: &str) -> Result<String> {
        Ok(template
            .replace("@VERSION@", VERSION)
            .replace("@DATE@", &self.date("--iso-8601")?))
    }

    fn date(&self, form: &str) -> Result<String> {
        let mut date = Command::new("date");
        date.arg("--utc")
            .arg(format!("--date=@{}", self.moment))
            .arg(form)
            .env("LC_ALL", "C");
        Ok(output(&mut date)?.trim().to_owned())
    }
}

/// `SOURCE_DATE_EPOCH`, else when what is built was committed.
fn moment() -> Result<u64> {
    let said = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(said) => said,
        Err(_) => output(Command::new("git").current_dir(paths::root()).args([
            "log",
            "-1",
            "--format=%ct",
        ]))
        .context("without a git history, SOURCE_DATE_EPOCH has to say when this is from")?,
    };
    let said = said.trim();
    said.parse()
        .with_context(|| format!("SOURCE_DATE_EPOCH is no number of seconds: {said:?}"))
}

/// The system that programs are built for here, by its name for compilers.
fn host() -> Result<String> {
    let said = output(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

fn copyright() -> Result<String> {
    let licence = fs::read_to_string(paths::root().join("LICENSE-MIT"))?;
    let (_, terms) = licence
        .split_once("Permission is hereby")
        .context("LICENSE-MIT is the MIT licence")?;
    let terms = format!("Permission is hereby{terms}");
    let field: Vec<String> = terms
        .trim_end()
        .lines()
        .map(|line| match line.trim_end() {
            "" => " .".to_owned(),
            line => format!(" {line}"),
        })
        .collect();
    Ok(installer("linux/copyright")?.replace("@MIT@", &field.join("\n")))
}

/// A text below `installers`.
fn installer(file: &str) -> Result<String> {
    let place = paths::root().join("installers").join(file);
    fs::read_to_string(&place).with_context(|| place.display().to_string())
}

/// What the libraries that a program links are called as packages, with the versions it needs.
fn linked(program: &Path, work: &Path) -> Result<String> {
    // It insists on a source package around it.
    let source = work.join("debian");
    fs::create_dir_all(&source)?;
    fs::write(
        source.join("control"),
        "Source: seatline\n\nPackage: seatline\nArchitecture: any\n",
    )?;
    let printed = output(
        Command::new("dpkg-shlibdeps")
            .current_dir(work)
            .args(["-O", "--warnings=1"])
            .arg(program),
    )?;
    fs::remove_dir_all(source)?;
    let depends = printed
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    Ok(depends
        .with_context(|| format!("dpkg-shlibdeps says {printed:?}"))?
        .to_owned())
}
