//! Reads on SQLite: what a request takes there, beside the same request on PostgreSQL and beside a hand-written statement
//! that runs in this very process.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection as File, OpenFlags, params_from_iter};
use serde_json::Value;

use crate::drive::Connection;
use crate::process::{Postgres, own_cpu};
use crate::scenario::{Arguments, SCENARIOS, Scenario, Stock};
use crate::{Options, ROUNDS, Result, alike, ask, fill, serve, shot, sign_in};

/// A reading scenario, a statement that answers it, and how many times the processor time of PostgreSQL SQLite may take.
type Read = (&'static str, &'static str, Option<f64>);

const READS: &[Read] = &[
    ("point_read", include_str!("point_read.sql"), None),
    ("list_of_50", include_str!("list_of_50.sql"), Some(0.9)),
    ("four_levels", include_str!("four_levels.sql"), Some(1.1)),
    ("deals_by_stage", include_str!("deals_by_stage.sql"), None),
    ("leads_by_month", include_str!("leads_by_month.sql"), None),
];

/// Measures the reading scenarios on the PostgreSQL database at `url` and on a file.
pub async fn measure(options: &Options, program: &Path, url: &str, stock: Stock, postgres: &Postgres) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = options.file.clone().unwrap_or_else(|| folder.path().join("load.db"));
    let file_url = format!("sqlite://{}?mode=rwc", path.display());
    if options.file.is_none() {
        fill(program, &file_url, options.scale.unwrap_or(1))?;
    }
    let (on_postgres, on_sqlite) = (serve(options, program, url)?, serve(options, program, &file_url)?);
    let file = File::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let deals = "SELECT lower(hex(id)) FROM deal WHERE deleted_at IS NULL ORDER BY substr(id, -4) LIMIT 1000";
    let deals = file.prepare(deals)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let of_file = stock.clone().with_deals(deals);

    println!("\nProcessor time of a request in milliseconds, of service and database together.\n");
    println!("| scenario | PostgreSQL | SQLite | ratio (rounds) | target | the statement in this process |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| only.iter().any(|one| one == name));
    for (name, statement, target) in READS.iter().filter(|(name, ..)| wanted(name)) {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == *name).ok_or("no such scenario")?;
        let tokens = (sign_in(&on_postgres, scenario).await?, sign_in(&on_sqlite, scenario).await?);
        let asked = shot(options, scenario, &of_file, Some(&tokens.1), 0)?;
        let answer: Value = serde_json::from_slice(&Connection::open(on_sqlite.address).await?.send(&asked, 0).await?)?;
        let bare: Value = serde_json::from_str(&run(&file, statement, scenario, &of_file, 0)?)?;
        if !alike(&answer["data"], &bare) {
            return Err(format!("{name}: the answers differ\nservice: {}\nstatement: {bare}", answer["data"]).into());
        }
        let (mut there, mut here, mut ratios) = (0.0, 0.0, Vec::new());
        for round in 0..ROUNDS {
            let (of_postgres, of_sqlite) = (
                shot(options, scenario, &stock, Some(&tokens.0), round)?,
                shot(options, scenario, &of_file, Some(&tokens.1), round)?,
            );
            let postgres = ask(options, &on_postgres, Some(postgres), of_postgres, scenario).await?.total();
            let sqlite = ask(options, &on_sqlite, None, of_sqlite, scenario).await?.total();
            (there, here) = (there + postgres, here + sqlite);
            ratios.push(sqlite / postgres);
        }
        let (least, most) = ratios.iter().fold((f64::MAX, 0.0_f64), |(low, high), one| (low.min(*one), high.max(*one)));
        let ratio = here / there;
        let target = target
            .map_or(String::new(), |target| format!("{target:.1}{}", if ratio <= target { "" } else { " MISSED" }));
        let rounds = ROUNDS as f64;
        println!(
            "| `{name}` | {:.3} | {:.3} | {ratio:.2} ({least:.2} to {most:.2}) | {target} | {:.3} |",
            there / rounds,
            here / rounds,
            bare_time(&file, statement, scenario, &of_file)?.as_secs_f64() * 1_000.0,
        );
    }
    Ok(())
}

/// Processor time of the statement, on average.
fn bare_time(file: &File, statement: &str, scenario: &Scenario, stock: &Stock) -> Result<Duration> {
    let count = u32::try_from(scenario.requests)?;
    run(file, statement, scenario, stock, 0)?;
    let before = own_cpu();
    for number in 0..scenario.requests {
        run(file, statement, scenario, stock, number)?;
    }
    Ok((own_cpu() - before) / count)
}

fn run(file: &File, statement: &str, scenario: &Scenario, stock: &Stock, number: usize) -> Result<String> {
    let arguments = match scenario.arguments {
        Arguments::Deal => stock.arguments(scenario, number, "").1,
        _ => Vec::new(),
    };
    Ok(file.prepare_cached(statement)?.query_row(params_from_iter(arguments), |row| row.get(0))?)
}
