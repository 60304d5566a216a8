//! Teams: a tree of users. What belongs to a team is also within reach of the teams above it.

use entity::{team, user};

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Ownership};

impl Resource for team::Entity {
    const KIND: Kind = Kind::Team;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use team::Column;
    Declare::<team::Entity>::new(Kind::Team, "Team", "teams", "team", "A group of users, in a tree.")
        .ownership(Ownership::Columns { own: &["lead_id"], team: &["id"], pool: None })
        .field(Column::Name, "The name.")
        .choice::<_, team::TeamFunction>(Column::Function, "Which half of the business the team works for.")
        .one(Column::ParentId, Kind::Team, "The team above.")
        .one(Column::LeadId, Kind::User, "Who leads the team.")
        .many("members", Kind::User, user::Column::TeamId, "The users of the team.")
        .many("teams", Kind::Team, Column::ParentId, "The teams right below.")
        .order("name", false)
        .done()
}
