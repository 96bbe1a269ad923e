//! Signing in through the person's own browser, and a computer that is set up for another tenant.

#[expect(dead_code, reason = "the tests of the centre use the rest of it")]
#[path = "../provider/provider.rs"]
mod provider;

use anyhow::{Context, Result};
use provider::{Browser, CLIENT, Provider, SECRET};
use seatline_tests::{
    agent::{Agent, desk_command, finding},
    centre::{AGENT, Centre, PASSWORD},
    keyring, output_folder,
    process::{Program, wait_for},
    screen::Screen,
    sound::SoundServer,
    stage_address,
    window::Window,
};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// A centre whose people sign in at a foreign provider, and a computer.
struct Set {
    centre: Centre,
    provider: Provider,
    sound: SoundServer,
    _keyring: Program,
    folder: tempfile::TempDir,
}

impl Set {
    fn up() -> Result<Self> {
        // Another part of the program may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::Builder::new().prefix("journey-").tempdir()?;
        let path = folder.path();
        let mut centre = Centre::start(path, stage_address()?)?;
        let provider = Provider::start(path, &centre.url, false);
        let secret = path.join("client-secret");
        fs::write(&secret, SECRET)?;
        centre.start_again_told(&format!(
            "tenant = \"北区\"\n\
             sso.issuer = {:?}\nsso.client_id = \"{CLIENT}\"\nsso.client_secret_file = {secret:?}\n\
             sso.address = {:?}\nsso.authority_file = {:?}\n\
             sso.name_zh = \"统一认证\"\nsso.name_en = \"Company ID\"\n",
            provider.issuer, centre.url, provider.certificate
        ))?;
        Ok(Self {
            sound: SoundServer::start(path)?,
            _keyring: keyring::start(path)?,
            centre,
            provider,
            folder,
        })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes what the site's IT has decided for this computer.
    fn decide(&self, more: &str) -> Result<PathBuf> {
        let file = self.path().join("policy.toml");
        let (url, authority) = (&self.centre.url, self.centre.certificate.display());
        let place = format!("ServerUrl = \"{url}\"\nAuthorityFile = \"{authority}\"\n");
        fs::write(&file, place + more)?;
        Ok(file)
    }

    /// The person's browser, with its own cookies.
    fn browser(&self) -> Result<Browser> {
        let certificates = [&self.centre.certificate, &self.provider.certificate];
        let read: std::io::Result<Vec<_>> = certificates.iter().map(fs::read).collect();
        Ok(Browser::new(&read?))
    }
}

/// The system's opener of pages, which writes down what it is to open.
struct Opener(PathBuf);

impl Opener {
    fn install(folder: &Path) -> Result<Self> {
        let bin = folder.join("bin");
        fs::create_dir_all(&bin)?;
        let program = bin.join("xdg-open");
        let opened = folder.join("opened");
        // In one piece, so that nobody reads half of it.
        fs::write(
            &program,
            "#!/bin/sh\nprintf %s \"$1\" > \"$0.part\" && mv \"$0.part\" \"$SEATLINE_OPENED\"\n",
        )?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(Self(opened))
    }

    /// What makes a program find it first.
    fn variables(&self) -> Result<[(&'static str, String); 2]> {
        let bin = self.0.with_file_name("bin");
        let path = std::env::var("PATH")?;
        Ok([
            ("PATH", format!("{}:{path}", bin.display())),
            ("SEATLINE_OPENED", self.0.display().to_string()),
        ])
    }

    /// The page that was to be opened.
    fn opened(&self) -> Result<String> {
        let address = wait_for("a page is opened", Duration::from_secs(15), || {
            fs::read_to_string(&self.0).ok()
        })?;
        fs::remove_file(&self.0)?;
        Ok(address)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_leads_through_the_browser_into_the_window() {
    let set = Set::up().unwrap();
    let screen = Screen::start(set.path()).unwrap();
    let opener = Opener::install(set.path()).unwrap();
    let policy = set.decide("Tenant = \"北区\"\nSso = true\n").unwrap();
    let mut variables = opener.variables().unwrap().to_vec();
    variables.push(("SEATLINE_POLICY", policy.display().to_string()));
    let open = || Window::open_knowing(set.path(), &set.centre, &screen, &set.sound, &variables);
    let window = open().await.unwrap();
    let output = output_folder("single-sign-on").unwrap();
    let picture = async |window: &Window, name: &str| {
        let file = output.join(format!("{name}.png"));
        window.take_picture(&file).await.unwrap();
    };

    // Single sign-on comes first, by the name of the site's own service.
    let named = |text: &str| text.contains("统一认证");
    window
        .wait_property("sign-in-sso", "innerText", named)
        .await
        .unwrap();
    assert!(!window.has("sign-in-password").await.unwrap());
    picture(&window, "1-offered").await;

    // Given up, and begun again.
    window.click("sign-in-sso").await.unwrap();
    let given_up = opener.opened().unwrap();
    window.click("sso-cancel").await.unwrap();
    window.find("sign-in-sso").await.unwrap();
    assert!(!window.has("sign-in-error").await.unwrap());
    window.click("sign-in-sso").await.unwrap();
    let address = opener.opened().unwrap();
    let code = window.text("sso-code").await.unwrap();
    let code = code.split_whitespace().last().unwrap().to_owned();
    picture(&window, "2-waiting").await;

    let browser = set.browser().unwrap();
    // The centre is told of it while the person goes on.
    let begun = Instant::now();
    loop {
        let gone = browser.open(&given_up).await;
        if gone.text.contains("此登录已结束") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "{gone:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let page = browser.open(&address).await;
    assert!(page.text.contains(&code), "{code} in {page:?}");
    let form = browser.go_on(&address).await;
    window
        .wait_attribute("sso-status", "data-opened", |opened| opened == "true")
        .await
        .unwrap();
    let page = browser.sign_in(&form, AGENT).await;
    assert!(page.text.contains("回到 Seatline"), "{page:?}");
    window.find("strip").await.unwrap();
    window
        .wait_attribute("status-line", "data-line", |state| state == "up")
        .await
        .unwrap();
    picture(&window, "3-signed-in").await;

    // Killed, it is back in its session without a password and without a browser.
    let app = window.app_process().unwrap().to_string();
    let killed = Command::new("kill").args(["-KILL", &app]).status();
    assert!(killed.unwrap().success());
    drop(window);
    let window = open().await.unwrap();
    window.find("strip").await.unwrap();
    assert!(!opener.0.exists(), "no page was opened for it");

    // A stranger of the centre's is told so, where they wait.
    window.click("view-settings").await.unwrap();
    window.click("sign-out").await.unwrap();
    window
        .wait_property("sign-in-sso", "innerText", named)
        .await
        .unwrap();
    window.click("sign-in-sso").await.unwrap();
    let address = opener.opened().unwrap();
    let browser = set.browser().unwrap();
    let form = browser.go_on(&address).await;
    let page = browser.sign_in(&form, "stranger").await;
    assert!(page.text.contains("没有您的账号"), "{page:?}");
    window
        .wait_attribute("sign-in-error", "data-code", |code| {
            code == "sso_unknown_person"
        })
        .await
        .unwrap();
    picture(&window, "4-unknown-person").await;
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_of_another_tenant_is_told_in_both_languages() {
    let set = Set::up().unwrap();
    let screen = Screen::start(set.path()).unwrap();
    let policy = set
        .decide("Tenant = \"南区\"\nLanguage = \"zh-CN\"\n")
        .unwrap();
    let variables = [("SEATLINE_POLICY", policy.display().to_string())];
    let window = Window::open_knowing(set.path(), &set.centre, &screen, &set.sound, &variables)
        .await
        .unwrap();
    window.fill("sign-in-login", AGENT).await.unwrap();
    window.fill("sign-in-password", PASSWORD).await.unwrap();
    window.click("sign-in-submit").await.unwrap();
    window
        .wait_attribute("sign-in-error", "data-code", |code| code == "wrong_tenant")
        .await
        .unwrap();
    let output = output_folder("single-sign-on").unwrap();
    for (language, tag, mine, theirs) in [
        ("zh-CN", "zh-CN", "属于南区", "服务于北区"),
        ("en-US", "en", "set up for 南区", "serves 北区"),
    ] {
        set.decide(&format!("Tenant = \"南区\"\nLanguage = \"{language}\"\n"))
            .unwrap();
        let both = |text: &str| text.contains(mine) && text.contains(theirs);
        window
            .wait_property("sign-in-error", "innerText", both)
            .await
            .unwrap();
        let file = output.join(format!("tenant-{tag}.png"));
        window.take_picture(&file).await.unwrap();
    }
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_without_a_window_says_which_page_to_open_and_a_check_looks_beforehand() {
    let mut set = Set::up().unwrap();
    let policy = |set: &Set, more: &str| fs::read_to_string(set.decide(more).unwrap()).unwrap();
    let check = |set: &Set, more: &str| -> Result<Value> {
        let output = desk_command(set.path(), &set.sound, &policy(set, more))?
            .args(["--check", "--json"])
            .output()?;
        let report: Value = serde_json::from_slice(&output.stdout)?;
        println!("{report:#}");
        Ok(report)
    };
    let report = check(&set, "Tenant = \"北区\"\nSso = true\n").unwrap();
    assert_eq!(finding(&report, "single_sign_on")["outcome"], "passed");
    assert_eq!(report["policy"]["Tenant"]["value"], "北区");
    assert_eq!(report["policy"]["Sso"]["value"], true);
    assert_eq!(finding(&report, "centre")["facts"]["tenant"], "北区");
    let report = check(&set, "Tenant = \"南区\"\n").unwrap();
    let refused = &finding(&report, "sign_in")["failure"];
    assert_eq!(refused["code"], "wrong_tenant");
    assert_eq!(
        (&refused["expected"], &refused["subject"]),
        (&json!("南区"), &json!("北区"))
    );

    let decided = policy(&set, "Tenant = \"北区\"\n");
    let mut command = desk_command(set.path(), &set.sound, &decided).unwrap();
    let agent = Agent::run(command.arg("--headless-agent"), set.path()).unwrap();
    let request = json!({ "centre": set.centre.url, "remember": false, "take_over": false });
    let line =
        json!({ "id": "sso", "command": "sign_in_sso", "arguments": { "request": request } });
    agent.write(line.to_string().as_bytes()).unwrap();
    let view = agent.see("a page to open", |view| view["sso"].is_object());
    let address = view.unwrap()["sso"]["address"].as_str().unwrap().to_owned();
    let browser = set.browser().unwrap();
    let form = browser.go_on(&address).await;
    browser.sign_in(&form, AGENT).await;
    let answer = agent.answer(&json!("sso")).unwrap();
    assert!(answer["error"].is_null(), "{answer}");
    let online = |view: &Value| view["connection"]["kind"] == "online";
    let view = agent.see("signed in", online).unwrap();
    assert_eq!(view["me"]["login"], AGENT);
    assert!(agent.end().unwrap().success());

    set.provider.stop();
    set.centre
        .start_again_told("")
        .context("the centre")
        .unwrap();
    let report = check(&set, "Sso = true\n").unwrap();
    let away = finding(&report, "single_sign_on");
    assert_eq!(away["outcome"], "failed");
    assert_eq!(away["failure"]["code"], "sso_unreachable");
    assert_eq!(
        finding(&report, "sign_in")["outcome"],
        "passed",
        "passwords"
    );
}
