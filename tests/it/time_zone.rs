//! Where the company is decides what day it is: one setting, kept with the data, used by every day that is computed.

use entity::{campaign, deal, exchange_rate};
use serde_json::json;
use tests::{Actor, World, row};
use tributary::access::Role;

use crate::gid;

const ZONE: &str = "TRIBUTARY_COMPANY_TIME_ZONE";

/// The same person at another replica.
fn at(world: &World, actor: &Actor) -> Actor {
    Actor { world: world.clone(), ..actor.clone() }
}

async fn count(actor: &Actor, filter: &str) -> i64 {
    let answer =
        actor.ask(&format!("{{ deals(filter: {{ name: {{ eq: \"Due\" }}, {filter} }}) {{ totalCount }} }}")).await;
    answer.data()["deals"]["totalCount"].as_i64().expect("a count")
}

#[tokio::test]
async fn the_company_is_in_one_time_zone_that_stays_with_its_data() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        // In Tokyo it is the second of March, five in the morning.
        world.clock.set("2026-03-01T20:00:00Z".parse().expect("a moment"));
        let mut due = row!(world, deal { name: "Due".to_owned(), pipeline_id: story.pipeline, stage_id: story.open_stage, owner_id: Some(cast.rep.id), team_id: Some(cast.north), amount_minor: Some(10_000), currency: "CHF".to_owned(), expected_close_on: Some("2026-03-02".parse().expect("a day")) });
        due.created_at = "2026-03-01T15:30:00Z".parse().expect("a moment");
        let due = world.insert(due).await;
        for (date, rate) in [("2026-03-01", 100_000_000), ("2026-03-02", 200_000_000)] {
            world.insert(row!(world, exchange_rate { currency: "CHF".to_owned(), date: date.parse().expect("a day"), rate_e8: rate })).await;
        }
        let over = row!(world, campaign { name: "Over".to_owned(), code: "over".to_owned(), owner_id: Some(cast.marketer.id), team_id: Some(cast.marketing), status: campaign::CampaignStatus::Paused, ends_on: Some("2026-03-01".parse().expect("a day")) });
        let over = world.insert(over).await;

        let seller = world.sign_in(cast.rep.id, Role::SalesRep).await;
        let marketer = world.sign_in(cast.marketer.id, Role::Marketer).await;
        let utc = at(&world, &seller);
        assert_eq!((count(&utc, "expectedCloseOn: { today: true }").await, count(&utc, "createdAt: { today: true }").await), (0, 1));
        assert_eq!(count(&utc, "expectedCloseOn: { thisWeek: true }").await, 0);

        let tokyo = world.again(&[(ZONE, "Asia/Tokyo")]).await;
        let replica = world.again(&[]).await;
        for there in [&tokyo, &replica] {
            let rep = at(there, &seller);
            for (filter, expected) in [
                ("expectedCloseOn: { today: true }", 1),
                ("expectedCloseOn: { thisWeek: true }", 1),
                ("createdAt: { today: true }", 1),
                ("expectedCloseOn: { next: { days: 0 } }", 1),
                ("expectedCloseOn: { last: { hours: 1 } }", 1),
                ("expectedCloseOn: { last: { days: 1 } }", 1),
                ("createdAt: { thisMonth: true }", 1),
            ] {
                assert_eq!(count(&rep, filter).await, expected, "{filter}");
            }
            let groups = "{ deals(filter: { name: { eq: \"Due\" } }) { groupBy(by: [{ field: CREATED_AT }]) { key { createdAt } } } }";
            let first = |answer: &tests::Answer| answer.data()["deals"]["groupBy"][0]["key"]["createdAt"].clone();
            assert_eq!(first(&rep.ask(groups).await), "2026-03-02");
            let named = groups.replace("CREATED_AT }]", "CREATED_AT }], timeZone: \"UTC\"");
            assert_eq!(first(&rep.ask(&named).await), "2026-03-01");
        }
        let step = json!({ "id": gid("campaign", over.id), "expectedVersion": 1 });
        let refused = at(&tokyo, &marketer).mutate("resumeCampaign", step.clone(), "campaign { id }").await;
        assert!(!refused.mistakes().is_empty(), "over since yesterday: {:#}", refused.body);
        let resumed = at(&world, &marketer).mutate("resumeCampaign", step, "campaign { id }").await;
        assert_eq!(resumed.mistakes(), Vec::<String>::new(), "its last day in UTC");
        // Closed at half past three in the afternoon in London: the second of March in Tokyo, and its rate.
        let win = json!({ "id": gid("deal", due.id), "expectedVersion": 1, "closedAt": "2026-03-01T15:30:00Z" });
        let won = at(&replica, &seller).mutate("winDeal", win, "deal { rateDate baseAmount { amount } }").await;
        assert_eq!(won.data()["winDeal"]["deal"], json!({ "rateDate": "2026-03-02", "baseAmount": { "amount": "200.00" } }));

        // Another zone is kept from then on; days that were stored stay.
        let lima = world.again(&[(ZONE, "America/Lima")]).await;
        let rep = at(&lima, &seller);
        assert_eq!(count(&rep, "expectedCloseOn: { today: true }").await, 0);
        assert_eq!(count(&rep, "rateDate: { eq: \"2026-03-02\" }").await, 1);
        assert_eq!(world.rows("SELECT value FROM setting WHERE key = 'company_time_zone' AND value = 'America/Lima'").await.len(), 1);
    })
    .await;
}
