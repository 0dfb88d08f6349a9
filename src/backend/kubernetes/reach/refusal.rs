//! What RBAC says when it forbids a call: who may not do what.

/// `list deployments.apps`, of what RBAC says that one cannot:
/// `list resource "deployments" in API group "apps" at the cluster scope`.
pub(super) fn right(said: &str) -> String {
    let mut parts = said.split('"');
    let verb = parts
        .next()
        .and_then(|start| start.strip_suffix(" resource "));
    let (resource, group) = (parts.next(), parts.nth(1));
    match (verb, resource, group) {
        (Some(verb), Some(resource), None | Some("")) => format!("{verb} {resource}"),
        (Some(verb), Some(resource), Some(group)) => format!("{verb} {resource}.{group}"),
        _ => "do that".into(),
    }
}

/// The principal whose session EKS names a user after: itself, or the role that was assumed. A session's name does not
/// tell the path of its role.
pub(super) fn principal(user: &str) -> Option<String> {
    let mut parts = user.splitn(6, ':');
    let (Some("arn"), Some(partition)) = (parts.next(), parts.next()) else {
        return None;
    };
    let (service, account, resource) = (parts.next()?, parts.nth(1)?, parts.next()?);
    match (service, resource.split('/').collect::<Vec<_>>().as_slice()) {
        ("sts", ["assumed-role", role, _]) => {
            Some(format!("arn:{partition}:iam::{account}:role/{role}"))
        }
        ("iam", _) => Some(user.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_that_is_missing() {
        for (said, expected) in [
            (
                r#"list resource "namespaces" in API group "" at the cluster scope"#,
                "list namespaces",
            ),
            (
                r#"patch resource "deployments" in API group "apps" in the namespace "mcp-acme""#,
                "patch deployments.apps",
            ),
            (r#"get path "/apis""#, "do that"),
        ] {
            assert_eq!(right(said), expected);
        }
    }

    #[test]
    fn the_principal_behind_a_user() {
        for (user, expected) in [
            (
                "arn:aws:sts::111122223333:assumed-role/ci/run-7",
                Some("arn:aws:iam::111122223333:role/ci"),
            ),
            (
                "arn:aws-cn:iam::111122223333:user/team/ada",
                Some("arn:aws-cn:iam::111122223333:user/team/ada"),
            ),
            ("ada", None),
            ("arn:aws:sts::111122223333:federated-user/ada", None),
        ] {
            assert_eq!(principal(user).as_deref(), expected, "{user}");
        }
    }
}
