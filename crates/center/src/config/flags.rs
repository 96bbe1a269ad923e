//! Flags and environment, which go over the file.

use super::Config;
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// Flags of the command line; each can also come from the environment.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// The configuration file (TOML)
    #[arg(long, env = "SEATLINE_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// The site's name, shown at sign-in
    #[arg(long, env = "SEATLINE_NAME", global = true)]
    pub name: Option<String>,
    /// Address and port of HTTPS, events and SIP over WebSocket
    #[arg(long, env = "SEATLINE_LISTEN", global = true)]
    pub listen: Option<SocketAddr>,
    /// Folder of the database, the certificate and the keys
    #[arg(long, env = "SEATLINE_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// The SQLite file
    #[arg(long, env = "SEATLINE_DATABASE", global = true)]
    pub database: Option<PathBuf>,
    /// Certificate chain (PEM)
    #[arg(long, env = "SEATLINE_CERTIFICATE", global = true)]
    pub certificate: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, env = "SEATLINE_CERTIFICATE_KEY", global = true)]
    pub certificate_key: Option<PathBuf>,
    /// Address and port of SIP over UDP, for trunks
    #[arg(long, env = "SEATLINE_SIP_UDP", global = true)]
    pub sip_udp: Option<SocketAddr>,
    /// Address and port of SIP over TCP, for trunks
    #[arg(long, env = "SEATLINE_SIP_TCP", global = true)]
    pub sip_tcp: Option<SocketAddr>,
    /// Log level or filter
    #[arg(long, env = "SEATLINE_LOG_LEVEL", global = true)]
    pub log_level: Option<String>,
    /// Fill an empty database with demonstration data
    #[arg(long, env = "SEATLINE_DEMO", global = true)]
    pub demo: bool,
}

impl Flags {
    /// Puts what was given over what the file says.
    pub fn apply(self, config: &mut Config) {
        fn put<T>(target: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *target = value;
            }
        }
        put(&mut config.name, self.name);
        put(&mut config.listen, self.listen);
        put(&mut config.data_dir, self.data_dir);
        put(&mut config.database, self.database.map(Some));
        put(&mut config.certificate, self.certificate.map(Some));
        put(&mut config.certificate_key, self.certificate_key.map(Some));
        put(&mut config.sip.udp, self.sip_udp.map(Some));
        put(&mut config.sip.tcp, self.sip_tcp.map(Some));
        put(&mut config.log.level, self.log_level);
        config.demo |= self.demo;
    }
}
