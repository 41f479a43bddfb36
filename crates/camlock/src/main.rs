//! The camlock binary: command line in, exit code out.

// What a command prints is its purpose; logs go to standard error.
#![allow(clippy::print_stdout)]

mod command;

use std::path::PathBuf;
use std::process::ExitCode;

use camlock::Settings;
use camlock::configuration::{Configuration, KEYS, variable_name};
use camlock::logging::{self, LogFormat};
use clap::{Arg, ArgAction, ArgMatches, Command};

/// A worker of the runtime takes memory that the store's writer gives back: few allocators bear that as well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = command_line().get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("camlock: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match matches.subcommand() {
        Some(("demo", _)) => {
            logging::start(&environment("CAMLOCK_LOG", "warn"), LogFormat::Text);
            runtime.block_on(command::demo::run())
        }
        Some(("backup", matches)) => {
            let target = matches.get_one::<PathBuf>("to").expect("clap requires it");
            command::backup::run(text(matches, "database"), target)
        }
        Some(("copy", matches)) => runtime.block_on(command::copy::run(text(matches, "from"), text(matches, "to"))),
        Some(("nodes", matches)) => runtime.block_on(command::nodes::run(text(matches, "database"))),
        Some(("health", matches)) => runtime.block_on(command::health::run(&settings(matches)?)),
        Some(("serve", matches)) => runtime.block_on(serve(settings(matches)?)),
        _ => runtime.block_on(serve(settings(matches)?)),
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    logging::start(&settings.log, settings.log_format);
    command::serve::run(settings).await
}

fn text<'m>(matches: &'m ArgMatches, name: &str) -> &'m str {
    matches.get_one::<String>(name).expect("clap requires it or has a default")
}

fn environment(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

fn settings(matches: &ArgMatches) -> anyhow::Result<Settings> {
    let file =
        matches.get_one::<PathBuf>("config").cloned().or_else(|| std::env::var_os("CAMLOCK_CONFIG").map(PathBuf::from));
    let configuration = Configuration::layered(
        |key| matches.get_one::<String>(key).cloned(),
        |variable| std::env::var(variable).ok(),
        file.as_deref(),
    )?;
    Ok(Settings::read(&configuration)?)
}

fn command_line() -> Command {
    Command::new("camlock")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A BPMN process engine that replaces Camunda 7 without a change to the clients")
        .after_help("Without a subcommand camlock serves.")
        .args(flags())
        .args_conflicts_with_subcommands(true)
        .subcommand(Command::new("serve").about("Serves the REST API (the default)").args(flags()))
        .subcommand(Command::new("demo").about("Works 200 orders on a scratch database and shows how long it took"))
        .subcommand(backup())
        .subcommand(copy())
        .subcommand(nodes())
        .subcommand(Command::new("health").about("Asks a running server whether it is ready").args(flags()))
}

fn backup() -> Command {
    let database = Arg::new("database")
        .long("database")
        .value_name("sqlite:FILE")
        .default_value("sqlite:camlock.db")
        .env("CAMLOCK_DATABASE")
        .help("What to copy; a server may use it");
    let target = Arg::new("to")
        .long("to")
        .value_name("FILE")
        .required(true)
        .value_parser(clap::value_parser!(PathBuf))
        .help("The copy; an older one is replaced once the new one is whole");
    Command::new("backup")
        .about("Copies a SQLite database while a server uses it, and checks the copy")
        .args([database, target])
}

fn nodes() -> Command {
    let database = Arg::new("database")
        .long("database")
        .value_name("postgres://USER:PASSWORD@HOST:PORT/DATABASE")
        .required(true)
        .env("CAMLOCK_DATABASE")
        .help("The database that they share");
    Command::new("nodes").about("Lists the nodes that serve a database, and those that died lately").arg(database)
}

fn copy() -> Command {
    let from = Arg::new("from").long("from").value_name("URL").required(true).help("The database to read");
    let to = Arg::new("to").long("to").value_name("URL").required(true).help("An empty one, created if it is missing");
    Command::new("copy")
        .about("Moves everything into another database and verifies it; no server may run")
        .args([from, to])
}

fn flags() -> Vec<Arg> {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("A TOML file with these settings as keys [variable: CAMLOCK_CONFIG]");
    let mut flags = vec![config];
    for key in KEYS {
        let default = if key.default.is_empty() { String::new() } else { format!(", default: {}", key.default) };
        let help = format!("{} [variable: {}{default}]", key.help, variable_name(key.name));
        let mut flag = Arg::new(key.name).long(key.name).value_name(key.expected).action(ArgAction::Set).help(help);
        if key.is_switch {
            flag = flag.num_args(0..=1).default_missing_value("on");
        }
        flags.push(flag);
    }
    flags
}

#[cfg(test)]
mod tests {
    #[test]
    fn command_line_is_consistent() {
        super::command_line().debug_assert();
    }
}
