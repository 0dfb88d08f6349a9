//! A Secret in the one form that the API server keeps: `stringData` is only for writing, so nothing could be compared
//! with it, and what is wrong is said here, since the API server would repeat the value.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

use crate::{
    error::{Error, Result},
    object::Object,
};

/// As strict as the API server, which is Go.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Puts what is in `stringData` into `data`, where it goes before what is there. Other objects stay as they are.
///
/// # Errors
/// Usage, with the place and the key, for what is no text, and for `data` that is no base64. The value is never said.
pub(super) fn settle(object: &mut Object, at: &str) -> Result<()> {
    if !object.id().is("", "Secret") {
        return Ok(());
    }
    let mut data = texts(object, "data", at)?;
    for (key, value) in &mut data {
        let text = value.as_str().unwrap_or_default().replace(['\n', '\r'], "");
        let Ok(bytes) = BASE64.decode(text) else {
            return Err(wrong(object, at, &format!("data.{key} is no base64"))
                .hint("text goes into stringData as it is"));
        };
        *value = BASE64.encode(bytes).into();
    }
    for (key, value) in texts(object, "stringData", at)? {
        let text = value.as_str().unwrap_or_default();
        data.insert(key, BASE64.encode(text).into());
    }
    if let Some(tree) = object.tree.as_object_mut() {
        tree.shift_remove("stringData");
    }
    if !data.is_empty() {
        data.sort_keys();
        object.tree["data"] = data.into();
    }
    Ok(())
}

/// A map of texts; empty where there is none.
fn texts(object: &Object, field: &str, at: &str) -> Result<Map<String, Value>> {
    let map = match object.tree.get(field) {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(wrong(object, at, &format!("{field} is no map"))),
    };
    match map.iter().find(|(_, value)| !value.is_string()) {
        Some((key, _)) => Err(wrong(object, at, &format!("{field}.{key} is no text"))
            .hint("quote it; in a template: {{ … | string }}")),
        None => Ok(map.clone()),
    }
}

fn wrong(object: &Object, at: &str, what: &str) -> Error {
    Error::usage(format!("{at}: {}: {what}", object.id()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::object;

    fn settled(mut more: Value) -> Result<Value> {
        more["apiVersion"] = "v1".into();
        more["kind"] = "Secret".into();
        more["metadata"] = json!({"name": "own", "namespace": "mcp-acme"});
        let mut secret = object(more);
        settle(&mut secret, "own.yaml.j2")?;
        assert!(secret.tree.get("stringData").is_none());
        Ok(secret.tree["data"].take())
    }

    #[test]
    fn it_has_the_form_that_the_api_server_keeps() {
        let both = json!({"data": {"b": "aHVz\naA==\n", "a": "b2xk"}, "stringData": {"a": "hush", "c": ""}});
        assert_eq!(
            settled(both).ok(),
            Some(json!({"a": "aHVzaA==", "b": "aHVzaA==", "c": ""}))
        );
        assert_eq!(
            settled(json!({"data": {"a": "aHVzaB=="}})).ok(),
            Some(json!({"a": "aHVzaA=="}))
        );
        assert_eq!(settled(json!({"data": null})).ok(), Some(Value::Null));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        for (more, what) in [
            (
                json!({"stringData": {"pin": 4711}}),
                "stringData.pin is no text",
            ),
            (json!({"data": {"pin": 4711}}), "data.pin is no text"),
            (json!({"data": {"pin": null}}), "data.pin is no text"),
            (json!({"data": ["4711"]}), "data is no map"),
            (json!({"data": {"pin": "4711!"}}), "data.pin is no base64"),
            (json!({"data": {"pin": "47114"}}), "data.pin is no base64"),
        ] {
            let error = settled(more).expect_err(what).to_string();
            let start = format!("own.yaml.j2: Secret mcp-acme/own: {what}");
            assert!(
                error.starts_with(&start) && !error.contains("4711"),
                "{error}"
            );
        }
    }
}
