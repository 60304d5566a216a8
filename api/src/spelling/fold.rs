//! Texts as they are matched, searched and sorted: by Unicode, and alike on both databases, because both only compare
//! what is worked out here.

use std::sync::LazyLock;

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_collator::{Collator, CollatorBorrowed};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::text;

/// The most bytes of a key that an index holds: PostgreSQL takes 2,700 for a whole row of it.
const LONGEST: usize = 1_000;

static CASES: CaseMapperBorrowed<'static> = CaseMapper::new();

/// The root collation of Unicode (CLDR), which has no language.
static COLLATOR: LazyLock<Option<CollatorBorrowed<'static>>> =
    LazyLock::new(|| Collator::try_new(Default::default(), Default::default()).ok());

/// By what names are the same: case does not count, nor does the width of letters or of blanks. Accents do. Of a key that
/// no index would hold there is a digest.
pub fn same(name: &str) -> String {
    let line = text::line(name);
    let folded: String = CASES.fold_string(&line.nfkc().collect::<String>()).nfkc().collect();
    let key = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    if key.len() <= LONGEST { key } else { hex::encode(Sha256::digest(key)) }
}

/// As texts are searched: neither case nor accents count, and ligatures are their letters.
pub fn searched(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded = CASES.fold_string(&text.nfkd().collect::<String>()).into_owned();
    folded.nfkd().filter(|letter| !is_accent(*letter)).map(plain).nfc().collect()
}

/// Bytes in whose order texts are sorted. Texts that differ only far behind their beginning have the same.
pub fn sorted(text: &str) -> Vec<u8> {
    let beginning = text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text);
    let mut key = Vec::with_capacity(beginning.len() + 16);
    match COLLATOR.as_ref() {
        Some(collator) => {
            let Ok(()) = collator.write_sort_key_to(beginning, &mut key);
        }
        None => key.extend(beginning.bytes()),
    }
    key.truncate(LONGEST);
    key
}

/// The letter without a stroke, and with a dot: Unicode does not take these apart, and people who have no such key leave them
/// out.
fn plain(letter: char) -> char {
    match letter {
        'ı' => 'i',
        'đ' => 'd',
        'ħ' => 'h',
        'ł' => 'l',
        'ø' => 'o',
        'ŧ' => 't',
        other => other,
    }
}

/// The marks that letters of European scripts carry. Those of other scripts are letters of their own.
fn is_accent(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}
