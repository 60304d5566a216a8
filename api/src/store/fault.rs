//! What is wrong when the database fails, by whose fault it is, in words for people.

use std::sync::Arc;

use sea_orm::sqlx::Error as Sqlx;
use sea_orm::{DbErr, RuntimeErr};

use crate::error::{Code, Error};

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody waited for it any longer.
    Late,
    /// The way to the database is interrupted.
    Unreachable,
    /// No connection was free in time.
    Taken,
    /// Others write, and did not end in time.
    Busy,
    /// There is no room.
    Full,
    /// Disk or memory of the database fail.
    Failing,
    /// It can only be read.
    ReadOnly,
    /// What is stored is not what was written.
    Damaged,
    /// Transactions that wait for each other in a circle: the database gave this one up for the others.
    Standoff,
    /// A sum that leaves 64 bits.
    Overflow,
    /// A rule of the data refused it.
    Refusal,
    /// Our fault.
    Ours,
}

impl Fault {
    pub fn of(error: &DbErr) -> Self {
        match error {
            DbErr::Custom(text) if text == LATE => Self::Late,
            DbErr::ConnectionAcquire(_) => Self::Taken,
            DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause))
            | DbErr::Conn(RuntimeErr::SqlxError(cause)) => Self::of_driver(cause),
            DbErr::Conn(_) => Self::Unreachable,
            _ => Self::Ours,
        }
    }

    fn of_driver(error: &Sqlx) -> Self {
        match error {
            Sqlx::PoolTimedOut => Self::Taken,
            Sqlx::Io(_) | Sqlx::Tls(_) | Sqlx::PoolClosed | Sqlx::WorkerCrashed | Sqlx::Protocol(_) => {
                Self::Unreachable
            }
            Sqlx::Database(error) => {
                let code = error.code().unwrap_or_default();
                // Five characters on PostgreSQL, a number on SQLite.
                match code.parse::<i32>() {
                    Ok(number) if code.len() < 5 => Self::of_sqlite(number, error.message()),
                    _ => Self::of_postgres(&code),
                }
            }
            _ => Self::Ours,
        }
    }

    /// <https://www.sqlite.org/rescode.html>: the last byte is the kind.
    fn of_sqlite(code: i32, message: &str) -> Self {
        match code & 0xff {
            5 | 6 => Self::Busy,
            13 => Self::Full,
            7 | 10 => Self::Failing,
            8 => Self::ReadOnly,
            9 => Self::Late,
            11 | 26 => Self::Damaged,
            3 | 14 => Self::Unreachable,
            19 => Self::Refusal,
            1 if message.contains("integer overflow") => Self::Overflow,
            _ => Self::Ours,
        }
    }

    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>: the first two characters are the class.
    fn of_postgres(code: &str) -> Self {
        match code {
            "40001" | "40P01" => Self::Standoff,
            "22003" => Self::Overflow,
            "25006" => Self::ReadOnly,
            "53100" => Self::Full,
            "53200" => Self::Failing,
            "57014" => Self::Late,
            "55P03" => Self::Busy,
            "XX001" | "XX002" => Self::Damaged,
            // An idle transaction was ended; the database was dropped; the user may not come in any more.
            "25P03" | "3D000" | "28000" | "28P01" => Self::Unreachable,
            _ => match code.get(..2) {
                Some("22" | "23") => Self::Refusal,
                Some("08" | "53" | "57") => Self::Unreachable,
                Some("58") => Self::Failing,
                _ => Self::Ours,
            },
        }
    }

    /// The database itself, or the way to it, has to be looked after before it can be written again.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Unreachable | Self::Full | Self::Failing | Self::ReadOnly | Self::Damaged)
    }

    fn told(self, error: DbErr) -> Error {
        let unavailable = |words: &str| {
            tracing::warn!(%error, "the database cannot do its work");
            Error::refused(Code::Unavailable, words)
        };
        match self {
            Self::Late => {
                tracing::warn!("a statement ran into the time limit");
                Error::refused(Code::Timeout, "The database did not answer in time. Try again, or ask for less.")
            }
            Self::Unreachable => unavailable("The database cannot be reached at the moment. Try again shortly."),
            Self::Taken => {
                unavailable("The database is busy with other work, or cannot be reached. Try again shortly.")
            }
            Self::Busy => unavailable("The database is busy with other work. Try again shortly."),
            Self::Full => unavailable(
                "The disk of the database is full: nothing can be written until there is space. Reading still works.",
            ),
            Self::Failing => unavailable("The disk of the database has failed to read or write. Try again later."),
            Self::ReadOnly => unavailable("The database can only be read at the moment. Try again later."),
            Self::Damaged => unavailable("The database is damaged: whoever runs the service has to restore a backup."),
            Self::Standoff => Error::raced("Others were changing the same rows at the same moment. Try again."),
            Self::Overflow => Error::bad_input("The sum is too large to be given. Narrow the filter."),
            Self::Refusal | Self::Ours => Error::internal(error),
        }
    }
}

/// A database error by whose fault it is.
pub(super) fn classify(error: DbErr) -> Error {
    Fault::of(&error).told(error)
}

/// The error of a commit. If the answer did not come, nobody knows what became of it, and the error says so.
pub(super) fn of_commit(error: DbErr) -> Error {
    let fault = Fault::of(&error);
    if !matches!(fault, Fault::Late | Fault::Unreachable | Fault::Failing) {
        return fault.told(error);
    }
    tracing::warn!(%error, "whether a transaction was committed is not known");
    let code = if fault == Fault::Late { Code::Timeout } else { Code::Unavailable };
    let who = if fault == Fault::Failing { "The disk of the database" } else { "The database" };
    Error::refused(
        code,
        format!(
            "{who} did not confirm the change: it may have been made or not. Send it again with the same idempotency key, \
             which makes it once; without one, look before you try again."
        ),
    )
}

/// Was the statement refused by a rule of the data? Then the connection is as good as before.
pub(super) fn is_refusal(error: &DbErr) -> bool {
    matches!(Fault::of(error), Fault::Refusal | Fault::Overflow | Fault::Standoff)
}

/// An error of the driver.
pub(super) fn failed(error: Sqlx) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

/// The error of a call that ran into its time limit, or that nobody waits for any more.
pub(super) fn given_up() -> DbErr {
    DbErr::Custom(LATE.to_owned())
}

const LATE: &str = "the database did not answer in time";
