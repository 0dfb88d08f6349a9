//! Every rule of the lint in one table. Ids are for life: tenants' records hold those that were allowed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::yaml::nearest;

/// What a finding does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Stops `tenant add`.
    Error,
    /// Is shown.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One rule.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Name in messages, in records and for `--allow`: words of lower case, joined by `-`.
    pub id: &'static str,
    /// What a finding does.
    pub severity: Severity,
    /// Whether `--allow` lets it through. What IAM itself refuses cannot be allowed.
    pub allowable: bool,
    /// What it finds, in Markdown.
    pub finds: &'static str,
    /// What to write instead.
    pub instead: &'static str,
}

/// The table: one static for each rule, and the list of all in the order in which they are shown.
macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, allowable: $allowable:literal, $finds:literal, $instead:literal;)*) => {
        $(pub(super) static $name: Rule = Rule {
            id: $id,
            severity: Severity::$severity,
            allowable: $allowable,
            finds: $finds,
            instead: $instead,
        };)*
        /// Every rule.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    ANY_ACTION = "any-action", Error, allowable: true,
        "`Action: *`",
        "list the actions that the server calls";
    WHOLE_IAM = "whole-iam", Error, allowable: true,
        "`iam:*`: who may change roles and policies may do everything",
        "list the reading actions that the server calls, such as iam:GetRole";
    WHOLE_SERVICE = "whole-service", Error, allowable: true,
        "`service:*`: every action of a service, those that delete and those that share included",
        "list the actions that the server calls";
    WILDCARD_PERMISSIONS = "wildcard-permissions", Error, allowable: true,
        "a wildcard that covers actions which change who may do what, as `s3:Put*` covers `s3:PutBucketPolicy`",
        "list the actions that the server calls";
    WILDCARD_WRITES = "wildcard-writes", Warning, allowable: true,
        "a wildcard that covers actions which write, those that AWS adds later included",
        "list the actions that the server calls; wildcards suit reading ones, such as Get*";
    NOT_ACTION = "not-action", Error, allowable: true,
        "`NotAction` with `Allow`: every action of every service but those listed",
        "list with Action what is allowed, or use NotAction with Deny";
    NOT_RESOURCE = "not-resource", Error, allowable: true,
        "`NotResource` with `Allow`: every resource but those listed",
        "list with Resource what is allowed, or use NotResource with Deny";
    ANY_RESOURCE = "any-resource", Error, allowable: true,
        "`Resource: *`, or an ARN that says no more, for actions that take a resource, without a condition that only the tenant's own meets",
        "give the ARNs of what is the tenant's, with {{ tenant.name }} in them, or a condition on what is reached that only the tenant's own meets, such as StringEquals on aws:ResourceTag/tenant";
    FITS_OTHER_TENANTS = "fits-other-tenants", Error, allowable: true,
        "a wildcard beside the tenant's name in a resource, or in a condition on what is reached: `data-acme*` and `data-acme-*` fit what is tenant `acme-2`'s too",
        "part name and wildcard by a character that no name holds, as data-acme/* does, or leave the wildcard out; for a secret write secret:acme-??????, which fits what Secrets Manager puts behind its name and no more";
    PASS_ANY_ROLE = "pass-any-role", Error, allowable: true,
        "`iam:PassRole` for any role: what a service does with the role, the tenant can do",
        "give the ARN of the one role, and a condition on iam:PassedToService";
    ASSUME_ANY_ROLE = "assume-any-role", Error, allowable: true,
        "`sts:AssumeRole` for any role: every role that trusts this account is the tenant's too",
        "give the ARN of the one role";
    ESCALATION_ACTION = "escalation-action", Error, allowable: true,
        "one action with which a role can be given more than its policy says, such as `iam:PutRolePolicy`",
        "leave it to those who run the platform";
    ESCALATION_PAIR = "escalation-pair", Error, allowable: true,
        "actions that together give the rights of another role, such as `iam:PassRole` and `ec2:RunInstances`",
        "keep role passing and the starting of workloads in different hands";
    BROAD_MANAGED_POLICY = "broad-managed-policy", Error, allowable: true,
        "a managed policy of AWS that is not made for one tenant: `AdministratorAccess`, `PowerUserAccess`, `IAMFullAccess`, `ReadOnlyAccess`, every `…FullAccess`, those of administrators' jobs",
        "write the few statements that the server needs into identity.policy";
    TENANT_NOT_NAMED = "tenant-not-named", Warning, allowable: true,
        "no statement that allows something names the tenant in its resources, or in a condition that only the tenant's own meets, so that every tenant with this policy reaches the same",
        "put {{ tenant.name }} into the ARNs, or compare what is reached with it, as in StringEquals of aws:ResourceTag/tenant and ${aws:PrincipalTag/kubernetes-namespace}";
    UNKNOWN_SERVICE = "unknown-service", Warning, allowable: true,
        "a service prefix that AWS's service reference does not list",
        "check the spelling; what IAM does not know it grants to nobody";
    UNKNOWN_ACTION = "unknown-action", Warning, allowable: true,
        "an action, or a wildcard, that fits nothing in AWS's service reference",
        "check the spelling; what IAM does not know it grants to nobody";
    DUPLICATE_SID = "duplicate-sid", Error, allowable: false,
        "two statements with one `Sid`, which IAM refuses",
        "give each statement a Sid of its own, or none";
    SID_CHARACTERS = "sid-characters", Error, allowable: false,
        "a `Sid` with other characters than letters and digits, which IAM refuses",
        "write it in letters and digits, such as ReadOwnFiles";
    POLICY_CHARACTERS = "policy-characters", Error, allowable: false,
        "a character above U+00FF, which IAM takes in no policy",
        "write it in letters of Latin-1, or leave it out";
    TOO_LONG = "too-long", Error, allowable: false,
        "more than 10,240 characters, white space not counted: the limit of all inline policies of a role; the statement for `identity.targetRoleArn` counts",
        "move statements into managed policies and list them in identity.managedPolicyArns";
}

/// A rule that the tenant's owner allows to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Allowed(&'static Rule);

impl Allowed {
    /// The rule.
    pub fn rule(self) -> &'static Rule {
        self.0
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, String> {
        match RULES.iter().find(|rule| rule.id == id) {
            Some(rule) if rule.allowable => Ok(Self(rule)),
            Some(_) => Err(format!(
                "rule `{id}` cannot be allowed: IAM refuses such a policy"
            )),
            None => Err(match nearest(id, RULES.iter().map(|rule| rule.id)) {
                Some(near) => format!("there is no rule `{id}`; did you mean `{near}`?"),
                None => format!("there is no rule `{id}`; mcpctl policy lint --rules lists them"),
            }),
        }
    }
}

impl TryFrom<String> for Allowed {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        id.parse()
    }
}

impl From<Allowed> for String {
    fn from(allowed: Allowed) -> Self {
        allowed.0.id.into()
    }
}
