//! Hand-offs through the front door: from marketing to sales and back, and what marketing learns from it.

use entity::handoff::{self, HandoffStatus};
use entity::lead::LeadStatus;
use entity::{company, contact};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use tests::{Actor, Answer, Cast, World, each_database};
use tributary::access::{Action, Kind, policy};
use uuid::Uuid;

use crate::gid;
use crate::lead::{act, act_on, capture, key, some_lead, stored};

/// The hand-offs of a lead, in their order.
async fn handoffs(world: &World, lead: Uuid) -> Vec<handoff::Model> {
    let rows = handoff::Entity::find().filter(handoff::Column::LeadId.eq(lead));
    rows.order_by_asc(handoff::Column::Id).all(&world.raw).await.expect("a query")
}

/// An MQL of marketing, handed over by the marketer.
async fn handed(world: &World, cast: &Cast, to: Value) -> Uuid {
    let lead = some_lead(world, LeadStatus::Mql, Some(cast.marketer.id), cast.marketing).await;
    act(&cast.marketer, "handOffLead", lead.id, to).await.payload();
    lead.id
}

fn to_rep(cast: &Cast) -> Value {
    json!({ "ownerId": gid("user", cast.rep.id) })
}

fn to_pool(cast: &Cast) -> Value {
    json!({ "teamId": gid("team", cast.north) })
}

async fn acknowledge(actor: &Actor, handoff: Uuid, version: i32, action: Option<&str>) -> Answer {
    let input = json!({ "id": gid("handoff", handoff), "expectedVersion": version, "actionTaken": action });
    actor.mutate("acknowledgeHandoff", input, "handoff { status actionTaken }").await
}

#[tokio::test]
async fn a_lead_goes_from_the_form_to_the_seller() {
    each_database(async |world| {
        let cast = world.cast().await;
        let form = json!({ "contact": { "email": "dora@newco.example" }, "source": "INBOUND" });
        let answer = capture(&cast.marketer, form).await;
        let lead = key(&answer.payload()["lead"]["id"]);
        act(&cast.marketer, "qualifyLead", lead, json!({ "reason": "asked for a quote" })).await.payload();
        assert_eq!(act(&cast.rep, "acceptLead", lead, json!({})).await.code(), "NOT_FOUND", "not handed over yet");
        act(&cast.marketer, "handOffLead", lead, to_rep(&cast)).await.payload();

        let row = stored(&world, lead).await;
        assert_eq!((row.status, row.handed_off_at), (LeadStatus::Mql, Some(world.now())));
        assert_eq!((row.owner_id, row.team_id), (Some(cast.rep.id), Some(cast.north)));
        let [handoff] = handoffs(&world, lead).await.try_into().expect("one hand-off");
        assert_eq!(handoff.status, HandoffStatus::Pending);
        assert_eq!((handoff.from_user_id, handoff.from_team_id), (Some(cast.marketer.id), Some(cast.marketing)));
        assert_eq!((handoff.to_owner_id, handoff.to_team_id), (Some(cast.rep.id), Some(cast.north)));
        assert_eq!(handoff.due_at - handoff.handed_at, chrono::Duration::hours(24));
        // Out of the marketer's hands.
        let update = json!({ "id": gid("lead", lead), "expectedVersion": row.version, "interest": "x" });
        assert_eq!(cast.marketer.mutate("updateLead", update, "lead { id }").await.code(), "FORBIDDEN");

        world.clock.advance(chrono::Duration::minutes(10));
        let off = act(&cast.rep, "acceptLead", lead, json!({ "rating": 6 })).await;
        assert_eq!(off.mistakes(), ["INVALID rating"]);
        let done = act(&cast.rep, "acceptLead", lead, json!({ "rating": 5, "comment": "spot on" })).await;
        assert_eq!(done.payload()["lead"]["status"], "SAL");
        assert_eq!(stored(&world, lead).await.sal_at, Some(world.now()));
        let [handoff] = handoffs(&world, lead).await.try_into().expect("one hand-off");
        assert_eq!((handoff.status, handoff.rating), (HandoffStatus::Accepted, Some(5)));
        assert_eq!((handoff.responded_at, handoff.responded_by_id), (Some(world.now()), Some(cast.rep.id)));
        assert_eq!(act(&cast.rep, "acceptLead", lead, json!({})).await.code(), "CONFLICT");
        // The seller can keep the customer's data from here on.
        let person = contact::Entity::find_by_id(row.contact_id).one(&world.raw).await.unwrap().unwrap();
        assert_eq!((person.owner_id, person.team_id), (Some(cast.rep.id), Some(cast.north)));
        let company = company::Entity::find().one(&world.raw).await.unwrap().unwrap();
        assert_eq!(company.owner_id, Some(cast.rep.id));
    })
    .await;
}

#[tokio::test]
async fn whoever_takes_a_lead_from_the_pool_owns_it() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = handed(&world, &cast, to_pool(&cast)).await;
        assert_eq!(act(&cast.other_rep, "acceptLead", lead, json!({})).await.code(), "NOT_FOUND");
        act(&cast.rep, "acceptLead", lead, json!({})).await.payload();
        assert_eq!(stored(&world, lead).await.owner_id, Some(cast.rep.id));
        // A manager who answers for a seller does not take the lead away.
        let lead = handed(&world, &cast, to_rep(&cast)).await;
        act(&cast.manager, "acceptLead", lead, json!({})).await.payload();
        assert_eq!(stored(&world, lead).await.owner_id, Some(cast.rep.id));
        assert_eq!(handoffs(&world, lead).await[0].responded_by_id, Some(cast.manager.id));
    })
    .await;
}

#[tokio::test]
async fn a_handoff_is_answered_by_whom_it_is_addressed_to() {
    each_database(async |world| {
        let cast = world.cast().await;
        // The other seller wrote the inquiry down, so the lead is in their sight and, as its maker, their own; the hand-off
        // is not.
        let form = json!({
            "contact": { "email": "dora@newco.example" }, "source": "INBOUND",
            "ownerId": gid("user", cast.marketer.id)
        });
        let lead = key(&capture(&cast.other_rep, form).await.payload()["lead"]["id"]);
        act(&cast.marketer, "qualifyLead", lead, json!({ "reason": "good" })).await.payload();
        act(&cast.marketer, "handOffLead", lead, to_rep(&cast)).await.payload();
        for (verb, more) in [("acceptLead", json!({})), ("rejectLead", json!({ "reason": "NO_NEED" }))] {
            assert_eq!(act(&cast.other_rep, verb, lead, more).await.code(), "FORBIDDEN", "{verb}");
        }
        act(&cast.rep, "acceptLead", lead, json!({})).await.payload();
    })
    .await;
}

#[tokio::test]
async fn a_rejected_lead_goes_back_with_a_reason() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = handed(&world, &cast, to_rep(&cast)).await;
        let other = act(&cast.rep, "rejectLead", lead, json!({ "reason": "OTHER" })).await;
        assert_eq!(other.mistakes(), ["REQUIRED comment"]);
        assert_eq!(stored(&world, lead).await.status, LeadStatus::Mql);
        let reason = json!({ "reason": "NO_BUDGET", "comment": "not this year", "rating": 2 });
        let done = act(&cast.rep, "rejectLead", lead, reason).await;
        assert_eq!(done.payload()["lead"], json!(null), "the seller does not see it any more");
        let row = stored(&world, lead).await;
        assert_eq!((row.status, row.recycled_count, row.handed_off_at), (LeadStatus::Nurturing, 1, None));
        assert_eq!((row.owner_id, row.team_id), (Some(cast.marketer.id), Some(cast.marketing)));
        let [handoff] = handoffs(&world, lead).await.try_into().expect("one hand-off");
        assert_eq!((handoff.status, handoff.rating), (HandoffStatus::Rejected, Some(2)));
        let query = format!(
            r#"{{ handoff(id: "{}") {{ reason comment respondedBy {{ name }} }} }}"#,
            gid("handoff", handoff.id)
        );
        let said = json!({ "reason": "NO_BUDGET", "comment": "not this year", "respondedBy": { "name": "Rita" } });
        assert_eq!(cast.marketer.ask(&query).await.data()["handoff"], said);
        assert_eq!(cast.rep.ask(&query).await.data()["handoff"], said, "sales sees its own answer");

        // Once more, and this time for good.
        let first_mql = row.mql_at;
        act(&cast.marketer, "qualifyLead", lead, json!({ "reason": "has a budget now" })).await.payload();
        act(&cast.marketer, "handOffLead", lead, to_pool(&cast)).await.payload();
        let end = json!({ "reason": "DUPLICATE", "to": "DISQUALIFIED" });
        act(&cast.rep, "rejectLead", lead, end).await.payload();
        let row = stored(&world, lead).await;
        assert_eq!((row.status, row.recycled_count), (LeadStatus::Disqualified, 2));
        assert_eq!(row.disqualify_reason.map(|reason| reason.as_str()), Some("DUPLICATE"));
        assert!(row.closed_at.is_some() && (first_mql.is_none() || row.mql_at == first_mql));
        assert_eq!(handoffs(&world, lead).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_recycled_lead_goes_back_to_whom_it_came_from() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = handed(&world, &cast, to_rep(&cast)).await;
        act(&cast.rep, "acceptLead", lead, json!({})).await.payload();
        act(&cast.rep, "recycleLead", lead, json!({ "reason": "BAD_TIMING" })).await.payload();
        let row = stored(&world, lead).await;
        assert_eq!((row.status, row.recycled_count, row.handed_off_at), (LeadStatus::Nurturing, 1, None));
        assert_eq!((row.owner_id, row.team_id), (Some(cast.marketer.id), Some(cast.marketing)));
        assert_eq!(handoffs(&world, lead).await[0].status, HandoffStatus::Accepted, "the answer stands");
    })
    .await;
}

#[tokio::test]
async fn only_a_pending_handoff_is_recalled() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = handed(&world, &cast, to_rep(&cast)).await;
        assert_eq!(act(&cast.marketer, "recallHandoff", lead, json!({})).await.code(), "FORBIDDEN");
        act(&cast.marketing_manager, "recallHandoff", lead, json!({ "reason": "wrong team" })).await.payload();
        let row = stored(&world, lead).await;
        assert_eq!((row.status, row.owner_id), (LeadStatus::Nurturing, Some(cast.marketer.id)));
        assert_eq!(handoffs(&world, lead).await[0].status, HandoffStatus::Recalled);
        assert_eq!(act(&cast.marketing_manager, "recallHandoff", lead, json!({})).await.code(), "CONFLICT");
        let never = some_lead(&world, LeadStatus::Mql, None, cast.marketing).await;
        assert_eq!(act(&cast.marketing_manager, "recallHandoff", never.id, json!({})).await.code(), "CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn a_lead_is_handed_over_once_at_a_time_and_to_sales() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = some_lead(&world, LeadStatus::Mql, Some(cast.marketer.id), cast.marketing).await.id;
        let cases = [
            (json!({}), "REQUIRED ownerId"),
            (json!({ "ownerId": gid("user", cast.marketer.id) }), "NOT_ALLOWED ownerId"),
            (json!({ "ownerId": gid("user", cast.analyst.id) }), "NOT_ALLOWED ownerId"),
            (json!({ "ownerId": gid("user", world.id()) }), "NOT_FOUND ownerId"),
            (json!({ "teamId": gid("team", cast.marketing) }), "NOT_ALLOWED teamId"),
            (json!({ "teamId": gid("team", world.id()) }), "NOT_FOUND teamId"),
            (json!({ "ownerId": gid("user", cast.rep.id), "teamId": gid("team", cast.south) }), "INVALID teamId"),
        ];
        for (to, mistake) in cases {
            assert_eq!(act(&cast.marketer, "handOffLead", lead, to).await.mistakes(), [mistake]);
        }
        assert_eq!(handoffs(&world, lead).await.len(), 0);
        act(&cast.marketer, "handOffLead", lead, to_rep(&cast)).await.payload();
        assert_eq!(act(&cast.marketer, "handOffLead", lead, to_pool(&cast)).await.code(), "CONFLICT");
        // Who would end it here would cut off the answer.
        let end = json!({ "reason": "NO_NEED" });
        assert_eq!(act(&cast.marketer, "disqualifyLead", lead, end.clone()).await.code(), "CONFLICT");
        assert_eq!(act(&cast.rep, "disqualifyLead", lead, end).await.code(), "CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn of_two_answers_at_once_one_counts() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = handed(&world, &cast, to_pool(&cast)).await;
        let version = stored(&world, lead).await.version;
        let accept = act_on(&cast.rep, "acceptLead", lead, version, json!({}));
        let reject = act_on(&cast.manager, "rejectLead", lead, version, json!({ "reason": "NO_NEED" }));
        let (accepted, rejected) = tokio::join!(accept, reject);
        let refused: Vec<_> = accepted.codes().into_iter().chain(rejected.codes()).collect();
        // The later one finds the lead changed, or (a seller whose manager sent it back) out of sight.
        assert!(matches!(refused.as_slice(), [one] if one == "CONFLICT" || one == "NOT_FOUND"), "{refused:?}");
        assert_ne!(handoffs(&world, lead).await[0].status, HandoffStatus::Pending);
        assert_eq!(world.number("SELECT count(*) FROM transition").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_hand_off_opens_one() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = some_lead(&world, LeadStatus::Mql, Some(cast.marketer.id), cast.marketing).await.id;
        let input = json!({ "teamId": gid("team", cast.north), "idempotencyKey": "h-1" });
        let first = act_on(&cast.marketer, "handOffLead", lead, 1, input.clone()).await;
        let again = act_on(&cast.marketer, "handOffLead", lead, 1, input).await;
        assert_eq!(first.payload(), again.payload());
        assert_eq!(handoffs(&world, lead).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_pending_handoff_goes_along_with_its_lead() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = handed(&world, &cast, to_pool(&cast)).await;
        let assign = async |actor: &Actor, to: Uuid| {
            let version = stored(&world, lead).await.version;
            let input = json!({ "id": gid("lead", lead), "expectedVersion": version, "ownerId": gid("user", to) });
            actor.mutate("assignLead", input, "lead { id }").await
        };
        assign(&cast.manager, cast.other_rep.id).await.payload();
        let [handoff] = handoffs(&world, lead).await.try_into().expect("one hand-off");
        assert_eq!((handoff.to_owner_id, handoff.to_team_id), (Some(cast.other_rep.id), Some(cast.south)));
        assert_eq!(assign(&cast.marketing_manager, cast.marketer.id).await.code(), "CONFLICT");
        act(&cast.other_rep, "acceptLead", lead, json!({})).await.payload();
    })
    .await;
}

#[tokio::test]
async fn marketing_acknowledges_what_sales_answered() {
    each_database(async |world| {
        let cast = world.cast().await;
        let lead = handed(&world, &cast, to_rep(&cast)).await;
        let id = handoffs(&world, lead).await[0].id;
        assert_eq!(acknowledge(&cast.marketer, id, 1, None).await.code(), "CONFLICT", "nothing was answered");
        act(&cast.rep, "rejectLead", lead, json!({ "reason": "NO_AUTHORITY" })).await.payload();
        assert_eq!(acknowledge(&cast.marketer, id, 1, None).await.code(), "CONFLICT", "stale");
        let inbox =
            r#"{ handoffs(filter: { status: { eq: REJECTED }, acknowledgedAt: { isNull: true } }) { totalCount } }"#;
        assert_eq!(cast.marketer.ask(inbox).await.data()["handoffs"]["totalCount"], 1);
        let done = acknowledge(&cast.marketer, id, 2, Some("asks for the role now")).await;
        assert_eq!(done.payload()["handoff"], json!({ "status": "REJECTED", "actionTaken": "asks for the role now" }));
        assert_eq!(cast.marketer.ask(inbox).await.data()["handoffs"]["totalCount"], 0);
        assert_eq!(acknowledge(&cast.marketer, id, 3, None).await.code(), "CONFLICT", "once");
        let row = &handoffs(&world, lead).await[0];
        assert_eq!((row.acknowledged_at, row.acknowledged_by_id), (Some(world.now()), Some(cast.marketer.id)));
    })
    .await;
}

#[tokio::test]
async fn acknowledging_is_for_marketing() {
    each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        for actor in cast.roles() {
            let role = actor.role.expect("a role");
            if policy::reach(Kind::Handoff, Action::Acknowledge, role).is_none() {
                let code = acknowledge(actor, story.their_handoff, 1, None).await.code();
                let sees = !matches!(role, tributary::access::Role::SalesRep);
                assert_eq!(code, if sees { "FORBIDDEN" } else { "NOT_FOUND" }, "{role:?}");
            }
        }
        assert_eq!(acknowledge(&cast.rep, story.my_handoff, 1, None).await.code(), "FORBIDDEN");
        let other = world.team("Brand", entity::team::TeamFunction::Marketing, None).await;
        let colleague = world.person("Bea", tributary::access::Role::Marketer, Some(other)).await;
        assert_eq!(acknowledge(&colleague, story.their_handoff, 1, None).await.code(), "FORBIDDEN", "another team's");
        acknowledge(&cast.marketing_manager, story.their_handoff, 1, None).await.payload();
    })
    .await;
}
