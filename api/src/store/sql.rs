//! Statement text in pieces, and the few places where the two databases spell things differently.
//!
//! A piece is text with `?` for every bound value, in order; pieces are joined freely, and [`Sql::statement`] numbers
//! the places for PostgreSQL at the end. Values are always bound (but for some limits), so the text of a query shape does not
//! change and stays prepared.

use sea_orm::{DbBackend, Statement, Value, sea_query::ArrayType};
use uuid::Uuid;

use super::lookup::Lookup;

/// A piece of SQL with its bound values, and with what its rows look up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sql {
    text: String,
    values: Vec<Value>,
    lookups: Vec<Lookup>,
}

/// Stands in the text for a value that is looked up, as `?` does for one that is bound.
const LOOKED_UP: char = '\u{1}';

impl Sql {
    /// A piece without values.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A value that is looked up.
    pub fn looked_up(lookup: Lookup) -> Self {
        Self { text: LOOKED_UP.into(), lookups: vec![lookup], ..Self::default() }
    }

    /// A single bound value.
    pub fn value(value: impl Into<Value>) -> Self {
        Self { text: "?".to_owned(), values: vec![value.into()], ..Self::default() }
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
        self.lookups.extend(piece.lookups);
        self
    }

    /// The piece with something in the place of each value that is looked up.
    pub(super) fn filled(self, mut fill: impl FnMut(Lookup) -> Self) -> Self {
        if self.lookups.is_empty() {
            return self;
        }
        let (mut values, mut lookups) = (self.values.into_iter(), self.lookups.into_iter());
        let mut sql = Self::default();
        for part in self.text.split_inclusive(['?', LOOKED_UP]) {
            match part.strip_suffix(LOOKED_UP) {
                Some(before) => {
                    let value = lookups.next().map(&mut fill).unwrap_or_default();
                    sql.push(before).append(value);
                }
                None => {
                    sql.push(part);
                    sql.values.extend(part.ends_with('?').then(|| values.next()).flatten());
                }
            }
        }
        sql
    }

    /// Each row looks up what it needs by itself.
    fn by_row(self) -> Self {
        self.filled(|lookup| lookup.one.by_row())
    }

    /// The piece with one word instead of another.
    pub(super) fn renamed(self, word: &str, by: &str) -> Self {
        Self { text: self.text.replace(word, by), ..self }
    }

    /// All that it may become: the text, and that of what is looked up in either way.
    pub(super) fn whole_text(&self) -> String {
        let looked_up = self.lookups.iter().flat_map(|one| [one.one.whole_text(), one.join.whole_text()]);
        std::iter::once(self.text.clone()).chain(looked_up).collect::<Vec<_>>().join(" ")
    }

    /// Adds a limit. Beside other values it is bound like them: the planner then goes on looking at the values, which say
    /// whether a row in a thousand is wanted or every second one. By itself it stands in the text.
    pub fn limit(&mut self, limit: u64) -> &mut Self {
        if self.values.is_empty() {
            return self.known_limit(limit);
        }
        self.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX))
    }

    /// Adds a limit that the planner knows: one that it does not know it takes for a tenth of the table.
    pub fn known_limit(&mut self, limit: u64) -> &mut Self {
        self.push(&format!(" LIMIT {limit}"))
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

    /// The condition does not hold: it is false, or empty.
    pub fn is_not_true(self) -> Self {
        let mut sql = Self::text("(");
        sql.append(self).push(") IS NOT TRUE");
        sql
    }

    /// The value where the condition holds, empty elsewhere.
    pub fn only_where(self, condition: Self) -> Self {
        let mut sql = Self::text("CASE WHEN ");
        sql.append(condition).push(" THEN ").append(self).push(" END");
        sql
    }

    /// The piece as a statement of the database.
    pub fn statement(self, backend: DbBackend) -> Statement {
        let Self { text, values, .. } = self.by_row();
        let text = match backend {
            DbBackend::Postgres => number(&text, plain),
            _ => text,
        };
        Statement::from_sql_and_values(backend, text, values)
    }

    /// The piece as a statement that keeps one plan, whatever the values: right where a few rows are read by an index, and
    /// planning would take longer than reading. Both databases plan anew for values that may make another plan cheaper, so
    /// the values are hidden: from PostgreSQL each in a query of its own, which the planner does not look into, from SQLite
    /// behind a plus that does nothing.
    pub fn planned_once(self, backend: DbBackend) -> Statement {
        let Self { text, values, .. } = self.by_row();
        if backend != DbBackend::Postgres {
            let text = number(&text, |text, _| text.push_str("+?"));
            return Statement::from_sql_and_values(backend, text, values);
        }
        let text = number(&text, |text, place| {
            let array = match values.get(place - 1) {
                // An array is one value here, and not the rows of the query.
                Some(Value::Array(ArrayType::Uuid, _)) => "::uuid[]",
                Some(Value::Array(ArrayType::String, _)) => "::text[]",
                _ => "",
            };
            text.push_str(&format!("(SELECT ${place}){array}"));
        });
        Statement::from_sql_and_values(backend, text, values)
    }

    /// The piece as a condition inside a statement that sea-query builds.
    pub fn into_expr(self, backend: DbBackend) -> sea_orm::sea_query::SimpleExpr {
        let Self { text, values, .. } = self.by_row();
        let text = match backend {
            DbBackend::Postgres => number(&text, plain),
            _ => text,
        };
        sea_orm::sea_query::Expr::cust_with_values(text, values)
    }
}

impl From<&str> for Sql {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// The alias of a table in a query that stands inside the scope of `alias`: `n` and the depth of the nesting. So it is
/// short however deep (PostgreSQL cuts names at 63 bytes), no other table in sight has it, and the same condition has the
/// same text wherever it stands.
pub(super) fn nested(alias: &str) -> String {
    let depth = alias.strip_prefix('n').and_then(|depth| depth.parse::<u32>().ok()).unwrap_or_default();
    format!("n{}", depth + 1)
}

/// Writes each `?` as the place of its value, from 1 (no piece has a `?` of another meaning).
fn number(text: &str, write: impl Fn(&mut String, usize)) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    for (place, part) in text.split('?').enumerate() {
        if place > 0 {
            write(&mut numbered, place);
        }
        numbered.push_str(part);
    }
    numbered
}

fn plain(text: &mut String, place: usize) {
    text.push('$');
    text.push_str(&place.to_string());
}

/// The texts as one bound value of PostgreSQL, whatever their number.
fn text_list(texts: Vec<String>) -> Value {
    let texts = texts.into_iter().map(|text| Value::String(Some(text))).collect();
    Value::Array(ArrayType::String, Some(Box::new(texts)))
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

    /// The row is one that the source system knows by one of these ids.
    pub fn is_known_as(self, table: &str, live: &str, source: &str, ids: Vec<String>) -> Sql {
        if self == Self::Sqlite {
            let mut sql = Sql::text(format!("{table}.source_system = "));
            sql.bind(source).push(" AND ").append(self.is_any_text(format!("{table}.external_id").as_str(), ids));
            return sql;
        }
        let mut of_source = Sql::text("one.source_system = ");
        of_source.bind(source).push(&format!(" AND {live}"));
        Self::is_found(table, "external_id", of_source, text_list(ids))
    }

    /// The row is one of those with one of these texts in a column; `live` says which ones count, in words of `one`.
    pub fn is_among_texts(self, table: &str, column: &str, live: &str, texts: Vec<String>) -> Sql {
        match self {
            Self::Postgres if texts.len() > 1 => Self::is_found(table, column, Sql::text(live), text_list(texts)),
            _ => self.is_any_text(format!("{table}.{column}").as_str(), texts),
        }
    }

    /// The row is one of those with one of these ids in a column; `live` says which ones count, in words of `one`.
    pub fn is_among(self, table: &str, column: &str, live: &str, ids: &[Uuid]) -> Sql {
        match self {
            Self::Postgres if ids.len() > 1 && column == "id" => {
                let mut sql = Sql::text(format!("{table}.id = ANY(ARRAY(SELECT unnest("));
                sql.bind(self.id_list(ids)).push(")))");
                sql
            }
            Self::Postgres if ids.len() > 1 => Self::is_found(table, column, Sql::text(live), self.id_list(ids)),
            _ => self.is_any(format!("{table}.{column}").as_str(), ids),
        }
    }

    /// The row is one of those that are found by one of the values of an array, each looked up by itself: a planner that has
    /// no statistics takes a thousand values for all there are, and would read the whole table to find their rows. The rows
    /// found are an array again, which it does not look into and takes for a few.
    fn is_found(table: &str, column: &str, live: Sql, values: Value) -> Sql {
        let mut sql = Sql::text(format!("{table}.id = ANY(ARRAY(SELECT found.id FROM unnest("));
        sql.bind(values).push(&format!(
            ") AS wanted(value) CROSS JOIN LATERAL (SELECT one.id FROM {table} one WHERE one.{column} = wanted.value AND "
        ));
        sql.append(live).push(" OFFSET 0) AS found))");
        sql
    }

    /// `column` is one of the texts.
    pub fn is_any_text(self, column: impl Into<Sql>, texts: Vec<String>) -> Sql {
        let mut sql = column.into();
        match self {
            _ if let [text] = texts.as_slice() => sql.push(" = ").bind(text.as_str()),
            Self::Postgres => sql.push(" = ANY(").bind(text_list(texts)).push(")"),
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

    /// The parts of which [`Dialect::exact_sum`] adds up whole numbers: SQLite refuses a sum beyond 64 bits, so there they
    /// are summed in halves.
    pub fn parts(self, value: Sql) -> Vec<Sql> {
        let part = |operator: &str| {
            let mut part = Sql::text("((");
            part.append(value.clone()).push(")").push(operator).push(")");
            part
        };
        match self {
            Self::Postgres => vec![value],
            Self::Sqlite => vec![part(" >> 32"), part(" & 4294967295")],
        }
    }

    /// The sum of whole numbers, however large it is, as a text for [`exact`].
    pub fn exact_sum(self, parts: &[Sql]) -> Sql {
        let mut sql = Sql::default();
        for (number, part) in parts.iter().enumerate() {
            sql.push(if number == 0 { "CAST(SUM(" } else { " || ' ' || CAST(SUM(" });
            sql.append(part.clone()).push(") AS text)");
        }
        sql
    }

    /// The value below which this part of the values lies, between two of them in proportion; empty of none.
    pub fn percentile(self, point: f64, value: Sql) -> Sql {
        let mut sql = Sql::default();
        match self {
            Self::Postgres => sql
                .push(&format!("percentile_cont({point}::double precision) WITHIN GROUP (ORDER BY CAST("))
                .append(value)
                .push(" AS double precision))"),
            Self::Sqlite => sql.push("CAST(percentile_cont(").append(value).push(&format!(", {point:?}) AS real)")),
        };
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

/// What [`Dialect::exact_sum`] says: a number, or its upper and lower 32 bits; 0 of nothing.
pub fn exact(sum: Option<&str>) -> i128 {
    let parts = sum.unwrap_or_default().split_whitespace().map(|part| part.parse().unwrap_or(0_i128));
    parts.fold(0, |upper, lower| (upper << 32) + lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_values_stand_in_queries_of_their_own() {
        let ids = [Uuid::nil(), Uuid::max()];
        let mut sql = Dialect::Postgres.is_any("t0.id", &ids);
        sql.push(" AND t0.name = ").bind("a");
        let text = |statement: Statement| statement.sql;
        assert_eq!(text(sql.clone().statement(DbBackend::Postgres)), "t0.id = ANY($1) AND t0.name = $2");
        let hidden = "t0.id = ANY((SELECT $1)::uuid[]) AND t0.name = (SELECT $2)";
        assert_eq!(text(sql.clone().planned_once(DbBackend::Postgres)), hidden);
        assert_eq!(text(sql.clone().planned_once(DbBackend::Sqlite)), "t0.id = ANY(+?) AND t0.name = +?");
        assert_eq!(sql.planned_once(DbBackend::Postgres).values.map(|values| values.0.len()), Some(2));
        assert_eq!(Dialect::Postgres.is_any("t0.id", &ids[..1]).as_text(), "t0.id = ?");
    }

    #[test]
    fn aliases_are_numbered_along_the_nesting() {
        assert_eq!(["t0", "deal", "s0", "n1", "n9", "name"].map(nested), ["n1", "n1", "n1", "n2", "n10", "n1"]);
    }

    #[test]
    fn a_limit_is_bound_beside_other_values_only() {
        assert_eq!(Sql::text("SELECT 1").limit(51).as_text(), "SELECT 1 LIMIT 51");
        let mut filtered = Sql::text("SELECT 1 WHERE a = ");
        assert_eq!(filtered.bind(1).limit(51).as_text(), "SELECT 1 WHERE a = ? LIMIT ?");
    }
}
