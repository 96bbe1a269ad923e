//! The desktop phone of a call centre.
fn main() {}
