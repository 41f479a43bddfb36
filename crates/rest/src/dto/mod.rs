//! What travels in bodies and is shared by several resources.

pub mod form;
pub mod modification;
pub mod shown;
pub mod time;
pub mod variable;
