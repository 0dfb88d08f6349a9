//! A quota that comes to allow less: it is written when the pods are as they are to be. Before, those that still run would
//! take all the room of those that are to replace them, and none could start.

use serde_json::Value;

use super::{Action, Plan, Step, Update};
use crate::quantity::Quantity;

/// Takes the steps out that make a quota allow less, and nothing more, where pods are waited for.
pub(super) fn take_out(plan: &mut Plan, ready: bool) -> Vec<Step> {
    if !ready {
        return Vec::new();
    }
    let narrows = |step: &Step| matches!(&step.action, Action::Update(update) if narrows(update));
    let (narrower, steps) = std::mem::take(&mut plan.steps)
        .into_iter()
        .partition(narrows);
    plan.steps = steps;
    narrower
}

fn narrows(update: &Update) -> bool {
    let [wanted, live] = [&update.wanted, &update.live].map(|object| &object.tree["spec"]["hard"]);
    let quantity = |value: &Value| Quantity::try_from(value.clone()).ok();
    let no_more = |(resource, room): (&String, &Value)| {
        let less = quantity(&wanted[resource]).zip(quantity(room));
        less.is_some_and(|(wanted, live)| wanted.milli() <= live.milli())
    };
    let is_quota = update.wanted.id().is("", "ResourceQuota");
    let room = live.as_object().filter(|_| is_quota);
    room.is_some_and(|room| room.iter().all(no_more))
}
