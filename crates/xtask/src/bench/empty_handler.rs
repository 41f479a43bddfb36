//! An HTTP server that reads a request and answers 204: what the HTTP stack alone could do.

use super::engine::Target;
use super::processor::Watched;
use crate::engine_client::BaseUrl;
use anyhow::Context;
use axum::Router;
use axum::http::StatusCode;
use bytes::Bytes;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

/// Serves until it is killed. The first line of its output is the address.
pub fn serve() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let mut output = std::io::stdout();
        writeln!(output, "{}", listener.local_addr()?)?;
        output.flush()?;
        let empty = |_body: Bytes| async { StatusCode::NO_CONTENT };
        axum::serve(listener, Router::new().fallback(empty)).await?;
        Ok(())
    })
}

/// The handler in a process of its own; killed when it is dropped.
#[derive(Debug)]
pub struct EmptyHandler {
    child: Child,
    /// `host:port`
    authority: String,
}

impl EmptyHandler {
    pub fn start() -> anyhow::Result<EmptyHandler> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("empty-handler")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the empty handler did not start")?;
        let output = child.stdout.take().context("the empty handler has no output")?;
        let mut authority = String::new();
        BufReader::new(output).read_line(&mut authority)?;
        Ok(EmptyHandler { child, authority: authority.trim().to_owned() })
    }
}

impl EmptyHandler {
    pub fn target(&self) -> Target {
        let base = BaseUrl { authority: self.authority.clone(), path: String::new() };
        Target { base, watched: Watched { server: Some(self.child.id()), database: None } }
    }
}

impl Drop for EmptyHandler {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
