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
    let program = std::env::current_exe()?;
    let command = format!("\"{}\" \"%1\"", program.display());
    for scheme in SCHEMES {
        let class = format!(r"Software\Classes\{scheme}");
        let verb = format!(r"{class}\shell\open\command");
        if on {
            let key = CURRENT_USER.create(&class)?;
            key.set_string("", format!("URL:{scheme}"))?;
            key.set_string("URL Protocol", "")?;
            CURRENT_USER.create(&verb)?.set_string("", &command)?;
            continue;
        }
        let ours = CURRENT_USER
            .open(&verb)
            .and_then(|key| key.get_string(""))
            .is_ok_and(|there| there == command);
        if ours {
            CURRENT_USER.remove_tree(&class)?;
        }
    }
    Ok(())
}

/// The bundle says which links it takes, and the person chooses in the system's settings.
#[cfg(not(any(windows, target_os = "linux")))]
pub(super) fn set(_: &AppHandle, _: bool) -> anyhow::Result<()> {
    Ok(())
}
