//! Templates to objects: minijinja, then YAML, then trees.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    object::Object,
    yaml,
};

mod context;
mod quota;
#[cfg(test)]
mod tests;
mod whole;

pub use context::{ACCOUNT_PLACEHOLDER, cluster_arn, platform, role_arn, tenant};

/// A template by name.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// File name, for messages.
    pub name: &'static str,
    /// Source text.
    pub source: &'static str,
}

macro_rules! templates {
    ($folder:literal: $($name:literal)*) => {
        &[$(Template {
            name: concat!($folder, "/", $name),
            source: include_str!(concat!("../templates/", $folder, "/", $name)),
        }),*]
    };
}

/// What one tenant is made of.
pub const TENANT: &[Template] = templates!("tenant":
    "namespace.yaml.j2" "serviceaccount.yaml.j2" "quota.yaml.j2" "networkpolicy.yaml.j2" "role.yaml.j2"
    "association.yaml.j2" "service.yaml.j2" "ingress.yaml.j2" "deployment.yaml.j2" "disruptionbudget.yaml.j2");

/// What a cluster needs once.
pub const PLATFORM: &[Template] = templates!("platform":
    "namespace.yaml.j2" "ingressclass.yaml.j2" "identity.yaml.j2" "ingress.yaml.j2");

/// Renders templates with one context into objects, in the order of the templates.
///
/// # Errors
/// Usage, with template and line; values of variables are never part of the message.
pub fn render(templates: &[Template], context: &Value) -> Result<Vec<Object>> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Json);
    env.set_debug(true);
    env.remove_filter("safe");
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|error| fault("syntax", &error))?;
    env.set_syntax(syntax);
    let context = minijinja::Value::from(minijinja::value::Serde(context));
    let mut objects = Vec::new();
    for template in templates {
        whole::check(template)?;
        env.add_template(template.name, template.source)
            .map_err(|error| fault(template.name, &error))?;
        let compiled = env
            .get_template(template.name)
            .map_err(|error| fault(template.name, &error))?;
        let text = compiled
            .render(&context)
            .map_err(|error| fault(template.name, &error))?;
        for tree in parse(template.name, &text)? {
            objects.push(
                Object::new(tree)
                    .map_err(|error| Error::usage(format!("{}: {}", template.name, error.what)))?,
            );
        }
    }
    Ok(objects)
}

fn parse(name: &str, text: &str) -> Result<Vec<Value>> {
    yaml::read_stream(text).map_err(|(why, line)| {
        let mut error = Error::usage(format!("{name}: rendered text, line {line}: {why}"));
        let lines = text
            .lines()
            .enumerate()
            .skip(line.saturating_sub(2))
            .take(3);
        error.details.extend(
            lines.map(|(number, text)| format!("{} | {}", number + 1, without_value(text))),
        );
        error.hint(whole::RECIPE)
    })
}

/// The line without what may be a secret.
fn without_value(line: &str) -> String {
    match line.find(": ") {
        Some(at) => format!("{}: …", &line[..at]),
        None => "…".into(),
    }
}

/// minijinja's own alternate form would print the values of variables, which may be secrets.
fn fault(name: &str, error: &minijinja::Error) -> Error {
    let line = error
        .line()
        .map_or(String::new(), |line| format!(":{line}"));
    let why = error.detail().map_or_else(
        || error.kind().to_string(),
        |detail| format!("{}: {detail}", error.kind()),
    );
    let mut report = Error::usage(format!("{name}{line}: {why}"));
    if let (Some(source), Some(range)) = (error.template_source(), error.range()) {
        report
            .details
            .extend(source.get(range).map(|text| format!("in `{text}`")));
    }
    report
}
