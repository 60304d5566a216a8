//! From lead to deal and back: every guard, once only, all or nothing.

use chrono::Duration;
use entity::{activity, contact, lead};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Actor, Answer, Cast, World, each_database, row};
use uuid::Uuid;

use crate::{gid, pass};

const PAYLOAD: &str = "alreadyConverted lead { id version status convertedAt sqlAt deal { id } } \
                       deal { id name status amount { amount currency } owner { name } stage { name } company { name } \
                       sourceCampaign { name } lead { id } contacts { nodes { isPrimary role contact { id } } } }";

async fn convert(actor: &Actor, lead: Uuid, version: i32, more: Value) -> Answer {
    let mut input = json!({ "leadId": gid("lead", lead), "expectedVersion": version });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.mutate("convertLead", input, PAYLOAD).await
}

async fn unconvert(actor: &Actor, lead: Uuid, version: i32) -> Answer {
    let input = json!({ "leadId": gid("lead", lead), "expectedVersion": version, "reason": "too early" });
    actor.mutate("unconvertLead", input, "lead { id status version deal { id } convertedAt }").await
}

/// A lead of the rep's that sales has qualified, of a contact of its own.
async fn lead_of(world: &World, cast: &Cast, name: &str) -> Uuid {
    let contact = world.insert(row!(world, contact { email: Some(format!("{name}@example.org")) })).await.id;
    let row = row!(
        world,
        lead {
            contact_id: contact,
            owner_id: Some(cast.rep.id),
            team_id: Some(cast.north),
            status: lead::LeadStatus::Sql,
            estimated_value_minor: Some(70_000),
            estimated_value_currency: Some("USD".to_owned()),
        }
    );
    world.insert(row).await.id
}

async fn count(world: &World, sql: &str) -> i64 {
    world.number(&format!("SELECT COUNT(*) FROM {sql}")).await
}

#[tokio::test]
async fn a_conversion_does_all_of_it() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let planned = row!(
            world,
            activity {
                owner_id: Some(cast.rep.id),
                subject: "call".to_owned(),
                kind: activity::ActivityKind::Call,
                status: activity::ActivityStatus::Planned,
                lead_id: Some(story.my_lead),
            }
        );
        let done = activity::Model { id: world.id(), status: activity::ActivityStatus::Done, ..planned.clone() };
        let (planned, done) = (world.insert(planned).await.id, world.insert(done).await.id);
        let events = count(&world, "event").await;

        let answer = convert(&cast.rep, story.my_lead, 1, json!({ "contactRole": "CHAMPION" })).await;
        let payload = answer.payload();
        assert_eq!(payload["alreadyConverted"], false);
        assert_eq!(payload["lead"]["status"], "CONVERTED");
        assert_eq!(payload["lead"]["convertedAt"], "2026-03-01T09:00:00Z");
        assert_eq!(payload["lead"]["deal"]["id"], payload["deal"]["id"]);
        let deal = &payload["deal"];
        assert_eq!(deal["name"], "Acme", "the company's name, not the person's");
        assert_eq!((&deal["status"], &deal["stage"]["name"]), (&json!("OPEN"), &json!("Discovery")));
        assert_eq!((&deal["owner"]["name"], &deal["company"]["name"]), (&json!("Rita"), &json!("Acme")));
        assert_eq!(deal["sourceCampaign"]["name"], "Spring");
        assert_eq!(deal["lead"]["id"], gid("lead", story.my_lead));
        assert_eq!(
            deal["contacts"]["nodes"],
            json!([{ "isPrimary": true, "role": "CHAMPION", "contact": { "id": gid("contact", story.contact) } }])
        );
        let of_deal = world.rows("SELECT id FROM activity WHERE lead_id IS NOT NULL AND deal_id IS NOT NULL").await;
        let of_deal: Vec<Uuid> = of_deal.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(of_deal, [planned], "what is done stays where it is, and so does {done}");
        assert_eq!(count(&world, "campaign_member WHERE status = 'CONVERTED'").await, 1);
        assert_eq!(count(&world, "transition WHERE lead_id IS NOT NULL AND to_state = 'CONVERTED'").await, 1);
        assert_eq!(count(&world, "transition WHERE from_state IS NULL AND to_stage_id IS NOT NULL").await, 1);
        let new = count(&world, "event WHERE action = 'convertLead'").await;
        assert_eq!(new, count(&world, "event").await - events);
        assert!(new >= 7, "deal, two transitions, lead, person, activity, member: {new}");
    })
    .await;
}

#[tokio::test]
async fn a_lead_can_join_an_open_deal() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = lead_of(&world, &cast, "joins").await;
        let existing = json!({ "existingDealId": gid("deal", story.my_deal) });
        let answer = convert(&cast.rep, lead, 1, existing.clone()).await;
        let deal = &answer.payload()["deal"];
        assert_eq!(deal["id"], gid("deal", story.my_deal));
        assert_eq!(
            (&deal["amount"]["amount"], &deal["name"]),
            (&json!("5000.00"), &json!("Mine")),
            "nothing is overwritten"
        );
        assert_eq!(deal["sourceCampaign"]["name"], "Spring");
        assert_eq!(deal["contacts"]["nodes"].as_array().unwrap().len(), 2);
        assert_eq!(count(&world, "deal_contact WHERE is_primary").await, 2, "each deal keeps its own");
        assert_eq!(deal["lead"]["id"], gid("lead", lead), "it had none");

        let again = convert(&cast.rep, lead, 1, existing.clone()).await;
        assert_eq!(again.payload()["alreadyConverted"], true);
        assert_eq!(convert(&cast.rep, lead, 2, json!({})).await.code(), "CONFLICT", "another target");
        let second = lead_of(&world, &cast, "second").await;
        let second = convert(&cast.rep, second, 1, existing).await;
        assert_eq!(second.payload()["deal"]["lead"]["id"], gid("lead", lead), "the origin stays");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_written_before_every_guard_has_passed() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = lead_of(&world, &cast, "guarded").await;
        let before = count(&world, "event").await;
        let existing = |deal: Uuid| json!({ "existingDealId": gid("deal", deal) });
        assert_eq!(convert(&cast.rep, lead, 2, json!({})).await.code(), "CONFLICT", "stale");
        assert_eq!(convert(&cast.rep, story.their_lead, 1, json!({})).await.code(), "NOT_FOUND", "hidden lead");
        assert_eq!(convert(&cast.marketer, lead, 1, json!({})).await.code(), "FORBIDDEN");
        assert_eq!(convert(&cast.rep, story.pool_lead, 1, json!({})).await.code(), "CONFLICT", "an MQL");
        assert_eq!(convert(&cast.rep, lead, 1, existing(story.their_deal)).await.code(), "NOT_FOUND", "hidden deal");
        assert_eq!(convert(&cast.manager, lead, 1, existing(story.their_deal)).await.code(), "CONFLICT", "closed deal");
        let both = json!({ "existingDealId": gid("deal", story.my_deal), "deal": {} });
        assert_eq!(convert(&cast.rep, lead, 1, both).await.mistakes(), ["INVALID existingDealId"]);
        let company = json!({ "companyId": gid("company", Uuid::nil()) });
        assert_eq!(convert(&cast.rep, lead, 1, company).await.mistakes(), ["NOT_FOUND companyId"]);
        let stage = json!({ "deal": { "stageId": gid("stage", story.won_stage) } });
        assert_eq!(convert(&cast.rep, lead, 1, stage).await.mistakes(), ["INVALID deal.stageId"]);
        let owner = json!({ "deal": { "ownerId": gid("user", Uuid::nil()) } });
        assert_eq!(convert(&cast.rep, lead, 1, owner).await.mistakes(), ["NOT_FOUND deal.ownerId"]);
        let amount = json!({ "deal": { "name": "", "amount": { "amount": "-1", "currency": "EUR" } } });
        assert_eq!(convert(&cast.rep, lead, 1, amount).await.mistakes(), ["INVALID deal.amount"]);
        for gone in ["erased_at = updated_at", "merged_into_id = id"] {
            world.execute(&format!("UPDATE contact SET {gone} WHERE email = 'guarded@example.org'")).await;
            assert_eq!(convert(&cast.rep, lead, 1, json!({})).await.code(), "CONFLICT", "{gone}");
            world.execute("UPDATE contact SET erased_at = NULL, merged_into_id = NULL").await;
        }
        assert_eq!(count(&world, "deal").await, 2);
        assert_eq!(count(&world, "event").await, before);
        let named = json!({ "deal": { "name": "Named" } });
        let deal = convert(&cast.rep, lead, 1, named).await.payload()["deal"].clone();
        assert_eq!((&deal["name"], &deal["amount"]["currency"]), (&json!("Named"), &json!("USD")), "the lead's value");
    })
    .await;
}

#[tokio::test]
async fn a_lead_that_is_converted_is_answered_again() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = lead_of(&world, &cast, "twice").await;
        let first = convert(&cast.rep, lead, 1, json!({ "idempotencyKey": "k" })).await.payload().clone();
        let key = convert(&cast.rep, lead, 1, json!({ "idempotencyKey": "k" })).await.payload().clone();
        assert_eq!(first, key, "the same key replays the same answer");
        let again = convert(&cast.rep, lead, 1, json!({ "deal": { "name": "Other" } })).await.payload().clone();
        assert_eq!(again["alreadyConverted"], true);
        assert_eq!((&again["deal"], &again["lead"]), (&first["deal"], &first["lead"]));
        let existing = json!({ "existingDealId": gid("deal", story.my_deal) });
        assert_eq!(convert(&cast.rep, lead, 1, existing).await.code(), "CONFLICT");
        assert_eq!(count(&world, "deal").await, 3);
    })
    .await;
}

#[tokio::test]
async fn fifty_conversions_of_one_lead_at_once_make_one_deal() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        let lead = lead_of(&world, &cast, "popular").await;
        let answers = join_all((0..50).map(|_| convert(&cast.rep, lead, 1, json!({})))).await;
        let fresh = answers.iter().filter(|answer| answer.payload()["alreadyConverted"] == false).count();
        assert_eq!(fresh, 1);
        let deals: Vec<_> = answers.iter().map(|answer| answer.payload()["deal"]["id"].clone()).collect();
        assert!(deals.iter().all(|deal| *deal == deals[0]), "{deals:?}");
        assert_eq!(count(&world, "deal").await, 1);
        assert_eq!(count(&world, "deal_contact").await, 1);
        assert_eq!(count(&world, "transition").await, 2);
    })
    .await;
}

#[tokio::test]
async fn one_that_fails_does_not_undo_the_others() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let (one, two) = (lead_of(&world, &cast, "one").await, lead_of(&world, &cast, "two").await);
        let item = |lead: Uuid, version: i32| json!({ "leadId": gid("lead", lead), "expectedVersion": version });
        let mut bad = item(two, 1);
        bad["deal"] = json!({ "amount": { "amount": "-1", "currency": "EUR" } });
        let items = json!([
            item(one, 1),
            item(story.their_lead, 1),
            item(story.pool_lead, 1),
            bad,
            item(two, 7),
            item(two, 1),
            item(one, 1)
        ]);
        let fields = "results { alreadyConverted lead { id } deal { id } userErrors { code field } }";
        let input = json!({ "items": items, "idempotencyKey": "batch" });
        let answer = cast.rep.mutate("convertLeads", input.clone(), fields).await;
        let results = answer.payload()["results"].as_array().unwrap().clone();
        let codes: Vec<_> = results.iter().map(|result| result["userErrors"][0]["code"].clone()).collect();
        assert_eq!(json!(codes), json!([null, "NOT_FOUND", "CONFLICT", "INVALID", "CONFLICT", null, null]));
        assert_eq!(results[3]["userErrors"][0]["field"], json!(["deal", "amount"]));
        assert_eq!(results[6]["alreadyConverted"], true);
        assert_eq!(results[6]["deal"], results[0]["deal"]);
        assert_eq!(count(&world, "lead WHERE status = 'CONVERTED'").await, 2);
        let again = cast.rep.mutate("convertLeads", input, fields).await;
        let again = again.payload()["results"].clone();
        assert_eq!(again[0], results[0], "an item that was done is answered as it was");
        assert_eq!(count(&world, "deal").await, 4);
        let stranger = world.stranger().mutate("convertLeads", json!({ "items": [] }), fields).await;
        assert_eq!(stranger.code(), "UNAUTHENTICATED");
    })
    .await;
}

#[tokio::test]
async fn undoing_takes_the_deal_away_that_the_conversion_made() {
    each_database(async |world| {
        let mut cast = world.cast().await;
        let story = world.story(&cast).await;
        let deal = convert(&cast.rep, story.my_lead, 1, json!({})).await.payload()["deal"]["id"].clone();
        assert_eq!(unconvert(&cast.rep, story.my_lead, 2).await.code(), "FORBIDDEN", "a manager's right");
        assert_eq!(unconvert(&cast.manager, story.my_lead, 1).await.code(), "CONFLICT", "stale");
        let empty = json!({ "leadId": gid("lead", story.my_lead), "expectedVersion": 2, "reason": " " });
        assert_eq!(cast.manager.mutate("unconvertLead", empty, "lead { id }").await.mistakes(), ["REQUIRED reason"]);
        pass(&world, &mut cast, Duration::days(1)).await;
        let answer = unconvert(&cast.manager, story.my_lead, 2).await;
        let lead = &answer.payload()["lead"];
        assert_eq!((&lead["status"], &lead["deal"]), (&json!("SQL"), &Value::Null));
        assert_eq!(lead["convertedAt"], Value::Null, "it is not converted; its transitions tell that it was");
        let gone = cast.manager.run("query($id: ID!) { deal(id: $id) { id } }", json!({ "id": deal })).await;
        assert_eq!(gone.data()["deal"], Value::Null);
        assert_eq!(count(&world, "campaign_member WHERE status = 'RESPONDED'").await, 1);
        assert_eq!(count(&world, "event WHERE action = 'unconvertLead'").await, 4, "lead, transition, deal, member");
        assert_eq!(unconvert(&cast.manager, story.my_lead, 3).await.code(), "CONFLICT", "nothing to undo");
        let again = convert(&cast.rep, story.my_lead, 3, json!({})).await;
        assert_ne!(again.payload()["deal"]["id"], deal);
        assert_eq!(again.payload()["lead"]["convertedAt"], "2026-03-02T09:00:00Z", "the conversion that stands");
    })
    .await;
}

#[tokio::test]
async fn undoing_unlinks_a_deal_that_was_there_before() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        world.execute("UPDATE deal SET source_campaign_id = NULL, company_id = NULL").await;
        let existing = json!({ "existingDealId": gid("deal", story.my_deal) });
        let lead = lead_of(&world, &cast, "joined").await;
        convert(&cast.rep, lead, 1, existing.clone()).await.payload();
        let second = convert(&cast.rep, story.my_lead, 1, existing).await;
        second.payload();
        assert_eq!(unconvert(&cast.manager, lead, 2).await.code(), "CONFLICT", "another lead is part of it");
        unconvert(&cast.manager, story.my_lead, 2).await.payload();
        unconvert(&cast.manager, lead, 2).await.payload();
        assert_eq!(count(&world, "deal WHERE deleted_at IS NULL").await, 2);
        assert_eq!(count(&world, "deal WHERE lead_id IS NOT NULL").await, 0);
        let parts = world.rows("SELECT contact_id FROM deal_contact WHERE deleted_at IS NULL").await;
        assert_eq!(parts.len(), 2, "those who were there before");
    })
    .await;
}

#[tokio::test]
async fn a_conversion_is_undone_within_thirty_days_while_the_deal_is_open() {
    each_database(async |world| {
        let mut cast = world.cast().await;
        world.pipeline().await;
        let lead = lead_of(&world, &cast, "late").await;
        let deal = convert(&cast.rep, lead, 1, json!({})).await.payload()["deal"]["id"].clone();
        let lose = json!({ "id": deal, "expectedVersion": 1, "lossReason": "TIMING" });
        cast.rep.mutate("loseDeal", lose, "deal { id }").await.payload();
        assert_eq!(unconvert(&cast.manager, lead, 2).await.code(), "CONFLICT", "the deal is lost");
        cast.manager.mutate("reopenDeal", json!({ "id": deal, "expectedVersion": 2 }), "deal { id }").await.payload();
        let contact = world.rows("SELECT contact_id FROM lead WHERE status = 'CONVERTED'").await;
        let other = row!(world, lead { contact_id: contact[0].try_get_by_index(0).unwrap() });
        let other = world.insert(other).await;
        assert_eq!(unconvert(&cast.manager, lead, 2).await.code(), "CONFLICT", "another lead is open");
        world.execute("UPDATE lead SET status = 'DISQUALIFIED' WHERE status = 'NEW'").await;
        assert_eq!(other.status, lead::LeadStatus::New);
        pass(&world, &mut cast, Duration::days(30) + Duration::seconds(1)).await;
        assert_eq!(unconvert(&cast.manager, lead, 2).await.code(), "CONFLICT", "too late");
        pass(&world, &mut cast, -Duration::seconds(1)).await;
        unconvert(&cast.manager, lead, 2).await.payload();
    })
    .await;
}
