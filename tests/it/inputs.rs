//! What is true of the input of every mutation, generated from the schema: a mutation that is written tomorrow is tested
//! without a line here, but for its sample in `tests/src/inputs.rs`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::inputs::{Inputs, Place, SESSIONS, Sample};
use tests::{Answer, World};
use tributary::access::Role;

/// Mutations that change something, one by one.
fn verbs(inputs: &Inputs) -> impl Iterator<Item = &str> {
    inputs.mutations().into_iter().filter(|name| !SESSIONS.contains(name))
}

/// What went wrong, all of it at once.
#[derive(Default)]
struct Wrong(RefCell<Vec<String>>);

impl Wrong {
    fn note(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.borrow_mut().push(what());
        }
    }

    #[track_caller]
    fn none(self) {
        let wrong = self.0.into_inner();
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

async fn sample(world: &World, inputs: &Inputs, mutation: &str) -> Sample {
    let cast = world.cast().await;
    let story = world.story(&cast).await;
    inputs.sample(world, &cast, &story, mutation).await
}

/// The mistakes of each result of a batch: `INVALID contact.email`.
fn results(answer: &Answer) -> Vec<Vec<String>> {
    let results = answer.outcome()["results"].as_array().cloned().unwrap_or_default();
    let mistake = |mistake: &Value| {
        let parts = mistake["field"].as_array().cloned().unwrap_or_default();
        let path: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
        format!("{} {}", mistake["code"].as_str().unwrap_or_default(), path.join("."))
    };
    let mistakes = |result: &Value| result["userErrors"].as_array().cloned().unwrap_or_default();
    results.iter().map(|result| mistakes(result).iter().map(mistake).collect()).collect()
}

const RESULTS: &str = "results { userErrors { code field message } }";

/// What presentations paste for the end of a line.
const CONTROL: &str = "x\u{b}y";

/// What no value of a type looks like; nothing for types whose structure is judged before anything runs. No text holds a
/// control character.
fn malformed(place: &Place) -> Vec<Value> {
    let text = match (place.ty.as_str(), place.name()) {
        ("DateTime", _) => "yesterday",
        ("Date", _) => "31.12.2026",
        ("Decimal", _) => "1,5",
        ("CurrencyCode", _) => "EURO",
        ("CountryCode", _) => "Q9",
        ("EmailAddress", _) => "nobody at home",
        ("PhoneNumber", _) => "call me",
        ("TimeZone", _) => "Mars/Base",
        ("LanguageTag", _) => "!!",
        ("String", "domain") => return vec![json!(CONTROL), json!("no domain")],
        ("String" | "ID", _) => return vec![json!(CONTROL)],
        // An odd address is kept rather than lost.
        ("URL", _) => return vec![json!(CONTROL), json!(true)],
        _ => return Vec::new(),
    };
    vec![json!(text), json!(CONTROL), json!(true), json!({ "a": [1] })]
}

/// In every place of every mutation: the mistake stands at its field, in the single mutation and in its item of a batch,
/// and the other items are done.
#[tokio::test]
async fn a_malformed_value_is_a_mistake_at_its_field() {
    let (inputs, wrong) = (Inputs::read(), Wrong::default());
    let mut met = 0;
    for mutation in verbs(&inputs) {
        let places = inputs.places(mutation);
        let bad: Vec<_> =
            places.iter().flat_map(|place| malformed(place).into_iter().map(move |value| (place, value))).collect();
        if bad.is_empty() {
            continue;
        }
        met += bad.len();
        tests::each_database(async |world| {
            let Sample { actor, input } = sample(&world, &inputs, mutation).await;
            let at = |place: &Place| vec![format!("INVALID {}", place.path.join("."))];
            let mut items = vec![input.clone()];
            let mut everything = input.clone();
            for (place, value) in &bad {
                let input = inputs.with(mutation, &input, place, value.clone());
                let answer = actor.mutate(mutation, input.clone(), "__typename").await;
                let right = answer.codes().is_empty() && answer.mistakes() == at(place);
                let listed = mutation == "recordTouchpoints";
                wrong.note(right || listed, || format!("{mutation} {input}: {}", answer.body));
                items.push(input);
                everything = inputs.with(mutation, &everything, place, value.clone());
            }
            let answer = actor.mutate(mutation, everything, "__typename").await;
            let all: BTreeSet<_> = bad.iter().flat_map(|(place, _)| at(place)).collect();
            let found: BTreeSet<_> = answer.mistakes().into_iter().collect();
            if mutation != "recordTouchpoints" {
                wrong.note(found == all, || format!("{mutation}, all at once: {}", answer.body));
            }
            let Some(twin) = inputs.twin(mutation) else { return };
            let answer = actor.mutate(twin, json!({ "items": items }), RESULTS).await;
            let mut expected = vec![Vec::new()];
            expected.extend(bad.iter().map(|(place, _)| at(place)));
            wrong.note(results(&answer) == expected, || format!("{twin}: {}", answer.body));
            let none = actor.mutate(twin, json!({ "items": items, "atomic": true }), RESULTS).await;
            expected[0] = vec!["NOT_DONE ".to_owned()];
            wrong.note(results(&none) == expected, || format!("{twin}, all or none: {}", none.body));
        })
        .await;
    }
    assert!(met > 150, "only {met} malformed values were met");
    wrong.none();
}

/// Null and blank in an optional place are as good as leaving it out; in a change they empty the field, if it can be.
/// Each is tried in a transaction that a second item undoes.
#[tokio::test]
async fn null_and_blank_in_an_optional_place_mean_nothing() {
    let (inputs, wrong) = (Inputs::read(), Wrong::default());
    let met = Cell::new(0);
    for mutation in verbs(&inputs) {
        let Some(twin) = inputs.twin(mutation) else { continue };
        let places = inputs.places(mutation);
        let optional: Vec<_> = places.iter().filter(|place| place.nullable && place.path.len() == 1).collect();
        tests::each_database(async |world| {
            let Sample { actor, input } = sample(&world, &inputs, mutation).await;
            let refused = inputs.refused(mutation, &input);
            for place in &optional {
                if input.get(place.name()).is_some() || refused.get(place.name()) != input.get(place.name()) {
                    continue;
                }
                let textual =
                    inputs.choices(&place.ty).is_empty() && !["Int", "Boolean", "Float"].contains(&&*place.ty);
                let blanks =
                    [json!(""), json!(" \t "), json!("\u{200b}\u{2800}\u{202e}")].into_iter().filter(|_| textual);
                for value in [Value::Null].into_iter().chain(blanks) {
                    met.set(met.get() + 1);
                    let odd = inputs.with(mutation, &input, place, value);
                    let call = json!({ "items": [odd, refused], "atomic": true });
                    let answer = actor.mutate(twin, call, RESULTS).await;
                    let found = results(&answer);
                    let first = found.first().cloned().unwrap_or_default();
                    let emptied = mutation.starts_with("update")
                        && first.len() == 1
                        && (first[0] == "REQUIRED reason"
                            || ["INVALID", "REQUIRED"]
                                .iter()
                                .any(|code| first[0] == format!("{code} {}", place.name())));
                    let right = answer.codes().is_empty() && (first == ["NOT_DONE "] || emptied);
                    wrong.note(right, || format!("{mutation} {odd}: {}", answer.body));
                }
            }
        })
        .await;
    }
    assert!(met.get() > 200, "only {} optional places were met", met.get());
    wrong.none();
}

/// Wherever a user is named to whom something is given: nobody gets what they cannot work on.
#[tokio::test]
async fn nothing_is_given_to_who_cannot_work_on_it() {
    let (inputs, wrong, met) = (Inputs::read(), Wrong::default(), Cell::new(0));
    for mutation in verbs(&inputs) {
        let places = inputs.places(mutation);
        // `leadId` is the lead elsewhere; whoever leads a team only has to be there.
        let leads_team = ["createTeam", "updateTeam"].contains(&mutation);
        let users: Vec<_> =
            places.iter().filter(|place| place.name() == "ownerId" || leads_team && place.name() == "leadId").collect();
        if users.is_empty() {
            continue;
        }
        tests::each_database(async |world| {
            let cast = world.cast().await;
            let story = world.story(&cast).await;
            let Sample { actor, input } = inputs.sample(&world, &cast, &story, mutation).await;
            let gone = world.person("Gone", Role::SalesManager, Some(cast.north)).await;
            world
                .execute(&format!("UPDATE app_user SET status = 'SUSPENDED' WHERE id = {}", world.literal(gone.id)))
                .await;
            let analyst = Some(cast.analyst.id).filter(|_| !leads_team);
            for (place, user) in users.iter().flat_map(|place| [Some(gone.id), analyst].map(|user| (place, user))) {
                let Some(user) = user else { continue };
                met.set(met.get() + 1);
                let input = inputs.with(mutation, &input, place, json!(crate::gid("user", user)));
                let answer = actor.mutate(mutation, input.clone(), "__typename").await;
                let right =
                    answer.codes().is_empty() && answer.mistakes() == [format!("NOT_ALLOWED {}", place.path.join("."))];
                wrong.note(right, || format!("{mutation} {input}: {}", answer.body));
            }
        })
        .await;
    }
    assert!(met.get() > 40, "only {} users were named", met.get());
    wrong.none();
}

/// Wherever the text of a mutation is written: it refuses its item, not the others.
#[tokio::test]
async fn a_control_character_is_a_mistake_of_the_item_that_has_it() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let lead = |email: &str, name: &str| format!("{{ contact: {{ email: {email:?}, lastName: {name} }}, source: INBOUND }}");
        let (good, bad) = (lead("good@form.example", "\"Good\""), lead("bad@form.example", "\"Ba\\u000bd\""));
        let by_variable = lead("other@form.example", "$name");
        let document = format!(
            "mutation($name: String!) {{ captureLeads(input: {{ items: [{bad}, {good}, {by_variable}] }}) {{ userErrors {{ code }} results {{ lead {{ id }} userErrors {{ code field }} }} }} \
             one: captureLead(input: {bad}) {{ userErrors {{ code field }} }} }}"
        );
        let answer = cast.marketer.run(&document, json!({ "name": "B\u{1}" })).await;
        let (results, mistake) = (&answer.data()["captureLeads"]["results"], json!([{ "code": "INVALID", "field": ["contact", "lastName"] }]));
        assert!(results[1]["lead"]["id"].is_string(), "{:#}", answer.body);
        assert_eq!((&results[0]["userErrors"], &results[2]["userErrors"]), (&mistake, &mistake));
        assert_eq!(answer.data()["one"]["userErrors"], mistake);
        assert_eq!(world.number("SELECT count(*) FROM lead").await, 1);
        // Elsewhere in the same document it refuses the whole of it.
        let asks = "mutation($t: String!) { createCompany(input: { name: $t }) { company { contacts(filter: { lastName: { eq: $t } }) { totalCount } } } }";
        assert_eq!(cast.admin.run(asks, json!({ "t": "B\u{1}" })).await.code(), "BAD_USER_INPUT");
    })
    .await;
}
