//! Updates of desks: what the site's IT has laid into one folder, handed to whoever is signed in.
//! What is in it is neither read nor judged here; a desk trusts the signatures alone.

use crate::{
    App,
    http::{ApiFailure, Path},
    identity::Signed,
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use seatline_contract::{
    error::{ApiError, Code},
    update::is_file_name,
};
use std::{
    io,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::fs::File;
use tokio_util::io::ReaderStream;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Bytes read from a file at once.
const PIECE: usize = 64 * 1024;

/// The folder of updates.
#[derive(Debug)]
pub struct Updates {
    folder: Option<PathBuf>,
    asked: AtomicU64,
}

impl Updates {
    /// Takes the folder of the configuration. One that is not there yet, or only for now, is no
    /// reason for a centre not to start.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        if let Some(folder) = &folder
            && !folder.is_dir()
        {
            tracing::warn!(
                folder = %folder.display(),
                "`updates.folder` is not there: desks find no updates until it is"
            );
        }
        Self {
            folder,
            asked: AtomicU64::new(0),
        }
    }

    /// How many requests for updates there were since the start.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Opens a file of the folder itself, and says how long it is.
    async fn open(&self, name: &str) -> io::Result<Option<(File, u64)>> {
        let Some(folder) = self.folder.as_ref().filter(|_| is_file_name(name)) else {
            return Ok(None);
        };
        let file = match File::open(folder.join(name)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let about = file.metadata().await?;
        Ok(about.is_file().then_some((file, about.len())))
    }
}

/// Routes for those signed in.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_update))
}

/// A file of the folder `updates.folder`: `latest.json` (`Latest`), or one that it names.
#[utoipa::path(
    get, path = "/api/v1/updates/{file}", tag = "updates",
    params(("file" = String, Path, description = "letters, digits, `.`, `_` and `-`")),
    responses(
        (status = 200, content_type = "application/octet-stream"),
        (status = 404, body = ApiError, description = "no such file, or no folder is configured"),
        (status = 503, body = ApiError, description = "the file cannot be read; the log says why"),
    ),
)]
async fn read_update(
    State(app): State<App>,
    _signed: Signed,
    Path(name): Path<String>,
) -> Result<Response, ApiFailure> {
    app.updates.asked.fetch_add(1, Ordering::Relaxed);
    metrics::counter!("seatline_update_requests_total").increment(1);
    let opened = app.updates.open(&name).await.map_err(|error| {
        tracing::error!(%error, name, "a file of the updates cannot be read");
        ApiFailure::from(Code::Unavailable).detail("the file cannot be read")
    })?;
    let (file, length) = opened.ok_or(Code::NotFound)?;
    let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    Ok(response)
}
