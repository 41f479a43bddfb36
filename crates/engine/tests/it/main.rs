//! What the engine does, seen from outside: commands in, changes out.

mod delegate;
mod exploration;
mod history_level;
mod multitude;
mod random;
mod scenario;
mod siblings;
mod start_form;

use testkit::{notation, world};
