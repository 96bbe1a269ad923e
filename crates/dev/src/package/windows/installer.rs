//! The MSI, by WiX on Windows and by wixl elsewhere.
//!
//! wixl passes over some of what the source says without a word: when the old version is removed,
//! which properties are secure, the code page, and with it every text that is not ASCII. It also
//! writes no version of the program, without which Windows would keep an older one, and tells the
//! same version by a property that the source does not ask. All of it is put into the tables
//! afterwards, from the same source.

use crate::{paths, process::run as finish, setup::sid};
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path, process::Command};

/// The source, read by WiX and by wixl.
const SOURCE: &str = "installers/windows/seatline.wxs";

/// Rules of Windows' validation that do not hold here. They take the start menu for each person's
/// own, whose components must be known by a value of that person; installed per machine, it is
/// everybody's.
const PASSED_OVER: [&str; 3] = ["-sice:ICE38", "-sice:ICE43", "-sice:ICE57"];

/// Where the root sees the folder of the source.
const HERE: &str = "/run/seatline/source";

/// Where the root sees the files to install.
const FILES: &str = "/run/seatline/files";

/// Where the root sees the installer's folder.
const WORK: &str = "/run/seatline/work";

/// Chinese, and with it ASCII: Windows' installer does not quite take UTF-8.
const CODE_PAGE: &str = "936";

/// Makes the installer of some files, with a version of three numbers.
///
/// # Errors
/// When WiX or wixl does not take the source.
pub(super) fn build(files: &Path, version: &str, msi: &Path) -> Result<()> {
    let source = paths::root().join(SOURCE);
    let loader = if super::LOADER.is_some() { "yes" } else { "no" };
    if cfg!(windows) {
        let object = msi.with_extension("wixobj");
        let mut candle = Command::new("candle");
        candle
            .args(["-nologo", "-arch", "x64"])
            .arg(format!("-dVersion={version}"))
            .arg(format!("-dFiles={}", files.display()))
            .arg(format!("-dLoader={loader}"))
            .arg("-out")
            .arg(&object)
            .arg(&source);
        finish(&mut candle)?;
        let mut light = Command::new("light");
        light.args(["-nologo", "-spdb"]).args(PASSED_OVER);
        finish(light.arg("-out").arg(msi).arg(&object))?;
        return Ok(fs::remove_file(object)?);
    }
    let folder = msi.parent().context("the installer has a folder")?;
    let name = msi.file_name().context("the installer has a name")?;
    let source_folder = source.parent().context("the source has a folder")?;
    let mounts = [
        (source_folder.to_path_buf(), HERE),
        (files.to_path_buf(), FILES),
        (folder.to_path_buf(), WORK),
    ];
    let source_name = source.file_name().context("the source has a name")?;
    let mut wixl = sid::command("wixl", &mounts)?;
    wixl.args(["--arch", "x64"])
        .args(["--define", &format!("Version={version}")])
        .args(["--define", &format!("Files={FILES}")])
        .args(["--define", &format!("Loader={loader}")])
        .arg("--output")
        .arg(Path::new(WORK).join(name))
        .arg(Path::new(HERE).join(source_name))
        // One complaint for each attribute it does not know.
        .stderr(fs::File::create(folder.join("wixl.log"))?);
    finish(&mut wixl).context("see wixl.log")?;
    complete(&fs::read_to_string(&source)?, version, msi)
}

/// Puts into the tables what wixl leaves out.
fn complete(source: &str, version: &str, msi: &Path) -> Result<()> {
    let folder = msi.parent().context("the installer has a folder")?;
    let name = msi.file_name().context("the installer has a name")?;
    let build = |arguments: &[&str]| {
        let mut msibuild = sid::command("msibuild", &[(folder.to_path_buf(), WORK)])?;
        msibuild.arg(Path::new(WORK).join(name)).args(arguments);
        finish(msibuild.env("LC_ALL", "C.UTF-8"))
    };
    let table = "codepage.idt";
    fs::write(
        folder.join(table),
        format!("\r\n\r\n{CODE_PAGE}\t_ForceCodepage\r\n"),
    )?;
    build(&["-i", &format!("{WORK}/{table}")])?;
    fs::remove_file(folder.join(table))?;
    for query in queries(source, version)? {
        build(&["-q", &query])?;
    }
    Ok(())
}

fn queries(source: &str, version: &str) -> Result<[String; 8]> {
    let secure: Vec<&str> = source
        .split("<Property ")
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .filter(|(element, _)| element.contains("Secure=\"yes\""))
        .filter_map(|(element, _)| between(element, "Id=\"", "\""))
        .chain(["WIX_UPGRADE_DETECTED", "WIX_DOWNGRADE_DETECTED"])
        .collect();
    let refused = between(source, "DowngradeErrorMessage=\"", "\"").context("no refusal")?;
    let (message, condition) = between(source, "<Condition Message=\"", "</Condition>")
        .and_then(|element| element.split_once("\">"))
        .context("no condition")?;
    let set = |table: &str, column: &str, value: &str, key: &str, row: &str| {
        ensure!(
            !value.contains('\'') && !row.contains('\''),
            "a quote in {value} or {row}"
        );
        Ok(format!(
            "UPDATE `{table}` SET `{column}` = '{value}' WHERE `{key}` = '{row}'"
        ))
    };
    let upgrades = |what: &str| {
        format!("DELETE FROM `Upgrade` WHERE `ActionProperty` = 'WIX_{what}UPGRADE_DETECTED'")
    };
    let code = between(source, "UpgradeCode=\"", "\"").context("no upgrade code")?;
    let text = "Description";
    Ok([
        set(
            "Property",
            "Value",
            &secure.join(";"),
            "Property",
            "SecureCustomProperties",
        )?,
        set(
            "LaunchCondition",
            text,
            refused,
            "Condition",
            "NOT WIX_DOWNGRADE_DETECTED",
        )?,
        set("LaunchCondition", text, message, "Condition", condition)?,
        set(
            "File",
            "Version",
            &format!("{version}.0"),
            "File",
            "SeatlineExe",
        )?,
        // Just after the transaction has begun.
        "UPDATE `InstallExecuteSequence` SET `Sequence` = 1501 \
         WHERE `Action` = 'RemoveExistingProducts'"
            .to_owned(),
        // One row for older versions and this one: with its features, and up to and with it.
        upgrades(""),
        upgrades("SAME_VERSION_"),
        format!(
            "INSERT INTO `Upgrade` (`UpgradeCode`, `VersionMax`, `Attributes`, `ActionProperty`) \
             VALUES ('{{{code}}}', '{version}', 513, 'WIX_UPGRADE_DETECTED')"
        ),
    ])
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}
