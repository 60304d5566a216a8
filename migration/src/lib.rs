//! How the tables came to be: one step a file, oldest first. A step that has been released is never
//! changed; a change of the schema is a new step.
//!
//! The steps describe the tables of their day, so they never look at the entities, which describe
//! the tables of today. They run unchanged on SQLite and on PostgreSQL, but for what only several
//! replicas need.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use self::step::MigrationTrait;

mod columns;
mod m20261123_000001_people;
mod m20261123_000002_customer;
mod m20261123_000003_marketing;
mod m20261123_000004_lead;
mod m20261123_000005_deal;
mod m20261123_000006_activity;
mod m20261123_000007_platform;
mod m20261123_000008_attribution;
mod m20261127_000009_event_notice;
mod m20261127_000020_indexes;
mod m20261128_000021_lead_status_index;
mod m20261130_000037_touch_counts_from;
mod m20261130_000038_token_confirmed;
mod m20261130_000039_ages;
mod m20261130_000040_qualification;
mod m20261130_000041_known_network;
mod m20261130_000042_security_event;
mod m20261130_000045_years;
mod m20261130_000050_source;
mod m20261130_000051_conversion;
mod m20261130_000055_event_subject;
mod m20261130_000060_text_keys;
mod m20261130_000070_product;
mod m20261130_000071_line_item;
mod m20261130_000080_customer_deals;
pub mod step;
mod table;

/// The steps of these files, each by the name of its file.
macro_rules! steps {
    ($($file:ident)+) => {
        vec![$((stringify!($file), Box::new($file::Migration) as Box<dyn MigrationTrait>)),+]
    };
}

/// All steps in order.
fn all() -> Vec<(&'static str, Box<dyn MigrationTrait>)> {
    steps! {
        m20261123_000001_people
        m20261123_000002_customer
        m20261123_000003_marketing
        m20261123_000004_lead
        m20261123_000005_deal
        m20261123_000006_activity
        m20261123_000007_platform
        m20261123_000008_attribution
        m20261127_000009_event_notice
        m20261127_000020_indexes
        m20261128_000021_lead_status_index
        m20261130_000045_years
        m20261130_000040_qualification
        m20261130_000055_event_subject
        m20261130_000060_text_keys
        m20261130_000037_touch_counts_from
        m20261130_000038_token_confirmed
        m20261130_000039_ages
        m20261130_000041_known_network
        m20261130_000042_security_event
        m20261130_000050_source
        m20261130_000051_conversion
        m20261130_000070_product
        m20261130_000071_line_item
        m20261130_000080_customer_deals
    }
}

/// Identifies the advisory lock under which replicas take turns; any number of our own will do.
const TURN: i64 = 726_173;

/// Every text of PostgreSQL is compared by its bytes, as SQLite does, whichever step made its column and in whatever
/// language the server sorts. What people sort by has columns of its own.
const BY_BYTES: &str = "DO $$ DECLARE one record; BEGIN \
    FOR one IN SELECT c.table_name, string_agg(format('ALTER COLUMN %I TYPE %s COLLATE \"C\"', c.column_name, \
        CASE WHEN c.character_maximum_length IS NULL THEN c.data_type \
        ELSE format('varchar(%s)', c.character_maximum_length) END), ', ') AS columns \
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' \
    AND c.data_type IN ('character varying', 'text') AND c.collation_name IS DISTINCT FROM 'C' \
    GROUP BY c.table_name \
    LOOP EXECUTE format('ALTER TABLE %I %s', one.table_name, one.columns); END LOOP; END $$";

/// PostgreSQL looks by itself into a table of which fifty rows have changed. Of one that it has not looked into it takes
/// nearly every row for deleted, and reads small tables in a nested loop each: minutes for a filter through five of them.
const LOOKED_INTO: &str = "DO $$ DECLARE one record; BEGIN \
    FOR one IN SELECT oid::regclass AS name FROM pg_class \
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' \
    AND NOT coalesce('autovacuum_analyze_threshold=1' = ANY(reloptions), false) \
    LOOP EXECUTE format('ALTER TABLE %s SET (autovacuum_analyze_threshold = 1)', one.name); END LOOP; END $$";

/// Brings the database up to date, all or nothing. Replicas that start together wait for the first
/// one and then find nothing left to do.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let tx = db
        .begin_with_options(TransactionOptions {
            // On SQLite, taking the write lock at once is the turn.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await?;
    if db.get_database_backend() == DbBackend::Postgres {
        // A step takes as long as it takes.
        tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({TURN})")).await?;
    }
    step::take(&tx, all()).await?;
    if db.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(BY_BYTES).await?;
        tx.execute_unprepared(LOOKED_INTO).await?;
    }
    tx.commit().await
}
