//! Single sign-on against a foreign provider, and tenants.

#[path = "../../../../tests/provider/provider.rs"]
mod provider;

use super::support::{Centre, Desk, PASSWORD, code, config, error};
use provider::{Browser, CLIENT, Page, Provider, SECRET, trusting};
use reqwest::{Method, Response, StatusCode, Url};
use seatline_center::{Clock, Config, StartError, config as configuration};
use seatline_contract::{
    about::About,
    error::Code,
    identity::{Role, Session, SignIn},
    secret::Secret,
    sso::{BeginSso, ClaimSso, Passwords, SsoAnswer, SsoBegun},
};
use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// A centre with a provider; an administrator `admin`, an agent `zhouqian`.
struct Site {
    centre: Centre,
    provider: Provider,
    /// Milliseconds by which the centre's clock is ahead.
    ahead: Arc<AtomicI64>,
}

impl Site {
    async fn open() -> Self {
        Self::open_with(false, |_| {}).await
    }

    async fn open_with(strict: bool, change: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let port = free_port();
        let address = format!("https://127.0.0.1:{port}");
        let provider = Provider::start(folder.path(), &address, strict);
        let secret = folder.path().join("client-secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let mut config = config(folder.path());
        config.listen = (Ipv4Addr::LOCALHOST, port).into();
        config.sso = Some(configuration::Sso {
            issuer: provider.issuer.clone(),
            client_id: CLIENT.into(),
            client_secret_file: Some(secret),
            address,
            scopes: vec!["openid".into(), "profile".into(), "email".into()],
            claim: "preferred_username".into(),
            suffix: None,
            algorithm: configuration::Algorithm::RS256,
            authority_file: Some(provider.certificate.clone()),
            name_zh: "统一认证".into(),
            name_en: "the company".into(),
            passwords: Passwords::Everybody,
            same_address: true,
        });
        change(&mut config);
        let ahead = Arc::new(AtomicI64::new(0));
        let (system, more) = (Clock::system(), ahead.clone());
        let clock = Clock::from_fn(move || system.now().plus(more.load(Ordering::Relaxed)));
        let centre = Centre::start_at(folder, config, clock).await;
        Self {
            centre,
            provider,
            ahead,
        }
    }

    /// The administrator, who has added the agent.
    async fn staff(&self) -> Desk<'_> {
        let admin = self.centre.administrator().await;
        admin.add_person("zhouqian", Role::Agent).await;
        admin
    }

    /// A browser of somebody's own.
    fn browser(&self) -> Browser {
        let read = |file: &std::path::Path| std::fs::read(file).unwrap();
        Browser::new(&[
            read(&self.centre.folder.path().join("certificate.pem")),
            read(&self.provider.certificate),
        ])
    }

    async fn try_begin(&self, tenant: Option<&str>) -> Response {
        let begin = BeginSso {
            device: "PC-7 <b>".into(),
            tenant: tenant.map(str::to_owned),
        };
        self.centre.post("/api/v1/sso", &begin).await
    }

    async fn begin(&self) -> SsoBegun {
        let begun = self.try_begin(None).await;
        assert_eq!(begun.status(), StatusCode::CREATED);
        begun.json().await.unwrap()
    }

    async fn try_claim(&self, claim: &Secret, take_over: bool) -> Response {
        let ask = ClaimSso {
            claim: claim.clone(),
            take_over,
        };
        self.centre.post("/api/v1/sso/claim", &ask).await
    }

    async fn claim(&self, begun: &SsoBegun) -> SsoAnswer {
        let answer = self.try_claim(&begun.claim, false).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// Goes through a browser as somebody, and gives the page at the end.
    async fn go_through(&self, begun: &SsoBegun, login: &str) -> Page {
        let browser = self.browser();
        let form = browser.go_on(&begun.address).await;
        browser.sign_in(&form, login).await
    }

    /// Why a sign-in as somebody fails at its end.
    async fn failure(&self, login: &str) -> Code {
        let begun = self.begin().await;
        let page = self.go_through(&begun, login).await;
        assert!(!page.text.contains("You are signed in"), "{page:?}");
        code(self.try_claim(&begun.claim, false).await).await
    }
}

#[tokio::test]
async fn a_person_signs_in_through_their_own_browser() {
    let site = Site::open().await;
    site.staff().await;
    let about: About = site.centre.get("/api/v1/about").await;
    assert_eq!(about.sso.unwrap().en, "the company");

    let begun = site.begin().await;
    let browser = site.browser();
    assert!(!site.claim(&begun).await.opened);
    let page = browser.open(&begun.address).await;
    assert!(page.text.contains(&begun.code), "{page:?}");
    assert!(page.text.contains("PC-7 &lt;b&gt;"), "{page:?}");
    assert!(!page.text.contains(begun.claim.expose()));
    let form = browser.go_on(&begun.address).await;
    let asked = form.text.contains("code_challenge_method");
    assert!(asked, "the provider is asked with PKCE: {form:?}");
    let standing = site.claim(&begun).await;
    assert!(standing.opened && standing.session.is_none());
    let page = browser.sign_in(&form, "zhouqian").await;
    assert!(page.text.contains("You are signed in"), "{page:?}");
    assert!(page.text.contains("回到 Seatline"), "{page:?}");
    assert!(!page.text.contains("eyJ"), "no token is in the page");

    let session = site.claim(&begun).await.session.unwrap();
    assert_eq!(session.me.login, "zhouqian");
    let desk = Desk {
        centre: &site.centre,
        session,
    };
    let current: Session = desk.get("/api/v1/sessions/current").await;
    // What a desk locks its disk with does not depend on the way in.
    let with_password = site.centre.try_sign_in("zhouqian", PASSWORD, true).await;
    let with_password: Session = with_password.json().await.unwrap();
    assert!(current.seal.is_some());
    assert_eq!(current.seal, with_password.seal);

    // Each secret has served once.
    let again = site.try_claim(&begun.claim, true).await;
    assert_eq!(again.status(), StatusCode::GONE);
    assert_eq!(code(again).await, Code::SsoExpired);
    assert_eq!(browser.open(&begun.address).await.status, StatusCode::GONE);
    let replayed = browser.open(page.url.as_str()).await;
    assert_eq!(replayed.status, StatusCode::GONE, "{replayed:?}");
    site.centre.stop().await;
}

#[tokio::test]
async fn a_provider_that_tells_the_name_apart_from_the_token_is_asked() {
    let site = Site::open_with(true, |_| {}).await;
    site.staff().await;
    let begun = site.begin().await;
    site.go_through(&begun, "zhouqian").await;
    let session = site.claim(&begun).await.session.unwrap();
    assert_eq!(session.me.login, "zhouqian");
    site.centre.stop().await;
}

#[tokio::test]
async fn a_token_that_does_not_hold_lets_nobody_in() {
    let site = Site::open().await;
    site.staff().await;
    for how in [
        "audience", "issuer", "nonce", "expired", "unsigned", "shared", "forged",
    ] {
        site.provider.twist(how).await;
        assert_eq!(site.failure("zhouqian").await, Code::SsoRejected, "{how}");
    }
    site.provider.twist("none").await;
    let begun = site.begin().await;
    site.go_through(&begun, "zhouqian").await;
    assert!(site.claim(&begun).await.session.is_some(), "else it works");
    site.centre.stop().await;
}

#[tokio::test]
async fn strangers_disabled_people_and_who_declines_are_told_apart() {
    let site = Site::open_with(false, |config| config.lockout.address_failures = 2).await;
    let admin = site.staff().await;
    let former = admin.add_person("former", Role::Agent).await;
    let path = format!("/api/v1/people/{}/disabled", former.id);
    let disabled = admin.send(Method::PUT, &path, &()).await;
    assert_eq!(disabled.status(), StatusCode::NO_CONTENT);
    assert_eq!(site.failure("former").await, Code::AccountDisabled);

    let begun = site.begin().await;
    let browser = site.browser();
    let form = browser.go_on(&begun.address).await;
    let page = browser.decline(&form).await;
    assert!(page.text.contains("let nobody through"), "{page:?}");
    let declined = site.try_claim(&begun.claim, false).await;
    assert_eq!(code(declined).await, Code::SsoRefused);

    assert_eq!(site.failure("stranger").await, Code::SsoUnknownPerson);
    assert_eq!(site.failure("stranger").await, Code::SsoUnknownPerson);
    // So many failures lock this address, for passwords as for single sign-on.
    let locked = site.try_begin(None).await;
    assert_eq!(code(locked).await, Code::TooManyRequests);
    let locked = site.centre.try_sign_in("zhouqian", PASSWORD, true).await;
    assert_eq!(code(locked).await, Code::TooManyRequests);
    site.centre.stop().await;
}

#[tokio::test]
async fn an_address_counts_only_if_the_provider_has_verified_it() {
    let site = Site::open_with(false, |config| {
        let sso = config.sso.as_mut().unwrap();
        sso.claim = "email".into();
        sso.suffix = Some("@example.cn".into());
    })
    .await;
    site.staff().await;
    assert_eq!(site.failure("pretender").await, Code::SsoUnknownPerson);
    let begun = site.begin().await;
    site.go_through(&begun, "zhouqian").await;
    assert!(site.claim(&begun).await.session.is_some());
    site.centre.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_away_or_not_as_configured_is_said_before_a_browser_opens() {
    let mut site = Site::open().await;
    site.staff().await;
    let usable = site.centre.client.get(site.centre.url("/api/v1/sso"));
    let usable = usable.send().await.unwrap();
    assert_eq!(usable.status(), StatusCode::NO_CONTENT);
    // Gone while somebody types: told at the end.
    site.provider.twist("away").await;
    let begun = site.begin().await;
    let browser = site.browser();
    let form = browser.go_on(&begun.address).await;
    assert_eq!(form.status, StatusCode::SERVICE_UNAVAILABLE, "{form:?}");
    site.provider.stop();
    // What is known of it is kept for an hour.
    site.ahead.store(3_700_000, Ordering::Relaxed);
    let gone = site.try_begin(None).await;
    assert_eq!(gone.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(code(gone).await, Code::SsoUnreachable);
    site.centre.stop().await;

    let unknown = Site::open_with(false, |config| {
        config.sso.as_mut().unwrap().authority_file = None;
    })
    .await;
    assert_eq!(
        code(unknown.try_begin(None).await).await,
        Code::SsoUntrusted
    );
    unknown.centre.stop().await;

    let other = Site::open_with(false, |config| {
        config.sso.as_mut().unwrap().issuer += "/";
    })
    .await;
    assert_eq!(code(other.try_begin(None).await).await, Code::SsoRejected);
    other.centre.stop().await;

    let none = Centre::start().await;
    let begin = BeginSso {
        device: String::new(),
        tenant: None,
    };
    let off = none.post("/api/v1/sso", &begin).await;
    assert_eq!(code(off).await, Code::SsoOff);
    assert!(none.get::<About>("/api/v1/about").await.sso.is_none());
    none.stop().await;
}

#[tokio::test]
async fn new_keys_of_the_provider_are_read_when_they_come_up() {
    let mut site = Site::open().await;
    site.staff().await;
    let begun = site.begin().await;
    site.go_through(&begun, "zhouqian").await;
    assert!(site.claim(&begun).await.session.is_some());
    site.provider.start_again();
    // Not at once: nobody can have the keys read for each token.
    assert_eq!(site.failure("zhouqian").await, Code::SsoRejected);
    site.ahead.store(11_000, Ordering::Relaxed);
    let begun = site.begin().await;
    site.go_through(&begun, "zhouqian").await;
    let answer = site.try_claim(&begun.claim, true).await;
    let answer: SsoAnswer = answer.json().await.unwrap();
    assert!(answer.session.is_some());
    site.centre.stop().await;
}

#[tokio::test]
async fn a_sign_in_belongs_to_one_browser_and_a_code_to_one_sign_in() {
    let site = Site::open().await;
    site.staff().await;
    let begun = site.begin().await;
    let (victim, attacker) = (site.browser(), site.browser());
    // A foreign page presses Continue in somebody's browser.
    for origin in ["https://evil.example", "null"] {
        let pressed = victim.go_on_from(&begun.address, origin).await;
        assert_eq!(pressed.status, StatusCode::FORBIDDEN, "{origin}");
    }
    assert!(!site.claim(&begun).await.opened);

    // Whoever signs in elsewhere cannot finish it in somebody's browser, nor the other way round.
    let form = attacker.go_on(&begun.address).await;
    let back = attacker.sign_in_until_back(&form, "zhouqian").await;
    let mixed = victim.open(&back).await;
    assert_eq!(mixed.status, StatusCode::FORBIDDEN, "{mixed:?}");
    assert!(mixed.text.contains("无法在这里继续"), "{mixed:?}");
    assert!(site.claim(&begun).await.session.is_none());
    let unknown = format!("{}/sso/callback?code=x&state=unknown", base(&site));
    assert_eq!(victim.open(&unknown).await.status, StatusCode::GONE);
    // That has not ended it for who began.
    let page = attacker.open(&back).await;
    assert!(page.text.contains("You are signed in"), "{page:?}");
    assert!(site.claim(&begun).await.session.is_some());
    site.centre.stop().await;
}

#[tokio::test]
async fn a_stolen_code_serves_nobody() {
    let site = Site::open().await;
    site.staff().await;
    let begun = site.begin().await;
    let browser = site.browser();
    let form = browser.go_on(&begun.address).await;
    let back = browser.sign_in_until_back(&form, "zhouqian").await;
    let stolen = Url::parse(&back).unwrap();
    let (_, stolen) = stolen
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap();
    let certificate = std::fs::read(&site.provider.certificate).unwrap();
    let redirect = format!("{}/sso/callback", base(&site));
    let redeemed = trusting(&[certificate])
        .post(format!("{}/token", site.provider.issuer))
        .basic_auth(CLIENT, Some("a+client%27s+secret%3A+50%25+%26+more"))
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", &*stolen),
            ("redirect_uri", &redirect),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(redeemed.status(), StatusCode::BAD_REQUEST, "without PKCE");
    let refusal = redeemed.text().await.unwrap();
    assert!(refusal.contains("invalid_grant"), "{refusal}");

    // Nor does it in a sign-in that somebody else has begun.
    let other = site.begin().await;
    let thief = site.browser();
    let form = thief.go_on(&other.address).await;
    let own = thief.sign_in_until_back(&form, "stranger").await;
    let mut own = Url::parse(&own).unwrap();
    let swapped: Vec<(String, String)> = own
        .query_pairs()
        .map(|(name, value)| {
            let value = if name == "code" {
                stolen.clone()
            } else {
                value
            };
            (name.into_owned(), value.into_owned())
        })
        .collect();
    own.query_pairs_mut().clear().extend_pairs(swapped);
    let page = thief.open(own.as_str()).await;
    assert!(page.text.contains("does not hold"), "{page:?}");
    let claim = site.try_claim(&other.claim, false).await;
    assert_eq!(code(claim).await, Code::SsoRejected);
    site.centre.stop().await;
}

#[tokio::test]
async fn a_session_elsewhere_is_asked_about_and_taken_over_without_a_browser() {
    let site = Site::open().await;
    site.staff().await;
    let first = site.centre.sign_in("zhouqian").await;
    let begun = site.begin().await;
    site.go_through(&begun, "zhouqian").await;
    let elsewhere = site.try_claim(&begun.claim, false).await;
    assert_eq!(code(elsewhere).await, Code::SignedInElsewhere);
    assert!(
        first
            .read("/api/v1/sessions/current")
            .await
            .status()
            .is_success()
    );
    let taken = site.try_claim(&begun.claim, true).await;
    let taken: SsoAnswer = taken.json().await.unwrap();
    assert!(taken.session.is_some());
    let ended = first.read("/api/v1/sessions/current").await;
    assert_eq!(code(ended).await, Code::SessionEnded);
    site.centre.stop().await;
}

#[tokio::test]
async fn what_is_late_or_cancelled_lets_nobody_in() {
    let site = Site::open().await;
    site.staff().await;
    let begun = site.begin().await;
    let cancel = ClaimSso {
        claim: begun.claim.clone(),
        take_over: false,
    };
    let cancelled = site.centre.post("/api/v1/sso/cancel", &cancel).await;
    assert_eq!(cancelled.status(), StatusCode::NO_CONTENT);
    let page = site.browser().open(&begun.address).await;
    assert_eq!(page.status, StatusCode::GONE);

    let begun = site.begin().await;
    let browser = site.browser();
    let form = browser.go_on(&begun.address).await;
    site.ahead.store(5 * 60_000, Ordering::Relaxed);
    let late = browser.sign_in(&form, "zhouqian").await;
    assert_eq!(late.status, StatusCode::GONE, "{late:?}");
    let claim = site.try_claim(&begun.claim, false).await;
    assert_eq!(code(claim).await, Code::SsoExpired);
    site.centre.stop().await;
}

#[tokio::test]
async fn passwords_are_for_whom_the_configuration_says() {
    let passwords = |who| move |config: &mut Config| config.sso.as_mut().unwrap().passwords = who;
    let site = Site::open_with(false, passwords(Passwords::Administrators)).await;
    site.staff().await;
    let agent = site.centre.try_sign_in("zhouqian", PASSWORD, true).await;
    assert_eq!(code(agent).await, Code::PasswordNotAllowed);
    // A guess does not tell who that is.
    let guess = site
        .centre
        .try_sign_in("zhouqian", "a wrong guess", true)
        .await;
    assert_eq!(code(guess).await, Code::WrongCredentials);
    let admin = site.centre.try_sign_in("admin", PASSWORD, true).await;
    assert_eq!(admin.status(), StatusCode::CREATED);
    site.centre.stop().await;

    let site = Site::open_with(false, passwords(Passwords::Nobody)).await;
    let anybody = site.centre.try_sign_in("zhouqian", PASSWORD, true).await;
    assert_eq!(code(anybody).await, Code::PasswordNotAllowed);
    site.centre.stop().await;
}

#[tokio::test]
async fn a_desk_of_another_tenant_is_turned_away_before_its_password() {
    let site = Site::open_with(false, |config| config.tenant = Some("North".into())).await;
    site.staff().await;
    let about: About = site.centre.get("/api/v1/about").await;
    assert_eq!(about.tenant.as_deref(), Some("North"));
    let sign_in = |password: &str, tenant: Option<&str>| SignIn {
        login: "zhouqian".into(),
        password: Secret::new(password),
        device: "test".into(),
        take_over: true,
        tenant: tenant.map(str::to_owned),
    };
    // More wrong passwords than lock: none of them is looked at.
    for _ in 0..7 {
        let south = sign_in("a wrong password", Some("South"));
        let refused = site.centre.post("/api/v1/sessions", &south).await;
        assert_eq!(code(refused).await, Code::WrongTenant);
    }
    for tenant in [None, Some("North"), Some(" north ")] {
        let welcome = sign_in(PASSWORD, tenant);
        let answer = site.centre.post("/api/v1/sessions", &welcome).await;
        assert_eq!(answer.status(), StatusCode::CREATED, "{tenant:?}");
    }
    let refused = error(site.try_begin(Some("South")).await).await;
    assert_eq!(refused.code, Code::WrongTenant);
    assert_eq!(
        site.try_begin(Some("north")).await.status(),
        StatusCode::CREATED
    );
    site.centre.stop().await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    let text = "issuer = \"https://a\"\nclient_id = \"c\"\naddress = \"https://center\"\nclient_secret_file = \"/nowhere/secret\"\n";
    config.sso = Some(toml::from_str(text).unwrap());
    let refused = seatline_center::start(config).await.unwrap_err();
    assert!(matches!(refused, StartError::SingleSignOn(_)), "{refused}");
    assert!(refused.to_string().contains("/nowhere/secret"), "{refused}");
    assert_eq!(refused.exit_code(), 2);
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn base(site: &Site) -> String {
    format!("https://{}", site.centre.running.address)
}
