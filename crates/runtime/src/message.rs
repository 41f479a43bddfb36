//! Message correlation: finds the executions that wait for a message, and has their lanes deliver it.

use std::sync::Arc;

use engine::record::EventType;
use engine::{Command, Rejection, RejectionKind, Reply};
use query::{ColumnRef, Condition, Direction, Join, JoinKind, Select, SqlValue, Table, column, tables};
use types::{EventSubscriptionId, ProcessInstanceId, VariableValue};

use crate::command::in_own_task;
use crate::error::Error;
use crate::lane::LaneWork;
use crate::request::{Correlated, MessageCorrelation, MessageReach};
use crate::row::{self, Cells};
use crate::shared::Shared;
use crate::start_event::WaitingStart;

/// Receivers of one message to all.
const RECEIVERS_MAX: u64 = 50_000;
/// How often receivers are looked for again because one has gone meanwhile.
const ATTEMPTS_MAX: u32 = 10;

struct Receiver {
    subscription_id: EventSubscriptionId,
    root: ProcessInstanceId,
}

impl Shared {
    pub(crate) async fn correlate_message(
        self: &Arc<Self>,
        message: MessageCorrelation,
    ) -> Result<Vec<Correlated>, Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            shared.deliver(message).await
        })
        .await
    }

    /// Within a task that nobody drops.
    pub(crate) async fn deliver(self: &Arc<Self>, message: MessageCorrelation) -> Result<Vec<Correlated>, Error> {
        for _ in 0..ATTEMPTS_MAX {
            let receivers = self.receivers(&message).await?;
            let delivered = match message.reach {
                MessageReach::One => self.deliver_to_one(&message, receivers).await,
                MessageReach::All => self.deliver_to_all(&message, receivers).await,
            };
            match delivered {
                Err(Error::Rejected(Rejection { kind: RejectionKind::NotFound, .. })) => {}
                other => return other,
            }
        }
        Err(Error::OptimisticLocking { attempts: ATTEMPTS_MAX })
    }

    async fn deliver_to_one(
        self: &Arc<Self>,
        message: &MessageCorrelation,
        receivers: Vec<Receiver>,
    ) -> Result<Vec<Correlated>, Error> {
        if receivers.is_empty() {
            return self.start_by_message(message).await;
        }
        let [receiver] = receivers.as_slice() else {
            let count = receivers.len();
            let text = format!("{count} executions wait for the message `{}` and match", message.name);
            return Err(Error::rejected(RejectionKind::MismatchingMessageCorrelation, text));
        };
        let reply = self.run(&self.lanes.pin(receiver.root), &delivery(message, receiver)).await?;
        Ok(vec![correlated(reply)?])
    }

    /// All of them or none.
    async fn deliver_to_all(
        self: &Arc<Self>,
        message: &MessageCorrelation,
        receivers: Vec<Receiver>,
    ) -> Result<Vec<Correlated>, Error> {
        let work = self.work_of_all(message, receivers).await?;
        self.run_together(work).await?.into_iter().map(correlated).collect()
    }

    /// What a message to all leads to.
    pub(crate) async fn message_work(
        &self,
        message: &MessageCorrelation,
    ) -> Result<Vec<(ProcessInstanceId, LaneWork)>, Error> {
        self.work_of_all(message, self.receivers(message).await?).await
    }

    async fn work_of_all(
        &self,
        message: &MessageCorrelation,
        receivers: Vec<Receiver>,
    ) -> Result<Vec<(ProcessInstanceId, LaneWork)>, Error> {
        let mut work: Vec<_> = receivers.iter().map(|receiver| (receiver.root, delivery(message, receiver))).collect();
        for start in self.message_starts(message).await? {
            work.push(self.start_with_message(&start, message));
        }
        Ok(work)
    }

    /// Nobody waits for the message, but it may start a process.
    async fn start_by_message(self: &Arc<Self>, message: &MessageCorrelation) -> Result<Vec<Correlated>, Error> {
        let starts = self.message_starts(message).await?;
        let [start] = starts.as_slice() else {
            let text = match starts.len() {
                0 => format!("nothing that matches waits for the message `{}`", message.name),
                count => format!("{count} process definitions start by the message `{}`", message.name),
            };
            return Err(Error::rejected(RejectionKind::MismatchingMessageCorrelation, text));
        };
        let replies = self.run_together(vec![self.start_with_message(start, message)]).await?;
        replies.into_iter().map(correlated).collect()
    }

    async fn message_starts(&self, message: &MessageCorrelation) -> Result<Vec<WaitingStart>, Error> {
        let subscriptions = &tables::EVENT_SUBSCRIPTION;
        let named = Condition::equal(subscriptions.col("event_name"), message.name.as_ref());
        let tenant = message.tenant.as_ref();
        let of_tenant = tenant.map_or(Condition::EVERYTHING, |of| of.condition(subscriptions.col("tenant_id")));
        self.waiting_starts(EventType::Message, named.and(of_tenant)).await
    }

    fn start_with_message(&self, start: &WaitingStart, message: &MessageCorrelation) -> (ProcessInstanceId, LaneWork) {
        let mut variables = message.variables.clone();
        variables.extend(message.local_variables.clone());
        variables.extend(message.triggered_scope_variables.clone());
        self.start_work(&start.definition, &start.start_event_id, message.business_key.as_ref(), &variables)
    }

    async fn receivers(&self, message: &MessageCorrelation) -> Result<Vec<Receiver>, Error> {
        let (subscriptions, instances) = (&tables::EVENT_SUBSCRIPTION, &tables::PROCESS_INSTANCE);
        let mut select = Select::all(subscriptions.source())
            .filter(Condition::equal(subscriptions.col("event_type"), EventType::Message.name()))
            .filter(Condition::equal(subscriptions.col("event_name"), message.name.as_ref()))
            .filter(Condition::equal(instances.col("is_suspended"), 0))
            .order_by(subscriptions.col("create_time"), Direction::Ascending)
            .order_by(subscriptions.col("id"), Direction::Ascending)
            .limit(RECEIVERS_MAX + 1);
        select.joins = vec![Join {
            kind: JoinKind::Inner,
            source: instances.source(),
            on: vec![(instances.col("id"), subscriptions.col("process_instance_id"))],
        }];
        select.columns = vec![subscriptions.col("id").into(), instances.col("root_process_instance_id").into()];
        if let Some(business_key) = &message.business_key {
            select = select.filter(Condition::equal(instances.col("business_key"), business_key.as_ref()));
        }
        if let Some(id) = message.process_instance_id {
            select = select.filter(Condition::equal(instances.col("id"), row::id(id.0)));
        }
        if let Some(tenant) = &message.tenant {
            select = select.filter(tenant.condition(subscriptions.col("tenant_id")));
        }
        for (name, value) in &message.correlation_keys {
            select = select.filter(has_variable(instances.col("id"), name, value)?);
        }
        for (name, value) in &message.local_correlation_keys {
            select = select.filter(has_variable(subscriptions.col("execution_id"), name, value)?);
        }
        let rows = self.rows(&select).await?;
        if rows.len() as u64 > RECEIVERS_MAX {
            let text = format!("more than {RECEIVERS_MAX} executions wait for the message `{}`", message.name);
            return Err(Error::rejected(RejectionKind::LimitReached, text));
        }
        rows.into_iter().map(|row| receiver(Cells::of(row))).collect()
    }
}

fn receiver(mut cells: Cells) -> Result<Receiver, Error> {
    Ok(Receiver { subscription_id: cells.id()?, root: cells.id()? })
}

fn delivery(message: &MessageCorrelation, receiver: &Receiver) -> LaneWork {
    LaneWork::Command(Command::CorrelateMessage {
        subscription_id: receiver.subscription_id,
        variables: message.variables.clone(),
        local_variables: message.local_variables.clone(),
        triggered_scope_variables: message.triggered_scope_variables.clone(),
    })
}

fn correlated(reply: Reply) -> Result<Correlated, Error> {
    match reply {
        Reply::Correlated { execution_id: id, process_instance_id, tenant_id, variables } => {
            Ok(Correlated::Execution { id, process_instance_id, tenant_id, variables })
        }
        Reply::Started(started) => Ok(Correlated::Started(started)),
        Reply::Done | Reply::IncidentCreated(_) | Reply::TaskForm(_) | Reply::Variables(_) => {
            Err(Error::Defect("a message was answered with something else".to_owned()))
        }
    }
}

/// The execution in `of` has a variable of that name, type and value.
fn has_variable(of: ColumnRef, name: &str, value: &VariableValue) -> Result<Condition, Error> {
    const TABLE: &Table = &tables::VARIABLE;
    let of_column = |name| column("wanted", name);
    let base = Condition::equal(of_column("execution_id"), of)
        .and(Condition::is_null(of_column("task_id")))
        .and(Condition::equal(of_column("name"), name));
    let typed = |cell: &'static str, value: SqlValue| Condition::equal(of_column(cell), value);
    let integer = |value: i64| typed("integer_value", SqlValue::Integer(value));
    let of_value = match value {
        VariableValue::Null | VariableValue::TypedNull(_) => {
            let nulls = ["text_value", "integer_value", "real_value", "bytes_value"];
            return Ok(exists(
                TABLE,
                base.and(Condition::All(nulls.into_iter().map(|cell| Condition::is_null(of_column(cell))).collect())),
            ));
        }
        VariableValue::Boolean(value) => integer(i64::from(*value)),
        VariableValue::Short(value) => integer(i64::from(*value)),
        VariableValue::Integer(value) => integer(i64::from(*value)),
        VariableValue::Long(value) => integer(*value),
        VariableValue::Date(value) => integer(value.0),
        VariableValue::Double(value) => typed("real_value", SqlValue::Real(*value)),
        VariableValue::String(value) => typed("text_value", SqlValue::Text(value.clone())),
        VariableValue::Bytes(_)
        | VariableValue::File(_)
        | VariableValue::Json(_)
        | VariableValue::Xml(_)
        | VariableValue::Object(_) => {
            let kind = value.variable_type().name();
            let text = format!("the correlation key `{name}` is of type {kind}, which cannot be compared");
            return Err(Error::rejected(RejectionKind::BadUserRequest, text));
        }
    };
    let of_type = Condition::equal(of_column("value_type"), value.variable_type().name());
    Ok(exists(TABLE, base.and(of_type).and(of_value)))
}

fn exists(table: &'static Table, condition: Condition) -> Condition {
    Condition::exists(table.named("wanted"), condition)
}
