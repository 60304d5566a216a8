//! The tables of all lives against the mutations: a verb is allowed in the states of its line, and in every other one it is
//! blocked and refused. Generated from the tables.

use serde_json::{Value, json};
use tests::inputs::{Inputs, Sample};
use tests::{Cast, Story, World};
use tributary::access::Kind;
use tributary::lifecycle::Verb;
use tributary::schema::GRAPH;
use tributary::store::descriptor::{Descriptor, Shape};

/// The states of the rows of a kind.
fn states(of: &Descriptor) -> Vec<String> {
    let name = of.state.and_then(|column| of.name_of_column(column)).expect("a state");
    match of.field(name).expect("a field").shape {
        Shape::Choice(choice) => (choice.values)(),
        _ => panic!("a state is one of a list"),
    }
}

/// What the tables demand of a row in a state, so that it can be brought there without a verb.
fn comes_with(world: &World, story: &Story, kind: Kind, state: &str) -> String {
    let moment = "'2026-02-27 09:00:00+00:00'";
    match (kind, state) {
        (Kind::Lead, "CONVERTED") => {
            format!(", deal_id = {}, converted_at = {moment}, closed_at = NULL", world.literal(story.my_deal))
        }
        (Kind::Lead, "DISQUALIFIED") => format!(", deal_id = NULL, converted_at = NULL, closed_at = {moment}"),
        (Kind::Lead, _) => ", deal_id = NULL, converted_at = NULL, closed_at = NULL".to_owned(),
        (Kind::Deal, "OPEN") => format!(
            ", stage_id = {}, closed_at = NULL, base_amount_minor = NULL, rate_date = NULL, loss_reason = NULL",
            world.literal(story.open_stage)
        ),
        (Kind::Deal, "WON") => format!(
            ", stage_id = {}, closed_at = {moment}, amount_minor = 100, base_amount_minor = 100, \
             rate_date = '2026-02-27', loss_reason = NULL",
            world.literal(story.won_stage)
        ),
        (Kind::Deal, _) => format!(
            ", stage_id = {}, closed_at = {moment}, base_amount_minor = NULL, rate_date = NULL, loss_reason = 'PRICE'",
            world.literal(story.lost_stage)
        ),
        _ => String::new(),
    }
}

/// Brings the row of a sample into a state.
async fn bring(world: &World, story: &Story, of: &Descriptor, sample: &Sample, state: &str) {
    let column = of.state.expect("a state");
    let (_, id) = GRAPH.parse_id(sample.input["id"].as_str().expect("an id")).expect("an id of ours");
    let more = comes_with(world, story, of.kind, state);
    world
        .execute(&format!("UPDATE {} SET {column} = '{state}'{more} WHERE id = {}", of.table, world.literal(id)))
        .await;
}

/// Why a verb is blocked for who does the sample, with the code; none if it is allowed.
async fn block(of: &Descriptor, verb: &Verb<&'static str>, sample: &Sample) -> Option<(String, String)> {
    let query = format!("query($id: ID!) {{ {}(id: $id) {{ allowed blocked {{ action code why }} }} }}", of.single);
    let row = sample.actor.run(&query, json!({ "id": sample.input["id"] })).await.data()[&of.single].clone();
    let action = json!(async_graphql::resolver_utils::enum_value(verb.action).to_string());
    let blocked = row["blocked"].as_array().expect("a list").iter().find(|block| block["action"] == action).cloned();
    let allowed = row["allowed"].as_array().expect("a list").contains(&action);
    assert_ne!(blocked.is_some(), allowed, "{row:#}");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    blocked.map(|block| (text(&block["code"]), text(&block["why"])))
}

async fn try_every_state(world: &World, cast: &Cast, inputs: &Inputs, of: &Descriptor, verb: &Verb<&'static str>) {
    let story = world.story(cast).await;
    let sample = inputs.sample(world, cast, &story, verb.name).await;
    let takes = format!("{} takes one that is {}.", verb.name, verb.from.join(" or "));
    for state in states(of) {
        bring(world, &story, of, &sample, &state).await;
        let block = block(of, verb, &sample).await;
        if verb.from.contains(&state.as_str()) {
            assert_eq!(block, None, "{} from {state}", verb.name);
            continue;
        }
        assert_eq!(block, Some(("STATE".to_owned(), takes.clone())), "{} from {state}", verb.name);
        let answer = sample.actor.mutate(verb.name, sample.input.clone(), "__typename").await;
        assert_eq!(answer.codes(), ["CONFLICT"], "{} from {state}: {:#}", verb.name, answer.body);
        // To convert a lead twice is to do it once, and what is told is of the deal that it became.
        let again = (verb.name, state.as_str()) == ("convertLead", "CONVERTED");
        let told = answer.body["errors"][0]["message"].to_string();
        assert!(again || told.contains(&format!("is {state}; {takes}")), "{told}");
    }
    let state = verb.from.first().expect("a state");
    bring(world, &story, of, &sample, state).await;
    let done = sample.actor.mutate(verb.name, sample.input.clone(), "__typename").await;
    assert_eq!(done.codes(), Vec::<String>::new(), "{} from {state}: {:#}", verb.name, done.body);
}

#[tokio::test]
async fn a_verb_takes_the_states_of_its_line_and_no_other() {
    let inputs = Inputs::read();
    let mut tried = 0;
    for of in GRAPH.all().filter(|of| of.state.is_some()) {
        for verb in of.own_verbs().filter(|verb| !verb.from.is_empty()) {
            tests::each_database(async |world| {
                let cast = world.cast().await;
                try_every_state(&world, &cast, &inputs, of, verb).await;
            })
            .await;
            tried += 1;
        }
    }
    assert!(tried > 25, "{tried} verbs");
}
