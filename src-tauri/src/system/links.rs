//! Telephone links of web pages and mails: whether the system hands them to the program.

use tauri::AppHandle;

/// Links that many programs take. The program's own scheme is the installer's business.
#[cfg(any(windows, target_os = "linux"))]
const SCHEMES: [&str; 3] = ["tel", "sip", "callto"];

/// Offers the program for telephone links, or takes its own offer back.
///
/// # Errors
/// When the system does not let it.
#[cfg(target_os = "linux")]
pub(super) fn set(app: &AppHandle, on: bool) -> anyhow::Result<()> {
    use tauri_plugin_deep_link::DeepLinkExt;
    let links = app.deep_link();
    for scheme in SCHEMES {
        let registered = match links.is_registered(scheme) {
            Ok(registered) => registered,
            // There is no xdg-mime: nothing was registered with it either.
            Err(_) if !on => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match (registered, on) {
            (false, true) => links.register(scheme)?,
            (true, false) => links.unregister(scheme)?,
            (true, true) | (false, false) => {}
        }
    }
    Ok(())
}

/// As on Linux, in the person's own part of the registry. The deep-link plugin would take
/// other programs' entries for everybody away with ours.
#[cfg(windows)]
pub(super) fn set(_: &AppHandle, on: bool) -> anyhow::Result<()> {
    use windows_registry::CURRENT_USER;
    if !on {
        return Ok(forget(CURRENT_USER)?);
    }
    for scheme in SCHEMES {
        let class = CURRENT_USER.create(class(scheme))?;
        class.set_string("", format!("URL:{scheme}"))?;
        class.set_string("URL Protocol", "")?;
        class.create(VERB)?.set_string("", command()?)?;
    }
    Ok(())
}

/// Takes back what a person's part of the registry offers of this program.
#[cfg(windows)]
pub(super) fn forget(person: &windows_registry::Key) -> std::io::Result<()> {
    let command = command()?;
    for scheme in SCHEMES {
        let class = class(scheme);
        let ours = person
            .open(format!(r"{class}\{VERB}"))
            .and_then(|key| key.get_string(""))
            .is_ok_and(|there| there == command);
        if ours {
            person.remove_tree(class)?;
        }
    }
    Ok(())
}

/// Below a scheme's class: what opens its links.
#[cfg(windows)]
const VERB: &str = r"shell\open\command";

#[cfg(windows)]
fn class(scheme: &str) -> String {
    format!(r"Software\Classes\{scheme}")
}

#[cfg(windows)]
fn command() -> std::io::Result<String> {
    let program = std::env::current_exe()?;
    Ok(format!("\"{}\" \"%1\"", program.display()))
}

/// The bundle says which links it takes, and the person chooses in the system's settings.
#[cfg(not(any(windows, target_os = "linux")))]
pub(super) fn set(_: &AppHandle, _: bool) -> anyhow::Result<()> {
    Ok(())
}
