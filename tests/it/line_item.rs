//! What deals are made of, and what follows for their amounts.

use entity::line_item::Model;
use entity::{exchange_rate, product};
use proptest::prelude::*;
use serde_json::{Value, json};
use tests::{Actor, Answer, each_database, row};
use tributary::line_item::rules::{sum, total};
use tributary::money::LARGEST;

use crate::gid;

const LINE: &str = "lineItem { id version description position unitPrice { amount } listPrice { amount } total { amount currency } \
                    deal { id version amount { amount } } }";

async fn change(actor: &Actor, verb: &str, row: &Value, more: Value) -> Answer {
    let mut input = json!({ "id": row["id"], "expectedVersion": row["version"] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let fields =
        if verb.ends_with("Deal") { "deal { id version amount { amount } baseAmount { amount } }" } else { LINE };
    actor.mutate(verb, input, fields).await
}

#[tokio::test]
async fn the_amount_of_a_deal_is_the_sum_of_its_lines() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        let pump = world
            .insert(row!(
                world,
                product {
                    sku: "P".to_owned(),
                    name: "Pump".to_owned(),
                    unit_price_minor: 1_999,
                    unit_cost_minor: Some(700),
                    currency: "EUR".to_owned(),
                    is_active: true,
                }
            ))
            .await;
        let named = json!({ "name": "Acme", "amount": { "amount": "1000.00", "currency": "EUR" } });
        let deal = cast.rep.mutate("createDeal", named, "deal { id version }").await.payload()["deal"].clone();
        let add = async |more: Value| {
            let mut input = json!({ "dealId": deal["id"], "quantity": "1" });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            cast.rep.mutate("createLineItem", input, LINE).await
        };
        let product = gid("product", pump.id);
        let first = add(json!({ "productId": product, "quantity": "2.5", "discountPct": "10" })).await;
        let first = first.payload()["lineItem"].clone();
        // 2.5 x 19.99 x 0.9 = 44.9775
        assert_eq!(first["total"], json!({ "amount": "44.98", "currency": "EUR" }));
        assert_eq!((&first["description"], &first["position"]), (&json!("Pump"), &json!(1)));
        assert_eq!(first["deal"]["amount"]["amount"], "44.98");
        assert_eq!(first["deal"]["version"], 2);
        assert_eq!(world.number("SELECT unit_cost_minor FROM line_item").await, 700, "whoever writes it");

        let price = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
        let work = json!({ "description": "Work", "unitPrice": price("100", "EUR"), "position": 1 });
        let second = add(work).await.payload()["lineItem"].clone();
        assert_eq!(second["deal"]["amount"]["amount"], "144.98");
        assert_eq!(
            world.number("SELECT CAST(position AS bigint) FROM line_item WHERE description = 'Pump'").await,
            2,
            "it moved up"
        );

        for (more, code, field) in [
            (json!({ "unitPrice": price("1", "EUR") }), "REQUIRED", "description"),
            (json!({ "description": "X" }), "REQUIRED", "unitPrice"),
            (json!({ "productId": product, "quantity": "0" }), "INVALID", "quantity"),
            (json!({ "productId": product, "discountPct": "100.01" }), "INVALID", "discountPct"),
            (json!({ "productId": product, "unitPrice": price("1", "USD") }), "CURRENCY", "unitPrice"),
            (
                json!({ "description": "X", "unitPrice": price("9000000000000", "EUR"), "quantity": "2" }),
                "TOO_LARGE",
                "quantity",
            ),
        ] {
            let refused = add(more).await;
            assert_eq!(refused.mistakes(), [format!("{code} {field}")], "{:#}", refused.body);
        }
        world.execute("UPDATE product SET is_active = false").await;
        assert_eq!(add(json!({ "productId": product })).await.mistakes(), ["INVALID productId"]);

        let entered = json!({ "amount": price("999", "EUR") });
        let known = json!({ "id": deal["id"], "version": 3 });
        let refused = change(&cast.rep, "updateDeal", &known, entered.clone()).await;
        assert_eq!(refused.mistakes(), ["NOT_ALLOWED amount"]);
        assert_eq!(change(&cast.rep, "winDeal", &known, entered.clone()).await.mistakes(), ["NOT_ALLOWED amount"]);
        let kept = change(&cast.rep, "updateDeal", &known, json!({ "amount": price("144.98", "EUR") })).await;
        assert_eq!(kept.payload()["deal"]["version"], 3, "it says what is so");

        let dearer = change(&cast.rep, "updateLineItem", &second, json!({ "unitPrice": price("120", "EUR") })).await;
        let second = dearer.payload()["lineItem"].clone();
        assert_eq!(
            (&second["deal"]["amount"]["amount"], &second["listPrice"]["amount"]),
            (&json!("164.98"), &json!("120.00"))
        );

        let won = change(&cast.rep, "winDeal", &second["deal"], json!({})).await;
        assert_eq!(won.payload()["deal"]["baseAmount"]["amount"], "164.98");
        let closed = change(&cast.rep, "updateLineItem", &second, json!({ "quantity": "3" })).await;
        assert_eq!(closed.codes(), ["CONFLICT"]);
        assert_eq!(change(&cast.rep, "deleteLineItem", &second, json!({})).await.codes(), ["CONFLICT"]);
        assert_eq!(add(json!({ "description": "X", "unitPrice": price("1", "EUR") })).await.codes(), ["CONFLICT"]);
        let open = change(&cast.manager, "reopenDeal", &won.payload()["deal"], json!({})).await;

        let first = json!({ "id": first["id"], "version": 2 });
        change(&cast.rep, "deleteLineItem", &first, json!({})).await.payload();
        change(&cast.rep, "deleteLineItem", &second, json!({})).await.payload();
        assert_eq!(world.number("SELECT amount_minor FROM deal").await, 12_000, "the last one leaves it");
        let version = open.payload()["deal"]["version"].as_i64().unwrap() + 1;
        let free = change(&cast.rep, "updateDeal", &json!({ "id": deal["id"], "version": version }), entered).await;
        assert_eq!(free.payload()["deal"]["amount"]["amount"], "999.00");
    })
    .await;
}

#[tokio::test]
async fn a_line_is_worth_its_share_of_what_the_deal_was_fixed_at() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let rate = |rate_e8: i64, date: &str| {
            row!(world, exchange_rate { currency: "GBP".to_owned(), date: date.parse().unwrap(), rate_e8: rate_e8 })
        };
        world.insert(rate(120_000_000, "2026-02-01")).await;
        world.execute("UPDATE deal SET currency = 'GBP', base_amount_minor = 550001 WHERE status = 'WON'").await;
        world.execute("UPDATE deal SET currency = 'GBP' WHERE status = 'OPEN'").await;
        world.execute("UPDATE line_item SET currency = 'GBP', total_minor = 250000").await;
        let query = "{ lineItems { nodes { id totalInBase { amount currency } } \
            groupBy(by: [{ field: PRODUCT }, { deal: { field: STATUS } }]) { sum { totalInBase { amount } } } } }";
        let answer = cast.manager.run(query, json!({})).await;
        let worth = |line: uuid::Uuid| {
            let id = gid("lineitem", line);
            let nodes = answer.data()["lineItems"]["nodes"].as_array().unwrap().clone();
            nodes.into_iter().find(|node| node["id"] == *id).unwrap()["totalInBase"]["amount"].clone()
        };
        assert_eq!(worth(story.my_line), "3000.00", "today's rate");
        assert_eq!(worth(story.their_line), "2750.00", "half of 5500.01, half to even");
        let known = "{ deals { groupBy(by: [{ field: OWNER }]) { count } } lineItems(filter: { totalInBase: { currency: \"EUR\", gt: \"2800\" } }) { totalCount } }";
        assert_eq!(cast.manager.run(known, json!({})).await.data()["lineItems"]["totalCount"], 1);
        let question = "{ lineItems { groupBy(by: [{ deal: { owner: { team: { field: LEAD } } } }, { field: PRODUCT }, \
            { deal: { field: CLOSED_AT, bucket: MONTH } }]) { count sum { totalInBase { amount } } shareOfTotal(of: { sum: { field: TOTAL_IN_BASE } }) } } }";
        assert_eq!(cast.manager.run(question, json!({})).await.codes(), Vec::<&str>::new());
    })
    .await;
}

#[tokio::test]
async fn the_lines_of_a_deal_go_with_it() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let deal = json!({ "id": gid("deal", story.my_deal), "version": 1 });
        change(&cast.admin, "deleteDeal", &deal, json!({})).await.payload();
        let live = format!(
            "SELECT count(*) FROM line_item WHERE deleted_at IS NULL AND deal_id = {}",
            world.literal(story.my_deal)
        );
        assert_eq!(world.number(&live).await, 0);
    })
    .await;
}

proptest! {
    #[test]
    fn a_total_is_off_by_half_a_unit_at_most(quantity in 1..10_000_000_i64, price in 0..100_000_000_i64, discount in 0..=10_000_i64) {
        let exact = i128::from(quantity) * i128::from(price) * i128::from(10_000 - discount);
        let Some(total) = total(quantity, price, discount) else { return Err(TestCaseError::reject("too large")) };
        prop_assert!((i128::from(total) * 10_000_000 - exact).abs() <= 5_000_000);
        prop_assert!(discount < 10_000 || total == 0);
    }

    #[test]
    fn a_total_is_an_amount_or_refused(quantity in 1..i64::MAX, price in 0..i64::MAX, discount in 0..=10_000_i64) {
        prop_assert!(total(quantity, price, discount).is_none_or(|total| total.unsigned_abs() <= LARGEST));
    }

    #[test]
    fn lines_add_up_exactly_or_are_refused(totals in prop::collection::vec(0..=1_000_000_000_000_000_i64, 0..5)) {
        let lines: Vec<_> = totals.iter().map(|total| Model { total_minor: *total, ..Model::default() }).collect();
        let exact: i128 = totals.iter().map(|total| i128::from(*total)).sum();
        match sum(&lines) {
            Ok(sum) => prop_assert_eq!(i128::from(sum), exact),
            Err(_) => prop_assert!(exact > i128::from(LARGEST)),
        }
    }
}
