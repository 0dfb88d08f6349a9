//! Free ports on loopback.

use std::iter;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result};

/// Ports that are free now, held together so that they differ. Each may be taken before the program that it is for
/// binds it: see [`was_taken`].
pub(crate) fn free<const N: usize>() -> Result<[u16; N]> {
    let listeners = iter::repeat_with(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).take(N);
    let listeners = listeners
        .collect::<Result<Vec<_>, _>>()
        .context("no free port on loopback")?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// How often a start may find a port taken.
pub(crate) const ATTEMPTS: usize = 4;

/// Whether a program ended because somebody else had its port: what Go's and the emulator's messages say.
pub(crate) fn was_taken(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    text.contains("address already in use") || text.contains("is already in use")
}
