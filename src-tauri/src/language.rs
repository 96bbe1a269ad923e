//! The language of what the shell itself says: tray, notifications, window titles.

use seatline_desk::view::Language;

/// A language the shell speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

impl Tongue {
    /// The language to speak when the person chose this one.
    #[must_use]
    pub fn of(language: Language) -> Self {
        match language {
            Language::Zh => Self::Zh,
            Language::En => Self::En,
            Language::System => Self::of_locale(sys_locale::get_locale().as_deref()),
        }
    }

    fn of_locale(locale: Option<&str>) -> Self {
        match locale {
            Some(locale)
                if locale
                    .get(..2)
                    .is_some_and(|l| l.eq_ignore_ascii_case("zh")) =>
            {
                Self::Zh
            }
            _ => Self::En,
        }
    }

    /// One of two texts.
    #[must_use]
    pub fn say<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_locales_speak_chinese() {
        for locale in ["zh-CN", "zh", "ZH_TW", "zh-Hans-CN"] {
            assert_eq!(Tongue::of_locale(Some(locale)), Tongue::Zh, "{locale}");
        }
        for locale in [Some("en-US"), Some("C"), Some("中文"), None] {
            assert_eq!(Tongue::of_locale(locale), Tongue::En, "{locale:?}");
        }
    }
}
