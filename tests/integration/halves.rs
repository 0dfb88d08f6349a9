//! One half alone: what is in the other is not known, and nothing goes by silence.

use crate::world::{POLICY, World};

fn tenant(world: &World<'_>, file: &str, name: &str, spec: &str) {
    let text = format!(
        "apiVersion: mcpctl.dev/v1alpha1\nkind: Tenant\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    );
    world.write(file, &text);
}

#[test]
fn the_aws_half_alone_takes_nothing_off_by_silence() {
    let world = World::new("half-aws");
    world.write("own.json", &POLICY.replace("s3:GetObject", "s3:PutObject"));
    let said = "{protected: true, identity: {policy: own.json}}";
    tenant(&world, "whole.yaml", "half-aws", said);
    tenant(
        &world,
        "silent.yaml",
        "half-aws",
        "{identity: {policy: own.json}}",
    );
    let run =
        |verb: &str, flags: &[&str]| world.mcpctl(&[&["tenant", verb, "half-aws"], flags].concat());
    let _ = run("add", &["-f", "whole.yaml"]).expect(0);
    let image = ["--image", "registry.example/mcp:2", "--only", "aws"];
    for verb in ["add", "diff"] {
        let _ = run(verb, &image).expect(2).says(&[
            "its role or association would change, and no tenant file is given",
            "with --only aws the record of the tenant, which is in the cluster, is not read",
            "mcpctl tenant show half-aws prints it",
        ]);
        let _ = run(verb, &["--only", "aws", "-f", "silent.yaml"])
            .expect(3)
            .says(&[
                "tenant `half-aws` is protected, and nothing says that it is not to be any more",
                "protected: false to take it off",
            ]);
    }
    let _ = run("diff", &["--only", "aws"])
        .expect(2)
        .says(&["nothing says what it is to be", "is not read"]);
    let _ = run("diff", &[]).expect(0);
    let _ = run("add", &["--only", "aws", "-f", "whole.yaml"])
        .expect(0)
        .says(&["nothing to do"]);
    let _ = run("remove", &["--only", "aws", "--yes"])
        .expect(3)
        .says(&["protected"]);
    let off = ["-f", "silent.yaml", "--set", "protected=false"];
    let _ = run("add", &[&["--only", "aws"], &off[..]].concat())
        .expect(0)
        .says(&["2 changed"]);
    let _ = run("remove", &["--only", "aws", "--yes"]).expect(0);
}

#[test]
fn the_aws_half_alone_says_that_it_does_not_read_the_record() {
    let world = World::new("half-bare");
    world.settings("defaults: {image: registry.example/mcp:1}", "defaults: {}");
    let image = ["--image", "registry.example/mcp:1"];
    let add = ["tenant", "add", "half-bare"];
    let _ = world.mcpctl(&[&add[..], &image].concat()).expect(0);
    let _ = world
        .mcpctl(&[&add[..], &["--only", "aws"]].concat())
        .expect(2)
        .says(&[
            "spec.image is missing",
            "with --only aws the record of the tenant, which is in the cluster, is not read",
            "give the tenant file: -f FILE",
        ]);
    // What stands as it is wanted needs no file, and what is missing is made.
    let half = [&add[..], &image, &["--only", "aws"]].concat();
    let _ = world.mcpctl(&half).expect(0).says(&["nothing to do"]);
}

#[test]
fn a_removal_says_which_half_it_did_not_look_at() {
    let world = World::new("half-gone");
    let remove = ["tenant", "remove", "half-gone", "--yes"];
    let only = |half: &'static str| [&remove[..], &["--only", half]].concat();
    let add = ["tenant", "add", "half-gone"];
    let kubernetes = ["--only", "kubernetes", "--wait", "applied"];
    let _ = world.mcpctl(&[&add[..], &kubernetes].concat()).expect(0);
    let _ = world.mcpctl(&only("aws")).expect(0).says(&[
        "has no role and no association of tenant `half-gone`: nothing to remove; its namespace was not looked at",
    ]);
    let _ = world.mcpctl(&only("kubernetes")).expect(0);
    let _ = world
        .mcpctl(&[&add[..], &["--only", "aws"]].concat())
        .expect(0);
    let _ = world.mcpctl(&only("kubernetes")).expect(0).says(&[
        "has no namespace of tenant `half-gone`: nothing to remove; its role and association were not looked at",
    ]);
    let _ = world.mcpctl(&remove).expect(0);
    // What was taken over is given back.
    world.kubectl(&["create", "namespace", "mcp-half-gone"]);
    let _ = world.mcpctl(&[&add[..], &["--adopt"]].concat()).expect(0);
    let _ = world.mcpctl(&only("kubernetes")).expect(0).says(&[
        "given back without our marks: Namespace mcp-half-gone; its role and association were not looked at",
    ]);
    world.kubectl(&["get", "namespace", "mcp-half-gone"]);
    let _ = world.mcpctl(&only("aws")).expect(0);
}
