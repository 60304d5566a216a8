//! What the rules know of the schema: types by name, with their fields and arguments.

use std::collections::{HashMap, HashSet};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, OperationType, Type as Reference, TypeKind, TypeSystemDefinition,
};
use async_graphql::registry::{MetaField, MetaInputValue, MetaType, Registry};
use async_graphql::{Name, Positioned};

/// The types of the specification itself, as the library answers them.
const INTROSPECTION: &str = include_str!("introspection.graphql");

/// The scalars that every schema has.
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// Every type of a schema.
pub struct Types {
    by_name: HashMap<String, Type>,
    /// `__typename`, which every object, interface and union has.
    typename: Field,
    /// What `@skip` and `@include` take.
    pub condition: IndexMap<String, Input>,
}

/// A type.
pub struct Type {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub kind: Kind,
}

/// What a type is made of.
pub enum Kind {
    /// A scalar.
    Scalar,
    /// An enum and its values.
    Enum(Vec<String>),
    /// An object, interface or union.
    Composite {
        /// Its fields.
        fields: IndexMap<String, Field>,
        /// The objects that it may be: an object is only itself.
        possible: HashSet<String>,
        /// Whether it is an interface or union.
        is_abstract: bool,
    },
    /// An input object.
    Input {
        /// Its fields.
        fields: IndexMap<String, Input>,
        /// Whether exactly one of them is given.
        one_of: bool,
    },
}

/// A field of an object or interface.
pub struct Field {
    /// What it answers.
    pub ty: Reference,
    /// What it takes.
    pub args: IndexMap<String, Input>,
}

/// An argument or a field of an input object.
pub struct Input {
    /// What it takes.
    pub ty: Reference,
    /// Whether something stands for it when it is left out.
    pub has_default: bool,
}

impl Input {
    /// Whether it may not be left out.
    pub fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

impl Type {
    /// Whether something may be selected of it.
    pub fn is_composite(&self) -> bool {
        matches!(self.kind, Kind::Composite { .. })
    }

    /// Whether a client may give it.
    pub fn is_input(&self) -> bool {
        !self.is_composite()
    }

    /// Whether it is an object, and no interface or union.
    pub fn is_object(&self) -> bool {
        matches!(self.kind, Kind::Composite { is_abstract: false, .. })
    }

    /// Whether something can be both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Composite { possible: one, .. }, Kind::Composite { possible: two, .. }) => !one.is_disjoint(two),
            _ => false,
        }
    }
}

impl Types {
    /// The types of a schema with the roots `Query`, `Mutation` and `Subscription`.
    pub fn new(registry: &Registry) -> Self {
        let mut types = Self::from_sdl("");
        for (name, ty) in &registry.types {
            types.add(name, Kind::of(name, ty));
        }
        types.introspect();
        types
    }

    /// Adds the types and root fields of the specification.
    fn introspect(&mut self) {
        let mut own = Self::from_sdl(INTROSPECTION);
        let introspection = own.by_name.remove("Introspection").map(|introspection| introspection.kind);
        if let (Some(Kind::Composite { fields: more, .. }), Some(Kind::Composite { fields, .. })) =
            (introspection, self.by_name.get_mut("Query").map(|query| &mut query.kind))
        {
            fields.extend(more);
        }
        self.by_name.extend(own.by_name);
    }

    /// The types that a text in the schema language defines; none where it is no such text.
    pub fn from_sdl(sdl: &str) -> Self {
        let required = |name: &str| Reference { base: BaseType::Named(Name::new(name)), nullable: false };
        let condition = Input { ty: required("Boolean"), has_default: false };
        let mut types = Self {
            by_name: HashMap::new(),
            typename: Field { ty: required("String"), args: IndexMap::new() },
            condition: [("if".to_owned(), condition)].into_iter().collect(),
        };
        for scalar in BUILT_IN {
            types.add(scalar, Kind::Scalar);
        }
        let mut implementors: HashMap<String, HashSet<String>> = HashMap::new();
        for definition in parse_schema(sdl).map(|document| document.definitions).unwrap_or_default() {
            let TypeSystemDefinition::Type(defined) = definition else { continue };
            let name = defined.node.name.node.to_string();
            let kind = match defined.node.kind {
                TypeKind::Scalar => Kind::Scalar,
                TypeKind::Enum(ty) => {
                    Kind::Enum(ty.values.into_iter().map(|value| value.node.value.node.to_string()).collect())
                }
                TypeKind::Object(ty) => {
                    for interface in ty.implements {
                        implementors.entry(interface.node.to_string()).or_default().insert(name.clone());
                    }
                    Kind::composite(fields_of(ty.fields), [name.clone()].into(), false)
                }
                TypeKind::Interface(ty) => Kind::composite(fields_of(ty.fields), HashSet::new(), true),
                TypeKind::Union(ty) => {
                    let members = ty.members.into_iter().map(|member| member.node.to_string());
                    Kind::composite(IndexMap::new(), members.collect(), true)
                }
                TypeKind::InputObject(ty) => Kind::Input {
                    one_of: defined.node.directives.iter().any(|directive| directive.node.name.node == "oneOf"),
                    fields: inputs_of(ty.fields),
                },
            };
            types.add(&name, kind);
        }
        for (interface, names) in implementors {
            if let Some(Type { kind: Kind::Composite { possible, .. }, .. }) = types.by_name.get_mut(&interface) {
                *possible = names;
            }
        }
        types
    }

    fn add(&mut self, name: &str, kind: Kind) {
        self.by_name.insert(name.to_owned(), Type { name: name.to_owned(), kind });
    }

    /// The type of that name.
    pub fn named(&self, name: &str) -> Option<&Type> {
        self.by_name.get(name)
    }

    /// A field of a type.
    pub fn field<'t>(&'t self, of: &'t Type, name: &str) -> Option<&'t Field> {
        match &of.kind {
            Kind::Composite { .. } if name == "__typename" => Some(&self.typename),
            Kind::Composite { fields, .. } => fields.get(name),
            _ => None,
        }
    }

    /// The type that a reference means, whatever lists and non-nulls are around it.
    pub fn of(&self, reference: &Reference) -> Option<&Type> {
        self.named(name_of(reference))
    }

    /// The root of an operation.
    pub fn root(&self, operation: OperationType) -> Option<&Type> {
        self.named(match operation {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        })
    }

    /// The names of all types for which something holds.
    pub fn names(&self, keep: impl Fn(&Type) -> bool) -> impl Iterator<Item = &str> {
        self.by_name.values().filter(move |ty| keep(ty)).map(|ty| ty.name.as_str())
    }
}

/// The name in the middle of a reference.
pub fn name_of(reference: &Reference) -> &str {
    match &reference.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(item) => name_of(item),
    }
}

impl Kind {
    fn composite(fields: IndexMap<String, Field>, possible: HashSet<String>, is_abstract: bool) -> Self {
        Self::Composite { fields, possible, is_abstract }
    }

    fn of(name: &str, ty: &MetaType) -> Self {
        let fields = |fields: &IndexMap<String, MetaField>| {
            fields.iter().filter_map(|(name, field)| Some((name.clone(), Field::of(field)?))).collect()
        };
        match ty {
            MetaType::Scalar { .. } => Self::Scalar,
            MetaType::Enum { enum_values, .. } => Self::Enum(enum_values.keys().cloned().collect()),
            MetaType::Object { fields: all, .. } => Self::composite(fields(all), [name.to_owned()].into(), false),
            MetaType::Interface { fields: all, possible_types, .. } => {
                Self::composite(fields(all), possible_types.iter().cloned().collect(), true)
            }
            MetaType::Union { possible_types, .. } => {
                Self::composite(IndexMap::new(), possible_types.iter().cloned().collect(), true)
            }
            MetaType::InputObject { input_fields, oneof, .. } => {
                Self::Input { fields: inputs(input_fields), one_of: *oneof }
            }
        }
    }
}

impl Field {
    fn of(field: &MetaField) -> Option<Self> {
        Some(Self { ty: Reference::new(&field.ty)?, args: inputs(&field.args) })
    }
}

fn inputs(all: &IndexMap<String, MetaInputValue>) -> IndexMap<String, Input> {
    let input = |input: &MetaInputValue| {
        Some(Input { ty: Reference::new(&input.ty)?, has_default: input.default_value.is_some() })
    };
    all.iter().filter_map(|(name, given)| Some((name.clone(), input(given)?))).collect()
}

fn fields_of(fields: Vec<Positioned<FieldDefinition>>) -> IndexMap<String, Field> {
    let fields = fields.into_iter().map(|field| field.node);
    let field = |field: FieldDefinition| {
        (field.name.node.to_string(), Field { ty: field.ty.node, args: inputs_of(field.arguments) })
    };
    fields.map(field).collect()
}

fn inputs_of(inputs: Vec<Positioned<InputValueDefinition>>) -> IndexMap<String, Input> {
    let inputs = inputs.into_iter().map(|input| input.node);
    inputs
        .map(|input| {
            let Positioned { node: name, .. }: Positioned<Name> = input.name;
            (name.to_string(), Input { ty: input.ty.node, has_default: input.default_value.is_some() })
        })
        .collect()
}
