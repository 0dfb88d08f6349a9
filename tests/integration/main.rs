//! The built binary against real parts: an API server, an AWS emulator, and what EKS adds.

mod lifecycle;
mod world;
