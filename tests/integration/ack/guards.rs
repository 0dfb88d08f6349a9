//! What is refused before anything is written.

use mcpctl_sandbox::{Options, Sandbox};

use super::Acks;
use crate::world::World;

#[test]
fn an_object_of_somebody_else_is_left_alone() {
    let acks = Acks::new("ack-foreign");
    let dry = acks
        .tenant("add", &["--dry-run", "--only", "aws"])
        .expect(0);
    let file = acks.world.write("theirs.yaml", &dry.stdout);
    acks.world
        .kubectl(&["apply", "-f", &file.display().to_string()]);
    for flags in [&[][..], &["--adopt"][..]] {
        let refused = acks.tenant("add", flags).expect(3).says(&[
            "Role ack-foreign: exists",
            "it has the tags of this tenant, but mcpctl did not apply it",
            "nothing was written",
        ]);
        assert!(!refused.stderr.contains("--adopt on add"), "{refused}");
    }
    let _ = acks.tenant("remove", &["--yes"]).expect(3);
    // From a repository it is the tenant's.
    let argo = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=argocd-controller",
        "-f",
    ];
    acks.world
        .kubectl(&[&argo[..], &[&file.display().to_string()]].concat());
    let _ = acks.tenant("add", &[]).expect(0);
    let _ = acks.tenant("diff", &[]).expect(0);
}

#[test]
fn what_ack_carries_out_is_not_carried_out_by_us_too() {
    let acks = Acks::new("ack-both");
    let _ = acks.tenant("add", &[]).expect(0);
    acks.world.settings("aws: ack", "aws: direct");
    for verb in ["add", "diff", "remove"] {
        let flags: &[&str] = if verb == "remove" { &["--yes"] } else { &[] };
        let _ = acks.tenant(verb, flags).expect(3).says(&[
            "is carried out by ACK",
            "its tag services.k8s.aws/controller-version says so",
            "say aws: ack in the settings",
        ]);
    }
}

#[test]
fn the_cluster_is_told_by_its_platform_and_needs_ack() {
    let sandbox = Sandbox::start(&Options {
        progress: false,
        ..Options::default()
    })
    .expect("a sandbox");
    let acks = Acks {
        world: World::in_sandbox(&sandbox, "ack-own"),
        tenant: "ack-own".into(),
    };
    acks.set_up();
    let own = |args: &[&str]| acks.world.mcpctl(args);
    let add = ["tenant", "add", "ack-own"];
    let _ = own(&["tenant", "add", "ack-own", "--identity-gate=warn"])
        .expect(6)
        .says(&[
            "nothing tells whether context `ack-own` is cluster `ack-own`",
            "this cluster has no namespace mcpctl-system",
            "install the platform: mcpctl platform apply",
        ]);
    let _ = own(&["platform", "apply"]).expect(0);
    let added = own(&add).expect(0);
    assert!(!added.stderr.contains("nothing tells whether"), "{added}");
    let other = own(&["tenant", "add", "ack-own", "--cluster", "staging"]).expect(6);
    let _ = other.says(&[
        "context `ack-own` is not cluster `staging`",
        "mcpctl-system there has the label mcpctl.dev/platform=ack-own",
    ]);
    let _ = own(&["tenant", "diff", "--all"]).expect(0);
    let _ = own(&["platform", "remove", "--yes"])
        .expect(3)
        .says(&["tenants would lose their protection: ack-own"]);
    let _ = own(&["tenant", "remove", "ack-own", "--yes"]).expect(0);
    assert!(acks.world.aws_calls().is_empty());
    for definition in ["roles.iam", "podidentityassociations.eks"] {
        let definition = format!("{definition}.services.k8s.aws");
        acks.world.kubectl(&["delete", "crd", &definition]);
        for verb in [
            &add[..],
            &["tenant", "list"],
            &["tenant", "remove", "ack-own", "--yes"],
        ] {
            let _ = own(verb).expect(6).says(&[
                "this cluster has no AWS Controllers for Kubernetes (ACK)",
                "install the ACK controllers for IAM and EKS",
            ]);
        }
    }
    let namespaces = acks.world.kubectl(&["get", "namespaces", "-o", "name"]);
    assert!(!namespaces.contains("mcp-ack-own"), "{namespaces}");
}

#[test]
fn the_account_has_to_be_said() {
    let acks = Acks::new("ack-account");
    acks.world.settings(", accountId: \"111122223333\"", "");
    let _ = acks.tenant("add", &[]).expect(2).says(&[
        "mcpctl.yaml: cluster.accountId is missing",
        "with aws: ack nobody asks AWS",
    ]);
    let _ = acks
        .tenant("add", &["--account-id", "111122223333"])
        .expect(0);
    // ACK works in another one.
    let other = ["--account-id", "444455556666"];
    let _ = acks
        .tenant("diff", &other)
        .expect(2)
        .says(&["ACK carries PodIdentityAssociation ack-account out in account 111122223333, the settings say 444455556666"]);
    let _ = acks.tenant("remove", &["--yes"]).expect(2);
    let _ = acks
        .tenant("remove", &["--yes", "--account-id", "111122223333"])
        .expect(0);
    let _ = acks.tenant("add", &other).expect(5).says(&[
        "the settings say 444455556666",
        "not begun: PodIdentityAssociation ack-account",
    ]);
    acks.world.settings("aws: ack", "aws: terraform");
    let _ = acks
        .tenant("diff", &[])
        .expect(2)
        .says(&["aws", "direct", "ack"]);
}
