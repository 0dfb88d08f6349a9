//! Loopback cluster.
