//! The camlock binary: command line in, exit code out.

// What a command prints is its purpose; logs go to standard error.
#![allow(clippy::print_stdout)]

mod command;

use std::path::PathBuf;
use std::process::ExitCode;

use camlock::Settings;
use camlock::configuration::{Configuration, KEYS, variable_name};
use clap::{Arg, ArgAction, ArgMatches, Command};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let matches = command_line().get_matches();
    let filter = EnvFilter::try_from_env("CAMLOCK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
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
        Some(("demo", _)) => runtime.block_on(command::demo::run()),
        Some(("serve", matches)) => runtime.block_on(command::serve::run(settings(matches)?)),
        _ => runtime.block_on(command::serve::run(settings(matches)?)),
    }
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
        .after_help("Without a subcommand camlock serves. Logs: CAMLOCK_LOG=info (or debug, or a filter).")
        .args(flags())
        .args_conflicts_with_subcommands(true)
        .subcommand(Command::new("serve").about("Serves the REST API (the default)").args(flags()))
        .subcommand(Command::new("demo").about("Works 200 orders on a scratch database and shows how long it took"))
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
