//! Texts that are looked through, and what is looked for in them.

use pinyin::ToPinyin;
use sea_orm::sea_query::LikeExpr;

/// What a search looks through: the texts in lower case, and for Chinese ones also their pinyin
/// and its initials, so that 王小明 is found by `wangxiaoming` and by `wxm`.
pub(crate) fn search_text(texts: &[&str]) -> String {
    let mut found = Vec::new();
    for text in texts {
        let lower = text.to_lowercase();
        let mut sounds = String::new();
        let mut initials = String::new();
        let mut chinese = false;
        for character in lower.chars() {
            match character.to_pinyin() {
                Some(sound) => {
                    chinese = true;
                    sounds.push_str(sound.plain());
                    initials.push_str(&sound.plain()[..1]);
                }
                None => {
                    sounds.push(character);
                    initials.push(character);
                }
            }
        }
        found.push(lower);
        if chinese {
            found.push(sounds.replace('ü', "v"));
            found.push(initials);
        }
    }
    found.join("\n")
}

/// A text to look for inside others, in which `%` and `_` mean themselves.
pub(crate) fn containing(text: &str) -> Containing {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Containing(escaped)
}

/// A text made safe for `LIKE`.
pub(crate) struct Containing(String);

impl Containing {
    /// Matches texts that have it anywhere.
    pub(crate) fn anywhere(&self) -> LikeExpr {
        Self::like(format!("%{}%", self.0))
    }

    /// Matches texts that begin with it.
    pub(crate) fn begins(&self) -> LikeExpr {
        Self::like(format!("{}%", self.0))
    }

    /// Matches texts that end with it.
    pub(crate) fn ends(&self) -> LikeExpr {
        Self::like(format!("%{}", self.0))
    }

    fn like(pattern: String) -> LikeExpr {
        LikeExpr::new(pattern).escape('\\')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_names_are_found_by_sound_and_initials() {
        let text = search_text(&["王小明", "Emma CLARKE"]);
        for found in ["王小明", "wangxiaoming", "wxm", "emma clarke"] {
            assert!(text.contains(found), "{found} in {text}");
        }
    }

    #[test]
    fn wildcards_mean_themselves() {
        assert_eq!(containing(r"50%_\").0, r"50\%\_\\");
    }
}
