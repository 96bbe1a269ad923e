//! A configuration profile for macOS, to be filled in.

use crate::xml::Xml;
use seatline_desk::policy::{Entry, Form, SCHEMA};

const HEADER: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
    \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n";

/// The program's identifier, which the payload is for.
const DOMAIN: &str = "cn.seatline.desk";

/// A sample that forces where to sign in and recommends the rest.
pub(crate) fn sample() -> String {
    let mut xml = Xml::begin(HEADER);
    xml.with("plist", &[("version", "1.0")], |xml| {
        xml.with("dict", &[], |xml| {
            xml.text("key", &[], "PayloadContent");
            xml.with("array", &[], |xml| xml.with("dict", &[], payload));
            about(
                xml,
                "Configuration",
                DOMAIN,
                "6C0B5A7E-6F2D-4E0A-9A43-4B1C3D7F5E01",
            );
        });
    });
    xml.end()
}

fn payload(xml: &mut Xml) {
    for entry in SCHEMA.iter().filter(|entry| is_forced(entry)) {
        value(xml, entry);
    }
    xml.text("key", &[], "Recommended");
    xml.with("dict", &[], |xml| {
        for entry in SCHEMA.iter().filter(|entry| !is_forced(entry)) {
            value(xml, entry);
        }
    });
    about(
        xml,
        DOMAIN,
        "cn.seatline.desk.policy",
        "6C0B5A7E-6F2D-4E0A-9A43-4B1C3D7F5E02",
    );
}

/// The address is IT's business, and so is what the person has no choice of.
fn is_forced(entry: &Entry) -> bool {
    matches!(entry.form, Form::Address) || !entry.personal
}

fn value(xml: &mut Xml, entry: &Entry) {
    xml.text("key", &[], entry.name);
    match entry.form {
        Form::Flag if entry.sample == "1" => xml.empty("true", &[]),
        Form::Flag => xml.empty("false", &[]),
        Form::Address
        | Form::File
        | Form::Proxy
        | Form::Name
        | Form::Ports
        | Form::Keys
        | Form::Choice(_) => {
            xml.text("string", &[], entry.sample);
        }
    }
}

fn about(xml: &mut Xml, kind: &str, identifier: &str, id: &str) {
    for (name, text) in [
        ("PayloadDisplayName", "Seatline"),
        ("PayloadIdentifier", identifier),
        ("PayloadType", kind),
        ("PayloadUUID", id),
    ] {
        xml.text("key", &[], name);
        xml.text("string", &[], text);
    }
    xml.text("key", &[], "PayloadVersion");
    xml.text("integer", &[], "1");
}

#[cfg(test)]
mod tests {
    use super::*;
    use seatline_desk::policy::{Layer, Policy, Raw, Source};

    #[test]
    fn the_sample_is_a_policy_the_desk_takes_whole() {
        let bytes = std::io::Cursor::new(sample().into_bytes());
        let profile = plist::Value::from_reader(bytes).expect("a property list");
        let content = profile
            .as_dictionary()
            .and_then(|all| all.get("PayloadContent"));
        let payload = content
            .and_then(plist::Value::as_array)
            .and_then(|payloads| payloads.first())
            .and_then(plist::Value::as_dictionary)
            .expect("one payload");
        let table = payload
            .iter()
            .filter(|(name, _)| !name.starts_with("Payload"))
            .map(|(name, value)| (name.clone(), raw(value)))
            .collect();
        let policy = Policy::of([Layer::of_table(Source::ManagedPreferences, table)]);
        assert_eq!(policy.faults(), []);
        assert_eq!(policy.decisions().count(), SCHEMA.len());
    }

    fn raw(value: &plist::Value) -> Raw {
        match value {
            plist::Value::String(text) => Raw::Text(text.clone()),
            plist::Value::Boolean(on) => Raw::Flag(*on),
            plist::Value::Dictionary(table) => {
                let pairs = table.iter();
                Raw::Table(
                    pairs
                        .map(|(name, value)| (name.clone(), raw(value)))
                        .collect(),
                )
            }
            _ => Raw::Other("value"),
        }
    }
}
