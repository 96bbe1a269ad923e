//! Somebody else's switch: Asterisk 22 of Debian sid, with SIP over WSS for desks (DTLS-SRTP,
//! Opus) and over UDP for plain phones.

use crate::{
    process::{Program, wait_for},
    sid,
};
use anyhow::{Context, Result, ensure};
use rcgen::{CertificateParams, KeyPair};
use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

/// The realm of its digests, and the host part of its users' addresses.
pub const REALM: &str = "switch.test";

/// Where Asterisk plays its own sounds from, inside its root.
const SOUNDS: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";

/// How Asterisk is set up.
pub struct Setup<'a> {
    /// Where it keeps its files.
    pub folder: &'a Path,
    /// The address it listens at.
    pub address: IpAddr,
    /// Desks: they register over WSS and prove themselves with SHA-256.
    pub desks: &'a [Desk<'a>],
    /// Plain phones, reached at their addresses over UDP in G.711.
    pub phones: &'a [Phone<'a>],
    /// The dialplan: what [`extensions.conf`] has below the context that all calls come to.
    ///
    /// [`extensions.conf`]: https://docs.asterisk.org/Configuration/Dialplan/
    pub dialplan: &'a str,
    /// What callers on hold hear: a mono WAV file of 8 kHz.
    pub music: &'a Path,
    /// Other files of `/etc/asterisk` with their contents, such as `confbridge.conf`.
    pub files: &'a [(&'a str, &'a str)],
}

/// A desk as Asterisk knows it.
pub struct Desk<'a> {
    /// Its user name, and the number it is called by with `PJSIP/USER`.
    pub user: &'a str,
    /// Its secret.
    pub secret: &'a str,
}

/// A plain phone as Asterisk knows it.
pub struct Phone<'a> {
    /// Its number, which it calls from, and is called by with `PJSIP/NUMBER`.
    pub number: &'a str,
    /// Where it is.
    pub address: SocketAddr,
}

/// A running Asterisk.
pub struct Asterisk {
    program: Option<Program>,
    folder: PathBuf,
    https: SocketAddr,
    udp: SocketAddr,
    certificate: rustls::pki_types::CertificateDer<'static>,
}

impl Asterisk {
    /// Starts it and waits until it takes calls.
    ///
    /// # Errors
    /// When the sid root has not been made, or it does not start; its log is named.
    pub fn start(setup: &Setup) -> Result<Self> {
        let folder = setup.folder.join("asterisk");
        std::fs::create_dir_all(folder.join("moh"))?;
        std::fs::copy(setup.music, folder.join("moh/music.wav"))?;
        let https = TcpListener::bind((setup.address, 0))?.local_addr()?;
        let udp = UdpSocket::bind((setup.address, 0))?.local_addr()?;
        let key = KeyPair::generate()?;
        let names = vec![setup.address.to_string()];
        let certificate = CertificateParams::new(names)?.self_signed(&key)?;
        for (name, text) in configuration(setup, https, udp) {
            std::fs::write(folder.join(name), text)?;
        }
        for (name, text) in setup.files {
            std::fs::write(folder.join(name), text)?;
        }
        std::fs::write(folder.join("certificate.pem"), certificate.pem())?;
        std::fs::write(folder.join("key.pem"), key.serialize_pem())?;
        let mut this = Self {
            program: None,
            folder,
            https,
            udp,
            certificate: certificate.der().clone(),
        };
        this.run()?;
        Ok(this)
    }

    /// Starts it again after [`Asterisk::crash`].
    ///
    /// # Errors
    /// As [`Asterisk::start`].
    pub fn run(&mut self) -> Result<()> {
        let log = self.folder.join("console.log");
        let output = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)?;
        let config = format!("{}/asterisk.conf", sid::FOLDER);
        let mut program = Program::start(
            "asterisk",
            sid::command("asterisk", &self.folder)?
                .args(["-f", "-C", &config])
                .stdin(Stdio::null())
                .stdout(output.try_clone()?)
                .stderr(output),
        )?;
        let booted = wait_for("Asterisk", Duration::from_secs(60), || {
            if let Err(ended) = program.ensure_running() {
                return Some(Err(ended));
            }
            let up = TcpStream::connect(self.https).is_ok()
                && self.command("core waitfullybooted").is_ok();
            up.then_some(Ok(()))
        });
        booted
            .and_then(|booted| booted)
            .with_context(|| format!("its log is {}", log.display()))?;
        self.program = Some(program);
        Ok(())
    }

    /// Ends it at once, as a crash would.
    pub fn crash(&mut self) {
        if let Some(mut program) = self.program.take() {
            program.crash();
        }
    }

    /// Where desks connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("wss://{}/ws", self.https)
    }

    /// Where plain phones call: `address:port`, UDP.
    #[must_use]
    pub fn trunk(&self) -> String {
        self.udp.to_string()
    }

    /// What a desk trusts: this Asterisk's certificate and no other.
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn trust(&self) -> Result<Arc<rustls::ClientConfig>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.program.as_ref().map(Program::id)
    }

    /// Gives a command to its console and returns what it says.
    ///
    /// # Errors
    /// When it is not running.
    pub fn command(&self, command: &str) -> Result<String> {
        let config = format!("{}/asterisk.conf", sid::FOLDER);
        let output = sid::command("asterisk", &self.folder)?
            .args(["-C", &config, "-rx", command])
            .stdin(Stdio::null())
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{command}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }

    /// What it has logged.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn logged(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("console.log"))?)
    }
}

/// The files of `/etc/asterisk`.
fn configuration(setup: &Setup, https: SocketAddr, udp: SocketAddr) -> Vec<(&'static str, String)> {
    let here = sid::FOLDER;
    vec![
        (
            "asterisk.conf",
            format!(
                "[directories]\n\
                 astetcdir = {here}\nastvarlibdir = {here}\nastdbdir = {here}\n\
                 astkeydir = {here}\nastspooldir = {here}/spool\nastrundir = {here}\n\
                 astlogdir = {here}/log\nastcachedir = {here}/cache\n\
                 astdatadir = /usr/share/asterisk\nastagidir = /usr/share/asterisk/agi-bin\n\
                 [options]\nverbose = 3\nnocolor = yes\nrungroup =\nrunuser =\n"
            ),
        ),
        (
            "logger.conf",
            "[logfiles]\nconsole = notice,warning,error,verbose\n".to_owned(),
        ),
        (
            "modules.conf",
            // Others would open ports of their own, or miss configuration files.
            "[modules]\nautoload = yes\n\
             noload = chan_iax2.so\nnoload = chan_unistim.so\nnoload = chan_mobile.so\n\
             noload = chan_ooh323.so\nnoload = pbx_dundi.so\nnoload = res_hep.so\n"
                .to_owned(),
        ),
        (
            "rtp.conf",
            "[general]\nrtpstart = 20000\nrtpend = 29999\n".to_owned(),
        ),
        (
            "http.conf",
            format!(
                "[general]\nenabled = no\ntlsenable = yes\ntlsbindaddr = {https}\n\
                 tlscertfile = {here}/certificate.pem\ntlsprivatekey = {here}/key.pem\n"
            ),
        ),
        (
            "musiconhold.conf",
            format!("[default]\nmode = files\ndirectory = {here}/moh\n"),
        ),
        ("pjsip.conf", endpoints(setup, udp)),
        (
            "extensions.conf",
            format!(
                "[globals]\nSOUNDS = {SOUNDS}\n[calls]\n{}\n",
                setup.dialplan
            ),
        ),
    ]
}

fn endpoints(setup: &Setup, udp: SocketAddr) -> String {
    let mut text = format!(
        "[global]\ntype = global\ndefault_realm = {REALM}\ndebug = yes\n\
         [plain]\ntype = transport\nprotocol = udp\nbind = {udp}\n\
         [secure]\ntype = transport\nprotocol = wss\nbind = {}\n",
        setup.address
    );
    for Desk { user, secret } in setup.desks {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "[{user}]\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n\
             [{user}]\ntype = auth\nauth_type = digest\nusername = {user}\npassword = {secret}\n\
             realm = {REALM}\nsupported_algorithms_uas = SHA-256\n\
             [{user}]\ntype = endpoint\naors = {user}\nauth = {user}\ntransport = secure\n\
             context = calls\nwebrtc = yes\ndtls_auto_generate_cert = yes\n\
             disallow = all\nallow = opus\ndirect_media = no\n\
             callerid = {user} <{user}>\n"
        );
    }
    for Phone { number, address } in setup.phones {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "[{number}]\ntype = aor\ncontact = sip:{number}@{address}\n\
             [{number}]\ntype = endpoint\naors = {number}\ntransport = plain\n\
             context = calls\ndisallow = all\nallow = ulaw\ndirect_media = no\n\
             callerid = {number} <{number}>\n"
        );
    }
    text
}
