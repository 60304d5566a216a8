//! The declaration of an entity, once, as data.
//!
//! Everything generic (the schema, the planner, filters, sorting, aggregates, plain writes, the event log, the
//! policy's conditions) reads a [`Descriptor`] and nothing else, so that a new entity is a new declaration.
//! It is plain data on purpose: a second executor that compiles a whole selection into one statement needs
//! the same facts (field to column or expression, restriction, relation key, visibility).

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use async_graphql::{OutputType, registry::Registry, resolver_utils::EnumType};
use futures_util::future::BoxFuture;
use sea_orm::{ColumnTrait, ColumnType, EntityTrait, IdenStatic, Iterable};
use uuid::Uuid;

use super::expression::{Make, Rolled, Rollup, Scope};
use super::keys::{Purpose, TextKey};
use super::relation::Relation;
use super::sql::Sql;
use super::{Reader, Tx};
use crate::access::{Action, Kind, When};
use crate::error::Result;
use crate::lifecycle::{Lifecycle, Verb};
pub use crate::spelling::Text;

/// One entity of the graph.
pub struct Descriptor {
    /// Its line in the policy.
    pub kind: Kind,
    /// The GraphQL type, singular: `Deal`.
    pub name: &'static str,
    /// The root field of one row: `deal`.
    pub single: String,
    /// The root field of the list: `deals`.
    pub plural: &'static str,
    /// The table.
    pub table: &'static str,
    /// Its columns, but those of [`Self::keys`].
    pub columns: Vec<&'static str>,
    /// What ids start with: `deal` in `deal_0190…`.
    pub prefix: &'static str,
    /// What it is, for readers of the schema.
    pub doc: &'static str,
    /// Scalar fields.
    pub fields: Vec<Field>,
    /// What lists can be filtered by and a row answers in another way.
    pub findable: Vec<Field>,
    /// Columns that are worked out from texts.
    pub keys: Vec<TextKey>,
    /// References to and from other entities.
    pub links: Vec<Link>,
    /// Fields that rules compute from rows.
    pub derived: Vec<Derived>,
    /// How a row belongs to people.
    pub ownership: Ownership,
    /// Rows are marked deleted (and hidden) rather than removed.
    pub soft_delete: bool,
    /// Rows carry a `version` and can change.
    pub versioned: bool,
    /// One of its rows is who asks, so filters know `me`.
    pub has_viewer: bool,
    /// The order of a list that does not ask for one: field and whether descending.
    pub order: (&'static str, bool),
    /// What its rows are ordered by where they are named, in the keys of groups: fields, or references in whose order they
    /// come.
    pub natural: Vec<&'static str>,
    /// The row that it is part of, if it is.
    pub part_of: Option<Part>,
    /// The kinds whose rows its actions affect, besides its own.
    pub affects: Vec<Kind>,
    /// The column that its life is about.
    pub state: Option<&'static str>,
    /// The table of its life: its own verbs, and those of others that it goes along with.
    pub verbs: Vec<Verb<&'static str>>,
    /// What actions demand of the state of a row, for `allowed` and `blocked`.
    pub demands: Vec<Demand>,
    /// The plain mutations.
    pub writes: Option<Writes>,
}

/// What an action demands of the state of a row, whoever does it: what the rules of its command check of the row
/// alone. (What they check of the input never blocks an action.)
pub struct Demand {
    /// The action.
    pub action: Action,
    /// When it can be done.
    pub when: When,
    /// What to tell where it cannot.
    pub why: String,
}

/// What a row is part of: it never changes, and is held by whoever makes, changes or removes the row.
pub struct Part {
    /// The kind of the whole.
    pub of: Kind,
    /// The column that names it.
    pub column: &'static str,
    /// What actions on the part demand of the state of the whole, which is told by its own columns.
    pub demands: Vec<Demand>,
}

/// A scalar field.
pub struct Field {
    /// The GraphQL name.
    pub name: String,
    /// What it is, with its unit.
    pub doc: &'static str,
    /// Where the value comes from.
    pub source: Source,
    /// What the value is.
    pub shape: Shape,
    /// May be empty in the table.
    pub nullable: bool,
    /// Lists may be sorted by it.
    pub sortable: bool,
    /// What is looked at in its place where texts are searched, with `{}` for the table's alias.
    pub searched: Option<String>,
    /// The column of bytes in whose order it is sorted, with `{}` for the table's alias.
    pub sorted: Option<String>,
    /// The plain mutations that take it.
    pub input: Input,
}

impl Field {
    /// The currency of an amount.
    pub fn currency(&self) -> Option<Currency> {
        match self.source {
            Source::Column(_) => None,
            Source::Money(_, currency) => Some(currency),
            Source::Made(_, currency) => currency,
        }
    }

    /// Is it an amount in the base currency?
    pub fn is_in_base(&self) -> bool {
        matches!(self.currency(), Some(Currency::Base))
    }
}

/// Which plain mutations take a field.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input {
    /// `create…` takes it.
    pub create: bool,
    /// `create…` demands it.
    pub required: bool,
    /// `update…` takes it.
    pub update: bool,
}

/// Where a field's value comes from.
#[derive(Clone, Copy)]
pub enum Source {
    /// A column.
    Column(&'static str),
    /// A column of minor units and their currency.
    Money(&'static str, Currency),
    /// It is worked out; an amount with its currency.
    Made(Make, Option<Currency>),
}

/// The currency of a money field.
#[derive(Clone, Copy, Debug)]
pub enum Currency {
    /// A column of the row.
    Column(&'static str),
    /// The base currency of this deployment.
    Base,
}

/// What a value is.
#[derive(Clone, Copy)]
pub enum Shape {
    /// An id of this entity.
    Id,
    /// An id of any entity.
    AnyId,
    /// Text of a kind.
    Text(Text),
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Long,
    /// Yes or no.
    Boolean,
    /// A moment.
    DateTime,
    /// A day.
    Date,
    /// A whole number scaled by a power of ten.
    Decimal(u32),
    /// An amount with its currency.
    Money,
    /// One of a closed list.
    Choice(Choice),
    /// A list of texts.
    TextList,
}

/// A closed list of values.
#[derive(Clone, Copy)]
pub struct Choice {
    /// The GraphQL enum.
    pub name: fn() -> Cow<'static, str>,
    /// Puts the enum into the schema.
    pub register: fn(&mut Registry) -> String,
    /// The spellings, alike in the database and in GraphQL.
    pub values: fn() -> Vec<String>,
}

/// A reference to or from another entity.
pub struct Link {
    /// The GraphQL name.
    pub name: String,
    /// What it leads to.
    pub doc: &'static str,
    /// The entity at the other end.
    pub to: Kind,
    /// Which column holds it.
    pub key: Key,
    /// The plain mutations that take it (as `<name>Id`).
    pub input: Input,
}

/// Which end of a link holds the foreign key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A column of this table: at most one row at the other end.
    One(&'static str),
    /// A column of the other table: a list at the other end.
    Many(&'static str),
}

/// How a row belongs to people: what own, team, pool and parent mean for it.
#[derive(Clone, Debug)]
pub enum Ownership {
    /// To nobody: only "every row" reaches it.
    Nobody,
    /// By columns of its own.
    Columns {
        /// Any of these users owns it.
        own: &'static [&'static str],
        /// It belongs to any of these teams.
        team: &'static [&'static str],
        /// Owner and team whose combination "empty, mine" means the pool.
        pool: Option<(&'static str, &'static str)>,
    },
    /// Through the rows it belongs to: any of these columns and kinds.
    Parents(&'static [(&'static str, Kind)]),
    /// Through the row it reports on, whose table is named in one column and whose id stands in another.
    Subject {
        /// The column with the GraphQL type name.
        kind: &'static str,
        /// The column with the id.
        id: &'static str,
    },
}

impl Ownership {
    /// Do other rows decide whose the row is?
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Parents(_) | Self::Subject { .. })
    }
}

/// The usual ownership: `owner_id`, `created_by`, `team_id`.
pub const OWNED: Ownership =
    Ownership::Columns { own: &["owner_id", "created_by"], team: &["team_id"], pool: Some(("owner_id", "team_id")) };

/// A field that rules compute for many rows at once.
pub struct Derived {
    /// The GraphQL name.
    pub name: &'static str,
    /// What it is, with unit and formula.
    pub doc: &'static str,
    /// The arguments.
    pub args: Vec<Arg>,
    /// The type of the answer.
    pub out: OutType,
    /// Computes it for all rows of a level. Rows that are missing in the answer get null.
    pub load: for<'a> fn(Ask<'a>) -> BoxFuture<'a, Result<Answers>>,
}

/// Computed answers by row.
pub type Answers = HashMap<Uuid, Out>;

/// A report at the root of the graph.
pub struct Report {
    /// The GraphQL name.
    pub name: &'static str,
    /// What it is, with unit and formula.
    pub doc: &'static str,
    /// The rows that it looks at.
    pub over: Kind,
    /// What it is read from, for itself and for the fields beside it.
    pub relations: &'static [&'static Relation],
    /// The arguments.
    pub args: Vec<Arg>,
    /// The type of the answer.
    pub out: OutType,
    /// Computes it.
    pub load: for<'a> fn(Ask<'a>) -> BoxFuture<'a, Result<Out>>,
}

/// An argument of a derived field or a report.
pub struct Arg {
    /// The GraphQL name.
    pub name: &'static str,
    /// What it means, with its unit.
    pub doc: &'static str,
    /// The GraphQL type, for example `Int!`.
    pub ty: &'static str,
    /// The default, as GraphQL text.
    pub default: Option<&'static str>,
}

/// What a computation gets.
pub struct Ask<'a> {
    /// The viewer's eyes.
    pub reader: &'a Reader,
    /// The rows asked for (empty for a report).
    pub ids: &'a [Uuid],
    /// The arguments, with defaults filled in.
    pub args: &'a async_graphql::indexmap::IndexMap<async_graphql::Name, async_graphql::Value>,
}

/// The type of a computed answer.
#[derive(Clone)]
pub enum OutType {
    /// A scalar by its GraphQL type, `Int!` or `Int`.
    Scalar(&'static str),
    /// An enum of the graph; not null if the flag is set.
    Choice(Choice, bool),
    /// A row of the graph; null where the viewer may not see it.
    Node(Kind),
    /// A list without nulls; not null itself if the flag is set.
    List(Box<OutType>, bool),
    /// An object of its own; not null if the flag is set.
    Object(Arc<OutObject>, bool),
}

/// An object that only computed answers have.
pub struct OutObject {
    /// The GraphQL type.
    pub name: String,
    /// What it is.
    pub doc: String,
    /// Its fields.
    pub fields: Vec<OutField>,
}

/// A field of an [`OutObject`].
pub struct OutField {
    /// The GraphQL name.
    pub name: String,
    /// What it is, with its unit.
    pub doc: String,
    /// Its type.
    pub ty: OutType,
}

impl OutObject {
    /// An object from names, descriptions and types.
    pub fn new(name: &str, doc: &str, fields: Vec<(&str, &str, OutType)>) -> Arc<Self> {
        let fields =
            fields.into_iter().map(|(name, doc, ty)| OutField { name: name.to_owned(), doc: doc.to_owned(), ty });
        Arc::new(Self { name: name.to_owned(), doc: doc.to_owned(), fields: fields.collect() })
    }
}

/// A computed answer.
#[derive(Clone, Debug)]
pub enum Out {
    /// Nothing.
    Null,
    /// A scalar or enum value.
    Value(async_graphql::Value),
    /// A row of the graph.
    Node(Uuid),
    /// A list.
    List(Vec<Out>),
    /// The fields of an [`OutObject`], in its order.
    Object(Vec<Out>),
    /// Null with an error.
    Refused(crate::error::Code, String),
}

/// The plain mutations of an entity, without its type.
pub struct Writes {
    /// `create…` exists.
    pub create: bool,
    /// `update…` exists.
    pub update: bool,
    /// `delete…` exists.
    pub delete: bool,
    /// Makes a row.
    pub insert: for<'a> fn(&'a Tx, Given) -> BoxFuture<'a, Result<Uuid>>,
    /// Changes a row that has this version, as an update or an assignment.
    pub change: for<'a> fn(&'a Tx, Uuid, Action, i32, Given) -> BoxFuture<'a, Result<()>>,
    /// What a column of a new row holds as long as nothing is said.
    pub default: fn(&str) -> Option<sea_orm::Value>,
    /// Changes the row that its source knows by this id, or makes it.
    pub put: for<'a> fn(&'a Tx, Given) -> BoxFuture<'a, Result<Uuid>>,
    /// Marks a row that has this version as deleted.
    pub remove: for<'a> fn(&'a Tx, Uuid, i32) -> BoxFuture<'a, Result<()>>,
}

/// The fields that a plain mutation gives.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Values by column, with the input field each came from.
    pub values: Vec<(String, &'static str, sea_orm::Value)>,
    /// Why, where the policy wants a reason.
    pub reason: Option<String>,
}

impl Given {
    /// The text that was given for this column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.values.iter().find_map(|(_, given, value)| match value {
            sea_orm::Value::String(Some(text)) if *given == column => Some(text.as_str()),
            _ => None,
        })
    }

    /// The currency of the amount that was given for this field.
    pub fn currency(&self, field: &str) -> Option<&str> {
        self.values.iter().find_map(|(from, _, value)| match value {
            sea_orm::Value::String(Some(code)) if from == field => Some(code.as_str()),
            _ => None,
        })
    }

    /// Was this column given?
    pub fn has(&self, column: &str) -> bool {
        self.values.iter().any(|(_, given, _)| *given == column)
    }
}

impl Descriptor {
    /// The key that rows are matched by in place of this column, if there is one.
    pub fn match_key(&self, column: &str) -> Option<&TextKey> {
        self.keys.iter().find(|key| key.purpose == Purpose::Match && key.from == [column])
    }

    /// Rows can be put here by the id that another system knows them by: made, or changed if they are there.
    pub fn takes_puts(&self) -> bool {
        let writes = self.writes.as_ref().is_some_and(|writes| writes.create && writes.update);
        writes && self.field("externalId").is_some()
    }

    /// The plain mutations that it has: what their names begin with, and the action.
    pub fn plain(&self) -> impl Iterator<Item = (&'static str, Action)> {
        let writes = self.writes.as_ref();
        let (creates, deletes) = (writes.is_some_and(|it| it.create), writes.is_some_and(|it| it.delete));
        let updates = writes.is_some_and(|it| it.update);
        let all = [
            ("create", Action::Create, creates),
            ("update", Action::Update, updates),
            ("upsert", Action::Create, self.takes_puts()),
            ("assign", Action::Assign, updates && self.link("owner").is_some()),
            ("delete", Action::Delete, deletes),
        ];
        all.into_iter().filter(|(.., exists)| *exists).map(|(start, action, _)| (start, action))
    }

    /// The verbs of its own.
    pub fn own_verbs(&self) -> impl Iterator<Item = &Verb<&'static str>> {
        self.verbs.iter().filter(|verb| verb.of.is_none())
    }

    /// The mutations that do an action to its rows.
    pub fn mutations(&self, action: Action) -> Vec<String> {
        let plain = self.plain().filter(|(_, does)| *does == action).map(|(start, _)| format!("{start}{}", self.name));
        let verbs = self.own_verbs().filter(|verb| verb.action == action).map(|verb| verb.name.to_owned());
        plain.chain(verbs).collect()
    }

    /// The scalar field of that GraphQL name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The link of that GraphQL name.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The field of that GraphQL name that lists can be filtered by.
    pub fn filterable(&self, name: &str) -> Option<&Field> {
        self.field(name).or_else(|| self.findable.iter().find(|field| field.name == name))
    }

    /// The computed field of that GraphQL name.
    pub fn derived(&self, name: &str) -> Option<&Derived> {
        self.derived.iter().find(|derived| derived.name == name)
    }

    /// The GraphQL name under which a column is readable, if it is at all.
    pub fn name_of_column(&self, column: &str) -> Option<&str> {
        let field = self.fields.iter().find(|field| match field.source {
            Source::Column(name) | Source::Money(name, _) => name == column,
            Source::Made(..) => false,
        });
        let link = || self.links.iter().find(|link| matches!(link.key, Key::One(own) if own == column));
        field.map(|field| field.name.as_str()).or_else(|| link().map(|link| link.name.as_str()))
    }

    /// An id as clients see it.
    pub fn global_id(&self, id: Uuid) -> String {
        format!("{}_{}", self.prefix, id.simple())
    }
}

/// All entities, found by kind, name and prefix. Every name in them stands for something ([`Graph::resolve`]).
pub struct Graph {
    kinds: Vec<Kind>,
    /// In the order of [`Self::kinds`].
    by_kind: Vec<Descriptor>,
    /// The reports at the root.
    pub reports: Vec<Report>,
}

impl Graph {
    /// The graph of declarations that were looked through: one of each kind.
    pub(super) fn of_declared(mut entities: Vec<Descriptor>, reports: Vec<Report>) -> Self {
        entities.sort_by_key(|of| of.kind);
        Self { kinds: entities.iter().map(|of| of.kind).collect(), by_kind: entities, reports }
    }

    /// The declaration of a kind.
    pub fn of(&self, kind: Kind) -> &Descriptor {
        let place = self.kinds.iter().position(|known| *known == kind);
        #[expect(clippy::expect_used, reason = "a graph is made of declarations among which every kind was found")]
        place.and_then(|place| self.by_kind.get(place)).expect("a declaration of every kind")
    }

    /// Every declaration.
    pub fn all(&self) -> impl Iterator<Item = &Descriptor> {
        self.by_kind.iter()
    }

    /// The declaration with this GraphQL type name.
    pub fn named(&self, name: &str) -> Option<&Descriptor> {
        self.by_kind.iter().find(|one| one.name == name)
    }

    /// Reads a global id: which entity, which row.
    pub fn parse_id(&self, id: &str) -> Option<(&Descriptor, Uuid)> {
        let (prefix, hex) = id.rsplit_once('_')?;
        let descriptor = self.by_kind.iter().find(|one| one.prefix == prefix)?;
        Some((descriptor, parse_hex(hex)?))
    }
}

/// The id of a row of one entity.
pub fn parse_id_of(descriptor: &Descriptor, id: &str) -> Option<Uuid> {
    let (prefix, hex) = id.rsplit_once('_')?;
    if prefix == descriptor.prefix { parse_hex(hex) } else { None }
}

/// Exactly 32 lower-case hex digits: every row has one spelling of its id.
fn parse_hex(hex: &str) -> Option<Uuid> {
    let plain = hex.len() == 32 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if plain { Uuid::try_parse(hex).ok() } else { None }
}

/// Builds a [`Descriptor`] from an entity's columns: types and nullability are read from the table's definition.
pub struct Declare<E> {
    descriptor: Descriptor,
    last: Last,
    entity: PhantomData<E>,
}

/// What the last call declared, for the calls that say more about it.
enum Last {
    Field,
    Link,
}

impl<E: EntityTrait> Declare<E> {
    /// Starts with the names: kind, GraphQL type, plural root field, id prefix, description. `id` comes first.
    pub fn new(kind: Kind, name: &'static str, plural: &'static str, prefix: &'static str, doc: &'static str) -> Self {
        let columns: Vec<_> = E::Column::iter().map(|column| column.as_str()).collect();
        let descriptor = Descriptor {
            kind,
            name,
            single: lower_first(name),
            plural,
            table: E::default().table_name(),
            columns: columns.clone(),
            prefix,
            doc,
            fields: Vec::new(),
            findable: Vec::new(),
            keys: Vec::new(),
            links: Vec::new(),
            derived: Vec::new(),
            ownership: if columns.contains(&"owner_id") { OWNED } else { Ownership::Nobody },
            soft_delete: columns.contains(&"deleted_at"),
            versioned: columns.contains(&"version"),
            has_viewer: false,
            order: if columns.contains(&"created_at") { ("createdAt", true) } else { ("id", true) },
            natural: Vec::new(),
            part_of: None,
            affects: Vec::new(),
            state: None,
            verbs: Vec::new(),
            demands: Vec::new(),
            writes: None,
        };
        Self { descriptor, last: Last::Field, entity: PhantomData }.common()
    }

    /// The columns that every table of its sort has.
    fn common(mut self) -> Self {
        const FIELDS: [(&str, &str); 4] = [
            ("id", "Opaque global id; give it to `node`."),
            ("created_at", "When the row was created."),
            ("updated_at", "When the row last changed."),
            ("version", "Counts the changes of the row; send it back as `expectedVersion`."),
        ];
        const LINKS: [(&str, Kind, &str); 3] = [
            ("created_by", Kind::User, "Who created the row; empty for the system."),
            ("owner_id", Kind::User, "Who is responsible; empty while the row waits in the pool of its team."),
            ("team_id", Kind::Team, "The team the row belongs to."),
        ];
        const EXTERNAL: [(&str, &str); 2] = [
            ("source_system", "The system the row came from, for imports and upserts."),
            ("external_id", "The row's id in that system."),
        ];
        let column = |name: &str| E::Column::iter().find(|column| column.as_str() == name);
        for (name, doc) in FIELDS {
            if let Some(column) = column(name) {
                self = self.field(column, doc);
            }
        }
        for (name, to, doc) in LINKS {
            if let Some(column) = column(name) {
                self = self.one(column, to, doc);
                if name != "created_by" {
                    self = self.on_create();
                }
            }
        }
        for (name, doc) in EXTERNAL {
            if let Some(column) = column(name) {
                self = self.text(column, Text::Tag, doc).on_create();
            }
        }
        // Every change of a row that has a time of its own is in the log, but for those of the log itself.
        if column("created_at").is_some() && self.descriptor.kind != Kind::Event {
            let doc = "Its history: the changes of this object, as far as the viewer may read them.";
            self = self.many("events", Kind::Event, entity::event::Column::SubjectId, doc);
        }
        self
    }

    /// The finished declaration.
    pub fn done(mut self) -> Descriptor {
        if self.descriptor.natural.is_empty() && self.descriptor.field("name").is_some() {
            self.descriptor.natural = vec!["name"];
        }
        self.descriptor
    }

    /// A scalar column; its type and nullability are those of the table.
    #[must_use]
    pub fn field<C: ColumnTrait>(self, column: C, doc: &'static str) -> Self {
        let shape = match column.def().get_column_type() {
            ColumnType::Integer => Shape::Int,
            ColumnType::BigInteger => Shape::Long,
            ColumnType::Boolean => Shape::Boolean,
            ColumnType::TimestampWithTimeZone => Shape::DateTime,
            ColumnType::Date => Shape::Date,
            ColumnType::Json | ColumnType::JsonBinary => Shape::TextList,
            ColumnType::Uuid => Shape::Id,
            _ => Shape::Text(Text::Plain),
        };
        self.shaped(column, shape, doc)
    }

    /// A text column of a special kind.
    #[must_use]
    pub fn text<C: ColumnTrait>(self, column: C, text: Text, doc: &'static str) -> Self {
        self.shaped(column, Shape::Text(text), doc)
    }

    /// An integer column that holds a decimal scaled by 10^`scale`.
    #[must_use]
    pub fn decimal<C: ColumnTrait>(self, name: &str, column: C, scale: u32, doc: &'static str) -> Self {
        let mut declared = self.shaped(column, Shape::Decimal(scale), doc);
        if let Some(field) = declared.descriptor.fields.last_mut() {
            field.name = name.to_owned();
        }
        declared
    }

    /// An enum column.
    #[must_use]
    pub fn choice<C: ColumnTrait, T: EnumType + OutputType>(self, column: C, doc: &'static str) -> Self {
        self.shaped(column, Shape::Choice(choice::<T>()), doc)
    }

    fn shaped<C: ColumnTrait>(mut self, column: C, shape: Shape, doc: &'static str) -> Self {
        self.descriptor.fields.push(Field {
            name: camel(column.as_str()),
            doc,
            source: Source::Column(column.as_str()),
            shape,
            nullable: column.def().is_null(),
            sortable: !matches!(shape, Shape::TextList),
            searched: None,
            sorted: None,
            input: Input::default(),
        });
        self.last = Last::Field;
        if matches!(shape, Shape::Text(Text::Plain)) { self.keyed(column.as_str()) } else { self }
    }

    /// The last field is a text for people: it is searched and sorted by keys.
    fn keyed(mut self, column: &'static str) -> Self {
        let [search, sort] = [Purpose::Search, Purpose::Sort].map(|purpose| TextKey::of_column(column, purpose));
        let searched = format!("COALESCE({{}}.{}, {{}}.{column})", search.column);
        self = self.looked_at(searched, &sort.column);
        self.descriptor.keys.extend([search, sort]);
        self
    }

    /// An amount: a column of minor units and where its currency stands.
    #[must_use]
    pub fn money<C: ColumnTrait>(mut self, name: &str, amount: C, currency: Currency, doc: &'static str) -> Self {
        self.descriptor.fields.push(Field {
            name: name.to_owned(),
            doc,
            source: Source::Money(amount.as_str(), currency),
            shape: Shape::Money,
            nullable: amount.def().is_null(),
            sortable: true,
            searched: None,
            sorted: None,
            input: Input::default(),
        });
        self.last = Last::Field;
        self
    }

    /// An amount that is an expression over the row (`{}` is the table's alias).
    #[must_use]
    pub fn computed_money(self, name: &str, sql: &'static str, currency: Currency, doc: &'static str) -> Self {
        self.made(name, Make::Text(sql), Some(currency), Shape::Money, true, doc)
    }

    /// A value that is an expression over the row (`{}` is the table's alias, `{now}` the moment of the request).
    #[must_use]
    pub fn computed(self, name: &str, sql: &'static str, shape: Shape, nullable: bool, doc: &'static str) -> Self {
        self.made(name, Make::Text(sql), None, shape, nullable, doc)
    }

    /// A value whose SQL depends on who asks, when, or on which database; it may be empty.
    #[must_use]
    pub fn expression(self, name: &str, sql: fn(&Scope<'_>) -> Sql, shape: Shape, doc: &'static str) -> Self {
        let currency = matches!(shape, Shape::Money).then_some(Currency::Base);
        self.made(name, Make::Of(sql), currency, shape, true, doc)
    }

    /// What several kinds declare alike.
    #[must_use]
    pub fn and(self, more: fn(Self) -> Self) -> Self {
        more(self)
    }

    /// A value over the rows of a list that the viewer may see, of those for which `when` holds. The list is declared
    /// already; an amount is in the base currency.
    #[must_use]
    pub fn rollup(
        self,
        name: &str,
        link: &'static str,
        made: Rolled,
        shape: Shape,
        when: When,
        doc: &'static str,
    ) -> Self {
        let currency = matches!(shape, Shape::Money).then_some(Currency::Base);
        let nullable = matches!(made, Rolled::Min(_) | Rolled::Max(_));
        let rollup = Rollup { of: self.descriptor.kind, link, made, when };
        self.made(name, Make::Rollup(rollup), currency, shape, nullable, doc)
    }

    fn made(
        mut self,
        name: &str,
        make: Make,
        currency: Option<Currency>,
        shape: Shape,
        nullable: bool,
        doc: &'static str,
    ) -> Self {
        self.descriptor.fields.push(Field {
            name: name.to_owned(),
            doc,
            source: Source::Made(make, currency),
            shape,
            nullable,
            sortable: true,
            searched: None,
            sorted: None,
            input: Input::default(),
        });
        self.last = Last::Field;
        self
    }

    /// The last field is a name that is known by `<column>_key`, whatever the case of its letters.
    #[must_use]
    pub fn matched(mut self) -> Self {
        if let Some(Source::Column(column)) = self.descriptor.fields.last().map(|field| field.source) {
            self.descriptor.keys.push(TextKey::of_column(column, Purpose::Match));
        }
        self
    }

    /// The last field is a text that is put together from columns: `searched` is the expression over what is searched of
    /// them, `column` holds what it is sorted by.
    #[must_use]
    pub fn put_together(mut self, from: Vec<&'static str>, searched: &str, column: &str) -> Self {
        self.descriptor.keys.push(TextKey { column: column.to_owned(), from, purpose: Purpose::Sort });
        self.looked_at(searched.to_owned(), column)
    }

    fn looked_at(mut self, searched: String, sort: &str) -> Self {
        if let Some(field) = self.descriptor.fields.last_mut() {
            (field.searched, field.sorted) = (Some(searched), Some(format!("{{}}.{sort}")));
        }
        self
    }

    /// A reference held by a column of this table; `company_id` becomes `company`.
    #[must_use]
    pub fn one<C: ColumnTrait>(mut self, column: C, to: Kind, doc: &'static str) -> Self {
        let name = camel(column.as_str().trim_end_matches("_id"));
        self.descriptor.links.push(Link { name, doc, to, key: Key::One(column.as_str()), input: Input::default() });
        self.last = Last::Link;
        self
    }

    /// A list held by a column of the other table.
    #[must_use]
    pub fn many<C: ColumnTrait>(mut self, name: &str, to: Kind, column: C, doc: &'static str) -> Self {
        let key = Key::Many(column.as_str());
        self.descriptor.links.push(Link { name: name.to_owned(), doc, to, key, input: Input::default() });
        self.last = Last::Link;
        self
    }

    /// `update…` takes the team: for rows without an owner, which have no `assign…`.
    #[must_use]
    pub fn moves_between_teams(mut self) -> Self {
        let team = self.descriptor.links.iter_mut().find(|link| link.key == Key::One("team_id"));
        if let Some(team) = team {
            team.input.update = true;
        }
        self
    }

    /// The plain mutations.
    #[must_use]
    pub fn writes(mut self, writes: Writes) -> Self {
        self.descriptor.writes = Some(writes);
        self
    }

    /// A field that lists can be filtered by, and nothing else.
    #[must_use]
    pub fn findable(mut self, field: Field) -> Self {
        self.descriptor.findable.push(field);
        self
    }

    /// A field that rules compute.
    #[must_use]
    pub fn derived(mut self, derived: Derived) -> Self {
        self.descriptor.derived.push(derived);
        self
    }

    /// How rows belong to people, where not by the usual columns.
    #[must_use]
    pub fn ownership(mut self, ownership: Ownership) -> Self {
        self.descriptor.ownership = ownership;
        self
    }

    /// Its rows are parts of that one, by the reference that was declared last.
    #[must_use]
    pub fn part_of(mut self, of: Kind) -> Self {
        let column = self.descriptor.links.last().and_then(|link| match link.key {
            Key::One(column) => Some(column),
            Key::Many(_) => None,
        });
        self.descriptor.part_of = Some(Part { of, column: column.unwrap_or_default(), demands: Vec::new() });
        self
    }

    /// An action on a part can only be done while this holds of the whole; `why` says so to whoever wants to do it otherwise.
    #[must_use]
    pub fn whole_demands(mut self, action: Action, when: &'static When, why: &str) -> Self {
        let Some(part) = &mut self.descriptor.part_of else { return self };
        part.demands.push(Demand { action, when: *when, why: why.to_owned() });
        let told = When::At(part.column, part.of, when);
        if action == Action::Create { self } else { self.demands(action, told, why) }
    }

    /// What is done to its rows affects rows of these kinds as well.
    #[must_use]
    pub fn affects(mut self, kinds: &[Kind]) -> Self {
        self.descriptor.affects.extend(kinds);
        self
    }

    /// One of the rows is who asks: filters take `me`.
    #[must_use]
    pub fn has_viewer(mut self) -> Self {
        self.descriptor.has_viewer = true;
        self
    }

    /// The order of a list that does not ask for one.
    #[must_use]
    pub fn order(mut self, field: &'static str, descending: bool) -> Self {
        self.descriptor.order = (field, descending);
        self
    }

    /// What its rows are ordered by in the keys of groups, where not by their name: fields, or references in whose order
    /// they come.
    #[must_use]
    pub fn natural(mut self, names: &[&'static str]) -> Self {
        self.descriptor.natural = names.to_vec();
        self
    }

    /// A mutation that neither asks for a state nor changes it, and the action that the policy asks about.
    #[must_use]
    pub fn verb(mut self, mutation: &'static str, action: Action) -> Self {
        self.descriptor.verbs.push(Verb::new(mutation, action, &[], &[]));
        self
    }

    /// The table of its life, about the state in this column.
    #[must_use]
    pub fn life<C: ColumnTrait, S: EnumType>(mut self, column: C, life: &Lifecycle<S>) -> Self {
        self.descriptor.state = Some(column.as_str());
        for verb in life.verbs {
            let spelt = verb.spelt();
            self.descriptor.verbs.push(spelt);
            if !spelt.from.is_empty() {
                self = self.demands(verb.action, When::In(column.as_str(), spelt.from), verb.takes());
            }
        }
        self
    }

    /// The action can only be done while this holds of the row; `why` says so to whoever wants to do it otherwise.
    #[must_use]
    pub fn demands(mut self, action: Action, when: When, why: impl Into<String>) -> Self {
        self.descriptor.demands.push(Demand { action, when, why: why.into() });
        self
    }

    /// The last field or reference may be given at creation and changed later.
    #[must_use]
    pub fn editable(self) -> Self {
        self.input(|input| *input = Input { create: true, update: true, ..*input })
    }

    /// The last field or reference may be given at creation only.
    #[must_use]
    pub fn on_create(self) -> Self {
        self.input(|input| input.create = true)
    }

    /// The last field or reference must be given at creation.
    #[must_use]
    pub fn required(self) -> Self {
        self.input(|input| *input = Input { create: true, required: true, ..*input })
    }

    fn input(mut self, set: impl FnOnce(&mut Input)) -> Self {
        let Descriptor { fields, links, .. } = &mut self.descriptor;
        let input = match self.last {
            Last::Field => fields.last_mut().map(|field| &mut field.input),
            Last::Link => links.last_mut().map(|link| &mut link.input),
        };
        input.map(set);
        self
    }
}

/// An enum as a [`Choice`].
pub fn choice<T: EnumType + OutputType>() -> Choice {
    Choice {
        name: <T as OutputType>::type_name,
        register: <T as OutputType>::create_type_info,
        values: || T::items().iter().map(|item| item.name.to_owned()).collect(),
    }
}

/// `expected_close_on` -> `expectedCloseOn`.
pub fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let capital = letters.next().map(|letter| letter.to_ascii_uppercase());
        name + &capital.into_iter().chain(letters).collect::<String>()
    })
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
