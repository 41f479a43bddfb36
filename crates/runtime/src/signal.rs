//! Signals: to everything that waits for one, or to one execution.

use std::sync::Arc;

use engine::RejectionKind;
use engine::record::EventType;
use query::{Condition, Direction, Join, JoinKind, Select, tables};
use types::ExecutionId;

use crate::command::in_own_task;
use crate::error::Error;
use crate::request::{Signal, TenantChoice};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::unit::SignalReceiver;

/// Receivers of one signal.
const RECEIVERS_MAX: u64 = 50_000;

/// Whose waits a signal reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SignalScope {
    All,
    WithoutTenant,
    Tenant(Arc<str>),
    TenantAndWithout(Arc<str>),
}

impl SignalScope {
    /// Camunda: what an instance of a tenant throws reaches what belongs to no tenant too.
    pub(crate) fn thrown_by(tenant_id: Option<&Arc<str>>) -> SignalScope {
        tenant_id.map_or(SignalScope::WithoutTenant, |tenant| SignalScope::TenantAndWithout(tenant.clone()))
    }

    fn sent_to(tenant: Option<&TenantChoice>) -> SignalScope {
        match tenant {
            None | Some(TenantChoice::Any) => SignalScope::All,
            Some(TenantChoice::None) => SignalScope::WithoutTenant,
            Some(TenantChoice::Of(tenant)) => SignalScope::Tenant(tenant.clone()),
        }
    }

    fn condition(&self, column: query::ColumnRef) -> Condition {
        match self {
            SignalScope::All => Condition::EVERYTHING,
            SignalScope::WithoutTenant => Condition::is_null(column),
            SignalScope::Tenant(tenant) => Condition::equal(column, tenant.as_ref()),
            SignalScope::TenantAndWithout(tenant) => {
                Condition::Any(vec![Condition::is_null(column), Condition::equal(column, tenant.as_ref())])
            }
        }
    }
}

impl Shared {
    pub(crate) async fn throw_signal(self: &Arc<Self>, signal: Signal) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let receivers = match signal.execution_id {
                Some(execution) => shared.waiting_execution(&signal.name, execution).await?,
                None => shared.signal_receivers(&signal.name, &SignalScope::sent_to(signal.tenant.as_ref())).await?,
            };
            let work = receivers.iter().map(|receiver| shared.signal_work(receiver, &signal.variables, None)).collect();
            shared.run_together(work).await.map(|_| ())
        })
        .await
    }

    /// Executions that wait first, in order of their waits, then start events.
    pub(crate) async fn signal_receivers(&self, name: &str, scope: &SignalScope) -> Result<Vec<SignalReceiver>, Error> {
        let subscriptions = &tables::EVENT_SUBSCRIPTION;
        let of_scope = scope.condition(subscriptions.col("tenant_id"));
        let mut receivers = self.waiting_for_signal(name, of_scope.clone()).await?;
        let named = Condition::equal(subscriptions.col("event_name"), name);
        let starts = self.waiting_starts(EventType::Signal, named.and(of_scope)).await?;
        receivers.extend(starts.into_iter().map(SignalReceiver::StartEvent));
        Ok(receivers)
    }

    async fn waiting_execution(&self, name: &str, execution: ExecutionId) -> Result<Vec<SignalReceiver>, Error> {
        let execution_id = tables::EVENT_SUBSCRIPTION.col("execution_id");
        let found = self.waiting_for_signal(name, Condition::equal(execution_id, row::id(execution.0))).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let executions = &tables::EXECUTION;
        let this = Condition::equal(executions.col("id"), row::id(execution.0));
        Err(match self.count(&Select::all(executions.source()).filter(this)).await? {
            0 => Error::rejected(RejectionKind::NullValue, format!("no execution with id `{execution}`")),
            _ => Error::not_found("wait for the signal in execution", execution),
        })
    }

    async fn waiting_for_signal(&self, name: &str, which: Condition) -> Result<Vec<SignalReceiver>, Error> {
        let (subscriptions, instances) = (&tables::EVENT_SUBSCRIPTION, &tables::PROCESS_INSTANCE);
        let mut select = Select::all(subscriptions.source())
            .filter(Condition::equal(subscriptions.col("event_type"), EventType::Signal.name()))
            .filter(Condition::equal(subscriptions.col("event_name"), name))
            .filter(Condition::equal(instances.col("is_suspended"), 0))
            .filter(which)
            .order_by(subscriptions.col("create_time"), Direction::Ascending)
            .order_by(subscriptions.col("id"), Direction::Ascending)
            .limit(RECEIVERS_MAX + 1);
        select.joins = vec![Join {
            kind: JoinKind::Inner,
            source: instances.source(),
            on: vec![(instances.col("id"), subscriptions.col("process_instance_id"))],
        }];
        select.columns = vec![subscriptions.col("id").into(), instances.col("root_process_instance_id").into()];
        let rows = self.rows(&select).await?;
        if rows.len() as u64 > RECEIVERS_MAX {
            let text = format!("more than {RECEIVERS_MAX} executions wait for the signal `{name}`");
            return Err(Error::rejected(RejectionKind::LimitReached, text));
        }
        rows.into_iter()
            .map(|row| {
                let mut cells = Cells::of(row);
                let subscription_id = cells.id()?;
                Ok(SignalReceiver::Execution { subscription_id, root: cells.id()? })
            })
            .collect()
    }
}
