//! What the engine does, seen from outside: commands in, changes out.

mod compared;
mod history_level;
mod notation;
mod random;
mod scenario;
mod tables;
mod trace;
mod world;
