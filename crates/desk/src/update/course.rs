//! Asking the centre, fetching what is newer, and judging it.

use super::{
    Store, UpdateConfig, UpdateState,
    offer::{self, Offer},
};
use crate::{
    connection::client::{Client, REQUEST},
    failure::{DeskCode, Failure, FailureCode},
    outbox::account::storage,
};
use seatline_contract::{
    error::Code,
    update::{LATEST, Latest, Package, Stamp, path_of},
};
use std::{fs::File, io::Write, time::Duration};
use tokio::task::spawn_blocking;

/// Largest answer about the latest version, in bytes.
const LARGEST_ANSWER: u64 = 64 * 1024;

/// How long a file may take in all.
const DOWNLOAD: Duration = Duration::from_secs(60 * 60);

/// The way of an update to this computer.
#[derive(Clone)]
pub(crate) struct Course {
    pub(crate) config: UpdateConfig,
    pub(crate) store: Store,
    /// This program's version.
    pub(crate) own: String,
}

/// What came of asking.
pub(crate) enum Found {
    /// Nothing is newer.
    Nothing,
    /// This version is, and IT installs it.
    Told(String),
    /// This is, and it is here.
    Ready(Waiting),
}

/// A file that was verified, and what verifies it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) version: String,
    pub(crate) package: Package,
}

/// Why nothing came of it.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// The version that was tried, once it was known.
    pub(crate) version: Option<String>,
    pub(crate) failure: Failure,
}

impl Course {
    /// Asks, and fetches what is newer; `show` hears how far it is.
    ///
    /// # Errors
    /// Why nothing came of it.
    pub(crate) async fn run(
        &self,
        client: &Client,
        show: impl Fn(UpdateState) + Send + Sync,
    ) -> Result<Found, Trouble> {
        let nameless = |failure| Trouble {
            version: None,
            failure,
        };
        let latest = self.ask(client).await.map_err(nameless)?;
        let offered = match &latest {
            Some(latest) => {
                offer::judge(latest, &self.own, &self.config.target).map_err(nameless)?
            }
            None => None,
        };
        let Some(Offer { version, package }) = offered else {
            return Ok(Found::Nothing);
        };
        if !self.config.installer.installs() {
            return Ok(Found::Told(version));
        }
        let Some(package) = package else {
            // Newer for others, not for this system.
            return Ok(Found::Nothing);
        };
        let waiting = Waiting { version, package };
        match self.have(client, &waiting, show).await {
            Ok(()) => Ok(Found::Ready(waiting)),
            Err(failure) => Err(Trouble {
                version: Some(waiting.version),
                failure,
            }),
        }
    }

    /// What the centre says is the latest; `None` if it has nothing.
    async fn ask(&self, client: &Client) -> Result<Option<Latest>, Failure> {
        let mut answer = Vec::new();
        let take = |piece: &[u8], _| {
            answer.extend_from_slice(piece);
            Ok(())
        };
        match client
            .fetch(&path_of(LATEST), LARGEST_ANSWER, REQUEST, take)
            .await
        {
            Err(failure) if failure.code == FailureCode::Centre(Code::NotFound) => return Ok(None),
            other => other?,
        }
        serde_json::from_slice(&answer).map(Some).map_err(|error| {
            Failure::new(DeskCode::UpdateBroken).detail(format!("{LATEST}: {error}"))
        })
    }

    /// Sees to it that the file is here and is what it claims to be; what was here before stays
    /// until then.
    async fn have(
        &self,
        client: &Client,
        waiting: &Waiting,
        show: impl Fn(UpdateState) + Send + Sync,
    ) -> Result<(), Failure> {
        let name = &waiting.package.url;
        if self.store.hold(name).is_some() {
            match self.verify(waiting).await {
                Ok(_) => return Ok(()),
                Err(failure) => tracing::info!(%failure, "a kept update is fetched again"),
            }
        }
        let (partial, mut file) = self.store.create(name)?;
        let (mut had, mut shown) = (0, 0);
        let progress = |percent| {
            show(UpdateState::Downloading {
                version: waiting.version.clone(),
                percent,
            });
        };
        progress(0);
        let take = |piece: &[u8], whole: Option<u64>| {
            file.write_all(piece)
                .map_err(|error| storage(&partial, &error))?;
            had += piece.len() as u64;
            if let Some(whole) = whole {
                let percent = had.saturating_mul(100) / whole.max(1);
                let percent = u8::try_from(percent).unwrap_or(100);
                if percent != shown {
                    shown = percent;
                    progress(percent);
                }
            }
            Ok(())
        };
        client
            .fetch(&path_of(name), self.config.largest, DOWNLOAD, take)
            .await?;
        let fetched = file.sync_all().and_then(|()| File::open(&partial));
        let fetched = fetched.map_err(|error| storage(&partial, &error))?;
        // Windows gives no new name to what is open.
        drop(file);
        drop(self.judge(waiting, fetched).await?);
        let place = self.store.place(name);
        std::fs::rename(&partial, &place).map_err(|error| storage(&place, &error))
    }

    /// Makes sure, now, that the file is what it claims to be. As long as the result is kept
    /// nobody changes it, where the system can see to that.
    ///
    /// # Errors
    /// Those of [`super::UpdateKey`]; [`DeskCode::UpdateBroken`] when it is gone.
    pub(crate) async fn verify(&self, waiting: &Waiting) -> Result<File, Failure> {
        let file = self.store.hold(&waiting.package.url).ok_or_else(|| {
            Failure::new(DeskCode::UpdateBroken).detail("the file is not there any more")
        })?;
        self.judge(waiting, file).await
    }

    async fn judge(&self, waiting: &Waiting, file: File) -> Result<File, Failure> {
        let key = self.config.key.clone();
        let wanted = Stamp::of_desk(&waiting.version, &self.config.target);
        let signature = waiting.package.signature.clone();
        let judged = spawn_blocking(move || {
            key.verify(&file, &signature, &wanted)?;
            Ok(file)
        });
        judged
            .await
            .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))?
    }
}
