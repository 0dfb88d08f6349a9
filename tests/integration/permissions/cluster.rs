//! A cluster with the `ClusterRoles` of the examples, and users who have nothing else.

use std::{path::PathBuf, process::Command};

use mcpctl_sandbox::{AuditEvent, Options, Sandbox};

use super::{example, rules};
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
        let granted = rules::granted(&self.world, role);
        // Not one that holds for some names only.
        let rule = granted.iter().find(|(_, _, verb)| verb == "list");
        let (api_group, resource, verb) = rule.or(granted.first()).expect("a rule");
        let resource = format!("{resource}.{api_group}");
        let user = [
            "--as=x",
            &format!("--as-group={group}"),
            "--namespace=mcpctl-system",
        ];
        crate::never::wait_until(|| {
            let mut kubectl = self.world.sandbox.kubectl();
            kubectl.args(["auth", "can-i", verb, resource.trim_end_matches('.')]);
            Run::of(kubectl.args(user)).code == 0
        });
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
