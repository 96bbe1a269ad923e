//! What a number is. Chinese service numbers are told apart before area codes, in this order:
//!
//! ```text
//!   hidden ─ foreign (+ or 00, not 86) ─ 1[12]x ─ 12xxx, 100xx ─ 1010xxxx ─ 400+7 ─ 800+7
//!   ─ 700+12 ─ 95, 96 (5–9 digits) ─ 1[3-9]+9 ─ 0+area ─ extension ─ unknown
//! ```

use super::region;
use crate::config::Language;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use seatline_contract::{
    customer::{NumberKind, NumberView},
    secret::PhoneNumber,
};

/// A number with its sort, in the one spelling the centre stores and compares.
///
/// Mobile, fixed and foreign numbers are E.164; service numbers stay as they are dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    canonical: PhoneNumber,
    kind: NumberKind,
}

impl Number {
    /// Reads a number in any usual spelling. It never fails: what is not understood is
    /// [`NumberKind::Unknown`].
    #[must_use]
    pub fn classify(raw: &str) -> Self {
        let dialled = clean(raw);
        if is_hidden(raw, &dialled) {
            return Self::new(String::new(), NumberKind::Anonymous);
        }
        let (national, prefixed) = match strip_china(&dialled) {
            Some(national) => (national, true),
            None if dialled.starts_with('+') => return foreign(&dialled),
            None => (as_dialled_at_home(&dialled), false),
        };
        if !national.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::new(dialled, NumberKind::Unknown);
        }
        let kind = sort(national, prefixed);
        let canonical = match kind {
            NumberKind::Mobile => format!("+86{national}"),
            NumberKind::Fixed => format!("+86{}", national.trim_start_matches('0')),
            NumberKind::Unknown => dialled,
            _ => national.to_owned(),
        };
        Self::new(canonical, kind)
    }

    fn new(canonical: String, kind: NumberKind) -> Self {
        Self {
            canonical: PhoneNumber::new(canonical),
            kind,
        }
    }

    /// The spelling that is stored and compared; empty for a hidden number.
    #[must_use]
    pub fn canonical(&self) -> &PhoneNumber {
        &self.canonical
    }

    /// What sort it is.
    #[must_use]
    pub fn kind(&self) -> NumberKind {
        self.kind
    }

    /// Whether it names one customer: hidden, privacy and internal numbers do not.
    #[must_use]
    pub fn names_customer(&self) -> bool {
        !matches!(
            self.kind,
            NumberKind::Anonymous | NumberKind::Privacy | NumberKind::Internal
        )
    }

    /// Whether a trunk can be asked to dial it.
    #[must_use]
    pub fn is_dialable(&self) -> bool {
        !matches!(self.kind, NumberKind::Anonymous | NumberKind::Unknown)
    }

    /// The number as somebody may see it: in full, or masked unless it is a public service.
    #[must_use]
    pub fn view(&self, in_full: bool, language: Language) -> NumberView {
        let full = in_full || !self.is_personal();
        NumberView {
            display: if full { self.spell() } else { self.mask() },
            full: (full && self.kind != NumberKind::Anonymous).then(|| self.canonical.clone()),
            kind: self.kind,
            region: region::name(self, language),
        }
    }

    /// Whether the number says something of a person.
    fn is_personal(&self) -> bool {
        match self.kind {
            NumberKind::Mobile
            | NumberKind::Fixed
            | NumberKind::Privacy
            | NumberKind::International
            | NumberKind::Unknown => true,
            NumberKind::Service
            | NumberKind::SharedCost
            | NumberKind::TollFree
            | NumberKind::Access
            | NumberKind::Emergency
            | NumberKind::Internal
            | NumberKind::Anonymous => false,
        }
    }

    /// The number in the usual groups.
    fn spell(&self) -> String {
        let text = self.canonical.expose();
        let format = match self.kind {
            NumberKind::Mobile | NumberKind::Fixed => PhoneNumberFormat::National,
            NumberKind::International => PhoneNumberFormat::International,
            _ => return text.to_owned(),
        };
        parse(text).map_or_else(
            || text.to_owned(),
            |number| number.format_as(format).into_owned(),
        )
    }

    fn mask(&self) -> String {
        let text = self.canonical.expose();
        let (head, tail) = match self.kind {
            NumberKind::Mobile => return cover(&text[3..], 3, 4),
            NumberKind::Fixed => {
                let national = format!("0{}", &text[3..]);
                return cover(&national, region::area_digits(&text[3..]) + 1, 2);
            }
            NumberKind::Privacy => (3, 4),
            NumberKind::International => (region::country_digits(text) + 1, 2),
            _ => (0, 2),
        };
        cover(text, head, tail)
    }
}

/// Keeps the first and last characters.
fn cover(text: &str, head: usize, tail: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= head + tail {
        return "*".repeat(characters.len());
    }
    let hidden = characters.len() - head - tail;
    let first: String = characters[..head].iter().collect();
    let last: String = characters[head + hidden..].iter().collect();
    format!("{first}{}{last}", "*".repeat(hidden))
}

/// Drops what people write between digits, and turns full-width digits and a leading `00` plain.
fn clean(raw: &str) -> String {
    let mut cleaned: String = raw
        .trim()
        .chars()
        .map(narrow)
        .filter_map(|c| match c {
            '0'..='9' | '*' | '#' | '+' => Some(c),
            c if c.is_alphabetic() => Some(c),
            _ => None,
        })
        .collect();
    if let Some(rest) = cleaned.strip_prefix("00") {
        cleaned = format!("+{rest}");
    }
    cleaned
}

/// A full-width digit or plus as those of ASCII; anything else as it is.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '＋' => '+',
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        _ => c,
    }
}

fn is_hidden(raw: &str, cleaned: &str) -> bool {
    const HIDDEN: [&str; 5] = [
        "anonymous",
        "unavailable",
        "restricted",
        "private",
        "unknown",
    ];
    cleaned.is_empty()
        || HIDDEN
            .iter()
            .any(|word| raw.trim().eq_ignore_ascii_case(word))
}

/// A mobile number without what some carriers put before it: the prefix of trunk calls, or the
/// country code without its plus.
fn as_dialled_at_home(dialled: &str) -> &str {
    let rest = dialled
        .strip_prefix("86")
        .or_else(|| dialled.strip_prefix('0'));
    let is_mobile = |digits: &&str| sort(digits, false) == NumberKind::Mobile;
    rest.filter(is_mobile).unwrap_or(dialled)
}

fn strip_china(number: &str) -> Option<&str> {
    number.strip_prefix("+86")
}

fn foreign(dialled: &str) -> Number {
    match parse(dialled) {
        Some(number) if number.is_valid() => Number::new(
            number.format_as(PhoneNumberFormat::E164).into_owned(),
            NumberKind::International,
        ),
        _ => Number::new(dialled.to_owned(), NumberKind::Unknown),
    }
}

fn sort(national: &str, prefixed: bool) -> NumberKind {
    let digits = national.as_bytes();
    match (digits, digits.len()) {
        ([b'1', b'1' | b'2', _], 3) => NumberKind::Emergency,
        ([b'1', b'2', ..] | [b'1', b'0', b'0', ..], 5) => NumberKind::Service,
        ([b'1', b'0', b'1', b'0', ..], 8) => NumberKind::Access,
        ([b'4', b'0', b'0', ..], 10) => NumberKind::SharedCost,
        ([b'8', b'0', b'0', ..], 10) => NumberKind::TollFree,
        ([b'7', b'0', b'0', ..], 15) => NumberKind::Privacy,
        ([b'9', b'5' | b'6', ..], 5..=9) => NumberKind::Service,
        ([b'1', b'3'..=b'9', ..], 11) => NumberKind::Mobile,
        ([b'0', b'1'..=b'9', ..], _) if is_fixed(&national[1..]) => NumberKind::Fixed,
        ([b'1'..=b'9', ..], _) if prefixed && is_fixed(national) => NumberKind::Fixed,
        ([b'2'..=b'8', ..], 3..=5) if !prefixed => NumberKind::Internal,
        _ => NumberKind::Unknown,
    }
}

/// Whether digits without the leading zero are an area code and a line of a right length.
fn is_fixed(digits: &str) -> bool {
    region::province(digits).is_some()
        && parse(&format!("+86{digits}")).is_some_and(|number| number.is_valid())
}

fn parse(international: &str) -> Option<rlibphonenumber::PhoneNumber> {
    PHONE_NUMBER_UTIL.parse(international, None).ok()
}

/// The country calling code, and the country's two letters if it is certain.
pub(super) fn calling_code(international: &str) -> Option<(i32, Option<String>)> {
    let number = parse(international)?;
    let region = number.get_region_code().map(|region| format!("{region:?}"));
    Some((number.country_code, region))
}

#[cfg(test)]
mod tests {
    use super::*;
    use NumberKind::{
        Access, Anonymous, Emergency, Fixed, Internal, International, Mobile, Privacy, Service,
        SharedCost, TollFree, Unknown,
    };

    #[test]
    fn every_line_of_the_order_and_its_collisions() {
        let table = [
            ("110", Emergency, "110"),
            ("119", Emergency, "119"),
            ("120", Emergency, "120"),
            ("12345", Service, "12345"),
            ("12306", Service, "12306"),
            ("10086", Service, "10086"),
            ("+86 10086", Service, "10086"),
            ("10101010", Access, "10101010"),
            ("1010 8888", Access, "10108888"),
            ("400-820-8820", SharedCost, "4008208820"),
            ("+864008208820", SharedCost, "4008208820"),
            ("800 810 8888", TollFree, "8008108888"),
            ("700123456789012", Privacy, "700123456789012"),
            ("95588", Service, "95588"),
            ("95123", Service, "95123"),
            ("955123456", Service, "955123456"),
            ("96110", Service, "96110"),
            ("96123456", Service, "96123456"),
            ("13800138000", Mobile, "+8613800138000"),
            ("+86 138 0013 8000", Mobile, "+8613800138000"),
            ("0086-138-0013-8000", Mobile, "+8613800138000"),
            ("１３８００１３８０００", Mobile, "+8613800138000"),
            ("19912345678", Mobile, "+8619912345678"),
            ("013800138000", Mobile, "+8613800138000"),
            ("8613800138000", Mobile, "+8613800138000"),
            ("010-65001234", Fixed, "+861065001234"),
            ("+86 10 6500 1234", Fixed, "+861065001234"),
            ("021 6288 1234", Fixed, "+862162881234"),
            ("(0755) 8266-1234", Fixed, "+8675582661234"),
            // Area codes 0951–0955 are not 95 numbers, 0701 is not a 700 number.
            ("0951-6012345", Fixed, "+869516012345"),
            ("0952-2012345", Fixed, "+869522012345"),
            ("0953-2012345", Fixed, "+869532012345"),
            ("0954-2012345", Fixed, "+869542012345"),
            ("0955-7012345", Fixed, "+869557012345"),
            ("+869516012345", Fixed, "+869516012345"),
            ("0701-6212345", Fixed, "+867016212345"),
            ("0898-66212345", Fixed, "+8689866212345"),
            ("+44 20 7946 0018", International, "+442079460018"),
            ("0044 20 7946 0018", International, "+442079460018"),
            ("+1 202 555 0143", International, "+12025550143"),
            ("8001", Internal, "8001"),
            ("anonymous", Anonymous, ""),
            ("Anonymous", Anonymous, ""),
            ("", Anonymous, ""),
            ("12", Unknown, "12"),
            ("026-1234567", Unknown, "0261234567"),
            ("+999123", Unknown, "+999123"),
            ("hello", Unknown, "hello"),
        ];
        for (raw, kind, canonical) in table {
            let number = Number::classify(raw);
            assert_eq!(number.kind(), kind, "{raw}");
            assert_eq!(number.canonical().expose(), canonical, "{raw}");
        }
    }

    #[test]
    fn the_canonical_spelling_is_its_own_canonical_spelling() {
        for raw in [
            "110",
            "10086",
            "10101010",
            "4008208820",
            "8008108888",
            "700123456789012",
            "95588",
            "13800138000",
            "02162881234",
            "+442079460018",
            "8001",
            "12",
            "hello",
            "",
        ] {
            let once = Number::classify(raw);
            assert_eq!(Number::classify(once.canonical().expose()), once, "{raw}");
        }
    }

    #[test]
    fn people_are_masked_and_services_are_not() {
        let masked = |raw: &str| Number::classify(raw).view(false, Language::Zh).display;
        assert_eq!(masked("13812345678"), "138****5678");
        assert_eq!(masked("021-62881234"), "021******34");
        assert_eq!(masked("0755-82661234"), "0755******34");
        assert_eq!(masked("+442079460018"), "+44********18");
        assert_eq!(masked("700123456789012"), "700********9012");
        assert_eq!(masked("95588"), "95588");
        assert_eq!(masked("anonymous"), "");
        assert!(
            Number::classify("13812345678")
                .view(false, Language::Zh)
                .full
                .is_none()
        );
    }

    #[test]
    fn those_who_may_see_a_number_see_it_in_groups() {
        let shown = |raw: &str| Number::classify(raw).view(true, Language::En).display;
        assert_eq!(shown("13812345678"), "138 1234 5678");
        assert_eq!(shown("+442079460018"), "+44 20 7946 0018");
    }
}
