//! Who is at the same thing at the same moment: each is answered as if the other had come first, and nothing is lost.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Actor, each_database};

const ROUNDS: usize = 4;

/// Which row each item of several answers stands for, by what it was asked for; all of them agree. How many were new.
fn agreed(answers: &[(&[Value], &Value)], row: &str, already: &str) -> (BTreeMap<String, String>, usize) {
    let (mut rows, mut new) = (BTreeMap::new(), 0);
    for (asked, payload) in answers {
        let results = payload["results"].as_array().expect("results");
        assert_eq!(results.len(), asked.len(), "{payload:#}");
        for (asked, result) in asked.iter().zip(results) {
            assert_eq!(result["userErrors"], json!([]), "{payload:#}");
            let id = result[row]["id"].as_str().expect("an id").to_owned();
            new += usize::from(result[already] == false);
            assert_eq!(rows.entry(asked.to_string()).or_insert_with(|| id.clone()), &id);
        }
    }
    (rows, new)
}

async fn contacts(actor: &Actor, count: usize) -> Vec<Value> {
    let items: Vec<_> = (0..count).map(|at| json!({ "lastName": format!("N{at}") })).collect();
    let made = actor.mutate("createContacts", json!({ "items": items }), "results { contact { id } }").await;
    made.payload()["results"].as_array().expect("results").iter().map(|one| one["contact"]["id"].clone()).collect()
}

async fn campaign(actor: &Actor, code: &str) -> Value {
    let input =
        json!({ "name": code, "code": code, "objective": "AWARENESS", "channel": "WEBINAR", "horizon": "SHORT_TERM" });
    actor.mutate("createCampaign", input, "campaign { id }").await.payload()["campaign"]["id"].clone()
}

#[tokio::test]
async fn the_same_touches_reported_at_once_are_recorded_once_each_whatever_their_order() {
    each_database(async |world| {
        let cast = world.cast().await;
        let contacts = contacts(&cast.marketer, 4).await;
        const FIELDS: &str = "results { alreadyRecorded touchpoint { id } userErrors { code message } }";
        for round in 0..ROUNDS {
            let touch = |at: usize| {
                json!({ "kind": "CALL", "contactId": contacts[at % 4], "visitorKey": "v", "sourceSystem": format!("pbx{}", at % 2),
                        "externalId": format!("{round} {at}") })
            };
            let touches: Vec<_> = (0..40).map(touch).collect();
            let turned: Vec<_> = touches.iter().rev().cloned().collect();
            let orders = [&touches, &turned, &touches, &turned];
            let report = async |touches: &Vec<Value>| {
                cast.marketer.mutate("recordTouchpoints", json!({ "touchpoints": touches }), FIELDS).await.payload().clone()
            };
            let one = async |touch: &Value| {
                cast.marketer.mutate("recordTouchpoint", json!({ "touchpoint": touch }), "alreadyRecorded").await.payload().clone()
            };
            let (many, single) = tokio::join!(join_all(orders.map(report)), join_all(touches[..4].iter().map(one)));
            let answers: Vec<_> = orders.iter().zip(&many).map(|(asked, payload)| (asked.as_slice(), payload)).collect();
            let (rows, new) = agreed(&answers, "touchpoint", "alreadyRecorded");
            let single = single.iter().filter(|payload| payload["alreadyRecorded"] == false).count();
            assert_eq!((rows.len(), new + single), (40, 40));
        }
        assert_eq!(world.number("SELECT count(*) FROM touchpoint").await, 40 * ROUNDS as i64);
    })
    .await;
}

#[tokio::test]
async fn an_audience_filled_by_several_at_once_has_everybody_once() {
    each_database(async |world| {
        let cast = world.cast().await;
        let people = contacts(&cast.marketer, 60).await;
        const FIELDS: &str = "results { alreadyMember member { id } userErrors { code message } }";
        for round in 0..ROUNDS {
            let campaign = campaign(&cast.marketer, &format!("c{round}")).await;
            let mut lists = [people[..40].to_vec(), people[10..50].to_vec(), people[20..].to_vec()];
            lists[1].reverse();
            lists[2].rotate_left(17);
            let add = async |list: &Vec<Value>| {
                let input = json!({ "campaignId": campaign, "contactIds": list });
                cast.marketer.mutate("addCampaignMembers", input, FIELDS).await.payload().clone()
            };
            let done = join_all(lists.iter().map(add)).await;
            let answers: Vec<_> = lists.iter().zip(&done).map(|(asked, payload)| (asked.as_slice(), payload)).collect();
            let (rows, new) = agreed(&answers, "member", "alreadyMember");
            assert_eq!((rows.len(), new), (60, 60));
        }
        assert_eq!(world.number("SELECT count(*) FROM campaign_member").await, 60 * ROUNDS as i64);
    })
    .await;
}

#[tokio::test]
async fn the_lead_of_a_form_is_never_lost_to_what_others_do_at_that_moment() {
    each_database(async |world| {
        let cast = world.cast().await;
        let campaign = campaign(&cast.marketer, "form").await;
        for round in 0..ROUNDS {
            let known = cast.marketer.mutate("createContact", json!({ "email": format!("k{round}@form.example") }), "contact { id }");
            let known = known.await.payload()["contact"]["id"].clone();
            let emails: Vec<_> = (0..5).map(|at| format!("p{at}x{round}@form.example")).chain([format!("k{round}@form.example")]).collect();
            let touch = |email: &str| json!({ "kind": "FORM_SUBMISSION", "channel": "EMAIL", "sourceSystem": "web", "externalId": email });
            let capture = async |at: usize| {
                let email = &emails[at % emails.len()];
                let input = json!({ "contact": { "email": email, "lastName": "Form" }, "source": "INBOUND", "touch": touch(email),
                                    "sourceCampaignId": campaign, "company": { "name": "Form" } });
                let answer = cast.marketer.mutate("captureLead", input, "outcome lead { id } contact { id }").await;
                answer.payload()["lead"]["id"].as_str().expect("a lead").to_owned()
            };
            // The same persons, company, touches and members on other ways.
            let create = async |email: &String| {
                cast.marketer.mutate("createContact", json!({ "email": email }), "contact { id }").await.outcome().clone()
            };
            let company = async || cast.marketer.mutate("createCompany", json!({ "name": "Form", "domain": "form.example" }), "company { id }").await;
            let add = async || {
                let input = json!({ "campaignId": campaign, "contactIds": [known] });
                cast.marketer.mutate("addCampaignMembers", input, "results { member { id } }").await.payload().clone()
            };
            let record = async || {
                let touch = json!({ "kind": "FORM_SUBMISSION", "contactId": known, "sourceSystem": "web", "externalId": emails[5] });
                cast.marketer.mutate("recordTouchpoint", json!({ "touchpoint": touch }), "touchpoint { id }").await.payload().clone()
            };
            let update = async || {
                let input = json!({ "id": known, "expectedVersion": 1, "jobTitle": "CTO" });
                cast.marketer.mutate("updateContact", input, "contact { id }").await
            };
            let captures = join_all((0..24).map(capture));
            let (leads, ..) =
                tokio::join!(captures, join_all(emails.iter().map(create)), company(), add(), record(), update());
            let distinct: std::collections::BTreeSet<_> = leads.iter().collect();
            assert_eq!(distinct.len(), emails.len(), "one open lead a person");
        }
        assert_eq!(world.number("SELECT count(*) FROM contact").await, 6 * ROUNDS as i64);
        assert_eq!(world.number("SELECT count(*) FROM lead").await, 6 * ROUNDS as i64);
        assert_eq!(world.number("SELECT count(*) FROM touchpoint").await, 6 * ROUNDS as i64);
        assert_eq!(world.number("SELECT count(*) FROM campaign_member").await, 6 * ROUNDS as i64);
    })
    .await;
}

#[tokio::test]
async fn whole_batches_that_change_the_same_rows_in_opposite_orders_all_come_through() {
    each_database(async |world| {
        let cast = world.cast().await;
        let row =
            |at: usize, name: String| json!({ "sourceSystem": "erp", "externalId": format!("{at}"), "name": name });
        let put = async |turn: usize| {
            let mut items: Vec<_> = (0..20).map(|at| row(at, format!("of {turn}"))).collect();
            if turn % 2 == 1 {
                items.reverse();
            }
            let input = json!({ "items": items, "atomic": true });
            let answer = cast
                .admin
                .mutate("upsertCompanies", input, "results { company { id } userErrors { code message } }")
                .await;
            for result in answer.payload()["results"].as_array().expect("results") {
                assert_eq!(result["userErrors"], json!([]), "{:#}", answer.body);
            }
        };
        join_all((0..4).map(put)).await;
        assert_eq!(world.number("SELECT count(*) FROM company WHERE source_system = 'erp'").await, 20);
        assert_eq!(
            world.number("SELECT count(DISTINCT name) FROM company WHERE source_system = 'erp'").await,
            1,
            "one came last"
        );
    })
    .await;
}

/// How many of the answers were done; the others were refused for the state of things.
fn done(answers: &[tests::Answer]) -> usize {
    let refused = |answer: &&tests::Answer| answer.codes() == ["CONFLICT"];
    let refusals = answers.iter().filter(refused).count();
    let done = answers.iter().filter(|answer| answer.codes().is_empty() && answer.mistakes().is_empty()).count();
    assert_eq!(done + refusals, answers.len());
    done
}

#[tokio::test]
async fn of_two_who_take_away_the_last_two_stages_of_a_kind_one_is_refused() {
    each_database(async |world| {
        let cast = world.cast().await;
        for round in 0..ROUNDS {
            let name = format!("Line {round}");
            let made = cast.admin.mutate("createPipeline", json!({ "name": name }), "pipeline { id }").await;
            let pipeline = made.payload()["pipeline"]["id"].clone();
            let second = json!({ "pipelineId": pipeline, "name": "Gone", "category": "LOST" });
            cast.admin.mutate("createStage", second, "stage { id }").await.payload();
            let query = "query($id: ID!) { pipeline(id: $id) { stages(filter: { category: { eq: LOST } }) { nodes { id version } } } }";
            let lost = cast.admin.run(query, json!({ "id": pipeline })).await;
            let lost = lost.data()["pipeline"]["stages"]["nodes"].as_array().cloned().expect("stages");
            assert_eq!(lost.len(), 2);
            let remove = async |stage: &Value| {
                let input = json!({ "id": stage["id"], "expectedVersion": stage["version"] });
                cast.admin.mutate("deleteStage", input, "stage { id }").await
            };
            let answers = join_all(lost.iter().map(remove)).await;
            assert_eq!(done(&answers), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn many_who_bring_people_into_a_deal_at_once_leave_one_primary() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let people = contacts(&cast.rep, 12).await;
        world.execute("DELETE FROM deal_contact").await;
        let deal = crate::gid("deal", story.my_deal);
        let join = async |(at, person): (usize, &Value)| {
            let mut input = json!({ "dealId": deal, "contactId": person, "role": "CHAMPION" });
            // Some want to be it, some become it because they are the first.
            if at % 3 == 0 {
                input["isPrimary"] = json!(true);
            }
            let made = cast.rep.mutate("createDealContact", input, "dealContact { id version }").await;
            let part = made.payload()["dealContact"].clone();
            let input = json!({ "id": part["id"], "expectedVersion": part["version"], "isPrimary": true });
            cast.rep.mutate("updateDealContact", input, "dealContact { id }").await
        };
        let answers = join_all(people.iter().enumerate().map(join)).await;
        assert!(done(&answers) > 0);
        assert_eq!(world.number("SELECT count(*) FROM deal_contact").await, 12);
        assert_eq!(world.number("SELECT count(*) FROM deal_contact WHERE is_primary").await, 1);
    })
    .await;
}

#[tokio::test]
async fn lines_that_are_added_to_a_deal_at_once_all_count() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let deal = crate::gid("deal", story.my_deal);
        let add = async |at: usize| {
            let price = json!({ "amount": format!("{}", at + 1), "currency": "EUR" });
            let input = json!({ "dealId": deal, "description": "Work", "quantity": "1", "unitPrice": price });
            cast.rep.mutate("createLineItem", input, "lineItem { id }").await
        };
        let answers = join_all((0..8).map(add)).await;
        assert_eq!(done(&answers), 8);
        assert_eq!(world.number("SELECT count(DISTINCT position) FROM line_item").await, 9);
        let amount = format!("SELECT amount_minor FROM deal WHERE id = {}", world.literal(story.my_deal));
        assert_eq!(world.number(&amount).await, 500_000 + 3_600);
        let version = format!("SELECT CAST(version AS bigint) FROM deal WHERE id = {}", world.literal(story.my_deal));
        assert_eq!(world.number(&version).await, 1 + 8, "one change of the deal a line");
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_into_the_audience_of_a_campaign_that_ends_at_that_moment() {
    each_database(async |world| {
        let cast = world.cast().await;
        let people = contacts(&cast.marketer, 8).await;
        for round in 0..ROUNDS {
            let campaign = campaign(&cast.marketer, &format!("end{round}")).await;
            let launch = json!({ "id": campaign, "expectedVersion": 1 });
            cast.marketing_manager.mutate("launchCampaign", launch, "campaign { id }").await.payload();
            let add = async |person: &Value| {
                let input = json!({ "campaignId": campaign, "contactIds": [person] });
                cast.marketer.mutate("addCampaignMembers", input, "results { member { id } }").await
            };
            let end = json!({ "id": campaign, "expectedVersion": 2, "reason": "enough" });
            let end = cast.marketing_manager.mutate("completeCampaign", end, "campaign { id }");
            let (added, end) = tokio::join!(join_all(people.iter().map(add)), end);
            end.payload();
            done(&added);
        }
        let late = "SELECT count(*) FROM campaign_member m JOIN event made ON made.subject_id = m.id \
            JOIN event ended ON ended.subject_id = m.campaign_id AND ended.action = 'completeCampaign' \
            WHERE made.seq > ended.seq";
        assert_eq!(world.number(late).await, 0);
    })
    .await;
}
