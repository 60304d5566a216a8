//! What costs how much; what an estimate must never do.

use std::sync::LazyLock;

use async_graphql::parser::parse_query;
use proptest::prelude::*;

use super::*;
use crate::schema::outline;

static TABLE: LazyLock<Table> = LazyLock::new(|| outline().0);

fn judged(query: &str, variables: &str) -> Estimate {
    over(&Sizes::default(), query, variables)
}

/// Estimated over tables of these sizes.
fn over(sizes: &Sizes, query: &str, variables: &str) -> Estimate {
    let document = parse_query(query).unwrap();
    let variables = Variables::from_value(serde_json::from_str(variables).unwrap());
    let (_, operation) = document.operations.iter().next().unwrap();
    estimate(&TABLE, sizes.clone(), &document, &operation.node, &variables)
}

/// Nodes, reads and points.
fn figures(query: &str) -> (u64, u64, u64) {
    let estimate = judged(query, "{}");
    (estimate.nodes, estimate.reads, estimate.points())
}

#[test]
fn pages_are_multiplied_along_the_nesting() {
    assert_eq!(figures("{ __typename }"), (0, 0, 1));
    assert_eq!(figures("{ deals { nodes { name } } }"), (25, 1, 3));
    assert_eq!(
        figures("{ deals(first: 100) { edges { node { name amount { amount } } } pageInfo { endCursor } } }"),
        (100, 1, 3)
    );
    assert_eq!(figures("{ campaigns(first: 10) { nodes { leads(last: 20) { nodes { id } } } } }"), (210, 2, 6));
    let deep = "{ companies(first: 100) { nodes { deals(first: 100) { nodes { activities(first: 100) { nodes { id } } } } } } }";
    assert_eq!(figures(deep), (1_010_100, 3, 10_105));
}

#[test]
fn rows_that_a_row_refers_to_are_nodes_and_no_statements() {
    assert_eq!(figures("{ deals(first: 10) { nodes { owner { name team { name } } company { name } } } }"), (40, 1, 3));
    assert_eq!(figures("{ deal(id: \"x\") { owner { name } } }"), (2, 1, 3));
    assert_eq!(figures("{ node(id: \"x\") { ... on Deal { activities(first: 5) { nodes { id } } } } }"), (6, 2, 4));
    assert_eq!(figures("{ nodes(ids: [\"x\", \"y\", \"z\"]) { id } }"), (3, 1, 3));
    assert_eq!(figures("{ viewer { user { name } role } }"), (1, 1, 3));
}

#[test]
fn counts_sums_and_groups_are_statements() {
    assert_eq!(figures("{ deals { totalCount } }"), (0, 1, 2));
    assert_eq!(
        figures("{ deals { totalCount aggregate { count } groupBy(by: [{ field: STATUS }]) { count } } }"),
        (100, 3, 5)
    );
    let nested = "{ companies(first: 3) { nodes { deals { totalCount } } } }";
    assert_eq!(figures(nested), (3, 2, 4), "one statement counts for every parent");
}

#[test]
fn variables_stand_for_their_values_and_wild_ones_for_the_largest_page() {
    let query = "query($n: Int) { deals(first: $n) { nodes { id } } }";
    assert_eq!(judged(query, r#"{"n":7}"#).nodes, 7);
    assert_eq!(judged(query, "{}").nodes, 25);
    assert_eq!(judged(query, r#"{"n":2147483647}"#).nodes, 500);
    assert_eq!(judged(query, r#"{"n":-1}"#).nodes, 25);
}

#[test]
fn what_is_skipped_costs_nothing() {
    let query = "query($on: Boolean!) { deals @include(if: $on) { nodes { id } } ... @skip(if: true) { deals { nodes { id } } } }";
    assert_eq!(judged(query, r#"{"on":false}"#).points(), 1);
    assert_eq!(judged(query, r#"{"on":true}"#).nodes, 25);
}

#[test]
fn fragments_cost_what_they_stand_for() {
    let plain = "{ deals(first: 9) { nodes { owner { name } } totalCount } }";
    let spread = "{ ...Q } fragment Q on Query { deals(first: 9) { ...L } } fragment L on DealConnection { nodes { ...D } totalCount } fragment D on Deal { ... on Node { id } owner { name } }";
    assert_eq!(figures(plain), figures(spread));
    let twice: String = (0..60).map(|n| format!("fragment F{n} on Query {{ ...F{} ...F{} }} ", n + 1, n + 1)).collect();
    let twice = format!("{{ ...F0 }} {twice} fragment F60 on Query {{ deals(first: 500) {{ nodes {{ id }} }} }}");
    assert_eq!(judged(&twice, "{}").nodes, u64::MAX, "sums saturate");
    assert_eq!(figures("{ ...A } fragment A on Query { ...A }"), (0, 0, 1));
}

#[test]
fn mutations_cost_by_the_item() {
    let one = "mutation($i: X) { winDeal(input: $i) { deal { id owner { name } } } }";
    assert_eq!(judged(one, r#"{"i":{"id":"deal_1"}}"#).points(), 1 + 10 + 1 + 1);
    let many = "mutation($items: [X]) { captureLeads(input: { items: $items }) { results { lead { id } userErrors { code } } } }";
    let items = format!(r#"{{"items":[{}]}}"#, vec!["{}"; 1_000].join(","));
    let estimate = judged(many, &items);
    assert_eq!((estimate.flat, estimate.reads, estimate.nodes), (10_000, 1, 1_000), "one read for all answers");
    let whole = "mutation($i: X!) { captureLeads(input: $i) { results { userErrors { code } } } }";
    assert_eq!(judged(whole, r#"{"i":{"items":[{},{},{}]}}"#).points(), 31);
}

#[test]
fn introspection_has_a_price_of_its_own() {
    assert_eq!(figures("{ __schema { types { name fields { name } } } __type(name: \"Deal\") { name } }"), (0, 0, 56));
}

#[test]
fn an_unknown_field_costs_nothing_for_validation_refuses_it() {
    assert_eq!(figures("{ nothing { of { the { kind } } } deals { nothing nodes { nothing } } }"), (25, 1, 3));
}

#[test]
fn what_was_not_used_is_not_charged() {
    let estimate = judged("{ deals(first: 500) { nodes { id } } }", "{}");
    assert_eq!((estimate.points(), estimate.settle(&Tally::default())), (7, 1));
}

/// A company of two years, in hundreds of rows.
fn company() -> Sizes {
    use crate::access::Kind::{AttributionCredit, Campaign, Company, Contact, Deal, Event, Lead, Touchpoint};
    let rows =
        [(Event, 893), (Touchpoint, 106), (Lead, 30), (Contact, 30), (AttributionCredit, 30), (Company, 8), (Deal, 8)];
    Sizes::of(rows.map(|(kind, hundreds)| (kind, hundreds * 100)).into_iter().chain([(Campaign, 19)]))
}

fn points(query: &str) -> u64 {
    over(&company(), query, "{}").points()
}

#[test]
fn what_has_to_be_looked_at_is_paid_for_by_the_size_of_the_tables() {
    assert_eq!(points("{ leads { nodes { status } } }"), 3, "the first page is there by an index");
    assert_eq!(points("{ leads(filter: { status: { eq: MQL } }) { totalCount } }"), 2, "a thousand rows are nothing");
    assert_eq!(points("{ events { nodes { action } } }"), 3);
    assert_eq!(points("{ events { totalCount } }"), 2 + 89, "who sees an event is decided by other rows");
    assert_eq!(points("{ events { aggregate { count } groupBy(by: [{ field: ACTION }]) { count } } }"), 4 + 2 * 89);
    assert_eq!(points("{ events { __typename } }"), 1);
    assert_eq!(points("{ events(filter: { action: { eq: \"winDeal\" } }) { nodes { action } } }"), 3 + 98);
    assert_eq!(points("{ events(orderBy: [{ field: AT }]) { nodes { action } } }"), 3 + 89);
    assert_eq!(points("{ events(orderBy: [{ field: AT }]) { pageInfo { hasNextPage } totalCount } }"), 4 + 2 * 89);
    let alias = |n: usize| format!("e{n}: events {{ totalCount }}");
    let twenty = (0..20).map(alias).collect::<Vec<_>>().join(" ");
    assert_eq!(points(&format!("{{ {twenty} }}")), 1 + 20 + 20 * 893 / 10);
    let report = "{ attribution(model: LINEAR) { revenue { amount } } }";
    assert_eq!(points(report), judged(report, "{}").points() + 3);
}

#[test]
fn filters_cost_by_the_steps_to_other_rows() {
    let price = |filter: &str| points(&format!("{{ leads(filter: {filter}) {{ totalCount }} }}"));
    let plain = price("{ status: { eq: MQL } }");
    let searched = price("{ and: [{ interest: { contains: \"x\" } }, { interest: { startsWith: \"x\" } }] }");
    let through = price("{ contact: { company: { name: { eq: \"x\" } } } }");
    let some = price("{ contact: { touchpoints: { some: { channel: { eq: EMAIL } } } } }");
    let none = price("{ contact: { touchpoints: { none: { channel: { eq: EMAIL } } } } }");
    let every = price("{ contact: { touchpoints: { every: { channel: { eq: EMAIL } } } } }");
    let deep = price(
        "{ contact: { touchpoints: { none: { campaign: { touchpoints: { none: { url: { contains: \"x\" } } } } } } } }",
    );
    assert!(
        plain < searched && plain < through && through < some && some < none,
        "{plain} {searched} {through} {some} {none}"
    );
    assert!(none == every && every < deep, "{every} {deep}");
    assert!(deep < 100, "{deep}: what a person would ask is cheap");
    let many = |count: usize| {
        let one = "{ contact: { touchpoints: { none: { url: { contains: \"x\" } } } } }";
        price(&format!("{{ and: [{}] }}", vec![one; count].join(", ")))
    };
    assert!(many(1) < 40 && many(10) < 400, "{} {}", many(1), many(10));
    assert!(many(150) > 20_000, "{}", many(150));
}

#[test]
fn every_test_is_counted_and_paid_for_by_the_rows_that_it_is_put_to() {
    let judge = |filter: &str| over(&company(), &format!("{{ touchpoints(filter: {filter}) {{ totalCount }} }}"), "{}");
    let plain = |count: usize| vec!["{ occurredAt: { ne: \"2026-01-01T00:00:00Z\" } }"; count].join(" ");
    let and = |count: usize| format!("{{ and: [{}] }}", plain(count));
    let (few, many) = (judge(&and(100)), judge(&and(900)));
    assert_eq!((few.tests, many.tests), (100, 900));
    assert_eq!(many.weight - few.weight, 800 * 10_600);
    for alike in [
        format!("{{ or: [{}] }}", plain(100)),
        format!("{{ not: {} }}", and(100)),
        format!("{{ or: [{{ and: [{}] }} {}] }}", plain(60), plain(40)),
    ] {
        assert_eq!(judge(&alike), few, "{alike}");
    }
    for (filter, tests) in [
        ("{}", 1),
        ("{ and: [{} {} {}] }", 3),
        ("{ channel: { in: [EMAIL] } }", 1),
        ("{ url: null }", 1),
        ("{ occurredAt: { gt: \"2026-01-01T00:00:00Z\", lt: \"2026-02-01T00:00:00Z\" } }", 2),
        ("{ campaign: { isNull: true } }", 1),
        ("{ campaign: { touchpoints: { some: { url: { contains: \"x\" } }, none: {} } } }", 2),
    ] {
        assert_eq!(judge(filter).tests, tests, "{filter}");
    }
    let listed = |count: usize| judge(&format!("{{ id: {{ in: [{}] }} }}", "\"x\" ".repeat(count))).tests;
    assert_eq!((listed(100), listed(101), listed(1_000)), (1, 2, 10));
    let twice = judge(&format!("{}) {{ totalCount }} again: touchpoints(filter: {}", and(3), and(5)));
    assert_eq!((twice.tests, twice.longest_filter), (8, 5));
    let through = |filter: &str| judge(&format!("{{ campaign: {filter} }}")).weight;
    assert_eq!(through("null"), through("{ isNull: true }") - 10_600, "an empty reference is looked for as well");
    let followed = "subscription { changed(filter: { and: [{ action: { eq: \"x\" } } { actor: { name: { eq: \"x\" } } }] }) { cursor } }";
    let followed = over(&company(), followed, "{}");
    assert!(followed.tests == 2 && followed.weight > 0);
}

#[test]
fn filters_cost_the_same_however_they_are_given() {
    let filter = r#"{"contact":{"touchpoints":{"none":{"url":{"contains":"x"}}}}}"#;
    let literal = points(
        "{ leads(filter: { contact: { touchpoints: { none: { url: { contains: \"x\" } } } } }) { totalCount } }",
    );
    let whole =
        over(&company(), "query($f: LeadFilter) { leads(filter: $f) { totalCount } }", &format!("{{\"f\":{filter}}}"));
    let part =
        "query($f: TouchpointFilter) { leads(filter: { contact: { touchpoints: { none: $f } } }) { totalCount } }";
    let part = over(&company(), part, r#"{"f":{"url":{"contains":"x"}}}"#);
    assert_eq!((whole.points(), part.points()), (literal, literal));
    let spread = "{ ...Q } fragment Q on Query { leads(filter: { contact: { touchpoints: { none: { url: { contains: \"x\" } } } } }) { ...C } } fragment C on LeadConnection { totalCount }";
    assert_eq!(points(spread), literal);
    let listed = "{ and: { contact: { touchpoints: { none: { url: { contains: \"x\" } } } } } }";
    assert_eq!(points(&format!("{{ leads(filter: {listed}) {{ totalCount }} }}")), literal);
}

#[test]
fn lists_below_rows_cost_by_their_share_and_never_more_than_the_table() {
    let filter = "filter: { interest: { contains: \"x\" } }";
    let of = |first: u32| format!("{{ contacts(first: {first}) {{ nodes {{ leads({filter}) {{ totalCount }} }} }} }}");
    let weight = |query: &str| {
        let estimate = over(&company(), query, "{}");
        (estimate.weight, estimate.whole)
    };
    let (one, whole) = weight(&of(1));
    let (hundred, same) = weight(&of(100));
    assert_eq!((hundred, same), (one * 100, whole), "one statement looks for all");
    let root = weight(&format!("{{ leads({filter}) {{ totalCount }} }}"));
    assert_eq!(root, (whole, whole));
    let referred = "{ deals(first: 10) { nodes { company { leads { totalCount } } } } }";
    assert_eq!(weight(referred).0, 10 * 2 * 30u64.div_ceil(8));
}

/// A selection on a row of deals, nested at random, and its text with every nested list in a fragment of its own.
fn selections() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("name".to_owned()),
        Just("owner { name }".to_owned()),
        Just("company { id owner { id } }".to_owned())
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        (0_u32..=100, proptest::collection::vec(inner, 1..3)).prop_map(|(first, below)| {
            format!("company {{ deals(first: {first}) {{ totalCount nodes {{ {} }} }} }}", below.join(" "))
        })
    })
}

proptest! {
    #[test]
    fn a_larger_page_never_costs_less(selection in selections(), first in 0_u32..500) {
        let of = |first: u32| judged(&format!("{{ deals(first: {first}) {{ nodes {{ {selection} }} }} }}"), "{}");
        let (less, more) = (of(first), of(first + 1));
        prop_assert!(less.nodes <= more.nodes && less.points() <= more.points());
    }

    #[test]
    fn a_fragment_costs_what_its_text_costs(selection in selections()) {
        let plain = judged(&format!("{{ deals {{ nodes {{ {selection} }} }} }}"), "{}");
        let spread = judged(&format!("{{ deals {{ nodes {{ ...D }} }} }} fragment D on Deal {{ {selection} }}"), "{}");
        prop_assert_eq!(plain, spread);
    }

    #[test]
    fn two_operations_in_one_cost_what_they_cost_alone(a in selections(), b in selections()) {
        let field = |key: &str, selection: &str| format!("{key}: deals {{ nodes {{ {selection} }} }}");
        let alone = |selection: &str| judged(&format!("{{ {} }}", field("x", selection)), "{}");
        let both = judged(&format!("{{ {} {} }}", field("x", &a), field("y", &b)), "{}");
        prop_assert_eq!(both, alone(&a).and(alone(&b)));
    }
}
