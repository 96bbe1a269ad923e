//! A centre with demo data, as the process that is shipped.

use crate::{
    built,
    process::{Program, wait_for},
};
use anyhow::{Context, Result};
use std::{
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Login of an agent in the demo data.
pub const AGENT: &str = "zhouqian";

/// Password of everybody in the demo data.
pub const PASSWORD: &str = "seatline-demo-2026";

/// A number that leads to a queue of [`AGENT`]'s.
pub const AFTER_SALES: &str = "4001";

/// A number that leads to a queue of [`AGENT`]'s whose calls are not recorded, so that no
/// announcement delays them.
pub const VIP: &str = "4003";

/// A running centre.
pub struct Centre {
    program: Program,
    /// Address of its API.
    pub url: String,
    /// Its certificate.
    pub certificate: PathBuf,
    /// Where trunks reach it: `address:port`, UDP.
    pub trunk: String,
    /// Where it reaches its trunk: the port of the foreign phone.
    pub peer_port: u16,
    folder: PathBuf,
    api: SocketAddr,
    demo: bool,
}

impl Centre {
    /// Starts a centre with demo data at `address`, its files in `center` within `folder`.
    ///
    /// # Errors
    /// When it is not built or does not start; its log is named.
    pub fn start(folder: &Path, address: IpAddr) -> Result<Self> {
        Self::start_told(folder, address, "")
    }

    /// As [`Centre::start`], with more at the end of its configuration.
    ///
    /// # Errors
    /// As [`Centre::start`].
    pub fn start_told(folder: &Path, address: IpAddr, more: &str) -> Result<Self> {
        Self::start_in(folder.join("center"), free_port(address)?, true, more)
    }

    /// Starts a centre at its first start, nobody in it, its files in `folder`.
    ///
    /// # Errors
    /// As [`Centre::start`].
    pub fn start_new(folder: PathBuf, api: SocketAddr) -> Result<Self> {
        Self::start_in(folder, api, false, "")
    }

    fn start_in(folder: PathBuf, api: SocketAddr, demo: bool, more: &str) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let address = api.ip();
        let trunk = UdpSocket::bind((address, 0))?.local_addr()?.to_string();
        let peer_port = UdpSocket::bind((address, 0))?.local_addr()?.port();
        std::fs::write(
            folder.join("center.toml"),
            format!(
                "hosts = [\"localhost\", \"{address}\"]\n\
                 [media]\naddress = \"{address}\"\n\
                 [[trunks]]\nname = \"foreign\"\n\
                 uri = \"sip:{address}:{peer_port};transport=udp\"\n\
                 networks = [\"{address}/32\"]\n\
                 {more}"
            ),
        )?;
        Ok(Self {
            program: launch(&folder, api, &trunk, demo)?,
            url: format!("https://{api}"),
            certificate: folder.join("data").join("certificate.pem"),
            trunk,
            peer_port,
            folder,
            api,
            demo,
        })
    }

    /// Ends it at once, as a crash would.
    pub fn crash(&mut self) {
        self.program.crash();
    }

    /// Ends it as an operator would.
    pub fn stop(&mut self) {
        self.program.end();
    }

    /// Starts it again, at the same address and with the same files.
    ///
    /// # Errors
    /// As [`Centre::start`].
    pub fn start_again(&mut self) -> Result<()> {
        self.program = launch(&self.folder, self.api, &self.trunk, self.demo)?;
        Ok(())
    }

    /// Starts it again with more at the beginning of its configuration.
    ///
    /// # Errors
    /// As [`Centre::start`].
    pub fn start_again_told(&mut self, more: &str) -> Result<()> {
        self.stop();
        let file = self.folder.join("center.toml");
        let before = std::fs::read_to_string(&file)?;
        std::fs::write(&file, format!("{more}\n{before}"))?;
        self.start_again()
    }

    /// The one-time code it has printed for its first administrator.
    ///
    /// # Errors
    /// When it has printed none.
    pub fn set_up_code(&self) -> Result<String> {
        let logged = self.logged()?;
        let (_, code) = logged
            .split_once("set-up code: ")
            .context("no set-up code")?;
        Ok(code.lines().next().unwrap_or_default().to_owned())
    }

    /// Fails if the centre has ended.
    ///
    /// # Errors
    /// Its exit status.
    pub fn ensure_running(&mut self) -> Result<()> {
        self.program.ensure_running()
    }

    /// What it has logged.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn logged(&self) -> Result<String> {
        let read = |name| std::fs::read_to_string(self.folder.join(name));
        Ok(read("center.log")? + &read("errors.log")?)
    }
}

/// An address with a port that nobody listens at.
///
/// # Errors
/// When the address is not this computer's.
pub fn free_port(address: IpAddr) -> Result<SocketAddr> {
    Ok(TcpListener::bind((address, 0))?.local_addr()?)
}

fn launch(folder: &Path, api: SocketAddr, trunk: &str, demo: bool) -> Result<Program> {
    let log = folder.join("center.log");
    let mut command = Command::new(built("seatline-center")?);
    if demo {
        command.arg("--demo");
    }
    let mut program = Program::start(
        "seatline-center",
        command
            .arg("--config")
            .arg(folder.join("center.toml"))
            .arg("--data-dir")
            .arg(folder.join("data"))
            .args(["--listen", &api.to_string()])
            .args(["--sip-udp", trunk])
            .stdout(std::fs::File::create(&log)?)
            .stderr(std::fs::File::create(folder.join("errors.log"))?),
    )?;
    // It takes the port before all else, and says last that it is open.
    wait_for("the centre", Duration::from_secs(90), || {
        program.ensure_running().ok()?;
        let said = std::fs::read_to_string(&log).ok()?;
        said.contains("listening on").then_some(())
    })
    .with_context(|| format!("its log is {}", log.display()))?;
    Ok(program)
}
