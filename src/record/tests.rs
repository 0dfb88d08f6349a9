use proptest::prelude::*;
use serde_json::json;

use super::{INPUT, NAMES, Record};
use crate::{
    error::{Kind, Result},
    input,
    object::{Id, Object},
    spec::{Input, Layer},
    testing::{acme, entry, map, written},
};

/// The tenant's namespace, its annotations owned as `manager` owns what it applied.
fn namespace(manager: &str) -> Object {
    let namespace = acme(json!({"replicas": 2}))
        .remove(&Id::namespace("mcp-acme"))
        .expect("a namespace");
    written(&namespace, manager, "Apply")
}

/// What `kubectl edit` of one annotation leaves behind: the field is the editor's, and no longer ours.
fn edited(key: &str, value: &str) -> Object {
    let mut namespace = namespace("mcpctl");
    namespace.metadata_map("annotations")[key] = value.into();
    let entries = namespace.tree["metadata"]["managedFields"]
        .as_array_mut()
        .expect("entries");
    let ours = &mut entries[0]["fieldsV1"]["f:metadata"]["f:annotations"];
    ours.as_object_mut()
        .expect("annotations")
        .remove(&format!("f:{key}"));
    let fields = json!({"f:metadata": {"f:annotations": {format!("f:{key}"): {}}}});
    entries.push(entry("kubectl-edit", "Update", &fields));
    namespace
}

fn refusal(namespace: &Object) -> String {
    let read: Result<_> = Record::read(namespace);
    let error = read.expect_err("the record is not believed");
    assert_eq!(error.kind, Kind::Conflict);
    error.to_string()
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    let record = Record::read(&namespace("mcpctl"))
        .unwrap()
        .expect("a record");
    assert_eq!(record.input.layer.spec, map(json!({"replicas": 2})));
    assert_eq!(record.names.namespace, "mcp-acme");
    assert!(record.kinds.contains(&("apps".into(), "Deployment".into())));
    assert!(
        !record
            .kinds
            .iter()
            .any(|(_, kind)| kind == "Namespace" || kind == "Role")
    );
}

#[test]
fn what_a_gitops_tool_applied_from_our_output_is_believed() {
    for manager in ["argocd-controller", "kustomize-controller"] {
        assert!(
            Record::read(&namespace(manager)).unwrap().is_some(),
            "{manager}"
        );
    }
}

#[test]
fn an_applied_record_of_anybody_else_is_not_believed() {
    insta::assert_snapshot!(refusal(&namespace("helm")), @"
    Namespace mcp-acme: annotation mcpctl.dev/input was edited by hand
      last written by helm at 2026-01-02T03:04:05Z
      hint: look at it: kubectl get namespace mcp-acme -o yaml --show-managed-fields. Remove the annotation and give the tenant file again, mcpctl tenant add NAME -f FILE, to write a new record
    ");
}

#[test]
fn a_record_edited_by_hand_is_a_conflict_with_the_editors_name() {
    insta::assert_snapshot!(refusal(&edited(NAMES, "{}")), @"
    Namespace mcp-acme: annotation mcpctl.dev/names was edited by hand
      last written by kubectl-edit at 2026-01-02T03:04:05Z
      hint: look at it: kubectl get namespace mcp-acme -o yaml --show-managed-fields. Remove the annotation and give the tenant file again, mcpctl tenant add NAME -f FILE, to write a new record
    ");
    assert!(refusal(&edited(INPUT, "{}")).contains("kubectl-edit"));
    // The host is no part of the record: another one is drift, which the next add repairs.
    let host = edited("mcpctl.dev/host", "other.example.com");
    assert!(Record::read(&host).is_ok_and(|record| record.is_some()));
}

#[test]
fn a_namespace_without_a_record_has_none() {
    let mut namespace = namespace("mcpctl");
    namespace.metadata_map("annotations").remove(NAMES);
    assert!(Record::read(&namespace).unwrap().is_none());
}

proptest! {
    #![proptest_config(crate::testing::same_cases())]

    /// Whatever a variable holds, the record gives it back.
    #[test]
    fn any_text_survives_the_record(
        value in "\\PC{0,40}".prop_filter("what YAML cannot carry is refused", |text| text.parse::<crate::spec::Text>().is_ok()),
        free in prop_oneof!["(?s).{0,20}", "[\u{0}-\u{20}\u{7f}-\u{a0}\u{fffe}\u{ffff}]{1,3}", Just("<<".to_string())],
    ) {
        let spec = map(json!({"env": [{"name": "A", "value": value}], "values": {free.clone(): free}}));
        let layer = Layer::new("record", spec);
        let said = Input { name: "acme".parse().unwrap(), layer };
        let text = input::to_record(&said).to_string();
        prop_assert_eq!(input::from_record(&text, "record").unwrap().layer.spec, said.layer.spec);
    }
}
