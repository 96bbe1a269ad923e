//! The installer's tables, held to some of what Windows' own validation (ICE) asks of them. WiX runs
//! all of it where the installer is built on Windows, but for the rules that are passed over there.

use crate::package::{NEW, folder};
use seatline_desk::policy::Entry;
use seatline_tests::sid;
use std::collections::{BTreeMap, BTreeSet};

/// The program's upgrade code; another one would leave the old version beside the new one.
const UPGRADE_CODE: &str = "{6B1D0D5C-3A0C-4E2B-9E43-6E1B8C5B7A10}";

/// A row by the names of its columns.
type Row = BTreeMap<String, String>;

fn printed(arguments: &[&str]) -> String {
    let output = sid::command("msiinfo", &folder().unwrap())
        .unwrap()
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(output.status.success(), "msiinfo {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn table(name: &str) -> Vec<Row> {
    let text = printed(&["export", &format!("{}/{NEW}", sid::FOLDER), name]);
    let mut lines = text.lines().map(|line| line.split('\t'));
    let columns: Vec<&str> = lines.next().unwrap().collect();
    // Their types, then the table's name and key.
    lines
        .skip(2)
        .map(|cells| {
            let cells = cells.map(|cell| cell.trim_end_matches('\r').to_owned());
            columns
                .iter()
                .map(|column| column.trim_end_matches('\r').to_owned())
                .zip(cells)
                .collect()
        })
        .collect()
}

fn keys(rows: &[Row], column: &str) -> BTreeSet<String> {
    let keys: BTreeSet<String> = rows.iter().map(|row| row[column].clone()).collect();
    assert_eq!(keys.len(), rows.len(), "{column} twice");
    keys
}

fn sequence_of(action: &str) -> Option<i32> {
    sequence_in("InstallExecuteSequence", action)
}

fn sequence_in(sequence: &str, action: &str) -> Option<i32> {
    let rows = table(sequence);
    let row = rows.iter().find(|row| row["Action"] == action)?;
    row["Sequence"].parse().ok()
}

#[test]
fn each_component_has_its_own_guid_and_one_key_path_of_its_own() {
    let components = table("Component");
    let guids = keys(&components, "ComponentId");
    for guid in guids {
        let plain = guid.trim_matches(['{', '}']);
        assert_eq!((guid.len(), plain.len()), (38, 36), "{guid}");
        assert!(
            plain
                .bytes()
                .all(|byte| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_uppercase()),
            "{guid}"
        );
    }
    let (files, values) = (table("File"), table("Registry"));
    for component in &components {
        let attributes: u32 = component["Attributes"].parse().unwrap();
        assert_ne!(attributes & 0x100, 0, "{component:?} is for 64 bits");
        let (rows, key) = if attributes & 4 == 0 {
            (&files, "File")
        } else {
            (&values, "Registry")
        };
        let row = rows.iter().find(|row| row[key] == component["KeyPath"]);
        let row = row.unwrap_or_else(|| panic!("{component:?} has no key path"));
        assert_eq!(row["Component_"], component["Component"]);
    }
}

#[test]
fn nothing_refers_to_what_is_not_there() {
    let ids = |table: &[Row], column| keys(table, column);
    let tables: BTreeMap<&str, Vec<Row>> = [
        "Component",
        "Directory",
        "Feature",
        "FeatureComponents",
        "File",
        "Registry",
        "Shortcut",
        "Icon",
        "CustomAction",
        "AppSearch",
        "RegLocator",
        "Media",
    ]
    .map(|name| (name, table(name)))
    .into();
    for (from, column, to, key) in [
        ("Component", "Directory_", "Directory", "Directory"),
        ("Directory", "Directory_Parent", "Directory", "Directory"),
        ("FeatureComponents", "Component_", "Component", "Component"),
        ("FeatureComponents", "Feature_", "Feature", "Feature"),
        ("File", "Component_", "Component", "Component"),
        ("Registry", "Component_", "Component", "Component"),
        ("Shortcut", "Component_", "Component", "Component"),
        ("Shortcut", "Directory_", "Directory", "Directory"),
        ("Shortcut", "Icon_", "Icon", "Name"),
        ("AppSearch", "Signature_", "RegLocator", "Signature_"),
    ] {
        let known = ids(&tables[to], key);
        for row in &tables[from] {
            let named = &row[column];
            assert!(named.is_empty() || known.contains(named), "{from}: {row:?}");
        }
    }
    // Each component is in a feature, each file on the medium.
    let installed: BTreeSet<&String> = tables["FeatureComponents"]
        .iter()
        .map(|row| &row["Component_"])
        .collect();
    for component in &tables["Component"] {
        assert!(installed.contains(&component["Component"]), "{component:?}");
    }
    let last: i32 = tables["Media"][0]["LastSequence"].parse().unwrap();
    let numbers = keys(&tables["File"], "Sequence");
    let numbers: BTreeSet<i32> = numbers
        .iter()
        .map(|number| number.parse().unwrap())
        .collect();
    assert_eq!(numbers, (1..=last).collect());
    for value in &tables["Registry"] {
        let key = &value["Key"];
        assert!(!key.starts_with('\\') && !key.ends_with('\\'), "{value:?}");
        assert_eq!(value["Root"], "2", "{value:?} belongs to the computer");
    }
}

#[test]
fn each_action_runs_where_it_can() {
    let actions = table("CustomAction");
    let names = keys(&actions, "Action");
    let (begin, end) = (
        sequence_of("InstallInitialize"),
        sequence_of("InstallFinalize"),
    );
    for action in &actions {
        let at = sequence_of(&action["Action"]);
        assert!(at.is_some(), "{action:?} never runs");
        let kind: u32 = action["Type"].parse().unwrap();
        let is_deferred = kind & 0x400 != 0;
        if is_deferred {
            assert!(
                begin < at && at < end,
                "{action:?} runs outside the transaction"
            );
        }
        let is_rollback = kind & 0x100 != 0;
        assert_eq!(
            is_rollback,
            action["Action"].starts_with("Re"),
            "{action:?}"
        );
        // Windows no longer runs scripts.
        assert!(
            [1, 2, 18, 19, 34, 35, 50, 51].contains(&(kind & 0x3f)),
            "{action:?}"
        );
    }
    for row in table("InstallExecuteSequence") {
        let action = &row["Action"];
        let is_ours = names.contains(action);
        assert!(is_ours || !row["Sequence"].is_empty(), "{action}");
    }
    // What was said before is known before it is decided what is installed.
    for name in names.iter().filter(|name| name.starts_with("Keep")) {
        let at = sequence_of(name);
        assert!(
            sequence_of("AppSearch") < at && at < sequence_of("CostFinalize"),
            "{name}"
        );
    }
    // Installed by hand, folders are reckoned before that already.
    let by_hand = |action| sequence_in("InstallUISequence", action);
    assert!(by_hand("AppSearch").is_some() && by_hand("AppSearch") < by_hand("KeepFolder"));
    assert!(by_hand("KeepFolder") < by_hand("CostFinalize"));
    // What puts the firewall back is known before it is changed.
    assert!(sequence_of("ReopenFirewall") < sequence_of("CloseFirewall"));
    assert!(sequence_of("RecloseFirewall") < sequence_of("OpenFirewall"));
    // The old version goes within the transaction, so that it is back when anything fails.
    assert!(begin < sequence_of("RemoveExistingProducts"));
    assert!(sequence_of("RemoveExistingProducts") < sequence_of("ProcessComponents"));
    // The program still stands when it takes the data away.
    assert!(sequence_of("ForgetMine") < sequence_of("RemoveFiles"));
    assert!(sequence_of("ForgetEverybody") < sequence_of("RemoveFiles"));
    assert!(sequence_of("AppSearch") < sequence_of("LaunchConditions"));
    assert!(sequence_of("FindRelatedProducts") < sequence_of("LaunchConditions"));
}

#[test]
fn it_is_one_product_for_the_whole_computer_and_64_bits() {
    let property = |name: &str| {
        let rows = table("Property");
        let row = rows.into_iter().find(|row| row["Property"] == name);
        row.unwrap_or_else(|| panic!("no {name}"))["Value"].clone()
    };
    assert_eq!(property("UpgradeCode"), UPGRADE_CODE);
    assert_eq!(property("ProductVersion"), env!("CARGO_PKG_VERSION"));
    assert_eq!(property("ALLUSERS"), "1");
    assert_eq!(property("REBOOT"), "ReallySuppress");
    let secure = property("SecureCustomProperties");
    let secure: Vec<&str> = secure.split(';').collect();
    for name in [
        "WIX_UPGRADE_DETECTED",
        "WIX_DOWNGRADE_DETECTED",
        "KEPTSERVERURL",
        "KEPTFOLDER",
    ] {
        assert!(secure.contains(&name), "{secure:?}");
    }
    for name in [
        "SERVERURL",
        "MEDIAPORTS",
        "WEBVIEW2",
        "PROXYURL",
        "INSTALLDIR",
    ] {
        assert!(
            !secure.contains(&name),
            "who may only repair could set {name}"
        );
    }
    let program = table("File")
        .into_iter()
        .find(|row| row["File"] == "SeatlineExe");
    assert_eq!(
        program.unwrap()["Version"],
        format!("{}.0", env!("CARGO_PKG_VERSION"))
    );
    let summary = printed(&["suminfo", &format!("{}/{NEW}", sid::FOLDER)]);
    assert!(summary.contains("Template: x64;1033"), "{summary}");
    for row in table("LaunchCondition") {
        let message = &row["Description"];
        assert!(
            message.contains("Seatline") || message.contains("WebView2"),
            "{row:?}"
        );
        assert!(
            message.chars().any(|letter| letter >= '\u{4e00}'),
            "{row:?}"
        );
    }
}

#[test]
fn it_replaces_older_versions_and_its_own_and_gives_way_to_newer_ones() {
    /// The features that were chosen come along, and the highest version is one of them.
    const REPLACED: u32 = 0x1 | 0x200;
    /// Only told.
    const FOUND: u32 = 0x2;
    let rows = table("Upgrade");
    assert_eq!(rows.len(), 2, "{rows:?}");
    let version = env!("CARGO_PKG_VERSION");
    for (property, lowest, highest, attributes) in [
        ("WIX_UPGRADE_DETECTED", "", version, REPLACED),
        ("WIX_DOWNGRADE_DETECTED", version, "", FOUND),
    ] {
        let row = rows.iter().find(|row| row["ActionProperty"] == property);
        let row = row.unwrap_or_else(|| panic!("no {property}"));
        assert_eq!(row["UpgradeCode"], UPGRADE_CODE);
        assert_eq!(row["VersionMin"], lowest, "{row:?}");
        assert_eq!(row["VersionMax"], highest, "{row:?}");
        assert_eq!(row["Attributes"], attributes.to_string(), "{row:?}");
    }
}

#[test]
fn what_it_writes_for_the_desk_are_managed_settings() {
    for row in table("Registry") {
        let (key, name) = (&row["Key"], &row["Name"]);
        if key == r"Software\Seatline" {
            assert!(Entry::named(name).is_some(), "{row:?}");
        }
        if key.ends_with(r"shell\open\command") {
            assert_eq!(row["Value"], r#""[INSTALLDIR]seatline.exe" "%1""#);
        }
    }
}
