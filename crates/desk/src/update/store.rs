//! Files on their way, on this computer: below the data folder, one at a time.

use crate::{failure::Failure, outbox::account::storage};
use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

/// The folder's name within the data folder.
const FOLDER: &str = "updates";

/// Ending of what is not whole.
const PARTIAL: &str = "partial";

/// Ending of what an installation has said.
const LOG: &str = "log";

/// The folder of updates.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
        }
    }

    /// Where a whole file lies.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Begins a file anew.
    ///
    /// # Errors
    /// The storage's codes.
    pub(crate) fn create(&self, name: &str) -> Result<(PathBuf, File), Failure> {
        let path = self.folder.join(format!("{name}.{PARTIAL}"));
        let file = fs::create_dir_all(&self.folder).and_then(|()| File::create(&path));
        let file = file.map_err(|error| storage(&path, &error))?;
        Ok((path, file))
    }

    /// Opens a whole file, if it is there, so that nobody changes it while it is open: on Windows
    /// the system sees to it.
    pub(crate) fn hold(&self, name: &str) -> Option<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(windows)]
        {
            use std::os::windows::fs::OpenOptionsExt;
            /// Others may read it too, and do nothing else.
            const FILE_SHARE_READ: u32 = 1;
            options.share_mode(FILE_SHARE_READ);
        }
        options.open(self.place(name)).ok()
    }

    /// Removes all updates, or all but one; tells whether that is done.
    pub(crate) fn keep_only(&self, name: Option<&str>) -> bool {
        self.remove(|path| !ends_with(path, LOG) && path.file_name() != name.map(OsStr::new))
    }

    /// Removes what is not whole.
    pub(crate) fn drop_partial(&self) {
        self.remove(|path| ends_with(path, PARTIAL));
    }

    /// Removes what installations have said.
    pub(crate) fn drop_logs(&self) {
        self.remove(|path| ends_with(path, LOG));
    }

    fn remove(&self, which: impl Fn(&Path) -> bool) -> bool {
        let mut done = true;
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if which(&entry.path())
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!(%error, "an old file of updates could not be removed");
                done = false;
            }
        }
        done
    }
}

fn ends_with(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_files_go_and_the_present_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        assert!(store.keep_only(None));
        let (partial, _) = store.create("old.msi").unwrap();
        fs::write(store.place("new.msi"), b"new").unwrap();
        fs::write(store.place("old.msi.log"), b"1603").unwrap();
        assert!(store.keep_only(Some("new.msi")));
        assert!(!partial.exists() && store.hold("new.msi").is_some());
        assert!(store.keep_only(None));
        assert!(store.hold("new.msi").is_none());
        let left = || fs::read_dir(folder.path().join(FOLDER)).unwrap().count();
        assert_eq!(left(), 1, "the log, for whoever wants to know why");
        store.drop_logs();
        assert_eq!(left(), 0);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FOLDER), b"in the way").unwrap();
        let failure = Store::new(folder.path()).create("a.msi").unwrap_err();
        assert!(failure.subject.unwrap().contains("a.msi.partial"));
    }
}
