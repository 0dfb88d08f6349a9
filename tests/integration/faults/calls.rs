//! What goes wrong with any call: it is refused, it is throttled, its answer is lost.

use mcpctl_sandbox::strict_aws::{Fault as Answer, Times};

use super::{
    fault::{ROLE, Source},
    shape::shape,
};
use crate::strict::{ACCOUNT, Strict};

pub(super) const DENIED: Source = (
    "IAM User Guide, Troubleshoot access denied error messages",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
);
pub(super) const THROTTLED: Source = (
    "EKS API Reference, Common Errors",
    "https://docs.aws.amazon.com/eks/latest/APIReference/CommonErrors.html",
);

/// What the command meets and is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// `add` of a tenant of which nothing stands.
    Add,
    /// `add` of a tenant that was changed by hand, in all that can be, and asks for one managed policy less.
    Repair,
    /// `add` of a tenant whose settings want no permissions boundary any more.
    Unbound,
    /// `remove`.
    Remove,
}

/// A call that a command makes, and the exit code where it is refused.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) work: Work,
    pub(super) operation: &'static str,
    pub(super) code: i32,
    /// What of role and association is as it was asked for, where it is refused.
    pub(super) stands: &'static str,
}

const fn call(work: Work, operation: &'static str, code: i32, stands: &'static str) -> Call {
    Call {
        work,
        operation,
        code,
        stands,
    }
}

const NOTHING: &str = "no role; no association";
const ALL: &str = "role with all; association with all";
const CHANGED: &str = "role with nothing; association with nothing";

/// Every call that the AWS half takes.
pub(super) const CALLS: &[Call] = &[
    call(Work::Add, "DescribeCluster", 6, NOTHING),
    call(Work::Add, "ListRoles", 6, NOTHING),
    call(Work::Add, "GetRole", 6, NOTHING),
    call(Work::Add, "ListRolePolicies", 6, NOTHING),
    call(Work::Add, "ListAttachedRolePolicies", 6, NOTHING),
    call(Work::Add, "ListInstanceProfilesForRole", 6, NOTHING),
    call(Work::Add, "ListPodIdentityAssociations", 6, NOTHING),
    call(Work::Add, "CreateRole", 6, NOTHING),
    call(
        Work::Add,
        "PutRolePolicy",
        5,
        "role with boundary, trust policy, tags; no association",
    ),
    call(
        Work::Add,
        "AttachRolePolicy",
        5,
        "role with boundary, trust policy, policy, tags; no association",
    ),
    call(
        Work::Add,
        "CreatePodIdentityAssociation",
        5,
        "role with all; no association",
    ),
    call(Work::Repair, "GetRolePolicy", 6, CHANGED),
    call(Work::Repair, "DescribePodIdentityAssociation", 6, CHANGED),
    call(Work::Repair, "PutRolePermissionsBoundary", 6, CHANGED),
    call(
        Work::Repair,
        "UpdateAssumeRolePolicy",
        5,
        "role with boundary; association with nothing",
    ),
    call(
        Work::Repair,
        "PutRolePolicy",
        5,
        "role with boundary, trust policy; association with nothing",
    ),
    call(
        Work::Repair,
        "DetachRolePolicy",
        5,
        "role with boundary, trust policy, policy; association with nothing",
    ),
    call(
        Work::Repair,
        "TagRole",
        5,
        "role with boundary, trust policy, policy; association with nothing",
    ),
    call(
        Work::Repair,
        "UntagRole",
        5,
        "role with boundary, trust policy, policy; association with nothing",
    ),
    call(
        Work::Repair,
        "AttachRolePolicy",
        5,
        "role with boundary, trust policy, policy, tags; association with nothing",
    ),
    call(
        Work::Repair,
        "UpdatePodIdentityAssociation",
        5,
        "role with all; association with nothing",
    ),
    call(
        Work::Repair,
        "UntagResource",
        5,
        "role with all; association with role",
    ),
    call(
        Work::Repair,
        "TagResource",
        5,
        "role with all; association with role",
    ),
    call(Work::Unbound, "DeleteRolePermissionsBoundary", 6, ALL),
    call(Work::Remove, "DeletePodIdentityAssociation", 6, ALL),
    call(
        Work::Remove,
        "DeleteRolePolicy",
        5,
        "role with all; no association",
    ),
    call(
        Work::Remove,
        "DetachRolePolicy",
        5,
        "role with boundary, trust policy, managed policy, tags; no association",
    ),
    call(
        Work::Remove,
        "DeleteRole",
        5,
        "role with boundary, trust policy, tags; no association",
    ),
];

impl Work {
    /// The command, without `mcpctl tenant`.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Add | Self::Repair | Self::Unbound => "add acme",
            Self::Remove => "remove acme --yes",
        }
    }

    fn run(self, strict: &Strict) -> crate::world::Run {
        let words: Vec<&str> = ["tenant"]
            .into_iter()
            .chain(self.command().split(' '))
            .collect();
        strict.run(&words)
    }

    /// A tenant with a boundary and a managed policy, as far as it stands before.
    fn begin(self, name: &str) -> Strict {
        let strict = Strict::new(name);
        let arn = format!("arn:aws:iam::{ACCOUNT}:policy/edge");
        let more = format!("arn:aws:iam::{ACCOUNT}:policy/more");
        strict.aws.state(|state| {
            state.add_managed_policy(&arn);
            state.add_managed_policy(&more);
        });
        let bounded = format!("permissionsBoundary: '{arn}'");
        strict.settings("permissionsBoundary: none", &bounded);
        let one = format!("managedPolicyArns: ['{arn}']");
        let asked = format!("defaults: {{identity: {{{one}}}, ");
        strict.settings("defaults: {", &asked);
        if self == Self::Repair {
            let two = format!("managedPolicyArns: ['{arn}', '{more}']");
            strict.settings(&one, &two);
            let _ = strict.add().expect(0);
            strict.settings(&two, &one);
            change_all(&strict);
        } else if self != Self::Add {
            let _ = strict.add().expect(0);
        }
        if self == Self::Unbound {
            strict.settings(&bounded, "permissionsBoundary: none");
        }
        strict
    }

    /// All is done.
    fn ends(self, strict: &Strict) {
        match self {
            Self::Add | Self::Repair | Self::Unbound => {
                strict.is_clean();
                strict.differs_in_nothing();
            }
            Self::Remove => strict.has_nothing(),
        }
    }
}

/// Everything that is ours of role and association, as somebody might change it by hand.
fn change_all(strict: &Strict) {
    strict.aws.state(|state| {
        let role = state.role_mut(ROLE).expect("the role");
        role.boundary = Some("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
        role.trust = role
            .trust
            .replace("sts:TagSession", "sts:SetSourceIdentity");
        role.attached.retain(|arn| arn.ends_with("/more"));
        role.inline.insert(
            "mcpctl".into(),
            role.inline["mcpctl"].replace("GetObject", "PutObject"),
        );
        role.tags
            .insert("mcpctl.dev/namespace".into(), "other".into());
        role.tags.insert("mcpctl.dev/more".into(), "x".into());
        let one = state
            .associations
            .values_mut()
            .next()
            .expect("the association");
        one.role_arn = format!("arn:aws:iam::{ACCOUNT}:role/theirs");
        one.tags
            .insert("mcpctl.dev/namespace".into(), "other".into());
        one.tags.insert("mcpctl.dev/more".into(), "x".into());
    });
}

fn is_iam(operation: &str) -> bool {
    operation.contains("Role")
}

/// Refused for good: named, with what stands; and a run that may completes.
pub(super) fn deny(one: &Call) {
    let Call {
        work,
        operation,
        code,
        stands,
    } = *one;
    let strict = work.begin(&format!("denied-{work:?}-{operation}").to_lowercase());
    let answer = if is_iam(operation) {
        Answer::iam_access_denied(&format!("iam:{operation}"))
    } else {
        Answer::eks_access_denied(&format!("eks:{operation}"))
    };
    strict.aws.fail(operation, Times::Always, answer);
    let service = if is_iam(operation) { "iam" } else { "eks" };
    let named = format!("{service}:{operation}");
    let run = work.run(&strict).expect(code);
    let _ = run.says(&[
        &named,
        "AccessDenied",
        "the caller's IAM policy must allow this action",
    ]);
    assert_eq!(
        strict.aws.state(|state| shape(state)),
        stands,
        "{work:?} {operation}"
    );
    strict.aws.heal();
    let _ = work.run(&strict).expect(0);
    work.ends(&strict);
}

/// Every call of a command is throttled, twice each, and it completes all the same.
pub(super) fn throttle(work: Work) {
    let strict = work.begin(&format!("throttled-{work:?}").to_lowercase());
    for one in CALLS.iter().filter(|one| one.work == work) {
        let answer = if is_iam(one.operation) {
            Answer::iam_throttling()
        } else {
            Answer::eks_throttling()
        };
        strict.aws.fail(one.operation, 2, answer);
    }
    let _ = work.run(&strict).expect(0);
    let refused = strict.aws.outcomes();
    for one in CALLS.iter().filter(|one| one.work == work) {
        let times = refused
            .iter()
            .filter(|(name, status)| name == one.operation && *status >= 400);
        assert!(times.count() >= 2, "{} was not called", one.operation);
    }
    work.ends(&strict);
}

/// The call was carried out and its answer got lost: what it did is found out, and nothing is done twice.
pub(super) fn lose_answer(one: &Call) {
    let Call {
        work, operation, ..
    } = *one;
    let strict = work.begin(&format!("lost-{work:?}-{operation}").to_lowercase());
    strict
        .aws
        .fail_after_doing(operation, 1, Answer::service_failure());
    let _ = work.run(&strict).expect(0);
    work.ends(&strict);
}
