//! Windows: the MSI, installed by Windows itself.
//!
//! The program cannot wait for its own replacement, so the system's command interpreter does: it
//! waits for `msiexec`, which asks for an administrator's consent, and then starts whatever Seatline is
//! there, the new one or the old. Paths go to it by its environment, so that nothing in them is
//! read as a command.

use seatline_desk::update::Installer;
use std::{
    io,
    os::windows::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// No window of its own (`CREATE_NO_WINDOW`).
const NO_WINDOW: u32 = 0x0800_0000;

/// What the command interpreter does.
const SCRIPT: &str = concat!(
    r#"/d /v:off /s /c "start "" /wait "%SEATLINE_MSIEXEC%" /i "%SEATLINE_UPDATE%" /passive"#,
    r#" /norestart /l*v "%SEATLINE_UPDATE%.log" & start "" "%SEATLINE_PROGRAM%"""#,
);

/// Installs by `msiexec`.
pub(super) struct Msi;

impl Installer for Msi {
    fn installs(&self) -> bool {
        true
    }

    fn begin(&self, file: &Path) -> io::Result<()> {
        let system = system_folder()?;
        let mut shell = Command::new(system.join("cmd.exe"));
        shell
            .raw_arg(SCRIPT)
            .env("SEATLINE_MSIEXEC", system.join("msiexec.exe"))
            .env("SEATLINE_UPDATE", file)
            .env("SEATLINE_PROGRAM", std::env::current_exe()?)
            .current_dir(&system)
            .creation_flags(NO_WINDOW);
        shell.spawn().map(drop)
    }
}

/// Windows' own programs, wherever the search path leads.
fn system_folder() -> io::Result<PathBuf> {
    let root = std::env::var_os("SystemRoot").ok_or(io::ErrorKind::NotFound)?;
    Ok(PathBuf::from(root).join("System32"))
}
