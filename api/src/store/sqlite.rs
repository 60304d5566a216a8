//! A connection that reads an SQLite file: how it is opened, how a statement runs on it, and what its errors are.
//!
//! It is the same library that the other driver links, so both agree about the locks of the file.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::SecondsFormat;
use rusqlite::{CachedStatement, Connection, OpenFlags, Result, ffi};
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::sqlx::{Error as Sqlx, SqlitePool};
use sea_orm::{Statement, Value};
use url::form_urlencoded;

use super::link::STEPS;
use super::packed::Packed;

/// A connection keeps so many statements prepared, as those of the other driver do.
const PREPARED: usize = 100;

/// Where connections come in.
#[derive(Debug)]
pub(super) struct Door {
    file: PathBuf,
    vfs: Option<String>,
    flags: OpenFlags,
    patience: Duration,
}

impl Door {
    /// That of a pool's file; `patience`: how long a connection waits for a lock.
    pub fn of(pool: &SqlitePool, url: &str, patience: Duration) -> Self {
        let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
        let parameter = |wanted: &str| {
            let mut all = form_urlencoded::parse(parameters.as_bytes());
            all.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let shared = parameter("cache").is_some_and(|cache| cache == "shared");
        let cache = if shared { OpenFlags::SQLITE_OPEN_SHARED_CACHE } else { OpenFlags::SQLITE_OPEN_PRIVATE_CACHE };
        // The file is there: whoever writes has made it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let file = pool.connect_options().get_filename().to_owned();
        Self { file, vfs: parameter("vfs"), flags: flags | cache, patience }
    }

    /// A new connection.
    ///
    /// # Errors
    /// The file is not there, or cannot be read.
    pub fn open(&self) -> Result<Connection> {
        let connection = match &self.vfs {
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.file, self.flags, vfs.as_str())?,
            None => Connection::open_with_flags(&self.file, self.flags)?,
        };
        connection.busy_timeout(self.patience)?;
        // A mapped file turns an I/O error into the end of the process.
        connection.execute_batch("PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON; PRAGMA query_only = ON")?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(connection)
    }
}

/// Reads all rows of a statement, unless it is stopped.
///
/// # Errors
/// What SQLite says.
pub(super) fn read(connection: &Connection, statement: &Statement, stopped: &Arc<AtomicBool>) -> Result<Packed> {
    let flag = Arc::clone(stopped);
    connection.progress_handler(STEPS, Some(move || flag.load(Ordering::Relaxed)))?;
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let values = statement.values.iter().flat_map(|values| &values.0);
    for (place, value) in (1..).zip(values) {
        bind(&mut prepared, place, value)?;
    }
    let mut packed = Packed::new(prepared.column_count());
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        packed.add(row)?;
    }
    Ok(packed)
}

/// Binds a value as the other driver writes it.
fn bind(prepared: &mut CachedStatement<'_>, place: usize, value: &Value) -> Result<()> {
    match value {
        Value::Bool(value) => prepared.raw_bind_parameter(place, value),
        Value::SmallInt(value) => prepared.raw_bind_parameter(place, value),
        Value::Int(value) => prepared.raw_bind_parameter(place, value),
        Value::Unsigned(value) => prepared.raw_bind_parameter(place, value),
        Value::BigInt(value) => prepared.raw_bind_parameter(place, value),
        Value::BigUnsigned(value) => {
            prepared.raw_bind_parameter(place, value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)))
        }
        Value::Double(value) => prepared.raw_bind_parameter(place, value),
        Value::String(value) => prepared.raw_bind_parameter(place, value),
        Value::Bytes(value) => prepared.raw_bind_parameter(place, value),
        Value::Uuid(value) => prepared.raw_bind_parameter(place, value.as_ref().map(|id| id.as_bytes().as_slice())),
        Value::Json(value) => prepared.raw_bind_parameter(place, value.as_ref().map(ToString::to_string)),
        Value::ChronoDate(value) => prepared.raw_bind_parameter(place, value.map(|day| day.format("%F").to_string())),
        Value::ChronoDateTimeUtc(value) => {
            let written = value.map(|moment| moment.to_rfc3339_opts(SecondsFormat::AutoSi, false));
            prepared.raw_bind_parameter(place, written)
        }
        other => Err(rusqlite::Error::ToSqlConversionFailure(format!("no statement binds {other:?}").into())),
    }
}

/// Whether nothing is wrong with the connection: all went well, or what ran was stopped.
pub(super) fn is_sound<T>(outcome: &Result<T>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => error.sqlite_error_code() == Some(ffi::ErrorCode::OperationInterrupted),
    }
}

/// The error as the other driver tells it, so that it is judged alike.
pub(super) fn as_sqlx(error: rusqlite::Error) -> Sqlx {
    match error.sqlite_error() {
        Some(cause) => Sqlx::Database(Box::new(Refused { code: cause.extended_code, message: error.to_string() })),
        None => Sqlx::Decode(Box::new(error)),
    }
}

/// What SQLite refused.
#[derive(Debug)]
struct Refused {
    /// The extended result code.
    code: i32,
    message: String,
}

impl Display for Refused {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl Error for Refused {}

impl DatabaseError for Refused {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
