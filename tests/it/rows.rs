//! Hidden rows are hidden everywhere alike (domain rules R2 and R4).
//!
//! What each role may see of the story is written down here by hand, apart from the policy table; then every way to a
//! row must agree with it: the list, its count, its groups, the single look-up, `node`, `nodes`, the list below a
//! parent, filters through relations, aggregates, and mutations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{Actor, Story, World};
use tributary::access::{Kind, Role};
use tributary::schema::GRAPH;
use uuid::Uuid;

/// The rows of each kind that a role sees; kinds that are missing: every row.
fn visible(role: Role, story: &Story) -> BTreeMap<Kind, BTreeSet<Uuid>> {
    let set = |ids: &[Uuid]| ids.iter().copied().collect::<BTreeSet<_>>();
    let s = story;
    let own_deals = [
        (Kind::Deal, set(&[s.my_deal])),
        (Kind::DealContact, set(&[s.my_deal_contact])),
        (Kind::LineItem, set(&[s.my_line])),
        (Kind::Transition, set(&[s.my_transition])),
        (Kind::AttributionCredit, set(&[s.my_credit])),
        (Kind::Event, set(&[s.my_event])),
    ];
    let mut narrowed = match role {
        Role::Admin => return BTreeMap::new(),
        Role::Marketer | Role::MarketingManager => BTreeMap::from([(Kind::LineItem, set(&[]))]),
        Role::Integration => BTreeMap::new(),
        // The manager's team tree holds both reps; marketing's rows are not the manager's.
        Role::SalesManager => BTreeMap::from([(Kind::Activity, set(&[s.my_activity, s.their_activity]))]),
        Role::SalesRep => BTreeMap::from([
            (Kind::Lead, set(&[s.my_lead, s.pool_lead])),
            (Kind::Handoff, set(&[s.my_handoff])),
            (Kind::Activity, set(&[s.my_activity])),
        ])
        .into_iter()
        .chain(own_deals)
        .collect(),
        Role::Analyst => BTreeMap::from([
            (Kind::LineItem, set(&[])),
            (Kind::CampaignMember, set(&[])),
            (Kind::Activity, set(&[])),
            (Kind::Event, set(&[])),
        ]),
    };
    narrowed.insert(Kind::SecurityEvent, set(&[]));
    narrowed
}

/// What the database holds of a kind.
async fn all_rows(world: &World, kind: Kind) -> BTreeSet<Uuid> {
    let table = GRAPH.of(kind).table;
    let rows = world.rows(&format!("SELECT id FROM {table}")).await;
    rows.iter().map(|row| row.try_get_by_index(0).expect("an id")).collect()
}

async fn expected(world: &World, story: &Story, role: Role, kind: Kind) -> BTreeSet<Uuid> {
    if (role, kind) == (Role::SalesRep, Kind::Touchpoint) {
        let mut all = all_rows(world, kind).await;
        all.remove(&story.anonymous_touch);
        return all;
    }
    match visible(role, story).remove(&kind) {
        Some(some) => some,
        None => all_rows(world, kind).await,
    }
}

fn ids_of(nodes: &Value, kind: Kind) -> BTreeSet<Uuid> {
    let prefix = format!("{}_", GRAPH.of(kind).prefix);
    let nodes = nodes.as_array().cloned().unwrap_or_default();
    let id = |node: &Value| {
        node["id"].as_str().and_then(|id| id.strip_prefix(&prefix)).and_then(|hex| Uuid::parse_str(hex).ok())
    };
    nodes.iter().filter_map(id).collect()
}

#[tokio::test]
async fn lists_counts_and_look_ups_agree_on_what_is_visible() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        for actor in cast.roles() {
            for kind in Kind::all() {
                check_kind(&world, &story, actor, kind).await;
            }
        }
    })
    .await;
}

async fn check_kind(world: &World, story: &Story, actor: &Actor, kind: Kind) {
    let of = GRAPH.of(kind);
    let role = actor.role.expect("a role");
    let seen = expected(world, story, role, kind).await;
    let what = format!("{role:?} {kind:?}");
    let all = all_rows(world, kind).await;
    let closed = seen.is_empty() && !all.is_empty();

    let list = actor.ask(&format!("{{ {} {{ totalCount nodes {{ id }} }} }}", of.plural)).await;
    if closed {
        assert_eq!(list.code(), "FORBIDDEN", "{what}");
        assert_eq!(list.body["data"][of.plural], Value::Null, "{what}");
    } else {
        assert_eq!(ids_of(&list.data()[of.plural]["nodes"], kind), seen, "{what}: list");
        assert_eq!(list.data()[of.plural]["totalCount"], seen.len(), "{what}: count");
        let groups = actor.ask(&format!("{{ {} {{ aggregate {{ count }} }} }}", of.plural)).await;
        assert_eq!(groups.data()[of.plural]["aggregate"]["count"], seen.len(), "{what}: aggregate");
    }
    let ids: Vec<_> = all.iter().map(|id| of.global_id(*id)).collect();
    let nodes = actor.run("query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", json!({ "ids": ids })).await;
    assert_eq!(ids_of(&nodes.data()["nodes"], kind), seen, "{what}: nodes");
    for id in &all {
        let global = of.global_id(*id);
        let query = format!("query($id: ID!) {{ node(id: $id) {{ id }} {}(id: $id) {{ id }} }}", of.single);
        let answer = actor.run(&query, json!({ "id": global })).await;
        let found = if seen.contains(id) { json!({ "id": global }) } else { Value::Null };
        assert_eq!(answer.data()["node"], found, "{what}: node");
        assert_eq!(answer.data()[of.single.as_str()], found, "{what}: look-up");
        if !closed {
            let query =
                format!("query($id: ID!) {{ {}(filter: {{ id: {{ eq: $id }} }}) {{ totalCount }} }}", of.plural);
            let answer = actor.run(&query, json!({ "id": global })).await;
            assert_eq!(answer.data()[of.plural]["totalCount"], usize::from(seen.contains(id)), "{what}: count by id");
        }
    }
}

#[tokio::test]
async fn a_hidden_row_is_not_found_in_relations_either() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let company = GRAPH.of(Kind::Company).global_id(story.company);
        let below = "query($id: ID!) { company(id: $id) {
            leads { totalCount nodes { id deal { id } } } deals { totalCount nodes { id } aggregate { sum { amount { amount } } } } activities { totalCount } } }";
        let answer = cast.rep.run(below, json!({ "id": company })).await;
        let found = &answer.data()["company"];
        assert_eq!(found["leads"]["totalCount"], 2);
        assert_eq!(found["deals"]["totalCount"], 1);
        assert_eq!(found["deals"]["aggregate"]["sum"]["amount"], json!([{ "amount": "5000.00" }]));

        // A filter through a relation cannot find what is hidden at its other end.
        let their = GRAPH.of(Kind::Deal).global_id(story.their_deal);
        let filters = [
            json!({ "deals": { "some": { "id": { "eq": their } } } }),
            json!({ "deals": { "some": { "name": { "eq": "Theirs" } } } }),
            json!({ "deals": { "some": { "status": { "eq": "WON" } } } }),
            json!({ "not": { "deals": { "none": { "status": { "eq": "WON" } } } } }),
            json!({ "not": { "deals": { "every": { "status": { "eq": "OPEN" } } } } }),
            json!({ "contacts": { "some": { "deals": { "some": { "deal": { "status": { "eq": "WON" } } } } } } }),
            json!({ "leads": { "some": { "owner": { "name": { "eq": "Otto" } } } } }),
        ];
        for filter in filters {
            let query = "query($f: CompanyFilter) { companies(filter: $f) { totalCount nodes { id } } }";
            let rep = cast.rep.run(query, json!({ "f": filter })).await;
            assert_eq!(rep.data()["companies"]["totalCount"], 0, "{filter}");
            let admin = cast.admin.run(query, json!({ "f": filter })).await;
            assert_eq!(admin.data()["companies"]["totalCount"], 1, "{filter}");
        }

        // Groups by a reference show no hidden row as a key.
        let (mine, theirs) = (world.literal(story.my_activity), world.literal(story.their_lead));
        world.execute(&format!("UPDATE activity SET lead_id = {theirs} WHERE id = {mine}")).await;
        let query = "{ activities { groupBy(by: [{ field: LEAD }]) { key { lead { id } } count } } }";
        let groups = cast.rep.ask(query).await;
        assert_eq!(groups.data()["activities"]["groupBy"], json!([{ "key": { "lead": null }, "count": 1 }]));
        let groups = cast.admin.ask(query).await;
        assert!(groups.data().to_string().contains(&GRAPH.of(Kind::Lead).global_id(story.their_lead)));
    })
    .await;
}

#[tokio::test]
async fn refused_and_hidden_look_alike() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let of = GRAPH.of(Kind::Deal);
        let missing = of.global_id(world.id());
        let hidden = of.global_id(story.their_deal);
        let query = "query($id: ID!) { deal(id: $id) { id name } node(id: $id) { id } nodes(ids: [$id]) { id } deals(filter: { id: { eq: $id } }) { totalCount nodes { id } pageInfo { hasNextPage endCursor } aggregate { count } groupBy(by: [{ field: STATUS }]) { count } } }";
        let of_missing = cast.rep.run(query, json!({ "id": missing })).await;
        let of_hidden = cast.rep.run(query, json!({ "id": hidden })).await;
        assert_eq!(of_missing.body, of_hidden.body);
        assert_eq!(of_hidden.data()["deal"], Value::Null);
        // Nor does a write tell them apart: the same words but for the id that was asked for.
        let update = |id: &str| json!({ "id": id, "expectedVersion": 1, "name": "x" });
        let mut words = Vec::new();
        for id in [&missing, &hidden] {
            let answer = cast.rep.mutate("updateDeal", update(id), "deal { id }").await;
            assert_eq!(answer.code(), "NOT_FOUND");
            words.push(answer.body.to_string().replace(id.as_str(), "ID"));
        }
        assert_eq!(words[0], words[1]);
    })
    .await;
}

/// An integration that pulls the pipeline knows who owns what, by name and team, and at which rates (domain rules R2).
#[tokio::test]
async fn an_integration_reads_who_owns_what() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let id = GRAPH.of(Kind::Deal).global_id(story.my_deal);
        let query = "query($id: ID!) { deal(id: $id) { owner { name team { name } } team { name } createdBy { name } } \
            users(first: 1, orderBy: [{ field: NAME }]) { nodes { name } } exchangeRates { nodes { currency } } }";
        let answer = cast.integration.run(query, json!({ "id": id })).await;
        let rita = json!({ "name": "Rita", "team": { "name": "North" } });
        let deal = json!({ "owner": rita, "team": { "name": "North" }, "createdBy": { "name": "Rita" } });
        assert_eq!(answer.data()["deal"], deal);
        assert_eq!(answer.data()["users"]["nodes"], json!([{ "name": "Ada" }]));
        assert_eq!(answer.data()["exchangeRates"]["nodes"], json!([{ "currency": "USD" }]));
        let closed = cast
            .integration
            .ask("{ users { nodes { email status } } contacts(first: 1) { nodes { email phone } } }")
            .await;
        assert!(closed.codes().iter().all(|code| code == "FORBIDDEN_FIELD"));
    })
    .await;
}
