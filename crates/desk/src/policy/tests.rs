use super::*;
use crate::settings::ChosenHotkeys;

fn text(value: &str) -> Raw {
    Raw::Text(value.into())
}

fn layer(source: Source, values: &[(&str, Raw)]) -> Layer {
    let named = values
        .iter()
        .map(|(name, raw)| ((*name).into(), raw.clone()));
    Layer::of_table(source, named.collect())
}

fn recommending(source: Source, values: &[(&str, Raw)]) -> Layer {
    let forced = layer(source, values).forced;
    Layer::of_table(source, vec![("Recommended".into(), Raw::Table(forced))])
}

#[test]
fn the_table_stands_in_the_order_of_the_settings() {
    for (index, entry) in SCHEMA.iter().enumerate() {
        assert_eq!(entry.setting as usize, index, "{}", entry.name);
        assert_eq!(entry.setting.name(), entry.name);
        for value in [entry.default, entry.sample] {
            let raw = text(value);
            // The sample is for systems where a policy is a file.
            let foreign = cfg!(windows) && matches!(entry.form, Form::File);
            let fits = value.is_empty() || foreign || Value::read(entry.form, &raw).is_some();
            assert!(fits, "{}: {value}", entry.name);
        }
    }
}

#[test]
fn what_holds_without_a_decision_is_what_the_schema_says() {
    let policy = Policy::of([]);
    let (settings, processing) = (
        policy.settings(&Chosen::default()),
        policy.processing(&ChosenProcessing::default()),
    );
    let layer = Layer::of_table(
        Source::File,
        SCHEMA
            .iter()
            .filter(|entry| !entry.default.is_empty())
            .map(|entry| (entry.name.into(), text(entry.default)))
            .collect(),
    );
    let told = Policy::of([layer]);
    assert_eq!(told.settings(&Chosen::default()), settings);
    assert_eq!(told.processing(&ChosenProcessing::default()), processing);
}

#[test]
fn the_first_place_counts_and_force_comes_before_recommendation() {
    // Given in the wrong order: the order of places is the policy's, not the reader's.
    let policy = Policy::of([
        layer(
            Source::Environment,
            &[("ServerUrl", text("environment.example"))],
        ),
        recommending(
            Source::Installer,
            &[("Theme", text("light")), ("ServerUrl", text("msi.example"))],
        ),
        layer(
            Source::UserPolicy,
            &[("ServerUrl", text("user.example")), ("Theme", text("dark"))],
        ),
        layer(
            Source::MachinePolicy,
            &[("SERVERURL", text("machine.example"))],
        ),
        recommending(
            Source::MachinePolicy,
            &[("Theme", text("light")), ("Notify", Raw::Number(0))],
        ),
    ]);
    let centre = policy.decision(Setting::ServerUrl).unwrap();
    assert_eq!(centre.source, Source::MachinePolicy);
    assert_eq!(policy.forced_centre(), Some("https://machine.example"));
    let theme = policy.decision(Setting::Theme).unwrap();
    assert_eq!((theme.source, theme.forced), (Source::UserPolicy, true));
    assert_eq!(
        policy.locked(),
        [Setting::ServerUrl, Setting::Theme],
        "what is only recommended is not locked"
    );

    let chosen = Chosen {
        theme: Some(Theme::Light),
        notify: Some(true),
        ..Chosen::default()
    };
    let settings = policy.settings(&chosen);
    assert_eq!(settings.theme, Theme::Dark, "forced over the person's");
    assert!(settings.notify, "the person's over a recommendation");
    assert!(!policy.settings(&Chosen::default()).notify, "recommended");
}

#[test]
fn a_centre_recommends_where_the_computer_says_nothing_and_never_who_is_trusted() {
    let said = |name: &str, value: &str| (name.to_owned(), Recommended::Text(value.into()));
    let recommended = [
        said("Theme", "dark"),
        said("Language", "zh-CN"),
        said("ServerUrl", "elsewhere.example"),
        ("Notify".to_owned(), Recommended::Flag(false)),
    ];
    let installer = recommending(Source::Installer, &[("Theme", text("light"))]);
    let policy = Policy::of([installer]).with_centre(&recommended.into());
    let of = |setting| {
        let made = policy.decision(setting)?;
        Some((made.source, made.forced))
    };
    assert_eq!(of(Setting::Theme), Some((Source::Installer, false)));
    assert_eq!(of(Setting::Language), Some((Source::Centre, false)));
    assert_eq!(of(Setting::Notify), Some((Source::Centre, false)));
    assert_eq!(policy.centre(), None);
    let [fault] = policy.faults() else {
        panic!("{:?}", policy.faults());
    };
    assert_eq!(
        (fault.name.as_str(), &fault.reason),
        ("ServerUrl", &FaultReason::NotHere)
    );
}

#[test]
fn what_is_unknown_or_malformed_is_named_and_passed_over() {
    let policy = Policy::of([
        layer(
            Source::MachinePolicy,
            &[
                ("ServerUrl", text("http://plain.example/path")),
                ("Colour", text("red")),
                ("MediaPorts", text("16400-16384")),
                ("Theme", Raw::Number(1)),
                ("Notify", text("perhaps")),
                ("HotkeyMute", text("M")),
                ("AuthorityFile", text("ca.pem")),
                ("Language", Raw::Other("array")),
            ],
        ),
        layer(Source::UserPolicy, &[("ServerUrl", text("good.example"))]),
    ]);
    let named: Vec<&str> = policy.faults().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        named,
        [
            "ServerUrl",
            "Colour",
            "MediaPorts",
            "Theme",
            "Notify",
            "HotkeyMute",
            "AuthorityFile",
            "Language"
        ]
    );
    assert_eq!(policy.faults()[1].reason, FaultReason::Unknown);
    assert_eq!(
        policy.faults()[2].reason,
        FaultReason::Malformed {
            value: "16400-16384".into()
        }
    );
    assert_eq!(policy.forced_centre(), Some("https://good.example"));
    assert_eq!(policy.locked(), [Setting::ServerUrl]);
}

#[test]
fn what_is_said_of_an_address_holds_no_login() {
    for (name, value, said) in [
        (
            "Proxy",
            "http://svc:Secret@proxy.example:3128",
            "http://…@proxy.example:3128",
        ),
        ("Proxy", "svc:Secret@proxy.example", "…@proxy.example"),
        ("Proxy", "svc:Se@cret://1@proxy", "…@proxy"),
        ("Proxy", "http://svc:Secret＠proxy", "http://…＠proxy"),
        (
            "ServerUrl",
            " https://svc:Sec/ret@a.example",
            " https://…@a.example",
        ),
        (
            "AuthorityFile",
            "https://svc:Secret@a/ca.pem",
            "https://…@a/ca.pem",
        ),
        ("ServerUrl", "ftp://a.example", "ftp://a.example"),
    ] {
        let policy = Policy::of([layer(Source::MachinePolicy, &[(name, text(value))])]);
        let [fault] = policy.faults() else {
            panic!("{value}: {:?}", policy.faults());
        };
        let malformed = FaultReason::Malformed { value: said.into() };
        assert_eq!(fault.reason, malformed, "{value}");
    }
}

#[test]
fn values_are_read_as_registries_and_files_spell_them() {
    let read = |name: &str, raw: Raw| {
        let entry = Entry::named(name).unwrap();
        Value::read(entry.form, &raw).map(|value| value.to_string())
    };
    for (name, raw, wanted) in [
        ("Notify", Raw::Number(1), Some("1")),
        ("Notify", text("FALSE"), Some("0")),
        ("Notify", Raw::Number(2), None),
        ("Language", text("ZH-cn"), Some("zh-CN")),
        ("Language", text("fr"), None),
        ("MediaPorts", text(" 20000 - 20003 "), Some("20000-20003")),
        ("MediaPorts", text("20000-20002"), None),
        ("MediaPorts", text("80-200"), None),
        ("MediaPorts", text("20000-70000"), None),
        ("HotkeyHold", text(""), Some("")),
        ("HotkeyHold", text("Off"), Some("")),
        ("HotkeyHold", text("ctrl+shift+F24"), Some("ctrl+shift+F24")),
        ("HotkeyHold", text("F9"), Some("F9")),
        ("HotkeyHold", text("Ctrl+F25"), None),
        ("HotkeyHold", text("Shift+A"), None),
        ("HotkeyHold", text("Ctrl+"), None),
        ("HotkeyHold", text("Hyper+A"), None),
        ("ServerUrl", text(""), None),
        ("Tenant", text(" 澄水 North "), Some("澄水 North")),
        ("Tenant", text("  "), None),
        ("Tenant", text("north\nsouth"), None),
        ("Tenant", text(&"n".repeat(65)), None),
        ("Tenant", Raw::Number(7), None),
        ("Sso", Raw::Number(1), Some("1")),
        ("Sso", text("often"), None),
    ] {
        assert_eq!(read(name, raw.clone()).as_deref(), wanted, "{name} = {raw}");
    }
}

#[test]
fn a_hotkey_that_policy_forces_off_stays_off() {
    let policy = Policy::of([layer(Source::File, &[("HotkeyAnswer", text(""))])]);
    let chosen = Chosen {
        hotkeys: ChosenHotkeys {
            answer: Some("Ctrl+Alt+Q".into()),
            ..ChosenHotkeys::default()
        },
        ..Chosen::default()
    };
    assert_eq!(policy.settings(&chosen).hotkeys.answer, "");
}
