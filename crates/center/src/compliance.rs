//! Rules the law sets: what a number is, and who looked at what.

pub(crate) mod audit;
pub mod number;
pub mod region;
