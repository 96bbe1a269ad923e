//! A provider that is not ours, as a process, and a browser that goes there. The centre's tests and
//! the journeys share it.

use reqwest::{
    Certificate, Client, ClientBuilder, RequestBuilder, Response, StatusCode, Url,
    header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE},
    redirect::Policy,
};
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Mutex,
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
        std::fs::write(
            folder.join("provider.key"),
            made.signing_key.serialize_pem(),
        )
        .unwrap();
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
        let client = trusting(&[self.certificates()]);
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
    cookies: Mutex<Vec<Cookie>>,
}

/// What a server has left in a browser.
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
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
        Self {
            client: trusting(certificates),
            cookies: Mutex::default(),
        }
    }

    pub(crate) async fn open(&self, url: &str) -> Page {
        self.walk(self.client.get(url), None).await
    }

    /// Presses Continue on the centre's page, as a page of `origin` would.
    pub(crate) async fn go_on_from(&self, url: &str, origin: &str) -> Page {
        let request = self.client.post(url).header(ORIGIN, origin);
        self.walk(request, None).await
    }

    /// Presses Continue on the centre's page.
    pub(crate) async fn go_on(&self, url: &str) -> Page {
        let origin = Url::parse(url).unwrap().origin().ascii_serialization();
        self.go_on_from(url, &origin).await
    }

    /// Signs in at the provider, whose form this is, and agrees to what it asks. The way ends at the
    /// centre.
    pub(crate) async fn sign_in(&self, form: &Page, login: &str) -> Page {
        let back = self.sign_in_until_back(form, login).await;
        self.open(&back).await
    }

    /// As [`Browser::sign_in`], but stops where the provider sends the person back to the centre:
    /// that address.
    pub(crate) async fn sign_in_until_back(&self, form: &Page, login: &str) -> String {
        let fields = [("prompt", "login"), ("login", login), ("password", "x")];
        let consent = self.fill(form, &fields).await;
        assert!(consent.text.contains("consent"), "{consent:?}");
        let back = self.fill(&consent, &[("prompt", "consent")]).await;
        assert_eq!(back.url.path(), BACK, "{back:?}");
        back.url.into()
    }

    /// Presses Cancel on the provider's form.
    pub(crate) async fn decline(&self, form: &Page) -> Page {
        let abort = between(&form.text, "<a href=\"", "\"").to_owned();
        assert!(abort.ends_with("/abort"), "{abort}");
        self.open(&abort).await
    }

    /// Sends a form, and stops at the last step back to the centre.
    async fn fill(&self, form: &Page, fields: &[(&str, &str)]) -> Page {
        let action = between(&form.text, "action=\"", "\"");
        self.walk(self.client.post(action).form(fields), Some(BACK))
            .await
    }

    /// Goes where it is sent, but not to a page of the path `stop`.
    async fn walk(&self, request: RequestBuilder, stop: Option<&str>) -> Page {
        let mut request = request.build().unwrap();
        for _ in 0..10 {
            let url = request.url().clone();
            let cookies = self.cookies_for(&url);
            request
                .headers_mut()
                .insert(COOKIE, cookies.parse().unwrap());
            let answer = self.client.execute(request).await.unwrap();
            let status = answer.status();
            self.keep_cookies(&url, &answer);
            let next = answer.headers().get(LOCATION);
            let next = next.map(|next| url.join(next.to_str().unwrap()).unwrap());
            match next {
                Some(next) if status.is_redirection() => {
                    if Some(next.path()) == stop {
                        return Page {
                            status,
                            url: next,
                            text: String::new(),
                        };
                    }
                    request = self.client.get(next).build().unwrap();
                }
                _ => {
                    return Page {
                        status,
                        url,
                        text: answer.text().await.unwrap(),
                    };
                }
            }
        }
        panic!("sent around in circles");
    }

    fn cookies_for(&self, url: &Url) -> String {
        let cookies = self.cookies.lock().unwrap();
        let fitting = cookies.iter().filter(|cookie| {
            Some(cookie.host.as_str()) == url.host_str() && url.path().starts_with(&cookie.path)
        });
        let pairs: Vec<String> = fitting
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        pairs.join("; ")
    }

    fn keep_cookies(&self, url: &Url, answer: &Response) {
        let mut cookies = self.cookies.lock().unwrap();
        for header in answer.headers().get_all(SET_COOKIE) {
            let mut parts = header.to_str().unwrap().split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let path = parts.find_map(|part| {
                let (attribute, value) = part.split_once('=')?;
                attribute.eq_ignore_ascii_case("path").then_some(value)
            });
            let cookie = Cookie {
                host: url.host_str().unwrap().to_owned(),
                path: path.unwrap_or("/").to_owned(),
                name: name.to_owned(),
                value: value.to_owned(),
            };
            cookies.retain(|known| (&known.name, &known.path) != (&cookie.name, &cookie.path));
            // An empty one takes the former away.
            if !value.is_empty() {
                cookies.push(cookie);
            }
        }
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

/// A client that trusts those certificates, and goes nowhere by itself.
pub(crate) fn trusting(certificates: &[Vec<u8>]) -> Client {
    // Another test of this program may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .tls_built_in_root_certs(false)
        .redirect(Policy::none())
        .no_proxy();
    certificates
        .iter()
        .map(|pem| Certificate::from_pem(pem).unwrap())
        .fold(client, ClientBuilder::add_root_certificate)
        .build()
        .unwrap()
}
