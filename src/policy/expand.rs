//! Expansion of tenant values in a policy.

use std::sync::Arc;

use minijinja::{
    AutoEscape, Environment, ErrorKind, UndefinedBehavior, context,
    value::{Object, Serde, Value as Variables},
};
use serde_json::Value;

use super::label;
use crate::error::{Error, Result};

/// Set around each expanded value, so that what stands beside it can be checked, and taken out again.
const START_OF_VALUE: char = '\u{E001}';
const END_OF_VALUE: char = '\u{E000}';
const SEPARATE: &str = "names hold letters, digits and `-`: put another separator between, as in `{{ tenant.name }}/*`";
const PLAIN: &str = "give a plain value, and write wildcards and ${…} in the policy itself";
const KNOWN: &str = "a policy may name tenant.name, tenant.namespace, cluster.name, cluster.region, account, partition and values.*";

/// Expands `{{ … }}` in every text of a policy. A value may hold letters, digits and `._/-` only, and no wildcard may
/// stand beside it: `data-{{ tenant.name }}*` would let tenant `a` read the data of `ab`.
///
/// # Errors
/// Usage, with the statement and what to write instead.
pub fn expand(document: &Value, variables: &Value, source: &str) -> Result<Value> {
    expand_with(document, &Variables::from(Serde(variables)), source)
}

/// The tenant's name and its namespace in a policy that is expanded for nobody.
pub const NOBODY: [&str; 2] = ["tenant-name", "tenant-namespace"];

/// Expands a policy for nobody: every value is its own name.
///
/// # Errors
/// As [`expand`].
pub fn expand_for_nobody(document: &Value, source: &str) -> Result<Value> {
    let [name, namespace] = NOBODY;
    let variables = context! {
        tenant => context! { name, namespace },
        cluster => context! { name => "cluster-name", region => "region" },
        account => "account",
        partition => "aws",
        values => Variables::from_object(AnyValue),
    };
    expand_with(document, &variables, source)
}

/// Stands for whatever a tenant's `values` hold.
#[derive(Debug)]
struct AnyValue;

impl Object for AnyValue {
    fn get_value(self: &Arc<Self>, _: &Variables) -> Option<Variables> {
        Some(Variables::from_dyn_object(self.clone()))
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("value")
    }
}

fn expand_with(document: &Value, variables: &Variables, source: &str) -> Result<Value> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_debug(true);
    env.remove_filter("safe");
    env.set_formatter(|out, _, value| {
        let text = value.to_string();
        let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
        if let Some(c) = text.chars().find(|c| !allowed(c)) {
            let why = format!(
                "the value `{text}` holds `{c}`; values hold letters, digits and `._/-` only"
            );
            return Err(minijinja::Error::new(ErrorKind::BadEscape, why));
        }
        std::fmt::Write::write_char(out, START_OF_VALUE)?;
        std::fmt::Write::write_str(out, &text)?;
        std::fmt::Write::write_char(out, END_OF_VALUE)?;
        Ok(())
    });
    let mut expanded = document.clone();
    let list = match expanded.get_mut("Statement") {
        Some(Value::Array(items)) => items.as_mut_slice(),
        Some(single) => std::slice::from_mut(single),
        None => &mut [],
    };
    for (index, statement) in list.iter_mut().enumerate() {
        let name = label(index, statement);
        expand_texts(statement, &env, variables).map_err(|(text, why, hint)| {
            let mut error =
                Error::usage(format!("{source}: statement {name}: `{text}`")).detail(why);
            error.hints.extend(hint);
            error
        })?;
    }
    Ok(expanded)
}

type Refusal = (String, String, Option<String>);

fn expand_texts(
    tree: &mut Value,
    env: &Environment<'_>,
    variables: &Variables,
) -> std::result::Result<(), Refusal> {
    match tree {
        Value::String(text) => {
            *text = expand_text(text, env, variables)?;
            Ok(())
        }
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| expand_texts(item, env, variables)),
        Value::Object(map) => {
            let entries = std::mem::take(map);
            for (key, mut value) in entries {
                expand_texts(&mut value, env, variables)?;
                map.insert(expand_text(&key, env, variables)?, value);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn expand_text(
    text: &str,
    env: &Environment<'_>,
    variables: &Variables,
) -> std::result::Result<String, Refusal> {
    if !text.contains("{{") && !text.contains("{%") {
        return Ok(text.into());
    }
    let rendered = env.render_str(text, variables);
    let rendered = rendered.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::BadEscape => Some(PLAIN),
            ErrorKind::UndefinedError => Some(KNOWN),
            _ => None,
        };
        let why = error.detail();
        let why = why.map_or_else(|| error.to_string(), str::to_string);
        (text.to_string(), why, hint.map(str::to_string))
    })?;
    if let Some(c) = wildcard_beside_a_value(&rendered) {
        let why = format!(
            "a `{c}` beside a tenant's value also matches other tenants, whose names only begin or end like it"
        );
        return Err((text.to_string(), why, Some(SEPARATE.into())));
    }
    Ok(rendered.replace([START_OF_VALUE, END_OF_VALUE], ""))
}

/// A wildcard that only characters of a name part from a value: `data-{{ tenant.name }}-*` would let tenant `a` read
/// what belongs to tenant `a-b`.
fn wildcard_beside_a_value(rendered: &str) -> Option<char> {
    let of_a_name = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let wild = |c: &char| matches!(c, '*' | '?' | '$');
    let after = rendered.split(END_OF_VALUE).skip(1);
    let after = after.filter_map(|text| text.chars().find(|c| !of_a_name(c)));
    let before = rendered.split(START_OF_VALUE);
    let count = before.clone().count() - 1;
    let before = before
        .take(count)
        .filter_map(|text| text.chars().rev().find(|c| !of_a_name(c)));
    after.chain(before.filter(|c| *c != '$')).find(wild)
}
