//! What a tenant's namespace may use, from what its pods ask for.

use serde_json::{Map, Value};

use crate::{quantity::Quantity, spec::TenantSpec};

/// Room for a sidecar that something else injects into each pod.
const SIDECAR_MILLI_CPU: i128 = 200;
const SIDECAR_BYTES: i128 = 256 << 20;

/// Pods at once: those that run, those of an update that start while others still drain, the surge, the gate's
/// dry-run pod, and one for a person.
pub(super) fn pods(spec: &TenantSpec) -> u32 {
    u32::from(spec.replicas) * 2 + 3
}

/// `spec.hard` entries for CPU and memory: what the pods ask for and a sidecar in each, times the pods.
pub(super) fn hard(spec: &TenantSpec) -> Map<String, Value> {
    let pods = i128::from(pods(spec));
    let mut hard = Map::new();
    for (prefix, map) in [
        ("requests", &spec.resources.requests),
        ("limits", &spec.resources.limits),
    ] {
        if let Some(cpu) = map.get("cpu") {
            let milli = (cpu.milli() + SIDECAR_MILLI_CPU).saturating_mul(pods);
            hard.insert(
                format!("{prefix}.cpu"),
                Quantity::from_milli(milli).to_string().into(),
            );
        }
        if let Some(memory) = map.get("memory") {
            let bytes = (memory.units() + SIDECAR_BYTES).saturating_mul(pods);
            hard.insert(
                format!("{prefix}.memory"),
                Quantity::from_bytes(bytes).to_string().into(),
            );
        }
    }
    hard
}
