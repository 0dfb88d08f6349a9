//! What a verb costs, in requests: counted in the API server's audit log and at the AWS side.

use mcpctl_sandbox::AuditEvent;

use crate::world::World;

/// Requests of one kind, since an index into the log.
fn count(events: &[AuditEvent], is: impl Fn(&AuditEvent) -> bool) -> usize {
    events.iter().filter(|event| is(event)).count()
}

fn is_read(event: &AuditEvent) -> bool {
    ["get", "list"].contains(&event.verb.as_str())
}

fn is_write(event: &AuditEvent) -> bool {
    !is_read(event) && event.verb != "watch" && !event.dry_run
}

fn listing(events: &[AuditEvent]) -> String {
    let lines: Vec<String> = events
        .iter()
        .map(|event| format!("{} {}", event.verb, event.uri))
        .collect();
    lines.join(
        "
",
    )
}

#[test]
fn of_a_first_add_an_add_with_nothing_to_do_and_a_diff() {
    let world = World::new("figures");
    let _ = world.mcpctl(&["tenant", "add", "figures"]).expect(0);
    let first = world.audit();
    let all = listing(&first);
    let objects = 11;
    let lease = count(&first, |event| {
        is_write(event) && event.resource == "leases"
    });
    assert_eq!(lease, 2, "the lock is taken and released\n{all}");
    assert_eq!(
        count(&first, is_write),
        objects + lease,
        "one write for each object\n{all}"
    );
    assert!(count(&first, |event| event.verb == "watch") <= 5, "{all}");
    assert!(count(&first, is_read) <= 8, "{all}");
    let discovery = |event: &AuditEvent| event.resource.is_empty() || event.uri.contains("openapi");
    assert_eq!(
        count(&first, discovery),
        0,
        "no discovery, no OpenAPI\n{all}"
    );
    let calls: Vec<String> = world
        .aws_calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    assert!(calls.len() <= 9, "{calls:?}");

    for args in [["tenant", "add", "figures"], ["tenant", "diff", "figures"]] {
        let (events, calls) = (world.audit().len(), world.aws_calls().len());
        let _ = world.mcpctl(&args).expect(0);
        let events = world.audit().split_off(events);
        let all = listing(&events);
        assert_eq!(
            count(&events, |event| !is_read(event)),
            0,
            "{args:?} writes or watches\n{all}"
        );
        assert!(
            events.len() <= objects,
            "{args:?} reads more than once for each object\n{all}"
        );
        let calls: Vec<String> = world
            .aws_calls()
            .split_off(calls)
            .into_iter()
            .map(|call| call.operation)
            .collect();
        assert!(calls.len() <= 7, "{args:?}: {calls:?}");
    }
}
