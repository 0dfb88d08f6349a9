use proptest::prelude::*;
use serde_json::{Value, json};

use super::render;
use crate::templates::Template;

const SOURCE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: m
data:
  value: {{ value }}
  {{ value }}: key
  list:
    - {{ value }}
    - name: {{ value }}
  tree: {{ tree }}
";

fn rendered(source: &'static str, context: &Value) -> Result<Vec<Value>, String> {
    let template = Template {
        name: "tenant/own.yaml.j2".into(),
        source: source.into(),
    };
    let rendered = render(&[template], context).map_err(|error| error.to_string())?;
    let trees = rendered.into_iter().map(|rendered| rendered.object.tree);
    Ok(trees.collect())
}

proptest! {
    #![proptest_config(crate::testing::same_cases())]

    /// Whatever a value holds, it stays the value of its place.
    #[test]
    fn no_value_breaks_out_of_its_place(value in "[-:#'\"{}\\[\\]&*!|>%@` \na-c\u{2028}\u{feff}]{1,12}|\\PC{1,30}") {
        // Names that the rest of the map has.
        prop_assume!(value != "value" && value != "list" && value != "tree");
        let tree = json!({"a": [value], "b": {value.clone(): value}});
        let objects = rendered(SOURCE, &json!({"value": value, "tree": tree})).unwrap();
        prop_assert_eq!(objects.len(), 1);
        let data = &objects[0]["data"];
        prop_assert_eq!(&data["value"], &value);
        prop_assert_eq!(&data[&value], "key");
        prop_assert_eq!(&data["list"], &json!([value, {"name": value}]));
        prop_assert_eq!(&data["tree"], &tree);
        prop_assert_eq!(data.as_object().unwrap().len(), 4);
    }
}

#[test]
fn a_fault_of_a_template_is_told_with_its_line_and_without_values() {
    let context = json!({"value": "hunter2", "map": {"a": 1}});
    let told = |source| rendered(source, &context).expect_err("a fault");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: {{ vlaue }}\n"), @"
    tenant/own.yaml.j2:2: undefined value: `vlaue` is undefined
      in `vlaue`
      hint: the variables are in the README.md that mcpctl template export DIR writes
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: {{ map.b }}\n"), @"
    tenant/own.yaml.j2:2: undefined value: `map.b` is undefined
      in `map.b`
      hint: the variables are in the README.md that mcpctl template export DIR writes
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: {{ value | nosuch }}\n"), @"
    tenant/own.yaml.j2:2: unknown filter: filter nosuch is unknown
      in `nosuch`
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: {{ value | safe }}\n"), @"
    tenant/own.yaml.j2:2: unknown filter: filter safe is unknown
      in `safe`
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: {% if value %}\n"), @"
    tenant/own.yaml.j2:2: syntax error: unexpected end of input, expected end of block
      in `%}`
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: a-{{ value }}\n"), @"
    tenant/own.yaml.j2:2: an expression is part of a longer value
      kind: a-{{ value }}
      hint: one expression is one whole value: host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(told("data: {{ value }}\n kind: x\n"), @"
    tenant/own.yaml.j2: rendered text, line 2: while parsing a block mapping, did not find expected key
      1 | data: …
      2 |  kind: …
      hint: one expression is one whole value: host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(told("kind: {{ value }}\n"), @"
    tenant/own.yaml.j2: an object without apiVersion
      hint: an object has apiVersion, kind, metadata.name and metadata.namespace: {{ names.namespace }}
    ");
}
