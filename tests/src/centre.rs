//! A centre with demo data, as the process that is shipped.

use crate::{
    built,
    process::{Program, wait_for},
};
use anyhow::{Context, Result};
use std::{
    net::{IpAddr, TcpListener, TcpStream, UdpSocket},
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
}

impl Centre {
    /// Starts a centre with demo data at `address`.
    ///
    /// # Errors
    /// When it is not built or does not start; its log is named.
    pub fn start(folder: &Path, address: IpAddr) -> Result<Self> {
        let folder = folder.join("center");
        std::fs::create_dir_all(&folder)?;
        let api = TcpListener::bind((address, 0))?.local_addr()?;
        let trunk = UdpSocket::bind((address, 0))?.local_addr()?;
        let peer_port = UdpSocket::bind((address, 0))?.local_addr()?.port();
        let config = folder.join("center.toml");
        std::fs::write(
            &config,
            format!(
                "hosts = [\"localhost\", \"{address}\"]\n\
                 [media]\naddress = \"{address}\"\n\
                 [[trunks]]\nname = \"foreign\"\n\
                 uri = \"sip:{address}:{peer_port};transport=udp\"\n\
                 networks = [\"{address}/32\"]\n"
            ),
        )?;
        let log = folder.join("center.log");
        let mut program = Program::start(
            "seatline-center",
            Command::new(built("seatline-center")?)
                .arg("--demo")
                .arg("--config")
                .arg(&config)
                .arg("--data-dir")
                .arg(folder.join("data"))
                .args(["--listen", &api.to_string()])
                .args(["--sip-udp", &trunk.to_string()])
                .stdout(std::fs::File::create(&log)?)
                .stderr(std::fs::File::create(folder.join("errors.log"))?),
        )?;
        wait_for("the centre", Duration::from_secs(30), || {
            program.ensure_running().ok()?;
            TcpStream::connect(api).ok()
        })
        .with_context(|| format!("its log is {}", log.display()))?;
        Ok(Self {
            program,
            url: format!("https://{api}"),
            certificate: folder.join("data").join("certificate.pem"),
            trunk: trunk.to_string(),
            peer_port,
            folder,
        })
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
