//! What goes wrong with roles and their policies.

use mcpctl_sandbox::strict_aws::{Fault as Answer, State, Times};

use super::fault::{ADD, Fault, ROLE, Source, nothing, role, role_alone};
use crate::strict::{ACCOUNT, Strict};

const CREATE_ROLE: Source = (
    "IAM API Reference, CreateRole",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html",
);
const QUOTAS: Source = (
    "IAM User Guide, IAM and AWS STS quotas",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
);
const PUT_POLICY: Source = (
    "IAM API Reference, PutRolePolicy",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html",
);
const ATTACH: Source = (
    "IAM API Reference, AttachRolePolicy",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html",
);
const BOUNDARY: Source = (
    "IAM API Reference, PutRolePermissionsBoundary",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html",
);

const OTHER_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "The trust policy is rejected as malformed",
        aws: "`CreateRole` answers `MalformedPolicyDocument`",
        source: CREATE_ROLE,
        strike: |strict| malformed(strict, "CreateRole"),
        code: 3,
        first: "tenant `acme`: nothing was written",
        says: &["iam:CreateRole acme-a9231ac3a2", "MalformedPolicyDocument"],
        stands: "nothing",
        holds: nothing,
        again: "makes both",
        again_says: ADD.first,
        ..ADD
    },
    Fault {
        name: "The policy is rejected as malformed",
        aws: "`PutRolePolicy` answers `MalformedPolicyDocument`",
        source: PUT_POLICY,
        strike: |strict| malformed(strict, "PutRolePolicy"),
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "MalformedPolicyDocument",
            "Role acme stands, without all of its policies",
        ],
        stands: "the role, without its policy; no association, so that nobody can assume it",
        holds: bare_role,
        again: "puts the policy on the role and binds it",
        again_says: "tenant `acme` is applied: 1 created, 1 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The permissions boundary does not exist",
        aws: "`CreateRole` answers `NoSuchEntity`",
        source: CREATE_ROLE,
        strike: |strict| strict.settings("permissionsBoundary: none", &boundary()),
        code: 6,
        first: "tenant `acme`: nothing was written",
        says: &[
            "iam:CreateRole acme-a9231ac3a2",
            "NoSuchEntity",
            "policy/edge does not exist",
        ],
        stands: "nothing",
        holds: nothing,
        mend: make_boundary,
        again: "makes both, the role with its boundary",
        again_says: ADD.first,
        ..ADD
    },
    Fault {
        name: "A new permissions boundary does not exist",
        aws: "`PutRolePermissionsBoundary` answers `NoSuchEntity`",
        source: BOUNDARY,
        added: true,
        strike: |strict| strict.settings("permissionsBoundary: none", &boundary()),
        code: 6,
        first: "tenant `acme`: nothing was written",
        says: &["iam:PutRolePermissionsBoundary", "NoSuchEntity"],
        mend: make_boundary,
        again: "puts the boundary on the role",
        again_says: "0 created, 1 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "A managed policy does not exist",
        aws: "`AttachRolePolicy` answers `NoSuchEntity`",
        source: ATTACH,
        strike: |strict| {
            let arn = format!("arn:aws:iam::{ACCOUNT}:policy/edge");
            let defaults = format!("defaults: {{identity: {{managedPolicyArns: ['{arn}']}}, ");
            strict.settings("defaults: {", &defaults);
        },
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &["iam:AttachRolePolicy", "NoSuchEntity", "Role acme stands"],
        stands: "the role without the managed policy; no association",
        holds: role_alone,
        mend: make_boundary,
        again: "attaches the policy and binds the role",
        again_says: "tenant `acme` is applied: 1 created, 1 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The account has no room for another role",
        aws: "`CreateRole` answers `LimitExceeded`",
        source: QUOTAS,
        strike: |strict| {
            limit(
                strict,
                "CreateRole",
                "Cannot exceed quota for RolesPerAccount: 1000",
            );
        },
        code: 3,
        first: "tenant `acme`: nothing was written",
        says: &["iam:CreateRole", "LimitExceeded", "RolesPerAccount: 1000"],
        stands: "nothing",
        holds: nothing,
        again: "makes both",
        again_says: ADD.first,
        ..ADD
    },
    Fault {
        name: "The role's inline policies are too long",
        aws: "`PutRolePolicy` answers `LimitExceeded`",
        source: QUOTAS,
        strike: |strict| {
            limit(
                strict,
                "PutRolePolicy",
                "Maximum policy size of 10240 bytes exceeded for role acme-a9231ac3a2",
            );
        },
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &["iam:PutRolePolicy", "LimitExceeded", "10240 bytes"],
        stands: "the role, without its policy; no association",
        holds: bare_role,
        again: "puts the policy on the role and binds it",
        again_says: "tenant `acme` is applied: 1 created, 1 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "A role has the name in another case",
        aws: "names are unique whatever their case, so that `GetRole` finds it",
        source: QUOTAS,
        strike: |strict| strict.aws.state(add_in_capitals),
        code: 3,
        first: "tenant `acme`: 1 conflict; nothing was written",
        says: &[
            "Role acme: exists",
            "ACME-A9231AC3A2",
            "it has no tag mcpctl.dev/tenant",
        ],
        stands: "their role, as it was",
        holds: in_capitals,
        mend: |strict| strict.aws.state(|state| state.delete_role_under_us(ROLE)),
        again: "makes both, once their role is gone",
        again_says: ADD.first,
        ..ADD
    },
    Fault {
        name: "Somebody makes a role of the name while we do",
        aws: "`CreateRole` answers `EntityAlreadyExists`",
        source: CREATE_ROLE,
        strike: |strict| {
            strict
                .aws
                .after("ListPodIdentityAssociations", Box::new(add_in_capitals));
        },
        code: 3,
        first: "tenant `acme`: nothing was written",
        says: &[
            "iam:CreateRole",
            "EntityAlreadyExists",
            "somebody made it since the plan was made",
        ],
        stands: "their role, as it was",
        holds: in_capitals,
        mend: |strict| strict.aws.state(|state| state.delete_role_under_us(ROLE)),
        again: "makes both, once their role is gone",
        again_says: ADD.first,
        ..ADD
    },
    Fault {
        name: "The role is deleted under us while it is added",
        aws: "`CreatePodIdentityAssociation` answers `InvalidParameterException`, as for one that is not visible yet",
        source: super::associations::CREATE,
        strike: |strict| {
            let delete = |state: &mut State| state.delete_role_under_us(ROLE);
            strict.aws.after("PutRolePolicy", Box::new(delete));
        },
        command: "add acme --timeout 3s",
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "Role provided in the request does not exist",
            "run the same command again",
        ],
        stands: "nothing",
        holds: nothing,
        again: "makes both",
        again_says: ADD.first,
        ..ADD
    },
    Fault {
        name: "The role of a tenant is deleted",
        aws: "`GetRole` answers `NoSuchEntity`",
        source: (
            "IAM API Reference, GetRole",
            "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html",
        ),
        added: true,
        strike: |strict| strict.aws.state(|state| state.delete_role_under_us(ROLE)),
        first: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        stands: "all: the role is made anew under its name, to which the association is bound",
        ..ADD
    },
];

fn malformed(strict: &Strict, operation: &str) {
    let answer = Answer::new(400, "MalformedPolicyDocument", "Syntax errors in policy.");
    strict.aws.fail(operation, Times::Always, answer);
}

fn limit(strict: &Strict, operation: &str, message: &str) {
    let answer = Answer::new(409, "LimitExceeded", message);
    strict.aws.fail(operation, Times::Always, answer);
}

fn boundary() -> String {
    format!("permissionsBoundary: 'arn:aws:iam::{ACCOUNT}:policy/edge'")
}

fn make_boundary(strict: &Strict) {
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/edge");
    strict.aws.state(|state| {
        state.add_managed_policy(&arn);
    });
}

/// Made, and no more.
fn bare_role(state: &State) -> bool {
    role(state).is_some_and(|role| role.inline.is_empty()) && state.associations.is_empty()
}

fn add_in_capitals(state: &mut State) {
    state.add_role("/", &ROLE.to_uppercase(), OTHER_TRUST);
}

fn in_capitals(state: &State) -> bool {
    let theirs = state.role(ROLE);
    theirs.is_some_and(|role| role.name == ROLE.to_uppercase() && role.trust == OTHER_TRUST)
        && state.roles.len() == 1
        && state.associations.is_empty()
}
