//! Header names mean the same in every spelling, but some clients of sockets look for those of an upgrade as RFC 6455 writes
//! them (`Sec-WebSocket-Protocol`), which is neither lower case nor title case.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Extensions, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::sync::OnceCell;

/// The names of an answer to an upgrade that are not in title case.
const AS_WRITTEN: &[u8] =
    b"GET / HTTP/1.1\r\nConnection: close\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: x\r\n\
    Sec-WebSocket-Extensions: x\r\nSec-WebSocket-Version: x\r\n\r\n";

static SPELLING: OnceCell<Extensions> = OnceCell::const_new();

/// What an answer has to carry to be spelled so. The server spells an answer like the request whose extensions it has, and
/// there is no other way to tell it: so it reads one request, from memory, that is spelled as the answers shall be.
pub async fn of_upgrades() -> &'static Extensions {
    SPELLING.get_or_init(read).await
}

async fn read() -> Extensions {
    let found = Mutex::new(Extensions::new());
    let (mut client, server) = tokio::io::duplex(2 * AS_WRITTEN.len());
    let note = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        *found.lock().unwrap_or_else(PoisonError::into_inner) = request.extensions().clone();
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    });
    // Should either fail, names are in title case.
    if client.write_all(AS_WRITTEN).await.is_ok() {
        let _ = http1::Builder::new().preserve_header_case(true).serve_connection(TokioIo::new(server), note).await;
    }
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}
