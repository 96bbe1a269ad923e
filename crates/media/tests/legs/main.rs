//! Legs over real sockets on the loopback interface, judged by what is heard.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test, as tests themselves do"
)]

mod chromium;
mod foreign;
mod hostile;
mod mixing;
mod party;
mod voice;
