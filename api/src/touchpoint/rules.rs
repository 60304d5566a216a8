//! What a touch must say, and which channel it came through.

use entity::enums::Channel;

/// The channel of a tagged link, by its medium and source (written in any case).
pub fn channel_of_link(source: Option<&str>, medium: Option<&str>) -> Channel {
    let plain = |text: Option<&str>| text.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
    let (source, medium) = (plain(source), plain(medium));
    match medium.as_deref() {
        Some("organic") => Channel::OrganicSearch,
        Some("cpc" | "ppc" | "paidsearch") => Channel::PaidSearch,
        Some("social" | "social-network" | "social-media" | "sm") => Channel::OrganicSocial,
        Some("paid_social" | "paidsocial") => Channel::PaidSocial,
        Some("display" | "cpm" | "banner") => Channel::Display,
        Some("email") => Channel::Email,
        Some("affiliate") => Channel::Partner,
        Some("referral") => Channel::Referral,
        medium => match (source.as_deref(), medium) {
            (None, _) | (Some("direct" | "(direct)"), None | Some("(none)" | "(not set)")) => Channel::Direct,
            _ => Channel::Other,
        },
    }
}

/// The channel of a touch: the given one, else that of the link, else that of the campaign.
pub fn channel(
    given: Option<Channel>,
    source: Option<&str>,
    medium: Option<&str>,
    campaign: Option<Channel>,
) -> Channel {
    let tagged = source.is_some() || medium.is_some();
    match (given, campaign) {
        (Some(given), _) => given,
        (None, Some(campaign)) if !tagged => campaign,
        _ => channel_of_link(source, medium),
    }
}
