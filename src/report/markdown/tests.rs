use serde_json::json;

use super::{LONGEST, Markdown, code};
use crate::{
    diff,
    error::Error,
    object::{Id, Object},
    plan::{Action, Conflict, Foreign, Plan, Step, Update},
};

fn object(spec: &serde_json::Value) -> Object {
    let tree = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "mcp-server", "namespace": "mcp-acme"},
        "spec": spec,
    });
    Object::new(tree).expect("an object")
}

fn step(action: Action) -> Step {
    let id = object(&json!({})).id().clone();
    let after = Vec::new();
    Step { id, action, after }
}

fn change(wanted: &serde_json::Value, live: &serde_json::Value) -> Plan {
    let (wanted, live) = (object(wanted), object(live));
    let changes = diff::changes(&wanted, &live);
    assert!(!changes.is_empty());
    let update = Update {
        wanted,
        live,
        changes,
        adopts: false,
    };
    Plan {
        steps: vec![step(Action::Update(Box::new(update)))],
        ..Plan::default()
    }
}

fn document(plans: &[(&str, Plan)]) -> String {
    let markdown = Markdown::default();
    markdown.about("cluster", "prod");
    for (title, plan) in plans {
        markdown.plan(title, plan);
    }
    markdown.complete();
    markdown.document()
}

#[test]
fn a_comment() {
    let mut plan = change(
        &json!({"replicas": 2, "paused": true}),
        &json!({"replicas": 1}),
    );
    plan.steps.push(step(Action::Create(object(&json!({})))));
    plan.foreign.push(Foreign {
        id: Id::new("iam.services.k8s.aws", "Role", "", "acme"),
        what: "policy `x`".into(),
    });
    plan.conflicts
        .push(Conflict::new(&Id::namespace("mcp-acme"), "exists"));
    let clean = ("tenant globex", Plan::default());
    insta::assert_snapshot!(document(&[("tenant acme", plan), clean]));
}

#[test]
fn without_differences_it_says_so() {
    let clean = ("tenant acme", Plan::default());
    assert_eq!(
        document(&[clean]),
        "<!-- mcpctl diff prod -->\n### mcpctl diff on `prod`\n\nNo differences.\n"
    );
    assert_eq!(Markdown::default().document(), "", "nothing was compared");
}

#[test]
fn what_is_long_is_folded() {
    let many = |from: usize| -> serde_json::Value {
        (0..20)
            .map(|number| (format!("f{number}"), json!(number + from)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let text = document(&[("tenant acme", change(&many(1), &many(0)))]);
    let summary =
        "<details><summary>Deployment mcp-acme/mcp-server, 40 lines</summary>\n\n```diff\n";
    assert!(text.contains(summary), "{text}");
    assert!(text.contains("```\n\n</details>\n"), "{text}");
}

/// Every line of what others wrote lies between two fences of the same length.
#[test]
fn no_value_leaves_its_block() {
    let nasty = "````\n</details><script>|`~~~\r# x";
    let mut plan = change(&json!({ nasty: "a" }), &json!({ nasty: nasty }));
    plan.conflicts
        .push(Conflict::new(&Id::namespace("mcp-acme"), nasty));
    let markdown = Markdown::default();
    markdown.plan("tenant acme", &plan);
    markdown.failed("tenant acme", &Error::usage(nasty).detail(nasty));
    let text = markdown.document();
    let mut fence = None::<String>;
    for line in text.split(['\n', '\r']) {
        let run = line.len() - line.trim_start_matches('`').len();
        match &fence {
            None if run >= 3 => fence = Some("`".repeat(run)),
            Some(open) if line.starts_with(open.as_str()) => {
                assert_eq!(line, open, "{text}");
                fence = None;
            }
            Some(_) => {}
            None => assert!(!line.contains("script"), "{line}\nof\n{text}"),
        }
    }
    assert_eq!(fence, None, "{text}");
    assert_eq!(code("a``b"), "```a``b```");
    assert_eq!(code("`a"), "`` `a ``");
}

#[test]
fn a_comment_has_an_end() {
    let long = "x".repeat(LONGEST / 3);
    let plans: Vec<(&str, Plan)> = (0..5)
        .map(|_| ("tenant acme", change(&json!({"a": long}), &json!({"a": 1}))))
        .collect();
    let text = document(&plans);
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("**5 of 5 differ.**"));
    assert!(
        text.contains("3 more are too long for a comment"),
        "{}",
        text.len()
    );
}
