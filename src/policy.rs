//! IAM policy documents: loading, expansion of tenant values, and equality as IAM sees it.

use std::path::Path;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

use crate::{
    config,
    error::{Error, Result},
    yaml,
};

/// Size of all inline policies of a role together, white space not counted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const INLINE_LIMIT: usize = 10_240;
/// Set after each expanded value, so that what follows it can be checked, and taken out again.
const END_OF_VALUE: char = '\u{E000}';
const PLAIN: &str = "give a plain value, and write wildcards and ${…} in the policy itself";
const KNOWN: &str = "a policy may name tenant.name, tenant.namespace, cluster.name, cluster.region, account, partition and values.*";

/// A policy from where a file names it: the document itself, or the path of a JSON file relative to `base`.
///
/// # Errors
/// Usage, with file and line, or with what the document lacks.
pub fn load(given: Value, base: &Path, source: &str) -> Result<Value> {
    let path = match given {
        Value::String(path) => base.join(path),
        document => return check(document, source),
    };
    let named = |error: Error| error.detail(format!("named by {source}"));
    let text = config::read_file(&path, "policy").map_err(named)?;
    let place = path.display();
    let document = serde_json::from_str(&text).map_err(|error| {
        let message = error.to_string();
        let why = message
            .split_once(" at line ")
            .map_or(message.as_str(), |(why, _)| why);
        let (line, column) = (error.line(), error.column());
        let excerpt = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        named(
            Error::usage(format!("{place}:{line}:{column}: not JSON: {why}"))
                .detail(format!("{line} | {excerpt}")),
        )
    })?;
    check(document, &place.to_string())
}

/// Refuses what cannot be an identity policy.
fn check(document: Value, source: &str) -> Result<Value> {
    let wrong = |why: String| {
        Error::usage(format!("{source}: {why}")).hint(
            r#"a policy looks like {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:…"}]}"#,
        )
    };
    let Some(map) = document.as_object() else {
        return Err(wrong(
            "a policy is an object with Version and Statement".into(),
        ));
    };
    known_keys(map, &["Version", "Id", "Statement"])
        .map_err(|why| wrong(format!("a policy {why}")))?;
    if map.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err(wrong("Version is not \"2012-10-17\"".into()));
    }
    let statements = statements(&document);
    if statements.is_empty() {
        return Err(wrong("Statement is missing or empty".into()));
    }
    for (index, statement) in statements.iter().enumerate() {
        check_statement(statement)
            .map_err(|why| wrong(format!("statement {}: {why}", label(index, statement))))?;
    }
    // How long a document with expressions is shows once they are expanded.
    if !document.to_string().contains("{{") {
        check_length(&document, source)?;
    }
    Ok(document)
}

fn known_keys(map: &Map<String, Value>, known: &[&str]) -> std::result::Result<(), String> {
    let Some(unknown) = map.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    let near = yaml::nearest(unknown, known.iter().copied());
    Err(format!(
        "has no key `{unknown}`; {}",
        near.map_or_else(
            || format!("known: {}", known.join(", ")),
            |near| format!("did you mean `{near}`?")
        )
    ))
}

fn check_length(document: &Value, source: &str) -> Result<()> {
    let text = document.to_string();
    let size = text.chars().filter(|c| !c.is_whitespace()).count();
    if size <= INLINE_LIMIT {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{source}: {size} characters; a role's inline policies take {INLINE_LIMIT}"
    ))
    .hint("move statements into managed policies and list them in identity.managedPolicyArns"))
}

const STATEMENT_KEYS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

fn check_statement(statement: &Value) -> std::result::Result<(), String> {
    let map = statement.as_object().ok_or("is not an object")?;
    if map.contains_key("Principal") || map.contains_key("NotPrincipal") {
        return Err("Principal belongs to resource and trust policies".into());
    }
    known_keys(map, &STATEMENT_KEYS)?;
    if map.get("Sid").is_some_and(|sid| !sid.is_string()) {
        return Err("Sid is not text".into());
    }
    if !matches!(
        map.get("Effect").and_then(Value::as_str),
        Some("Allow" | "Deny")
    ) {
        return Err("Effect is neither \"Allow\" nor \"Deny\"".into());
    }
    let action = |text: &str| text == "*" || text.contains(':') || text.contains("{{");
    check_texts(map, ["Action", "NotAction"], "service:Action", action)?;
    let resource = |text: &str| {
        ["*", "arn:", "{{"]
            .iter()
            .any(|start| text.starts_with(start))
    };
    check_texts(map, ["Resource", "NotResource"], "an ARN", resource)?;
    let condition = map.get("Condition").is_none_or(|condition| {
        condition
            .as_object()
            .is_some_and(|operators| operators.values().all(Value::is_object))
    });
    if !condition {
        return Err(
            r#"Condition is not of the form {"StringEquals": {"aws:PrincipalTag/x": "y"}}"#.into(),
        );
    }
    Ok(())
}

/// One of two keys, with a text or a list of texts of one form.
fn check_texts(
    map: &Map<String, Value>,
    pair: [&str; 2],
    form: &str,
    valid: impl Fn(&str) -> bool,
) -> std::result::Result<(), String> {
    let mut given = pair.into_iter().filter(|key| map.contains_key(*key));
    let (Some(key), None) = (given.next(), given.next()) else {
        return Err(format!("needs exactly one of {} and {}", pair[0], pair[1]));
    };
    let items = match &map[key] {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    if items.is_empty() || !items.iter().all(Value::is_string) {
        return Err(format!("{key} is neither text nor a list of texts"));
    }
    match items
        .iter()
        .filter_map(Value::as_str)
        .find(|text| !valid(text))
    {
        None => Ok(()),
        Some(text) => Err(format!("{key} `{text}` is neither {form} nor `*`")),
    }
}

/// Expands `{{ … }}` in every text of a policy. A value may hold letters, digits and `._/-` only, and no wildcard may
/// follow it: `data-{{ tenant.name }}*` would let tenant `a` read the data of `ab`.
///
/// # Errors
/// Usage, with the statement and what to write instead.
pub fn expand(document: &Value, variables: &Value, source: &str) -> Result<Value> {
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
        std::fmt::Write::write_str(out, &text)?;
        std::fmt::Write::write_char(out, END_OF_VALUE)?;
        Ok(())
    });
    let mut expanded = document.clone();
    let count = statements(document).len();
    let list = match expanded.get_mut("Statement") {
        Some(Value::Array(items)) => items.as_mut_slice(),
        Some(single) => std::slice::from_mut(single),
        None => &mut [],
    };
    debug_assert_eq!(list.len(), count);
    for (index, statement) in list.iter_mut().enumerate() {
        let name = label(index, statement);
        expand_texts(statement, &env, variables).map_err(|(text, why, hint)| {
            let mut error =
                Error::usage(format!("{source}: statement {name}: `{text}`")).detail(why);
            error.hints.extend(hint);
            error
        })?;
    }
    check_length(&expanded, source)?;
    Ok(expanded)
}

type Refusal = (String, String, Option<String>);

fn expand_texts(
    tree: &mut Value,
    env: &Environment<'_>,
    variables: &Value,
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
    variables: &Value,
) -> std::result::Result<String, Refusal> {
    if !text.contains("{{") && !text.contains("{%") {
        return Ok(text.into());
    }
    let rendered = env.render_str(
        text,
        minijinja::value::Value::from(minijinja::value::Serde(variables)),
    );
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
    let mut parts = rendered.split(END_OF_VALUE);
    parts.next();
    for after in parts {
        if let Some(c) = after
            .chars()
            .next()
            .filter(|c| matches!(c, '*' | '?' | '$'))
        {
            return Err((
                text.to_string(),
                format!(
                    "a `{c}` right after a tenant's value also matches tenants whose names only begin like it"
                ),
                Some(
                    "put a separator between: `{{ tenant.name }}/*` or `{{ tenant.name }}-*`"
                        .into(),
                ),
            ));
        }
    }
    Ok(rendered.replace(END_OF_VALUE, ""))
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

/// The document in the one form that all documents of the same meaning share: a single text is a list of one, lists
/// are sets, keys are sorted, actions are lower case, a condition's booleans and numbers are texts.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
pub fn canonical(document: &Value) -> Value {
    let Some(map) = document.as_object() else {
        return document.clone();
    };
    let mut sorted: Map<String, Value> = map
        .iter()
        .filter(|(key, _)| *key != "Statement")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut list: Vec<Value> = statements(document)
        .iter()
        .map(canonical_statement)
        .collect();
    list.sort_by_key(Value::to_string);
    list.dedup();
    sorted.insert("Statement".into(), Value::Array(list));
    sorted.sort_keys();
    Value::Object(sorted)
}

/// A statement in the form that all of its meaning share.
pub fn canonical_statement(statement: &Value) -> Value {
    let Some(map) = statement.as_object() else {
        return statement.clone();
    };
    let mut sorted: Map<String, Value> = map
        .iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "Sid" | "Effect" => value.clone(),
                "Action" | "NotAction" => set(value, str::to_ascii_lowercase),
                "Condition" => nested(value, 2),
                "Principal" | "NotPrincipal" => nested(value, 1),
                _ => set(value, str::to_string),
            };
            (key.clone(), value)
        })
        .collect();
    sorted.sort_keys();
    Value::Object(sorted)
}

/// Sets at the given depth of maps.
fn nested(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(map) if depth > 0 => {
            let mut sorted: Map<String, Value> = map
                .iter()
                .map(|(key, value)| (key.clone(), nested(value, depth - 1)))
                .collect();
            sorted.sort_keys();
            Value::Object(sorted)
        }
        other => set(other, str::to_string),
    }
}

fn set(value: &Value, spell: fn(&str) -> String) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), spell);
    let mut items: Vec<String> = match value {
        Value::Array(items) => items.iter().map(text).collect(),
        single => vec![text(single)],
    };
    items.sort();
    items.dedup();
    items.into()
}

#[cfg(test)]
mod tests;
