//! What rows are grouped by: their own values, what they point at, or values of what they point at.

use crate::access::Action;
use crate::error::{Error, Result};
use crate::store::Reader;
use crate::store::descriptor::{Descriptor, Field, Key as LinkKey, Link, Shape, Source};
use crate::store::filter::{Look, forbidden_field};
use crate::store::reach::FieldGrant;
use crate::store::row::Stored;
use crate::store::select::BASE;
use crate::store::sql::Sql;

/// One key of groups.
#[derive(Clone)]
pub(crate) struct GroupKey {
    /// What the row itself has of it: the value, or the id of the row that the way begins with.
    pub base: Sql,
    /// The way to the row that has the value; none if the row itself has it.
    pub way: Vec<Join>,
    /// The value at the end of the way.
    pub value: Sql,
    /// How the value is stored.
    pub stored: Stored,
    /// In whose order groups come before that of the value itself.
    pub order: Vec<Sql>,
    /// The reference of the rows that it is, if it is one.
    pub reference: Option<&'static Link>,
}

/// A step to another row; the group has what is there only where the viewer may see it.
#[derive(Clone)]
pub(crate) struct Join {
    /// The table of the other row.
    pub table: &'static str,
    /// Its name in the statement.
    pub alias: String,
    /// The id it is tied to; of the first step it is the base of the key.
    pub tie: Option<Sql>,
    /// What is true of visible rows.
    pub visible: Vec<Sql>,
}

/// A way along references, from the rows of a list.
pub(crate) struct Way {
    /// What it has led to.
    pub of: &'static Descriptor,
    /// The name of that in the statement.
    pub alias: String,
    base: Option<Sql>,
    joins: Vec<Join>,
    number: usize,
    first: Option<&'static Link>,
}

impl Way {
    /// The beginning: the rows themselves. `number` tells ways of one statement apart.
    pub fn new(of: &'static Descriptor, number: usize) -> Self {
        Self { of, alias: BASE.to_owned(), base: None, joins: Vec::new(), number, first: None }
    }

    /// One step along a reference.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD: the reference is closed. BAD_USER_INPUT: it is a list.
    pub fn step(&mut self, reader: &Reader, link: &'static Link) -> Result<()> {
        let LinkKey::One(column) = link.key else {
            return Err(Error::bad_input("by: group by single references only."));
        };
        let target = reader.graph().of(link.to);
        if reader.would_pin_a_person(self.of, target) || !reader.may_read(target) {
            return Err(forbidden_field(self.of, &link.name));
        }
        let mut tie = Sql::text(format!("{}.{column}", self.alias));
        match reader.field_grant(self.of, &link.name, &self.alias) {
            FieldGrant::Open => {}
            FieldGrant::Where(condition) => tie = tie.only_where(condition),
            FieldGrant::Closed | FieldGrant::SumsOnly => return Err(forbidden_field(self.of, &link.name)),
        }
        let alias = format!("g{}_{}", self.number, self.joins.len());
        let visible = reader.visible(target, Action::Read, &alias);
        let first = self.base.is_none();
        if first {
            (self.base, self.first) = (Some(tie.clone()), Some(link));
        }
        self.joins.push(Join {
            table: target.table,
            alias: alias.clone(),
            tie: if first { None } else { Some(tie) },
            visible,
        });
        (self.of, self.alias) = (target, alias);
        Ok(())
    }

    /// The key of the row at the end of the way.
    pub fn row(self, reader: &Reader) -> GroupKey {
        let value = Sql::text(format!("{}.id", self.alias));
        let order = natural(reader, self.of, &self.alias);
        let reference = self.first.filter(|_| self.joins.len() == 1);
        let base = self.base.unwrap_or_else(|| value.clone());
        GroupKey { base, way: self.joins, value, stored: Stored::Id, order, reference }
    }

    /// The key that is this value of the row at the end of the way, made of one of its fields.
    pub fn value(self, value: Sql, stored: Stored, order: Vec<Sql>) -> GroupKey {
        let base = self.base.unwrap_or_else(|| value.clone());
        GroupKey { base, way: self.joins, value, stored, order, reference: None }
    }

    /// The field at the end of the way, as far as the viewer may tell rows apart by it.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD.
    pub fn field(&self, reader: &Reader, field: &Field) -> Result<(Sql, Vec<Sql>)> {
        let counts_only = reader.viewer().reach(self.of.kind, Action::Read).is_none();
        if counts_only && matches!(field.shape, Shape::Text(_)) {
            return Err(forbidden_field(self.of, &field.name));
        }
        let mut value = reader.readable(self.of, field, &self.alias)?.value;
        // What is made of a row that is not there would be 0, or false.
        if !self.joins.is_empty() && matches!(field.source, Source::Made(..)) {
            value = value.only_where(Sql::text(format!("{}.id IS NOT NULL", self.alias)));
        }
        let order = match field.sorted {
            Some(_) => vec![reader.readable_as(self.of, field, &self.alias, Look::Along)?.value],
            None => Vec::new(),
        };
        Ok((value, order))
    }
}

/// What rows of a kind are ordered by where they are named: their places in what they are part of, else their names.
fn natural(reader: &Reader, of: &'static Descriptor, alias: &str) -> Vec<Sql> {
    of.natural.iter().filter_map(|name| in_order(reader, of, name, alias)).collect()
}

fn in_order(reader: &Reader, of: &'static Descriptor, name: &str, alias: &str) -> Option<Sql> {
    if let Some(field) = of.field(name) {
        return reader.readable_as(of, field, alias, Look::Along).ok().map(|sql| sql.value);
    }
    let link = of.link(name)?;
    let LinkKey::One(column) = link.key else { return None };
    let other = reader.graph().of(link.to);
    let inner = format!("{alias}_in");
    let name = other.natural.iter().find_map(|name| other.field(name))?;
    let value = reader.readable_as(other, name, &inner, Look::Along).ok()?.value;
    let mut conditions = vec![Sql::text(format!("{inner}.id = {alias}.{column}"))];
    conditions.extend(reader.visible(other, Action::Read, &inner));
    let mut sql = Sql::text("(SELECT ");
    sql.append(value).push(&format!(" FROM {} {inner} WHERE ", other.table)).append(Sql::all(conditions)).push(")");
    Some(sql)
}
