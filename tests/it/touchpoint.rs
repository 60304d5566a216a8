//! Touches through the front door.

use entity::enums::Channel;
use serde_json::{Value, json};
use tests::{Actor, each_database};
use tributary::touchpoint::rules::channel_of_link;

const ONE: &str = "alreadyRecorded touchpoint { id channel creditable occurredAt campaign { code } contact { id } }";
const MANY: &str = "results { index alreadyRecorded touchpoint { id } userErrors { code field } }";

async fn contact(actor: &Actor) -> Value {
    let made = actor.mutate("createContact", json!({ "email": "lea@acme.example" }), "contact { id }").await;
    made.payload()["contact"]["id"].clone()
}

#[tokio::test]
async fn the_same_fact_is_recorded_once() {
    each_database(async |world| {
        let marketer = world.cast().await.marketer;
        let contact = contact(&marketer).await;
        let touch = json!({ "kind": "AD_CLICK", "contactId": contact, "sourceSystem": "ads", "externalId": "7" });
        let first = marketer.mutate("recordTouchpoint", json!({ "touchpoint": touch }), ONE).await.payload().clone();
        let second = marketer.mutate("recordTouchpoint", json!({ "touchpoint": touch }), ONE).await.payload().clone();
        assert_eq!((&first["alreadyRecorded"], &second["alreadyRecorded"]), (&json!(false), &json!(true)));
        assert_eq!(first["touchpoint"], second["touchpoint"]);
        assert_eq!(first["touchpoint"]["channel"], "DIRECT");
        assert_eq!(world.number("SELECT COUNT(*) FROM touchpoint").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_tagged_link_finds_its_channel_and_campaign() {
    each_database(async |world| {
        let marketer = world.cast().await.marketer;
        let campaign = json!({
            "name": "Spring", "code": "spring", "objective": "AWARENESS", "channel": "EMAIL", "horizon": "SHORT_TERM",
        });
        let campaign = marketer.mutate("createCampaign", campaign, "campaign { id }").await;
        let id = campaign.payload()["campaign"]["id"].clone();
        let tagged = json!({
            "kind": "PAGE_VIEW", "visitorKey": "v1", "utmSource": "google", "utmMedium": "CPC", "utmCampaign": "SPRING",
        });
        let recorded = marketer.mutate("recordTouchpoint", json!({ "touchpoint": tagged }), ONE).await;
        assert_eq!(recorded.payload()["touchpoint"]["channel"], "PAID_SEARCH");
        assert_eq!(recorded.payload()["touchpoint"]["campaign"]["code"], "spring");
        let plain = json!({ "kind": "EMAIL_OPEN", "visitorKey": "v1", "campaignId": id });
        let recorded = marketer.mutate("recordTouchpoint", json!({ "touchpoint": plain }), ONE).await;
        assert_eq!(recorded.payload()["touchpoint"]["channel"], "EMAIL", "that of the campaign");
        assert_eq!(recorded.payload()["touchpoint"]["creditable"], false);
    })
    .await;
}

#[tokio::test]
async fn many_touches_are_answered_one_by_one() {
    each_database(async |world| {
        let cast = world.cast().await;
        let contact = contact(&cast.marketer).await;
        let touches = json!([
            { "kind": "CALL", "contactId": contact, "sourceSystem": "pbx", "externalId": "1" },
            { "kind": "CALL", "occurredAt": "2026-03-02T09:00:00Z", "contactId": contact },
            { "kind": "CALL" },
            { "kind": "CALL", "contactId": contact, "sourceSystem": "pbx", "externalId": "1" },
            { "kind": "CALL", "contactId": contact, "sourceSystem": "pbx" },
        ]);
        let input = json!({ "touchpoints": touches });
        let results = cast.marketer.mutate("recordTouchpoints", input.clone(), MANY).await.payload()["results"].clone();
        assert_eq!(results[0]["alreadyRecorded"], false);
        assert_eq!(
            results[1]["userErrors"],
            json!([{ "code": "INVALID", "field": ["touchpoints", "1", "occurredAt"] }])
        );
        assert_eq!(
            results[2]["userErrors"],
            json!([{ "code": "REQUIRED", "field": ["touchpoints", "2", "contactId"] }])
        );
        assert_eq!(results[3]["alreadyRecorded"], true);
        assert_eq!(results[3]["touchpoint"], results[0]["touchpoint"]);
        assert_eq!(
            results[4]["userErrors"],
            json!([{ "code": "REQUIRED", "field": ["touchpoints", "4", "externalId"] }])
        );
        assert_eq!(world.number("SELECT COUNT(*) FROM touchpoint").await, 1);

        let mut atomic = input.clone();
        atomic["atomic"] = json!(true);
        atomic["touchpoints"][0]["externalId"] = json!("2");
        let refused = cast.marketer.mutate("recordTouchpoints", atomic, MANY).await;
        assert_eq!(refused.mistakes().len(), 3);
        assert_eq!(world.number("SELECT COUNT(*) FROM touchpoint").await, 1, "all or none");
        assert_eq!(cast.rep.mutate("recordTouchpoints", input, MANY).await.code(), "FORBIDDEN");
        let empty = cast.marketer.mutate("recordTouchpoints", json!({ "touchpoints": [] }), MANY).await;
        assert_eq!(empty.mistakes(), ["REQUIRED touchpoints"]);
    })
    .await;
}

#[test]
fn the_medium_says_the_channel() {
    for (source, medium, channel) in [
        (Some("google"), Some("organic"), Channel::OrganicSearch),
        (Some("google"), Some(" CPC "), Channel::PaidSearch),
        (Some("x"), Some("sm"), Channel::OrganicSocial),
        (Some("x"), Some("paidsocial"), Channel::PaidSocial),
        (Some("x"), Some("banner"), Channel::Display),
        (Some("x"), Some("email"), Channel::Email),
        (Some("x"), Some("affiliate"), Channel::Partner),
        (Some("x"), Some("referral"), Channel::Referral),
        (None, None, Channel::Direct),
        (Some("direct"), Some("(none)"), Channel::Direct),
        (Some("direct"), Some("(not set)"), Channel::Direct),
        (Some("x"), Some("(none)"), Channel::Other),
        (Some("x"), Some("carrier pigeon"), Channel::Other),
    ] {
        assert_eq!(channel_of_link(source, medium), channel, "{source:?} {medium:?}");
    }
}
