//! Codes of standards, in whichever case they are written.

use icu_locale_core::Locale;

use super::text;

/// A code of capitals, however it was written.
pub fn upper(text: &str) -> String {
    text::bare(text).to_ascii_uppercase()
}

/// ISO 4217: a currency in use that has a minor unit.
pub fn currency(text: &str) -> Option<String> {
    let code = upper(text);
    crate::money::minor_digits(&code).map(|_| code)
}

/// ISO 3166-1 alpha-2, as officially assigned.
pub fn country(text: &str) -> Option<String> {
    let code = upper(text);
    let letters = code.bytes().all(|letter| letter.is_ascii_uppercase());
    (letters && rust_iso3166::from_alpha2(&code).is_some()).then_some(code)
}

/// A zone of the IANA database.
pub fn time_zone(text: &str) -> Option<String> {
    let name = text::bare(text);
    name.parse::<chrono_tz::Tz>().ok().map(|_| name)
}

/// BCP 47, also as systems write it (`de_DE.UTF-8`) and the first of those that a browser asks for (`de-AT,de;q=0.9`).
pub fn language(text: &str) -> Option<String> {
    let text = text::bare(text);
    let tag = text.split([',', ';', '.', '@']).next()?.trim().replace('_', "-");
    let locale = Locale::try_from_str(&tag).ok().filter(|locale| !locale.id.language.is_unknown());
    locale.map(|locale| locale.to_string())
}
