//! One spelling of a person, a company, a text: what each kind of text may be and how we keep it.
//!
//! Pure, and the only place that decides: inputs, imports, filters, matching and the demo data all ask [`spell`], so
//! that whatever reaches the database twice reaches it alike.

pub mod codes;
pub mod domain;
pub mod email;
pub mod fold;
pub mod mail_service;
pub mod phone;
pub mod text;
pub mod url;

/// The longest text that is kept, in characters.
pub const LONGEST: usize = 10_000;

/// What a text is, for its scalar and its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// A text for people: searched and sorted as they do.
    Plain,
    /// A key or a tag of another system, kept as it is.
    Tag,
    /// An e-mail address, kept in lower case.
    Email,
    /// A telephone number, E.164 with its extension.
    Phone,
    /// An absolute URL of the web or of an app; what is none is not kept.
    Url,
    /// An ISO 4217 code.
    Currency,
    /// An ISO 3166-1 alpha-2 code.
    Country,
    /// An IANA time zone.
    TimeZone,
    /// A BCP 47 language tag.
    Language,
    /// The internet domain of a company: the one that is registered, in lower case.
    Domain,
    /// A short name for links and files, in lower case without blanks.
    Code,
}

/// The text as we keep it. Spelling what was spelt changes nothing.
///
/// # Errors
/// What was expected, to go on after "expected".
pub fn spell(kind: Text, text: &str) -> Result<String, String> {
    if let Some(control) = text::control(text) {
        return Err(format!("a text without control characters, and there is U+{:04X}", u32::from(control)));
    }
    let expected = |kept: Option<String>, expected: &str| kept.ok_or_else(|| expected.to_owned());
    match kind {
        Text::Plain | Text::Tag => passage(text),
        Text::Email => expected(email::spell(text), "an e-mail address like ada@example.org"),
        Text::Phone => expected(phone::spell(text), "a telephone number with country code like +4915112345678"),
        Text::Url => Ok(url::spell(text).unwrap_or_default()),
        Text::Currency => expected(codes::currency(text), "an ISO 4217 currency code like EUR"),
        Text::Country => expected(codes::country(text), "an ISO 3166-1 country code like DE"),
        Text::TimeZone => expected(codes::time_zone(text), "an IANA time zone like Europe/Berlin"),
        Text::Language => expected(codes::language(text), "a BCP 47 language tag like de-AT"),
        // Which letters a code may have is a rule of whoever has codes.
        Text::Code => Ok(text::line(text).replace(' ', "-").to_lowercase()),
        Text::Domain => match domain::spell(text) {
            Some(host) => expected(
                domain::registered(&host).map(str::to_owned),
                "the domain of one organisation: under this one anybody can have a domain",
            ),
            None => Err("an internet domain like example.org".to_owned()),
        },
    }
}

fn passage(text: &str) -> Result<String, String> {
    let kept = text::passage(text);
    let fits = kept.chars().count() <= LONGEST;
    if fits { Ok(kept) } else { Err(format!("at most {LONGEST} characters")) }
}

#[cfg(test)]
mod spelling_tests;
