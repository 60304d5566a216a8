//! From a selection to a plan: which cells, joins, pages, counts and computations each level needs.
//!
//! A plan is plain data. Whatever the viewer may not have is a [`Output::Refused`] in it, so that the answer gets null
//! and one error at that place and everything beside it is untouched.

use std::any::TypeId;

use async_graphql::parser::types::SelectionSet;
use async_graphql::{Name, Value};

use super::figures::FiguresPlan;
use super::filter::{NESTED_PAGE, ROOT_PAGE, Terms};
use super::on_error::OnError;
use super::permit::{BLOCKED, Permit};
use super::pick::{Args, Env, Picked, Spot, pick};
use super::value::text_of;
use crate::access::policy::{self, Partition};
use crate::access::{Action, Grant};
use crate::error::{Code, Error, Result};
use crate::store::Reader;
use crate::store::descriptor::{Derived, Descriptor, Key, Link, OutType, Shape};
use crate::store::filter::{Filter, forbidden_field};
use crate::store::row::Stored;
use crate::store::select::{BASE, Guard, ListSql, Select};
use crate::store::weight::{Scale, Weight};

/// One statement's worth of rows, and what hangs on them.
pub struct Level {
    /// The statement.
    pub select: Select,
    /// The cell with the id of a row.
    pub id: usize,
    /// Lists below the rows.
    pub children: Vec<Child>,
    /// Computed fields of the rows.
    pub computed: Vec<Computed>,
}

/// A list below each row of a level.
pub struct Child {
    /// The cell with the id of the row it hangs on.
    pub parent: usize,
    /// The column that points at that row.
    pub column: &'static str,
    /// The list.
    pub connection: Connection,
}

/// A computed field of each row of a level.
pub struct Computed {
    /// The cell with the id of the row.
    pub row: usize,
    /// The computation.
    pub derived: &'static Derived,
    /// Its arguments.
    pub args: Args,
    /// What of the answer is wanted.
    pub out: OutPlan,
}

/// A list.
pub struct Connection {
    /// The entity.
    pub of: &'static Descriptor,
    /// Filter, order, page.
    pub list: ListSql,
    /// The filter as it was given, where figures are wanted.
    pub given: Option<Value>,
    /// What a figure over the whole list may take.
    pub weight: Weight,
    /// The rows are those of the partition in which fields are answered that are closed but for their sums.
    pub partition: Option<Partition>,
    /// The rows, if any part of them is wanted.
    pub rows: Option<Box<Level>>,
    /// The cells that make a cursor.
    pub cursor: Vec<usize>,
    /// What is answered.
    pub outputs: Vec<(Spot, ListOutput)>,
}

/// A field of a connection.
pub enum ListOutput {
    /// `__typename`
    Typename,
    /// `nodes`
    Nodes(Object),
    /// `edges`: what of each edge is wanted.
    Edges(Vec<(Spot, EdgeOutput)>),
    /// `pageInfo`: which of its fields.
    PageInfo(Vec<(Spot, String)>),
    /// `totalCount`
    Total,
    /// `aggregate`
    Aggregate(Box<FiguresPlan>),
    /// `groupBy`
    Groups(Box<FiguresPlan>),
    /// Null with an error.
    Refused(Code, String),
}

/// A field of an edge.
pub enum EdgeOutput {
    /// `__typename`
    Typename,
    /// `cursor`
    Cursor,
    /// `node`
    Node(Object),
}

/// What of a row is wanted.
pub struct Object {
    /// The entity.
    pub of: &'static Descriptor,
    /// The cell with its id; empty where the row is missing or hidden.
    pub id: usize,
    /// The fields.
    pub outputs: Vec<(Spot, Output)>,
}

/// A field of a row.
pub enum Output {
    /// `__typename`
    Typename,
    /// A scalar.
    Value {
        /// What it is.
        shape: Shape,
        /// Its cell.
        cell: usize,
        /// Whether it may be shown.
        guard: Guard,
        /// The name of the field.
        field: String,
    },
    /// An amount.
    Money {
        /// The cell of its minor units.
        cell: usize,
        /// The cell of its currency.
        currency: usize,
        /// Whether it may be shown.
        guard: Guard,
        /// The name of the field.
        field: String,
        /// Which of its parts are wanted.
        parts: Vec<(Spot, String)>,
    },
    /// A reference that is joined into the level.
    One {
        /// What of the other row is wanted.
        object: Object,
        /// Whether it may be shown.
        guard: Guard,
        /// The name of the link.
        field: String,
    },
    /// A list: which of the level's children.
    Many(usize),
    /// A computed field: which of the level's.
    Computed(usize),
    /// `allowed`: the actions and what decides each.
    Allowed(Vec<Permit>),
    /// `blocked`: the actions, what decides each, and what is to be told of them.
    Blocked(Vec<Permit>, Vec<(Spot, String)>),
    /// Null with an error.
    Refused(Code, String),
}

/// What of a computed answer is wanted.
pub enum OutPlan {
    /// The value itself.
    Scalar,
    /// A row of the graph.
    Node(Box<Level>, Object),
    /// A row of a kind that the viewer may not read.
    Refused(Code, String),
    /// Each item of a list.
    List(Box<OutPlan>),
    /// Fields of an object: key, place in the object, what of it. No place: `__typename`.
    Object(String, Vec<(Spot, Option<usize>, OutPlan)>),
}

/// Makes plans for one viewer and one request.
pub struct Planner<'a> {
    /// The viewer's eyes.
    pub reader: &'a Reader,
    /// The request.
    pub env: &'a Env,
}

impl<'a> Planner<'a> {
    /// What filters may refer to.
    pub fn terms(&self) -> Terms {
        let reader = self.reader;
        let calendar = reader.calendar().clone();
        Terms { graph: reader.graph(), now: reader.now(), calendar, me: reader.viewer().id }
    }

    /// The plan of single rows of an entity.
    ///
    /// # Errors
    /// FORBIDDEN: the viewer sees no rows of the entity at all.
    pub fn level(&self, of: &'static Descriptor, below: &[&'a SelectionSet]) -> Result<(Level, Object)> {
        if !self.reader.may_read(of) {
            return Err(Error::forbidden(format!("{}.read", of.name)));
        }
        let mut level = Level::new(of);
        let id = level.id;
        let object = self.object(&mut level, of, BASE, id, below)?;
        Ok((level, object))
    }

    /// The plan of a list at the root, or below the rows of `parent`, where pages are shorter.
    ///
    /// # Errors
    /// BAD_USER_INPUT in the arguments; FORBIDDEN; FORBIDDEN_FIELD in filter or order.
    pub fn connection(
        &self,
        of: &'static Descriptor,
        parent: Option<&Descriptor>,
        args: &Args,
        below: &[&'a SelectionSet],
    ) -> Result<Connection> {
        if !self.reader.may_count(of) {
            return Err(Error::forbidden(format!("{}.read", of.name)));
        }
        let terms = self.terms();
        let given = |name: &str| args.get(name).filter(|value| **value != Value::Null);
        let filter = given("filter").map(|value| terms.filter(of, value)).transpose()?;
        self.check_filter(of, filter.as_ref())?;
        let weight = Scale::new(self.reader.graph(), self.reader.sizes()).list(of, parent, given("filter"));
        let searched = filter.is_some() || given("orderBy").is_some();
        let order = terms.order(of, args)?;
        let page = terms.page(of, args, &order, if parent.is_some() { NESTED_PAGE } else { ROOT_PAGE })?;
        let whole = given("filter").and_then(|filter| policy::partition(of.kind).filter(|one| is_state(filter, one)));
        let type_name = format!("{}Connection", of.name);
        let fields = pick(self.env, below, &[&type_name])?;
        let has_figures = fields.iter().any(|field| matches!(field.name, "aggregate" | "groupBy"));
        let mut connection = Connection {
            of,
            partition: whole.filter(|_| parent.is_none()),
            given: given("filter").filter(|_| has_figures).cloned(),
            list: ListSql { filter, order, page, weight: if searched { weight } else { Weight::default() } },
            weight,
            rows: None,
            cursor: Vec::new(),
            outputs: Vec::new(),
        };
        for field in fields {
            let output = match self.list_output(&mut connection, &field) {
                // `nodes`, `edges` and `pageInfo` are never null, unless the client wants errors to stay where they are.
                Err(error) if self.keeps_errors_in_place() => {
                    error.refusal().map(|(code, message)| ListOutput::Refused(code, message))?
                }
                output => output?,
            };
            connection.outputs.push((field.spot, output));
        }
        Ok(connection)
    }

    fn keeps_errors_in_place(&self) -> bool {
        let wanted = self.env.query_data.get(&TypeId::of::<OnError>()).and_then(|wanted| wanted.downcast_ref());
        wanted == Some(&OnError::Null)
    }

    /// A filter that asks about a closed field is refused before anything runs.
    ///
    /// # Errors
    /// FORBIDDEN_FIELD.
    pub fn check_filter(&self, of: &Descriptor, filter: Option<&Filter>) -> Result<()> {
        let action = if self.reader.may_read(of) { Action::Read } else { Action::Count };
        filter.map_or(Ok(()), |filter| self.reader.condition(of, filter, action, BASE).map(|_| ()))
    }

    fn list_output(&self, connection: &mut Connection, field: &Picked<'a>) -> Result<ListOutput> {
        let of = connection.of;
        match field.name {
            "__typename" => Ok(ListOutput::Typename),
            "totalCount" => Ok(ListOutput::Total),
            "nodes" => {
                let level = self.rows(connection)?;
                {
                    let id = level.id;
                    self.object(level, of, BASE, id, &field.below).map(ListOutput::Nodes)
                }
            }
            "edges" => {
                let level = self.rows(connection)?;
                let type_name = format!("{}Edge", of.name);
                let mut outputs = Vec::new();
                for field in pick(self.env, &field.below, &[&type_name])? {
                    let output = match field.name {
                        "__typename" => EdgeOutput::Typename,
                        "cursor" => EdgeOutput::Cursor,
                        _ => {
                            let id = level.id;
                            EdgeOutput::Node(self.object(level, of, BASE, id, &field.below)?)
                        }
                    };
                    outputs.push((field.spot, output));
                }
                Ok(ListOutput::Edges(outputs))
            }
            "pageInfo" => {
                self.rows(connection)?;
                let fields = pick(self.env, &field.below, &["PageInfo"])?;
                Ok(ListOutput::PageInfo(fields.into_iter().map(|field| (field.spot, field.name.to_owned())).collect()))
            }
            "aggregate" => Ok(match FiguresPlan::aggregate(self, connection, field) {
                Ok(plan) => ListOutput::Aggregate(Box::new(plan)),
                Err(error) => error.refusal().map(|(code, message)| ListOutput::Refused(code, message))?,
            }),
            "groupBy" => Ok(match FiguresPlan::groups(self, connection, field) {
                Ok(plan) => ListOutput::Groups(Box::new(plan)),
                Err(error) => error.refusal().map(|(code, message)| ListOutput::Refused(code, message))?,
            }),
            other => Err(Error::internal(format!("no plan for {}Connection.{other}", of.name))),
        }
    }

    /// The level of a list's rows; made at first use, with the cells of its cursors.
    fn rows<'c>(&self, connection: &'c mut Connection) -> Result<&'c mut Level> {
        let of = connection.of;
        if !self.reader.may_read(of) {
            let right = format!("{}.read", of.name);
            let hint = "(you may count them: ask for totalCount, aggregate or groupBy)";
            return Err(Error::forbidden(format!("{right} {hint}")).for_want_of(right, None));
        }
        if connection.rows.is_none() {
            let mut level = Level::new(of);
            connection.cursor = self.reader.key_cells(&mut level.select, &connection.list.order)?;
            connection.rows = Some(Box::new(level));
        }
        connection.rows.as_deref_mut().ok_or_else(|| Error::internal("a list without rows"))
    }

    /// The plan of the fields of a row that stands under `alias` in the level.
    fn object(
        &self,
        level: &mut Level,
        of: &'static Descriptor,
        alias: &str,
        id: usize,
        below: &[&'a SelectionSet],
    ) -> Result<Object> {
        let mut outputs = Vec::new();
        for field in pick(self.env, below, &[of.name, "Node"])? {
            let output = match self.output(level, of, alias, id, &field) {
                Ok(output) => output,
                Err(error) => error.refusal().map(|(code, message)| Output::Refused(code, message))?,
            };
            outputs.push((field.spot, output));
        }
        Ok(Object { of, id, outputs })
    }

    fn output(
        &self,
        level: &mut Level,
        of: &'static Descriptor,
        alias: &str,
        id: usize,
        picked: &Picked<'a>,
    ) -> Result<Output> {
        if let Some(field) = of.field(picked.name) {
            let (cell, currency, guard) = level.select.field(self.reader, of, field, alias);
            let name = field.name.clone();
            return match (guard, currency) {
                (Guard::Closed, _) => Err(forbidden_field(of, &name)),
                (_, None) => Ok(Output::Value { shape: field.shape, cell, guard, field: name }),
                (_, Some(currency)) => {
                    let parts = pick(self.env, &picked.below, &["Money"])?;
                    let parts = parts.into_iter().map(|part| (part.spot, part.name.to_owned())).collect();
                    Ok(Output::Money { cell, currency, guard, field: name, parts })
                }
            };
        }
        if let Some(link) = of.link(picked.name) {
            return match link.key {
                Key::One(column) => self.reference(level, of, alias, link, column, picked),
                Key::Many(column) => self.list_below(level, of, id, link, column, picked),
            };
        }
        if let Some(derived) = of.derived(picked.name) {
            let out = self.out(&derived.out, &picked.below)?;
            level.computed.push(Computed { row: id, derived, args: with_defaults(&derived.args, &picked.args), out });
            return Ok(Output::Computed(level.computed.len() - 1));
        }
        match picked.name {
            "__typename" => Ok(Output::Typename),
            "allowed" => Ok(Output::Allowed(self.permits(level, of, alias))),
            "blocked" => {
                let parts = pick(self.env, &picked.below, &[BLOCKED])?;
                let parts = parts.into_iter().map(|part| (part.spot, part.name.to_owned())).collect();
                Ok(Output::Blocked(self.permits(level, of, alias), parts))
            }
            other => Err(Error::internal(format!("no plan for {}.{other}", of.name))),
        }
    }

    fn reference(
        &self,
        level: &mut Level,
        of: &'static Descriptor,
        alias: &str,
        link: &'static Link,
        column: &str,
        picked: &Picked<'a>,
    ) -> Result<Output> {
        let guard = level.select.guard(self.reader.field_grant(of, &link.name, alias));
        if guard == Guard::Closed {
            return Err(forbidden_field(of, &link.name));
        }
        let target = self.reader.graph().of(link.to);
        // Nothing of it is ever seen: that is told, as an empty reference would look alike.
        if !self.reader.may_read(target) {
            return Err(forbidden_field(of, &link.name));
        }
        let other = level.select.join(self.reader, alias, link, column);
        let id = level.select.column(&other, "id", Stored::Id);
        let object = self.object(level, target, &other, id, &picked.below)?;
        Ok(Output::One { object, guard, field: link.name.clone() })
    }

    fn list_below(
        &self,
        level: &mut Level,
        of: &'static Descriptor,
        id: usize,
        link: &'static Link,
        column: &'static str,
        picked: &Picked<'a>,
    ) -> Result<Output> {
        if self.reader.viewer().reads(of.kind, &link.name) == Grant::No {
            return Err(forbidden_field(of, &link.name));
        }
        let target = self.reader.graph().of(link.to);
        if self.reader.would_pin_a_person(of, target) {
            return Err(forbidden_field(of, &link.name));
        }
        self.reader.reference(target, column, BASE)?;
        let connection = self.connection(target, Some(of), &picked.args, &picked.below)?;
        level.children.push(Child { parent: id, column, connection });
        Ok(Output::Many(level.children.len() - 1))
    }

    /// The plan of a computed answer.
    ///
    /// # Errors
    /// A selection that validation should have refused.
    pub fn out(&self, ty: &OutType, below: &[&'a SelectionSet]) -> Result<OutPlan> {
        match ty {
            OutType::Scalar(_) | OutType::Choice(..) => Ok(OutPlan::Scalar),
            OutType::List(item, _) => Ok(OutPlan::List(Box::new(self.out(item, below)?))),
            OutType::Node(kind) => {
                let of = self.reader.graph().of(*kind);
                if !self.reader.may_read(of) {
                    let (code, message) = Error::forbidden(format!("{}.read", of.name)).refusal()?;
                    return Ok(OutPlan::Refused(code, message));
                }
                let mut level = Level::new(of);
                let id = level.id;
                let object = self.object(&mut level, of, BASE, id, below)?;
                Ok(OutPlan::Node(Box::new(level), object))
            }
            OutType::Object(object, _) => {
                let mut outputs = Vec::new();
                for field in pick(self.env, below, &[&object.name])? {
                    let place = object.fields.iter().position(|known| known.name == field.name);
                    let plan = match place.and_then(|place| object.fields.get(place)) {
                        Some(known) => self.out(&known.ty, &field.below)?,
                        None => OutPlan::Scalar,
                    };
                    outputs.push((field.spot, place, plan));
                }
                Ok(OutPlan::Object(object.name.clone(), outputs))
            }
        }
    }
}

impl Level {
    fn new(of: &'static Descriptor) -> Self {
        let mut select = Select::new(of);
        let id = select.column(BASE, "id", Stored::Id);
        Self { select, id, children: Vec::new(), computed: Vec::new() }
    }
}

/// The given arguments, with the declared defaults for those that are missing.
pub fn with_defaults(declared: &[crate::store::descriptor::Arg], given: &Args) -> Args {
    let mut args = given.clone();
    for arg in declared {
        if let (None, Some(default)) = (given.get(arg.name), arg.default) {
            let value = match default.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => default.trim_matches('"').into(),
            };
            args.insert(Name::new(arg.name), value);
        }
    }
    args
}

/// Does the filter ask for nothing but the state of the partition: `{ status: { eq: WON } }`?
fn is_state(filter: &Value, partition: &Partition) -> bool {
    let only = |value: &Value, name: &str| match value {
        Value::Object(entries) if entries.len() == 1 => entries.get(name).cloned(),
        _ => None,
    };
    let (field, state) = partition.state;
    only(filter, field).and_then(|tests| only(&tests, "eq")).is_some_and(|value| text_of(&value) == Some(state))
}
