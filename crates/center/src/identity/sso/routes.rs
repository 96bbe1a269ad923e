//! What desks ask (begin, claim, cancel) and what browsers open (the page, the way back).

use super::{
    Sso,
    fault::Fault,
    flow::{Beginning, Journey, PATIENCE_MS, Standing, TurnedAway},
    page,
    provider::one_line,
    random,
    token::TokenFault,
};
use crate::{
    App,
    http::{ApiFailure, Json},
    identity::{lockout::network, person, session::hash_of, sign_in, tenant},
};
use axum::{
    Router,
    extract::{ConnectInfo, Path, RawQuery, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use reqwest::Url;
use seatline_contract::{
    error::{ApiError, Code},
    id::AgentId,
    secret::Secret,
    sso::{BeginSso, ClaimSso, SsoAnswer, SsoBegun},
};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

/// Longest name of a computer that a page shows, in characters.
const LONGEST_DEVICE: usize = 64;
/// The cookie's name begins so; the rest tells the sign-ins of one browser apart.
const COOKIE_NAME: &str = "__Host-seatline-sso-";

/// What browsers open.
pub(crate) fn pages() -> Router<App> {
    Router::new()
        .route("/sso/callback", get(come_back))
        .route(page::STYLE_PATH, get(page::style))
        .route("/sso/{ticket}", get(ask).post(go_on))
}

/// Whether a single sign-on could begin now: the provider answers, and fits the configuration.
#[utoipa::path(
    get, path = "/api/v1/sso", tag = "identity", security(()),
    responses(
        (status = 204),
        (status = 404, body = ApiError, description = "`sso_off`"),
        (status = 502, body = ApiError, description = "`sso_unreachable`, `sso_untrusted`, `sso_rejected`"),
    ),
)]
pub(crate) async fn prove_sso(State(app): State<App>) -> Result<StatusCode, ApiFailure> {
    sso(&app)?.provider.prove(&app.clock).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a single sign-on. Nobody is signed in by it: the desk opens the address in the person's
/// own browser, shows the code, and claims the session.
#[utoipa::path(
    post, path = "/api/v1/sso", tag = "identity", request_body = BeginSso, security(()),
    responses(
        (status = 201, body = SsoBegun),
        (status = 403, body = ApiError, description = "`wrong_tenant`"),
        (status = 404, body = ApiError, description = "`sso_off`"),
        (status = 429, body = ApiError, description = "`too_many_requests`"),
        (status = 502, body = ApiError, description = "`sso_unreachable`, `sso_untrusted`, `sso_rejected`"),
    ),
)]
pub(crate) async fn begin_sso(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(request): Json<BeginSso>,
) -> Result<(StatusCode, Json<SsoBegun>), ApiFailure> {
    let sso = sso(&app)?;
    tenant::check(&app, request.tenant.as_deref())?;
    sign_in::refuse_locked(&app, "", peer.ip())?;
    sso.provider.prove(&app.clock).await?;
    let (claim, ticket, code) = (random::value(), random::value(), random::code());
    let now = app.clock.now();
    let begun = sso.flows.lock().begin(
        Beginning {
            claim_hash: hash_of(&claim),
            ticket: ticket.clone(),
            code: code.clone(),
            device: shown_device(&request.device),
            address: network(peer.ip()),
        },
        now,
    );
    if !begun {
        return Err(ApiFailure::from(Code::TooManyRequests).retry_after(60));
    }
    let begun = SsoBegun {
        claim: Secret::new(claim),
        address: format!("{}/sso/{ticket}", sso.config.address),
        code,
        expires: now.plus(PATIENCE_MS),
    };
    Ok((StatusCode::CREATED, Json(begun)))
}

/// How a single sign-on stands; once the person is through, its session.
///
/// `signed_in_elsewhere` ends nothing: the same claim with `take_over` goes on.
#[utoipa::path(
    post, path = "/api/v1/sso/claim", tag = "identity", request_body = ClaimSso, security(()),
    responses(
        (status = 200, body = SsoAnswer),
        (status = 401, body = ApiError, description = "`sso_refused`"),
        (status = 403, body = ApiError, description = "`sso_unknown_person`, `account_disabled`"),
        (status = 409, body = ApiError, description = "`signed_in_elsewhere`"),
        (status = 410, body = ApiError, description = "`sso_expired`"),
        (status = 423, body = ApiError, description = "`account_locked`"),
        (status = 502, body = ApiError, description = "`sso_unreachable`, `sso_untrusted`, `sso_rejected`"),
    ),
)]
pub(crate) async fn claim_sso(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(request): Json<ClaimSso>,
) -> Result<Json<SsoAnswer>, ApiFailure> {
    let sso = sso(&app)?;
    let hash = hash_of(request.claim.expose());
    let standing = sso.flows.lock().claim(&hash, app.clock.now());
    match standing.ok_or(Code::SsoExpired)? {
        Standing::Waiting { opened } => Ok(Json(SsoAnswer {
            opened,
            session: None,
        })),
        Standing::Failed(fault) => Err(fault.into()),
        Standing::Proved(agent, back) => {
            let how = sign_in::Entrance {
                device: &back.device,
                take_over: request.take_over,
                source: peer.ip(),
                way: "sso",
            };
            let found = person::find(app.store.db(), agent).await?;
            let found = found.ok_or(Code::SsoUnknownPerson)?;
            match sign_in::enter(&app, &found, &how).await {
                Ok(session) => Ok(Json(SsoAnswer {
                    opened: true,
                    session: Some(session),
                })),
                Err(failure) => {
                    if failure.error().code == Code::SignedInElsewhere {
                        sso.flows.lock().put_back(hash, agent, back);
                    }
                    Err(failure)
                }
            }
        }
    }
}

/// Gives a single sign-on up; whoever is still in the browser gets nowhere.
#[utoipa::path(
    post, path = "/api/v1/sso/cancel", tag = "identity", request_body = ClaimSso, security(()),
    responses((status = 204), (status = 404, body = ApiError, description = "`sso_off`")),
)]
pub(crate) async fn cancel_sso(
    State(app): State<App>,
    Json(request): Json<ClaimSso>,
) -> Result<StatusCode, ApiFailure> {
    let hash = hash_of(request.claim.expose());
    sso(&app)?.flows.lock().cancel(&hash);
    Ok(StatusCode::NO_CONTENT)
}

/// The page that asks whether the person has begun this.
async fn ask(State(app): State<App>, Path(ticket): Path<String>) -> Response {
    let Ok(sso) = sso(&app) else {
        return page::gone();
    };
    let shown = sso.flows.lock().show(&ticket, app.clock.now());
    match shown {
        Ok(shown) => page::ask(&shown),
        Err(away) => turn_away(away),
    }
}

/// Continue was pressed: on to the provider.
async fn go_on(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Ok(sso) = sso(&app) else {
        return page::gone();
    };
    // A foreign page must not press it for somebody.
    if !is_from_our_page(&headers, &sso.config.address) {
        return page::not_yours();
    }
    let journey = Journey::new(&random::value);
    let Journey {
        state,
        nonce,
        verifier,
        cookie,
    } = journey.clone();
    let way = match sso
        .provider
        .way(&app.clock, &state, &nonce, &verifier)
        .await
    {
        Ok(way) => way,
        Err(fault) => return page::failed(&fault),
    };
    let address = sso.config.same_address.then(|| network(peer.ip()));
    let sent = sso
        .flows
        .lock()
        .send(&ticket, address, journey, app.clock.now());
    if let Err(away) = sent {
        return turn_away(away);
    }
    let cookie = format!(
        "{}={cookie}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Lax",
        cookie_name(&state),
        PATIENCE_MS / 1000
    );
    match (
        HeaderValue::from_str(way.as_str()),
        HeaderValue::from_str(&cookie),
    ) {
        (Ok(way), Ok(cookie)) => (
            StatusCode::SEE_OTHER,
            [(LOCATION, way), (SET_COOKIE, cookie)],
        )
            .into_response(),
        _ => page::failed(&Fault::Provider("an address no header can hold".into())),
    }
}

/// The way back from the provider.
async fn come_back(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Ok(sso) = sso(&app) else {
        return page::gone();
    };
    let Some(answer) = read_answer(query.as_deref().unwrap_or_default()) else {
        return page::gone();
    };
    let state = answer.get("state").map(String::as_str).unwrap_or_default();
    let cookie = cookie(&headers, &cookie_name(state));
    let back = sso
        .flows
        .lock()
        .come_back(state, cookie.as_deref(), app.clock.now());
    let back = match back {
        Ok(back) => back,
        Err(away) => return turn_away(away),
    };
    let found = finish(&app, sso, &answer, &back.journey, peer.ip()).await;
    if let Err(fault) = &found {
        metrics::counter!("seatline_sign_in_failures_total").increment(1);
        tracing::warn!(%fault, "a single sign-on failed");
    }
    sso.flows.lock().settle(&back.claim_hash, found.clone());
    let mut response = match found {
        Ok(_) => page::done(),
        Err(fault) => page::failed(&fault),
    };
    let over = format!(
        "{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
        cookie_name(state)
    );
    if let Ok(over) = HeaderValue::from_str(&over) {
        response.headers_mut().insert(SET_COOKIE, over);
    }
    response
}

/// Who it is, by the provider's word and our own records.
async fn finish(
    app: &App,
    sso: &Sso,
    answer: &HashMap<String, String>,
    journey: &Journey,
    address: IpAddr,
) -> Result<AgentId, Fault> {
    // RFC 9207: an answer of another provider is told by its name.
    if answer.get("iss").is_some_and(|it| *it != sso.config.issuer) {
        return Err(TokenFault::WrongIssuer.into());
    }
    if let Some(error) = answer.get("error") {
        let told = one_line(error);
        return Err(match error.as_str() {
            "access_denied"
            | "login_required"
            | "consent_required"
            | "interaction_required"
            | "account_selection_required" => Fault::Refused(told),
            "server_error" | "temporarily_unavailable" => Fault::Away(told),
            _ => Fault::Provider(told),
        });
    }
    let code = answer.get("code").filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| Fault::Provider("neither a code nor an error".into()))?;
    let claims = sso
        .provider
        .redeem(&app.clock, code, &journey.nonce, &journey.verifier)
        .await?;
    let login = login_of(&claims, &sso.config).ok_or(Fault::Nameless)?;
    let locked = app
        .identity
        .lockout
        .lock()
        .check(&login, address, app.clock.now());
    if let Err(locked) = locked {
        return Err(Fault::Locked(locked.seconds()));
    }
    let found = person::find_by_login(app.store.db(), &login)
        .await
        .map_err(|error| {
            tracing::error!(%error, "database failure");
            Fault::Storage
        })?;
    let Some(found) = found else {
        let now = app.clock.now();
        app.identity.lockout.lock().failed(&login, address, now);
        return Err(Fault::UnknownPerson);
    };
    if found.disabled {
        return Err(Fault::Disabled);
    }
    Ok(AgentId(found.id))
}

/// The login that the claims name. An e-mail address counts only if the provider has verified it:
/// else somebody could write another person's into their own account.
fn login_of(claims: &super::token::Claims, config: &crate::config::Sso) -> Option<String> {
    let named = claims.get(&config.claim)?.as_str()?;
    if config.claim == "email" && claims.get("email_verified") != Some(&true.into()) {
        return None;
    }
    let login = named.trim().to_lowercase();
    let login = match &config.suffix {
        Some(suffix) => login.strip_suffix(&suffix.to_lowercase())?.to_owned(),
        None => login,
    };
    (!login.is_empty()).then_some(login)
}

fn sso(app: &App) -> Result<&Sso, ApiFailure> {
    let sso = app.identity.sso.as_ref();
    sso.ok_or_else(|| Code::SsoOff.into())
}

fn turn_away(away: TurnedAway) -> Response {
    match away {
        TurnedAway::Gone => page::gone(),
        TurnedAway::NotYours => page::not_yours(),
    }
}

fn shown_device(device: &str) -> String {
    let plain = device.trim().chars().filter(|c| !c.is_control());
    plain.take(LONGEST_DEVICE).collect()
}

/// Whether a form was sent from a page of ours.
fn is_from_our_page(headers: &HeaderMap, address: &str) -> bool {
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    let sent = headers.get(ORIGIN).and_then(|sent| sent.to_str().ok());
    sent.and_then(origin)
        .is_some_and(|sent| sent.is_tuple() && Some(sent) == origin(address))
}

/// The parameters of an answer. One that stands twice is nobody's honest answer.
fn read_answer(query: &str) -> Option<HashMap<String, String>> {
    let url = Url::parse(&format!("https://callback/?{query}")).ok()?;
    let mut answer = HashMap::new();
    for (name, value) in url.query_pairs() {
        if answer
            .insert(name.into_owned(), value.into_owned())
            .is_some()
        {
            return None;
        }
    }
    Some(answer)
}

/// A state is long and random; its beginning is enough to tell sign-ins apart.
fn cookie_name(state: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let short: String = state.chars().filter(plain).take(8).collect();
    format!("{COOKIE_NAME}{short}")
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter();
    all.filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(more: &str) -> crate::config::Sso {
        let text = format!(
            "issuer = \"https://a\"\nclient_id = \"c\"\naddress = \"https://center:8443\"\n{more}"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn a_login_comes_from_the_configured_claim_alone() {
        let login = |claims: serde_json::Value, more: &str| {
            login_of(claims.as_object().unwrap(), &config(more))
        };
        let who = json!({ "preferred_username": " ZhouQian ", "email": "zq@a.cn" });
        assert_eq!(login(who.clone(), ""), Some("zhouqian".into()));
        assert_eq!(login(json!({ "email": "zq@a.cn" }), ""), None);
        assert_eq!(login(json!({ "preferred_username": 7 }), ""), None);
        assert_eq!(login(json!({ "preferred_username": " " }), ""), None);
        let suffix = "suffix = \"@A.cn\"\n";
        let at = |name: &str| json!({ "preferred_username": name });
        assert_eq!(login(at("zq@a.cn"), suffix), Some("zq".into()));
        assert_eq!(login(at("zq@b.cn"), suffix), None);
        assert_eq!(login(at("@a.cn"), suffix), None);
        let email = "claim = \"email\"\n";
        assert_eq!(login(who, email), None, "not verified");
        let verified = json!({ "email": "zq@a.cn", "email_verified": true });
        assert_eq!(login(verified, email), Some("zq@a.cn".into()));
        let perhaps = json!({ "email": "zq@a.cn", "email_verified": "true" });
        assert_eq!(login(perhaps, email), None);
    }

    #[test]
    fn only_our_own_page_may_press_continue() {
        let from = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_str(value).unwrap());
            }
            is_from_our_page(&headers, "https://center.example")
        };
        let ours = ("origin", "https://center.example:443");
        assert!(from(&[ours]));
        assert!(from(&[ours, ("sec-fetch-site", "same-origin")]));
        assert!(!from(&[]));
        assert!(!from(&[("origin", "null")]));
        assert!(!from(&[("origin", "http://center.example")]));
        assert!(!from(&[("origin", "https://center.example.evil")]));
        assert!(!from(&[ours, ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn an_answer_that_says_something_twice_is_none() {
        let answer = read_answer("code=a%20b&state=s").unwrap();
        assert_eq!(answer["code"], "a b");
        assert_eq!(read_answer("state=s&state=t"), None);
    }
}
