//! Values that have to be looked up for a row: in another table, or by a calculation in steps. Where few rows are read, each
//! looks its own up in a query in the place of the value; a statement over many rows joins with what all of them look up.

use super::sql::Sql;

/// A value that is looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The name of the table whose rows look it up.
    pub of: String,
    /// The value for one row.
    pub one: Sql,
    /// What joins it to all rows, each row to one at most, with `{j}` for the name of what is joined.
    pub join: Sql,
    /// The value of what is joined, with `{j}` for its name.
    pub value: &'static str,
}

/// What rows of one `FROM` are joined with.
#[derive(Default)]
pub(super) struct Joins {
    of: Vec<String>,
    /// What its names begin with, as there may be two in one `FROM`.
    letter: &'static str,
    found: Vec<(Sql, String)>,
    from: Sql,
}

impl Joins {
    /// For the rows of these tables; their names begin with this letter.
    pub fn of(letter: &'static str, tables: impl IntoIterator<Item = String>) -> Self {
        Self { of: tables.into_iter().collect(), letter, ..Self::default() }
    }

    /// The piece with what is joined in the place of what its rows look up.
    pub fn joined(&mut self, sql: Sql) -> Sql {
        sql.filled(|lookup| self.place(lookup))
    }

    /// As [`Joins::joined`], in place.
    pub fn join(&mut self, sql: &mut Sql) {
        *sql = self.joined(std::mem::take(sql));
    }

    /// What comes behind the tables.
    pub fn from(self) -> Sql {
        self.from
    }

    fn place(&mut self, lookup: Lookup) -> Sql {
        if !self.of.contains(&lookup.of) {
            return self.joined(lookup.one);
        }
        let known = self.found.iter().find(|(join, _)| *join == lookup.join).map(|(_, name)| name.clone());
        let name = known.unwrap_or_else(|| self.add(lookup.join));
        Sql::text(lookup.value.replace("{j}", &name))
    }

    fn add(&mut self, join: Sql) -> String {
        let sql = self.joined(join.clone());
        let name = format!("{}{}", self.letter, self.found.len());
        self.from.push(" ").append(sql.renamed("{j}", &name));
        self.found.push((join, name.clone()));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(of: &str) -> Sql {
        let mut one = Sql::text(format!("(SELECT rate WHERE currency = {of}.currency AND date <= "));
        one.bind(7).push(")");
        let mut join = Sql::text("LEFT JOIN (SELECT rate, currency WHERE date <= ");
        join.bind(7).push(&format!(") {{j}} ON {{j}}.currency = {of}.currency"));
        Sql::looked_up(Lookup { of: of.to_owned(), one, join, value: "{j}.rate" })
    }

    fn product(of: &str) -> Sql {
        let mut sql = Sql::text(format!("{of}.amount > "));
        sql.bind(1).push(" AND ").append(rate(of)).push(" < ").bind(9);
        sql
    }

    #[test]
    fn one_row_looks_up_in_place_and_values_keep_their_order() {
        let sql = product("n0").statement(sea_orm::DbBackend::Postgres);
        assert_eq!(sql.sql, "n0.amount > $1 AND (SELECT rate WHERE currency = n0.currency AND date <= $2) < $3");
        assert_eq!(sql.values.map(|values| values.0), Some(vec![1.into(), 7.into(), 9.into()]));
    }

    #[test]
    fn no_statement_is_left_with_a_place_for_what_is_looked_up() {
        for database in [sea_orm::DbBackend::Postgres, sea_orm::DbBackend::Sqlite] {
            for statement in [product("n0").statement(database), product("n0").planned_once(database)] {
                assert!(statement.sql.contains("SELECT rate"), "{}", statement.sql);
                assert!(!statement.sql.contains('\u{1}'), "{}", statement.sql);
                assert_eq!(statement.values.map(|values| values.0.len()), Some(3));
            }
        }
        assert!(format!("{:?}", product("n0").into_expr(sea_orm::DbBackend::Sqlite)).contains("SELECT rate"));
    }

    #[test]
    fn many_rows_are_joined_once_with_what_they_look_up() {
        let mut joins = Joins::of("j", ["n0".to_owned()]);
        assert_eq!(joins.joined(product("n0")).as_text(), "n0.amount > ? AND j0.rate < ?");
        let inside = joins.joined(product("n1")).statement(sea_orm::DbBackend::Sqlite);
        assert_eq!(inside.sql, "n1.amount > ? AND (SELECT rate WHERE currency = n1.currency AND date <= ?) < ?");
        let mut steps = Sql::text("CROSS JOIN LATERAL (SELECT ");
        steps.append(rate("n0")).push(" * 2 AS value) {j}");
        let doubled = Lookup { of: "n0".to_owned(), one: Sql::text("?"), join: steps, value: "{j}.value" };
        assert_eq!(joins.joined(Sql::looked_up(doubled)).as_text(), "j1.value");
        let from = " LEFT JOIN (SELECT rate, currency WHERE date <= ?) j0 ON j0.currency = n0.currency \
                    CROSS JOIN LATERAL (SELECT j0.rate * 2 AS value) j1";
        assert_eq!(joins.from().as_text(), from);
    }
}
