//! Hearing a recording.

use super::{
    super::{
        links::{LIFETIME_MS, Link},
        playback, store, sweep,
    },
    find_to_hear, has_sound,
};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, NotKept, Path},
    identity::Signed,
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use seatline_contract::{
    error::{ApiError, Code},
    id::RecordingId,
    identity::Role,
    recording::{Listen, ListenLink},
};
use std::{convert::Infallible, net::SocketAddr};
use tokio::sync::mpsc;

/// Pieces of sound that wait for a slow listener.
const AHEAD: usize = 16;

/// A link to hear a recording or a piece of it, for whoever asks, from where they ask, once.
#[utoipa::path(
    post, path = "/api/v1/recordings/{id}/listen", tag = "recordings", request_body = Listen,
    params(("id" = RecordingId, Path)),
    responses(
        (status = 201, body = ListenLink),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError, description = "there is no sound, or not yet"),
    ),
)]
pub(super) async fn make_link(
    State(app): State<App>,
    signed: Signed,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<RecordingId>,
    Json(request): Json<Listen>,
) -> Result<(StatusCode, Extension<NotKept>, Json<ListenLink>), ApiFailure> {
    let row = find_to_hear(&app, &signed, id).await?;
    if !has_sound(&row)? {
        return Err(ApiFailure::from(Code::Conflict).detail("there is no sound to hear"));
    }
    let now = app.clock.now();
    let duration = u32::try_from(row.duration_ms).unwrap_or(u32::MAX);
    let until_ms = request.until_ms.unwrap_or(duration).min(duration);
    let link = Link {
        recording: id,
        person: signed.agent(),
        address: peer.ip(),
        from_ms: request.from_ms.min(until_ms),
        until_ms,
        expires: now.plus(LIFETIME_MS),
    };
    let made = app.recordings.0.links.lock().make(now, link);
    let token = made.ok_or(Code::TooManyRequests)?;
    let path = format!("/api/v1/recordings/listen/{token}");
    let expires = link.expires;
    let link = Json(ListenLink { path, expires });
    Ok((StatusCode::CREATED, Extension(NotKept), link))
}

/// The sound behind a link: WAV, 16 kHz, 16 bit, the customer on the left. Each hearing is
/// audited before its first sample.
#[utoipa::path(
    get, path = "/api/v1/recordings/listen/{token}", tag = "recordings",
    params(("token" = String, Path)),
    responses(
        (status = 200, content_type = "audio/wav"),
        (status = 404, body = ApiError, description = "used, expired, or somebody else's"),
    ),
)]
pub(super) async fn listen(
    State(app): State<App>,
    signed: Signed,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
) -> Result<Response, ApiFailure> {
    let now = app.clock.now();
    let taken = {
        let mut links = app.recordings.0.links.lock();
        links.take(now, &token, signed.agent(), peer.ip())
    };
    let link = taken.ok_or(Code::NotFound)?;
    let row = store::find(app.store.db(), link.recording)
        .await?
        .ok_or(Code::NotFound)?;
    let Link {
        from_ms, until_ms, ..
    } = link;
    let detail = format!("{from_ms} to {until_ms} ms, at {}", peer.ip());
    audit::record(
        app.store.db(),
        now,
        link.person,
        "recording.listen",
        &link.recording.to_string(),
        &detail,
    )
    .await?;
    metrics::counter!("seatline_recordings_heard_total").increment(1);
    let path = app.recordings.0.folder.join(&row.path);
    let keys = app.recordings.0.keys.clone();
    let length_ms = until_ms - from_ms;
    let (pieces, mut heard) = mpsc::channel::<Result<Bytes, Infallible>>(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut playback = match playback::Playback::open(&path, &keys, from_ms) {
            Ok(playback) => playback,
            Err(error) => {
                tracing::error!(%error, "a recording cannot be heard");
                return;
            }
        };
        let mut left = playback::samples_in(length_ms);
        let mut piece = Some(Bytes::from(playback::wav_head(length_ms)));
        while let Some(sound) = piece {
            if pieces.blocking_send(Ok(sound)).is_err() {
                // Whoever listened has gone.
                return;
            }
            piece = (left > 0)
                .then(|| playback.next())
                .flatten()
                .map(|mut samples| {
                    samples.truncate(left);
                    left -= samples.len();
                    let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
                    bytes.collect::<Vec<u8>>().into()
                });
        }
    });
    let body = Body::from_stream(futures_util::stream::poll_fn(move |context| {
        heard.poll_recv(context)
    }));
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"))];
    Ok((kind, body).into_response())
}

/// One party's voice as an Ogg Opus file, to be handed to whoever has a right to it
/// (administrators). Tracks are numbered in the order the parties came, the customer's first.
#[utoipa::path(
    get, path = "/api/v1/recordings/{id}/tracks/{track}", tag = "recordings",
    params(("id" = RecordingId, Path), ("track" = u8, Path)),
    responses(
        (status = 200, content_type = "audio/ogg"),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
    ),
)]
pub(super) async fn export_track(
    State(app): State<App>,
    signed: Signed,
    Path((id, track)): Path<(RecordingId, u8)>,
) -> Result<Response, ApiFailure> {
    signed.require(Role::Administrator)?;
    let row = find_to_hear(&app, &signed, id).await?;
    if !has_sound(&row)? {
        return Err(Code::NotFound.into());
    }
    audit::record(
        app.store.db(),
        app.clock.now(),
        signed.agent(),
        "recording.export",
        &id.to_string(),
        &format!("track {track}"),
    )
    .await?;
    let path = app.recordings.0.folder.join(&row.path);
    let keys = app.recordings.0.keys.clone();
    let stream = sweep::blocking(move || {
        playback::export(&path, &keys, track).map_err(std::io::Error::other)
    });
    let stream = stream.await.map_err(|error| {
        tracing::error!(%error, "a recording cannot be exported");
        Code::Internal
    })?;
    if stream.is_empty() {
        return Err(Code::NotFound.into());
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("audio/ogg"))];
    Ok((kind, stream).into_response())
}
