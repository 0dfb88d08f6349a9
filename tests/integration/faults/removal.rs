//! What goes wrong while a role is removed.

use mcpctl_sandbox::strict_aws::State;

use super::fault::{Fault, REMOVE, ROLE, Source, role, whole};

const DELETE_ROLE: Source = (
    "IAM API Reference, DeleteRole",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html",
);
const LIST_POLICIES: Source = (
    "IAM API Reference, ListRolePolicies",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html",
);
const READ: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "The role is deleted under us while it is removed",
        aws: "`GetRole` answers `NoSuchEntity`",
        source: DELETE_ROLE,
        strike: |strict| {
            let delete = |state: &mut State| state.delete_role_under_us(ROLE);
            strict
                .aws
                .after("DeletePodIdentityAssociation", Box::new(delete));
        },
        says: &["Role acme was gone already"],
        again: "finds nothing to remove",
        ..REMOVE
    },
    Fault {
        name: "Somebody takes the tags off the role while it is removed",
        aws: "`GetRole` shows a role without our tags",
        source: DELETE_ROLE,
        strike: |strict| {
            strict
                .aws
                .after("DeletePodIdentityAssociation", Box::new(untag));
        },
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "Role acme is not ours any more",
            "its tags changed since the plan was made",
        ],
        stands: "the role, as it is theirs now",
        holds: |state| {
            state
                .role(ROLE)
                .is_some_and(|role| role.inline.contains_key("mcpctl"))
        },
        mend: |strict| strict.aws.state(tag),
        again: "removes the role, once it has its tags again",
        again_says: REMOVE.first,
        ..REMOVE
    },
    Fault {
        name: "Somebody adds a policy to the role while it is removed",
        aws: "`DeleteRole` answers `DeleteConflict`",
        source: DELETE_ROLE,
        strike: |strict| {
            strict.aws.after(
                "DeleteRolePolicy",
                Box::new(|state| add_policy(state, "theirs")),
            );
        },
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "iam:DeleteRole",
            "DeleteConflict",
            "deleted PodIdentityAssociation acme",
        ],
        stands: "the role with their policy; the association is gone, so that nobody can assume it",
        holds: |state| role(state).is_some_and(|role| role.inline.contains_key("theirs")),
        mend: |strict| strict.aws.state(|state| drop_policies(state, &["theirs"])),
        again: "removes the role, once their policy is off it",
        again_says: REMOVE.first,
        ..REMOVE
    },
    Fault {
        name: "Policies of others are on pages to come",
        aws: "lists come in pages, which may be shorter than was asked for",
        source: LIST_POLICIES,
        strike: |strict| {
            strict.aws.page_size(1);
            strict
                .aws
                .state(|state| ["a-first", "z-last"].map(|name| add_policy(state, name)));
        },
        code: 3,
        first: "tenant `acme`: 2 conflicts; nothing was written",
        says: &[
            "inline policy a-first is not ours",
            "inline policy z-last is not ours",
        ],
        stands: "all, and their policies",
        holds: whole,
        mend: |strict| {
            strict
                .aws
                .state(|state| drop_policies(state, &["a-first", "z-last"]));
        },
        again: "removes both, once their policies are off the role",
        again_says: REMOVE.first,
        ..REMOVE
    },
];

fn untag(state: &mut State) {
    if let Some(role) = state.role_mut(ROLE) {
        role.tags.clear();
    }
}

fn tag(state: &mut State) {
    if let Some(role) = state.role_mut(ROLE) {
        for (key, value) in [
            ("tenant", "acme"),
            ("cluster", "prod"),
            ("namespace", "mcp-acme"),
        ] {
            role.tags.insert(format!("mcpctl.dev/{key}"), value.into());
        }
    }
}

fn add_policy(state: &mut State, name: &str) {
    if let Some(role) = state.role_mut(ROLE) {
        role.inline.insert(name.into(), READ.into());
    }
}

fn drop_policies(state: &mut State, names: &[&str]) {
    if let Some(role) = state.role_mut(ROLE) {
        role.inline
            .retain(|name, _| !names.contains(&name.as_str()));
    }
}
