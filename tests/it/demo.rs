//! The demo company is complete, consistent and the same every time.

#[tokio::test]
async fn try_it() {
    tests::each_database(async |world| {
        let start = std::time::Instant::now();
        tributary::demo::seed(&world.app.store().system(), None, &|line| eprintln!("{line}")).await.expect("it loads");
        eprintln!("postgres {}: {:?}", world.is_postgres(), start.elapsed());
        for table in [
            "app_user",
            "team",
            "exchange_rate",
            "pipeline",
            "stage",
            "campaign",
            "company",
            "contact",
            "touchpoint",
            "campaign_member",
            "deal",
            "lead",
            "handoff",
            "deal_contact",
            "activity",
            "transition",
            "attribution_credit",
            "event",
        ] {
            eprintln!("{table:20} {}", world.number(&format!("SELECT COUNT(*) FROM {table}")).await);
        }
        if !world.is_postgres() {
            let from = world.url.strip_prefix("sqlite://").expect("a file");
            world.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
            std::fs::copy(from, "/tmp/demo.db").expect("a copy");
        }
    })
    .await;
}
