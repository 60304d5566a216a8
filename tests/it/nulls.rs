//! Where a failure leaves null: at its own place if that is nullable, else at the nearest parent that is (GraphQL
//! specification, "Handling Execution Errors"), with one error at the full path and everything beside it untouched.
//!
//! First every restricted field of the graph, on every way to it (generated from the policy); then the eleven cases of
//! the specification on a schema of their own, which pin what we rely on in the library.

use async_graphql::{EmptySubscription, Object, Schema};
use serde_json::{Value, json};
use tests::{Actor, Answer, Cast, Story, World};
use tributary::access::{Action, Grant, Kind, policy};
use tributary::schema::GRAPH;
use tributary::store::descriptor::{Descriptor, Key, OutType};

use crate::fields::{below, reads, setting};

/// Calls `test` with every role that sees rows of a kind and may not read one of its fields.
async fn each_closed_field(
    world: &World,
    test: impl AsyncFn(&Actor, &'static Descriptor, &str, String),
) -> (Cast, Story) {
    let (cast, story) = setting(world).await;
    let mut tested = 0;
    for (kind, field, grants) in policy::restricted_fields() {
        let of = GRAPH.of(kind);
        let id = of.global_id(story.specimen(&cast, kind));
        for (actor, grant) in cast.roles().into_iter().zip(grants) {
            if reads(actor, kind) && matches!(grant, Grant::No | Grant::Sums) {
                test(actor, of, field, id.clone()).await;
                tested += 1;
            }
        }
    }
    assert!(tested >= 10, "only {tested} closed fields were met");
    (cast, story)
}

/// The value at a path of the data.
fn at<'a>(data: &'a Value, path: &Value) -> Option<&'a Value> {
    path.as_array()?.iter().try_fold(data, |here, step| match step {
        Value::String(key) => here.get(key),
        step => here.get(usize::try_from(step.as_u64()?).ok()?),
    })
}

/// Null with one FORBIDDEN_FIELD at each of these paths, and nowhere else. (Root fields run side by side: their errors
/// come in any order.)
#[track_caller]
fn refused_at(answer: &Answer, paths: &[Value], what: &str) {
    let sorted = |mut places: Vec<Value>| {
        places.sort_by_key(Value::to_string);
        places
    };
    assert_eq!(sorted(answer.places()), sorted(paths.to_vec()), "{what}: {:#}", answer.body);
    assert!(answer.codes().iter().all(|code| code == "FORBIDDEN_FIELD"), "{what}: {:#}", answer.body);
    for path in paths {
        assert_eq!(at(&answer.body["data"], path), Some(&Value::Null), "{what} at {path}: {:#}", answer.body);
    }
}

#[tokio::test]
async fn a_closed_field_is_null_on_every_way_to_its_row() {
    tests::each_database(async |world| {
        each_closed_field(&world, async |actor, of, field, id| {
            let (single, plural, name, inner) = (of.single.as_str(), of.plural, of.name, below(of, field));
            let what = format!("{:?} {name}.{field}", actor.role);
            let ask = async |document: String| actor.run(&document, json!({ "id": id })).await;

            let twice = ask(format!(
                "query($id: ID!) {{ {single}(id: $id) {{ before: id one: {field} {inner} two: {field} {inner} after: id }} }}"
            ))
            .await;
            refused_at(&twice, &[json!([single, "one"]), json!([single, "two"])], &what);
            let keys: Vec<_> = twice.body["data"][single].as_object().expect("a row").keys().cloned().collect();
            assert_eq!(keys.len(), 4, "{what}: {keys:?}");
            assert_eq!((&twice.body["data"][single]["before"], &twice.body["data"][single]["after"]), (&json!(id), &json!(id)));

            let list = ask(format!(
                "query($id: ID!) {{ {plural}(filter: {{ id: {{ eq: $id }} }}) {{ totalCount nodes {{ id {field} {inner} }} \
                 edges {{ cursor node {{ id {field} {inner} }} }} }} }}"
            ))
            .await;
            refused_at(&list, &[json!([plural, "nodes", 0, field]), json!([plural, "edges", 0, "node", field])], &what);
            let rows = &list.body["data"][plural];
            assert_eq!((&rows["totalCount"], &rows["nodes"][0]["id"]), (&json!(1), &json!(id)), "{what}");

            let fragments = ask(format!(
                "query($id: ID!) {{ node(id: $id) {{ __typename ... on {name} {{ id {field} {inner} }} }} \
                 nodes(ids: [\"nothing\", $id]) {{ id ...Row }} }} fragment Row on {name} {{ renamed: {field} {inner} }}"
            ))
            .await;
            refused_at(&fragments, &[json!(["node", field]), json!(["nodes", 1, "renamed"])], &what);
            let data = &fragments.body["data"];
            assert_eq!((&data["node"]["__typename"], &data["nodes"][1]["id"]), (&json!(name), &json!(id)), "{what}");

            // The place in the document is that of the field itself.
            let placed = ask(format!("query($id: ID!) {{\n  {single}(id: $id) {{\n    id\n    {field} {inner}\n  }}\n}}")).await;
            assert_eq!(placed.body["errors"][0]["locations"], json!([{ "line": 4, "column": 5 }]), "{what}");
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_closed_field_is_null_below_every_other_row() {
    tests::each_database(async |world| {
        let met = std::cell::Cell::new(0);
        each_closed_field(&world, async |actor, of, field, _| {
            for other in GRAPH.all().filter(|other| reads(actor, other.kind)) {
                for link in other
                    .links
                    .iter()
                    .filter(|link| link.to == of.kind && !policy::is_restricted(other.kind, &link.name))
                {
                    let (plural, link_name) = (other.plural, link.name.as_str());
                    let row = format!("id {field} {}", below(of, field));
                    let selection = match link.key {
                        Key::One(_) => format!("{link_name} {{ {row} }}"),
                        Key::Many(_) => format!("{link_name} {{ nodes {{ {row} }} }}"),
                    };
                    let answer = actor.ask(&format!("{{ {plural}(first: 3) {{ nodes {{ id {selection} }} }} }}")).await;
                    let what = format!("{:?} {}.{link_name}.{field}: {:#}", actor.role, other.name, answer.body);
                    let nodes = answer.body["data"][plural]["nodes"].as_array().unwrap_or_else(|| panic!("{what}"));
                    let found = nodes.iter().flat_map(|node| match link.key {
                        Key::One(_) => vec![&node[link_name]],
                        Key::Many(_) => node[link_name]["nodes"].as_array().into_iter().flatten().collect(),
                    });
                    let rows: Vec<_> = found.filter(|row| !row.is_null()).collect();
                    assert!(
                        rows.iter().all(|row| row["id"].is_string() && row.get(field) == Some(&Value::Null)),
                        "{what}"
                    );
                    assert_eq!(answer.places().len(), rows.len(), "{what}");
                    met.set(met.get() + rows.len());
                }
            }
        })
        .await;
        assert!(met.get() > 50, "only {} rows below others were met", met.get());
    })
    .await;
}

#[tokio::test]
async fn a_closed_field_is_null_in_the_payload_of_a_mutation() {
    tests::each_database(async |world| {
        let met = std::cell::Cell::new(0);
        each_closed_field(&world, async |actor, of, field, id| {
            let role = actor.role.expect("a role");
            let writes = of.writes.as_ref().is_some_and(|writes| writes.update);
            // A right to change every row, so that the specimen is among them.
            if !writes
                || policy::reach(of.kind, Action::Update, role) != policy::reach(Kind::Company, Action::Read, role)
            {
                return;
            }
            let (single, verb) = (of.single.as_str(), format!("update{}", of.name));
            let version =
                actor.run(&format!("query($id: ID!) {{ {single}(id: $id) {{ version }} }}"), json!({ "id": id })).await;
            let version = &version.data()[single]["version"];
            let fields = format!("{single} {{ id {field} {} version }}", below(of, field));
            let answer = actor.mutate(&verb, json!({ "id": id, "expectedVersion": version }), &fields).await;
            let what = format!("{role:?} {verb}.{field}");
            refused_at(&answer, &[json!([verb, single, field])], &what);
            let payload = &answer.body["data"][&verb];
            assert_eq!((&payload[single]["id"], &payload["userErrors"]), (&json!(id), &json!([])), "{what}");
            met.set(met.get() + 1);
        })
        .await;
        assert!(met.get() >= 2, "only {} payloads were met", met.get());
    })
    .await;
}

#[tokio::test]
async fn a_closed_sum_is_null_and_the_sums_beside_it_are_not() {
    tests::each_database(async |world| {
        let (cast, _) = setting(&world).await;
        let answer = cast
            .analyst
            .ask("{ deals { totalCount aggregate { count sum { cost { amount } amount { amount } } } } }")
            .await;
        refused_at(&answer, &[json!(["deals", "aggregate", "sum", "cost"])], "a sum");
        let deals = &answer.body["data"]["deals"];
        assert_eq!((&deals["totalCount"], &deals["aggregate"]["count"]), (&json!(2), &json!(2)));
        assert_eq!(deals["aggregate"]["sum"]["amount"], json!([{ "amount": "10000.00" }]));
        let groups = cast
            .analyst
            .ask("{ deals { groupBy(by: [{ field: STATUS }]) { key { status } count sum { cost { amount } } } } }")
            .await;
        let path = |group: usize| json!(["deals", "groupBy", group, "sum", "cost"]);
        refused_at(&groups, &[path(0), path(1)], "sums of groups");
        let closed_group =
            cast.analyst.ask("{ contacts { totalCount groupBy(by: [{ field: EMAIL }]) { count } } }").await;
        refused_at(&closed_group, &[json!(["contacts", "groupBy"])], "a group");
        assert_eq!(closed_group.body["data"]["contacts"]["totalCount"], json!(4));
    })
    .await;
}

#[tokio::test]
async fn a_root_field_that_fails_leaves_the_others() {
    tests::each_database(async |world| {
        let (cast, _) = setting(&world).await;
        let answer =
            cast.rep.ask("{ teams { totalCount } deals(first: 9999) { totalCount } me: viewer { role } }").await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        assert_eq!(answer.body["errors"][0]["path"], json!(["deals"]));
        assert_eq!(
            answer.body["data"],
            json!({ "teams": { "totalCount": 4 }, "deals": null, "me": { "role": "SALES_REP" } })
        );
        let mutations = "mutation { one: deleteTeam(input: { id: \"team_0\", expectedVersion: 1 }) { team { id } } \
                         two: createTeam(input: { name: \"New\", function: SALES }) { team { name } } }";
        let answer = cast.admin.ask(mutations).await;
        assert_eq!((answer.code(), &answer.body["errors"][0]["path"]), ("NOT_FOUND".to_owned(), &json!(["one"])));
        assert_eq!(answer.body["data"], json!({ "one": null, "two": { "team": { "name": "New" } } }));
    })
    .await;
}

/// As many selections of one field, by different aliases, as there are closed fields to be met.
#[tokio::test]
async fn hidden_and_empty_can_be_told_apart_in_a_list_of_any_length() {
    tests::each_database(async |world| {
        let (cast, story) = setting(&world).await;
        let deal = |id| GRAPH.of(Kind::Deal).global_id(id);
        let many: Vec<_> = (0..60).map(|_| deal(story.my_deal)).collect();
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Deal { cost { amount } } } }";
        let answer = cast.analyst.run(query, json!({ "ids": many })).await;
        let error = &answer.body["errors"][0];
        assert_eq!((answer.codes().len(), &error["extensions"]["count"]), (1, &json!(60)), "{:#}", answer.body);
        assert_eq!(error["path"], json!(["nodes", 0, "cost"]));
        assert_eq!(error["extensions"]["paths"][59], json!(["nodes", 59, "cost"]));

        let aliases: String = (0..14).map(|n| format!("a{n}: cost {{ amount }} ")).collect();
        let answer = cast
            .analyst
            .run(
                &format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Deal {{ {aliases} }} }} }}"),
                json!({ "ids": many[..2] }),
            )
            .await;
        assert_eq!(answer.codes().len(), 10, "{:#}", answer.body);
        let more = &answer.body["extensions"]["moreErrors"];
        assert_eq!((&more["count"], &more["errors"][3]["code"]), (&json!(4), &json!("FORBIDDEN_FIELD")), "{more:#}");
        assert_eq!(answer.places().len(), 28, "{:#}", answer.body);
    })
    .await;
}

/// Every computed field, for every role that sees the row: it answers, or it is null with one error at its own place.
#[tokio::test]
async fn a_computed_field_that_is_refused_costs_nothing_beside_it() {
    tests::each_database(async |world| {
        let (cast, _) = setting(&world).await;
        let mut met = 0;
        for of in GRAPH.all() {
            for derived in &of.derived {
                for actor in cast.roles().into_iter().filter(|actor| reads(actor, of.kind)) {
                    let nullable = !matches!(derived.out, OutType::Object(_, true) | OutType::List(_, true));
                    assert!(derived.args.is_empty() || nullable, "an argument can fail: {}.{}", of.name, derived.name);
                    let required = derived.args.iter().filter(|arg| arg.ty.ends_with('!'));
                    let args: String = required.map(|arg| format!("{}: {}", arg.name, value_of(arg.ty))).collect();
                    let args = if args.is_empty() { args } else { format!("({args})") };
                    let (plural, field) = (of.plural, format!("{}{args} {}", derived.name, selection(&derived.out)));
                    let answer = actor.ask(&format!("{{ {plural}(first: 5) {{ nodes {{ id {field} }} }} }}")).await;
                    let what = format!("{:?} {}.{}: {:#}", actor.role, of.name, derived.name, answer.body);
                    let rows = answer.body["data"][plural]["nodes"].as_array().unwrap_or_else(|| panic!("{what}"));
                    assert!(rows.iter().all(|row| row["id"].is_string() && row.get(derived.name).is_some()), "{what}");
                    for place in answer.places() {
                        let steps = place.as_array().unwrap_or_else(|| panic!("{what}"));
                        assert_eq!((steps.len() >= 4, &steps[3]), (true, &json!(derived.name)), "{what}");
                    }
                    met += 1;
                }
            }
        }
        assert!(met > 20, "only {met} computed fields were met");
        let next = cast.analyst.ask("{ deals(first: 2) { nodes { name nextActivity { id } } } }").await;
        assert_eq!(next.code(), "FORBIDDEN", "{:#}", next.body);
        assert!(next.body["data"]["deals"]["nodes"][0]["name"].is_string());
        assert_eq!(next.body["errors"][0]["path"], json!(["deals", "nodes", 0, "nextActivity"]));
    })
    .await;
}

/// A value for an argument that has to be given.
fn value_of(ty: &str) -> &'static str {
    match ty {
        "AttributionModel!" => "LINEAR",
        other => panic!("name a value of {other} here"),
    }
}

/// What to select below a computed field: everything that has no arguments.
fn selection(out: &OutType) -> String {
    match out {
        OutType::Scalar(_) | OutType::Choice(..) => String::new(),
        OutType::Node(_) => "{ id }".to_owned(),
        OutType::List(item, _) => selection(item),
        OutType::Object(object, _) => {
            let fields: Vec<_> =
                object.fields.iter().map(|field| format!("{} {}", field.name, selection(&field.ty))).collect();
            format!("{{ {} }}", fields.join(" "))
        }
    }
}

#[tokio::test]
async fn an_argument_that_fails_nulls_its_own_field_at_every_depth() {
    tests::each_database(async |world| {
        let (cast, _) = setting(&world).await;
        for (selection, path) in [
            ("revenue(model: LINEAR, from: \"yesterday\") { amount }", json!(["campaigns", "nodes", 0, "revenue"])),
            ("leads(after: \"nowhere\") { totalCount }", json!(["campaigns", "nodes", 0, "leads"])),
            ("leads(first: 101) { nodes { id } }", json!(["campaigns", "nodes", 0, "leads"])),
            ("leads(filter: { createdAt: { gt: 7 } }) { totalCount }", json!(["campaigns", "nodes", 0, "leads"])),
            (
                "leads { totalCount groupBy(by: [{ field: CREATED_AT, bucket: DAY }], timeZone: \"Nowhere\") { count } }",
                json!(["campaigns", "nodes", 0, "leads", "groupBy"]),
            ),
        ] {
            let answer = cast.admin.ask(&format!("{{ campaigns(first: 1) {{ nodes {{ name {selection} }} totalCount }} }}")).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{selection}: {:#}", answer.body);
            assert_eq!(answer.body["errors"][0]["path"], path, "{selection}: {:#}", answer.body);
            let campaigns = &answer.body["data"]["campaigns"];
            assert!(campaigns["nodes"][0]["name"].is_string() && campaigns["totalCount"].is_number(), "{:#}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_says_what_errors_do() {
    tests::each_database(async |world| {
        let (cast, _) = setting(&world).await;
        // An analyst may count activities, but not read them.
        let query = "{ activities { totalCount nodes { id } } viewer { role } }";
        let count = cast.analyst.ask("{ activities { totalCount } }").await.data()["activities"]["totalCount"].clone();
        let ask = async |on_error: Value| cast.analyst.send(json!({ "query": query, "onError": on_error }), &[]).await;
        for (on_error, data, path) in [
            (Value::Null, json!({ "activities": null, "viewer": { "role": "ANALYST" } }), json!(["activities"])),
            (json!("PROPAGATE"), json!({ "activities": null, "viewer": { "role": "ANALYST" } }), json!(["activities"])),
            (
                json!("NULL"),
                json!({ "activities": { "totalCount": count, "nodes": null }, "viewer": { "role": "ANALYST" } }),
                json!(["activities", "nodes"]),
            ),
            (json!("HALT"), Value::Null, json!(["activities"])),
        ] {
            let answer = ask(on_error.clone()).await;
            assert_eq!(
                (&answer.body["data"], answer.code().as_str()),
                (&data, "FORBIDDEN"),
                "{on_error}: {:#}",
                answer.body
            );
            assert_eq!(answer.body["errors"][0]["path"], path, "{on_error}");
        }
        for wrong in [json!("null"), json!("STOP"), json!(7), json!({})] {
            let answer = ask(wrong.clone()).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "BAD_USER_INPUT"), "{wrong}");
        }
        let mutations = "mutation { one: deleteTeam(input: { id: \"team_0\", expectedVersion: 1 }) { team { id } } \
                         two: createTeam(input: { name: \"Halted\", function: SALES }) { team { name } } }";
        let halted = cast.admin.send(json!({ "query": mutations, "onError": "HALT" }), &[]).await;
        assert_eq!((halted.code().as_str(), &halted.body["data"]), ("NOT_FOUND", &Value::Null));
        let made = cast.admin.ask("{ teams(filter: { name: { eq: \"Halted\" } }) { totalCount } }").await;
        assert_eq!(made.data()["teams"]["totalCount"], 0, "what comes after the error was not done");
    })
    .await;
}

#[tokio::test]
async fn introspection_is_for_those_inside_and_can_be_turned_off() {
    tests::on_sqlite(async |world| {
        let rep = world.rep().await;
        let (schema, ty) = ("{ __schema { queryType { name } } }", "{ __typename __type(name: \"Deal\") { name } }");
        assert_eq!(rep.ask(schema).await.data()["__schema"]["queryType"]["name"], "Query");
        assert_eq!(rep.ask(ty).await.data()["__type"]["name"], "Deal");
        let refused = async |world: &World, token: &str, code: &str| {
            let actor = Actor { world: world.clone(), token: token.to_owned(), ..world.stranger() };
            let answer = actor.ask(schema).await;
            let refused = (answer.code(), answer.body["data"].clone());
            assert_eq!(refused, (code.to_owned(), Value::Null), "non-null: up to the root");
            let none = json!({ "__typename": "Query", "__type": null });
            assert_eq!(actor.ask(ty).await.data(), &none, "like a type that is not there");
        };
        refused(&world, "", "UNAUTHENTICATED").await;
        let closed = world.again(&[("TRIBUTARY_INTROSPECTION", "off")]).await;
        refused(&closed, &rep.token, "FORBIDDEN").await;
    })
    .await;
}

/// Fields that fail, of every nullability.
struct Thing;

type Failing<T> = Option<async_graphql::Result<T>>;

fn fails<T>() -> async_graphql::Result<T> {
    Err(async_graphql::Error::new("no"))
}

#[Object]
impl Thing {
    async fn fine(&self) -> i32 {
        1
    }
    async fn maybe(&self) -> Failing<i32> {
        Some(fails())
    }
    async fn sure(&self) -> async_graphql::Result<i32> {
        fails()
    }
    async fn thing(&self) -> Option<Self> {
        Some(Self)
    }
    async fn sure_thing(&self) -> Self {
        Self
    }
    async fn things(&self) -> Option<Vec<Option<Self>>> {
        Some(vec![Some(Self), Some(Self)])
    }
    async fn sure_items(&self) -> Option<Vec<Self>> {
        Some(vec![Self, Self])
    }
    async fn sure_list(&self) -> Vec<Self> {
        vec![Self, Self]
    }
    async fn numbers(&self) -> Option<Vec<Failing<i32>>> {
        Some(vec![Some(Ok(1)), Some(fails()), None])
    }
}

/// (document, data, paths of the errors). Below a list without nulls the library's path stops at the index; lists of the
/// graph are rendered by us, with the whole path.
fn specification() -> Vec<(&'static str, Value, Vec<Value>)> {
    let fine = json!({ "fine": 1 });
    vec![
        ("{ fine maybe }", json!({ "fine": 1, "maybe": null }), vec![json!(["maybe"])]),
        ("{ fine thing { fine sure } }", json!({ "fine": 1, "thing": null }), vec![json!(["thing", "sure"])]),
        (
            "{ thing { sureThing { sure } fine } fine }",
            json!({ "thing": null, "fine": 1 }),
            vec![json!(["thing", "sureThing", "sure"])],
        ),
        ("{ fine sure }", Value::Null, vec![json!(["sure"])]),
        ("{ fine sureThing { sure } }", Value::Null, vec![json!(["sureThing", "sure"])]),
        ("{ numbers fine }", json!({ "numbers": [1, null, null], "fine": 1 }), vec![json!(["numbers", 1])]),
        (
            "{ things { fine maybe } }",
            json!({ "things": [{ "fine": 1, "maybe": null }, { "fine": 1, "maybe": null }] }),
            vec![json!(["things", 0, "maybe"]), json!(["things", 1, "maybe"])],
        ),
        (
            "{ thing { sureItems { sure } fine } }",
            json!({ "thing": { "sureItems": null, "fine": 1 } }),
            vec![json!(["thing", "sureItems", 0])],
        ),
        (
            "{ thing { sureList { sure } fine } fine }",
            json!({ "thing": null, "fine": 1 }),
            vec![json!(["thing", "sureList", 0])],
        ),
        (
            "{ a: thing { b: maybe ...F } } fragment F on Thing { c: maybe fine }",
            json!({ "a": { "b": null, "c": null, "fine": 1 } }),
            vec![json!(["a", "b"]), json!(["a", "c"])],
        ),
        (
            "{ one: thing { fine } two: thing { sure } three: thing { fine } }",
            json!({ "one": fine, "two": null, "three": fine }),
            vec![json!(["two", "sure"])],
        ),
    ]
}

#[tokio::test]
async fn the_library_puts_nulls_where_the_specification_says() {
    let schema = Schema::new(Thing, async_graphql::EmptyMutation, EmptySubscription);
    for (document, data, paths) in specification() {
        let answer = serde_json::to_value(schema.execute(document).await).expect("JSON");
        assert_eq!(answer["data"], data, "{document}: {answer:#}");
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let mut places: Vec<_> = errors.iter().map(|error| error["path"].clone()).collect();
        places.sort_by_key(Value::to_string);
        assert_eq!(places, paths, "{document}: {answer:#}");
    }
}
