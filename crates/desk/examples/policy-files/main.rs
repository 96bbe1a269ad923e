//! Writes what IT needs of the schema of managed settings, for `cargo dev codegen`:
//! `policy-files admx|adml-zh|adml-en|mobileconfig|page`.

mod page;
mod profile;
mod template;
mod xml;

use std::process::ExitCode;

/// Makes a file.
type Make = fn() -> String;

/// The files by the name they are asked for.
const FILES: [(&str, Make); 5] = [
    ("admx", template::definitions),
    ("adml-zh", || template::texts(Tongue::Zh)),
    ("adml-en", || template::texts(Tongue::En)),
    ("mobileconfig", profile::sample),
    ("page", page::reference),
];

/// A language the files are written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tongue {
    Zh,
    En,
}

impl Tongue {
    fn say<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    match FILES.iter().find(|(name, _)| *name == wanted) {
        Some((_, make)) => {
            print!("{}", make());
            ExitCode::SUCCESS
        }
        None => {
            let names = FILES.map(|(name, _)| name).join("|");
            eprintln!("usage: policy-files {names}");
            ExitCode::from(2)
        }
    }
}
