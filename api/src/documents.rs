//! Documents that are known already: those that have been parsed, found by their hash, and the list of those that may
//! run where not every document may.

use std::collections::HashMap;
use std::fmt;
use std::mem::size_of;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use async_graphql::ServerError;
use async_graphql::parser::types::ExecutableDocument;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::graphql::validation::types::Types;
use crate::graphql::validation::{Valid, validate};
use crate::weight;

/// Bytes of a usual document: how many documents the cache is laid out for follows from it.
const USUAL: usize = 30_000;
/// Bytes that the cache takes for a document besides the document: its name, and the place in the tables.
const PLACE: usize = 256;
/// Which part of the memory is for the documents that only strangers have sent.
const STRANGERS: usize = 32;

/// The SHA-256 of a document's text in lower-case hex: its name in the cache and in the protocol of persisted queries.
pub fn hash_of(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// A document that the guard has let through.
pub struct Document {
    /// The document.
    pub parsed: ExecutableDocument,
    validity: OnceLock<Result<Valid, Vec<ServerError>>>,
    hash: String,
    /// It is kept among the documents of those who are signed in.
    known: AtomicBool,
    weight: usize,
}

impl Document {
    /// The hash of its text.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The document that the text with this hash is.
    pub fn new(hash: String, parsed: ExecutableDocument) -> Self {
        let below = weight::allocation(hash.capacity()) + weight::of_document(&parsed);
        let weight = PLACE + weight::allocation(size_of::<Self>()) + below;
        Self { parsed, validity: OnceLock::new(), hash, known: AtomicBool::new(false), weight }
    }

    /// Whether it is valid by the rules of the specification, which is judged once.
    ///
    /// # Errors
    /// All mistakes.
    pub fn validated(&self, types: &Types) -> Result<&Valid, Vec<ServerError>> {
        self.validity.get_or_init(|| validate(types, &self.parsed)).as_ref().map_err(Clone::clone)
    }
}

/// The documents of late, by their hashes. Bounded in bytes; what is used least is forgotten first. Strangers have a small
/// part of them for themselves, enough to sign in by: what they send pushes out nothing that others need.
pub struct Documents(Option<Kept>);

struct Kept {
    known: Part,
    strange: Part,
}

type Part = Cache<String, Arc<Document>, Bytes>;

#[derive(Clone)]
struct Bytes;

impl Weighter<String, Arc<Document>> for Bytes {
    fn weight(&self, _: &String, document: &Arc<Document>) -> u64 {
        document.weight as u64
    }
}

impl Documents {
    /// Keeps documents of so many bytes; none with 0.
    pub fn new(bytes: usize) -> Self {
        let part = |bytes: usize| Cache::with_weighter(bytes / USUAL, bytes as u64, Bytes);
        let strange = bytes / STRANGERS;
        Self((bytes > 0).then(|| Kept { known: part(bytes - strange), strange: part(strange) }))
    }

    /// Whether documents are kept at all.
    pub fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The document with this hash.
    pub fn get(&self, hash: &str) -> Option<Arc<Document>> {
        let kept = self.0.as_ref()?;
        kept.known.get(hash).or_else(|| kept.strange.get(hash))
    }

    /// Keeps a document that somebody runs; `known` is who is signed in.
    pub fn keep(&self, document: &Arc<Document>, known: bool) {
        let Some(kept) = &self.0 else { return };
        if known && !document.known.swap(true, Ordering::Relaxed) {
            kept.strange.remove(&document.hash);
            kept.known.insert(document.hash.clone(), Arc::clone(document));
        } else if !known && !document.known.load(Ordering::Relaxed) && kept.strange.peek(&document.hash).is_none() {
            kept.strange.insert(document.hash.clone(), Arc::clone(document));
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
        Arc::new(Document::new(hash_of(text), parse_query(text).unwrap()))
    }

    fn count(documents: &Documents, texts: &[String]) -> usize {
        texts.iter().filter(|text| documents.get(&hash_of(text)).is_some()).count()
    }

    #[test]
    fn documents_are_found_by_their_hash_and_bounded_by_what_they_weigh() {
        let documents = Documents::new(1_000_000);
        let texts: Vec<String> = (0..2_000).map(|number| format!("{{ field{number} }}")).collect();
        for text in &texts {
            documents.keep(&document(text), true);
            assert!(documents.get(&hash_of(text)).is_some());
        }
        let small = document(&texts[0]).weight;
        assert!((400..=1_000_000 / small).contains(&count(&documents, &texts)), "{small} bytes each");
        let dense: Vec<String> = (0..200).map(|number| format!("{{ field{number} {} }}", "a ".repeat(100))).collect();
        let weight = document(&dense[0]).weight;
        assert!(weight > 20_000, "{weight}");
        for text in &dense {
            documents.keep(&document(text), true);
        }
        assert!((1..=1_000_000 / weight).contains(&count(&documents, &dense)));
        let large = format!("{{ {} }}", "a ".repeat(10_000));
        documents.keep(&document(&large), true);
        assert!(documents.get(&hash_of(&large)).is_none(), "what is larger than the whole cache is not kept");
    }

    #[test]
    fn strangers_push_out_nothing_that_others_need() {
        let documents = Documents::new(3_200_000);
        let ours: Vec<String> = (0..500).map(|number| format!("{{ ours{number} }}")).collect();
        ours.iter().for_each(|text| documents.keep(&document(text), true));
        let theirs: Vec<String> = (0..10_000).map(|number| format!("{{ theirs{number} }}")).collect();
        theirs.iter().for_each(|text| documents.keep(&document(text), false));
        assert_eq!(count(&documents, &ours), 500);
        assert!((1..=100_000 / document(&theirs[0]).weight).contains(&count(&documents, &theirs)));
        // What both send is kept as everybody's.
        let both = document("{ both }");
        documents.keep(&both, false);
        documents.keep(&both, true);
        theirs.iter().for_each(|text| documents.keep(&document(text), false));
        assert!(documents.get(&both.hash).is_some());
    }

    #[test]
    fn a_cache_of_no_bytes_keeps_nothing() {
        let documents = Documents::new(0);
        documents.keep(&document("{ a }"), true);
        assert!(!documents.are_kept() && documents.get(&hash_of("{ a }")).is_none());
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
