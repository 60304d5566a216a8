//! A filter, an order or a figure of an amount tells of a row what reading the amount tells of it, and nothing more: one that
//! is empty or closed has no currency. Generated: every field of money, every role.

use std::collections::BTreeSet;

use entity::deal;
use serde_json::{Value, json};
use tests::{Actor, Cast, Story, World};
use tributary::access::Kind;
use tributary::graphql::filter::shout;
use tributary::schema::GRAPH;
use tributary::store::descriptor::{Descriptor, Field, Shape};

use crate::fields::{reads, setting};

/// Currencies of the rows, and one of none.
const CURRENCIES: [&str; 4] = ["BHD", "EUR", "GBP", "JPY"];

/// Amounts in several currencies, and rows whose currency is only that of another amount.
async fn amounts(world: &World, cast: &Cast, story: &Story) {
    let deal = |name: &str, currency: &str, amount: Option<i64>, cost: Option<i64>| deal::Model {
        id: world.id(),
        created_at: world.now(),
        updated_at: world.now(),
        version: 1,
        name: name.to_owned(),
        owner_id: Some(cast.other_rep.id),
        team_id: Some(cast.north),
        pipeline_id: story.pipeline,
        stage_id: story.open_stage,
        amount_minor: amount,
        currency: currency.to_owned(),
        cost_minor: cost,
        ..deal::Model::default()
    };
    for row in [
        deal("Only a cost", "GBP", None, Some(7_700)),
        deal("Only an amount", "JPY", Some(5_000), None),
        deal("Both", "BHD", Some(7_000), Some(6_500)),
        deal("Neither", "GBP", None, None),
    ] {
        world.insert(row).await;
    }
    world.execute("UPDATE company SET annual_revenue_minor = 5000, annual_revenue_currency = 'JPY'").await;
    world.execute("UPDATE campaign SET budget_minor = 7000, budget_currency = 'BHD'").await;
    let value = "estimated_value_minor = 700, estimated_value_currency = 'GBP'";
    world.execute(&format!("UPDATE lead SET {value} WHERE id = {}", world.literal(story.my_lead))).await;
    let value = "estimated_value_minor = 4200, estimated_value_currency = 'EUR'";
    world.execute(&format!("UPDATE lead SET {value} WHERE id = {}", world.literal(story.their_lead))).await;
}

/// What the viewer reads of an amount, by the ids of the rows.
async fn read(actor: &Actor, of: &Descriptor, field: &Field, arguments: &str) -> Vec<(String, Value)> {
    let query =
        format!("{{ {}({arguments}first: 100) {{ nodes {{ id {} {{ amount currency }} }} }} }}", of.plural, field.name);
    let answer = actor.ask(&query).await;
    assert!(answer.codes().iter().all(|code| code == "FORBIDDEN_FIELD"), "{query}: {:#}", answer.body);
    let nodes = answer.body["data"][of.plural]["nodes"].as_array().cloned().unwrap_or_default();
    nodes.iter().map(|node| (node["id"].as_str().expect("an id").to_owned(), node[&field.name].clone())).collect()
}

async fn found(actor: &Actor, of: &Descriptor, filter: Value) -> BTreeSet<String> {
    let query = format!(
        "query($f: {}Filter) {{ {}(filter: $f, first: 100) {{ totalCount nodes {{ id }} }} }}",
        of.name, of.plural
    );
    let answer = actor.run(&query, json!({ "f": filter })).await;
    let list = &answer.data()[of.plural];
    let ids: BTreeSet<_> = list["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|node| node["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(list["totalCount"], json!(ids.len()), "{filter}");
    ids
}

fn amounts_of(of: &'static Descriptor) -> impl Iterator<Item = &'static Field> {
    of.fields.iter().filter(|field| matches!(field.shape, Shape::Money))
}

#[tokio::test]
async fn an_amount_that_is_empty_or_closed_has_no_currency() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        amounts(&world, &cast, &story).await;
        let mut asked = 0;
        for kind in Kind::all() {
            let of = GRAPH.of(kind);
            for (actor, field) in
                cast.roles().into_iter().flat_map(|actor| amounts_of(of).map(move |field| (actor, field)))
            {
                if reads(actor, kind) {
                    asked += usize::from(is_found_as_read(actor, of, field).await);
                }
            }
        }
        assert!(asked > 40, "{asked} amounts were asked about");
    })
    .await;
}

/// Every test of the amount finds the rows that it holds for as they are read. False: it is closed altogether.
async fn is_found_as_read(actor: &Actor, of: &'static Descriptor, field: &Field) -> bool {
    let what = format!("{:?} {}.{}", actor.role, of.name, field.name);
    let name = field.name.as_str();
    if actor
        .ask(&format!("{{ {}(filter: {{ {name}: {{ isNull: true }} }}) {{ totalCount }} }}", of.plural))
        .await
        .codes()
        == ["FORBIDDEN_FIELD"]
    {
        return false;
    }
    let rows = read(actor, of, field, "").await;
    let of_rows = |holds: &dyn Fn(&Value) -> bool| -> BTreeSet<String> {
        rows.iter().filter(|(_, amount)| holds(amount)).map(|(id, _)| id.clone()).collect()
    };
    for currency in CURRENCIES {
        let within = of_rows(&|amount| amount["currency"] == currency);
        let without = of_rows(&|amount| amount["currency"] != currency);
        for (test, expected) in [
            (json!({ "currency": currency }), &within),
            (json!({ "currency": currency, "ne": "1" }), &within),
            (json!({ "currency": currency, "notIn": ["1", "2"] }), &within),
            (json!({ "currency": currency, "gte": "0" }), &within),
            (json!({ "currency": currency, "isNull": false }), &within),
            (json!({ "currency": currency, "isNull": true }), &BTreeSet::new()),
            (json!({ "currency": currency, "eq": null }), &BTreeSet::new()),
        ] {
            assert_eq!(found(actor, of, json!({ name: test })).await, *expected, "{what} {test}");
        }
        assert_eq!(found(actor, of, json!({ "not": { name: { "currency": currency } } })).await, without, "{what}");
    }
    let empty = of_rows(&Value::is_null);
    for test in [json!({ "isNull": true }), json!({ "eq": null }), Value::Null] {
        assert_eq!(found(actor, of, json!({ name: test })).await, empty, "{what} {test}");
    }
    let query = format!("{{ {}{{ aggregate {{ sum {{ {name} {{ currency }} }} }} }} }}", of.plural);
    let answer = actor.ask(&query).await;
    let sums = &answer.data()[of.plural]["aggregate"]["sum"][name];
    let told: BTreeSet<_> = sums.as_array().into_iter().flatten().map(|sum| sum["currency"].to_string()).collect();
    let there = rows.iter().filter(|(_, amount)| !amount.is_null());
    assert_eq!(told, there.map(|(_, amount)| amount["currency"].to_string()).collect(), "{what}");
    true
}

/// The currency and the minor units of an amount as it is read; none of an empty one.
fn rank(amount: &Value) -> Option<(String, i64)> {
    let minor = amount["amount"].as_str()?.replace('.', "").parse().expect("a number");
    Some((amount["currency"].as_str()?.to_owned(), minor))
}

#[tokio::test]
async fn amounts_are_ordered_by_currency_and_never_mixed() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        amounts(&world, &cast, &story).await;
        let mut ordered = 0;
        for kind in Kind::all() {
            let of = GRAPH.of(kind);
            for (actor, field) in
                cast.roles().into_iter().flat_map(|actor| amounts_of(of).map(move |field| (actor, field)))
            {
                if !reads(actor, kind) {
                    continue;
                }
                for direction in ["ASC", "DESC"] {
                    let order = format!("orderBy: [{{ field: {}, direction: {direction} }}], ", shout(&field.name));
                    let rows = read(actor, of, field, &order).await;
                    let what = format!("{:?} {}.{} {direction}: {rows:?}", actor.role, of.name, field.name);
                    let found: Vec<_> = rows.iter().map(|(_, amount)| rank(amount)).collect();
                    let mut expected: Vec<_> = found.iter().flatten().cloned().collect();
                    expected.sort();
                    if direction == "DESC" {
                        expected.reverse();
                    }
                    let there = expected.len();
                    assert!(found.iter().flatten().eq(&expected), "{what}");
                    assert!(found.iter().take(there).all(Option::is_some), "empty ones come last; {what}");
                    ordered += there;
                }
            }
        }
        assert!(ordered > 60, "{ordered} amounts were ordered");
    })
    .await;
}

#[tokio::test]
async fn a_walk_by_three_keys_of_which_two_are_amounts() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        amounts(&world, &cast, &story).await;
        let order = "orderBy: [{ field: AMOUNT, direction: DESC }, { field: COST }, { field: NAME }]";
        // The seller reads the cost of their own deal only: it is the second key all the same.
        for actor in [&cast.admin, &cast.rep] {
            let names = |answer: &tests::Answer| -> Vec<Value> {
                let nodes = answer.data()["deals"]["nodes"].as_array().cloned().unwrap_or_default();
                nodes.iter().map(|node| node["name"].clone()).collect()
            };
            let whole = names(&actor.ask(&format!("{{ deals(first: 50, {order}) {{ nodes {{ name }} }} }}")).await);
            assert!(whole.len() >= 5, "{whole:?}");
            for (count, place, edge) in [("first", "after", "endCursor"), ("last", "before", "startCursor")] {
                let query = format!(
                    "query($at: String) {{ deals({count}: 1, {place}: $at, {order}) {{ nodes {{ name }} pageInfo {{ {edge} }} }} }}"
                );
                let (mut walked, mut at) = (Vec::new(), Value::Null);
                for _ in 0..whole.len() {
                    let answer = actor.run(&query, json!({ "at": at })).await;
                    walked.extend(names(&answer));
                    at = answer.data()["deals"]["pageInfo"][edge].clone();
                }
                if count == "last" {
                    walked.reverse();
                }
                assert_eq!(walked, whole, "{:?} {count}", actor.role);
            }
        }
    })
    .await;
}
