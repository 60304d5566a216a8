//! Restricted fields cannot be learnt by any way of asking (domain rules R3 and R4). Generated from the policy table:
//! a new restricted field is tested without a line here.

use serde_json::{Value, json};
use tests::{Actor, Cast, Story, World};
use tributary::access::{Grant, Kind, policy};
use tributary::graphql::filter::shout;
use tributary::schema::GRAPH;
use tributary::store::descriptor::{Descriptor, Shape};

/// What to select below a field.
pub fn below(of: &Descriptor, field: &str) -> &'static str {
    match of.field(field).map(|field| field.shape) {
        Some(Shape::Money) => "{ amount currency }",
        Some(_) => "",
        None => "{ id }",
    }
}

/// A test that any value could pass.
fn any_test(of: &Descriptor, field: &str) -> Value {
    match of.field(field).map(|field| field.shape) {
        Some(Shape::Money) => json!({ "currency": "EUR", "gte": "0" }),
        Some(_) => json!({ "isNull": false }),
        None => json!({}),
    }
}

#[tokio::test]
async fn a_closed_field_is_null_with_one_error_and_its_siblings_are_untouched() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        for (kind, field, grants) in policy::restricted_fields() {
            let of = GRAPH.of(kind);
            let id = of.global_id(story.specimen(&cast, kind));
            for (actor, grant) in cast.roles().into_iter().zip(grants) {
                if !reads(actor, kind) {
                    continue;
                }
                let what = format!("{:?} {}.{field}", actor.role, of.name);
                let selection = format!("id aliased: {field} {} version: id", below(of, field));
                let single = of.single.as_str();
                let query = format!("query($id: ID!) {{ {single}(id: $id) {{ {selection} }} }}");
                let answer = actor.run(&query, json!({ "id": id })).await;
                match grant {
                    Grant::Yes => assert!(answer.codes().is_empty(), "{what}: {:#}", answer.body),
                    Grant::No | Grant::Sums => {
                        let row = &answer.body["data"][single];
                        assert_eq!(row["id"], json!(id), "{what}: {:#}", answer.body);
                        assert_eq!(row.get("aliased"), Some(&Value::Null), "{what}");
                        assert_eq!(answer.code(), "FORBIDDEN_FIELD", "{what}");
                        assert_eq!(answer.body["errors"][0]["path"], json!([single, "aliased"]), "{what}");
                    }
                    Grant::Rows(_) => {}
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_field_cannot_be_asked_about() {
    tests::each_database(async |world| {
        let (cast, _) = setting(&world).await;
        for (kind, field, grants) in policy::restricted_fields() {
            for (actor, grant) in cast.roles().into_iter().zip(grants) {
                if matches!(grant, Grant::No | Grant::Sums) && counts(actor, kind) {
                    refuse_every_way(actor, GRAPH.of(kind), field, grant).await;
                }
            }
        }
    })
    .await;
}

async fn refuse_every_way(actor: &Actor, of: &Descriptor, field: &str, grant: Grant) {
    let (list, name) = (of.plural, of.name);
    let what = format!("{:?} {name}.{field}", actor.role);
    let refused = async |way: &str, query: String, variables: Value| {
        let answer = actor.run(&query, variables).await;
        assert_eq!(answer.codes(), ["FORBIDDEN_FIELD"], "{what} by {way}: {:#}", answer.body);
    };
    let test = any_test(of, field);
    for (way, filter) in [
        ("filter", json!({ field: test })),
        ("not", json!({ "not": { field: test } })),
        ("or", json!({ "or": [{ "id": { "isNull": true } }, { field: test }] })),
    ] {
        let query = format!("query($f: {name}Filter) {{ {list}(filter: $f) {{ totalCount }} }}");
        refused(way, query, json!({ "f": filter })).await;
    }
    let Some(declared) = of.field(field) else { return };
    let key = shout(field);
    if reads(actor, of.kind) {
        let query = format!("{{ {list}(orderBy: [{{ field: {key} }}]) {{ nodes {{ id }} }} }}");
        refused("order", query, json!({})).await;
    }
    let groupable =
        !matches!(declared.shape, Shape::Money | Shape::Id | Shape::TextList | Shape::Decimal(_) | Shape::Long);
    if groupable {
        let query = format!("{{ {list} {{ groupBy(by: [{{ field: {key} }}]) {{ count }} }} }}");
        refused("group", query, json!({})).await;
    }
    if matches!(declared.shape, Shape::Money | Shape::Int) {
        let inner = below(of, field);
        for function in ["sum", "avg", "min", "max"] {
            // Whoever may only sum it may do so in one way, and this is another.
            let query = format!("{{ {list} {{ aggregate {{ {function} {{ {field} {inner} }} }} }} }}");
            refused(function, query, json!({})).await;
        }
        let _ = grant;
    }
    // From another root, through every relation that leads here.
    for other in GRAPH.all() {
        for link in other.links.iter().filter(|link| link.to == of.kind) {
            if !reads(actor, other.kind) || policy::is_restricted(other.kind, &link.name) {
                continue;
            }
            let filter = match link.key {
                tributary::store::descriptor::Key::One(_) => json!({ link.name.as_str(): { field: test } }),
                tributary::store::descriptor::Key::Many(_) => {
                    json!({ link.name.as_str(): { "some": { field: test } } })
                }
            };
            let query = format!("query($f: {}Filter) {{ {}(filter: $f) {{ totalCount }} }}", other.name, other.plural);
            refused(&format!("{}.{}", other.name, link.name), query, json!({ "f": filter })).await;
        }
    }
}

#[tokio::test]
async fn a_field_that_is_open_on_some_rows_is_empty_on_the_others() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        // The rep reads the cost of his own deal. He also sees a colleague's deal of his team, but not its cost.
        world.execute(&format!("UPDATE deal SET team_id = {}", literal(&world, cast.north))).await;
        let deals = cast
            .rep
            .ask("{ deals(orderBy: [{ field: NAME }]) { nodes { name cost { amount } margin { amount } } } }")
            .await;
        assert_eq!(
            deals.body["data"]["deals"]["nodes"],
            json!([
                { "name": "Mine", "cost": { "amount": "2000.00" }, "margin": { "amount": "3000.00" } },
                { "name": "Theirs", "cost": null, "margin": null },
            ])
        );
        assert_eq!(deals.codes(), ["FORBIDDEN_FIELD", "FORBIDDEN_FIELD"]);
        assert_eq!(deals.body["errors"][0]["path"], json!(["deals", "nodes", 1, "cost"]));
        // Asking about it finds the own row only, whichever way round.
        for (filter, expected) in [
            (json!({ "cost": { "currency": "EUR", "gte": "1" } }), vec!["Mine"]),
            (json!({ "cost": { "isNull": true } }), vec!["Theirs"]),
            (json!({ "not": { "cost": { "currency": "EUR", "eq": "2000" } } }), vec!["Theirs"]),
        ] {
            let query = "query($f: DealFilter) { deals(filter: $f) { nodes { name } } }";
            let answer = cast.rep.run(query, json!({ "f": filter })).await;
            let names: Vec<_> = answer.data()["deals"]["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|deal| deal["name"].clone())
                .collect();
            assert_eq!(json!(names), json!(expected), "{filter}");
        }
        let sums = cast.rep.ask("{ deals { aggregate { sum { cost { amount } } max { cost { amount } } } } }").await;
        let own = json!([{ "amount": "2000.00" }]);
        assert_eq!(sums.data()["deals"]["aggregate"], json!({ "sum": { "cost": own }, "max": { "cost": own } }));
        let _ = story;
    })
    .await;
}

/// The one way in which an analyst is told sums of costs.
const COSTS: &str = "{ deals(filter: { status: { eq: WON } }) { \
    groupBy(by: [{ field: CLOSED_AT, bucket: MONTH }, { field: PIPELINE }]) { \
    key { closedAt pipeline { name } } count sum { cost { amount currency } } avg { cost { amount } } } } }";

/// Deals that were won at these moments, at a cost of 2,000.00.
async fn won(world: &World, story: &Story, moments: &[&str], currency: &str) {
    for moment in moments {
        let (id, source) = (literal(world, world.id()), literal(world, story.their_deal));
        let columns = "version, name, kind, pipeline_id, stage_id, status, amount_minor, cost_minor, base_amount_minor, rate_date";
        let statement = format!(
            "INSERT INTO deal (id, created_at, updated_at, closed_at, currency, {columns}) \
             SELECT {id}, created_at, updated_at, '{moment}', '{currency}', {columns} FROM deal WHERE id = {source}"
        );
        world.execute(&statement).await;
    }
}

#[tokio::test]
async fn an_analyst_is_told_sums_that_no_row_shows_by_past_months_only() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        let now = world.now().date_naive().format("%Y-%m-01").to_string();
        let current = format!("{now}T00:00:00+00:00");
        won(&world, &story, &["2025-12-03T10:00:00+00:00"; 5], "EUR").await;
        won(&world, &story, &["2025-12-04T10:00:00+00:00"; 4], "USD").await;
        won(&world, &story, &["2025-11-30T23:59:59+00:00"; 4], "EUR").await;
        won(&world, &story, &[current.as_str(); 6], "EUR").await;
        let answer = cast.analyst.ask(COSTS).await;
        let groups = answer.data()["deals"]["groupBy"].as_array().cloned().unwrap_or_default();
        let of = |month: &str| groups.iter().find(|group| group["key"]["closedAt"] == month).expect("a month").clone();
        assert_eq!(of("2025-12-01")["count"], 9);
        // Four dollars are too few: the threshold holds for each currency apart.
        assert_eq!(of("2025-12-01")["sum"]["cost"], json!([{ "amount": "10000.00", "currency": "EUR" }]));
        assert_eq!(of("2025-12-01")["avg"]["cost"], json!([{ "amount": "2000.00" }]));
        assert_eq!(of("2025-11-01")["sum"]["cost"], Value::Null, "too few deals");
        assert_eq!(of(&now)["sum"]["cost"], Value::Null, "the month is not over");
        assert_eq!(
            cast.manager.ask(COSTS).await.data()["deals"]["groupBy"].as_array().map(Vec::len),
            Some(groups.len())
        );
    })
    .await;
}

#[tokio::test]
async fn an_analyst_cannot_choose_the_rows_of_a_sum() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        won(&world, &story, &["2025-12-03T10:00:00+00:00"; 9], "EUR").await;
        let by = "groupBy(by: [{ field: CLOSED_AT, bucket: MONTH }, { field: PIPELINE }])";
        let sum = "{ sum { cost { amount } } }";
        let won = "filter: { status: { eq: WON } }";
        let campaign = GRAPH.of(Kind::Campaign).global_id(story.campaign);
        for query in [
            format!("{{ deals({won}) {{ aggregate {sum} }} }}"),
            format!("{{ deals {{ {by} {sum} }} }}"),
            format!("{{ deals(filter: {{ status: {{ eq: OPEN }} }}) {{ {by} {sum} }} }}"),
            format!("{{ deals(filter: {{ status: {{ in: [WON] }} }}) {{ {by} {sum} }} }}"),
            format!("{{ deals(filter: {{ status: {{ eq: WON }}, name: {{ contains: \"e\" }} }}) {{ {by} {sum} }} }}"),
            format!("{{ deals(filter: {{ and: [{{ status: {{ eq: WON }} }}] }}) {{ {by} {sum} }} }}"),
            format!("{{ deals({won}) {{ groupBy(by: [{{ field: CLOSED_AT, bucket: MONTH }}]) {sum} }} }}"),
            format!("{{ deals({won}) {{ groupBy(by: [{{ field: CLOSED_AT, bucket: DAY }}, {{ field: PIPELINE }}]) {sum} }} }}"),
            format!("{{ deals({won}) {{ groupBy(by: [{{ field: CLOSED_AT, bucket: MONTH }}, {{ field: OWNER }}]) {sum} }} }}"),
            format!(
                "{{ deals({won}) {{ groupBy(by: [{{ field: CLOSED_AT, bucket: MONTH }}, {{ field: PIPELINE }}, \
                 {{ field: OWNER }}]) {sum} }} }}"
            ),
            format!("{{ deals({won}) {{ {} {sum} }} }}", by.replace("])", "], timeZone: \"Asia/Tokyo\")")),
            format!("{{ deals({won}) {{ {by} {{ max {{ cost {{ amount }} }} }} }} }}"),
            format!("{{ campaign(id: \"{campaign}\") {{ deals({won}) {{ {by} {sum} }} }} }}"),
        ] {
            let answer = cast.analyst.ask(&query).await;
            assert!(answer.codes().iter().all(|code| code == "FORBIDDEN_FIELD"), "{query}: {:#}", answer.body);
            assert!(!answer.codes().is_empty(), "{query}: {:#}", answer.body);
            assert!(!answer.body["data"].to_string().contains("00.00"), "{query}: {:#}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn who_may_only_count_cannot_read_a_row_through_its_counts() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        let id = GRAPH.of(Kind::Activity).global_id(story.my_activity);
        let counted = cast
            .analyst
            .ask("{ activities { totalCount groupBy(by: [{ field: KIND }]) { key { kind } count } } }")
            .await;
        assert_eq!(counted.data()["activities"]["totalCount"], 3);
        for filter in [
            json!({ "id": { "eq": id } }),
            json!({ "subject": { "startsWith": "m" } }),
            json!({ "body": { "contains": "secret" } }),
        ] {
            let query = "query($f: ActivityFilter) { activities(filter: $f) { totalCount } }";
            assert_eq!(cast.analyst.run(query, json!({ "f": filter })).await.codes(), ["FORBIDDEN_FIELD"], "{filter}");
        }
        for selection in ["nodes { id }", "edges { cursor }", "pageInfo { hasNextPage }"] {
            let answer = cast.analyst.ask(&format!("{{ activities {{ totalCount {selection} }} }}")).await;
            assert_eq!(answer.codes(), ["FORBIDDEN"], "{selection}");
        }
    })
    .await;
}

#[tokio::test]
async fn who_may_only_count_cannot_tie_a_count_to_a_person() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        let campaign = GRAPH.of(Kind::Campaign).global_id(story.campaign);
        let by_status = "{ campaignMembers { groupBy(by: [{ field: CAMPAIGN }, { field: STATUS }]) { key { campaign { name } status } count } } }";
        assert_eq!(cast.analyst.ask(by_status).await.data()["campaignMembers"]["groupBy"][0]["count"], 1);
        for query in [
            "query($c: ID!) { campaignMembers(filter: { campaign: { id: { eq: $c } } }) { groupBy(by: [{ field: CONTACT }]) { count } } }",
            "query($c: ID!) { campaignMembers(filter: { campaign: { id: { eq: $c } }, contact: { jobTitle: { isNull: true } } }) { totalCount } }",
            "query($c: ID!) { contacts(filter: { memberships: { some: { campaign: { id: { eq: $c } } } } }) { totalCount } }",
            "query($c: ID!) { contacts(filter: { memberships: { none: { campaign: { id: { eq: $c } } } } }) { totalCount } }",
            "query($c: ID!) { campaign(id: $c) { leads(first: 1) { nodes { activities { totalCount } } } } }",
        ] {
            let answer = cast.analyst.run(query, json!({ "c": campaign })).await;
            assert_eq!(answer.codes(), ["FORBIDDEN_FIELD"], "{query}: {:#}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_reference_is_closed_from_its_other_end_too() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        // Marketing reads of a deal's activity what it was, not with whom: also not by coming from the person.
        let contact = format!("UPDATE activity SET contact_id = {}", literal(&world, story.contact));
        world.execute(&contact).await;
        let id = GRAPH.of(Kind::Contact).global_id(story.contact);
        let below =
            "query($id: ID!) { contact(id: $id) { activities { totalCount nodes { id } aggregate { count } } } }";
        let marketer = cast.marketer.run(below, json!({ "id": id })).await;
        assert_eq!(marketer.data()["contact"]["activities"]["totalCount"], 1, "the one that is off any deal");
        assert_eq!(marketer.data()["contact"]["activities"]["nodes"].as_array().map(Vec::len), Some(1));
        assert_eq!(marketer.data()["contact"]["activities"]["aggregate"]["count"], 1);
        let admin = cast.admin.run(below, json!({ "id": id })).await;
        assert_eq!(admin.data()["contact"]["activities"]["totalCount"], 3);
        let filter = "{ contacts(filter: { activities: { some: { deal: {} } } }) { totalCount } }";
        assert_eq!(cast.marketer.ask(filter).await.data()["contacts"]["totalCount"], 0);
        assert_eq!(cast.admin.ask(filter).await.data()["contacts"]["totalCount"], 1);
    })
    .await;
}

pub async fn setting(world: &World) -> (Cast, Story) {
    let cast = world.cast().await;
    let story = world.story(&cast).await;
    (cast, story)
}

pub fn reads(actor: &Actor, kind: Kind) -> bool {
    actor.role.is_some_and(|role| !policy::reach(kind, tributary::access::Action::Read, role).is_none())
}

fn counts(actor: &Actor, kind: Kind) -> bool {
    actor.role.is_some_and(|role| !policy::reach(kind, tributary::access::Action::Count, role).is_none())
}

/// An id in a statement past the service.
fn literal(world: &World, id: uuid::Uuid) -> String {
    if world.is_postgres() { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
}
