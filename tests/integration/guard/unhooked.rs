//! A cluster whose Pod Identity webhook is not registered any more. Nothing puts it back here.

use super::asked_for;
use crate::{
    identity::BY_HAND,
    pace::wait_until,
    world::{Run, World},
};

pub(super) fn is_told(world: &World<'_>) {
    let configuration = "mutatingwebhookconfiguration/pod-identity-webhook";
    world.kubectl(&["delete", configuration]);
    // The API server goes on calling it for a moment.
    let pod = world.write("pod.json", &BY_HAND.replace("mcp-bare", "mcp-unguarded"));
    let pod = pod.display().to_string();
    wait_until(|| {
        let ask = ["create", "--dry-run=server", "-f", &pod];
        let run = Run::of(world.sandbox.kubectl().args(ask));
        run.stderr
            .contains("no Pod Identity credentials were injected")
    });
    let args = ["tenant", "add", "unhooked", "--timeout", "4s"];
    let _ = world.mcpctl(&args).expect(4).says(&[
        "Deployment mcp-unhooked/mcp-server was not applied: after ",
        "the cluster has no MutatingWebhookConfiguration pod-identity-webhook, so nothing gives pods credentials",
        "hint: EKS makes it with every cluster: has somebody deleted it? then have AWS Support put it back",
    ]);
    assert_eq!(asked_for(world, "mcp-unhooked").len(), 0);
}
