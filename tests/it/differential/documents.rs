//! Random documents over the declarations of the graph, as data that can be kept, printed and made smaller.

use serde_json::{Map, Value, json};
use tributary::graphql::filter::shout;
use tributary::schema::GRAPH;
use tributary::store::descriptor::{Descriptor, Field, Key, Link, Shape, Text};

use super::data::{AMOUNTS, CURRENCIES, DAYS, MOMENTS, TEXTS};
use super::dice::Dice;

/// How deep filters may nest.
pub const DEEPEST: usize = 8;
const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Africa/Casablanca",
    "Antarctica/Troll",
];

/// Ids of rows, by entity.
pub type Ids = std::collections::HashMap<&'static str, Vec<String>>;

/// Who asks for which list, how narrowed, ordered, grouped and summed.
pub fn random(dice: &mut Dice, ids: &Ids) -> Value {
    let all: Vec<_> = GRAPH.all().collect();
    let of = all[dice.below(all.len())];
    let mut document = Map::new();
    document.insert("role".to_owned(), json!(if dice.chance(45) { 0 } else { dice.below(7) }));
    document.insert("list".to_owned(), json!(of.plural));
    document.insert("size".to_owned(), json!(dice.pick(&[1, 3, 7, 25])));
    document.insert(if dice.chance(70) { "first" } else { "last" }.to_owned(), json!(true));
    if dice.chance(20) {
        document.insert("walk".to_owned(), json!(true));
    }
    if dice.chance(85) {
        document.insert("filter".to_owned(), filter(dice, ids, of));
    }
    if dice.chance(60) {
        document.insert("orderBy".to_owned(), order(dice, of));
    }
    document.insert("fields".to_owned(), fields(dice, of));
    if dice.chance(40) {
        document.insert("figures".to_owned(), figures(dice, of));
    }
    if dice.chance(45) {
        document.insert("groupBy".to_owned(), groups(dice, of));
        if dice.chance(40) {
            document.insert("ranking".to_owned(), ranking(dice, ids, of));
        }
        document.insert("timeZone".to_owned(), json!(dice.pick(&ZONES)));
    }
    if dice.chance(30) {
        let links: Vec<_> = of.links.iter().filter(|link| matches!(link.key, Key::Many(_))).collect();
        if !links.is_empty() {
            let link = links[dice.below(links.len())];
            let to = GRAPH.of(link.to);
            document.insert(
                "below".to_owned(),
                json!({ "link": link.name, "filter": filter(dice, ids, to), "orderBy": order(dice, to) }),
            );
        }
    }
    Value::Object(document)
}

fn order(dice: &mut Dice, of: &Descriptor) -> Value {
    let sortable: Vec<_> = of.fields.iter().filter(|field| field.sortable).collect();
    let key = |field: &Field, down: bool| json!({ "field": shout(&field.name), "direction": if down { "DESC" } else { "ASC" } });
    (0..=dice.below(3)).map(|_| key(sortable[dice.below(sortable.len())], dice.chance(50))).collect()
}

fn fields(dice: &mut Dice, of: &Descriptor) -> Value {
    let name = |field: &Field| match field.shape {
        Shape::Money => format!("{} {{ amount currency }}", field.name),
        _ => field.name.clone(),
    };
    (0..dice.below(5)).map(|_| Value::from(name(&of.fields[dice.below(of.fields.len())]))).collect()
}

fn figures(dice: &mut Dice, of: &Descriptor) -> Value {
    let mut figures = Vec::new();
    for field in &of.fields {
        let (functions, below) = match field.shape {
            Shape::Money => {
                (["sum", "avg", "min", "max", "median", "percentile(p: 0.9)"].as_slice(), " { amount currency }")
            }
            Shape::Int | Shape::Long | Shape::Decimal(_) => {
                (["sum", "avg", "min", "max", "median", "percentile(p: 0.9)"].as_slice(), "")
            }
            Shape::DateTime | Shape::Date => (["min", "max"].as_slice(), ""),
            _ => continue,
        };
        if dice.chance(50) {
            figures.push(Value::from(format!("{} {{ {}{below} }}", dice.pick(functions), field.name)));
        }
    }
    if dice.chance(30) {
        let name = of.fields.iter().find(|field| matches!(field.shape, Shape::Choice(_) | Shape::Boolean));
        if let Some(field) = name {
            figures.push(Value::from(format!("countDistinct(of: {})", shout(&field.name))));
        }
    }
    figures.into()
}

fn groups(dice: &mut Dice, of: &Descriptor) -> Value {
    let field = |field: &&Field| {
        !matches!(field.shape, Shape::Id | Shape::Money | Shape::Decimal(_) | Shape::TextList | Shape::Long)
            && field.name != "version"
    };
    let mut names: Vec<_> = of
        .fields
        .iter()
        .filter(field)
        .map(|field| (field.name.clone(), matches!(field.shape, Shape::Date | Shape::DateTime), false))
        .collect();
    names.extend(
        of.links.iter().filter(|link| matches!(link.key, Key::One(_))).map(|link| (link.name.clone(), false, true)),
    );
    let mut by = Vec::new();
    for _ in 0..=dice.below(2) {
        let (name, is_date, is_link) = names[dice.below(names.len())].clone();
        let mut key = json!({ "field": shout(&name), "key": if is_link { format!("{name} {{ id }}") } else { name } });
        if is_date {
            key["bucket"] =
                json!(dice.pick(&["DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"]));
        }
        by.push(key);
    }
    by.into()
}

/// An order by figures, conditions on them, the first groups; and what relates groups to each other.
fn ranking(dice: &mut Dice, ids: &Ids, of: &'static Descriptor) -> Value {
    let count = |dice: &mut Dice| match dice.chance(50) {
        true => json!({ "count": { "filter": filter(dice, ids, of) } }),
        false => json!({ "count": {} }),
    };
    let direction = dice.pick(&["ASC", "DESC"]);
    let mut order = vec![json!({ "figure": count(dice), "direction": direction })];
    if dice.chance(50) {
        order.push(json!({ "key": 0, "direction": dice.pick(&["ASC", "DESC"]) }));
    }
    let having = json!([{ "figure": count(dice), "gte": dice.below(3) }]);
    json!({ "orderBy": order, "having": having, "first": dice.below(9), "figure": count(dice) })
}

/// A filter of up to the greatest depth; long ways through lists are rare, as each step multiplies the rows looked at.
pub fn filter(dice: &mut Dice, ids: &Ids, of: &'static Descriptor) -> Value {
    let deepest = dice.pick(&[1, 2, 3, 4, DEEPEST]);
    let mut lists = if dice.chance(15) { 3 } else { 1 };
    object(dice, ids, of, deepest, &mut lists)
}

/// How deep a filter nests: a test of a field of the rows themselves is one deep.
pub fn depth(filter: &Value) -> usize {
    fn steps(value: &Value) -> usize {
        let step = |(name, part): (&String, &Value)| {
            steps(part) + usize::from(!["some", "none", "every"].contains(&name.as_str()))
        };
        match value {
            Value::Object(parts) => parts.iter().map(step).max().unwrap_or_default(),
            Value::Array(parts) => parts.iter().map(steps).max().unwrap_or_default(),
            _ => 0,
        }
    }
    steps(filter).saturating_sub(1)
}

fn object(dice: &mut Dice, ids: &Ids, of: &'static Descriptor, left: usize, lists: &mut usize) -> Value {
    let mut parts = Map::new();
    for _ in 0..dice.pick(&[1, 1, 1, 2, 2, 3]) {
        let (name, value) = member(dice, ids, of, left, lists);
        parts.insert(name, value);
    }
    Value::Object(parts)
}

fn member(dice: &mut Dice, ids: &Ids, of: &'static Descriptor, left: usize, lists: &mut usize) -> (String, Value) {
    if left > 1 && dice.chance(25) {
        let name = dice.pick(&["and", "or", "not"]);
        let value = match name {
            "not" => object(dice, ids, of, left - 1, lists),
            _ => (0..dice.below(3)).map(|_| object(dice, ids, of, left - 1, lists)).collect(),
        };
        return (name.to_owned(), value);
    }
    if left > 1 && !of.links.is_empty() && dice.chance(60) {
        let link = &of.links[dice.below(of.links.len())];
        return (link.name.clone(), related(dice, ids, link, left, lists));
    }
    if dice.chance(3) {
        return ("isNull".to_owned(), json!(dice.chance(50)));
    }
    if of.has_viewer && dice.chance(30) {
        return ("me".to_owned(), json!(dice.chance(70)));
    }
    let field = &of.fields[dice.below(of.fields.len())];
    let value = if dice.chance(5) { Value::Null } else { tests_of(dice, ids, of, field) };
    (field.name.clone(), value)
}

fn related(dice: &mut Dice, ids: &Ids, link: &'static Link, left: usize, lists: &mut usize) -> Value {
    let to = GRAPH.of(link.to);
    if dice.chance(5) {
        return Value::Null;
    }
    match link.key {
        Key::One(_) => object(dice, ids, to, left - 1, lists),
        Key::Many(_) if *lists == 0 => json!({ "some": {} }),
        Key::Many(_) => {
            *lists -= 1;
            let quantifier = if *lists > 0 { "some" } else { dice.pick(&["some", "none", "every"]) };
            json!({ quantifier: object(dice, ids, to, left - 1, lists) })
        }
    }
}

fn tests_of(dice: &mut Dice, ids: &Ids, of: &'static Descriptor, field: &Field) -> Value {
    let mut tests = Map::new();
    for _ in 0..dice.pick(&[1, 1, 2]) {
        let equal = ["eq", "ne", "in", "notIn", "isNull"].as_slice();
        let ordered = ["eq", "ne", "in", "notIn", "isNull", "lt", "lte", "gt", "gte"].as_slice();
        let name = match field.shape {
            Shape::TextList => "isNull",
            Shape::Id | Shape::Boolean | Shape::Choice(_) => dice.pick(equal),
            Shape::Text(_) if dice.chance(40) => dice.pick(&["contains", "startsWith"]),
            Shape::DateTime | Shape::Date if dice.chance(30) => {
                dice.pick(&["last", "next", "today", "thisWeek", "thisMonth", "thisQuarter", "thisYear"])
            }
            _ => dice.pick(ordered),
        };
        let value = match name {
            "isNull" | "today" | "thisWeek" | "thisMonth" | "thisQuarter" | "thisYear" => json!(dice.chance(50)),
            "last" | "next" => {
                let unit = dice.pick(&["minutes", "hours", "days", "weeks", "months", "years"]);
                json!({ unit: dice.pick(&[0, 1, 12, 500, 2_000]) })
            }
            "in" | "notIn" => (0..dice.below(4)).map(|_| operand(dice, ids, of, field)).collect(),
            "eq" | "ne" if dice.chance(10) => Value::Null,
            _ => operand(dice, ids, of, field),
        };
        tests.insert(name.to_owned(), value);
    }
    if matches!(field.shape, Shape::Money) {
        tests.insert("currency".to_owned(), json!(dice.pick(&CURRENCIES)));
    }
    Value::Object(tests)
}

fn operand(dice: &mut Dice, ids: &Ids, of: &'static Descriptor, field: &Field) -> Value {
    match field.shape {
        Shape::Id | Shape::AnyId => ids.get(of.name).filter(|ids| !ids.is_empty()).map_or_else(
            || json!(format!("{}_{}", of.prefix, "0".repeat(32))),
            |ids| json!(ids[dice.below(ids.len())]),
        ),
        Shape::Text(kind) => json!(match kind {
            Text::Email => dice.pick(&["ada1@a.example", " ADA1@A.example", "@", "o'brien", "müller", "A_B"]),
            Text::Phone => dice.pick(&["+4915100000037", "+49 (151) 0000-0037", "0037", "+49"]),
            Text::Domain => dice.pick(&["firm1.example", "https://www.Firm2.example/x", "firm", ".example"]),
            Text::Country | Text::Currency => dice.pick(&["DE", "de", "EUR", "D", "CH"]),
            Text::Code => dice.pick(&["code-1", "Code 1", "spring-2026", "code"]),
            Text::Language => dice.pick(&["de", "de-AT", "de_AT", "en"]),
            _ => dice.pick(&TEXTS),
        }),
        Shape::Int => json!(dice.pick(&[0, 1, 2, 50, 100, i64::from(i32::MAX), -1])),
        Shape::Long => json!(dice.pick(&[0, 1, 2, 9_000_000_000, i64::MAX, -1])),
        Shape::Boolean => json!(dice.chance(50)),
        Shape::DateTime => json!(dice.pick(&MOMENTS)),
        Shape::Date => json!(dice.pick(&DAYS)),
        Shape::Decimal(_) => json!(dice.pick(&["0", "0.006", "1", "92"])),
        Shape::Money => json!((dice.pick(&AMOUNTS) / 100).to_string()),
        Shape::Choice(choice) => {
            let values = (choice.values)();
            json!(values[dice.below(values.len())])
        }
        Shape::TextList => Value::Null,
    }
}

/// The document as GraphQL: the text and its variables. `after` is where a page goes on.
pub fn request(document: &Value, backward: bool, cursor: Option<&Value>) -> (String, Value) {
    let list = document["list"].as_str().expect("a list");
    let of = GRAPH.all().find(|of| of.plural == list).expect("an entity");
    let (mut declared, mut variables, mut args) = (String::new(), Map::new(), String::new());
    let mut variable = |name: &str, ty: String, value: &Value| {
        declared.push_str(&format!("${name}: {ty} "));
        variables.insert(name.to_owned(), value.clone());
        format!("${name}")
    };
    let page = if backward { ("last", "before", "startCursor") } else { ("first", "after", "endCursor") };
    args.push_str(&format!("{}: {}", page.0, document["size"]));
    if let Some(cursor) = cursor {
        args.push_str(&format!(", {}: {}", page.1, variable("cursor", "String".to_owned(), cursor)));
    }
    for (name, ty) in [("filter", format!("{}Filter", of.name)), ("orderBy", format!("[{}Order!]", of.name))] {
        if let Some(value) = document.get(name) {
            args.push_str(&format!(", {name}: {}", variable(name, ty, value)));
        }
    }
    let texts =
        |name: &str| document[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    let mut below = String::new();
    if let Some(nested) = document.get("below") {
        let link = of.link(nested["link"].as_str().expect("a link")).expect("a link");
        let to = GRAPH.of(link.to);
        let filter = variable("inner", format!("{}Filter", to.name), &nested["filter"]);
        let order = variable("innerOrder", format!("[{}Order!]", to.name), &nested["orderBy"]);
        below = format!(
            "{}(first: 3, filter: {filter}, orderBy: {order}) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage }} }}",
            link.name
        );
    }
    let mut rest = String::new();
    // A function twice is one selection: the figures of both are merged.
    let figures = texts("figures").join(" ");
    if !figures.is_empty() {
        rest.push_str(&format!(" aggregate {{ count {figures} }}"));
    }
    if let Some(by) = document.get("groupBy") {
        let plain = |key: &Value| {
            let mut key = key.clone();
            key.as_object_mut().expect("a key").remove("key");
            key
        };
        let keys: Vec<_> = by.as_array().expect("keys").iter().map(plain).collect();
        let names: Vec<_> = by.as_array().expect("keys").iter().filter_map(|key| key["key"].as_str()).collect();
        let by = variable("by", format!("[{}GroupBy!]!", of.name), &Value::from(keys));
        let zone = variable("zone", "TimeZone".to_owned(), &document["timeZone"]);
        let (mut ranked, mut related) = (String::new(), String::new());
        if let Some(ranking) = document.get("ranking") {
            let order = variable("groupOrder", format!("[{}GroupOrder!]", of.name), &ranking["orderBy"]);
            let having = variable("having", format!("[{}Having!]", of.name), &ranking["having"]);
            let figure = variable("figure", format!("{}Figure!", of.name), &ranking["figure"]);
            ranked = format!(", orderBy: {order}, having: {having}, first: {}", ranking["first"]);
            related = format!(
                "ratio(of: {figure}, to: {{ count: {{}} }}) shareOfTotal(of: {figure}) runningTotal(of: {figure})"
            );
        }
        rest.push_str(&format!(
            " groupBy(by: {by}, timeZone: {zone}{ranked}) {{ key {{ {} }} count {figures} {related} }}",
            names.join(" ")
        ));
    }
    let nodes = format!("nodes {{ id {} {below} }}", texts("fields").join(" "));
    let info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
    let declared = if declared.is_empty() { declared } else { format!("({})", declared.trim_end()) };
    (format!("query{declared} {{ {list}({args}) {{ totalCount {nodes} {info}{rest} }} }}"), Value::Object(variables))
}

/// Smaller documents that may fail like this one: a part left out, or something put in the place of what holds it.
pub fn smaller(document: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for name in ["below", "ranking", "groupBy", "figures", "walk", "orderBy", "fields", "filter"] {
        if let Some(value) = document.get(name) {
            let mut without = document.clone();
            without.as_object_mut().expect("a document").remove(name);
            found.push(without);
            found.extend(reduced(value).into_iter().filter(|value| *value != json!([])).map(|value| {
                let mut with = document.clone();
                with[name] = value;
                with
            }));
        }
    }
    found
}

fn reduced(value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let mut without = items.clone();
                without.remove(at);
                found.push(Value::from(without));
                found.extend(reduced(item).into_iter().map(|item| {
                    let mut with = items.clone();
                    with[at] = item;
                    Value::from(with)
                }));
            }
        }
        Value::Object(parts) => {
            for (name, part) in parts {
                match (name.as_str(), part) {
                    ("not", inner) => found.push(inner.clone()),
                    ("and" | "or", Value::Array(items)) => found.extend(items.iter().cloned()),
                    _ => {}
                }
                if parts.len() > 1
                    && !matches!(name.as_str(), "field" | "key" | "link" | "filter" | "orderBy" | "currency")
                {
                    let mut without = parts.clone();
                    without.remove(name);
                    found.push(Value::Object(without));
                }
                found.extend(reduced(part).into_iter().map(|part| {
                    let mut with = parts.clone();
                    with.insert(name.clone(), part);
                    Value::Object(with)
                }));
            }
        }
        _ => {}
    }
    found
}
