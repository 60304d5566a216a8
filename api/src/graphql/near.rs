//! Whether an answer depends, of who looks, on nothing but their role and on whose the rows at hand are. Then all viewers
//! who have the same of these rows get the same answer (see [`crate::store::around`]).
//!
//! Said of what is known to be so, and of nothing else: whatever is planned in another way counts as different for each.

use super::permit::Permit;
use super::plan::{Connection, EdgeOutput, Level, ListOutput, Object, Output};
use crate::access::{Action, Grant, Kind, Reach, Viewer, policy};
use crate::store::select::Guard;

/// Is this said of a level whose own rows are at hand? Rights on those may depend on whose they are; rows that hang on
/// them must be seen alike by the whole role.
pub fn is_near(viewer: &Viewer, level: &Level, object: &Object) -> bool {
    // What an event says is worked out from its row and from the rows that it names.
    let computed = |row: usize| object.of.kind == Kind::Event && row == level.id;
    level.computed.iter().all(|one| computed(one.row))
        && level.children.iter().all(|child| is_listed_alike(viewer, &child.connection))
        && object.outputs.iter().all(|(_, output)| match output {
            Output::One { object, .. } => is_joined_alike(viewer, object),
            // Lists and computations are those of the level.
            Output::Typename
            | Output::Value { .. }
            | Output::Money { .. }
            | Output::Allowed(_)
            | Output::Blocked(..)
            | Output::Refused(..)
            | Output::Many(_)
            | Output::Computed(_) => true,
        })
}

/// A row that is reached from another one.
fn is_joined_alike(viewer: &Viewer, object: &Object) -> bool {
    is_seen_alike(viewer, object.of.kind)
        && object.outputs.iter().all(|(_, output)| match output {
            Output::Value { guard, .. } | Output::Money { guard, .. } => is_fixed(*guard),
            Output::One { object, guard, .. } => is_fixed(*guard) && is_joined_alike(viewer, object),
            Output::Allowed(permits) | Output::Blocked(permits, _) => permits.iter().all(Permit::is_alike),
            Output::Typename | Output::Refused(..) | Output::Many(_) | Output::Computed(_) => true,
        })
}

fn is_listed_alike(viewer: &Viewer, connection: &Connection) -> bool {
    let kind = connection.of.kind;
    let rows = connection.rows.as_ref().is_none_or(|level| {
        level.computed.is_empty() && level.children.iter().all(|child| is_listed_alike(viewer, &child.connection))
    });
    rows && is_seen_alike(viewer, kind)
        && is_read_alike(viewer, kind)
        && connection.list.filter.is_none()
        && connection.outputs.iter().all(|(_, output)| match output {
            ListOutput::Nodes(object) => is_joined_alike(viewer, object),
            ListOutput::Edges(edges) => edges.iter().all(|(_, output)| match output {
                EdgeOutput::Node(object) => is_joined_alike(viewer, object),
                EdgeOutput::Typename | EdgeOutput::Cursor => true,
            }),
            ListOutput::Typename | ListOutput::PageInfo(_) | ListOutput::Total | ListOutput::Refused(..) => true,
            ListOutput::Aggregate(_) | ListOutput::Groups(_) => false,
        })
}

/// Whoever has the role sees and counts the same rows of the kind.
fn is_seen_alike(viewer: &Viewer, kind: Kind) -> bool {
    [Action::Read, Action::Count].into_iter().all(|action| is_alike(viewer.reach(kind, action)))
}

/// Whoever has the role reads the same fields of the kind.
fn is_read_alike(viewer: &Viewer, kind: Kind) -> bool {
    let mut fields = policy::restricted_fields().filter(|(of, ..)| *of == kind);
    fields.all(|(_, field, _)| match viewer.reads(kind, field) {
        Grant::Yes | Grant::No | Grant::Sums => true,
        Grant::Rows(reach) => is_alike(reach),
    })
}

fn is_alike(reach: Reach) -> bool {
    reach.all || reach.is_none()
}

fn is_fixed(guard: Guard) -> bool {
    !matches!(guard, Guard::Where(_))
}
