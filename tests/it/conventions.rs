//! What the schema promises throughout (Relay, nullability, one input a mutation, words), read off its text, so that a
//! declaration or a hand-written type that steps out of line is met here.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ConstDirective, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Positioned, Value};
use tributary::access::{Grant, policy};
use tributary::schema::{GRAPH, builder, sdl};

/// Every type by its name.
struct Schema(BTreeMap<String, TypeDefinition>);

impl Schema {
    fn read() -> Self {
        let definitions = parse_schema(sdl(&builder().finish())).expect("a schema").definitions;
        let types = definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some((definition.node.name.node.to_string(), definition.node)),
            _ => None,
        });
        Self(types.collect())
    }

    /// The fields of an object or interface.
    fn fields(&self, name: &str) -> Vec<&FieldDefinition> {
        match self.0.get(name).map(|definition| &definition.kind) {
            Some(TypeKind::Object(object)) => object.fields.iter().map(|field| &field.node).collect(),
            Some(TypeKind::Interface(interface)) => interface.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    /// The type of a field, as it is written.
    fn field(&self, name: &str, field: &str) -> String {
        let found = self.fields(name).into_iter().find(|known| known.name.node == field);
        found.map_or_else(|| format!("no {name}.{field}"), |field| field.ty.node.to_string())
    }

    /// The fields of an input.
    fn inputs(&self, name: &str) -> Vec<&InputValueDefinition> {
        match self.0.get(name).map(|definition| &definition.kind) {
            Some(TypeKind::InputObject(input)) => input.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    fn input(&self, name: &str, field: &str) -> Option<String> {
        let found = self.inputs(name).into_iter().find(|known| known.name.node == field);
        found.map(|field| field.ty.node.to_string())
    }

    /// Every field of every object and interface, with its holder.
    fn all_fields(&self) -> Vec<(&str, &FieldDefinition)> {
        self.0.keys().flat_map(|name| self.fields(name).into_iter().map(move |field| (name.as_str(), field))).collect()
    }

    /// Every argument and input field, with its coordinate.
    fn all_inputs(&self) -> Vec<(String, &InputValueDefinition)> {
        let arguments = self.all_fields().into_iter().flat_map(|(holder, field)| {
            let place = move |argument: &str| format!("{holder}.{}({argument}:)", field.name.node);
            field.arguments.iter().map(move |argument| (place(&argument.node.name.node), &argument.node))
        });
        let inputs = self.0.keys().flat_map(|name| {
            self.inputs(name).into_iter().map(move |field| (format!("{name}.{}", field.name.node), field))
        });
        arguments.chain(inputs).collect()
    }

    fn is_node(&self, name: &str) -> bool {
        match self.0.get(name).map(|definition| &definition.kind) {
            Some(TypeKind::Object(object)) => object.implements.iter().any(|one| one.node == "Node"),
            _ => name == "Node",
        }
    }
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} elements step out of line:\n{}", wrong.len(), wrong.join("\n"));
}

fn differs(what: impl Into<String>, is: &str, should: &str) -> Option<String> {
    (is != should).then(|| format!("{}: {is}, not {should}", what.into()))
}

#[test]
fn every_list_of_objects_is_a_relay_connection() {
    let schema = Schema::read();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for name in schema.0.keys().filter_map(|name| name.strip_suffix("Connection")) {
        seen += 1;
        let connection = format!("{name}Connection");
        for (field, ty) in [
            ("edges", format!("[{name}Edge!]!")),
            ("nodes", format!("[{name}!]!")),
            ("pageInfo", "PageInfo!".to_owned()),
            ("totalCount", "Int!".to_owned()),
            ("aggregate", format!("{name}Aggregate")),
            ("groupBy", format!("[{name}Group!]")),
        ] {
            wrong.extend(differs(format!("{connection}.{field}"), &schema.field(&connection, field), &ty));
        }
        let edge = format!("{name}Edge");
        wrong.extend(differs(format!("{edge}.node"), &schema.field(&edge, "node"), &format!("{name}!")));
        wrong.extend(differs(format!("{edge}.cursor"), &schema.field(&edge, "cursor"), "String!"));
        wrong.extend((!schema.is_node(name)).then(|| format!("{name} is no Node")));
    }
    for (holder, field) in schema.all_fields() {
        let (place, ty) = (format!("{holder}.{}", field.name.node), &field.ty.node);
        if let Some(name) = named(ty).strip_suffix("Connection") {
            let (filter, order) = (format!("{name}Filter"), format!("[{name}Order!]"));
            let arguments = [
                ("first", "Int"),
                ("after", "String"),
                ("last", "Int"),
                ("before", "String"),
                ("filter", filter.as_str()),
                ("orderBy", order.as_str()),
            ];
            for (argument, ty) in arguments {
                let is = field.arguments.iter().find(|known| known.node.name.node == argument);
                let is = is.map_or_else(|| "missing".to_owned(), |known| known.node.ty.node.to_string());
                wrong.extend(differs(format!("{place}({argument}:)"), &is, ty));
            }
        } else if is_list(ty) && schema.is_node(named(ty)) {
            let of_a_connection = holder.ends_with("Connection") || place == "Query.nodes";
            wrong.extend((!of_a_connection).then(|| format!("{place} is a plain list of rows")));
        }
    }
    assert!(seen >= GRAPH.all().count(), "every entity has a connection");
    none(&wrong);
}

#[test]
fn relay_finds_what_it_looks_for() {
    let schema = Schema::read();
    for (holder, field, ty) in [
        ("PageInfo", "hasNextPage", "Boolean!"),
        ("PageInfo", "hasPreviousPage", "Boolean!"),
        ("PageInfo", "startCursor", "String"),
        ("PageInfo", "endCursor", "String"),
        ("Node", "id", "ID!"),
        ("Query", "node", "Node"),
        ("Query", "nodes", "[Node]!"),
    ] {
        assert_eq!(schema.field(holder, field), ty, "{holder}.{field}");
    }
    assert_eq!(schema.fields("Node").len(), 1);
    for (field, argument, ty) in [("node", "id", "ID!"), ("nodes", "ids", "[ID!]!")] {
        let field = schema.fields("Query").into_iter().find(|known| known.name.node == field).expect("a field");
        let arguments: Vec<_> = field.arguments.iter().map(|argument| &argument.node).collect();
        assert_eq!((arguments[0].name.node.as_str(), arguments[0].ty.node.to_string().as_str()), (argument, ty));
        assert_eq!(arguments.len(), 1);
    }
    let entities: Vec<_> = GRAPH.all().map(|of| of.name).collect();
    assert!(entities.iter().all(|name| schema.is_node(name)));
    none(
        &schema
            .0
            .keys()
            .filter(|name| schema.is_node(name))
            .filter_map(|name| differs(name, &schema.field(name, "id"), "ID!"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_mutation_takes_one_input_and_answers_a_payload() {
    let schema = Schema::read();
    let mut wrong = Vec::new();
    for field in schema.fields("Mutation") {
        let name = field.name.node.as_str();
        let arguments: Vec<_> = field.arguments.iter().map(|argument| &argument.node).collect();
        let [input] = arguments.as_slice() else {
            wrong.push(format!("{name} takes {} arguments", arguments.len()));
            continue;
        };
        let type_name = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        wrong.extend(differs(
            format!("{name}({}:)", input.name.node),
            &input.ty.node.to_string(),
            &format!("{type_name}!"),
        ));
        wrong.extend((input.name.node != "input").then(|| format!("{name} takes {}", input.name.node)));
        let payload = field.ty.node.to_string();
        wrong.extend((!payload.ends_with("Payload")).then(|| format!("{name} answers {payload}")));
        wrong.extend(differs(format!("{payload}.userErrors"), &schema.field(&payload, "userErrors"), "[UserError!]!"));
        for changed in schema.fields(&payload).into_iter().filter(|field| schema.is_node(named(&field.ty.node))) {
            wrong.extend((!changed.ty.node.nullable).then(|| format!("{payload}.{} is never null", changed.name.node)));
        }
    }
    none(&wrong);
}

/// Mutations of sessions: they change no row of the graph, and a stored answer would hold a token.
const SESSIONS: [&str; 3] = ["signIn", "refreshSession", "signOut"];
/// Verbs that begin something or take many: there is no version to compare.
const BEGINNINGS: [&str; 7] = ["create", "upsert", "capture", "record", "log", "plan", "add"];

#[test]
fn every_change_names_its_version_and_every_mutation_can_be_retried() {
    let schema = Schema::read();
    let mut wrong = Vec::new();
    for field in schema.fields("Mutation").into_iter().filter(|field| !SESSIONS.contains(&field.name.node.as_str())) {
        let name = field.name.node.as_str();
        let input = named(&field.arguments[0].node.ty.node);
        let key = schema.input(input, "idempotencyKey").unwrap_or_default();
        wrong.extend(differs(format!("{input}.idempotencyKey"), &key, "String"));
        let of_many = schema.input(input, "items").is_some();
        if of_many || BEGINNINGS.iter().any(|verb| name.starts_with(verb)) {
            continue;
        }
        let version = schema.input(input, "expectedVersion").unwrap_or_default();
        wrong.extend(differs(format!("{input}.expectedVersion"), &version, "Int!"));
    }
    for of in GRAPH.all().filter(|of| of.writes.as_ref().is_some_and(|writes| writes.update)) {
        wrong.extend(differs(format!("{}.version", of.name), &schema.field(of.name, "version"), "Int!"));
    }
    none(&wrong);
}

#[test]
fn whatever_a_policy_may_hide_is_nullable_and_lists_hold_no_nulls() {
    let schema = Schema::read();
    let mut wrong = Vec::new();
    for (holder, field) in schema.all_fields() {
        let (place, ty) = (format!("{holder}.{}", field.name.node), &field.ty.node);
        let root = holder == "Query" || holder == "Mutation";
        let hides = root || schema.is_node(named(ty)) && !is_list(ty);
        // Edges and changes stand only where what they are about may be seen.
        let stands = holder.ends_with("Edge") || place == "Change.event";
        if hides && !ty.nullable && place != "Query.nodes" && !stands {
            wrong.push(format!("{place}: {ty} is never null"));
        }
        if let BaseType::List(item) = &ty.base {
            wrong.extend((item.nullable && place != "Query.nodes").then(|| format!("{place}: {ty} holds nulls")));
        }
    }
    for (kind, field, _) in policy::restricted_fields() {
        let (holder, ty) = (GRAPH.of(kind).name, schema.field(GRAPH.of(kind).name, field));
        wrong.extend(ty.ends_with('!').then(|| format!("{holder}.{field}: {ty}, but not everyone may read it")));
    }
    none(&wrong);
}

#[test]
fn names_follow_the_customs() {
    let schema = Schema::read();
    let mut wrong = Vec::new();
    let shouted =
        |name: &str| name.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
    let plain = |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric());
    let camel = |name: &str| plain(name) && name.starts_with(|first: char| first.is_ascii_lowercase());
    let pascal = |name: &str| plain(name) && name.starts_with(|first: char| first.is_ascii_uppercase());
    for (name, definition) in &schema.0 {
        wrong.extend((!pascal(name)).then(|| format!("type {name}")));
        match &definition.kind {
            TypeKind::Enum(choice) => {
                let values = choice.values.iter().map(|value| value.node.value.node.as_str());
                wrong.extend(values.filter(|value| !shouted(value)).map(|value| format!("{name}.{value}")));
            }
            TypeKind::InputObject(_) => {
                let ending = ["Input", "Filter", "Order", "GroupBy", "Figure", "Having", "Window"]
                    .iter()
                    .any(|ending| name.ends_with(ending));
                wrong.extend((!ending).then(|| format!("input {name}")));
            }
            _ => {}
        }
    }
    for (holder, field) in schema.all_fields() {
        wrong.extend((!camel(&field.name.node)).then(|| format!("{holder}.{}", field.name.node)));
    }
    for (place, input) in schema.all_inputs() {
        let (name, ty) = (input.name.node.as_str(), named(&input.ty.node));
        wrong.extend((!camel(name)).then(|| place.clone()));
        // An id of another system is a text of its own; everything else called an id is one.
        let an_id = name == "id" || name == "ids" || name.ends_with("Id") || name.ends_with("Ids");
        let tests = ty.ends_with("Filter");
        let test_of_ids =
            place.starts_with("IDFilter.") || (place.contains("Filter.") && ["cell", "within"].contains(&name));
        if name != "externalId" && !tests && !test_of_ids && an_id != (ty == "ID") {
            wrong.push(format!("{place}: {ty}"));
        }
    }
    none(&wrong);
}

#[test]
fn everything_is_described_in_sentences() {
    let schema = Schema::read();
    let mut wrong = Vec::new();
    let mut see = |place: String, description: Option<&Positioned<String>>| {
        let text = description.map_or("", |description| description.node.trim());
        if text.is_empty() {
            wrong.push(format!("{place} says nothing"));
        } else if !text.ends_with(['.', ')', '`']) {
            wrong.push(format!("{place} ends in the middle: {text}"));
        } else if ["a A", "a E", "a I", "a O"]
            .iter()
            .any(|wrong| format!(" {}", text.to_owned()).contains(&format!(" {wrong}")))
        {
            wrong.push(format!("{place} has the wrong article: {text}"));
        }
    };
    for (name, definition) in &schema.0 {
        see(name.clone(), definition.description.as_ref());
        if let TypeKind::Enum(choice) = &definition.kind {
            for value in &choice.values {
                see(format!("{name}.{}", value.node.value.node), value.node.description.as_ref());
            }
        }
    }
    for (holder, field) in schema.all_fields() {
        see(format!("{holder}.{}", field.name.node), field.description.as_ref());
    }
    for (place, input) in schema.all_inputs() {
        see(place, input.description.as_ref());
    }
    none(&wrong);
}

#[test]
fn restricted_fields_say_who_reads_them() {
    let schema = Schema::read();
    for (kind, field, grants) in policy::restricted_fields() {
        let holder = GRAPH.of(kind).name;
        let found = schema.fields(holder).into_iter().find(|known| known.name.node == field).expect("a field");
        let text = found.description.as_ref().map_or("", |text| text.node.as_str()).replace('\n', " ");
        let (_, readers) = text.split_once("Read by: ").unwrap_or_else(|| panic!("{holder}.{field}: {text}"));
        let readers: Vec<_> = readers.trim_end_matches('.').split(", ").collect();
        for (role, grant) in policy::ROLES.iter().zip(grants) {
            let named = readers.iter().find(|reader| reader.split(' ').next() == Some(role.as_str()));
            let expected = match grant {
                Grant::No => None,
                Grant::Yes => Some(role.as_str().to_owned()),
                Grant::Rows(_) => Some(format!("{} (on some rows)", role.as_str())),
                Grant::Sums => Some(format!("{} (in sums only)", role.as_str())),
            };
            assert_eq!(named.map(|named| (*named).to_owned()), expected, "{holder}.{field}: {text}");
        }
    }
}

/// A number says what it counts or in which unit it is.
#[test]
fn numbers_state_their_unit() {
    let units = [
        "percent",
        "basis points",
        "days",
        "seconds",
        "how many",
        "how often",
        "in how many",
        "1 to 5",
        "0 to 100",
        "from 0",
        "from 1",
        "currency",
        "counts",
        "number",
        "so many",
        "one unit",
        "points",
    ];
    let schema = Schema::read();
    let wrong = schema.all_fields().into_iter().filter_map(|(holder, field)| {
        let counted =
            ["Sum", "Avg", "Min", "Max", "Quantile", "GroupKey"].iter().any(|ending| holder.ends_with(ending));
        let number = ["Int", "Float", "Decimal"].contains(&named(&field.ty.node)) && !counted;
        let text = field.description.as_ref().map_or(String::new(), |text| text.node.to_lowercase());
        (number && !units.iter().any(|unit| text.contains(unit)))
            .then(|| format!("{holder}.{}: {text}", field.name.node))
    });
    none(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_mutation_says_once_who_may_use_it() {
    let schema = Schema::read();
    let open = ["signIn", "refreshSession", "signOut"];
    let text = |field: &FieldDefinition| field.description.as_ref().map_or(String::new(), |text| text.node.clone());
    let wrong = schema.fields("Mutation").into_iter().filter_map(|field| {
        let (name, times) = (field.name.node.as_str(), text(field).matches("Roles: ").count());
        // Whoever says it by hand says it twice, and one of them is compared with nothing.
        let by_hand = text(field).contains("Role: ");
        (by_hand || times != usize::from(!open.contains(&name))).then(|| format!("{name}: {}", text(field)))
    });
    none(&wrong.collect::<Vec<_>>());
}

fn directive<'a>(directives: &'a [Positioned<ConstDirective>], name: &str) -> Option<&'a ConstDirective> {
    directives.iter().map(|directive| &directive.node).find(|directive| directive.name.node == name)
}

#[test]
fn every_scalar_names_its_specification() {
    let schema = Schema::read();
    let own = schema.0.iter().filter(|(_, definition)| matches!(definition.kind, TypeKind::Scalar));
    let mut seen = 0;
    for (name, definition) in own {
        seen += 1;
        let url = directive(&definition.directives, "specifiedBy").and_then(|directive| directive.get_argument("url"));
        let url = url.unwrap_or_else(|| panic!("{name} has no @specifiedBy"));
        assert!(matches!(&url.node, Value::String(url) if url.starts_with("https://")), "{name}: {}", url.node);
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn what_is_deprecated_names_its_successor() {
    let schema = Schema::read();
    let fields = schema
        .all_fields()
        .into_iter()
        .map(|(holder, field)| (format!("{holder}.{}", field.name.node), &field.directives));
    let inputs = schema.all_inputs().into_iter().map(|(place, input)| (place, &input.directives));
    let wrong = fields.chain(inputs).filter_map(|(place, directives)| {
        let deprecated = directive(directives, "deprecated")?;
        let reason = deprecated.get_argument("reason").map_or(String::new(), |reason| reason.node.to_string());
        (!reason.contains("Use `")).then(|| format!("{place}: {reason}"))
    });
    none(&wrong.collect::<Vec<_>>());
}

#[test]
fn a_choice_of_exactly_one_is_one_of() {
    let schema = Schema::read();
    let one_of = |definition: &TypeDefinition| directive(&definition.directives, "oneOf").is_some();
    let names: Vec<_> = schema.0.iter().filter(|(_, definition)| one_of(definition)).map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| *name == "TimeSpanInput" || name.ends_with("Figure")), "{names:?}");
    for name in names {
        assert!(schema.inputs(name).iter().all(|field| field.ty.node.nullable && field.default_value.is_none()));
    }
}
