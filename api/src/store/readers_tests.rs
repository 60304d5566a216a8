//! The readers of a file: what is left, what takes long, and what is wrong with the file.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use prometheus_client::metrics::counter::Counter;
use rusqlite::Connection;
use sea_orm::sqlx::SqlitePool;
use sea_orm::sqlx::sqlite::SqlitePoolOptions;
use sea_orm::{DbBackend, Statement, Value};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::fault::Fault;
use super::found::{Kept, Line};
use super::link::Source;
use super::readers::Readers;
use super::ready::Ready;
use super::sqlite::Door;

/// It never ends by itself.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
const WAIT: Duration = Duration::from_millis(300);

/// A folder with a database that has a thousand rows.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.db");
    let rows = "CREATE TABLE row AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) \
                SELECT i, printf('%0500d', i) AS text FROM n";
    Connection::open(&file).unwrap().execute_batch(rows).unwrap();
    (folder, file)
}

fn pool(file: &Path) -> SqlitePool {
    SqlitePoolOptions::new().connect_lazy(&format!("sqlite://{}", file.display())).unwrap()
}

fn readers(file: &Path, most: u32) -> Readers {
    counted(file, most, &Counter::default())
}

fn counted(file: &Path, most: u32, given_up: &Counter) -> Readers {
    let url = format!("sqlite://{}?mode=rw", file.display());
    Readers::new(Door::of(&pool(file), &url, WAIT / 3), most, WAIT, given_up.clone())
}

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, sql)
}

async fn number(readers: &Readers, sql: &str) -> Result<i64, Fault> {
    let found = readers.read(statement(sql)).await.map_err(|error| Fault::of(&error))?;
    Ok(found.first().unwrap().get(0).unwrap())
}

const COUNT: &str = "SELECT count(*) FROM row WHERE text > ''";

#[tokio::test]
async fn what_nobody_waits_for_is_stopped_and_its_connection_reads_on() {
    let (_folder, file) = folder();
    let given_up = Counter::default();
    let readers = counted(&file, 1, &given_up);
    for round in 1..=3 {
        let left = tokio::time::timeout(Duration::from_millis(50), readers.read(statement(ENDLESS))).await;
        assert!(left.is_err(), "it never ends");
        assert_eq!(number(&readers, COUNT).await, Ok(1000), "it waits for the place at most");
        assert_eq!((readers.busy(), readers.idle(), given_up.get()), (0, 1, round));
    }
}

#[tokio::test]
async fn a_long_read_holds_up_no_other() {
    let (_folder, file) = folder();
    let readers = Arc::new(readers(&file, 2));
    let long = |readers: &Arc<Readers>| {
        let readers = Arc::clone(readers);
        tokio::spawn(async move { readers.read(statement(ENDLESS)).await.map(|_| ()) })
    };
    let one = long(&readers);
    for _ in 0..100 {
        assert_eq!(number(&readers, COUNT).await, Ok(1000));
    }
    let two = long(&readers);
    while readers.busy() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(number(&readers, COUNT).await, Err(Fault::Taken));
    one.abort();
    assert_eq!(number(&readers, COUNT).await, Ok(1000));
    two.abort();
    readers.close().await;
    assert_eq!(readers.idle(), 0);
    assert_eq!(number(&readers, COUNT).await, Err(Fault::Unreachable));
}

#[tokio::test]
async fn what_is_wrong_with_the_file_is_told_and_once_it_is_mended_it_is_read() {
    let (folder, file) = folder();
    let sound = fs::read(&file).unwrap();
    let mut torn = sound.clone();
    torn[8 * 4096..].fill(7);
    let broken: [(&str, Option<&[u8]>, Fault); 3] = [
        ("missing", None, Fault::Unreachable),
        (
            "no database",
            Some(b"This is no database, but a text of some length that says so. ".as_slice()),
            Fault::Damaged,
        ),
        ("torn", Some(&torn), Fault::Damaged),
    ];
    for (what, content, fault) in broken {
        let file = folder.path().join(what);
        if let Some(content) = content {
            fs::write(&file, content.repeat(if what == "torn" { 1 } else { 100 })).unwrap();
        }
        let readers = readers(&file, 2);
        assert_eq!(number(&readers, COUNT).await, Err(fault), "{what}");
        assert_eq!((readers.busy(), readers.idle()), (0, 0), "{what}: its connection is closed");
        fs::write(&file, &sound).unwrap();
        assert_eq!(number(&readers, COUNT).await, Ok(1000), "{what}");
    }
}

#[tokio::test]
async fn who_holds_the_file_is_waited_for_and_what_is_refused_is_told() {
    let (_folder, file) = folder();
    let readers = readers(&file, 2);
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(number(&readers, COUNT).await, Err(Fault::Busy));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(number(&readers, COUNT).await, Ok(1000));
    assert_eq!(number(&readers, "DELETE FROM row RETURNING i").await, Err(Fault::ReadOnly), "they only read");
    let overflow = "SELECT sum(i) FROM (SELECT 9223372036854775807 AS i UNION ALL SELECT 1)";
    assert_eq!(number(&readers, overflow).await, Err(Fault::Overflow));
    assert_eq!(number(&readers, "SELECT nothing").await, Err(Fault::Ours));
    assert_eq!(number(&readers, COUNT).await, Ok(1000));
}

/// What a line holds, in every way in which it can be read.
fn cell<T: Kept + Debug>(line: Line<'_>, at: usize) -> String {
    format!("{:?} {:?}", line.get::<Option<T>>(at).unwrap(), line.get::<T>(at).ok())
}

#[tokio::test]
async fn both_drivers_write_and_read_values_alike() {
    let (_folder, file) = folder();
    let (readers, ready) = (readers(&file, 1), Ready::of(Source::beside(&pool(&file), 1, Counter::default())));
    let moment = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let values = [
        Value::from(true),
        Value::from(-7),
        Value::from(i64::MAX),
        Value::from(0.5),
        Value::from("Zoë\0\u{1f980}"),
        Value::from(vec![0_u8, 255]),
        Value::from(Uuid::max()),
        Value::from(json!({ "a": [1, null] })),
        Value::from(NaiveDate::from_ymd_opt(9999, 12, 31).unwrap()),
        Value::from(moment("2026-11-30T22:00:00.000001Z")),
        Value::from(moment("0001-01-01T00:00:00Z")),
    ];
    let nothing = values.iter().map(sea_orm::sea_query::Value::as_null);
    for values in [values.to_vec(), nothing.collect()] {
        let places: Vec<_> =
            (1..=values.len()).map(|place| format!("?{place}, typeof(?{place}), hex(?{place})")).collect();
        let asked = || {
            let sql = format!("SELECT {}", places.join(", "));
            Statement::from_sql_and_values(DbBackend::Sqlite, sql, values.clone())
        };
        let (packed, each) = (readers.read(asked()).await.unwrap(), ready.read(asked()).await.unwrap());
        let (packed, each) = (packed.first().unwrap(), each.first().unwrap());
        for at in 0..values.len() {
            for written in [at * 3 + 1, at * 3 + 2] {
                assert_eq!(packed.get::<String>(written).unwrap(), each.get::<String>(written).unwrap(), "{at}");
            }
            let read = match at {
                0 => cell::<bool>,
                1 => cell::<i32>,
                2 => cell::<i64>,
                3 => cell::<f64>,
                4 => cell::<String>,
                5 => cell::<Vec<u8>>,
                6 => cell::<Uuid>,
                7 => cell::<Json>,
                8 => cell::<NaiveDate>,
                _ => cell::<DateTime<Utc>>,
            };
            assert_eq!(read(packed, at * 3), read(each, at * 3), "{at}");
        }
    }
}
