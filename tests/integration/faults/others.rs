//! Associations of others in the place of the tenant's own.

use mcpctl_sandbox::strict_aws::{Association, State};

use super::{
    associations::CREATE,
    fault::{ADD, Fault, REMOVE, Source, role},
};

const UPDATE: Source = (
    "EKS API Reference, UpdatePodIdentityAssociation",
    "https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html",
);
const DELETE: Source = (
    "EKS API Reference, DeletePodIdentityAssociation",
    "https://docs.aws.amazon.com/eks/latest/APIReference/API_DeletePodIdentityAssociation.html",
);
const ADDON: Source = (
    "EKS API Reference, PodIdentityAssociation, ownerArn",
    "https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html",
);

const OWNER: &str = "arn:aws:eks:eu-west-1:111122223333:addon/prod/efs-csi/1";
pub(super) const THEIRS: &str = "arn:aws:iam::111122223333:role/theirs";

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "The association exists, and is theirs",
        aws: "`ListPodIdentityAssociations` shows it",
        source: CREATE,
        strike: |strict| {
            strict.aws.state(|state| {
                theirs(state);
            });
        },
        code: 3,
        first: "tenant `acme`: 1 conflict; nothing was written",
        says: &[
            "PodIdentityAssociation acme: exists",
            THEIRS,
            "it has no tag mcpctl.dev/tenant",
        ],
        stands: "their association, as it was",
        holds: |state| is_theirs(state) && role(state).is_none(),
        mend: |strict| strict.aws.state(|state| state.associations.clear()),
        again: "makes both, once their association is gone",
        again_says: ADD.first,
        ..ADD
    },
    Fault {
        name: "Somebody makes the association while we do",
        aws: "`CreatePodIdentityAssociation` answers `ResourceInUseException`",
        source: CREATE,
        strike: |strict| {
            strict.aws.after(
                "PutRolePolicy",
                Box::new(|state| {
                    theirs(state);
                }),
            );
        },
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "ResourceInUseException",
            "somebody made it since the plan was made",
        ],
        stands: "the role, and their association as it was",
        holds: |state| is_theirs(state) && role(state).is_some(),
        mend: |strict| strict.aws.state(|state| state.associations.clear()),
        again: "binds the role, once their association is gone",
        again_says: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The association belongs to an add-on",
        aws: "it has an `ownerArn`",
        source: ADDON,
        added: true,
        strike: |strict| strict.aws.state(|state| own(state, Some(OWNER))),
        command: "add acme --adopt",
        code: 3,
        first: "tenant `acme`: 1 conflict; nothing was written",
        says: &["PodIdentityAssociation acme: exists", OWNER],
        stands: "the role, and the add-on's association as it was",
        holds: is_owned,
        mend: |strict| strict.aws.state(|state| own(state, None)),
        ..ADD
    },
    Fault {
        name: "The association to remove belongs to an add-on",
        aws: "it has an `ownerArn`",
        source: ADDON,
        strike: |strict| strict.aws.state(|state| own(state, Some(OWNER))),
        code: 3,
        first: "tenant `acme`: 1 conflict; nothing was written",
        says: &["PodIdentityAssociation acme: exists", OWNER],
        stands: "the role, and the add-on's association as it was",
        holds: is_owned,
        mend: |strict| strict.aws.state(|state| own(state, None)),
        again: "removes both, once it is no add-on's any more",
        again_says: REMOVE.first,
        ..REMOVE
    },
    Fault {
        name: "An add-on makes the association while we do",
        aws: "`CreatePodIdentityAssociation` answers `ResourceInUseException`",
        source: ADDON,
        strike: |strict| {
            let make = |state: &mut State| theirs(state).owner_arn = Some(OWNER.into());
            strict.aws.after("PutRolePolicy", Box::new(make));
        },
        code: 5,
        first: "tenant `acme`: incomplete",
        says: &[
            "ResourceInUseException",
            "somebody made it since the plan was made",
        ],
        stands: "the role, and the add-on's association as it was",
        holds: is_owned,
        mend: |strict| strict.aws.state(|state| state.associations.clear()),
        again: "binds the role, once the add-on has let go",
        again_says: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The association is swapped for another",
        aws: "`DescribePodIdentityAssociation` shows another role and no tags of ours",
        source: ADDON,
        added: true,
        strike: |strict| strict.aws.state(swap),
        code: 3,
        first: "tenant `acme`: 1 conflict; nothing was written",
        says: &["PodIdentityAssociation acme: exists", THEIRS],
        stands: "the role, and their association as it was",
        holds: is_theirs,
        mend: |strict| strict.aws.state(|state| state.associations.clear()),
        again: "binds the role, once their association is gone",
        again_says: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The association is swapped under us while it is changed",
        aws: "`UpdatePodIdentityAssociation` answers `ResourceNotFoundException`",
        source: UPDATE,
        added: true,
        strike: |strict| {
            strict.aws.state(point_elsewhere);
            strict
                .aws
                .after("DescribePodIdentityAssociation", Box::new(swap));
        },
        code: 6,
        first: "tenant `acme`: nothing was written",
        says: &[
            "eks:UpdatePodIdentityAssociation",
            "ResourceNotFoundException",
            "it went away since the plan was made; run the same command again",
        ],
        stands: "the role, and their association as it was",
        holds: is_theirs,
        mend: |strict| strict.aws.state(|state| state.associations.clear()),
        again: "binds the role, once their association is gone",
        again_says: "tenant `acme` is applied: 1 created, 0 changed, 0 deleted",
        ..ADD
    },
    Fault {
        name: "The association is swapped under us while it is removed",
        aws: "`DescribePodIdentityAssociation` answers `ResourceNotFoundException`",
        source: DELETE,
        strike: |strict| {
            strict
                .aws
                .after("DescribePodIdentityAssociation", Box::new(swap));
        },
        says: &["PodIdentityAssociation acme was gone already"],
        stands: "their association, as it was",
        holds: |state| is_theirs(state) && role(state).is_none(),
        mend: |strict| strict.aws.state(|state| state.associations.clear()),
        again: "finds nothing to remove, once their association is gone",
        ..REMOVE
    },
];

fn theirs(state: &mut State) -> &mut Association {
    state.add_association("prod", "mcp-acme", "mcp-server", THEIRS)
}

fn swap(state: &mut State) {
    state.swap_association("prod", "mcp-acme", "mcp-server", THEIRS);
}

fn is_theirs(state: &State) -> bool {
    let one = state.association("prod", "mcp-acme", "mcp-server");
    one.is_some_and(|one| one.role_arn == THEIRS && one.tags.is_empty())
}

fn own(state: &mut State, owner: Option<&str>) {
    for association in state.associations.values_mut() {
        association.owner_arn = owner.map(str::to_string);
    }
}

fn is_owned(state: &State) -> bool {
    let one = state.association("prod", "mcp-acme", "mcp-server");
    role(state).is_some() && one.is_some_and(|one| one.owner_arn.as_deref() == Some(OWNER))
}

fn point_elsewhere(state: &mut State) {
    for association in state.associations.values_mut() {
        association.role_arn = THEIRS.into();
    }
}
