use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Set, Template};

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
    let rendered = Set::new(vec![template])
        .render(context)
        .map_err(|error| error.to_string())?;
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
      hint: filters, tests and functions are MiniJinja's: https://docs.rs/minijinja/latest/minijinja/
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: {{ value | safe }}\n"), @"
    tenant/own.yaml.j2:2: unknown filter: filter safe is unknown
      in `safe`
      hint: leave it out: an expression is printed as one whole value, whatever it holds; as JSON text it is {{ value | tojson }}
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: {% if value %}\n"), @"
    tenant/own.yaml.j2:2: syntax error: unexpected end of input, expected end of block
      in `%}`
      hint: the language is Jinja's: {{ value }}, {% if … %} … {% endif %}, {% for … in … %} … {% endfor %}
    ");
    insta::assert_snapshot!(told("apiVersion: v1\nkind: a-{{ value }}\n"), @"
    tenant/own.yaml.j2:2: an expression is part of a longer value
      kind: a-{{ value }}
      hint: one expression is one whole value: host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(told("data: {{ value }}\n kind: x\n"), @"
    tenant/own.yaml.j2:2: mapping values are not allowed in this context, in line 2 of what it makes
      1 | data: {{ … }}
      2 |  kind: x
      hint: the text around expressions is YAML as it stands; an expression is one whole value, a map or a list too: env: {{ spec.env }}, host: {{ name ~ '.example.com' }}
    ");
    insta::assert_snapshot!(told("kind: {{ value }}\n"), @"
    tenant/own.yaml.j2: an object without apiVersion
      hint: an object has apiVersion, kind, metadata.name and metadata.namespace: {{ names.namespace }}
    ");
}

/// Places where text that a value brings along could break out. Whatever holds one is refused, or whole.
#[test]
fn a_value_is_whole_or_refused_wherever_a_template_puts_it() {
    let places = [
        "h: {{ x }}",
        "h: [{{ x }}, b]",
        "h: {a: {{ x }}}",
        "h: [{{ x\n}}]",
        "h:\n  {{ x }}",
        "h:\n- {{ x }}\n-\n  {{ x }}",
        "h:\n  {{- x }}",
        "h: {% set t %}{{ x }}{% endset %}{{ t }}",
        "{% macro m(v) %}{{ v }}{% endmacro %}h: {{ m(x) }}",
        "h: {% filter upper %}{{ x }}{% endfilter %}",
        "{% autoescape false %}\nh: {{ x }}\n{% endautoescape %}",
        "h: {{ [x, x] }}",
        "h: {{ x | escape }}",
        "h: {{ {\"a\": x} }}",
        "h: &{{ x }} a",
        "# {{ x }}\nh: a",
        // Refused.
        "h: {{ x }}.com",
        "h: \"{{ x }}\"",
        "h: a{{ x }}",
        "h: {{ x }}{{ x }}",
        "h: {{ x }} {{ x }}",
        "h: '\n{{ x }}\n'",
        "h: \"x\n  {{ x }}\n\"",
        "h: '-\n  {{ x }}'",
        "h: |\n  {{ x }}",
        "h: x\n  {{ x }}",
        "h: *{{ x }}",
        "h: !{{ x }} a",
        "h: {% set t %}a: {{ x }}{% endset %}{{ [t] }}",
        "{% macro m(v) %}{{ v }}{% endmacro %}h: {{ m(x) ~ x }}",
        "h: {{ x | safe }}",
    ];
    let values = [
        "a\nkind: Secret",
        "\"]}\n---\n",
        "': {",
        "*a",
        "|",
        "# b",
        "\u{e000}0\u{e001}",
    ];
    let (mut whole, mut refused) = (0, 0);
    for place in places {
        for value in values {
            let source = format!("apiVersion: v1\nkind: M\nmetadata: {{name: m}}\n{place}\n");
            let Ok(objects) = rendered(source.leak(), &json!({"x": value})) else {
                refused += 1;
                continue;
            };
            let object = objects[0].as_object().expect("a map");
            assert_eq!((objects.len(), object.len()), (1, 4), "{place} {objects:?}");
            assert!(is_whole(&object["h"], value), "{place} {objects:?}");
            whole += 1;
        }
    }
    // The value that looks like a placeholder is refused too, but where YAML leaves it out: an anchor, a comment.
    assert_eq!((whole, refused), (16 * 6 + 2, 15 * 7 + 16 - 2));
}

fn is_whole(tree: &Value, value: &str) -> bool {
    match tree {
        Value::String(text) => text == value || text == "a" || text == "b",
        Value::Array(items) => items.iter().all(|item| is_whole(item, value)),
        Value::Object(map) => map
            .iter()
            .all(|(key, tree)| key == "a" && is_whole(tree, value)),
        _ => false,
    }
}

#[test]
fn a_key_is_text_and_is_there_once() {
    let context = json!({"key": "a", "number": 1});
    let told = |source| rendered(source, &context).expect_err("a fault");
    insta::assert_snapshot!(told("data:\n  a: 1\n  {{ key }}: 2\n"), @"
    tenant/own.yaml.j2:3: the key is there already
      {{ key }}: 2
    ");
    insta::assert_snapshot!(told("data:\n  {{ number }}: 2\n"), @"
    tenant/own.yaml.j2:2: a key is text
      {{ number }}: 2
    ");
}

#[test]
fn json_as_text_is_a_value_like_any_other() {
    let source = "apiVersion: v1\nkind: M\nmetadata: {name: m}\nh: {{ x | tojson }}\nt: {{ (x | tojson) ~ (x | tojson) }}\n";
    let objects = rendered(source, &json!({"x": {"a": [1, "b"]}})).expect("an object");
    assert_eq!(objects[0]["h"], r#"{"a":[1,"b"]}"#);
    assert_eq!(objects[0]["t"], r#"{"a":[1,"b"]}{"a":[1,"b"]}"#);
}

#[test]
fn tenants_that_differ_in_values_are_read_once() {
    let template = Template {
        name: "own".into(),
        source: "apiVersion: v1\nkind: M\nmetadata:\n  name: {{ x }}\n{% if x == 'c' %}\nmore: {{ x }}\n{% endif %}\n".into(),
    };
    let set = Set::new(vec![template]);
    for name in ["a", "b", "c", "a"] {
        let rendered = set.render(&json!({"x": name})).expect("an object");
        assert_eq!(rendered[0].object.id().name, name);
    }
    assert_eq!(set.0.read.lock().expect("the texts").len(), 2);
}
