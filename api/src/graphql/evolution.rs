//! What a change of the schema does to its clients: two texts of it compared, element by element.
//!
//! Every element has a coordinate (`Deal.amount`, `Query.deals(first:)`, `DealStatus.WON`, `Deal implements Node`), so
//! that a change can be named, and declared where it is meant.

use std::collections::BTreeMap;
use std::fmt;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ConstDirective, DirectiveDefinition, FieldDefinition, InputValueDefinition, SchemaDefinition, Type,
    TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Positioned, Value};

/// How much a change asks of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A document that was valid is refused now, or an answer no longer fits the types generated from the old schema.
    Breaking,
    /// Old documents still run, but a client may meet what it has not met before (a new value of an enum).
    Dangerous,
}

/// One change that clients may notice. What is plainly safe (a new type, a new field) is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How much it asks of clients.
    pub weight: Weight,
    /// The coordinate of the element.
    pub place: String,
    /// What happened to it.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.place, self.what)
    }
}

/// The changes from one schema to another, in the order of their coordinates.
///
/// # Errors
/// One of the texts is no schema; says which, and where.
pub fn compare(old: &str, new: &str) -> Result<Vec<Change>, String> {
    let old = Elements::read(old).map_err(|error| format!("The old schema cannot be read: {error}"))?;
    let new = Elements::read(new).map_err(|error| format!("The new schema cannot be read: {error}"))?;
    let mut changes = Vec::new();
    for (place, was) in &old.0 {
        match new.0.get(place) {
            Some(is) => changes.extend(was.fact.change_to(&is.fact).map(|(weight, what)| (weight, place, what))),
            // With its holder gone, the holder's line says it all.
            None if was.holder.as_ref().is_some_and(|holder| !new.0.contains_key(holder)) => {}
            None => changes.push((Weight::Breaking, place, "was removed".to_owned())),
        }
    }
    for (place, is) in new.0.iter().filter(|(place, _)| !old.0.contains_key(*place)) {
        let into_known = is.holder.as_ref().is_some_and(|holder| old.0.contains_key(holder));
        if let (true, Some(weight)) = (into_known, is.fact.weight_when_added()) {
            let what = if weight == Weight::Breaking { "was added and must be given" } else { "was added" };
            changes.push((weight, place, what.to_owned()));
        }
    }
    changes.sort_by_key(|(_, place, _)| *place);
    Ok(changes.into_iter().map(|(weight, place, what)| Change { weight, place: place.clone(), what }).collect())
}

/// What is wrong with the declarations of breaking changes: those that nobody declared, those that did not happen, and
/// lines without a reason. A declaration is a line `<coordinate>: <reason>`; `#` begins a comment.
pub fn undeclared(changes: &[Change], declarations: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut declared = Vec::new();
    for line in declarations.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_once(": ") {
            Some((place, reason)) if !reason.trim().is_empty() => declared.push(place.trim()),
            _ => wrong.push(format!("no reason is given in the line `{line}`: write `<coordinate>: <reason>`")),
        }
    }
    let breaking: Vec<_> = changes.iter().filter(|change| change.weight == Weight::Breaking).collect();
    let open = breaking.iter().filter(|change| !declared.contains(&change.place.as_str()));
    wrong.extend(open.map(|change| format!("breaks clients and is not declared: {change}")));
    let stale = declared.iter().filter(|place| breaking.iter().all(|change| change.place != **place));
    wrong.extend(stale.map(|place| format!("is declared, but nothing breaks there: {place}")));
    wrong
}

/// Every element of a schema by its coordinate.
#[derive(Default)]
struct Elements(BTreeMap<String, Element>);

/// An element and the coordinate of what holds it.
struct Element {
    holder: Option<String>,
    fact: Fact,
}

/// What clients depend on in an element.
#[derive(PartialEq)]
enum Fact {
    /// A type: its kind, with `@oneOf`, and the page that specifies a scalar.
    Type { kind: &'static str, one_of: bool, specified_by: Option<Value> },
    /// A field of an object or interface.
    Output(Type),
    /// An argument or input field, and its default.
    Input(Type, Option<Value>),
    /// A value of an enum, a member of a union, an interface of an object.
    Member,
    /// A directive, or a place it may stand in.
    Directive,
    /// The type of a root.
    Root(String),
}

impl Fact {
    fn change_to(&self, new: &Self) -> Option<(Weight, String)> {
        let breaking = |what: String| Some((Weight::Breaking, what));
        let dangerous = |what: String| Some((Weight::Dangerous, what));
        match (self, new) {
            _ if self == new => None,
            (
                Self::Type { kind, one_of, specified_by },
                Self::Type { kind: new_kind, one_of: new_one_of, specified_by: newly },
            ) => match () {
                () if kind != new_kind => breaking(format!("was {kind} and is {new_kind}")),
                () if !one_of && *new_one_of => breaking("takes exactly one of its fields now".to_owned()),
                () if specified_by != newly => dangerous("is specified by another page".to_owned()),
                () => dangerous("takes more than one of its fields now".to_owned()),
            },
            (Self::Output(was), Self::Output(is)) => {
                let fits = promises(is, was);
                (!fits).then(|| (Weight::Breaking, format!("was {was} and is {is}")))
            }
            (Self::Input(was, default), Self::Input(is, new_default)) => match () {
                () if !promises(was, is) => breaking(format!("took {was} and takes {is}")),
                () if !required(was, default.as_ref()) && required(is, new_default.as_ref()) => {
                    breaking("must be given now".to_owned())
                }
                () if default != new_default => {
                    let print = |default: &Option<Value>| default.as_ref().map_or("nothing".into(), Value::to_string);
                    dangerous(format!(
                        "stood for {} when left out and stands for {}",
                        print(default),
                        print(new_default)
                    ))
                }
                () => None,
            },
            (Self::Root(was), Self::Root(is)) => breaking(format!("was {was} and is {is}")),
            _ => breaking("is another kind of element now".to_owned()),
        }
    }

    fn weight_when_added(&self) -> Option<Weight> {
        match self {
            Self::Input(ty, default) if required(ty, default.as_ref()) => Some(Weight::Breaking),
            Self::Input(..) | Self::Member => Some(Weight::Dangerous),
            Self::Type { .. } | Self::Output(_) | Self::Directive | Self::Root(_) => None,
        }
    }
}

/// Whatever has type `a` may stand where `b` is promised.
fn promises(a: &Type, b: &Type) -> bool {
    let base = match (&a.base, &b.base) {
        (BaseType::Named(a), BaseType::Named(b)) => a == b,
        (BaseType::List(a), BaseType::List(b)) => promises(a, b),
        _ => false,
    };
    base && (b.nullable || !a.nullable)
}

fn required(ty: &Type, default: Option<&Value>) -> bool {
    !ty.nullable && default.is_none()
}

impl Elements {
    fn read(text: &str) -> Result<Self, String> {
        let mut elements = Self::default();
        for definition in parse_schema(text).map_err(|error| error.to_string())?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => elements.roots(&schema.node),
                TypeSystemDefinition::Type(definition) => elements.type_(&definition.node),
                TypeSystemDefinition::Directive(directive) => elements.directive(&directive.node),
            }
        }
        Ok(elements)
    }

    fn add(&mut self, place: String, holder: Option<&str>, fact: Fact) {
        self.0.insert(place, Element { holder: holder.map(str::to_owned), fact });
    }

    fn roots(&mut self, schema: &SchemaDefinition) {
        for (name, root) in
            [("query", &schema.query), ("mutation", &schema.mutation), ("subscription", &schema.subscription)]
        {
            if let Some(root) = root {
                self.add(format!("schema.{name}"), None, Fact::Root(root.node.to_string()));
            }
        }
    }

    fn type_(&mut self, definition: &TypeDefinition) {
        let name = definition.name.node.as_str();
        let kind = match &definition.kind {
            TypeKind::Scalar => "a scalar",
            TypeKind::Object(object) => {
                self.fields(name, &object.fields);
                self.members(name, "implements", object.implements.iter().map(|name| name.node.as_str()));
                "an object"
            }
            TypeKind::Interface(interface) => {
                self.fields(name, &interface.fields);
                self.members(name, "implements", interface.implements.iter().map(|name| name.node.as_str()));
                "an interface"
            }
            TypeKind::Union(union) => {
                self.members(name, "is", union.members.iter().map(|name| name.node.as_str()));
                "a union"
            }
            TypeKind::Enum(choice) => {
                for value in &choice.values {
                    self.add(format!("{name}.{}", value.node.value.node), Some(name), Fact::Member);
                }
                "an enum"
            }
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    self.input(format!("{name}.{}", field.node.name.node), name, &field.node);
                }
                "an input object"
            }
        };
        let directive = |wanted: &str| {
            let found = definition.directives.iter().find(|directive| directive.node.name.node == wanted);
            found.map(|directive: &Positioned<ConstDirective>| &directive.node)
        };
        let specified_by = directive("specifiedBy").and_then(|directive| directive.get_argument("url"));
        let specified_by = specified_by.map(|url| url.node.clone());
        let one_of = directive("oneOf").is_some();
        self.add(name.to_owned(), None, Fact::Type { kind, one_of, specified_by });
    }

    fn fields(&mut self, holder: &str, fields: &[Positioned<FieldDefinition>]) {
        for FieldDefinition { name, arguments, ty, .. } in fields.iter().map(|field| &field.node) {
            let place = format!("{holder}.{}", name.node);
            for argument in arguments {
                self.input(format!("{place}({}:)", argument.node.name.node), &place, &argument.node);
            }
            self.add(place, Some(holder), Fact::Output(ty.node.clone()));
        }
    }

    fn members<'a>(&mut self, holder: &str, how: &str, members: impl Iterator<Item = &'a str>) {
        members.for_each(|member| self.add(format!("{holder} {how} {member}"), Some(holder), Fact::Member));
    }

    fn input(&mut self, place: String, holder: &str, input: &InputValueDefinition) {
        let default = input.default_value.as_ref().map(|default| default.node.clone());
        self.add(place, Some(holder), Fact::Input(input.ty.node.clone(), default));
    }

    fn directive(&mut self, directive: &DirectiveDefinition) {
        let place = format!("@{}", directive.name.node);
        for argument in &directive.arguments {
            self.input(format!("{place}({}:)", argument.node.name.node), &place, &argument.node);
        }
        for location in &directive.locations {
            self.add(format!("{place} on {:?}", location.node), Some(&place), Fact::Directive);
        }
        self.add(place, None, Fact::Directive);
    }
}

#[cfg(test)]
#[path = "evolution_tests.rs"]
mod tests;
