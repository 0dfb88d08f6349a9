//! A real Kubernetes control plane, an AWS emulator and what EKS adds, on loopback.
//!
//! [`Sandbox::start`] brings it up, dropping the [`Sandbox`] takes it down; if the process is killed instead, all that
//! it started dies with it. Programs reach it as they would reach EKS: by a kubeconfig and by `AWS_ENDPOINT_URL`.
//!
//! | what | real | not real |
//! |---|---|---|
//! | control plane | etcd, kube-apiserver, kube-controller-manager, kube-scheduler | one node, played by KWOK: pods become ready at once and run nothing |
//! | AWS | IAM, STS and EKS with Pod Identity, as `ministack` emulates them | signatures of calls are not checked; [`AwsRule`] makes calls fail, wait or be held |
//! | Pod Identity webhook | what it injects, and that it fails open | it learns of associations at once, or after the delay that a test sets |
//! | EKS tokens | `k8s-aws-v1.` tokens are accepted as aws-iam-authenticator does, if they are signed for a cluster of [`Sandbox::cluster`] with the secret key of [`Sandbox::aws_env`] | the user is the access key id, an administrator, unless an access entry says otherwise ([`Sandbox::access_entry`]) |
//! | ACK | its controllers for roles and associations: finalizers, conditions, late-initialised fields | they look again only when an object changes, or when a test asks ([`Sandbox::ack`]) |
//! | load balancer controller | Ingress groups, finalizers, events, `TargetGroupBinding` objects | no load balancer |
//!
//! # Pods that do not become ready
//! | pod | what it comes to |
//! |---|---|
//! | annotation `sandbox.test/state: ImagePullBackOff`, or an image that contains `does-not-exist` | waits with that reason |
//! | annotation `sandbox.test/state: CreateContainerConfigError` | waits with that reason |
//! | annotation `sandbox.test/state: CrashLoopBackOff`, or an image whose tag contains `crash` | waits with that reason, after exit code 1 |
//! | annotation `sandbox.test/state: OOMKilled` | waits as `CrashLoopBackOff`, after `OOMKilled` |
//! | `restartPolicy: Never` | ends well at once |
//! | the same, and an image that contains `hangs` | runs on; with `hangs-for-long` until its deadline, which comes at once |
//! | the same, and an image that contains `no-aws` | fails, since its program is not in the image |
//! | annotation `sandbox.test/state: Pending` | scheduled, not started, until the annotation says `Ready` |
//!
//! # From further away
//! [`Sandbox::with_round_trip`] gives the same sandbox over a line with a delay, and AWS with TLS.
//!
//! # Files and variables
//! The programs are built from pinned sources once and cached in `target/sandbox`, or taken from the directory that
//! `MCPCTL_SANDBOX_BIN` names, or from `KUBEBUILDER_ASSETS` if all are there. A run has its data, keys and logs in
//! `target/sandbox/run-<pid>-<number>`, which goes with it unless `MCPCTL_SANDBOX_KEEP` is set.

#[cfg(not(unix))]
compile_error!("the sandbox runs on Unix only");

mod access;
mod ack;
mod audit;
mod aws;
mod binaries;
mod control_plane;
mod crds;
mod distance;
mod engine;
mod files;
mod http;
mod kubelet;
mod kubernetes;
mod kwok;
mod load_balancer;
mod pki;
mod ports;
mod process;
mod progress;
mod python;
mod references;
mod sandbox;
pub mod strict_aws;
mod tokens;
mod watch;
mod webhook;

pub use ack::AckAnswer;
pub use audit::AuditEvent;
pub use aws::{AwsCall, AwsRule, AwsRuleHandle};
pub use distance::Distant;
pub use python::python_with;
pub use sandbox::{Options, Sandbox};
