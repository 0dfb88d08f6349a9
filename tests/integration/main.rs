//! The built binary against real parts: an API server, an AWS emulator, and what EKS adds.

mod access;
mod conflicts;
mod documents;
mod drift;
mod faults;
mod figures;
mod gitops;
mod identity;
mod interrupt;
mod lifecycle;
mod property;
mod removal;
mod terminal;
mod world;
