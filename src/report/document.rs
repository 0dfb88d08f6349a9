//! What programs read: one versioned document.

use serde::Serialize;
use serde_json::Value;

use crate::{error::Result, yaml};

/// Indented JSON.
pub fn json(document: &impl Serialize) -> String {
    format!("{:#}\n", tree(document))
}

/// JSON on one line, for a stream of documents.
pub fn json_line(document: &impl Serialize) -> String {
    format!("{}\n", tree(document))
}

/// One document of a YAML stream.
///
/// # Errors
/// Usage, for a text that YAML cannot carry.
pub fn yaml(document: &impl Serialize) -> Result<String> {
    yaml::print(&tree(document))
}

fn tree(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_else(|_| unreachable!("fields are texts and numbers"))
}
