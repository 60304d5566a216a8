//! Fields, arguments, directives and fragments: do they exist, and do they stand where they may?

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, Field, OperationType, Selection, SelectionSet, TypeCondition, VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

use super::types::{Input, Kind, Type};
use super::values::{Place, anything};
use super::{AllUses, Judge, Uses, meant, quoted};

/// Where `@skip` and `@include` may stand.
const CONDITIONS: [&str; 3] = ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"];
/// The directives of the specification that describe schemas.
const OF_SCHEMAS: [&str; 3] = ["deprecated", "specifiedBy", "oneOf"];

impl<'a> Judge<'a> {
    /// Walks over every operation and fragment.
    pub(super) fn selections(&mut self) -> AllUses<'a> {
        let mut all = AllUses::default();
        for (name, operation) in self.document.operations.iter() {
            let mut uses = Uses::default();
            let definition = &operation.node;
            let place = match definition.ty {
                OperationType::Query => "QUERY",
                OperationType::Mutation => "MUTATION",
                OperationType::Subscription => "SUBSCRIPTION",
            };
            self.directives(&definition.directives, place, &mut uses);
            for variable in &definition.variable_definitions {
                self.directives(&variable.node.directives, "VARIABLE_DEFINITION", &mut uses);
                self.default(&variable.node);
            }
            self.set(&definition.selection_set.node, self.types.root(definition.ty), &mut uses);
            all.operations.insert(name, uses);
        }
        for (name, fragment) in &self.document.fragments {
            let mut uses = Uses::default();
            self.directives(&fragment.node.directives, "FRAGMENT_DEFINITION", &mut uses);
            let on = self.condition(&fragment.node.type_condition);
            self.set(&fragment.node.selection_set.node, on, &mut uses);
            all.fragments.insert(name, uses);
        }
        all
    }

    fn default(&mut self, variable: &'a VariableDefinition) {
        let Some(default) = &variable.default_value else { return };
        if self.types.of(&variable.var_type.node).is_some_and(Type::is_input) {
            let value = default.node.clone().into_value();
            let mut place = Place::new(default.pos, format!("The default of `${}`", variable.name.node));
            self.typed(&value, &variable.var_type.node, false, false, &mut place, &mut Uses::default());
        }
    }

    fn set(&mut self, set: &'a SelectionSet, on: Option<&'a Type>, uses: &mut Uses<'a>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(field, on, uses),
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.node.directives, "INLINE_FRAGMENT", uses);
                    let inner = match &fragment.node.type_condition {
                        None => on,
                        Some(condition) => {
                            let inner = self.condition(condition);
                            self.possible(on, inner, fragment.pos);
                            inner
                        }
                    };
                    self.set(&fragment.node.selection_set.node, inner, uses);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives, "FRAGMENT_SPREAD", uses);
                    let name = &spread.node.fragment_name;
                    match self.document.fragments.get(&name.node) {
                        Some(fragment) => {
                            let on_fragment = self.types.named(&fragment.node.type_condition.node.on.node);
                            self.possible(on, on_fragment, spread.pos);
                            uses.spreads.push(&name.node);
                        }
                        None => {
                            let hint = self.similar(&name.node, self.document.fragments.keys().map(Name::as_str));
                            self.mistake(&[name.pos], format!("The document has no fragment `{}`.{hint}", name.node));
                        }
                    }
                }
            }
        }
    }

    /// The type that a fragment is about.
    fn condition(&mut self, condition: &'a Positioned<TypeCondition>) -> Option<&'a Type> {
        let on = &condition.node.on;
        let Some(ty) = self.types.named(&on.node) else {
            let hint = self.similar(&on.node, self.types.names(Type::is_composite));
            self.mistake(&[on.pos], format!("There is no type `{}`.{hint}", on.node));
            return None;
        };
        if !ty.is_composite() {
            self.mistake(&[on.pos], format!("A fragment cannot be on `{}`: it has no fields.", on.node));
        }
        Some(ty).filter(|ty| ty.is_composite())
    }

    /// Can a fragment on `inner` apply where something of `outer` is?
    fn possible(&mut self, outer: Option<&'a Type>, inner: Option<&'a Type>, pos: Pos) {
        let (Some(outer), Some(inner)) = (outer, inner) else { return };
        if inner.is_composite() && outer.is_composite() && !outer.overlaps(inner) {
            let message = format!("A fragment on `{}` never applies here: this is a `{}`.", inner.name, outer.name);
            self.mistake(&[pos], message);
        }
    }

    fn field(&mut self, field: &'a Positioned<Field>, on: Option<&'a Type>, uses: &mut Uses<'a>) {
        let Field { name, arguments, directives, selection_set, .. } = &field.node;
        self.directives(directives, "FIELD", uses);
        let below = &selection_set.node;
        let Some(known) = on.and_then(|on| self.types.field(on, &name.node)) else {
            if let Some(on) = on {
                let hint = self.field_hint(on, &name.node);
                self.mistake(&[name.pos], format!("`{}` has no field `{}`.{hint}", on.name, name.node));
            }
            self.unknown_arguments(arguments, uses);
            return self.set(below, None, uses);
        };
        self.arguments(arguments, &known.args, &name.node, field.pos, uses);
        let answers = self.types.of(&known.ty);
        match (answers.is_some_and(Type::is_composite), below.items.is_empty()) {
            (true, true) => {
                let message = format!(
                    "`{0}` answers a `{1}`: select what you want of it, as in `{0} {{ … }}`.",
                    name.node, known.ty
                );
                self.mistake(&[name.pos], message);
            }
            (false, false) => {
                let message = format!("`{}` answers a `{}`: nothing can be selected of it.", name.node, known.ty);
                self.mistake(&[selection_set.pos], message);
            }
            _ => {}
        }
        self.set(below, answers, uses);
    }

    /// A field of another spelling; or, where an interface has none of that name, objects that do.
    fn field_hint(&self, on: &Type, name: &str) -> String {
        let Kind::Composite { fields, possible, is_abstract } = &on.kind else { return String::new() };
        let mut having: Vec<&str> = if *is_abstract {
            let has = |one: &&String| self.types.named(one).is_some_and(|ty| self.types.field(ty, name).is_some());
            possible.iter().filter(has).map(String::as_str).collect()
        } else {
            Vec::new()
        };
        if having.is_empty() {
            return self.similar(name, fields.keys().map(String::as_str));
        }
        having.sort_unstable();
        let fragments: Vec<_> = having.into_iter().take(3).map(|ty| quoted(&format!("... on {ty}"))).collect();
        meant(&fragments)
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>], place: &str, uses: &mut Uses<'a>) {
        let mut seen = HashSet::new();
        for directive in directives {
            let name = directive.node.name.node.as_str();
            let pos = directive.pos;
            if !seen.insert(name) {
                self.mistake(&[pos], format!("`@{name}` stands here more than once."));
            }
            let condition = matches!(name, "skip" | "include");
            if condition && CONDITIONS.contains(&place) {
                let types = self.types;
                self.arguments(&directive.node.arguments, &types.condition, &format!("@{name}"), pos, uses);
                continue;
            }
            if condition || OF_SCHEMAS.contains(&name) {
                self.mistake(&[pos], format!("`@{name}` may not stand here."));
            } else {
                let hint = if self.mistakes.len() < super::HINTED {
                    super::hint(name, ["skip", "include"].into_iter(), |name| format!("`@{name}`"))
                } else {
                    String::new()
                };
                self.mistake(&[pos], format!("There is no directive `@{name}`.{hint}"));
            }
            self.unknown_arguments(&directive.node.arguments, uses);
        }
    }

    /// Arguments of what nobody knows: only their variables count.
    fn unknown_arguments(&self, arguments: &[(Positioned<Name>, Positioned<Value>)], uses: &mut Uses<'a>) {
        for (_, value) in arguments {
            anything(&value.node, value.pos, uses);
        }
    }

    fn arguments(
        &mut self,
        arguments: &[(Positioned<Name>, Positioned<Value>)],
        known: &'a IndexMap<String, Input>,
        of: &str,
        pos: Pos,
        uses: &mut Uses<'a>,
    ) {
        let mut seen = HashSet::new();
        for (name, value) in arguments {
            if !seen.insert(name.node.as_str()) {
                self.mistake(&[name.pos], format!("`{of}` is given its argument `{}` more than once.", name.node));
            }
            let Some(input) = known.get(name.node.as_str()) else {
                let hint = self.similar(&name.node, known.keys().map(String::as_str));
                self.mistake(&[name.pos], format!("`{of}` takes no argument `{}`.{hint}", name.node));
                anything(&value.node, value.pos, uses);
                continue;
            };
            let mut place = Place::new(value.pos, format!("`{of}({}:)`", name.node));
            self.value(&value.node, input, false, &mut place, uses);
        }
        for (name, input) in known.iter().filter(|(_, input)| input.is_required()) {
            if !seen.contains(name.as_str()) {
                self.mistake(&[pos], format!("`{of}` needs its argument `{name}` of type `{}`.", input.ty));
            }
        }
    }
}
