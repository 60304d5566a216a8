//! The statement of a question.
//!
//! ```sql
//! SELECT keys, currencies, count, measures, numbers FROM rows [JOIN what they point at] WHERE … GROUP BY keys, currencies
//! ```
//! and, where groups are looked at beside each other, around it
//! ```sql
//! SELECT …, number / SUM(number) OVER (), SUM(number) OVER (ORDER BY …) FROM (groups) WHERE having ORDER BY … LIMIT first
//! ```

use super::key::Join;
use super::{By, Function, GroupKey, Measure, Number, Question, Ranking, Relation};
use crate::access::Action;
use crate::error::{Error, Result};
use crate::store::Reader;
use crate::store::descriptor::Descriptor;
use crate::store::filter::{Comparison, Filter};
use crate::store::lookup::Joins;
use crate::store::select::{BASE, Of};
use crate::store::sql::{Dialect, Sql};

impl Reader {
    pub(super) fn figures_sql(
        &self,
        question: &Question<'_>,
        rows: Of<'_>,
        filter: Option<&Filter>,
        limit: Option<u64>,
    ) -> Result<Sql> {
        let (parent, conditions) = self.narrowed(question.of, rows, filter)?;
        // As many of several parents are cut inside.
        let first = question.ranking.as_ref().and_then(|ranking| ranking.first).filter(|_| parent.is_none());
        let limit = first.into_iter().chain(limit).min();
        // What all rows look up is joined with them; below a few parents each row looks it up by itself.
        let is_joined = matches!(rows, Of::All);
        let groups = Groups::of(question, parent, conditions, is_joined, self.dialect());
        let mut sql = if question.compares_groups() {
            groups.beside_each_other(question)
        } else {
            let ordered = groups.grouped;
            let mut sql = groups.by_themselves(question).statement(None);
            if ordered > 0 {
                sql.push(" ORDER BY ").append(places(ordered, " NULLS LAST"));
            }
            sql
        };
        if let Some(limit) = limit {
            sql.known_limit(limit);
        }
        Ok(sql)
    }

    /// The column of the parent, if rows hang on some, and what is true of the rows.
    fn narrowed(&self, of: &Descriptor, rows: Of<'_>, filter: Option<&Filter>) -> Result<(Option<Sql>, Vec<Sql>)> {
        if !self.may_count(of) {
            return Err(Error::forbidden(format!("{}.count", of.name)));
        }
        let mut conditions = self.visible(of, Action::Count, BASE);
        let mut parent = None;
        match rows {
            Of::Parents(column, parents) => {
                conditions.extend(self.reference(of, column, BASE)?);
                let column = format!("{BASE}.{column}");
                conditions.insert(0, self.dialect().is_any(column.as_str(), parents));
                parent = Some(Sql::text(column));
            }
            Of::Ids(ids) => conditions.insert(0, self.dialect().is_any(format!("{BASE}.id").as_str(), ids)),
            Of::All => {}
        }
        if let Some(filter) = filter {
            conditions.push(self.condition(of, filter, Action::Count, BASE)?);
        }
        Ok((parent, conditions))
    }
}

/// The groups of a statement, not yet put together.
struct Groups {
    /// The parent, the keys with what they are ordered by, the currencies.
    keys: Vec<Sql>,
    /// How many of the cells rows are grouped by.
    grouped: usize,
    /// Where each key of the client begins among the cells, and where its value stands.
    places: Vec<(usize, usize)>,
    /// Counts and measures.
    figures: Vec<Sql>,
    /// The numbers.
    numbers: Vec<Sql>,
    has_parent: bool,
    from: Sql,
}

impl Groups {
    fn of(
        question: &Question<'_>,
        mut parent: Option<Sql>,
        mut conditions: Vec<Sql>,
        is_joined: bool,
        dialect: Dialect,
    ) -> Self {
        let mut figures = vec![Aggregate::over(Part::Count, Sql::text("*"))];
        figures.extend(question.measures.iter().flat_map(|measure| measure.aggregates(dialect)));
        let (mut keys, mut currencies) = (question.keys.clone(), question.currencies.clone());
        let mut numbers = question.numbers.clone();
        let mut joins = Joins::of("j", is_joined.then(|| BASE.to_owned()));
        conditions.iter_mut().for_each(|sql| joins.join(sql));
        keys.iter_mut().flat_map(GroupKey::of_rows).chain(&mut currencies).for_each(|sql| joins.join(sql));
        figures.iter_mut().flat_map(|figure| &mut figure.values).for_each(|sql| joins.join(sql));
        numbers.iter_mut().for_each(|number| number.each_value(&mut |sql| joins.join(sql)));
        let mut from = Sql::text(format!("{} {BASE}", question.of.table));
        from.append(joins.from());
        let points_at_others = keys.iter().any(|key| !key.way.is_empty());
        if points_at_others && question.adds_up() {
            from.push(" WHERE ").append(Sql::all(conditions));
            from = grouped_first(&mut parent, &mut keys, &mut currencies, &mut figures, &mut numbers, from, dialect);
            join_others(&mut keys, is_joined, &mut from);
        } else {
            join_others(&mut keys, is_joined, &mut from);
            from.push(" WHERE ").append(Sql::all(conditions));
        }
        let has_parent = parent.is_some();
        let (mut cells, mut places): (Vec<_>, Vec<_>) = (parent.into_iter().collect(), Vec::new());
        for key in keys {
            let begin = cells.len();
            cells.extend(key.order);
            places.push((begin, cells.len()));
            cells.push(key.value);
        }
        cells.extend(currencies);
        Self {
            grouped: cells.len(),
            keys: cells,
            places,
            figures: figures.iter().map(|figure| figure.cell(dialect)).collect(),
            numbers: numbers.iter().map(|number| number.sql(dialect)).collect(),
            has_parent,
            from,
        }
    }

    /// `SELECT … FROM … GROUP BY …`, its cells named if they are to be looked at from outside.
    fn statement(self, names: Option<&str>) -> Sql {
        let cells = self.keys.into_iter().chain(self.figures).chain(self.numbers).enumerate().map(|(at, mut cell)| {
            if let Some(name) = names {
                cell.push(&format!(" AS {name}{at}"));
            }
            cell
        });
        let mut sql = Sql::text("SELECT ");
        sql.append(Sql::listed(cells.collect())).push(" FROM ").append(self.from);
        if self.grouped > 0 {
            sql.push(" GROUP BY ").append(places(self.grouped, ""));
        }
        sql
    }

    /// The groups with the numbers that are answered, in the order of their answers: one may have been placed that is not.
    fn by_themselves(mut self, question: &Question<'_>) -> Self {
        let answered = question.relations.iter().filter_map(|relation| self.numbers.get(relation.number()).cloned());
        self.numbers = answered.collect();
        self
    }

    /// The groups with what relates them, those that are wanted, in their order.
    fn beside_each_other(self, question: &Question<'_>) -> Sql {
        let ranking = question.ranking.clone().unwrap_or_default();
        let (shown, has_parent) = (self.keys.len() + self.figures.len(), self.has_parent);
        let number = |at: usize| format!("c{}", shown + at);
        let order = self.order(&ranking, &number);
        let partition = if has_parent { "PARTITION BY c0" } else { "" };
        let cells: Vec<_> = (0..shown).map(|at| format!("c{at}")).collect();
        let relations = question.relations.iter().enumerate().map(|(at, relation)| {
            let sql = match relation {
                Relation::Number(one) => number(*one),
                Relation::Share(one) => {
                    format!("{0} / NULLIF(SUM({0}) OVER ({partition}), 0)", number(*one))
                }
                Relation::Running(one) => {
                    format!("SUM({}) OVER ({partition} ORDER BY {order} ROWS UNBOUNDED PRECEDING)", number(*one))
                }
            };
            format!("{sql} AS r{at}")
        });
        let names = (0..question.relations.len()).map(|at| format!("r{at}"));
        let answered = cells.iter().cloned().chain(names).collect::<Vec<_>>().join(", ");
        let mut related = Sql::text("SELECT found.*");
        relations.for_each(|relation| {
            related.push(", ").push(&relation);
        });
        related.push(" FROM (").append(self.statement(Some("c"))).push(") AS found");
        let parents = if has_parent { "c0, " } else { "" };
        let having = Sql::all(ranking.having.iter().map(|test| passes(test, &number)).collect());
        let mut sql = Sql::text(format!("SELECT {answered} FROM "));
        match ranking.first {
            Some(first) if has_parent => {
                let place = format!("ROW_NUMBER() OVER ({partition} ORDER BY {order}) AS place");
                sql.push(&format!("(SELECT related.*, {place} FROM (")).append(related);
                sql.push(") AS related WHERE ").append(having);
                sql.push(&format!(") AS ranked WHERE place <= {first} ORDER BY {parents}{order}"));
            }
            _ => {
                sql.push("(").append(related).push(") AS related WHERE ").append(having);
                sql.push(&format!(" ORDER BY {parents}{order}"));
            }
        }
        sql
    }

    /// What groups are ordered by: what was asked for, then their keys.
    fn order(&self, ranking: &Ranking, number: &impl Fn(usize) -> String) -> String {
        let mut terms = Vec::new();
        let mut left: Vec<_> = (0..self.places.len()).collect();
        for (by, descending) in &ranking.order {
            let way = if *descending { "DESC" } else { "ASC" };
            match by {
                By::Number(at) => terms.push(format!("{} {way} NULLS LAST", number(*at))),
                By::Key(at) => {
                    left.retain(|one| one != at);
                    terms.extend(self.key_cells(*at).map(|cell| format!("c{cell} {way} NULLS LAST")));
                }
            }
        }
        for key in left {
            terms.extend(self.key_cells(key).map(|cell| format!("c{cell} ASC NULLS LAST")));
        }
        // Without keys there is one group.
        if terms.is_empty() { "1".to_owned() } else { terms.join(", ") }
    }

    fn key_cells(&self, key: usize) -> impl Iterator<Item = usize> + use<> {
        self.places.get(key).map_or(0..0, |(begin, value)| *begin..value + 1)
    }
}

fn passes((at, comparison, value): &(usize, Comparison, f64), number: &impl Fn(usize) -> String) -> Sql {
    let operator = match comparison {
        Comparison::Eq => "=",
        Comparison::Ne => "<>",
        Comparison::Lt => "<",
        Comparison::Lte => "<=",
        Comparison::Gt => ">",
        Comparison::Gte => ">=",
    };
    let mut sql = Sql::text(format!("{} {operator} ", number(*at)));
    sql.bind(*value);
    sql
}

/// Rows that point at others are grouped by what they point at before they are joined with it, as there are fewer groups
/// than rows. Answers the groups as a table; keys, currencies and figures become those of this table.
fn grouped_first(
    parent: &mut Option<Sql>,
    keys: &mut [GroupKey],
    currencies: &mut [Sql],
    figures: &mut [Aggregate],
    numbers: &mut [Number],
    from: Sql,
    dialect: Dialect,
) -> Sql {
    let (mut cells, mut grouped) = (Vec::new(), 0);
    let mut named = |mut cell: Sql| {
        let name = format!("k{}", cells.len());
        cell.push(" AS ").push(&name);
        cells.push(cell);
        Sql::text(format!("grouped.{name}"))
    };
    for sql in parent.iter_mut() {
        *sql = named(std::mem::take(sql));
        grouped += 1;
    }
    for key in keys {
        key.base = named(std::mem::take(&mut key.base));
        grouped += 1;
        if key.way.is_empty() {
            key.value = key.base.clone();
            for order in &mut key.order {
                *order = named(std::mem::take(order));
                grouped += 1;
            }
        }
    }
    for sql in currencies {
        *sql = named(std::mem::take(sql));
        grouped += 1;
    }
    for figure in figures {
        *figure = figure.of_groups(figure.parts().map(&mut named).collect());
    }
    for number in numbers {
        number.of_groups(dialect, &mut named);
    }
    let mut table = Sql::text("(SELECT ");
    table.append(Sql::listed(cells)).push(" FROM ").append(from);
    table.push(" GROUP BY ").append(places(grouped, "")).push(") AS grouped");
    table
}

/// Joins what the keys point at, and what that looks up.
fn join_others(keys: &mut [GroupKey], is_joined: bool, from: &mut Sql) {
    keys.iter().for_each(|key| key.join(from));
    let others = keys.iter().flat_map(|key| &key.way).map(|step| step.alias.clone()).filter(|_| is_joined);
    let mut joins = Joins::of("o", others.collect::<Vec<_>>());
    keys.iter_mut().flat_map(GroupKey::of_others).for_each(|sql| joins.join(sql));
    from.append(joins.from());
}

impl GroupKey {
    /// What is worked out from the rows themselves.
    fn of_rows(&mut self) -> impl Iterator<Item = &mut Sql> {
        let own =
            if self.way.is_empty() { Some(std::iter::once(&mut self.value).chain(&mut self.order)) } else { None };
        std::iter::once(&mut self.base).chain(own.into_iter().flatten())
    }

    /// What is worked out from what the rows point at.
    fn of_others(&mut self) -> impl Iterator<Item = &mut Sql> {
        let others =
            if self.way.is_empty() { None } else { Some(std::iter::once(&mut self.value).chain(&mut self.order)) };
        others.into_iter().flatten()
    }

    /// Joins the rows on the way to the value.
    fn join(&self, from: &mut Sql) {
        for Join { table, alias, tie, visible } in &self.way {
            let mut same = tie.clone().unwrap_or_else(|| self.base.clone());
            same.push(&format!(" = {alias}.id"));
            from.push(&format!(" LEFT JOIN {table} {alias} ON "));
            from.append(Sql::all(std::iter::once(same).chain(visible.iter().cloned()).collect()));
        }
    }
}

/// `1, 2, …`, each with what comes after it.
fn places(count: usize, after: &str) -> Sql {
    Sql::listed((1..=count).map(|place| Sql::text(format!("{place}{after}"))).collect())
}

impl Measure {
    fn aggregates(&self, dialect: Dialect) -> Vec<Aggregate> {
        let over = |part| Aggregate::over(part, self.value.clone());
        let mut figures = vec![over(Part::Count)];
        if self.distinct {
            figures.push(over(Part::Distinct));
        }
        if self.range {
            figures.extend([over(Part::Min), over(Part::Max)]);
        }
        if self.sum {
            figures.push(Aggregate { part: Part::Sum, values: dialect.parts(self.value.clone()) });
        }
        figures.extend(self.points.iter().map(|point| over(Part::Point(*point))));
        figures
    }
}

/// An aggregate function and what it is over: one value, or the parts of a sum.
struct Aggregate {
    part: Part,
    values: Vec<Sql>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Count,
    Distinct,
    /// The sum of counts.
    Total,
    Min,
    Max,
    Sum,
    Point(f64),
}

impl Aggregate {
    fn over(part: Part, value: Sql) -> Self {
        Self { part, values: vec![value] }
    }

    /// The same figure from the figures of groups.
    fn of_groups(&self, figures: Vec<Sql>) -> Self {
        let part = if self.part == Part::Count { Part::Total } else { self.part };
        Self { part, values: figures }
    }

    /// What a group has to say of the figure.
    fn parts(&self) -> impl Iterator<Item = Sql> {
        let name = match self.part {
            Part::Distinct => "COUNT(DISTINCT ",
            Part::Min => "MIN(",
            Part::Max => "MAX(",
            Part::Sum | Part::Total => "SUM(",
            Part::Count | Part::Point(_) => "COUNT(",
        };
        self.values.iter().map(move |value| around(name, value.clone(), ")"))
    }

    /// The figure as it is read.
    fn cell(&self, dialect: Dialect) -> Sql {
        match self.part {
            Part::Sum => dialect.exact_sum(&self.values),
            Part::Total => dialect.sum(Sql::listed(self.values.clone())),
            Part::Point(point) => dialect.percentile(point, Sql::listed(self.values.clone())),
            _ => Sql::listed(self.parts().collect()),
        }
    }
}

impl Number {
    fn each_value(&mut self, change: &mut impl FnMut(&mut Sql)) {
        change(&mut self.value);
        if let Some((by, _)) = &mut self.over {
            by.each_value(change);
        }
    }

    /// The number as one of double precision.
    fn sql(&self, dialect: Dialect) -> Sql {
        let whole = self.undivided(dialect);
        let Some((by, power)) = &self.over else { return whole };
        let mut sql = around("(", whole, &format!(") * {:e} / NULLIF(", 10_f64.powi(*power)));
        sql.append(by.undivided(dialect)).push(", 0)");
        sql
    }

    /// Becomes the same number from the numbers of groups, to each of which `named` gives a name.
    fn of_groups(&mut self, dialect: Dialect, named: &mut impl FnMut(Sql) -> Sql) {
        let value = std::mem::take(&mut self.value);
        self.value = named(match (self.function, dialect) {
            (Function::Count, _) => around("COUNT(", value, ")"),
            (Function::Min, _) => around("MIN(", value, ")"),
            (Function::Max, _) => around("MAX(", value, ")"),
            (_, Dialect::Postgres) => around("SUM(", value, ")"),
            (_, Dialect::Sqlite) => around("TOTAL(", value, ")"),
        });
        if self.function == Function::Count {
            self.function = Function::Sum;
        }
        if let Some((by, _)) = &mut self.over {
            by.of_groups(dialect, named);
        }
    }

    fn undivided(&self, dialect: Dialect) -> Sql {
        let value = self.value.clone();
        let number = match (self.function, dialect) {
            (Function::Percentile(point), _) => return dialect.percentile(point, value),
            (Function::Count, _) => around("COUNT(", value, ")"),
            (Function::CountDistinct, _) => around("COUNT(DISTINCT ", value, ")"),
            (Function::Sum, Dialect::Postgres) => around("COALESCE(SUM(", value, "), 0)"),
            // What may be more than 64 bits is no error.
            (Function::Sum, Dialect::Sqlite) => around("TOTAL(", value, ")"),
            (Function::Avg, _) => around("AVG(", value, ")"),
            (Function::Min, _) => around("MIN(", value, ")"),
            (Function::Max, _) => around("MAX(", value, ")"),
        };
        around("CAST(", number, " AS double precision)")
    }
}

fn around(before: &str, value: Sql, after: &str) -> Sql {
    let mut sql = Sql::text(before);
    sql.append(value).push(after);
    sql
}
