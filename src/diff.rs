//! What differs between a wanted object and the living one, field by field.

use serde_json::Value;

use crate::{
    managed::{self, Owner, Step},
    object::{IAM, Object},
    policy,
};

mod compare;
mod mask;
mod place;
mod record;
mod role;
#[cfg(test)]
mod tests;
mod unwanted;

pub use mask::masked;

/// One field that is not as it is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// `spec.template.spec.containers[mcp-server].image`
    pub path: String,
    /// What lives; absent where the field is missing.
    pub have: Option<Value>,
    /// What is wanted; absent where the field is to go.
    pub want: Option<Value>,
    /// Who owns the field now, besides us.
    pub owners: Vec<Owner>,
    /// Where it lives, as a JSON pointer into the living object.
    pub pointer: Option<String>,
    /// Whether it is what a Secret holds.
    pub secret: bool,
}

impl Change {
    pub(crate) fn new(path: String, have: Option<Value>, want: Option<Value>) -> Self {
        Self {
            path,
            have,
            want,
            owners: Vec::new(),
            pointer: None,
            secret: false,
        }
    }
}

impl Change {
    /// Whether its values stay unsaid: what Secrets hold is not told, and literal values of variables may be more
    /// secret than their names admit.
    pub fn is_secretive(&self) -> bool {
        if self.secret {
            return true;
        }
        let variable = self.path.split_once(".env[");
        variable.is_some_and(|(_, rest)| !rest.contains(".valueFrom"))
            || self.path.strip_suffix(".env").is_some()
    }
}

/// What has to change for `live` to be as `wanted`. Fields that nobody asked for are left alone, except those that we
/// once applied and no longer want. Server defaults and other spellings of one quantity are no change.
pub fn changes(wanted: &Object, live: &Object) -> Vec<Change> {
    if !wanted.id().is(IAM, "Role") {
        return fields(wanted, live, |_| true);
    }
    let mut found = role::changes(&wanted.tree["spec"], &live.tree["spec"]);
    if live.lives_in_cluster() {
        for change in &mut found {
            change.owners = owners(live, &role::field(&change.path));
        }
        found.extend(fields(wanted, live, |path| !role::has_meaning(path)));
    }
    found
}

/// The place of a field, what lives there, and what is wanted there.
type Found = (Vec<Step>, Option<Value>, Option<Value>);

/// What differs field by field, where a field counts.
fn fields(wanted: &Object, live: &Object, counts: impl Fn(&[Step]) -> bool) -> Vec<Change> {
    let mut found = compare::trees(wanted, live);
    unwanted::dropped(wanted, live, &mut found);
    unwanted::taken_whole(wanted, live, &mut found);
    unwanted::of_association(wanted, live, &mut found);
    found
        .into_iter()
        .filter(|(path, _, _)| counts(path))
        .map(|(path, have, want)| change(live, &path, have, want))
        .flat_map(record::by_field)
        .collect()
}

fn change(live: &Object, path: &[Step], have: Option<Value>, want: Option<Value>) -> Change {
    Change {
        owners: owners(live, path),
        pointer: place::pointer(&live.tree, path),
        secret: mask::is_content_of_secret(live, path),
        ..Change::new(place::display(path), have, want)
    }
}

/// Who owns a field, besides us. What ACK's controllers write back into an object is no claim.
fn owners(live: &Object, path: &[Step]) -> Vec<Owner> {
    let claims = |owner: &Owner| !live.id().is_aws() || owner.applies || owner.is_a_hand();
    managed::owners(live, path)
        .into_iter()
        .filter(|owner| !owner.is_us() && claims(owner))
        .collect()
}

/// Policies on a living role that nobody asked for, and instance profiles that hold it. They are named, never touched.
pub fn foreign(wanted: Option<&Object>, live: &Object) -> Vec<String> {
    let mut found = role::foreign(
        wanted.map(|wanted| &wanted.tree["spec"]),
        &live.tree["spec"],
    );
    let profiles = live.tree["status"]["instanceProfiles"].as_array();
    let names = profiles.into_iter().flatten().filter_map(Value::as_str);
    found.extend(names.map(|name| format!("instance profile {name}")));
    found
}

/// Whether a managed policy on a role is one that its tenant asked for, by the role's tag.
pub fn asked_for(role: &Object, arn: &str) -> bool {
    role::asked_for(&role.tree["spec"], arn)
}

/// Whether two policy documents mean the same to IAM.
pub fn same_policy(left: &Value, right: &Value) -> bool {
    policy::canonical(left) == policy::canonical(right)
}
