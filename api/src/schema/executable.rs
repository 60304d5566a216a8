//! What runs requests. The library walks through all types that a schema knows whenever a field of the query root is
//! resolved, to see whether one of them belongs to a federation; with hundreds of types that is a good part of reading one
//! row. So what runs requests knows those types only that running looks at, and who asks for the schema gets the whole.

use std::borrow::Cow;
use std::sync::OnceLock;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{ContextSelectionSet, OutputType, Positioned, Request, ServerResult, Value};

use super::{Schema, builder};

/// The schema twice: for running, and for looking at.
pub struct Executables {
    running: Schema,
    whole: OnceLock<Schema>,
}

impl Executables {
    /// Builds what runs requests; the whole schema is built when somebody looks at it.
    #[expect(clippy::new_without_default, reason = "building a schema is no small thing to do by the way")]
    pub fn new() -> Self {
        Self { running: builder().register_output_type::<OnlyWhatRuns>().finish(), whole: OnceLock::new() }
    }

    /// What runs this request. One that cannot be parsed is refused by either.
    pub fn of(&self, request: &mut Request) -> &Schema {
        if request.parsed_query().is_ok_and(looks_at_schema) {
            self.whole.get_or_init(|| builder().finish())
        } else {
            &self.running
        }
    }
}

/// Does the document ask for `__schema` or `__type`? Only the query root has such fields.
fn looks_at_schema(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(names_it)
}

/// Fields of the query root stand in the set itself, or in fragments in it.
fn names_it(set: &SelectionSet) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => matches!(field.node.name.node.as_str(), "__schema" | "__type"),
        Selection::InlineFragment(fragment) => names_it(&fragment.node.selection_set.node),
        // Every fragment of the document is looked at.
        Selection::FragmentSpread(_) => false,
    })
}

/// Removes from a registry what running does not look at: it looks up the fields of root types and of objects that are
/// written in Rust; everything else is planned and rendered by the declarations.
struct OnlyWhatRuns;

impl OutputType for OnlyWhatRuns {
    fn type_name() -> Cow<'static, str> {
        "Query".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let roots =
            [Some(registry.query_type.clone()), registry.mutation_type.clone(), registry.subscription_type.clone()];
        registry.types.retain(|name, known| match known {
            MetaType::Object { rust_typename, .. } => {
                rust_typename.is_some() || roots.iter().flatten().any(|root| root == name)
            }
            _ => false,
        });
        "Query".to_owned()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Null)
    }
}
