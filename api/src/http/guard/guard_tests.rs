//! Each hostile shape, refused; ordinary documents, let through.

use async_graphql::{Name, Value};

use super::*;
use crate::http::words::code_of;

fn refused(query: &str) -> (String, String) {
    let error = admit(query, &Limits::default()).unwrap_err();
    assert!(error.message.len() <= 300, "{}", error.message);
    (code_of(&error), error.message)
}

fn too_complex(query: &str, figures: &str) {
    let (code, message) = refused(query);
    assert_eq!(code, "QUERY_TOO_COMPLEX", "{message}");
    assert!(message.contains(figures), "{message}");
}

fn not_graphql(query: &str) -> String {
    let (code, message) = refused(query);
    assert_eq!(code, "GRAPHQL_PARSE_FAILED", "{message}");
    message
}

fn nested(levels: usize) -> String {
    format!("{}{}", "{a".repeat(levels), "}".repeat(levels))
}

#[test]
fn ordinary_documents_pass() {
    let introspection = include_str!("introspection.graphql");
    let documents = [
        "{ __typename }",
        "query Q($n: Int! = 3) { leads(first: $n, filter: { and: [{ name: { eq: \"{[(\" } }] }) { nodes { id } } }",
        "# {{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\n{ a(s: \"\"\"{{{{ \\\"\"\" [[[[\"\"\") }",
        "{ ...A } fragment A on Query { ...B b } fragment B on Query { c }",
        introspection,
    ];
    for document in documents {
        assert!(admit(document, &Limits::default()).is_ok(), "{document}");
    }
}

#[test]
fn text_is_limited_before_it_is_parsed() {
    too_complex(&format!("{{ a(s: \"{}\") }}", "x".repeat(131_072)), "131084 bytes; the limit is 131072");
    too_complex(&format!("{{ {} }}", "a ".repeat(5_000)), "5002 tokens; the limit is 5000");
    too_complex(&format!("{{ a(s: {}) }}", "\"\" ".repeat(5_000)), "the limit is 5000");
    for (open, close) in [("{a", "}"), ("[", "]"), ("{a:", "}")] {
        too_complex(
            &format!("{{ a(v: {}1{}) }}", open.repeat(60), close.repeat(60)),
            "62 levels of brackets; the limit is 40",
        );
        too_complex(&format!("{{ a(v: {}", open.repeat(1_500)), "the limit is 40");
    }
    too_complex(&format!("query ($v: {}Int{}) {{ a }}", "[".repeat(60), "]".repeat(60)), "the limit is 40");
    too_complex(&"(".repeat(4_999), "4999 levels of brackets");
}

#[test]
fn strings_and_comments_cannot_hide_brackets() {
    let brackets = "[".repeat(100);
    let hidden = [
        format!("{{ a(s: \"\\\"\", v: {brackets}"),
        format!("{{ a(s: \"\\\\\", v: {brackets}"),
        format!("{{ a(s: \"\", v: {brackets}"),
        format!("{{ a(s: \"\"\" \\\"\"\" \"\"\", v: {brackets}"),
        format!("# comment\r{{ a(v: {brackets}"),
        format!("\u{feff}{{ a(v: {brackets}"),
    ];
    for document in hidden {
        let (code, message) = refused(&document);
        assert_eq!(code, "QUERY_TOO_COMPLEX", "{document} {message}");
    }
    for unterminated in [
        "{ a(s: \"",
        "{ a(s: \"\n\")}",
        "{ a(s: \"\"\" x\" [[[[",
        "{ a(s: \"\\",
        "{ a(s: \"\"\"\\\\\"\"\", v: [[[[",
        "{ a(s: \"\"\"\\\"\"\"",
    ] {
        assert!(not_graphql(unterminated).contains("does not end"), "{unterminated}");
    }
}

#[test]
fn fragments_are_counted_expanded() {
    let doubling = |levels: usize, leaf: &str| {
        let steps: String =
            (0..levels).map(|n| format!("fragment F{n} on Query {{ ...F{} ...F{} }} ", n + 1, n + 1)).collect();
        format!("{steps} fragment F{levels} on Query {{ {leaf} }}")
    };
    too_complex(&format!("{{ ...F0 }} {}", doubling(30, "a")), "the limit is 2000");
    too_complex(&format!("{{ ...F0 }} {}", doubling(100, "a")), "the limit is 2000");
    too_complex(&format!("{{ ...F0 }} {}", doubling(30, "...Unknown")), "the limit is 2000");
    too_complex(&format!("{{ a }} {}", doubling(30, "a")), "the limit is 2000");
    too_complex(&format!("query Chosen {{ a }} query Other {{ ...F0 }} {}", doubling(12, "a")), "the limit is 2000");
    let chain: String = (0..600).map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1)).collect();
    too_complex(&format!("{{ ...F0 }} {chain} fragment F600 on Query {{ a }}"), "the limit is 40");
    too_complex(
        &format!("{{ {} }}", "... { ".repeat(39).as_str().to_owned() + "a" + &"}".repeat(39) + &"a ".repeat(2_000)),
        "the limit is 2000",
    );
}

#[test]
fn fragment_cycles_are_refused() {
    for cycle in [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { b { ...B } } fragment B on Query { ... on Query { ...A } }",
        "{ a } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...B }",
    ] {
        let (code, message) = refused(cycle);
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{message}");
    }
    let ring: String = (0..600).map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", (n + 1) % 600)).collect();
    assert_eq!(refused(&format!("{{ a }} {ring}")).0, "GRAPHQL_VALIDATION_FAILED");
}

#[test]
fn depth_aliases_directives_and_roots_are_limited() {
    assert!(admit(&nested(15), &Limits::default()).is_ok());
    too_complex(&nested(16), "16 levels of fields; the limit is 15");
    too_complex(&format!("{{ a {{ ...F }} }} fragment F on X {}", nested(15)), "the limit is 15");
    let aliases: String = (0..51).map(|n| format!("a{n}: b ")).collect();
    too_complex(&format!("{{ c {{ {aliases} }} }}"), "51 aliases; the limit is 50");
    too_complex(&format!("query A {{ a }} query B {{ c {{ {aliases} }} }}"), "51 aliases");
    too_complex(&format!("{{ a {} }}", "@skip(if: false) ".repeat(51)), "51 directives; the limit is 50");
    too_complex(&format!("query {} {{ a }}", "@x ".repeat(51)), "51 directives");
    too_complex(&format!("query ($v: Int {}) {{ a }}", "@x ".repeat(51)), "51 directives");
    too_complex(&format!("{{ {} }}", "a ".repeat(21)), "21 root fields; the limit is 20");
    too_complex(&format!("{{ ...F ...F }} fragment F on Query {{ {} }}", "a ".repeat(11)), "22 root fields");
}

#[test]
fn introspection_goes_only_so_deep() {
    let types = |below: &str| format!("{{ __schema {{ types {{ {below} }} }} }}");
    assert!(admit(&types("fields { type { fields { name } } }"), &Limits::default()).is_ok());
    let deep = "fields { type { fields { type { possibleTypes { name } } } } }";
    too_complex(&types(deep), "3 lists of introspection within each other; the limit is 2");
    too_complex(&format!("{{ ...S }} fragment S on Query {{ __type(name: \"Deal\") {{ {deep} }} }}"), "the limit is 2");
    assert!(
        admit(&format!("{{ event {{ {deep} }} }}"), &Limits::default()).is_ok(),
        "other fields may have these names"
    );
}

#[test]
fn syntax_errors_say_where_and_echo_nothing() {
    let message = not_graphql("{\n  secret_word(\n}");
    assert!(message.contains("line 3, column 1") && !message.contains("secret_word"), "{message}");
    assert!(not_graphql("{").contains("line 1, column 2"));
    not_graphql(&format!("{{ a(n: {}) }}", "9".repeat(4_000) + "e99999"));
}

#[test]
fn long_blanks_and_names_are_no_offence() {
    let (blank, name) = (" ,\n".repeat(40_000), "a".repeat(120_000));
    for document in [
        format!("{{ a{blank}}}"),
        format!("{{ {name} }}"),
        format!("{{ a #{name}\n }}"),
        format!("{{ a(s:\"{name}\") }}"),
    ] {
        assert!(admit(&document, &Limits::default()).is_ok());
    }
}

#[test]
fn whatever_passes_fits_on_a_small_stack() {
    let deepest = [
        nested(15),
        format!("{{ a(v: {}1{}) }}", "[".repeat(38), "]".repeat(38)),
        format!("{{ a(v: {}1{}) }}", "{a:".repeat(38), "}".repeat(38)),
    ];
    let job = move || deepest.iter().for_each(|document| drop(admit(document, &Limits::default()).unwrap()));
    let stack = if cfg!(debug_assertions) { 2_048 } else { 512 };
    std::thread::Builder::new().stack_size(stack * 1_024).spawn(job).unwrap().join().unwrap();
}

#[test]
fn bodies_are_limited_in_size_and_nesting() {
    let limits = Limits::default();
    assert!(
        check_body(
            br#"{"query":"{a}","variables":{"s":"[[[[[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}}"#,
            &limits,
            false
        )
        .is_ok()
    );
    for body in [
        "[".repeat(1_000_000),
        "{\"a\":".repeat(41),
        format!("{{\"s\":\"\\\\\",\"v\":{}", "[".repeat(60)),
        " ".repeat(1_048_577),
        format!("[{}0]", "0,".repeat(50_000)),
    ] {
        assert_eq!(code_of(&check_body(body.as_bytes(), &limits, true).unwrap_err()), "QUERY_TOO_COMPLEX");
    }
    let some = format!("[{}0]", "0,".repeat(1_000));
    assert!(check_body(some.as_bytes(), &limits, true).is_ok());
    assert_eq!(code_of(&check_body(some.as_bytes(), &limits, false).unwrap_err()), "QUERY_TOO_COMPLEX");
    assert!(check_batch(10, &limits).is_ok() && check_batch(11, &limits).is_err());
}

#[test]
fn a_large_variable_used_often_is_refused() {
    let uses: String = (0..50).map(|n| format!("a(v: $v) @include(if: $b) {{ b{n}(w: {{ x: [$v] }}) }} ")).collect();
    let document =
        admit(&format!("query ($v: [Int!], $b: Boolean!) {{ c {{ {uses} }} }}"), &Limits::default()).unwrap();
    let mut variables = Variables::default();
    variables.insert(Name::new("v"), Value::List(vec![Value::from(1); 10_000]));
    let error = check_values(&document, &variables).unwrap_err();
    assert!(error.message.contains("1000100 values"), "{}", error.message);
    variables.insert(Name::new("v"), Value::List(vec![Value::from(1); 1_000]));
    assert!(check_values(&document, &variables).is_ok());
}
