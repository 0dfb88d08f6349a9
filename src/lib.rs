//! mcpctl
