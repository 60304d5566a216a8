//! Internet domains, and which of them stands for an organisation.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::{mail_service, text};

/// The domain that was typed, copied from the browser or taken from an address: `https://www.Example.org/about` is
/// `example.org`. In lower case and in the letters that people read (UTS 46), whichever way it was written.
pub fn spell(text: &str) -> Option<String> {
    let text = text::bare(text);
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let host = spell_host(host)?;
    let bare = host.strip_prefix("www.").filter(|rest| rest.contains('.'));
    Some(bare.map(str::to_owned).unwrap_or(host))
}

/// A host name of the internet: at least two labels, the last one no number.
pub fn spell_host(host: &str) -> Option<String> {
    let host = host.trim_end_matches(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']);
    let ascii =
        Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify).ok()?;
    let (_, last) = ascii.rsplit_once('.')?;
    if last.bytes().all(|letter| letter.is_ascii_digit()) {
        return None;
    }
    let (shown, _) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    Some(shown.into_owned())
}

/// The part of a host that somebody has registered: `mail.corp.co.uk` belongs to `corp.co.uk`, and `co.uk` to nobody
/// (the public suffix list).
pub fn registered(host: &str) -> Option<&str> {
    psl::domain_str(host)
}

/// The domain of the company whose people have addresses at this host; none where anybody can have one.
pub fn of_company(host: &str) -> Option<&str> {
    let domain = registered(host)?;
    (!mail_service::is_one(host) && !mail_service::is_one(domain)).then_some(domain)
}
