//! From rendered objects to what is wanted: our marks on each, the record on the namespace, and the form that ACK takes.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    config::Settings,
    error::{Error, Result},
    marks::{CLUSTER, MANAGED_BY, NAMESPACE, PLATFORM, POLICY_HASH, PROTECTED, TENANT},
    object::{EKS, IAM, Id, Object, PLATFORM_NAMESPACE, State, known_kind},
    policy,
    record::{self, Record},
    render,
    spec::Resolved,
};

/// Which half of a tenant is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What lives in the cluster.
    Kubernetes,
    /// Role and association.
    Aws,
}

impl Half {
    /// Whether an object belongs to this half.
    pub fn has(self, id: &Id) -> bool {
        id.is_aws() == (self == Self::Aws)
    }
}

/// Everything that a tenant is, by id.
///
/// # Errors
/// Usage, when a template makes an object outside the tenant's namespace, of an unknown kind, or twice.
pub fn tenant(
    resolved: &Resolved,
    settings: &Settings,
    recorded: Option<&Record>,
) -> Result<State> {
    let context = render::tenant(resolved, settings)?;
    let objects = render::render(render::TENANT, &context)?;
    let mut state = State::new();
    let name = resolved.name.as_str();
    let namespace = Id::namespace(&resolved.names.namespace);
    for mut object in objects {
        check_place(object.id(), &namespace)?;
        if object.id().is_aws() {
            tag(&mut object, resolved, settings);
        } else {
            let labels = resolved
                .spec
                .labels
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()));
            mark(&mut object, labels.chain([MANAGED_BY, (TENANT, name)]));
        }
        insert(&mut state, object)?;
    }
    let record = Record::of(resolved, &state, recorded);
    if let Some(object) = state.get_mut(&namespace) {
        object
            .metadata_map("annotations")
            .extend(record::annotations(&record));
        object.metadata_map("annotations").sort_keys();
    }
    Ok(state)
}

/// Everything that the platform is, by id.
///
/// # Errors
/// Usage, when a template is wrong or makes an object twice.
pub fn platform(settings: &Settings) -> Result<State> {
    let mut state = State::new();
    for mut object in render::render(render::PLATFORM, &render::platform(settings)?)? {
        known(object.id())?;
        mark(
            &mut object,
            [MANAGED_BY, (PLATFORM, settings.cluster.name.as_str())],
        );
        insert(&mut state, object)?;
    }
    Ok(state)
}

fn insert(state: &mut State, object: Object) -> Result<()> {
    let id = object.id().clone();
    match state.insert(id, object) {
        None => Ok(()),
        Some(twice) => Err(Error::usage(format!(
            "the templates make {} twice",
            twice.id()
        ))),
    }
}

fn check_place(id: &Id, namespace: &Id) -> Result<()> {
    known(id)?;
    let expected = if id.is_aws() {
        PLATFORM_NAMESPACE
    } else {
        &namespace.name
    };
    if id == namespace || id.namespace == expected {
        return Ok(());
    }
    Err(Error::usage(format!(
        "a template makes {id} outside the tenant's namespace {}",
        namespace.name
    ))
    .hint("set metadata.namespace: {{ names.namespace }}"))
}

fn known(id: &Id) -> Result<()> {
    match known_kind(&id.group, &id.kind) {
        Some(_) => Ok(()),
        None => Err(Error::usage(format!(
            "a template makes {id}: kind {} of group `{}` is not known",
            id.kind, id.group
        ))),
    }
}

fn mark<'a>(object: &mut Object, marks: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let labels = object.metadata_map("labels");
    labels.extend(
        marks
            .into_iter()
            .map(|(key, value)| (key.to_string(), Value::from(value))),
    );
    labels.sort_keys();
}

/// Tags are the mark of ownership in AWS. A Role takes a list of pairs, an association a map: that is ACK's form.
fn tag(object: &mut Object, resolved: &Resolved, settings: &Settings) {
    let mut tags = vec![
        (CLUSTER, settings.cluster.name.to_string()),
        (NAMESPACE, resolved.names.namespace.clone()),
        (TENANT, resolved.name.to_string()),
    ];
    let is_role = object.id().is(IAM, "Role");
    if is_role && resolved.spec.protected {
        tags.push((PROTECTED, "true".into()));
    }
    if let Some(document) = object
        .tree
        .pointer("/spec/inlinePolicies/mcpctl")
        .filter(|_| is_role)
    {
        let text = policy::canonical(document).to_string();
        tags.push((POLICY_HASH, format!("{:x}", Sha256::digest(text))));
    }
    object.tree["spec"]["tags"] = if is_role {
        tags.into_iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect()
    } else {
        Value::Object(
            tags.into_iter()
                .map(|(key, value)| (key.to_string(), value.into()))
                .collect(),
        )
    };
}

/// The object as a GitOps repository holds it: role and association in ACK's form, policy documents as JSON text, the
/// role by reference so that no account id is needed.
/// <https://aws-controllers-k8s.github.io/community/reference/>
pub fn encode(object: &Object) -> Value {
    let mut tree = object.tree.clone();
    let id = object.id();
    if id.is(IAM, "Role") {
        let spec = &mut tree["spec"];
        let text = |document: &Value| Value::from(format!("{document:#}"));
        spec["assumeRolePolicyDocument"] = text(&spec["assumeRolePolicyDocument"]);
        if let Some(Value::Object(policies)) = spec.get_mut("inlinePolicies") {
            policies
                .values_mut()
                .for_each(|document| *document = text(document));
        }
    }
    if id.is(EKS, "PodIdentityAssociation")
        && let Some(spec) = tree["spec"].as_object_mut()
    {
        let reference = json!({"from": {"name": id.name, "namespace": id.namespace}});
        let entries = std::mem::take(spec);
        spec.extend(entries.into_iter().map(|(key, value)| match key.as_str() {
            "roleARN" => ("roleRef".to_string(), reference.clone()),
            _ => (key, value),
        }));
    }
    in_fixed_order(tree)
}

/// `apiVersion`, `kind`, `metadata` first, and within the metadata name and namespace; the rest as the template has it.
fn in_fixed_order(tree: Value) -> Value {
    const FIRST: [&str; 5] = ["apiVersion", "kind", "metadata", "name", "namespace"];
    let Value::Object(mut rest) = tree else {
        return tree;
    };
    let mut ordered = Map::new();
    for key in FIRST {
        if let Some(value) = rest.remove(key) {
            ordered.insert(
                key.into(),
                if key == "metadata" {
                    in_fixed_order(value)
                } else {
                    value
                },
            );
        }
    }
    // `remove` swaps the last entry into the gap; sorting makes the order a function of the content alone.
    rest.sort_keys();
    ordered.extend(rest);
    Value::Object(ordered)
}
