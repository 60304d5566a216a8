//! Every growth of the event log is announced to the other replicas, as part of the transaction that wrote it.
//!
//! A trigger and not a statement of the service: whoever writes events (the service, an import, a repair by hand)
//! announces them, and the service runs the same statements on both databases. SQLite serves one process, which
//! needs no announcement.

use crate::step::*;
use sea_orm::DbBackend;

pub struct Migration;

/// The payload is the last number of the log; the log itself is the truth.
const ANNOUNCE: &str = "
    CREATE FUNCTION announce_events() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('tributary_event', (SELECT max(seq) FROM written)::text);
        RETURN NULL;
    END $$;
    CREATE TRIGGER announce_events AFTER INSERT ON event
        REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION announce_events();
";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        on_postgres(manager, ANNOUNCE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        on_postgres(manager, "DROP TRIGGER announce_events ON event; DROP FUNCTION announce_events();").await
    }
}

async fn on_postgres(manager: &SchemaManager<'_>, statements: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager.get_connection().execute_unprepared(statements).await?;
    }
    Ok(())
}
