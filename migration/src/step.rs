//! How steps are taken. What was taken stands in the table that SeaORM's own migrator keeps, which did this once; it brought
//! along a second set of types for times and numbers that nothing here uses.

pub use sea_orm::sea_query::*;
pub use sea_orm::{ConnectionTrait, DbErr};
use sea_orm::{DatabaseTransaction, DbBackend, Statement};

/// One step.
#[async_trait::async_trait]
pub trait MigrationTrait: Send + Sync {
    /// Takes it.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr>;

    /// Takes it back.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr>;
}

/// What a step changes.
pub struct SchemaManager<'t>(&'t DatabaseTransaction);

impl<'t> SchemaManager<'t> {
    /// The database, within the transaction of all steps.
    pub fn get_connection(&self) -> &'t DatabaseTransaction {
        self.0
    }

    /// Its kind.
    pub fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    /// Makes a table.
    ///
    /// # Errors
    /// Database errors.
    pub async fn create_table(&self, table: TableCreateStatement) -> Result<(), DbErr> {
        self.0.execute(&table).await.map(|_| ())
    }

    /// Changes a table.
    ///
    /// # Errors
    /// Database errors.
    pub async fn alter_table(&self, table: TableAlterStatement) -> Result<(), DbErr> {
        self.0.execute(&table).await.map(|_| ())
    }

    /// Removes a table.
    ///
    /// # Errors
    /// Database errors.
    pub async fn drop_table(&self, table: TableDropStatement) -> Result<(), DbErr> {
        self.0.execute(&table).await.map(|_| ())
    }
}

/// Takes the steps that have not been taken.
///
/// # Errors
/// Database errors; the database knows a step that is none of these.
pub(crate) async fn take(
    db: &DatabaseTransaction,
    steps: Vec<(&'static str, Box<dyn MigrationTrait>)>,
) -> Result<(), DbErr> {
    let table = "CREATE TABLE IF NOT EXISTS seaql_migrations (version varchar NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)";
    db.execute_unprepared(table).await?;
    let backend = db.get_database_backend();
    let now = match backend {
        DbBackend::Postgres => "extract(epoch FROM now())::bigint",
        _ => "CAST(strftime('%s', 'now') AS integer)",
    };
    let mut taken = Vec::new();
    for row in db.query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations")).await? {
        taken.push(row.try_get_by_index::<String>(0)?);
    }
    if let Some(unknown) = taken.iter().find(|taken| steps.iter().all(|(name, _)| name != taken)) {
        return Err(DbErr::Custom(format!("Step {unknown} {UNKNOWN}")));
    }
    for (name, step) in steps.into_iter().filter(|(name, _)| taken.iter().all(|taken| name != taken)) {
        step.up(&SchemaManager(db)).await?;
        let note = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{name}', {now})");
        db.execute_unprepared(&note).await?;
    }
    Ok(())
}

/// What is said of a database that a newer version has brought up to date.
pub const UNKNOWN: &str = "is known to the database and not to this program";
