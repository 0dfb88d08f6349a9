//! The only user of the YAML crate: reads with positions, prints in one canonical form.
//!
//! Output is read by YAML 1.1 readers (Argo CD, Flux, kubectl), input is written by people: the reader takes neither
//! `yes` for a boolean nor `0644` for a float, and a duplicate key is an error.

use std::fmt::Write;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use serde_yaml::Options;

use crate::error::{Error, Result};

mod explain;
mod place;

use explain::Explanation;
pub use place::place;

/// What a reader found.
#[derive(Debug)]
pub struct Parsed<T> {
    /// The typed value, with defaults where nothing was given.
    pub value: T,
    /// Only what was given, each value as the type understood it: `1e3` in a text field stays the text `1e3`.
    pub given: Value,
}

/// Values in one document, so that aliases of aliases end soon.
const MAX_NODES: usize = 20_000;

fn options() -> Options {
    serde_yaml::options! {
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        leading_zero_numbers_as_strings: true,
        reject_unsupported_tags: true,
        budget: serde_yaml::budget! { max_nodes: MAX_NODES },
    }
}

/// Reads a file's one document into a type.
///
/// # Errors
/// Usage, with `source:line:column`, the key, what was expected and the nearest known key.
pub fn read<T: DeserializeOwned + Serialize>(source: &str, text: &str) -> Result<Parsed<T>> {
    parse(text).map_err(|fault| {
        let Some((line, column)) = fault.place else {
            return fault.report(source);
        };
        let mut error = fault.report(&format!("{source}:{line}:{column}"));
        let excerpt = text.lines().nth(line.saturating_sub(1));
        if let Some(excerpt) = excerpt.filter(|line| !is_secretive(&fault.path) && !line.is_empty())
        {
            error.details.insert(0, format!("{line} | {excerpt}"));
        }
        error
    })
}

/// Reads the text that something else than a file stands for, such as a flag. Messages hold no line and no excerpt.
///
/// # Errors
/// Usage, with the source, the key, what was expected and the nearest known key.
pub fn read_inline<T: DeserializeOwned + Serialize>(source: &str, text: &str) -> Result<Parsed<T>> {
    parse(text).map_err(|fault| fault.report(source))
}

/// Why a text cannot be read.
struct Fault {
    /// The key, empty where none is known.
    path: String,
    explanation: Explanation,
    /// Line and column.
    place: Option<(usize, usize)>,
}

impl Fault {
    fn new(text: &str, path: Option<&Path>, error: &serde_yaml::Error) -> Self {
        let number = |number| usize::try_from(number).unwrap_or(0);
        // Where nothing is there is no place either.
        let nothing = matches!(error.without_snippet(), serde_yaml::Error::Eof { .. });
        let place = error.location().filter(|_| !nothing);
        let raw: Option<Value> = serde_yaml::from_str_with_options(text, options()).ok();
        let found = raw.as_ref().zip(path).and_then(|(raw, path)| at(raw, path));
        let path = path.map_or(String::new(), shown);
        let hides = |found: &&Value| is_secretive(&path) && found.is_string();
        Self {
            explanation: explain::explain(error, found.filter(|found| !hides(found))),
            path,
            place: place.map(|place| (number(place.line()), number(place.column()))),
        }
    }

    fn report(&self, place: &str) -> Error {
        let path = match self.path.as_str() {
            "" => String::new(),
            path => format!("{path}: "),
        };
        let mut error = Error::usage(format!("{place}: {path}{}", self.explanation.message));
        error.details.extend(self.explanation.detail.clone());
        error.hints.extend(self.explanation.hint.clone());
        error
    }
}

/// The literal value of a variable may be a secret, whatever its name says.
fn is_secretive(path: &str) -> bool {
    path.contains("env")
}

fn parse<T: DeserializeOwned + Serialize>(text: &str) -> std::result::Result<Parsed<T>, Fault> {
    let mut path = None;
    // The reader must see the failure: after a success it asks for the end of the document, and complains of the rest.
    let value: T = serde_yaml::with_deserializer_from_str_with_options(text, options(), |yaml| {
        serde_path_to_error::deserialize(yaml).map_err(|error| {
            path = Some(error.path().clone());
            error.into_inner()
        })
    })
    .map_err(|error| Fault::new(text, path.as_ref(), &error))?;
    let raw: Value = serde_yaml::from_str_with_options(text, options())
        .map_err(|error| Fault::new(text, None, &error))?;
    let typed = serde_json::to_value(&value).map_err(|error| Fault {
        path: String::new(),
        explanation: error.to_string().into(),
        place: None,
    })?;
    Ok(Parsed {
        value,
        given: only_given(typed, &raw),
    })
}

/// `spec.env[1].value`
fn shown(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Map { key } if text.is_empty() => text.push_str(key),
            Segment::Map { key } => _ = write!(text, ".{key}"),
            Segment::Seq { index } => _ = write!(text, "[{index}]"),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

fn at<'a>(tree: &'a Value, path: &Path) -> Option<&'a Value> {
    path.iter().try_fold(tree, |tree, segment| match segment {
        Segment::Map { key } => tree.get(key),
        Segment::Seq { index } => tree.get(index),
        Segment::Enum { .. } | Segment::Unknown => Some(tree),
    })
}

/// Reads a stream of documents into trees, skipping empty ones.
///
/// # Errors
/// The message and the line of the first fault.
pub fn read_stream(text: &str) -> std::result::Result<Vec<Value>, (String, usize)> {
    serde_yaml::from_multiple_with_options(text, options()).map_err(|error| {
        let line = error
            .location()
            .map_or(0, |location| usize::try_from(location.line()).unwrap_or(0));
        (explain::explain(&error, None).message, line)
    })
}

/// One document of a stream, `---` before it and a newline at its end.
///
/// # Errors
/// Usage, for a tree that YAML cannot carry.
pub fn print(tree: &Value) -> Result<String> {
    Ok(format!("---\n{}", print_alone(tree)?))
}

/// The one document of a file, with a newline at its end.
///
/// # Errors
/// Usage, for a tree that YAML cannot carry.
pub fn print_alone(tree: &Value) -> Result<String> {
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    serde_yaml::to_string_with_options(tree, options)
        .map_err(|error| Error::usage(format!("cannot print as YAML: {error}")))
}

/// `typed` without what `raw` does not mention.
fn only_given(typed: Value, raw: &Value) -> Value {
    match (typed, raw) {
        (Value::Object(mut typed), Value::Object(raw)) => raw
            .iter()
            .filter_map(|(key, raw)| Some((key.clone(), only_given(typed.remove(key)?, raw))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        (Value::Array(typed), Value::Array(raw)) => typed
            .into_iter()
            .zip(raw)
            .map(|(typed, raw)| only_given(typed, raw))
            .collect(),
        (typed, _) => typed,
    }
}

/// The known word that an unknown one is most likely meant to be.
pub fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|key| (strsim::jaro_winkler(unknown, key), key))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests;
