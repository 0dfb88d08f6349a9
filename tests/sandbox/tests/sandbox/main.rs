//! The sandbox does what the systems that it stands in for do. One sandbox is shared by all tests; each works in
//! namespaces, classes and under access keys of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod aws;
mod ingress;
mod owner;
mod pods;
mod support;
