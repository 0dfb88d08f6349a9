//! Two runs for one tenant at once: one goes on, the other ends with exit 3 or finds nothing to do, and a run after
//! them completes whatever there is.

use crate::{
    pace::Held,
    world::{POLICY, Run, World},
};

/// While `first` is held at an AWS call, `second` ends with exit 3 and says who is at it; then `first` ends well.
fn the_second_waits_for_nobody(world: &World<'_>, first: &[&str], at: &str, second: &[&str]) {
    let first = Held::at(world, at, first);
    let pid = first.child.id();
    let _ = world.mcpctl(second).expect(3).says(&[
        "another run holds the lock",
        &format!("(pid {pid}), last seen "),
        " s ago",
    ]);
    let _ = first.go_on().expect(0);
}

#[test]
fn the_lock_names_its_holder() {
    let world = World::new("heldby");
    let add = ["tenant", "add", "heldby"];
    let remove = ["tenant", "remove", "heldby", "--yes"];
    the_second_waits_for_nobody(&world, &add, "CreateRole", &add);
    let _ = world.mcpctl(&["tenant", "diff", "heldby"]).expect(0);
    world.write("other.json", &POLICY.replace("GetObject", "PutObject"));
    let update = ["tenant", "add", "heldby", "--policy", "other.json"];
    the_second_waits_for_nobody(&world, &update, "PutRolePolicy", &remove);
    the_second_waits_for_nobody(&world, &remove, "DeletePodIdentityAssociation", &remove);
    let _ = world.mcpctl(&remove).expect(0).says(&["nothing to remove"]);
}

/// Starts both at once; their ends.
fn race(world: &World<'_>, left: &[&str], right: &[&str]) -> [Run; 2] {
    let children = [world.start(left), world.start(right)];
    children.map(Run::at_end_of)
}

#[test]
fn a_race_leaves_a_whole_tenant_or_none() {
    let world = World::new("racing");
    let add = ["tenant", "add", "racing"];
    let update = ["tenant", "add", "racing", "--set", "replicas=2"];
    let remove = ["tenant", "remove", "racing", "--yes"];
    for (left, right) in [(&add[..], &add[..]), (&update, &remove), (&remove, &remove)] {
        let ends = race(&world, left, right);
        for end in &ends {
            assert!(
                [0, 3].contains(&end.code),
                "{left:?} with {right:?}: {}\n{}",
                ends[0],
                ends[1]
            );
        }
        assert!(
            ends.iter().any(|end| end.code == 0),
            "nobody won: {}\n{}",
            ends[0],
            ends[1]
        );
        let _ = world.mcpctl(&add).expect(0);
        let _ = world.mcpctl(&["tenant", "diff", "racing"]).expect(0);
    }
    let _ = world.mcpctl(&remove).expect(0);
}
