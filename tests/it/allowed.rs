//! `allowed` and `blocked` against the mutations themselves: whatever is allowed is not refused by right or state, whatever
//! is blocked is, and with the code that says so. Generated from the policy and the declarations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::Actor;
use tests::inputs::{Inputs, SESSIONS};
use tokio::sync::Mutex;
use tributary::access::{Action, Kind, policy};
use tributary::graphql::schema::GRAPH;

/// What is asked of a row.
const ROW: &str = "id version allowed blocked { action code why }";

/// An input of every mutation that its rules find good. They are collected in a world of their own, since a sample brings the
/// story into the state that its verb begins from; every world has the same ids.
async fn samples() -> BTreeMap<String, Value> {
    let (inputs, samples) = (Inputs::read(), Mutex::new(BTreeMap::new()));
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        for mutation in inputs.mutations().into_iter().filter(|mutation| !SESSIONS.contains(mutation)) {
            let sample = inputs.sample(&world, &cast, &story, mutation).await;
            samples.lock().await.insert(mutation.to_owned(), sample.input);
        }
    })
    .await;
    samples.into_inner()
}

/// The sample of a mutation, for this row.
fn input_for(samples: &BTreeMap<String, Value>, mutation: &str, row: &Value) -> Option<Value> {
    let mut input = samples.get(mutation)?.clone();
    let id = if input.get("leadId").is_some() { "leadId" } else { "id" };
    input[id] = row["id"].clone();
    if input.get("expectedVersion").is_some() {
        input["expectedVersion"] = row["version"].clone();
    }
    Some(input)
}

/// What `allowed` does not ask, since more than the row decides: whether a pipeline needs the stage, by its other stages.
const DECIDED_BY_MORE: [(Kind, Action); 1] = [(Kind::Stage, Action::Delete)];

/// The mutations that do an action to a row of a kind.
fn mutations(kind: Kind, action: Action) -> Vec<String> {
    let of = GRAPH.of(kind);
    let plain = of.writes.as_ref().and_then(|writes| match action {
        Action::Update if writes.update => Some("update"),
        Action::Assign if writes.update => Some("assign"),
        Action::Delete if writes.delete => Some("delete"),
        _ => None,
    });
    let verbs = of.verbs.iter().filter(|(_, does)| *does == action).map(|(verb, _)| (*verb).to_owned());
    plain.map(|plain| format!("{plain}{}", of.name)).into_iter().chain(verbs).collect()
}

fn actions(kind: Kind) -> Vec<Action> {
    let all: Vec<_> =
        policy::actions(kind).filter(|one| !matches!(one, Action::Read | Action::Count | Action::Create)).collect();
    all
}

fn name_of(action: Action) -> String {
    async_graphql::resolver_utils::enum_value(action).to_string()
}

/// The rows of a kind as the viewer sees them; none if the kind is closed.
async fn rows(actor: &Actor, kind: Kind) -> Vec<Value> {
    let of = GRAPH.of(kind);
    let answer = actor.ask(&format!("{{ {}(first: 100) {{ nodes {{ {ROW} }} }} }}", of.plural)).await;
    let nodes = answer.body["data"][of.plural]["nodes"].as_array().cloned();
    nodes.unwrap_or_default()
}

/// How a mutation of a row ends: the codes of its errors.
async fn attempt(samples: &BTreeMap<String, Value>, actor: &Actor, mutation: &str, row: &Value) -> Option<Vec<String>> {
    let input = input_for(samples, mutation, row)?;
    Some(actor.mutate(mutation, input, "").await.codes())
}

#[tokio::test]
async fn whatever_is_blocked_is_refused_and_whatever_is_allowed_is_not() {
    let samples = samples().await;
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let people: Vec<_> = cast.roles().into_iter().chain([&cast.other_rep]).collect();
        let (mut refused, mut done) = (0, 0);
        for kind in Kind::ALL.into_iter().filter(|kind| GRAPH.of(*kind).versioned) {
            for actor in &people {
                refused += blocked_is_refused(&samples, actor, kind).await;
            }
        }
        for kind in Kind::ALL.into_iter().filter(|kind| GRAPH.of(*kind).versioned) {
            for actor in &people {
                done += allowed_is_not(&samples, actor, kind).await;
            }
        }
        assert!(refused > 100, "{refused} blocked actions were tried");
        assert!(done > 60, "{done} allowed actions were tried");
    })
    .await;
}

async fn blocked_is_refused(samples: &BTreeMap<String, Value>, actor: &Actor, kind: Kind) -> usize {
    let mut seen = BTreeSet::new();
    let mut tried = 0;
    for row in rows(actor, kind).await {
        let allowed: BTreeSet<_> = row["allowed"].as_array().into_iter().flatten().map(|one| one.to_string()).collect();
        let blocked: BTreeSet<_> =
            row["blocked"].as_array().into_iter().flatten().map(|one| one["action"].to_string()).collect();
        let all: BTreeSet<_> = actions(kind).into_iter().map(|action| json!(name_of(action)).to_string()).collect();
        assert!(allowed.is_disjoint(&blocked), "{kind:?}: {row:#}");
        assert_eq!(allowed.union(&blocked).cloned().collect::<BTreeSet<_>>(), all, "{kind:?}: {row:#}");
        for block in row["blocked"].as_array().into_iter().flatten() {
            if !seen.insert(block.to_string()) {
                continue;
            }
            let action = actions(kind).into_iter().find(|action| json!(name_of(*action)) == block["action"]);
            for mutation in mutations(kind, action.expect("a known action")) {
                let Some(codes) = attempt(samples, actor, &mutation, &row).await else { continue };
                let expected = if block["code"] == "STATE" { "CONFLICT" } else { "FORBIDDEN" };
                let right = codes == [expected] || (block["code"] != "STATE" && codes == ["NOT_FOUND"]);
                assert!(right, "{:?} {mutation} is blocked by {block}, and ends as {codes:?}: {row:#}", actor.role);
                tried += 1;
            }
        }
    }
    tried
}

async fn allowed_is_not(samples: &BTreeMap<String, Value>, actor: &Actor, kind: Kind) -> usize {
    let mut tried = 0;
    for action in actions(kind).into_iter().filter(|action| !DECIDED_BY_MORE.contains(&(kind, *action))) {
        for mutation in mutations(kind, action) {
            let all = rows(actor, kind).await;
            let name = json!(name_of(action));
            let Some(row) = all.iter().find(|row| row["allowed"].as_array().is_some_and(|all| all.contains(&name)))
            else {
                continue;
            };
            let Some(codes) = attempt(samples, actor, &mutation, row).await else { continue };
            let wrong = codes.iter().find(|code| ["FORBIDDEN", "CONFLICT", "NOT_FOUND"].contains(&code.as_str()));
            assert_eq!(wrong, None, "{:?} {mutation} is allowed: {row:#}", actor.role);
            tried += 1;
        }
    }
    tried
}
