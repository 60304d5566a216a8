//! Why a database cannot be opened, in words for whoever starts the service: the cause, where it lies, and the way out.
//! Passwords are never among them.

use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{Connection, Error as Sqlx, PgConnection};
use sea_orm::{DbErr, RuntimeErr};

use super::fault::Fault;
use crate::error::{Code, Error};

/// Older ones can lose what was written while the log is reset (fixed in 3.51.3).
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// The error of opening or migrating the database at this URL.
pub(super) async fn explained(url: &str, error: DbErr) -> Error {
    let words = if url.starts_with("sqlite:") { of_sqlite(url, &error) } else { of_postgres(url, &error).await };
    tracing::debug!(%error, "the database cannot be opened");
    match words {
        Some(words) => Error::refused(Code::Unavailable, words),
        None => Error::internal(error),
    }
}

/// What both databases may say.
fn of_either(error: &DbErr) -> Option<String> {
    let text = error.to_string();
    let is_newer = text.contains(migration::step::UNKNOWN);
    is_newer.then(|| {
        "The database was brought up to date by a newer version of Tributary. Start that version, or name another \
         database in DATABASE_URL."
            .to_owned()
    })
}

fn driver(error: &DbErr) -> Option<&Sqlx> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

fn of_sqlite(url: &str, error: &DbErr) -> Option<String> {
    if let Some(words) = of_either(error) {
        return Some(words);
    }
    let options = SqliteConnectOptions::from_str(url).ok()?;
    let file = options.get_filename();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (name, place) = (file.display(), folder.display());
    let words = match Fault::of(error) {
        _ if !folder.exists() => {
            format!(
                "There is no folder {place} for the database {name}. Create it, or name another file in DATABASE_URL."
            )
        }
        _ if !folder.is_dir() => format!(
            "{place} is a file, no folder, so there can be no database {name}. Name another file in DATABASE_URL."
        ),
        _ if file.is_dir() => format!(
            "{name} is a folder. Name a file in DATABASE_URL, such as sqlite://{}?mode=rwc.",
            file.join("tributary.db").display()
        ),
        Fault::Damaged if error.to_string().contains("not a database") => {
            format!("{name} is no SQLite database. Name another file in DATABASE_URL, or move this one out of the way.")
        }
        Fault::Damaged => format!("The database {name} is damaged. Restore a backup."),
        Fault::Full => format!("There is no space left on the disk of {name}. Free some."),
        Fault::Failing => format!("The disk of {name} does not read and write as it should. Look at the disk."),
        Fault::Busy | Fault::Taken | Fault::Late => format!(
            "{name} is being written by another process (another service, an import, a backup). End it, or try again \
             when it is done."
        ),
        Fault::ReadOnly | Fault::Unreachable if file.exists() => format!(
            "{name}, or its folder, cannot be written by the user who runs the service. Give that user the right, or \
             name another file in DATABASE_URL."
        ),
        Fault::ReadOnly | Fault::Unreachable => format!(
            "The folder {place} cannot be written by the user who runs the service, so that {name} cannot be made \
             there. Give that user the right, or name another file in DATABASE_URL."
        ),
        _ => return None,
    };
    Some(words)
}

async fn of_postgres(url: &str, error: &DbErr) -> Option<String> {
    if let Some(words) = of_either(error) {
        return Some(words);
    }
    let options = PgConnectOptions::from_str(url).ok()?;
    let server = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    // The pool tries for a while and then says only that it did.
    let asked = match driver(error) {
        None | Some(Sqlx::PoolTimedOut) => {
            tokio::time::timeout(Duration::from_secs(5), PgConnection::connect_with(&options)).await.map(Result::err)
        }
        Some(_) => Ok(None),
    };
    let silent = format!(
        "{server} does not answer. See that PostgreSQL runs there and that nothing in between swallows the connection, \
         or correct host and port in DATABASE_URL."
    );
    let asked = match asked {
        Ok(asked) => asked,
        Err(_) => return Some(silent),
    };
    let (user, database) = (options.get_username(), options.get_database().unwrap_or(options.get_username()));
    let words = match asked.as_ref().or(driver(error))? {
        Sqlx::Io(cause) => match cause.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => {
                format!(
                    "Nobody listens at {server}. Start PostgreSQL there, or correct host and port in \
                DATABASE_URL."
                )
            }
            ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => silent,
            _ if cause.to_string().contains("lookup") => {
                format!("There is no host {}. Correct it in DATABASE_URL.", options.get_host())
            }
            _ => format!("The connection to {server} broke off ({cause}). See that PostgreSQL runs there."),
        },
        Sqlx::Tls(_) => {
            "TLS is asked for (PGSSLMODE), which the service leaves to a proxy beside it: name that proxy and \
                         sslmode=disable in DATABASE_URL."
                .to_owned()
        }
        Sqlx::Database(cause) => match cause.code().unwrap_or_default().as_ref() {
            "28P01" => format!(
                "{server} does not take the password of the user {user}. Correct it in DATABASE_URL, where special \
                 characters have to be percent-encoded."
            ),
            "28000" if cause.message().contains("no encryption") => format!(
                "{server} lets the user {user} into the database {database} with TLS only, which the service leaves to \
                 a proxy beside it. Name that proxy in DATABASE_URL, or allow connections without TLS (pg_hba.conf)."
            ),
            "28000" => format!(
                "{server} does not let the user {user} into the database {database}. Make the user, or let it in \
                 (pg_hba.conf)."
            ),
            "3D000" => format!(
                "There is no database {database} at {server}. Make it (createdb {database}), or name another one in \
                 DATABASE_URL."
            ),
            "42501" => format!(
                "The user {user} may not make tables in the database {database} at {server}. Let it own the database, \
                 or GRANT CREATE ON SCHEMA public to it."
            ),
            "57P03" => format!("PostgreSQL at {server} is starting or stopping. Try again shortly."),
            "53300" => format!("All connections of {server} are taken. End some, or allow more (max_connections)."),
            "53100" => format!("There is no space left on the disk of {server}. Free some."),
            "25006" => format!("The database {database} at {server} can only be read. Name the one that is written."),
            _ => return None,
        },
        Sqlx::PoolTimedOut => silent,
        _ => return None,
    };
    Some(words)
}

/// Refuses to run on a SQLite that may lose what was written.
pub(super) fn check_sqlite(version: &str) -> Result<(), Error> {
    let parts: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
    if parts.as_slice() >= OLDEST_SQLITE.as_slice() {
        return Ok(());
    }
    let words = format!(
        "This program was built with SQLite {version}, which may lose what was written. Build it with 3.51.3 or newer."
    );
    Err(Error::refused(Code::Unavailable, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_of_sqlite_are_refused() {
        for (version, taken) in [("3.51.2", false), ("3.9.9", false), ("3.51.3", true), ("3.52.0", true), ("4.0", true)]
        {
            assert_eq!(check_sqlite(version).is_ok(), taken, "{version}");
        }
    }
}
