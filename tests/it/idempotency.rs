//! A retried write has one effect, however its input is written this time; and a key is good for one thing only.

use serde_json::{Value, json};
use tests::{Actor, Answer, each_database};

use crate::gid;

/// A document with a key in the header.
async fn keyed(actor: &Actor, key: &str, query: &str, variables: Value) -> Answer {
    actor.send(json!({ "query": query, "variables": variables }), &[("idempotency-key", key)]).await
}

#[tokio::test]
async fn the_same_input_in_another_spelling_is_the_same() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        world.execute("DELETE FROM line_item").await;
        let deal = gid("deal", story.my_deal);
        let twice = async |actor: &Actor, mutation: &str, one: Value, other: Value| {
            let keyed = |mut input: Value| {
                input["idempotencyKey"] = json!(mutation);
                input
            };
            let events = async || world.number("SELECT count(*) FROM event").await;
            let first = actor.mutate(mutation, keyed(one), "__typename").await;
            first.payload();
            let count = events().await;
            let second = actor.mutate(mutation, keyed(other), "__typename").await;
            assert_eq!(second.payload(), first.payload(), "{mutation}");
            assert_eq!(events().await, count, "{mutation} was done twice");
        };
        twice(
            &cast.rep,
            "createDeal",
            json!({ "name": "A", "amount": { "amount": "5", "currency": "EUR" }, "competitor": null }),
            json!({ "amount": { "currency": "EUR", "amount": "5.00" }, "name": "A", "kind": null }),
        )
        .await;
        let said = json!({ "items": [{ "name": "B", "kind": "NEW_BUSINESS" }] });
        twice(&cast.rep, "createDeals", json!({ "items": [{ "name": "B" }] }), said).await;
        twice(
            &cast.rep,
            "winDeal",
            json!({ "id": deal, "expectedVersion": 1, "amount": { "amount": 7, "currency": "EUR" }, "closedAt": "2026-03-01T09:00:00Z" }),
            json!({ "closedAt": "2026-03-01T10:00:00.000+01:00", "amount": { "currency": "EUR", "amount": "7.0" }, "expectedVersion": 1, "id": deal }),
        )
        .await;
        twice(
            &cast.marketer,
            "captureLead",
            json!({ "contact": { "email": "Once@Acme.example", "phone": null }, "source": "INBOUND" }),
            json!({ "source": "INBOUND", "company": null, "contact": { "email": "once@acme.example" } }),
        )
        .await;
        twice(
            &cast.marketer,
            "recordTouchpoints",
            json!({ "touchpoints": [{ "kind": "PAGE_VIEW", "visitorKey": "v", "url": null }] }),
            json!({ "atomic": false, "touchpoints": { "visitorKey": "v", "kind": "PAGE_VIEW" } }),
        )
        .await;
        // In a change null empties: that is not what leaving it out means.
        let change = |more: Value| {
            let mut input = json!({ "id": deal, "expectedVersion": 2, "name": "B", "idempotencyKey": "change" });
            more.as_object().expect("fields").iter().for_each(|(name, value)| input[name] = value.clone());
            input
        };
        cast.admin.mutate("updateDeal", change(json!({})), "__typename").await.payload();
        let other = cast.admin.mutate("updateDeal", change(json!({ "competitor": null })), "__typename").await;
        assert_eq!(other.code(), "IDEMPOTENCY_CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn another_password_is_another_request() {
    each_database(async |world| {
        let cast = world.cast().await;
        let set = async |password: &str| {
            let input = json!({ "id": gid("user", cast.rep.id), "expectedVersion": 1, "password": password, "idempotencyKey": "pw" });
            cast.admin.mutate("setPassword", input, "user { id }").await
        };
        set("lantern orbit velvet canoe").await.payload();
        set("lantern orbit velvet canoe").await.payload();
        assert_eq!(set("marble thunder copper piano").await.code(), "IDEMPOTENCY_CONFLICT");
        let kept = world.rows("SELECT request_hash FROM idempotency_record").await;
        assert_eq!(kept.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn another_mutation_under_the_same_key_is_a_conflict() {
    each_database(async |world| {
        let cast = world.cast().await;
        let team = "mutation { createTeam(input: { name: \"New\", function: SALES }) { team { name } } }";
        let company = "mutation { createCompany(input: { name: \"New\" }) { company { name } } }";
        let batch =
            "mutation { createCompanies(input: { items: [{ name: \"New\" }] }) { results { company { name } } } }";
        let all =
            "mutation { createCompanies(input: { items: [{ name: \"New\" }], atomic: true }) { userErrors { code } } }";
        for (first, others) in [
            (team, [company, batch, all]),
            (batch, [company, team, "mutation { x: createTeams(input: { items: [] }) { userErrors { code } } }"]),
        ] {
            let key = if first == team { "one" } else { "many" };
            keyed(&cast.admin, key, first, json!({})).await.data();
            for other in others {
                let answer = keyed(&cast.admin, key, other, json!({})).await;
                assert_eq!(answer.code(), "IDEMPOTENCY_CONFLICT", "{first} then {other}");
            }
            keyed(&cast.admin, key, first, json!({})).await.data();
        }
        let input = |fields: Value| json!({ "idempotencyKey": "mine", "name": "New", "function": fields });
        cast.admin.mutate("createTeam", input(json!("SALES")), "__typename").await.payload();
        let other = json!({ "idempotencyKey": "mine", "name": "New" });
        assert_eq!(cast.admin.mutate("createCompany", other, "__typename").await.code(), "IDEMPOTENCY_CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_the_same_in_the_header_and_the_input_and_is_no_other() {
    each_database(async |world| {
        let cast = world.cast().await;
        let count = async || world.number("SELECT count(*) FROM company").await;
        let before = count().await;
        let many = |key: &str| json!({ "items": [{ "name": "A" }, { "name": "B" }], "idempotencyKey": key });
        let several = "mutation { a: createTeam(input: { name: \"A\", function: SALES }) { team { id } } \
                       b: createTeam(input: { name: \"B\", function: SALES }) { team { id } } }";
        let teams = keyed(&cast.admin, "K", several, json!({})).await.data().clone();
        // Refused as a whole, not only the item whose key would be the one of the team.
        assert_eq!(cast.admin.mutate("createCompanies", many("K"), "__typename").await.code(), "IDEMPOTENCY_CONFLICT");
        assert_eq!(count().await, before);
        let team = json!({ "name": "A", "function": "SALES", "idempotencyKey": "K" });
        // The header stands for both mutations: one of them alone is something else.
        assert_eq!(cast.admin.mutate("createTeam", team, "team { id }").await.code(), "IDEMPOTENCY_CONFLICT");
        assert_eq!(keyed(&cast.admin, "K", several, json!({})).await.data(), &teams);
        let single = "mutation { createTeam(input: { name: \"S\", function: SALES }) { team { id } } }";
        let made = keyed(&cast.admin, "S", single, json!({})).await.data()["createTeam"]["team"].clone();
        let team = json!({ "name": "S", "function": "SALES", "idempotencyKey": "S" });
        assert_eq!(cast.admin.mutate("createTeam", team, "team { id }").await.payload()["team"], made);

        let payload = "results { company { id } userErrors { code } }";
        let made = cast.admin.mutate("createCompanies", many("L"), payload).await.payload().clone();
        assert_eq!(count().await - before, 2);
        // Keys that are spelled as those of the items and fields could be.
        for (done, key) in ["L/0", "L/1", "L0", "L 1", "K/1", "K1"].into_iter().enumerate() {
            cast.admin.mutate("createCompany", json!({ "name": key, "idempotencyKey": key }), "__typename").await.payload();
            assert_eq!(count().await - before, 3 + i64::try_from(done).expect("few"), "{key}");
        }
        for separator in ["\u{1e}", "\u{1f}"] {
            let key = format!("L{separator}0");
            let refused = cast.admin.mutate("createCompany", json!({ "name": "C", "idempotencyKey": key }), "__typename").await;
            assert_eq!(refused.mistakes(), ["INVALID idempotencyKey"]);
        }
        assert_eq!(cast.admin.mutate("createCompanies", many("L"), payload).await.payload(), &made);
        // Neither are those of the members of a request.
        let company = |name: &str| json!({ "query": format!("mutation {{ createCompany(input: {{ name: \"{name}\" }}) {{ company {{ id }} }} }}") });
        let members = json!([company("M1"), company("M2")]);
        let first = cast.admin.send(members.clone(), &[("idempotency-key", "N")]).await.body;
        let before = count().await;
        let one = cast.admin.mutate("createCompany", json!({ "name": "N", "idempotencyKey": "N/0" }), "__typename").await;
        one.payload();
        assert_eq!(cast.admin.send(members, &[("idempotency-key", "N")]).await.body, first);
        assert_eq!(count().await - before, 1);
        // In one document the second field and the second item have keys of their own.
        let mixed = "mutation { a: createCompanies(input: { items: [{ name: \"X\" }, { name: \"Y\" }] }) { userErrors { code } results { userErrors { code } } } \
                     b: createCompany(input: { name: \"Z\" }) { userErrors { code } } }";
        let before = count().await;
        for _ in 0..2 {
            let answer = keyed(&cast.admin, "M", mixed, json!({})).await;
            assert_eq!(answer.data()["b"]["userErrors"], json!([]));
            assert_eq!(count().await - before, 3);
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_has_up_to_255_characters_on_every_way() {
    each_database(async |world| {
        let cast = world.cast().await;
        let count = async || world.number("SELECT count(*) FROM company").await;
        let companies = "mutation($input: CreateCompaniesInput!) { a_rather_long_alias_of_the_mutation: createCompanies(input: $input) { \
                         results { company { id } } userErrors { code } } }";
        let items = json!({ "input": { "items": [{ "name": "A" }, { "name": "B" }] } });
        let long = |letter: &str, length: usize| letter.repeat(length);
        for length in [1, 190, 255] {
            let before = count().await;
            let (header, wide) = (long("h", length), long("é", length));
            for _ in 0..2 {
                keyed(&cast.admin, &header, companies, items.clone()).await.data();
                for (mutation, input) in [
                    ("createCompany", json!({ "name": "C", "idempotencyKey": wide })),
                    ("createCompanies", json!({ "items": [{ "name": "D" }], "idempotencyKey": long("k", length) })),
                    ("createCompanies", json!({ "items": [{ "name": "E", "idempotencyKey": long("i", length) }] })),
                    ("createCompanies", json!({ "items": [{ "name": "F" }], "atomic": true, "idempotencyKey": long("a", length) })),
                ] {
                    cast.admin.mutate(mutation, input, "__typename").await.payload();
                }
            }
            assert_eq!(count().await - before, 6, "{length} characters: each once");
        }
        let over = json!({ "name": "G", "idempotencyKey": long("k", 256) });
        assert_eq!(cast.admin.mutate("createCompany", over.clone(), "__typename").await.mistakes(), ["TOO_LONG idempotencyKey"]);
        let item = cast.admin.mutate("createCompanies", json!({ "items": [over] }), "results { userErrors { code } }").await;
        assert_eq!(item.payload()["results"][0]["userErrors"], json!([{ "code": "TOO_LONG" }]));
        let header = keyed(&cast.admin, &long("h", 256), companies, items).await;
        assert_eq!(header.code(), "BAD_USER_INPUT");
    })
    .await;
}

#[tokio::test]
async fn under_one_header_a_mutation_has_one_effect_wherever_it_stands() {
    each_database(async |world| {
        let cast = world.cast().await;
        let count = async || world.number("SELECT count(*) FROM company").await;
        let make = |alias: &str, name: &str| {
            format!(
                "{alias}: createCompany(input: {{ name: \"{name}\" }}) {{ company {{ id }} userErrors {{ code }} }}"
            )
        };
        let (f, g) = (make("f", "F"), make("g", "G"));
        let bad = "bad: createCompany(input: { name: \"B\", country: \"Q9\" }) { userErrors { code } }";
        let team = "t: createTeam(input: { name: \"T\", function: SALES }) { userErrors { code } }";
        // Each group begins with what is done; whatever follows is the same to the letter of its inputs, or refused.
        for (at, (first, effects, same, others)) in [
            (
                format!("{{ {f} }}"),
                1,
                vec![
                    format!("{{ __typename {f} }}"),
                    format!("{{ ... on Mutation {{ other: {} }} }}", &f[3..]),
                    format!("{{ {f} {} }}", g.replacen(')', ") @skip(if: true)", 1)),
                ],
                vec![
                    format!("{{ {g} }}"),
                    format!("{{ {team} {f} }}"),
                    format!("{{ {g} {f} }}"),
                    format!("{{ {f} {g} }}"),
                    format!("{{ {f} {} }}", make("h", "F")),
                ],
            ),
            (
                format!("{{ {f} {g} }}"),
                2,
                vec![format!("{{ __typename a: {} b: {} }}", &f[3..], &g[3..])],
                vec![
                    format!("{{ {g} {f} }}"),
                    format!("{{ {f} }}"),
                    format!("{{ {g} }}"),
                    format!("{{ {team} {f} {g} }}"),
                    format!("{{ {f} {} }}", make("h", "H")),
                ],
            ),
            (format!("{{ {bad} {f} }}"), 1, vec![], vec![format!("{{ {f} {bad} }}"), format!("{{ {f} }}")]),
            (format!("{{ {f} {} }}", make("h", "F")), 2, vec![], vec![format!("{{ {f} }}")]),
        ]
        .into_iter()
        .enumerate()
        {
            let key = format!("key {at}");
            let before = count().await;
            let send =
                async |document: &str| keyed(&cast.admin, &key, &format!("mutation {document}"), json!({})).await;
            send(&first).await.data();
            assert_eq!(count().await - before, effects, "{first}");
            for document in [first.clone()].iter().chain(&same) {
                assert!(send(document).await.codes().is_empty(), "{document}");
            }
            for document in &others {
                let codes = send(document).await.codes();
                assert!(
                    !codes.is_empty() && codes.iter().all(|code| code == "IDEMPOTENCY_CONFLICT"),
                    "{first} then {document}: {codes:?}"
                );
            }
            assert_eq!(count().await - before, effects, "{first} is done once");
        }
        assert_eq!(world.number("SELECT count(*) FROM team WHERE name = 'T'").await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_members_of_a_request_are_done_once_wherever_they_stand() {
    each_database(async |world| {
        let cast = world.cast().await;
        let count = async || world.number("SELECT count(*) FROM company").await;
        let make = |name: &str| json!({ "query": "mutation($n: String!) { createCompany(input: { name: $n }) { company { id } } }", "variables": { "n": name } });
        let send = async |key: &str, body: Value| cast.admin.send(body, &[("idempotency-key", key)]).await;
        let before = count().await;
        // An array of one is the request in it.
        let one = send("one", make("A")).await.body;
        assert_eq!(send("one", json!([make("A")])).await.body, json!([one]));
        assert_eq!(count().await - before, 1);
        for others in [json!([make("B"), make("A")]), json!([make("A"), make("B")])] {
            assert_eq!(send("one", others).await.code(), "IDEMPOTENCY_CONFLICT");
        }
        let two = send("two", json!([make("A"), make("B")])).await.body;
        assert_eq!(send("two", json!([make("A"), make("B")])).await.body, two);
        for others in [json!([make("B"), make("A")]), make("A"), json!([make("C"), make("A"), make("B")])] {
            assert_eq!(send("two", others).await.code(), "IDEMPOTENCY_CONFLICT");
        }
        assert_eq!(count().await - before, 3);
    })
    .await;
}
