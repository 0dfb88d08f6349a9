//! What of an ARN stands for the resource.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use crate::spec::ArnParts;

/// Types that may stand before the name in an ARN: `table/*` is every table.
const TYPES: [&str; 24] = [
    "alias",
    "cluster",
    "db",
    "deliverystream",
    "domain",
    "event-bus",
    "function",
    "group",
    "index",
    "instance",
    "instance-profile",
    "key",
    "log-group",
    "parameter",
    "policy",
    "queue",
    "role",
    "rule",
    "secret",
    "stateMachine",
    "stream",
    "table",
    "topic",
    "user",
];

/// What Secrets Manager puts behind a secret's name, which has no longer name then.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html>
const END_OF_A_SECRET: &str = "-??????";

/// What names the resource: partition, service, region, account and type say nothing of whose it is. A text that is no
/// ARN names it as a whole.
pub(super) fn name(text: &str) -> &str {
    let Some((service, resource)) = resource(text) else {
        return text;
    };
    let name = without_type(service, resource).unwrap_or(resource);
    let end = Some(END_OF_A_SECRET).filter(|_| service == "secretsmanager");
    end.and_then(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Whether a resource says no more than `*`: nothing but wildcards where an ARN names the resource.
pub(super) fn is_any(text: &str) -> bool {
    let wild =
        |text: &str| !text.is_empty() && text.chars().all(|c| matches!(c, '*' | '?' | '/' | ':'));
    if wild(text) {
        return true;
    }
    let Some((service, resource)) = resource(text) else {
        // `arn:aws:s3*` covers what follows.
        return text.ends_with('*');
    };
    wild(resource) || without_type(service, resource).is_some_and(wild)
}

/// The service of an ARN, and what it says behind the account.
fn resource(text: &str) -> Option<(&str, &str)> {
    let arn = ArnParts::of(text).filter(|arn| ["arn", "*"].contains(&arn.start))?;
    Some((arn.service, arn.resource))
}

/// What follows the type. In S3 a bucket's name is what comes first.
fn without_type<'a>(service: &str, resource: &'a str) -> Option<&'a str> {
    let (kind, rest) = resource.split_once(['/', ':'])?;
    (service != "s3" && TYPES.contains(&kind)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_with_nothing_but_wildcards_for_a_name_is_any() {
        for any in [
            "*",
            "**",
            "arn:aws:s3:::*",
            "arn:aws:s3:::*/*",
            "arn:aws:sqs:*:*:*",
            "*:aws:sqs:*:*:*",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/*",
            "arn:aws:lambda:eu-west-1:111122223333:function:*",
            "arn:*",
        ] {
            assert!(is_any(any), "{any}");
        }
        for one in [
            "arn:aws:s3:::bucket/*",
            "arn:aws:s3:::table/*",
            "arn:aws:s3:::*-acme",
            "arn:aws:dynamodb:*:*:table/mcp-acme",
            "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/*",
            "arn:aws:s3:::bucket",
        ] {
            assert!(!is_any(one), "{one}");
        }
    }

    #[test]
    fn a_resource_is_named_behind_its_type() {
        for (text, named) in [
            ("acme/*", "acme/*"),
            ("arn:aws:s3:::acme/*", "acme/*"),
            ("arn:aws:s3:::key/acme", "key/acme"),
            ("arn:aws:sqs:eu-west-1:111122223333:queue", "queue"),
            ("arn:aws:ssm:*:*:parameter/acme/key", "acme/key"),
            ("arn:aws:logs:*:*:log-group:acme:*", "acme:*"),
            ("arn:aws:secretsmanager:*:*:secret:acme-??????", "acme"),
            ("arn:aws:ssm:*:*:parameter/acme-??????", "acme-??????"),
            ("arn:aws:s3*", "arn:aws:s3*"),
        ] {
            assert_eq!(name(text), named, "{text}");
        }
    }
}
