//! Starting: what is refused, with which words, and what stays untouched.

use super::support::{Centre, config};
use seatline_center::{Config, StartError, start};
use std::{fs, path::Path};

async fn refusal(config: Config) -> StartError {
    match start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

/// Every file of a folder with its bytes, but for locks.
fn contents(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|end| end != "lock"))
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.listen = taken.local_addr().unwrap();
    let error = refusal(config).await;
    assert!(matches!(error, StartError::PortInUse(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains(&taken.local_addr().unwrap().to_string())
    );
    assert_eq!(error.exit_code(), 3);
    assert!(!folder.path().join("seatline.db").exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seatline.db");
    fs::write(&file, "these are somebody's holiday photos, not a database").unwrap();
    let before = contents(folder.path());
    let error = refusal(config(folder.path())).await;
    assert!(error.to_string().contains("seatline.db"), "{error}");
    assert_eq!(error.exit_code(), 4);
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_alone() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let settings = config(folder.path());
    Centre::start_in(folder.clone(), settings.clone())
        .await
        .stop()
        .await;
    let file = folder.path().join("seatline.db");
    let mut bytes = fs::read(&file).unwrap();
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..64].fill(0xff);
    }
    fs::write(&file, &bytes).unwrap();
    let error = refusal(settings.clone()).await;
    assert!(error.to_string().contains("seatline.db"), "{error}");
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), bytes);

    fs::write(&file, &bytes[..bytes.len() / 2 + 100]).unwrap();
    let error = refusal(settings).await;
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), &bytes[..bytes.len() / 2 + 100]);
}

#[tokio::test]
async fn two_centres_do_not_share_a_database() {
    let first = Centre::start().await;
    let error = refusal(config(first.folder.path())).await;
    assert!(
        error.to_string().contains("in use by another centre"),
        "{error}"
    );
    first.stop().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = refusal(config(&folder.path().join("file").join("data"))).await;
    assert!(error.to_string().contains("data"), "{error}");
    assert_eq!(error.exit_code(), 4);
}

#[tokio::test]
async fn bad_certificate_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let nonsense = folder.path().join("nonsense.pem");
    fs::write(&nonsense, "no certificate").unwrap();
    let mut settings = config(folder.path());
    settings.certificate = Some(nonsense.clone());
    settings.certificate_key = Some(nonsense);
    let error = refusal(settings.clone()).await;
    assert!(error.to_string().contains("nonsense.pem"), "{error}");
    assert_eq!(error.exit_code(), 2);

    // A certificate with another one's key.
    let pem = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let (certificate, key) = (
            folder.path().join(format!("{name}.pem")),
            folder.path().join(format!("{name}-key.pem")),
        );
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    };
    settings.certificate = Some(pem("one").0);
    settings.certificate_key = Some(pem("other").1);
    let error = refusal(settings).await;
    assert!(error.to_string().contains("other-key.pem"), "{error}");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let first = Centre::start().await;
    let administrator = first.administrator().await;
    let token = administrator.session.token.clone();
    let secret = administrator.session.line.secret.clone();
    let folder = first.folder.clone();
    first.stop().await;
    let second = Centre::start_in(folder.clone(), config(folder.path())).await;
    assert!(second.running.set_up_code.is_none());
    let request = second.client.get(second.url("/api/v1/sessions/current"));
    let session: seatline_contract::identity::Session = request
        .bearer_auth(token.expose())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(session.line.secret, secret);
    second.stop().await;
}

#[tokio::test]
async fn the_demonstration_fills_an_empty_database_once_and_no_other() {
    let demo = Centre::start_with(|config| config.demo = true).await;
    let response = demo
        .try_sign_in("zhouqian", "seatline-demo-2026", false)
        .await;
    let session: seatline_contract::identity::Session = response.json().await.unwrap();
    let page: seatline_contract::customer::CustomerPage = demo
        .client
        .get(demo.url("/api/v1/customers?limit=100"))
        .bearer_auth(session.token.expose())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(page.customers.len(), 40);
    let folder = demo.folder.clone();
    demo.stop().await;
    let mut settings = config(folder.path());
    settings.demo = true;
    Centre::start_in(folder, settings).await.stop().await;

    let other = Centre::start().await;
    other.administrator().await;
    let folder = other.folder.clone();
    other.stop().await;
    let mut settings = config(folder.path());
    settings.demo = true;
    let error = refusal(settings).await;
    assert!(error.to_string().contains("not empty"), "{error}");
}
