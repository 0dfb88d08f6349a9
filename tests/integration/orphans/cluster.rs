//! The cluster whose tenants lose their halves.

use serde_json::{Value, json};

use super::LIST;
use crate::world::World;

/// A cluster of its own: on the one that tests share, the tenants of all others lack their half in this AWS cluster.
pub(super) struct Orphans<'a> {
    pub(super) world: World<'a>,
}

impl Orphans<'_> {
    pub(super) fn add(&self, tenants: &[&str], more: &[&str]) {
        for tenant in tenants {
            let args = [&["tenant", "add", tenant, "--wait", "applied"], more].concat();
            let _ = self.world.mcpctl(&args).expect(0);
        }
    }

    pub(super) fn list(&self) -> Vec<Value> {
        let run = self.world.mcpctl(&[&LIST[..], &["-o", "json"]].concat());
        let list: Value = serde_json::from_str(&run.expect(0).stdout).expect("JSON");
        assert_eq!(
            (&list["kind"], &list["cluster"]),
            (&"OrphanList".into(), &"orphans".into())
        );
        list["items"].as_array().expect("items").clone()
    }

    /// `tenant kind: reason: command`, by tenant.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = |item: &Value, key: &str| item[key].as_str().expect("a text").to_string();
        let line = |item: &Value| {
            let [tenant, kind, reason, command] =
                ["tenant", "kind", "reason", "command"].map(|key| text(item, key));
            format!("{tenant} {kind}: {reason}: {command}")
        };
        self.list().iter().map(line).collect()
    }

    pub(super) fn lose_association(&self, tenant: &str) {
        let namespace = format!("mcp-{tenant}");
        let found = self.world.associations();
        let one = found.iter().find(|one| one["namespace"] == namespace);
        let id = one.expect("it")["associationId"].as_str().expect("an id");
        self.world.delete_association(id);
    }

    pub(super) fn roles(&self) -> Vec<String> {
        let call = [("Action", "ListRoles"), ("PathPrefix", "/mcpctl/orphans/")];
        let xml = self.world.sandbox.aws_iam(&call).expect("roles");
        let names = xml.split("<RoleName>").skip(1);
        names
            .filter_map(|rest| rest.split('<').next())
            .map(str::to_string)
            .collect()
    }

    pub(super) fn role_of(&self, tenant: &str) -> String {
        let own = |name: &String| name.rsplit_once('-').is_some_and(|(own, _)| own == tenant);
        self.roles().into_iter().find(own).expect("its role")
    }

    /// Another cluster's pods may assume the tenant's role.
    pub(super) fn loosen(&self, tenant: &str, cluster: &str) {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"ArnLike": {"aws:SourceArn": format!("arn:aws:eks:{cluster}")}},
        }]});
        let call = [
            ("Action", "UpdateAssumeRolePolicy"),
            ("RoleName", &self.role_of(tenant)),
            ("PolicyDocument", &trust.to_string()),
        ];
        self.world.sandbox.aws_iam(&call).expect("an update");
    }

    pub(super) fn lose_role(&self, tenant: &str) {
        let name = &self.role_of(tenant);
        let policy = [
            ("Action", "DeleteRolePolicy"),
            ("RoleName", name),
            ("PolicyName", "mcpctl"),
        ];
        for call in [&policy[..], &[("Action", "DeleteRole"), ("RoleName", name)]] {
            self.world.sandbox.aws_iam(call).expect("a delete");
        }
    }

    pub(super) fn lose_namespaces(&self, tenants: &[&str]) {
        let names: Vec<String> = tenants.iter().map(|one| format!("mcp-{one}")).collect();
        let names = names.iter().map(String::as_str);
        let args: Vec<&str> = ["delete", "namespace"].into_iter().chain(names).collect();
        self.world.kubectl(&args);
    }

    /// Requests that the list takes, to both sides.
    pub(super) fn cost(&self) -> (usize, usize) {
        let before = (self.world.audit().len(), self.world.aws_calls().len());
        let _ = self.world.mcpctl(&LIST).expect(0).says(&["no orphans"]);
        (
            self.world.audit().len() - before.0,
            self.world.aws_calls().len() - before.1,
        )
    }
}
