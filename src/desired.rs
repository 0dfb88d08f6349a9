//! From rendered objects to what is wanted: our marks on each, the record on the namespace, and the form that ACK takes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    ack,
    config::{AwsMode, Settings},
    error::{Error, Result},
    marks::{
        CLUSTER, MANAGED_BY, MANAGED_POLICIES, NAMESPACE, PLATFORM, POLICY_HASH, PROTECTED, TENANT,
    },
    object::{IAM, Id, Object, State},
    policy,
    record::{self, Record},
    render::{self, Rendered},
    spec::Resolved,
};

mod encode;
mod place;
mod pods;
mod scaled;
mod secret;

pub use encode::encode;

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
/// Usage, when a template makes what a tenant cannot have, or none makes what it cannot do without.
pub fn tenant(
    resolved: &Resolved,
    settings: &Settings,
    recorded: Option<&Record>,
) -> Result<State> {
    let context = render::tenant(resolved, settings)?;
    let templates = &settings.templates.tenant;
    let place = place::Tenant {
        resolved,
        settings,
        variables: &context,
    };
    let mut made = Made::default();
    for mut rendered in templates.render(&context)? {
        place.check(&rendered)?;
        let object = &mut rendered.object;
        if object.id().is_aws() {
            tag(object, resolved, settings);
        } else {
            let labels = resolved
                .spec
                .labels
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()));
            let own = [MANAGED_BY, (TENANT, resolved.name.as_str())];
            mark(object, labels.chain(own));
        }
        made.insert(rendered)?;
    }
    let mut state = made.state;
    place.check_whole(&state)?;
    scaled::leave_replicas(&mut state);
    if settings.aws == AwsMode::Ack {
        for object in state.values_mut() {
            *object = ack::carried(object);
        }
    }
    let record = Record::of(resolved, &state, recorded);
    if let Some(object) = state.get_mut(&Id::namespace(&resolved.names.namespace)) {
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
/// Usage, when a template is wrong or makes what the platform cannot have.
pub fn platform(settings: &Settings) -> Result<State> {
    let templates = &settings.templates.platform;
    let mut made = Made::default();
    for mut rendered in templates.render(&render::platform(settings)?)? {
        place::check_platform(&rendered)?;
        mark(
            &mut rendered.object,
            [MANAGED_BY, (PLATFORM, settings.cluster.name.as_str())],
        );
        made.insert(rendered)?;
    }
    place::check_whole_platform(&made.state, templates.templates())?;
    Ok(made.state)
}

/// Objects by id, and where each comes from.
#[derive(Default)]
struct Made {
    state: State,
    places: BTreeMap<Id, String>,
    versions: BTreeMap<(String, String), (String, String)>,
}

impl Made {
    fn insert(&mut self, rendered: Rendered) -> Result<()> {
        let Rendered { mut object, at } = rendered;
        secret::settle(&mut object, &at)?;
        let id = object.id().clone();
        let version = object.api_version().to_string();
        if let Some(other) = self.places.insert(id.clone(), at.clone()) {
            return Err(Error::usage(format!("{at}: {id} is made twice"))
                .detail(format!("first by {other}")));
        }
        let kind = (id.group.clone(), id.kind.clone());
        let first = (version.clone(), at.clone());
        if let Some((other, place)) = self.versions.insert(kind, first)
            && other != version
        {
            return Err(Error::usage(format!(
                "{at}: {id} is apiVersion {version}, and {place} says {other}"
            ))
            .hint("use one version of a kind"));
        }
        self.state.insert(id, object);
        Ok(())
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
    if resolved.spec.protected {
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
    let managed = object.tree["spec"]["policies"].as_array();
    let managed: Vec<String> = managed
        .into_iter()
        .flatten()
        .filter_map(|arn| arn.as_str().map(short_hash))
        .collect();
    if is_role && !managed.is_empty() {
        tags.push((MANAGED_POLICIES, managed.join(" ")));
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

/// How the tag of a role names a managed policy that was asked for: a tag's 256 characters hold no list of ARNs.
pub fn short_hash(arn: &str) -> String {
    let mut hash = format!("{:x}", Sha256::digest(arn));
    hash.truncate(8);
    hash
}
