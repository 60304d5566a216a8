//! Putting rows by the id another system knows them by, and what a refusal as TAKEN tells to whom.

use serde_json::{Value, json};
use tests::{Actor, each_database};

use crate::gid;

fn company(more: Value) -> Value {
    let mut input = json!({ "sourceSystem": "erp", "externalId": "c-1" });
    more.as_object().expect("fields").iter().for_each(|(name, value)| input[name] = value.clone());
    input
}

#[tokio::test]
async fn a_row_is_made_once_and_then_changed() {
    each_database(async |world| {
        let cast = world.cast().await;
        let fields = "company { id name domain industry version owner { id } }";
        let put = async |more: Value| cast.admin.mutate("upsertCompany", company(more), fields).await;
        assert_eq!(put(json!({ "domain": "acme.example" })).await.mistakes(), ["REQUIRED name"]);
        let owner = json!({ "name": "Acme", "domain": "acme.example", "industry": "Tools", "ownerId": gid("user", cast.rep.id) });
        let made = put(owner).await.payload()["company"].clone();
        assert_eq!((&made["version"], &made["owner"]["id"]), (&json!(1), &json!(gid("user", cast.rep.id))));
        let same = put(json!({ "name": "Acme" })).await.payload()["company"].clone();
        assert_eq!(same, made, "nothing has changed");
        // What is left out stays, what is null or blank is emptied, whose it is was said once.
        let more = json!({ "name": "Acme Tools", "industry": null, "ownerId": gid("user", cast.other_rep.id) });
        let changed = put(more).await.payload()["company"].clone();
        assert_eq!(changed["id"], made["id"]);
        assert_eq!((&changed["name"], &changed["industry"], &changed["version"]), (&json!("Acme Tools"), &Value::Null, &json!(2)));
        assert_eq!((&changed["domain"], &changed["owner"]), (&made["domain"], &made["owner"]));
        let missing = cast.admin.mutate("upsertCompany", json!({ "sourceSystem": "erp", "externalId": " ", "name": "A" }), fields);
        assert_eq!(missing.await.mistakes(), ["REQUIRED externalId"]);
        assert_eq!(world.number("SELECT count(*) FROM company").await, 1);

        let items = json!([company(json!({ "name": "One" })), { "sourceSystem": "erp", "externalId": "c-2", "name": "Two" }, company(json!({ "domain": "x" }))]);
        let answer = cast.admin.mutate("upsertCompanies", json!({ "items": items }), "results { company { id name } userErrors { field } }").await;
        let results = &answer.payload()["results"];
        assert_eq!((&results[0]["company"]["id"], &results[1]["company"]["name"]), (&made["id"], &json!("Two")));
        assert_eq!(results[2]["userErrors"], json!([{ "field": ["domain"] }]));
    })
    .await;
}

#[tokio::test]
async fn every_kind_with_ids_of_other_systems_can_be_put_under_the_usual_rights() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        let put = async |actor: &Actor, kind: &str, more: Value| {
            let (mut input, single) = (company(more), kind[..1].to_lowercase() + &kind[1..]);
            input["externalId"] = json!("x-1");
            actor.mutate(&format!("upsert{kind}"), input, &format!("{single} {{ id version }}")).await
        };
        for (kind, first, second) in [
            ("Contact", json!({ "email": "a@acme.example" }), json!({ "lastName": "Abel" })),
            ("Deal", json!({ "name": "Big" }), json!({ "name": "Bigger" })),
            (
                "Campaign",
                json!({ "name": "May", "code": "may", "objective": "LEAD_GENERATION", "channel": "EMAIL", "horizon": "SHORT_TERM" }),
                json!({ "name": "June" }),
            ),
        ] {
            let single = kind.to_lowercase();
            let made = put(&cast.admin, kind, first.clone()).await.payload()[&single].clone();
            let changed = put(&cast.admin, kind, second.clone()).await.payload()[&single].clone();
            assert_eq!((&changed["id"], &changed["version"]), (&made["id"], &json!(2)), "{kind}");
            let analyst = put(&cast.analyst, kind, second).await;
            assert_eq!(analyst.code(), "FORBIDDEN", "{kind}");
        }
        // The deal is the administrator's: hidden from a rep, it is neither changed nor named.
        let hidden = put(&cast.rep, "Deal", json!({ "name": "Mine" })).await;
        assert_eq!(hidden.mistakes(), ["TAKEN externalId"]);
        assert!(!hidden.body.to_string().contains("deal_"), "{:#}", hidden.body);
    })
    .await;
}

#[tokio::test]
async fn taken_names_the_row_to_whoever_may_see_it() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let create = async |actor: &Actor, mutation: &str, input: Value| {
            let (first, rest) = mutation.split_at(1);
            let query = format!(
                "mutation($input: {}{rest}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code field message id }} }} }}",
                first.to_uppercase()
            );
            let answer = actor.run(&query, json!({ "input": input })).await;
            answer.data()[mutation]["userErrors"][0].clone()
        };
        let known = [
            ("createCompany", json!({ "name": "Acme", "domain": "acme.example" }), "domain", gid("company", story.company)),
            ("createContact", json!({ "email": "carla@acme.example" }), "email", gid("contact", story.contact)),
        ];
        for (mutation, input, field, id) in known {
            let mistake = create(&cast.rep, mutation, input.clone()).await;
            assert_eq!((&mistake["code"], &mistake["field"]), (&json!("TAKEN"), &json!([field])), "{mistake:#}");
            assert_eq!(mistake["id"], json!(id));
            assert!(mistake["message"].as_str().is_some_and(|message| message.contains(&id)), "{mistake:#}");
        }
        let input = company(json!({ "name": "Other" }));
        cast.admin.mutate("createCompany", input.clone(), "__typename").await.payload();
        let again = create(&cast.rep, "createCompany", input).await;
        assert_eq!(again["field"], json!(["externalId"]));
        assert!(again["id"].as_str().is_some_and(|id| id.starts_with("company_")), "{again:#}");
        let items = json!({ "items": [{ "name": "Acme", "domain": "acme.example" }], "atomic": true });
        let answer = cast.rep.mutate("createCompanies", items, "results { userErrors { id } }").await;
        assert_eq!(answer.payload()["results"][0]["userErrors"], json!([{ "id": gid("company", story.company) }]));
    })
    .await;
}
