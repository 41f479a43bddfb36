//! The program as its users start it.

mod command;
mod full_disk;
mod management;
mod process;
mod shutdown;
