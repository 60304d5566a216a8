//! The look-ups of an import use an index, however large tables become and however little a database knows of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tests::each_database;
use tributary::graphql::schema::GRAPH;
use tributary::import::{self, Mapping, Progress, Rejection, Report};

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
owner = "mail"

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
parent = { column = "name", by = "name" }
owner = { column = "name", by = "name" }
team = { column = "name", by = "name" }

[campaign]
name = "name"
code = "id"
objective = { value = "AWARENESS" }
channel = { value = "EMAIL" }
horizon = { value = "SHORT_TERM" }
parent = { column = "name", by = "name" }

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

#[tokio::test]
async fn every_look_up_of_an_import_uses_an_index() {
    each_database(async |world| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let rows = |stage: &str| {
            let row = |at: u32| format!("{at},,Name {at},p{at}@f{at}.example,f{at}.example,{stage}\n");
            (0..50).map(row).collect::<String>()
        };
        let (mut wrong, mut tables) = (BTreeSet::new(), BTreeSet::<&str>::new());
        let run = watch(&world);
        for (mapping, stage) in [(BY_ID, "Discovery"), (BY_ID, "Proposal"), (OTHERWISE, "")] {
            let mapping = Mapping::parse(&format!("source = \"test\"\n{mapping}"), &GRAPH).expect("a mapping");
            let file: PathBuf = folder.path().join("file.csv");
            std::fs::write(&file, format!("id,id2,name,mail,domain,stage\n{}", rows(stage))).expect("written");
            for dry_run in [true, false] {
                run.lock().expect("unpoisoned").clear();
                let how = import::Options { dry_run, ..import::Options::default() };
                let system = world.app.store().system();
                let files = [file.clone()];
                import::run(&system, &mapping, &files, &how, &mut Silent).await.expect("it runs");
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
