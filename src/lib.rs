//! Gives every tenant of an EKS cluster its own MCP server: a namespace, a workload behind one rule of a shared load
//! balancer, and an IAM role bound to its service account by an EKS Pod Identity association.
//!
//! Everything that is managed is one object with `apiVersion`, `kind`, `metadata` and `spec`, the AWS half included.
//! Data flows one way:
//!
//! ```text
//! tenant file, flags, settings, record
//!   -> input, config, templates   what was said                        reads files
//!   -> spec            layers -> a validated TenantSpec, names         pure
//!   -> render          templates -> objects                            pure
//!   -> desired         objects by id, with our marks                   pure
//!   -> observe         ask the backends -> what lives                  async
//!   -> plan            (desired, live) -> steps with edges, conflicts  pure
//!   -> report          print the plan
//!   -> execute         walk the plan, send events                      async
//!   -> report          follow the events, print outcome, exit code
//! ```
//!
//! `tenant status` and `tenant list` put what was observed, and the plan, into one document (`status`, pure) and print it.
//!
//! Every verb is a view of this one path: remove is a plan toward nothing, diff prints the plan that add would run, and
//! `--dry-run` prints what is desired.

pub mod ack;
pub mod backend;
pub mod cli;
pub mod commands;
pub mod complete;
pub mod config;
pub mod desired;
pub mod diagnosis;
pub mod diff;
pub mod error;
pub mod execute;
pub mod files;
pub mod gate;
pub mod guard;
pub mod guests;
pub mod injected;
pub mod input;
pub mod lint;
pub mod lock;
pub mod managed;
pub mod marks;
pub mod object;
pub mod observe;
pub mod origin;
pub mod orphans;
pub mod plan;
pub mod policy;
pub mod quantity;
pub mod record;
pub mod release;
pub mod render;
pub mod report;
pub mod session;
pub mod spec;
pub mod status;
pub mod templates;
pub mod tenant;
#[cfg(test)]
mod testing;
pub mod verify;
pub mod wait;
pub mod yaml;
