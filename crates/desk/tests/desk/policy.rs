//! What the site's IT decides holds over the person's choice, and changes while the desk runs.

use crate::rig::{Centre, Computer, code, desk_code, request, seen};
use seatline_desk::{
    failure::DeskCode,
    policy::Setting,
    view::{SettingsChange, Theme},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_comes_and_goes_without_a_restart() {
    let centre = Centre::start("sip:127.0.0.1:9;transport=udp").await;
    let computer = Computer::new(&centre);
    let desk = computer.desk().await;
    let light = SettingsChange {
        theme: Some(Theme::Light),
        ..SettingsChange::default()
    };
    desk.change_settings(light.clone()).await.unwrap();

    computer.decide(&[("Theme", "dark"), ("EchoCancellation", "1")]);
    seen(&desk, "the decision", |view| {
        (view.settings.theme == Theme::Dark && view.headset.processing.echo).then_some(())
    })
    .await;
    assert_eq!(
        desk.view().managed,
        [Setting::Theme, Setting::EchoCancellation]
    );
    let refused = desk.change_settings(light).await.unwrap_err();
    assert_eq!(code(&refused), desk_code(DeskCode::Managed));
    assert_eq!(refused.field.as_deref(), Some("Theme"));
    let mut processing = desk.view().headset.processing;
    processing.echo = false;
    let refused = desk.set_processing(processing).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("EchoCancellation"));

    // What is not decided is still the person's.
    let quiet = SettingsChange {
        notify: Some(false),
        ..SettingsChange::default()
    };
    desk.change_settings(quiet).await.unwrap();

    computer.decide(&[]);
    seen(&desk, "the person's own choice again", |view| {
        let own = view.settings.theme == Theme::Light && !view.headset.processing.echo;
        (own && view.managed.is_empty()).then_some(())
    })
    .await;
    assert!(!desk.view().settings.notify);
    desk.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_centre_than_the_decided_one_is_signed_in_to() {
    let centre = Centre::start("sip:127.0.0.1:9;transport=udp").await;
    let computer = Computer::new(&centre);
    computer.decide(&[
        ("ServerUrl", &centre.url()),
        ("AuthorityFile", &centre.certificate().display().to_string()),
    ]);
    let desk = computer.desk().await;
    let known = desk.remembered().await.unwrap();
    assert_eq!((known.centre, known.managed), (centre.url(), true));
    let mut elsewhere = request(&centre);
    elsewhere.centre = "https://127.0.0.1:9".into();
    desk.sign_in(elsewhere).await.unwrap();
    let shown = desk.view().centre.clone().unwrap();
    assert_eq!((shown.url, shown.managed), (centre.url(), true));
    desk.shutdown().await;
}
