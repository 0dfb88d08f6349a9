//! IAM policy documents: loading, expansion of tenant values, and equality as IAM sees it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    files,
};

mod canonical;
mod check;
mod expand;
mod json;
#[cfg(test)]
mod tests;
mod trust;

pub use canonical::{canonical, canonical_statement};
pub use expand::{NOBODY, expand, expand_for_nobody};
pub use trust::{loosened, shut_to};

use check::check;

/// What a tenant or the settings give for a policy: a document, or the path of one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Policy(Value);

impl TryFrom<Value> for Policy {
    type Error = String;

    fn try_from(given: Value) -> std::result::Result<Self, String> {
        if !given.is_string() {
            check(&given)?;
        }
        Ok(Self(given))
    }
}

impl From<Policy> for Value {
    fn from(policy: Policy) -> Self {
        policy.0
    }
}

impl Policy {
    /// The document, once its path is replaced by it.
    pub fn document(&self) -> &Value {
        &self.0
    }
}

const FORM: &str = r#"a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}"#;

/// A policy from where a file names it: the document itself, or the path of a JSON file relative to `base`.
///
/// # Errors
/// Usage, with file and line, or with what the document lacks.
pub fn load(given: Value, base: &Path, source: &str) -> Result<Value> {
    match given {
        Value::String(path) => read_named(&base.join(path), source),
        document => {
            check(&document).map_err(|why| Error::usage(format!("{source}: {why}")))?;
            Ok(document)
        }
    }
}

/// A policy from a JSON file that `source` names.
///
/// # Errors
/// As [`read`], with the source.
pub fn read_named(path: &Path, source: &str) -> Result<Value> {
    read(path, &path.display().to_string())
        .map_err(|error| error.detail(format!("named by {source}")))
}

/// A policy from a JSON file, which messages call `place`.
///
/// # Errors
/// Usage, with file and line, or with what the document lacks.
pub fn read(path: &Path, place: &str) -> Result<Value> {
    let wrong = |why: String| Error::usage(format!("{place}: {why}"));
    let text = files::read(path, place, "policy")?;
    if text.trim().is_empty() {
        return Err(wrong("there is nothing in it".into()));
    }
    let document = json::read(&text).map_err(|error| {
        let message = error.to_string();
        let why = message
            .split_once(" at line ")
            .map_or(message.as_str(), |(why, _)| why);
        let twice = why.ends_with("is given twice");
        let (line, column) = (error.line(), error.column());
        let excerpt = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        Error::usage(format!(
            "{place}:{line}:{column}: {}{why}",
            if twice { "" } else { "not JSON: " }
        ))
        .detail(format!("{line} | {excerpt}"))
    })?;
    check(&document).map_err(|why| {
        let of_the_whole = why.starts_with("a policy");
        let error = wrong(why);
        if of_the_whole {
            error.hint(FORM)
        } else {
            error
        }
    })?;
    Ok(document)
}

/// The statements of a document; a single one counts as a list of one.
pub fn statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    }
}

/// How a statement is named in messages: its Sid, else its place.
pub fn label(index: usize, statement: &Value) -> String {
    match statement.get("Sid").and_then(Value::as_str) {
        Some(sid) => sid.to_string(),
        None => format!("#{}", index + 1),
    }
}
