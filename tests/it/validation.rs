//! Documents and variables before anything runs: valid by the rules of the specification, and told what is wrong in words
//! that help. The same corpus is judged by the reference implementation in `tests/clients/validation.test.js`.

use axum::http::Request;
use serde_json::{Value, json};
use tests::{Actor, Answer};

const CORPUS: &str = include_str!("../corpus/validation.txt");

/// Each document of the corpus, and whether it is valid.
fn corpus() -> impl Iterator<Item = (bool, String)> {
    CORPUS.lines().filter_map(|line| {
        let (valid, document) =
            line.strip_prefix("+ ").map(|rest| (true, rest)).or(line.strip_prefix("- ").map(|rest| (false, rest)))?;
        let document = document.replace('␤', "\n").replace('␍', "\r").replace('␉', "\t").replace("␣BOM␣", "\u{feff}");
        Some((valid, document))
    })
}

/// Asks as clients of today do, who tell request errors by their status.
async fn ask(actor: &Actor, body: Value) -> Answer {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json");
    actor.exchange(request, body.to_string()).await
}

fn message(answer: &Answer) -> &str {
    answer.body["errors"][0]["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn the_corpus_is_judged_as_the_specification_says() {
    tests::on_sqlite(async |world| {
        let admin = world.cast().await.admin;
        let (mut count, mut wrong) = (0, Vec::new());
        for (valid, document) in corpus() {
            // The document has no such operation: a valid one is refused for that, and nothing runs.
            let answer = ask(&admin, json!({ "query": document, "operationName": "None" })).await;
            let code = answer.codes().first().cloned().unwrap_or_default();
            let refused = matches!(code.as_str(), "GRAPHQL_PARSE_FAILED" | "GRAPHQL_VALIDATION_FAILED");
            if refused == valid || answer.status != 400 {
                wrong.push(format!("{document}\n  {:#}", answer.body));
            }
            count += 1;
        }
        assert!(count > 300, "only {count} documents");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn mistakes_are_told_in_words_that_help_those_who_may_see_the_schema() {
    tests::on_sqlite(async |world| {
        let (rep, stranger) = (world.rep().await, world.stranger());
        for (document, told, hint) in [
            ("{ deal { id } }", "`deal` needs its argument `id` of type `ID!`.", ""),
            ("{ dealz { totalCount } }", "`Query` has no field `dealz`.", "Did you mean `deal`"),
            ("{ deals(frist: 1) { totalCount } }", "`deals` takes no argument `frist`.", "Did you mean `first`"),
            (
                "{ deals(filter: { statsu: {} }) { totalCount } }",
                "`deals(filter:)`: `DealFilter` has no field `statsu`.",
                "Did you mean `status`",
            ),
            (
                "{ deals(filter: { status: { eq: OPN } }) { totalCount } }",
                "`deals(filter:)` at `status.eq`: `DealStatus` has no value `OPN`.",
                "Did you mean `OPEN`",
            ),
            (
                "{ deals(filter: { status: { eq: NOTHING } }) { totalCount } }",
                "`DealStatus` has no value `NOTHING`.",
                "Did you mean `OPEN`, `WON` or `LOST`?",
            ),
            (
                "{ deals(filter: { status: { eq: \"OPEN\" } }) { totalCount } }",
                "`DealStatus` is an enum: write OPEN without quotes.",
                "",
            ),
            (
                "query ($s: DealStatuss) { deals(filter: { status: { eq: $s } }) { totalCount } }",
                "There is no type `DealStatuss`.",
                "Did you mean `DealStatus`",
            ),
            ("{ viewer { role @skipp(if: true) } }", "There is no directive `@skipp`.", "Did you mean `@skip`"),
            ("{ node(id: \"x\") { lossReason } }", "`Node` has no field `lossReason`.", "Did you mean `... on Deal`"),
            ("{ viewer }", "`viewer` answers a `Viewer`: select what you want of it, as in `viewer { … }`.", ""),
            ("{ deals(first: \"1\") { totalCount } }", "`deals(first:)`: expected `Int`, found a string.", ""),
            (
                "{ deals { nodes { x: name x: id } } }",
                "Under the key `x` stand `name` and `id`: give one of them an alias.",
                "",
            ),
            ("{ deals(first: $n) { totalCount } }", "The variable `$n` is not declared.", ""),
            ("query Q($n: Int) { viewer { role } }", "The variable `$n` is not used by `Q`.", ""),
            (
                "{ viewer { role ",
                "Syntax error at line 1, column 17: expected a name, found the end of the document.",
                "",
            ),
        ] {
            let answer = ask(&rep, json!({ "query": document })).await;
            assert_eq!(answer.codes().len(), 1, "{document}: {:#}", answer.body);
            assert!(
                message(&answer).contains(told) && message(&answer).contains(hint),
                "{document}: {}",
                message(&answer)
            );
            assert!(answer.body["errors"][0]["locations"][0]["line"] == 1, "{:#}", answer.body);
            let answer = ask(&stranger, json!({ "query": document })).await;
            assert!(
                message(&answer).ends_with(told) && !message(&answer).contains("Did you mean"),
                "{:#}",
                answer.body
            );
        }
        let closed = world.again(&[("TRIBUTARY_INTROSPECTION", "off")]).await;
        let rep = Actor { world: closed, ..rep };
        assert_eq!(
            message(&ask(&rep, json!({ "query": "{ dealz { totalCount } }" })).await),
            "`Query` has no field `dealz`."
        );
    })
    .await;
}

#[tokio::test]
async fn many_mistakes_are_told_at_once_and_that_there_are_more() {
    tests::on_sqlite(async |world| {
        let rep = world.rep().await;
        let fields: String = (0..30).map(|n| format!("x{n} ")).collect();
        let answer = ask(&rep, json!({ "query": format!("{{ viewer {{ {fields} }} }}") })).await;
        assert_eq!((answer.codes().len(), &answer.body["extensions"]["moreErrors"]["count"]), (10, &json!(20)));
    })
    .await;
}

#[tokio::test]
async fn variables_of_the_wrong_structure_are_refused_before_anything_runs() {
    tests::each_database(async |world| {
        let admin = world.cast().await.admin;
        let query = "mutation ($one: CreateCompanyInput!, $two: CreateCompanyInput!) { \
                     one: createCompany(input: $one) { company { name } userErrors { code } } \
                     two: createCompany(input: $two) { company { name } userErrors { code } } }";
        for (two, told) in [
            (json!(null), "`CreateCompanyInput!` takes no null"),
            (json!("Acme"), "expected `CreateCompanyInput`, found a string"),
            (json!([{ "name": "B" }]), "expected `CreateCompanyInput`, found a list"),
            (json!({}), "`CreateCompanyInput` needs its field `name` of type `String!`"),
            (json!({ "name": null }), "at `name`: `String!` takes no null"),
            (json!({ "name": 7 }), "at `name`: expected `String`, found a number"),
            (json!({ "name": ["B"] }), "at `name`: expected `String`, found a list"),
            (json!({ "nam": "B", "name": "B" }), "`CreateCompanyInput` has no field `nam`. Did you mean `name`"),
            (json!({ "name": "B", "sizeBand": "HUGE" }), "at `sizeBand`: this is no value of `SizeBand`."),
            (json!({ "name": "B", "sizeBand": 7 }), "at `sizeBand`: expected `SizeBand`, found a number"),
        ] {
            let variables = json!({ "one": { "name": "A" }, "two": two });
            let answer = ask(&admin, json!({ "query": query, "variables": variables })).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (400, "BAD_USER_INPUT"),
                "{two}: {:#}",
                answer.body
            );
            assert!(answer.body.get("data").is_none(), "{two}: {:#}", answer.body);
            assert!(message(&answer).contains(told), "{two}: {}", message(&answer));
        }
        let missing = ask(&admin, json!({ "query": query, "variables": { "one": { "name": "A" } } })).await;
        assert!(message(&missing).contains("`$two` of type `CreateCompanyInput!` does not fit: it is required"));
        let companies = admin.ask("{ companies { totalCount } }").await;
        assert_eq!(companies.data()["companies"]["totalCount"], 0, "nothing ran");

        // All mistakes of all variables, each at its place.
        let variables = json!({ "one": { "name": 1, "sizeBand": 2 }, "two": { "x": 1, "name": "B" } });
        let all = ask(&admin, json!({ "query": query, "variables": variables })).await;
        assert_eq!(all.codes().len(), 3, "{:#}", all.body);
    })
    .await;
}

#[tokio::test]
async fn variables_are_taken_as_the_specification_says() {
    tests::each_database(async |world| {
        let admin = world.cast().await.admin;
        let count =
            async |query: &str, variables: Value| ask(&admin, json!({ "query": query, "variables": variables })).await;
        for (query, variables) in [
            // Undeclared ones are ignored: some clients send them.
            ("{ deals { totalCount } }", json!({ "other": 1, "more": { "x": [] } })),
            ("query ($n: Int) { deals(first: $n) { totalCount } }", json!({ "n": 1.0 })),
            ("query ($n: Int) { deals(first: $n) { totalCount } }", json!({})),
            ("query ($n: Int = 3) { deals(first: $n) { totalCount } }", json!({ "n": null })),
            (
                "query ($f: DealFilter) { deals(filter: $f) { totalCount } }",
                json!({ "f": { "status": { "in": "OPEN" } } }),
            ),
            (
                "query ($f: DealFilter) { deals(filter: $f) { totalCount } }",
                json!({ "f": { "and": { "status": { "eq": "WON" } } } }),
            ),
            ("query ($a: String) { deals(after: $a) { totalCount } }", json!({ "a": "" })),
            ("query ($b: Boolean = true) { deals { totalCount @include(if: $b) } }", json!({})),
        ] {
            let answer = count(query, variables.clone()).await;
            assert_eq!(answer.data()["deals"]["totalCount"], 0, "{query} {variables}");
        }
        // A variable may be null by its type, but not where it stands, if only its default brought it there.
        let null = count("query ($id: ID = \"x\") { deal(id: $id) { id } }", json!({ "id": null })).await;
        assert_eq!((null.status.as_u16(), null.code().as_str()), (400, "BAD_USER_INPUT"), "{:#}", null.body);
        assert_eq!(
            count("query ($id: ID = \"x\") { deal(id: $id) { id } }", json!({})).await.data()["deal"],
            Value::Null
        );
    })
    .await;
}

#[tokio::test]
async fn strings_arrive_as_they_were_meant() {
    tests::each_database(async |world| {
        let admin = world.cast().await.admin;
        for (literal, meant) in [
            (r#""\uD83D\uDCA5 \u{1F4A5} 💥""#, "💥 💥 💥"),
            (r#""a\"b\\c\/d""#, "a\"b\\c/d"),
            (r#""""Say \""" here""""#, "Say \"\"\" here"),
        ] {
            let query = format!("mutation {{ createCompany(input: {{ name: {literal} }}) {{ company {{ name }} userErrors {{ message }} }} }}");
            assert_eq!(admin.ask(&query).await.payload()["company"]["name"], meant, "{literal}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_schema_describes_itself_as_validation_knows_it() {
    tests::on_sqlite(async |world| {
        let rep = world.rep().await;
        let schema = rep.ask("{ __schema { description } }").await;
        let description = schema.data()["__schema"]["description"].as_str().unwrap_or_default().to_owned();
        assert!(description.starts_with("Tributary") && description.len() < 500, "{description}");
        for name in ["__Schema", "__Type", "__Field", "__InputValue", "__EnumValue", "__Directive"] {
            let query = "query ($name: String!) { __type(name: $name) { fields(includeDeprecated: true) { name type { kind name ofType { kind } } args(includeDeprecated: true) { name } } } }";
            let answer = rep.run(query, json!({ "name": name })).await;
            let fields = answer.data()["__type"]["fields"].as_array().cloned().unwrap_or_default();
            assert!(fields.len() >= 4, "{name}");
            for field in fields {
                let leaf = ["SCALAR", "ENUM"].map(Value::from).contains(&field["type"]["kind"])
                    || ["SCALAR", "ENUM"].map(Value::from).contains(&field["type"]["ofType"]["kind"]);
                let below = if leaf { "" } else { "{ __typename }" };
                let argument = if field["args"] == json!([]) { "" } else { "(includeDeprecated: true)" };
                let document = format!("{{ __typename ...F @skip(if: true) }} fragment F on Query {{ __schema {{ ...G }} }} fragment G on __Schema {{ __typename ...H }} fragment H on {name} {{ {}{argument} {below} }}", field["name"].as_str().unwrap_or_default());
                let answer = rep.ask(&document).await;
                let fits = answer.codes().is_empty() || message(&answer).contains("never applies here");
                assert!(fits && !message(&answer).contains("has no field"), "{name}.{}: {:#}", field["name"], answer.body);
            }
        }
    })
    .await;
}
