//! The only user of the YAML crate: reads with positions, prints in one canonical form.
//!
//! Output is read by YAML 1.1 readers (Argo CD, Flux, kubectl), input is written by people: the reader takes neither
//! `yes` for a boolean nor `0644` for a float, and a duplicate key is an error.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_yaml::Options;

use crate::error::{Error, Result};

/// What a reader found.
#[derive(Debug)]
pub struct Parsed<T> {
    /// The typed value, with defaults where nothing was given.
    pub value: T,
    /// Only what was given, each value as the type understood it: `1e3` in a text field stays the text `1e3`.
    pub given: Value,
}

fn options() -> Options {
    serde_yaml::options! {
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        leading_zero_numbers_as_strings: true,
        reject_unsupported_tags: true,
        budget: serde_yaml::budget! { max_nodes: 20_000 },
    }
}

/// Reads a file's one document into a type.
///
/// # Errors
/// Usage, with `source:line:column`, the key, what was expected and the nearest known key.
pub fn read<T: DeserializeOwned + Serialize>(source: &str, text: &str) -> Result<Parsed<T>> {
    parse(text).map_err(|fault| {
        let (place, excerpt) = match fault.place {
            None => (source.to_string(), None),
            Some((line, column)) => {
                let excerpt = text.lines().nth(line.saturating_sub(1));
                (
                    format!("{source}:{line}:{column}"),
                    excerpt.map(|text| format!("{line} | {text}")),
                )
            }
        };
        let mut error = fault.report(&place);
        error.details.extend(excerpt);
        error
    })
}

/// Reads the text that a flag stands for. It is no file, so messages hold no line.
///
/// # Errors
/// Usage, with the flag, the key, what was expected and the nearest known key.
pub fn read_flag<T: DeserializeOwned + Serialize>(flag: &str, text: &str) -> Result<Parsed<T>> {
    parse(text).map_err(|fault| fault.report(flag))
}

/// Why a text cannot be read.
struct Fault {
    /// The key, where one is known.
    path: Option<String>,
    message: String,
    /// Line and column.
    place: Option<(usize, usize)>,
}

impl Fault {
    fn new(path: Option<String>, error: &serde_yaml::Error) -> Self {
        let number = |number| usize::try_from(number).unwrap_or(0);
        let place = error.location().filter(|location| location.line() > 0);
        Self {
            path: path.filter(|path| path != "."),
            message: message(error),
            place: place.map(|place| (number(place.line()), number(place.column()))),
        }
    }

    fn report(&self, place: &str) -> Error {
        let path = self
            .path
            .as_ref()
            .map_or(String::new(), |path| format!("{path}: "));
        let mut error = Error::usage(format!("{place}: {path}{}", self.message));
        let known = suggestion(&self.message);
        error
            .hints
            .extend(known.map(|known| format!("did you mean `{known}`?")));
        error
    }
}

fn parse<T: DeserializeOwned + Serialize>(text: &str) -> std::result::Result<Parsed<T>, Fault> {
    let mut path = None;
    // The reader must see the failure: after a success it asks for the end of the document, and complains of the rest.
    let value: T = serde_yaml::with_deserializer_from_str_with_options(text, options(), |yaml| {
        serde_path_to_error::deserialize(yaml).map_err(|error| {
            path = Some(error.path().to_string());
            error.into_inner()
        })
    })
    .map_err(|error| Fault::new(path.take(), &error))?;
    let raw: Value = serde_yaml::from_str_with_options(text, options())
        .map_err(|error| Fault::new(None, &error))?;
    let typed = serde_json::to_value(&value).map_err(|error| Fault {
        path: None,
        message: error.to_string(),
        place: None,
    })?;
    Ok(Parsed {
        value,
        given: only_given(typed, &raw),
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
        (message(&error), line)
    })
}

/// One document, `---` before it and a newline at its end.
///
/// # Errors
/// Usage, for a tree that YAML cannot carry.
pub fn print(tree: &Value) -> Result<String> {
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_yaml::to_string_with_options(tree, options)
        .map_err(|error| Error::usage(format!("cannot print as YAML: {error}")))?;
    Ok(format!("---\n{text}"))
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

fn message(error: &serde_yaml::Error) -> String {
    let text = error.without_snippet().to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].trim_end_matches(':').to_string(),
        None => text,
    }
}

/// The known key nearest to the unknown one, from serde's own message.
pub fn suggestion(message: &str) -> Option<String> {
    let rest = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?
        .1;
    let (unknown, known) = rest.split_once('`')?;
    nearest(unknown, known.split('`').skip(1).step_by(2)).map(str::to_string)
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
