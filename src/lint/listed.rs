//! What a statement says once or in a list.

use serde_json::Value;

/// What a statement lists of actions or of resources.
pub(super) enum Listed<'a> {
    /// These, with wildcards.
    Only(Vec<&'a str>),
    /// All but those that it lists.
    AllBut,
}

impl<'a> Listed<'a> {
    pub(super) fn read(statement: &'a Value, key: &str, not: &str) -> Self {
        match statement.get(not) {
            Some(_) => Self::AllBut,
            None => Self::Only(texts(&statement[key])),
        }
    }

    /// The texts of the list, where it says what is meant.
    pub(super) fn texts(&self) -> &[&'a str] {
        match self {
            Self::Only(texts) => texts,
            Self::AllBut => &[],
        }
    }

    pub(super) fn is_all_but(&self) -> bool {
        matches!(self, Self::AllBut)
    }
}

pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        single => single.as_str().into_iter().collect(),
    }
}
