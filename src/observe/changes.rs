//! Hears of changes in a tenant's namespace.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{
    Stream, StreamExt,
    future::try_join_all,
    stream::{self, LocalBoxStream},
};

use crate::{
    backend::{Kubernetes, Reason, WatchEvent},
    error::{Error, Result},
    object::own_kind,
};

/// Changes come in bursts, a rollout's for one; they are taken together.
const BURST: Duration = Duration::from_millis(300);

/// Watches on a namespace and on what is in it.
pub struct Changes {
    events: Events,
    /// What the caller may not watch, each as a sentence.
    pub denied: Vec<String>,
}

type Events = LocalBoxStream<'static, WatchEvent>;

impl Changes {
    /// Starts to watch a namespace, objects of these kinds in it, and pods, target groups and events. Kinds that the
    /// cluster does not serve do not change, and what the caller may only read is not followed.
    ///
    /// # Errors
    /// What the API server answered; the namespace itself must be followed.
    pub async fn of(
        kubernetes: &Kubernetes,
        namespace: &str,
        kinds: &BTreeSet<(String, String)>,
    ) -> Result<Self> {
        let also = [
            ("", "Pod"),
            ("", "Event"),
            ("elbv2.k8s.aws", "TargetGroupBinding"),
        ];
        let also = also.map(|(group, kind)| (group.to_string(), kind.to_string()));
        let all: BTreeSet<_> = kinds.iter().cloned().chain(also).collect();
        let known = all
            .iter()
            .filter_map(|(group, kind)| kubernetes.kind(group, kind));
        let watches = known.filter(|kind| kind.namespaced).map(async |kind| {
            match kubernetes.watch(&kind, namespace, None, "").await {
                Ok(events) => Ok(Ok(to_its_end(events))),
                Err(error) if error.is_absent() => Ok(Ok(stream::pending().boxed_local())),
                Err(error) if error.reason == Reason::Forbidden => {
                    Ok(Err(format!("not followed: {error}")))
                }
                Err(error) => Err(Error::from(error)),
            }
        });
        let (mut all, mut denied) = (Vec::<Events>::new(), Vec::new());
        for watch in try_join_all(watches).await? {
            match watch {
                Ok(events) => all.push(events),
                Err(why) => denied.push(why),
            }
        }
        let itself = kubernetes.watch(own_kind("", "Namespace"), "", Some(namespace), "");
        all.push(to_its_end(itself.await.map_err(Error::from)?));
        Ok(Self {
            events: stream::select_all(all).boxed_local(),
            denied,
        })
    }

    /// Waits for the next changes. False when a watch has ended, and all have to start anew.
    pub async fn next(&mut self) -> bool {
        if !self.is_change().await {
            return false;
        }
        let burst = tokio::time::sleep(BURST);
        tokio::pin!(burst);
        loop {
            tokio::select! {
                () = &mut burst => return true,
                change = self.is_change() => if !change { return false },
            }
        }
    }

    async fn is_change(&mut self) -> bool {
        matches!(
            self.events.next().await,
            Some(WatchEvent::Present(_) | WatchEvent::Gone(_))
        )
    }
}

/// The API server closes every watch after some minutes; of several, the first end must show.
fn to_its_end(events: impl Stream<Item = WatchEvent> + 'static) -> Events {
    events
        .chain(stream::once(std::future::ready(WatchEvent::Ended)))
        .boxed_local()
}
