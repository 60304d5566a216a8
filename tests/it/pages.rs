//! Walking a list by its pages gives every row once, in order, under every sort, from either end.

use std::collections::HashSet;

use chrono::Duration;
use entity::company::{self, CompanyLifecycle, SizeBand};
use serde_json::{Value, json};
use tests::{Actor, World};
use tributary::access::Kind;
use tributary::graphql::filter::shout;
use tributary::schema::GRAPH;

/// Rows of the walked list.
const ROWS: usize = 50_000;
/// The longest page at the root.
const PAGE: usize = 500;

/// Many companies with ties and empty values in every nullable column.
async fn fill(world: &World, rows: usize) {
    let sizes = [SizeBand::Solo, SizeBand::Small, SizeBand::Large];
    let some = |at: usize, each: usize, value: String| (!at.is_multiple_of(each)).then_some(value);
    let models: Vec<_> = (0..rows)
        .map(|at| company::Model {
            id: world.id(),
            created_at: world.now() - Duration::minutes(i64::try_from(at % 977).expect("small")),
            updated_at: world.now() - Duration::microseconds(i64::try_from(at % 13).expect("small")),
            version: i32::try_from(at % 3).expect("small") + 1,
            name: format!("Company {}", at % 7_919),
            domain: some(at, 4, format!("c{at}.example")),
            industry: some(at, 3, format!("industry {}", at % 11)),
            size_band: (at % 5 != 0).then(|| sizes[at % 3]),
            annual_revenue_minor: (at % 6 != 0).then_some(i64::try_from(at % 101).expect("small") * 1_000),
            annual_revenue_currency: (at % 6 != 0).then(|| ["EUR", "JPY", "BHD", "CLF"][at % 4].to_owned()),
            country: some(at, 2, ["DE", "AT", "CH"][at % 3].to_owned()),
            lifecycle: [CompanyLifecycle::Prospect, CompanyLifecycle::Customer][at % 2],
            source_system: some(at, 7, "crm".to_owned()),
            external_id: some(at, 7, format!("x{at}")),
            ..company::Model::default()
        })
        .collect();
    let system = world.app.store().system();
    let tx = system.begin("test").await.expect("a transaction");
    system.load(&tx, &models).await.expect("the rows fit");
    tx.commit().await.expect("they are there");
}

/// The ids in the order of the pages, and how many pages it took.
async fn walk(actor: &Actor, field: &str, direction: &str, backward: bool, page: usize) -> (Vec<String>, usize) {
    let (count, place, more, edge) = if backward {
        ("last", "before", "hasPreviousPage", "startCursor")
    } else {
        ("first", "after", "hasNextPage", "endCursor")
    };
    let query = format!(
        "query($at: String) {{ companies({count}: {page}, {place}: $at, orderBy: [{{ field: {field}, direction: {direction} }}]) \
         {{ nodes {{ id }} pageInfo {{ {more} {edge} }} }} }}"
    );
    let (mut ids, mut at, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let answer = actor.run(&query, json!({ "at": at })).await;
        let list = &answer.data()["companies"];
        let mut part: Vec<_> = list["nodes"]
            .as_array()
            .expect("nodes")
            .iter()
            .map(|node| node["id"].as_str().expect("an id").to_owned())
            .collect();
        if backward {
            part.reverse();
        }
        ids.extend(part);
        pages += 1;
        at = list["pageInfo"][edge].clone();
        if list["pageInfo"][more] == json!(false) {
            return (ids, pages);
        }
    }
}

async fn walks(world: &World, rows: usize, page: usize, thorough: bool) {
    let actor = world.rep().await;
    fill(world, rows).await;
    let sortable = GRAPH.of(Kind::Company).fields.iter().filter(|field| field.sortable);
    for (number, field) in sortable.enumerate() {
        let name = shout(&field.name);
        let mut orders = Vec::new();
        for (place, (direction, backward)) in
            [("ASC", false), ("DESC", true), ("DESC", false), ("ASC", true)].into_iter().enumerate()
        {
            // Each field goes both ways; a thorough walk takes each way from both ends.
            if !thorough && place / 2 != number % 2 {
                continue;
            }
            let (ids, pages) = walk(&actor, &name, direction, backward, page).await;
            let what = format!("{name} {direction} backward: {backward}");
            assert_eq!(ids.len(), rows, "{what}: every row");
            assert_eq!(ids.iter().collect::<HashSet<_>>().len(), rows, "{what}: once");
            assert_eq!(pages, rows.div_ceil(page), "{what}: in full pages");
            orders.push((direction, backward, ids));
        }
        for (direction, _, ids) in orders.iter().filter(|(_, backward, _)| !backward) {
            if let Some((_, _, reversed)) = orders.iter().find(|(other, backward, _)| *backward && other == direction) {
                assert!(ids.iter().eq(reversed.iter().rev()), "{name} {direction}: the same order from either end");
            }
        }
    }
}

#[tokio::test]
async fn fifty_thousand_rows_under_every_sort() {
    tests::each_database(async |world| walks(&world, ROWS, PAGE, false).await).await;
}

#[tokio::test]
async fn a_few_rows_under_every_sort_from_both_ends() {
    tests::each_database(async |world| walks(&world, 403, 50, true).await).await;
}

#[tokio::test]
async fn several_keys_in_mixed_directions_keep_the_order() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        fill(&world, 300).await;
        let order = "[{ field: INDUSTRY, direction: DESC }, { field: COUNTRY }, { field: ANNUAL_REVENUE, direction: DESC }]";
        let whole = actor.ask(&format!("{{ companies(first: 500, orderBy: {order}) {{ nodes {{ id }} }} }}")).await;
        let whole = whole.data()["companies"]["nodes"].as_array().expect("nodes").clone();
        assert_eq!(whole.len(), 300);
        for (count, place, edge) in [("first", "after", "endCursor"), ("last", "before", "startCursor")] {
            let query = format!("query($at: String) {{ companies({count}: 7, {place}: $at, orderBy: {order}) {{ nodes {{ id }} pageInfo {{ {edge} }} }} }}");
            let (mut at, mut seen) = (Value::Null, Vec::new());
            loop {
                let answer = actor.run(&query, json!({ "at": at })).await;
                let list = answer.data()["companies"].clone();
                let part = list["nodes"].as_array().expect("nodes").clone();
                if part.is_empty() {
                    break;
                }
                if count == "first" { seen.extend(part) } else { seen.splice(0..0, part); }
                at = list["pageInfo"][edge].clone();
            }
            assert_eq!(seen, whole, "{count}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_and_order() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        fill(&world, 3).await;
        let page = actor.ask("{ companies(first: 1, orderBy: [{ field: NAME }]) { pageInfo { endCursor } } }").await;
        let cursor = page.data()["companies"]["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned();
        let mut tampered = cursor.clone().into_bytes();
        tampered[12] = if tampered[12] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).expect("still text");
        for (query, at) in [
            ("{ companies(after: $at, orderBy: [{ field: NAME, direction: DESC }]) { nodes { id } } }", &cursor),
            ("{ companies(after: $at) { nodes { id } } }", &cursor),
            ("{ contacts(after: $at) { nodes { id } } }", &cursor),
            ("{ companies(after: $at, orderBy: [{ field: NAME }]) { nodes { id } } }", &tampered),
            ("{ companies(after: $at, orderBy: [{ field: NAME }]) { nodes { id } } }", &"rubbish".to_owned()),
        ] {
            let answer = actor.run(&format!("query($at: String) {query}"), json!({ "at": at })).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{query} {at}");
        }
        let good = actor
            .run(
                "query($at: String) { companies(after: $at, orderBy: [{ field: NAME }]) { nodes { id } } }",
                json!({ "at": cursor }),
            )
            .await;
        assert_eq!(good.data()["companies"]["nodes"].as_array().map(Vec::len), Some(2));
        // Clients send an empty cursor for none.
        let first = actor.ask("{ companies(after: \"\") { nodes { id } } }").await;
        assert_eq!(first.data()["companies"]["nodes"].as_array().map(Vec::len), Some(3));
    })
    .await;
}
