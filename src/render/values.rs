//! A template prints values, not text. Each stands as a placeholder in the YAML that the text around it is, and is put
//! into the tree that this YAML makes: whatever a tenant's value holds, it cannot end its place and begin another.

use minijinja::{Error, ErrorKind, Output, State, Value as Variable};
use serde_json::{Map, Value};

/// Around the number of a value, in private-use characters that YAML takes for plain text.
const START: char = '\u{E000}';
const END: char = '\u{E001}';

/// The values that a template has printed, in their order.
#[derive(Debug, Default)]
pub(super) struct Printed(Vec<Variable>);

/// Prints a placeholder. Text that a macro or a block made has its placeholders already. The value of number
/// `complaint` is not printed but complained of: the engine adds its place in the template.
pub(super) fn print(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Variable,
    complaint: Option<(usize, &'static str)>,
) -> Result<(), Error> {
    if let Some(text) = value.as_str().filter(|_| value.is_safe()) {
        return Ok(out.write_str(text)?);
    }
    let Printed(values) = state.get_or_insert_extension_with(Printed::default);
    let number = values.len();
    values.push(value.clone());
    match complaint {
        Some((of, why)) if of == number => Err(Error::new(ErrorKind::BadEscape, why)),
        _ => Ok(std::fmt::Write::write_fmt(
            out,
            format_args!("{START}{number}{END}"),
        )?),
    }
}

/// The text as a person may read it.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        shown.push_str(before);
        shown.push_str("{{ … }}");
        rest = after.split_once(END).map_or("", |(_, after)| after);
    }
    shown + rest
}

/// The number of the first value in a text.
pub(super) fn first(text: &str) -> Option<usize> {
    text.split_once(START)?.1.split_once(END)?.0.parse().ok()
}

/// A value that cannot stand where it does: its number, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misplaced(pub(super) usize, pub(super) &'static str);

pub(super) const IN_TEXT: &str = "an expression is part of a longer value";
const NO_KEY: &str = "a key is text";
const KEY_TWICE: &str = "the key is there already";
const NO_VALUE: &str = "a macro's or a block's text is printed as it is, not as a part of a value";

impl Printed {
    /// What the template printed.
    pub(super) fn of<'a>(state: &'a State<'_, '_>) -> Option<&'a Self> {
        state.get_extension()
    }

    /// The tree with the values in their places.
    pub(super) fn fill(&self, tree: &Value) -> Result<Value, Misplaced> {
        Ok(match tree {
            Value::String(text) => match number(text)? {
                Some(number) => self.value(number)?,
                None => tree.clone(),
            },
            Value::Array(items) => {
                let items = items.iter().map(|item| self.fill(item));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(map) => Value::Object(self.fill_map(map)?),
            other => other.clone(),
        })
    }

    fn fill_map(&self, map: &Map<String, Value>) -> Result<Map<String, Value>, Misplaced> {
        let mut filled = Map::with_capacity(map.len());
        for (key, value) in map {
            let value = self.fill(value)?;
            let Some(number) = number(key)? else {
                filled.insert(key.clone(), value);
                continue;
            };
            let Value::String(key) = self.value(number)? else {
                return Err(Misplaced(number, NO_KEY));
            };
            if map.contains_key(&key) || filled.insert(key, value).is_some() {
                return Err(Misplaced(number, KEY_TWICE));
            }
        }
        Ok(filled)
    }

    fn value(&self, number: usize) -> Result<Value, Misplaced> {
        let value = self.0.get(number).map(serde_json::to_value);
        match value {
            Some(Ok(value)) if !holds_placeholder(&value) => Ok(value),
            _ => Err(Misplaced(number, NO_VALUE)),
        }
    }
}

/// The number of the value that a text stands for; none where it is a text of its own.
fn number(text: &str) -> Result<Option<usize>, Misplaced> {
    let Some((before, after)) = text.split_once(START) else {
        return Ok(None);
    };
    let (number, after) = after.split_once(END).unwrap_or_default();
    let number = number.parse().unwrap_or_default();
    if before.is_empty() && after.is_empty() {
        Ok(Some(number))
    } else {
        Err(Misplaced(number, IN_TEXT))
    }
}

fn holds_placeholder(value: &Value) -> bool {
    let holds = |text: &str| text.contains(START);
    match value {
        Value::String(text) => holds(text),
        Value::Array(items) => items.iter().any(holds_placeholder),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| holds(key) || holds_placeholder(value)),
        _ => false,
    }
}
