//! Says what is wrong with a text in the words of those who wrote it, where the reader speaks of its own parts.

use serde_json::Value;
use serde_yaml::Error;

use super::{MAX_NODES, nearest};

/// What is wrong, what is known, what to do.
#[derive(Default)]
pub(super) struct Explanation {
    pub(super) message: String,
    pub(super) detail: Option<String>,
    pub(super) hint: Option<String>,
}

impl From<String> for Explanation {
    fn from(message: String) -> Self {
        Self {
            message,
            ..Self::default()
        }
    }
}

/// Explains an error about a value that reads as `found` where no type is asked of it.
pub(super) fn explain(error: &Error, found: Option<&Value>) -> Explanation {
    let expected =
        |what: &str| format!("expected {what}{}", found.map_or(String::new(), shown)).into();
    match error.without_snippet() {
        Error::SerdeUnknownField {
            field, expected, ..
        } => unknown("key", field, expected),
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => unknown("value", variant, expected),
        Error::SerdeMissingField { field, .. } => format!("`{field}` is missing").into(),
        Error::SerdeInvalidType { expected: what, .. }
        | Error::SerdeInvalidValue { expected: what, .. } => expected(what),
        Error::InvalidScalar { ty, .. } => expected(&number(ty)),
        Error::InvalidBooleanStrict { .. } => expected("true or false"),
        Error::NullIntoString { .. } => expected("text"),
        Error::Unexpected { expected: what, .. } => expected(match *what {
            "mapping start" => "a map",
            "sequence start" => "a list",
            "string scalar" => "a single value",
            other => other,
        }),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("key `{key}` is given twice").into()
        }
        Error::MultipleDocuments { .. } => "a second document starts; one file holds one"
            .to_string()
            .into(),
        Error::Eof { .. } => "there is nothing in it".to_string().into(),
        _ => match text(error) {
            over if over.starts_with("budget breached: Nodes") => {
                format!("holds more than {MAX_NODES} values").into()
            }
            tabs if tabs.starts_with("tabs disallowed") => {
                "a tab in the indentation; YAML is indented with spaces"
                    .to_string()
                    .into()
            }
            text => text.into(),
        },
    }
}

/// The reader's own words, without the position.
fn text(error: &Error) -> String {
    let text = error.without_snippet().to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].trim_end_matches(':').to_string(),
        None => text,
    }
}

fn unknown(what: &str, given: &str, known: &[&str]) -> Explanation {
    let near = nearest(given, known.iter().copied());
    let all = match known {
        [one] => format!("expected `{one}`"),
        _ => format!("known: {}", known.join(", ")),
    };
    Explanation {
        message: format!("unknown {what} `{given}`"),
        detail: near.is_none().then_some(all),
        hint: near.map(|near| format!("did you mean `{near}`?")),
    }
}

fn number(ty: &str) -> String {
    let range = match ty {
        "u8" => Some((0, u64::from(u8::MAX))),
        "u16" => Some((0, u64::from(u16::MAX))),
        "u32" => Some((0, u64::from(u32::MAX))),
        _ => None,
    };
    match range {
        Some((from, to)) => format!("a whole number from {from} to {to}"),
        None if ty.starts_with(['i', 'u']) => "a whole number".into(),
        None => ty.into(),
    }
}

fn shown(found: &Value) -> String {
    match found {
        Value::Null => ", found nothing".into(),
        Value::Array(_) => ", found a list".into(),
        Value::Object(_) => ", found a map".into(),
        Value::String(text) => format!(", found `{text}`"),
        other => format!(", found `{other}`"),
    }
}
