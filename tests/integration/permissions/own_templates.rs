//! What own templates need besides.

use super::{cluster::Cluster, kubernetes::all_is_used, rules};

/// Those of the examples, with the `ClusterRole` for them.
pub(super) fn run(cluster: &Cluster<'_>) {
    let role = "mcpctl-own-templates";
    cluster.apply("own-templates.yaml");
    cluster.bind("create clusterrolebinding", "own", role);
    let own = cluster.user("own", "own");
    let world = &cluster.world;
    let files = [
        (
            "autoscaler",
            include_str!("../../../examples/own-templates/templates/tenant/autoscaler.yaml.j2"),
        ),
        (
            "directory",
            include_str!("../../../examples/own-templates/templates/tenant/directory.yaml.j2"),
        ),
    ];
    let path = |name: &str| format!("templates/tenant/{name}.yaml.j2");
    for (name, text) in files {
        world.write(&path(name), text);
    }
    world.settings(
        "defaults: {",
        "templates: templates\ndefaults: {values: {mostPods: 6}, ",
    );
    let _ = own
        .run("tenant add own")
        .expect(0)
        .says(&["+ ConfigMap", "+ HorizontalPodAutoscaler"]);
    let _ = own
        .run("tenant add own --set values.mostPods=7 --set port=9090")
        .expect(0);
    for (name, _) in files {
        world.write(&path(name), "");
    }
    let _ = own.run("tenant add own").expect(0).says(&["2 deleted"]);
    let _ = own.run("tenant remove own --yes").expect(0);
    assert_eq!(own.refused(), Vec::<String>::new());
    all_is_used(cluster, role, &rules::used(&own.requests()));
}
