//! The sandbox from further away: every byte to and from it takes its time, as between a laptop and a region.
//!
//! A TCP proxy stands in front of the API server and of the AWS side, both of which speak TLS. Each direction is a delay
//! line: what was read is written half a round trip later, in order, however much of it is on the way, so bandwidth is
//! not limited. The kernel accepts a connection at once, which a process cannot delay; instead what the client sends
//! first is held for one round trip more, since it could not have been sent before the handshake of TCP was over. A new
//! connection with TLS 1.3 thus costs three round trips to its first answer, as it does over a real line. The other
//! costs of a line (slow start, loss, jitter) are left out.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::engine::Engine;
use crate::sandbox::Sandbox;

/// Read at once at most.
const CHUNK: usize = 64 * 1024;
/// Chunks on the way in one direction at most: more than any request or answer of ours.
const ON_THE_WAY: usize = 1024;

/// The sandbox as seen over a line; lines end when this is dropped.
pub struct Distant<'a> {
    sandbox: &'a Sandbox,
    api_server: SocketAddr,
    aws: SocketAddr,
    authority: PathBuf,
    _engine: Engine,
}

impl<'a> Distant<'a> {
    pub(crate) fn start(
        sandbox: &'a Sandbox,
        (api_server, aws): (SocketAddr, SocketAddr),
        authority: PathBuf,
        round_trip: Duration,
    ) -> Result<Self> {
        // A thread of its own: the sandbox's other servers must not hold its clock up.
        let engine = Engine::start()?;
        let line = |upstream| -> Result<SocketAddr> {
            let bind = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
            let listener = engine.run(async { bind.await.context("no port for a proxy") })?;
            let address = listener.local_addr()?;
            engine.spawn(serve(listener, upstream, round_trip));
            Ok(address)
        };
        Ok(Self {
            sandbox,
            api_server: line(api_server)?,
            aws: line(aws)?,
            authority,
            _engine: engine,
        })
    }

    /// As [`Sandbox::kubeconfig_for_cluster`], over the line.
    pub fn kubeconfig_for_cluster(
        &self,
        cluster: &str,
        user: &str,
        groups: &[&str],
    ) -> Result<PathBuf> {
        let server = format!("https://{}", self.api_server);
        self.sandbox.kubeconfig_at(&server, cluster, user, groups)
    }

    /// As [`Sandbox::aws_env`], over the line and with TLS, whose authority `AWS_CA_BUNDLE` names.
    pub fn aws_env(&self, access_key: &str) -> Vec<(String, String)> {
        let mut variables = self.sandbox.aws_env(access_key);
        variables.retain(|(name, _)| name != "AWS_ENDPOINT_URL");
        variables.push(("AWS_ENDPOINT_URL".into(), format!("https://{}", self.aws)));
        variables.push(("AWS_CA_BUNDLE".into(), self.authority.display().to_string()));
        variables
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, round_trip: Duration) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let connected = Instant::now() + round_trip;
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(upstream).await else {
                return;
            };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let line = Line {
                delay: round_trip / 2,
                connected,
            };
            tokio::spawn(line.carry(from_client, to_server));
            line.carry(from_server, to_client).await;
        });
    }
}

/// One direction of a connection.
#[derive(Clone, Copy)]
struct Line {
    delay: Duration,
    /// When a client on a real line could have sent its first byte.
    connected: Instant,
}

impl Line {
    /// Carries bytes until one side is done; the end takes as long as the bytes.
    async fn carry(self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let (sender, mut on_the_way) = mpsc::channel::<(Instant, Bytes)>(ON_THE_WAY);
        let read = async move {
            let mut buffer = vec![0; CHUNK];
            loop {
                let length = from.read(&mut buffer).await.unwrap_or(0);
                let due = Instant::now().max(self.connected) + self.delay;
                let chunk = Bytes::copy_from_slice(&buffer[..length]);
                if sender.send((due, chunk)).await.is_err() || length == 0 {
                    return;
                }
            }
        };
        let write = async move {
            while let Some((due, chunk)) = on_the_way.recv().await {
                sleep_until(due).await;
                if chunk.is_empty() || to.write_all(&chunk).await.is_err() {
                    break;
                }
            }
            // Either the end, or nobody is there to hear of it.
            let _ = to.shutdown().await;
        };
        tokio::join!(read, write);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(10);

    /// A line whose client has connected after two delays; its ends, and when it was made.
    fn line() -> (tokio::io::DuplexStream, tokio::io::DuplexStream, Instant) {
        let (near, from) = tokio::io::duplex(1 << 20);
        let (to, far) = tokio::io::duplex(1 << 20);
        let start = Instant::now();
        let line = Line {
            delay: DELAY,
            connected: start + 2 * DELAY,
        };
        tokio::spawn(line.carry(from, to));
        (near, far, start)
    }

    #[tokio::test]
    async fn the_first_bytes_wait_for_the_handshake_and_later_ones_for_the_way() {
        let (mut near, mut far, start) = line();
        near.write_all(b"first").await.unwrap();
        let mut word = [0; 5];
        far.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"first");
        assert!(start.elapsed() >= 3 * DELAY);
        let sent = Instant::now();
        near.write_all(b"later").await.unwrap();
        far.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"later");
        assert!(sent.elapsed() >= DELAY);
    }

    #[tokio::test]
    async fn many_bytes_are_on_the_way_at_once_and_keep_their_order() {
        let (mut near, mut far, _) = line();
        let sent = (0..=255).cycle().take(40 * CHUNK).collect::<Vec<u8>>();
        let expected = sent.clone();
        // The line takes more than one chunk before the first comes out: nothing of it is read until all is written.
        near.write_all(&sent).await.unwrap();
        drop(near);
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.unwrap();
        assert!(received == expected, "bytes were lost or mixed up");
    }
}
