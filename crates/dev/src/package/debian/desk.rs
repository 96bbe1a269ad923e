//! The desk's package.

use super::{Making, archive::Control, installer, linked};
use crate::paths;
use anyhow::{Context, Result};
use std::{fs, path::PathBuf};

/// Its name to the desktop: of its entry, its icon and its description.
const ID: &str = "cn.seatline.desk";

/// What it is better with: it starts without, and says what it lacks. The tray's library is loaded
/// at run time, so nothing shows that it is used.
const RECOMMENDS: &[&str] = &[
    "ca-certificates",
    "default-dbus-session-bus | dbus-session-bus",
    "fonts-noto-cjk | fonts-wqy-zenhei | fonts-wqy-microhei",
    "gnome-keyring | libpam-kwallet5 | keepassxc",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "libayatana-appindicator3-1",
    "pipewire-pulse | pulseaudio",
    "xdg-utils",
];

const DESCRIPTION: (&str, &str) = (
    "desktop phone of a call centre",
    "An agent signs in, goes ready, takes and makes calls on a headset, sees who\n\
     is calling, and writes the ticket. It needs a Seatline centre to sign in to.\n\
     .\n\
     呼叫中心的坐席桌面电话：登录、置闲，用耳麦接听和拨打电话，查看来电客户，\n\
     填写工单。使用时需要有可以登录的 Seatline 呼叫中心。",
);

/// What lets the person at the computer use a headset's keys; `postinst` has it hold for one that is
/// plugged in already.
const RULES: &str = "70-seatline-headset.rules";

/// Writes it.
pub(super) fn write(making: &Making) -> Result<PathBuf> {
    let archive = making.archive("seatline", "seatline", &installer("linux/seatline.1")?)?;
    archive.text(
        &format!("usr/share/applications/{ID}.desktop"),
        &installer(&format!("linux/{ID}.desktop"))?,
    )?;
    archive.text(
        &format!("usr/share/metainfo/{ID}.metainfo.xml"),
        &making.dated(&installer(&format!("linux/{ID}.metainfo.xml"))?)?,
    )?;
    for size in [32, 128, 256, 512] {
        let icon = paths::root().join(format!("icons/{size}x{size}.png"));
        let bytes = fs::read(&icon).with_context(|| icon.display().to_string())?;
        let place = format!("usr/share/icons/hicolor/{size}x{size}/apps/{ID}.png");
        archive.bytes(&place, &bytes)?;
    }
    archive.text(
        "usr/share/doc/seatline/examples/policy.toml",
        &installer("linux/policy.toml")?,
    )?;
    // What IT writes here is IT's: no file of it is the package's, so that no upgrade asks about it.
    archive.folder("etc/seatline")?;
    archive.text(
        &format!("usr/lib/udev/rules.d/{RULES}"),
        &installer(&format!("linux/{RULES}"))?,
    )?;
    let program = archive.root().join("usr/bin/seatline");
    making.write(
        &archive,
        &Control {
            package: "seatline",
            section: "comm",
            depends: linked(&program, &making.folder)?,
            recommends: RECOMMENDS,
            description: DESCRIPTION,
            conffiles: &[],
            scripts: &[("postinst", "linux/postinst")],
        },
    )
}
