//! The camlock server as a library: settings, wiring of store, runtime and REST, signals.
//!
//! The binary is a thin shell around this crate. Knows how the parts fit together and nothing of what they do.
//!
//! A program of its own can embed the server, and give it code for the Java classes and delegate expressions that its
//! models name:
//!
//! ```
//! use camlock::{DelegateError, DelegateExecution, Server, Settings, VariableValue};
//!
//! # fn main() -> anyhow::Result<()> {
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! let mut settings = Settings { database: "sqlite::memory:".into(), ..Settings::default() };
//! # settings.listen = "127.0.0.1:0".parse()?;
//! settings.delegate_registry.register("org.acme.Charge", |execution: &mut DelegateExecution<'_>| {
//!     match execution.variable("amount")? {
//!         Some(VariableValue::Integer(amount)) if amount > 0 => {
//!             execution.set_variable("charged", &VariableValue::Boolean(true))
//!         }
//!         _ => Err(DelegateError::bpmn_error("nothing-to-charge")),
//!     }
//! });
//! let server = Server::start(settings).await?;
//! server.shutdown().await
//! # })
//! # }
//! ```

pub mod configuration;
pub mod database;
pub mod deploy_folder;
pub mod file_limit;
pub mod history_settings;
pub mod http_client;
pub mod logging;
pub mod management;
pub mod server;
pub mod settings;

pub use engine::{Delegate, DelegateError, DelegateExecution, DelegateRegistry};
pub use server::Server;
pub use settings::Settings;
pub use types::VariableValue;
