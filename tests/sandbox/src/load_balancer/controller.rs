//! The loop that reconciles groups.
//!
//! Source: `controllers/ingress/group_controller.go` and `controllers/ingress/eventhandlers`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::events::{Recorder, Report, Severity};
use super::group::{self, Group};
use super::world::{Key, World, finalizers, has_finalizer, is_terminating, key, text};
use super::writer::Writer;
use super::{Held, Message, bindings, model};
use crate::kubernetes;
use crate::watch::Change;

/// The first and the longest pause before a group that could not be reconciled is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

pub(crate) struct Controller {
    client: kube::Client,
    writer: Writer,
    world: World,
    held: Held,
    inbox: UnboundedSender<Message>,
    recorder: Recorder,
    /// How often in a row a group could not be reconciled.
    failures: BTreeMap<Group, u32>,
    /// The groups that a retry is under way for.
    retrying: BTreeSet<Group>,
}

/// What a batch of messages asks for.
#[derive(Default)]
struct Work {
    /// Ingresses that changed, or whose class did: each as it is now or was last.
    touched: Vec<Value>,
    groups: BTreeSet<Group>,
    /// Bindings that are being deleted.
    bindings: Vec<Value>,
}

impl Controller {
    pub(crate) fn new(client: kube::Client, held: Held, inbox: UnboundedSender<Message>) -> Self {
        let (recorder, writer) = (Recorder::new(client.clone()), Writer::new(client.clone()));
        Self {
            client,
            writer,
            world: World::default(),
            held,
            inbox,
            recorder,
            failures: BTreeMap::new(),
            retrying: BTreeSet::new(),
        }
    }

    pub(crate) async fn run(mut self, mut messages: UnboundedReceiver<Message>) {
        while let Some(message) = messages.recv().await {
            let mut work = Work::default();
            self.take(message, &mut work);
            while let Ok(message) = messages.try_recv() {
                self.take(message, &mut work);
            }
            self.work(work).await;
        }
    }

    fn take(&mut self, message: Message, work: &mut Work) {
        match message {
            Message::Ingress(change) => {
                let changes = self.world.ingresses.take(change);
                let matters = changes
                    .into_iter()
                    .filter(|(before, after)| matters(before.as_ref(), after.as_ref()));
                work.touched.extend(
                    matters
                        .flat_map(|(before, after)| [before, after])
                        .flatten(),
                );
            }
            Message::Class(change) => {
                for class in named(self.world.classes.take(change)) {
                    self.touch_class(&class, work);
                }
            }
            Message::Params(change) => {
                let params = named(self.world.params.take(change));
                let uses =
                    |class: &&Value| params.contains(text(&class["spec"]["parameters"]["name"]));
                let classes = self
                    .world
                    .classes
                    .values()
                    .filter(uses)
                    .map(|class| key(class).1);
                for class in classes.collect::<Vec<_>>() {
                    self.touch_class(&class, work);
                }
            }
            Message::Binding(change) => {
                let changes = self.world.bindings.take(change);
                let going = changes
                    .into_iter()
                    .filter_map(|(_, after)| after)
                    .filter(is_terminating);
                work.bindings
                    .extend(going.filter(|binding| has_finalizer(binding, bindings::FINALIZER)));
            }
            Message::Released(namespace) => {
                let of_namespace = |ingress: &&Value| key(ingress).0 == namespace;
                work.touched
                    .extend(self.world.ingresses.values().filter(of_namespace).cloned());
            }
            Message::Retry(group) => {
                self.retrying.remove(&group);
                work.groups.insert(group);
            }
        }
    }

    /// As if all Ingresses of a class had changed.
    fn touch_class(&self, class: &str, work: &mut Work) {
        let of_class = |ingress: &&Value| ingress["spec"]["ingressClassName"] == class;
        work.touched
            .extend(self.world.ingresses.values().filter(of_class).cloned());
    }

    async fn work(&mut self, mut work: Work) {
        for binding in work.bindings {
            let _ = self.writer.free_binding(&binding).await;
        }
        if work.touched.is_empty() && work.groups.is_empty() {
            return;
        }
        if let Ok(namespaces) = kubernetes::get(&self.client, "/api/v1/namespaces").await {
            let namespaces = namespaces["items"].as_array().cloned().unwrap_or_default();
            self.world.namespaces.take(Change::All(namespaces));
        }
        for ingress in work.touched.iter().filter(|ingress| !self.holds(ingress)) {
            work.groups
                .extend(group::wanted(&self.world, ingress).ok().flatten());
            work.groups.extend(group::pending(ingress));
        }
        for group in work.groups {
            match self.reconcile(&group).await {
                Ok(()) => drop(self.failures.remove(&group)),
                Err(_) => self.retry_later(group),
            }
        }
    }

    fn holds(&self, ingress: &Value) -> bool {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&key(ingress).0)
    }

    fn retry_later(&mut self, group: Group) {
        let failures = self.failures.entry(group.clone()).or_default();
        let pause = RETRY
            .0
            .saturating_mul(1 << (*failures).min(10))
            .min(RETRY.1);
        *failures += 1;
        if !self.retrying.insert(group.clone()) {
            return;
        }
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            // The controller is gone only when the sandbox is.
            let _ = inbox.send(Message::Retry(group));
        });
    }

    /// Finalizers first, then the model of the whole group, then status, and only then may members leave.
    async fn reconcile(&mut self, group: &Group) -> Result<()> {
        let finalizer = group.finalizer();
        for key in self.members(group)?.0 {
            self.set_finalizer(&key, &finalizer, true).await?;
        }
        let (active, leaving) = self.members(group)?;
        let host = match self.build(group)? {
            Ok(host) => host,
            Err(why) => {
                let message = format!("Failed build model due to {why}");
                self.record(&active, Severity::Warning, "FailedBuildModel", &message);
                anyhow::bail!("{why}");
            }
        };
        self.bind(group).await?;
        if let Some(host) = host {
            for key in &active {
                self.set_host(key, &host).await?;
            }
        }
        for key in leaving {
            self.set_finalizer(&key, &finalizer, false).await?;
        }
        self.record(
            &active,
            Severity::Normal,
            "SuccessfullyReconciled",
            "Successfully reconciled",
        );
        Ok(())
    }

    fn load(&self, group: &Group) -> Result<group::Members<'_>> {
        group::load(&self.world, group, |ingress| self.holds(ingress)).map_err(anyhow::Error::msg)
    }

    /// The keys of the active and of the leaving members.
    fn members(&self, group: &Group) -> Result<(Vec<Key>, Vec<Key>)> {
        let members = self.load(group)?;
        let keys = |ingresses: Vec<&Value>| ingresses.into_iter().map(key).collect();
        Ok((keys(members.active), keys(members.leaving)))
    }

    fn build(&self, group: &Group) -> Result<Result<Option<String>, String>> {
        Ok(model::build(&self.world, group, &self.load(group)?))
    }

    fn record(&mut self, members: &[Key], severity: Severity, reason: &str, message: &str) {
        let ingresses = members
            .iter()
            .filter_map(|key| self.world.ingresses.get(key))
            .collect::<Vec<_>>();
        self.recorder.record(
            &ingresses,
            &Report {
                severity,
                reason,
                message,
            },
        );
    }

    async fn set_finalizer(&mut self, key: &Key, finalizer: &str, present: bool) -> Result<()> {
        let Some(ingress) = self.world.ingresses.get(key) else {
            return Ok(());
        };
        if has_finalizer(ingress, finalizer) == present {
            return Ok(());
        }
        let kept = finalizers(ingress).filter(|other| *other != finalizer);
        let finalizers = kept.chain(present.then_some(finalizer)).collect::<Vec<_>>();
        let version = &ingress["metadata"]["resourceVersion"];
        let patch = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
        self.patch_ingress(key, "", &patch).await
    }

    async fn set_host(&mut self, key: &Key, host: &str) -> Result<()> {
        let Some(ingress) = self.world.ingresses.get(key) else {
            return Ok(());
        };
        let wanted = json!([{"hostname": host}]);
        if ingress["status"]["loadBalancer"]["ingress"] == wanted {
            return Ok(());
        }
        self.patch_ingress(
            key,
            "/status",
            &json!({"status": {"loadBalancer": {"ingress": wanted}}}),
        )
        .await
    }

    async fn patch_ingress(&mut self, key: &Key, subresource: &str, patch: &Value) -> Result<()> {
        let patched = self.writer.patch_ingress(key, subresource, patch).await?;
        // If somebody else changed it too, the watch shall tell the difference.
        if let Some(ingress) = patched
            && !matters(self.world.ingresses.get(key), Some(&ingress))
        {
            self.world.ingresses.set(ingress);
        }
        Ok(())
    }

    /// Makes the bindings that the group shall have and removes the others.
    async fn bind(&mut self, group: &Group) -> Result<()> {
        let mut desired = bindings::desired(&self.world, group, &self.load(group)?);
        let bindings = self
            .world
            .bindings
            .values()
            .filter(|binding| bindings::belongs(binding, group));
        let surplus = bindings
            .filter(|binding| desired.remove(&key(binding)).is_none())
            .cloned()
            .collect::<Vec<_>>();
        for binding in surplus {
            self.writer.remove_binding(&binding).await?;
            self.world.bindings.take(Change::Gone(binding));
        }
        for binding in desired.values() {
            if let Some(binding) = self.writer.create_binding(binding).await? {
                self.world.bindings.set(binding);
            }
        }
        Ok(())
    }
}

/// The names of cluster-wide objects that changed.
fn named(changes: Vec<(Option<Value>, Option<Value>)>) -> BTreeSet<String> {
    let objects = changes
        .into_iter()
        .flat_map(|(before, after)| [before, after])
        .flatten();
    objects.map(|object| key(&object).1).collect()
}

/// Whether a change of an Ingress is one that its group is reconciled for: a new one, a gone one, another spec, other
/// annotations, or the begin of its deletion.
fn matters(before: Option<&Value>, after: Option<&Value>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return true;
    };
    before["spec"] != after["spec"]
        || before["metadata"]["annotations"] != after["metadata"]["annotations"]
        || is_terminating(before) != is_terminating(after)
        || text(&before["metadata"]["uid"]) != text(&after["metadata"]["uid"])
}
