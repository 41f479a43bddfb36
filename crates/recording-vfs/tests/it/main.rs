//! The recorder seen from outside, with plain SQLite.

mod power_cut;
