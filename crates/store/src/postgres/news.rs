//! News by `LISTEN` and `NOTIFY`: what is announced within a short time goes as few messages.
//!
//! A message is a line a piece of news, below the name of the node that sends it, which ignores its own. It is sent
//! after the commit that it tells of, outside of its transaction: a commit with a `NOTIFY` waits for all others.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio_postgres::AsyncMessage;

use super::connection::{Connector, Purpose};
use super::failure::Failure;
use super::line::Line;
use crate::abort_on_panic::AbortOnPanic;
use crate::metrics::StoreMetrics;
use crate::news::{News, Newsfeed};

/// `NOTIFY` takes 8000 bytes at most.
const MESSAGE_BYTES_MAX: usize = 7_000;
/// Topics that wait to be told. Beyond this many, all nodes look at everything.
const TOPICS_MAX: usize = 10_000;
/// Between two messages, so that many pieces of news share one: each is a transaction.
const PACE: Duration = Duration::from_millis(4);
/// How long nobody listens after a connection was lost.
const PAUSE: Duration = Duration::from_millis(500);

/// The sending side.
#[derive(Debug)]
pub struct Announcer {
    waiting: Mutex<BTreeSet<String>>,
    arrived: Notify,
    metrics: Arc<StoreMetrics>,
}

/// What one side of a store knows the other by.
#[derive(Clone, Debug)]
pub struct Channel {
    pub name: String,
    pub node: String,
}

impl Channel {
    /// Nodes on other schemas of the same database are none of ours.
    pub fn of_schema(schema: &str) -> Channel {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let node = format!("{}-{}", std::process::id(), since_1970.as_nanos());
        Channel { name: format!("camlock_{schema}"), node }
    }
}

impl Announcer {
    pub fn new(metrics: &Arc<StoreMetrics>) -> Announcer {
        Announcer { waiting: Mutex::default(), arrived: Notify::new(), metrics: metrics.clone() }
    }

    pub fn announce(&self, news: &News) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let line = if waiting.len() >= TOPICS_MAX { line(&News::Anything) } else { line(news) };
        waiting.insert(line);
        drop(waiting);
        self.arrived.notify_one();
    }

    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends until the store has gone.
    pub async fn run(self: Arc<Self>, connector: Connector, channel: Channel, mut ended: watch::Receiver<()>) {
        let _loud = AbortOnPanic;
        let mut line = Line::new(&connector, Purpose::Keys, &self.metrics);
        loop {
            tokio::select! {
                () = self.arrived.notified() => {}
                _ = ended.changed() => return,
            }
            for message in messages(&channel.node, self.take()) {
                if let Err(failure) = send(&mut line, &channel.name, &message).await {
                    // The other nodes look by themselves.
                    tracing::debug!(%failure, "news could not be told");
                    line.hang_up();
                }
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

async fn send(line: &mut Line, channel: &str, message: &str) -> Result<(), Failure> {
    let connection = line.connection().await?;
    let statement = connection.prepare_one("SELECT pg_notify($1, $2)").await?;
    connection.client().query(&statement, &[&channel, &message]).await?;
    Ok(())
}

/// Listens until nobody wants to hear it any more. After each gap anything may have happened.
pub fn listen(connector: Connector, channel: Channel) -> Newsfeed {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let _loud = AbortOnPanic;
        while !sender.is_closed() {
            if let Err(failure) = hear(&connector, &channel, &sender).await {
                tracing::warn!(%failure, "no news of other nodes; this one looks at intervals");
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    receiver
}

async fn hear(connector: &Connector, channel: &Channel, sender: &mpsc::UnboundedSender<News>) -> Result<(), Failure> {
    let (client, mut messages) = connector.listen().await?;
    client.batch_execute(&format!("LISTEN \"{}\"", channel.name.replace('"', "\"\""))).await?;
    let _ = sender.send(News::Anything);
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            () = sender.closed() => return Ok(()),
        };
        match message {
            Some(AsyncMessage::Notification(message)) => {
                for news in read(&channel.node, message.payload()) {
                    let _ = sender.send(news);
                }
            }
            Some(_) => {}
            None => return Err(Failure::Lost("the connection that listens has ended".to_owned())),
        }
    }
}

fn messages(node: &str, lines: BTreeSet<String>) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for line in lines {
        match messages.last_mut() {
            Some(message) if message.len() + line.len() < MESSAGE_BYTES_MAX => {
                message.push('\n');
                message.push_str(&line);
            }
            _ => messages.push(format!("{node}\n{line}")),
        }
    }
    messages
}

/// A topic with a line break, or one that is too long, cannot be told.
fn line(news: &News) -> String {
    match news {
        News::TasksFetchable(topic) if !topic.contains(['\n', '\0']) && topic.len() < MESSAGE_BYTES_MAX / 2 => {
            format!("t{topic}")
        }
        News::DefinitionsChanged => "d".to_owned(),
        News::JobsDue => "j".to_owned(),
        News::TasksFetchable(_) | News::Anything => "a".to_owned(),
    }
}

fn read(node: &str, message: &str) -> Vec<News> {
    let mut lines = message.split('\n');
    if lines.next() == Some(node) {
        return Vec::new();
    }
    let news = |line: &str| match (line.get(..1), line.get(1..)) {
        (Some("t"), Some(topic)) => News::TasksFetchable(topic.into()),
        (Some("d"), _) => News::DefinitionsChanged,
        (Some("j"), _) => News::JobsDue,
        _ => News::Anything,
    };
    lines.map(news).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_come_back_at_other_nodes() {
        let all = [News::TasksFetchable("a topic".into()), News::TasksFetchable("\u{e9}".into()), News::JobsDue];
        let lines = all.iter().map(line).collect();
        let sent = messages("one", lines);
        assert_eq!(sent.len(), 1);
        let heard = read("other", &sent[0]);
        assert!(heard.len() == 3 && all.iter().all(|news| heard.contains(news)), "{heard:?}");
        assert_eq!(read("one", &sent[0]), []);
        assert_eq!(line(&News::TasksFetchable("a\nb".into())), line(&News::Anything));
    }

    #[test]
    fn many_topics_are_several_messages() {
        let lines = (0..2_000).map(|n| line(&News::TasksFetchable(format!("topic {n}").into()))).collect();
        let sent = messages("one", lines);
        assert!(sent.len() > 1 && sent.iter().all(|message| message.len() < 8_000));
        assert_eq!(sent.iter().map(|message| read("other", message).len()).sum::<usize>(), 2_000);
    }
}
