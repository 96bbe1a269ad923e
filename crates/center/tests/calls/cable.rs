//! A cable between a desk and the centre that can be pulled.

use crate::rig::Rig;
use std::net::Ipv4Addr;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Carries every connection made to its port to the centre, until it is pulled.
pub(crate) struct Cable {
    pub(crate) port: u16,
    carrying: JoinHandle<()>,
}

impl Cable {
    pub(crate) async fn plug(rig: &Rig) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let centre = rig.centre.address;
        let carrying = tokio::spawn(async move {
            let mut wires = JoinSet::new();
            while let Ok((mut desk, _)) = listener.accept().await {
                wires.spawn(async move {
                    let mut far = TcpStream::connect(centre).await?;
                    tokio::io::copy_bidirectional(&mut desk, &mut far).await
                });
            }
        });
        Self { port, carrying }
    }

    /// Nobody says good-bye.
    pub(crate) fn pull(&self) {
        self.carrying.abort();
    }
}
