//! The people who sign in: marketers, sellers, analysts, administrators and integrations.

pub mod commands;
pub mod graphql;
pub mod password;
pub mod rules;

use entity::enums::DealStatus;
use entity::{deal, lead, user};
use sea_orm::ColumnTrait;

use crate::access::{Action, Kind, When};
use crate::checks::Checks;
use crate::error::{Error, Result};
use crate::store::descriptor::{Declare, Descriptor, Given, Ownership, Text};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for user::Entity {
    const KIND: Kind = Kind::User;

    async fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut user::Model,
        before: Option<&user::Model>,
        _: &Given,
    ) -> Result<()> {
        let mut checks = Checks::new();
        commands::check_fields(row, &mut checks);
        checks.done()?;
        let Some(before) = before else { return Ok(()) };
        commands::keep_an_admin(tx, warrant, before, rules::runs_the_system(row)).await
    }

    async fn may_delete(tx: &Tx, warrant: &Warrant, row: &user::Model) -> Result<()> {
        rules::not_oneself(tx.reader().viewer().id, row.id, "delete")?;
        commands::keep_an_admin(tx, warrant, row, false).await?;
        let leads = tx.all::<lead::Entity>(warrant).matching(lead::Column::OwnerId, row.id).all().await?;
        let deals = tx.all::<deal::Entity>(warrant).matching(deal::Column::OwnerId, row.id);
        let deals = deals.filter(deal::Column::Status.eq(DealStatus::Open)).limit(1).count().await?;
        if deals > 0 || leads.iter().any(|lead| lead.status.is_open()) {
            return Err(Error::conflict(BUSINESS));
        }
        tx.end_sessions(warrant, row.id).await
    }
}

/// The user is the viewer.
const MYSELF: When = When::Viewer("id");
/// What is told of a user who has open business.
const BUSINESS: &str = "The user owns open leads or deals: assign them to somebody else first.";

/// The declaration.
pub fn describe() -> Descriptor {
    use user::Column;
    Declare::<user::Entity>::new(Kind::User, "User", "users", "user", "A person (or an integration) who signs in.")
        .ownership(Ownership::Columns { own: &["id"], team: &["team_id"], pool: None })
        .field(Column::Name, "The name, as colleagues see it.")
        .matched()
        .editable()
        .text(Column::Email, Text::Email, "The address the user signs in with.")
        .editable()
        .choice::<_, user::Role>(Column::Role, "What the user may do.")
        .editable()
        .choice::<_, user::UserStatus>(Column::Status, "Suspended users cannot sign in.")
        .text(Column::TimeZone, Text::TimeZone, "The user's time zone.")
        .editable()
        .text(Column::Locale, Text::Language, "The user's language.")
        .editable()
        .field(
            Column::MaxOpenLeads,
            "How many open leads the user may have before assignment stops; empty for no limit.",
        )
        .editable()
        .many("leads", Kind::Lead, lead::Column::OwnerId, "Leads the user is responsible for.")
        .many("deals", Kind::Deal, deal::Column::OwnerId, "Deals the user is responsible for.")
        .moves_between_teams()
        .writes(writes::<user::Entity>().made_by_verbs())
        .demands(Action::Delete, When::Not(&When::Any(Kind::Lead, "owner_id", &crate::lead::OPEN)), BUSINESS)
        .demands(Action::Delete, When::Not(&When::Any(Kind::Deal, "owner_id", &crate::deal::OPEN)), BUSINESS)
        .life(Column::Status, &rules::LIFE)
        .demands(Action::Suspend, When::Not(&MYSELF), "Nobody suspends themselves: another administrator can.")
        .demands(Action::Delete, When::Not(&MYSELF), "Nobody deletes themselves: another administrator can.")
        .has_viewer()
        .order("name", false)
        .done()
}
