//! `seatline --remove-data`: takes away what desks have kept on this computer: settings, logs, what
//! pages have kept, unsent writes, entries of the keyring, and what the system was told in a
//! person's name: to start the program, and to give it links. The uninstaller of Windows starts it,
//! once as the person who uninstalls and once as the system.
//!
//! Keyrings and registries are there only in their persons' names: of the others, those who are
//! signed in to Windows at the time. What stays in other keyrings is a session that the centre ends
//! by itself, and the key of an outbox that is gone; in other registries, the order to start a
//! program that is gone, and to give it links.

#[cfg(target_os = "linux")]
mod handler;
#[cfg(windows)]
mod held;
#[cfg(windows)]
mod sessions;

use crate::launch::{IDENTIFIER, Whose};
#[cfg(windows)]
use crate::system;
#[cfg(not(windows))]
use crate::system::autostart;
use anyhow::Context;
use seatline_desk::secrets;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Folders of data within a profile of Windows.
#[cfg(any(windows, test))]
const OF_PROFILE: [&str; 2] = ["AppData/Local", "AppData/Roaming"];

/// Removes as much as can be removed.
///
/// # Errors
/// The first thing that stays, when all else has gone.
pub fn run(whose: Whose) -> anyhow::Result<ExitCode> {
    let done = match whose {
        Whose::Mine => {
            let forgotten = secrets::forget_all().context("the keyring");
            remove(&own_folders()).and(forgotten).and(forget_mine())
        }
        Whose::Everybody => {
            let forgotten = forget_present();
            remove_everybodys().and(forgotten)
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn remove(folders: &[PathBuf]) -> anyhow::Result<()> {
    folders
        .iter()
        .map(|folder| remove_folder(folder))
        .fold(Ok(()), anyhow::Result::and)
}

/// A link in the folder's place goes, but not what it leads to.
fn remove_folder(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| folder.display().to_string())
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn own_folders() -> Vec<PathBuf> {
    [
        dirs::data_local_dir(),
        dirs::data_dir(),
        dirs::config_dir(),
        dirs::cache_dir(),
        // WebKit's place for what the pages of a program keep.
        cfg!(target_os = "macos")
            .then(dirs::home_dir)
            .flatten()
            .map(|home| home.join("Library/WebKit")),
    ]
    .into_iter()
    .flatten()
    .map(|folder| folder.join(IDENTIFIER))
    .collect()
}

#[cfg(windows)]
fn forget_mine() -> anyhow::Result<()> {
    system::forget(windows_registry::CURRENT_USER).context("the registry")
}

#[cfg(not(windows))]
fn forget_mine() -> anyhow::Result<()> {
    let links = forget_links();
    autostart::set(false)
        .context("starting with the computer")
        .and(links)
}

#[cfg(target_os = "linux")]
fn forget_links() -> anyhow::Result<()> {
    handler::forget().context("telephone links")
}

/// The bundle says which links it takes, and goes as a whole.
#[cfg(not(any(windows, target_os = "linux")))]
fn forget_links() -> anyhow::Result<()> {
    Ok(())
}

#[cfg(windows)]
fn forget_present() -> anyhow::Result<()> {
    use windows_registry::USERS;
    let present = USERS.keys().context("the registry")?;
    let forgotten = present
        // Not every key is a person's, nor open to us.
        .filter_map(|person| USERS.create(person).ok())
        .map(|person| system::forget(&person))
        .fold(Ok(()), std::io::Result::and);
    let secrets = sessions::as_each(|| {
        // One locked keyring does not keep the others' secrets.
        let _ = secrets::forget_all();
    });
    secrets.context("whoever is signed in")?;
    forgotten.context("the registry")
}

#[cfg(not(windows))]
fn forget_present() -> anyhow::Result<()> {
    Ok(())
}

#[cfg(windows)]
fn remove_everybodys() -> anyhow::Result<()> {
    const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
    let profiles = windows_registry::LOCAL_MACHINE
        .open(PROFILES)
        .context("the list of profiles")?;
    profiles
        .keys()
        .context("the list of profiles")?
        .filter_map(|id| profiles.open(id).ok()?.get_string("ProfileImagePath").ok())
        .flat_map(|profile| OF_PROFILE.map(|inside| remove_from(Path::new(&profile), inside)))
        .fold(Ok(()), anyhow::Result::and)
}

#[cfg(not(windows))]
fn remove_everybodys() -> anyhow::Result<()> {
    anyhow::bail!("only Windows has a list of everybody's profiles")
}

/// Removes our folder from a folder of somebody's profile.
#[cfg(any(windows, test))]
fn remove_from(profile: &Path, inside: &str) -> anyhow::Result<()> {
    let folder = profile.join(inside).join(IDENTIFIER);
    let is_absent = folder
        .symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_absent {
        return Ok(());
    }
    #[cfg(windows)]
    let _held = held::hold(profile, inside).with_context(|| folder.display().to_string())?;
    remove_folder(&folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_profile_loses_our_folders_and_nothing_else() {
        let profile = tempfile::tempdir().unwrap();
        let other = profile.path().join("AppData/Local/other");
        fs::create_dir_all(&other).unwrap();
        let folders = OF_PROFILE.map(|inside| profile.path().join(inside).join(IDENTIFIER));
        for folder in &folders {
            fs::create_dir_all(folder.join("logs")).unwrap();
            fs::write(folder.join("logs/seatline.log"), "a line").unwrap();
        }
        // Nothing to remove is as good.
        for _ in 0..2 {
            for inside in OF_PROFILE {
                remove_from(profile.path(), inside).unwrap();
            }
            assert!(folders.iter().all(|folder| !folder.exists()));
        }
        assert!(other.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("file"), "kept").unwrap();
        let link = folder.path().join(IDENTIFIER);
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        // Whether the link itself goes is the system's choice.
        let _ = remove_folder(&link);
        assert!(precious.join("file").is_file());
    }
}
