//! The network as the peer connection sees it: the library's own, except that sockets fall back to
//! plain ones where the system knows none of the options for many packets at once and for
//! congestion marks (old builds of Windows 10, Wine). A voice needs neither.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::ReadBuf;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime,
    TokioRuntime, Transmit,
};

/// The library's runtime with our sockets.
#[derive(Debug)]
pub(crate) struct Network;

type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Runtime for Network {
    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let plain = socket.try_clone()?;
        match TokioRuntime.wrap_udp_socket(socket) {
            Ok(socket) => Ok(socket),
            Err(error) => {
                tracing::info!(%error, "sockets take one packet at a time");
                PlainSocket::new(plain)
            }
        }
    }

    fn spawn(&self, future: Task<'static, ()>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn spawn_reactor(&self, pool: usize, future: Task<'static, ()>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn_reactor(pool, future)
    }

    fn wrap_tcp_listener(
        &self,
        listener: std::net::TcpListener,
    ) -> io::Result<Arc<dyn AsyncTcpListener>> {
        TokioRuntime.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        address: SocketAddr,
    ) -> Task<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        TokioRuntime.connect_tcp(address)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Task<'a, io::Result<Vec<SocketAddr>>> {
        TokioRuntime.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Task<'static, ()> {
        TokioRuntime.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        TokioRuntime.block_on(future);
    }

    fn yield_now(&self) -> Task<'static, ()> {
        TokioRuntime.yield_now()
    }

    fn name(&self) -> &'static str {
        TokioRuntime.name()
    }
}

/// One packet at a time.
#[derive(Debug)]
struct PlainSocket(tokio::net::UdpSocket);

impl PlainSocket {
    #[expect(
        clippy::new_ret_no_self,
        reason = "the library takes any socket, shared"
    )]
    fn new(socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        socket.set_nonblocking(true)?;
        Ok(Arc::new(Self(tokio::net::UdpSocket::from_std(socket)?)))
    }
}

impl AsyncUdpSocket for PlainSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn poll_send(
        &self,
        context: &mut Context<'_>,
        packet: &Transmit<'_>,
    ) -> Poll<io::Result<usize>> {
        self.0
            .poll_send_to(context, packet.contents, packet.destination)
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), meta.first_mut()) else {
            return Poll::Ready(Ok(0));
        };
        loop {
            let mut read = ReadBuf::new(buffer);
            match ready!(self.0.poll_recv_from(context, &mut read)) {
                Ok(from) => {
                    let length = read.filled().len();
                    *meta = RecvMeta::default();
                    meta.addr = from;
                    meta.len = length;
                    // Nobody divides by it when there is nothing to divide.
                    meta.stride = length.max(1);
                    return Poll::Ready(Ok(1));
                }
                // Windows tells so that an earlier packet found nobody, as when paths are tried.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, UdpSocket};

    #[tokio::test]
    async fn a_plain_socket_sends_and_receives() {
        let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (one, other) = (
            PlainSocket::new(bind()).unwrap(),
            PlainSocket::new(bind()).unwrap(),
        );
        let to = other.local_addr().unwrap();
        for said in [&b"hello"[..], b"", b"again"] {
            assert_eq!(one.send_to(said, to).await.unwrap(), said.len());
            let mut heard = [0; 16];
            let (length, from) = other.recv_from(&mut heard).await.unwrap();
            assert_eq!((&heard[..length], from), (said, one.local_addr().unwrap()));
        }
    }
}
