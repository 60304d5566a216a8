//! Documents that are known already: those that have been parsed, found by their hash, and the list of those that may
//! run where not every document may.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::graphql::validity::Validity;

/// Bytes that a word of a document takes once it is parsed; a generous mean.
const BYTES_A_WORD: usize = 300;
/// Words of a usual document: how many documents the cache is laid out for follows from it.
const USUAL_WORDS: usize = 100;

/// The SHA-256 of a document's text in lower-case hex: its name in the cache and in the protocol of persisted queries.
pub fn hash_of(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}

/// A document that the guard has let through.
#[derive(Clone)]
pub struct Document {
    /// The document.
    pub parsed: ExecutableDocument,
    /// Whether the schema found it valid.
    pub validity: Validity,
    bytes: usize,
}

impl Document {
    /// The document that this text is.
    pub fn new(text: &str, parsed: ExecutableDocument) -> Self {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).count();
        Self { parsed, validity: Validity::default(), bytes: text.len() + words * BYTES_A_WORD }
    }
}

/// The documents of late, by their hashes. Bounded in bytes; what is used least is forgotten first.
pub struct Documents(Option<Cache<String, Arc<Document>, Bytes>>);

#[derive(Clone)]
struct Bytes;

impl Weighter<String, Arc<Document>> for Bytes {
    fn weight(&self, hash: &String, document: &Arc<Document>) -> u64 {
        (hash.len() + document.bytes) as u64
    }
}

impl Documents {
    /// Keeps documents of about so many bytes; none with 0.
    pub fn new(bytes: usize) -> Self {
        let usual = bytes / (USUAL_WORDS * BYTES_A_WORD);
        Self((bytes > 0).then(|| Cache::with_weighter(usual, bytes as u64, Bytes)))
    }

    /// Whether documents are kept at all.
    pub fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The document with this hash.
    pub fn get(&self, hash: &str) -> Option<Arc<Document>> {
        self.0.as_ref()?.get(hash)
    }

    /// Keeps a document.
    pub fn keep(&self, hash: String, document: &Arc<Document>) {
        if let Some(kept) = &self.0 {
            kept.insert(hash, Arc::clone(document));
        }
    }
}

/// The only documents that may run, by their ids and by their hashes.
#[derive(Clone)]
pub struct Manifest(Arc<HashMap<String, Arc<str>>>);

impl Manifest {
    /// Reads a manifest: Apollo's `{ "format": "apollo-persisted-query-manifest", "operations": [{ id, body }] }`, or
    /// plainly `{ id: document }`, as Relay's compiler writes it.
    ///
    /// # Errors
    /// What it should be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let shape = "must name a JSON file: Apollo's persisted-query manifest, or an object of documents by their ids";
        let listed = match serde_json::from_str(text).map_err(|_| shape)? {
            Written::Apollo { operations } => operations.into_iter().map(|one| (one.id, one.body)).collect(),
            Written::Plain(documents) => documents,
        };
        if listed.is_empty() {
            return Err("names a file without operations: nothing could run");
        }
        let mut documents = HashMap::with_capacity(2 * listed.len());
        for (id, body) in listed {
            let body: Arc<str> = body.into();
            documents.insert(hash_of(&body), Arc::clone(&body));
            documents.insert(id, body);
        }
        Ok(Self(Arc::new(documents)))
    }

    /// The document with this id or hash.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(AsRef::as_ref)
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} ids and hashes]", self.0.len())
    }
}

/// The two forms of a manifest.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Apollo { operations: Vec<Operation> },
    Plain(HashMap<String, String>),
}

#[derive(Deserialize)]
struct Operation {
    id: String,
    body: String,
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn document(text: &str) -> Arc<Document> {
        Arc::new(Document::new(text, parse_query(text).unwrap()))
    }

    #[test]
    fn documents_are_found_by_their_hash_and_bounded_in_bytes() {
        let documents = Documents::new(100_000);
        for number in 0..1_000 {
            let text = format!("{{ field{number} }}");
            documents.keep(hash_of(&text), &document(&text));
            assert!(documents.get(&hash_of(&text)).is_some());
        }
        let kept = (0..1_000).filter(|number| documents.get(&hash_of(&format!("{{ field{number} }}"))).is_some());
        assert!((50..400).contains(&kept.count()));
        let large = format!("{{ {} }}", "a ".repeat(1_000));
        documents.keep(hash_of(&large), &document(&large));
        assert!(documents.get(&hash_of(&large)).is_none(), "what is larger than the whole cache is not kept");
    }

    #[test]
    fn a_cache_of_no_bytes_keeps_nothing() {
        let documents = Documents::new(0);
        documents.keep("a".to_owned(), &document("{ a }"));
        assert!(!documents.are_kept() && documents.get("a").is_none());
    }

    #[test]
    fn manifests_come_in_two_forms() {
        let apollo = r#"{"format":"apollo-persisted-query-manifest","version":1,
            "operations":[{"id":"one","name":"A","type":"query","body":"query A { a }"}]}"#;
        for text in [apollo, r#"{"one":"query A { a }"}"#] {
            let manifest = Manifest::parse(text).unwrap();
            assert_eq!(manifest.get("one"), Some("query A { a }"));
            assert_eq!(manifest.get(&hash_of("query A { a }")), Some("query A { a }"));
            assert_eq!(manifest.get("two"), None);
        }
        for text in ["", "[]", "{}", r#"{"operations":[]}"#, r#"{"one":1}"#, r#"{"operations":[{"id":"one"}]}"#] {
            assert!(Manifest::parse(text).is_err(), "{text}");
        }
    }
}
