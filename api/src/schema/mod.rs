//! The one place that knows every slice: the declarations, the roots, the schema.

pub mod executable;
pub mod lifecycles;
mod roles;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use async_graphql::registry::Registry;
use async_graphql::{
    MergedObject, OutputType, SDLExportOptions, Schema as Executable, SchemaBuilder, SubscriptionType,
};

use self::roles::ToldRoles;
use crate::access::policy;
use crate::auth::graphql::SessionMutations;
use crate::auth::viewer::ViewerQueries;
use crate::graphql::cell::{self, Served};
use crate::graphql::cost;
use crate::graphql::input::PlainMutations;
use crate::graphql::made::{types_of, types_of_choices};
use crate::graphql::mutation::Written;
use crate::graphql::on_error::InPlaceFactory;
use crate::graphql::root::Entities;
use crate::graphql::subscription::Changes;
use crate::graphql::validation::types::Types;
use crate::store::Declared;
use crate::store::descriptor::{Descriptor, Graph, Report, camel};

/// The declarations of every entity.
pub fn entities() -> Vec<Descriptor> {
    vec![
        crate::user::describe(),
        crate::team::describe(),
        crate::company::describe(),
        crate::contact::describe(),
        crate::campaign::describe(),
        crate::campaign_member::describe(),
        crate::touchpoint::describe(),
        crate::lead::describe(),
        crate::handoff::describe(),
        crate::pipeline::describe(),
        crate::stage::describe(),
        crate::deal::describe(),
        crate::deal_contact::describe(),
        crate::product::describe(),
        crate::line_item::describe(),
        crate::activity::describe(),
        crate::transition::describe(),
        crate::exchange_rate::describe(),
        crate::event::describe(),
        crate::attribution::describe(),
        crate::security_event::describe(),
    ]
}

/// The declarations of every report.
pub fn reports() -> Vec<Report> {
    vec![crate::attribution::graphql::report()]
}

/// Everything that is declared.
pub fn declared() -> Declared {
    let entities = entities();
    let made = entities.iter().flat_map(|of| types_of(of).into_iter().map(|name| (name, of.name.to_owned())));
    let choices: BTreeSet<_> = entities.iter().flat_map(types_of_choices).collect();
    let types = made.chain(choices).chain(types_of_verbs()).collect();
    Declared { entities, reports: reports(), verbs: written_verbs(), types }
}

/// Every entity and report of the graph.
pub static GRAPH: LazyLock<&'static Graph> = LazyLock::new(|| {
    #[expect(clippy::panic, reason = "wrong declarations are a bug that the first start and every test meets")]
    let graph = || Graph::resolve(declared(), &policy::said()).unwrap_or_else(|wrong| panic!("{wrong}"));
    cell::serve(|| Served { graph: graph(), types: registry })
});

/// The query root.
#[derive(MergedObject, Default)]
pub struct Query(Entities, ViewerQueries);

/// Makes the mutation root, and tells what verbs are written in it.
macro_rules! mutations {
    (verbs: $($verbs:ty),+; others: $($other:ty),+) => {
        /// The mutation root.
        #[derive(MergedObject, Default)]
        pub struct Mutation($($other,)+ $($verbs,)+);

        /// The verbs that somebody has written, by their names in the graph.
        fn written_verbs() -> Vec<String> {
            let written = [$(<$verbs as Written>::VERBS),+];
            written.into_iter().flatten().map(|verb| camel(verb)).collect()
        }

        /// The types that are made for them, and for whose.
        fn types_of_verbs() -> Vec<(String, String)> {
            let types = [$((<$verbs as Written>::types(), stringify!($verbs).trim_start_matches("crate::"))),+];
            let types = types.into_iter().flat_map(|(types, owner)| types.into_iter().map(move |name| (name, owner)));
            types.map(|(name, owner)| (name.into_owned(), owner.to_owned())).collect()
        }
    };
}

mutations! {
    verbs:
        crate::activity::graphql::ActivityVerbs,
        crate::campaign::graphql::CampaignVerbs,
        crate::campaign_member::graphql::CampaignMemberVerbs,
        crate::handoff::graphql::HandoffVerbs,
        crate::lead::graphql::LeadVerbs,
        crate::deal::graphql::DealVerbs,
        crate::lead::conversion_graphql::ConversionVerbs,
        crate::touchpoint::graphql::TouchpointVerbs,
        crate::user::graphql::UserVerbs,
        crate::user::password::PasswordMutations;
    others:
        PlainMutations,
        SessionMutations
}

/// The executable schema.
pub type Schema = Executable<Query, Mutation, Changes>;

/// Starts the schema; the app adds what it needs.
pub fn builder() -> SchemaBuilder<Query, Mutation, Changes> {
    LazyLock::force(&GRAPH);
    Executable::build(Query::default(), Mutation::default(), Changes)
        .register_output_type::<ToldRoles>()
        .limit_recursive_depth(64)
        .extension(InPlaceFactory)
}

/// The types of the schema.
pub fn registry() -> Registry {
    LazyLock::force(&GRAPH);
    let mut registry = Registry::default();
    Query::create_type_info(&mut registry);
    Mutation::create_type_info(&mut registry);
    Changes::create_type_info(&mut registry);
    registry
}

/// What is known of the schema before anything runs: what its fields cost, and its types for validation.
pub fn outline() -> (cost::Table, Types) {
    let mut registry = registry();
    registry.query_type = "Query".to_owned();
    registry.mutation_type = Some("Mutation".to_owned());
    registry.subscription_type = Some("Subscription".to_owned());
    registry.remove_unused_types();
    (cost::Table::new(&registry, *GRAPH), Types::new(&registry))
}

/// The schema's text, as committed in `schema.graphql`.
pub fn sdl(schema: &Schema) -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .use_space_ident()
        .indent_width(2);
    schema.sdl_with_options(options)
}
