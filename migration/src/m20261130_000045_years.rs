//! Days and moments of the years 1 to 9999 only, and no leap seconds: what was stored before the service refused others
//! is moved to the nearest that there is, since one such value would end every figure over its column.

use crate::step::*;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = db.get_database_backend();
        for column in columns(db, backend).await? {
            for sql in if backend == DbBackend::Postgres { postgres(&column) } else { sqlite(&column) } {
                db.execute_unprepared(&sql).await?;
            }
        }
        Ok(())
    }

    /// What the values were is not known any more.
    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

/// A column of days or of moments.
struct Dated {
    table: String,
    column: String,
    is_moment: bool,
}

async fn columns<C: ConnectionTrait>(db: &C, backend: DbBackend) -> Result<Vec<Dated>, DbErr> {
    let sql = if backend == DbBackend::Postgres {
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND data_type IN ('date', 'timestamp with time zone')"
    } else {
        "SELECT tables.name, columns.name, columns.type FROM sqlite_master tables \
         JOIN pragma_table_info(tables.name) columns \
         WHERE tables.type = 'table' AND columns.type IN ('date_text', 'timestamp_with_timezone_text')"
    };
    let mut found = Vec::new();
    for row in db.query_all_raw(Statement::from_string(backend, sql)).await? {
        let kind: String = row.try_get_by_index(2)?;
        let (table, column) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        found.push(Dated { table, column, is_moment: kind.starts_with("timestamp") });
    }
    Ok(found)
}

fn postgres(Dated { table, column, is_moment }: &Dated) -> Vec<String> {
    let (first, last) = if *is_moment {
        ("TIMESTAMPTZ '0001-01-01 00:00:00+00'", "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'")
    } else {
        ("DATE '0001-01-01'", "DATE '9999-12-31'")
    };
    vec![format!(
        "UPDATE {table} SET {column} = LEAST(GREATEST({column}, {first}), {last}) \
         WHERE {column} NOT BETWEEN {first} AND {last}"
    )]
}

/// Years of more than four digits have a sign.
fn sqlite(Dated { table, column, is_moment }: &Dated) -> Vec<String> {
    let (first, last) = if *is_moment {
        ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00")
    } else {
        ("0001-01-01", "9999-12-31")
    };
    let mut steps = vec![
        format!("UPDATE {table} SET {column} = '{last}' WHERE {column} LIKE '+%'"),
        format!("UPDATE {table} SET {column} = '{first}' WHERE {column} LIKE '-%' OR {column} LIKE '0000-%'"),
    ];
    if *is_moment {
        steps.push(format!(
            "UPDATE {table} SET {column} = strftime('%Y-%m-%dT%H:%M:%S', substr({column}, 1, 17) || '59', '+1 second') \
             || substr({column}, 20) WHERE {column} LIKE '____-__-__T__:__:60%'"
        ));
    }
    steps
}
