//! Links: how they are tagged, and where they lead.

use entity::enums::Channel;
use entity::touchpoint::TouchpointKind as Kind;

use super::chance::Chance;

/// The tags of a link.
#[derive(Clone, Copy, Debug)]
pub struct Tags {
    /// Where it stands.
    pub source: &'static str,
    /// What sort of place that is.
    pub medium: &'static str,
    /// What was searched for.
    pub term: Option<&'static str>,
    /// Which of several advertisements or links it was.
    pub content: Option<&'static str>,
}

const TERMS: [(&str, f64); 7] = [
    ("crm", 30.0),
    ("crm software", 24.0),
    ("sales pipeline tool", 14.0),
    ("marketing attribution", 12.0),
    ("crm for machine builders", 8.0),
    ("lead management", 7.0),
    ("sales forecast software", 5.0),
];

/// How links on a channel are tagged, where they can be.
pub fn tags(chance: &mut Chance, channel: Channel) -> Option<Tags> {
    let (source, medium, contents): (_, _, &[&str]) = match channel {
        Channel::PaidSearch => ("search-ads", "cpc", &[]),
        Channel::PaidSocial => ("business-network", "paid_social", &["carousel-a", "carousel-b", "video-15s"]),
        Channel::Display => ("ad-exchange", "display", &["banner-300x250", "banner-728x90"]),
        Channel::Video => ("video-ads", "video", &["film-30s", "film-6s"]),
        Channel::Email => ("newsletter", "email", &["top-story", "second-story", "footer"]),
        Channel::Partner => ("partner-portal", "affiliate", &[]),
        Channel::Webinar => ("invitation", "email", &["invitation", "reminder"]),
        Channel::DirectMail => ("letter", "qr", &[]),
        _ => return None,
    };
    let term = (channel == Channel::PaidSearch).then(|| chance.weighted(&TERMS));
    let content = (!contents.is_empty()).then(|| chance.pick(contents));
    Some(Tags { source, medium, term, content })
}

/// The page on which something happens, if it is one of ours.
pub fn page(chance: &mut Chance, kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::FormSubmission => chance.weighted(&[("/demo", 48.0), ("/contact", 34.0), ("/trial", 18.0)]),
        Kind::Download => {
            chance.weighted(&[("/guides/attribution", 44.0), ("/guides/forecast", 33.0), ("/guides/hand-over", 23.0)])
        }
        Kind::AdClick | Kind::EmailClick | Kind::PageView | Kind::Chat => chance.weighted(&[
            ("/product", 26.0),
            ("/", 22.0),
            ("/prices", 19.0),
            ("/customers", 13.0),
            ("/blog/which-campaign-made-the-deal", 12.0),
            ("/webinars", 8.0),
        ]),
        _ => return None,
    })
}

/// The page before it, where that is known.
pub fn referrer(channel: Channel) -> Option<&'static str> {
    match channel {
        Channel::OrganicSearch | Channel::PaidSearch => Some("https://search.example/"),
        Channel::OrganicSocial | Channel::PaidSocial => Some("https://network.example/"),
        _ => None,
    }
}
