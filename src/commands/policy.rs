//! `mcpctl policy lint`

use std::{path::Path, process::ExitCode};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    cli::{Lint, LintForm},
    error::{Error, Kind, Result},
    files, input,
    lint::{self, Allowed, Finding, Identity, RULES},
    policy, render, report,
    session::Context,
    spec, yaml,
};

pub(super) fn lint(context: &Context, args: &Lint) -> Result<ExitCode> {
    if args.rules {
        match args.output {
            LintForm::Text => context.ui.data(&report::rules())?,
            LintForm::Json => print(context, &RULES)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut found: Vec<(String, Finding)> = Vec::new();
    for path in &args.files {
        let shown = files::shown(path, &context.working_directory);
        let findings = of_file(context, path, &shown, &args.allow)?;
        if args.output == LintForm::Text {
            context.ui.data(&report::findings(&shown, &findings))?;
        }
        found.extend(findings.into_iter().map(|finding| (shown.clone(), finding)));
    }
    if args.output == LintForm::Json {
        let entries: Vec<Value> = found
            .iter()
            .map(|(file, finding)| in_file(file, finding))
            .collect();
        print(context, &entries)?;
    }
    let errors = found
        .iter()
        .filter(|(_, finding)| finding.is_error())
        .count();
    let warnings = found.len() - errors;
    context.ui.status(&report::tally(errors, warnings));
    Ok(if errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Kind::Usage.exit_code())
    })
}

fn print(context: &Context, data: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(data)
        .map_err(|error| Error::usage(format!("cannot print as JSON: {error}")))?;
    context.ui.data(&format!("{text}\n"))
}

fn in_file(file: &str, finding: &Finding) -> Value {
    let mut entry = json!({ "file": file });
    spec::merge(&mut entry, &json!(finding));
    entry
}

/// What is found in a policy, or in the identity of a tenant file. The file is looked at alone, so every value but the
/// tenant's name stands for itself.
fn of_file(context: &Context, path: &Path, shown: &str, allow: &[Allowed]) -> Result<Vec<Finding>> {
    let full = context.working_directory.join(path);
    let text = files::read(&full, shown, "policy")?;
    let is_tenant = yaml::read_stream(&text).is_ok_and(|documents| {
        documents
            .iter()
            .any(|document| document["kind"] == "Tenant")
    });
    let (identity, name, document) = if is_tenant {
        let input = input::read_file(path, &context.working_directory)?;
        let identity = identity(&input, shown)?;
        let document = identity
            .policy
            .as_ref()
            .map(|policy| policy.document().clone());
        if document.is_none() {
            context
                .ui
                .status(&format!("{shown}: it gives no policy of its own"));
        }
        (identity, input.name.to_string(), document)
    } else {
        let document = policy::read(&full, shown)?;
        (spec::Identity::default(), String::new(), Some(document))
    };
    let document = document
        .map(|document| policy::expand_for_nobody(&document, shown))
        .transpose()?;
    let [any_name, any_namespace] = policy::NOBODY;
    let target = identity.target_role_arn.as_ref();
    let with_target = target.map(|target| render::with_target(document.as_ref(), target));
    let looked_at = Identity {
        policy: document.as_ref(),
        with_target: with_target.as_ref(),
        managed: identity
            .managed_policy_arns
            .iter()
            .map(spec::Arn::as_str)
            .collect(),
        names: vec![any_name, any_namespace, &name],
    };
    Ok(lint::lint(&looked_at, &[allow, &identity.allow].concat()))
}

fn identity(input: &spec::Input, shown: &str) -> Result<spec::Identity> {
    let given = input.layer.spec.get("identity").cloned();
    let identity = serde_json::from_value(given.unwrap_or_else(|| json!({})));
    identity.map_err(|error| Error::usage(format!("{shown}: spec.identity: {error}")))
}
