//! Which headset's keys belong to the sound devices in use.

use super::port::Found;
use crate::device::Device;

/// Shorter names say nothing.
const SHORTEST: usize = 4;

/// The headsets to use: those that one of the sound devices belongs to, else all.
///
/// No system says which HID device and which sound device are one headset, but all of them name
/// both after the product, and Linux' sound servers put the serial number into the name too.
pub(crate) fn choose<'a>(found: &'a [Found], devices: &[Device]) -> Vec<&'a Found> {
    let names: Vec<String> = devices
        .iter()
        .flat_map(|device| [device.name.as_str(), device.id.as_str()])
        .map(plain)
        .collect();
    let is_named = |text: &str| {
        let text = plain(text);
        text.chars().count() >= SHORTEST && names.iter().any(|name| name.contains(&text))
    };
    let by_serial: Vec<&Found> = found
        .iter()
        .filter(|it| it.serial.as_deref().is_some_and(is_named) && is_named(&it.name))
        .collect();
    if !by_serial.is_empty() {
        return by_serial;
    }
    let by_name: Vec<&Found> = found.iter().filter(|it| is_named(&it.name)).collect();
    if by_name.is_empty() {
        found.iter().collect()
    } else {
        by_name
    }
}

/// Letters and digits alone: systems put other signs between them.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|it| it.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{DeviceId, Direction};

    fn found(name: &str, serial: Option<&str>) -> Found {
        Found {
            path: format!("{name} {serial:?}"),
            name: name.into(),
            serial: serial.map(Into::into),
        }
    }

    fn device(id: &str, name: &str) -> Device {
        Device {
            id: DeviceId::new(id),
            name: name.into(),
            direction: Direction::Input,
            is_default: false,
            is_monitor: false,
        }
    }

    #[test]
    fn the_headset_in_use_is_told_by_its_name_on_every_system() {
        let jabra = found("Jabra EVOLVE 20 MS", Some("00A3E2C4B1"));
        let poly = found("Plantronics Blackwire 3220 Series", Some("0"));
        let all = [jabra.clone(), poly.clone()];
        for used in [
            device(
                "pulseaudio:alsa_input.usb-GN_Netcom_A_S_Jabra_EVOLVE_20_MS_00A3E2C4B1-00.mono",
                "Jabra EVOLVE 20 MS Mono",
            ),
            device(
                "wasapi:{0.0.1.00000000}.{12}",
                "Headset Microphone (Jabra EVOLVE 20 MS)",
            ),
            device("coreaudio:AppleUSBAudioEngine:GN", "Jabra EVOLVE 20 MS"),
        ] {
            assert_eq!(choose(&all, &[used]), [&jabra]);
        }
    }

    #[test]
    fn of_two_alike_the_serial_number_decides() {
        let (one, other) = (
            found("Jabra Link 380", Some("50C2ED01")),
            found("Jabra Link 380", Some("50C2ED02")),
        );
        let all = [one, other.clone()];
        let used = device(
            "pulseaudio:alsa_input.usb-GN_Audio_Jabra_Link_380_50C2ED02-00.mono",
            "Jabra Link 380",
        );
        assert_eq!(choose(&all, &[used]), [&other]);
        let unsaid = device("wasapi:{1}", "Headset (Jabra Link 380)");
        assert_eq!(choose(&all, &[unsaid]).len(), 2);
    }

    #[test]
    fn where_it_cannot_be_told_all_are_used() {
        let all = [found("WH66", None), found("", None)];
        let used = device("wasapi:{1}", "Microphone (High Definition Audio Device)");
        assert_eq!(choose(&all, &[used]).len(), 2);
        assert_eq!(choose(&all, &[]).len(), 2);
    }
}
