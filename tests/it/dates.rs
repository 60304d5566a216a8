//! Days and moments are those of the years 1 to 9999, wherever they are given or computed, and none of them ends a query.

use entity::{company, deal};
use serde_json::{Value, json};
use tests::{Actor, World, row};
use tributary::graphql::filter::shout;
use tributary::schema::GRAPH;
use tributary::store::descriptor::Shape;

use crate::gid;

/// Days that no calendar of ours has, in every spelling that a library might take.
const NO_DAYS: [&str; 5] = ["+10000-01-01", "10000-01-01", "0000-12-31", "-0001-01-01", "+262142-01-01"];
/// The same of moments.
const NO_MOMENTS: [&str; 5] = [
    "+10000-01-01T00:00:00Z",
    "0000-12-31T23:59:59Z",
    "9999-12-31T23:59:60Z",
    "9999-12-31T23:30:00-01:00",
    "0001-01-01T00:30:00+01:00",
];

#[tokio::test]
async fn no_input_takes_a_year_outside_of_the_calendar() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let (deal, contact) = (gid("deal", story.my_deal), gid("contact", story.contact));
        let refused = async |actor: &Actor, name: &str, input: Value| {
            let answer = actor.mutate(name, input.clone(), "__typename").await;
            assert!(answer.body.to_string().contains("1 to 9999"), "{name} {input}: {:#}", answer.body);
        };
        for day in NO_DAYS {
            refused(&cast.rep, "updateDeal", json!({ "id": deal, "expectedVersion": 1, "expectedCloseOn": day })).await;
            refused(&cast.admin, "createExchangeRate", json!({ "currency": "CHF", "date": day, "rateToBase": "1" }))
                .await;
        }
        for moment in NO_MOMENTS {
            refused(&cast.rep, "winDeal", json!({ "id": deal, "expectedVersion": 1, "closedAt": moment })).await;
            refused(
                &cast.rep,
                "logActivity",
                json!({ "kind": "CALL", "subject": "x", "dealId": deal, "dueAt": moment }),
            )
            .await;
            let touch = json!({ "kind": "PAGE_VIEW", "contactId": contact, "occurredAt": moment });
            refused(&cast.marketer, "recordTouchpoint", json!({ "touchpoint": touch })).await;
        }
        assert_eq!(world.number("SELECT count(*) FROM deal WHERE expected_close_on IS NOT NULL").await, 0);
    })
    .await;
}

/// Two rows at the ends of the calendar, one between.
async fn ends(world: &World) {
    for (name, at, day) in [
        ("first", "0001-01-01T00:00:00Z", "0001-01-01"),
        ("last", "9999-12-31T23:59:59.999999Z", "9999-12-31"),
        ("now", "2026-03-01T09:00:00Z", "2026-03-01"),
    ] {
        let mut model = row!(world, company { name: name.to_owned() });
        model.created_at = at.parse().expect("a moment");
        world.insert(model).await;
        world
            .execute(
                &format!("UPDATE deal SET created_at = '{at}', expected_close_on = '{day}' WHERE name = '{name}'")
                    .replace('Z', "+00:00"),
            )
            .await;
    }
}

#[tokio::test]
async fn every_day_and_moment_is_filtered_ordered_and_grouped_without_an_internal_error() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        for (at, name) in ["first", "last", "now"].into_iter().enumerate() {
            let model = row!(world, deal { name: name.to_owned(), pipeline_id: story.pipeline, stage_id: story.open_stage, currency: "EUR".to_owned(), amount_minor: Some(i64::try_from(at).expect("small")) });
            world.insert(model).await;
        }
        ends(&world).await;
        for of in GRAPH.all() {
            for field in &of.fields {
                let wrong = match field.shape {
                    Shape::Date => NO_DAYS,
                    Shape::DateTime => NO_MOMENTS,
                    _ => continue,
                };
                let (list, name) = (of.plural, &field.name);
                for value in wrong {
                    for test in ["eq", "ne", "gt", "gte", "lt", "lte", "in"] {
                        let answer = cast.admin.ask(&format!("{{ {list}(filter: {{ {name}: {{ {test}: \"{value}\" }} }}) {{ totalCount }} }}")).await;
                        assert_eq!(answer.code(), "BAD_USER_INPUT", "{list} {name} {test} {value}");
                    }
                }
                for span in ["years: 100000", "days: 2147483647", "months: 2147483647", "weeks: 2147483647", "hours: 2147483647", "minutes: 2147483647"] {
                    for test in ["last", "next"] {
                        let answer = cast.admin.ask(&format!("{{ {list}(filter: {{ {name}: {{ {test}: {{ {span} }} }} }}) {{ totalCount }} }}")).await;
                        let fine = answer.codes().is_empty() || answer.codes() == ["BAD_USER_INPUT"];
                        assert!(fine, "{list} {name} {test} {span}: {:#}", answer.body);
                    }
                }
                let groups: String = ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]
                    .into_iter()
                    .flat_map(|bucket| ["Europe/Berlin", "America/Lima", "Pacific/Kiritimati", "UTC"].map(|zone| (bucket, zone)))
                    .map(|(bucket, zone)| format!("{bucket}{}: groupBy(by: [{{ field: {}, bucket: {bucket} }}], timeZone: \"{zone}\") {{ key {{ {name} }} count }} ", zone.replace('/', ""), shout(name)))
                    .collect();
                let figures = format!("aggregate {{ min {{ {name} }} max {{ {name} }} }}");
                let order = format!("(orderBy: [{{ field: {} }}])", shout(name));
                let answer = cast.admin.ask(&format!("{{ {list}{order} {{ nodes {{ {name} }} {figures} {groups} }} }}")).await;
                assert_eq!(answer.codes(), Vec::<String>::new(), "{list} {name}: {:#}", answer.body);
            }
        }
        let answer = cast.rep.ask("{ companies { aggregate { min { createdAt } max { createdAt } } groupBy(by: [{ field: CREATED_AT, bucket: WEEK }], timeZone: \"Asia/Tokyo\") { key { createdAt } } } }").await;
        assert_eq!(answer.data()["companies"]["aggregate"]["max"]["createdAt"], "9999-12-31T23:59:59.999999Z");
        let weeks = answer.data()["companies"]["groupBy"].as_array().expect("groups").iter().map(|group| group["key"]["createdAt"].clone()).collect::<Vec<_>>();
        assert_eq!(weeks, [json!("0001-01-01"), json!("2026-02-23"), json!("9999-12-27")]);
        // A page at the end of the calendar goes on from its cursor.
        let answer = cast.rep.ask("{ companies(first: 1) { nodes { name } pageInfo { endCursor } } }").await;
        assert_eq!(answer.data()["companies"]["nodes"][0]["name"], "last");
        let cursor = answer.data()["companies"]["pageInfo"]["endCursor"].clone();
        let next = cast.rep.run("query($c: String) { companies(first: 9, after: $c) { nodes { name } } }", json!({ "c": cursor })).await;
        assert_eq!(next.data()["companies"]["nodes"].as_array().map(Vec::len), Some(3));
    })
    .await;
}

#[tokio::test]
async fn a_leap_second_is_the_next_second() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let touch = json!({ "kind": "PAGE_VIEW", "contactId": gid("contact", story.contact), "occurredAt": "2016-12-31T23:59:60.5Z" });
        let answer = cast.marketer.mutate("recordTouchpoint", json!({ "touchpoint": touch }), "touchpoint { occurredAt }").await;
        assert_eq!(answer.data()["recordTouchpoint"]["touchpoint"]["occurredAt"], "2017-01-01T00:00:00.500Z");
        for spelled in ["2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z"] {
            let query = format!("{{ touchpoints(filter: {{ occurredAt: {{ eq: \"{spelled}\" }} }}) {{ totalCount groupBy(by: [{{ field: OCCURRED_AT, bucket: YEAR }}]) {{ key {{ occurredAt }} }} }} }}");
            let answer = cast.marketer.ask(&query).await;
            assert_eq!(answer.data()["touchpoints"], json!({ "totalCount": 1, "groupBy": [{ "key": { "occurredAt": "2017-01-01" } }] }));
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_stored_outside_of_the_calendar_is_moved_into_it() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        for (name, day, moment) in [
            ("far", ("10000-01-01", "+10000-01-01"), ("12026-01-01 00:00:00+00", "+12026-01-01T00:00:00+00:00")),
            ("before", ("0044-03-15 BC", "-0043-03-15"), ("0001-12-31 23:00:00+00 BC", "0000-12-31T23:00:00+00:00")),
            ("leap", ("2024-02-29", "2024-02-29"), ("2024-05-05 10:11:00.25+00", "2024-05-05T10:10:60.250+00:00")),
        ] {
            let model = row!(world, deal { name: name.to_owned(), pipeline_id: story.pipeline, stage_id: story.open_stage, currency: "EUR".to_owned() });
            world.insert(model).await;
            let (day, moment) = if world.is_postgres() { (day.0, moment.0) } else { (day.1, moment.1) };
            world.execute(&format!("UPDATE deal SET expected_close_on = '{day}', updated_at = '{moment}' WHERE name = '{name}'")).await;
        }
        world.execute("DELETE FROM seaql_migrations WHERE version LIKE '%000045%'").await;
        migration::migrate(&world.raw).await.expect("the step runs again");
        let names = "name: { in: [\"far\", \"before\", \"leap\"] }";
        let answer = cast.admin.ask(&format!("{{ deals(filter: {{ {names} }}, orderBy: [{{ field: NAME }}]) {{ nodes {{ name expectedCloseOn updatedAt }} groupBy(by: [{{ field: EXPECTED_CLOSE_ON, bucket: QUARTER }}, {{ field: UPDATED_AT }}], timeZone: \"Europe/Berlin\") {{ count }} }} }}")).await;
        assert_eq!(
            answer.data()["deals"]["nodes"],
            json!([
                { "name": "before", "expectedCloseOn": "0001-01-01", "updatedAt": "0001-01-01T00:00:00Z" },
                { "name": "far", "expectedCloseOn": "9999-12-31", "updatedAt": "9999-12-31T23:59:59.999999Z" },
                { "name": "leap", "expectedCloseOn": "2024-02-29", "updatedAt": "2024-05-05T10:11:00.250Z" },
            ])
        );
        assert_eq!(answer.data()["deals"]["groupBy"].as_array().map(Vec::len), Some(3));
    })
    .await;
}
