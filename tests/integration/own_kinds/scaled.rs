//! An autoscaler among the tenant's objects: it says how many pods there are.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Stdio},
};

use super::{discoveries, drop_template, world};
use crate::world::World;

const SCALER: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: mcp-server
  namespace: {{ names.namespace }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: mcp-server
  minReplicas: {{ spec.values.least }}
  maxReplicas: 5
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 60
    - type: Pods
      pods:
        metric:
          name: requests
        target:
          type: AverageValue
          averageValue: 1500m
";

/// Each state of the Deployment, as `resourceVersion replicas` lines of a watch.
struct Watch {
    kubectl: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    /// Begins with the state that stands.
    fn start(world: &World<'_>, namespace: &str) -> Self {
        let path = "jsonpath={.metadata.resourceVersion} {.spec.replicas}{\"\\n\"}";
        let mut kubectl = world.sandbox.kubectl();
        kubectl.args([
            "-n",
            namespace,
            "get",
            "deployment",
            "mcp-server",
            "--watch",
            "-o",
            path,
        ]);
        let mut kubectl = kubectl
            .stdout(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let lines = BufReader::new(kubectl.stdout.take().expect("its output"));
        let mut watch = Self { kubectl, lines };
        assert!(watch.next().is_some());
        watch
    }

    fn next(&mut self) -> Option<(String, String)> {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        let (version, replicas) = line.trim_end().split_once(' ')?;
        Some((version.into(), replicas.into()))
    }

    /// The numbers of pods up to a state, that one included.
    fn until(mut self, version: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some((now, replicas)) = self.next() {
            seen.push(replicas);
            if now == version {
                break;
            }
        }
        self.kubectl.kill().expect("kubectl ends");
        self.kubectl.wait().expect("kubectl ends");
        seen
    }
}

fn deployment(world: &World<'_>, namespace: &str, path: &str) -> String {
    let path = format!("jsonpath={{{path}}}");
    world.kubectl(&[
        "-n",
        namespace,
        "get",
        "deployment",
        "mcp-server",
        "-o",
        &path,
    ])
}

#[test]
fn the_number_of_pods_is_handed_over_and_taken_back_without_a_jump() {
    let world = world("scaled");
    let namespace = "mcp-scaled";
    let add = [
        "tenant",
        "add",
        "scaled",
        "--set",
        "replicas=3",
        "--set",
        "values.least=3",
    ];
    let diff = ["tenant", "diff", "scaled"];
    world.mcpctl(&add).expect(0);
    let watch = Watch::start(&world, namespace);

    world.write("templates/tenant/scaler.yaml.j2", SCALER);
    let run = world.mcpctl(&diff).expect(1);
    assert!(
        run.stdout
            .contains("+ HorizontalPodAutoscaler mcp-scaled/mcp-server"),
        "{run}"
    );
    assert!(run.stdout.contains("spec.replicas: 3 -> removed"), "{run}");
    world.mcpctl(&add[..3]).expect(0);
    let seen = watch.until(&deployment(&world, namespace, ".metadata.resourceVersion"));
    assert!(seen.iter().all(|replicas| replicas == "3"), "{seen:?}");
    world.mcpctl(&diff).expect(0);

    // The autoscaler's own number is no drift, and neither is one that a person sets.
    world
        .mcpctl(&["tenant", "add", "scaled", "--set", "values.least=4"])
        .expect(0);
    world.kubectl(&[
        "-n",
        namespace,
        "wait",
        "deployment/mcp-server",
        "--for=jsonpath={.spec.replicas}=4",
    ]);
    world.mcpctl(&diff).expect(0);
    world
        .mcpctl(&[
            "tenant",
            "add",
            "scaled",
            "--set",
            "env=[{name: A, value: b}]",
        ])
        .expect(0);
    assert_eq!(deployment(&world, namespace, ".spec.replicas"), "4");

    drop_template(&world, "scaler.yaml.j2");
    let run = world.mcpctl(&diff).expect(1);
    assert!(run.stdout.contains("- HorizontalPodAutoscaler"), "{run}");
    assert!(run.stdout.contains("spec.replicas: 4 -> 3"), "{run}");
    world.mcpctl(&add[..3]).expect(0);
    assert_eq!(deployment(&world, namespace, ".spec.replicas"), "3");
    world.mcpctl(&diff).expect(0);
    assert_eq!(discoveries(&world, 0), [""; 0]);
}
