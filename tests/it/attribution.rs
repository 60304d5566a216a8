//! Who gets the credit, through the API: the worked examples, stored and shown credits, campaigns and channels.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono::{DateTime, Duration, Utc};
use entity::enums::{Channel, DealStatus};
use entity::{campaign, contact, deal, deal_contact, lead, touchpoint};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};
use tests::{Actor, Cast, World, data, each_database, row};
use uuid::Uuid;

use crate::gid;

const MODELS: [&str; 5] = ["FIRST_TOUCH", "LAST_TOUCH", "LINEAR", "U_SHAPED", "TIME_DECAY"];

const SHARES: &str = "query($id: ID!, $model: AttributionModel!, $days: Int) { deal(id: $id) { \
     attribution(model: $model, lookBackDays: $days) { weightBp channel reasons amount { amount currency } \
     touchpoint { id } campaign { id } } \
     credits(first: 100, filter: { model: { eq: $model } }) { nodes { weightBp channel amount { amount currency } \
     touchpoint { id } campaign { id } } } } }";

async fn shares(actor: &Actor, deal: Uuid, model: &str) -> (Vec<Value>, Vec<Value>) {
    let answer = actor.run(SHARES, json!({ "id": gid("deal", deal), "model": model, "days": 365 })).await;
    let deal = &answer.data()["deal"];
    (deal["attribution"].as_array().unwrap().clone(), deal["credits"]["nodes"].as_array().unwrap().clone())
}

fn minor(money: &Value) -> i64 {
    let text = money["amount"].as_str().unwrap_or_else(|| panic!("no amount: {money}"));
    (text.parse::<f64>().unwrap() * 100.0).round() as i64
}

/// What is shown is what is stored: the same touches, shares and amounts, but for those with nothing.
fn assert_stored(shown: &[Value], stored: &[Value], what: &str) {
    let key = |share: &Value| {
        let part = |name: &str| share[name]["id"].as_str().unwrap_or_default().to_owned();
        (
            part("touchpoint"),
            part("campaign"),
            share["channel"].to_string(),
            share["weightBp"].as_i64(),
            minor(&share["amount"]),
        )
    };
    let mut shown: Vec<_> = shown.iter().map(key).filter(|(.., bp, amount)| *bp != Some(0) || *amount != 0).collect();
    let mut stored: Vec<_> = stored.iter().map(key).collect();
    shown.sort();
    stored.sort();
    assert_eq!(shown, stored, "{what}");
    assert_eq!(shown.iter().map(|share| share.3.unwrap()).sum::<i64>(), 10_000, "{what}");
}

async fn touch(world: &World, contact: Uuid, at: DateTime<Utc>, channel: Channel, campaign: Option<Uuid>) -> Uuid {
    let row = touchpoint::Model {
        id: world.id(),
        created_at: world.now(),
        occurred_at: at,
        kind: touchpoint::TouchpointKind::PageView,
        channel,
        contact_id: Some(contact),
        campaign_id: campaign,
        creditable: true,
        ..touchpoint::Model::default()
    };
    world.insert(row).await.id
}

async fn person(world: &World) -> Uuid {
    world.insert(row!(world, contact { last_name: Some("Person".to_owned()) })).await.id
}

async fn campaign(world: &World, code: &str) -> Uuid {
    world.insert(row!(world, campaign { name: code.to_owned(), code: code.to_owned() })).await.id
}

/// An open deal of the rep's, worth so many cents, with a primary contact.
async fn open_deal(world: &World, cast: &Cast, stage: Uuid, pipeline: Uuid, contact: Uuid, cents: i64) -> Uuid {
    let row = row!(
        world,
        deal {
            owner_id: Some(cast.rep.id),
            team_id: Some(cast.north),
            name: "Deal".to_owned(),
            pipeline_id: pipeline,
            stage_id: stage,
            amount_minor: Some(cents),
            currency: "EUR".to_owned(),
            // Deals of another system may have been decided before they were made here.
            source_system: Some("erp".to_owned()),
            external_id: Some(world.id().to_string()),
        }
    );
    let deal = world.insert(row).await.id;
    world.insert(row!(world, deal_contact { deal_id: deal, contact_id: contact, is_primary: true })).await;
    deal
}

async fn win(cast: &Cast, deal: Uuid, at: Option<DateTime<Utc>>) {
    let mut input = json!({ "id": gid("deal", deal), "expectedVersion": 1 });
    if let Some(at) = at {
        input["closedAt"] = json!(at.to_rfc3339());
    }
    cast.manager.mutate("winDeal", input, "deal { id }").await.payload();
}

// The worked examples -----------------------------------------------------------------------------

#[tokio::test]
async fn the_worked_examples_come_out_through_the_api() {
    let Some(folder) = data::folder("attribution_worked_examples") else { return };
    each_database(async |world| {
        let cast = world.cast().await;
        let (pipeline, stages) = world.pipeline().await;
        let touches = records(&folder.join("touches.csv"));
        let expected = records(&folder.join("expected/credits.csv"));
        let mut compared = 0;
        let deals = records(&folder.join("deals.csv"));
        world.clock.set(deals.iter().map(|deal| instant(&deal["closed_at"])).max().unwrap() + Duration::days(30));
        let cast = Cast { manager: world.sign_in(cast.manager.id, cast.manager.role.unwrap()).await, ..cast };
        for example in deals {
            let (deal, names) = load(&world, &cast, pipeline, stages[0], &example, &touches).await;
            win(&cast, deal, Some(instant(&example["closed_at"]))).await;
            for model in MODELS {
                let what = format!("{} {model}", example["journey"]);
                let (shown, stored) = shares(&cast.manager, deal, model).await;
                assert_stored(&shown, &stored, &what);
                let rows: Vec<_> = expected
                    .iter()
                    .filter(|row| row["journey"] == example["journey"] && row["model"] == in_examples(model))
                    .collect();
                assert_eq!(shown.len(), rows.len(), "{what}: one row a touch");
                for (share, row) in shown.iter().zip(rows) {
                    let touch = share["touchpoint"]["id"].as_str().map(|id| names[id].as_str()).unwrap_or_default();
                    assert_eq!(touch, row["touch_id"], "{what}");
                    let credit = row["revenue_credit"].parse::<f64>().unwrap() * 100.0;
                    assert!((minor(&share["amount"]) as f64 - credit).abs() <= 1.0, "{what}: {share} {row:?}");
                    let weight = row["weight"].parse::<f64>().unwrap() * 10_000.0;
                    assert!((share["weightBp"].as_f64().unwrap() - weight).abs() <= 1.0, "{what}: {share} {row:?}");
                    compared += 1;
                }
                let total: i64 = shown.iter().map(|share| minor(&share["amount"])).sum();
                assert_eq!(total, example["revenue"].parse::<i64>().unwrap() * 100, "{what}");
            }
        }
        let names = MODELS.map(in_examples);
        let of_models = expected.iter().filter(|row| names.contains(&row["model"])).count();
        assert_eq!(compared, of_models, "every expected row was compared");
        assert_report_adds_up(&world, &cast.manager).await;
    })
    .await;
}

async fn load(
    world: &World,
    cast: &Cast,
    pipeline: Uuid,
    stage: Uuid,
    example: &HashMap<String, String>,
    touches: &[HashMap<String, String>],
) -> (Uuid, HashMap<String, String>) {
    let contact = person(world).await;
    let deal = open_deal(world, cast, stage, pipeline, contact, example["revenue"].parse::<i64>().unwrap() * 100).await;
    let created = instant(&example["deal_created_at"]);
    let mut origin = None;
    if !example["lead_created_at"].is_empty() {
        let at = instant(&example["lead_created_at"]);
        let row = lead::Model {
            created_at: at,
            status: lead::LeadStatus::Converted,
            deal_id: Some(deal),
            ..row!(world, lead { contact_id: contact })
        };
        origin = Some(world.insert(row).await.id);
    }
    use sea_orm::{ActiveModelTrait, Set};
    let change =
        deal::ActiveModel { id: Set(deal), created_at: Set(created), lead_id: Set(origin), ..Default::default() };
    change.update(&world.raw).await.unwrap();
    let mut names = HashMap::new();
    // In the order of their ids, which breaks ties of time.
    for row in touches.iter().filter(|row| row["journey"] == example["journey"]) {
        let channel = Channel::try_from_value(&row["channel"]).unwrap_or(Channel::Other);
        let id = touch(world, contact, instant(&row["occurred_at"]), channel, None).await;
        names.insert(gid("touch", id), row["touch_id"].clone());
    }
    (deal, names)
}

/// The examples name the half-life.
fn in_examples(model: &str) -> String {
    model.to_lowercase().replace("time_decay", "time_decay_7d")
}

fn records(path: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

fn instant(text: &str) -> DateTime<Utc> {
    let text = text.trim_end_matches('Z').replace(' ', "T");
    let time = chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S")
        .or_else(|_| chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M"))
        .unwrap_or_else(|_| text.parse::<chrono::NaiveDate>().unwrap().and_hms_opt(0, 0, 0).unwrap());
    time.and_utc()
}

// Stored credits follow their inputs --------------------------------------------------------------

#[tokio::test]
async fn stored_credits_follow_every_change_of_their_inputs() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (pipeline, stages) = world.pipeline().await;
        let spring = campaign(&world, "spring").await;
        let (one, two) = (person(&world).await, person(&world).await);
        let ago = |days: i64| world.now() - Duration::days(days);
        touch(&world, one, ago(30), Channel::Email, Some(spring)).await;
        touch(&world, two, ago(20), Channel::Event, None).await;
        touch(&world, one, ago(366), Channel::Video, None).await;
        let deal = open_deal(&world, &cast, stages[0], pipeline, one, 100_001).await;
        let stored = async || {
            let mut counts = Vec::new();
            for model in MODELS {
                let (shown, stored) = shares(&cast.manager, deal, model).await;
                if !stored.is_empty() {
                    assert_stored(&shown, &stored, model);
                }
                counts.push(stored.len());
            }
            counts
        };
        assert_eq!(stored().await, [0; 5], "an open deal has none");
        win(&cast, deal, None).await;
        assert_eq!(stored().await, [1; 5], "one touch takes all; one lies before the look-back");

        let part = json!({ "dealId": gid("deal", deal), "contactId": gid("contact", two), "role": "LEGAL" });
        let part = cast.manager.mutate("createDealContact", part, "dealContact { id }").await;
        assert_eq!(stored().await, [1, 1, 2, 1, 2], "another person's touch counts");
        late_touch(&world, one).await;
        assert_eq!(stored().await[2], 3, "a late touch rebuilds");

        let gone = json!({ "id": part.payload()["dealContact"]["id"], "expectedVersion": 1 });
        cast.manager.mutate("deleteDealContact", gone, "dealContact { id }").await.payload();
        assert_eq!(stored().await[2], 2);
        let reopen = json!({ "id": gid("deal", deal), "expectedVersion": 2 });
        cast.manager.mutate("reopenDeal", reopen, "deal { id }").await.payload();
        assert_eq!(stored().await, [0; 5]);
        let again = json!({ "id": gid("deal", deal), "expectedVersion": 3 });
        cast.manager.mutate("winDeal", again, "deal { id }").await.payload();
        assert_eq!(stored().await[2], 2);
        let delete = json!({ "id": gid("deal", deal), "expectedVersion": 4 });
        let refused = cast.admin.mutate("deleteDeal", delete, "deal { id }").await;
        assert_eq!(refused.code(), "CONFLICT", "revenue does not vanish");
        assert_eq!(stored().await[2], 2);
    })
    .await;
}

/// A touch that becomes known after the deal was won, recorded as the service does it.
async fn late_touch(world: &World, contact: Uuid) {
    let system = world.app.store().system();
    let tx = system.begin("recordTouchpoint").await.unwrap();
    let touch = touchpoint::Model {
        occurred_at: world.now() - Duration::days(10),
        kind: touchpoint::TouchpointKind::Download,
        channel: Channel::Website,
        contact_id: Some(contact),
        creditable: true,
        ..touchpoint::Model::default()
    };
    tributary::touchpoint::commands::record(&tx, &system.warrant(), touch).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_sales_reports_leaves_closed_deals_as_they_are() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (pipeline, stages) = world.pipeline().await;
        let ago = |days: i64| world.now() - Duration::days(days);
        let lea = world.insert(row!(world, contact { email: Some("lea@acme.example".to_owned()) })).await.id;
        touch(&world, lea, ago(20), Channel::Email, Some(campaign(&world, "spring").await)).await;
        let unknown = touchpoint::Model {
            id: world.id(),
            occurred_at: ago(15),
            visitor_key: Some("v-1".to_owned()),
            creditable: true,
            ..touchpoint::Model::default()
        };
        world.insert(unknown).await;
        let deal = open_deal(&world, &cast, stages[0], pipeline, lea, 100_000).await;
        use sea_orm::{ActiveModelTrait, Set};
        let theirs = deal::ActiveModel {
            id: Set(deal),
            owner_id: Set(Some(cast.other_rep.id)),
            team_id: Set(Some(cast.south)),
            ..Default::default()
        };
        theirs.update(&world.raw).await.unwrap();
        win(&cast, deal, None).await;
        let all = async || {
            let mut all = Vec::new();
            for model in MODELS {
                let (shown, stored) = shares(&cast.manager, deal, model).await;
                assert_stored(&shown, &stored, model);
                all.push(shown);
            }
            all
        };
        let credited = all().await;
        let report = |key: &str| {
            json!({
                "contact": { "email": "lea@acme.example" },
                "source": "OUTBOUND",
                "touch": { "kind": "CALL", "channel": "PHONE", "occurredAt": ago(10).to_rfc3339(), "visitorKey": key },
            })
        };
        // A touch of their own and, by its key, one that was nobody's; once more in a batch, and by their manager.
        cast.rep.mutate("captureLead", report("v-1"), "outcome").await.payload();
        cast.rep.mutate("captureLeads", json!({ "items": [report("v-2")] }), "results { outcome }").await.payload();
        cast.manager.mutate("captureLead", report("v-3"), "outcome").await.payload();
        assert_eq!(all().await, credited, "nothing has changed");
        let late = "{ touchpoints(filter: { countsFrom: { isNull: false } }) { totalCount } }";
        assert_eq!(cast.marketer.ask(late).await.data()["touchpoints"]["totalCount"], 4);
        // Whoever may record touches changes the credits.
        cast.marketer.mutate("captureLead", report("v-4"), "outcome").await.payload();
        assert_eq!(all().await[2].len(), credited[2].len() + 1);
        // A closing that comes later knows them all.
        let reopen = json!({ "id": gid("deal", deal), "expectedVersion": 2 });
        cast.manager.mutate("reopenDeal", reopen, "deal { id }").await.payload();
        world.clock.advance(Duration::seconds(1));
        let again = json!({ "id": gid("deal", deal), "expectedVersion": 3 });
        cast.manager.mutate("winDeal", again, "deal { id }").await.payload();
        assert_eq!(all().await[2].len(), credited[2].len() + 5);
    })
    .await;
}

#[tokio::test]
async fn rebuilding_takes_the_same_statements_for_one_deal_and_for_many() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (pipeline, stages) = world.pipeline().await;
        let contact = person(&world).await;
        touch(&world, contact, world.now() - Duration::days(1), Channel::Email, None).await;
        let mut deals = Vec::new();
        for _ in 0..20 {
            let deal = open_deal(&world, &cast, stages[0], pipeline, contact, 1_000).await;
            win(&cast, deal, None).await;
            deals.push(deal);
        }
        let system = world.app.store().system();
        let rebuild = async |deals: &[Uuid]| {
            let tx = system.begin("test").await.unwrap();
            let before = world.statements();
            tributary::attribution::commands::rebuild(&tx, &system.warrant(), deals).await.unwrap();
            let taken = world.statements() - before;
            tx.commit().await.unwrap();
            taken
        };
        assert_eq!(rebuild(&deals[..1]).await, rebuild(&deals).await);
        assert_eq!(world.number("SELECT COUNT(*) FROM attribution_credit").await, 100);
        let read = async |first: usize| {
            let before = world.statements();
            let query =
                format!("{{ deals(first: {first}) {{ nodes {{ attribution(model: LINEAR) {{ weightBp }} }} }} }}");
            cast.rep.ask(&query).await.data();
            world.statements() - before
        };
        assert_eq!(read(1).await, read(20).await);
    })
    .await;
}

#[tokio::test]
async fn an_open_deal_shows_its_own_currency_and_one_without_touches_is_unattributed() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (pipeline, stages) = world.pipeline().await;
        let contact = person(&world).await;
        let deal = open_deal(&world, &cast, stages[0], pipeline, contact, 10_000).await;
        world.execute("UPDATE deal SET currency = 'USD'").await;
        let (shown, _) = shares(&cast.rep, deal, "LINEAR").await;
        assert_eq!(
            shown,
            [json!({ "weightBp": 10_000, "channel": null, "reasons": ["UNATTRIBUTED"],
                     "amount": { "amount": "100.00", "currency": "USD" }, "touchpoint": null, "campaign": null })]
        );
        let first = touch(&world, contact, world.now() - Duration::days(2), Channel::Email, None).await;
        touch(&world, contact, world.now(), Channel::Direct, None).await;
        touch(&world, contact, world.now() + Duration::seconds(1), Channel::Phone, None).await;
        let (shown, _) = shares(&cast.rep, deal, "FIRST_TOUCH").await;
        assert_eq!(shown.len(), 2, "until now; and a touch with nothing has its row, too");
        assert_eq!(shown[0]["touchpoint"]["id"], gid("touch", first));
        assert_eq!((&shown[0]["reasons"], &shown[1]["reasons"]), (&json!(["FIRST"]), &json!([])));
        assert_eq!((&shown[1]["weightBp"], &shown[1]["amount"]["amount"]), (&json!(0), &json!("0.00")));
        let day = cast.rep.run(SHARES, json!({ "id": gid("deal", deal), "model": "LINEAR", "days": 1 })).await;
        assert_eq!(day.data()["deal"]["attribution"].as_array().unwrap().len(), 1);
        for days in [0, -1, 3651] {
            let answer =
                cast.rep.run(SHARES, json!({ "id": gid("deal", deal), "model": "LINEAR", "days": days })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{days} days");
        }
        world.execute("UPDATE deal SET amount_minor = NULL").await;
        let (shown, _) = shares(&cast.rep, deal, "LINEAR").await;
        assert_eq!(shown[0]["amount"], Value::Null);
    })
    .await;
}

// Campaigns and the report ------------------------------------------------------------------------

#[tokio::test]
async fn campaigns_and_channels_add_up_to_the_revenue_to_the_cent() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (pipeline, stages) = world.pipeline().await;
        let (spring, autumn) = (campaign(&world, "spring").await, campaign(&world, "autumn").await);
        let people = [person(&world).await, person(&world).await, person(&world).await];
        let ago = |days: i64| world.now() - Duration::days(days);
        for (at, (who, channel, of)) in [
            (0, Channel::Email, Some(spring)),
            (0, Channel::Event, Some(autumn)),
            (0, Channel::Email, None),
            (1, Channel::Email, Some(spring)),
            (1, Channel::Direct, Some(autumn)),
            (1, Channel::Email, Some(spring)),
        ]
        .into_iter()
        .enumerate()
        {
            touch(&world, people[who], ago(40 - i64::try_from(at).unwrap()), channel, of).await;
        }
        for (who, cents, days) in [(0, 100_000, 3), (1, 33_333, 2), (2, 7, 1), (0, 99_999, 1)] {
            let deal = open_deal(&world, &cast, stages[0], pipeline, people[who], cents).await;
            win(&cast, deal, Some(ago(days))).await;
        }
        let theirs = open_deal(&world, &cast, stages[0], pipeline, people[0], 50_000).await;
        world.execute("UPDATE deal SET name = 'Theirs' WHERE amount_minor = 50000").await;
        use sea_orm::{ActiveModelTrait, Set};
        let change = deal::ActiveModel {
            id: Set(theirs),
            owner_id: Set(Some(cast.other_rep.id)),
            team_id: Set(Some(cast.south)),
            status: Set(DealStatus::Open),
            ..Default::default()
        };
        change.update(&world.raw).await.unwrap();
        win(&cast, theirs, Some(ago(1))).await;

        let whole = assert_report_adds_up(&world, &cast.manager).await;
        assert_eq!(whole, 100_000 + 33_333 + 7 + 99_999 + 50_000);
        let own = assert_report_adds_up(&world, &cast.rep).await;
        assert_eq!(own, 100_000 + 33_333 + 7 + 99_999, "a rep: the deals they may see");
        let window = json!({ "model": "LINEAR", "from": ago(3).to_rfc3339(), "to": ago(1).to_rfc3339() });
        let report = report(&cast.manager, window).await;
        assert_eq!(minor(&report["revenue"]), 133_333, "from is part of the window, to is not");
        assert_eq!(report["byCampaign"][0]["deals"], 2);
        let closed = "query($m: AttributionModel!) { attribution(model: $m, from: \"2030-01-01T00:00:00Z\") { revenue { amount } byCampaign { deals } } }";
        let empty = cast.analyst.run(closed, json!({ "m": "LINEAR" })).await;
        assert_eq!(empty.data()["attribution"], json!({ "revenue": { "amount": "0.00" }, "byCampaign": [] }));
    })
    .await;
}

async fn report(actor: &Actor, variables: Value) -> Value {
    let query = "query($model: AttributionModel!, $from: DateTime, $to: DateTime) { \
         attribution(model: $model, from: $from, to: $to) { revenue { amount } credited { amount } \
         unattributed { amount } byCampaign { campaign { id name } revenue { amount } deals } \
         byChannel { channel revenue { amount } deals } } \
         campaigns { nodes { id revenue(model: $model, from: $from, to: $to) { amount } } } }";
    let answer = actor.run(query, variables).await;
    let mut report = answer.data()["attribution"].clone();
    report["campaigns"] = answer.data()["campaigns"]["nodes"].clone();
    report
}

/// For every model; answers the revenue.
async fn assert_report_adds_up(world: &World, actor: &Actor) -> i64 {
    let mut revenues = Vec::new();
    for model in MODELS {
        let report = report(actor, json!({ "model": model })).await;
        let sum = |list: &str| report[list].as_array().unwrap().iter().map(|line| minor(&line["revenue"])).sum::<i64>();
        let revenue = minor(&report["revenue"]);
        assert_eq!(sum("byCampaign") + minor(&report["unattributed"]), revenue, "{model}");
        assert_eq!(sum("byCampaign"), minor(&report["credited"]), "{model}");
        assert_eq!(sum("byChannel"), revenue, "{model}");
        let by_report: BTreeMap<_, _> = report["byCampaign"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["campaign"]["id"].to_string(), minor(&line["revenue"])))
            .collect();
        for campaign in report["campaigns"].as_array().unwrap() {
            let expected = by_report.get(&campaign["id"].to_string()).copied().unwrap_or_default();
            assert_eq!(minor(&campaign["revenue"]), expected, "{model}: the campaign says the same");
        }
        revenues.push(revenue);
    }
    assert!(revenues.iter().all(|revenue| *revenue == revenues[0]), "{revenues:?}");
    if actor.role == Some(tributary::access::Role::SalesManager) {
        let fixed = world.number("SELECT CAST(SUM(base_amount_minor) AS bigint) FROM deal WHERE status = 'WON'").await;
        assert_eq!(revenues[0], fixed, "the revenue is that of the deals");
    }
    revenues[0]
}
