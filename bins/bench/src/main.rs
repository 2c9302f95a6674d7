//! Measures what a gateway adds to a call.

fn main() {}
