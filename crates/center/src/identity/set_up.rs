//! The first administrator, by a one-time code.

use super::{
    people::{Newcomer, add_person},
    person, session,
    sign_in::refuse_locked,
};
use crate::{
    App,
    http::{ApiFailure, Json},
    store::{Store, setting},
};
use axum::{
    extract::{ConnectInfo, State},
    http::StatusCode,
};
use rand::Rng;
use sea_orm::{DbErr, EntityTrait, PaginatorTrait};
use seatline_contract::{
    error::{ApiError, Code},
    identity::{Person, Role, SetUp},
    secret::Secret,
};
use std::net::SocketAddr;

const SETTING: &str = "set_up_code";
/// Letters and digits that are not mistaken for one another.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// The login failures of set-up are counted under; not a login anyone can have.
const COUNTED_AS: &str = " set-up ";

/// Makes the code for the first administrator, if there is none yet. A code of an earlier start
/// that was not used is replaced, so a lost one is renewed by a restart.
///
/// # Errors
/// Those of the database.
pub(crate) async fn offer_set_up(store: &Store) -> Result<Option<Secret>, DbErr> {
    if !needs_set_up(store).await? {
        return Ok(None);
    }
    let code = new_code();
    setting::put(store.db(), SETTING, &session::hash_of(&code)).await?;
    Ok(Some(Secret::new(code)))
}

/// True until somebody exists.
///
/// # Errors
/// Those of the database.
pub(crate) async fn needs_set_up(store: &Store) -> Result<bool, DbErr> {
    Ok(person::entity::Entity::find().count(store.db()).await? == 0)
}

/// Makes the first administrator.
#[utoipa::path(
    post, path = "/api/v1/setup", tag = "identity", request_body = SetUp, security(()),
    responses(
        (status = 201, body = Person),
        (status = 403, body = ApiError, description = "`wrong_setup_code`"),
        (status = 422, body = ApiError, description = "`invalid_field`"),
    ),
)]
pub(super) async fn set_up(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(request): Json<SetUp>,
) -> Result<(StatusCode, Json<Person>), ApiFailure> {
    refuse_locked(&app, COUNTED_AS, peer.ip())?;
    let newcomer = Newcomer::check(
        &request.login,
        &request.name,
        Role::Administrator,
        request.password,
    )
    .await?;
    let code: String = request
        .code
        .expose()
        .to_uppercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let transaction = app.store.begin().await?;
    if !setting::take(&transaction, SETTING, &session::hash_of(&code)).await? {
        let now = app.clock.now();
        app.identity
            .lockout
            .lock()
            .failed(COUNTED_AS, peer.ip(), now);
        return Err(Code::WrongSetupCode.into());
    }
    let person = add_person(&transaction, newcomer, app.clock.now()).await?;
    transaction.commit().await?;
    Ok((StatusCode::CREATED, Json(person)))
}

/// Sixteen random characters, about 79 bits.
fn new_code() -> String {
    let mut random = rand::rng();
    (0..16)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect()
}

/// The code as it is printed, in groups of four.
#[must_use]
pub fn spell_code(code: &Secret) -> String {
    let characters: Vec<char> = code.expose().chars().collect();
    characters
        .chunks(4)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join("-")
}
