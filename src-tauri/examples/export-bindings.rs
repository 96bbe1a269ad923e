//! Writes the windows' TypeScript: `cargo run -p seatline-shell --example export-bindings -- FILE`.

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os()
        .nth(1)
        .context("the file to write is missing")?;
    seatline_shell::bindings::export(path.as_ref())?;
    Ok(())
}
