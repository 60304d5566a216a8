//! Statement text in pieces, and the few places where the two databases spell things differently.
//!
//! A piece is text with `?` for every bound value, in order; pieces are joined freely, and [`Sql::statement`] numbers
//! the places for PostgreSQL at the end. Values are always bound, so the text of a query shape never changes
//! and stays prepared.

use sea_orm::{DbBackend, Statement, Value, sea_query::ArrayType};
use uuid::Uuid;

/// A piece of SQL with its bound values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// A piece without values.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// A single bound value.
    pub fn value(value: impl Into<Value>) -> Self {
        Self { text: "?".to_owned(), values: vec![value.into()] }
    }

    /// Adds text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a bound value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// Adds another piece.
    pub fn append(&mut self, piece: Self) -> &mut Self {
        self.text.push_str(&piece.text);
        self.values.extend(piece.values);
        self
    }

    /// No text at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text with `?` places, for [`Sql::into_expr`] and for tests.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// `(a) <word> (b) …`; an empty list is `empty`.
    pub fn join(pieces: Vec<Self>, word: &str, empty: &str) -> Self {
        let mut pieces = pieces.into_iter();
        let Some(first) = pieces.next() else { return Self::text(empty) };
        let mut all = Self::text("(");
        all.append(first);
        for piece in pieces {
            all.push(")").push(word).push("(").append(piece);
        }
        all.push(")");
        all
    }

    /// `a, b, …`.
    pub fn listed(pieces: Vec<Self>) -> Self {
        let mut all = Self::default();
        for (place, piece) in pieces.into_iter().enumerate() {
            if place > 0 {
                all.push(", ");
            }
            all.append(piece);
        }
        all
    }

    /// Every piece must hold.
    pub fn all(pieces: Vec<Self>) -> Self {
        Self::join(pieces, " AND ", "1 = 1")
    }

    /// At least one piece must hold.
    pub fn any(pieces: Vec<Self>) -> Self {
        Self::join(pieces, " OR ", "1 = 0")
    }

    /// The piece as a statement of the database.
    pub fn statement(self, backend: DbBackend) -> Statement {
        let text = match backend {
            DbBackend::Postgres => number(&self.text),
            _ => self.text,
        };
        Statement::from_sql_and_values(backend, text, self.values)
    }

    /// The piece as a statement for which PostgreSQL keeps one plan, whatever the values: right where a few rows are read
    /// by an index, and planning would take longer than reading. So each value stands in a query of its own, which the
    /// planner does not look into; where it sees values that make a plan look cheaper, it plans every execution anew.
    pub fn planned_once(self, backend: DbBackend) -> Statement {
        if backend != DbBackend::Postgres {
            return self.statement(backend);
        }
        let mut parts = self.text.split('?');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (place, (part, value)) in parts.zip(&self.values).enumerate() {
            text.push_str(&format!("(SELECT ${})", place + 1));
            text.push_str(match value {
                // An array is one value here, and not the rows of the query.
                Value::Array(ArrayType::Uuid, _) => "::uuid[]",
                Value::Array(..) => "::text[]",
                _ => "",
            });
            text.push_str(part);
        }
        Statement::from_sql_and_values(backend, text, self.values)
    }

    /// The piece as a condition inside a statement that sea-query builds.
    pub fn into_expr(self, backend: DbBackend) -> sea_orm::sea_query::SimpleExpr {
        let text = match backend {
            DbBackend::Postgres => number(&self.text),
            _ => self.text,
        };
        sea_orm::sea_query::Expr::cust_with_values(text, self.values)
    }
}

impl From<&str> for Sql {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// `?` -> `$1`, `$2`, … (no piece has a `?` of another meaning).
fn number(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    for (place, part) in text.split('?').enumerate() {
        if place > 0 {
            numbered.push('$');
            numbered.push_str(&place.to_string());
        }
        numbered.push_str(part);
    }
    numbered
}

/// What the two databases spell differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A server.
    Postgres,
    /// A file.
    Sqlite,
}

impl Dialect {
    /// The dialect of a connection.
    pub fn of(backend: DbBackend) -> Self {
        match backend {
            DbBackend::Postgres => Self::Postgres,
            _ => Self::Sqlite,
        }
    }

    /// The ids as one bound value, whatever their number.
    fn id_list(self, ids: &[Uuid]) -> Value {
        match self {
            Self::Postgres => {
                let ids = ids.iter().map(|id| Value::Uuid(Some(*id))).collect();
                Value::Array(ArrayType::Uuid, Some(Box::new(ids)))
            }
            Self::Sqlite => {
                let hex: Vec<_> = ids.iter().map(|id| id.simple().to_string()).collect();
                Value::String(Some(serde_json::Value::from(hex).to_string()))
            }
        }
    }

    /// `column` is one of the ids.
    pub fn is_any(self, column: impl Into<Sql>, ids: &[Uuid]) -> Sql {
        let mut sql = column.into();
        match self {
            _ if let [id] = ids => sql.push(" = ").bind(*id),
            Self::Postgres => sql.push(" = ANY(").bind(self.id_list(ids)).push(")"),
            Self::Sqlite => sql.push(" IN (SELECT unhex(value) FROM json_each(").bind(self.id_list(ids)).push("))"),
        };
        sql
    }

    /// The ids as a table with the column `parent.id`, to look up the children of each.
    pub fn id_table(self, ids: &[Uuid]) -> Sql {
        match self {
            Self::Postgres => {
                let mut sql = Sql::text("unnest(");
                sql.bind(self.id_list(ids)).push(") AS parent(id)");
                sql
            }
            Self::Sqlite => {
                let mut sql = Sql::text("(SELECT unhex(value) AS id FROM json_each(");
                sql.bind(self.id_list(ids)).push(")) AS parent");
                sql
            }
        }
    }

    /// `column` is one of the texts.
    pub fn is_any_text(self, column: impl Into<Sql>, texts: Vec<String>) -> Sql {
        let mut sql = column.into();
        match self {
            Self::Postgres => {
                let texts = texts.into_iter().map(|text| Value::String(Some(text))).collect();
                sql.push(" = ANY(").bind(Value::Array(ArrayType::String, Some(Box::new(texts)))).push(")")
            }
            Self::Sqlite => sql
                .push(" IN (SELECT value FROM json_each(")
                .bind(serde_json::Value::from(texts).to_string())
                .push("))"),
        };
        sql
    }

    /// The text matches a `LIKE` pattern; ASCII letters match in either case, alike on both databases.
    pub fn like(self, column: Sql, pattern: String) -> Sql {
        match self {
            Self::Postgres => {
                let mut sql = Sql::text("lower((");
                sql.append(column).push(") COLLATE \"C\") LIKE ").bind(pattern.to_ascii_lowercase());
                sql.push(" ESCAPE '\\'");
                sql
            }
            Self::Sqlite => {
                let mut sql = column;
                sql.push(" LIKE ").bind(pattern).push(" ESCAPE '\\'");
                sql
            }
        }
    }

    /// The aggregate `sum` of whole numbers as a whole number.
    pub fn sum(self, value: Sql) -> Sql {
        let mut sql = Sql::text("CAST(SUM(");
        sql.append(value).push(match self {
            Self::Postgres => ") AS bigint)",
            Self::Sqlite => ") AS integer)",
        });
        sql
    }

    /// Locks the selected rows until the transaction ends (SQLite's one writer needs no lock).
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Postgres => " FOR UPDATE",
            Self::Sqlite => "",
        }
    }
}
