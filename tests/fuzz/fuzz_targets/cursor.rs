//! Any text as a cursor is read or refused as BAD_USER_INPUT, also one whose checksum holds.

#![no_main]

use async_graphql::{Name, Value};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use tributary::calendar::Calendar;
use tributary::error::Code;
use tributary::graphql::filter::{Terms, order_name};
use tributary::schema::GRAPH;
use tributary::store::page::Key;

/// What a fuzzer never finds by chance: the checksum that `store/page.rs` puts before the body.
fn with_checksum(body: &[u8]) -> String {
    let sum = Sha256::new().chain_update(b"tributary cursor 1").chain_update(body).finalize();
    URL_SAFE_NO_PAD.encode([&sum[..6], body].concat())
}

/// The cursor is accepted.
fn reads(cursor: String, order: &[Key]) -> bool {
    let terms = Terms { graph: &GRAPH, now: DateTime::UNIX_EPOCH, calendar: Calendar::default(), me: Default::default() };
    let of = GRAPH.named("Deal").expect("deals");
    let args = [(Name::new("after"), Value::from(cursor))].into_iter().collect();
    match terms.page(of, &args, order, 100) {
        Ok(page) => page.after.is_some(),
        Err(error) => {
            assert_eq!(error.code(), Code::BadUserInput);
            false
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let of = GRAPH.named("Deal").expect("deals");
    // One key of every shape.
    let orders = of.fields.iter().filter(|field| field.sortable).map(|field| [Key { field, descending: true }]);
    for order in orders {
        let name = order_name(of, &order);
        let known = format!("[{name:?},[null],\"{}\"]", "0".repeat(32));
        assert!(reads(with_checksum(known.as_bytes()), &order), "the checksum here is not that of store/page.rs");
        reads(String::from_utf8_lossy(bytes).into_owned(), &order);
        reads(with_checksum(bytes), &order);
        // The values of this order, whatever they are.
        let values = format!("[{name:?},[{}],\"{}\"]", String::from_utf8_lossy(bytes), "0".repeat(32));
        reads(with_checksum(values.as_bytes()), &order);
    }
});
