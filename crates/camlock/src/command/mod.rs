//! The subcommands of the binary, one file each.

pub mod backup;
pub mod copy;
pub mod demo;
pub mod health;
pub mod nodes;
pub mod serve;
