//! The centre of the package: laid out from its zip, and a service of Windows.

use crate::wine::Wine;
use reqwest::{Certificate, Client, StatusCode};
use seatline_tests::{centre::free_port, process::Program, sid, stage_address};
use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};

/// What people unpack.
const ZIP: &str = concat!("Seatline-Center-", env!("CARGO_PKG_VERSION"), "-x64.zip");

/// Where they unpack it to on drive C, with letters that no code page of Wine's has.
const FOLDER: &str = "呼叫 中心";

/// Where the configuration of the zip keeps the data.
const DATA: &str = "ProgramData/Seatline Center";

const LOGIN: &str = "admin";
const PASSWORD: &str = "a windows centre";

/// How long Windows and a service may take, which is long on a busy computer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Each step begins when its file is there, and leaves its exit code and what it said. Without a
/// program of a person's the computer would turn off between them. A service that answers no more
/// may still be stopping, and cannot be started until it has stopped.
const STEPS: &str = r#"cd /run/seatline
    wineserver --persistent=120
    step() {
        name=$1
        shift
        until [ -e "$name" ]; do sleep 0.1; done
        wine "$@" > "$name.said" 2>&1
        echo $? > "$name.code"
    }
    stopped() {
        until wine sc query SeatlineCenter 2>&1 | grep -q STOPPED; do sleep 0.1; done
    }
    center="C:\\$1\\seatline-center.exe"
    config="C:\\$1\\center.toml"
    step relative "$center" --config "$config" --data-dir data service install
    step install "$center" --config "$config" service install
    step again "$center" --config "$config" service install
    step stop sc stop SeatlineCenter
    stopped
    step start sc start SeatlineCenter
    step halt sc stop SeatlineCenter
    stopped
    step refused sc start SeatlineCenter
    step uninstall "$center" --config "$config" service uninstall
    wineserver --kill
    "#;

/// A Windows computer on which the steps are taken one by one.
struct Computer {
    wine: Wine,
    _steps: Program,
}

impl Computer {
    /// With the zip unpacked, and its configuration told this address.
    fn start(address: &str) -> Self {
        let wine = Wine::start().unwrap();
        let zip = crate::package::folder().unwrap().join(ZIP);
        fs::copy(zip, wine.shared().join(ZIP)).unwrap();
        let output = sid::command("unzip", wine.shared())
            .unwrap()
            .arg(Path::new(sid::FOLDER).join(ZIP))
            .arg("-d")
            .arg(format!("{}/prefix/drive_c/{FOLDER}", sid::FOLDER))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let (ip, _) = address.rsplit_once(':').unwrap();
        let file = wine.drive(FOLDER).join("center.toml");
        let packed = fs::read_to_string(&file).unwrap();
        let told = format!(
            "{packed}\nlisten = \"{address}\"\nhosts = [\"{ip}\"]\n\
             [media]\naddress = \"{ip}\"\n[sip]\nudp = \"{ip}:0\"\n"
        );
        fs::write(&file, told).unwrap();
        let mut steps = wine.script(STEPS, &[FOLDER]).unwrap();
        Self {
            _steps: Program::start("Wine", &mut steps).unwrap(),
            wine,
        }
    }

    /// Takes the next step; gives its exit code and what it said.
    async fn step(&self, name: &str) -> (String, String) {
        let read = |kind| fs::read(self.wine.shared().join(format!("{name}.{kind}")));
        fs::write(self.wine.shared().join(name), "").unwrap();
        let is_over = async || read("code").is_ok_and(|code| code.ends_with(b"\n"));
        wait_until(name, is_over).await;
        let text = |kind| String::from_utf8_lossy(&read(kind).unwrap()).into_owned();
        let (code, said) = (text("code").trim().to_owned(), text("said"));
        println!("{name} gives {code}\n{said}");
        (code, said)
    }

    fn is_service(&self) -> bool {
        let registry = self.wine.registry().unwrap();
        registry
            .iter()
            .any(|line| line.contains(r"Services\\SeatlineCenter"))
    }
}

/// What the service has logged.
fn logged(data: &Path) -> String {
    let logs = fs::read_dir(data.join("logs")).unwrap();
    logs.map(|log| fs::read_to_string(log.unwrap().path()).unwrap())
        .collect()
}

async fn wait_until(what: &str, is_true: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !is_true().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(waited.await.is_ok(), "{what}: not within {PATIENCE:?}");
}

async fn answers(client: &Client, url: &str) -> bool {
    let about = client.get(format!("{url}/api/v1/about")).send().await;
    about.is_ok_and(|answer| answer.status() == StatusCode::OK)
}

async fn post(client: &Client, url: String, body: Value) -> StatusCode {
    client.post(url).json(&body).send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_becomes_a_service_that_is_set_up_restarted_and_removed() {
    // Another part of the program may have chosen the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = free_port(stage_address().unwrap()).unwrap().to_string();
    let computer = Computer::start(&address);
    let url = format!("https://{address}");

    let (code, said) = computer.step("relative").await;
    assert_eq!(code, "1");
    assert!(said.contains("must be a full path"), "{said}");

    let (code, said) = computer.step("install").await;
    assert_eq!(code, "0", "{said}");
    let data = computer.wine.drive(DATA);
    let set_up_code = data.join("set-up-code.txt");
    wait_until("the service starts", async || set_up_code.is_file()).await;
    let certificate = fs::read(data.join("certificate.pem")).unwrap();
    let client = Client::builder()
        .tls_built_in_root_certs(false)
        .add_root_certificate(Certificate::from_pem(&certificate).unwrap())
        .build()
        .unwrap();
    assert!(answers(&client, &url).await);
    let administrator = json!({
        "code": fs::read_to_string(&set_up_code).unwrap().trim(),
        "login": LOGIN,
        "name": "Admin",
        "password": PASSWORD,
    });
    let status = post(&client, format!("{url}/api/v1/setup"), administrator).await;
    assert!(status.is_success(), "{status}");

    let (code, said) = computer.step("again").await;
    assert_eq!(code, "1", "{said}");
    assert!(
        answers(&client, &url).await,
        "a second installation harms none"
    );

    // What was written is there after a restart, and the code has gone.
    let (code, said) = computer.step("stop").await;
    assert_eq!(code, "0", "{said}");
    wait_until("it stops", async || !answers(&client, &url).await).await;
    let (code, said) = computer.step("start").await;
    assert_eq!(code, "0", "{said}");
    wait_until("it answers", async || answers(&client, &url).await).await;
    let sign_in = json!({ "login": LOGIN, "password": PASSWORD, "device": "a test" });
    let status = post(&client, format!("{url}/api/v1/sessions"), sign_in).await;
    assert!(status.is_success(), "{status}");
    assert!(!set_up_code.exists(), "the code was for once");

    // Windows may say that it did not start, or that it started and ended; the log says why.
    let (code, said) = computer.step("halt").await;
    assert_eq!(code, "0", "{said}");
    wait_until("it stops", async || !answers(&client, &url).await).await;
    let file = computer.wine.drive(FOLDER).join("center.toml");
    let told = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{told}listen_port = 1\n")).unwrap();
    computer.step("refused").await;
    let says_why = async || logged(&data).contains("listen_port");
    wait_until("the refusal is logged", says_why).await;

    let (code, said) = computer.step("uninstall").await;
    assert_eq!(code, "0", "{said}");
    assert!(!answers(&client, &url).await);
    assert!(data.join("certificate.pem").is_file(), "the data stay");
    wait_until("Windows is off", async || !computer.is_service()).await;
    let logged = logged(&data);
    assert!(
        !logged.is_empty() && !logged.contains("panicked"),
        "{logged}"
    );
}
