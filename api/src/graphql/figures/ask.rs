//! From a selection to questions: which figure is measured in which statement.

use std::collections::HashMap;

use async_graphql::Value;
use async_graphql::parser::types::SelectionSet;

use super::MOST_FIGURES;
use super::answer::sums_only;
use super::figure::{self, Figure, Unit};
use super::key::{Groupable, Kept, KeyUse, Keys, group_value, groupables};
use super::schema::{Made, range_type};
use super::window::Window;
use crate::error::{Code, Error, Result};
use crate::graphql::pick::{Picked, pick};
use crate::graphql::plan::{OutPlan, Planner};
use crate::graphql::value::{money_type, text_of};
use crate::store::descriptor::{Descriptor, Field, OutType, Shape};
use crate::store::figures::{GroupKey, Measure, Number, Question, Ranking, Relation};
use crate::store::row::Stored;
use crate::store::select::BASE;
use crate::store::sql::Sql;

/// What is asked: the statements, and what of their answers is wanted.
pub struct Asked {
    /// The statements. The first has the numbers that relate groups, if there are any, and says which groups there are.
    pub questions: Vec<Question<'static>>,
    /// Which of them may be divided by further currencies.
    divisible: Vec<bool>,
    /// What of each group is wanted, in the order of the selection.
    pub wanted: Vec<Wanted>,
    /// By which of the currencies of a statement one of its measures is divided.
    currencies: HashMap<(usize, usize), usize>,
    keys: Vec<GroupKey>,
    of: &'static Descriptor,
    figures: usize,
    /// It asks about the days that others are compared with.
    compared: bool,
}

/// One thing that is wanted of a group.
pub enum Wanted {
    /// What it has in common.
    Key(KeyOut),
    /// The rows themselves, for lists to find: those of these days, or of those compared with.
    Cell(bool),
    /// How many rows.
    Rows,
    /// How many rows of some.
    Count(Slot),
    /// How many different values.
    Distinct(Slot),
    /// A function of several fields, or why of one of them not.
    Made(Made, Vec<Result<Figured, (Code, String)>>),
    /// One number divided by another one.
    Ratio([(usize, Unit); 2]),
    /// The part of the sum over all groups.
    Share(usize),
    /// The sum over all groups up to this one.
    Running(usize, Unit),
    /// By which part a number has grown since the days compared with: its place there and here.
    Change {
        /// Among the relations of these days.
        now: usize,
        /// Among the relations of those days.
        then: Option<usize>,
    },
    /// The figures of the days compared with.
    Compared,
    /// Null with an error.
    Refused(Code, String),
}

/// Which measure of which statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The statement.
    pub question: usize,
    /// Its measure.
    pub measure: usize,
}

/// A field of a function.
pub struct Figured {
    /// Where it is measured.
    pub slot: Slot,
    /// What its values are.
    pub shape: Shape,
    /// Are they amounts in the base currency?
    pub in_base: bool,
    /// Which of the percentiles of its measure.
    pub point: usize,
    /// What to tell where it may only be answered as a sum over enough rows, and is not.
    pub sums_only: Option<String>,
}

/// Where the parts of a key come from.
pub enum KeyOut {
    /// A key of the groups.
    Cell(usize),
    /// The range of a key.
    Range(usize),
    /// Nothing: rows were not grouped by it.
    Null,
    /// Keys behind a reference.
    Object(Vec<KeyOut>),
}

impl Asked {
    /// Nothing but how many rows there are.
    pub fn new(of: &'static Descriptor, keys: Option<&Keys>) -> Self {
        let keys = keys.map(|keys| keys.keys.clone()).unwrap_or_default();
        let first = Question { keys: keys.clone(), ..Question::new(of) };
        Self {
            questions: vec![first],
            divisible: vec![true],
            wanted: Vec::new(),
            currencies: HashMap::new(),
            keys,
            of,
            figures: 0,
            compared: false,
        }
    }

    /// By which of its statement's currencies a measure is divided.
    pub fn currency_of(&self, question: usize, measure: usize) -> Option<usize> {
        self.currencies.get(&(question, measure)).copied()
    }

    /// Which groups are answered, in which order.
    pub fn rank(&mut self, ranking: Option<Ranking>) {
        if ranking.is_some() {
            self.keep_whole(0);
            self.first().ranking = ranking;
        }
    }

    /// The place of a number of each group, and its unit.
    ///
    /// # Errors
    /// BAD_USER_INPUT, FORBIDDEN_FIELD.
    pub fn number(&mut self, planner: &Planner<'_>, value: &Value, at: &str) -> Result<(usize, Unit)> {
        let figure = figure::read(planner, self.of, value, at)?;
        Ok((self.place_number(figure.number)?, figure.unit))
    }

    fn place_number(&mut self, number: Number) -> Result<usize> {
        self.count_figure()?;
        self.keep_whole(0);
        let numbers = &mut self.first().numbers;
        if let Some(known) = numbers.iter().position(|known| *known == number) {
            return Ok(known);
        }
        numbers.push(number);
        Ok(numbers.len() - 1)
    }

    fn relation(&mut self, relation: Relation) -> usize {
        let relations = &mut self.first().relations;
        if let Some(known) = relations.iter().position(|known| *known == relation) {
            return known;
        }
        relations.push(relation);
        relations.len() - 1
    }

    #[expect(clippy::expect_used, reason = "there is a first question from the beginning on")]
    fn first(&mut self) -> &mut Question<'static> {
        self.questions.first_mut().expect("a first question")
    }

    /// The statement is divided by no further currencies. If it is already, what it measures goes into another one.
    fn keep_whole(&mut self, at: usize) {
        if let Some(divisible) = self.divisible.get_mut(at) {
            *divisible = false;
        }
    }

    fn count_figure(&mut self) -> Result<()> {
        self.figures += 1;
        if self.figures > MOST_FIGURES {
            return Err(Error::bad_input(format!("Ask for at most {MOST_FIGURES} figures at once.")));
        }
        Ok(())
    }

    /// Finds the statement in which something is measured: what adds up, in any whose groups may be divided by its currency;
    /// else in one that is divided by this and nothing else.
    fn place(&mut self, measure: Measure, currency: Option<Sql>) -> Result<Slot> {
        self.count_figure()?;
        let adds_up = !measure.distinct && measure.points.is_empty();
        let fits = |question: &Question<'_>, divisible: bool| match &currency {
            None if adds_up => true,
            None => question.currencies.is_empty(),
            Some(currency) if question.currencies.contains(currency) => adds_up || question.currencies.len() == 1,
            Some(_) => divisible && (adds_up || question.currencies.is_empty()),
        };
        let found =
            self.questions.iter().zip(&self.divisible).position(|(question, divisible)| fits(question, *divisible));
        let question = found.unwrap_or_else(|| {
            self.questions.push(Question { keys: self.keys.clone(), ..Question::new(self.of) });
            self.divisible.push(true);
            self.questions.len() - 1
        });
        if !adds_up {
            self.keep_whole(question);
        }
        let place = self.questions.get_mut(question).ok_or_else(|| Error::internal("a figure without a statement"))?;
        let currency = currency.map(|currency| {
            place.currencies.iter().position(|known| *known == currency).unwrap_or_else(|| {
                place.currencies.push(currency);
                place.currencies.len() - 1
            })
        });
        let at = match place.measures.iter().position(|known| known.value == measure.value) {
            Some(known) => {
                if let Some(known) = place.measures.get_mut(known) {
                    known.also(measure);
                }
                known
            }
            None => {
                place.measures.push(measure);
                place.measures.len() - 1
            }
        };
        if let Some(currency) = currency {
            self.currencies.insert((question, at), currency);
        }
        Ok(Slot { question, measure: at })
    }

    /// Reads what is selected of each group. Answers what is asked of the days compared with as well.
    ///
    /// # Errors
    /// BAD_USER_INPUT, FORBIDDEN, FORBIDDEN_FIELD.
    pub fn select<'a>(
        &mut self,
        planner: &Planner<'a>,
        below: &[&'a SelectionSet],
        keys: Option<&Keys>,
        window: Option<&Window>,
    ) -> Result<(OutPlan, Option<Self>)> {
        let type_name = format!("{}{}", self.of.name, if keys.is_some() { "Group" } else { "Aggregate" });
        let compares = window.is_some_and(Window::compares);
        let mut then = compares.then(|| Self { compared: true, ..Self::new(self.of, keys) });
        let picked = pick(planner.env, below, &[&type_name])?;
        // Numbers are those of whole groups.
        if picked.iter().any(|field| relates(field.name)) {
            self.keep_whole(0);
            then.iter_mut().for_each(|then| then.keep_whole(0));
        }
        let mut outputs = Vec::new();
        for field in picked {
            if field.name == "__typename" {
                outputs.push((field.spot, None, OutPlan::Scalar));
                continue;
            }
            let (wanted, plan) = match self.one(planner, &field, keys, &mut then) {
                Ok(one) => one,
                Err(error) if is_nullable(field.name) => {
                    let (code, message) = error.refusal()?;
                    (Wanted::Refused(code, message), OutPlan::Scalar)
                }
                Err(error) => return Err(error),
            };
            outputs.push((field.spot, Some(self.wanted.len()), plan));
            self.wanted.push(wanted);
        }
        Ok((OutPlan::Object(type_name, outputs), then))
    }

    fn one<'a>(
        &mut self,
        planner: &Planner<'a>,
        field: &Picked<'a>,
        keys: Option<&Keys>,
        then: &mut Option<Self>,
    ) -> Result<(Wanted, OutPlan)> {
        let arg = |name: &str| field.args.get(name).filter(|value| **value != Value::Null);
        let number = |asked: &mut Self, name: &str| {
            let value = arg(name).ok_or_else(|| Error::bad_input(format!("{name}: expected a figure.")))?;
            asked.number(planner, value, name)
        };
        let scalar = |wanted| Ok((wanted, OutPlan::Scalar));
        let only = figure::condition(planner, self.of, arg("filter"), "filter")?;
        if let Some(made) = Made::named(field.name, arg("p"))? {
            return self.made(planner, made, only.as_ref(), field);
        }
        match field.name {
            "key" => {
                let Some(keys) = keys else { return Err(Error::internal("a key without groups")) };
                let (plan, key) = key_plan(planner, keys, self.of, &[], &field.below)?;
                Ok((Wanted::Key(key), plan))
            }
            "cell" => scalar(Wanted::Cell(self.compared)),
            "count" => match only {
                None => scalar(Wanted::Rows),
                Some(only) => {
                    let slot = self.place(Measure::count(Sql::text("1").only_where(only), Stored::Int), None)?;
                    scalar(Wanted::Count(slot))
                }
            },
            "countDistinct" => {
                let of = arg("of").and_then(text_of).unwrap_or_default();
                let (value, stored) = group_value(planner.reader, self.of, of, "of")?;
                let value = narrowed(value, only.as_ref());
                let slot = self.place(Measure { distinct: true, ..Measure::count(value, stored) }, None)?;
                scalar(Wanted::Distinct(slot))
            }
            "ratio" => {
                let (of, unit) = number(self, "of")?;
                let (to, to_unit) = number(self, "to")?;
                let of = self.relation(Relation::Number(of));
                let to = self.relation(Relation::Number(to));
                scalar(Wanted::Ratio([(of, unit), (to, to_unit)]))
            }
            "shareOfTotal" | "runningTotal" => {
                let value = arg("of").ok_or_else(|| Error::bad_input("of: expected a figure."))?;
                let Figure { number, unit, adds_up } = figure::read(planner, self.of, value, "of")?;
                if !adds_up {
                    return Err(Error::bad_input("of: only counts and sums add up to a total."));
                }
                let number = self.place_number(number)?;
                scalar(if field.name == "shareOfTotal" {
                    Wanted::Share(self.relation(Relation::Share(number)))
                } else {
                    Wanted::Running(self.relation(Relation::Running(number)), unit)
                })
            }
            "change" => {
                let (now, _) = number(self, "of")?;
                let now = self.relation(Relation::Number(now));
                let then = match then {
                    None => None,
                    Some(then) => {
                        let (number, _) = number(then, "of")?;
                        Some(then.relation(Relation::Number(number)))
                    }
                };
                scalar(Wanted::Change { now, then })
            }
            "compared" => match then {
                None => scalar(Wanted::Compared),
                Some(then) => {
                    let (plan, _) = then.select(planner, &field.below, None, None)?;
                    Ok((Wanted::Compared, plan))
                }
            },
            other => Err(Error::internal(format!("no plan for figures.{other}"))),
        }
    }

    /// A function of each of the selected fields.
    fn made<'a>(
        &mut self,
        planner: &Planner<'a>,
        made: Made,
        only: Option<&Sql>,
        picked: &Picked<'a>,
    ) -> Result<(Wanted, OutPlan)> {
        let type_name = made.type_name(self.of);
        let (mut outputs, mut figured) = (Vec::new(), Vec::new());
        for wanted in pick(planner.env, &picked.below, &[&type_name])? {
            let Some(field) = self.of.field(wanted.name) else {
                outputs.push((wanted.spot, None, OutPlan::Scalar));
                continue;
            };
            let plan = match field.shape {
                Shape::Money => planner.out(&OutType::List(Box::new(money_type(true)), false), &wanted.below)?,
                _ => OutPlan::Scalar,
            };
            outputs.push((wanted.spot, Some(figured.len()), plan));
            figured.push(match self.figured(planner, made, only, field) {
                Ok(one) => Ok(one),
                Err(error) => Err(error.refusal()?),
            });
        }
        Ok((Wanted::Made(made, figured), OutPlan::Object(type_name, outputs)))
    }

    fn figured(
        &mut self,
        planner: &Planner<'_>,
        made: Made,
        only: Option<&Sql>,
        field: &'static Field,
    ) -> Result<Figured> {
        let sql = planner.reader.summable(self.of, field, BASE)?;
        let may_be_sum = matches!(made, Made::Sum | Made::Avg) && only.is_none() && self.first().ranking.is_none();
        let sums_only = sql.sums_only.then(|| sums_only(self.of, &field.name));
        if let (Some(message), false) = (&sums_only, may_be_sum) {
            return Err(Error::refused(Code::ForbiddenField, message));
        }
        let in_base = field.is_in_base();
        let mut measure = Measure::count(narrowed(sql.value, only), Stored::of(field.shape));
        made.wants(&mut measure);
        let slot = self.place(measure, sql.currency.filter(|_| !in_base))?;
        let measure = self.questions.get(slot.question).and_then(|question| question.measures.get(slot.measure));
        let point = measure.and_then(|measure| made.place(measure)).unwrap_or_default();
        Ok(Figured { slot, shape: field.shape, in_base, point, sums_only })
    }
}

fn narrowed(value: Sql, only: Option<&Sql>) -> Sql {
    match only {
        Some(condition) => value.only_where(condition.clone()),
        None => value,
    }
}

/// Does the field set numbers of groups in relation?
fn relates(name: &str) -> bool {
    matches!(name, "ratio" | "shareOfTotal" | "runningTotal" | "change")
}

/// Is the field null where it is refused, and not its group?
fn is_nullable(name: &str) -> bool {
    relates(name) || matches!(name, "cell" | "countDistinct" | "compared")
}

/// What of a key is wanted, along the references that were grouped through.
fn key_plan<'a>(
    planner: &Planner<'a>,
    keys: &Keys,
    of: &'static Descriptor,
    way: &[&'static str],
    below: &[&'a SelectionSet],
) -> Result<(OutPlan, KeyOut)> {
    let type_name = format!("{}GroupKey", of.name);
    let (mut outputs, mut outs) = (Vec::new(), Vec::new());
    for field in pick(planner.env, below, &[&type_name])? {
        let used = |name: &str, is: fn(&Kept) -> bool| {
            let here = |used: &KeyUse| used.way == way && used.name == name && is(&used.is);
            keys.uses.iter().position(here)
        };
        let ranged = field.name.strip_suffix("Range").filter(|name| of.field(name).is_some());
        let behind = field.name.strip_suffix("Key").and_then(|name| of.link(name));
        let (plan, out) = if let Some(name) = ranged {
            let plan = planner.out(&range_type(), &field.below)?;
            (plan, used(name, |is| matches!(is, Kept::Ranges(..))).map_or(KeyOut::Null, KeyOut::Range))
        } else if let Some(link) = behind {
            let way: Vec<_> = way.iter().copied().chain([link.name.as_str()]).collect();
            key_plan(planner, keys, planner.reader.graph().of(link.to), &way, &field.below)?
        } else if let Some((name, by)) = groupables(of).find(|(name, _)| *name == field.name) {
            let plan = match by {
                Groupable::Link(link) => planner.out(&OutType::Node(link.to), &field.below)?,
                Groupable::Field(_) => OutPlan::Scalar,
            };
            (plan, used(name, |is| !matches!(is, Kept::Ranges(..))).map_or(KeyOut::Null, KeyOut::Cell))
        } else {
            outputs.push((field.spot, None, OutPlan::Scalar));
            continue;
        };
        outputs.push((field.spot, Some(outs.len()), plan));
        outs.push(out);
    }
    Ok((OutPlan::Object(type_name, outputs), KeyOut::Object(outs)))
}
