//! The one filter language, as data and as a condition on rows.
//!
//! Lists, relation filters, segments, saved views and rules all hold a [`Filter`]. It is two-valued: a test on an empty
//! field is false, so `not` always gives the rest of the rows.

use sea_orm::Value;
use uuid::Uuid;

use super::Reader;
use super::descriptor::{Currency, Descriptor, Field, Key, Link, Shape, Source};
use super::reach::FieldGrant;
use super::select::BASE;
use super::sql::{Dialect, Sql, nested};
use crate::access::{Action, policy};
use crate::error::{Code, Error, Result};
use crate::spelling::fold;

/// A condition on rows of one entity.
#[derive(Clone)]
pub enum Filter {
    /// All of these hold.
    And(Vec<Filter>),
    /// At least one of these holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A field passes a test.
    Test(&'static Field, Test),
    /// The row at the other end of a reference is visible and passes.
    One(&'static Link, Box<Filter>),
    /// It is this row, or one below it, along references to rows of its own kind, as far as the viewer may see them.
    Within(&'static Link, Uuid),
    /// There is no row at all (or there is): what a filter of a reference asks about what it points at.
    Missing(bool),
    /// So many of the visible rows at the other end pass.
    Many(Quantifier, &'static Link, Box<Filter>),
}

impl Filter {
    /// Whether it holds, if that is known without looking at a row: of a row that is `missing`, or of any that is there.
    /// Nothing else is known of a missing row, so whatever else a filter asks of it does not hold, nor does its opposite.
    fn known(&self, missing: bool) -> Option<bool> {
        let known = |parts: &[Self]| parts.iter().map(|part| part.known(missing)).collect::<Vec<_>>();
        match self {
            Self::Missing(wanted) => Some(*wanted == missing),
            Self::Not(inner) => inner.known(missing).map(|holds| !holds),
            Self::And(parts) => match known(parts) {
                parts if parts.contains(&Some(false)) => Some(false),
                parts => (!parts.is_empty() && !parts.contains(&None)).then_some(true),
            },
            Self::Or(parts) => match known(parts) {
                parts if parts.contains(&Some(true)) => Some(true),
                parts => (!parts.contains(&None)).then_some(false),
            },
            Self::Test(..) | Self::One(..) | Self::Many(..) | Self::Within(..) => None,
        }
    }

    /// The row that it names, if it names one.
    fn named(&self) -> Option<Uuid> {
        match self {
            Self::And(parts) => parts.iter().find_map(Self::named),
            Self::Test(field, Test::Compare(Comparison::Eq, Value::Uuid(Some(id)), None)) if field.name == "id" => {
                Some(*id)
            }
            _ => None,
        }
    }
}

/// How many rows of a list must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// Not a single one.
    None,
    /// Each of them (an empty list passes).
    Every,
}

/// A test of a field's value. Texts are less and greater in the order in which they are sorted.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Compares; `currency` goes with amounts.
    Compare(Comparison, Value, Option<String>),
    /// Is one of (or none of) these.
    In(Vec<Value>, bool),
    /// Contains the text, whatever the case of letters and, in names and texts, their accents.
    Contains(String),
    /// Starts with the text, whatever the case of letters and, in names and texts, their accents.
    StartsWith(String),
    /// Is empty (or not).
    IsNull(bool),
    /// The amount is in this currency.
    InCurrency(String),
}

impl Test {
    /// What is asked of what stands for a field, or of the field itself: all of it must hold.
    fn looks(&self, field: &Field) -> Vec<(Look, Self)> {
        let place = |value: &Value| match value {
            Value::String(Some(text)) => Value::Bytes(Some(fold::sorted(text))),
            other => other.clone(),
        };
        let at = (Look::At, self.clone());
        match self {
            Self::Contains(part) if field.searched.is_some() => {
                vec![(Look::Into, Self::Contains(fold::searched(part)))]
            }
            Self::StartsWith(part) if field.searched.is_some() => {
                vec![(Look::Into, Self::StartsWith(fold::searched(part)))]
            }
            // An index finds the few that have this place.
            Self::Compare(Comparison::Eq, value, _) if field.sorted.is_some() => {
                vec![(Look::Along, Self::Compare(Comparison::Eq, place(value), None)), at]
            }
            Self::In(values, false) if field.sorted.is_some() => {
                vec![(Look::Along, Self::In(values.iter().map(place).collect(), false)), at]
            }
            Self::Compare(comparison, value, _) if field.sorted.is_some() && *comparison != Comparison::Ne => {
                vec![(Look::Along, Self::Compare(*comparison, place(value), None))]
            }
            _ => vec![at],
        }
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal; an empty field is not equal to anything.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
}

/// The SQL value of a field with the policy applied, for conditions, sorting, groups and sums.
pub(crate) struct FieldSql {
    /// The value (minor units of an amount).
    pub value: Sql,
    /// The currency of an amount; empty where the amount is.
    pub currency: Option<Sql>,
    /// May only be summed over enough rows.
    pub sums_only: bool,
}

/// How a field is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// At its value.
    At,
    /// Into its text.
    Into,
    /// At its place in an order.
    Along,
}

impl Look {
    /// What stands for the field.
    fn of(self, field: &Field) -> Option<&str> {
        match self {
            Self::At => None,
            Self::Into => field.searched.as_deref(),
            Self::Along => field.sorted.as_deref(),
        }
    }
}

impl FieldSql {
    /// Is it empty on some rows?
    pub(crate) fn nullable(&self, field: &Field) -> bool {
        field.nullable || self.value.as_text().starts_with("CASE")
    }

    /// An amount that is empty has no currency.
    fn without_currency_of_nothing(self, field: &Field) -> Self {
        if !self.nullable(field) {
            return self;
        }
        let mut there = self.value.clone();
        there.push(" IS NOT NULL");
        Self { currency: self.currency.map(|currency| currency.only_where(there)), ..self }
    }
}

impl Reader {
    /// The condition of `filter` on the table `alias`. `action` says whether rows are read or only counted.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD: it asks about a field that the viewer may not read.
    pub(crate) fn condition(&self, of: &Descriptor, filter: &Filter, action: Action, alias: &str) -> Result<Sql> {
        match filter {
            Filter::And(parts) => Ok(Sql::all(self.conditions(of, parts, action, alias)?)),
            Filter::Or(parts) => Ok(Sql::any(self.conditions(of, parts, action, alias)?)),
            Filter::Not(inner) => Ok(self.condition(of, inner, action, alias)?.is_not_true()),
            Filter::Test(field, test) => {
                self.refuse_reading_through_counts(of, field, action)?;
                let looks = test.looks(field).into_iter().map(|(look, test)| {
                    let field_sql = self.readable_as(of, field, alias, look)?;
                    Ok(self.test(field, field_sql, &test))
                });
                Ok(Sql::all(looks.collect::<Result<_>>()?))
            }
            Filter::Within(link, top) => self.family(of, link, *top, alias),
            Filter::Missing(missing) => Ok(Sql::text(if *missing { "1 = 0" } else { "1 = 1" })),
            Filter::One(link, inner) => self.reference_passes(of, link, inner, alias),
            Filter::Many(quantifier, link, inner) => self.relation(of, link, inner, *quantifier, alias),
        }
    }

    fn family(&self, of: &Descriptor, link: &Link, top: Uuid, alias: &str) -> Result<Sql> {
        let Key::One(column) = link.key else { return Err(Error::internal("a family along a list")) };
        if !self.may_read(of) {
            return Err(forbidden_field(of, &link.name));
        }
        let step = match self.field_grant(of, &link.name, "part") {
            FieldGrant::Open => None,
            FieldGrant::Where(condition) => Some(condition),
            FieldGrant::Closed | FieldGrant::SumsOnly => return Err(forbidden_field(of, &link.name)),
        };
        let seen = |alias: &str| Sql::all(self.visible(of, Action::Read, alias));
        let (table, mut sql) =
            (of.table, Sql::text(format!("{alias}.id IN (WITH RECURSIVE family(id) AS (SELECT top.id FROM ")));
        sql.push(&format!("{table} top WHERE top.id = ")).bind(top).push(" AND ").append(seen("top"));
        sql.push(&format!(" UNION SELECT part.id FROM {table} part JOIN family ON part.{column} = family.id WHERE "));
        sql.append(Sql::all(std::iter::once(seen("part")).chain(step).collect()));
        sql.push(") SELECT family.id FROM family)");
        Ok(sql)
    }

    fn conditions(&self, of: &Descriptor, parts: &[Filter], action: Action, alias: &str) -> Result<Vec<Sql>> {
        parts.iter().map(|part| self.condition(of, part, action, alias)).collect()
    }

    /// Who may count but not see rows must not pin a single row down and read it through its counts.
    fn refuse_reading_through_counts(&self, of: &Descriptor, field: &Field, action: Action) -> Result<()> {
        let free = matches!(field.shape, Shape::Id | Shape::AnyId | Shape::Text(_) | Shape::TextList);
        if action == Action::Count && free && !self.may_read(of) {
            return Err(forbidden_field(of, &field.name));
        }
        Ok(())
    }

    /// The value of a field for use in conditions, sorting and groups.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD.
    pub(crate) fn readable(&self, of: &Descriptor, field: &Field, alias: &str) -> Result<FieldSql> {
        self.readable_as(of, field, alias, Look::At)
    }

    /// As [`Reader::readable`], for a purpose: texts are searched and sorted by what stands for them.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD.
    pub(crate) fn readable_as(&self, of: &Descriptor, field: &Field, alias: &str, look: Look) -> Result<FieldSql> {
        let sql = self.granted(of, field, alias, look)?;
        // Amounts of a row can share a currency: one that is empty here, or closed, must not show that of the others.
        if sql.sums_only { Err(forbidden_field(of, &field.name)) } else { Ok(sql.without_currency_of_nothing(field)) }
    }

    /// The value of a field for use in figures. The currency is the row's, whether it has this amount or not: of a currency
    /// in which no row has it, figures tell nothing.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD.
    pub(crate) fn summable(&self, of: &Descriptor, field: &Field, alias: &str) -> Result<FieldSql> {
        self.granted(of, field, alias, Look::At)
    }

    fn granted(&self, of: &Descriptor, field: &Field, alias: &str, look: Look) -> Result<FieldSql> {
        let raw = match look.of(field) {
            Some(text) => FieldSql { value: Sql::text(text.replace("{}", alias)), currency: None, sums_only: false },
            None => self.raw(field, alias),
        };
        match self.value_grant(of, field, alias) {
            FieldGrant::Open => Ok(raw),
            FieldGrant::SumsOnly => Ok(FieldSql { sums_only: true, ..raw }),
            FieldGrant::Closed => Err(forbidden_field(of, &field.name)),
            FieldGrant::Where(condition) => Ok(FieldSql { value: raw.value.only_where(condition), ..raw }),
        }
    }

    /// The value of a field as it stands in the table, without the policy.
    pub(crate) fn raw(&self, field: &Field, alias: &str) -> FieldSql {
        let column = |name: &str| Sql::text(format!("{alias}.{name}"));
        let value = match field.source {
            Source::Column(name) | Source::Money(name, _) => column(name),
            Source::Made(make, _) => self.made(make, alias),
        };
        let currency = field.currency().map(|currency| match currency {
            Currency::Column(name) => column(name),
            Currency::Base => Sql::text(format!("'{}'", self.base_currency())),
        });
        FieldSql { value, currency, sums_only: false }
    }

    fn test(&self, field: &Field, sql: FieldSql, test: &Test) -> Sql {
        let nullable = sql.nullable(field);
        let FieldSql { mut value, currency, .. } = sql;
        match test {
            Test::IsNull(empty) => {
                value.push(if *empty { " IS NULL" } else { " IS NOT NULL" });
                value
            }
            Test::Compare(comparison, against, in_currency) => {
                let operator = match comparison {
                    Comparison::Eq => " = ",
                    Comparison::Ne if nullable => " IS DISTINCT FROM ",
                    Comparison::Ne => " <> ",
                    Comparison::Lt => " < ",
                    Comparison::Lte => " <= ",
                    Comparison::Gt => " > ",
                    Comparison::Gte => " >= ",
                };
                value.push(operator).bind(against.clone());
                match (in_currency, currency) {
                    (Some(code), Some(mut column)) => {
                        column.push(" = ").bind(code.clone());
                        Sql::all(vec![value, column])
                    }
                    _ => value,
                }
            }
            Test::InCurrency(code) => {
                let mut column = currency.unwrap_or(value);
                column.push(" = ").bind(code.clone());
                column
            }
            Test::In(values, negated) => {
                let inside = self.is_one_of(value, values);
                if *negated { inside.is_not_true() } else { inside }
            }
            Test::Contains(text) => self.dialect().like(value, format!("%{}%", escape_like(text))),
            Test::StartsWith(text) => self.dialect().like(value, format!("{}%", escape_like(text))),
        }
    }

    /// A list is the other side of a reference: whoever may not read the reference may not come from its other end.
    /// Answers the condition on the rows of the list.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD: the reference is closed on every row.
    pub(crate) fn reference(&self, of: &Descriptor, column: &str, alias: &str) -> Result<Option<Sql>> {
        let Some(link) = of.links.iter().find(|link| matches!(link.key, Key::One(own) if own == column)) else {
            return Ok(None);
        };
        match self.field_grant(of, &link.name, alias) {
            FieldGrant::Open => Ok(None),
            FieldGrant::Where(condition) => Ok(Some(condition)),
            FieldGrant::Closed | FieldGrant::SumsOnly => Err(forbidden_field(of, &link.name)),
        }
    }

    /// Would a link between these tie rows that may only be counted to one person?
    pub(crate) fn would_pin_a_person(&self, of: &Descriptor, target: &Descriptor) -> bool {
        let counted = |one: &Descriptor| !self.may_read(one);
        (counted(of) && policy::stands_for_a_person(target.kind))
            || (counted(target) && policy::stands_for_a_person(of.kind))
    }

    fn is_one_of(&self, value: Sql, values: &[Value]) -> Sql {
        let ids: Option<Vec<_>> = values.iter().map(|one| if let Value::Uuid(id) = one { *id } else { None }).collect();
        let texts: Option<Vec<_>> =
            values.iter().map(|one| if let Value::String(text) = one { text.clone() } else { None }).collect();
        match (ids, texts) {
            _ if values.is_empty() => Sql::text("1 = 0"),
            (Some(ids), _) => self.dialect().is_any(value, &ids),
            (_, Some(texts)) => self.dialect().is_any_text(value, texts),
            _ => {
                let mut sql = value;
                let list = Sql::listed(values.iter().map(|one| Sql::value(one.clone())).collect());
                sql.push(" IN (").append(list).push(")");
                sql
            }
        }
    }

    /// What a reference points at passes, or there is nothing and nothing passes.
    fn reference_passes(&self, of: &Descriptor, link: &Link, inner: &Filter, alias: &str) -> Result<Sql> {
        let mut ways = Vec::new();
        if inner.known(false) != Some(false) {
            ways.push(self.relation(of, link, inner, Quantifier::Some, alias)?);
        }
        if inner.known(true) == Some(true) {
            ways.push(self.relation(of, link, &Filter::And(Vec::new()), Quantifier::None, alias)?);
        }
        Ok(Sql::any(ways))
    }

    fn relation(
        &self,
        of: &Descriptor,
        link: &Link,
        inner: &Filter,
        quantifier: Quantifier,
        alias: &str,
    ) -> Result<Sql> {
        let target = self.graph().of(link.to);
        if !self.may_count(target) || self.would_pin_a_person(of, target) {
            return Err(forbidden_field(of, &link.name));
        }
        let action = if self.may_read(target) { Action::Read } else { Action::Count };
        let inner_alias = nested(alias);
        let (own, other) = match link.key {
            Key::One(column) => (column, "id"),
            Key::Many(column) => ("id", column),
        };
        let mut conditions = Vec::new();
        if let Key::Many(column) = link.key {
            conditions.extend(self.reference(target, column, &inner_alias)?);
        }
        conditions.extend(self.visible(target, action, &inner_alias));
        let passes = self.condition(target, inner, action, &inner_alias)?;
        conditions.push(if quantifier == Quantifier::Every { passes.is_not_true() } else { passes });
        let grant = match self.field_grant(of, &link.name, alias) {
            FieldGrant::Open => None,
            FieldGrant::Where(condition) => Some(condition),
            FieldGrant::Closed | FieldGrant::SumsOnly => return Err(forbidden_field(of, &link.name)),
        };
        let found = Sql::text(format!("FROM {} {inner_alias} WHERE ", target.table));
        let (own, other) = (format!("{alias}.{own}"), format!("{inner_alias}.{other}"));
        // A query inside another one is looked up for each row of that; SQLite would do so for each way through all of
        // them, which multiplies along the nesting. So there an inner one is worked out once, as the set of all that it
        // finds. PostgreSQL joins them as it sees fit.
        if self.dialect() == Dialect::Sqlite && inner_alias != nested(BASE) {
            let mut inside = Sql::text(format!("{own} IN (SELECT {other} "));
            inside.append(found).append(Sql::all(conditions)).push(")");
            let inside = Sql::all(grant.into_iter().chain([inside]).collect());
            return Ok(if quantifier == Quantifier::Some { inside } else { inside.is_not_true() });
        }
        conditions.insert(0, Sql::text(format!("{other} = {own}")));
        conditions.extend(grant);
        let mut exists = Sql::text(if quantifier == Quantifier::Some { "EXISTS" } else { "NOT EXISTS" });
        exists.push(" (SELECT 1 ").append(found).append(Sql::all(conditions)).push(")");
        if let (Key::One(_), Quantifier::Some, Some(id)) = (link.key, quantifier, inner.named()) {
            // Said of the row itself as well, an index of the reference finds it.
            let mut points = Sql::text(format!("{own} = "));
            points.bind(id);
            return Ok(Sql::all(vec![points, exists]));
        }
        Ok(exists)
    }
}

/// The refusal of a field, alike wherever it is asked about.
pub(crate) fn forbidden_field(of: &Descriptor, field: &str) -> Error {
    Error::refused(Code::ForbiddenField, format!("Your role may not read {}.{field}.", of.name))
}

/// The refusal to set a field, of a row that is there or of a new one.
pub(crate) fn forbidden_write(of: &Descriptor, field: &str, row: Option<Uuid>) -> Error {
    let right = format!("{}.{field}", of.name);
    let subject = row.map(|row| of.global_id(row));
    Error::refused(Code::ForbiddenField, format!("Your role may not set {right} here.")).for_want_of(right, subject)
}

/// `%`, `_` and the escape itself mean themselves.
fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
