//! Whether there is such an object, without reading all of them.

use super::{Answer, Kubernetes, collection, wire::query};
use crate::object::KnownKind;

impl Kubernetes {
    /// Whether an object of the kind has these labels; in one namespace or, without one, in all.
    ///
    /// # Errors
    /// What the API server answered.
    pub async fn exists(&self, kind: &KnownKind, namespace: &str, selector: &str) -> Answer<bool> {
        let call = format!("look for {} with {selector}", kind.plural);
        let query = query(&[("limit", "1"), ("labelSelector", selector)]);
        let path = format!("{}?{query}", collection(kind, namespace));
        let page = self.send("GET", &path, None, &call).await?;
        let items = page["items"].as_array();
        Ok(items.is_some_and(|items| !items.is_empty()))
    }
}
