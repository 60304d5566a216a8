//! Deal contacts: who decides about a deal, and how.

use entity::deal_contact;

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Ownership};

impl Resource for deal_contact::Entity {
    const KIND: Kind = Kind::DealContact;
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
    .one(Column::ContactId, Kind::Contact, "The person.")
    .choice::<_, deal_contact::DealRole>(Column::Role, "The person's part.")
    .field(Column::IsPrimary, "The first person to talk to; at most one a deal.")
    .done()
}
