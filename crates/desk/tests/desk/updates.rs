//! Updates from a real centre: what is taken, what is refused, and when it is installed.

use crate::rig::{
    Centre, Computer, Network, Telephone, code, desk_code, make_ready, request, seen, within,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use minisign::KeyPair;
use parking_lot::Mutex;
use seatline_contract::update::{LATEST, Latest, Package};
use seatline_desk::{
    Desk,
    failure::{DeskCode, FailureCode},
    update::{Agreed, Installer, LARGEST, Pace, UpdateConfig, UpdateKey, UpdateState},
    view::{CallState, NoteDraft, NoticeCode},
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

const TARGET: &str = "windows-x86_64";
const FILE: &str = "Seatline-0.2.0-x64.msi";
const NEW: &str = "0.2.0";
/// As a file has it that is signed for this desk.
const STAMP: &str = "seatline-desk 0.2.0 windows-x86_64";

/// The bytes of a newer desk: more than one connection carries at once.
fn newer() -> Vec<u8> {
    (0..3_000_000_u32).map(|n| (n % 251) as u8).collect()
}

/// Notes what it is given, and what is in it, instead of installing it.
#[derive(Default)]
struct Notes {
    begun: Mutex<Vec<(PathBuf, Vec<u8>)>>,
    refuses: AtomicBool,
    only_tells: bool,
}

impl Installer for Notes {
    fn installs(&self) -> bool {
        !self.only_tells
    }

    fn begin(&self, file: &Path) -> io::Result<()> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let content = fs::read(file)?;
        self.begun.lock().push((file.to_owned(), content));
        Ok(())
    }
}

/// Who signs, and the folder that IT fills.
struct Site {
    pair: KeyPair,
    folder: TempDir,
    installer: Arc<Notes>,
}

impl Site {
    fn new() -> Self {
        Self {
            pair: KeyPair::generate_unencrypted_keypair().unwrap(),
            folder: TempDir::new().unwrap(),
            installer: Arc::default(),
        }
    }

    fn key(&self) -> UpdateKey {
        UpdateKey::parse(&self.pair.pk.to_base64()).unwrap()
    }

    fn lay(&self, name: &str, content: &[u8]) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    /// Lays a file, and what is said of it.
    fn offer(&self, version: &str, content: &[u8], signature: String) {
        self.offer_as(FILE, version, content, signature);
    }

    fn offer_as(&self, name: &str, version: &str, content: &[u8], signature: String) {
        self.lay(name, content);
        let package = Package {
            url: name.into(),
            signature,
        };
        let latest = Latest {
            version: version.into(),
            notes: String::new(),
            pub_date: None,
            platforms: BTreeMap::from([(TARGET.into(), package)]),
        };
        self.lay(LATEST, &serde_json::to_vec(&latest).unwrap());
    }

    /// Lays a good update.
    fn offer_good(&self) {
        self.offer(NEW, &newer(), sign(&self.pair, &newer(), STAMP));
    }

    /// A centre that hands the folder out.
    async fn centre(&self, trunk: &str) -> Centre {
        let folder = self.folder.path().to_owned();
        let centre = Centre::start(trunk).await;
        centre
            .restarted_with(|config| config.updates.folder = Some(folder))
            .await
    }

    /// A computer whose policy wants updates; the centre is asked only when somebody says so.
    fn computer(&self, centre: &Centre) -> Computer {
        let mut computer = Computer::new(centre);
        computer.updates = Some(UpdateConfig {
            key: self.key(),
            target: TARGET.into(),
            installer: self.installer.clone(),
            pace: Pace::default(),
            largest: LARGEST,
        });
        wants(&computer, centre, true);
        computer
    }

    fn begun(&self) -> usize {
        self.installer.begun.lock().len()
    }
}

fn sign(pair: &KeyPair, content: &[u8], comment: &str) -> String {
    let signed = minisign::sign(None, &pair.sk, content, Some(comment), None).unwrap();
    BASE64_STANDARD.encode(signed.into_string())
}

fn wants(computer: &Computer, centre: &Centre, on: bool) {
    let authority = centre.certificate().display().to_string();
    let on = if on { "1" } else { "0" };
    computer.decide(&[("AuthorityFile", &authority), ("AutoUpdate", on)]);
}

/// Nobody is behind the trunk.
const NO_TRUNK: &str = "sip:127.0.0.1:9;transport=udp";

async fn ready(desk: &Desk) {
    seen(desk, "the update is ready", |view| {
        let UpdateState::Ready { version, agreed } = &view.update.state else {
            return None;
        };
        assert_eq!((version.as_str(), *agreed), (NEW, None));
        Some(())
    })
    .await;
}

/// Asks, and waits for the good update.
async fn becomes_ready(desk: &Desk) {
    desk.check_update().await.unwrap();
    ready(desk).await;
}

/// Asks, and waits until something is there of what is fetched.
async fn fetching(desk: &Desk) {
    desk.check_update().await.unwrap();
    seen(desk, "the update is being fetched", |view| {
        matches!(
            view.update.state,
            UpdateState::Downloading { percent: 1.., .. }
        )
        .then_some(())
    })
    .await;
}

async fn installing(desk: &Desk) {
    seen(desk, "the update is being installed", |view| {
        matches!(view.update.state, UpdateState::Installing { .. }).then_some(())
    })
    .await;
}

/// Asks, and waits for the failure.
async fn failed(desk: &Desk) -> FailureCode {
    desk.check_update().await.unwrap();
    seen(desk, "it is refused", |view| match view.update.state {
        UpdateState::Failed { code, .. } => Some(code),
        UpdateState::Ready { .. } => panic!("it was taken"),
        _ => None,
    })
    .await
}

fn notices(desk: &Desk) -> Vec<(NoticeCode, Option<String>)> {
    let view = desk.view();
    let about = |code| {
        use NoticeCode::{UpdateDone, UpdateFailed, UpdateReady, UpdateTold};
        [UpdateDone, UpdateFailed, UpdateReady, UpdateTold].contains(&code)
    };
    let notices = view.notices.iter().filter(|notice| about(notice.code));
    notices
        .map(|notice| (notice.code, notice.detail.clone()))
        .collect()
}

async fn nothing_is_kept(computer: &Computer) {
    within("what was fetched is removed", async {
        while !kept(computer).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// The files of updates on a computer.
fn kept(computer: &Computer) -> Vec<String> {
    let entries = fs::read_dir(computer.folder.path().join("updates"));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_newer_version_comes_by_itself_and_is_installed_once_agreed() {
    let site = Site::new();
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let mut computer = site.computer(&centre);
    if let Some(updates) = &mut computer.updates {
        updates.pace = Pace {
            first: Duration::ZERO,
            spread: Duration::ZERO,
            every: Duration::from_secs(3_600),
        };
    }
    let desk = computer.signed_in(&centre).await;
    ready(&desk).await;
    assert_eq!(
        notices(&desk),
        [(NoticeCode::UpdateReady, Some(NEW.into()))]
    );
    assert_eq!(kept(&computer), [FILE]);
    assert_eq!(site.begun(), 0, "nobody has agreed");

    // What is here already is not fetched a second time.
    let asked = centre.running.app.updates.asked();
    assert_eq!(asked, 2, "what is the latest, and the file");
    becomes_ready(&desk).await;
    assert_eq!(centre.running.app.updates.asked(), asked + 1);

    desk.install_update(Agreed::Now).await.unwrap();
    installing(&desk).await;
    let begun = site.installer.begun.lock().clone();
    let place = computer.folder.path().join("updates").join(FILE);
    assert_eq!(begun, [(place, newer())]);
    assert_eq!(notices(&desk), []);
    desk.shutdown().await;
    drop(desk);

    // The old version again: it was not installed. The new one: it was.
    let desk = crate::rig::restart(&computer).await;
    let failed = (NoticeCode::UpdateFailed, Some(NEW.into()));
    assert_eq!(notices(&desk), [failed]);
    let why = desk.view().notices[0].text.clone();
    assert_eq!(why.as_deref(), Some("update_not_installed"));
    assert!(!matches!(desk.view().update.state, UpdateState::Keyless));
    desk.shutdown().await;
    drop(desk);
    let kept = computer.folder.path().join("settings.json");
    let mut settings: serde_json::Value =
        serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    assert_eq!(settings["updating"], serde_json::Value::Null);
    settings["updating"] = NEW.into();
    fs::write(&kept, settings.to_string()).unwrap();
    computer.version = NEW;
    let desk = crate::rig::restart(&computer).await;
    assert_eq!(notices(&desk), [(NoticeCode::UpdateDone, Some(NEW.into()))]);
    // The old version has ended without a word to the centre.
    let mut again = request(&centre);
    again.take_over = true;
    desk.sign_in(again).await.unwrap();
    desk.check_update().await.unwrap();
    seen(&desk, "nothing is newer", |view| {
        (view.update.state == UpdateState::Current { asked: true }).then_some(())
    })
    .await;
    assert_eq!(self::kept(&computer), [] as [&str; 0]);
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_it_claims_to_be_is_refused_and_nothing_of_it_stays() {
    let site = Site::new();
    let centre = site.centre(NO_TRUNK).await;
    let computer = site.computer(&centre);
    let desk = computer.signed_in(&centre).await;
    let good = newer();
    let sealed = |content: &[u8], comment: &str| sign(&site.pair, content, comment);
    let stranger = KeyPair::generate_unencrypted_keypair().unwrap();
    let mut tampered = good.clone();
    tampered[1_500_000] ^= 1;
    let old = b"the desk of last year".to_vec();
    let text = |url: &str| {
        format!(
            "{{\"version\": \"0.2.0\", \"platforms\": {{\"{TARGET}\": \
             {{\"url\": \"{url}\", \"signature\": \"\"}}}}}}"
        )
    };

    // What is laid, what is said of it, and what the desk makes of it.
    let files: &[(&str, &[u8], String, DeskCode)] = &[
        (
            "tampered bytes",
            &tampered,
            sealed(&good, STAMP),
            DeskCode::UpdateForged,
        ),
        (
            "a foreign key",
            &good,
            sign(&stranger, &good, STAMP),
            DeskCode::UpdateForged,
        ),
        (
            "cut off at the end",
            &good[..good.len() - 1],
            sealed(&good, STAMP),
            DeskCode::UpdateForged,
        ),
        (
            "an old version as a new one",
            &old,
            sealed(&old, "seatline-desk 0.0.9 windows-x86_64"),
            DeskCode::UpdateMismatch,
        ),
        (
            "another product under the same key",
            &good,
            sealed(&good, "seatline-center 0.2.0 windows-x86_64"),
            DeskCode::UpdateMismatch,
        ),
        (
            "another system's file",
            &good,
            sealed(&good, "seatline-desk 0.2.0 linux-x86_64"),
            DeskCode::UpdateMismatch,
        ),
        (
            "a signature that says nothing",
            &good,
            sealed(&good, "timestamp:1555779966"),
            DeskCode::UpdateMismatch,
        ),
        ("no signature", &good, String::new(), DeskCode::UpdateBroken),
    ];
    for (what, content, signature, wanted) in files {
        site.offer(NEW, content, signature.clone());
        assert_eq!(failed(&desk).await, desk_code(*wanted), "{what}");
        assert_eq!(kept(&computer), [] as [&str; 0], "{what}");
        let told = (NoticeCode::UpdateFailed, Some(NEW.into()));
        assert_eq!(notices(&desk), [told], "{what}");
    }
    fs::remove_file(site.folder.path().join(FILE)).unwrap();
    for said in [
        "nonsense".to_owned(),
        "{\"version\": \"new\", \"platforms\": {}}".into(),
        text("https://evil.test/Seatline.msi"),
        text("../centre.key"),
    ] {
        site.lay(LATEST, said.as_bytes());
        let broken = desk_code(DeskCode::UpdateBroken);
        assert_eq!(failed(&desk).await, broken, "{said}");
    }
    site.lay(LATEST, &vec![b' '; 1 << 20]);
    let large = desk_code(DeskCode::UpdateTooLarge);
    assert_eq!(failed(&desk).await, large, "an endless answer");

    assert_eq!(site.begun(), 0);
    let refused = desk.install_update(Agreed::Now).await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::NoUpdate));
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn older_versions_and_other_systems_are_not_even_fetched() {
    let site = Site::new();
    let centre = site.centre(NO_TRUNK).await;
    let computer = site.computer(&centre);
    let desk = computer.signed_in(&centre).await;
    let updates = &centre.running.app.updates;
    let mut asked = 0;
    let signed = sign(&site.pair, b"old", "seatline-desk 0.0.9 windows-x86_64");
    for version in ["0.0.9", "0.1.0", "0.1.0-rc.1"] {
        site.offer(version, b"old", signed.clone());
        desk.check_update().await.unwrap();
        asked += 1;
        seen(&desk, "nothing is newer", |view| {
            (view.update.state == UpdateState::Current { asked: true }).then_some(())
        })
        .await;
        assert_eq!(updates.asked(), asked, "{version}: only what is the latest");
    }
    assert_eq!(kept(&computer), [] as [&str; 0]);
    assert_eq!(notices(&desk), []);
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_and_too_little_are_refused() {
    let site = Site::new();
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let network = Network::to(&centre).await;
    let mut computer = site.computer(&centre);
    if let Some(updates) = &mut computer.updates {
        updates.largest = 2_999_999;
    }
    let desk = computer.signed_in(&centre).await;
    let too_large = desk_code(DeskCode::UpdateTooLarge);
    assert_eq!(failed(&desk).await, too_large);
    assert_eq!(kept(&computer), [] as [&str; 0]);
    desk.shutdown().await;
    drop(desk);

    if let Some(updates) = &mut computer.updates {
        updates.largest = 3_000_000;
    }
    let desk = crate::rig::restart(&computer).await;
    let mut again = network.request(&centre);
    again.take_over = true;
    desk.sign_in(again).await.unwrap();
    network.break_after(1_000_000);
    assert_eq!(failed(&desk).await, desk_code(DeskCode::UpdateBroken));
    assert_eq!(kept(&computer), [] as [&str; 0]);
    let told = (NoticeCode::UpdateFailed, Some(NEW.into()));
    assert_eq!(notices(&desk), [told]);

    // The network is whole again, and so is the update, to its last allowed byte.
    network.break_after(u64::MAX);
    becomes_ready(&desk).await;

    // That the centre goes away then takes nothing back.
    let stopped = centre.stop().await;
    becomes_ready(&desk).await;
    desk.shutdown().await;
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_that_is_away_is_no_news_about_updates() {
    let site = Site::new();
    let centre = site.centre(NO_TRUNK).await;
    let computer = site.computer(&centre);
    let desk = computer.signed_in(&centre).await;
    let stopped = centre.stop().await;
    let away = desk_code(DeskCode::CentreUnreachable);
    assert_eq!(failed(&desk).await, away);
    assert_eq!(notices(&desk), []);
    desk.shutdown().await;
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn policys_no_and_signing_out_end_what_is_being_fetched() {
    let site = Site::new();
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let network = Network::to(&centre).await;
    network.hold_after(1_000_000);
    let computer = site.computer(&centre);
    let desk = computer.desk().await;
    desk.sign_in(network.request(&centre)).await.unwrap();

    fetching(&desk).await;
    wants(&computer, &centre, false);
    seen(&desk, "updates are off", |view| {
        (view.update.state == UpdateState::Off).then_some(())
    })
    .await;
    wants(&computer, &centre, true);
    let current = seen(&desk, "updates are on", |view| {
        let state = view.update.state.clone();
        state.is_on().then_some(state)
    })
    .await;

    fetching(&desk).await;
    desk.sign_out().await.unwrap();
    seen(&desk, "it is as before", |view| {
        (view.update.state == current).then_some(())
    })
    .await;
    assert_eq!(kept(&computer), [] as [&str; 0]);
    assert_eq!(notices(&desk), []);
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ready_stays_until_something_newer_is_here() {
    let site = Site::new();
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let network = Network::to(&centre).await;
    let computer = site.computer(&centre);
    let desk = computer.desk().await;
    desk.sign_in(network.request(&centre)).await.unwrap();
    becomes_ready(&desk).await;
    desk.sign_out().await.unwrap();

    let newest = sign(&site.pair, &newer(), "seatline-desk 0.3.0 windows-x86_64");
    site.offer_as("Seatline-0.3.0-x64.msi", "0.3.0", &newer(), newest);
    network.hold_after(1_000_000);
    desk.sign_in(network.request(&centre)).await.unwrap();
    fetching(&desk).await;
    within("quitting", desk.begin_agreed_update()).await;
    let known = UpdateState::Ready {
        version: NEW.into(),
        agreed: None,
    };
    assert_eq!(desk.view().update.state, known, "nobody waits for the rest");
    fetching(&desk).await;
    desk.sign_out().await.unwrap();
    ready(&desk).await;
    assert_eq!(kept(&computer), [FILE]);

    desk.install_update(Agreed::Now).await.unwrap();
    installing(&desk).await;
    let content = site.installer.begun.lock()[0].1.clone();
    assert!(content == newer(), "it is whole");
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_policys_word_nothing_is_asked() {
    let site = Site::new();
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let mut computer = site.computer(&centre);
    if let Some(updates) = &mut computer.updates {
        updates.pace = Pace {
            first: Duration::ZERO,
            spread: Duration::ZERO,
            every: Duration::from_millis(100),
        };
    }
    // Silence is a no as well.
    computer.trust(&centre.certificate());
    let folder = computer.folder.path().join("updates");
    fs::create_dir(&folder).unwrap();
    for left in ["Seatline-0.1.0-x64.msi", "Seatline-0.1.5-x64.msi.partial"] {
        fs::write(folder.join(left), "of an earlier run").unwrap();
    }
    let desk = computer.signed_in(&centre).await;
    nothing_is_kept(&computer).await;
    make_ready(&desk).await;
    assert_eq!(desk.view().update.state, UpdateState::Off);
    let refused = desk.check_update().await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::NoUpdate));
    wants(&computer, &centre, false);
    seen(&desk, "the policy is read", |view| {
        let known = seatline_desk::policy::Setting::AutoUpdate;
        view.managed.contains(&known).then_some(())
    })
    .await;
    assert_eq!(centre.running.app.updates.asked(), 0);

    // The same desk asks as soon as policy says so, and forgets when it says no again.
    wants(&computer, &centre, true);
    ready(&desk).await;
    assert!(centre.running.app.updates.asked() >= 2);
    wants(&computer, &centre, false);
    seen(&desk, "updates are off", |view| {
        (view.update.state == UpdateState::Off).then_some(())
    })
    .await;
    nothing_is_kept(&computer).await;
    assert_eq!(notices(&desk), []);
    let refused = desk.install_update(Agreed::Now).await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::NoUpdate));
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_a_key_has_no_updates() {
    let site = Site::new();
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let mut computer = site.computer(&centre);
    computer.updates = None;
    let desk = computer.signed_in(&centre).await;
    assert_eq!(desk.view().update.state, UpdateState::Keyless);
    assert_eq!(desk.view().update.version, "0.1.0");
    let refused = desk.check_update().await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::NoUpdate));
    assert_eq!(centre.running.app.updates.asked(), 0);
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_packages_are_its_the_desk_only_tells() {
    let mut site = Site::new();
    site.installer = Arc::new(Notes {
        only_tells: true,
        ..Notes::default()
    });
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let computer = site.computer(&centre);
    let desk = computer.signed_in(&centre).await;
    desk.check_update().await.unwrap();
    seen(&desk, "it is told", |view| {
        matches!(view.update.state, UpdateState::Told { .. }).then_some(())
    })
    .await;
    seen(&desk, "a notice", |_| {
        (notices(&desk) == [(NoticeCode::UpdateTold, Some(NEW.into()))]).then_some(())
    })
    .await;
    assert_eq!(centre.running.app.updates.asked(), 1, "no file is fetched");
    assert_eq!(kept(&computer), [] as [&str; 0]);
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_waits_for_the_end_of_a_call_and_of_its_wrap_up() {
    let site = Site::new();
    site.offer_good();
    let telephone = Telephone::start().await;
    let centre = site.centre(&telephone.uri()).await;
    let computer = site.computer(&centre);
    let desk = computer.ready(&centre).await;
    becomes_ready(&desk).await;

    let mut customer = telephone.call(&centre).await;
    customer.answered().await;
    seen(&desk, "the desk rings", |view| {
        (view.call.as_ref()?.state == CallState::Ringing).then_some(())
    })
    .await;
    desk.answer().await.unwrap();
    seen(&desk, "both can talk", |view| {
        (view.call.as_ref()?.state == CallState::Active).then_some(())
    })
    .await;
    desk.install_update(Agreed::Now).await.unwrap();
    // Whoever quits in mid-call gets no installation either.
    within("nothing is begun", desk.begin_agreed_update()).await;
    assert_eq!(site.begun(), 0);
    assert!(desk.view().call.is_some());

    desk.hang_up().await.unwrap();
    customer.ended().await;
    let contact = seen(&desk, "wrap-up", |view| {
        let contact = view.contacts.first()?;
        view.call.is_none().then(|| contact.clone())
    })
    .await;
    let disposition = desk.view().catalog.as_ref().unwrap().dispositions[0]
        .id
        .clone();
    desk.save_note(NoteDraft {
        contact: contact.id,
        disposition: Some(disposition),
        note: "已解决".into(),
        saved: contact.created,
    })
    .await
    .unwrap();
    assert_eq!(site.begun(), 0, "the note is not yet at the centre");
    assert!(matches!(
        desk.view().update.state,
        UpdateState::Ready {
            agreed: Some(Agreed::Now),
            ..
        }
    ));
    within("wrap-up is over", async {
        while desk.finish_wrap_up(contact.id).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    installing(&desk).await;
    assert_eq!(site.begun(), 1);
    assert_eq!(desk.view().outbox.pending, 0);
    desk.shutdown().await;
    centre.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_agreed_for_quitting_begins_then_and_a_file_changed_meanwhile_does_not() {
    let site = Site::new();
    site.offer_good();
    let centre = site.centre(NO_TRUNK).await;
    let computer = site.computer(&centre);
    let desk = computer.signed_in(&centre).await;
    becomes_ready(&desk).await;
    within("quitting without a word", desk.begin_agreed_update()).await;
    assert_eq!(site.begun(), 0);

    // Somebody has changed the file on this computer.
    let file = computer.folder.path().join("updates").join(FILE);
    let mut changed = newer();
    changed[0] ^= 1;
    fs::write(&file, &changed).unwrap();
    desk.install_update(Agreed::Now).await.unwrap();
    let forged = seen(&desk, "it is refused", |view| match view.update.state {
        UpdateState::Failed { code, .. } => Some(code),
        _ => None,
    })
    .await;
    assert_eq!(forged, desk_code(DeskCode::UpdateForged));
    assert_eq!((site.begun(), kept(&computer)), (0, Vec::new()));

    // An installation that cannot even begin is said, and the desk goes on.
    becomes_ready(&desk).await;
    site.installer.refuses.store(true, Ordering::Relaxed);
    desk.install_update(Agreed::Now).await.unwrap();
    let failed = seen(&desk, "it is said", |view| match view.update.state {
        UpdateState::Failed { code, .. } => Some(code),
        _ => None,
    })
    .await;
    assert_eq!(failed, desk_code(DeskCode::UpdateNotInstalled));
    site.installer.refuses.store(false, Ordering::Relaxed);

    becomes_ready(&desk).await;
    desk.install_update(Agreed::OnQuit).await.unwrap();
    assert_eq!(site.begun(), 0);
    within("quitting", desk.begin_agreed_update()).await;
    installing(&desk).await;
    assert_eq!(site.begun(), 1);
    desk.shutdown().await;
    centre.stop().await;
}
