//! A fresh database for every test: a copy of a migrated SQLite file, or of a migrated PostgreSQL database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

use crate::World;

/// Runs a test on SQLite, and on PostgreSQL where `TEST_DATABASE_URL` names a server.
pub async fn each_database(test: impl AsyncFn(World)) {
    on_sqlite(&test).await;
    on_postgres(&test).await;
}

/// Runs a test on SQLite.
pub async fn on_sqlite(test: impl AsyncFn(World)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("test.db");
    std::fs::copy(sqlite_template().await, &file).expect("the migrated file can be copied");
    let world = World::open(&format!("sqlite://{}", file.display())).await;
    test(world.clone()).await;
    world.close().await;
}

/// Runs a test on PostgreSQL where `TEST_DATABASE_URL` names a server.
pub async fn on_postgres(test: impl AsyncFn(World)) {
    let Some(server) = postgres_server() else { return };
    let name = new_name();
    let template = postgres_template(&server).await;
    create(&server, &name, Some(&template)).await;
    let world = World::open(&with_name(&server, &name)).await;
    test(world.clone()).await;
    world.close().await;
    drop_database(&server, &name).await;
}

/// Hands out an empty PostgreSQL database, without any table; it is dropped at the end.
pub async fn on_empty_postgres(server: &str, test: impl AsyncFnOnce(String)) {
    let name = new_name();
    create(server, &name, None).await;
    test(with_name(server, &name)).await;
    drop_database(server, &name).await;
}

fn new_name() -> String {
    format!("tributary_{}", Uuid::new_v4().simple())
}

/// The server to test on, if one is named. Said once: a pass without it has tested SQLite only.
pub fn postgres_server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

async fn sqlite_template() -> PathBuf {
    static TEMPLATE: OnceCell<(tempfile::TempDir, PathBuf)> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(|| async {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("template.db");
        migrate(&format!("sqlite://{}?mode=rwc", file.display())).await;
        (folder, file)
    });
    template.await.1.clone()
}

/// One template a test process; it is left behind like every test database of a crashed run, and swept here.
async fn postgres_template(server: &str) -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(|| async {
        let name = format!("tributary_template_{}", std::process::id());
        drop_database(server, &name).await;
        create(server, &name, None).await;
        migrate(&with_name(server, &name)).await;
        name
    });
    template.await.clone()
}

async fn migrate(url: &str) {
    let connection = connect(url, 1).await;
    migration::migrate(&connection).await.expect("the migrations run");
    connection.close().await.expect("the connection closes");
}

/// PostgreSQL copies one template at a time.
async fn create(server: &str, name: &str, template: Option<&str>) {
    static ONE: Mutex<()> = Mutex::const_new(());
    let _one = ONE.lock().await;
    let from = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
    let connection = connect(server, 1).await;
    connection.execute_unprepared(&format!("CREATE DATABASE {name}{from}")).await.expect("a database can be made");
    connection.close().await.expect("the connection closes");
}

async fn drop_database(server: &str, name: &str) {
    let connection = connect(server, 1).await;
    connection
        .execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        .await
        .expect("it can be dropped");
    connection.close().await.expect("the connection closes");
}

pub(crate) async fn connect(url: &str, most: u32) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(most).sqlx_logging(false).acquire_timeout(Duration::from_secs(30));
    #[expect(clippy::disallowed_methods, reason = "past the service, on purpose")]
    let connection = Database::connect(options).await;
    connection.unwrap_or_else(|error| panic!("{url} cannot be reached: {error}"))
}

/// The URL of another database of the same server.
fn with_name(server: &str, name: &str) -> String {
    let (start, query) =
        server.split_once('?').map_or((server, String::new()), |(start, query)| (start, format!("?{query}")));
    let parent = Path::new(start).parent().expect("a URL with a database").display().to_string();
    format!("{parent}/{name}{query}")
}
