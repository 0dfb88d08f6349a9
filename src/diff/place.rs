//! Where a field is: finding it in a tree, and the two ways to write its place down.

use std::fmt::Write;

use serde_json::Value;

use crate::managed::{self, Step};

/// What stands at a place.
pub(super) fn lookup<'a>(tree: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(tree, |tree, step| match step {
        Step::Field(name) => tree.get(name),
        Step::Index(index) => tree.get(index),
        Step::Key(_) => tree.as_array()?.iter().find(|item| is_item(item, step)),
    })
}

/// Whether an item of a list is the one that its key fields name.
pub(super) fn is_item(item: &Value, step: &Step) -> bool {
    let Step::Key(keys) = step else { return false };
    keys.iter()
        .all(|(name, value)| managed::key_value(item, name).as_ref() == Some(value))
}

/// The place as messages have it: `spec.template.spec.containers[mcp-server].image`.
pub(super) fn display(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Field(name) if name.contains(['.', '/']) => _ = write!(text, "[{name}]"),
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => _ = write!(text, ".{name}"),
            Step::Index(index) => _ = write!(text, "[{index}]"),
            Step::Key(keys) => {
                let values: Vec<String> = keys
                    .iter()
                    .map(|(_, value)| {
                        value
                            .as_str()
                            .map_or_else(|| value.to_string(), str::to_string)
                    })
                    .collect();
                _ = write!(text, "[{}]", values.join("/"));
            }
        }
    }
    text
}

/// The place of a field that lives, or of one that is missing in a map that lives, as a JSON pointer (RFC 6901).
pub(super) fn pointer(tree: &Value, path: &[Step]) -> Option<String> {
    let mut pointer = String::new();
    let mut here = tree;
    for (index, step) in path.iter().enumerate() {
        let token = match step {
            Step::Field(name) => name.replace('~', "~0").replace('/', "~1"),
            Step::Index(index) => index.to_string(),
            Step::Key(_) => here
                .as_array()?
                .iter()
                .position(|item| is_item(item, step))?
                .to_string(),
        };
        _ = write!(pointer, "/{token}");
        match lookup(tree, &path[..=index]) {
            Some(found) => here = found,
            None if index + 1 == path.len() && here.is_object() => {}
            None => return None,
        }
    }
    Some(pointer)
}
