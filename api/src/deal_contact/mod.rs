//! Deal contacts: who decides about a deal, and how.

use entity::{contact, deal_contact};
use sea_orm::ColumnTrait;

use crate::access::Kind;
use crate::error::{Error, Result};
use crate::store::descriptor::{Declare, Descriptor, Given, Ownership};
use crate::store::writes::writes;
use crate::store::{Resource, Tx, Warrant};

impl Resource for deal_contact::Entity {
    const KIND: Kind = Kind::DealContact;

    async fn prepare(
        tx: &Tx,
        warrant: &Warrant,
        row: &mut deal_contact::Model,
        before: Option<&deal_contact::Model>,
        given: &Given,
    ) -> Result<()> {
        let others = tx.all::<deal_contact::Entity>(warrant).matching(deal_contact::Column::DealId, row.deal_id);
        let others = others.filter(deal_contact::Column::Id.ne(row.id)).all().await?;
        if before.is_none() {
            if others.iter().any(|other| other.contact_id == row.contact_id) {
                return Err(Error::invalid("TAKEN", "contactId", "This person takes part in the deal already."));
            }
            must_be_present(tx, warrant, row).await?;
            row.is_primary |= !given.has("is_primary") && !others.iter().any(|other| other.is_primary);
        }
        if let Some(primary) = others.into_iter().find(|other| other.is_primary && row.is_primary) {
            let mut primary = tx.affected::<deal_contact::Entity>(warrant, primary);
            primary.is_primary = false;
            tx.save(primary).await?;
        }
        Ok(())
    }

    /// Whose touches count for the deal, and how far the person has come, follows from who takes part.
    async fn effects(
        tx: &Tx,
        warrant: &Warrant,
        before: Option<&deal_contact::Model>,
        row: &deal_contact::Model,
    ) -> Result<()> {
        if before.is_some() && row.deleted_at.is_none() {
            return Ok(());
        }
        crate::attribution::commands::rebuild(tx, warrant, &[row.deal_id]).await?;
        crate::contact::commands::project_lifecycle(tx, warrant, row.contact_id).await
    }
}

/// Somebody whose data were erased, or who is known under another row, takes part in nothing new.
async fn must_be_present(tx: &Tx, warrant: &Warrant, row: &deal_contact::Model) -> Result<()> {
    let person = tx.all::<contact::Entity>(warrant).with_id(row.contact_id).one().await?;
    let gone = person.is_none_or(|person| person.erased_at.is_some() || person.merged_into_id.is_some());
    if gone { Err(Error::invalid("NOT_FOUND", "contactId", "There is no such Contact.")) } else { Ok(()) }
}

/// The declaration.
pub fn describe() -> Descriptor {
    use deal_contact::Column;
    Declare::<deal_contact::Entity>::new(
        Kind::DealContact,
        "DealContact",
        "dealContacts",
        "dealcontact",
        "A contact's part in a deal.",
    )
    .ownership(Ownership::Parents(&[("deal_id", Kind::Deal)]))
    .one(Column::DealId, Kind::Deal, "The deal.")
    .required()
    .part_of(Kind::Deal)
    .one(Column::ContactId, Kind::Contact, "The person.")
    .required()
    .choice::<_, deal_contact::DealRole>(Column::Role, "The person's part.")
    .editable()
    .required()
    .field(
        Column::IsPrimary,
        "The main contact; a deal has at most one, so making one primary takes it from the other. The first person \
        of a deal is primary unless given otherwise.",
    )
    .editable()
    .writes(writes::<deal_contact::Entity>())
    .affects(&[Kind::AttributionCredit, Kind::Contact])
    .done()
}
