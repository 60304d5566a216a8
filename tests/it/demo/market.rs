//! Would a CMO believe it? Who the customers are, how they come, and what campaigns cost and bring. Bounds are wide: they
//! catch the shape, not the figure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Timelike, Weekday};
use entity::company::SizeBand;
use entity::enums::{Channel, Horizon};
use entity::{campaign, company, contact, lead, touchpoint};
use sea_orm::EntityTrait;
use tests::World;
use uuid::Uuid;

use super::credible::percent;

pub async fn is_credible(world: &World) {
    let (companies, contacts, leads) = (all!(world, company), all!(world, contact), all!(world, lead));
    let (campaigns, touches) = (all!(world, campaign), all!(world, touchpoint));
    companies_differ(&companies);
    titles_fit(&companies, &contacts);
    people_come_by_day_and_season(&leads, &touches);
    campaigns_have_believable_plans(&campaigns, &leads);
    links_are_tagged(&campaigns, &touches);
    funnels_differ(&campaigns, &leads);
}

/// How often each thing occurs, the most frequent first.
fn counts<T: Ord>(things: impl Iterator<Item = T>) -> Vec<usize> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for thing in things {
        *counts.entry(thing).or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    counts
}

fn companies_differ(companies: &[company::Model]) {
    let industries = counts(companies.iter().map(|company| &company.industry));
    let (most, least) =
        (percent(industries[0], companies.len()), percent(*industries.last().expect("one"), companies.len()));
    assert!((15..=35).contains(&most) && least <= 3, "largest industry {most} %, smallest {least} %");
    let sized = |band| percent(companies.iter().filter(|one| one.size_band == Some(band)).count(), companies.len());
    assert!(sized(SizeBand::Enterprise) * 3 < sized(SizeBand::Small), "few companies are large");
    // What only one of them has tells a name from a number.
    let names: BTreeSet<&str> = companies.iter().map(|company| company.name.as_str()).collect();
    assert_eq!(names.len(), companies.len());
    let german = companies.iter().filter(|one| one.country.as_deref() == Some("DE"));
    let forms = ["GmbH", "e.K.", "KG", "SE"];
    assert!(german.clone().all(|one| forms.iter().any(|form| one.name.ends_with(form))), "German legal forms");
    assert!(companies.iter().all(|one| one.domain.as_ref().is_some_and(|domain| domain.ends_with(".example"))));
}

fn titles_fit(companies: &[company::Model], contacts: &[contact::Model]) {
    let titles = counts(contacts.iter().map(|contact| &contact.job_title));
    assert!(titles[0] > titles[titles.len() / 2] * 3, "some titles are common: {titles:?}");
    let sizes: BTreeMap<Uuid, Option<SizeBand>> =
        companies.iter().map(|company| (company.id, company.size_band)).collect();
    let mut known = BTreeSet::new();
    for contact in contacts {
        let size = contact.company_id.and_then(|company| sizes.get(&company).copied()).flatten();
        if matches!(contact.job_title.as_deref(), Some("Owner" | "Founder")) {
            assert!(matches!(size, Some(SizeBand::Solo | SizeBand::Small)), "{contact:?}");
        }
        assert!(known.insert((contact.company_id, &contact.first_name, &contact.last_name)), "twice: {contact:?}");
    }
}

fn people_come_by_day_and_season(leads: &[lead::Model], touches: &[touchpoint::Model]) {
    let on = |days: &[Weekday]| leads.iter().filter(|lead| days.contains(&lead.created_at.weekday())).count();
    let (monday, weekend) =
        (percent(on(&[Weekday::Mon]), leads.len()), percent(on(&[Weekday::Sat, Weekday::Sun]), leads.len()));
    assert!((12..=26).contains(&monday) && (2..=15).contains(&weekend), "Monday {monday} %, weekend {weekend} %");
    let night = touches.iter().filter(|touch| touch.occurred_at.hour() < 5).count();
    assert!(night > 0 && percent(night, touches.len()) < 4, "at night: {night} of {}", touches.len());
    let in_month = |month| leads.iter().filter(|lead| lead.created_at.month() == month).count();
    assert!(
        in_month(8) * 10 < in_month(10) * 8 && in_month(12) * 10 < in_month(11) * 8,
        "August and December are quiet"
    );
}

fn campaigns_have_believable_plans(campaigns: &[campaign::Model], leads: &[lead::Model]) {
    let fair = campaigns.iter().find(|campaign| campaign.code == "fair-autumn").expect("a fair");
    assert_eq!(fair.starts_on.map(|day| day.month()), Some(10), "the fair is in autumn");
    assert!(campaigns.iter().any(|campaign| campaign.code.starts_with("launch")), "a launch");
    let long = campaigns.iter().filter(|campaign| campaign.horizon == Horizon::LongTerm).count();
    assert!(long >= 4 && long * 2 < campaigns.len(), "{long} campaigns work for long");
    for campaign in campaigns {
        let brought = leads.iter().filter(|lead| lead.source_campaign_id == Some(campaign.id)).count();
        let Some(expected) = campaign.expected_leads.filter(|_| brought > 0) else { continue };
        let share = percent(brought, usize::try_from(expected).expect("more than none"));
        assert!((20..=250).contains(&share), "{}: {brought} leads, {expected} expected", campaign.code);
        // A lead costs as much as leads cost.
        let cost = campaign.budget_minor.expect("a budget") / 100 / i64::try_from(brought).expect("few");
        assert!((40..=2_500).contains(&cost), "{}: {cost} a lead", campaign.code);
    }
}

fn links_are_tagged(campaigns: &[campaign::Model], touches: &[touchpoint::Model]) {
    let codes: BTreeMap<Uuid, &str> = campaigns.iter().map(|campaign| (campaign.id, campaign.code.as_str())).collect();
    for touch in touches.iter().filter(|touch| touch.channel == Channel::PaidSearch) {
        let code = touch.campaign_id.and_then(|campaign| codes.get(&campaign).copied());
        assert_eq!(touch.utm_campaign.as_deref(), code);
        assert!(touch.utm_source.is_some() && touch.utm_medium.as_deref() == Some("cpc") && touch.utm_term.is_some());
    }
}

fn funnels_differ(campaigns: &[campaign::Model], leads: &[lead::Model]) {
    let to_sql = |code: Option<&str>| {
        let campaign = code.map(|code| campaigns.iter().find(|one| one.code == code).expect("the campaign").id);
        let of = leads.iter().filter(|lead| campaign.is_none() || lead.source_campaign_id == campaign);
        let qualified: Vec<_> = of.filter(|lead| lead.mql_at.is_some()).collect();
        percent(qualified.iter().filter(|lead| lead.sql_at.is_some()).count(), qualified.len())
    };
    let all = to_sql(None);
    assert!((25..=40).contains(&all), "MQL to SQL: {all} %");
    let (good, bad) = (to_sql(Some("customer-referrals")), to_sql(Some("social-giveaway")));
    assert!(good > 2 * bad, "campaigns differ: {good} % and {bad} %");
}
