//! Asking the centre, fetching what is newer, and judging it.

use super::{
    Store, UpdateConfig, UpdateState,
    offer::{self, Offer},
};
use crate::{
    connection::client::Client,
    failure::{DeskCode, Failure, FailureCode},
    outbox::account::storage,
};
use seatline_contract::{
    error::Code,
    update::{LATEST, Latest, Package, Stamp, path_of},
};
use std::{fs::File, io::Write};
use tokio::task::spawn_blocking;

/// Largest answer about the latest version, in bytes.
const LARGEST_ANSWER: u64 = 64 * 1024;

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
    /// Why nothing came of it; then nothing of it is left on this computer.
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
            self.store.keep_only(None);
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
            Err(failure) => {
                self.store.keep_only(None);
                Err(Trouble {
                    version: Some(waiting.version),
                    failure,
                })
            }
        }
    }

    /// What the centre says is the latest; `None` if it has nothing.
    async fn ask(&self, client: &Client) -> Result<Option<Latest>, Failure> {
        let mut answer = Vec::new();
        let take = |piece: &[u8], _| {
            answer.extend_from_slice(piece);
            Ok(())
        };
        match client.fetch(&path_of(LATEST), LARGEST_ANSWER, take).await {
            Err(failure) if failure.code == FailureCode::Centre(Code::NotFound) => return Ok(None),
            other => other?,
        }
        serde_json::from_slice(&answer).map(Some).map_err(|error| {
            Failure::new(DeskCode::UpdateBroken).detail(format!("{LATEST}: {error}"))
        })
    }

    /// Sees to it that the file is here and is what it claims to be.
    async fn have(
        &self,
        client: &Client,
        waiting: &Waiting,
        show: impl Fn(UpdateState) + Send + Sync,
    ) -> Result<(), Failure> {
        let name = &waiting.package.url;
        self.store.keep_only(Some(name));
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
            .fetch(&path_of(name), self.config.largest, take)
            .await?;
        let place = self.store.place(name);
        let kept = file
            .sync_all()
            .and_then(|()| std::fs::rename(&partial, &place));
        kept.map_err(|error| storage(&place, &error))?;
        // Closed, so that it can be held against others.
        drop(file);
        self.verify(waiting).await.map(drop)
    }

    /// Makes sure, now, that the file is what it claims to be. As long as the result is kept
    /// nobody changes it, where the system can see to that.
    ///
    /// # Errors
    /// Those of [`super::UpdateKey`]; [`DeskCode::UpdateBroken`] when it is gone.
    pub(crate) async fn verify(&self, waiting: &Waiting) -> Result<File, Failure> {
        let (key, store) = (self.config.key.clone(), self.store.clone());
        let wanted = Stamp::of_desk(&waiting.version, &self.config.target);
        let package = waiting.package.clone();
        let judged = spawn_blocking(move || {
            let file = store.hold(&package.url);
            let file = file.ok_or_else(|| {
                Failure::new(DeskCode::UpdateBroken).detail("the file is not there any more")
            })?;
            key.verify(&file, &package.signature, &wanted)?;
            Ok(file)
        });
        judged
            .await
            .map_err(|error| Failure::new(DeskCode::Internal).detail(error.to_string()))?
    }
}
