//! XML, one element a line.

use std::fmt::Write;

/// The first line of every file.
pub(crate) const HEADER: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// Elements, indented by two spaces a level.
pub(crate) struct Xml {
    text: String,
    level: usize,
}

impl Xml {
    /// A document that begins with these lines.
    pub(crate) fn begin(header: &str) -> Self {
        Self {
            text: header.into(),
            level: 0,
        }
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let open = tag(name, attributes);
        self.line(&format!("<{open}/>"));
    }

    /// An element with text in it.
    pub(crate) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let open = tag(name, attributes);
        self.line(&format!("<{open}>{}</{name}>", escape(text)));
    }

    /// An element with others in it.
    pub(crate) fn with(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inner: impl FnOnce(&mut Self),
    ) {
        let open = tag(name, attributes);
        self.line(&format!("<{open}>"));
        self.level += 1;
        inner(self);
        self.level -= 1;
        self.line(&format!("</{name}>"));
    }

    /// The document.
    pub(crate) fn end(self) -> String {
        self.text
    }

    fn line(&mut self, line: &str) {
        let indent = "  ".repeat(self.level);
        self.text.push_str(&indent);
        self.text.push_str(line);
        self.text.push('\n');
    }
}

fn tag(name: &str, attributes: &[(&str, &str)]) -> String {
    attributes
        .iter()
        .fold(name.to_owned(), |mut open, (key, value)| {
            // Writing to a string does not fail.
            let _ = write!(open, " {key}=\"{}\"", escape(value));
            open
        })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
