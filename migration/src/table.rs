//! What the steps have in common: the columns that come with every kind of table, and one way of
//! naming constraints and indexes.
//!
//! Names: `fk_<table>__<column>`, `ck_<table>__<rule>`, `uq_<table>__<columns>`,
//! `ix_<table>__<columns>`. Conditions are written in the SQL that both databases share.

use crate::columns::*;
use crate::step::*;

/// Restricts an index to the rows that are not deleted.
pub const LIVE: &str = "deleted_at IS NULL";

/// A table about to be created, with its indexes.
pub struct NewTable {
    name: &'static str,
    table: TableCreateStatement,
    indexes: Vec<String>,
    /// Texts that people search and sort by, and whether there is always one.
    texts: Vec<(&'static str, bool)>,
}

impl NewTable {
    /// A table without columns.
    pub fn named(name: &'static str) -> Self {
        Self { name, table: Table::create().table(name).to_owned(), indexes: Vec::new(), texts: Vec::new() }
    }

    /// A table of facts: rows are added and never changed.
    pub fn facts(name: &'static str) -> Self {
        Self::named(name).column(pk_uuid("id")).column(timestamp_with_time_zone("created_at"))
    }

    /// A table of rows that change: listed by creation, locked by version, deleted by mark.
    ///
    /// `created_by` is no foreign key, like every other column that names an actor: an actor may be
    /// a user or an API key.
    pub fn rows(name: &'static str) -> Self {
        Self::facts(name)
            .column(timestamp_with_time_zone("updated_at"))
            .column(uuid_null("created_by"))
            .column(integer("version"))
            .column(timestamp_with_time_zone_null("deleted_at"))
            .index_where(&["created_at", "id"], LIVE)
    }

    /// Rows that belong to a user and a team.
    pub fn owned(self) -> Self {
        self.optional_list("owner_id", "app_user").optional_list("team_id", "team")
    }

    /// Rows that may have been brought in from another system. `which` says among which rows the
    /// foreign id is unique; none for all.
    pub fn external(self, which: Option<&str>) -> Self {
        self.column(string_null("source_system"))
            .column(string_null("external_id"))
            .unique_where(&["source_system", "external_id"], which)
    }

    pub fn column(mut self, column: ColumnDef) -> Self {
        self.table.col(column);
        self
    }

    /// A required text that people search and sort by, with the columns for that.
    pub fn text(mut self, name: &'static str) -> Self {
        self.texts.push((name, true));
        self.column(string(name))
    }

    /// An optional text that people search and sort by, with the columns for that.
    pub fn optional_text(mut self, name: &'static str) -> Self {
        self.texts.push((name, false));
        self.column(string_null(name))
    }

    /// An optional amount of money: minor units, with the currency beside them.
    pub fn money(self, name: &str) -> Self {
        self.column(big_integer_null(format!("{name}_minor"))).column(string_null(format!("{name}_currency")))
    }

    /// A required reference to the `id` of another table, or of this one.
    pub fn reference(self, column: &'static str, to: &'static str) -> Self {
        self.column(uuid(column)).foreign_key(&[column], to, &["id"])
    }

    /// An optional reference to the `id` of another table, or of this one.
    pub fn optional(self, column: &'static str, to: &'static str) -> Self {
        self.column(uuid_null(column)).foreign_key(&[column], to, &["id"])
    }

    /// A required reference whose other side lists these rows in order of creation.
    pub fn list(self, column: &'static str, to: &'static str) -> Self {
        self.reference(column, to).index(&[column, "created_at", "id"])
    }

    /// An optional reference whose other side lists these rows in order of creation.
    pub fn optional_list(self, column: &'static str, to: &'static str) -> Self {
        self.optional(column, to).index(&[column, "created_at", "id"])
    }

    pub fn foreign_key(mut self, columns: &[&'static str], to: &'static str, keys: &[&'static str]) -> Self {
        let mut key = ForeignKey::create();
        key.name(format!("fk_{}__{}", self.name, columns.join("__"))).from_tbl(self.name).to_tbl(to);
        for column in columns {
            key.from_col(*column);
        }
        for column in keys {
            key.to_col(*column);
        }
        self.table.foreign_key(&mut key);
        self
    }

    pub fn primary_key(mut self, columns: &[&'static str]) -> Self {
        let mut key = Index::create();
        for column in columns {
            key.col(*column);
        }
        self.table.primary_key(&mut key);
        self
    }

    /// A condition that every row meets. Beware: a condition that comes out as null is met.
    pub fn check(mut self, rule: &str, condition: &str) -> Self {
        let name = Alias::new(format!("ck_{}__{rule}", self.name));
        self.table.check((name, Expr::cust(condition.to_owned())));
        self
    }

    /// The closed list of values of a column. Only for states that verbs depend on: SQLite cannot
    /// widen such a list later without rebuilding the table.
    pub fn one_of(self, column: &str, values: &[&str]) -> Self {
        let values = values.join("', '");
        self.check(column, &format!("{column} IN ('{values}')"))
    }

    pub fn index(self, columns: &[&str]) -> Self {
        self.add_index("INDEX", "ix", columns, None)
    }

    pub fn index_where(self, columns: &[&str], which: &str) -> Self {
        self.add_index("INDEX", "ix", columns, Some(which))
    }

    /// The columns together are unique among all rows. Rows with a null among them do not count.
    pub fn unique(self, columns: &[&str]) -> Self {
        self.unique_where(columns, None)
    }

    /// The columns together are unique among the rows that are not deleted.
    pub fn unique_live(self, columns: &[&str]) -> Self {
        self.unique_where(columns, Some(LIVE))
    }

    pub fn unique_where(self, columns: &[&str], which: Option<&str>) -> Self {
        self.add_index("UNIQUE INDEX", "uq", columns, which)
    }

    /// The schema builder knows no partial indexes on SQLite; their SQL is the same on both.
    fn add_index(mut self, what: &str, prefix: &str, columns: &[&str], which: Option<&str>) -> Self {
        let table = self.name;
        let name = format!("{prefix}_{table}__{}", columns.join("__"));
        let columns = columns.join("\", \"");
        let only = which.map(|c| format!(" WHERE {c}")).unwrap_or_default();
        self.indexes.push(format!(r#"CREATE {what} "{name}" ON "{table}" ("{columns}"){only}"#));
        self
    }

    pub async fn create(mut self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let none = if manager.get_database_backend() == sea_orm::DbBackend::Postgres { "''::bytea" } else { "x''" };
        for (name, always) in std::mem::take(&mut self.texts) {
            let mut sort = blob_null(format!("{name}_sort"));
            if always {
                sort = blob(format!("{name}_sort")).default(Expr::cust(none)).to_owned();
            }
            self = self.column(sort).column(string_null(format!("{name}_folded")));
        }
        manager.create_table(self.table).await?;
        for index in &self.indexes {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// Drops tables in the given order: those that refer to others before the others.
pub async fn drop_tables(manager: &SchemaManager<'_>, names: &[&'static str]) -> Result<(), DbErr> {
    for name in names {
        manager.drop_table(Table::drop().table(*name).to_owned()).await?;
    }
    Ok(())
}

/// Adds the column that closes a circle of references between two tables. SQLite can add a column
/// with its constraints, but no constraint to a column that exists. `more` is appended to the
/// definition of the column.
pub async fn close_circle(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
    to: &'static str,
    more: &str,
) -> Result<(), DbErr> {
    let constraints = format!(r#"CONSTRAINT "fk_{table}__{column}" REFERENCES "{to}" ("id") {more}"#);
    manager
        .alter_table(Table::alter().table(table).add_column(uuid_null(column).extra(constraints.trim_end())).to_owned())
        .await?;
    let index = format!(r#"CREATE INDEX "ix_{table}__{column}" ON "{table}" ("{column}", "created_at", "id")"#);
    manager.get_connection().execute_unprepared(&index).await?;
    Ok(())
}

/// Takes back [`close_circle`], so that the two tables can be dropped.
pub async fn open_circle(manager: &SchemaManager<'_>, table: &'static str, column: &'static str) -> Result<(), DbErr> {
    let index = format!(r#"DROP INDEX "ix_{table}__{column}""#);
    manager.get_connection().execute_unprepared(&index).await?;
    manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await
}
