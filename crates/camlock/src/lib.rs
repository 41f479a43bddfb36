//! The camlock server as a library: settings, wiring of store, runtime and REST, signals.
//!
//! The binary is a thin shell around this crate. Knows how the parts fit together and nothing of what they do.

pub mod configuration;
pub mod database;
pub mod deploy_folder;
pub mod file_limit;
pub mod http_client;
pub mod logging;
pub mod management;
pub mod server;
pub mod settings;

pub use server::Server;
pub use settings::Settings;
