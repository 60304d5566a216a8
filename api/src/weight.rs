//! What things weigh that caches keep: the bytes that their parts have allocated, walked through and rounded up. Whoever
//! chooses a text chooses its parts as well, so a weight by the length of the text would be the chooser's to set.

use std::collections::HashMap;
use std::mem::size_of;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    BaseType, Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
    Selection, SelectionSet, Type, VariableDefinition,
};
use async_graphql::{Name, Positioned, ServerError, Value};
use async_graphql_value::Value as Written;

/// The counters before the text of a shared string.
const SHARED: usize = 16;

/// One allocation of so many bytes, as the allocator rounds it, with its share of the allocator's own books.
pub fn allocation(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes.next_multiple_of(16) + bytes / 8 + 16 }
}

/// Below a parsed document.
pub fn of_document(document: &ExecutableDocument) -> usize {
    let operations = match &document.operations {
        DocumentOperations::Single(operation) => of_operation(&operation.node),
        DocumentOperations::Multiple(named) => of_map(named, |operation| of_operation(&operation.node)),
    };
    operations + of_map(&document.fragments, |fragment| of_fragment(&fragment.node))
}

/// Below a value.
pub fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Boolean(_) | Value::Number(_) => 0,
        Value::String(text) => allocation(text.capacity()),
        Value::Binary(bytes) => allocation(bytes.len()),
        Value::Enum(name) => of_name(name),
        Value::List(items) => of_vec(items, of_value),
        Value::Object(fields) => of_index_map(fields, of_value),
    }
}

/// Below an error.
pub fn of_error(error: &ServerError) -> usize {
    // Paths and extensions are short and ours.
    const PARTS: usize = 1_024;
    allocation(error.message.capacity()) + PARTS
}

fn of_operation(operation: &OperationDefinition) -> usize {
    of_vec(&operation.variable_definitions, |variable| of_variable(&variable.node))
        + of_directives(&operation.directives)
        + of_selections(&operation.selection_set.node)
}

fn of_fragment(fragment: &FragmentDefinition) -> usize {
    of_name(&fragment.type_condition.node.on.node)
        + of_directives(&fragment.directives)
        + of_selections(&fragment.selection_set.node)
}

fn of_variable(variable: &VariableDefinition) -> usize {
    let default = variable.default_value.as_ref().map_or(0, |value| of_value(&value.node));
    of_name(&variable.name.node) + of_type(&variable.var_type.node) + of_directives(&variable.directives) + default
}

fn of_type(written: &Type) -> usize {
    match &written.base {
        BaseType::Named(name) => of_name(name),
        BaseType::List(item) => allocation(size_of::<Type>()) + of_type(item),
    }
}

fn of_selections(set: &SelectionSet) -> usize {
    of_vec(&set.items, |selection| match &selection.node {
        Selection::Field(field) => of_field(&field.node),
        Selection::FragmentSpread(spread) => {
            of_name(&spread.node.fragment_name.node) + of_directives(&spread.node.directives)
        }
        Selection::InlineFragment(inline) => {
            let condition = inline.node.type_condition.as_ref().map_or(0, |condition| of_name(&condition.node.on.node));
            condition + of_directives(&inline.node.directives) + of_selections(&inline.node.selection_set.node)
        }
    })
}

fn of_field(field: &Field) -> usize {
    field.alias.as_ref().map_or(0, |alias| of_name(&alias.node))
        + of_name(&field.name.node)
        + of_arguments(&field.arguments)
        + of_directives(&field.directives)
        + of_selections(&field.selection_set.node)
}

fn of_directives(directives: &Vec<Positioned<Directive>>) -> usize {
    of_vec(directives, |directive| of_name(&directive.node.name.node) + of_arguments(&directive.node.arguments))
}

fn of_arguments(arguments: &Vec<(Positioned<Name>, Positioned<Written>)>) -> usize {
    of_vec(arguments, |(name, value)| of_name(&name.node) + of_written(&value.node))
}

fn of_written(value: &Written) -> usize {
    match value {
        Written::Null | Written::Boolean(_) | Written::Number(_) => 0,
        Written::Variable(name) | Written::Enum(name) => of_name(name),
        Written::String(text) => allocation(text.capacity()),
        Written::Binary(bytes) => allocation(bytes.len()),
        Written::List(items) => of_vec(items, of_written),
        Written::Object(fields) => of_index_map(fields, of_written),
    }
}

/// Each mention of a name is counted, though some may be shared.
fn of_name(name: &Name) -> usize {
    allocation(SHARED + name.len())
}

fn of_vec<T>(items: &Vec<T>, below: impl Fn(&T) -> usize) -> usize {
    allocation(items.capacity() * size_of::<T>()) + items.iter().map(below).sum::<usize>()
}

fn of_map<V>(map: &HashMap<Name, V>, below: impl Fn(&V) -> usize) -> usize {
    let table = slots(map.capacity()) * (size_of::<(Name, V)>() + 1);
    allocation(table) + map.iter().map(|(name, value)| of_name(name) + below(value)).sum::<usize>()
}

fn of_index_map<V>(map: &IndexMap<Name, V>, below: impl Fn(&V) -> usize) -> usize {
    let entries = map.capacity() * (size_of::<(Name, V)>() + size_of::<usize>());
    let table = slots(map.capacity()) * (size_of::<usize>() + 1);
    let fields = map.iter().map(|(name, value)| of_name(name) + below(value));
    allocation(entries) + allocation(table) + fields.sum::<usize>()
}

/// The slots of a hash table that has room for so many: it is never fuller than seven eighths.
fn slots(capacity: usize) -> usize {
    if capacity == 0 { 0 } else { (capacity * 8 / 7).next_power_of_two() }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn weight(text: &str) -> usize {
        of_document(&parse_query(text).unwrap())
    }

    #[test]
    fn what_is_dense_weighs_more_than_what_is_long() {
        let long = format!("{{ a(b: \"{}\") }}", "x".repeat(5_000));
        let dense = format!("{{ {} }}", "a ".repeat(2_500));
        let punctuated = format!("{{ a(b: {}{}) }}", "[{c:1},".repeat(60), "]".repeat(60));
        assert!((5_000..12_000).contains(&weight(&long)), "{}", weight(&long));
        assert!(weight(&dense) > 2_500 * 200, "{}", weight(&dense));
        assert!(weight(&punctuated) > 60 * 200, "{}", weight(&punctuated));
    }

    #[test]
    fn every_part_of_a_document_weighs() {
        let plain = weight("query A { a }");
        for text in [
            "query A { a @b }",
            "query A { a(b: 1) }",
            "query A { b: a }",
            "query A { a { b } }",
            "query A @b { a }",
            "query A($b: C) { a }",
            "query A($b: [C!]) { a }",
            "query A { a ...B } fragment B on C { d }",
            "query A { a ... on C { d } }",
        ] {
            assert!(weight(text) > plain, "{text}");
        }
        assert!(weight("query A($b: [[C]] = [1]) { a }") > weight("query A($b: C) { a }"));
    }
}
