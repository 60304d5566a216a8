//! Teams: a tree of users. What belongs to a team is also within reach of the teams above it.

use entity::{team, user};

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::store::descriptor::{Declare, Descriptor, Given, Ownership};
use crate::store::taker::active;
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for team::Entity {
    const KIND: Kind = Kind::Team;

    async fn prepare(
        tx: &Tx,
        _: &Warrant,
        row: &mut team::Model,
        before: Option<&team::Model>,
        _: &Given,
    ) -> Result<()> {
        let mut checks = Checks::new();
        checks.name("name", &mut row.name);
        if let (Some(parent), Some(before)) = (row.parent_id, before)
            && before.parent_id != row.parent_id
            && tx.closes_circle::<Self>(row.id, parent, team::Column::ParentId).await?
        {
            checks.refuse("INVALID", "parentId", "A team cannot stand below itself or one of its own teams.");
        }
        if let Some(lead) = row.lead_id.filter(|lead| before.is_none_or(|before| before.lead_id != Some(*lead))) {
            checks.note(active(tx, lead, "leadId").await)?;
        }
        checks.done()
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &team::Model) -> Result<()> {
        let members = tx.all::<user::Entity>(warrant).matching(user::Column::TeamId, row.id);
        let teams = tx.all::<Self>(warrant).matching(team::Column::ParentId, row.id);
        if members.limit(1).count().await? > 0 || teams.limit(1).count().await? > 0 {
            return Err(Error::conflict("The team has members or teams below it: move them first."));
        }
        Ok(())
    }
}

/// The declaration.
pub fn describe() -> Descriptor {
    use team::Column;
    Declare::<team::Entity>::new(Kind::Team, "Team", "teams", "team", "A group of users, in a tree.")
        .ownership(Ownership::Columns { own: &["lead_id"], team: &["id"], pool: None })
        .field(Column::Name, "The name.")
        .matched()
        .editable()
        .required()
        .choice::<_, team::TeamFunction>(Column::Function, "Which side of the business the team works for.")
        .editable()
        .required()
        .one(Column::ParentId, Kind::Team, "The team above.")
        .editable()
        .one(Column::LeadId, Kind::User, "Who leads the team.")
        .editable()
        .many("members", Kind::User, user::Column::TeamId, "The users of the team.")
        .many("children", Kind::Team, Column::ParentId, "The teams right below.")
        .writes(writes::<team::Entity>())
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::User, "team_id", When::ALWAYS)),
            "The team has members: move them first.",
        )
        .demands(
            Action::Delete,
            When::Not(&When::Any(Kind::Team, "parent_id", When::ALWAYS)),
            "There are teams below the team: move them first.",
        )
        .order("name", false)
        .done()
}
