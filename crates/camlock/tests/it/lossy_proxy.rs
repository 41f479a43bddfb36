//! Stands between a node and PostgreSQL, passes on what they say, and cuts a connection at a commit when it is told to.
//!
//! Only a commit of a transaction that inserts something is cut: a node also reads, and tells that it lives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_postgres::config::Host;

/// The statement, and the tag that answers it.
const COMMIT: &[u8] = b"COMMIT\0";

const BEGIN: &[u8] = b"BEGIN\0";

const INSERT: &[u8] = b"INSERT INTO ";

/// What becomes of the next commit of something inserted.
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
        let inserts = AtomicBool::new(false);
        let (mut said, mut answered) = (Said::new(&inserts), Answered::new(&inserts));
        tokio::select! {
            () = copy(&mut from_node, &mut to_server, &state, Way::ToServer, |bytes| said.commits(bytes)) => {}
            () = copy(&mut from_server, &mut to_node, &state, Way::ToNode, |bytes| answered.commits(bytes)) => {}
            _ = reach.wait_for(|can_be_reached| !can_be_reached) => {}
        }
    });
}

/// Until either side has gone, or a commit is cut.
async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    state: &State,
    way: Way,
    mut commits: impl FnMut(&[u8]) -> bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if commits(&buffer[..length]) && state.cuts(way) {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// What a node says on one connection.
struct Said<'a> {
    messages: Messages,
    /// What prepared statements do, by their names; others do nothing that counts here.
    prepared: HashMap<Vec<u8>, Step>,
    /// Whether the transaction that is open, or was last, inserts.
    inserts: &'a AtomicBool,
}

/// Of a transaction.
#[derive(Clone, Copy)]
enum Step {
    Begin,
    Insert,
    Commit,
}

impl Step {
    /// Of a statement, and what follows it in its message.
    fn of(text: &[u8]) -> Option<Step> {
        match text {
            _ if text.starts_with(BEGIN) => Some(Step::Begin),
            _ if text.starts_with(COMMIT) => Some(Step::Commit),
            _ if contains(text, INSERT) => Some(Step::Insert),
            _ => None,
        }
    }
}

impl Said<'_> {
    fn new(inserts: &AtomicBool) -> Said<'_> {
        Said { messages: Messages::after_greeting(), prepared: HashMap::new(), inserts }
    }

    /// Whether the bytes end a message that commits what was inserted.
    fn commits(&mut self, bytes: &[u8]) -> bool {
        let mut commits = false;
        self.messages.add(bytes);
        while let Some((kind, body)) = self.messages.next() {
            let (first, rest) = cut_at_zero(&body);
            let step = match kind {
                b'Q' => Step::of(&body),
                // The name of a portal, then that of a statement.
                b'B' => self.prepared.get(cut_at_zero(rest).0).copied(),
                // The name of a statement, then its text.
                b'P' => {
                    match Step::of(rest) {
                        Some(step) => self.prepared.insert(first.to_vec(), step),
                        None => self.prepared.remove(first),
                    };
                    None
                }
                _ => None,
            };
            match step {
                Some(Step::Begin) => self.inserts.store(false, Ordering::Relaxed),
                Some(Step::Insert) => self.inserts.store(true, Ordering::Relaxed),
                Some(Step::Commit) => commits |= self.inserts.load(Ordering::Relaxed),
                None => {}
            }
        }
        commits
    }
}

/// What the server answers on it.
struct Answered<'a> {
    messages: Messages,
    inserts: &'a AtomicBool,
}

impl Answered<'_> {
    fn new(inserts: &AtomicBool) -> Answered<'_> {
        Answered { messages: Messages::default(), inserts }
    }

    /// Whether the bytes say that what was inserted is committed.
    fn commits(&mut self, bytes: &[u8]) -> bool {
        let mut commits = false;
        self.messages.add(bytes);
        while let Some((kind, body)) = self.messages.next() {
            commits |= kind == b'C' && body == COMMIT && self.inserts.load(Ordering::Relaxed);
        }
        commits
    }
}

/// Messages of the protocol: a letter, the length of the rest with its own four bytes, the rest.
#[derive(Default)]
struct Messages {
    bytes: Vec<u8>,
    /// The first one of a node has no letter.
    is_before_greeting: bool,
}

impl Messages {
    fn after_greeting() -> Messages {
        Messages { bytes: Vec::new(), is_before_greeting: true }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let letter = usize::from(!self.is_before_greeting);
        let length = self.bytes.get(letter..letter + 4)?;
        let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
        let end = letter + length;
        if self.bytes.len() < end {
            return None;
        }
        let kind = if self.is_before_greeting { 0 } else { self.bytes[0] };
        self.is_before_greeting = false;
        let message: Vec<u8> = self.bytes.drain(..end).collect();
        Some((kind, message[letter + 4..].to_vec()))
    }
}

fn cut_at_zero(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

fn contains(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}
