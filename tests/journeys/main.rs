//! Journeys of a person through the whole system.

fn main() {}
