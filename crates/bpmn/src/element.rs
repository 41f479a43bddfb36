//! One file per kind of BPMN element: what it is in the model, and what is wrong with it.

pub(crate) mod boundary_event;
pub(crate) mod call_activity;
pub(crate) mod compensation;
pub(crate) mod end_event;
pub(crate) mod escalation;
pub(crate) mod event_based_gateway;
pub(crate) mod event_definition;
pub(crate) mod event_sub_process;
pub(crate) mod event_trigger;
pub(crate) mod exclusive_gateway;
pub(crate) mod external_task;
pub(crate) mod flow_node;
pub(crate) mod form;
pub(crate) mod intermediate_catch_event;
pub(crate) mod intermediate_throw_event;
pub(crate) mod link_event;
pub(crate) mod multi_instance;
pub(crate) mod receive_task;
pub(crate) mod script_task;
pub(crate) mod signal_throw_event;
pub(crate) mod start_event;
pub(crate) mod sub_process;
pub(crate) mod user_task;
