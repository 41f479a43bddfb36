//! The executable model: an arena of elements and flows. Read only once it is built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use expression::Expression;

use crate::form::Form;

/// One process of a document.
#[derive(Debug)]
pub struct ProcessModel {
    pub key: Arc<str>,
    pub name: Option<Arc<str>>,
    pub version_tag: Option<Arc<str>>,
    pub description: Option<Arc<str>>,
    pub history_time_to_live_days: Option<u32>,
    /// `camunda:candidateStarterUsers`, as they are written: nothing evaluates them.
    pub candidate_starter_users: Vec<Arc<str>>,
    pub candidate_starter_groups: Vec<Arc<str>>,
    pub is_startable_in_tasklist: bool,
    /// Default priority of external tasks: `camunda:taskPriority` of the process.
    pub task_priority: Option<Expression>,
    /// Default priority of jobs: `camunda:jobPriority` of the process.
    pub job_priority: Option<Expression>,
    /// Every element but the process itself; an enclosing element stands before what it encloses.
    pub elements: Vec<Element>,
    pub flows: Vec<Flow>,
    /// Of the process itself, in document order.
    pub listeners: Vec<ExecutionListener>,
    /// Those of the process itself, in document order.
    pub event_sub_processes: Vec<ElementIndex>,
    /// Where an instance starts unless an event starts it.
    pub initial: Option<ElementIndex>,
    /// That of the start event there.
    pub start_form: Option<Form>,
    /// Changes of variables matter to an event.
    pub has_conditional_events: bool,
    pub elements_by_id: BTreeMap<Arc<str>, ElementIndex>,
    /// Names of the deployment's resources that scripts are read from.
    pub script_resources: BTreeSet<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementIndex(pub u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowIndex(pub u32);

/// One flow element that an execution can be at.
#[derive(Debug)]
pub struct Element {
    pub id: Arc<str>,
    pub name: Option<Arc<str>>,
    pub kind: ElementKind,
    /// The enclosing sub-process or multi-instance body; `None` is the process.
    pub parent: Option<ElementIndex>,
    pub incoming: Vec<FlowIndex>,
    /// In document order, the default flow included.
    pub outgoing: Vec<FlowIndex>,
    pub default_flow: Option<FlowIndex>,
    /// Attached to this activity, in document order.
    pub boundary_events: Vec<ElementIndex>,
    /// Those within this sub-process, in document order.
    pub event_sub_processes: Vec<ElementIndex>,
    /// What undoes this activity once it has ended: by a compensation boundary event, or an event sub-process within.
    pub compensation_handler: Option<ElementIndex>,
    /// It is entered to undo another activity only.
    pub is_for_compensation: bool,
    /// Gets an execution of its own when it is entered: owner of its local variables, jobs and subscriptions.
    /// True for external tasks, sub-processes, what waits for an event, activities with boundary events or
    /// input/output mappings.
    pub is_scope: bool,
    pub asynchronous: Asynchronous,
    /// `camunda:jobPriority`, for all jobs of the element; that of the process counts without it.
    pub job_priority: Option<Expression>,
    /// `camunda:failedJobRetryTimeCycle`: when and how often its jobs are tried again.
    pub retry_cycle: Option<Expression>,
    pub inputs: Vec<IoParameter>,
    pub outputs: Vec<IoParameter>,
    /// In document order.
    pub listeners: Vec<ExecutionListener>,
    /// `camunda:properties`, in document order.
    pub properties: Vec<(Arc<str>, Arc<str>)>,
    /// Where its start tag ends, as SAX parsers and diagnostics have it; both count from 1.
    pub line: u32,
    pub column: u32,
}

/// Where jobs take over: before the element is entered, after it was left, both or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asynchronous {
    pub before: bool,
    pub after: bool,
    /// `camunda:exclusive`: the jobs are not run at the same time as others of the instance.
    pub is_exclusive: bool,
}

/// What an element does when it is entered. The names follow BPMN; `activity_type` gives Camunda's.
#[derive(Debug)]
pub enum ElementKind {
    NoneStartEvent {
        initiator: Option<Arc<str>>,
    },
    /// A start event of the process that waits for something while no instance is there.
    EventStartEvent(EventStartEvent),
    NoneEndEvent,
    ErrorEndEvent {
        error: ErrorReference,
    },
    EscalationThrowEvent(EscalationThrowEvent),
    CompensationThrowEvent(CompensationThrowEvent),
    /// Cancels the transaction that it is in, which undoes what has been done there.
    CancelEndEvent,
    /// Ends the scope that it is in, with everything that runs there.
    TerminateEndEvent,
    ExclusiveGateway,
    ParallelGateway,
    InclusiveGateway,
    EventBasedGateway {
        events: Vec<ElementIndex>,
    },
    UserTask(UserTask),
    /// Without a message only an explicit signal ends the wait.
    ReceiveTask {
        trigger: Option<EventTrigger>,
    },
    /// A task or an event that does nothing.
    PassThrough {
        form: PassThroughForm,
    },
    ExternalTask(ExternalTask),
    ServiceTask(ServiceTask),
    ScriptTask(ScriptTask),
    IntermediateCatchEvent(IntermediateCatchEvent),
    /// Flows to the throwing link lead to this one.
    LinkCatchEvent,
    SignalThrowEvent(SignalThrowEvent),
    SubProcess {
        /// A transaction may be without any; entering it fails.
        start_event: Option<ElementIndex>,
        form: SubProcessForm,
    },
    /// Its event begins the event sub-process that it is the start of.
    EventSubProcessStartEvent(EventSubProcessStartEvent),
    MultiInstanceBody(MultiInstance),
    CallActivity(CallActivity),
    BoundaryEvent(BoundaryEvent),
}

/// How an element without an effect was modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassThroughForm {
    Task,
    ManualTask,
    NoneThrowEvent,
}

#[derive(Debug)]
pub struct EventStartEvent {
    pub initiator: Option<Arc<str>>,
    pub trigger: EventTrigger,
}

#[derive(Debug)]
pub struct IntermediateCatchEvent {
    pub trigger: EventTrigger,
    /// The event-based gateway that waits in its place.
    pub gateway: Option<ElementIndex>,
}

/// What a waiting event waits for.
#[derive(Debug)]
pub enum EventTrigger {
    Message { name: Expression },
    Signal { name: Expression },
    Timer(TimerDefinition),
    Conditional(ConditionalTrigger),
}

/// A condition that is looked at when variables change.
#[derive(Debug)]
pub struct ConditionalTrigger {
    pub condition: Condition,
    /// `None` is any variable.
    pub variable_name: Option<Arc<str>>,
    /// None of them is all of them.
    pub variable_events: Vec<VariableEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableEvent {
    Create,
    Update,
    Delete,
}

/// Tells all that wait for the signal, in every instance.
#[derive(Debug)]
pub struct SignalThrowEvent {
    pub is_end_event: bool,
    pub name: Expression,
    pub payload: Vec<PassedVariables>,
    /// Of the instances that the signal starts.
    pub business_key: Option<Expression>,
}

/// A `camunda:in` or `camunda:out`: what goes along.
#[derive(Debug)]
pub enum PassedVariables {
    All,
    /// Only those of the scope that passes them.
    AllLocal,
    One {
        source: PassedSource,
        target: Arc<str>,
    },
}

#[derive(Debug)]
pub enum PassedSource {
    Variable(Arc<str>),
    LocalVariable(Arc<str>),
    Expression(Expression),
    /// One that sees the variables of the scope itself alone.
    LocalExpression(Expression),
}

/// Runs an instance of another process, and goes on when that has ended.
#[derive(Debug)]
pub struct CallActivity {
    pub form: CallForm,
    /// The key of the process or case.
    pub called_element: Expression,
    pub binding: CallBinding,
    /// That of the calling process counts without it.
    pub tenant_id: Option<Expression>,
    pub business_key: Option<Expression>,
    /// What the called instance begins with.
    pub inputs: Vec<PassedVariables>,
    /// What is set around the activity when the called instance ends.
    pub outputs: Vec<PassedVariables>,
    /// What is set in the scope of the activity itself then.
    pub local_outputs: Vec<PassedVariables>,
    /// What would hand over further variables, there and back.
    pub variable_mapping: Option<Delegate>,
}

/// What a call activity calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallForm {
    Process,
    Case,
}

/// Which of the definitions of a key is called.
#[derive(Debug)]
pub enum CallBinding {
    Latest,
    /// The one that was deployed with the calling process.
    Deployment,
    Version(Expression),
    VersionTag(Expression),
}

/// What the id of a multi-instance body has after that of its activity. No id in a document can contain it.
pub const MULTI_INSTANCE_BODY_SUFFIX: &str = "#multiInstanceBody";

/// The scope around an activity that runs several times. It has the activity's flows and boundary events.
#[derive(Debug)]
pub struct MultiInstance {
    pub is_sequential: bool,
    pub cardinality: Option<Expression>,
    pub collection: Option<Collection>,
    /// Takes one element of the collection in each instance.
    pub element_variable: Option<Arc<str>>,
    /// Evaluated whenever an instance has ended; the others end when it holds.
    pub completion_condition: Option<Condition>,
    /// The activity.
    pub inner: ElementIndex,
}

#[derive(Debug)]
pub enum Collection {
    Expression(Expression),
    Variable(Arc<str>),
}

/// Work that workers fetch by topic. `form` is the BPMN element that it was modelled as.
#[derive(Debug)]
pub struct ExternalTask {
    pub form: ExternalTaskForm,
    pub topic: Expression,
    pub priority: Option<Expression>,
    pub error_event_definitions: Vec<ErrorEventDefinition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternalTaskForm {
    ServiceTask,
    SendTask,
    BusinessRuleTask,
    MessageThrowEvent,
    MessageEndEvent,
}

/// Work that the engine does itself. `form` is the BPMN element that it was modelled as.
#[derive(Debug)]
pub struct ServiceTask {
    pub form: ExternalTaskForm,
    /// A message event that throws may have none and does nothing then.
    pub action: Option<Action>,
    pub result_variable: Option<Arc<str>>,
}

/// A `scriptTask`.
#[derive(Debug)]
pub struct ScriptTask {
    pub script: Script,
    pub result_variable: Option<Arc<str>>,
}

/// What a model says to run: as a service task or a listener.
#[derive(Debug)]
pub enum Action {
    Expression(Expression),
    Script(Script),
    Delegate(Delegate),
    /// The id of a `camunda:connector`; there is none here.
    Connector(Arc<str>),
}

/// Java code, which nothing here can load.
#[derive(Debug)]
pub enum Delegate {
    Class(Arc<str>),
    Expression(Expression),
}

#[derive(Debug)]
pub struct Script {
    /// As the model writes it; case does not matter.
    pub language: Arc<str>,
    pub source: ScriptSource,
}

#[derive(Debug)]
pub enum ScriptSource {
    Text(Arc<str>),
    /// An expression gives the text.
    TextOf(Expression),
    /// For example `deployment://calculation.js`.
    Resource(Arc<str>),
    /// An expression gives the resource.
    ResourceOf(Expression),
}

/// `camunda:executionListener` of an element or of the process.
#[derive(Debug)]
pub struct ExecutionListener {
    pub event: ExecutionEvent,
    pub action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutionEvent {
    Start,
    End,
}

/// `camunda:taskListener` of a user task.
#[derive(Debug)]
pub struct TaskListener {
    pub event: TaskEvent,
    pub action: Action,
}

/// `camunda:taskListener` of the event `timeout`: it is told at a time that a timer says.
#[derive(Debug)]
pub struct TimeoutListener {
    pub id: Arc<str>,
    pub timer: TimerDefinition,
    pub action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEvent {
    Create,
    Assignment,
    Update,
    Complete,
    Delete,
    Timeout,
}

/// `camunda:errorEventDefinition` of an external task: the BPMN error to throw when its expression holds.
#[derive(Debug)]
pub struct ErrorEventDefinition {
    pub error: ErrorReference,
    /// A parsed model always has one; without, the definition never holds.
    pub expression: Option<Expression>,
}

impl ExternalTaskForm {
    fn activity_type(self) -> &'static str {
        match self {
            ExternalTaskForm::ServiceTask => "serviceTask",
            ExternalTaskForm::SendTask => "sendTask",
            ExternalTaskForm::BusinessRuleTask => "businessRuleTask",
            ExternalTaskForm::MessageThrowEvent => "intermediateMessageThrowEvent",
            ExternalTaskForm::MessageEndEvent => "messageEndEvent",
        }
    }
}

#[derive(Debug)]
pub struct UserTask {
    pub assignee: Option<Expression>,
    pub owner: Option<Expression>,
    pub candidate_users: Vec<Expression>,
    pub candidate_groups: Vec<Expression>,
    pub due_date: Option<Expression>,
    pub follow_up_date: Option<Expression>,
    pub priority: Option<Expression>,
    /// Both may be expressions (`name="Approve ${x}"`).
    pub name: Option<Expression>,
    pub description: Option<Expression>,
    pub form: Form,
    /// In document order.
    pub listeners: Vec<TaskListener>,
    pub timeout_listeners: Vec<TimeoutListener>,
    pub data_properties: Vec<DataProperty>,
}

/// A `property` that takes its value from around the activity. Without a source or a target it cannot be set.
#[derive(Debug)]
pub struct DataProperty {
    pub source: Option<PassedSource>,
    pub target: Option<Arc<str>>,
}

/// How a sub-process begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubProcessForm {
    /// By a flow that leads to it.
    Embedded,
    /// The same; a cancel end event in it undoes what it has done.
    Transaction,
    /// By the event that its start event waits for, as long as the scope around it runs.
    Event,
}

#[derive(Debug)]
pub struct EventSubProcessStartEvent {
    /// All that runs in the scope around the event sub-process is cancelled.
    pub is_interrupting: bool,
    pub trigger: BoundaryTrigger,
}

/// Undoes what has ended in the scope that it is in, and waits until that is done.
#[derive(Debug)]
pub struct CompensationThrowEvent {
    pub is_end_event: bool,
    /// The one activity to undo; `None` is all of them.
    pub activity: Option<Arc<str>>,
}

/// Throws an escalation outwards, then goes on unless what catches it interrupts.
#[derive(Debug)]
pub struct EscalationThrowEvent {
    pub is_end_event: bool,
    pub escalation_code: Arc<str>,
}

/// An event attached to `host`.
#[derive(Debug)]
pub struct BoundaryEvent {
    pub host: ElementIndex,
    pub is_interrupting: bool,
    pub trigger: BoundaryTrigger,
}

/// What an event waits for that is attached to an activity or begins an event sub-process.
#[derive(Debug)]
pub enum BoundaryTrigger {
    Error {
        /// `None` catches every error.
        error_code: Option<Arc<str>>,
        error_code_variable: Option<Arc<str>>,
        error_message_variable: Option<Arc<str>>,
    },
    Escalation {
        /// `None` catches every escalation.
        escalation_code: Option<Arc<str>>,
        escalation_code_variable: Option<Arc<str>>,
    },
    /// Nothing that happens while the activity runs: what undoes it afterwards.
    Compensation,
    /// The transaction is cancelled by a cancel end event in it.
    Cancel,
    Event(EventTrigger),
}

/// When a timer is due; which of the three BPMN forms it was given in.
#[derive(Debug)]
pub struct TimerDefinition {
    pub form: TimerForm,
    pub expression: Expression,
    /// `camunda:jobPriority` of the event; that of the process counts without it.
    pub job_priority: Option<Expression>,
    /// `camunda:exclusive` of the definition, as for continuations.
    pub is_exclusive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerForm {
    Date,
    Duration,
    Cycle,
}

/// A `bpmn:error` as an event or task refers to it.
#[derive(Clone, Debug)]
pub struct ErrorReference {
    pub error_id: Option<Arc<str>>,
    pub error_code: Option<Arc<str>>,
    /// `camunda:errorMessage` of the error; evaluated when it is thrown.
    pub error_message: Option<Expression>,
}

/// A `camunda:inputParameter` or `camunda:outputParameter`.
#[derive(Debug)]
pub struct IoParameter {
    pub name: Arc<str>,
    pub mapping: IoMapping,
}

#[derive(Debug)]
pub enum IoMapping {
    /// An empty parameter gives null.
    Null,
    Value(Expression),
    Script(Script),
    List(Vec<IoMapping>),
    /// In the order of the keys' texts.
    Map(Vec<(Expression, IoMapping)>),
}

#[derive(Debug)]
pub struct Flow {
    pub id: Arc<str>,
    pub name: Option<Arc<str>>,
    pub source: ElementIndex,
    pub target: ElementIndex,
    pub condition: Option<Condition>,
    /// What runs when the flow is taken, in document order.
    pub listeners: Vec<Action>,
}

/// What must hold for a flow to be taken.
#[derive(Debug)]
pub enum Condition {
    Expression(Expression),
    Script(Script),
}

/// An event as the scope sees it that it may happen to.
#[derive(Clone, Copy, Debug)]
pub struct CatchingEvent<'m> {
    /// What is entered when it happens: the boundary event, or the event sub-process.
    pub handler: ElementIndex,
    /// The boundary event, or the start event of the event sub-process.
    pub event: ElementIndex,
    pub is_interrupting: bool,
    pub trigger: &'m BoundaryTrigger,
}

impl ProcessModel {
    pub fn element(&self, index: ElementIndex) -> &Element {
        &self.elements[index.0 as usize]
    }

    pub fn flow(&self, index: FlowIndex) -> &Flow {
        &self.flows[index.0 as usize]
    }

    /// The events that can happen to a scope while it runs: those that begin event sub-processes in it, then those that
    /// are attached to it. `None` is the process.
    pub fn catching_events(&self, scope: Option<ElementIndex>) -> impl Iterator<Item = CatchingEvent<'_>> {
        let (event_sub_processes, boundary_events) = match scope {
            Some(scope) => (&self.element(scope).event_sub_processes[..], &self.element(scope).boundary_events[..]),
            None => (&self.event_sub_processes[..], &[][..]),
        };
        event_sub_processes.iter().chain(boundary_events).filter_map(|index| self.catching_event(*index))
    }

    /// The event that leads to an event sub-process, or a boundary event itself.
    pub fn catching_event(&self, handler: ElementIndex) -> Option<CatchingEvent<'_>> {
        match &self.element(handler).kind {
            ElementKind::BoundaryEvent(event) => Some(CatchingEvent {
                handler,
                event: handler,
                is_interrupting: event.is_interrupting,
                trigger: &event.trigger,
            }),
            ElementKind::SubProcess { start_event: Some(start_event), form: SubProcessForm::Event } => {
                let ElementKind::EventSubProcessStartEvent(start) = &self.element(*start_event).kind else {
                    return None;
                };
                let (is_interrupting, trigger) = (start.is_interrupting, &start.trigger);
                Some(CatchingEvent { handler, event: *start_event, is_interrupting, trigger })
            }
            _ => None,
        }
    }

    pub fn element_by_id(&self, id: &str) -> Option<ElementIndex> {
        self.elements_by_id.get(id).copied()
    }
}

impl ElementKind {
    /// Whether executions are at other elements within it.
    pub fn encloses_elements(&self) -> bool {
        matches!(self, ElementKind::SubProcess { .. } | ElementKind::MultiInstanceBody(_))
    }

    /// The condition that an event waits for, if it is one that does.
    pub(crate) fn condition(&self) -> Option<&ConditionalTrigger> {
        let trigger = match self {
            ElementKind::IntermediateCatchEvent(catch) => &catch.trigger,
            ElementKind::EventStartEvent(start) => &start.trigger,
            ElementKind::BoundaryEvent(BoundaryEvent { trigger: BoundaryTrigger::Event(trigger), .. })
            | ElementKind::EventSubProcessStartEvent(EventSubProcessStartEvent {
                trigger: BoundaryTrigger::Event(trigger),
                ..
            }) => trigger,
            _ => return None,
        };
        match trigger {
            EventTrigger::Conditional(trigger) => Some(trigger),
            _ => None,
        }
    }
}

impl Script {
    /// The prefix of resources that lie beside the model in its deployment.
    pub const DEPLOYMENT: &'static str = "deployment://";

    /// Whether the language is JUEL itself.
    pub fn is_juel(&self) -> bool {
        self.language.eq_ignore_ascii_case("juel")
    }

    /// Whether the language is JavaScript, by one of its names.
    pub fn is_java_script(&self) -> bool {
        ["javascript", "ecmascript", "js", "nashorn"].contains(&self.language.to_ascii_lowercase().as_str())
    }
}

impl TaskEvent {
    /// Those that happen to a task, without the timeouts, which each listener has its own of.
    pub const OF_TASK: [TaskEvent; 5] =
        [TaskEvent::Create, TaskEvent::Assignment, TaskEvent::Update, TaskEvent::Complete, TaskEvent::Delete];

    /// The name in models and expressions, for example `create`.
    pub fn name(self) -> &'static str {
        match self {
            TaskEvent::Create => "create",
            TaskEvent::Assignment => "assignment",
            TaskEvent::Update => "update",
            TaskEvent::Complete => "complete",
            TaskEvent::Delete => "delete",
            TaskEvent::Timeout => "timeout",
        }
    }
}

impl ProcessModel {
    /// The events that a scope waits for: its own, those behind a gateway, those that begin event sub-processes in it,
    /// those attached to it. `None` is the process.
    pub fn events_of(&self, scope: Option<ElementIndex>) -> impl Iterator<Item = (ElementIndex, &EventTrigger)> {
        let element = scope.map(|scope| self.element(scope));
        let behind: &[ElementIndex] = match element.map(|element| &element.kind) {
            Some(ElementKind::EventBasedGateway { events }) => events,
            _ => &[],
        };
        let own = scope.and_then(|scope| Some((scope, self.element(scope).own_trigger()?)));
        let behind = behind.iter().filter_map(|event| match &self.element(*event).kind {
            ElementKind::IntermediateCatchEvent(catch) => Some((*event, &catch.trigger)),
            _ => None,
        });
        let caught = self.catching_events(scope).filter_map(|caught| match caught.trigger {
            BoundaryTrigger::Event(trigger) => Some((caught.event, trigger)),
            _ => None,
        });
        own.into_iter().chain(behind).chain(caught)
    }

    /// The condition that an event waits for, if it is one that does.
    pub fn condition_of(&self, event: ElementIndex) -> Option<&ConditionalTrigger> {
        self.element(event).kind.condition()
    }
}

impl Element {
    /// What an element itself waits for, in an execution of its own.
    fn own_trigger(&self) -> Option<&EventTrigger> {
        match &self.kind {
            ElementKind::IntermediateCatchEvent(IntermediateCatchEvent { trigger, gateway: None }) => Some(trigger),
            ElementKind::ReceiveTask { trigger } => trigger.as_ref(),
            _ => None,
        }
    }

    /// Camunda's name of the kind, as history and activity-instance trees show it.
    pub fn activity_type(&self) -> &'static str {
        match &self.kind {
            ElementKind::NoneStartEvent { .. } => "startEvent",
            ElementKind::EventStartEvent(event) => match event.trigger {
                EventTrigger::Message { .. } => "messageStartEvent",
                EventTrigger::Signal { .. } => "signalStartEvent",
                EventTrigger::Timer(_) => "startTimerEvent",
                EventTrigger::Conditional(_) => "conditionalStartEvent",
            },
            ElementKind::NoneEndEvent => "noneEndEvent",
            ElementKind::ErrorEndEvent { .. } => "errorEndEvent",
            ElementKind::EscalationThrowEvent(event) if event.is_end_event => "escalationEndEvent",
            ElementKind::EscalationThrowEvent(_) => "intermediateEscalationThrowEvent",
            ElementKind::CompensationThrowEvent(event) if event.is_end_event => "compensationEndEvent",
            ElementKind::CompensationThrowEvent(_) => "intermediateCompensationThrowEvent",
            ElementKind::CancelEndEvent => "cancelEndEvent",
            ElementKind::TerminateEndEvent => "terminateEndEvent",
            ElementKind::ExclusiveGateway => "exclusiveGateway",
            ElementKind::ParallelGateway => "parallelGateway",
            ElementKind::InclusiveGateway => "inclusiveGateway",
            ElementKind::EventBasedGateway { .. } => "eventBasedGateway",
            ElementKind::UserTask(_) => "userTask",
            ElementKind::ReceiveTask { .. } => "receiveTask",
            ElementKind::PassThrough { form } => match form {
                PassThroughForm::Task => "task",
                PassThroughForm::ManualTask => "manualTask",
                PassThroughForm::NoneThrowEvent => "intermediateNoneThrowEvent",
            },
            ElementKind::IntermediateCatchEvent(event) => match event.trigger {
                EventTrigger::Message { .. } => "intermediateMessageCatch",
                EventTrigger::Signal { .. } => "intermediateSignalCatch",
                EventTrigger::Timer(_) => "intermediateTimer",
                EventTrigger::Conditional(_) => "intermediateConditional",
            },
            ElementKind::LinkCatchEvent => "intermediateLinkCatch",
            ElementKind::SignalThrowEvent(event) if event.is_end_event => "signalEndEvent",
            ElementKind::SignalThrowEvent(_) => "intermediateSignalThrow",
            ElementKind::ScriptTask(_) => "scriptTask",
            // Camunda: a message event that does nothing goes by other names.
            ElementKind::ServiceTask(ServiceTask {
                form: ExternalTaskForm::MessageThrowEvent, action: None, ..
            }) => "intermediateNoneThrowEvent",
            ElementKind::ServiceTask(ServiceTask { form: ExternalTaskForm::MessageEndEvent, action: None, .. }) => {
                "endEvent"
            }
            ElementKind::ExternalTask(ExternalTask { form, .. })
            | ElementKind::ServiceTask(ServiceTask { form, .. }) => form.activity_type(),
            ElementKind::SubProcess { form: SubProcessForm::Transaction, .. } => "transaction",
            ElementKind::SubProcess { .. } => "subProcess",
            ElementKind::EventSubProcessStartEvent(event) => match event.trigger {
                BoundaryTrigger::Error { .. } => "errorStartEvent",
                BoundaryTrigger::Escalation { .. } => "escalationStartEvent",
                BoundaryTrigger::Compensation => "compensationStartEvent",
                // Refused: only a boundary event can wait for it.
                BoundaryTrigger::Cancel => "startEvent",
                BoundaryTrigger::Event(EventTrigger::Message { .. }) => "messageStartEvent",
                BoundaryTrigger::Event(EventTrigger::Signal { .. }) => "signalStartEvent",
                BoundaryTrigger::Event(EventTrigger::Timer(_)) => "startTimerEvent",
                BoundaryTrigger::Event(EventTrigger::Conditional(_)) => "conditionalStartEvent",
            },
            ElementKind::MultiInstanceBody(_) => "multiInstanceBody",
            ElementKind::CallActivity(_) => "callActivity",
            ElementKind::BoundaryEvent(event) => match event.trigger {
                BoundaryTrigger::Error { .. } => "boundaryError",
                BoundaryTrigger::Escalation { .. } => "boundaryEscalation",
                BoundaryTrigger::Compensation => "compensationBoundaryCatch",
                BoundaryTrigger::Cancel => "cancelBoundaryCatch",
                BoundaryTrigger::Event(EventTrigger::Message { .. }) => "boundaryMessage",
                BoundaryTrigger::Event(EventTrigger::Signal { .. }) => "boundarySignal",
                BoundaryTrigger::Event(EventTrigger::Timer(_)) => "boundaryTimer",
                BoundaryTrigger::Event(EventTrigger::Conditional(_)) => "boundaryConditional",
            },
        }
    }
}
