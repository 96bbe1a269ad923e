//! Administrative templates for Windows' group policies.

use crate::{
    Tongue,
    xml::{HEADER, Xml},
};
use seatline_desk::policy::{Choice, Entry, Form, SCHEMA};

/// Where forced values lie, in the registry of the computer or of the person.
const FORCED: &str = r"Software\Policies\Seatline";
/// Where recommended values lie.
const RECOMMENDED: &str = r"Software\Policies\Seatline\Recommended";

const NAMESPACE: &str = "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions";
const REVISION: [(&str, &str); 2] = [("revision", "1.0"), ("schemaVersion", "1.0")];

/// A policy as the editor lists it: each setting forced, and the person's own recommended too.
struct Listed {
    entry: &'static Entry,
    recommended: bool,
}

impl Listed {
    fn name(&self) -> String {
        let suffix = if self.recommended { "_Recommended" } else { "" };
        format!("{}{suffix}", self.entry.name)
    }
}

fn listed() -> Vec<Listed> {
    let forced = SCHEMA.iter().map(|entry| Listed {
        entry,
        recommended: false,
    });
    let personal = SCHEMA.iter().filter(|entry| entry.personal);
    let recommended = personal.map(|entry| Listed {
        entry,
        recommended: true,
    });
    forced.chain(recommended).collect()
}

/// The policies: which value each writes where.
pub(crate) fn definitions() -> String {
    let mut xml = Xml::begin(HEADER);
    let [revision, schema] = REVISION;
    let root = [("xmlns", NAMESPACE), revision, schema];
    xml.with("policyDefinitions", &root, |xml| {
        xml.with("policyNamespaces", &[], |xml| {
            let own = [("prefix", "seatline"), ("namespace", "Seatline.Policies")];
            xml.empty("target", &own);
        });
        xml.empty("resources", &[("minRequiredRevision", "1.0")]);
        xml.with("supportedOn", &[], |xml| {
            xml.with("definitions", &[], |xml| {
                let any = [("name", "Seatline"), ("displayName", "$(string.Supported)")];
                xml.empty("definition", &any);
            });
        });
        xml.with("categories", &[], |xml| {
            let all = [("name", "Seatline"), ("displayName", "$(string.Seatline)")];
            xml.empty("category", &all);
            let recommended = [
                ("name", "Recommended"),
                ("displayName", "$(string.Recommended)"),
            ];
            xml.with("category", &recommended, |xml| {
                xml.empty("parentCategory", &[("ref", "Seatline")]);
            });
        });
        xml.with("policies", &[], |xml| {
            for policy in listed() {
                define(xml, &policy);
            }
        });
    });
    xml.end()
}

fn define(xml: &mut Xml, policy: &Listed) {
    let (entry, name) = (policy.entry, policy.name());
    let (key, category) = if policy.recommended {
        (RECOMMENDED, "Recommended")
    } else {
        (FORCED, "Seatline")
    };
    let title = format!("$(string.{})", entry.name);
    let help = format!("$(string.{}_Help)", entry.name);
    let shown = format!("$(presentation.{})", entry.name);
    let mut attributes = vec![
        ("name", name.as_str()),
        ("class", "Both"),
        ("displayName", &title),
        ("explainText", &help),
        ("key", key),
    ];
    match entry.form {
        Form::Flag => attributes.push(("valueName", entry.name)),
        Form::Address
        | Form::File
        | Form::Proxy
        | Form::Name
        | Form::Ports
        | Form::Keys
        | Form::Choice(_) => {
            attributes.push(("presentation", &shown));
        }
    }
    xml.with("policy", &attributes, |xml| {
        xml.empty("parentCategory", &[("ref", category)]);
        xml.empty("supportedOn", &[("ref", "Seatline")]);
        match entry.form {
            Form::Flag => {
                for (state, number) in [("enabledValue", "1"), ("disabledValue", "0")] {
                    xml.with(state, &[], |xml| {
                        xml.empty("decimal", &[("value", number)]);
                    });
                }
            }
            Form::Choice(choices) => xml.with("elements", &[], |xml| {
                xml.with("enum", &element(entry), |xml| {
                    for choice in choices {
                        let name = format!("$(string.{})", string_of(entry, choice));
                        xml.with("item", &[("displayName", &name)], |xml| {
                            xml.with("value", &[], |xml| {
                                xml.text("string", &[], choice.value);
                            });
                        });
                    }
                });
            }),
            Form::Address | Form::File | Form::Proxy | Form::Name | Form::Ports | Form::Keys => {
                xml.with("elements", &[], |xml| xml.empty("text", &element(entry)));
            }
        }
    });
}

fn element(entry: &Entry) -> [(&'static str, &'static str); 3] {
    [
        ("id", entry.name),
        ("valueName", entry.name),
        ("required", "true"),
    ]
}

fn string_of(entry: &Entry, choice: &Choice) -> String {
    format!("{}_{}", entry.name, choice.value.replace('-', "_"))
}

/// The words of the policies in one language.
pub(crate) fn texts(tongue: Tongue) -> String {
    let mut xml = Xml::begin(HEADER);
    let [revision, schema] = REVISION;
    let root = [("xmlns", NAMESPACE), revision, schema];
    xml.with("policyDefinitionResources", &root, |xml| {
        xml.text("displayName", &[], "Seatline");
        let description = tongue.say("Seatline 坐席电话的策略", "Policies of the Seatline desk");
        xml.text("description", &[], description);
        xml.with("resources", &[], |xml| {
            xml.with("stringTable", &[], |xml| strings(xml, tongue));
            xml.with("presentationTable", &[], |xml| presentations(xml, tongue));
        });
    });
    xml.end()
}

fn strings(xml: &mut Xml, tongue: Tongue) {
    let mut string = |id: &str, text: &str| xml.text("string", &[("id", id)], text);
    string("Seatline", "Seatline");
    string(
        "Supported",
        tongue.say("Seatline 0.1 或更高版本", "Seatline 0.1 or later"),
    );
    let recommended = tongue.say(
        "默认设置（用户可以更改）",
        "Default settings (people may change them)",
    );
    string("Recommended", recommended);
    for entry in SCHEMA {
        let words = match tongue {
            Tongue::Zh => &entry.zh,
            Tongue::En => &entry.en,
        };
        string(entry.name, words.title);
        string(&format!("{}_Help", entry.name), words.help);
        if let Form::Choice(choices) = entry.form {
            for choice in choices {
                string(&string_of(entry, choice), tongue.say(choice.zh, choice.en));
            }
        }
    }
}

fn presentations(xml: &mut Xml, tongue: Tongue) {
    for entry in SCHEMA {
        let words = match tongue {
            Tongue::Zh => &entry.zh,
            Tongue::En => &entry.en,
        };
        let control = |xml: &mut Xml| match entry.form {
            Form::Choice(_) => {
                let list = [("refId", entry.name), ("noSort", "true")];
                xml.text("dropdownList", &list, words.title);
            }
            Form::Address
            | Form::File
            | Form::Proxy
            | Form::Name
            | Form::Ports
            | Form::Keys
            | Form::Flag => {
                xml.with("textBox", &[("refId", entry.name)], |xml| {
                    xml.text("label", &[], words.title);
                });
            }
        };
        if !matches!(entry.form, Form::Flag) {
            xml.with("presentation", &[("id", entry.name)], control);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn references(text: &str, start: &str) -> BTreeSet<String> {
        let parts = text.split(start).skip(1);
        parts
            .filter_map(|part| part.split([')', '"']).next())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_name_has_its_words_in_both_languages() {
        let definitions = definitions();
        for tongue in [Tongue::Zh, Tongue::En] {
            let texts = texts(tongue);
            let strings = references(&texts, "<string id=\"");
            assert_eq!(references(&definitions, "$(string."), strings);
            let shown = references(&texts, "<presentation id=\"");
            assert_eq!(references(&definitions, "$(presentation."), shown);
        }
    }

    #[test]
    fn device_management_takes_it() {
        let definitions = definitions();
        assert!(!definitions.contains("comboBox") && !texts(Tongue::En).contains("comboBox"));
        for key in references(&definitions, " key=\"") {
            assert!(key.starts_with(FORCED), "{key}");
        }
    }
}
