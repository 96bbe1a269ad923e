//! Servers that are not the centre a desk looks for.

use anyhow::{Context, Result};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// A web server without TLS.
    Web,
    /// A mail server with TLS and a certificate of its own making.
    Mail,
    /// The same, its certificate out of date.
    Expired,
}

impl Stranger {
    /// Serves at `address` until the program ends, and says at which port.
    ///
    /// # Errors
    /// When the address cannot be had or a certificate cannot be made.
    pub fn serve(self, address: IpAddr) -> Result<SocketAddr> {
        let listener = TcpListener::bind((address, 0))?;
        let place = listener.local_addr()?;
        let tls = match self {
            Self::Web => None,
            Self::Mail | Self::Expired => Some(Arc::new(self.tls(address)?)),
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever asks may hang up at any time.
                let _ = match &tls {
                    None => answer_as_web(stream),
                    Some(tls) => answer_as_mail(stream, tls.clone()),
                };
            }
        });
        Ok(place)
    }

    fn tls(self, address: IpAddr) -> Result<ServerConfig> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![address.to_string()])?;
        if self == Self::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = params.self_signed(&key)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .context("a certificate")
    }
}

fn answer_as_web(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request)?;
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
}

fn answer_as_mail(stream: TcpStream, tls: Arc<ServerConfig>) -> std::io::Result<()> {
    let connection = ServerConnection::new(tls).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(b"220 mail.example.cn ESMTP\r\n")?;
    let mut request = [0; 4096];
    let _ = stream.read(&mut request)?;
    stream.write_all(b"500 Command not recognised\r\n")?;
    stream.conn.send_close_notify();
    stream.flush()
}
