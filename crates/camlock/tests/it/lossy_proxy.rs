//! Stands between a node and PostgreSQL, passes on what they say, and cuts a connection at a commit when it is told to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_postgres::config::Host;

/// The statement, and the tag that answers it.
const COMMIT: &[u8] = b"COMMIT\0";

/// A connection that has ever sent this writes; others read, and commit as well.
const INSERT: &[u8] = b"INSERT INTO ";

/// What becomes of the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It never reaches the server.
    Commit,
    /// The server has committed, and nobody hears of it.
    Answer,
    /// The same, and from then on the server cannot be reached.
    AnswerAndServer,
}

/// Lives as long as the test's runtime.
pub struct LossyProxy {
    /// Of the database behind it.
    pub url: String,
    state: Arc<State>,
}

struct State {
    next: Mutex<Option<Cut>>,
    can_be_reached: watch::Sender<bool>,
}

impl LossyProxy {
    /// In front of a server, whose database has a schema of that name for what is unnamed.
    pub async fn start(server: &str, schema: &str) -> LossyProxy {
        let config: tokio_postgres::Config = server.parse().expect("a URL");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let password = config.get_password().map(|word| format!(":{}", String::from_utf8_lossy(word)));
        let url = format!(
            "postgres://{}{}@{address}/{}?sslmode=disable&options=-csearch_path%3D{schema}",
            config.get_user().unwrap_or("camlock"),
            password.unwrap_or_default(),
            config.get_dbname().unwrap_or("postgres"),
        );
        let state = Arc::new(State { next: Mutex::new(None), can_be_reached: watch::Sender::new(true) });
        tokio::spawn(accept(listener, config, state.clone()));
        LossyProxy { url, state }
    }

    pub fn arm(&self, cut: Cut) {
        *self.state.next() = Some(cut);
    }

    /// Whether no connection has been cut since it was armed.
    pub fn is_armed(&self) -> bool {
        self.state.next().is_some()
    }

    /// The server can be reached again.
    pub fn mend(&self) {
        self.state.can_be_reached.send_replace(true);
    }
}

impl State {
    fn next(&self) -> MutexGuard<'_, Option<Cut>> {
        self.next.lock().expect("nobody panics with it")
    }

    /// Whether a commit that is seen on its way to the server, or its answer on the way back, is cut.
    fn cuts(&self, way: Way) -> bool {
        let armed = self.next().take_if(|armed| (*armed == Cut::Commit) == (way == Way::ToServer));
        if armed == Some(Cut::AnswerAndServer) {
            self.can_be_reached.send_replace(false);
        }
        armed.is_some()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    ToServer,
    ToNode,
}

async fn accept(listener: TcpListener, server: tokio_postgres::Config, state: Arc<State>) {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    while let Ok((node, _)) = listener.accept().await {
        if !*state.can_be_reached.borrow() {
            continue;
        }
        match server.get_hosts().first().expect("a host") {
            Host::Tcp(name) => {
                let server = TcpStream::connect((name.as_str(), port)).await.expect("the server is there");
                pass_on(node, server.into_split(), state.clone());
            }
            Host::Unix(folder) => {
                let socket = folder.join(format!(".s.PGSQL.{port}"));
                let server = UnixStream::connect(socket).await.expect("the server is there");
                pass_on(node, server.into_split(), state.clone());
            }
        }
    }
}

/// Both ways end together.
fn pass_on(
    node: TcpStream,
    (mut from_server, mut to_server): (
        impl AsyncRead + Send + Unpin + 'static,
        impl AsyncWrite + Send + Unpin + 'static,
    ),
    state: Arc<State>,
) {
    let (mut from_node, mut to_node) = node.into_split();
    tokio::spawn(async move {
        let mut reach = state.can_be_reached.subscribe();
        let writes = AtomicBool::new(false);
        tokio::select! {
            () = copy(&mut from_node, &mut to_server, (Way::ToServer, &writes), &state) => {}
            () = copy(&mut from_server, &mut to_node, (Way::ToNode, &writes), &state) => {}
            _ = reach.wait_for(|can_be_reached| !can_be_reached) => {}
        }
    });
}

/// Until either side has gone, or a commit is cut.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    (way, writes): (Way, &AtomicBool),
    state: &State,
) {
    let mut buffer = vec![0; 64 * 1024];
    // The end of what was read before: a message may come in two pieces.
    let mut seen = Vec::new();
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        seen.extend_from_slice(&buffer[..length]);
        let holds = |words: &[u8]| seen.windows(words.len()).any(|window| window == words);
        if way == Way::ToServer && holds(INSERT) {
            writes.store(true, Ordering::Relaxed);
        }
        let is_commit = holds(COMMIT);
        if is_commit && writes.load(Ordering::Relaxed) && state.cuts(way) {
            return;
        }
        // No commit is seen twice.
        seen.drain(..if is_commit { seen.len() } else { seen.len().saturating_sub(INSERT.len()) });
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
