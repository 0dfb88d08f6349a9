//! Templates to objects: minijinja, then YAML, then trees.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use minijinja::{
    AutoEscape, Environment, UndefinedBehavior, Value as Variable, syntax::SyntaxConfig,
    value::Serde,
};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    object::Object,
    yaml,
};

mod arns;
mod context;
mod identity;
mod lines;
mod quota;
#[cfg(test)]
mod tests;
mod values;

use values::{Misplaced, Printed};

pub use arns::{ACCOUNT_PLACEHOLDER, cluster_arn, role_arn};
pub use context::{platform, tenant};
pub use identity::{role_policy, with_target, without_target};

const VARIABLES: &str = "the variables are in the README.md that mcpctl template export DIR writes";
/// What to write instead of text that is no YAML. Values are none of it: they are put into what it makes.
const YAML: &str = "the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}";
const LANGUAGE: &str = "the language is Jinja's: {{ value }}, {% if … %} … {% endif %}, {% for … in … %} … {% endfor %}";
const NAMES: &str =
    "filters, tests and functions are MiniJinja's: https://docs.rs/minijinja/latest/minijinja/";
const SAFE: &str = "leave it out: an expression is printed as one whole value, whatever it holds; as JSON text it is {{ value | tojson }}";
/// What to write instead of an expression within a longer value.
const RECIPE: &str = "one expression is one whole value: host: {{ name ~ '.example.com' }}";
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

/// The text that objects are rendered from.
#[derive(Clone, Debug)]
pub struct Template {
    /// Path as the user would type it, or `tenant/deployment.yaml.j2` for one that is compiled in. For messages.
    pub name: Cow<'static, str>,
    /// Source text.
    pub source: Cow<'static, str>,
}

impl Template {
    /// The name without its folders, by which one template takes the place of another.
    pub fn file_name(&self) -> &str {
        self.name
            .rsplit_once('/')
            .map_or(&*self.name, |(_, name)| name)
    }
}

/// Templates that are rendered together, in their order. They are compiled when they are first used, and a text that
/// they make of one tenant and of the next, values aside, is read once.
#[derive(Clone, Debug)]
pub struct Set(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    templates: Vec<Template>,
    compiled: OnceLock<Environment<'static>>,
    read: Mutex<HashMap<String, Arc<Vec<Value>>>>,
}

impl Set {
    /// A set of templates.
    pub fn new(templates: Vec<Template>) -> Self {
        Self(Arc::new(Inner {
            templates,
            compiled: OnceLock::new(),
            read: Mutex::default(),
        }))
    }

    /// The templates.
    pub fn templates(&self) -> &[Template] {
        &self.0.templates
    }

    /// Renders all of them with one context.
    ///
    /// # Errors
    /// Usage, with template and line; values of variables are never part of the message.
    pub fn render(&self, context: &Value) -> Result<Vec<Rendered>> {
        let compiled = &self.0.compiled;
        let env = if let Some(env) = compiled.get() {
            env
        } else {
            let env = compile(self.templates(), None)?;
            compiled.get_or_init(|| env)
        };
        let context = Variable::from(Serde(context));
        let mut objects = Vec::new();
        for template in self.templates() {
            let name = &template.name;
            let rendered = env
                .get_template(name)
                .and_then(|compiled| compiled.render_captured(&context))
                .map_err(|error| fault(name, &error))?;
            let text = rendered.output();
            let trees = self
                .read(text)
                .map_err(|fault| self.no_yaml(template, &context, text, fault))?;
            let none = Printed::default();
            let printed = Printed::of(rendered.state()).unwrap_or(&none);
            let several = trees.len() > 1;
            for (number, tree) in trees.iter().enumerate() {
                let filled = printed
                    .fill(tree)
                    .map_err(|misplaced| self.misplaced(template, &context, &misplaced))?;
                let at = if several {
                    format!("{name}, object {}", number + 1)
                } else {
                    name.to_string()
                };
                objects.push(object(filled, at)?);
            }
        }
        Ok(objects)
    }

    /// The trees of a text, or what is wrong with it and in which line.
    fn read(&self, text: &str) -> std::result::Result<Arc<Vec<Value>>, (String, usize)> {
        let mut read = self.0.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trees) = read.get(text) {
            return Ok(Arc::clone(trees));
        }
        let trees = Arc::new(yaml::read_stream(text)?);
        read.insert(text.into(), Arc::clone(&trees));
        Ok(trees)
    }

    /// A template that makes no YAML.
    fn no_yaml(
        &self,
        template: &Template,
        context: &Variable,
        text: &str,
        (why, line): (String, usize),
    ) -> Error {
        let place = self
            .line_of(template, context, (text, line))
            .unwrap_or_else(|| template.name.to_string());
        let mut error =
            Error::usage(format!("{place}: {why}, in line {line} of what it makes")).hint(YAML);
        let lines = text
            .lines()
            .enumerate()
            .skip(line.saturating_sub(2))
            .take(3);
        error.details.extend(
            lines.map(|(number, text)| format!("{} | {}", number + 1, values::shown(text))),
        );
        error
    }

    /// Template and line that made a line of a text: by its own text, or by the first value that stands in it.
    fn line_of(
        &self,
        template: &Template,
        context: &Variable,
        (text, line): (&str, usize),
    ) -> Option<String> {
        let render = |env: &Environment<'_>| env.get_template(&template.name)?.render(context);
        let marked = compile(&lines::marked(self.templates()), None).ok()?;
        let marked = render(&marked).ok()?;
        if let Some((index, line)) = lines::origin(&marked, text, line) {
            return Some(format!("{}:{line}", self.templates().get(index)?.name));
        }
        let value = values::first(text.lines().nth(line.checked_sub(1)?)?)?;
        let complaining = compile(self.templates(), Some((value, ""))).ok()?;
        let complaint = render(&complaining).err()?;
        Some(format!("{}:{}", complaint.name()?, complaint.line()?))
    }

    /// Renders once more, for the line.
    fn misplaced(&self, template: &Template, context: &Variable, why: &Misplaced) -> Error {
        let env = match compile(self.templates(), Some((why.0, why.1))) {
            Ok(env) => env,
            Err(error) => return error,
        };
        let rendered = env
            .get_template(&template.name)
            .and_then(|compiled| compiled.render(context));
        let error = rendered.err();
        let line = error.as_ref().and_then(minijinja::Error::line);
        let at = line.map_or(String::new(), |line| format!(":{line}"));
        let mut report = Error::usage(format!("{}{at}: {}", template.name, why.1));
        if why.1 == values::IN_TEXT {
            report = report.hint(RECIPE);
        }
        let text = line.and_then(|line| template.source.lines().nth(line.saturating_sub(1)));
        report.details.extend(text.map(|text| text.trim().into()));
        report
    }
}

/// The engine: whatever is printed goes through [`values::print`], and there is no way to have text taken for safe.
fn compile(
    templates: &[Template],
    complaint: Option<(usize, &'static str)>,
) -> Result<Environment<'static>> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Custom("a placeholder for each value".into()));
    env.set_formatter(move |out, state, value| values::print(out, state, value, complaint));
    env.set_debug(true);
    env.remove_filter("safe");
    env.add_filter("tojson", |value: Variable| {
        serde_json::to_string(&value).map_err(|error| {
            minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string())
        })
    });
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|error| fault("syntax", &error))?;
    env.set_syntax(syntax);
    for Template { name, source } in templates {
        env.add_template_owned(name.clone(), source.clone())
            .map_err(|error| fault(name, &error))?;
    }
    Ok(env)
}

fn object(tree: Value, at: String) -> Result<Rendered> {
    match Object::new(tree) {
        Ok(object) => Ok(Rendered { object, at }),
        // The object itself stays unsaid: it may hold secrets.
        Err(error) => Err(Error::usage(format!("{at}: {}", error.what)).hint(OBJECT)),
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
    report.hints.extend(recipe(error).map(str::to_string));
    if let (Some(source), Some(range)) = (error.template_source(), error.range()) {
        report
            .details
            .extend(source.get(range).map(|text| format!("in `{text}`")));
    }
    report
}

/// What to write instead.
fn recipe(error: &minijinja::Error) -> Option<&'static str> {
    use minijinja::ErrorKind as Kind;
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        Kind::UndefinedError => Some(VARIABLES),
        Kind::UnknownFilter if detail.starts_with("filter safe ") => Some(SAFE),
        Kind::UnknownFilter | Kind::UnknownFunction | Kind::UnknownTest => Some(NAMES),
        Kind::SyntaxError => Some(LANGUAGE),
        Kind::InvalidOperation if detail.contains("+ operator") => Some(RECIPE),
        _ => None,
    }
}
