//! What the centre is told at start: one TOML file, with environment and flags over it.

mod flags;
mod read;
mod sso;

pub use flags::Flags;
pub use read::{ConfigError, check, data_dir, load, print};
pub use sso::{Algorithm, SECRET_VARIABLE, Sso};

use ipnet::IpNet;
use seatline_contract::{identity::Recommended, secret::Secret};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// Everything that can be configured. Absent keys have the values of [`Config::default`].
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The site's name, shown at sign-in.
    pub name: String,
    /// The tenant this centre serves. A desk that is set up for another one is turned away before it
    /// says a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Address and port of HTTPS, events and SIP over WebSocket.
    pub listen: SocketAddr,
    /// Folder of the database, the centre's own certificate and its keys.
    pub data_dir: PathBuf,
    /// The SQLite file; `seatline.db` in `data_dir` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<PathBuf>,
    /// Largest size of the database in MiB; writes beyond it fail as on a full disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_max_mib: Option<u32>,
    /// Certificate chain in PEM; the centre makes its own if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// Private key of that certificate in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_key: Option<PathBuf>,
    /// Names and addresses put into the centre's own certificate.
    pub hosts: Vec<String>,
    /// Hours after which a session ends whatever happens.
    pub session_hours: u32,
    /// Shows agents masked numbers; supervisors and administrators always see them in full.
    pub mask_numbers: bool,
    /// Fills an empty database with demonstration data.
    pub demo: bool,
    /// Language of texts the centre makes itself, such as a number's region.
    pub language: Language,
    /// When repeated sign-in failures lock.
    pub lockout: Lockout,
    /// Single sign-on; none if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso: Option<Sso>,
    /// Signalling towards trunks.
    pub sip: Sip,
    /// Sound.
    pub media: Media,
    /// Recordings of calls.
    pub recording: Recording,
    /// Where calls come from and go to.
    pub trunks: Vec<Trunk>,
    /// Name of the queue for called numbers that no queue lists; such calls are refused if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_queue: Option<String>,
    /// Supervisors in agents' calls.
    pub supervision: Supervision,
    /// The event socket.
    pub events: Events,
    /// What is recommended for settings of desks, by their names in `installers/policies.md`, such
    /// as `Theme = "dark"`. Policies of a computer, and the person, have the last word.
    pub desk: BTreeMap<String, Recommended>,
    /// Updates of desks.
    pub updates: Updates,
    /// Logs.
    pub log: Log,
}

/// A language of the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

/// When repeated sign-in failures lock.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lockout {
    /// Failures after which a login is locked.
    pub account_failures: u32,
    /// Failures after which an address is locked.
    pub address_failures: u32,
    /// Minutes a lock lasts, and after which failures are forgotten.
    pub minutes: u32,
}

/// Signalling towards trunks.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sip {
    /// Address and port over UDP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udp: Option<SocketAddr>,
    /// Address and port over TCP; no TCP if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<SocketAddr>,
    /// The address trunks answer to, if it is not the bound one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertised: Option<IpAddr>,
    /// Digest realm of the agents' lines.
    pub realm: String,
}

/// Sound.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The local address sound is sent and received on.
    pub address: IpAddr,
    /// The address others send sound to, if it is not `address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertised: Option<IpAddr>,
    /// First UDP port.
    pub first_port: u16,
    /// Last UDP port.
    pub last_port: u16,
    /// WAV file callers hear first; a short tone if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<PathBuf>,
    /// WAV file waiting and held customers hear; a quiet melody if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music: Option<PathBuf>,
}

/// Recordings of calls. What is recorded is set through the API.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recording {
    /// Folder of the recordings; `recordings` in `data_dir` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// File of the master keys; `recording.keys` in `data_dir` if absent. Keep it, and its backup,
    /// apart from the recordings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// WAV file that tells customers that they are recorded; a chime, which says nothing in words, if
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announcement: Option<PathBuf>,
}

/// A connection to the telephone network.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Name in logs.
    pub name: String,
    /// Where outbound calls go, such as `sip:10.0.0.5:5060;transport=udp`.
    pub uri: String,
    /// Networks inbound calls are taken from.
    #[serde(default)]
    pub networks: Vec<IpNet>,
    /// The number shown to those called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_id: Option<String>,
    /// Account at the provider, if it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Secret of that account.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "redact"
    )]
    pub password: Option<Secret>,
    /// Whether MD5 may be used when the trunk offers nothing better.
    #[serde(default)]
    pub allow_md5: bool,
}

/// Supervisors in agents' calls.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Supervision {
    /// Whether agents see supervisors who are in their calls.
    pub visible: bool,
}

/// The event socket.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Silence after which a desk is taken for lost, in milliseconds.
    pub lost_after_ms: u32,
    /// How long a new connection may take to say who it is, in milliseconds.
    pub hello_within_ms: u32,
}

/// Logs.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,seatline_center::calls=debug`.
    pub level: String,
    /// Form of a line.
    pub format: LogFormat,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

fn redact<S: serde::Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_str("(hidden)"),
        None => serializer.serialize_none(),
    }
}

/// Updates of desks.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Updates {
    /// The folder with `latest.json` and the files it names; desks find no updates if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

impl Config {
    /// The database file.
    #[must_use]
    pub fn database_path(&self) -> PathBuf {
        self.database
            .clone()
            .unwrap_or_else(|| self.data_dir.join("seatline.db"))
    }

    /// The folder of the recordings.
    #[must_use]
    pub fn recordings_path(&self) -> PathBuf {
        let folder = self.recording.folder.clone();
        folder.unwrap_or_else(|| self.data_dir.join("recordings"))
    }

    /// The file of the recordings' master keys.
    #[must_use]
    pub fn recording_keys_path(&self) -> PathBuf {
        let file = self.recording.key_file.clone();
        file.unwrap_or_else(|| self.data_dir.join("recording.keys"))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "Seatline".into(),
            tenant: None,
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8443)),
            data_dir: "seatline-data".into(),
            database: None,
            database_max_mib: None,
            certificate: None,
            certificate_key: None,
            hosts: vec!["localhost".into(), "127.0.0.1".into(), "::1".into()],
            session_hours: 12,
            mask_numbers: true,
            demo: false,
            language: Language::Zh,
            lockout: Lockout::default(),
            sso: None,
            sip: Sip::default(),
            media: Media::default(),
            recording: Recording::default(),
            trunks: Vec::new(),
            default_queue: None,
            supervision: Supervision::default(),
            events: Events::default(),
            desk: BTreeMap::new(),
            updates: Updates::default(),
            log: Log::default(),
        }
    }
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            account_failures: 5,
            address_failures: 20,
            minutes: 15,
        }
    }
}

impl Default for Sip {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5060));
        Self {
            udp: Some(any),
            tcp: None,
            advertised: None,
            realm: "seatline".into(),
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::UNSPECIFIED.into(),
            advertised: None,
            first_port: 20_000,
            last_port: 29_999,
            greeting: None,
            music: None,
        }
    }
}

impl Default for Supervision {
    fn default() -> Self {
        Self { visible: true }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            lost_after_ms: u32::try_from(seatline_contract::event::LOST_AFTER_MS)
                .unwrap_or(u32::MAX),
            hello_within_ms: 5_000,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".into(),
            format: LogFormat::Text,
        }
    }
}
