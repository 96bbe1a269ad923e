//! The choices an administrator has set up: reasons, dispositions, ticket types.

use crate::{
    App,
    compliance::audit,
    http::{ApiFailure, Json, field},
    identity::{Signed, person},
    store::{Store, setting, text},
    supervision,
};
use axum::extract::State;
use sea_orm::DbErr;
use seatline_contract::{
    error::ApiError,
    event::{Catalog, CatalogItem, Change, NewCatalog},
    identity::Role,
};
use std::collections::HashSet;
use utoipa_axum::{router::OpenApiRouter, routes};

const SETTING: &str = "catalog";
/// Most choices in one list.
const LONGEST: usize = 100;
/// Longest label of a choice, in characters: every desk gets all of them.
const LONGEST_LABEL: usize = 60;

/// Routes of the catalogue.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_catalog, set_catalog))
}

/// The choices now, with the colleagues tickets can be given to.
///
/// # Errors
/// Those of the database.
pub async fn read(app: &App) -> Result<Catalog, ApiFailure> {
    let choices = choices(&app.store).await?;
    Ok(Catalog {
        not_ready_reasons: choices.not_ready_reasons,
        dispositions: choices.dispositions,
        ticket_types: choices.ticket_types,
        help_reasons: choices.help_reasons,
        people: person::everybody(app.store.db()).await?,
    })
}

/// The choices without the people.
///
/// # Errors
/// Those of the database.
pub(crate) async fn choices(store: &Store) -> Result<NewCatalog, DbErr> {
    match setting::get(store.db(), SETTING).await? {
        Some(json) => text::from_json(&json),
        None => Ok(first_choices()),
    }
}

/// Tells every desk the choices after a change of them or of the people.
///
/// # Errors
/// Those of the database.
pub(crate) async fn publish(app: &App) -> Result<(), ApiFailure> {
    supervision::reload_roster(app).await?;
    let catalog = read(app).await?;
    app.hub.publish_all(&Change::Catalog { catalog });
    Ok(())
}

/// The choices.
#[utoipa::path(
    get, path = "/api/v1/catalog", tag = "catalog",
    responses((status = 200, body = Catalog)),
)]
async fn read_catalog(
    State(app): State<App>,
    _signed: Signed,
) -> Result<Json<Catalog>, ApiFailure> {
    Ok(Json(read(&app).await?))
}

/// Sets the choices (administrators).
#[utoipa::path(
    put, path = "/api/v1/catalog", tag = "catalog", request_body = NewCatalog,
    responses(
        (status = 200, body = Catalog),
        (status = 403, body = ApiError),
        (status = 422, body = ApiError),
    ),
)]
async fn set_catalog(
    State(app): State<App>,
    signed: Signed,
    Json(request): Json<NewCatalog>,
) -> Result<Json<Catalog>, ApiFailure> {
    signed.require(Role::Administrator)?;
    check("not_ready_reasons", &request.not_ready_reasons)?;
    check("dispositions", &request.dispositions)?;
    check("ticket_types", &request.ticket_types)?;
    check("help_reasons", &request.help_reasons)?;
    let (now, who) = (app.clock.now(), signed.agent());
    let transaction = app.store.begin().await?;
    setting::put(&transaction, SETTING, &text::to_json(&request)?).await?;
    audit::record(&transaction, now, who, "catalog_set", SETTING, "").await?;
    transaction.commit().await?;
    publish(&app).await?;
    Ok(Json(read(&app).await?))
}

fn check(list: &str, items: &[CatalogItem]) -> Result<(), ApiFailure> {
    if items.len() > LONGEST {
        return Err(ApiFailure::field(list, "more than 100 choices"));
    }
    let mut seen = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let refuse = |field: &str, detail: &str| {
            Err(ApiFailure::field(format!("{list}.{index}.{field}"), detail))
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if item.id.is_empty() || item.id.len() > 40 || !item.id.chars().all(plain) {
            return refuse("id", "1 to 40 of a-z, 0-9, _ and -");
        }
        if !seen.insert(&item.id) {
            return refuse("id", "used twice");
        }
        for (field, label) in [("zh", &item.zh), ("en", &item.en)] {
            field::required(&format!("{list}.{index}.{field}"), label, LONGEST_LABEL)?;
        }
    }
    Ok(())
}

fn item(id: &str, zh: &str, en: &str) -> CatalogItem {
    CatalogItem {
        id: id.into(),
        zh: zh.into(),
        en: en.into(),
    }
}

/// What a new centre starts with.
fn first_choices() -> NewCatalog {
    NewCatalog {
        not_ready_reasons: vec![
            item("meeting", "会议", "Meeting"),
            item("training", "培训", "Training"),
            item("admin", "案头工作", "Paperwork"),
            item("coaching", "辅导", "Coaching"),
            item("technical", "技术故障", "Technical problem"),
        ],
        dispositions: vec![
            item("resolved", "已解决", "Resolved"),
            item("follow_up", "需跟进", "Follow-up needed"),
            item("callback", "约定回拨", "Callback arranged"),
            item("escalated", "已升级", "Escalated"),
            item("information", "咨询解答", "Information given"),
            item("complaint", "投诉", "Complaint"),
            item("wrong_number", "打错", "Wrong number"),
            item("no_answer", "无人接听", "No answer"),
        ],
        ticket_types: vec![
            item("fault", "故障报修", "Fault"),
            item("question", "咨询", "Question"),
            item("complaint", "投诉", "Complaint"),
            item("return", "退换货", "Return or exchange"),
            item("order", "订单", "Order"),
            item("suggestion", "建议", "Suggestion"),
        ],
        help_reasons: vec![
            item("upset", "客户情绪激动", "The customer is upset"),
            item("knowledge", "业务不熟", "I need to know more"),
            item("permission", "需要授权", "I need an approval"),
            item("technical", "系统故障", "Something does not work"),
            item("other", "其他", "Something else"),
        ],
    }
}
