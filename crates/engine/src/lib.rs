//! The pure core: what a command does to a tree of process instances.
//!
//! `execute` is a synchronous, total and deterministic function of its arguments. Clock and ids come in through `Env`;
//! nothing here reads a file, a clock or a database. What changed leaves as a `ChangeSet` that a store makes durable
//! as one unit, and as `Effect`s that are run once it is durable.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod change;
pub mod command;
pub mod definition;
pub mod delegate;
pub mod effect;
pub mod env;
pub mod execute;
pub mod form;
pub mod history;
pub mod instance;
pub mod modification;
pub mod outcome;
pub mod record;
pub mod rejection;
pub mod snapshot;
pub mod start_event;
pub mod static_call;

mod agenda;
mod bean;
mod behavior;
mod compensation;
mod conditional;
mod continuation;
mod cron;
mod data_property;
mod detachment;
mod due_date;
mod error_propagation;
mod escalation;
mod evaluate;
mod event;
mod incident;
mod java_exception;
mod job;
mod listener;
mod mapping;
mod passing;
mod process_instance;
mod recorder;
mod retry_cycle;
mod subscription;
mod surroundings;
mod task_history;
mod timer;
mod tree;
mod turn;
mod variables;

pub use change::{ChangeSet, DefinitionCheck, ExternalTaskGuard, JobGuard, RevisionCheck, TableChange};
pub use command::{
    Command, DueDateBase, FollowingRepetitions, InstanceKeys, Reply, StartedProcessInstance, TaskChange,
    TaskProperties, TaskTree, VariablePatch, VariableReach,
};
pub use definition::{
    DefinitionBinding, DefinitionReference, Definitions, JobDefinition, ProcessDefinition, Resolution,
};
pub use delegate::{Delegate, DelegateError, DelegateExecution, DelegateRegistry};
pub use effect::Effect;
pub use env::{Env, HistoryLevel, IdSource, JobSettings, Limits, RemovalTimeStrategy};
pub use execute::execute;
pub use expression::{NoScripts, ScriptEngine};
pub use form::{DeployedForm, DeployedFormBinding, ShownField, ShownForm, TaskFormPart};
pub use instance::{ActivityNode, Aggregate, BrokenInvariant, ScopeKey, TransitionNode};
pub use modification::{Cancellation, Instantiation, Modification, ModificationInstruction, Place, Skipped};
pub use outcome::{Outcome, ThrownSignal};
pub use rejection::{Rejection, RejectionKind, Unfinished};
pub use retry_cycle::is_retry_cycle;
pub use snapshot::Snapshot;
