//! The demo company is complete, consistent and the same every time, and people of the trade believe it.

/// All rows of a table.
macro_rules! all {
    ($world:ident, $table:ident) => {
        $table::Entity::find().all(&$world.raw).await.expect("rows")
    };
}

mod credible;
mod market;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

use chrono::Duration;
use entity::attribution_credit as credit;
use entity::{
    activity, campaign, campaign_member, company, contact, deal, deal_contact, event, exchange_rate, handoff, lead,
    line_item, pipeline, product, stage, team, touchpoint, transition, user,
};
use sea_orm::{EntityTrait, QueryOrder};
use tests::World;
use tributary::access::{Role, password};
use tributary::demo;
use tributary::error::Code;
use uuid::Uuid;

#[tokio::test]
async fn the_demo_company_is_consistent_and_the_same_all_day() {
    let prints = Mutex::new(Vec::new());
    let kept = async |world: World| {
        let users = seed(&world).await;
        let printed = print(&world).await;
        prints.lock().expect("prints").push(printed);
        sizes(&world).await;
        world.assert_keys().await;
        the_log_is_whole(&world).await;
        leads_are_consistent(&world).await;
        deals_are_consistent(&world).await;
        campaigns_and_activities_are_consistent(&world).await;
        nothing_is_in_the_future(&world).await;
        crate::model::invariants::hold(&world, "seeding").await;
        market::is_credible(&world).await;
        credible::is_credible(&world).await;
        credits_add_up(&world).await;
        commands_have_nothing_to_mend(&world).await;
        users_can_sign_in_and_see_different_things(&world, &users).await;
        a_second_time_is_refused(&world).await;
    };
    // One world at a time: all at once would be a lot for a small machine.
    tests::on_sqlite(async |world| kept(world).await).await;
    tests::on_postgres(async |world| {
        world.clock.advance(Duration::hours(14));
        kept(world).await;
    })
    .await;
    if prints.lock().expect("prints").len() == 1 {
        tests::on_sqlite(async |world| {
            world.clock.advance(Duration::hours(14));
            seed(&world).await;
            let printed = print(&world).await;
            prints.lock().expect("prints").push(printed);
        })
        .await;
    }
    let prints = prints.into_inner().expect("prints");
    assert_eq!(prints.len(), 2);
    assert_eq!(prints[0], prints[1], "the same day, the same data: at any hour and on any database");
}

async fn seed(world: &World) -> Vec<demo::DemoUser> {
    demo::seed(&world.app.store().system(), None, &|_| {}).await.expect("it loads")
}

/// All rows, all columns (a password's hash is never serialised, and its salt is the one thing that differs).
async fn print(world: &World) -> BTreeMap<&'static str, (usize, u64)> {
    let mut prints = BTreeMap::new();
    macro_rules! tables {
        ($($table:ident by $order:ident,)*) => {
            $({
                let rows = $table::Entity::find().order_by_asc($table::Column::$order).all(&world.raw).await;
                let mut hasher = DefaultHasher::new();
                let rows = rows.expect("rows");
                for row in &rows {
                    serde_json::to_string(row).expect("json").hash(&mut hasher);
                }
                prints.insert(stringify!($table), (rows.len(), hasher.finish()));
            })*
        };
    }
    tables! {
        user by Id, team by Id, exchange_rate by Id, pipeline by Id, stage by Id, campaign by Id, company by Id,
        contact by Id, touchpoint by Id, campaign_member by Id, deal by Id, lead by Id, handoff by Id,
        deal_contact by Id, product by Id, line_item by Id, activity by Id, transition by Id, credit by Id, event by Seq,
    }
    prints
}

async fn none(world: &World, what: &str, sql: &str) {
    assert_eq!(world.number(sql).await, 0, "{what}");
}

async fn sizes(world: &World) {
    for (table, low, high) in [
        ("app_user", 14, 16),
        ("campaign", 12, 25),
        ("company", 700, 900),
        ("contact", 2_600, 3_500),
        ("lead", 2_600, 3_500),
        ("touchpoint", 8_000, 12_000),
        ("deal", 600, 850),
        ("product", 10, 10),
        ("line_item", 1_000, 2_400),
        ("activity", 5_000, 8_000),
        ("handoff", 1_500, 3_000),
    ] {
        let rows = world.number(&format!("SELECT COUNT(*) FROM {table}")).await;
        assert!((low..=high).contains(&rows), "{table}: {rows}");
    }
    for (what, sql) in [
        ("states of leads", "SELECT COUNT(DISTINCT status) - 7 FROM lead"),
        ("states of hand-offs", "SELECT COUNT(DISTINCT status) - 4 FROM handoff"),
        ("roles", "SELECT COUNT(DISTINCT role) - 7 FROM app_user"),
        ("currencies", "SELECT COUNT(DISTINCT currency) - 3 FROM deal"),
        ("stages with open deals", "SELECT COUNT(DISTINCT stage_id) - 6 FROM deal WHERE status = 'OPEN'"),
    ] {
        none(world, what, sql).await;
    }
    assert!(world.number("SELECT COUNT(*) FROM touchpoint WHERE contact_id IS NULL").await > 500, "anonymous touches");
    let unattributed = "SELECT COUNT(DISTINCT deal_id) FROM attribution_credit WHERE touchpoint_id IS NULL";
    assert!(world.number(unattributed).await > 5, "revenue without a touch");
}

async fn the_log_is_whole(world: &World) {
    let count = world.number("SELECT COUNT(*) FROM event").await;
    assert!(count > 50_000);
    assert_eq!(world.number("SELECT MIN(seq) FROM event").await, 1);
    assert_eq!(world.number("SELECT MAX(seq) FROM event").await, count, "no gaps");
    assert_eq!(world.number("SELECT value FROM event_sequence").await, count, "the counter goes on from there");
    for table in [
        "app_user",
        "team",
        "exchange_rate",
        "pipeline",
        "stage",
        "campaign",
        "company",
        "contact",
        "campaign_member",
        "deal",
        "lead",
        "handoff",
        "deal_contact",
        "product",
        "line_item",
        "activity",
    ] {
        let sql = format!(
            "SELECT COUNT(*) FROM {table} t LEFT JOIN (SELECT subject_id, COUNT(*) AS changes, MAX(at) AS last \
             FROM event GROUP BY subject_id) e ON e.subject_id = t.id \
             WHERE e.changes IS NULL OR e.changes <> t.version OR e.last <> t.updated_at"
        );
        none(world, &format!("an event for every version of every {table}"), &sql).await;
    }
    for (table, kind) in [("touchpoint", "TOUCHPOINT"), ("transition", "TRANSITION")] {
        let sql = format!(
            "SELECT COUNT(*) FROM {table} t WHERE NOT EXISTS \
             (SELECT 1 FROM event e WHERE e.subject_type = '{kind}' AND e.subject_id = t.id)"
        );
        none(world, &format!("an event for every {table}"), &sql).await;
    }
    let unordered = "SELECT COUNT(*) FROM (SELECT at, LAG(at) OVER (ORDER BY seq) AS before FROM event) e \
                     WHERE e.at < e.before";
    none(world, "events in the order of time", unordered).await;
}

async fn leads_are_consistent(world: &World) {
    for (what, sql) in [
        (
            "moments in order",
            "SELECT COUNT(*) FROM lead WHERE mql_at < created_at OR sal_at < coalesce(mql_at, created_at) \
             OR sql_at < sal_at OR converted_at < sql_at OR closed_at < created_at",
        ),
        (
            "moments that fit the state",
            "SELECT COUNT(*) FROM lead WHERE (status = 'MQL' AND mql_at IS NULL) OR (status = 'SAL' AND sal_at IS NULL) \
             OR (status = 'SQL' AND sql_at IS NULL) OR (status = 'CONVERTED') <> (converted_at IS NOT NULL) \
             OR (status IN ('CONVERTED', 'DISQUALIFIED')) <> (closed_at IS NOT NULL) \
             OR (status = 'DISQUALIFIED') <> (disqualify_reason IS NOT NULL) \
             OR (status = 'NEW' AND (mql_at IS NOT NULL OR handed_off_at IS NOT NULL))",
        ),
        (
            "only sales' own leads skip marketing",
            "SELECT COUNT(*) FROM lead WHERE sal_at IS NOT NULL AND mql_at IS NULL AND source <> 'OUTBOUND'",
        ),
        (
            "at most one open lead per contact",
            "SELECT COUNT(*) FROM (SELECT contact_id FROM lead WHERE status NOT IN ('CONVERTED', 'DISQUALIFIED') \
             GROUP BY contact_id HAVING COUNT(*) > 1) twice",
        ),
        (
            "leads and deals point at each other",
            "SELECT COUNT(*) FROM lead LEFT JOIN deal ON deal.id = lead.deal_id WHERE lead.deal_id IS NOT NULL \
             AND (deal.lead_id IS NULL OR deal.company_id <> lead.company_id OR deal.created_at > lead.converted_at \
             OR deal.closed_at < lead.converted_at OR (deal.lead_id = lead.id AND deal.created_at <> lead.converted_at))",
        ),
        (
            "a pending hand-off belongs to a lead that was handed off",
            "SELECT COUNT(*) FROM handoff JOIN lead ON lead.id = handoff.lead_id WHERE handoff.status = 'PENDING' \
             AND (lead.status <> 'MQL' OR lead.handed_off_at IS NULL OR lead.handed_off_at <> handoff.handed_at)",
        ),
        (
            "answers are complete",
            "SELECT COUNT(*) FROM handoff WHERE (status IN ('ACCEPTED', 'REJECTED')) <> (responded_at IS NOT NULL) \
             OR (status = 'REJECTED') <> (reason IS NOT NULL) OR (reason = 'OTHER' AND comment IS NULL) \
             OR responded_at < handed_at OR acknowledged_at < responded_at",
        ),
        (
            "rejections are counted",
            "SELECT COUNT(*) FROM lead WHERE recycled_count < \
             (SELECT COUNT(*) FROM handoff WHERE handoff.lead_id = lead.id AND handoff.status = 'REJECTED')",
        ),
    ] {
        none(world, what, sql).await;
    }
    for (subject, state) in [("lead", "status"), ("campaign", "status"), ("deal", "status"), ("deal", "stage_id")] {
        let column = if state == "status" { "state" } else { "stage_id" };
        let steps = format!(
            "SELECT {subject}_id AS subject, from_{column} AS a, to_{column} AS b, \
             LAG(to_{column}) OVER (PARTITION BY {subject}_id ORDER BY at, id) AS before, \
             ROW_NUMBER() OVER (PARTITION BY {subject}_id ORDER BY at DESC, id DESC) AS back \
             FROM transition WHERE {subject}_id IS NOT NULL"
        );
        let broken = format!(
            "SELECT COUNT(*) FROM ({steps}) s WHERE coalesce(s.a <> s.before, (s.a IS NULL) <> (s.before IS NULL))"
        );
        none(world, &format!("every step of a {subject} begins where the one before ended"), &broken).await;
        let last = format!(
            "SELECT COUNT(*) FROM {subject} LEFT JOIN ({steps}) s ON s.subject = {subject}.id AND s.back = 1 \
             WHERE s.b IS NULL OR s.b <> {subject}.{state}"
        );
        none(world, &format!("the last step of a {subject} is where it stands"), &last).await;
    }
}

async fn deals_are_consistent(world: &World) {
    for (what, sql) in [
        (
            "a deal is what its stage is, in its pipeline",
            "SELECT COUNT(*) FROM deal JOIN stage ON stage.id = deal.stage_id \
             WHERE stage.category <> deal.status OR stage.pipeline_id <> deal.pipeline_id",
        ),
        (
            "one primary contact",
            "SELECT COUNT(*) FROM deal WHERE 1 <> (SELECT COUNT(*) FROM deal_contact c \
             WHERE c.deal_id = deal.id AND c.is_primary)",
        ),
        (
            "contacts join once",
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM deal_contact GROUP BY deal_id, contact_id \
             HAVING COUNT(*) > 1) twice",
        ),
        (
            "contacts are known when they join",
            "SELECT COUNT(*) FROM deal_contact p JOIN contact c ON c.id = p.contact_id WHERE c.created_at > p.created_at",
        ),
        (
            "only won deals have revenue",
            "SELECT COUNT(*) FROM deal WHERE (status = 'WON') <> (base_amount_minor > 0) \
             OR (status = 'WON') <> (rate_date IS NOT NULL)",
        ),
        ("closed after it began", "SELECT COUNT(*) FROM deal WHERE closed_at < created_at"),
        (
            "the lead of a deal was converted into it",
            "SELECT COUNT(*) FROM deal JOIN lead ON lead.id = deal.lead_id WHERE lead.deal_id IS NULL \
             OR lead.deal_id <> deal.id",
        ),
        (
            "from the campaign of its lead",
            "SELECT COUNT(*) FROM deal JOIN lead ON lead.id = deal.lead_id WHERE deal.company_id <> lead.company_id \
             OR coalesce(deal.source_campaign_id <> lead.source_campaign_id, \
             (deal.source_campaign_id IS NULL) <> (lead.source_campaign_id IS NULL))",
        ),
        ("one default pipeline", "SELECT COUNT(*) - 1 FROM pipeline WHERE is_default"),
    ] {
        none(world, what, sql).await;
    }
    let rates = exchange_rate::Entity::find().all(&world.raw).await.expect("rates");
    for deal in deal::Entity::find().all(&world.raw).await.expect("deals") {
        let (Some(amount), Some(base), Some(day)) = (deal.amount_minor, deal.base_amount_minor, deal.rate_date) else {
            continue;
        };
        let closed_on = deal.closed_at.expect("closed").date_naive();
        if deal.currency == "EUR" {
            assert_eq!((base, day), (amount, closed_on));
            continue;
        }
        let usable = rates.iter().filter(|rate| rate.currency == deal.currency && rate.date <= closed_on);
        let rate = usable.max_by_key(|rate| rate.date).expect("a rate");
        assert_eq!(day, rate.date);
        assert_eq!(Some(base), tributary::money::convert(amount, 2, 2, rate.rate_e8));
    }
}

async fn campaigns_and_activities_are_consistent(world: &World) {
    for (what, sql) in [
        (
            "a part runs within the whole",
            "SELECT COUNT(*) FROM campaign c JOIN campaign p ON p.id = c.parent_id \
             WHERE c.starts_on < p.starts_on OR c.ends_on > p.ends_on",
        ),
        (
            "leads and touches come while a campaign runs",
            "SELECT COUNT(*) FROM touchpoint t JOIN campaign c ON c.id = t.campaign_id \
             WHERE c.status IN ('DRAFT', 'SCHEDULED', 'CANCELLED')",
        ),
        (
            "creditable is what the kind says",
            "SELECT COUNT(*) FROM touchpoint WHERE creditable = (kind IN ('IMPRESSION', 'EMAIL_OPEN'))",
        ),
        (
            "members who answered say when",
            "SELECT COUNT(*) FROM campaign_member WHERE (status IN ('RESPONDED')) AND first_responded_at IS NULL \
             OR status IN ('SENT', 'TARGETED') AND first_responded_at IS NOT NULL",
        ),
        (
            "what was done says when and with what outcome",
            "SELECT COUNT(*) FROM activity WHERE (status = 'DONE' AND (ended_at IS NULL OR (outcome IS NULL \
             AND kind IN ('PITCH', 'DEMO', 'CALL', 'MEETING', 'NEGOTIATION')))) \
             OR (status = 'PLANNED' AND (ended_at IS NOT NULL OR due_at IS NULL)) OR ended_at < started_at",
        ),
        (
            "what follows comes later",
            "SELECT COUNT(*) FROM activity a JOIN activity b ON b.id = a.follows_id WHERE a.created_at < b.created_at",
        ),
    ] {
        none(world, what, sql).await;
    }
}

async fn nothing_is_in_the_future(world: &World) {
    let today = "'2026-03-01T00:00:00+00:00'";
    for (table, columns) in [
        ("event", "at"),
        ("transition", "at"),
        ("touchpoint", "occurred_at"),
        ("lead", "updated_at"),
        ("deal", "updated_at"),
        ("activity", "updated_at"),
        ("contact", "updated_at"),
        ("handoff", "updated_at"),
    ] {
        none(world, table, &format!("SELECT COUNT(*) FROM {table} WHERE {columns} > {today}")).await;
    }
    let planned = "SELECT COUNT(*) FROM activity WHERE status = 'PLANNED' AND due_at";
    assert!(world.number(&format!("{planned} > {today}")).await > 20, "something is planned");
    assert!(world.number(&format!("{planned} < {today}")).await > 10, "something is overdue");
}

/// What a credit says, without its own id.
async fn credits(world: &World) -> BTreeSet<String> {
    let rows = credit::Entity::find().all(&world.raw).await.expect("credits");
    rows.into_iter().map(|row| format!("{:?}", credit::Model { id: Uuid::nil(), ..row })).collect()
}

async fn credits_add_up(world: &World) {
    for (what, sql) in [
        (
            "five models for every won deal",
            "SELECT COUNT(*) FROM deal WHERE (CASE WHEN status = 'WON' THEN 5 ELSE 0 END) <> \
             (SELECT COUNT(DISTINCT model) FROM attribution_credit c WHERE c.deal_id = deal.id)",
        ),
        (
            "shares add up",
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM attribution_credit c JOIN deal ON deal.id = c.deal_id \
             GROUP BY deal.id, deal.base_amount_minor, c.model \
             HAVING SUM(c.weight_bp) <> 10000 OR SUM(c.amount_minor) <> deal.base_amount_minor) wrong",
        ),
        ("no empty credits", "SELECT COUNT(*) FROM attribution_credit WHERE weight_bp = 0 AND amount_minor = 0"),
        (
            "as the touch says",
            "SELECT COUNT(*) FROM attribution_credit c LEFT JOIN touchpoint t ON t.id = c.touchpoint_id \
             WHERE coalesce(c.channel, '-') <> coalesce(t.channel, '-') \
             OR coalesce(c.campaign_id <> t.campaign_id, (c.campaign_id IS NULL) <> (t.campaign_id IS NULL)) \
             OR t.occurred_at > c.closed_at",
        ),
    ] {
        none(world, what, sql).await;
    }
}

/// What the service derives from leads, deals and touches is already there.
async fn commands_have_nothing_to_mend(world: &World) {
    let before = credits(world).await;
    let won = deal::Entity::find().all(&world.raw).await.expect("deals");
    let won: Vec<Uuid> = won.iter().map(|deal| deal.id).collect();
    let contacts = contact::Entity::find().order_by_asc(contact::Column::Id).all(&world.raw).await.expect("contacts");
    let system = world.app.store().system();
    let warrant = system.warrant();
    let tx = system.begin("rebuild").await.expect("a transaction");
    tributary::attribution::commands::rebuild(&tx, &warrant, &won).await.expect("rebuilt");
    for contact in contacts.iter().step_by(7) {
        let projected = tributary::contact::commands::project_lifecycle(&tx, &warrant, contact.id);
        projected.await.expect("projected");
    }
    tx.commit().await.expect("committed");
    assert_eq!(credits(world).await, before, "the credits are those that the service would write");
    let after = contact::Entity::find().order_by_asc(contact::Column::Id).all(&world.raw).await.expect("contacts");
    assert_eq!(after, contacts, "lifecycles follow leads and deals");
}

async fn users_can_sign_in_and_see_different_things(world: &World, users: &[demo::DemoUser]) {
    let known = user::Entity::find().all(&world.raw).await.expect("users");
    let row = |wanted: &demo::DemoUser| known.iter().find(|user| user.email == wanted.email).expect("the user");
    for wanted in users {
        let user = row(wanted);
        assert_eq!((&user.name, user.role), (&wanted.name, wanted.role));
        assert!(password::verify(user.password_hash.clone(), wanted.password.clone()).await.expect("a good hash"));
    }
    let mut seen = Vec::new();
    for wanted in users.iter().filter(|user| user.role == Role::SalesRep) {
        let rep = world.sign_in(row(wanted).id, wanted.role).await;
        let answer = rep.ask("{ deals { totalCount } leads { totalCount } }").await;
        seen.push((answer.data()["deals"]["totalCount"].clone(), answer.data()["leads"]["totalCount"].clone()));
    }
    let all = world.number("SELECT COUNT(*) FROM deal").await;
    let of = |place: usize| seen[place].0.as_i64().expect("a number");
    assert_eq!(seen.len(), 2);
    assert_eq!(of(0) + of(1), all, "two teams, and each sees its own deals");
    assert!(of(0) > 0 && of(1) > 0 && seen[0].1 != seen[1].1);
}

async fn a_second_time_is_refused(world: &World) {
    let before = world.number("SELECT MAX(seq) FROM event").await;
    let refused = demo::seed(&world.app.store().system(), None, &|_| {}).await.expect_err("not empty");
    assert_eq!(refused.code(), Code::Conflict);
    assert!(refused.to_string().contains("not empty"), "{refused}");
    assert_eq!(world.number("SELECT MAX(seq) FROM event").await, before);
    assert_eq!(world.number("SELECT COUNT(*) FROM setting WHERE key = 'demo' AND value = 'true'").await, 1);
}
