//! The people who sign in: marketers, sellers, analysts, administrators and integrations.

use entity::{deal, lead, user};

use crate::access::Kind;
use crate::store::Resource;
use crate::store::descriptor::{Declare, Descriptor, Ownership, Text};

impl Resource for user::Entity {
    const KIND: Kind = Kind::User;
}

/// The declaration.
pub fn describe() -> Descriptor {
    use user::Column;
    Declare::<user::Entity>::new(Kind::User, "User", "users", "user", "A person (or an integration) who signs in.")
        .ownership(Ownership::Columns { own: &["id"], team: &["team_id"], pool: None })
        .field(Column::Name, "The name, as colleagues see it.")
        .text(Column::Email, Text::Email, "The address the user signs in with.")
        .choice::<_, user::Role>(Column::Role, "What the user may do.")
        .choice::<_, user::UserStatus>(Column::Status, "Suspended users cannot sign in.")
        .text(Column::TimeZone, Text::TimeZone, "The user's time zone.")
        .text(Column::Locale, Text::Language, "The user's language.")
        .field(Column::MaxOpenLeads, "Assignment stops at so many open leads; empty for no limit.")
        .many("leads", Kind::Lead, lead::Column::OwnerId, "Leads the user is responsible for.")
        .many("deals", Kind::Deal, deal::Column::OwnerId, "Deals the user is responsible for.")
        .order("name", false)
        .done()
}
