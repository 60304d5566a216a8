//! Puts the declarations into the schema: for every entity its object, connection, filter, order, aggregates and
//! inputs. No entity has code of its own here.

use std::sync::Arc;

use async_graphql::indexmap::{IndexMap, IndexSet};
use async_graphql::registry::{
    EnumBuilder, InputObjectBuilder, MetaEnumValue, MetaField, MetaInputValue, MetaType, ObjectBuilder, Registry,
};

use super::figures;
use super::filter::{DEFAULT_PAGE, NESTED_PAGE, ROOT_PAGE, shout};
use super::value::{money_type, scalar_of, type_name};
use crate::access::{Action, Grant, policy};
use crate::store::descriptor::{
    Arg, Descriptor, Field, Graph, Input, Key, Link, OutObject, OutType, Shape, Text, choice,
};
use crate::store::words::roles;

/// Everything the declarations say.
pub fn register(registry: &mut Registry, graph: &'static Graph) {
    scalars(registry);
    shared_inputs(registry);
    out_type(registry, graph, &money_type(true));
    page_info(registry);
    node_interface(registry, graph);
    let action = choice::<Action>();
    (action.register)(registry);
    figures::shared(registry, graph);
    for of in graph.all() {
        entity(registry, graph, of);
    }
    for report in &graph.reports {
        out_type(registry, graph, &report.out);
    }
}

/// The root fields of an entity: one row, the list.
pub fn root_fields(graph: &'static Graph) -> IndexMap<String, MetaField> {
    let mut fields = IndexMap::new();
    let id = |doc: &str| argument("id", "ID!", doc, None);
    let mut node =
        described(MetaField::new("node", "Node"), "The object with this global id; null if it is missing or hidden.");
    add_args(&mut node, vec![id("A global id.")]);
    let mut nodes = described(
        MetaField::new("nodes", "[Node]!"),
        "The objects with these global ids, in their order; null in the place of each that is missing or hidden. At most 100.",
    );
    add_args(&mut nodes, vec![argument("ids", "[ID!]!", "Global ids.", None)]);
    fields.insert("node".to_owned(), node);
    fields.insert("nodes".to_owned(), nodes);
    for of in graph.all() {
        let doc = format!("The {} with this id; null if it is missing or hidden.", of.name);
        let mut one = described(MetaField::new(&of.single, of.name), &doc);
        add_args(&mut one, vec![id(&format!("The id of {}.", a(of.name)))]);
        fields.insert(of.single.clone(), one);
        let doc = format!("The {} that the viewer may see. {}", words(of.plural), of.doc);
        fields.insert(of.plural.to_owned(), connection_field(of.plural, of, &doc, ROOT_PAGE));
    }
    for report in &graph.reports {
        let mut field = described(MetaField::new(report.name, out_name(graph, &report.out)), report.doc);
        add_args(&mut field, report.args.iter().map(declared_argument).collect());
        fields.insert(report.name.to_owned(), field);
    }
    fields
}

/// The subscription root: what has changed.
pub fn subscription_fields(registry: &mut Registry) -> IndexMap<String, MetaField> {
    let mut fields = IndexMap::new();
    let cursor = "Where the event stands in the log: give it to `after` of `changed`, or of `events` in the order of SEQ \
                  ascending.";
    let node =
        "The changed object as the viewer may see it now, for a store to take over; null if it is hidden or deleted.";
    insert(&mut fields, described(MetaField::new("cursor", "String!"), cursor));
    insert(&mut fields, described(MetaField::new("event", "Event!"), "What the log says of the change."));
    insert(&mut fields, described(MetaField::new("node", "Node"), node));
    insert_object(registry, "Change", "A change of one object, as it is told to those who follow.", fields);
    let doc = "Every change that the viewer may see, one by one in the order of the commits, within moments of it and on \
               whichever replica it was made. Rights are those of the moment in which a change is told: what the viewer \
               may not see is left out, and the stream ends with UNAUTHENTICATED when the session does. For everyone \
               who is signed in.";
    let mut changed = described(MetaField::new("changed", "Change!"), doc);
    add_args(
        &mut changed,
        vec![
            argument("types", "[ObjectKind!]", "Only changes of objects of these kinds.", None),
            argument("ids", "[ID!]", "Only changes of these objects, at most 100.", None),
            argument("filter", "EventFilter", "Only events that match.", None),
            argument(
                "after",
                "String",
                "Resume after this event: the `cursor` of the last change seen, or a cursor of `events` in an order \
                by \
                 SEQ alone. What happened since is told first, then what happens. Left out: what happens from now on.",
                None,
            ),
        ],
    );
    IndexMap::from([("changed".to_owned(), changed)])
}

/// The plain mutations of every entity.
pub fn mutation_fields(registry: &mut Registry, graph: &'static Graph) -> IndexMap<String, MetaField> {
    let mut fields = IndexMap::new();
    for of in graph.all() {
        for (verb, input) in plain_inputs(graph, of) {
            let name = format!("{verb}{}", of.name);
            let type_name = format!("{}{}Input", capital(verb), of.name);
            let doc = match verb {
                "create" => format!("Creates {}. {}", a(of.name), roles(of, Action::Create)),
                "update" => format!(
                    "Changes plain fields of {}: what is left out stays, null empties. {}",
                    a(of.name),
                    roles(of, Action::Update)
                ),
                "upsert" => format!(
                    "Creates {}, or changes the one that `sourceSystem` knows by `externalId`: what is left out stays, null \
                     empties; what only a new row takes ({}) is left as it is. {}",
                    a(of.name),
                    made_once(of).join(", "),
                    roles(of, Action::Create)
                ),
                "assign" => format!("Gives {} to another owner or team. {}", a(of.name), roles(of, Action::Assign)),
                _ => {
                    format!("Deletes {}; it stays in history. {}", a(of.name), roles(of, Action::Delete))
                }
            };
            insert_input(registry, &type_name, &format!("The input of {name}."), input);
            fields.insert(name.clone(), mutation(&name, &type_name, &format!("{}Payload", of.name), &doc));
            let many = format!("{verb}{}", capital(of.plural));
            let many_type = format!("{}{}Input", capital(verb), capital(of.plural));
            insert_input(registry, &many_type, &format!("The input of {many}."), many_input(&type_name));
            let doc = format!(
                "{name} for up to 1,000 items, each in a transaction of its own: one that is refused does not undo \
                the others, unless `atomic` asks for all or nothing. A refusal is reported in the `userErrors` \
                 of its result, with the code it would have as an error. Roles: as {name}."
            );
            let payload = format!("{}Payload", capital(of.plural));
            fields.insert(many.clone(), mutation(&many, &many_type, &payload, &doc));
        }
    }
    fields
}

fn mutation(name: &str, input: &str, payload: &str, doc: &str) -> MetaField {
    let mut field = described(MetaField::new(name, payload.to_owned()), doc);
    add_args(&mut field, vec![argument("input", &format!("{input}!"), "What to do.", None)]);
    field
}

/// The input of a mutation of many: as the verbs have it.
fn many_input(item: &str) -> Vec<MetaInputValue> {
    let items = format!("[{item}!]!");
    vec![
        argument("items", &items, "At most 1,000; they are done in this order.", None),
        argument(
            "atomic",
            "Boolean!",
            "All or nothing. Otherwise each item is done on its own, whatever happens to the others.",
            Some("false"),
        ),
        argument(
            "idempotencyKey",
            "String",
            "Makes a retry safe for 24 hours, item by item: what was done is answered as before, the rest is tried \
            again. \
             Overrides the header `Idempotency-Key`; an item's own key overrides both.",
            None,
        ),
    ]
}

/// The plain mutations of an entity and their inputs.
fn plain_inputs(graph: &'static Graph, of: &'static Descriptor) -> Vec<(&'static str, Vec<MetaInputValue>)> {
    of.plain().map(|(verb, _)| (verb, plain_input(graph, of, verb))).collect()
}

fn plain_input(graph: &'static Graph, of: &Descriptor, verb: &str) -> Vec<MetaInputValue> {
    let mut values = Vec::new();
    if verb != "create" && verb != "upsert" {
        values.push(argument("id", "ID!", &format!("The {} to change.", of.name), None));
        values.push(argument(
            "expectedVersion",
            "Int!",
            "The `version` the change is based on; a stale one is CONFLICT.",
            None,
        ));
    }
    let takes = |input: Input| match verb {
        "create" => input.create,
        "update" => input.update,
        "upsert" => input.create || input.update,
        _ => false,
    };
    let required = |input: Input| if verb == "create" && input.required { "!" } else { "" };
    for field in of.fields.iter().filter(|field| takes(field.input)) {
        let ty = if matches!(field.shape, Shape::Money) { "MoneyInput".to_owned() } else { type_name(field.shape) };
        let named = verb == "upsert" && EXTERNAL.contains(&field.name.as_str());
        let bang = if named { "!" } else { required(field.input) };
        values.push(argument(&field.name, &format!("{ty}{bang}"), field.doc, None));
    }
    for link in of.links.iter().filter(|link| takes(link.input) || (verb == "assign" && is_owner(link))) {
        let doc = format!("The id of {}. {}", a(graph.of(link.to).name), link.doc);
        values.push(argument(&format!("{}Id", link.name), &format!("ID{}", required(link.input)), &doc, None));
    }
    if verb == "update" || verb == "upsert" || verb == "assign" {
        values.push(argument("reason", "String", "Why; kept in the event log. Some fields require it.", None));
    }
    values.push(argument(
        "idempotencyKey",
        "String",
        "Makes a retry safe for 24 hours; overrides the header `Idempotency-Key`.",
        None,
    ));
    values
}

/// What a row of another system is known by.
const EXTERNAL: [&str; 2] = ["sourceSystem", "externalId"];

/// What only a new row takes, apart from what it is known by.
fn made_once(of: &Descriptor) -> Vec<String> {
    let fields = of.fields.iter().map(|field| (field.name.clone(), field.input));
    let links = of.links.iter().map(|link| (format!("{}Id", link.name), link.input));
    let once =
        fields.chain(links).filter(|(name, input)| input.create && !input.update && !EXTERNAL.contains(&name.as_str()));
    once.map(|(name, _)| format!("`{name}`")).collect()
}

/// `assign…` gives these.
pub fn is_owner(link: &Link) -> bool {
    matches!(link.key, Key::One("owner_id" | "team_id"))
}

fn entity(registry: &mut Registry, graph: &'static Graph, of: &'static Descriptor) {
    let mut fields = IndexMap::new();
    for field in &of.fields {
        if let Shape::Choice(choice) = field.shape {
            (choice.register)(registry);
        }
        insert(
            &mut fields,
            described(MetaField::new(&field.name, field_type(of, field)), &field_doc(of, &field.name, field.doc)),
        );
    }
    for link in &of.links {
        let target = graph.of(link.to);
        let doc = field_doc(of, &link.name, link.doc);
        insert(
            &mut fields,
            match link.key {
                Key::One(_) => described(MetaField::new(&link.name, target.name), &doc),
                Key::Many(_) => connection_field(&link.name, target, &doc, NESTED_PAGE),
            },
        );
    }
    for derived in &of.derived {
        out_type(registry, graph, &derived.out);
        let mut field = described(MetaField::new(derived.name, out_name(graph, &derived.out)), derived.doc);
        add_args(&mut field, derived.args.iter().map(declared_argument).collect());
        insert(&mut fields, field);
    }
    super::permit::register(registry);
    insert(&mut fields, described(MetaField::new("allowed", "[Action!]!"), super::permit::ALLOWED_DOC));
    let blocked = format!("[{}!]!", super::permit::BLOCKED);
    insert(&mut fields, described(MetaField::new("blocked", blocked), super::permit::BLOCKED_DOC));
    insert_object(registry, of.name, of.doc, fields);
    registry.add_implements(of.name, "Node");
    connection_types(registry, graph, of);
    filter_types(registry, graph, of);
    order_types(registry, of);
}

fn connection_types(registry: &mut Registry, graph: &'static Graph, of: &'static Descriptor) {
    let figures = figures::register(registry, graph, of);
    let mut fields = IndexMap::new();
    let edges = format!("[{}Edge!]!", of.name);
    insert(&mut fields, described(MetaField::new("edges", edges), "The rows of the page with their cursors."));
    insert(&mut fields, described(MetaField::new("nodes", format!("[{}!]!", of.name)), "The rows of the page."));
    insert(&mut fields, described(MetaField::new("pageInfo", "PageInfo!"), "Where the page lies in the list."));
    insert(
        &mut fields,
        described(
            MetaField::new("totalCount", "Int!"),
            "How many rows the whole list has; counted only when asked for.",
        ),
    );
    figures.into_iter().for_each(|field| insert(&mut fields, field));
    insert_object(registry, &format!("{}Connection", of.name), &format!("A list of {}.", words(of.plural)), fields);
    let mut fields = IndexMap::new();
    insert(
        &mut fields,
        described(MetaField::new("cursor", "String!"), "The place of the row in this order of the list."),
    );
    insert(&mut fields, described(MetaField::new("node", format!("{}!", of.name)), "The row."));
    insert_object(
        registry,
        &format!("{}Edge", of.name),
        &capital(&format!("{} at its place in a list.", a(of.name))),
        fields,
    );
}

fn filter_types(registry: &mut Registry, graph: &'static Graph, of: &'static Descriptor) {
    let name = format!("{}Filter", of.name);
    let list = format!("[{name}!]");
    let mut values = vec![
        argument("and", &list, "All of these hold.", None),
        argument("or", &list, "At least one of these holds.", None),
        argument("not", &name, "This does not hold.", None),
        argument(
            "isNull",
            "Boolean",
            "Where this filters a reference: true if it is empty, or points at what the viewer may not see. A row of a list \
             is always there.",
            None,
        ),
    ];
    let doc = "The rows that a figure is about: its `cell`.";
    values.push(argument("cell", "ID", doc, None));
    if of.has_viewer {
        values.push(argument("me", "Boolean", "True: the viewer. False: anybody else.", None));
    }
    if super::filter::parent_of(of).is_some() {
        let doc = format!("This {}, or one below it at any depth, as far as the viewer may see them.", of.name);
        values.push(argument("within", "ID", &doc, None));
    }
    for field in of.fields.iter().chain(&of.findable) {
        if let Shape::Choice(choice) = field.shape {
            choice_filter(registry, &(choice.name)());
        }
        let doc = format!("By {}. {}", field.name, field.doc);
        values.push(argument(&field.name, &filter_of(field.shape), &field_doc(of, &field.name, &doc), None));
    }
    for link in &of.links {
        let target = graph.of(link.to);
        values.push(match link.key {
            Key::One(_) => {
                let doc = format!(
                    "The {} matches this; `{{}}` only asks that there is one the viewer may see, null that \
                    there is none.",
                    link.name
                );
                argument(&link.name, &format!("{}Filter", target.name), &doc, None)
            }
            Key::Many(_) => {
                let doc =
                    format!("How many of the {} that the viewer may see must match; null: there are none.", link.name);
                argument(&link.name, &format!("{}ListFilter", target.name), &doc, None)
            }
        });
    }
    insert_input(registry, &name, &format!("Which {} to take; all conditions must hold.", words(of.plural)), values);
    let quantified = [
        ("some", "At least one matches."),
        ("none", "None matches."),
        ("every", "Every one matches; so does an empty list."),
    ];
    let values = quantified.iter().map(|(quantifier, doc)| argument(quantifier, &name, doc, None)).collect();
    insert_input(
        registry,
        &format!("{}ListFilter", of.name),
        &format!("How many {} of a list must match.", words(of.plural)),
        values,
    );
}

fn order_types(registry: &mut Registry, of: &'static Descriptor) {
    let names = of.fields.iter().filter(|field| field.sortable).map(|field| (shout(&field.name), field.doc));
    let fields = format!("{}OrderField", of.name);
    let has_money = of.fields.iter().any(|field| matches!(field.shape, Shape::Money));
    let amounts =
        if has_money { " An amount is ordered by its currency (ISO code) first, then by itself." } else { "" };
    insert_enum(
        registry,
        &fields,
        &format!("What {} can be ordered by; empty values come last.{amounts}", words(of.plural)),
        names.collect(),
    );
    insert_input(
        registry,
        &format!("{}Order", of.name),
        &format!("One key of an order of {}.", words(of.plural)),
        vec![
            argument("field", &format!("{fields}!"), "The field.", None),
            argument("direction", "OrderDirection", "Whether small or large values come first.", Some("ASC")),
        ],
    );
}

fn filter_of(shape: Shape) -> String {
    match shape {
        Shape::Id | Shape::AnyId => "IDFilter".into(),
        Shape::Text(_) => "StringFilter".into(),
        Shape::Int => "IntFilter".into(),
        Shape::Long => "LongFilter".into(),
        Shape::Boolean => "BooleanFilter".into(),
        Shape::DateTime => "DateTimeFilter".into(),
        Shape::Date => "DateFilter".into(),
        Shape::Decimal(_) => "DecimalFilter".into(),
        Shape::Money => "MoneyFilter".into(),
        Shape::Choice(choice) => format!("{}Filter", choice_filter_name(&(choice.name)())),
        Shape::TextList => "StringListFilter".into(),
    }
}

/// An enum may bear the name of an entity's filter; its own is told apart.
pub fn choice_filter_name(choice: &str) -> String {
    format!("{choice}Choice")
}

fn choice_filter(registry: &mut Registry, choice: &str) {
    let name = format!("{}Filter", choice_filter_name(choice));
    insert_input(registry, &name, &format!("Conditions on {}; all of them must hold.", a(choice)), equality(choice));
}

fn equality(ty: &str) -> Vec<MetaInputValue> {
    vec![
        argument("eq", ty, "Equal; null: empty.", None),
        argument("ne", ty, "Not equal; null: not empty. An empty field is not equal to anything.", None),
        argument("in", &format!("[{ty}!]"), "One of these (at most 1,000).", None),
        argument("notIn", &format!("[{ty}!]"), "None of these (at most 1,000).", None),
        argument("isNull", "Boolean", "Empty, or not.", None),
    ]
}

fn ordering(ty: &str) -> Vec<MetaInputValue> {
    vec![
        argument("lt", ty, "Less than.", None),
        argument("lte", ty, "Less than or equal.", None),
        argument("gt", ty, "Greater than.", None),
        argument("gte", ty, "Greater than or equal.", None),
    ]
}

fn shared_inputs(registry: &mut Registry) {
    let both = |ty: &str| [equality(ty), ordering(ty)].concat();
    let span = |doc_last: &str, doc_next: &str| {
        vec![argument("last", "TimeSpanInput", doc_last, None), argument("next", "TimeSpanInput", doc_next, None)]
    };
    let doc = |what: &str| format!("Conditions on {what}; all of them must hold.");
    let text = vec![
        argument(
            "contains",
            "String",
            "Contains this. In names and texts neither the case of letters nor their accents count, elsewhere not the case of ASCII letters.",
            None,
        ),
        argument(
            "startsWith",
            "String",
            "Starts with this. In names and texts neither the case of letters nor their accents count, elsewhere not the case of ASCII letters.",
            None,
        ),
    ];
    insert_input(registry, "IDFilter", &doc("an id"), equality("ID"));
    insert_input(
        registry,
        "StringFilter",
        &doc("a text, less and greater in the order in which lists are sorted by it"),
        [both("String"), text].concat(),
    );
    insert_input(registry, "IntFilter", &doc("a whole number"), both("Int"));
    insert_input(registry, "LongFilter", &doc("a whole number of 64 bits"), both("Long"));
    insert_input(registry, "BooleanFilter", &doc("a yes or no"), equality("Boolean"));
    insert_input(registry, "DecimalFilter", &doc("a decimal"), both("Decimal"));
    insert_input(
        registry,
        "StringListFilter",
        &doc("a list of texts"),
        vec![argument("isNull", "Boolean", "Empty, or not.", None)],
    );
    let (last, next) = (
        "Within this span before now; spans of a day or more follow the calendar in the company's time zone.",
        "Within this span after now; spans of a day or more follow the calendar in the company's time zone.",
    );
    let periods = periods();
    let moments = [both("DateTime"), span(last, next), periods.clone()].concat();
    insert_input(registry, "DateTimeFilter", &doc("a moment"), moments);
    insert_input(registry, "DateFilter", &doc("a day"), [both("Date"), span(last, next), periods].concat());
    let currency = argument(
        "currency",
        "CurrencyCode",
        "The currency that amounts are compared in; required with any comparison.",
        None,
    );
    insert_input(
        registry,
        "MoneyFilter",
        &doc("an amount in one currency"),
        [vec![currency], both("Decimal")].concat(),
    );
    let units = ["minutes", "hours", "days", "weeks", "months", "years"];
    let units = units.iter().map(|unit| argument(unit, "Int", &format!("So many {unit}."), None)).collect();
    insert_one_of(registry, "TimeSpanInput", "A length of time in one unit.", units);
    insert_input(
        registry,
        "MoneyInput",
        "An amount of money in one currency.",
        vec![
            argument("amount", "Decimal!", "The amount in units of the currency, as a decimal string.", None),
            argument("currency", "CurrencyCode!", "ISO 4217 code.", None),
        ],
    );
    insert_enum(
        registry,
        "OrderDirection",
        "Whether small or large values come first.",
        vec![
            ("ASC".into(), "The smallest first; empty values last."),
            ("DESC".into(), "The largest first; empty values last."),
        ],
    );
}

fn periods() -> Vec<MetaInputValue> {
    let names = [
        ("today", "day"),
        ("thisWeek", "week, from Monday,"),
        ("thisMonth", "month"),
        ("thisQuarter", "quarter"),
        ("thisYear", "year"),
        ("thisFiscalQuarter", "quarter of the fiscal year"),
        ("thisFiscalYear", "fiscal year"),
    ];
    let doc =
        |what| format!("True: within the current {what} in the company's time zone. False: outside of it, or empty.");
    names.iter().map(|(name, what)| argument(name, "Boolean", &doc(*what), None)).collect()
}

fn page_info(registry: &mut Registry) {
    let mut fields = IndexMap::new();
    insert(&mut fields, described(MetaField::new("hasNextPage", "Boolean!"), "There are rows after this page."));
    insert(&mut fields, described(MetaField::new("hasPreviousPage", "Boolean!"), "There are rows before this page."));
    insert(
        &mut fields,
        described(MetaField::new("startCursor", "String"), "The first row's place; null on an empty page."),
    );
    insert(
        &mut fields,
        described(MetaField::new("endCursor", "String"), "The last row's place; null on an empty page."),
    );
    insert_object(registry, "PageInfo", "Where a page lies in its list (Relay cursor connections).", fields);
}

fn node_interface(registry: &mut Registry, graph: &'static Graph) {
    let mut fields = IndexMap::new();
    insert(&mut fields, described(MetaField::new("id", "ID!"), "Opaque global id; give it to `node`."));
    let possible: IndexSet<String> = graph.all().map(|of| of.name.to_owned()).collect();
    registry.types.insert(
        "Node".into(),
        MetaType::Interface {
            name: "Node".into(),
            description: Some("An object with a global id (Relay object identification).".into()),
            fields,
            possible_types: possible,
            extends: false,
            inaccessible: false,
            tags: Vec::new(),
            keys: None,
            visible: None,
            rust_typename: None,
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        },
    );
}

/// Registers the objects and enums of a computed answer.
pub(super) fn out_type(registry: &mut Registry, graph: &'static Graph, ty: &OutType) {
    match ty {
        OutType::Scalar(_) | OutType::Node(_) => {}
        OutType::Choice(choice, _) => {
            (choice.register)(registry);
        }
        OutType::List(item, _) => out_type(registry, graph, item),
        OutType::Object(object, _) => out_object(registry, graph, object),
    }
}

fn out_object(registry: &mut Registry, graph: &'static Graph, object: &Arc<OutObject>) {
    if registry.types.contains_key(&object.name) {
        return;
    }
    let mut fields = IndexMap::new();
    for field in &object.fields {
        insert(&mut fields, described(MetaField::new(&field.name, out_name(graph, &field.ty)), &field.doc));
    }
    insert_object(registry, &object.name, &object.doc, fields);
    for field in &object.fields {
        out_type(registry, graph, &field.ty);
    }
}

/// The GraphQL type of a computed answer.
pub fn out_name(graph: &Graph, ty: &OutType) -> String {
    let bang = |required: bool| if required { "!" } else { "" };
    match ty {
        OutType::Scalar(name) => (*name).to_owned(),
        OutType::Choice(choice, required) => format!("{}{}", (choice.name)(), bang(*required)),
        OutType::Node(kind) => graph.of(*kind).name.to_owned(),
        OutType::Object(object, required) => format!("{}{}", object.name, bang(*required)),
        OutType::List(item, required) => {
            let item = out_name(graph, item);
            format!("[{}!]{}", item.trim_end_matches('!'), bang(*required))
        }
    }
}

fn field_type(of: &Descriptor, field: &Field) -> String {
    let required = !field.nullable && !policy::is_restricted(of.kind, &field.name);
    format!("{}{}", type_name(field.shape), if required { "!" } else { "" })
}

/// What a field is, and who may read it where that is not everyone who sees the row.
fn field_doc(of: &Descriptor, name: &str, doc: &str) -> String {
    let Some((_, _, grants)) = policy::restricted_fields().find(|(kind, field, _)| *kind == of.kind && *field == name)
    else {
        return doc.to_owned();
    };
    let mut open = Vec::new();
    for (role, grant) in policy::ROLES.iter().zip(grants) {
        match grant {
            Grant::Yes => open.push(role.as_str().to_owned()),
            Grant::Rows(_) => open.push(format!("{} (on some rows)", role.as_str())),
            Grant::Sums => open.push(format!("{} (in sums only)", role.as_str())),
            Grant::No => {}
        }
    }
    format!("{doc} Read by: {}.", open.join(", "))
}

fn connection_field(name: &str, of: &Descriptor, doc: &str, most: u64) -> MetaField {
    let mut field = described(MetaField::new(name, format!("{}Connection", of.name)), doc);
    let first = format!(
        "How many rows from the start (or after `after`): 0 to {most}; {DEFAULT_PAGE} if neither first nor last is \
        given."
    );
    add_args(
        &mut field,
        vec![
            argument("first", "Int", &first, None),
            argument("after", "String", "Only rows after this cursor.", None),
            argument("last", "Int", &format!("How many rows from the end (or before `before`): 0 to {most}."), None),
            argument("before", "String", "Only rows before this cursor.", None),
            argument("filter", &format!("{}Filter", of.name), "Only rows that match.", None),
            argument(
                "orderBy",
                &format!("[{}Order!]", of.name),
                "At most three keys; ties are broken by id, empty values come last.",
                None,
            ),
        ],
    );
    field
}

/// The scalars, each with the page that specifies it.
fn scalars(registry: &mut Registry) {
    const LIST: [(&str, &str, &str); 12] = [
        // The DateTime of scalars.graphql.org has exactly three digits after the second; ours are microseconds.
        (
            "DateTime",
            "A moment: RFC 3339 with an offset, kept to the microsecond and answered in UTC, for example `2026-03-01T09:30:00Z`. Years 1 to 9999; a leap second is the second after it.",
            "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        ),
        (
            "Date",
            "A day of the calendar (ISO 8601), for example `2026-03-01`. Years 1 to 9999.",
            "https://scalars.graphql.org/andimarek/local-date",
        ),
        (
            "Decimal",
            "An exact decimal number as a string without exponent, for example `\"1250.50\"`; inputs take a whole number as well.",
            "https://www.w3.org/TR/xmlschema11-2/#decimal",
        ),
        (
            scalar_of(Text::Currency),
            "An ISO 4217 code of a currency in use, for example `EUR`; inputs may write it in small letters.",
            "https://www.iso.org/iso-4217-currency-codes.html",
        ),
        (
            scalar_of(Text::Country),
            "An ISO 3166-1 alpha-2 country code, for example `DE`; inputs may write it in small letters.",
            "https://www.iso.org/iso-3166-country-codes.html",
        ),
        (
            scalar_of(Text::Email),
            "An e-mail address, kept in lower case, its domain in the letters that people read (UTS 46). Inputs may carry `mailto:`, angle brackets and a name around it, and characters that cannot be seen.",
            "https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1",
        ),
        (
            scalar_of(Text::Phone),
            "A telephone number in E.164 form, for example `+4915112345678`, with `;ext=12` where it has an extension. Inputs may group its digits, write `(0)`, `00` or `tel:`, and leave the country code out where the country of the company says it.",
            "https://www.itu.int/rec/T-REC-E.164",
        ),
        (
            scalar_of(Text::Url),
            "An absolute URL of the web or of an app, for example `https://example.org/page`, escaped where it has \
            to be. An input that is not a URL is left out rather than refused.",
            "https://www.rfc-editor.org/rfc/rfc3986",
        ),
        (
            scalar_of(Text::TimeZone),
            "A name of the IANA time zone database, for example `Europe/Berlin`.",
            "https://www.rfc-editor.org/rfc/rfc6557",
        ),
        (
            scalar_of(Text::Language),
            "A BCP 47 language tag, for example `de-AT`; inputs may write `de_AT`.",
            "https://www.rfc-editor.org/rfc/rfc5646",
        ),
        (
            "Long",
            "A whole number of 64 bits, written as a number. JavaScript reads it exactly up to 2^53; beyond, read the JSON with big integers.",
            "https://ibm.github.io/graphql-specs/custom-scalars/long.html",
        ),
        ("JSON", "Any JSON value; used only where no type fits.", "https://www.rfc-editor.org/rfc/rfc8259"),
    ];
    for (name, doc, url) in LIST {
        registry.types.insert(
            name.to_owned(),
            MetaType::Scalar {
                name: name.to_owned(),
                description: Some(doc.to_owned()),
                // What it says is judged where it is used, so that a mistake is one of its field alone.
                is_valid: None,
                visible: None,
                inaccessible: false,
                tags: Vec::new(),
                specified_by_url: Some(url.to_owned()),
                directive_invocations: Vec::new(),
                requires_scopes: Vec::new(),
            },
        );
    }
}

fn declared_argument(arg: &Arg) -> MetaInputValue {
    argument(arg.name, arg.ty, arg.doc, arg.default)
}

/// An argument or an input field.
pub fn argument(name: &str, ty: &str, doc: &str, default: Option<&str>) -> MetaInputValue {
    let mut value = MetaInputValue::new(name, ty);
    value.description = Some(doc.to_owned());
    value.default_value = default.map(str::to_owned);
    value
}

pub(super) fn described(mut field: MetaField, doc: &str) -> MetaField {
    field.description = Some(doc.to_owned());
    field
}

pub(super) fn add_args(field: &mut MetaField, args: Vec<MetaInputValue>) {
    field.args = to_map(args);
}

fn to_map(values: Vec<MetaInputValue>) -> IndexMap<String, MetaInputValue> {
    values.into_iter().map(|value| (value.name.clone(), value)).collect()
}

pub(super) fn insert(fields: &mut IndexMap<String, MetaField>, field: MetaField) {
    fields.insert(field.name.clone(), field);
}

pub(super) fn insert_object(registry: &mut Registry, name: &str, doc: &str, fields: IndexMap<String, MetaField>) {
    let object = ObjectBuilder::new(name, fields).description(Some(doc.to_owned())).build();
    registry.types.insert(name.to_owned(), object);
}

pub(super) fn insert_input(registry: &mut Registry, name: &str, doc: &str, values: Vec<MetaInputValue>) {
    let input = InputObjectBuilder::new(name, to_map(values)).description(Some(doc.to_owned())).build();
    registry.types.insert(name.to_owned(), input);
}

/// An input of which exactly one field is given.
pub(super) fn insert_one_of(registry: &mut Registry, name: &str, doc: &str, values: Vec<MetaInputValue>) {
    let input = InputObjectBuilder::new(name, to_map(values)).description(Some(doc.to_owned())).oneof(true).build();
    registry.types.insert(name.to_owned(), input);
}

pub(super) fn insert_enum(registry: &mut Registry, name: &str, doc: &str, values: Vec<(String, &str)>) {
    let values = values.into_iter().map(|(name, doc)| {
        let mut value = MetaEnumValue::new(&name);
        value.description = Some(doc.to_owned());
        (name, value)
    });
    let choice = EnumBuilder::new(name, values.collect()).description(Some(doc.to_owned())).build();
    registry.types.insert(name.to_owned(), choice);
}

/// `Activity` -> `an Activity`.
pub fn a(name: &str) -> String {
    let article = if name.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// `attributionCredits` -> `attribution credits`.
pub fn words(name: &str) -> String {
    name.chars().fold(String::with_capacity(name.len() + 2), |mut words, letter| {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
        words
    })
}

/// `deals` -> `Deals`.
pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
