//! Which document a request means: the one it brings, one it names by its hash (Apollo's automatic persisted queries),
//! or one of the manifest, where only those may run.

use std::sync::Arc;

use async_graphql::{ServerError, Value};

use super::guard::{self, coded};
use super::parameters::Parameters;
use crate::app::App;
use crate::documents::{Document, Manifest, hash_of};
use crate::error::Code;

/// The document of a request, parsed and let through by the guard.
///
/// # Errors
/// What the guard says; `PERSISTED_QUERY_NOT_FOUND`: send the document along; `PERSISTED_QUERY_NOT_SUPPORTED`;
/// `BAD_USER_INPUT`: the hash is not the document's.
pub fn document(app: &App, parameters: &Parameters) -> Result<Arc<Document>, ServerError> {
    let id = id(parameters)?;
    let text = Some(parameters.query.as_str()).filter(|text| !text.is_empty());
    match (&app.config().persisted_only, id, text) {
        (Some(manifest), id, text) => parsed(app, listed(manifest, id.as_deref(), text)?, None),
        (None, None, text) => parsed(app, text.unwrap_or_default(), None),
        (None, Some(id), Some(text)) => parsed(app, text, Some(&id)),
        (None, Some(_), None) if !app.documents().are_kept() => Err(not_supported("PersistedQueryNotSupported")),
        (None, Some(id), None) => app.documents().get(&id).ok_or_else(not_found),
    }
}

/// The id or hash that a request names its document by.
fn id(parameters: &Parameters) -> Result<Option<String>, ServerError> {
    let hash = match parameters.extensions.0.get("persistedQuery") {
        None | Some(Value::Null) => None,
        Some(Value::Object(fields)) => match (fields.get("version"), fields.get("sha256Hash")) {
            (Some(Value::Number(version)), Some(Value::String(hash))) if version.as_u64() == Some(1) => {
                Some(hash.to_ascii_lowercase())
            }
            _ => return Err(malformed()),
        },
        Some(_) => return Err(malformed()),
    };
    let id = parameters.document_id.as_deref().map(|id| id.strip_prefix("sha256:").unwrap_or(id).to_owned());
    Ok(hash.or(id))
}

/// A document, from the cache or by way of the guard.
fn parsed(app: &App, text: &str, promised: Option<&str>) -> Result<Arc<Document>, ServerError> {
    let hash = hash_of(text);
    if promised.is_some_and(|promised| promised != hash) {
        return Err(coded(Code::BadUserInput, "The hash is not the SHA-256 of the document that came with it."));
    }
    if let Some(known) = app.documents().get(&hash) {
        return Ok(known);
    }
    Ok(Arc::new(Document::new(hash, guard::admit(text, &app.config().limits)?)))
}

/// The document of the manifest that a request means.
fn listed<'a>(manifest: &'a Manifest, id: Option<&str>, text: Option<&str>) -> Result<&'a str, ServerError> {
    let known = id.map_or_else(|| manifest.get(&hash_of(text.unwrap_or_default())), |id| manifest.get(id));
    match (known, text) {
        (Some(known), Some(text)) if known != text => {
            Err(coded(Code::BadUserInput, "The id belongs to another document than the one that came with it."))
        }
        (Some(known), _) => Ok(known),
        (None, None) => Err(not_found()),
        (None, Some(_)) => Err(not_supported(
            "Only the operations that were registered with this service run here; this is none of them.",
        )),
    }
}

/// In the very words that clients of Apollo's protocol look for: they send the document next.
fn not_found() -> ServerError {
    coded(Code::PersistedQueryNotFound, "PersistedQueryNotFound")
}

fn not_supported(message: &str) -> ServerError {
    coded(Code::PersistedQueryNotSupported, message)
}

fn malformed() -> ServerError {
    let message = "`extensions.persistedQuery` must be { \"version\": 1, \"sha256Hash\": \"<64 hex digits>\" }.";
    coded(Code::BadUserInput, message)
}
