//! From loaded rows to the answer: null and one error with its full path wherever something may not be shown.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, PathSegment, Pos, ServerError, Value};
use uuid::Uuid;

use super::load::{Answers, Loaded, LoadedList, count_levels, page};
use super::pick::Spot;
use super::plan::{Connection, EdgeOutput, Level, ListOutput, Object, OutPlan, Output};
use super::value;
use crate::error::{Code, Error};
use crate::store::descriptor::Out;
use crate::store::page::{encode, to_json};
use crate::store::row::Cell;
use crate::store::select::{Guard, Row};

/// Builds an answer and collects its errors.
pub struct Renderer {
    start: Vec<PathSegment>,
    below: Vec<Step>,
    pos: Pos,
    /// The errors so far.
    pub errors: Vec<ServerError>,
}

/// A part of a path: what a [`PathSegment`] is made of where an error needs one.
pub enum Step {
    /// The field under this key.
    Field(Name),
    /// The item at this place.
    Index(usize),
}

impl Renderer {
    /// Starts at a field.
    pub fn new(path: Vec<PathSegment>, pos: Pos) -> Self {
        Self { start: path, below: Vec::new(), pos, errors: Vec::new() }
    }

    /// Null here, with an error.
    pub fn refuse(&mut self, code: Code, message: &str) -> Value {
        let error = Error::refused(code, message);
        let below = self.below.iter().map(|step| match step {
            Step::Field(name) => PathSegment::Field(name.to_string()),
            Step::Index(place) => PathSegment::Index(*place),
        });
        let path = self.start.iter().cloned().chain(below).collect();
        self.errors.push(error.into_server_error(Some(self.pos), path));
        Value::Null
    }

    fn at<T>(&mut self, step: Step, build: impl FnOnce(&mut Self) -> T) -> T {
        self.below.push(step);
        let built = build(self);
        self.below.pop();
        built
    }

    /// Builds the item at a place of a list.
    pub fn item(&mut self, at: usize, build: impl FnOnce(&mut Self) -> Value) -> Value {
        self.at(Step::Index(at), build)
    }

    /// Builds the field at its spot.
    pub fn field<T>(&mut self, spot: &Spot, build: impl FnOnce(&mut Self) -> T) -> T {
        let above = std::mem::replace(&mut self.pos, spot.pos);
        let built = self.at(Step::Field(spot.key.clone()), build);
        self.pos = above;
        built
    }

    fn fields<'p, T>(&mut self, fields: &'p [(Spot, T)], mut build: impl FnMut(&mut Self, &'p T) -> Value) -> Value {
        let mut object = IndexMap::with_capacity(fields.len());
        for (spot, output) in fields {
            let value = self.field(spot, |this| build(this, output));
            object.insert(spot.key.clone(), value);
        }
        Value::Object(object)
    }

    fn items<T>(&mut self, items: impl Iterator<Item = T>, mut build: impl FnMut(&mut Self, T) -> Value) -> Value {
        let items = items.enumerate().map(|(at, item)| self.at(Step::Index(at), |this| build(this, item)));
        Value::List(items.collect())
    }

    /// A row.
    pub fn object(&mut self, object: &Object, level: &Level, loaded: &Loaded, row: &Row) -> Value {
        let Some(id) = row.get(object.id).and_then(Cell::id) else { return Value::Null };
        self.fields(&object.outputs, |this, output| match output {
            Output::Typename => Value::from(object.of.name),
            Output::Value { guard, field, .. }
            | Output::Money { guard, field, .. }
            | Output::One { guard, field, .. }
                if !shown(row, *guard) =>
            {
                this.refuse_field(object, field)
            }
            Output::Value { shape, cell, .. } => {
                value::render(*shape, row.get(*cell).unwrap_or(&Cell::Null), object.of)
            }
            Output::Money { cell, currency, parts, .. } => {
                let currency = row.get(*currency).and_then(Cell::text).unwrap_or_default();
                row.get(*cell)
                    .and_then(Cell::int)
                    .map_or(Value::Null, |minor| this.fields(parts, |_, part| value::money_part(minor, currency, part)))
            }
            Output::One { object: other, .. } => this.object(other, level, loaded, row),
            Output::Many(child) => match (level.children.get(*child), loaded.children.get(*child)) {
                (Some(child), Some(list)) => this.list(&child.connection, list, id),
                _ => Value::Null,
            },
            Output::Computed(place) => match (level.computed.get(*place), loaded.computed.get(*place)) {
                (Some(computed), Some(answers)) => this.answer(&computed.out, answers, id),
                _ => Value::Null,
            },
            Output::Allowed(permits) => super::permit::allowed(permits, row),
            Output::Blocked(permits, parts) => {
                let blocked: Vec<_> = permits.iter().filter_map(|permit| permit.block(row)).collect();
                this.items(blocked.into_iter(), |this, block| this.fields(parts, |_, part| block.part(part)))
            }
            Output::Refused(code, message) => this.refuse(*code, message),
        })
    }

    fn refuse_field(&mut self, object: &Object, field: &str) -> Value {
        self.refuse(Code::ForbiddenField, &format!("Your role may not read {}.{field} of this row.", object.of.name))
    }

    /// A list under `parent` (nil at the root).
    pub fn list(&mut self, connection: &Connection, list: &LoadedList, parent: Uuid) -> Value {
        let empty = Vec::new();
        let all = list.rows.as_ref().and_then(|loaded| loaded.rows.get(&parent)).unwrap_or(&empty);
        let (rows, more) = page(all, &connection.list);
        let mut figures = list.figures.iter();
        self.fields(&connection.outputs, |this, output| {
            let answers = figures.next();
            match (output, &connection.rows, &list.rows) {
                (ListOutput::Typename, ..) => Value::from(format!("{}Connection", connection.of.name)),
                (ListOutput::Total, ..) => Value::from(list.totals.get(&parent).copied().unwrap_or_default()),
                (ListOutput::Nodes(object), Some(level), Some(loaded)) => {
                    this.items(rows.iter(), |this, row| this.object(object, level, loaded, row))
                }
                (ListOutput::Edges(outputs), Some(level), Some(loaded)) => this.items(rows.iter(), |this, row| {
                    this.fields(outputs, |this, output| match output {
                        EdgeOutput::Typename => Value::from(format!("{}Edge", connection.of.name)),
                        EdgeOutput::Cursor => cursor(connection, row),
                        EdgeOutput::Node(object) => this.object(object, level, loaded, row),
                    })
                }),
                (ListOutput::PageInfo(fields), ..) => this.fields(fields, |_, field| {
                    let backward = connection.list.page.backward;
                    match field.as_str() {
                        "hasNextPage" => {
                            Value::from(if backward { connection.list.page.before.is_some() } else { more })
                        }
                        "hasPreviousPage" => {
                            Value::from(if backward { more } else { connection.list.page.after.is_some() })
                        }
                        "startCursor" => rows.first().map_or(Value::Null, |row| cursor(connection, row)),
                        "endCursor" => rows.last().map_or(Value::Null, |row| cursor(connection, row)),
                        _ => Value::from("PageInfo"),
                    }
                }),
                (ListOutput::Aggregate(plan), ..) => match answers {
                    Some(answers) if answers.by_row.contains_key(&parent) => this.answer(plan.out(), answers, parent),
                    _ => this.out(plan.out(), &plan.nothing(), &Answers::default(), &mut 0),
                },
                (ListOutput::Groups(plan), ..) => match answers {
                    Some(answers) if answers.by_row.contains_key(&parent) => this.answer(plan.out(), answers, parent),
                    _ => Value::List(Vec::new()),
                },
                (ListOutput::Refused(code, message), ..) => this.refuse(*code, message),
                (ListOutput::Nodes(_) | ListOutput::Edges(_), ..) => Value::List(Vec::new()),
            }
        })
    }

    /// A computed answer for a row.
    pub fn answer(&mut self, plan: &OutPlan, answers: &Answers, row: Uuid) -> Value {
        answers.by_row.get(&row).map_or(Value::Null, |out| self.out(plan, out, answers, &mut 0))
    }

    fn out(&mut self, plan: &OutPlan, out: &Out, answers: &Answers, at: &mut usize) -> Value {
        let start = *at;
        let value = match (plan, out) {
            (_, Out::Refused(code, message)) => self.refuse(*code, message),
            (OutPlan::Refused(code, message), Out::Node(_)) => self.refuse(*code, message),
            (_, Out::Value(value)) => value.clone(),
            (OutPlan::Node(level, object), Out::Node(id)) => {
                let named = answers.named.get(start);
                let place = named.and_then(|named| named.place.get(id).map(|place| (named, *place)));
                let row = place.and_then(|(named, place)| {
                    named.loaded.rows.get(&Uuid::nil()).and_then(|rows| rows.get(place)).map(|row| (named, row))
                });
                row.map_or(Value::Null, |(named, row)| self.object(object, level, &named.loaded, row))
            }
            (OutPlan::List(item), Out::List(outs)) => self.items(outs.iter(), |this, out| {
                *at = start;
                this.out(item, out, answers, at)
            }),
            (OutPlan::Object(name, fields), Out::Object(outs)) => {
                let mut object = IndexMap::with_capacity(fields.len());
                for (spot, place, plan) in fields {
                    let begin = *at;
                    let value = self.field(spot, |this| match place {
                        None => Value::from(name.as_str()),
                        Some(place) => outs.get(*place).map_or(Value::Null, |out| this.out(plan, out, answers, at)),
                    });
                    *at = begin + count_levels(plan);
                    object.insert(spot.key.clone(), value);
                }
                Value::Object(object)
            }
            _ => Value::Null,
        };
        *at = start + count_levels(plan);
        value
    }
}

/// May what the guard guards be shown of this row?
pub fn shown(row: &Row, guard: Guard) -> bool {
    match guard {
        Guard::Open => true,
        Guard::Closed => false,
        Guard::Where(cell) => row.get(cell).is_some_and(Cell::is_true),
    }
}

fn cursor(connection: &Connection, row: &Row) -> Value {
    let values: Vec<_> =
        connection.cursor.iter().map(|cell| row.get(*cell).map_or(serde_json::Value::Null, to_json)).collect();
    let id = connection.rows.as_ref().and_then(|level| row.get(level.id)).and_then(Cell::id).unwrap_or_default();
    let name = super::filter::order_name(connection.of, &connection.list.order);
    Value::from(encode(&name, &values, id))
}
