//! A cluster with the `ClusterRoles` of the examples, and users who have nothing else.

use std::{path::PathBuf, process::Command};

use mcpctl_sandbox::{AuditEvent, Options, Sandbox};
use serde_json::Value;

use super::example;
use crate::world::{Run, World};

pub(super) fn sandbox() -> Sandbox {
    Sandbox::start(&Options::default()).expect("a sandbox of its own")
}

/// A cluster of the test's own, since the platform is one for all.
pub(super) struct Cluster<'a> {
    pub(super) world: World<'a>,
}

/// Somebody who may do what the roles of a group say.
pub(super) struct User<'a> {
    name: &'static str,
    kubeconfig: PathBuf,
    cluster: &'a Cluster<'a>,
}

impl<'a> Cluster<'a> {
    /// Each group is given its `ClusterRoles`.
    pub(super) fn new(sandbox: &'a Sandbox, name: &str, groups: &[(&str, &[&str])]) -> Self {
        let cluster = Self {
            world: World::in_sandbox(sandbox, name),
        };
        cluster.apply("cluster-roles.yaml");
        for (group, roles) in groups {
            for role in *roles {
                cluster.bind("create clusterrolebinding", group, role);
            }
        }
        cluster
    }

    /// Binds a role to a group, and waits until it counts.
    pub(super) fn bind(&self, how: &str, group: &str, role: &str) {
        let command = format!("{how} {group}-{role} --clusterrole={role} --group={group}");
        self.world.kubectl(&command.split(' ').collect::<Vec<_>>());
        let (verb, resource) = self.example_of(role);
        let user = [
            "--as=x",
            &format!("--as-group={group}"),
            "--namespace=mcpctl-system",
        ];
        crate::pace::wait_until(|| {
            let mut kubectl = self.world.sandbox.kubectl();
            kubectl.args(["auth", "can-i", verb.as_str(), resource.as_str()]);
            Run::of(kubectl.args(user)).code == 0
        });
    }

    /// A verb that a role allows, and on what.
    fn example_of(&self, role: &str) -> (String, String) {
        let read = self
            .world
            .kubectl(&["get", "clusterrole", role, "-o", "json"]);
        let read: Value = serde_json::from_str(&read).expect("JSON");
        let rules = read["rules"].as_array().expect("rules");
        // Better one that holds for all names.
        let any_name = |rule: &&Value| rule["resourceNames"].is_null();
        let rule = rules.iter().find(any_name).unwrap_or(&rules[0]);
        let text = |field: &str| rule[field][0].as_str().unwrap_or_default().to_owned();
        let resource = match text("apiGroups").as_str() {
            "" => text("resources"),
            group => format!("{}.{group}", text("resources")),
        };
        let resource = match text("resourceNames").as_str() {
            "" => resource,
            name => format!("{resource}/{name}"),
        };
        (text("verbs"), resource)
    }

    /// Applies an example as the cluster's administrator.
    pub(super) fn apply(&self, name: &str) {
        let file = self.world.write(name, &example(name));
        self.world
            .kubectl(&["apply", "-f", &file.display().to_string()]);
    }

    pub(super) fn user(&'a self, name: &'static str, group: &str) -> User<'a> {
        let sandbox = self.world.sandbox;
        let kubeconfig = sandbox.kubeconfig_for_cluster(&self.world.cluster, name, &[group]);
        User {
            name,
            kubeconfig: kubeconfig.expect("a kubeconfig"),
            cluster: self,
        }
    }
}

impl User<'_> {
    pub(super) fn command(&self, args: &str) -> Command {
        let args: Vec<&str> = args.split(' ').collect();
        let mut command = self.cluster.world.command(&args);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    pub(super) fn run(&self, args: &str) -> Run {
        Run::of(&mut self.command(args))
    }

    /// All that this user asked the API server for.
    pub(super) fn requests(&self) -> Vec<AuditEvent> {
        let sandbox = self.cluster.world.sandbox;
        sandbox.audit(self.name).expect("the audit log")
    }

    /// What this user was refused. At the gate it is the platform's policy that refuses, and not for want of a right.
    pub(super) fn refused(&self) -> Vec<String> {
        let all = self.requests().into_iter();
        let at_gate = |request: &AuditEvent| request.dry_run && request.resource == "pods";
        let refused = all.filter(|request| request.code == 403 && !at_gate(request));
        refused
            .map(|request| format!("{} {}", request.verb, request.uri))
            .collect()
    }
}
