//! What happens outside once a change set is durable: the core's effects, with what polls need to know of a task.

use std::sync::Arc;

use engine::record::ExternalTask;
use engine::{ChangeSet, Effect, TableChange};
use store::work::{ClaimTenants, TaskKey};
use store::{ClaimTopic, News};
use types::{ProcessDefinitionId, Timestamp};

use crate::settings::{JobExecutor, Nodes};
use crate::shared::Shared;

#[derive(Debug)]
pub(crate) enum PendingEffect {
    ExternalTaskFetchable { topic: Arc<str>, from: Timestamp, traits: Option<TaskTraits> },
    JobDue { at: Timestamp },
}

/// What the filters of a poll look at, but for variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskTraits {
    pub(crate) key: TaskKey,
    pub(crate) definition_id: ProcessDefinitionId,
    pub(crate) definition_key: Arc<str>,
    pub(crate) definition_version_tag: Option<Arc<str>>,
    pub(crate) business_key: Option<Arc<str>>,
    pub(crate) tenant_id: Option<Arc<str>>,
}

impl Shared {
    pub(crate) fn run_effects(&self, effects: Vec<PendingEffect>) {
        for effect in effects {
            match effect {
                PendingEffect::ExternalTaskFetchable { topic, from, traits } => {
                    self.polls.task_fetchable(&topic, from, self.now(), traits);
                }
                PendingEffect::JobDue { at } => self.job_due(at),
            }
        }
    }
}

impl Shared {
    /// A job can be run from then on.
    fn job_due(&self, at: Timestamp) {
        self.job_alarm.set(at);
        let runs_elsewhere = self.settings.job_executor == JobExecutor::Off && self.settings.nodes == Nodes::Several;
        if runs_elsewhere && at <= self.now() {
            self.store.announce(News::JobsDue);
        }
    }
}

/// Finds the tasks that the effects of a change set tell of. Each effect tells of one.
pub(crate) fn pending(effects: Vec<Effect>, change_set: &ChangeSet) -> Vec<PendingEffect> {
    let mut tasks: Vec<&ExternalTask> = change_set
        .external_tasks
        .iter()
        .filter_map(|change| match change {
            TableChange::Insert(task) | TableChange::Update(task) => Some(&**task),
            TableChange::Delete(_) => None,
        })
        .collect();
    let pending = effects.into_iter().map(|effect| match effect {
        Effect::ExternalTaskFetchable { topic, from } => {
            let found = tasks.iter().position(|task| task.topic == topic && task.fetchable_from() == Some(from));
            let task = found.map(|at| tasks.swap_remove(at));
            // Without a lock it can be fetched at once, even where the clock was set back to before its creation.
            let from = if task.is_some_and(|task| task.lock_expiration.is_none()) { Timestamp(0) } else { from };
            let traits = task.map(TaskTraits::of);
            PendingEffect::ExternalTaskFetchable { topic, from, traits }
        }
        Effect::JobDue { at } => PendingEffect::JobDue { at },
    });
    pending.collect()
}

impl TaskTraits {
    pub(crate) fn of(task: &ExternalTask) -> TaskTraits {
        TaskTraits {
            key: TaskKey { create_time: task.create_time, id: task.id },
            definition_id: task.definition_id.clone(),
            definition_key: task.definition_key.clone(),
            definition_version_tag: task.definition_version_tag.clone(),
            business_key: task.business_key.clone(),
            tenant_id: task.tenant_id.clone(),
        }
    }

    /// False if the store would certainly not hand out the task for these filters.
    pub(crate) fn may_match(&self, filters: &ClaimTopic) -> bool {
        let named = |names: &[Arc<str>], name: &str| names.is_empty() || names.iter().any(|known| **known == *name);
        let pattern = |pattern: &str| pattern.contains(['%', '_', '\\']);
        let version_tag = filters.definition_version_tag.as_deref();
        let tenant = match &filters.tenants {
            ClaimTenants::Any => true,
            ClaimTenants::None => self.tenant_id.is_none(),
            ClaimTenants::OneOf(tenants) => self.tenant_id.as_ref().is_some_and(|tenant| tenants.contains(tenant)),
        };
        tenant
            && filters.business_key.as_ref().is_none_or(|key| self.business_key.as_ref() == Some(key))
            && named(&filters.definition_ids, self.definition_id.as_str())
            && named(&filters.definition_keys, &self.definition_key)
            && version_tag.is_none_or(|tag| pattern(tag) || self.definition_version_tag.as_deref() == Some(tag))
    }
}

#[cfg(test)]
mod tests {
    use store::work::ClaimVariables;

    use super::*;

    fn any() -> ClaimTopic {
        ClaimTopic {
            name: "t".into(),
            lock_duration_ms: 1,
            business_key: None,
            definition_ids: Vec::new(),
            definition_keys: Vec::new(),
            definition_version_tag: None,
            tenants: ClaimTenants::Any,
            process_variables: Vec::new(),
            variables: ClaimVariables { names: None, is_local_only: false },
        }
    }

    #[test]
    fn filters_rule_out_what_the_store_would_not_hand_out() {
        let task = TaskTraits {
            key: TaskKey { create_time: Timestamp(1), id: types::Uuid(1).into() },
            definition_id: "order:1:uuid".into(),
            definition_key: "order".into(),
            definition_version_tag: Some("v1.0".into()),
            business_key: Some("b".into()),
            tenant_id: None,
        };
        let text = |text: &str| Some(Arc::from(text));
        for (filters, expected) in [
            (any(), true),
            (ClaimTopic { business_key: text("b"), ..any() }, true),
            (ClaimTopic { business_key: text("c"), ..any() }, false),
            (ClaimTopic { definition_keys: vec!["x".into(), "order".into()], ..any() }, true),
            (ClaimTopic { definition_keys: vec!["x".into()], ..any() }, false),
            (ClaimTopic { definition_ids: vec!["order:2:uuid".into()], ..any() }, false),
            (ClaimTopic { definition_version_tag: text("v1.0"), ..any() }, true),
            (ClaimTopic { definition_version_tag: text("v2"), ..any() }, false),
            (ClaimTopic { definition_version_tag: text("v%"), ..any() }, true),
            (ClaimTopic { tenants: ClaimTenants::None, ..any() }, true),
            (ClaimTopic { tenants: ClaimTenants::OneOf(vec!["t1".into()]), ..any() }, false),
        ] {
            assert_eq!(task.may_match(&filters), expected, "{filters:?}");
        }
    }
}
