//! Which definitions call activities mean, as far as that was looked up since definitions were last deployed, deleted
//! or suspended. A decision sees one state of this; what it lacks is looked up before it is made again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::{DefinitionBinding, DefinitionReference, Definitions, ProcessDefinition, Resolution};
use query::{Condition, tables};
use types::ProcessDefinitionId;

use crate::definition_cache::{DefinitionCache, definition_rows};
use crate::error::Error;
use crate::lane::Pinned;
use crate::request::TenantChoice;
use crate::settings::Nodes;
use crate::shared::Shared;

/// References that are remembered; reaching it forgets all of them.
const REFERENCES_MAX: usize = 1_000;
/// Definitions that one command may have to wait for.
const LOOKUPS_PER_COMMAND_MAX: u32 = 2_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct CalledDefinitions {
    /// `None` where there is none.
    by_reference: BTreeMap<DefinitionReference, Option<ProcessDefinitionId>>,
    by_id: BTreeMap<ProcessDefinitionId, Arc<ProcessDefinition>>,
}

impl CalledDefinitions {
    pub(crate) fn by_id(&self, id: &ProcessDefinitionId) -> Option<&Arc<ProcessDefinition>> {
        self.by_id.get(id)
    }

    pub(crate) fn keep(&mut self, reference: DefinitionReference, definition: Option<Arc<ProcessDefinition>>) {
        if self.by_reference.len() >= REFERENCES_MAX {
            *self = CalledDefinitions::default();
        }
        self.by_reference.insert(reference, definition.as_ref().map(|definition| definition.id.clone()));
        self.by_id.extend(definition.map(|definition| (definition.id.clone(), definition)));
    }
}

/// Whether what was looked up is as new as the command that is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Other nodes may have deployed or deleted something since.
    Unknown,
    /// Nothing was changed before the command began that is not known here.
    Current,
}

/// The look-ups of one command.
#[derive(Debug)]
pub(crate) struct Lookups {
    count: u32,
    pub(crate) freshness: Freshness,
}

impl Lookups {
    pub(crate) fn on(nodes: Nodes) -> Lookups {
        let freshness = match nodes {
            Nodes::Alone => Freshness::Current,
            Nodes::Several => Freshness::Unknown,
        };
        Lookups { count: 0, freshness }
    }
}

/// What a decision knows.
pub(crate) struct KnownDefinitions<'k> {
    /// Of the instances that there are.
    pub(crate) pinned: &'k Pinned,
    pub(crate) called: &'k CalledDefinitions,
    /// Those that are about to be deleted: no instance of them begins.
    pub(crate) retired: &'k BTreeSet<ProcessDefinitionId>,
    pub(crate) freshness: Freshness,
}

impl Definitions for KnownDefinitions<'_> {
    fn by_id(&self, id: &ProcessDefinitionId) -> Option<&Arc<ProcessDefinition>> {
        self.pinned.0.iter().find(|definition| definition.id == *id).or_else(|| self.called.by_id(id))
    }

    fn resolve(&self, reference: &DefinitionReference) -> Resolution {
        let known = self.called.by_reference.get(reference);
        let is_fixed = known.is_some_and(Option::is_some) && reference.binding.is_fixed();
        if self.freshness == Freshness::Unknown && !is_fixed {
            return Resolution::NotLoaded;
        }
        match known {
            None => Resolution::NotLoaded,
            Some(None) => Resolution::Nothing,
            Some(Some(id)) if self.retired.contains(id) => Resolution::NotLoaded,
            Some(Some(id)) => self.called.by_id(id).cloned().map_or(Resolution::NotLoaded, Resolution::Definition),
        }
    }
}

impl Shared {
    /// For the next decision of a command. The first time it is only asked whether anything has changed: what was looked
    /// up before will do if not.
    pub(crate) async fn look_up(&self, reference: DefinitionReference, lookups: &mut Lookups) -> Result<(), Error> {
        if lookups.freshness == Freshness::Unknown {
            self.notice_changed_definitions().await?;
            lookups.freshness = Freshness::Current;
            return Ok(());
        }
        lookups.count += 1;
        if lookups.count > LOOKUPS_PER_COMMAND_MAX {
            let message = format!("one command calls more than {LOOKUPS_PER_COMMAND_MAX} different definitions");
            return Err(Error::rejected(engine::RejectionKind::LimitReached, message));
        }
        self.definitions.look_up(self, reference).await
    }
}

impl DefinitionCache {
    /// Looks up what a reference means, for the next decision.
    pub(crate) async fn look_up(&self, shared: &Shared, reference: DefinitionReference) -> Result<(), Error> {
        let epoch = self.epoch();
        let mut rows = definition_rows(shared, condition(&reference)).await?;
        // Camunda: a version tag that several definitions have names none of them.
        let row = rows.pop().filter(|_| rows.is_empty());
        let definition = match row {
            Some(row) => self.by_id(shared, &row.id).await?,
            None => None,
        };
        self.keep_called(epoch, reference, definition);
        Ok(())
    }
}

fn condition(reference: &DefinitionReference) -> Condition {
    let table = &tables::PROCESS_DEFINITION;
    let of_key = Condition::equal(table.col("key"), reference.key.as_ref());
    let tenant = match &reference.tenant_id {
        Some(tenant) => TenantChoice::Of(tenant.clone()),
        None => TenantChoice::None,
    };
    let of_tenant = tenant.condition(table.col("tenant_id"));
    match &reference.binding {
        DefinitionBinding::Latest => of_key.and(of_tenant).and(Condition::equal(table.col("is_latest"), 1)),
        DefinitionBinding::Version(version) => {
            of_key.and(of_tenant).and(Condition::equal(table.col("version"), i64::from(*version)))
        }
        DefinitionBinding::VersionTag(tag) => {
            of_key.and(of_tenant).and(Condition::equal(table.col("version_tag"), tag.as_ref()))
        }
        DefinitionBinding::Deployment(deployment) => {
            of_key.and(Condition::equal(table.col("deployment_id"), crate::row::id(deployment.0)))
        }
    }
}
