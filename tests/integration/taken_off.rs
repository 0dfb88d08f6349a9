//! What an association keeps although it was told to let go of it: the emulator leaves a field alone that is given empty.

use crate::world::World;

const TARGET: &str = "arn:aws:iam::444455556666:role/reader";

fn images(world: &World<'_>, namespace: &str) -> String {
    let path = "jsonpath={.items[*].spec.containers[0].image}";
    world.kubectl(&["-n", namespace, "get", "pods", "-o", path])
}

#[test]
fn pods_are_not_started_with_a_role_that_eks_kept() {
    let world = World::new("kept-role");
    let said = format!("identity.targetRoleArn={TARGET}");
    let _ = world
        .mcpctl(&["tenant", "add", "kept-role", "--set", &said])
        .expect(0);
    assert_eq!(world.association()["targetRoleArn"], TARGET);
    let before = images(&world, "mcp-kept-role");
    let off = ["--set", "identity.targetRoleArn=null"];
    let image = ["--image", "registry.example/mcp:2"];
    let add = [&["tenant", "add", "kept-role"], &off[..], &image[..]].concat();
    let kept = format!("spec.targetRoleARN is \"{TARGET}\", wanted is nothing");
    let id = world.association_id();
    let command = format!(
        "aws eks delete-pod-identity-association --region eu-west-1 --cluster-name kept-role --association-id {id}"
    );
    let says = [
        "PodIdentityAssociation kept-role is not as it was told to be",
        &kept,
        &command,
        "not begun: Deployment mcp-kept-role/mcp-server",
    ];
    let failed = world.mcpctl(&add).expect(5).says(&says);
    assert!(!failed.stderr.contains("is ready"), "{failed}");
    assert_eq!(images(&world, "mcp-kept-role"), before);
    // It stays so until somebody does what was said.
    let _ = world
        .mcpctl(&["tenant", "add", "kept-role", "--image", image[1]])
        .expect(5)
        .says(&says);
    world.delete_association(&id);
    let _ = world
        .mcpctl(&["tenant", "add", "kept-role", "--image", image[1]])
        .expect(0)
        .says(&["is ready"]);
    assert!(world.association()["targetRoleArn"].is_null());
    assert_eq!(images(&world, "mcp-kept-role"), "registry.example/mcp:2");
    let _ = world.mcpctl(&["tenant", "diff", "kept-role"]).expect(0);
}
