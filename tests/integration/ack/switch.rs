//! Settings that say another one carries role and association out than did.

use mcpctl_sandbox::AckAnswer;

use super::Acks;

fn annotation(acks: &Acks<'_>) -> String {
    let namespace = format!("mcp-{}", acks.tenant);
    let path = r"jsonpath={.metadata.annotations.mcpctl\.dev/aws}";
    acks.world
        .kubectl(&["get", "namespace", &namespace, "-o", path])
}

fn refused(acks: &Acks<'_>, says: &[&str]) {
    for (verb, flags) in [
        ("add", &[][..]),
        ("diff", &[]),
        ("remove", &["--yes"]),
        ("remove", &["--dry-run"]),
    ] {
        let run = acks.tenant(verb, flags).expect(3).says(says);
        assert!(!run.stderr.contains("is removed"), "{run}");
    }
}

#[test]
fn a_tenant_that_mcpctl_carries_out_is_refused_with_ack() {
    let acks = Acks::new("ack-after");
    acks.world.settings("aws: ack", "aws: direct");
    let _ = acks.tenant("add", &[]).expect(0);
    assert_eq!(annotation(&acks), "direct");
    let _ = acks.tenant("add", &[]).expect(0).says(&["nothing to do"]);
    acks.world.settings("aws: direct", "aws: ack");
    refused(
        &acks,
        &[
            "role and association of tenant `ack-after` are carried out by mcpctl itself",
            "Namespace mcp-ack-after has the annotation mcpctl.dev/aws: direct, the settings say aws: ack",
            "say aws: direct in the settings",
        ],
    );
    let orphans = acks.mcpctl(&["tenant", "list", "--orphans"]).expect(0);
    assert!(!orphans.stdout.contains("ack-after"), "{orphans}");
    // The half in the cluster is the same for both.
    let half = ["--only", "kubernetes"];
    let _ = acks.tenant("add", &half).expect(0).says(&["nothing to do"]);
    acks.world.settings("aws: ack", "aws: direct");
    let _ = acks
        .tenant("remove", &["--yes"])
        .expect(0)
        .says(&["nothing of it is left"]);
    acks.world.settings("aws: direct", "aws: ack");
    let _ = acks.tenant("add", &[]).expect(0);
    assert_eq!(annotation(&acks), "ack");
    let _ = acks.tenant("add", &[]).expect(0).says(&["nothing to do"]);
}

#[test]
fn a_tenant_that_ack_has_not_carried_out_yet_is_refused_without_it() {
    let acks = Acks::new("ack-before");
    acks.answers("Role", AckAnswer::Absent);
    let _ = acks.tenant("add", &["--timeout", "3s"]).expect(4);
    acks.world.settings("aws: ack", "aws: direct");
    refused(
        &acks,
        &[
            "role and association of tenant `ack-before` are carried out by ACK",
            "say aws: ack in the settings",
        ],
    );
    acks.world.settings("aws: direct", "aws: ack");
    acks.answers("Role", AckAnswer::Normal);
    let _ = acks.tenant("remove", &["--yes"]).expect(0);
}

#[test]
fn where_nothing_tells_who_did_a_removal_says_so() {
    let acks = Acks::new("ack-untold");
    let half = ["--only", "kubernetes", "--wait", "applied"];
    let _ = acks.tenant("add", &half).expect(0);
    assert_eq!(annotation(&acks), "");
    let _ = acks.tenant("remove", &["--yes"]).expect(3).says(&[
        "nothing tells who carries its role and association out",
        "mcpctl tenant remove ack-untold --only kubernetes",
    ]);
    let _ = acks
        .tenant("remove", &["--yes", "--only", "kubernetes"])
        .expect(0)
        .says(&["its role and association were not looked at"]);
    let _ = acks
        .tenant("remove", &["--yes"])
        .expect(0)
        .says(&["nothing to remove; IAM and EKS were not asked"]);
}

#[test]
fn what_is_printed_for_ack_says_so_and_half_of_it_says_nothing() {
    let acks = Acks::new("ack-printed");
    let line = "mcpctl.dev/aws: ack";
    for mode in ["ack", "direct"] {
        let whole = acks.tenant("add", &["--dry-run"]).expect(0).stdout;
        assert!(whole.contains(line), "{mode}: {whole}");
        let half = ["--dry-run", "--only", "kubernetes"];
        let half = acks.tenant("add", &half).expect(0).stdout;
        assert!(!half.contains("mcpctl.dev/aws"), "{mode}: {half}");
        if mode == "ack" {
            acks.world.settings("aws: ack", "aws: direct");
        }
    }
}
