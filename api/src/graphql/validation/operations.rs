//! What an operation declares and what it uses: variables, fragments, and the one root of a subscription.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    BaseType, OperationDefinition, OperationType, Selection, SelectionSet, Type as Reference, VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned};

use super::types::{Type, name_of};
use super::{AllUses, Judge, Use, Valid};

impl<'a> Judge<'a> {
    /// Judges every operation by what it uses, itself and through fragments.
    pub(super) fn operations(&mut self, all: &AllUses<'a>) -> Valid {
        let mut valid = Valid::default();
        let mut spread: HashSet<&Name> = HashSet::new();
        for (name, operation) in self.document.operations.iter() {
            if self.types.root(operation.node.ty).is_none() {
                let message = format!("There is no `{}` here.", operation.node.ty);
                self.mistake(&[operation.pos], message);
            }
            let reached = reached(all, name);
            let declared = self.declared(&operation.node);
            let not_null = self.variables(all, name, &reached, &declared);
            if !not_null.is_empty() {
                valid.not_null.insert(name.cloned(), not_null);
            }
            spread.extend(reached);
            if operation.node.ty == OperationType::Subscription {
                self.subscription(operation);
            }
        }
        for (name, fragment) in &self.document.fragments {
            if !spread.contains(name) {
                self.mistake(&[fragment.pos], format!("The fragment `{name}` is not used."));
            }
        }
        valid
    }

    /// The variables that an operation declares, each judged.
    fn declared(&mut self, operation: &'a OperationDefinition) -> HashMap<&'a Name, &'a VariableDefinition> {
        let mut declared = HashMap::new();
        for definition in &operation.variable_definitions {
            let VariableDefinition { name, var_type, .. } = &definition.node;
            if declared.insert(&name.node, &definition.node).is_some() {
                self.mistake(&[name.pos], format!("The variable `${}` is declared more than once.", name.node));
            }
            let named = name_of(&var_type.node);
            match self.types.named(named) {
                Some(ty) if ty.is_input() => {}
                Some(_) => {
                    let message =
                        format!("The variable `${}` cannot be a `{named}`: that is only answered.", name.node);
                    self.mistake(&[var_type.pos], message);
                }
                None => {
                    let hint = self.similar(named, self.types.names(Type::is_input));
                    self.mistake(&[var_type.pos], format!("There is no type `{named}`.{hint}"));
                }
            }
        }
        declared
    }

    /// Every use has its declaration, and every declaration its use. Answers which variables may not be given as null.
    fn variables(
        &mut self,
        all: &AllUses<'a>,
        operation: Option<&'a Name>,
        reached: &HashSet<&'a Name>,
        declared: &HashMap<&'a Name, &'a VariableDefinition>,
    ) -> HashSet<Name> {
        let (mut used, mut not_null) = (HashSet::new(), HashSet::new());
        let own = all.operations.get(&operation);
        let through = reached.iter().filter_map(|name| all.fragments.get(*name));
        for one in own.into_iter().chain(through).flat_map(|uses| &uses.variables) {
            let Some(definition) = declared.get(&one.name) else {
                let by = operation.map_or(String::new(), |name| format!(" by `{name}`"));
                self.mistake(&[one.pos], format!("The variable `${}` is not declared{by}.", one.name));
                continue;
            };
            used.insert(&one.name);
            if self.usage(one, definition) {
                not_null.insert(one.name.clone());
            }
        }
        for (name, definition) in declared {
            if !used.contains(name) {
                let by = operation.map_or(String::new(), |name| format!(" by `{name}`"));
                self.mistake(&[definition.name.pos], format!("The variable `${name}` is not used{by}."));
            }
        }
        not_null
    }

    /// Whether a variable may stand where it is used. Answers whether null may not be given for it.
    fn usage(&mut self, one: &Use<'a>, definition: &VariableDefinition) -> bool {
        let Some(expected) = one.expected else { return false };
        let (name, given) = (&one.name, &definition.var_type.node);
        if one.one_of && given.nullable {
            let message =
                format!("The variable `${name}` of type `{given}` stands where null may not: make it `{given}!`.");
            self.mistake(&[one.pos], message);
            return false;
        }
        let stands_in = definition.default_value.as_ref().is_some_and(|value| value.node != async_graphql::Value::Null);
        let rests_on_default = !expected.nullable && given.nullable && (stands_in || one.has_default);
        let wanted = Reference { base: expected.base.clone(), nullable: expected.nullable || rests_on_default };
        if !is_within(given, &wanted) && self.types.of(given).is_some() {
            let message = format!("The variable `${name}` of type `{given}` stands where `{expected}` is expected.");
            self.mistake(&[one.pos], message);
        }
        rests_on_default
    }

    /// A subscription follows one thing (section 5.2.3.1).
    fn subscription(&mut self, operation: &'a Positioned<OperationDefinition>) {
        let mut roots = Vec::new();
        self.roots(&operation.node.selection_set.node, &mut HashSet::new(), &mut roots);
        let keys: HashSet<&str> = roots.iter().map(|(key, ..)| *key).collect();
        if keys.len() > 1 {
            self.mistake(&[operation.pos], "A subscription selects exactly one field.");
        }
        for (_, name, pos) in roots {
            if name.starts_with("__") {
                self.mistake(&[pos], format!("A subscription cannot follow `{name}`."));
            }
        }
    }

    fn roots(&mut self, set: &'a SelectionSet, seen: &mut HashSet<&'a Name>, roots: &mut Vec<(&'a str, &'a str, Pos)>) {
        for selection in &set.items {
            let condition = selection
                .node
                .directives()
                .iter()
                .find(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include"));
            if let Some(condition) = condition {
                let message = format!("`@{}` may not decide what a subscription follows.", condition.node.name.node);
                self.mistake(&[condition.pos], message);
            }
            match &selection.node {
                Selection::Field(field) => {
                    roots.push((&field.node.response_key().node, &field.node.name.node, field.pos));
                }
                Selection::InlineFragment(fragment) => self.roots(&fragment.node.selection_set.node, seen, roots),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self.document.fragments.get(name).filter(|_| seen.insert(name));
                    if let Some(fragment) = fragment {
                        self.roots(&fragment.node.selection_set.node, seen, roots);
                    }
                }
            }
        }
    }
}

/// The fragments that an operation stands on, itself and through others.
fn reached<'a>(all: &AllUses<'a>, operation: Option<&'a Name>) -> HashSet<&'a Name> {
    let mut open: Vec<&Name> = all.operations.get(&operation).map(|uses| uses.spreads.clone()).unwrap_or_default();
    let mut reached = HashSet::new();
    while let Some(name) = open.pop() {
        if reached.insert(name) {
            open.extend(all.fragments.get(name).into_iter().flat_map(|uses| &uses.spreads));
        }
    }
    reached
}

/// Whether every value of the one type is one of the other.
fn is_within(given: &Reference, wanted: &Reference) -> bool {
    if given.nullable && !wanted.nullable {
        return false;
    }
    match (&given.base, &wanted.base) {
        (BaseType::List(given), BaseType::List(wanted)) => is_within(given, wanted),
        (BaseType::Named(given), BaseType::Named(wanted)) => given == wanted,
        _ => false,
    }
}
