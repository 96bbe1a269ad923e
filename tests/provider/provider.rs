//! A provider that is not ours, as a process, and a browser that goes there. The centre's tests and
//! the journeys share it.

use reqwest::{
    Certificate, Client, ClientBuilder, Response, StatusCode, Url,
    cookie::Jar,
    header::{LOCATION, ORIGIN},
    redirect::Policy,
};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

/// The client's secret at the provider.
pub(crate) const SECRET: &str = "a client's secret: 50% & more";
/// What the provider calls the centre.
pub(crate) const CLIENT: &str = "seatline";

/// Where people come back to the centre.
const BACK: &str = "/sso/callback";

/// The provider's folder, from the root.
const FOLDER: &str = "tests/provider";

/// A running provider; it ends with its owner.
pub(crate) struct Provider {
    child: Child,
    pub(crate) issuer: String,
    pub(crate) certificate: PathBuf,
    folder: PathBuf,
    redirect: String,
    strict: bool,
}

impl Provider {
    /// Starts one that sends people back to a centre at that address. A strict one tells names only
    /// apart from the ID token.
    pub(crate) fn start(folder: &Path, centre: &str, strict: bool) -> Self {
        let certificate = folder.join("provider.pem");
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(folder.join("provider.key"), made.signing_key.serialize_pem()).unwrap();
        let redirect = format!("{centre}{BACK}");
        let (child, issuer) = launch(folder, 0, &redirect, strict);
        Self {
            child,
            issuer,
            certificate,
            folder: folder.to_owned(),
            redirect,
            strict,
        }
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again at the same place, with other keys.
    pub(crate) fn start_again(&mut self) {
        self.stop();
        let port = Url::parse(&self.issuer).unwrap().port().unwrap();
        let (child, issuer) = launch(&self.folder, port, &self.redirect, self.strict);
        assert_eq!(issuer, self.issuer);
        self.child = child;
    }

    /// Has it do something wrong from now on.
    pub(crate) async fn twist(&self, how: &str) {
        let url = format!("{}/test/twist?how={how}", self.issuer);
        let client = trusting(&[self.certificates()]).build().unwrap();
        let done = client.get(url).send().await.unwrap();
        assert_eq!(done.status(), StatusCode::OK);
    }

    fn certificates(&self) -> Vec<u8> {
        std::fs::read(&self.certificate).unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(folder: &Path, port: u16, redirect: &str, strict: bool) -> (Child, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let here = root.map(|root| root.join(FOLDER)).find(|it| it.is_dir());
    let here = here.expect("the provider has a folder");
    let modules = here.join("node_modules");
    assert!(
        modules.is_dir(),
        "{} is missing: `cargo dev setup` installs it",
        modules.display()
    );
    let options = serde_json::json!({
        "port": port,
        "key": folder.join("provider.key"),
        "certificate": folder.join("provider.pem"),
        "client": CLIENT,
        "secret": SECRET,
        "redirect": redirect,
        "strict": strict,
    });
    let mut child = Command::new("node")
        .arg(here.join("provider.mjs"))
        .arg(options.to_string())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join("provider.log")).unwrap())
        .spawn()
        .expect("node runs the provider");
    let mut issuer = String::new();
    // It stays open: the provider would fail at its next word else.
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut issuer)
        .unwrap();
    let issuer = issuer.trim().to_owned();
    assert!(
        issuer.starts_with("https://"),
        "the provider did not start: {}",
        std::fs::read_to_string(folder.join("provider.log")).unwrap()
    );
    (child, issuer)
}

/// Somebody's browser: it keeps cookies and follows redirects.
pub(crate) struct Browser {
    client: Client,
    /// The same, but for the last step back to the centre.
    stopping: Client,
}

/// A page, and where it was found.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) url: Url,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new(certificates: &[Vec<u8>]) -> Self {
        let jar = Arc::new(Jar::default());
        let build = |policy| {
            let client = trusting(certificates).cookie_provider(jar.clone());
            client.redirect(policy).build().unwrap()
        };
        Self {
            client: build(Policy::default()),
            stopping: build(Policy::custom(|attempt| {
                if attempt.url().path() == BACK {
                    attempt.stop()
                } else {
                    attempt.follow()
                }
            })),
        }
    }

    pub(crate) async fn open(&self, url: &str) -> Page {
        page(self.client.get(url).send().await.unwrap()).await
    }

    /// Presses Continue on the centre's page, as a page of `origin` would.
    pub(crate) async fn go_on_from(&self, url: &str, origin: &str) -> Page {
        let request = self.client.post(url).header(ORIGIN, origin);
        page(request.send().await.unwrap()).await
    }

    /// Presses Continue on the centre's page.
    pub(crate) async fn go_on(&self, url: &str) -> Page {
        let origin = Url::parse(url).unwrap().origin().ascii_serialization();
        self.go_on_from(url, &origin).await
    }

    /// Signs in at the provider, whose form this is, and agrees to what it asks. The way ends at the
    /// centre.
    pub(crate) async fn sign_in(&self, form: &Page, login: &str) -> Page {
        let fields = [("prompt", "login"), ("login", login), ("password", "x")];
        let consent = self.fill(form, &fields).await;
        assert!(consent.text.contains("consent"), "{consent:?}");
        self.fill(&consent, &[("prompt", "consent")]).await
    }

    /// As [`Browser::sign_in`], but stops where the provider sends the person back to the centre:
    /// that address.
    pub(crate) async fn sign_in_until_back(&self, form: &Page, login: &str) -> String {
        let fields = [("prompt", "login"), ("login", login), ("password", "x")];
        let consent = self.fill(form, &fields).await;
        let action = between(&consent.text, "action=\"", "\"");
        let sent = self.stopping.post(action).form(&[("prompt", "consent")]);
        let answer = sent.send().await.unwrap();
        let back = answer.headers()[LOCATION].to_str().unwrap();
        assert!(back.contains(BACK), "{back}");
        back.to_owned()
    }

    /// Presses Cancel on the provider's form.
    pub(crate) async fn decline(&self, form: &Page) -> Page {
        let abort = between(&form.text, "<a href=\"", "\"").to_owned();
        assert!(abort.ends_with("/abort"), "{abort}");
        self.open(&abort).await
    }

    async fn fill(&self, form: &Page, fields: &[(&str, &str)]) -> Page {
        let action = between(&form.text, "action=\"", "\"");
        page(self.client.post(action).form(fields).send().await.unwrap()).await
    }
}

async fn page(response: Response) -> Page {
    Page {
        status: response.status(),
        url: response.url().clone(),
        text: response.text().await.unwrap(),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

/// A client that trusts those certificates.
pub(crate) fn trusting(certificates: &[Vec<u8>]) -> ClientBuilder {
    // Another test of this program may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().tls_built_in_root_certs(false).no_proxy();
    certificates
        .iter()
        .map(|pem| Certificate::from_pem(pem).unwrap())
        .fold(client, ClientBuilder::add_root_certificate)
}
