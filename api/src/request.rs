//! What comes with a request besides its document.

use std::net::IpAddr;

use uuid::Uuid;

use crate::store::tally::Tally;

/// What a request carries besides its document.
#[derive(Clone, Debug, Default)]
pub struct RequestMeta {
    /// Finds the request in the logs.
    pub request_id: String,
    /// The header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The network address the request came from, where it came over a network.
    pub peer: Option<IpAddr>,
    /// Counts what is read for it.
    pub tally: Tally,
}

/// Where a request came from, for the security log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller {
    /// Who is signed in.
    pub actor: Option<Uuid>,
    /// The network address.
    pub peer: Option<IpAddr>,
}
