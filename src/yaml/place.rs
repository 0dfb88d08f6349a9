//! Where in a document a value stands.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_yaml::Spanned;

use super::options;

/// Line and column of the value that these keys lead to; of a list, a key is the number of the item. Nothing where the
/// document has no such value.
pub fn place(text: &str, keys: &[&str]) -> Option<(usize, usize)> {
    let mut node: Spanned<Node> = serde_yaml::from_str_with_options(text, options()).ok()?;
    for key in keys {
        node = match node.value {
            Node::Map(mut fields) => fields.remove(*key)?,
            Node::List(mut items) => {
                let index = key.parse().ok().filter(|index| *index < items.len())?;
                items.swap_remove(index)
            }
            Node::Scalar => return None,
        };
    }
    let number = |number| usize::try_from(number).ok();
    number(node.referenced.line()).zip(number(node.referenced.column()))
}

/// The shape of a value.
enum Node {
    Map(BTreeMap<String, Spanned<Node>>),
    List(Vec<Spanned<Node>>),
    Scalar,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(yaml: D) -> Result<Self, D::Error> {
        yaml.deserialize_any(Shape)
    }
}

struct Shape;

impl<'de> Visitor<'de> for Shape {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            fields.insert(key, value);
        }
        Ok(Node::Map(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# A comment.
spec:
  replicas: 2
  image: null
  labels: {team: a, 'a.b/c': 0644}
  env:
    - name: A
      value: |
        several
        lines
    - &b {name: B, value: 1.5}
    - *b
  big: 99999999999999999999
  no:
";

    #[test]
    fn every_value_has_its_place() {
        for (keys, expected) in [
            ("spec", (3, 3)),
            ("spec replicas", (3, 13)),
            ("spec image", (4, 10)),
            ("spec labels team", (5, 18)),
            ("spec labels a.b/c", (5, 30)),
            ("spec env 0 value", (9, 9)),
            ("spec env 1 value", (11, 27)),
            ("spec env 2", (12, 7)),
            ("spec big", (13, 8)),
        ] {
            let keys: Vec<&str> = keys.split(' ').collect();
            assert_eq!(place(TEXT, &keys), Some(expected), "{keys:?}");
        }
        for keys in [
            "spec port",
            "spec replicas x",
            "spec env 3",
            "spec env name",
        ] {
            let keys: Vec<&str> = keys.split(' ').collect();
            assert_eq!(place(TEXT, &keys), None, "{keys:?}");
        }
        assert_eq!(place("[", &["a"]), None);
    }
}
