//! Objects for ACK whose tenant's namespace is gone.

use serde_json::Value;

use super::Acks;

fn listed(acks: &Acks<'_>) -> Vec<String> {
    let run = acks.mcpctl(&["tenant", "list", "--orphans", "-o", "json"]);
    let list: Value = serde_json::from_str(&run.expect(0).stdout).expect("JSON");
    let items = list["items"].as_array().expect("items").iter();
    let own = items.filter(|item| item["tenant"] == acks.tenant.as_str());
    own.map(|item| {
        let [kind, reason, command] = ["kind", "reason", "command"].map(|key| &item[key]);
        format!("{kind} {reason} {command}").replace('"', "")
    })
    .collect()
}

#[test]
fn what_is_left_of_a_tenant_is_listed_and_removed() {
    let acks = Acks::new("ack-left");
    let remove = "namespaceGone mcpctl tenant remove ack-left --yes";
    let whole = [format!("association {remove}"), format!("role {remove}")];
    let lost = |kind: Option<&str>| {
        let _ = acks.tenant("add", &["--wait", "applied"]).expect(0);
        assert_eq!(listed(&acks), [""; 0]);
        acks.world.kubectl(&["delete", "namespace", "mcp-ack-left"]);
        if let Some(kind) = kind {
            acks.world
                .kubectl(&["-n", "mcpctl-system", "delete", kind, "ack-left"]);
        }
        let found = listed(&acks);
        let _ = acks
            .tenant("remove", &["--yes"])
            .expect(0)
            .says(&["nothing of it is left"]);
        assert_eq!(listed(&acks), [""; 0]);
        found
    };
    assert_eq!(lost(None), whole);
    assert_eq!(
        lost(Some("podidentityassociations.eks.services.k8s.aws")),
        whole[1..]
    );
    assert_eq!(lost(Some("roles.iam.services.k8s.aws")), whole[..1]);
    let _ = acks.tenant("add", &["--wait", "applied"]).expect(0);
    let role = [
        "-n",
        "mcpctl-system",
        "delete",
        "roles.iam.services.k8s.aws",
    ];
    acks.world.kubectl(&[&role[..], &["ack-left"]].concat());
    assert_eq!(
        listed(&acks),
        ["namespace noRole mcpctl tenant add ack-left"]
    );
    let _ = acks.tenant("add", &["--wait", "applied"]).expect(0);
    assert_eq!(listed(&acks), [""; 0]);
    assert!(acks.world.aws_calls().is_empty());
}
