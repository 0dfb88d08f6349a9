//! A thousand tenants in this process, from their input to their plans: what a verb over all of them computes, without
//! the calls.

use anyhow::{Result, ensure};
use mcpctl::config::{self, Overrides, Settings};
use mcpctl::gate;
use mcpctl::input::{Flags, Given};
use mcpctl::object::State;
use mcpctl::plan::{self, Options, Subject};
use mcpctl::spec::{Resolved, TenantName};
use mcpctl::tenant;

use crate::meter::{Sample, Stopwatch};
use crate::stage;

const TENANTS: usize = 1000;

/// Rows of the table with their runs.
pub(crate) fn measure(runs: usize) -> Result<Vec<(String, Vec<Sample>)>> {
    let dir = stage::settings("figures-thousand")?;
    let settings = config::load(&Overrides::default(), &dir)?;
    let given = Given::read(None, Flags::default(), &dir)?;
    let names = (0..TENANTS).map(|number| format!("t{number}").parse());
    let names = names
        .collect::<Result<Vec<TenantName>, _>>()
        .map_err(anyhow::Error::msg)?;
    let mut rendering = Vec::new();
    let mut planning = Vec::new();
    for _ in 0..runs {
        let watch = Stopwatch::start()?;
        let wanted = names
            .iter()
            .map(|name| tenant::offline(name, &given, &settings))
            .collect::<mcpctl::error::Result<Vec<_>>>()?;
        rendering.push(watch.stop()?);
        let watch = Stopwatch::start()?;
        for tenant in &wanted {
            plan(tenant, &settings)?;
        }
        planning.push(watch.stop()?);
    }
    Ok(vec![
        (format!("rendering {TENANTS} tenants"), rendering),
        (format!("planning {TENANTS} tenants"), planning),
    ])
}

/// Makes the plan of a tenant that does not live yet.
fn plan((resolved, wanted): &(Resolved, State), settings: &Settings) -> Result<()> {
    let subject = Subject::Tenant {
        name: resolved.name.to_string(),
        cluster: settings.cluster.name.to_string(),
        namespace: resolved.names.namespace.clone(),
    };
    let options = Options {
        gate: Some(gate::pod_for(resolved)),
        ready: true,
        ..Options::default()
    };
    let plan = plan::toward(wanted, &State::new(), &subject, &options);
    ensure!(
        plan.writes() && plan.conflicts.is_empty(),
        "a plan that makes the tenant"
    );
    Ok(())
}
