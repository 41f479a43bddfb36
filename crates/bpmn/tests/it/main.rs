//! What documents become: a model, or everything that is wrong with them.

mod cases;
mod description;
mod mutation;
mod size;
