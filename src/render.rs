//! Templates to objects: minijinja, then YAML, then trees.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    object::Object,
    templates::Template,
    yaml,
};

mod context;
mod quota;
#[cfg(test)]
mod tests;
mod whole;

pub use context::{ACCOUNT_PLACEHOLDER, cluster_arn, platform, role_arn, role_policy, tenant};

const VARIABLES: &str = "the variables are in the README.md that mcpctl template export DIR writes";
const OBJECT: &str =
    "an object has apiVersion, kind, metadata.name and metadata.namespace: {{ names.namespace }}";

/// An object, and where it comes from.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// What the template made.
    pub object: Object,
    /// `templates/tenant/own.yaml.j2`, or `templates/tenant/own.yaml.j2, object 2` where it makes several. For messages.
    pub at: String,
}

/// Renders templates with one context into objects, in the order of the templates.
///
/// # Errors
/// Usage, with template and line; values of variables are never part of the message.
pub fn render(templates: &[Template], context: &Value) -> Result<Vec<Rendered>> {
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
        let name = &template.name;
        env.add_template(name, &template.source)
            .map_err(|error| fault(name, &error))?;
        let compiled = env
            .get_template(name)
            .map_err(|error| fault(name, &error))?;
        let text = compiled
            .render(&context)
            .map_err(|error| fault(name, &error))?;
        objects.extend(read(name, &text)?);
    }
    Ok(objects)
}

fn read(name: &str, text: &str) -> Result<Vec<Rendered>> {
    let trees = parse(name, text)?;
    let several = trees.len() > 1;
    let read = |(number, tree)| {
        let at = if several {
            format!("{name}, object {}", number + 1)
        } else {
            name.to_string()
        };
        match Object::new(tree) {
            Ok(object) => Ok(Rendered { object, at }),
            // The object itself stays unsaid: it may hold secrets.
            Err(error) => Err(Error::usage(format!("{at}: {}", error.what)).hint(OBJECT)),
        }
    };
    trees.into_iter().enumerate().map(read).collect()
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
    if error.kind() == minijinja::ErrorKind::UndefinedError {
        report.hints.push(VARIABLES.into());
    }
    if let (Some(source), Some(range)) = (error.template_source(), error.range()) {
        report
            .details
            .extend(source.get(range).map(|text| format!("in `{text}`")));
    }
    report
}
