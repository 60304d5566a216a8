//! Cells that open: a figure says by an opaque id which rows it is about, and every list of its kind takes that id in its
//! filter.
//!
//! An id holds the conditions on the rows, as clients write them. So it grants nothing: they are read, judged and priced like
//! a client's own, under the rights of whoever opens it. It is not packed and holds no other id, so that reading it takes no
//! more than what is sent.

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::descriptor::Descriptor;

/// The field of a filter that takes an id.
pub const FIELD: &str = "cell";
const PREFIX: &str = "cell_";
/// Bytes of the checksum: it tells a damaged id from another one, and is no secret.
const CHECKSUM: usize = 6;
/// So long may the conditions be.
const LONGEST: usize = 16_384;

/// The id of rows of an entity that all of these filters find; none if they are too long.
pub fn close(of: &Descriptor, filters: &[Value]) -> Option<String> {
    let filters: Vec<_> = filters.iter().map(written_out).collect();
    let told = serde_json::to_vec(&(of.name, filters)).ok().filter(|told| told.len() <= LONGEST)?;
    let bytes: Vec<_> = checksum(&told).into_iter().chain(told).collect();
    Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The name of the entity, and the filters that all hold; none if it is no such id.
pub fn open(id: &str) -> Option<(String, Vec<Value>)> {
    let bytes = URL_SAFE_NO_PAD.decode(id.strip_prefix(PREFIX)?).ok()?;
    let (sum, told) = bytes.split_at_checked(CHECKSUM)?;
    if sum != checksum(told) || told.len() > LONGEST {
        return None;
    }
    let (name, filters): (String, Vec<serde_json::Value>) = serde_json::from_slice(told).ok()?;
    let filters: Vec<_> = filters.into_iter().map(Value::from_json).collect::<Result<_, _>>().ok()?;
    (!filters.iter().any(names_a_cell)).then_some((name, filters))
}

/// A filter with what its cells stand for in their place.
fn written_out(filter: &Value) -> Value {
    match filter {
        Value::List(items) => Value::List(items.iter().map(written_out).collect()),
        Value::Object(entries) => {
            let mut written = IndexMap::with_capacity(entries.len());
            let mut opened = Vec::new();
            for (name, value) in entries {
                match value {
                    Value::String(id) if name == FIELD => {
                        opened.extend(open(id).into_iter().flat_map(|(_, filters)| filters))
                    }
                    value => {
                        written.insert(name.clone(), written_out(value));
                    }
                }
            }
            if !opened.is_empty() {
                opened.push(Value::Object(std::mem::take(&mut written)));
                written.insert(Name::new("and"), Value::List(opened));
            }
            Value::Object(written)
        }
        value => value.clone(),
    }
}

fn names_a_cell(filter: &Value) -> bool {
    match filter {
        Value::List(items) => items.iter().any(names_a_cell),
        Value::Object(entries) => entries.iter().any(|(name, value)| name == FIELD || names_a_cell(value)),
        _ => false,
    }
}

fn checksum(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).into_iter().take(CHECKSUM).collect()
}
