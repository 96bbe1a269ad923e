//! The MSI: silent installation with properties, repair, upgrade, downgrade, removal.

use crate::{
    package::{NEW, OLD},
    wine::{PROFILE, PROGRAM, SHARED, Wine},
};
use seatline_tests::sid;
use std::{collections::BTreeSet, fs, path::Path};

const SETTINGS: &str = r"Software\Seatline";
pub(crate) const INSTALLER: &str = r"Software\Seatline\Installer";
const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
const LINKS: &str = r"Software\Classes\Seatline.Call";
const CALL: &str = r"Software\Classes\Seatline.Call\shell\open\command";
const CAPABILITIES: &str = r"Software\Seatline\Installer\Capabilities\URLAssociations";

/// Where Microsoft's installer of WebView2 says its version, for programs of 32 bits as it is one.
const WEBVIEW: &str = r"HKLM\Software\WOW6432Node\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}";

/// What IT says in the test.
const PROPERTIES: [&str; 7] = [
    "SERVERURL=https://center.example.cn",
    "MEDIAPORTS=16384-16400",
    "LANG=zh-CN",
    "PROXYURL=http://proxy.example.cn:3128",
    "AUTOSTART=1",
    "TELHANDLER=1",
    "WEBVIEW2=skip",
];

/// A repair, as Windows' own list of programs orders it.
const REPAIR: [&str; 2] = ["REINSTALL=ALL", "REINSTALLMODE=omus"];

/// Exit code 1603, a failed installation, as eight bits.
pub(crate) const FAILED: i32 = 1603 % 256;

/// What the log says when a condition of the installation does not hold. Windows adds the message,
/// which the test of the tables reads; Wine does not.
const REFUSED: &str = "LaunchConditions. Return value 0.";

fn assert_installed(wine: &Wine, folder: &str, version: &str) {
    let value = |key, name| wine.value(key, name).unwrap();
    assert!(wine.drive(folder).join("seatline.exe").is_file());
    assert!(wine.drive(folder).join("WebView2Loader.dll").is_file());
    let program = format!(r"C:\{}\seatline.exe", folder.replace('/', r"\"));
    for (key, name, wanted) in [
        (SETTINGS, "ServerUrl", "https://center.example.cn"),
        (SETTINGS, "MediaPorts", "16384-16400"),
        (SETTINGS, "Language", "zh-CN"),
        (INSTALLER, "Version", version),
        (SETTINGS, "Autostart", "1"),
        (SETTINGS, "LinkHandler", "1"),
        (SETTINGS, "Proxy", "http://proxy.example.cn:3128"),
        (RUN, "Seatline", &format!("\"{program}\" --autostart")),
        (LINKS, "URL Protocol", ""),
        (CALL, "", &format!("\"{program}\" \"%1\"")),
        (CAPABILITIES, "tel", "Seatline.Call"),
    ] {
        assert_eq!(value(key, name).as_deref(), Some(wanted), "{key} {name}");
    }
    // Windows shows it to everybody, Wine to the person who installs.
    let menu = "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Seatline.lnk";
    assert!(wine.drive(PROFILE).join(menu).is_file());
}

/// Windows tells the version that is there when it goes for a newer one. Wine does not: we tell it.
pub(crate) fn expect_upgrade(wine: &Wine) {
    const QUERY: &str = "INSERT INTO `Property` (`Property`, `Value`) \
        VALUES ('UPGRADINGPRODUCTCODE', '{00000000-0000-0000-0000-000000000001}')";
    let kept = fs::read_dir(wine.drive("windows/Installer")).unwrap();
    let mut installers = kept
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "msi"));
    let installer = installers.next().unwrap();
    assert_eq!(installers.next(), None, "one version is installed");
    change(wine, &installer, QUERY);
}

/// Changes the tables of an installer in the shared folder.
fn change(wine: &Wine, installer: &Path, query: &str) {
    let inside = installer.strip_prefix(wine.shared()).unwrap();
    let output = sid::command("msibuild", wine.shared())
        .unwrap()
        .arg(Path::new(sid::FOLDER).join(inside))
        .args(["-q", query])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The installer of this version with something changed.
fn make_changed(wine: &Wine, name: &str, query: &str) {
    let installer = wine.shared().join(name);
    fs::copy(wine.shared().join(NEW), &installer).unwrap();
    change(wine, &installer, query);
}

/// What is there now and was not before, but for what Windows itself writes.
pub(crate) fn news<T: Ord + Clone + std::fmt::Debug>(
    before: &BTreeSet<T>,
    after: &BTreeSet<T>,
) -> Vec<T> {
    after.difference(before).cloned().collect()
}

#[test]
fn it_is_installed_upgraded_repaired_and_leaves_nothing() {
    let wine = Wine::start().unwrap();
    let (files, registry) = (wine.files().unwrap(), wine.registry().unwrap());

    assert_eq!(wine.msiexec("/i", OLD, &PROPERTIES).unwrap(), 0);
    assert_installed(&wine, "Program Files/Seatline", "0.0.1");

    // What the person keeps, in both of Windows' folders for it, and what another person does.
    let profiles = r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1";
    wine.set(profiles, "ProfileImagePath", r"C:\users\emma")
        .unwrap();
    let kept = [
        format!("{PROFILE}/AppData/Local/cn.seatline.desk/settings.json"),
        format!("{PROFILE}/AppData/Roaming/cn.seatline.desk/window.json"),
        "users/emma/AppData/Local/cn.seatline.desk/webview/history".to_owned(),
    ];
    for file in &kept {
        let file = wine.drive(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "{}").unwrap();
    }
    // What the program tells Windows in the person's name.
    wine.set(&format!(r"HKCU\{RUN}"), "Seatline", "there")
        .unwrap();
    // A check proves the keyring and leaves its proof there.
    wine.output(&[PROGRAM, "--check"]).unwrap();
    let has_secret = || {
        let registry = wine.registry().unwrap();
        registry
            .iter()
            .any(|line| line.contains("proof.cn.seatline.desk"))
    };
    assert!(has_secret());

    expect_upgrade(&wine);
    assert_eq!(wine.msiexec("/i", NEW, &[]).unwrap(), 0);
    assert_installed(&wine, "Program Files/Seatline", env!("CARGO_PKG_VERSION"));
    let is_kept = || kept.iter().all(|file| wine.drive(file).is_file());
    assert!(
        is_kept() && has_secret(),
        "an upgrade keeps what people have"
    );

    let (status, log) = wine.msiexec_logged("/i", OLD, &PROPERTIES).unwrap();
    assert_eq!(status, FAILED);
    assert!(log.contains(REFUSED), "{log}");
    assert_installed(&wine, "Program Files/Seatline", env!("CARGO_PKG_VERSION"));

    fs::remove_file(wine.drive("Program Files/Seatline/seatline.exe")).unwrap();
    assert_eq!(wine.msiexec("/i", NEW, &REPAIR).unwrap(), 0);
    assert_installed(&wine, "Program Files/Seatline", env!("CARGO_PKG_VERSION"));
    assert!(is_kept() && has_secret(), "a repair keeps what people have");

    assert_eq!(wine.msiexec("/x", NEW, &[]).unwrap(), 0);
    assert!(!has_secret(), "the keyring forgets");
    let left = news(&files, &wine.files().unwrap());
    println!("files left: {left:#?}");
    let ours = |text: &str| text.to_lowercase().contains("seatline");
    // Wine leaves an empty key.
    let is_empty_key = |line: &str| line == r"system.reg [Software\\Seatline]";
    assert!(
        !left.iter().any(|path| ours(&path.to_string_lossy())),
        "{left:?}"
    );
    let left = news(&registry, &wine.registry().unwrap());
    println!("values left: {left:#?}");
    let ours = |line: &String| ours(line) && !is_empty_key(line);
    assert!(!left.iter().any(ours), "{left:?}");
}

#[test]
fn a_folder_with_a_space_and_chinese_characters_will_do_until_another_is_said() {
    const REBUILT: &str = "rebuilt.msi";
    const QUERY: &str = "UPDATE `Property` SET `Value` = '{00000000-0000-0000-0000-000000000002}' \
        WHERE `Property` = 'ProductCode'";
    let wine = Wine::start().unwrap();
    // Where it was installed before; a folder on the line would be quoted as Windows does not.
    let key = format!(r"HKLM\{INSTALLER}");
    wine.set(&key, "Folder", r"C:\呼叫 中心\Seatline\").unwrap();
    assert_eq!(wine.msiexec("/i", OLD, &PROPERTIES).unwrap(), 0);
    expect_upgrade(&wine);
    assert_eq!(wine.msiexec("/i", NEW, &[]).unwrap(), 0);
    assert_installed(&wine, "呼叫 中心/Seatline", env!("CARGO_PKG_VERSION"));
    let program = r"C:\呼叫 中心\Seatline\seatline.exe";
    let output = wine.output(&[program, "--check", "--json"]).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["policy"]["Language"]["value"], "zh-CN");

    let kept = format!("{PROFILE}/AppData/Local/cn.seatline.desk/settings.json");
    let kept = wine.drive(&kept);
    fs::create_dir_all(kept.parent().unwrap()).unwrap();
    fs::write(&kept, "{}").unwrap();
    make_changed(&wine, REBUILT, QUERY);
    expect_upgrade(&wine);
    let elsewhere = r"INSTALLDIR=C:\Elsewhere\";
    assert_eq!(wine.msiexec("/i", REBUILT, &[elsewhere]).unwrap(), 0);
    assert_installed(&wine, "Elsewhere", env!("CARGO_PKG_VERSION"));
    assert!(
        !wine.drive("呼叫 中心/Seatline").exists(),
        "it was replaced"
    );
    assert!(kept.is_file(), "another build keeps what people have");
    assert_eq!(wine.msiexec("/x", REBUILT, &[]).unwrap(), 0);
    assert!(!wine.drive("Elsewhere").exists() && !kept.exists());
}

/// A program that writes its arguments into a file beside it.
const PARROT: &str = "#include <stdio.h>\n#include <string.h>\n#include <windows.h>\n\
    int main(void) {\n\
      char path[MAX_PATH]; GetModuleFileNameA(0, path, MAX_PATH); strcat(path, \".txt\");\n\
      FILE *file = fopen(path, \"a\"); fputs(GetCommandLineA(), file); fputs(\"\\n\", file);\n\
      return fclose(file);\n\
    }\n";

/// Builds the parrot into the shared folder.
fn make_parrot(wine: &Wine) {
    fs::write(wine.shared().join("parrot.c"), PARROT).unwrap();
    let inside = |file: &str| format!("{}/{file}", sid::FOLDER);
    let output = sid::command("x86_64-w64-mingw32-gcc", wine.shared())
        .unwrap()
        .args(["-o", &inside("parrot.exe"), &inside("parrot.c")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_missing_webview_is_said_passed_over_or_installed() {
    let wine = Wine::start().unwrap();
    for is_removed in [false, true] {
        if is_removed {
            wine.set(WEBVIEW, "pv", "0.0.0.0").unwrap();
        }
        let (status, log) = wine.msiexec_logged("/i", NEW, &[]).unwrap();
        assert_eq!(status, FAILED);
        assert!(log.contains(REFUSED), "{log}");
        assert!(!wine.drive("Program Files/Seatline").exists());
    }

    make_parrot(&wine);
    let webview = format!(r"WEBVIEW2={SHARED}\parrot.exe");
    assert_eq!(wine.msiexec("/i", NEW, &[&webview]).unwrap(), 0);
    let said = fs::read_to_string(wine.shared().join("parrot.exe.txt")).unwrap();
    assert!(said.contains("/silent /install"), "{said}");
    assert!(wine.drive("Program Files/Seatline/seatline.exe").is_file());
}

#[test]
fn the_firewall_is_opened_for_the_range_and_closed_again() {
    const FAILING: &str = "failing.msi";
    // What fails does so once the firewall is open.
    const QUERY: &str = "UPDATE `InstallExecuteSequence` SET `Sequence` = 4030 \
        WHERE `Action` = 'InstallWebView2'";
    let wine = Wine::start().unwrap();
    make_parrot(&wine);
    let netsh = wine.drive("windows/system32/netsh.exe");
    fs::remove_file(&netsh).unwrap();
    fs::copy(wine.shared().join("parrot.exe"), &netsh).unwrap();
    let said = || {
        let file = wine.drive("windows/system32/netsh.exe.txt");
        let said = fs::read_to_string(&file).unwrap_or_default();
        println!("{said}");
        let _ = fs::remove_file(file);
        said
    };
    assert_eq!(wine.msiexec("/i", NEW, &["WEBVIEW2=skip"]).unwrap(), 0);
    assert_eq!(said(), "", "without a range there is no rule");
    assert_eq!(wine.msiexec("/x", NEW, &[]).unwrap(), 0);

    make_changed(&wine, FAILING, QUERY);
    let failing = [PROPERTIES[1], r"WEBVIEW2=C:\windows\system32\reg.exe"];
    assert_ne!(wine.msiexec("/i", FAILING, &failing).unwrap(), 0);
    let failed = said();
    let (_, after) = failed.split_once("add rule").unwrap();
    assert!(after.contains("delete rule name=Seatline"), "{failed}");

    assert_eq!(wine.msiexec("/i", NEW, &PROPERTIES).unwrap(), 0);
    let added = said();
    assert!(
        added.contains(
            "add rule name=Seatline dir=in action=allow protocol=UDP localport=16384-16400"
        )
    );
    assert!(added.contains(&format!("program=\"{PROGRAM}\"")));
    assert_eq!(wine.msiexec("/i", NEW, &REPAIR).unwrap(), 0);
    assert_eq!(said(), "", "anybody may order a repair");
    assert_eq!(wine.msiexec("/x", NEW, &[]).unwrap(), 0);
    let removed = said();
    assert!(removed.contains("delete rule name=Seatline") && !removed.contains("add rule"));
}
