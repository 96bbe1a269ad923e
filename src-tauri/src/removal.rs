//! `seatline --remove-data`: takes away what desks have kept on this computer: settings, logs, what
//! pages have kept, unsent writes, entries of the keyring, and what Windows' registry says for a
//! person. The uninstaller of Windows starts it, once as the person who uninstalls and once as the
//! system.
//!
//! Keyrings can be opened only in their persons' names: of the others, those who are signed in to
//! Windows at the time. What stays in other keyrings is a session that the centre ends by itself,
//! and the key of an outbox that is gone.

#[cfg(windows)]
mod sessions;

use crate::launch::{IDENTIFIER, Whose};
#[cfg(windows)]
use crate::system;
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
            remove(&folders_of_everybody()?).and(forgotten)
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
fn folders_of_everybody() -> anyhow::Result<Vec<PathBuf>> {
    const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
    let profiles = windows_registry::LOCAL_MACHINE
        .open(PROFILES)
        .context("the list of profiles")?;
    Ok(profiles
        .keys()?
        .filter_map(|id| profiles.open(id).ok()?.get_string("ProfileImagePath").ok())
        .flat_map(|profile| folders_of(Path::new(&profile)))
        .collect())
}

#[cfg(not(windows))]
fn folders_of_everybody() -> anyhow::Result<Vec<PathBuf>> {
    anyhow::bail!("only Windows has a list of everybody's profiles")
}

#[cfg(any(windows, test))]
fn folders_of(profile: &Path) -> [PathBuf; 2] {
    OF_PROFILE.map(|folder| profile.join(folder).join(IDENTIFIER))
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
        let folders = folders_of(profile.path());
        for folder in &folders {
            fs::create_dir_all(folder.join("logs")).unwrap();
            fs::write(folder.join("logs/seatline.log"), "a line").unwrap();
        }
        remove(&folders).unwrap();
        assert!(folders.iter().all(|folder| !folder.exists()));
        assert!(other.is_dir());
        // Nothing to remove is as good.
        remove(&folders).unwrap();
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
