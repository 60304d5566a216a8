//! What is entered, and what it means: a single value for a list, text that shows nothing, amounts left empty, ids of other
//! systems without the system. Generated from the schema where it can be.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::inputs::{Inputs, Place, SESSIONS};
use tests::{Actor, Answer, World, each_database};
use tributary::schema::GRAPH;

use crate::gid;

/// Tries a value at some places of every mutation, each in a world of its own; answers what was met.
async fn at_places(
    wanted: impl Fn(&Place) -> bool,
    try_it: impl AsyncFn(&Inputs, &Actor, &str, &Value, &Place),
) -> BTreeSet<String> {
    let inputs = Inputs::read();
    let mut met = BTreeSet::new();
    for mutation in inputs.mutations().into_iter().filter(|mutation| !SESSIONS.contains(mutation)) {
        let places: Vec<_> = inputs.places(mutation).into_iter().filter(|place| wanted(place)).collect();
        met.extend(places.iter().map(|place| format!("{mutation} {}", place.path.join("."))));
        if places.is_empty() {
            continue;
        }
        each_database(async |world: World| {
            let cast = world.cast().await;
            let story = world.story(&cast).await;
            let sample = inputs.sample(&world, &cast, &story, mutation).await;
            for place in &places {
                try_it(&inputs, &sample.actor, mutation, &sample.input, place).await;
            }
        })
        .await;
    }
    met
}

fn says_nothing_of(answer: &Answer, field: &str) -> bool {
    answer.codes().iter().all(|code| code == "CONFLICT")
        && (answer.body.get("errors").is_some() || !answer.mistakes().iter().any(|mistake| mistake.contains(field)))
}

#[tokio::test]
async fn a_single_value_stands_for_a_list_of_it() {
    let is_list = |place: &Place| place.path.last().is_some_and(|last| last == "0");
    let met = at_places(is_list, async |inputs, actor, mutation, input, place| {
        let item = input.pointer(&format!("/{}", place.path.join("/"))).cloned();
        let item = item.unwrap_or_else(|| inputs.fitting(&place.ty, place.name()));
        let one = Place { path: place.path[..place.path.len() - 1].to_vec(), ..place.clone() };
        let answer = actor.mutate(mutation, inputs.with(mutation, input, &one, item), "__typename").await;
        assert!(says_nothing_of(&answer, place.name()), "{mutation} {one:?}: {:#}", answer.body);
    })
    .await;
    assert!(met.contains("createStage exitCriteria.0"), "{met:?}");
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let pipeline = gid("pipeline", story.pipeline);
        let literal = format!(
            "mutation {{ createStage(input: {{ pipelineId: \"{pipeline}\", name: \"Proof\", exitCriteria: \"A budget\" }}) \
             {{ stage {{ exitCriteria }} userErrors {{ code field message }} }} }}"
        );
        let made = cast.admin.ask(&literal).await;
        assert_eq!(made.payload()["stage"]["exitCriteria"], json!(["A budget"]));
    })
    .await;
}

/// Characters that show nothing, each alone and all together.
const NOTHING: [&str; 8] = [
    "\u{200b}",
    "\u{2800}",
    "\u{202e}",
    "\u{200e}",
    "\u{3164}",
    "\u{115f}\u{1160}",
    "\u{fe0f}",
    "\u{200b}\u{2800}\u{2066} \u{e0041}",
];

#[tokio::test]
async fn a_reason_that_nobody_sees_is_none() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let lead = gid("lead", story.marketing_lead);
        let update = json!({ "id": lead, "expectedVersion": 1, "source": "PARTNER" });
        let converted = gid("lead", story.my_lead);
        cast.rep.mutate("convertLead", json!({ "id": converted, "expectedVersion": 1 }), "lead { id }").await.payload();
        let stage = json!({ "pipelineId": gid("pipeline", story.pipeline), "name": "Proof" });
        for nothing in NOTHING {
            let mut input = update.clone();
            input["reason"] = json!(nothing);
            let answer = cast.marketing_manager.mutate("updateLead", input, "lead { id }").await;
            assert_eq!(answer.mistakes(), ["REQUIRED reason"], "{nothing:?}");
            let undo = json!({ "id": converted, "expectedVersion": 2, "reason": nothing });
            let answer = cast.manager.mutate("unconvertLead", undo, "lead { id }").await;
            assert_eq!(answer.mistakes(), ["REQUIRED reason"], "{nothing:?}");
            let mut input = stage.clone();
            input["exitCriteria"] = json!([nothing]);
            let answer = cast.admin.mutate("createStage", input, "stage { id }").await;
            assert_eq!(answer.mistakes(), ["INVALID exitCriteria"], "{nothing:?}");
            let nobody = json!({ "name": nothing });
            assert_eq!(cast.rep.mutate("createCompany", nobody, "company { id }").await.mistakes(), ["REQUIRED name"]);
        }
    })
    .await;
}

/// Has every row that the mutation writes something in this field?
fn is_never_empty(mutation: &str, field: &str) -> bool {
    let mut written = GRAPH.all().filter(|of| mutation.ends_with(of.name));
    written.any(|of| of.field(field).is_some_and(|field| !field.nullable))
}

#[tokio::test]
async fn an_amount_that_was_left_empty_is_none_whatever_its_currency() {
    let optional = |place: &Place| place.ty == "Decimal" && place.path.len() > 1 && place.name() == "amount";
    let met = at_places(optional, async |inputs, actor, mutation, input, place| {
        let whole = Place { path: place.path[..place.path.len() - 1].to_vec(), ..place.clone() };
        for blank in [json!({ "amount": "", "currency": "" }), json!({ "amount": " ", "currency": "EUR" })] {
            let answer = actor.mutate(mutation, inputs.with(mutation, input, &whole, blank), "__typename").await;
            // Not even to empty it may everybody name a field.
            let is_closed = answer.codes() == ["FORBIDDEN_FIELD"];
            let silent = || says_nothing_of(&answer, whole.name());
            let of_it = |mistake: &String| mistake.ends_with(&format!(" {}", whole.name()));
            let missed = || is_never_empty(mutation, whole.name()) && answer.mistakes().iter().all(of_it);
            assert!(is_closed || silent() || missed(), "{mutation} {whole:?}: {:#}", answer.body);
        }
    })
    .await;
    assert!(met.len() > 8, "{met:?}");
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let id = gid("deal", story.my_deal);
        let literal = format!(
            "mutation {{ updateDeal(input: {{ id: \"{id}\", expectedVersion: 1, amount: {{ amount: 5.10, currency: \"EUR\" }} }}) \
             {{ deal {{ id }} userErrors {{ code field message }} }} }}"
        );
        let answer = cast.rep.ask(&literal).await;
        assert_eq!(answer.mistakes(), ["INVALID amount.amount"]);
        let message = answer.outcome()["userErrors"][0]["message"].as_str().expect("words").to_owned();
        assert!(message.contains("5.1") && message.contains("in quotes"), "{message}");
        let revenue = json!({ "name": "Large", "annualRevenue": { "amount": "900000000000.00", "currency": "EUR" } });
        let made = cast.rep.mutate("createCompany", revenue, "company { annualRevenue { amount } }").await;
        assert_eq!(made.payload()["company"]["annualRevenue"]["amount"], "900000000000.00");
        let wide = json!({ "lastName": "Wide", "phone": "＋４９ １５１ １２３４５６７８", "email": "wide＠ｅxample.org" });
        let made = cast.rep.mutate("createContact", wide, "contact { phone email }").await;
        assert_eq!(made.payload()["contact"], json!({ "phone": "+4915112345678", "email": "wide@example.org" }));
        let rate = json!({ "currency": "USD", "date": world.now().date_naive().to_string(), "rateToBase": "0.9" });
        let again = cast.admin.mutate("createExchangeRate", rate, "exchangeRate { id }").await;
        assert_eq!(again.mistakes(), ["TAKEN currency"]);
        let message = again.outcome()["userErrors"][0]["message"].as_str().expect("words").to_owned();
        assert!(message.contains("currency and date"), "{message}");
        let touch = json!({ "kind": "PAGE_VIEW", "visitorKey": "v", "occurredAt": "2027-01-01T00:00:00Z" });
        let future = cast.marketer.mutate("recordTouchpoint", json!({ "touchpoint": touch }), "touchpoint { id }").await;
        assert_eq!(future.mistakes(), ["INVALID touchpoint.occurredAt"]);
    })
    .await;
}

#[tokio::test]
async fn an_id_of_another_system_comes_with_the_system() {
    let pair = |place: &Place| ["externalId", "sourceSystem"].contains(&place.name());
    let met = at_places(pair, async |inputs, actor, mutation, input, place| {
        if mutation.starts_with("upsert") || mutation == "recordTouchpoints" {
            return;
        }
        let other = if place.name() == "externalId" { "sourceSystem" } else { "externalId" };
        let mut path = place.path.clone();
        *path.last_mut().expect("a path") = other.to_owned();
        let answer = actor.mutate(mutation, inputs.with(mutation, input, place, json!("1")), "__typename").await;
        assert_eq!(answer.mistakes(), [format!("REQUIRED {}", path.join("."))], "{mutation}: {:#}", answer.body);
    })
    .await;
    assert!(met.len() > 12, "{met:?}");
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        for table in ["activity", "campaign", "company", "contact", "deal", "lead", "touchpoint"] {
            let alone = format!("UPDATE {table} SET external_id = 'x', source_system = NULL");
            assert!(sea_orm::ConnectionTrait::execute_unprepared(&world.raw, &alone).await.is_err(), "{table}");
        }
        let _ = story;
    })
    .await;
}
