//! E-mail addresses.

use unicode_normalization::UnicodeNormalization;

use super::{domain, text};

/// The most bytes before the `@` (RFC 5321).
const LONGEST_LOCAL: usize = 64;

/// An address as we keep it: in lower case and letters of usual width, without what is not shown, without what stands around it in links and mail
/// programs (`mailto:`, `Ada <…>`), its domain in the letters that people read.
pub fn spell(text: &str) -> Option<String> {
    let text = text::bare(&text.nfkc().collect::<String>());
    let address = unwrapped(&text);
    let (local, host) = address.rsplit_once('@')?;
    let local: String = local.trim().nfkc().flat_map(char::to_lowercase).nfkc().collect();
    let host = domain::spell_host(host.trim())?;
    is_local(&local).then(|| format!("{local}@{host}"))
}

/// `mailto:ada@example.org?subject=Hi` and `Ada <ada@example.org>` mean `ada@example.org`.
fn unwrapped(text: &str) -> &str {
    let inside = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map_or(text, |(_, inside)| inside);
    match inside.split_at_checked("mailto:".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto:") => rest.split('?').next().unwrap_or(rest),
        _ => inside,
    }
}

/// A dot-atom (RFC 5322), in the letters of any script (RFC 6531). Quoted ones exist on paper only.
fn is_local(local: &str) -> bool {
    let forbidden = |letter: char| letter.is_whitespace() || letter.is_control() || "@,;:<>()[]\"\\".contains(letter);
    local.len() <= LONGEST_LOCAL && !local.contains(forbidden) && local.split('.').all(|part| !part.is_empty())
}

/// The domain of an address that was spelt.
pub fn host(email: &str) -> Option<&str> {
    email.rsplit_once('@').map(|(_, host)| host)
}
