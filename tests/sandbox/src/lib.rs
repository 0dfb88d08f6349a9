//! A real Kubernetes control plane, an AWS emulator and what EKS adds, on loopback.
//!
//! [`Sandbox::start`] brings it up, dropping the [`Sandbox`] takes it down; if the process is killed instead, all that
//! it started dies with it.

#[cfg(not(unix))]
compile_error!("the sandbox runs on Unix only");

mod access;
mod audit;
mod aws;
mod binaries;
mod control_plane;
mod crds;
mod engine;
mod files;
mod http;
mod kubernetes;
mod kwok;
mod load_balancer;
mod pki;
mod ports;
mod process;
mod progress;
mod python;
mod sandbox;
mod watch;
mod webhook;

pub use audit::AuditEvent;
pub use aws::{AwsCall, AwsRule, AwsRuleHandle};
pub use sandbox::{Options, Sandbox};
