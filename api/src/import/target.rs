//! What can be imported: the objects, and where a field of the mapping goes.

use crate::access::Kind;
use crate::store::descriptor::{Currency, Graph, Key, Shape, Source};

/// An object that rows of a file can make.
#[derive(Debug)]
pub struct Object {
    /// Its table in the mapping.
    pub name: &'static str,
    /// Its line in the graph.
    pub kind: Kind,
    /// Fields that an import sets besides those that a plain mutation takes: the past of a row.
    past: &'static [&'static str],
    /// Fields that one such row is known by besides its external id.
    pub known_by: &'static [&'static str],
}

/// When a row was last changed where it comes from: a new state of a lead or a deal is of that time. It is no column of ours.
pub const CHANGED: &str = "updatedAt";

/// In the order in which they are made: none before those it refers to.
pub const OBJECTS: [Object; 6] = [
    Object { name: "company", kind: Kind::Company, past: &["createdAt"], known_by: &["domain"] },
    Object { name: "campaign", kind: Kind::Campaign, past: &["createdAt", "status"], known_by: &["code"] },
    Object { name: "contact", kind: Kind::Contact, past: &["createdAt"], known_by: &["email"] },
    Object {
        name: "lead",
        kind: Kind::Lead,
        past: &[
            "createdAt",
            CHANGED,
            "contact",
            "status",
            "mqlAt",
            "salAt",
            "sqlAt",
            "convertedAt",
            "closedAt",
            "disqualifyReason",
            "fitGrade",
        ],
        known_by: &[],
    },
    Object {
        name: "touchpoint",
        kind: Kind::Touchpoint,
        past: &[
            "occurredAt",
            "kind",
            "channel",
            "contact",
            "campaign",
            "visitorKey",
            "utmSource",
            "utmMedium",
            "utmCampaign",
            "utmTerm",
            "utmContent",
            "url",
            "referrer",
        ],
        known_by: &[],
    },
    Object {
        name: "deal",
        kind: Kind::Deal,
        past: &["createdAt", CHANGED, "status", "closedAt", "lossReason", "lossComment", "lead"],
        known_by: &[],
    },
];

/// Where a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The id in the system that the row comes from.
    ExternalId,
    /// A column.
    Column(&'static str),
    /// An amount: minor units and currency.
    Money(&'static str, &'static str),
    /// A reference: the column, and what it leads to.
    Reference(&'static str, Kind),
}

/// The references an object may have that are no column of its own: whom a deal is with.
pub const DEAL_CONTACT: &str = "contact";

impl Object {
    /// Where a field of that name goes, and what it holds; none if there is no such field to import.
    pub fn target(&self, graph: &'static Graph, name: &str) -> Option<(Target, Shape)> {
        if name == "externalId" {
            return Some((Target::ExternalId, Shape::Text(crate::store::descriptor::Text::Plain)));
        }
        if self.kind == Kind::Deal && name == DEAL_CONTACT {
            return Some((Target::Reference(DEAL_CONTACT, Kind::Contact), Shape::Id));
        }
        let of = graph.of(self.kind);
        let open = |created: bool| created || self.past.contains(&name);
        if let Some(field) = of.field(name).filter(|field| open(field.input.create) && name != "sourceSystem") {
            return match (field.source, field.shape) {
                (_, Shape::TextList | Shape::Id) | (Source::Made(..) | Source::Money(_, Currency::Base), _) => None,
                (Source::Column(column), shape) => Some((Target::Column(column), shape)),
                (Source::Money(column, Currency::Column(currency)), shape) => {
                    Some((Target::Money(column, currency), shape))
                }
            };
        }
        let link = of.link(name).filter(|link| open(link.input.create))?;
        match link.key {
            Key::One(column) => Some((Target::Reference(column, link.to), Shape::Id)),
            Key::Many(_) => None,
        }
    }

    /// The names of all fields that can be imported, for the error about one that cannot.
    pub fn field_names(&self, graph: &'static Graph) -> Vec<String> {
        let of = graph.of(self.kind);
        let fields = of.fields.iter().map(|field| field.name.clone());
        let links = of.links.iter().map(|link| link.name.clone());
        let part = (self.kind == Kind::Deal).then(|| DEAL_CONTACT.to_owned());
        let mut names: Vec<_> =
            fields.chain(links).chain(part).filter(|name| self.target(graph, name).is_some()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// By what rows of a kind can be looked up; the first unless the mapping says another.
    pub fn looked_up_by(kind: Kind) -> &'static [&'static str] {
        match kind {
            Kind::User => &["email", "name"],
            Kind::Team | Kind::Pipeline | Kind::Stage => &["name"],
            Kind::Company => &["externalId", "domain", "name"],
            Kind::Campaign => &["externalId", "code", "name"],
            Kind::Contact => &["externalId", "email"],
            Kind::Lead | Kind::Deal => &["externalId"],
            _ => &[],
        }
    }
}
