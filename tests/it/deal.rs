//! The life of a deal, of its pipeline and of the people in it.

use entity::{company, contact};
use serde_json::{Value, json};
use tests::{Actor, Cast, World, each_database};
use uuid::Uuid;

use crate::{gid, pass};

/// A default pipeline, a rep, and a deal of theirs worth 1,000.00.
async fn setting(world: &World) -> (Cast, [Uuid; 4], Value) {
    let cast = world.cast().await;
    let (_, stages) = world.pipeline().await;
    let deal = create(&cast.rep, json!({ "name": "Acme", "amount": { "amount": "1000.00", "currency": "EUR" } })).await;
    (cast, stages, deal)
}

const DEAL: &str = "deal { id version status name amount { amount currency } baseAmount { amount currency } rateDate \
                    closedAt lossReason stage { name } pipeline { name } owner { name } team { name } }";

async fn create(actor: &Actor, input: Value) -> Value {
    actor.mutate("createDeal", input, DEAL).await.payload()["deal"].clone()
}

async fn verb(actor: &Actor, name: &str, deal: &Value, more: Value) -> tests::Answer {
    let mut input = json!({ "id": deal["id"], "expectedVersion": deal["version"] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.mutate(name, input, DEAL).await
}

#[tokio::test]
async fn a_new_deal_starts_in_the_first_open_stage_of_the_default_pipeline_and_is_its_makers() {
    each_database(async |world| {
        let (cast, _, deal) = setting(&world).await;
        assert_eq!(deal["stage"]["name"], "Discovery");
        assert_eq!(deal["pipeline"]["name"], "Sales");
        assert_eq!(deal["status"], "OPEN");
        assert_eq!((&deal["owner"]["name"], &deal["team"]["name"]), (&json!("Rita"), &json!("North")));
        let answer = cast
            .rep
            .run(
                "query($id: ID!) { deal(id: $id) { transitions { nodes { fromState toState probability \
                 toStage { name } amountBase { amount } } } } }",
                json!({ "id": deal["id"] }),
            )
            .await;
        assert_eq!(
            answer.data()["deal"]["transitions"]["nodes"],
            json!([{ "fromState": null, "toState": "OPEN", "probability": 20, "toStage": { "name": "Discovery" },
                     "amountBase": { "amount": "1000.00" } }])
        );
    })
    .await;
}

#[tokio::test]
async fn a_new_deal_is_refused_where_it_cannot_stand() {
    each_database(async |world| {
        let (cast, stages, _) = setting(&world).await;
        let other = cast.manager.mutate("createPipeline", json!({ "name": "Partners" }), "pipeline { id }").await;
        let other = other.payload()["pipeline"]["id"].clone();
        let refused = async |input: Value| cast.rep.mutate("createDeal", input, "deal { id }").await.mistakes();
        assert_eq!(refused(json!({ "name": " " })).await, ["REQUIRED name"]);
        assert_eq!(refused(json!({ "name": "x", "pipelineId": other })).await, ["INVALID pipelineId"], "no open stage");
        assert_eq!(refused(json!({ "name": "x", "stageId": gid("stage", stages[2]) })).await, ["INVALID stageId"]);
        assert_eq!(
            refused(json!({ "name": "x", "pipelineId": other, "stageId": gid("stage", stages[0]) })).await,
            ["INVALID stageId"]
        );
        let two_currencies = json!({ "name": "x", "amount": { "amount": "1", "currency": "EUR" },
                                     "cost": { "amount": "1", "currency": "USD" } });
        let answer = cast.manager.mutate("createDeal", two_currencies.clone(), "deal { id }").await;
        assert_eq!(answer.mistakes(), ["CURRENCY cost"]);
        let answer = cast.rep.mutate("createDeal", two_currencies, "deal { id }").await;
        assert_eq!(answer.code(), "FORBIDDEN_FIELD", "what a deal costs is the manager's to say");
        assert_eq!(
            refused(
                json!({ "name": "x", "probabilityOverride": 101, "amount": { "amount": "-1", "currency": "EUR" } })
            )
            .await,
            ["INVALID amount", "INVALID probabilityOverride"]
        );
        assert_eq!(cast.marketer.mutate("createDeal", json!({ "name": "x" }), "deal { id }").await.code(), "FORBIDDEN");
        assert_eq!(world.number("SELECT COUNT(*) FROM deal").await, 1);
    })
    .await;
}

#[tokio::test]
async fn amount_and_cost_keep_one_currency() {
    each_database(async |world| {
        let (cast, _, deal) = setting(&world).await;
        let dollars = json!({ "amount": "20.00", "currency": "USD" });
        let cost = verb(&cast.manager, "updateDeal", &deal, json!({ "cost": dollars })).await;
        assert_eq!(cost.mistakes(), ["CURRENCY cost"]);
        let both = verb(&cast.manager, "updateDeal", &deal, json!({ "cost": dollars, "amount": dollars })).await;
        let deal = both.payload()["deal"].clone();
        assert_eq!(deal["amount"], dollars);
        let euros = json!({ "amount": "20.00", "currency": "EUR" });
        let amount = verb(&cast.manager, "updateDeal", &deal, json!({ "amount": euros })).await;
        assert_eq!(amount.mistakes(), ["CURRENCY amount"]);
    })
    .await;
}

#[tokio::test]
async fn a_move_forward_needs_the_exit_criteria_of_the_stages_it_leaves() {
    each_database(async |world| {
        let (mut cast, stages, deal) = setting(&world).await;
        let stage = json!({ "id": gid("stage", stages[0]), "expectedVersion": 1,
                            "exitCriteria": ["Need is known", "Budget is known"] });
        cast.manager.mutate("updateStage", stage, "stage { id }").await.payload();
        let to = |stage: Uuid, met: Value| json!({ "stageId": gid("stage", stage), "exitCriteriaMet": met });
        let half = verb(&cast.rep, "moveDeal", &deal, to(stages[1], json!(["Need is known"]))).await;
        assert_eq!(half.mistakes(), ["EXIT_CRITERION exitCriteriaMet"]);
        for closed in &stages[2..] {
            assert_eq!(
                verb(&cast.rep, "moveDeal", &deal, to(*closed, json!([]))).await.mistakes(),
                ["INVALID stageId"]
            );
        }
        assert_eq!(verb(&cast.rep, "moveDeal", &deal, to(stages[0], json!([]))).await.mistakes(), ["INVALID stageId"]);
        assert_eq!(verb(&cast.other_rep, "moveDeal", &deal, to(stages[1], json!([]))).await.code(), "NOT_FOUND");

        pass(&world, &mut cast, chrono::Duration::hours(2)).await;
        let met = json!(["Need is known", "Budget is known"]);
        let moved = verb(&cast.rep, "moveDeal", &deal, to(stages[1], met)).await.payload()["deal"].clone();
        assert_eq!(moved["stage"]["name"], "Proposal");
        let back = verb(&cast.rep, "moveDeal", &moved, json!({ "stageId": gid("stage", stages[0]) })).await;
        assert_eq!(back.payload()["deal"]["stage"]["name"], "Discovery", "backwards nothing is asked");
        let stale = verb(&cast.rep, "moveDeal", &moved, to(stages[1], json!([]))).await;
        assert_eq!(stale.code(), "CONFLICT");
        assert_eq!(world.number("SELECT COUNT(*) FROM transition").await, 3);
        assert_eq!(world.number("SELECT MAX(seconds_in_previous) FROM transition").await, 7200);
    })
    .await;
}

#[tokio::test]
async fn winning_fixes_the_revenue_at_the_rate_of_the_closing_day() {
    each_database(async |world| {
        let (cast, _, _) = setting(&world).await;
        let rate = |date: &str, rate: &str| json!({ "currency": "USD", "date": date, "rateToBase": rate });
        for (date, value) in [("2026-02-01", "0.9"), ("2026-02-20", "0.8"), ("2026-03-02", "0.1")] {
            cast.admin.mutate("createExchangeRate", rate(date, value), "exchangeRate { id }").await.payload();
        }
        let deal = create(
            &cast.rep,
            json!({ "name": "Dollars", "sourceSystem": "ledger", "externalId": "1", "amount": { "amount": "10.05", "currency": "USD" } }),
        )
        .await;
        let early = verb(&cast.rep, "winDeal", &deal, json!({ "closedAt": "2026-01-31T23:59:59Z" })).await;
        assert_eq!(early.mistakes(), ["NO_RATE amount"], "a missing rate is not 1");
        let late = verb(&cast.rep, "winDeal", &deal, json!({ "closedAt": "2026-03-01T09:05:01Z" })).await;
        assert_eq!(late.mistakes(), ["INVALID closedAt"]);
        assert_eq!(world.number("SELECT COUNT(*) FROM deal WHERE status = 'WON'").await, 0);

        let won = verb(&cast.rep, "winDeal", &deal, json!({ "closedAt": "2026-02-21T12:00:00Z" })).await;
        let won = won.payload()["deal"].clone();
        assert_eq!(won["baseAmount"], json!({ "amount": "8.04", "currency": "EUR" }));
        assert_eq!((&won["rateDate"], &won["status"]), (&json!("2026-02-20"), &json!("WON")));
        assert_eq!((&won["stage"]["name"], &won["closedAt"]), (&json!("Won"), &json!("2026-02-21T12:00:00Z")));
        assert_eq!(verb(&cast.rep, "winDeal", &won, json!({})).await.code(), "CONFLICT", "it is won");
        let amount = json!({ "amount": { "amount": "1", "currency": "USD" } });
        assert_eq!(verb(&cast.rep, "updateDeal", &won, amount).await.code(), "CONFLICT", "its amount is history");
        verb(&cast.rep, "updateDeal", &won, json!({ "name": "Renamed" })).await.payload();
    })
    .await;
}

#[tokio::test]
async fn a_deal_without_a_worth_is_not_won() {
    each_database(async |world| {
        let (cast, _, _) = setting(&world).await;
        let deal = create(&cast.rep, json!({ "name": "Vague" })).await;
        assert_eq!(verb(&cast.rep, "winDeal", &deal, json!({})).await.mistakes(), ["REQUIRED amount"]);
        let nothing = json!({ "amount": { "amount": "0", "currency": "EUR" } });
        assert_eq!(verb(&cast.rep, "winDeal", &deal, nothing).await.mistakes(), ["INVALID amount"]);
        let amount = json!({ "amount": { "amount": "5", "currency": "EUR" } });
        assert_eq!(verb(&cast.other_rep, "winDeal", &deal, amount.clone()).await.code(), "NOT_FOUND");
        assert_eq!(verb(&cast.marketer, "winDeal", &deal, amount.clone()).await.code(), "FORBIDDEN");
        let won = verb(&cast.rep, "winDeal", &deal, amount).await;
        assert_eq!(won.payload()["deal"]["baseAmount"]["amount"], "5.00");
    })
    .await;
}

#[tokio::test]
async fn a_repeated_win_under_one_key_is_one_win() {
    each_database(async |world| {
        let (cast, _, deal) = setting(&world).await;
        let key = json!({ "idempotencyKey": "win-1" });
        let first = verb(&cast.rep, "winDeal", &deal, key.clone()).await.payload().clone();
        let second = verb(&cast.rep, "winDeal", &deal, key).await.payload().clone();
        assert_eq!(first, second);
        assert_eq!(world.number("SELECT COUNT(*) FROM transition WHERE to_state = 'WON'").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_loss_says_why_and_a_reopened_deal_is_as_it_was() {
    each_database(async |world| {
        let (mut cast, stages, deal) = setting(&world).await;
        let moved = verb(&cast.rep, "moveDeal", &deal, json!({ "stageId": gid("stage", stages[1]) })).await;
        let deal = moved.payload()["deal"].clone();
        assert_eq!(verb(&cast.manager, "reopenDeal", &deal, json!({})).await.code(), "CONFLICT", "it is open");
        let other = verb(&cast.rep, "loseDeal", &deal, json!({ "lossReason": "OTHER" })).await;
        assert_eq!(other.mistakes(), ["REQUIRED lossComment"]);
        let wrong = json!({ "lossReason": "PRICE", "stageId": gid("stage", stages[2]) });
        assert_eq!(verb(&cast.rep, "loseDeal", &deal, wrong).await.mistakes(), ["INVALID stageId"]);
        pass(&world, &mut cast, chrono::Duration::days(1)).await;
        let lost =
            verb(&cast.rep, "loseDeal", &deal, json!({ "lossReason": "COMPETITOR", "competitor": "Rival" })).await;
        let lost = lost.payload()["deal"].clone();
        assert_eq!((&lost["status"], &lost["lossReason"]), (&json!("LOST"), &json!("COMPETITOR")));
        assert_eq!(verb(&cast.rep, "reopenDeal", &lost, json!({})).await.code(), "FORBIDDEN", "a manager's right");
        pass(&world, &mut cast, chrono::Duration::days(1)).await;
        let open = verb(&cast.manager, "reopenDeal", &lost, json!({ "reason": "they called" })).await;
        let open = open.payload()["deal"].clone();
        assert_eq!((&open["status"], &open["stage"]["name"]), (&json!("OPEN"), &json!("Proposal")));
        assert_eq!((&open["closedAt"], &open["lossReason"]), (&Value::Null, &Value::Null));

        let won = verb(&cast.rep, "winDeal", &open, json!({})).await.payload()["deal"].clone();
        let open = verb(&cast.manager, "reopenDeal", &won, json!({})).await.payload()["deal"].clone();
        assert_eq!((&open["baseAmount"], &open["rateDate"]), (&Value::Null, &Value::Null));
        assert_eq!(world.number("SELECT COUNT(*) FROM attribution_credit").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_company_is_a_customer_once_it_bought_and_a_former_one_when_it_did_not_renew() {
    each_database(async |world| {
        let (mut cast, ..) = setting(&world).await;
        let company = world.insert(tests::row!(world, company { name: "Acme".to_owned() })).await.id;
        let lifecycle = async || {
            let rows = world.rows("SELECT lifecycle FROM company").await;
            rows[0].try_get_by_index::<String>(0).unwrap()
        };
        let of = |kind: &str| {
            json!({ "name": kind, "kind": kind, "companyId": gid("company", company),
                    "amount": { "amount": "10", "currency": "EUR" } })
        };
        let first = create(&cast.rep, of("NEW_BUSINESS")).await;
        assert_eq!(lifecycle().await, "PROSPECT");
        let first = verb(&cast.rep, "winDeal", &first, json!({})).await.payload()["deal"].clone();
        assert_eq!(lifecycle().await, "CUSTOMER");
        pass(&world, &mut cast, chrono::Duration::days(1)).await;
        let renewal = create(&cast.rep, of("RENEWAL")).await;
        verb(&cast.rep, "loseDeal", &renewal, json!({ "lossReason": "PRICE" })).await.payload();
        assert_eq!(lifecycle().await, "FORMER");
        verb(&cast.manager, "reopenDeal", &first, json!({})).await.payload();
        assert_eq!(lifecycle().await, "PROSPECT");
    })
    .await;
}

#[tokio::test]
async fn a_deal_has_one_primary_person() {
    each_database(async |world| {
        let (cast, _, deal) = setting(&world).await;
        let (one, two) = (person(&world, "one").await, person(&world, "two").await);
        let add = async |contact: Uuid, more: Value| {
            let mut input = json!({ "dealId": deal["id"], "contactId": gid("contact", contact), "role": "CHAMPION" });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            cast.rep.mutate("createDealContact", input, "dealContact { id version isPrimary }").await
        };
        let first = add(one, json!({})).await.payload()["dealContact"].clone();
        assert_eq!(first["isPrimary"], true, "the first one is");
        assert_eq!(add(one, json!({})).await.mistakes(), ["TAKEN contactId"]);
        let second = add(two, json!({})).await.payload()["dealContact"].clone();
        assert_eq!(second["isPrimary"], false);
        let lead = json!({ "id": second["id"], "expectedVersion": 1, "isPrimary": true });
        cast.rep.mutate("updateDealContact", lead, "dealContact { id }").await.payload();
        let primary = world.rows("SELECT contact_id FROM deal_contact WHERE is_primary").await;
        assert_eq!(primary.len(), 1);
        assert_eq!(primary[0].try_get_by_index::<Uuid>(0).unwrap(), two);
        let gone = json!({ "id": second["id"], "expectedVersion": 2 });
        cast.rep.mutate("deleteDealContact", gone, "dealContact { id }").await.payload();
        let theirs = json!({ "dealId": deal["id"], "contactId": gid("contact", two), "role": "CHAMPION" });
        let answer = cast.other_rep.mutate("createDealContact", theirs, "dealContact { id }").await;
        assert_eq!(answer.mistakes(), ["NOT_FOUND dealId"], "a hidden deal");
    })
    .await;
}

#[tokio::test]
async fn exactly_one_pipeline_is_the_default() {
    each_database(async |world| {
        let (cast, ..) = setting(&world).await;
        let defaults = async || world.number("SELECT COUNT(*) FROM pipeline WHERE is_default").await;
        let make = json!({ "name": "New", "isDefault": true });
        let bare = cast.manager.mutate("createPipeline", make, "pipeline { id }").await;
        assert_eq!(bare.mistakes(), ["INVALID isDefault"], "new deals could not start in it");
        let ready = async |name: &str| {
            let made = cast.manager.mutate("createPipeline", json!({ "name": name }), "pipeline { id }").await;
            let id = made.payload()["pipeline"]["id"].clone();
            let stage = json!({ "pipelineId": id, "name": "First", "category": "OPEN", "probability": 10 });
            cast.manager.mutate("createStage", stage, "stage { id }").await.payload();
            id
        };
        let promote = async |actor: &Actor, id: &Value| {
            let version = actor
                .mutate(
                    "updatePipeline",
                    json!({ "id": id, "expectedVersion": 1, "isDefault": true }),
                    "pipeline { id version isDefault isActive }",
                )
                .await;
            version.payload()["pipeline"].clone()
        };
        let made = promote(&cast.manager, &ready("New").await).await;
        assert_eq!((&made["isDefault"], &made["isActive"]), (&json!(true), &json!(true)));
        assert_eq!(defaults().await, 1);
        for (field, code) in [("isDefault", "INVALID isDefault"), ("isActive", "INVALID isActive")] {
            let input = json!({ "id": made["id"], "expectedVersion": made["version"], field: false });
            assert_eq!(cast.manager.mutate("updatePipeline", input, "pipeline { id }").await.mistakes(), [code]);
        }
        let delete = json!({ "id": made["id"], "expectedVersion": made["version"] });
        assert_eq!(cast.manager.mutate("deletePipeline", delete, "pipeline { id }").await.code(), "CONFLICT");
        let (a, b) = (ready("A").await, ready("B").await);
        tokio::join!(promote(&cast.manager, &a), promote(&cast.admin, &b));
        assert_eq!(defaults().await, 1);
    })
    .await;
}

/// Whoever cannot read the cost is told the same whether there is one or not.
#[tokio::test]
async fn a_hidden_cost_is_not_told_by_a_refusal() {
    each_database(async |world| {
        let (cast, _, deal) = setting(&world).await;
        let mut answers = Vec::new();
        for cost in ["NULL", "7700"] {
            world.execute(&format!("UPDATE deal SET amount_minor = NULL, cost_minor = {cost}, currency = 'USD'")).await;
            let euros = json!({ "amount": "5.00", "currency": "EUR" });
            let answer = verb(&cast.integration, "updateDeal", &deal, json!({ "amount": euros })).await;
            assert_eq!(answer.mistakes(), ["CURRENCY amount"]);
            let won = verb(&cast.integration, "winDeal", &deal, json!({ "amount": euros })).await;
            assert_eq!(won.mistakes(), ["CURRENCY amount"]);
            for told in [answer.outcome(), won.outcome()] {
                let told = told.to_string();
                assert!(!told.contains("USD") && !told.contains("cost"), "{told}");
            }
            answers.push((answer.outcome().clone(), won.outcome().clone()));
        }
        assert_eq!(answers.first(), answers.last());
    })
    .await;
}

#[tokio::test]
async fn a_pipeline_keeps_one_won_stage_and_a_lost_one() {
    each_database(async |world| {
        let (cast, stages, deal) = setting(&world).await;
        let update = async |stage: Uuid, more: Value| {
            let mut input = json!({ "id": gid("stage", stage), "expectedVersion": 1 });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            cast.manager.mutate("updateStage", input, "stage { id probability forecastCategory }").await
        };
        let delete = async |stage: Uuid| {
            let input = json!({ "id": gid("stage", stage), "expectedVersion": 1 });
            cast.manager.mutate("deleteStage", input, "stage { id }").await
        };
        let pipeline =
            cast.rep.ask("{ pipelines { nodes { id } } }").await.data()["pipelines"]["nodes"][0]["id"].clone();
        let create = async |more: Value| {
            let mut input = json!({ "pipelineId": pipeline, "name": "New" });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            cast.manager.mutate("createStage", input, "stage { position category probability forecastCategory }").await
        };
        assert_eq!(create(json!({ "category": "WON", "position": 9 })).await.mistakes(), ["TAKEN category"]);
        assert_eq!(create(json!({ "position": 9, "probability": 101 })).await.mistakes(), ["INVALID probability"]);
        assert_eq!(
            create(json!({ "category": "LOST", "position": 9, "probability": 50 })).await.payload()["stage"],
            json!({ "position": 9, "category": "LOST", "probability": 0, "forecastCategory": "CLOSED" })
        );
        assert_eq!(update(stages[0], json!({ "category": "LOST" })).await.code(), "CONFLICT", "a deal stands there");
        assert_eq!(delete(stages[0]).await.code(), "CONFLICT", "a deal stands there");
        assert_eq!(delete(stages[2]).await.code(), "CONFLICT", "the WON stage stays");
        delete(stages[3]).await.payload();
        verb(&cast.rep, "winDeal", &deal, json!({})).await.payload();
        let rep = cast.rep.mutate("createStage", json!({ "pipelineId": pipeline, "name": "x" }), "stage { id }").await;
        assert_eq!(rep.code(), "FORBIDDEN");
    })
    .await;
}

#[tokio::test]
async fn a_rate_is_above_zero_and_one_a_day() {
    each_database(async |world| {
        let cast = world.cast().await;
        let rate = async |currency: &str, rate: &str| {
            let input = json!({ "currency": currency, "date": "2026-01-01", "rateToBase": rate });
            cast.admin.mutate("createExchangeRate", input, "exchangeRate { rateToBase }").await
        };
        assert_eq!(rate("USD", "0.92").await.payload()["exchangeRate"]["rateToBase"], "0.92000000");
        assert_eq!(rate("USD", "0.93").await.mistakes(), ["TAKEN currency"]);
        assert_eq!(rate("GBP", "0").await.mistakes(), ["INVALID rateToBase"]);
        assert_eq!(rate("EUR", "1").await.mistakes(), ["INVALID currency"], "the base currency");
    })
    .await;
}

pub(crate) async fn person(world: &World, name: &str) -> Uuid {
    let email = Some(format!("{name}@example.org"));
    world.insert(tests::row!(world, contact { first_name: Some(name.to_owned()), email: email })).await.id
}
