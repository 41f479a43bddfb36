//! What a command leads to.

use crate::change::ChangeSet;
use crate::command::Reply;
use crate::effect::Effect;

#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// `None` where there is nothing to write.
    pub change_set: Option<ChangeSet>,
    /// To be run once the change set is durable.
    pub effects: Vec<Effect>,
    pub reply: Reply,
}
