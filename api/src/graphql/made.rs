//! The names of the types that are made of a declaration, so that no two things get the same one.

use super::register::{capital, choice_filter_name};
use crate::store::descriptor::{Descriptor, Shape};

/// What is made of every entity: the end of its type's name.
const OF_ONE: [&str; 28] = [
    "",
    "Aggregate",
    "Avg",
    "Connection",
    "Edge",
    "Figure",
    "FigureCountInput",
    "FigureDistinctInput",
    "FigurePercentileInput",
    "FigureRatioInput",
    "FigureValueInput",
    "Filter",
    "Group",
    "GroupBy",
    "GroupField",
    "GroupKey",
    "GroupOrder",
    "Having",
    "ListFilter",
    "Max",
    "Min",
    "NumberField",
    "Order",
    "OrderField",
    "Payload",
    "Quantile",
    "Sum",
    "Window",
];

/// The types that are made of this entity and of nothing else.
pub fn types_of(of: &Descriptor) -> Vec<String> {
    let (one, many) = (of.name, capital(of.plural));
    let inputs =
        of.plain().flat_map(|(verb, _)| [one, many.as_str()].map(|name| format!("{}{name}Input", capital(verb))));
    let ends = OF_ONE.iter().map(|end| format!("{one}{end}"));
    ends.chain(inputs).chain(of.writes.as_ref().map(|_| format!("{many}Payload"))).collect()
}

/// The types that are made of the enums of an entity's fields, each with its enum. Other entities may have them as well.
pub fn types_of_choices(of: &Descriptor) -> impl Iterator<Item = (String, String)> {
    let choices = of.fields.iter().chain(&of.findable).filter_map(|field| match field.shape {
        Shape::Choice(choice) => Some((choice.name)().into_owned()),
        _ => None,
    });
    choices.flat_map(|choice| {
        let filter = format!("{}Filter", choice_filter_name(&choice));
        [(filter, choice.clone()), (choice.clone(), choice)]
    })
}
