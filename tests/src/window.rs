//! The app's real window, driven through tauri-driver and WebKitWebDriver.

use crate::{
    built,
    centre::Centre,
    keyring,
    process::{Program, wait_for},
    screen::Screen,
    sound::SoundServer,
};
use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, error::CmdError, key::Key};
use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// How long anything in the window may take to appear.
const PATIENCE: Duration = Duration::from_secs(15);

/// The app, running.
pub struct Window {
    client: Client,
    _driver: Program,
    data: PathBuf,
}

impl Window {
    /// Starts the app with its data in `folder`.
    ///
    /// # Errors
    /// When the app is not built, a driver is missing, or no window appears.
    pub async fn open(
        folder: &Path,
        centre: &Centre,
        screen: &Screen,
        sound: &SoundServer,
    ) -> Result<Self> {
        Self::open_on(folder, centre, screen, sound, None).await
    }

    /// As [`Window::open`], in the D-Bus session at that address.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_on(
        folder: &Path,
        centre: &Centre,
        screen: &Screen,
        sound: &SoundServer,
        bus: Option<&str>,
    ) -> Result<Self> {
        let program = built("seatline")?;
        Self::open_program(&program, folder, centre, screen, sound, bus).await
    }

    /// Starts the app on a computer where no centre and no authority is laid down.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_unmanaged(
        folder: &Path,
        screen: &Screen,
        sound: &SoundServer,
    ) -> Result<Self> {
        Self::launch(&built("seatline")?, folder, None, screen, sound, &[]).await
    }

    /// As [`Window::open`], with more variables in its environment.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_knowing(
        folder: &Path,
        centre: &Centre,
        screen: &Screen,
        sound: &SoundServer,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let program = built("seatline")?;
        Self::launch(&program, folder, Some(centre), screen, sound, variables).await
    }

    /// Starts another program with a window, in the same surroundings.
    ///
    /// # Errors
    /// As [`Window::open`].
    pub async fn open_program(
        program: &Path,
        folder: &Path,
        centre: &Centre,
        screen: &Screen,
        sound: &SoundServer,
        bus: Option<&str>,
    ) -> Result<Self> {
        let bus: Vec<_> = bus
            .map(|address| (keyring::BUS, address.to_owned()))
            .into_iter()
            .collect();
        Self::launch(program, folder, Some(centre), screen, sound, &bus).await
    }

    async fn launch(
        program: &Path,
        folder: &Path,
        centre: Option<&Centre>,
        screen: &Screen,
        sound: &SoundServer,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let data = folder.join("desk");
        std::fs::create_dir_all(&data)?;
        speak_chinese(&data.join("settings.json"))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let native = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("tauri-driver");
        if let Some(centre) = centre {
            command
                .env("SEATLINE_CENTRE", &centre.url)
                .env("SEATLINE_CA", &centre.certificate);
        }
        let driver = Program::start(
            "tauri-driver",
            command
                .args([
                    "--port",
                    &port.to_string(),
                    "--native-port",
                    &native.to_string(),
                ])
                .args(["--native-host", "127.0.0.1"])
                .envs(variables.iter().map(|(name, value)| (name, value)))
                .env("DISPLAY", screen.display())
                .env("PULSE_SERVER", sound.address())
                .env("XDG_DATA_HOME", folder)
                .env("XDG_CONFIG_HOME", folder)
                .env("XDG_CACHE_HOME", folder)
                .env("LANG", "zh_CN.UTF-8")
                .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
                .stdin(Stdio::null())
                .stdout(std::fs::File::create(folder.join("window.log"))?)
                .stderr(std::fs::File::create(folder.join("window-errors.log"))?),
        )?;
        wait_for("tauri-driver", PATIENCE, || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        })?;
        // tauri-driver starts WebKitWebDriver and translates its own options into these. Its proxy
        // drops connections under quick requests, so the session is held with the driver itself.
        Self::through(driver, native, program, &data).await
    }

    /// Has a WebKitWebDriver that listens on that port open a program with its data in `data`.
    ///
    /// # Errors
    /// When the driver does not answer, or no window appears.
    pub async fn through(driver: Program, port: u16, program: &Path, data: &Path) -> Result<Self> {
        wait_for("WebKitWebDriver", PATIENCE, || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        })?;
        let capabilities = serde_json::json!({
            "webkitgtk:browserOptions": { "binary": program, "args": ["--data-dir", data] },
        });
        let serde_json::Value::Object(capabilities) = capabilities else {
            bail!("capabilities are an object")
        };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("the app's window does not open")?;
        Ok(Self {
            client,
            _driver: driver,
            data: data.to_path_buf(),
        })
    }

    /// The driver's own client, for what is not here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The folder of the app's data.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Waits for the element with this `data-testid`.
    ///
    /// # Errors
    /// When it does not appear in time.
    pub async fn find(&self, id: &str) -> Result<()> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            // A page that is being loaded anew cannot be asked.
            match self.has(id).await {
                Ok(true) => return Ok(()),
                there if std::time::Instant::now() > deadline => {
                    bail!("{id} does not appear: {there:?}");
                }
                _ => tokio::time::sleep(Duration::from_millis(30)).await,
            }
        }
    }

    /// Whether the element is there now.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn has(&self, id: &str) -> Result<bool> {
        // One question in the page itself: the driver makes handles of what it finds, and fails
        // for an element that is drawn anew meanwhile.
        let script = "return document.querySelector(arguments[0]) !== null";
        let there = self
            .client
            .execute(script, vec![selector(id).into()])
            .await?;
        Ok(there == true)
    }

    /// Clicks an element as soon as it can act.
    ///
    /// # Errors
    /// When it does not appear, or stays dimmed or busy.
    pub async fn click(&self, id: &str) -> Result<()> {
        // A driver clicks what cannot act, too, and nobody is told.
        let script = "const [selector, idle] = arguments;
            return document.querySelector(selector)?.matches(idle) ?? null";
        let idle = ":not(:disabled, [aria-disabled='true'], [aria-busy='true'])";
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let arguments = vec![selector(id).into(), idle.into()];
            // A page that is being loaded anew cannot be asked.
            match self.client.execute(script, arguments).await {
                Ok(can_act) if can_act == true => break,
                answer if std::time::Instant::now() > deadline => {
                    bail!("{id} cannot be clicked: {answer:?}");
                }
                _ => tokio::time::sleep(Duration::from_millis(30)).await,
            }
        }
        self.act(id, "clicking", async |element| element.click().await)
            .await
    }

    /// Replaces the text of a field.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        self.act(id, "typing into", async |field| {
            field.clear().await?;
            field.send_keys(text).await
        })
        .await
    }

    /// Does something with an element. The page may draw it anew in between; then it is done again.
    async fn act(
        &self,
        id: &str,
        doing: &str,
        act: impl AsyncFn(Element) -> Result<(), CmdError>,
    ) -> Result<()> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let acted = match self.client.find(Locator::Css(&selector(id))).await {
                Ok(element) => act(element).await,
                Err(error) => Err(error),
            };
            match acted {
                Ok(()) => return Ok(()),
                Err(error) if std::time::Instant::now() > deadline => {
                    return Err(error).with_context(|| format!("{doing} {id}"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(30)).await,
            }
        }
    }

    /// Chooses an option of a list by its value. WebKit draws lists outside of the page, where a
    /// driver cannot click.
    ///
    /// # Errors
    /// When there is no such list or option.
    pub async fn choose(&self, id: &str, value: &str) -> Result<()> {
        self.choose_option(id, "option.value", value).await
    }

    /// As [`Window::choose`], by the text of the option.
    ///
    /// # Errors
    /// When there is no such list or option.
    pub async fn choose_named(&self, id: &str, name: &str) -> Result<()> {
        self.choose_option(id, "option.text.trim()", name).await
    }

    /// Chooses the option of which `property`, an expression of the page's, is `wanted`.
    async fn choose_option(&self, id: &str, property: &str, wanted: &str) -> Result<()> {
        let script = format!(
            "const list = document.querySelector(arguments[0]);
            const options = [...(list?.options ?? [])];
            const option = options.find((option) => {property} === arguments[1]);
            if (!option) return false;
            list.value = option.value;
            list.dispatchEvent(new Event('change', {{ bubbles: true }}));
            return true;"
        );
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let arguments = vec![selector(id).into(), wanted.into()];
            if self.client.execute(&script, arguments).await? == true {
                return Ok(());
            }
            anyhow::ensure!(
                std::time::Instant::now() < deadline,
                "{id} has no option {wanted}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Presses Enter in a field.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn enter(&self, id: &str) -> Result<()> {
        let enter = char::from(Key::Enter).to_string();
        self.act(id, "pressing Enter in", async |field| {
            field.send_keys(&enter).await
        })
        .await
    }

    /// Text of an element, as soon as it has one.
    ///
    /// # Errors
    /// When it does not appear or stays empty.
    pub async fn text(&self, id: &str) -> Result<String> {
        self.wait_property(id, "innerText", |text| !text.trim().is_empty())
            .await
    }

    /// Waits until an element's attribute satisfies `wanted`; an absent one reads as empty.
    ///
    /// # Errors
    /// Its last value, when it does not in time.
    pub async fn wait_attribute(
        &self,
        id: &str,
        attribute: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let read = async |element: Element| element.attr(attribute).await;
        self.wait_value(id, attribute, read, wanted).await
    }

    /// As [`Window::wait_attribute`], for a property such as a field's `value`.
    ///
    /// # Errors
    /// Its last value, when it does not in time.
    pub async fn wait_property(
        &self,
        id: &str,
        property: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let read = async |element: Element| element.prop(property).await;
        self.wait_value(id, property, read, wanted).await
    }

    async fn wait_value(
        &self,
        id: &str,
        name: &str,
        read: impl AsyncFn(Element) -> Result<Option<String>, CmdError>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            // An element that is drawn anew at this moment is an error of the driver, too.
            let value = match self.client.find(Locator::Css(&selector(id))).await {
                Ok(element) => read(element).await.ok().map(Option::unwrap_or_default),
                Err(_) => None,
            };
            if let Some(value) = value.as_deref().filter(|value| wanted(value)) {
                return Ok(value.to_owned());
            }
            if std::time::Instant::now() > deadline {
                bail!("{id}: {name} stays {value:?}");
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// From now on notes the moment at which the element with this id is first drawn.
    ///
    /// # Errors
    /// When the window is gone.
    pub async fn watch_for(&self, id: &str) -> Result<()> {
        let script = "const [selector, id] = arguments; window.seen ??= {}; delete window.seen[id];
            const look = () => {
                if (!document.querySelector(selector)) return requestAnimationFrame(look);
                window.seen[id] = performance.timeOrigin + performance.now();
            };
            look();";
        self.client
            .execute(script, vec![selector(id).into(), id.into()])
            .await?;
        Ok(())
    }

    /// When the element watched for was first drawn, ms since 1970.
    ///
    /// # Errors
    /// When it has not been.
    pub async fn seen_at(&self, id: &str) -> Result<f64> {
        let seen = self
            .client
            .execute("return window.seen[arguments[0]]", vec![id.into()])
            .await?;
        seen.as_f64()
            .with_context(|| format!("{id} has not been drawn"))
    }

    /// Waits until the page is in a language (`zh-CN`, `en`) and theme (`light`, `dark`).
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn wait_look(&self, language: &str, theme: &str) -> Result<()> {
        let look =
            "const { lang, dataset } = document.documentElement; return [lang, dataset.theme]";
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let now = self.client.execute(look, Vec::new()).await?;
            if now == serde_json::json!([language, theme]) {
                return Ok(());
            }
            anyhow::ensure!(std::time::Instant::now() < deadline, "the page stays {now}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until an element is gone.
    ///
    /// # Errors
    /// When it stays.
    pub async fn gone(&self, id: &str) -> Result<()> {
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.has(id).await? {
            if std::time::Instant::now() > deadline {
                bail!("{id} stays");
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(())
    }

    /// Process id of the app.
    ///
    /// # Errors
    /// When it is not running.
    pub fn app_process(&self) -> Result<u32> {
        self.process("seatline")
    }

    /// Process id of the program of this name that this window was opened with.
    ///
    /// # Errors
    /// When it is not running.
    pub fn process(&self, name: &str) -> Result<u32> {
        let output = Command::new("pgrep")
            .arg("--full")
            .arg(format!("^[^ ]*/{name} .*{}", self.data.display()))
            .output()?;
        let found = String::from_utf8(output.stdout)?;
        found
            .lines()
            .next()
            .with_context(|| format!("{name} is not running"))?
            .parse()
            .context("a process id")
    }

    /// Signs in as the demo's agent.
    ///
    /// # Errors
    /// When the desk does not come up.
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<()> {
        self.fill("sign-in-login", login).await?;
        self.fill("sign-in-password", password).await?;
        self.click("sign-in-submit").await?;
        self.find("strip").await?;
        Ok(())
    }

    /// Saves what the page shows as PNG, once its transitions have ended.
    ///
    /// # Errors
    /// When the window is gone or the file cannot be written.
    pub async fn take_picture(&self, file: &Path) -> Result<()> {
        let moving = "return document.getAnimations()
            .some((one) => one.playState === 'running' && one.effect.getTiming().iterations === 1)";
        let deadline = std::time::Instant::now() + Duration::from_secs(2);
        while self.client.execute(moving, Vec::new()).await? == true
            && std::time::Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // WebKit takes the picture with its next painting, and paints a page only when it changes.
        let change = "window.painting = setInterval(() => {
            const { style } = document.body;
            style.opacity = style.opacity === '1' ? '0.999' : '1';
        }, 30)";
        let stop = "clearInterval(window.painting); document.body.style.opacity = ''";
        self.client.execute(change, Vec::new()).await?;
        let picture = self.client.screenshot().await;
        self.client.execute(stop, Vec::new()).await?;
        std::fs::write(file, picture?)?;
        Ok(())
    }

    /// Ends the session and the app.
    ///
    /// # Errors
    /// When the driver is gone.
    pub async fn close(&self) -> Result<()> {
        Ok(self.client.clone().close().await?)
    }
}

/// Chooses the app's language at its first start: the system's depends on what is installed.
fn speak_chinese(settings: &Path) -> Result<()> {
    if settings.exists() {
        return Ok(());
    }
    let keys = ["answer", "hang_up", "mute", "hold"]
        .into_iter()
        .zip("AHML".chars());
    let hotkeys: serde_json::Map<_, _> = keys
        .map(|(what, key)| (what.to_owned(), format!("Ctrl+Alt+{key}").into()))
        .collect();
    let chosen = serde_json::json!({
        "settings": { "language": "zh", "theme": "light", "hotkeys": hotkeys, "notify": true },
    });
    Ok(std::fs::write(settings, chosen.to_string())?)
}

fn selector(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}
