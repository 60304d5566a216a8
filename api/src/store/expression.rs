//! Values that are worked out from a row and from what hangs on it, in SQL: they are read, filtered, sorted, grouped and
//! summed like columns.

use chrono::{DateTime, NaiveDate, Utc};

use super::Reader;
use super::descriptor::{Descriptor, Field, Key, Source};
use super::lookup::Lookup;
use super::sql::{Dialect, Sql, nested};
use crate::access::{Action, Kind, When};

/// How a value is made.
#[derive(Clone, Copy)]
pub enum Make {
    /// SQL over the row, with `{}` for the table's alias and `{now}` for the moment of the request.
    Text(&'static str),
    /// SQL that depends on who asks, when, or on which database.
    Of(fn(&Scope<'_>) -> Sql),
    /// Over the rows that point at the row.
    Rollup(Rollup),
}

/// A value over the rows of a list that hangs on each row, as far as the viewer may see them.
#[derive(Clone, Copy)]
pub struct Rollup {
    /// Whose list.
    pub of: Kind,
    /// The list.
    pub link: &'static str,
    /// What is made of its rows.
    pub made: Rolled,
    /// Of which of them.
    pub when: When,
}

/// What is made of the rows of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rolled {
    /// How many there are.
    Count,
    /// The sum of a field; 0 of none.
    Sum(&'static str),
    /// The least value of a field.
    Min(&'static str),
    /// The greatest value of a field.
    Max(&'static str),
}

impl Rolled {
    /// The field that it is made of.
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::Count => None,
            Self::Sum(field) | Self::Min(field) | Self::Max(field) => Some(field),
        }
    }
}

/// What an expression may refer to: the row, the moment, who asks.
pub struct Scope<'a> {
    alias: &'a str,
    /// None at the start, where the columns that it names are looked through.
    eyes: Option<&'a Reader>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(alias: &'a str, eyes: &'a Reader) -> Self {
        Self { alias, eyes: Some(eyes) }
    }

    /// The SQL of an expression with `{}` in the place of the table.
    pub(super) fn probe(make: fn(&Scope<'_>) -> Sql) -> Sql {
        make(&Scope { alias: "{}", eyes: None })
    }

    /// A column of the row.
    pub fn column(&self, name: &str) -> Sql {
        Sql::text(format!("{}.{name}", self.alias))
    }

    /// SQL over the row, with `{}` for the table.
    pub fn text(&self, text: &str) -> Sql {
        Sql::text(text.replace("{}", self.alias))
    }

    /// A value that is looked up: how by one row, how all rows are joined with it, and what it is of what is joined (`{j}`).
    pub fn looked_up(&self, one: Sql, join: Sql, value: &'static str) -> Sql {
        Sql::looked_up(Lookup { of: self.alias.to_owned(), one, join, value })
    }

    /// A value of another row: of the one that `is` says, in words of `{j}` for the other row and `{}` for this one.
    pub fn of_other(&self, table: &str, is: &str, value: &'static str) -> Sql {
        let inner = self.inner();
        let [read, tied] = [value, is].map(|text| text.replace("{j}", &inner));
        let one = self.text(&format!("(SELECT {read} FROM {table} {inner} WHERE {tied})"));
        self.looked_up(one, self.text(&format!("LEFT JOIN {table} {{j}} ON {is}")), value)
    }

    /// A value that is worked out in steps: a query over other queries, without tables. PostgreSQL would write the steps out
    /// wherever the value is used, each time anew; joined with the row, behind an offset, they are taken once.
    pub fn steps(&self, steps: Sql) -> Sql {
        let around = |before: &str, after: &str| {
            let mut sql = Sql::text(before);
            sql.append(steps.clone()).push(after);
            sql
        };
        let one = around("(SELECT ", ")");
        match self.dialect() {
            Dialect::Postgres => {
                self.looked_up(one, around("CROSS JOIN LATERAL (SELECT ", " OFFSET 0) {j}(value)"), "{j}.value")
            }
            Dialect::Sqlite => one,
        }
    }

    /// The moment of the request.
    pub fn now(&self) -> DateTime<Utc> {
        self.eyes.map(Reader::now).unwrap_or_default()
    }

    /// The day it is where the company is.
    pub fn today(&self) -> NaiveDate {
        self.eyes.map(|reader| reader.calendar().day(reader.now())).unwrap_or_default()
    }

    /// The base currency.
    pub fn base(&self) -> &str {
        self.eyes.map_or("EUR", Reader::base_currency)
    }

    /// The database.
    pub fn dialect(&self) -> Dialect {
        self.eyes.map_or(Dialect::Postgres, Reader::dialect)
    }

    /// The name of another table inside the expression.
    pub fn inner(&self) -> String {
        nested(self.alias)
    }

    /// What is true of the rows of a kind that the viewer may see.
    pub fn visible(&self, kind: Kind, alias: &str) -> Sql {
        let visible = |reader: &Reader| reader.visible(reader.graph().of(kind), Action::Read, alias);
        Sql::all(self.eyes.map(visible).unwrap_or_default())
    }
}

impl Reader {
    /// The SQL of a made value.
    pub(super) fn made(&self, make: Make, alias: &str) -> Sql {
        match make {
            Make::Of(make) => make(&Scope::new(alias, self)),
            Make::Rollup(rollup) => self.rolled_up(rollup, alias),
            Make::Text(text) => {
                let mut sql = Sql::default();
                for (place, part) in text.replace("{}", alias).split("{now}").enumerate() {
                    if place > 0 {
                        sql.bind(self.now());
                    }
                    sql.push(part);
                }
                sql
            }
        }
    }

    fn rolled_up(&self, rollup: Rollup, alias: &str) -> Sql {
        let Some((list, column)) = self.list_of(rollup) else { return Sql::text("NULL") };
        let inner = nested(alias);
        let mut conditions = self.visible(list, Action::Read, &inner);
        conditions.extend(self.reference(list, column, &inner).ok().flatten());
        if !matches!(rollup.when, When::All([])) {
            conditions.push(self.state(rollup.when, &inner));
        }
        let value = rollup.made.field().and_then(|name| list.field(name));
        let value =
            value.and_then(|field| self.readable(list, field, &inner).ok()).map_or_else(Sql::default, |sql| sql.value);
        let (before, after) = match (rollup.made, self.dialect()) {
            (Rolled::Count, _) => ("CAST(COUNT(*", ") AS integer)"),
            (Rolled::Sum(_), Dialect::Postgres) => ("CAST(COALESCE(SUM(", "), 0) AS bigint)"),
            (Rolled::Sum(_), Dialect::Sqlite) => ("COALESCE(SUM(", "), 0)"),
            (Rolled::Min(_), _) => ("MIN(", ")"),
            (Rolled::Max(_), _) => ("MAX(", ")"),
        };
        let mut of_all = Sql::text(before);
        of_all.append(value).push(&format!("{after} AS value FROM {} {inner} WHERE ", list.table));
        of_all.append(Sql::all(conditions));
        let mut one = Sql::text("(SELECT ");
        one.append(of_all.clone()).push(&format!(" AND {inner}.{column} = {alias}.id)"));
        let mut join = Sql::text(format!("LEFT JOIN (SELECT {inner}.{column} AS of, "));
        join.append(of_all).push(&format!(" GROUP BY {inner}.{column}) {{j}} ON {{j}}.of = {alias}.id"));
        let value = match rollup.made {
            Rolled::Count | Rolled::Sum(_) => "COALESCE({j}.value, 0)",
            Rolled::Min(_) | Rolled::Max(_) => "{j}.value",
        };
        Sql::looked_up(Lookup { of: alias.to_owned(), one, join, value })
    }

    /// The list of a roll-up, and the column by which its rows point at the row.
    fn list_of(&self, rollup: Rollup) -> Option<(&Descriptor, &'static str)> {
        let link = self.graph().of(rollup.of).link(rollup.link)?;
        let Key::Many(column) = link.key else { return None };
        Some((self.graph().of(link.to), column))
    }

    /// May the viewer read what the field is rolled up from at all?
    pub(super) fn may_roll_up(&self, field: &Field) -> bool {
        let Source::Made(Make::Rollup(rollup), _) = field.source else { return true };
        let Some((list, column)) = self.list_of(rollup) else { return false };
        let readable = |name: &str| {
            list.field(name).is_some_and(|field| self.readable(list, field, "n1").is_ok_and(|sql| !sql.sums_only))
        };
        self.may_read(list) && self.reference(list, column, "n1").is_ok() && rollup.made.field().is_none_or(readable)
    }
}
