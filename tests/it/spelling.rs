//! One spelling of a person, a company, a text, whichever way it comes in.

use axum::http::Request;
use entity::company;
use serde_json::{Value, json};
use tests::inputs::{Inputs, SESSIONS};
use tests::{Actor, Answer, World, each_database, on_sqlite, row};
use tributary::schema::GRAPH;
use tributary::spelling::fold;
use tributary::store::descriptor::Source;

/// Control characters that no text may hold.
const CONTROLS: [&str; 6] = ["\0", "\u{1}", "\u{7f}", "\u{85}", "\u{1b}", "a\rb"];

async fn capture(actor: &Actor, input: Value) -> Answer {
    let fields =
        "outcome contact { id email phone firstName lastName preferredLanguage company { id name domain country } }";
    actor.mutate("captureLead", input, fields).await
}

/// Every way of writing finds the contact that the first one made.
async fn one_person(actor: &Actor, ways: &[Value]) -> Value {
    let mut first: Option<Value> = None;
    for way in ways {
        let answer = capture(actor, json!({ "source": "INBOUND", "contact": way })).await;
        let contact = answer.payload()["contact"].clone();
        let first = first.get_or_insert(contact.clone());
        assert_eq!(first["id"], contact["id"], "{way} is somebody else: {contact} and not {first}");
    }
    first.expect("a way")
}

#[tokio::test]
async fn one_person_however_the_number_is_written() {
    each_database(async |world| {
        let cast = world.cast().await;
        let ways = [
            "+49 151 1234567",
            "+49 (0)151 1234567",
            "0049-151-1234567",
            "tel:+491511234567",
            "\u{202a}+49 151/1234567\u{202c}",
        ];
        let ways: Vec<_> = ways.iter().map(|phone| json!({ "phone": phone })).collect();
        assert_eq!(one_person(&cast.marketer, &ways).await["phone"], "+491511234567");
        let inside = [json!({ "phone": "+49 30 123456 ext. 12" }), json!({ "phone": "tel:+49-30-123456;ext=12" })];
        assert_eq!(one_person(&cast.marketer, &inside).await["phone"], "+4930123456;ext=12");
        for phone in ["+0000000", "0151 1234567", "+49"] {
            let refused = capture(&cast.marketer, json!({ "source": "INBOUND", "contact": { "phone": phone } })).await;
            assert!(
                !refused.codes().is_empty() || refused.mistakes() == ["INVALID contact.phone"],
                "{phone}: {:#}",
                refused.body
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_national_number_is_one_of_the_country_of_the_company() {
    each_database(async |world| {
        let cast = world.cast().await;
        let input = json!({ "source": "INBOUND", "contact": { "phone": "020 7946 0958" }, "company": { "name": "Corp", "country": "gb" } });
        let contact = capture(&cast.marketer, input).await.payload()["contact"].clone();
        assert_eq!((&contact["phone"], &contact["company"]["country"]), (&json!("+442079460958"), &json!("GB")));
        let company = &contact["company"]["id"];
        let made = cast.admin.mutate("createContact", json!({ "companyId": company, "phone": "(020) 7946 0959" }), "contact { id version phone }").await;
        let made = &made.payload()["contact"];
        assert_eq!(made["phone"], "+442079460959");
        let input = json!({ "id": made["id"], "expectedVersion": made["version"], "phone": "020 7946 0960" });
        let moved = cast.admin.mutate("updateContact", input, "contact { phone }").await;
        assert_eq!(moved.payload()["contact"]["phone"], "+442079460960");
        let nowhere = cast.admin.mutate("createContact", json!({ "phone": "020 7946 0958" }), "contact { id }").await;
        assert_eq!(nowhere.mistakes(), ["INVALID phone"]);
    })
    .await;
}

#[tokio::test]
async fn one_person_and_one_company_however_the_address_is_written() {
    each_database(async |world| {
        let cast = world.cast().await;
        let ways = [
            "info@müller.example",
            "info@xn--mller-kva.example",
            "INFO@MU\u{308}LLER.example",
            "mailto:info@müller.example?subject=Hi",
            "\u{200b}in\u{ad}fo@müller.example\u{feff}",
            "Info <info@müller.example>",
        ];
        let ways: Vec<_> = ways.iter().map(|email| json!({ "email": email })).collect();
        let contact = one_person(&cast.marketer, &ways).await;
        assert_eq!(
            (&contact["email"], &contact["company"]["domain"]),
            (&json!("info@müller.example"), &json!("müller.example"))
        );
        let hindi = one_person(
            &cast.marketer,
            &[json!({ "email": "संपर्क@हिन्दी.भारत" }), json!({ "email": "संपर्क@xn--j2bd4cyah0f.xn--h2brj9c" })],
        )
        .await;
        assert_eq!(hindi["email"], "संपर्क@हिन्दी.भारत");
        let found = cast
            .admin
            .run(
                "query($e: String!) { contacts(filter: { email: { in: [$e] } }) { totalCount } }",
                json!({ "e": "info@müller.example" }),
            )
            .await;
        assert_eq!(found.data()["contacts"]["totalCount"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_mail_service_or_a_public_suffix_is_no_company() {
    each_database(async |world| {
        let cast = world.cast().await;
        for email in ["a@yahoo.com.au", "a@hotmail.be", "a@outlook.it", "a@list.ru", "a@mailinator.com", "a@x.mailinator.com", "a@co.uk", "a@github.io"] {
            let contact = one_person(&cast.marketer, &[json!({ "email": email })]).await;
            assert_eq!(contact["company"], Value::Null, "{email}");
        }
        let mail = one_person(&cast.marketer, &[json!({ "email": "a@mail.corp.co.uk" })]).await;
        let corp = one_person(&cast.marketer, &[json!({ "email": "b@corp.co.uk" })]).await;
        assert_eq!((&mail["company"]["domain"], &mail["company"]["id"]), (&json!("corp.co.uk"), &corp["company"]["id"]));
        let told = json!({ "source": "INBOUND", "contact": { "email": "c@gmail.com" }, "company": { "domain": "https://www.shop.corp.co.uk/about" } });
        assert_eq!(capture(&cast.marketer, told).await.payload()["contact"]["company"]["id"], corp["company"]["id"]);
        let suffix = cast.admin.mutate("createCompany", json!({ "name": "x", "domain": "co.uk" }), "company { id }").await;
        assert!(!suffix.codes().is_empty() || suffix.mistakes() == ["INVALID domain"], "{:#}", suffix.body);
        let service = cast.admin.mutate("createCompany", json!({ "name": "x", "domain": "www.yahoo.com.au" }), "company { id }").await;
        assert_eq!(service.mistakes(), ["NOT_ALLOWED domain"]);
    })
    .await;
}

#[tokio::test]
async fn an_odd_report_of_a_tracker_never_costs_the_lead() {
    each_database(async |world| {
        let cast = world.cast().await;
        let at = world.now() + chrono::Duration::seconds(1);
        let touch = json!({
            "kind": "FORM_SUBMISSION", "channel": "WEBSITE", "occurredAt": at, "url": "HTTPS://Shop.example/{{page}}?utm_campaign={{campaign.name}}",
            "referrer": "android-app://com.google.android.gm/",
        });
        let input = json!({
            "source": "INBOUND", "touch": touch,
            "contact": { "email": "a@b.example", "preferredLanguage": "de_DE" }, "company": { "name": "B", "country": "de" },
        });
        let contact = capture(&cast.marketer, input).await.payload()["contact"].clone();
        assert_eq!((&contact["preferredLanguage"], &contact["company"]["country"]), (&json!("de-DE"), &json!("DE")));
        let odd = json!({ "kind": "FORM_SUBMISSION", "channel": "WEBSITE", "url": "(not set)", "referrer": "javascript:alert(1)" });
        capture(&cast.marketer, json!({ "source": "INBOUND", "touch": odd, "contact": { "email": "a@b.example" } })).await.payload();
        let document = "{ touchpoints(orderBy: [{ field: CREATED_AT }, { field: ID }]) { nodes { occurredAt url referrer } } }";
        let touches = cast.admin.ask(document).await;
        let expected = json!([
            { "occurredAt": "2026-03-01T09:00:00Z", "url": "https://shop.example/%7B%7Bpage%7D%7D?utm_campaign={{campaign.name}}", "referrer": "android-app://com.google.android.gm/" },
            { "occurredAt": "2026-03-01T09:00:00Z", "url": null, "referrer": null },
        ]);
        assert_eq!(touches.data()["touchpoints"]["nodes"], expected);
        let later = json!({ "kind": "PAGE_VIEW", "visitorKey": "v", "occurredAt": world.now() + chrono::Duration::seconds(301) });
        let later = cast.marketer.mutate("recordTouchpoint", json!({ "touchpoint": later }), "touchpoint { id }").await;
        assert_eq!(later.mistakes(), ["INVALID touchpoint.occurredAt"]);
    })
    .await;
}

#[tokio::test]
async fn a_name_is_what_can_be_seen_of_it() {
    each_database(async |world| {
        let cast = world.cast().await;
        let person = json!({ "email": "a@b.example", "firstName": " Mu\u{308}\u{200b}ller \u{a0} Jr.", "lastName": "\u{200b}\u{2060}" });
        let contact = one_person(&cast.marketer, &[person]).await;
        assert_eq!((&contact["firstName"], &contact["lastName"]), (&json!("Müller Jr."), &Value::Null));
        for (name, mistake) in [("\u{200b}\u{feff}", "REQUIRED name"), ("Acme\u{202e}exe.", "INVALID name")] {
            let made = cast.admin.mutate("createCompany", json!({ "name": name }), "company { id }").await;
            assert_eq!(made.mistakes(), [mistake], "{name:?}");
        }
        let person = json!({ "source": "INBOUND", "contact": { "email": "b@b.example", "firstName": "A\u{202e}b" } });
        assert_eq!(capture(&cast.marketer, person).await.mistakes(), ["INVALID contact.firstName"]);
    })
    .await;
}

/// The refusal of a text: one coded error, and not ours.
#[track_caller]
fn refused(answer: &Answer, what: &str) {
    let has_mistakes = |one: &Value| one["userErrors"].as_array().is_some_and(|mistakes| !mistakes.is_empty());
    let mistaken = answer.body["data"].as_object().is_some_and(|data| {
        data.values().any(|one| {
            has_mistakes(one) || one["results"].as_array().is_some_and(|results| results.iter().any(has_mistakes))
        })
    });
    let codes = answer.codes();
    assert!(
        mistaken || codes.iter().all(|code| code == "BAD_USER_INPUT") && !codes.is_empty(),
        "{what}: {:#}",
        answer.body
    );
}

#[tokio::test]
async fn no_text_of_any_input_holds_control_characters() {
    on_sqlite(async |world| {
        let (cast, inputs) = (world.cast().await, Inputs::read());
        let story = world.story(&cast).await;
        for mutation in inputs.mutations() {
            let sample = if SESSIONS.contains(&mutation) {
                json!({})
            } else {
                inputs.sample(&world, &cast, &story, mutation).await.input
            };
            for place in inputs.places(mutation) {
                if ["Int", "Boolean", "Float", "Long"].contains(&place.ty.as_str())
                    || !inputs.choices(&place.ty).is_empty()
                {
                    continue;
                }
                for control in CONTROLS {
                    let fitting = inputs.fitting(&place.ty, place.name());
                    let text = format!("{}{control}", fitting.as_str().unwrap_or("x"));
                    let input = inputs.with(mutation, &sample, &place, json!(text));
                    for actor in [&cast.admin, &world.stranger()] {
                        // Each touch of a report is judged for itself.
                        let fields = if mutation == "recordTouchpoints" {
                            "results { userErrors { code } }"
                        } else {
                            "__typename"
                        };
                        let answer = actor.mutate(mutation, input.clone(), fields).await;
                        let unknown = answer.codes() == ["UNAUTHENTICATED"];
                        if !(actor.role.is_none() && unknown) {
                            refused(&answer, &format!("{mutation} {:?} {text:?}", place.path));
                        }
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn no_text_of_any_question_holds_control_characters() {
    each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        for control in CONTROLS {
            let written = serde_json::to_string(&format!("a{control}zzz")).expect("JSON").replace("\u{7f}", "\\u007f").replace("\u{85}", "\\u0085");
            for document in [
                format!("{{ companies(filter: {{ name: {{ contains: {written} }} }}) {{ totalCount }} }}"),
                format!("{{ companies(filter: {{ or: [{{ domain: {{ in: [{written}] }} }}] }}) {{ totalCount }} }}"),
                format!("{{ deal(id: {written}) {{ id }} }}"),
                format!("{{ node(id: {written}) {{ id }} }}"),
                format!("{{ deals(after: {written}) {{ totalCount }} }}"),
                format!("{{ deals {{ groupBy(by: [{{ field: CREATED_AT }}], timeZone: {written}) {{ count }} }} }}"),
                format!("query($t: String = {written}) {{ companies(filter: {{ name: {{ eq: $t }} }}) {{ totalCount }} }}"),
                format!("{{ companies(filter: {{ contacts: {{ some: {{ lastName: {{ startsWith: {written} }} }} }} }}) {{ nodes {{ id }} }} }}"),
            ] {
                for actor in [&cast.admin, &world.stranger()] {
                    refused(&actor.ask(&document).await, &document);
                }
            }
            let text = format!("a{control}zzz");
            let document = "query($t: [String!]!) { companies(filter: { name: { in: $t } }) { totalCount } }";
            let answer = cast.admin.run(document, json!({ "t": ["ok", text] })).await;
            refused(&answer, document);
            assert!(answer.body["errors"][0]["message"].as_str().expect("words").contains("$t.1"), "{:#}", answer.body);
            let named = cast.admin.send(json!({ "query": "query A { viewer { role } }", "operationName": text }), &[]).await;
            refused(&named, "operationName");
        }
        for key in ["\u{1}", "a\u{7f}", "ä"] {
            let Ok(value) = axum::http::HeaderValue::from_bytes(key.as_bytes()) else { continue };
            let request = Request::post("/graphql").header("content-type", "application/json").header("idempotency-key", value);
            let body = json!({ "query": "mutation { createTeam(input: { name: \"x\" }) { userErrors { code } } }" });
            refused(&cast.admin.exchange(request, body.to_string()).await, "the header Idempotency-Key");
        }
    })
    .await;
}

#[tokio::test]
async fn one_company_however_its_letters_are_written() {
    each_database(async |world| {
        let cast = world.cast().await;
        let mut ids = Vec::new();
        for (email, name) in
            [("a@gmail.com", "Ärzte GmbH"), ("b@gmail.com", "ÄRZTE  GMBH"), ("c@gmail.com", "A\u{308}rzte\u{a0}gmbh")]
        {
            let input = json!({ "source": "INBOUND", "contact": { "email": email }, "company": { "name": name } });
            ids.push(capture(&cast.marketer, input).await.payload()["contact"]["company"]["id"].clone());
        }
        assert_eq!((&ids[0], &ids[0]), (&ids[1], &ids[2]));
        let input =
            json!({ "source": "INBOUND", "contact": { "email": "d@gmail.com" }, "company": { "name": "Arzte GmbH" } });
        assert_ne!(capture(&cast.marketer, input).await.payload()["contact"]["company"]["id"], ids[0], "accents count");
    })
    .await;
}

/// The names of the companies that pass a filter, in the order of their names, by pages of two.
async fn names(actor: &Actor, filter: Value, direction: &str) -> Vec<String> {
    let document = "query($filter: CompanyFilter, $at: String, $direction: OrderDirection!) { companies(first: 2, after: $at, filter: $filter, \
                    orderBy: [{ field: NAME, direction: $direction }]) { nodes { name } pageInfo { hasNextPage endCursor } } }";
    let (mut names, mut at) = (Vec::new(), Value::Null);
    loop {
        let answer = actor.run(document, json!({ "filter": filter, "at": at, "direction": direction })).await;
        let page = &answer.data()["companies"];
        let nodes = page["nodes"].as_array().expect("rows").iter();
        names.extend(nodes.map(|node| node["name"].as_str().expect("a name").to_owned()));
        if page["pageInfo"]["hasNextPage"] != json!(true) {
            return names;
        }
        at = page["pageInfo"]["endCursor"].clone();
    }
}

#[tokio::test]
async fn names_are_sorted_and_searched_as_people_do() {
    each_database(async |world| {
        let cast = world.cast().await;
        let sorted = ["abel", "Adler", "Ångström", "Ärzte", "École", "Straße", "Zimmer"];
        for name in ["Zimmer", "Ärzte", "abel", "Straße", "Adler", "École", "Ångström"] {
            cast.admin.mutate("createCompany", json!({ "name": name }), "company { id }").await.payload();
        }
        assert_eq!(names(&cast.admin, Value::Null, "ASC").await, sorted);
        assert_eq!(names(&cast.admin, Value::Null, "DESC").await, sorted.iter().rev().copied().collect::<Vec<_>>());
        for (test, found) in [
            (json!({ "contains": "RZTE" }), vec!["Ärzte"]),
            (json!({ "contains": "arzte" }), vec!["Ärzte"]),
            (json!({ "contains": "ÄRZ" }), vec!["Ärzte"]),
            (json!({ "startsWith": "ecole" }), vec!["École"]),
            (json!({ "startsWith": "A" }), vec!["abel", "Adler", "Ångström", "Ärzte"]),
            (json!({ "contains": "STRASSE" }), vec!["Straße"]),
            (json!({ "eq": "Ärzte" }), vec!["Ärzte"]),
            (json!({ "eq": "A\u{308}rzte" }), vec!["Ärzte"]),
            (json!({ "contains": "%" }), vec![]),
        ] {
            assert_eq!(names(&cast.admin, json!({ "name": test }), "ASC").await, found, "{test}");
        }
        // A renamed row moves to its new place.
        let found =
            cast.admin.ask("{ companies(filter: { name: { eq: \"Zimmer\" } }) { nodes { id version } } }").await;
        let zimmer = &found.data()["companies"]["nodes"][0];
        let input = json!({ "id": zimmer["id"], "expectedVersion": zimmer["version"], "name": "Äbte" });
        cast.admin.mutate("updateCompany", input, "company { id }").await.payload();
        assert_eq!(names(&cast.admin, Value::Null, "ASC").await[..2], ["abel", "Äbte"]);
    })
    .await;
}

/// Companies loaded as they are, at one moment, so that nothing but names and ids tells them apart.
async fn load(world: &World, names: impl Iterator<Item = String>) {
    let rows: Vec<_> = names.map(|name| row!(world, company { name })).collect();
    let system = world.app.store().system();
    let tx = system.begin("test").await.expect("a transaction");
    system.load(&tx, &rows).await.expect("the rows fit");
    tx.commit().await.expect("they are there");
}

#[tokio::test]
async fn odd_names_are_sorted_alike_and_each_is_found_by_itself() {
    const ODD: [&str; 24] = [
        "10",
        "9",
        "2",
        "abel",
        "Abel",
        "Ärzte",
        "A\u{308}rzte",
        "straße",
        "Strasse",
        "ıstanbul",
        "İstanbul",
        "istanbul",
        "ΣΊΣΥΦΟΣ",
        "σίσυφος",
        "ＡＣＭＥ",
        "acme",
        "Москва",
        "москва",
        "日本",
        "中国",
        "😀",
        "\u{1F469}\u{200d}\u{1F680}",
        "Łódź",
        "ﬁn",
    ];
    each_database(async |world| {
        let cast = world.cast().await;
        load(&world, ODD.iter().map(|name| (*name).to_owned())).await;
        let mut sorted: Vec<_> = ODD.iter().map(|name| (*name).to_owned()).collect();
        // The ids rise in the order of the rows, and break ties.
        sorted.sort_by_key(|name| fold::sorted(name));
        assert_eq!(names(&cast.admin, Value::Null, "ASC").await, sorted);
        sorted.reverse();
        let descending = names(&cast.admin, Value::Null, "DESC").await;
        assert_eq!(
            descending.iter().map(|name| fold::sorted(name)).collect::<Vec<_>>(),
            sorted.iter().map(|name| fold::sorted(name)).collect::<Vec<_>>()
        );
        for name in ODD {
            for test in ["contains", "startsWith"] {
                for asked in [name.to_owned(), name.to_uppercase()] {
                    let found = names(&cast.admin, json!({ "name": { test: asked } }), "ASC").await;
                    assert!(found.iter().any(|one| one == name), "{test} {asked}: {found:?}");
                }
            }
        }
        for (asked, found) in
            [("lodz", "Łódź"), ("FIN", "ﬁn"), ("МОСК", "москва"), ("σισυφοσ", "ΣΊΣΥΦΟΣ"), ("acm", "ＡＣＭＥ")]
        {
            let all = names(&cast.admin, json!({ "name": { "contains": asked } }), "ASC").await;
            assert!(all.iter().any(|one| one == found), "{asked}: {all:?}");
        }
        // What is less and greater is so in the order of the list.
        let found = names(&cast.admin, json!({ "name": { "gte": "ab", "lt": "AC" } }), "ASC").await;
        assert_eq!(found, ["abel", "Abel"]);
        let groups = cast
            .admin
            .ask("{ companies(filter: { name: { lt: \"c\" } }) { groupBy(by: [{ field: NAME }]) { key { name } } } }")
            .await;
        let groups = groups.data()["companies"]["groupBy"].as_array().expect("groups").clone();
        let groups: Vec<_> = groups.iter().map(|group| group["key"]["name"].as_str().expect("a name")).collect();
        assert!(groups.is_sorted_by_key(|name| fold::sorted(name)) && groups.contains(&"Ärzte"), "{groups:?}");
    })
    .await;
}

/// Letters that no database presses together, each of three bytes.
fn long(characters: u32, from: u32) -> String {
    (0..characters).map(|at| char::from_u32(0x4e00 + (at * 7_919 + from) % 20_000).expect("a letter")).collect()
}

#[tokio::test]
async fn long_texts_are_kept_sorted_searched_and_matched() {
    each_database(async |world| {
        let cast = world.cast().await;
        let (one, other) = (long(10_000, 1), long(9_999, 1) + "x");
        load(&world, [one.clone(), other.clone()].into_iter()).await;
        for name in [&one, &other] {
            assert_eq!(names(&cast.admin, json!({ "name": { "eq": name } }), "ASC").await, std::slice::from_ref(name));
            assert_eq!(names(&cast.admin, json!({ "name": { "in": [name] } }), "ASC").await, std::slice::from_ref(name));
        }
        assert_eq!(names(&cast.admin, json!({ "name": { "contains": "X" } }), "DESC").await, [other]);
        let keys = world.number("SELECT COUNT(DISTINCT name_key) FROM company WHERE length(name_key) = 64").await;
        assert_eq!(keys, 2, "what they are matched by tells them apart");
        let answer = cast.admin.mutate("createCompany", json!({ "name": one }), "company { id }").await;
        assert_eq!(answer.body["data"]["createCompany"]["userErrors"][0]["code"], "TOO_LONG");
        let input = json!({ "source": "INBOUND", "contact": { "email": "e@gmail.com" }, "interest": one });
        capture(&cast.marketer, input).await.payload();
        let found = cast.admin.ask("{ leads(filter: { interest: { contains: \"\u{4e01}\" } }, orderBy: [{ field: INTEREST }]) { totalCount pageInfo { endCursor } } }").await;
        assert_eq!(found.data()["leads"]["totalCount"], 1);
        world.assert_keys().await;
    })
    .await;
}

#[tokio::test]
async fn keys_are_in_no_event_and_in_no_schema() {
    each_database(async |world| {
        let cast = world.cast().await;
        let made = cast.admin.mutate("createCompany", json!({ "name": "Ärzte" }), "company { id version }").await;
        let company = &made.payload()["company"];
        let input = json!({ "id": company["id"], "expectedVersion": company["version"], "name": "Äbte" });
        cast.admin.mutate("updateCompany", input, "company { id }").await.payload();
        let events = "{ companies { nodes { events { nodes { changes { field } } } } } }";
        let events = cast.admin.ask(events).await.data().to_string();
        assert!(events.contains("\"name\"") && !events.contains("ort\"") && !events.contains("olded"), "{events}");
        assert_eq!(
            world.number("SELECT COUNT(*) FROM event WHERE CAST(changes AS text) LIKE '%name\\_%' ESCAPE '\\'").await,
            0
        );
        for of in GRAPH.all() {
            for key in &of.keys {
                let known =
                    of.fields.iter().any(|field| matches!(field.source, Source::Column(name) if name == key.column));
                assert!(!known, "{}.{} is a field", of.table, key.column);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn keys_of_rows_that_were_there_before_are_worked_out_at_the_start() {
    each_database(async |world| {
        let cast = world.cast().await;
        for name in ["Zimmer", "Ärzte", "abel"] {
            cast.admin.mutate("createCompany", json!({ "name": name }), "company { id }").await.payload();
        }
        // More than one step of them.
        load(&world, (0..2_300).map(|number| format!("Öl {number}"))).await;
        let none = if world.is_postgres() { "''::bytea" } else { "x''" };
        let forget = format!("UPDATE company SET name_sort = {none}, name_key = NULL, name_folded = NULL");
        world.execute(&forget).await;
        world.execute("UPDATE setting SET value = 'older' WHERE key = 'text_keys'").await;
        let again = world.again(&[]).await;
        let admin = again.sign_in(cast.admin.id, tributary::access::Role::Admin).await;
        assert_eq!(names(&admin, json!({ "name": { "contains": "ärz" } }), "ASC").await, ["Ärzte"]);
        assert_eq!(world.number("SELECT COUNT(*) FROM company WHERE name_key = 'ärzte'").await, 1);
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM company WHERE name_sort = {none}")).await, 0);
        world.execute("DELETE FROM company WHERE name LIKE 'Öl%'").await;
        assert_eq!(names(&admin, Value::Null, "ASC").await, ["abel", "Ärzte", "Zimmer"]);

        // A start that was ended goes on behind the last row that it came to.
        let rows = world.rows("SELECT id FROM company ORDER BY id").await;
        let first: uuid::Uuid = rows[0].try_get_by_index(0).expect("an id");
        world.execute(&forget).await;
        world.execute(&format!("UPDATE setting SET value = value || ' company {first}' WHERE key = 'text_keys'")).await;
        world.again(&[]).await;
        assert_eq!(world.number("SELECT COUNT(*) FROM company WHERE name_key IS NULL").await, 1);
        assert_eq!(world.number("SELECT COUNT(*) FROM setting WHERE key = 'text_keys' AND value LIKE '% %'").await, 0);
    })
    .await;
}

#[tokio::test]
async fn every_text_of_postgres_is_compared_by_its_bytes() {
    tests::on_postgres(async |world| {
        let sql = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = current_schema() \
                   AND data_type IN ('character varying', 'text') AND collation_name IS DISTINCT FROM 'C'";
        assert_eq!(world.number(sql).await, 0);
    })
    .await;
}
