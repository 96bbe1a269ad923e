//! The centre's package: the program, its service, and its configuration.

use super::{Making, archive::Control, installer, linked};
use anyhow::Result;
use std::path::PathBuf;

const NAME: &str = "seatline-center";

const DESCRIPTION: (&str, &str) = (
    "centre behind the desks of a call centre",
    "Calls, customers, tickets and recordings for Seatline's desks: one service with\n\
     one port for them, and SIP trunks to the telephone network.\n\
     .\n\
     Seatline 坐席桌面背后的呼叫中心：通话、客户、工单和录音。",
);

/// Writes it.
pub(super) fn write(making: &Making) -> Result<PathBuf> {
    let archive = making.archive(NAME, NAME, &installer("center/seatline-center.1")?)?;
    archive.text(
        "usr/lib/systemd/system/seatline-center.service",
        &installer("center/seatline-center.service")?,
    )?;
    archive.text(
        "usr/lib/sysusers.d/seatline-center.conf",
        &installer("center/sysusers.conf")?,
    )?;
    archive.text(
        "etc/seatline/center.toml",
        &installer("center/center.toml")?,
    )?;
    let program = archive.root().join("usr/bin").join(NAME);
    let linked = linked(&program, &making.folder)?;
    making.write(
        &archive,
        &Control {
            package: NAME,
            section: "comm",
            depends: format!("{linked}, systemd | systemd-standalone-sysusers"),
            recommends: &["ca-certificates", "systemd"],
            description: DESCRIPTION,
            conffiles: &["/etc/seatline/center.toml"],
            scripts: &[
                ("postinst", "center/postinst"),
                ("prerm", "center/prerm"),
                ("postrm", "center/postrm"),
            ],
        },
    )
}
