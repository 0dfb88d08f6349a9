//! Managed policies on the role's object.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Acks, iam, role_name};

const ASKED: [&str; 2] = [
    "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess",
    "arn:aws:iam::aws:policy/AmazonSNSReadOnlyAccess",
];
const THEIRS: &str = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";

#[test]
fn what_is_asked_for_no_more_goes_and_what_others_put_there_stays() {
    let acks = Acks::new("ack-managed");
    let ask = |arns: &[&str]| {
        let asked = format!("identity.managedPolicyArns=[{}]", arns.join(", "));
        acks.tenant("add", &["--set", &asked])
    };
    let _ = ask(&ASKED).expect(0);
    let listed = || acks.object("roles")["spec"]["policies"].clone();
    assert_eq!(listed(), json!(ASKED));
    let edit = json!({"spec": {"policies": [THEIRS, ASKED[0], ASKED[1]]}});
    let place = ["-n", "mcpctl-system", "patch", "roles.iam.services.k8s.aws"];
    let edit = [
        "ack-managed",
        "--type=merge",
        "--field-manager=kubectl-edit",
        "-p",
        &edit.to_string(),
    ];
    acks.world.kubectl(&[&place[..], &edit[..]].concat());
    let role = role_name(&acks);
    for (asked, left) in [
        (&ASKED[..1], json!([THEIRS, ASKED[0]])),
        (&[], json!([THEIRS])),
    ] {
        let set = format!("identity.managedPolicyArns=[{}]", asked.join(", "));
        let diff = acks.tenant("diff", &["--set", &set]).expect(1).stdout;
        let goes = ASKED[asked.len()];
        let line = format!("spec.policies[{goes}]: {goes:?} -> removed");
        assert!(diff.contains(&line), "no `{line}`: {diff}");
        let theirs = format!("! Role ack-managed: managed policy {THEIRS} is not ours");
        assert!(diff.contains(&theirs), "no `{theirs}`: {diff}");
        let _ = ask(asked).expect(0).says(&[" changed"]);
        let mut have = listed();
        have.as_array_mut()
            .expect("a list")
            .sort_by_key(ToString::to_string);
        let mut left = left;
        left.as_array_mut()
            .expect("a list")
            .sort_by_key(ToString::to_string);
        assert_eq!(have, left);
        let after = acks.tenant("diff", &[]).expect(1).stdout;
        assert!(after.contains("0 to create, 0 to change"), "{after}");
        // The object says it already; ACK carries it out in IAM.
        let list = [
            ("Action", "ListAttachedRolePolicies"),
            ("RoleName", role.as_str()),
        ];
        let deadline = Instant::now() + Duration::from_secs(20);
        while iam(&acks, &list).contains(goes) {
            assert!(Instant::now() < deadline, "ACK does not carry it out");
        }
        assert!(iam(&acks, &list).contains(THEIRS));
    }
}
