//! Who may use each verb is told at the end of its description: read off the policy, so that it is never written by hand and
//! always true.

use std::borrow::Cow;

use async_graphql::registry::{MetaType, Registry};
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types::Field};

use crate::graphql::cell::graph;
use crate::store::words::roles;

/// Adds the roles to the descriptions of the verbs, for whoever builds a schema.
pub struct ToldRoles;

impl OutputType for ToldRoles {
    fn type_name() -> Cow<'static, str> {
        "Mutation".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        tell(registry);
        "Mutation".to_owned()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Null)
    }
}

fn tell(registry: &mut Registry) {
    let Some(MetaType::Object { fields, .. }) = registry.types.get_mut("Mutation") else { return };
    for of in graph().all() {
        for verb in of.own_verbs() {
            let Some(field) = fields.get_mut(verb.name) else { continue };
            let about = field.description.take().unwrap_or_default();
            field.description = Some(format!("{about} {}", roles(of, verb.action)));
        }
    }
}
