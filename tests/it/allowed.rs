//! `allowed` and `blocked` against the mutations themselves: whatever is allowed is not refused by right or state, whatever
//! is blocked is, and with the code that says so. Generated from the policy and the declarations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::Actor;
use tests::inputs::{Inputs, SESSIONS};
use tokio::sync::Mutex;
use tributary::access::{Action, Kind, policy};
use tributary::schema::GRAPH;

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
        for kind in Kind::all().filter(|kind| GRAPH.of(*kind).versioned) {
            for actor in &people {
                refused += blocked_is_refused(&samples, actor, kind).await;
            }
        }
        for kind in Kind::all().filter(|kind| GRAPH.of(*kind).versioned) {
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
            for mutation in GRAPH.of(kind).mutations(action.expect("a known action")) {
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
    for action in actions(kind) {
        for mutation in GRAPH.of(kind).mutations(action) {
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

/// The code under which an action on a row is blocked; none if it is allowed.
async fn block(actor: &Actor, single: &str, id: &str, action: &str) -> Option<String> {
    let answer = actor.run(&format!("query($id: ID!) {{ {single}(id: $id) {{ {ROW} }} }}"), json!({ "id": id })).await;
    let row = answer.data()[single].clone();
    let blocked = row["blocked"].as_array().into_iter().flatten().find(|block| block["action"] == action).cloned();
    assert_ne!(blocked.is_some(), row["allowed"].as_array().is_some_and(|all| all.contains(&json!(action))), "{row:#}");
    blocked.map(|block| block["code"].as_str().expect("a code").to_owned())
}

#[tokio::test]
async fn what_can_never_be_done_to_a_row_is_blocked_by_its_state() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = crate::gid("lead", story.my_lead);
        let set = async |what: &str| {
            world.execute(&format!("UPDATE lead SET {what} WHERE id = {}", world.literal(story.my_lead))).await;
        };
        let deal = world.literal(story.my_deal);
        for (days, undo) in [("2026-01-30T08:59:59", Some("STATE")), ("2026-01-30T09:00:00", None)] {
            set(&format!("status = 'CONVERTED', converted_at = '{days}+00:00', deal_id = {deal}")).await;
            assert_eq!(block(&cast.manager, "lead", &lead, "UNCONVERT").await.as_deref(), undo, "{days}");
            let input = json!({ "id": lead, "expectedVersion": 1, "reason": "a mistake" });
            let answer = cast.manager.mutate("unconvertLead", input, "lead { id }").await;
            assert_eq!(answer.codes() == ["CONFLICT"], undo.is_some(), "{days}: {:#}", answer.body);
        }
        for ended in [
            &format!("status = 'CONVERTED', converted_at = '2026-03-01T08:00:00+00:00', deal_id = {deal}, version = 1"),
            "status = 'DISQUALIFIED', converted_at = NULL, deal_id = NULL, closed_at = '2026-03-01T08:00:00+00:00', disqualify_reason = 'BAD_DATA'",
        ] {
            set(ended).await;
            for actor in [&cast.rep, &cast.manager, &cast.integration] {
                assert_eq!(block(actor, "lead", &lead, "UPDATE").await.as_deref(), Some("STATE"), "{:?}", actor.role);
                for field in [json!({}), json!({ "interest": "more" })] {
                    let mut input = field;
                    input["id"] = json!(lead);
                    input["expectedVersion"] = json!(1);
                    assert_eq!(actor.mutate("updateLead", input, "lead { id }").await.code(), "CONFLICT");
                }
            }
            assert_eq!(block(&cast.admin, "lead", &lead, "UPDATE").await, None, "the source can be set right");
        }
        let stages = [story.won_stage, story.lost_stage].map(|stage| crate::gid("stage", stage));
        for stage in &stages {
            assert_eq!(block(&cast.admin, "stage", stage, "DELETE").await.as_deref(), Some("STATE"));
        }
        let made = json!({ "pipelineId": crate::gid("pipeline", story.pipeline), "name": "Gone", "category": "LOST" });
        cast.admin.mutate("createStage", made, "stage { id }").await.payload();
        assert_eq!(block(&cast.admin, "stage", &stages[0], "DELETE").await.as_deref(), Some("STATE"));
        assert_eq!(block(&cast.admin, "stage", &stages[1], "DELETE").await, None, "there is another");
    })
    .await;
}
