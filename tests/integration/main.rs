//! The built binary against real parts: an API server, an AWS emulator, and what EKS adds.

mod access;
mod adoption;
mod by_hand;
mod completion;
mod conflicts;
mod desk;
mod documents;
mod drift;
mod dry_run;
mod faults;
mod figures;
mod gitops;
mod group;
mod help;
mod identity;
mod interrupt;
mod lifecycle;
mod lines;
mod never;
mod offline_input;
mod property;
mod readiness;
mod removal;
mod terminal;
mod verbose;
mod world;
