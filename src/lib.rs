//! `mcpctl`
pub mod config;
pub mod desired;
pub mod diff;
pub mod error;
pub mod input;
pub mod managed;
pub mod object;
pub mod policy;
pub mod quantity;
pub mod record;
pub mod render;
pub mod spec;
pub mod yaml;
