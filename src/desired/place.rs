//! What templates may make, and what they must: a tenant lives in its namespace, and has all that keeps it apart from
//! the others.

use serde_json::Value;

use super::pods;
use crate::{
    config::Settings,
    error::{Error, Result},
    marks::IDENTITY,
    object::{EKS, IAM, Id, Object, PLATFORM_NAMESPACE, State, known_kind},
    render::{Rendered, Template},
    spec::Resolved,
};

mod identity;

const IN_NAMESPACE: &str = "set metadata.namespace: {{ names.namespace }}";
const BUILT_IN: &str = "to see the built-in template: mcpctl template export DIR";

/// What a tenant's templates are held to.
pub(super) struct Tenant<'a> {
    pub(super) resolved: &'a Resolved,
    pub(super) settings: &'a Settings,
    /// The variables of its templates.
    pub(super) variables: &'a Value,
}

impl Tenant<'_> {
    /// Whether an object may be a tenant's.
    pub(super) fn check(&self, rendered: &Rendered) -> Result<()> {
        let Rendered { object, at } = rendered;
        check_names(object, at)?;
        let id = object.id();
        let known = check_version(object, at)?;
        if id.is_aws() {
            return self.check_identity(object, at);
        }
        let namespace = Id::namespace(&self.resolved.names.namespace);
        if *id == namespace {
            return Ok(());
        }
        let outside = |why: String| Error::usage(format!("{at}: {why}"));
        if known == Some(false) {
            return Err(outside(format!(
                "{id} belongs to the whole cluster; a tenant's objects live in its namespace {}",
                namespace.name
            ))
            .hint("what all tenants share goes into templates/platform/"));
        }
        if id.namespace != namespace.name {
            return Err(outside(format!(
                "{id} lies outside the tenant's namespace {}",
                namespace.name
            ))
            .hint(IN_NAMESPACE));
        }
        if id.is("coordination.k8s.io", "Lease") && id.name == "mcpctl" {
            return Err(outside(format!("{id} is mcpctl's own lock")));
        }
        pods::check(object, &self.resolved.names.service_account, at)
    }

    /// Whether all is there that a tenant cannot do without.
    pub(super) fn check_whole(&self, state: &State) -> Result<()> {
        let (names, name) = (&self.resolved.names, self.resolved.name.as_str());
        let templates = self.settings.templates.tenant.templates();
        let namespace = Id::namespace(&names.namespace);
        let identity = |group, kind| Id::new(group, kind, PLATFORM_NAMESPACE, name);
        let account = Id::new(
            "",
            "ServiceAccount",
            &names.namespace,
            &names.service_account,
        );
        for (id, file) in [
            (&namespace, "namespace.yaml.j2"),
            (&account, "serviceaccount.yaml.j2"),
            (&identity(IAM, "Role"), "role.yaml.j2"),
            (
                &identity(EKS, "PodIdentityAssociation"),
                "association.yaml.j2",
            ),
        ] {
            let made_by_others =
                id.is(IAM, "Role") && self.settings.scoping.shared_role().is_some();
            if !made_by_others && !state.contains_key(id) {
                return Err(missing(id, file, templates).detail("a tenant cannot do without it"));
            }
        }
        if state[&namespace].label(IDENTITY) == Some("required") {
            return Ok(());
        }
        let file = named(templates, "namespace.yaml.j2");
        Err(Error::usage(format!(
            "{file}: {namespace} lacks the label {IDENTITY}: required"
        ))
        .detail("without it the cluster would let pods run with the node's role")
        .hint(BUILT_IN))
    }
}

/// Whether an object may be the platform's: one that belongs to the whole cluster, or lies in its namespace.
pub(super) fn check_platform(rendered: &Rendered) -> Result<()> {
    let Rendered { object, at } = rendered;
    check_names(object, at)?;
    let id = object.id();
    let refused = |why: &str| Err(Error::usage(format!("{at}: {id} {why}")));
    if id.is_aws() {
        return refused("is AWS's; the platform has no such half");
    }
    let known = check_version(object, at)?;
    if id.is("", "Namespace") && id.name != PLATFORM_NAMESPACE {
        return refused("is not the platform's namespace; it has one, mcpctl-system");
    }
    let namespaced = known.unwrap_or(!id.namespace.is_empty());
    let fits = if namespaced {
        id.namespace == PLATFORM_NAMESPACE
    } else {
        id.namespace.is_empty()
    };
    if fits {
        return Ok(());
    }
    refused(
        "lies outside the platform's namespace: set metadata.namespace: {{ platformNamespace }}",
    )
}

/// The lock of the platform lives in its namespace.
pub(super) fn check_whole_platform(state: &State, templates: &[Template]) -> Result<()> {
    let namespace = Id::namespace(PLATFORM_NAMESPACE);
    if state.contains_key(&namespace) {
        return Ok(());
    }
    Err(missing(&namespace, "namespace.yaml.j2", templates))
}

fn missing(id: &Id, file: &str, templates: &[Template]) -> Error {
    let file = named(templates, file);
    Error::usage(format!("{file}: no template makes {id}")).hint(BUILT_IN)
}

/// The template of a file name as the user would type it.
fn named<'a>(templates: &'a [Template], file: &'a str) -> &'a str {
    let template = templates
        .iter()
        .find(|template| template.file_name() == file);
    template.map_or(file, |template| &template.name)
}

/// Whether objects of a kind that needs no discovery have a namespace; its version must be the one that we ask for.
fn check_version(object: &Object, at: &str) -> Result<Option<bool>> {
    let id = object.id();
    let Some(known) = known_kind(&id.group, &id.kind) else {
        return Ok(None);
    };
    let wanted = known.api_version();
    if object.api_version() == wanted {
        return Ok(Some(known.namespaced));
    }
    let have = object.api_version();
    Err(Error::usage(format!(
        "{at}: {id} is apiVersion {have}; use {wanted}"
    )))
}

/// Group, version and names become parts of a request's path.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#path-segment-names>
fn check_names(object: &Object, at: &str) -> Result<()> {
    let id = object.id();
    let is_part = |text: &str| {
        let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '/' | '%' | '?' | '#');
        !text.contains(odd) && text != "." && text != ".."
    };
    let version = object.api_version();
    let parts = version.split('/');
    let several = parts.clone().count() > 2;
    if several || !parts.clone().all(|part| is_part(part) && !part.is_empty()) {
        return Err(Error::usage(format!(
            "{at}: `{version}` is no apiVersion: v1 or group/v1"
        )));
    }
    for (field, text) in [("name", &id.name), ("namespace", &id.namespace)] {
        if !is_part(text) {
            return Err(Error::usage(format!(
                "{at}: metadata.{field} `{text}` cannot be the name of a {}",
                id.kind
            )));
        }
    }
    Ok(())
}
