//! What a verb costs, in requests: counted in the API server's audit log and at the AWS side.

use std::time::Duration;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use mcpctl_sandbox::AuditEvent;

use crate::world::{Run, World, sandbox};

/// Objects of a tenant in the cluster.
const OBJECTS: usize = 11;

/// What a verb asks for: reads, writes (dry ones included) and watches of the API server, and calls of AWS.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    reads: usize,
    writes: usize,
    watches: usize,
    aws: usize,
}

impl Cost {
    fn of(events: &[AuditEvent], aws: usize) -> Self {
        let count = |is: &dyn Fn(&AuditEvent) -> bool| events.iter().filter(|e| is(e)).count();
        Self {
            reads: count(&is_read),
            writes: count(&is_write),
            watches: count(&|event| event.verb == "watch"),
            aws,
        }
    }
}

fn is_read(event: &AuditEvent) -> bool {
    ["get", "list"].contains(&event.verb.as_str())
}

fn is_write(event: &AuditEvent) -> bool {
    !is_read(event) && event.verb != "watch"
}

fn listing(events: &[AuditEvent]) -> String {
    let lines = events
        .iter()
        .map(|event| format!("{} {}\n", event.verb, event.uri));
    lines.collect()
}

/// Runs a verb; what it asked the API server for, what it cost, and all calls in text.
fn cost(world: &World<'_>, args: &[&str]) -> (Vec<AuditEvent>, Cost, String) {
    let (before, calls) = (world.audit().len(), world.aws_calls().len());
    let _ = world.mcpctl(args).expect(0);
    let events = world.audit().split_off(before);
    let calls = world.aws_calls().split_off(calls);
    let names: Vec<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
    let text = format!("{args:?}\n{}{names:?}", listing(&events));
    let cost = Cost::of(&events, calls.len());
    (events, cost, text)
}

/// A number that rises here is paid for by every user: say in the commit what it buys.
#[test]
fn of_each_verb() {
    let world = World::new("figures");
    let (events, first, text) = cost(&world, &["tenant", "add", "figures"]);
    let expected = Cost {
        // The namespace by label and by name; the identity policy and its binding; hosts before, of Ingresses and of
        // tenants that have none, and after.
        reads: 7,
        // The objects, the lock taken and released, and the gate's pod, which is not stored.
        writes: OBJECTS + 3,
        watches: first.watches,
        aws: 10,
    };
    assert_eq!(first, expected, "{text}");
    assert!(first.watches <= 5, "{text}");
    let dry = events.iter().filter(|event| event.dry_run).count();
    assert_eq!(dry, 1, "only the gate asks without writing\n{text}");
    let discovery =
        |event: &&AuditEvent| event.resource.is_empty() || event.uri.contains("openapi");
    assert_eq!(
        events.iter().filter(discovery).count(),
        0,
        "no discovery, no OpenAPI\n{text}"
    );

    for verb in ["add", "diff"] {
        let (_, again, text) = cost(&world, &["tenant", verb, "figures"]);
        let expected = Cost {
            // The namespace twice, each kind once, the pods; the identity policy and its binding.
            reads: OBJECTS + 2,
            writes: 0,
            watches: 0,
            aws: 8,
        };
        assert_eq!(again, expected, "{text}");
    }

    let (_, removal, text) = cost(&world, &["tenant", "remove", "figures", "--yes"]);
    let expected = Cost {
        // How often a wait looks depends on when the controllers act.
        reads: removal.reads,
        // The lock, the Ingress, the Deployment and the namespace, with which the rest goes.
        writes: 4,
        watches: removal.watches,
        // What there is at first; association and role once more before each goes, the role without what hangs on it.
        aws: 13,
    };
    assert_eq!(removal, expected, "{text}");
    assert!(removal.reads + removal.watches <= 35, "{text}");
}

/// Over a line with a round trip, a request that reaches the server before the answer to another one can have reached
/// the client was sent without waiting for that answer.
#[test]
fn at_least_eight_writes_overlap_once_the_namespace_is_there() {
    let round_trip = Duration::from_millis(20);
    let world = World::new("figures-overlap");
    let distant = sandbox().with_round_trip(round_trip).expect("a line");
    let kubeconfig = distant
        .kubeconfig_for_cluster(&world.cluster, &world.user, &["system:masters"])
        .expect("a kubeconfig");
    let mut command = world.command(&["tenant", "add", "overlap"]);
    command
        .env_remove("AWS_ENDPOINT_URL")
        .env("KUBECONFIG", kubeconfig)
        .envs(distant.aws_env(&world.access_key));
    let _ = Run::of(&mut command).expect(0);
    let events = world.audit();
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    let writes: Vec<(Timestamp, Timestamp)> = events
        .iter()
        .filter(|event| is_write(event) && event.resource != "namespaces")
        .map(|event| (time(&event.request_received), time(&event.stage_timestamp)))
        .collect();
    let way = SignedDuration::try_from(round_trip).expect("a short time");
    let in_flight = |at: Timestamp| {
        let open = |(from, to): &&(Timestamp, Timestamp)| *from <= at && at < *to + way;
        writes.iter().filter(open).count()
    };
    let most = writes.iter().map(|(from, _)| in_flight(*from)).max();
    assert!(most >= Some(8), "{most:?} at once\n{}", listing(&events));
}
