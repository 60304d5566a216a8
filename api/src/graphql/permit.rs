//! `allowed` and `blocked`: what the viewer may do with a row now, by right and by the state of the row.

use async_graphql::registry::{MetaField, ObjectBuilder, Registry};
use async_graphql::resolver_utils::enum_value;
use async_graphql::{Enum, OutputType, Value, indexmap::IndexMap};

use super::plan::{Level, Planner};
use super::render::shown;
use crate::access::{Action, policy};
use crate::store::descriptor::{Demand, Descriptor};
use crate::store::row::Cell;
use crate::store::select::{Guard, Row};
use crate::store::words;

/// The type of an entry of `blocked`.
pub const BLOCKED: &str = "BlockedAction";
/// The description of `allowed`.
pub const ALLOWED_DOC: &str = "What the viewer may do with this row now: the role has the right, the right covers the \
    row, and the state of the row permits it. (What the input has to say is checked when it is done.)";
/// The description of `blocked`.
pub const BLOCKED_DOC: &str = "What the viewer cannot do with this row now, and why. Every action on this kind of row \
    stands either here or in `allowed`.";

/// Why an action cannot be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(name = "BlockCode")]
pub enum BlockCode {
    /// The viewer's role does not have the right.
    Right,
    /// The right does not cover this row.
    Rows,
    /// The row is in a state in which nobody can do it.
    State,
}

/// An action, and what decides whether the viewer may do it to a row.
pub struct Permit {
    action: Action,
    /// Whether the right covers the row.
    rows: Guard,
    /// What is told where it does not.
    refusal: (BlockCode, String),
    /// The cells that say whether the state of the row permits it, with what is told where it does not.
    demands: Vec<(usize, &'static str)>,
    /// The state is asked in respect of who looks.
    personal: bool,
}

/// An action that cannot be done to a row now.
pub struct Block<'a> {
    action: Action,
    code: BlockCode,
    why: &'a str,
}

impl Planner<'_> {
    /// Every action on a row of the entity that stands under `alias`; whatever depends on the row is a cell of its own.
    pub fn permits(&self, level: &mut Level, of: &'static Descriptor, alias: &str) -> Vec<Permit> {
        let viewer = self.reader.viewer();
        let actions = policy::actions(of.kind);
        let permits =
            actions.filter(|action| !matches!(action, Action::Read | Action::Count | Action::Create)).map(|action| {
                let none = viewer.reach(of.kind, action).is_none();
                let rows = match self.reader.reachable(of, action, alias) {
                    _ if none => Guard::Closed,
                    None => Guard::Open,
                    Some(condition) => Guard::Where(level.select.condition(condition)),
                };
                let mut cell = |demand: &'static Demand| {
                    (level.select.condition(self.reader.state(demand.when, alias)), demand.why.as_str())
                };
                // Whoever has no right at all learns nothing of the row's state by it.
                let demands = of.demands.iter().filter(|demand| !none && demand.action == action);
                let personal = demands.clone().any(|demand| demand.when.is_personal());
                let demands = demands.map(&mut cell).collect();
                let code = if none { BlockCode::Right } else { BlockCode::Rows };
                Permit {
                    action,
                    rows,
                    refusal: (code, words::refusal(of, action, viewer.reach(of.kind, action))),
                    demands,
                    personal,
                }
            });
        permits.collect()
    }
}

impl Permit {
    /// Is it the same for all viewers of a role, whatever row it is?
    pub fn is_alike(&self) -> bool {
        !matches!(self.rows, Guard::Where(_)) && !self.personal
    }

    /// Why the action cannot be done to the row; none if it can.
    pub fn block(&self, row: &Row) -> Option<Block<'_>> {
        let (code, refusal) = &self.refusal;
        if !shown(row, self.rows) {
            return Some(Block { action: self.action, code: *code, why: refusal });
        }
        let failed = self.demands.iter().find(|(cell, _)| !row.get(*cell).is_some_and(Cell::is_true));
        failed.map(|(_, why)| Block { action: self.action, code: BlockCode::State, why })
    }
}

impl Block<'_> {
    /// A field of `BlockedAction`.
    pub fn part(&self, part: &str) -> Value {
        match part {
            "action" => enum_value(self.action),
            "code" => enum_value(self.code),
            "why" => Value::from(self.why),
            _ => Value::from(BLOCKED),
        }
    }
}

/// `allowed` of a row.
pub fn allowed(permits: &[Permit], row: &Row) -> Value {
    let allowed = permits.iter().filter(|permit| permit.block(row).is_none());
    Value::List(allowed.map(|permit| enum_value(permit.action)).collect())
}

/// Puts `BlockedAction` into the schema.
pub fn register(registry: &mut Registry) {
    if registry.types.contains_key(BLOCKED) {
        return;
    }
    let action = <Action as OutputType>::create_type_info(registry);
    let code = <BlockCode as OutputType>::create_type_info(registry);
    let field = |name: &str, ty: &str, doc: &str| {
        let mut field = MetaField::new(name, ty);
        field.description = Some(doc.to_owned());
        (name.to_owned(), field)
    };
    let fields = [
        field("action", &action, "The action."),
        field("code", &code, "Whether the right, its rows or the state of the row is in the way."),
        field("why", "String!", "The rule that is in the way, for people."),
    ];
    let object = ObjectBuilder::new(BLOCKED, IndexMap::from(fields))
        .description(Some("An action that the viewer cannot do to a row now.".to_owned()));
    registry.types.insert(BLOCKED.to_owned(), object.build());
}
