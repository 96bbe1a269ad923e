//! A disk that is soon full.

use anyhow::{Context, Result, ensure};
use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// A file system in memory, unmounted when dropped.
pub struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// Mounts one of 64 MiB at `place`.
    ///
    /// # Errors
    /// Without the right to mount, which the journeys' own namespace gives.
    pub fn mount(place: &Path) -> Result<Self> {
        std::fs::create_dir_all(place)?;
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(place)
            .status()
            .context("mount")?;
        ensure!(status.success(), "mounting a small disk: {status}");
        Ok(Self {
            place: place.to_owned(),
        })
    }

    /// Writes until nothing more goes onto it.
    ///
    /// # Errors
    /// When something else than the lack of room stops it.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::create(self.filler())?;
        for size in [1 << 20, 4096, 1] {
            let chunk = vec![0; size];
            loop {
                match file.write_all(&chunk) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Takes away what filled it.
    ///
    /// # Errors
    /// When it was not filled.
    pub fn make_room(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whatever still holds a file there keeps it alive; the name is free either way.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.place)
            .status();
    }
}
