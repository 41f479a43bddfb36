//! Deliberate faults of the store, which the simulator must find.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bug {
    /// Units are answered when they are taken up and committed later.
    AnswerBeforeCommit,
    /// What a unit was decided on is not checked.
    RevisionUnchecked,
    /// A unit decided on one that has failed is taken for one decided on what is stored.
    FailedUnitForgotten,
    /// The topics of tasks whose lock has run out are not told.
    WakeUpLost,
    /// Locks that have run out are not released.
    LocksNotReleased,
    /// Locks are released before they have run out.
    LocksReleasedEarly,
    /// The last change of a unit with several is not written.
    HalfApplied,
    /// Some commits are answered and forgotten.
    CommitLost,
}

impl Bug {
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
