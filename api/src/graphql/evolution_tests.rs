//! Case by case: what breaks clients, what may surprise them, what they never notice.

use super::*;

/// What becomes of clients when `old` becomes `new`, both put beside a query root.
#[track_caller]
fn changes(old: &str, new: &str) -> Vec<String> {
    let whole = |text: &str| format!("schema {{ query: Query }} type Query {{ t: Int }} {text}");
    let changes = compare(&whole(old), &whole(new)).unwrap();
    let print = |change: &Change| format!("{:?} {change}", change.weight);
    changes.iter().map(print).collect()
}

#[track_caller]
fn breaks(old: &str, new: &str, place: &str, what: &str) {
    assert_eq!(changes(old, new), [format!("Breaking {place}  {what}")], "{old} -> {new}");
}

#[track_caller]
fn surprises(old: &str, new: &str, place: &str, what: &str) {
    assert_eq!(changes(old, new), [format!("Dangerous {place}  {what}")], "{old} -> {new}");
}

#[track_caller]
fn is_safe(old: &str, new: &str) {
    assert_eq!(changes(old, new), [""; 0], "{old} -> {new}");
}

#[test]
fn what_is_removed_breaks() {
    breaks("type A { b: Int }", "", "A", "was removed");
    breaks("type A { b: Int c: Int }", "type A { c: Int }", "A.b", "was removed");
    breaks("type A { b(x: Int, y: Int): Int }", "type A { b(x: Int): Int }", "A.b(y:)", "was removed");
    breaks("enum E { A B }", "enum E { A }", "E.B", "was removed");
    breaks("input I { a: Int b: Int }", "input I { a: Int }", "I.b", "was removed");
    breaks("union U = A | B", "union U = A", "U is B", "was removed");
    breaks("type A implements N { id: ID! }", "type A { id: ID! }", "A implements N", "was removed");
    breaks("directive @a(x: Int) on FIELD", "", "@a", "was removed");
    breaks("directive @a on FIELD | QUERY", "directive @a on FIELD", "@a on Query", "was removed");
}

#[test]
fn a_renamed_field_is_a_removed_one() {
    breaks("type A { b: Int }", "type A { c: Int }", "A.b", "was removed");
}

#[test]
fn another_kind_of_type_breaks() {
    assert_eq!(changes("scalar A", "enum A { B }")[0], "Breaking A  was a scalar and is an enum");
    breaks("input I { a: Int }", "input I @oneOf { a: Int }", "I", "takes exactly one of its fields now");
    let (query, other) = ("schema { query: A } type A { b: Int }", "schema { query: B } type A { b: Int }");
    let changes = compare(query, other).unwrap();
    assert_eq!(changes[0].to_string(), "schema.query  was A and is B");
}

#[test]
fn answers_may_promise_more_and_not_less() {
    is_safe("type A { b: Int }", "type A { b: Int! }");
    is_safe("type A { b: [Int] }", "type A { b: [Int!]! }");
    breaks("type A { b: Int! }", "type A { b: Int }", "A.b", "was Int! and is Int");
    breaks("type A { b: [Int!] }", "type A { b: [Int] }", "A.b", "was [Int!] and is [Int]");
    breaks("type A { b: Int }", "type A { b: Float }", "A.b", "was Int and is Float");
    breaks("type A { b: Int }", "type A { b: [Int] }", "A.b", "was Int and is [Int]");
    breaks("interface A { b: Int! }", "interface A { b: Int }", "A.b", "was Int! and is Int");
}

#[test]
fn inputs_may_take_more_and_not_less() {
    is_safe("input I { a: Int! }", "input I { a: Int }");
    is_safe("input I { a: [Int!]! }", "input I { a: [Int] }");
    breaks("input I { a: Int }", "input I { a: Int! }", "I.a", "took Int and takes Int!");
    breaks("input I { a: [Int] }", "input I { a: [Int!] }", "I.a", "took [Int] and takes [Int!]");
    breaks("input I { a: ID }", "input I { a: String }", "I.a", "took ID and takes String");
    breaks("type A { b(x: Int): Int }", "type A { b(x: Int!): Int }", "A.b(x:)", "took Int and takes Int!");
    breaks("input I { a: Int! = 1 }", "input I { a: Int! }", "I.a", "must be given now");
}

#[test]
fn new_inputs_break_when_they_must_be_given() {
    breaks("input I { a: Int }", "input I { a: Int b: Int! }", "I.b", "was added and must be given");
    breaks("type A { b: Int }", "type A { b(x: Int!): Int }", "A.b(x:)", "was added and must be given");
    surprises("input I { a: Int }", "input I { a: Int b: Int }", "I.b", "was added");
    surprises("type A { b: Int }", "type A { b(x: Int! = 1): Int }", "A.b(x:)", "was added");
}

#[test]
fn what_clients_have_not_met_before_is_dangerous() {
    surprises("enum E { A }", "enum E { A B }", "E.B", "was added");
    surprises("union U = A", "union U = A | B", "U is B", "was added");
    surprises("type A { id: ID! }", "type A implements N { id: ID! }", "A implements N", "was added");
    surprises("input I { a: Int = 1 }", "input I { a: Int = 2 }", "I.a", "stood for 1 when left out and stands for 2");
    surprises(
        "scalar S @specifiedBy(url: \"a\")",
        "scalar S @specifiedBy(url: \"b\")",
        "S",
        "is specified by another page",
    );
    surprises("input I @oneOf { a: Int }", "input I { a: Int }", "I", "takes more than one of its fields now");
}

#[test]
fn what_is_only_more_is_safe() {
    is_safe("", "type A { b(x: Int!): Int } enum E { A } input I { a: Int! } union U = A directive @a on FIELD");
    is_safe("type A { b: Int }", "type A { b: Int c(x: Int!): Int }");
    is_safe("type A { b: Int }", "\"says more\" type A { \"here too\" b: Int @deprecated(reason: \"Use c.\") }");
    is_safe("type A { b: Int c: Int }", "type A { c: Int b: Int }");
}

#[test]
fn breaking_changes_are_declared_with_a_reason_or_refused() {
    let changes = compare("type Query { a: Int b: Int }", "type Query { b: Int }").unwrap();
    assert_eq!(undeclared(&changes, "# nothing\n"), ["breaks clients and is not declared: Query.a  was removed"]);
    assert_eq!(undeclared(&changes, "Query.a: nobody asked for it\n"), [""; 0]);
    assert!(undeclared(&changes, "Query.a:\n")[0].starts_with("no reason is given"));
    let stale = undeclared(&changes, "Query.a: gone\nQuery.b: gone too\n");
    assert_eq!(stale, ["is declared, but nothing breaks there: Query.b"]);
    let surprising = compare("enum E { A }", "enum E { A B }").unwrap();
    assert_eq!(undeclared(&surprising, ""), [""; 0]);
}

#[test]
fn a_text_that_is_no_schema_is_refused() {
    assert!(compare("type", "type A { b: Int }").unwrap_err().starts_with("The old schema cannot be read"));
    assert!(compare("type A { b: Int }", "{ a }").unwrap_err().starts_with("The new schema cannot be read"));
}
