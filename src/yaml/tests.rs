use proptest::{collection, prelude::*};
use serde_json::{Map, Value};

use super::{print, read_stream};

/// Trees as Kubernetes objects are: maps and lists of texts, numbers, booleans.
fn tree() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        // What YAML 1.1 or 1.2 would read as something else, or not at all.
        "[-~=&*!|>%@`?:,{}\\[\\]#'\"<. 0-9eExXo_yYnNtTfF\n\t\u{85}\u{2028}\u{2029}\u{feff}]{0,12}",
        proptest::sample::select(vec![
            "yes",
            "no",
            "on",
            "off",
            "y",
            "n",
            "null",
            "~",
            "",
            "=",
            "<<",
            "0644",
            "1_000",
            "0x1f",
            "1e3",
            "12:30:45",
            "2001-01-01",
            ".inf",
            ".nan",
            "-",
            "---",
            "...",
            "{{ x }}",
            "%YAML 1.2",
            "true",
            "TRUE",
            "Null",
            " a",
            "a ",
        ])
        .prop_map(String::from),
        "\\PC{0,120}",
        "(?s).{0,8}",
    ];
    let leaf = prop_oneof![
        4 => text.prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof!["[-~=<yn0-9:# \u{2028}]{1,8}", "[a-z./]{1,20}"];
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            collection::btree_map(key, inner, 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(crate::testing::same_cases())]

    #[test]
    fn what_is_printed_reads_back_unchanged(tree in tree()) {
        let text = print(&tree).unwrap();
        prop_assert!(text.starts_with("---\n") && text.ends_with('\n'));
        let read = read_stream(&text).unwrap();
        // A stream's empty documents are skipped.
        let expected = if tree.is_null() { vec![] } else { vec![tree] };
        prop_assert_eq!(read, expected, "{}", text);
    }

    #[test]
    fn a_stream_of_documents_stays_apart(trees in collection::vec(tree(), 1..4)) {
        let trees: Vec<Value> = trees.into_iter().filter(|tree| !tree.is_null()).collect();
        let text: String = trees.iter().map(|tree| print(tree).unwrap()).collect();
        prop_assert_eq!(read_stream(&text).unwrap(), trees, "{}", text);
    }
}
