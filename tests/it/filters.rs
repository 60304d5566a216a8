//! What a filter says of emptiness, of who asks, of now, and of texts that are kept in one spelling.

use chrono::Duration;
use entity::{company, contact, deal, event};
use serde_json::{Value, json};
use tests::{Actor, row};

/// The names of the deals that pass, in order.
async fn deals(actor: &Actor, filter: &str) -> Vec<String> {
    let query = format!("{{ deals(filter: {{ {filter} }}, orderBy: [{{ field: NAME }}]) {{ nodes {{ name }} }} }}");
    let answer = actor.ask(&query).await;
    let nodes =
        answer.data()["deals"]["nodes"].as_array().cloned().unwrap_or_else(|| panic!("{filter}: {:#}", answer.body));
    nodes.iter().map(|node| node["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_reference_is_empty_or_is_the_one_who_asks() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let free = row!(
            world,
            deal {
                name: "Free".to_owned(),
                pipeline_id: story.pipeline,
                stage_id: story.open_stage,
                currency: "EUR".to_owned(),
                team_id: Some(cast.north)
            }
        );
        world.insert(free).await;
        let (all, none) = (vec!["Free", "Mine", "Theirs"], Vec::<&str>::new());
        for (filter, expected) in [
            ("owner: null", vec!["Free"]),
            ("owner: { isNull: true }", vec!["Free"]),
            ("owner: { isNull: false }", vec!["Mine", "Theirs"]),
            ("owner: {}", vec!["Mine", "Theirs"]),
            ("not: { owner: {} }", vec!["Free"]),
            ("not: { owner: null }", vec!["Mine", "Theirs"]),
            ("owner: { not: { isNull: true } }", vec!["Mine", "Theirs"]),
            ("owner: { not: { isNull: false } }", vec!["Free"]),
            ("owner: { name: { eq: \"Otto\" } }", vec!["Theirs"]),
            ("owner: { not: { name: { eq: \"Otto\" } } }", vec!["Mine"]),
            ("owner: { or: [{ isNull: true }, { name: { eq: \"Otto\" } }] }", vec!["Free", "Theirs"]),
            ("owner: { and: [{ isNull: true }, { name: { eq: \"Otto\" } }] }", none.clone()),
            ("owner: { isNull: true, name: { eq: \"Otto\" } }", none.clone()),
            ("owner: { or: [] }", none.clone()),
            ("owner: { team: { isNull: true } }", none.clone()),
            ("isNull: true", none.clone()),
            ("isNull: false", all.clone()),
            ("company: { owner: { isNull: true } }", none.clone()),
            ("company: null", vec!["Free"]),
            ("contacts: null", vec!["Free"]),
            ("contacts: { none: {} }", vec!["Free"]),
            ("contacts: { some: { contact: { isNull: false } } }", vec!["Mine", "Theirs"]),
            ("contacts: { some: { isNull: true } }", none.clone()),
            ("amount: null", vec!["Free"]),
            ("amount: { isNull: true }", vec!["Free"]),
            ("closedAt: null", vec!["Free", "Mine"]),
            ("status: null", none.clone()),
            ("id: null", none.clone()),
            ("closedAt: { eq: null }", vec!["Free", "Mine"]),
            ("closedAt: { ne: null }", vec!["Theirs"]),
            ("closedAt: {}", all.clone()),
            ("owner: { me: true }", none.clone()),
        ] {
            assert_eq!(deals(&cast.admin, filter).await, expected, "{filter}");
        }
        for (filter, expected) in [
            ("owner: { me: true }", vec!["Mine"]),
            ("owner: { me: false }", none.clone()),
            ("not: { owner: { me: true } }", vec!["Free"]),
            ("owner: { or: [{ me: true }, { isNull: true }] }", vec!["Free", "Mine"]),
            ("company: { owner: { me: true } }", vec!["Mine"]),
            ("owner: { team: { name: { eq: \"North\" } }, me: true }", vec!["Mine"]),
        ] {
            assert_eq!(deals(&cast.rep, filter).await, expected, "as a rep: {filter}");
        }
        let me = cast.rep.ask("{ users(filter: { me: true }) { nodes { name } } }").await;
        assert_eq!(me.data()["users"]["nodes"], json!([{ "name": "Rita" }]));
        // A reference that the viewer may not see is as if it were empty.
        let hidden = "activities: { some: { lead: null } }, name: { eq: \"Mine\" }";
        assert_eq!(deals(&cast.rep, hidden).await, ["Mine"]);
    })
    .await;
}

#[tokio::test]
async fn null_is_a_value_only_where_something_can_be_empty() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        for filter in [
            json!({ "and": null }),
            json!({ "or": null }),
            json!({ "not": null }),
            json!({ "isNull": null }),
            json!({ "owner": { "me": null } }),
            json!({ "owner": { "isNull": null } }),
            json!({ "contacts": { "some": null } }),
            json!({ "contacts": { "none": null } }),
            json!({ "contacts": { "every": null } }),
            json!({ "name": { "contains": null } }),
            json!({ "name": { "in": null } }),
            json!({ "name": { "isNull": null } }),
            json!({ "createdAt": { "gt": null } }),
            json!({ "createdAt": { "last": null } }),
            json!({ "createdAt": { "today": null } }),
        ] {
            let query = "query($f: DealFilter) { deals(filter: $f) { totalCount } }";
            let answer = actor.run(query, json!({ "f": filter })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{filter}");
        }
        // A list of values has no empty ones: `isNull` is asked beside it.
        let query = "query($f: DealFilter) { deals(filter: $f) { totalCount } }";
        assert!(!actor.run(query, json!({ "f": { "name": { "in": [null] } } })).await.codes().is_empty());
        assert_eq!(actor.run(query, json!({ "f": null })).await.data()["deals"]["totalCount"], 0);
    })
    .await;
}

#[tokio::test]
async fn days_and_weeks_are_those_of_now() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        // The first of March 2026 is a Sunday.
        for (name, closes, made) in [
            ("today", "2026-03-01", "2026-03-01T00:00:00Z"),
            ("tomorrow", "2026-03-02", "2026-02-28T23:59:59.999999Z"),
            ("week", "2026-02-23", "2026-02-23T00:00:00Z"),
            ("month", "2026-03-31", "2026-02-22T23:59:59Z"),
            ("quarter", "2026-01-01", "2026-01-01T00:00:00Z"),
            ("year", "2026-12-31", "2025-12-31T23:59:59Z"),
            ("other", "2025-12-31", "2027-01-01T00:00:00Z"),
        ] {
            let mut model = row!(
                world,
                deal {
                    name: name.to_owned(),
                    pipeline_id: story.pipeline,
                    stage_id: story.open_stage,
                    currency: "EUR".to_owned(),
                    expected_close_on: Some(closes.parse().expect("a day"))
                }
            );
            model.created_at = made.parse().expect("a moment");
            world.insert(model).await;
        }
        let ours = "not: { name: { in: [\"Mine\", \"Theirs\"] } }";
        for (period, days, moments) in [
            ("today", vec!["today"], vec!["today"]),
            ("thisWeek", vec!["today", "week"], vec!["today", "tomorrow", "week"]),
            ("thisMonth", vec!["month", "today", "tomorrow"], vec!["today"]),
            (
                "thisQuarter",
                vec!["month", "quarter", "today", "tomorrow", "week"],
                vec!["month", "quarter", "today", "tomorrow", "week"],
            ),
            (
                "thisYear",
                vec!["month", "quarter", "today", "tomorrow", "week", "year"],
                vec!["month", "quarter", "today", "tomorrow", "week"],
            ),
        ] {
            assert_eq!(
                deals(&cast.admin, &format!("{ours}, expectedCloseOn: {{ {period}: true }}")).await,
                days,
                "{period}"
            );
            assert_eq!(
                deals(&cast.admin, &format!("{ours}, createdAt: {{ {period}: true }}")).await,
                moments,
                "{period}"
            );
            let others = deals(&cast.admin, &format!("{ours}, createdAt: {{ {period}: false }}")).await;
            assert_eq!(others.len(), 7 - moments.len(), "{period}");
        }
        assert_eq!(deals(&cast.admin, "expectedCloseOn: { today: false }, name: { eq: \"Mine\" }").await, ["Mine"]);
        let both = "createdAt: { thisYear: true, thisMonth: false }, name: { eq: \"week\" }";
        assert_eq!(deals(&cast.admin, both).await, ["week"]);
    })
    .await;
}

#[tokio::test]
async fn a_text_is_looked_for_as_it_is_kept() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let person = row!(
            world,
            contact {
                email: Some("norm.case@a.example".to_owned()),
                phone: Some("+4915112345678".to_owned()),
                preferred_language: Some("de-AT".to_owned()),
            }
        );
        world.insert(person).await;
        let firm = row!(
            world,
            company {
                name: "Firm".to_owned(),
                domain: Some("firm.example".to_owned()),
                country: Some("AT".to_owned())
            }
        );
        world.insert(firm).await;
        let count = async |list: &str, filter: Value| {
            let name = match list {
                "contacts" => "Contact",
                "companies" => "Company",
                _ => "Campaign",
            };
            let query = format!("query($f: {name}Filter) {{ {list}(filter: $f) {{ totalCount }} }}");
            let answer = cast.marketing_manager.run(&query, json!({ "f": filter })).await;
            answer.data()[list]["totalCount"].as_i64().unwrap_or_else(|| panic!("{filter}: {:#}", answer.body))
        };
        for (list, field, spelled, part) in [
            ("contacts", "email", " Norm.Case@A.example ", "NORM."),
            ("contacts", "phone", "+49 (151) 123-456 78", "+49 (151)"),
            ("companies", "domain", "https://www.Firm.example/about", "https://www.Fir"),
            ("companies", "country", " AT ", "A"),
            ("campaigns", "code", "Spring 2026", "Spring 20"),
        ] {
            assert_eq!(count(list, json!({ field: { "eq": spelled } })).await, 1, "{field}");
            assert_eq!(count(list, json!({ field: { "in": ["x", spelled] } })).await, 1, "{field}");
            assert_eq!(count(list, json!({ field: { "startsWith": part } })).await, 1, "{field}");
            assert_eq!(count(list, json!({ field: { "contains": part } })).await, 1, "{field}");
            let all = count(list, json!({})).await;
            assert_eq!(count(list, json!({ field: { "ne": spelled } })).await, all - 1, "{field}");
            assert_eq!(count(list, json!({ field: { "notIn": [spelled] } })).await, all - 1, "{field}");
            // What could not be kept is nowhere.
            assert_eq!(count(list, json!({ field: { "eq": "no such thing!" } })).await, 0, "{field}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_number_of_64_bits_is_one() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let far = 9_007_199_254_740_993_i64;
        let late = event::Model {
            seq: far,
            id: world.id(),
            at: world.now() + Duration::days(1),
            action: "createDeal".to_owned(),
            subject_type: "Deal".to_owned(),
            subject_id: story.my_deal,
            changes: json!({}),
            ..event::Model::default()
        };
        world.insert(late).await;
        for filter in [json!({ "eq": far }), json!({ "gt": 4_000_000_000_i64 }), json!({ "in": [far] })] {
            let query = "query($f: EventFilter) { events(filter: $f) { nodes { seq } aggregate { max { seq } } } }";
            let answer = cast.admin.run(query, json!({ "f": { "seq": filter } })).await;
            let expected = json!({ "nodes": [{ "seq": far }], "aggregate": { "max": { "seq": far } } });
            assert_eq!(answer.data()["events"], expected, "{filter}");
        }
        let literal = format!("{{ events(filter: {{ seq: {{ gte: {far} }} }}) {{ totalCount }} }}");
        assert_eq!(cast.admin.ask(&literal).await.data()["events"]["totalCount"], 1);
        for wrong in ["9223372036854775808", "1.5", "\"1\"", "true"] {
            let answer =
                cast.admin.ask(&format!("{{ events(filter: {{ seq: {{ eq: {wrong} }} }}) {{ totalCount }} }}")).await;
            assert!(
                !answer.codes().is_empty() && !answer.codes().contains(&"INTERNAL".to_owned()),
                "{wrong}: {:#}",
                answer.body
            );
        }
    })
    .await;
}
