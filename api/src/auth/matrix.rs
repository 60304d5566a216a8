//! The policy table as data, in words that people can check.

use async_graphql::{Enum, Object, SimpleObject};

use crate::access::{Action, Grant, Kind, Role, policy};
use crate::graphql::cell::graph;
use crate::store::words;

/// The rules of access.
pub struct Matrix {
    pub(super) role: Option<Role>,
    pub(super) kind: Option<Kind>,
}

/// The rules of access. What is not listed is refused to everyone.
#[Object(name = "PermissionMatrix")]
impl Matrix {
    /// Every action on every kind of object, for every role.
    async fn permissions(&self) -> Vec<Permission> {
        permissions(self.role, self.kind)
    }

    /// Every restricted field, for every role. A field that is not listed goes with its row.
    async fn fields(&self) -> Vec<FieldPermission> {
        fields(self.role, self.kind)
    }
}

/// What a role may do to a kind of object.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct Permission {
    /// The kind of object.
    pub kind: Kind,
    /// The action.
    pub action: Action,
    /// The role.
    pub role: Role,
    /// Whether the role may do it to any row at all.
    pub allowed: bool,
    /// Which rows, in words for whoever has the role.
    pub reach: String,
}

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FieldUse {
    /// Reading it, and filtering, sorting or grouping by it.
    Read,
    /// Changing it after the row was made.
    Write,
}

/// How far a role may use a restricted field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum GrantLevel {
    /// As the rest of the row.
    Full,
    /// On some rows only.
    Rows,
    /// Only inside sums and averages over enough rows.
    Sums,
    /// Not at all.
    None,
}

/// What a role may do with a restricted field.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct FieldPermission {
    /// The kind of object.
    pub kind: Kind,
    /// The name of the field.
    pub field: String,
    /// Reading or writing.
    pub usage: FieldUse,
    /// The role.
    pub role: Role,
    /// How far the role may use the field.
    pub level: GrantLevel,
    /// The same in words.
    pub grant: String,
}

impl FieldPermission {
    /// Is the field closed to the role, wholly or on some rows?
    pub fn is_limited(&self) -> bool {
        self.level != GrantLevel::Full
    }
}

/// The rights of the table, narrowed to a role and a kind.
pub fn permissions(role: Option<Role>, kind: Option<Kind>) -> Vec<Permission> {
    let mut all = Vec::new();
    for kind in Kind::all().filter(|one| kind.is_none_or(|kind| kind == *one)) {
        for action in policy::actions(kind) {
            for role in roles(role) {
                let reach = policy::reach(kind, action, role);
                all.push(Permission {
                    kind,
                    action,
                    role,
                    allowed: !reach.is_none(),
                    reach: words::rows(graph().of(kind), reach),
                });
            }
        }
    }
    all
}

/// The restricted fields of the table, narrowed to a role and a kind.
pub fn fields(role: Option<Role>, kind: Option<Kind>) -> Vec<FieldPermission> {
    let reads = policy::restricted_fields().map(|(kind, field, _)| (kind, field, FieldUse::Read));
    let writes = policy::restricted_writes().map(|(kind, field, _)| (kind, field, FieldUse::Write));
    let wanted = reads.chain(writes).filter(|(one, ..)| kind.is_none_or(|kind| kind == *one));
    wanted.flat_map(|(kind, field, usage)| roles(role).map(move |role| permission(kind, field, usage, role))).collect()
}

fn permission(kind: Kind, field: &str, usage: FieldUse, role: Role) -> FieldPermission {
    let grant = match usage {
        FieldUse::Read => policy::read(kind, field, role),
        FieldUse::Write => policy::write(kind, field, role),
    };
    let (level, grant) = match grant {
        Grant::Yes => (GrantLevel::Full, "as the rest of the row".to_owned()),
        Grant::No => (GrantLevel::None, "not at all".to_owned()),
        Grant::Rows(reach) => (GrantLevel::Rows, format!("on {}", words::rows(graph().of(kind), reach))),
        Grant::Sums => {
            (GrantLevel::Sums, format!("only inside sums and averages over at least {} rows", policy::SMALLEST_GROUP))
        }
    };
    FieldPermission { kind, field: field.to_owned(), usage, role, level, grant }
}

fn roles(only: Option<Role>) -> impl Iterator<Item = Role> {
    policy::ROLES.into_iter().filter(move |role| only.is_none_or(|only| only == *role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Reach, When};
    use crate::schema::GRAPH;

    #[test]
    fn reach_reads_like_a_sentence() {
        let of = |reach| words::rows(GRAPH.of(Kind::Campaign), reach);
        assert_eq!(of(Reach::ALL), "every row");
        assert_eq!(of(Reach::NONE), "no row");
        let own_and_team = Reach { own: true, team: true, ..Reach::NONE };
        let running = own_and_team.when(When::In("status", &["DRAFT", "ACTIVE", "PAUSED"]));
        assert_eq!(
            of(running),
            "rows that you own or made and rows of your team and the teams below it, while status is DRAFT, ACTIVE or \
             PAUSED"
        );
        let two = Reach::ALL.when(When::All(&[When::In("status", &["DRAFT"]), When::Empty("ends_on")]));
        assert_eq!(of(two), "every row, while status is DRAFT and endsOn is empty");
    }

    #[test]
    fn a_refusal_says_which_rows_the_right_covers() {
        let deal = |action, role| words::refusal(GRAPH.of(Kind::Deal), action, policy::reach(Kind::Deal, action, role));
        assert_eq!(
            deal(Action::Move, Role::SalesRep),
            "Your right Deal.move covers rows that you own or made; the row is not among them."
        );
        assert_eq!(deal(Action::Move, Role::Analyst), "Your role does not have the right: Deal.move.");
    }

    #[test]
    fn every_cell_of_the_table_is_told() {
        // Whoever runs alone finds no graph served.
        std::sync::LazyLock::force(&GRAPH);
        let cells: usize = Kind::all().map(|kind| policy::actions(kind).count() * policy::ROLES.len()).sum();
        assert_eq!(permissions(None, None).len(), cells);
        let restricted = policy::restricted_fields().count() + policy::restricted_writes().count();
        assert_eq!(fields(None, None).len(), restricted * policy::ROLES.len());
        assert!(fields(None, None).iter().any(|field| field.level == GrantLevel::Sums));
    }
}
