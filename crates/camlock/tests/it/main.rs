//! The program as its users start it.

mod command;
mod full_disk;
mod lossy_proxy;
mod management;
mod process;
mod shutdown;
mod two_nodes;
mod unknown_outcome;
