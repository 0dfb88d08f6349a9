//! Which Ingresses form a group.
//!
//! Source: `pkg/ingress/group_loader.go`, `pkg/ingress/class_loader.go`, `pkg/shared_constants/finalizers.go`.

use std::fmt;

use serde_json::Value;

use super::world::{
    Key, World, annotation, finalizers, has_finalizer, is_terminating, key, list, text,
};

const EXPLICIT_FINALIZER: &str = "group.ingress.k8s.aws/";
const IMPLICIT_FINALIZER: &str = "ingress.k8s.aws/resources";

/// The Ingresses that share one load balancer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Explicit(String),
    /// An Ingress that names no group is one of its own.
    Implicit(Key),
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit(name) => f.write_str(name),
            Self::Implicit((namespace, name)) => write!(f, "{namespace}/{name}"),
        }
    }
}

impl Group {
    pub(crate) fn finalizer(&self) -> String {
        match self {
            Self::Explicit(name) => format!("{EXPLICIT_FINALIZER}{name}"),
            Self::Implicit(_) => IMPLICIT_FINALIZER.to_owned(),
        }
    }

    fn holds_finalizer_of(&self, ingress: &Value) -> bool {
        let named = match self {
            Self::Explicit(_) => true,
            Self::Implicit(implicit) => *implicit == key(ingress),
        };
        named && has_finalizer(ingress, &self.finalizer())
    }
}

/// The members of a group: those that shall be served, in their order, and those that leave.
pub(crate) struct Members<'a> {
    pub(crate) active: Vec<&'a Value>,
    pub(crate) leaving: Vec<&'a Value>,
}

/// The class of an Ingress that this controller serves.
#[derive(Clone, Copy)]
pub(crate) struct Class<'a> {
    /// Its `IngressClassParams`, where it has any.
    pub(crate) params: Option<&'a Value>,
}

/// The class of an Ingress, none if it is not ours; an error if the class is not as it must be.
pub(crate) fn class<'a>(world: &'a World, ingress: &Value) -> Result<Option<Class<'a>>, String> {
    if let Some(name) = ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"].as_str() {
        return Ok((name == "alb").then_some(Class { params: None }));
    }
    let Some(name) = ingress["spec"]["ingressClassName"].as_str() else {
        return Ok(None);
    };
    let invalid = |why: String| format!("invalid ingress class: {why}");
    let class = world
        .classes
        .named(name)
        .ok_or_else(|| invalid(format!("ingress class {name:?} not found")))?;
    if class["spec"]["controller"] != "ingress.k8s.aws/alb" {
        return Ok(None);
    }
    let reference = &class["spec"]["parameters"];
    if reference.is_null() {
        return Ok(Some(Class { params: None }));
    }
    if reference["kind"] != "IngressClassParams" || reference["apiGroup"] != "elbv2.k8s.aws" {
        return Err(invalid(format!(
            "IngressClass {name} references unknown parameters"
        )));
    }
    let wanted = text(&reference["name"]);
    let params = world
        .params
        .named(wanted)
        .ok_or_else(|| invalid(format!("IngressClassParams {wanted:?} not found")))?;
    let (namespace, _) = key(ingress);
    let labels = world
        .namespaces
        .named(&namespace)
        .map_or(&Value::Null, |found| &found["metadata"]["labels"]);
    if !selects(&params["spec"]["namespaceSelector"], labels) {
        return Err(invalid(format!(
            "namespaceSelector of IngressClassParams {wanted} mismatch"
        )));
    }
    Ok(Some(Class {
        params: Some(params),
    }))
}

/// The group that an Ingress wants to be in; none if it is not ours or is being deleted.
pub(crate) fn wanted(world: &World, ingress: &Value) -> Result<Option<Group>, String> {
    if is_terminating(ingress) {
        return Ok(None);
    }
    let Some(class) = class(world, ingress)? else {
        return Ok(None);
    };
    let name = class
        .params
        .and_then(|params| params["spec"]["group"]["name"].as_str());
    Ok(Some(
        match name.or_else(|| annotation(ingress, "group.name")) {
            Some(name) => Group::Explicit(name.to_owned()),
            None => Group::Implicit(key(ingress)),
        },
    ))
}

/// The groups whose finalizer an Ingress carries.
pub(crate) fn pending(ingress: &Value) -> Vec<Group> {
    let group = |finalizer: &str| match finalizer.strip_prefix(EXPLICIT_FINALIZER) {
        Some(name) => Some(Group::Explicit(name.to_owned())),
        None => (finalizer == IMPLICIT_FINALIZER).then(|| Group::Implicit(key(ingress))),
    };
    finalizers(ingress).filter_map(group).collect()
}

/// Loads a group. An error means that nothing of it is reconciled, and nobody is told by an event.
pub(crate) fn load<'a>(
    world: &'a World,
    group: &Group,
    held: impl Fn(&Value) -> bool,
) -> Result<Members<'a>, String> {
    let (mut active, mut leaving) = (Vec::new(), Vec::new());
    for ingress in world.ingresses.values().filter(|ingress| !held(ingress)) {
        let belongs = group.holds_finalizer_of(ingress);
        match wanted(world, ingress) {
            Ok(Some(wanted)) if wanted == *group => {
                active.push((order(ingress)?, key(ingress), ingress));
            }
            Ok(_) if belongs => leaving.push(ingress),
            // A class that became invalid must not throw its Ingresses out.
            Err(why) if belongs => return Err(why),
            Ok(_) | Err(_) => {}
        }
    }
    active.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    Ok(Members {
        active: active.into_iter().map(|(_, _, ingress)| ingress).collect(),
        leaving,
    })
}

fn order(ingress: &Value) -> Result<i64, String> {
    let Some(text) = annotation(ingress, "group.order") else {
        return Ok(0);
    };
    let name = super::world::full_name(ingress);
    let order = text.parse::<i64>().map_err(|error| {
        format!("failed to load Ingress group order for ingress: {name}: {error}")
    })?;
    if !(-1000..=1000).contains(&order) {
        return Err(format!(
            "explicit Ingress group order must be within [-1000:1000], Ingress: {name}, order: {order}"
        ));
    }
    Ok(order)
}

/// Whether a label selector selects; an absent one selects everything.
fn selects(selector: &Value, labels: &Value) -> bool {
    let matches_labels = selector["matchLabels"].as_object().is_none_or(|wanted| {
        wanted
            .iter()
            .all(|(name, value)| labels.get(name) == Some(value))
    });
    matches_labels
        && list(&selector["matchExpressions"])
            .iter()
            .all(|expression| {
                let label = labels.get(text(&expression["key"]));
                let listed = label.is_some_and(|label| list(&expression["values"]).contains(label));
                match text(&expression["operator"]) {
                    "In" => listed,
                    "NotIn" => !listed,
                    "Exists" => label.is_some(),
                    "DoesNotExist" => label.is_none(),
                    _ => false,
                }
            })
}
