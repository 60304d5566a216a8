//! The two databases answer alike: random documents over one set of rows, asked of both.
//!
//! `TRIBUTARY_SEED` repeats a run, `TRIBUTARY_DOCUMENTS` makes it longer. A document that is answered differently is made
//! as small as it can be and kept in `differential/cases.json`, which is tried first from then on.

mod data;
mod dice;
mod documents;

use std::path::PathBuf;

use serde_json::{Value, json};
use tests::{Actor, Cast, World};
use tributary::schema::GRAPH;

use dice::Dice;
use documents::{DEEPEST, Ids, depth, random, request, smaller};

/// Documents of a run.
const DOCUMENTS: u64 = 2_000;
/// How many of a hundred must have found something: a run over empty answers would show nothing.
const ENOUGH: u64 = 30;
/// How often a failing document is made smaller at most.
const PATIENCE: usize = 400;
/// Pages of a list that are walked through at most.
const PAGES: usize = 60;

#[tokio::test]
async fn both_databases_answer_alike() {
    if tests::postgres_server().is_none() {
        println!("skipped: TEST_DATABASE_URL names no PostgreSQL server to compare SQLite with");
        return;
    }
    tests::on_sqlite(async |sqlite| tests::on_postgres(async |postgres| compare(&sqlite, &postgres).await).await).await;
}

async fn compare(sqlite: &World, postgres: &World) {
    let both = Both { casts: [data::fill(sqlite).await, data::fill(postgres).await] };
    let ids = both.ids().await;
    let mut failed = Vec::new();
    let mut cases = kept();
    for case in &cases {
        failed.extend(both.difference(case).await.err());
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("TRIBUTARY_SEED").unwrap_or(20_261_130);
    let documents = number("TRIBUTARY_DOCUMENTS").unwrap_or(DOCUMENTS);
    println!("TRIBUTARY_SEED={seed} TRIBUTARY_DOCUMENTS={documents}");
    let mut dice = Dice::new(seed);
    let (mut found, mut deep) = (0, 0);
    for _ in 0..documents {
        let document = random(&mut dice, &ids);
        deep += u64::from(depth(&document["filter"]) >= DEEPEST);
        match both.difference(&document).await {
            Ok(any) => found += u64::from(any),
            Err(_) if failed.len() < 5 => {
                let (small, told) = both.shrink(document).await;
                failed.push(told);
                cases.push(small);
            }
            Err(_) => break,
        }
    }
    if !failed.is_empty() {
        let text = serde_json::to_string_pretty(&cases).expect("cases are JSON");
        std::fs::write(file(), text + "\n").expect("the cases can be kept");
        panic!("{} documents are answered differently:\n{}", failed.len(), failed.join("\n"));
    }
    println!("{found} documents found something, {deep} have a filter of depth {DEEPEST}");
    assert!(deep > 0 || documents < DOCUMENTS, "no filter of depth {DEEPEST}");
    assert!(found * 100 >= documents * ENOUGH, "only {found} of {documents} documents found anything");
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("it/differential/cases.json")
}

fn kept() -> Vec<Value> {
    serde_json::from_str(&std::fs::read_to_string(file()).expect("the cases")).expect("a list of documents")
}

/// The same people at both databases.
struct Both {
    casts: [Cast; 2],
}

impl Both {
    async fn ids(&self) -> Ids {
        let mut ids = Ids::new();
        for of in GRAPH.all() {
            let answer = self.casts[0].admin.ask(&format!("{{ {}(first: 30) {{ nodes {{ id }} }} }}", of.plural)).await;
            let nodes = answer.body["data"][of.plural]["nodes"].as_array().cloned().unwrap_or_default();
            ids.insert(of.name, nodes.iter().filter_map(|node| node["id"].as_str().map(str::to_owned)).collect());
        }
        ids
    }

    /// Whether anything was found, alike; else what the difference is.
    async fn difference(&self, document: &Value) -> Result<bool, String> {
        let backward = document.get("last").is_some();
        let (query, variables) = request(document, backward, None);
        let role = usize::try_from(document["role"].as_u64().unwrap_or_default()).expect("a place");
        let actors = [0, 1].map(|at| self.casts[at].roles()[role]);
        let tell = |what: &str, answers: &[Value; 2]| {
            format!(
                "{what}\n  {document}\n  {query}\n  {variables}\n  SQLite:     {}\n  PostgreSQL: {}",
                answers[0], answers[1]
            )
        };
        let mut cursor = None;
        let mut any = false;
        for page in 0..3 {
            let answers = ask(actors, document, backward, cursor.as_ref()).await;
            let said = answers.each_ref().map(Value::to_string);
            assert!(!said.iter().any(|said| said.contains("UNAVAILABLE")), "a database has gone: {said:?}");
            if answers[0] != answers[1] {
                return Err(tell(&format!("page {page}"), &answers));
            }
            if ["INTERNAL", "TIMEOUT"].iter().any(|code| said[0].contains(code)) {
                return Err(tell("fails on both", &answers));
            }
            let list = &answers[0]["data"][document["list"].as_str().expect("a list")];
            any |= list["totalCount"].as_i64().is_some_and(|count| count > 0);
            let (more, edge) = if backward { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
            if list["pageInfo"][more] != true {
                break;
            }
            cursor = Some(list["pageInfo"][edge].clone());
        }
        if document.get("walk").is_some() {
            let forth = walk(actors, document, false).await;
            let mut back = walk(actors, document, true).await;
            back.iter_mut().for_each(|ids| ids.reverse());
            if forth[0] != forth[1] || back[0] != forth[0] || back[1] != forth[0] {
                let ids = |ids: &[Vec<Value>; 2]| [json!(ids[0]), json!(ids[1])];
                return Err(format!("{}\n{}", tell("walked forth", &ids(&forth)), tell("walked back", &ids(&back))));
            }
        }
        Ok(any)
    }

    async fn shrink(&self, document: Value) -> (Value, String) {
        let mut told = self.difference(&document).await.err().unwrap_or_default();
        let mut small = document;
        let mut tries = 0;
        'smaller: while tries < PATIENCE {
            for candidate in smaller(&small) {
                tries += 1;
                if let Err(why) = self.difference(&candidate).await {
                    (small, told) = (candidate, why);
                    continue 'smaller;
                }
                if tries >= PATIENCE {
                    break;
                }
            }
            break;
        }
        (small, told)
    }
}

async fn ask(actors: [&Actor; 2], document: &Value, backward: bool, cursor: Option<&Value>) -> [Value; 2] {
    let (query, variables) = request(document, backward, cursor);
    let (sqlite, postgres) = tokio::join!(actors[0].run(&query, variables.clone()), actors[1].run(&query, variables));
    [sqlite, postgres].map(|answer| json!({ "data": answer.body["data"], "errors": answer.body["errors"] }))
}

/// The ids of all rows, page by page.
async fn walk(actors: [&Actor; 2], document: &Value, backward: bool) -> [Vec<Value>; 2] {
    let mut walked = [Vec::new(), Vec::new()];
    let mut plain = json!({ "list": document["list"], "size": document["size"].as_u64().map(|size| size.max(5)) });
    for name in ["filter", "orderBy"] {
        if let Some(value) = document.get(name) {
            plain[name] = value.clone();
        }
    }
    for (at, actor) in actors.into_iter().enumerate() {
        let mut cursor = None;
        for _ in 0..PAGES {
            let (query, variables) = request(&plain, backward, cursor.as_ref());
            let answer = actor.run(&query, variables).await;
            let list = &answer.body["data"][document["list"].as_str().expect("a list")];
            let ids = list["nodes"].as_array().into_iter().flatten().map(|node| node["id"].clone());
            if backward {
                walked[at].extend(ids.rev())
            } else {
                walked[at].extend(ids)
            }
            let (more, edge) = if backward { ("hasPreviousPage", "startCursor") } else { ("hasNextPage", "endCursor") };
            if list["pageInfo"][more] != true {
                break;
            }
            cursor = Some(list["pageInfo"][edge].clone());
        }
    }
    walked
}
