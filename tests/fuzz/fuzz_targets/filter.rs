//! Any JSON as a filter, an order and a page of any list is read or refused as BAD_USER_INPUT.

#![no_main]

use async_graphql::{Name, Value};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use tributary::calendar::Calendar;
use tributary::error::Code;
use tributary::graphql::filter::Terms;
use tributary::schema::GRAPH;

fuzz_target!(|json: &[u8]| {
    let Ok(json) = serde_json::from_slice(json) else { return };
    let Ok(value) = Value::from_json(json) else { return };
    let terms = Terms { graph: &GRAPH, now: DateTime::UNIX_EPOCH, calendar: Calendar::default(), me: Default::default() };
    let args = ["orderBy", "first"].map(|name| (Name::new(name), value.clone())).into_iter().collect();
    for of in GRAPH.all() {
        if let Err(error) = terms.filter(of, &value) {
            assert_eq!(error.code(), Code::BadUserInput);
        }
        match terms.order(of, &args) {
            Ok(keys) => assert!(keys.len() <= 3),
            Err(error) => assert_eq!(error.code(), Code::BadUserInput),
        }
        match terms.page(of, &args, &[], 100) {
            Ok(page) => assert!(page.limit <= 100),
            Err(error) => assert_eq!(error.code(), Code::BadUserInput),
        }
    }
});
