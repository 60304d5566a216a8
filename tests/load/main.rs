//! The service under load: processor time, throughput, latency and memory of each scenario, beside a baseline in the
//! same run. See README.md in this folder.

mod baseline;
mod bulk;
mod drive;
mod process;
mod report;
mod scenario;
mod siege;
mod sqlite;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use self::drive::{Connection, Shot, drive};
use self::process::{Postgres, Server};
use self::report::Side;
use self::scenario::{Arguments, FOR_QUESTIONS, SCENARIOS, Scenario, Stock, demo_user};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where a database of our own is made, unless `TEST_DATABASE_URL` names a server.
const SERVER: &str = "postgres://postgres@127.0.0.1:5432/postgres";
/// Connections of the clients, if nothing else is asked for.
const CONNECTIONS: usize = 8;
/// Service and baseline take turns so many times.
const ROUNDS: usize = 3;
/// No part of a round takes longer.
const MOST: Duration = Duration::from_secs(20);

const HELP: &str = "The service under load, beside a baseline.

  cargo bench -p tests --bench load -- [--scale N] [--connections N] [--only NAME,…] [--bulk] [--database URL] [--file PATH] [--service PATH]

  --scale N       fill a database of our own with N times 100,000 leads (default 1); it is dropped at the end
  --connections N clients at once (default 8)
  --database URL  use this database, which `tributary seed` has filled, and keep it; scenarios write into it
  --only NAME,…   only the scenarios with these names
  --bulk          no scenarios: how long filling a database and importing 100,000 rows take, on both databases
  --questions     instead of the scenarios: the questions of tests/cases/questions; wants --scale 3 for 50,000 deals
  --sqlite        instead of the scenarios: those that read, on SQLite beside PostgreSQL
  --file PATH     of --sqlite: use this file, which `tributary seed` has filled, and keep it
  --siege         no scenarios: what rude callers cost everybody else, on both databases; --only chooses its parts
                  (costly, flood, idle, event), --scale 0 fills the databases with the small demo
  --service PATH  measure this program instead of building `tributary` with --release
";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What was asked for on the command line.
#[derive(Default)]
struct Options {
    scale: Option<u32>,
    database: Option<String>,
    file: Option<PathBuf>,
    only: Option<Vec<String>>,
    bulk: bool,
    siege: bool,
    questions: bool,
    sqlite: bool,
    service: Option<PathBuf>,
    connections: Option<usize>,
}

impl Options {
    fn connections(&self) -> usize {
        self.connections.unwrap_or(CONNECTIONS)
    }

    /// Requests that warm a server up.
    fn warming(&self, scenario: &Scenario) -> usize {
        (scenario.requests / 10).max(self.connections() * 8)
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value\n{HELP}"));
        match argument.as_str() {
            "baseline" => return Ok(runtime.block_on(baseline::serve(&value()?))?),
            "--scale" => options.scale = Some(value()?.parse()?),
            "--database" => options.database = Some(value()?),
            "--only" => options.only = Some(value()?.split(',').map(str::to_owned).collect()),
            "--file" => options.file = Some(value()?.into()),
            "--connections" => options.connections = Some(value()?.parse()?),
            "--sqlite" => options.sqlite = true,
            "--bulk" => options.bulk = true,
            "--siege" => options.siege = true,
            "--questions" => options.questions = true,
            "--service" => options.service = Some(value()?.into()),
            _ => return Err(HELP.into()),
        }
    }
    runtime.block_on(run(options))
}

async fn run(options: Options) -> Result<()> {
    let service = match &options.service {
        Some(path) => path.clone(),
        None => build()?,
    };
    let scale = options.scale.unwrap_or(1);
    if options.bulk && (options.database.is_some() || options.only.is_some()) {
        return Err("--bulk makes databases of its own and runs no scenarios: leave --database and --only out".into());
    }
    if options.bulk {
        let folder = tempfile::tempdir()?;
        let file = format!("sqlite://{}?mode=rwc", folder.path().join("bulk.db").display());
        bulk::measure(&service, &file, "SQLite", scale)?;
    }
    if let Some(url) = &options.database {
        return measure(&options, &service, url).await;
    }
    let server = std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| SERVER.to_owned());
    if options.siege {
        let held = siege::run(&service, &server, scale, options.only.as_deref()).await?;
        return if held { Ok(()) } else { Err("not every bar held".into()) };
    }
    let mut outcome = Ok(());
    tests::on_empty_postgres(&server, async |url| {
        outcome = async {
            if options.bulk {
                return bulk::measure(&service, &url, "PostgreSQL", scale);
            }
            fill(&service, &url, scale)?;
            measure(&options, &service, &url).await
        }
        .await;
    })
    .await;
    outcome
}

/// Builds the program as it is released; answers where it is.
fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let done = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", "tributary"])
        .current_dir(&root)
        .status()?;
    if !done.success() {
        return Err("the service cannot be built".into());
    }
    // This program stands in the folder `deps` beside it.
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).ok_or("no target folder")?;
    Ok(folder.join("tributary"))
}

fn fill(service: &Path, url: &str, scale: u32) -> Result<()> {
    let took = bulk::run(service, url, &["seed", "--scale", &scale.to_string()])?;
    println!("\nFilled at scale {scale} in {:.1} s.", took.as_secs_f64());
    Ok(())
}

async fn measure(options: &Options, program: &Path, url: &str) -> Result<()> {
    let database = connect(url).await?;
    if options.questions {
        for sql in FOR_QUESTIONS {
            database.execute_unprepared(sql).await?;
        }
    }
    // What autovacuum would have done by now, so that it does not do it in the middle.
    database.execute_unprepared("VACUUM ANALYZE").await?;
    database.execute_unprepared("CHECKPOINT").await?;
    let backend: i32 = number(&database, "SELECT pg_backend_pid()").await?.try_into()?;
    let postgres = Postgres::of_backend(backend.cast_unsigned());
    let postgres = postgres.ok_or("PostgreSQL runs on another machine: its processor time cannot be counted")?;
    let stock = Stock::of(&database).await?;
    println!(
        "{} leads, {} touchpoints, {} deals, {} activities; {} connections, {ROUNDS} rounds.",
        number(&database, "SELECT COUNT(*) FROM lead").await?,
        number(&database, "SELECT COUNT(*) FROM touchpoint").await?,
        number(&database, "SELECT COUNT(*) FROM deal").await?,
        number(&database, "SELECT COUNT(*) FROM activity").await?,
        options.connections(),
    );
    database.close().await?;
    if options.sqlite {
        return sqlite::measure(options, program, url, stock, &postgres).await;
    }

    let service = serve(options, program, url)?;
    let itself = std::env::current_exe()?;
    let baseline = Server::start(&itself, &["baseline", url], &[])?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("At rest the service takes {:.1} MiB.\n\n{}", service.memory() as f64 / 1_024.0, report::head());

    let mut missed = Vec::new();
    let wanted =
        |scenario: &&Scenario| options.only.as_ref().is_none_or(|only| only.iter().any(|name| name == scenario.name));
    let questions = if options.questions { scenario::questions()? } else { Vec::new() };
    let scenarios = if options.questions { questions.as_slice() } else { SCENARIOS };
    for scenario in scenarios.iter().filter(wanted) {
        let token = sign_in(&service, scenario).await?;
        agree(options, &service, &baseline, scenario, &stock, &token).await?;
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            let ours = shot(options, scenario, &stock, Some(&token), round)?;
            let theirs = shot(options, scenario, &stock, None, round)?;
            rounds.push((
                ask(options, &service, Some(&postgres), ours, scenario).await?,
                ask(options, &baseline, Some(&postgres), theirs, scenario).await?,
            ));
        }
        let (lines, within) = report::lines(scenario.name, &rounds, scenario.target);
        println!("{lines}");
        if !within {
            missed.push(scenario.name);
        }
    }
    if missed.is_empty() {
        println!("\nEvery scenario is within its target.");
    } else {
        println!("\nNot within their targets: {}.", missed.join(", "));
    }
    Ok(())
}

/// A service on this database, which limits nobody.
fn serve(options: &Options, program: &Path, url: &str) -> io::Result<Server> {
    let environment = [
        ("DATABASE_URL", url),
        ("TRIBUTARY_LISTEN", "127.0.0.1:0"),
        ("TRIBUTARY_LOG", "warn"),
        ("TRIBUTARY_RATE_POINTS", "0"),
        ("TRIBUTARY_FISCAL_YEAR_START", if options.questions { "4" } else { "1" }),
    ];
    Server::start(program, &["serve"], &environment)
}

/// One round: warmed up, then counted. A server that is its own database has none beside it.
async fn ask(
    options: &Options,
    server: &Server,
    postgres: Option<&Postgres>,
    shot: Arc<Shot>,
    scenario: &Scenario,
) -> Result<Side> {
    // Mutations warm up with bodies of their own, at the end of the list.
    let (connections, warm) = (options.connections(), options.warming(scenario));
    let warming = Arc::new(Shot {
        path: shot.path.clone(),
        token: shot.token.clone(),
        bodies: shot.bodies.iter().rev().take(warm).cloned().collect(),
    });
    drive(server.address, &warming, connections, warm, MOST).await?;
    let of_database = || postgres.map_or(Duration::ZERO, Postgres::cpu);
    let (process, database) = (server.cpu(), of_database());
    let outcome = drive(server.address, &shot, connections, scenario.requests, MOST).await?;
    Ok(Side {
        latencies: outcome.latencies,
        elapsed: outcome.elapsed,
        process: server.cpu() - process,
        database: of_database() - database,
        memory: server.memory(),
    })
}

/// The bodies of a round; `token` is none for the baseline.
fn shot(options: &Options, scenario: &Scenario, stock: &Stock, token: Option<&str>, round: usize) -> Result<Arc<Shot>> {
    let count = stock.bodies(scenario, scenario.requests + options.warming(scenario));
    let side = if token.is_some() { "s" } else { "b" };
    let mark = format!("{side}{round}p{}", std::process::id());
    let body = |number| {
        let (variables, arguments) = stock.arguments(scenario, number, &mark);
        let body = match token {
            Some(_) => json!({ "query": scenario.document, "variables": variables }),
            None => json!(arguments),
        };
        Bytes::from(body.to_string())
    };
    let path = if token.is_some() { "/graphql".to_owned() } else { format!("/{}", scenario.name) };
    Ok(Arc::new(Shot { path, token: token.map(str::to_owned), bodies: (0..count).map(body).collect() }))
}

/// The two sides answer a question alike.
async fn agree(
    options: &Options,
    service: &Server,
    baseline: &Server,
    scenario: &Scenario,
    stock: &Stock,
    token: &str,
) -> Result<()> {
    if matches!(scenario.arguments, Arguments::Activity | Arguments::Capture) {
        return Ok(());
    }
    let ours = shot(options, scenario, stock, Some(token), 0)?;
    let theirs = shot(options, scenario, stock, None, 0)?;
    let ours: Value = serde_json::from_slice(&Connection::open(service.address).await?.send(&ours, 0).await?)?;
    let theirs: Value = serde_json::from_slice(&Connection::open(baseline.address).await?.send(&theirs, 0).await?)?;
    if !alike(&ours["data"], &theirs) {
        return Err(
            format!("{}: the answers differ\nservice:  {}\nbaseline: {theirs}", scenario.name, ours["data"]).into()
        );
    }
    Ok(())
}

/// The same, but for the last digits of fractions.
fn alike(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().all(|(name, one)| theirs.get(name).is_some_and(|other| alike(one, other)))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(one, other)| alike(one, other))
        }
        (Value::Number(ours), Value::Number(theirs)) => {
            let (ours, theirs) = (ours.as_f64().unwrap_or_default(), theirs.as_f64().unwrap_or_default());
            (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0)
        }
        _ => ours == theirs,
    }
}

/// The access token of the demo user with the role of the scenario.
async fn sign_in(service: &Server, scenario: &Scenario) -> Result<String> {
    let user = demo_user(scenario.role).ok_or("no such demo user")?;
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
    let variables = json!({ "input": { "email": user.email, "password": user.password } });
    let body = json!({ "query": query, "variables": variables }).to_string();
    let shot = Shot { path: "/graphql".to_owned(), token: None, bodies: vec![body.into()] };
    let answer = Connection::open(service.address).await?.send(&shot, 0).await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    let token = answer["data"]["signIn"]["accessToken"].as_str();
    Ok(token.ok_or_else(|| io::Error::other(format!("not signed in: {answer}")))?.to_owned())
}

async fn connect(url: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    #[expect(clippy::disallowed_methods, reason = "past the service, on purpose")]
    let connection = Database::connect(options).await;
    Ok(connection?)
}

async fn number(database: &DatabaseConnection, sql: &str) -> Result<i64> {
    let sql = format!("SELECT ({sql})::bigint");
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.ok_or("no row")?.try_get_by_index(0)?)
}
