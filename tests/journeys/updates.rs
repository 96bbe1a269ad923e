//! Updates: what the agent sees of them, and that no call is ever in their way.

use crate::scene::Scene;
use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use minisign::KeyPair;
use seatline_contract::update::{LATEST, Latest, Package, Stamp};
use seatline_tests::{centre::VIP, process::wait_for};
use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};
use tempfile::TempDir;

const FILE: &str = "Seatline-9.0.0.package";
const VERSION: &str = "9.0.0";
const SYSTEM: &str = "linux-x86_64";

/// A site whose IT signs updates and lays them into a folder.
struct Site {
    pair: KeyPair,
    folder: TempDir,
}

impl Site {
    fn new() -> Result<Self> {
        Ok(Self {
            pair: KeyPair::generate_unencrypted_keypair()?,
            folder: TempDir::new()?,
        })
    }

    /// What the centre's configuration says of it.
    fn told(&self) -> String {
        let folder = self.folder.path().display();
        format!("[updates]\nfolder = \"{folder}\"\n[desk]\nAutoUpdate = true\n")
    }

    /// Lays a file, and a signature of what it was to be.
    fn offer(&self, content: &[u8], signed: &[u8]) -> Result<()> {
        let stamp = Stamp::of_desk(VERSION, SYSTEM).to_string();
        let signature = minisign::sign(None, &self.pair.sk, signed, Some(&stamp), None)?;
        let package = Package {
            url: FILE.into(),
            signature: BASE64_STANDARD.encode(signature.into_string()),
        };
        let latest = Latest {
            version: VERSION.into(),
            notes: String::new(),
            pub_date: None,
            platforms: BTreeMap::from([(SYSTEM.into(), package)]),
        };
        fs::write(self.folder.path().join(FILE), content)?;
        let said = serde_json::to_vec(&latest)?;
        Ok(fs::write(self.folder.path().join(LATEST), said)?)
    }

    /// A program that installs what it is given: it only keeps it.
    fn installer(&self) -> Result<(PathBuf, PathBuf)> {
        use std::os::unix::fs::PermissionsExt as _;
        let (program, kept) = (
            self.folder.path().join("install"),
            self.folder.path().join("installed"),
        );
        let partial = kept.with_extension("partial");
        let (from, to) = (partial.display(), kept.display());
        fs::write(
            &program,
            format!("#!/bin/sh\ncp \"$1\" '{from}' && mv '{from}' '{to}'\n"),
        )?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok((program, kept))
    }
}

/// Takes pictures of the window in both languages, and leaves it in Chinese.
async fn pictures(scene: &Scene, name: &str) -> Result<()> {
    for (language, tag) in [("en", "en"), ("zh", "zh-CN")] {
        scene.window.click("view-settings").await?;
        scene.window.click(&format!("language-{language}")).await?;
        scene.window.wait_look(tag, "light").await?;
        scene.picture(&format!("{name}-{language}")).await?;
    }
    Ok(())
}

async fn wait_state(scene: &Scene, state: &str) -> Result<()> {
    let window = &scene.window;
    window
        .wait_attribute("update", "data-state", |now| now == state)
        .await
        .map(drop)
}

/// Whether the desk itself still runs.
fn is_running(scene: &Scene) -> bool {
    let data = scene.window.data().display().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .any(|line| line.contains("--data-dir") && line.contains(&data))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_refused_or_offered_and_waits_for_the_calls_end() {
    let site = Site::new().unwrap();
    let (installer, installed) = site.installer().unwrap();
    let variables = [
        ("SEATLINE_UPDATE_KEY", site.pair.pk.to_base64()),
        ("SEATLINE_UPDATE_INSTALLER", installer.display().to_string()),
    ];
    let told = site.told();
    let scene = Scene::ready_told("updates", &told, &variables)
        .await
        .unwrap();
    let window = &scene.window;
    window.click("view-settings").await.unwrap();
    window.click("theme-light").await.unwrap();
    wait_state(&scene, "current").await.unwrap();

    // Somebody has changed it on its way.
    let good = vec![7; 2_000_000];
    let mut tampered = good.clone();
    tampered[1_000_000] = 8;
    site.offer(&tampered, &good).unwrap();
    window.click("update-check").await.unwrap();
    let said = window.text("notice-update_failed").await.unwrap();
    assert!(
        said.contains(VERSION) && said.contains("签名不对"),
        "{said}"
    );
    wait_state(&scene, "failed").await.unwrap();
    pictures(&scene, "1-refused").await.unwrap();

    site.offer(&good, &good).unwrap();
    window.click("update-check").await.unwrap();
    wait_state(&scene, "ready").await.unwrap();
    let said = window.text("notice-update_ready").await.unwrap();
    assert!(said.contains(VERSION), "{said}");
    assert!(!window.has("notice-update_failed").await.unwrap());
    pictures(&scene, "2-ready").await.unwrap();
    window.click("view-work").await.unwrap();
    scene.picture("3-quiet-at-work").await.unwrap();

    let mut customer = scene.customer("13800138001", false).unwrap();
    customer.dial(VIP, &scene.centre.trunk).unwrap();
    window.click("answer").await.unwrap();
    scene.wait_call("active").await.unwrap();
    window.click("notice-update_ready-do").await.unwrap();
    window.click("view-settings").await.unwrap();
    let waits = |text: &str| text.contains("通话和话后整理都结束后");
    window
        .wait_property("update", "innerText", waits)
        .await
        .unwrap();
    pictures(&scene, "4-waits-for-the-call").await.unwrap();
    let speaking = scene.speak().unwrap();
    scene.assert_agent_hears_customer("agreed").unwrap();
    drop(speaking);
    assert!(!installed.exists(), "nothing is installed in a call");

    customer.hang_up().unwrap();
    scene.wait_presence("wrap_up").await.unwrap();
    window.click("view-work").await.unwrap();
    window.fill("wrap-note", "更新之前写下的。").await.unwrap();
    assert!(!installed.exists(), "nor in wrap-up");
    window.click("wrap-disposition-follow_up").await.unwrap();
    // The program may end before the driver has said that it clicked.
    let _ = window.click("wrap-done").await;
    wait_for("the installation", Duration::from_secs(30), || {
        installed.exists().then_some(())
    })
    .unwrap();
    assert_eq!(fs::read(&installed).unwrap(), good);
    wait_for("the end of the program", Duration::from_secs(15), || {
        (!is_running(&scene)).then_some(())
    })
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_systems_packages_are_its_the_desk_only_tells() {
    let site = Site::new().unwrap();
    site.offer(b"a newer desk", b"a newer desk").unwrap();
    let key = [("SEATLINE_UPDATE_KEY", site.pair.pk.to_base64())];
    let told = site.told();
    let scene = Scene::ready_told("updates-told", &told, &key)
        .await
        .unwrap();
    let window = &scene.window;
    window.click("view-settings").await.unwrap();
    window.click("theme-light").await.unwrap();
    window.click("update-check").await.unwrap();
    wait_state(&scene, "told").await.unwrap();
    let said = window.text("notice-update_told").await.unwrap();
    assert!(said.contains(VERSION) && said.contains("管理员"), "{said}");
    pictures(&scene, "1-told").await.unwrap();
    assert!(!window.has("update-now").await.unwrap());
    window.close().await.unwrap();
}
