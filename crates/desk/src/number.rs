//! Which text may become a number that is dialled. Links are judged more strictly than what the
//! agent types: they come from anyone.

/// Longest number, in digits (E.164 has 15; access codes come before it).
const MOST_DIGITS: usize = 20;

/// Longest link that is looked at, in bytes.
const LONGEST_LINK: usize = 256;

/// Reads a number as an agent types it: digits, `*`, `#`, a leading `+`; separators are dropped
/// and the full-width forms of a Chinese keyboard are understood.
pub(crate) fn read_typed(text: &str) -> Option<String> {
    let mut number = String::new();
    for c in text.trim().chars() {
        match narrow(c) {
            c @ ('0'..='9' | '*' | '#') => number.push(c),
            '+' if number.is_empty() => number.push('+'),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    let keys = number.trim_start_matches('+').len();
    (1..=MOST_DIGITS).contains(&keys).then_some(number)
}

/// Reads the number of a `tel:`, `callto:`, `sip:`, `sips:` or `seatline:` link: digits and a
/// leading `+` or nothing. Feature codes (`*`, `#`), pauses, parameters, escapes and anything but
/// ASCII are refused, because a link must not make the agent dial what is not shown.
pub(crate) fn read_link(link: &str) -> Option<String> {
    if link.len() > LONGEST_LINK || !link.is_ascii() {
        return None;
    }
    let (scheme, rest) = link.trim().split_once(':')?;
    let rest = match rest.strip_prefix("//") {
        // Browsers add a slash behind what they take for a host.
        Some(rest) => rest.strip_suffix('/').unwrap_or(rest),
        None => rest,
    };
    let number = match scheme.to_ascii_lowercase().as_str() {
        "tel" | "callto" => rest,
        "seatline" => rest.strip_prefix("dial/").unwrap_or(rest),
        "sip" | "sips" => match rest.split_once('@') {
            Some((user, host)) if is_host(host) => user,
            Some(_) => return None,
            None => rest,
        },
        _ => return None,
    };
    let mut digits = String::new();
    for c in number.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => digits.push(c),
            '-' | '.' | '(' | ')' | ' ' if !digits.is_empty() || c == '(' => {}
            _ => return None,
        }
    }
    let count = digits.trim_start_matches('+').len();
    (2..=MOST_DIGITS).contains(&count).then_some(digits)
}

/// Keys that can be pressed in a call, or `None` if one of them is no key.
pub(crate) fn read_keys(text: &str) -> Option<String> {
    let keys: String = text.chars().map(narrow).collect();
    let valid = keys
        .chars()
        .all(|c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D'));
    (valid && !keys.is_empty() && keys.len() <= 64).then_some(keys)
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'))
}

/// The ordinary form of a full-width character.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_numbers_are_read_as_people_write_them() {
        for (typed, dialled) in [
            ("+86 (138) 0013-8000", "+8613800138000"),
            (" 10086 ", "10086"),
            ("１３８００１３８０００", "13800138000"),
            ("＋86 10 5555 0100", "+861055550100"),
            ("*72#", "*72#"),
            ("0", "0"),
        ] {
            assert_eq!(read_typed(typed).as_deref(), Some(dialled), "{typed}");
        }
        for refused in [
            "",
            " ",
            "+",
            "12+3",
            "alice",
            "1a2",
            "1,2",
            "1;2",
            "1@2",
            "sip:1",
            "١٢٣",
            "1\n2",
            "123456789012345678901",
        ] {
            assert_eq!(read_typed(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn links_give_digits() {
        for (link, number) in [
            ("tel:+8613800138000", "+8613800138000"),
            ("TEL:10086", "10086"),
            ("tel:(010)5555-0100", "01055550100"),
            ("tel://13800138000/", "13800138000"),
            ("callto:+44-20-7946-0018", "+442079460018"),
            ("sip:13800138000@pbx.example.cn:5060", "13800138000"),
            ("sip:110", "110"),
            ("seatline://dial/95588/", "95588"),
        ] {
            assert_eq!(read_link(link).as_deref(), Some(number), "{link}");
        }
    }

    #[test]
    fn links_that_could_do_anything_else_are_refused() {
        let long = format!("tel:{}", "1".repeat(1 << 20));
        for link in [
            "",
            "tel:",
            "tel:+",
            "13800138000",
            "--sign-out",
            "--data-dir=/etc",
            "\"tel:1234\"",
            "tel:1234\"",
            "tel:*7213800138000",
            "tel:*%2306%23",
            "tel:1234#",
            "tel:1234,,5",
            "tel:1234p5",
            "tel:1234w5",
            "tel:1234;postd=99",
            "tel:1234;ext=5",
            "tel:1234;phone-context=evil.example",
            "tel:%2B8613800138000",
            "tel:123%0d%0aINVITE",
            "tel:123\r\n456",
            "tel:１２３４",
            "tel:12३4",
            "tel:1234?body=x",
            "tel:12+34",
            "tel: 1234",
            "sip:alice@example.com",
            "sip:1234@",
            "sip:1234@host;transport=tcp",
            "sip:1234@host?Replaces=1",
            "sip:1234:password@host",
            "file:///etc/passwd",
            "\\\\server\\share",
            "javascript:1234",
            "https://example.com/tel:1234",
            "seatline://answer",
            long.as_str(),
        ] {
            assert_eq!(read_link(link), None, "{:?}", &link[..link.len().min(40)]);
        }
    }

    #[test]
    fn no_byte_sequence_gives_anything_but_a_number() {
        let alphabet = b"tel:sip+0123456789*#@;%,/-() \r\n\0";
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..20_000 {
            let mut link = String::from("tel:");
            for _ in 0..12 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                link.push(char::from(
                    alphabet[(state % alphabet.len() as u64) as usize],
                ));
            }
            if let Some(number) = read_link(&link) {
                let digits = number.strip_prefix('+').unwrap_or(&number);
                assert!(digits.bytes().all(|b| b.is_ascii_digit()), "{link:?}");
            }
        }
    }

    #[test]
    fn keys_are_telephone_keys() {
        assert_eq!(read_keys("12＃").as_deref(), Some("12#"));
        assert_eq!(read_keys("1,2"), None);
        assert_eq!(read_keys(""), None);
    }
}
