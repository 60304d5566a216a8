//! JSON for people: what is short stands in one line, and long lists are cut.

use async_graphql::Value;
use serde_json::Value as Json;

/// No line is longer, unless a text is.
const WIDTH: usize = 110;
/// Lists up to this length are shown whole.
const SHOWN_WHOLE: usize = 5;
/// So many of a longer one are shown.
const SHOWN: usize = 3;

/// Reads JSON with the fields in their order.
pub fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in the JSON\n{text}"))
}

/// Cuts the lists of objects that are long, and says how much is left out.
pub fn cut(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(cut),
        Value::List(items) => {
            let more = items.len().saturating_sub(SHOWN);
            if items.len() > SHOWN_WHOLE && items.iter().any(|item| matches!(item, Value::Object(_))) {
                items.truncate(SHOWN);
                items.push(Value::String(format!("… and {more} more")));
            }
            items.iter_mut().for_each(cut);
        }
        _ => {}
    }
}

/// The JSON of a value, with a line break at its end.
pub fn print(value: &Value) -> String {
    shown(value, 0, 0) + "\n"
}

/// In one line if it fits behind what stands before it, else an entry a line.
fn shown(value: &Value, indent: usize, before: usize) -> String {
    let (line, inner) = (flat(value), indent + 2);
    if before + line.chars().count() <= WIDTH {
        return line;
    }
    match value {
        Value::Object(fields) => {
            let entries = fields.iter().map(|(key, value)| {
                let key = format!("{}: ", quoted(key));
                let value = shown(value, inner, inner + key.chars().count());
                key + &value
            });
            broken(entries.collect(), indent, ["{", "}"])
        }
        Value::List(items) => broken(items.iter().map(|item| shown(item, inner, inner)).collect(), indent, ["[", "]"]),
        _ => line,
    }
}

fn broken(entries: Vec<String>, indent: usize, [open, close]: [&str; 2]) -> String {
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + 2));
    format!("{open}\n{inner}{}\n{outer}{close}", entries.join(&format!(",\n{inner}")))
}

fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let entries: Vec<_> =
                fields.iter().map(|(key, value)| format!("{}: {}", quoted(key), flat(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::List(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Value::String(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}
