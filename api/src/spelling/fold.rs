//! Texts as they are matched, searched and sorted: by Unicode, and alike on both databases, because both only compare
//! what is worked out here.

use std::sync::LazyLock;

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_collator::{Collator, CollatorBorrowed};
use unicode_normalization::UnicodeNormalization;

use super::text;

static CASES: CaseMapperBorrowed<'static> = CaseMapper::new();

/// The root collation of Unicode (CLDR), which has no language.
static COLLATOR: LazyLock<Option<CollatorBorrowed<'static>>> =
    LazyLock::new(|| Collator::try_new(Default::default(), Default::default()).ok());

/// By what names are the same: case does not count, nor does the width of letters or of blanks. Accents do.
pub fn same(name: &str) -> String {
    let line = text::line(name);
    let folded: String = CASES.fold_string(&line.nfkc().collect::<String>()).nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As texts are searched: neither case nor accents count.
pub fn searched(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded = CASES.fold_string(&text.nfkd().collect::<String>()).into_owned();
    folded.nfkd().filter(|letter| !is_accent(*letter)).nfc().collect()
}

/// Bytes in whose order texts are sorted.
pub fn sorted(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() * 2 + 8);
    if let Some(collator) = COLLATOR.as_ref() {
        let Ok(()) = collator.write_sort_key_to(text, &mut key);
    }
    key
}

/// The marks that letters of European scripts carry. Those of other scripts are letters of their own.
fn is_accent(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}
