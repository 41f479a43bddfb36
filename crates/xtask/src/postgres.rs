//! The PostgreSQL that tests start: found, or installed where that is allowed. Never passed over.

use std::process::Command;

use anyhow::{Context, bail};

/// Makes sure that there are binaries for `crates/throwaway-postgres/start.sh`.
pub fn ensure() -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    println!("xtask: there is no PostgreSQL; installing Debian's package");
    let install = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql";
    let status = Command::new("sh").args(["-c", install]).status().context("no shell")?;
    if !status.success() || !is_there() {
        bail!(
            "PostgreSQL could not be installed: install version 13 or later, or set CAMLOCK_POSTGRES_BIN to the folder of initdb"
        );
    }
    Ok(())
}

fn is_there() -> bool {
    if std::env::var_os("CAMLOCK_TEST_POSTGRES").is_some() || std::env::var_os("CAMLOCK_POSTGRES_BIN").is_some() {
        return true;
    }
    let look = "ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null";
    Command::new("sh").args(["-c", look]).status().is_ok_and(|status| status.success())
}
