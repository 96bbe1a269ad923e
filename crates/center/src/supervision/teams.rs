//! Teams: agents with their supervisors.

use super::{
    entity::{member, team},
    reload_roster,
};
use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, Path, field},
    identity::Signed,
    store::is_conflict,
};
use axum::{extract::State, http::StatusCode};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, sea_query::OnConflict,
};
use seatline_contract::{
    error::{ApiError, Code},
    id::{AgentId, TeamId},
    identity::{Person, Role},
    supervision::{SetTeam, Team},
};
use std::collections::HashSet;

/// Longest name, in characters.
const LONGEST_NAME: usize = 60;
/// Most people in one list.
const MOST: usize = 2_000;

/// All teams, by name (supervisors).
#[utoipa::path(
    get, path = "/api/v1/teams", tag = "supervision",
    responses((status = 200, body = Vec<Team>), (status = 403, body = ApiError)),
)]
pub(super) async fn list_teams(
    State(app): State<App>,
    signed: Signed,
) -> Result<Json<Vec<Team>>, ApiFailure> {
    signed.require(Role::Supervisor)?;
    Ok(Json(app.supervision.roster().teams().to_vec()))
}

/// Makes a team or sets it up anew (administrators). Its agents leave the teams they were in.
#[utoipa::path(
    put, path = "/api/v1/teams/{id}", tag = "supervision", request_body = SetTeam,
    params(("id" = TeamId, Path)),
    responses(
        (status = 200, body = Team),
        (status = 403, body = ApiError),
        (status = 409, body = ApiError, description = "the name is taken"),
        (status = 422, body = ApiError),
    ),
)]
pub(super) async fn set_team(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<TeamId>,
    Json(request): Json<SetTeam>,
) -> Result<Json<Team>, ApiFailure> {
    signed.require(Role::Administrator)?;
    let name = field::required("name", &request.name, LONGEST_NAME)?;
    check(&app, "agents", &request.agents, |_| true)?;
    check(&app, "supervisors", &request.supervisors, |person| {
        person.role != Role::Agent
    })?;
    let team = Team {
        id,
        name,
        agents: request.agents,
        supervisors: request.supervisors,
    };
    let transaction = app.store.begin().await?;
    put_team(&transaction, &team).await.map_err(|error| {
        if is_conflict(&error) {
            ApiFailure::from(ApiError {
                field: Some("name".into()),
                ..ApiError::new(Code::Conflict).detail("the name is taken")
            })
        } else {
            error.into()
        }
    })?;
    let (now, who, object) = (app.clock.now(), signed.agent(), id.to_string());
    audit::record(&transaction, now, who, "team_set", &object, &team.name).await?;
    transaction.commit().await?;
    reload_roster(&app).await?;
    Ok(Json(team))
}

/// Dissolves a team (administrators); its people are in none then.
#[utoipa::path(
    delete, path = "/api/v1/teams/{id}", tag = "supervision", params(("id" = TeamId, Path)),
    responses(
        (status = 204),
        (status = 403, body = ApiError),
        (status = 404, body = ApiError),
    ),
)]
pub(super) async fn remove_team(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<TeamId>,
) -> Result<StatusCode, ApiFailure> {
    signed.require(Role::Administrator)?;
    let transaction = app.store.begin().await?;
    let found = team::Entity::find_by_id(id.0).one(&transaction).await?;
    let name = found.ok_or(Code::NotFound)?.name;
    // Its members' rows go with it.
    team::Entity::delete_by_id(id.0).exec(&transaction).await?;
    let (now, who, object) = (app.clock.now(), signed.agent(), id.to_string());
    audit::record(&transaction, now, who, "team_removed", &object, &name).await?;
    transaction.commit().await?;
    reload_roster(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses those who are not there, named twice, or not `fit`.
fn check(
    app: &App,
    list: &str,
    people: &[AgentId],
    fit: impl Fn(&Person) -> bool,
) -> Result<(), ApiFailure> {
    if people.len() > MOST {
        return Err(ApiFailure::field(list, "more than 2,000 people"));
    }
    let roster = app.supervision.roster();
    let mut seen = HashSet::new();
    for (index, id) in people.iter().enumerate() {
        let refuse = |detail: &str| Err(ApiFailure::field(format!("{list}.{index}"), detail));
        match roster.person(*id) {
            None => return refuse("no such person"),
            Some(person) if !fit(person) => return refuse("not a supervisor"),
            Some(_) if !seen.insert(*id) => return refuse("named twice"),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Writes a team in place of what it was. Call [`reload_roster`] after the transaction.
///
/// # Errors
/// Those of the database; a name in use is a conflict.
pub(crate) async fn put_team<C: ConnectionTrait>(db: &C, team: &Team) -> Result<(), DbErr> {
    let row = team::Model {
        id: team.id.0,
        name: team.name.clone(),
    };
    team::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(
            OnConflict::column(team::Column::Id)
                .update_column(team::Column::Name)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    member::Entity::delete_many()
        .filter(member::Column::Team.eq(team.id.0))
        .exec(db)
        .await?;
    let moved = team.agents.iter().map(|agent| agent.0);
    member::Entity::delete_many()
        .filter(member::Column::Leads.eq(false))
        .filter(member::Column::Person.is_in(moved))
        .exec(db)
        .await?;
    let agents = team.agents.iter().map(|agent| (agent, false));
    let supervisors = team.supervisors.iter().map(|agent| (agent, true));
    for (person, leads) in agents.chain(supervisors) {
        let row = member::Model {
            team: team.id.0,
            person: person.0,
            leads,
        };
        member::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}
