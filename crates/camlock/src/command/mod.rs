//! The subcommands of the binary, one file each.

pub mod demo;
pub mod serve;
