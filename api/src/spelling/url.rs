//! Addresses of pages and apps, as trackers report them.

use url::Url;

use super::{LONGEST, text};

/// Schemes that run something, or show what is no place.
const NO_PLACES: [&str; 5] = ["javascript", "data", "vbscript", "file", "blob"];

/// A URL as we keep it: scheme and host in lower case, escaped where it has to be (the URL standard of browsers). One
/// without a scheme is of the web. None if it is no place anywhere: what happened there has happened all the same.
pub fn spell(text: &str) -> Option<String> {
    let text = text::bare(text);
    let url = match Url::parse(&text) {
        Ok(url) if url.has_host() => url,
        _ => of_the_web(&text)?,
    };
    let kept: String = url.into();
    (!NO_PLACES.iter().any(|scheme| kept.starts_with(&format!("{scheme}:"))) && kept.chars().count() <= LONGEST)
        .then_some(kept)
}

/// `www.example.org/page`
fn of_the_web(text: &str) -> Option<Url> {
    let (host, _) = text.split_at_checked(text.find(['/', '?', '#']).unwrap_or(text.len()))?;
    super::domain::spell_host(host)?;
    Url::parse(&format!("https://{text}")).ok()
}
