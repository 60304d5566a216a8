//! Relations: SQL that a slice declares over rows as somebody may see them, with typed rows, which are made of what is
//! selected in its order.
//!
//! The text names what it reads from in braces, and nothing else of it is looked into:
//!
//! | in the text | stands for |
//! | --- | --- |
//! | `{deal}` | a table of the relation under this name, narrowed to what may be seen |
//! | `{deal.id in deals}` | the column is one of the ids that were given by this name |
//! | `{sum credit.amount_minor}` | the sum, however large, as a text for [`exact`](super::sql::exact) |

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::database::classify;
use super::filter::Filter;
use super::found::{Found, Listed};
use super::select::BASE;
use super::sql::Sql;
use super::{Reader, Tx, Warrant};
use crate::access::{Action, Kind};
use crate::error::{Error, Result};

/// A declared `FROM`, with what is selected of it.
pub struct Relation {
    /// The text.
    pub sql: &'static str,
    /// The tables that it names.
    pub tables: &'static [(&'static str, Table)],
}

/// Which rows of a kind a relation reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Those that the viewer may see; in the effects of an allowed action, all live ones.
    Seen(Kind),
    /// Those that the viewer may count.
    Counted(Kind),
    /// All live ones, whoever asks: facts that a seen row is made of as a whole. They are not shown themselves.
    Whole(Kind),
}

/// What is given to a relation.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    /// Ids by their name in the text.
    pub ids: &'a [(&'static str, &'a [Uuid])],
    /// Conditions on the rows of tables.
    pub filters: &'a [(&'static str, &'a Filter)],
}

impl Reader {
    /// The rows of a relation, as the viewer may see them: one statement. `weight`: what it has to look at.
    ///
    /// # Errors
    /// FORBIDDEN; FORBIDDEN_FIELD in a filter; database errors.
    pub async fn rows_of<R: Listed>(&self, relation: &Relation, given: Given<'_>, weight: u64) -> Result<Vec<R>> {
        let sql = self.written(relation, given, true)?;
        listed(&self.read(sql.statement(self.backend()), weight).await?)
    }

    fn written(&self, relation: &Relation, given: Given<'_>, scoped: bool) -> Result<Sql> {
        let (mut sql, mut rest) = (Sql::default(), relation.sql);
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}').ok_or_else(|| unknown(rest))?;
            sql.push(before).append(self.word(relation, given, word, scoped)?);
            rest = after;
        }
        sql.push(rest);
        Ok(sql)
    }

    fn word(&self, relation: &Relation, given: Given<'_>, word: &str, scoped: bool) -> Result<Sql> {
        if let Some(column) = word.strip_prefix("sum ") {
            return Ok(self.dialect().exact_sum(&self.dialect().parts(Sql::text(column))));
        }
        if let Some((column, name)) = word.split_once(" in ") {
            let (_, ids) = given.ids.iter().find(|(known, _)| *known == name).ok_or_else(|| unknown(word))?;
            return Ok(self.dialect().is_any(column, ids));
        }
        let (name, table) = relation.tables.iter().find(|(known, _)| *known == word).ok_or_else(|| unknown(word))?;
        let filter = given.filters.iter().find(|(known, _)| known == name).map(|(_, filter)| *filter);
        self.table(name, *table, filter, scoped)
    }

    fn table(&self, name: &str, table: Table, filter: Option<&Filter>, scoped: bool) -> Result<Sql> {
        let (kind, action) = match table {
            Table::Seen(kind) if scoped => (kind, Some(Action::Read)),
            Table::Counted(kind) if scoped => (kind, Some(Action::Count)),
            Table::Seen(kind) | Table::Counted(kind) | Table::Whole(kind) => (kind, None),
        };
        let of = self.graph().of(kind);
        let mut conditions = match action {
            Some(action) if self.viewer().reach(kind, action).is_none() => {
                return Err(Error::forbidden(format!("{}.read", of.name)));
            }
            Some(action) => self.visible(of, action, BASE),
            None if of.soft_delete => vec![Sql::text(format!("{BASE}.deleted_at IS NULL"))],
            None => Vec::new(),
        };
        if let Some(filter) = filter {
            conditions.push(self.condition(of, filter, action.unwrap_or(Action::Read), BASE)?);
        }
        let mut sql = Sql::text(format!("(SELECT * FROM {} {BASE} WHERE ", of.table));
        sql.append(Sql::all(conditions)).push(&format!(") AS {name}"));
        Ok(sql)
    }
}

impl Tx {
    /// The rows of a relation over live rows, for the effects of an action that was allowed.
    ///
    /// # Errors
    /// Database errors.
    pub async fn rows_of<R: Listed>(&self, _: &Warrant, relation: &Relation, given: Given<'_>) -> Result<Vec<R>> {
        let sql = self.reader().written(relation, given, false)?;
        let rows = self.session().query_all_raw(sql.statement(self.backend())).await.map_err(classify)?;
        listed(&Found::Each(rows))
    }
}

fn listed<R: Listed>(found: &Found) -> Result<Vec<R>> {
    found.iter().map(|row| R::of(&mut row.cells()).map_err(classify)).collect()
}

fn unknown(word: &str) -> Error {
    Error::internal(format!("a relation names `{word}`, which stands for nothing"))
}

impl Relation {
    /// What stands in braces in its text.
    pub(super) fn words(&self) -> impl Iterator<Item = &'static str> {
        self.sql.split('{').skip(1).map(|part| part.split_once('}').map_or(part, |(word, _)| word))
    }

    /// The columns of one of its tables that its text names.
    pub(super) fn columns(&self, table: &str) -> impl Iterator<Item = &'static str> {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let prefix = format!("{table}.");
        let places: Vec<_> = self.sql.match_indices(&prefix).map(|(at, _)| at).collect();
        let sql = self.sql;
        places.into_iter().filter_map(move |at| {
            let whole = !sql.get(..at)?.ends_with(|letter: char| is_name(letter) || letter == '.');
            let rest = sql.get(at + prefix.len()..)?;
            let end = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
            rest.get(..end).filter(|_| whole)
        })
    }
}

impl Table {
    /// Whose rows it has.
    pub fn kind(self) -> Kind {
        match self {
            Self::Seen(kind) | Self::Counted(kind) | Self::Whole(kind) => kind,
        }
    }
}
