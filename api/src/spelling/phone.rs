//! Telephone numbers, by the metadata of Google's libphonenumber.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, Region};

use unicode_normalization::UnicodeNormalization;

use super::text;

/// A number as we keep it: E.164, with `;ext=` where it has an extension (RFC 3966): two people behind one switchboard
/// are two. A national one has to wait for its country ([`in_country`]) and is kept as its digits.
pub fn spell(text: &str) -> Option<String> {
    let text = plain(text);
    let digits = text.strip_prefix("00").map(|rest| format!("+{rest}"));
    let text = digits.unwrap_or(text);
    if text.contains('+') { read(&text, None) } else { is_national(&text).then(|| digits_of(&text)) }
}

/// The number, if it has its country code, or gets it from this country.
pub fn in_country(number: &str, country: Option<&str>) -> Option<String> {
    if number.starts_with('+') {
        return Some(number.to_owned());
    }
    read(number, Some(country?.parse().ok()?))
}

fn read(text: &str, region: Option<Region>) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(text, region).ok()?;
    let possible = number.national_number != 0 && PHONE_NUMBER_UTIL.is_possible_number(&number);
    let spelt_out = number.extension.is_none() && text.contains(char::is_alphabetic);
    (possible && !spelt_out).then(|| print(&number))
}

fn print(number: &PhoneNumber) -> String {
    let main = PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164);
    match number.extension.as_deref().filter(|extension| !extension.is_empty()) {
        Some(extension) => format!("{main};ext={extension}"),
        None => main.into_owned(),
    }
}

/// In digits of usual width, without what is not shown, and without the scheme of a link.
fn plain(text: &str) -> String {
    let text = text::bare(&text.nfkc().collect::<String>());
    match text.split_at_checked("tel:".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest.trim().to_owned(),
        _ => text,
    }
}

/// Could it be a number of some country?
fn is_national(text: &str) -> bool {
    let between = |letter: char| letter.is_whitespace() || "-()./\u{2010}\u{2011}\u{2012}\u{2013}".contains(letter);
    (6..=15).contains(&digits_of(text).len())
        && text.chars().all(|letter| letter.is_ascii_digit() || between(letter))
        && text.contains(|letter: char| matches!(letter, '1'..='9'))
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
