//! Every text is either no id or the one spelling of an id.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tributary::schema::GRAPH;
use tributary::store::descriptor::parse_id_of;

fuzz_target!(|text: &str| {
    if let Some((of, id)) = GRAPH.parse_id(text) {
        assert_eq!(of.global_id(id), text);
        assert!(GRAPH.all().filter(|other| parse_id_of(other, text).is_some()).count() == 1, "of one kind only");
    }
});
