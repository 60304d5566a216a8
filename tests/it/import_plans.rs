//! The look-ups of an import use an index, however large tables become and however little a database knows of them.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{Days, NaiveDate};
use entity::{exchange_rate, team, user};
use tests::{World, each_database, row};
use tributary::import::{self, Mapping, Progress, Rejection, Report};
use tributary::schema::GRAPH;

use crate::explain::{Eyes, full_reads, watch};

/// What grows with the data.
const LARGE: [&str; 12] = [
    "app_user",
    "campaign",
    "campaign_member",
    "company",
    "contact",
    "deal",
    "deal_contact",
    "exchange_rate",
    "lead",
    "team",
    "touchpoint",
    "transition",
];

/// Everything is known by its external id.
const BY_ID: &str = r#"
[company]
externalId = "id"
name = "name"
domain = "domain"
parent = "id2"
owner = "who"

[campaign]
externalId = "id"
name = "name"
code = "id"
objective = { value = "AWARENESS" }
channel = { value = "EMAIL" }
horizon = { value = "SHORT_TERM" }
parent = "id2"

[contact]
externalId = "id"
lastName = "name"
email = "mail"
company = "id"

[lead]
externalId = "id"
status = { value = "SQL" }
source = { value = "INBOUND" }
contact = "id"
company = "id"
sourceCampaign = "id"
updatedAt = { value = "2026-01-10" }

[touchpoint]
externalId = "id"
occurredAt = { value = "2026-01-01" }
kind = { value = "AD_CLICK" }
channel = { value = "EMAIL" }
contact = "id"
campaign = "id"
utmCampaign = "id"

[deal]
externalId = "id"
name = "name"
stage = "stage"
amount = { value = "5", currency = "USD" }
lead = "id"
company = "id"
contact = "id"
updatedAt = { value = "2026-01-10" }
"#;

/// And by whatever else the mapping may name.
const OTHERWISE: &str = r#"
[company]
name = "name"
domain = "domain"
parent = { column = "who", by = "name" }
owner = { column = "who", by = "name" }
team = { column = "who", by = "name" }

[campaign]
name = "name"
code = "id"
objective = { value = "AWARENESS" }
channel = { value = "EMAIL" }
horizon = { value = "SHORT_TERM" }
parent = { column = "who", by = "name" }

[contact]
email = "mail"
company = { column = "domain", by = "domain" }

[deal]
externalId = "id"
name = "name"
company = { column = "name", by = "name" }
contact = { column = "mail", by = "email" }
sourceCampaign = { column = "id", by = "code" }
"#;

struct Silent;

impl Report for Silent {
    fn rejected(&mut self, _: Rejection) -> tributary::error::Result<()> {
        Ok(())
    }

    fn progress(&mut self, _: Progress) {}
}

/// So many rows that reading all of them is never the cheapest way to a few, even for a database without statistics.
const ROWS: u32 = 3_000;

/// Users, teams and rates, which no import makes.
async fn fill(world: &World) {
    let numbers = || 0..ROWS;
    let user = |at: u32| {
        let (name, email) = (format!("User {at}"), format!("u{at}@tributary.example"));
        row!(world, user { name: name, email: email, time_zone: "UTC".to_owned(), locale: "en".to_owned() })
    };
    let users: Vec<user::Model> = numbers().map(user).collect();
    let teams: Vec<team::Model> = numbers().map(|at| row!(world, team { name: format!("Team {at}") })).collect();
    let first: NaiveDate = "2020-01-01".parse().expect("a day");
    let codes = ["USD", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF"];
    let rate = |at: u32| {
        let code = codes[usize::try_from(at).expect("small") % codes.len()];
        let date = first + Days::new(u64::from(at / 10));
        row!(world, exchange_rate { currency: code.to_owned(), date: date, rate_e8: 100_000_000 })
    };
    let rates: Vec<exchange_rate::Model> = numbers().map(rate).collect();
    let system = world.app.store().system();
    let tx = system.begin("prepare").await.expect("a transaction");
    system.load(&tx, &users).await.expect("they fit");
    system.load(&tx, &teams).await.expect("they fit");
    system.load(&tx, &rates).await.expect("they fit");
    tx.commit().await.expect("they are there");
}

/// Imports the rows of some numbers; answers how many were rejected.
async fn load(world: &World, mapping: &str, stage: &str, numbers: Range<u32>, dry_run: bool) -> u64 {
    // Nobody knows whom the first row names; it is looked up all the same.
    let who = |at: u32| if at == 0 { "nobody@example.org" } else { "" };
    let row = |at: u32| format!("{at},,Name {at},p{at}@f{at}.example,f{at}.example,{stage},{}\n", who(at));
    let text = format!("id,id2,name,mail,domain,stage,who\n{}", numbers.map(row).collect::<String>());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file.csv");
    std::fs::write(&file, text).expect("written");
    let mapping = Mapping::parse(&format!("source = \"test\"\n{mapping}"), &GRAPH).expect("a mapping");
    let how = import::Options { dry_run, ..import::Options::default() };
    let system = world.app.store().system();
    import::run(&system, &mapping, &[file], &how, &mut Silent).await.expect("it runs").rejected
}

#[tokio::test]
async fn every_look_up_of_an_import_uses_an_index() {
    each_database(async |world| {
        world.pipeline().await;
        fill(&world).await;
        assert_eq!(load(&world, BY_ID, "Discovery", 1..ROWS, false).await, 0);
        let (mut wrong, mut tables) = (BTreeSet::new(), BTreeSet::<&str>::new());
        let run = watch(&world);
        for (mapping, stage) in [(BY_ID, "Proposal"), (OTHERWISE, "")] {
            for dry_run in [true, false] {
                run.lock().expect("unpoisoned").clear();
                assert_eq!(load(&world, mapping, stage, 0..30, dry_run).await, 1);
                let statements = run.lock().expect("unpoisoned").clone();
                for statement in statements.iter().filter(|statement| statement.sql.starts_with("SELECT")) {
                    tables.extend(LARGE.iter().filter(|table| statement.sql.contains(&format!("\"{table}\""))));
                    for step in full_reads(&world, statement, &Eyes::of_an_import(&LARGE)).await {
                        wrong.insert(format!("{step}\n    {}", statement.sql));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
        assert_eq!(tables.len(), LARGE.len(), "every one was read: {tables:?}");
    })
    .await;
}
