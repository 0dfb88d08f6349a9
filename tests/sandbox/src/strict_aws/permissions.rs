//! What a caller may do, by an identity policy of statements that allow.
//!
//! Source: IAM User Guide, "Policy evaluation logic", "IAM JSON policy elements: Condition operators" and "Multivalued
//! context keys". Only what the policies of the tests use is known: a condition with another operator never holds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

/// One thing that a call needs a permission for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// `iam:CreateRole`
    pub(super) action: String,
    /// The ARN that it is about, or `*` for an action that takes none.
    pub(super) resource: String,
    /// Condition keys, in lower case but for the key of a tag, with their values.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

/// A caller's permissions, and what they were used for.
#[derive(Default)]
pub(super) struct Permissions {
    statements: Option<Vec<Value>>,
    used: BTreeSet<(String, String)>,
}

impl Permissions {
    /// Takes a policy document in place of the one before.
    pub(super) fn set(&mut self, document: &str) -> Result<()> {
        let policy = serde_json::from_str::<Value>(document).context("the policy is not JSON")?;
        let statements = policy["Statement"].as_array();
        self.statements = Some(statements.context("the policy has no statements")?.clone());
        self.used.clear();
        Ok(())
    }

    /// The `Sid` of each statement that let a call through, with the action; forgets them.
    pub(super) fn take_used(&mut self) -> BTreeSet<(String, String)> {
        std::mem::take(&mut self.used)
    }

    /// Whether a statement allows it. Without a policy everything is.
    pub(super) fn allow(&mut self, ask: &Ask) -> bool {
        let Some(statements) = &self.statements else {
            return true;
        };
        let Some(statement) = statements.iter().find(|statement| allows(statement, ask)) else {
            return false;
        };
        let id = statement["Sid"].as_str().unwrap_or_default().to_owned();
        self.used.insert((id, ask.action.clone()));
        true
    }
}

fn allows(statement: &Value, ask: &Ask) -> bool {
    let any = |field: &str, text: &str| texts(&statement[field]).any(|pattern| glob(pattern, text));
    let no_conditions = Map::new();
    let conditions = statement["Condition"].as_object().unwrap_or(&no_conditions);
    statement["Effect"] == "Allow"
        && any("Action", &ask.action)
        && any("Resource", &ask.resource)
        && conditions.iter().all(|(operator, keys)| {
            let mut keys = keys.as_object().into_iter().flatten();
            keys.all(|(key, wanted)| holds(operator, key, wanted, ask))
        })
}

/// Whether one key of a condition holds. Several values in the policy are alternatives.
fn holds(operator: &str, key: &str, wanted: &Value, ask: &Ask) -> bool {
    let (all, operator) = match operator.strip_prefix("ForAllValues:") {
        Some(operator) => (true, operator),
        None => (false, operator),
    };
    let (if_exists, operator) = match operator.strip_suffix("IfExists") {
        Some(operator) => (true, operator),
        None => (false, operator),
    };
    let Some(values) = ask.context.get(&condition_key(key)) else {
        // "ForAllValues also returns true if there are no context keys in the request".
        return all || if_exists;
    };
    let fits = |value: &String| {
        texts(wanted).any(|wanted| match operator {
            "StringEquals" => value == wanted,
            // "The ArnEquals and ArnLike condition operators behave identically."
            "StringLike" | "ArnEquals" | "ArnLike" => glob(wanted, value),
            _ => false,
        })
    };
    if all {
        values.iter().all(fits)
    } else {
        values.iter().any(fits)
    }
}

/// Names of keys do not differ in case, but those of tags do here: the stricter reading.
pub(super) fn condition_key(key: &str) -> String {
    match key.split_once('/') {
        Some((name, tag)) => format!("{}/{tag}", name.to_lowercase()),
        None => key.to_lowercase(),
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten();
    many.chain(value.is_string().then_some(value))
        .filter_map(Value::as_str)
}

/// `*` stands for any characters, slashes and colons included, `?` for one.
fn glob(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = &pattern[first.len_utf8()..];
    let mut tails = text.char_indices().map(|(at, _)| &text[at..]).chain([""]);
    match first {
        '*' => tails.any(|tail| glob(rest, tail)),
        '?' => text
            .chars()
            .next()
            .is_some_and(|c| glob(rest, &text[c.len_utf8()..])),
        _ => text
            .strip_prefix(first)
            .is_some_and(|tail| glob(rest, tail)),
    }
}
