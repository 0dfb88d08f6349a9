//! What is not ours, beside and on what is.

use mcpctl_sandbox::strict_aws::{InstanceProfile, State};

use crate::strict::{ACCOUNT, Strict};

mod mixtures;

/// What others hung on the tenant's role.
fn hang(state: &mut State, role: &str) {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let held = state.role_mut(role).expect("the role");
    held.inline.insert("theirs".into(), text.into());
    held.attached
        .insert("arn:aws:iam::aws:policy/ReadOnlyAccess".into());
    let profile = InstanceProfile {
        name: "their-nodes".into(),
        path: "/".into(),
        id: "AIPA00000000000000001".into(),
        arn: format!("arn:aws:iam::{ACCOUNT}:instance-profile/their-nodes"),
        created: "2026-01-01T00:00:00Z".into(),
        role: Some(role.into()),
    };
    state
        .instance_profiles
        .insert("their-nodes".into(), profile);
}

#[test]
fn what_others_hang_on_the_role_is_drift_survives_add_and_stops_the_removal() {
    let strict = Strict::new("hung");
    let _ = strict.add().expect(0);
    let role = strict.role();
    strict.aws.state(|state| hang(state, &role));
    let hung = |strict: &Strict| {
        strict.aws.state(|state| {
            let held = state.role(&role).expect("the role");
            let profile = &state.instance_profiles["their-nodes"];
            (
                held.inline.contains_key("theirs"),
                held.attached.len(),
                profile.role.clone(),
            )
        })
    };
    let before = hung(&strict);
    let names = [
        "inline policy theirs",
        "managed policy arn:aws:iam::aws:policy/ReadOnlyAccess",
        "instance profile their-nodes",
    ];
    let diff = strict.diff().expect(1);
    for name in names {
        let line = format!("! Role acme: {name} is not ours; it is left alone");
        assert!(diff.stdout.contains(&line), "{diff}");
    }
    let _ = strict.add().expect(0).says(&names).says(&["nothing to do"]);
    assert_eq!(hung(&strict), before);
    let stops = names.map(|name| format!("{name} is not ours; take it away first"));
    let stops = stops.each_ref().map(String::as_str);
    let _ = strict
        .remove()
        .expect(3)
        .says(&stops)
        .says(&["3 conflicts"]);
    assert_eq!(hung(&strict), before);
    strict.aws.state(|state| {
        let held = state.role_mut(&role).expect("the role");
        held.inline.remove("theirs");
        held.attached.clear();
        state.instance_profiles.clear();
    });
    strict.differs_in_nothing();
    let _ = strict.remove().expect(0);
    strict.has_nothing();
}

#[test]
fn a_boundary_that_is_not_the_wanted_one_is_shown_and_put_right() {
    let strict = Strict::new("bounded");
    let [edge, wide] = strict.managed_policies(["edge", "wide"]);
    let set = |boundary: &str| format!("permissionsBoundary: '{boundary}'");
    strict.settings("permissionsBoundary: none", &set(&edge));
    let _ = strict.add().expect(0);
    let role = strict.role();
    let boundary = |strict: &Strict| {
        strict
            .aws
            .state(|state| state.role(&role).expect("it").boundary.clone())
    };
    assert_eq!(boundary(&strict), Some(edge.clone()));
    for (have, shown) in [
        (None, "missing".to_string()),
        (Some(wide.clone()), format!("{wide:?}")),
    ] {
        strict
            .aws
            .state(|state| state.role_mut(&role).expect("it").boundary = have);
        let line = format!("spec.permissionsBoundary: {shown} -> {edge:?}");
        let diff = strict.diff().expect(1);
        assert!(diff.stdout.contains(&line), "no `{line}`: {diff}");
        let _ = strict.add().expect(0);
        assert_eq!(boundary(&strict), Some(edge.clone()));
        strict.differs_in_nothing();
    }
    // To have none is to say so, and one that is there then is no less a difference.
    strict.settings(&set(&edge), "permissionsBoundary: none");
    let diff = strict.diff().expect(1);
    let line = format!("spec.permissionsBoundary: {edge:?} -> removed");
    assert!(diff.stdout.contains(&line), "no `{line}`: {diff}");
    let _ = strict.add().expect(0);
    assert_eq!(boundary(&strict), None);
    strict.aws.clear_calls();
    strict.settings("permissionsBoundary: none, ", "");
    let _ = strict
        .add()
        .expect(2)
        .says(&["iam.permissionsBoundary is missing"]);
    assert!(
        strict
            .aws
            .calls()
            .iter()
            .all(|call| !call.contains("Put") && !call.contains("Delete"))
    );
    assert_eq!(boundary(&strict), None);
}
