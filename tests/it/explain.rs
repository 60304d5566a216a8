//! The queries of the load scenarios use an index wherever the table is large. The statements are those that the service
//! really runs, and so are their values.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::Duration;
use entity::{activity, campaign, company, contact, deal, event, lead, refresh_token, touchpoint};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use serde_json::{Value, json};
use tests::{Actor, Cast, World, row};
use uuid::Uuid;

use crate::gid;

/// Rows of a large table: so many that reading all of them is never the cheapest way to a few.
const ROWS: usize = 12_000;

/// A plan may throw so many rows away.
const SOME: f64 = 500.0;

/// The large tables.
const LARGE: [&str; 8] = ["activity", "company", "contact", "deal", "event", "lead", "refresh_token", "touchpoint"];

/// The scenarios of `tests/load`: documents with their variables, and who asks.
fn scenarios(cast: &Cast, ids: &Ids) -> Vec<(&'static str, &'static str, Actor, Value)> {
    let activity = json!({ "input": {
        "kind": "CALL", "subject": "Called", "direction": "OUTBOUND", "outcome": "REACHED", "dealId": gid("deal", ids.deal),
    } });
    let capture = json!({ "input": {
        "contact": { "firstName": "Lo", "lastName": "Ad", "email": "lo@fresh.example", "phone": "+49123456789" },
        "company": { "name": "Fresh", "domain": "fresh.example" },
        "source": "CAMPAIGN",
        "touch": { "kind": "FORM_SUBMISSION", "channel": "WEBSITE", "campaignId": gid("campaign", ids.campaign) },
    } });
    let (admin, manager, integration) = (&cast.admin, &cast.manager, &cast.integration);
    vec![
        (
            "point read",
            include_str!("../load/queries/point_read.graphql"),
            admin.clone(),
            json!({ "id": gid("deal", ids.deal) }),
        ),
        ("list of 50", include_str!("../load/queries/list_of_50.graphql"), admin.clone(), Value::Null),
        ("four levels", include_str!("../load/queries/four_levels.graphql"), admin.clone(), Value::Null),
        ("deals by stage", include_str!("../load/queries/deals_by_stage.graphql"), admin.clone(), Value::Null),
        ("leads by month", include_str!("../load/queries/leads_by_month.graphql"), admin.clone(), Value::Null),
        (
            "lists by name",
            "{ companies(first: 50, orderBy: [{ field: NAME }]) { nodes { name } } \
               down: companies(first: 50, orderBy: [{ field: NAME, direction: DESC }]) { nodes { name } } \
               deals(first: 50, orderBy: [{ field: NAME }]) { nodes { name } } \
               contacts(first: 50, orderBy: [{ field: LAST_NAME }]) { nodes { lastName } } \
               whole: contacts(first: 50, orderBy: [{ field: DISPLAY_NAME }]) { nodes { displayName } } }",
            admin.clone(),
            Value::Null,
        ),
        (
            "a name",
            "{ companies(filter: { name: { eq: \"Company 7\" } }) { nodes { id } totalCount } \
               deals(filter: { name: { in: [\"Deal 7\", \"Deal 8\"] } }) { nodes { id } } \
               contacts(filter: { lastName: { eq: \"Ada\" } }) { nodes { id } } }",
            admin.clone(),
            Value::Null,
        ),
        ("activity", include_str!("../load/queries/log_activity.graphql"), manager.clone(), activity),
        ("capture", include_str!("../load/queries/capture_lead.graphql"), integration.clone(), capture),
    ]
}

/// What the scenarios are about.
struct Ids {
    campaign: Uuid,
    deal: Uuid,
}

/// Fills the large tables.
async fn fill(world: &World, cast: &Cast) -> Ids {
    let story = world.story(cast).await;
    let at = |place: usize| world.now() - Duration::minutes(i64::try_from(place).expect("small"));
    let campaigns: Vec<_> = (0..40)
        .map(|place| row!(world, campaign { code: format!("campaign-{place}"), name: format!("Campaign {place}") }))
        .collect();
    let (mut companies, mut contacts, mut touches, mut deals, mut leads, mut activities, mut events, mut tokens) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for place in 0..ROWS {
        let company = company::Model {
            created_at: at(place),
            ..row!(world, company { name: format!("Company {place}"), domain: Some(format!("c{place}.example")) })
        };
        let contact = contact::Model {
            created_at: at(place),
            ..row!(
                world,
                contact {
                    email: Some(format!("p@c{place}.example")),
                    phone: Some(format!("+4930{place:07}")),
                    company_id: Some(company.id),
                }
            )
        };
        let campaign = Some(campaigns[place % campaigns.len()].id);
        let converted = place % 4 == 0;
        let deal = deal::Model {
            created_at: at(place),
            ..row!(
                world,
                deal {
                    name: format!("Deal {place}"),
                    company_id: Some(company.id),
                    owner_id: Some(cast.rep.id),
                    pipeline_id: story.pipeline,
                    stage_id: story.open_stage,
                    currency: "EUR".to_owned(),
                    amount_minor: Some(1_000),
                }
            )
        };
        let status = if converted { lead::LeadStatus::Converted } else { lead::LeadStatus::New };
        leads.push(lead::Model {
            created_at: at(place),
            ..row!(
                world,
                lead {
                    contact_id: contact.id,
                    company_id: Some(company.id),
                    source_campaign_id: campaign,
                    status: status,
                    deal_id: converted.then_some(deal.id),
                }
            )
        });
        touches.push(touchpoint::Model {
            id: world.id(),
            created_at: at(place),
            occurred_at: at(place),
            contact_id: Some(contact.id),
            campaign_id: campaign,
            ..touchpoint::Model::default()
        });
        activities.push(activity::Model {
            created_at: at(place),
            ..row!(
                world,
                activity { subject: format!("Call {place}"), deal_id: Some(deal.id), team_id: Some(cast.sales) }
            )
        });
        events.push(event::Model {
            seq: i64::try_from(place).expect("small") + 1_000_000,
            id: world.id(),
            at: at(place),
            action: "x".to_owned(),
            subject_type: "DEAL".to_owned(),
            subject_id: deal.id,
            changes: json!({}),
            ..event::Model::default()
        });
        let id = world.id();
        tokens.push(refresh_token::Model {
            id,
            user_id: cast.analyst.id,
            family_id: world.id(),
            token_hash: id.to_string(),
            created_at: at(place),
            expires_at: world.now(),
            ..refresh_token::Model::default()
        });
        companies.push(company);
        contacts.push(contact);
        deals.push(deal);
    }
    let ids = Ids { campaign: campaigns[0].id, deal: deals[0].id };
    let system = world.app.store().system();
    let tx = system.begin("prepare").await.expect("a transaction");
    system.load(&tx, &campaigns).await.expect("they fit");
    system.load(&tx, &companies).await.expect("they fit");
    system.load(&tx, &contacts).await.expect("they fit");
    system.load(&tx, &deals).await.expect("they fit");
    system.load(&tx, &leads).await.expect("they fit");
    system.load(&tx, &touches).await.expect("they fit");
    system.load(&tx, &activities).await.expect("they fit");
    system.load(&tx, &events).await.expect("they fit");
    for chunk in tokens.chunks(1_000) {
        system.put::<refresh_token::Entity>(&tx, chunk).await.expect("they fit");
    }
    tx.commit().await.expect("they are there");
    world.execute(if world.is_postgres() { "VACUUM ANALYZE" } else { "ANALYZE" }).await;
    ids
}

/// How plans are looked at.
pub struct Eyes<'a> {
    /// The large tables.
    large: &'a [&'a str],
    /// How PostgreSQL plans.
    settings: &'a str,
    /// How it is asked: for its plan, or for what came of it.
    explain: &'a str,
}

impl<'a> Eyes<'a> {
    /// As servers with solid-state disks are set: the tables of a test are too small to tell the difference.
    const SERVER: Eyes<'static> =
        Eyes { large: &LARGE, settings: "SET LOCAL random_page_cost = 1.1", explain: "EXPLAIN (FORMAT JSON) " };

    /// As the transactions of an import are set.
    pub fn of_an_import(large: &'a [&'a str]) -> Self {
        Self { large, settings: "SET LOCAL enable_seqscan = off", explain: "EXPLAIN (ANALYZE, FORMAT JSON) " }
    }
}

/// The steps of a plan that read a whole large table, in the database's words.
pub async fn full_reads(world: &World, statement: &Statement, eyes: &Eyes<'_>) -> Vec<String> {
    let explain = if world.is_postgres() { eyes.explain } else { "EXPLAIN QUERY PLAN " };
    let text = format!("{explain}{}", statement.sql);
    let asked = Statement { sql: text, values: statement.values.clone(), db_backend: statement.db_backend };
    let look = world.raw.begin().await.expect("a transaction");
    if world.is_postgres() {
        look.execute_unprepared(eyes.settings).await.expect("it can be set");
    }
    let rows = look.query_all_raw(asked).await.unwrap_or_else(|error| panic!("{}: {error}", statement.sql));
    if world.is_postgres() {
        let plan: Value = rows[0].try_get_by_index(0).expect("a plan");
        let mut found = Vec::new();
        walk(&plan[0]["Plan"], eyes.large, &mut found);
        return found;
    }
    let steps = rows.iter().map(|row| row.try_get_by_index::<String>(3).expect("a step"));
    steps
        .filter(|step| {
            step.strip_prefix("SCAN ")
                .is_some_and(|rest| !rest.contains(" USING ") && is_large(rest, &statement.sql, eyes.large))
        })
        .collect()
}

/// On SQLite a step names the alias of the table.
fn is_large(step: &str, sql: &str, large: &[&str]) -> bool {
    let alias = step.split(' ').next().unwrap_or_default();
    large.iter().any(|table| {
        *table == alias
            || sql.contains(&format!(" {table} {alias} "))
            || sql.contains(&format!("\"{table}\" AS \"{alias}\""))
    })
}

/// On PostgreSQL reading a whole table is a sequential scan, or a walk along an index that throws rows away.
fn walk(plan: &Value, tables: &[&str], found: &mut Vec<String>) {
    let large = plan["Relation Name"].as_str().is_some_and(|table| tables.contains(&table));
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    let sieve = kind == "Index Scan" && plan.get("Index Cond").is_none() && plan.get("Filter").is_some();
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    let thrown_away = number("Rows Removed by Filter") * number("Actual Loops");
    if large && (kind == "Seq Scan" || sieve || thrown_away > SOME) {
        found.push(format!("{kind} on {}: {}", plan["Relation Name"], plan["Filter"]));
    }
    plan["Plans"].as_array().into_iter().flatten().for_each(|inner| walk(inner, tables, found));
}

/// Looks at plans only: writes have none worth looking at, and the numbers of events come from a row.
fn is_planned(statement: &Statement) -> bool {
    statement.sql.starts_with("SELECT") || statement.sql.starts_with("WITH") || statement.sql.starts_with("UPDATE")
}

/// The statements that run from now on.
pub fn watch(world: &World) -> Arc<Mutex<Vec<Statement>>> {
    let run: Arc<Mutex<Vec<Statement>>> = Arc::default();
    let seen = Arc::clone(&run);
    let watcher = move |statement: &Statement| seen.lock().expect("unpoisoned").push(statement.clone());
    world.app.store().database().watch(Box::new(watcher));
    run
}

#[tokio::test]
async fn no_scenario_reads_a_whole_large_table() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let ids = fill(&world, &cast).await;
        let run = watch(&world);
        let mut wrong = BTreeSet::new();
        for (name, document, actor, variables) in scenarios(&cast, &ids) {
            run.lock().expect("unpoisoned").clear();
            let answer = actor.run(document, variables).await;
            let payload = answer.data().as_object().and_then(|data| data.values().next());
            assert!(
                payload.is_some_and(|payload| payload.get("userErrors").is_none_or(|errors| *errors == json!([]))),
                "{name}: {}",
                answer.body
            );
            let statements = run.lock().expect("unpoisoned").clone();
            assert!(statements.len() > 1, "{name} runs statements besides that for the viewer");
            for statement in statements.iter().filter(|statement| is_planned(statement)) {
                for step in full_reads(&world, statement, &Eyes::SERVER).await {
                    wrong.insert(format!("{name}: {step}\n    {}", statement.sql));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    })
    .await;
}

#[tokio::test]
async fn postgres_looks_into_every_table_however_small() {
    tests::on_postgres(async |world| {
        let sql = "SELECT COUNT(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' \
                   AND NOT coalesce('autovacuum_analyze_threshold=1' = ANY(reloptions), false)";
        assert_eq!(world.number(sql).await, 0);
    })
    .await;
}

/// Which index is best for a filtered page of a whole table depends on the values, so the planner has to see them, and must
/// not know the limit, or it would take a plan for all values. Rows of given parents are found by those, whatever else.
#[tokio::test]
async fn the_planner_of_postgres_sees_what_a_page_is_narrowed_by() {
    tests::each_database(async |world| {
        if !world.is_postgres() {
            return;
        }
        let cast = world.cast().await;
        world.story(&cast).await;
        let run = watch(&world);
        let of = async |actor: &Actor, document: &str, table: &str| {
            run.lock().expect("unpoisoned").clear();
            actor.ask(document).await.data();
            let statements = run.lock().expect("unpoisoned").clone();
            let found = statements.into_iter().find(|statement| statement.sql.contains(&format!(" FROM {table} t0")));
            found.expect("the statement").sql
        };
        let all = of(&cast.admin, "{ deals(first: 5) { nodes { name } } }", "deal").await;
        assert!(all.ends_with(" LIMIT 6"), "{all}");
        for (actor, document) in [
            (&cast.admin, "{ deals(first: 5, filter: { status: { eq: WON } }) { nodes { name } } }"),
            (&cast.rep, "{ deals(first: 5) { nodes { name } } }"),
        ] {
            let narrowed = of(actor, document, "deal").await;
            assert!(narrowed.contains(" LIMIT $") && !narrowed.contains("(SELECT $"), "{narrowed}");
        }
        let below = "{ campaigns { nodes { leads(first: 5, filter: { status: { eq: NEW } }) { nodes { status } } } } }";
        let below = of(&cast.admin, below, "lead").await;
        assert!(below.contains(" LIMIT 6") && below.contains(" = (SELECT $"), "{below}");
    })
    .await;
}
