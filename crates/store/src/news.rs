//! What nodes of one database tell each other. Nothing is lost if it never arrives: each node looks at intervals too.

use std::sync::Arc;

use tokio::sync::mpsc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Tasks of a topic can be fetched.
    TasksFetchable(Arc<str>),
    /// Definitions were deployed, deleted or changed.
    DefinitionsChanged,
    /// A job can be run, now or earlier than was known.
    JobsDue,
    /// Some news may have been missed.
    Anything,
}

/// The news of other nodes, in the order of their arrival.
pub type Newsfeed = mpsc::UnboundedReceiver<News>;
