//! Names for what is never the same twice: ids and cursors stand in pages as `{{acme}}`.

use async_graphql::Value;
use tributary::schema::GRAPH;

/// Names and what they stand for.
#[derive(Debug, Default)]
pub struct Names {
    known: Vec<(String, String)>,
}

/// Fields that hold cursors.
const CURSORS: [&str; 3] = ["cursor", "startCursor", "endCursor"];

impl Names {
    /// A value has this name from now on.
    pub fn give(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.known.push((name.into(), value.into()));
    }

    /// What a name stands for.
    fn value(&self, name: &str) -> Option<&str> {
        self.known.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A text of a page with every name replaced by what it stands for.
    pub fn filled(&self, text: &str) -> String {
        let mut parts = text.split("{{");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("}}").unwrap_or_else(|| panic!("`{{{{` without its end: {text}"));
            filled += self.value(name).unwrap_or_else(|| panic!("nothing is called {{{{{name}}}}} so far"));
            filled += rest;
        }
        filled
    }

    /// Takes the names that a page gives to what is new in an answer.
    pub fn learn(&mut self, page: &Value, answer: &Value) {
        match (page, answer) {
            (Value::Object(page), Value::Object(answer)) => {
                let pairs = page.iter().filter_map(|(key, value)| Some((value, answer.get(key)?)));
                pairs.for_each(|(page, answer)| self.learn(page, answer));
            }
            (Value::List(page), Value::List(answer)) => {
                page.iter().zip(answer).for_each(|(page, answer)| self.learn(page, answer));
            }
            (Value::String(page), Value::String(answer)) => {
                let name = page.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
                match name {
                    Some(name) if self.value(name).is_none() && self.name(answer).is_none() => self.give(name, answer),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn name(&self, value: &str) -> Option<&str> {
        self.known.iter().find(|(_, known)| known == value).map(|(name, _)| name.as_str())
    }

    /// The answer as a page shows it: what has a name goes by it, ids and cursors that have none get one.
    pub fn hide(&mut self, value: &mut Value) {
        self.hide_at("", value);
    }

    fn hide_at(&mut self, field: &str, value: &mut Value) {
        match value {
            Value::Object(fields) => fields.iter_mut().for_each(|(field, value)| self.hide_at(field, value)),
            Value::List(items) => items.iter_mut().for_each(|item| self.hide_at(field, item)),
            Value::String(text) => {
                *text = match self.name_of(field, text) {
                    Some(name) => format!("{{{{{name}}}}}"),
                    None => self.hidden(text),
                };
            }
            _ => {}
        }
    }

    fn name_of(&mut self, field: &str, text: &str) -> Option<String> {
        if let Some(known) = self.name(text) {
            return Some(known.to_owned());
        }
        let kind = GRAPH.parse_id(text).map(|(of, _)| of.prefix.replace('_', " "));
        let kind = kind.or_else(|| CURSORS.contains(&field).then(|| "cursor".to_owned()))?;
        let name = self.fresh(&kind);
        self.give(&name, text);
        Some(name)
    }

    /// `lead`, `lead 2`, `lead 3`, …
    fn fresh(&self, kind: &str) -> String {
        let mut names = (1..).map(|at| if at == 1 { kind.to_owned() } else { format!("{kind} {at}") });
        names.find(|name| self.value(name).is_none()).expect("numbers never end")
    }

    /// A sentence with the names of what it mentions.
    pub fn hidden(&self, sentence: &str) -> String {
        let ids = self.known.iter().filter(|(_, value)| GRAPH.parse_id(value).is_some());
        ids.fold(sentence.to_owned(), |text, (name, value)| text.replace(value.as_str(), &format!("{{{{{name}}}}}")))
    }
}
