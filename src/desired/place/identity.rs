//! What templates may make in AWS: the tenant's one role and one association, as settings and tenant file have them.

use serde_json::Value;

use super::{BUILT_IN, Tenant};
use crate::{
    error::{Error, Result},
    object::{EKS, IAM, Object, PLATFORM_NAMESPACE},
    policy,
};

impl Tenant<'_> {
    /// A tenant has one role and one association, under the names by which they are found again.
    pub(super) fn check_identity(&self, object: &Object, at: &str) -> Result<()> {
        let (id, names) = (object.id(), &self.resolved.names);
        let name = self.resolved.name.as_str();
        let fields: &[(&str, &str)] = match (id.group.as_str(), id.kind.as_str()) {
            (IAM, "Role") if self.settings.scoping.shared_role().is_some() => {
                return Err(Error::usage(format!("{at}: {id} is not wanted: with iam.scoping: session-policy all tenants share a role"))
                    .hint("put the template's text between {% if not role.shared %} and {% endif %}"));
            }
            (IAM, "Role") => &[("name", &names.role), ("path", &names.role_path)],
            (EKS, "PodIdentityAssociation") => &[
                ("clusterName", self.settings.cluster.name.as_str()),
                ("namespace", &names.namespace),
                ("serviceAccount", &names.service_account),
            ],
            _ => {
                return Err(Error::usage(format!(
                    "{at}: {id}: in AWS a tenant has a Role and a PodIdentityAssociation, nothing else"
                )));
            }
        };
        if (id.namespace.as_str(), id.name.as_str()) != (PLATFORM_NAMESPACE, name) {
            return Err(Error::usage(format!(
                "{at}: a tenant has one {}, called {name} in {PLATFORM_NAMESPACE}, not {}/{}",
                id.kind, id.namespace, id.name
            )));
        }
        if id.is(IAM, "Role") {
            self.check_trust(object, at)?;
            self.check_bounds(object, at)?;
        } else {
            self.check_binding(object, at)?;
        }
        for (field, wanted) in fields {
            let have = object.text(&format!("/spec/{field}"));
            if have != *wanted {
                return Err(Error::usage(format!(
                    "{at}: {id}: spec.{field} must be `{wanted}`, which is how it is found again; it is `{have}`"
                ))
                .hint(BUILT_IN));
            }
        }
        Ok(())
    }

    /// What an association gives is the tenant's role, with what keeps it to the tenant: nothing else is looked at by
    /// the lint.
    fn check_binding(&self, association: &Object, at: &str) -> Result<()> {
        let (role, own) = (&self.variables["role"], &self.variables["association"]);
        for (field, wanted, variable) in [
            ("roleARN", &role["arn"], "role.arn"),
            (
                "targetRoleARN",
                &own["targetRoleArn"],
                "association.targetRoleArn",
            ),
            (
                "disableSessionTags",
                &own["disableSessionTags"],
                "association.disableSessionTags",
            ),
            ("policy", &own["policy"], "association.policy"),
        ] {
            let have = &association.tree["spec"][field];
            let unsaid = have.is_null() && *wanted == false;
            if unsaid || policy::canonical(have) == policy::canonical(wanted) {
                continue;
            }
            let id = association.id();
            return Err(Error::usage(format!(
                "{at}: {id}: spec.{field} must be {{{{ {variable} }}}}, which is {wanted} here; it is {have}"
            ))
            .hint(BUILT_IN));
        }
        Ok(())
    }

    /// A template may pin the role further, and let nobody else in.
    fn check_trust(&self, role: &Object, at: &str) -> Result<()> {
        let pinned = &self.variables["role"]["trustPolicy"];
        let loosened = policy::loosened(pinned, &role.tree["spec"]["assumeRolePolicyDocument"]);
        if loosened.is_empty() {
            return Ok(());
        }
        let why = format!("{at}: {}: its trust policy lets others in", role.id());
        let error = Error::usage(why)
            .hint("write assumeRolePolicyDocument: {{ role.trustPolicy }}")
            .hint(BUILT_IN);
        Err(loosened.into_iter().fold(error, Error::detail))
    }

    /// What keeps a role small whatever its policy says, and the one inline policy that is compared, written and taken off
    /// again: another would be somebody else's from then on.
    fn check_bounds(&self, role: &Object, at: &str) -> Result<()> {
        let (id, spec) = (role.id(), &role.tree["spec"]);
        let wanted = &self.variables["role"]["boundary"];
        let have = &spec["permissionsBoundary"];
        if have != wanted {
            let shown = |value: &Value| value.as_str().unwrap_or("none").to_string();
            return Err(Error::usage(format!(
                "{at}: {id}: spec.permissionsBoundary must be {{{{ role.boundary }}}}, which is {} here; it is {}",
                shown(wanted),
                shown(have)
            ))
            .detail("settings and tenant file say which boundary a role has, not a template")
            .hint(BUILT_IN));
        }
        let inline = spec["inlinePolicies"].as_object().into_iter().flatten();
        let mut others = inline
            .map(|(name, _)| name)
            .filter(|name| *name != "mcpctl");
        let Some(other) = others.next() else {
            return Ok(());
        };
        Err(Error::usage(format!(
            "{at}: {id}: spec.inlinePolicies.{other} has no place: the one inline policy of a tenant's role is called mcpctl"
        ))
        .hint("write its statements into the tenant's policy, identity.policy or iam.policy of the settings")
        .hint(BUILT_IN))
    }
}
