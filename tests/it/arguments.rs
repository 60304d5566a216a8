//! A bad argument nulls the field it belongs to, with one error at its place, and nothing beside it: generated over every
//! field that takes one.

use serde_json::{Value, json};
use tests::Answer;
use tributary::schema::GRAPH;
use tributary::store::descriptor::{Key, OutType};

/// Arguments of a list that no list takes.
const OF_LISTS: [&str; 8] = [
    "first: -1",
    "first: 100000",
    "last: -2147483648",
    "first: 1, last: 1",
    "after: \"nowhere\"",
    "before: \"###\"",
    "filter: { createdAt: { gte: \"yesterday\" } }",
    "filter: { createdAt: { gte: true } }",
];

/// A value that a computed field's argument of a type does not take.
fn bad(ty: &str) -> Option<&'static str> {
    match ty.trim_end_matches('!') {
        "DateTime" | "Date" => Some("\"yesterday\""),
        "Int" => Some("-1"),
        "TimeZone" => Some("\"Mars\""),
        _ => None,
    }
}

fn below(out: &OutType) -> &'static str {
    match out {
        OutType::Object(..) => "{ __typename }",
        OutType::List(item, _) => below(item),
        OutType::Node(_) => "{ id }",
        OutType::Scalar(_) | OutType::Choice(..) => "",
    }
}

#[track_caller]
fn null_at(answer: &Answer, path: &Value, what: &str) {
    assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{what}: {:#}", answer.body);
    assert_eq!(&answer.body["errors"][0]["path"], path, "{what}: {:#}", answer.body);
    let at = path.as_array().into_iter().flatten().try_fold(&answer.body["data"], |here, step| match step {
        Value::String(key) => here.get(key),
        step => here.get(usize::try_from(step.as_u64()?).ok()?),
    });
    assert_eq!(at, Some(&Value::Null), "{what}: {:#}", answer.body);
}

#[tokio::test]
async fn a_bad_argument_nulls_its_field_alone() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let mut met = 0;
        for of in GRAPH.all() {
            let (plural, time) = (of.plural, of.field("createdAt").is_some());
            let fits = |argument: &&&str| time || !argument.contains("createdAt");
            for argument in OF_LISTS.iter().filter(fits) {
                let query = format!("{{ viewer {{ role }} {plural}({argument}) {{ totalCount nodes {{ id }} }} }}");
                let answer = cast.admin.ask(&query).await;
                null_at(&answer, &json!([plural]), &query);
                assert_eq!(answer.body["data"]["viewer"]["role"], "ADMIN", "{query}");
                met += 1;
            }
            let zone = format!(
                "{{ {plural} {{ totalCount groupBy(by: [{{ field: ID }}], timeZone: \"Mars\") {{ count }} }} }}"
            );
            if of.field("createdAt").is_some_and(|field| field.sortable) {
                let zone = zone.replace("ID", "CREATED_AT");
                let answer = cast.admin.ask(&zone).await;
                null_at(&answer, &json!([plural, "groupBy"]), &zone);
                assert!(answer.body["data"][plural]["totalCount"].is_number(), "{zone}");
            }
            let lists = of.links.iter().filter(|link| matches!(link.key, Key::Many(_)));
            let nested = lists.flat_map(|link| {
                let time = GRAPH.of(link.to).field("createdAt").is_some();
                let arguments = OF_LISTS.iter().filter(move |argument| time || !argument.contains("createdAt"));
                arguments.map(|argument| (link.name.clone(), (*argument).to_owned(), "{ totalCount nodes { id } }"))
            });
            let computed = of.derived.iter().flat_map(|derived| {
                derived.args.iter().filter_map(move |wrong| {
                    let others = derived.args.iter().filter(|arg| arg.name != wrong.name && arg.ty.ends_with('!'));
                    let others: String = others.map(|arg| format!(", {}: LINEAR", arg.name)).collect();
                    let arguments = format!("{}: {}{others}", wrong.name, bad(wrong.ty)?);
                    Some((derived.name.to_owned(), arguments, below(&derived.out)))
                })
            });
            for (name, arguments, inner) in nested.chain(computed).collect::<Vec<_>>() {
                let query =
                    format!("{{ {plural}(first: 1) {{ totalCount nodes {{ id {name}({arguments}) {inner} }} }} }}");
                let answer = cast.admin.ask(&query).await;
                if answer.body["data"][plural]["nodes"] == json!([]) {
                    continue;
                }
                null_at(&answer, &json!([plural, "nodes", 0, name]), &query);
                assert!(answer.body["data"][plural]["nodes"][0]["id"].is_string(), "{query}");
                met += 1;
            }
        }
        assert!(met > 200, "only {met} arguments were met");
    })
    .await;
}
