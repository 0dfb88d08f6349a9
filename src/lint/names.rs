//! How a text of a policy names the tenant.

use std::ops::Range;

use super::arn;

/// Session tags that no other tenant has, and the role's tag with the tenant's name. The tag with the service account
/// is not among them: its name is the same for all tenants.
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html>
const TAGS_OF_THE_TENANT: [&str; 4] = [
    "aws:PrincipalTag/kubernetes-namespace",
    "aws:PrincipalTag/kubernetes-pod-name",
    "aws:PrincipalTag/kubernetes-pod-uid",
    "aws:PrincipalTag/mcpctl.dev/tenant",
];

/// Whether a text holds one of the tenant's names as a word, or a variable that stands for it. In an ARN only what names
/// the resource counts: `eu-west-1` is of no tenant `eu`, and `table/shared` of no tenant `table`.
pub(super) fn names_tenant(text: &str, names: &[&str]) -> bool {
    places(arn::name(text), names).next().is_some()
}

/// Whether a pattern names the tenant and fits nothing of tenants whose names only begin or end like it: `acme/*` does,
/// `acme*` and `acme-*` do not.
pub(super) fn names_tenant_alone(pattern: &str, names: &[&str]) -> bool {
    let of_a_name = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let wild = |c: char| matches!(c, '*' | '?');
    let pattern = arn::name(pattern);
    places(pattern, names).any(|place| {
        let after = pattern[place.end..].chars().find(|c| !of_a_name(c));
        let before = pattern[..place.start].chars().rev().find(|c| !of_a_name(c));
        !after.is_some_and(wild) && !before.is_some_and(wild)
    })
}

/// Whether a pattern names the tenant, and fits as well what is named after tenants whose names only begin or end like it.
pub(super) fn fits_others(pattern: &str, names: &[&str]) -> bool {
    names_tenant(pattern, names) && !names_tenant_alone(pattern, names)
}

/// Where in a text the tenant is named.
fn places<'a>(text: &'a str, names: &'a [&str]) -> impl Iterator<Item = Range<usize>> + 'a {
    let of_a_word = |c: char| c.is_ascii_alphanumeric();
    let words = names
        .iter()
        .filter(|name| !name.is_empty())
        .flat_map(move |name| text.match_indices(*name))
        .map(|(at, name)| at..at + name.len())
        .filter(move |place| {
            !text[..place.start].ends_with(of_a_word) && !text[place.end..].starts_with(of_a_word)
        });
    words.chain(variables(text))
}

/// `${tag}` and `${tag, 'default'}`, for each tag of the tenant's.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn variables(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("${").filter_map(|(at, _)| {
        let length = text[at..].find('}')? + 1;
        let inside = &text[at + 2..at + length - 1];
        let tag = inside
            .split_once(',')
            .map_or(inside, |(tag, _)| tag)
            .trim_end();
        // Keys do not tell upper from lower case.
        let of_the_tenant = |key: &&str| key.eq_ignore_ascii_case(tag);
        let known = TAGS_OF_THE_TENANT.iter().any(of_the_tenant);
        known.then_some(at..at + length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["acme", "mcp-acme"];

    #[test]
    fn a_name_counts_as_a_word_only() {
        for text in [
            "arn:aws:s3:::data-acme/*",
            "acme",
            "${aws:PrincipalTag/kubernetes-namespace}",
            "x/${aws:PrincipalTag/mcpctl.dev/tenant, 'nobody'}/y",
            "x/${aws:principaltag/kubernetes-namespace}/y",
        ] {
            assert!(names_tenant(text, &NAMES), "{text}");
        }
        for text in [
            "arn:aws:s3:::acmecorp/*",
            "arn:aws:s3:::pacme/*",
            "aws:PrincipalTag/kubernetes-namespace",
            "${aws:PrincipalTag/kubernetes-namespace",
            "${aws:PrincipalTag/kubernetes-namespace-label}",
            "${aws:PrincipalTag/kubernetes-service-account}",
        ] {
            assert!(!names_tenant(text, &NAMES), "{text}");
        }
    }

    #[test]
    fn a_wildcard_beside_the_name_fits_others() {
        for text in [
            "arn:aws:s3:::data-acme*",
            "arn:aws:s3:::data-acme?/*",
            "arn:aws:s3:::data-acme-*",
            "arn:aws:s3:::*acme",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acme-*",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acme*-??????",
            "arn:aws:s3:::data-${aws:PrincipalTag/kubernetes-namespace}*",
            "arn:aws:s3:::data-${aws:principaltag/kubernetes-namespace}*",
            "acme*",
            "arn:aws:s3:::shared/mcp-acme*",
        ] {
            assert!(fits_others(text, &NAMES), "{text}");
        }
        for text in [
            "arn:aws:s3:::data-acme",
            "arn:aws:s3:::data-acme/*",
            "arn:aws:s3:::acme/acme*",
            "arn:aws:s3:::acmecorp*",
            "arn:aws:s3:::shared/*",
            "arn:aws:sqs:*:*:acme.jobs",
            "arn:aws:sqs:acme-*:111122223333:jobs",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acme-??????",
            "*",
        ] {
            assert!(!fits_others(text, &NAMES), "{text}");
        }
    }

    /// For tenants whose names are words that ARNs are full of.
    #[test]
    fn of_an_arn_only_the_resources_name_counts() {
        let table = |name: &str| format!("arn:aws:dynamodb:eu-west-1:111122223333:table/{name}");
        for tenant in ["eu", "dynamodb", "table", "aws", "111122223333"] {
            let names = [tenant];
            let of = |name: &str| table(&name.replace("NAME", tenant));
            assert!(!names_tenant(&of("shared"), &names), "{tenant}");
            assert!(!names_tenant_alone(&of("shared"), &names), "{tenant}");
            assert!(!names_tenant_alone(&of("NAME*"), &names), "{tenant}");
            assert!(fits_others(&of("NAME*"), &names), "{tenant}");
            assert!(names_tenant_alone(&of("mcp-NAME"), &names), "{tenant}");
        }
        let logs = "arn:aws:logs:eu-west-1:111122223333:log-group:log*";
        assert!(fits_others(logs, &["log"]));
        // In S3 there is no type before a bucket's name.
        assert!(names_tenant_alone("arn:aws:s3:::table/*", &["table"]));
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:secret-??????";
        assert!(names_tenant_alone(secret, &["secret"]));
    }

    #[test]
    fn a_wildcard_must_be_parted_from_the_name() {
        for text in [
            "acme",
            "acme/*",
            "*/acme/*",
            "mcp-acme",
            "arn:aws:ecs:*:*:cluster/acme",
            "${aws:PrincipalTag/kubernetes-namespace}/*",
        ] {
            assert!(names_tenant_alone(text, &NAMES), "{text}");
        }
        for text in [
            "*",
            "mcp-*",
            "acme*",
            "acme-*",
            "acme?",
            "*acme",
            "*-acme/x",
            "${aws:PrincipalTag/kubernetes-namespace}*",
        ] {
            assert!(!names_tenant_alone(text, &NAMES), "{text}");
        }
    }
}
