//! What goes wrong with associations.

use mcpctl_sandbox::strict_aws::{Association, Fault as Answer, State, Times};

use super::{
    fault::{ADD, Fault, ROLE, Source, role_alone},
    others::THEIRS,
};
use crate::strict::{ACCOUNT, Strict};

pub(super) const CREATE: Source = (
    "EKS API Reference, CreatePodIdentityAssociation",
    "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html",
);
const VISIBLE: Source = (
    "hashicorp/terraform-provider-aws#34717",
    "https://github.com/hashicorp/terraform-provider-aws/pull/34717",
);
const LINGERS: Source = (
    "aws-controllers-k8s/community#2684",
    "https://github.com/aws-controllers-k8s/community/issues/2684",
);
const TRUST: Source = (
    "hashicorp/terraform-provider-aws#41483",
    "https://github.com/hashicorp/terraform-provider-aws/issues/41483",
);
const QUOTA: Source = (
    "EKS User Guide, Learn how EKS Pod Identity grants pods access to AWS services",
    "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
);

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "The role is not visible to EKS yet",
        aws: "`CreatePodIdentityAssociation` answers `InvalidParameterException` a few times",
        source: VISIBLE,
        strike: |strict| strict.aws.role_visible_after(3),
        ..ADD
    },
    Fault {
        name: "The role does not become visible to EKS in time",
        aws: "`CreatePodIdentityAssociation` goes on to answer `InvalidParameterException`",
        source: VISIBLE,
        strike: |strict| strict.aws.role_visible_after(1000),
        command: "add acme --timeout 3s",
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "Role provided in the request does not exist",
            "created Role acme",
        ],
        stands: "the role",
        holds: role_alone,
        mend: |strict| {
            strict
                .aws
                .state(|state| state.role_mut(ROLE).expect("it").hidden_for = 0);
        },
        again: "binds the role",
        again_says: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "A deleted association is still in the way",
        aws: "`CreatePodIdentityAssociation` answers `ResourceInUseException` a few times, and no list shows why",
        source: LINGERS,
        strike: |strict| lingering(strict, 2),
        ..ADD
    },
    Fault {
        name: "A deleted association stays in the way",
        aws: "`CreatePodIdentityAssociation` goes on to answer `ResourceInUseException`",
        source: LINGERS,
        strike: |strict| lingering(strict, 1000),
        command: "add acme --timeout 3s",
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &["ResourceInUseException", "created Role acme"],
        stands: "the role",
        holds: role_alone,
        mend: |strict| strict.aws.forget_deleted_associations(),
        again: "binds the role",
        again_says: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The association exists, and is ours",
        aws: "`CreatePodIdentityAssociation` answers `ResourceInUseException`, as to a second one of two runs",
        source: CREATE,
        strike: |strict| {
            strict
                .aws
                .after("PutRolePolicy", Box::new(|state| drop(ours(state))));
        },
        ..ADD
    },
    Fault {
        name: "EKS rejects the trust policy",
        aws: "`CreatePodIdentityAssociation` answers `InvalidParameterException`",
        source: TRUST,
        strike: |strict| strict.aws.after("PutRolePolicy", Box::new(distrust)),
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "Trust policy of the role provided is invalid",
            "created Role acme",
        ],
        stands: "the role, with the trust policy that somebody gave it",
        holds: role_alone,
        again: "puts the trust policy back and binds the role",
        again_says: "tenant `acme` is applied: 1 created, 1 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The cluster has no room for another association",
        aws: "`CreatePodIdentityAssociation` answers `ResourceLimitExceededException`",
        source: QUOTA,
        strike: |strict| {
            let code = "ResourceLimitExceededException";
            let answer = Answer::new(
                400,
                code,
                "You have reached the maximum limit of associations.",
            );
            strict
                .aws
                .fail("CreatePodIdentityAssociation", Times::Always, answer);
        },
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &["ResourceLimitExceededException", "created Role acme"],
        stands: "the role",
        holds: role_alone,
        again: "binds the role",
        again_says: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The cluster's list has more pages",
        aws: "`ListPodIdentityAssociations` gives a `nextToken`",
        source: (
            "EKS API Reference, ListPodIdentityAssociations",
            "https://docs.aws.amazon.com/eks/latest/APIReference/API_ListPodIdentityAssociations.html",
        ),
        added: true,
        strike: |strict| {
            strict.aws.page_size(1);
            strict.aws.state(beside);
        },
        first: "tenant `acme`: nothing to do",
        stands: "all, and those of other service accounts in the namespace",
        mend: |strict| {
            let own = |one: &Association| one.service_account == "mcp-server";
            strict
                .aws
                .state(|state| state.associations.retain(|_, one| own(one)));
        },
        ..ADD
    },
];

fn lingering(strict: &Strict, calls: u32) {
    let _ = strict.add().expect(0);
    strict.aws.deleted_association_lingers(calls);
    let _ = strict.remove().expect(0);
}

fn ours(state: &mut State) -> Association {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/mcpctl/prod/{ROLE}");
    let made = state.add_association("prod", "mcp-acme", "mcp-server", &arn);
    for (key, value) in [
        ("tenant", "acme"),
        ("cluster", "prod"),
        ("namespace", "mcp-acme"),
    ] {
        made.tags.insert(format!("mcpctl.dev/{key}"), value.into());
    }
    made.clone()
}

/// Others in the tenant's namespace, before and after its own.
fn beside(state: &mut State) {
    let own = state.association("prod", "mcp-acme", "mcp-server").cloned();
    for account in ["default", "other"] {
        state.add_association("prod", "mcp-acme", account, THEIRS);
    }
    // By id they come in the order in which they were made.
    let own = own.expect("the tenant's own");
    state.associations.remove(&own.association_id);
    let id = "a-00000000000000zzz".to_string();
    let arn = own.association_arn.replace(&own.association_id, &id);
    let moved = Association {
        association_id: id.clone(),
        association_arn: arn,
        ..own
    };
    state.associations.insert(id, moved);
}

fn distrust(state: &mut State) {
    if let Some(role) = state.role_mut(ROLE) {
        role.trust = role.trust.replace("pods.eks", "ec2");
    }
}
