//! The one place that knows every slice: the declarations, the roots, the schema.

use std::sync::LazyLock;

use async_graphql::registry::Registry;
use async_graphql::{
    MergedObject, OutputType, SDLExportOptions, Schema as Executable, SchemaBuilder, SubscriptionType,
};

use super::cost;
use super::input::PlainMutations;
use super::root::Entities;
use super::subscription::Changes;
use super::validity::ValidateOnce;
use crate::auth::graphql::SessionMutations;
use crate::auth::viewer::ViewerQueries;
use crate::store::descriptor::Graph;
use crate::{
    activity, attribution, campaign, campaign_member, company, contact, deal, deal_contact, event, exchange_rate,
    handoff, lead, pipeline, stage, team, touchpoint, transition, user,
};

/// Every entity and report of the graph.
pub static GRAPH: LazyLock<Graph> = LazyLock::new(|| {
    let entities = vec![
        user::describe(),
        team::describe(),
        company::describe(),
        contact::describe(),
        campaign::describe(),
        campaign_member::describe(),
        touchpoint::describe(),
        lead::describe(),
        handoff::describe(),
        pipeline::describe(),
        stage::describe(),
        deal::describe(),
        deal_contact::describe(),
        activity::describe(),
        transition::describe(),
        exchange_rate::describe(),
        event::describe(),
        attribution::describe(),
    ];
    #[expect(clippy::panic, reason = "a wrong declaration is a bug that the first test meets")]
    Graph::new(entities, vec![attribution::graphql::report()]).unwrap_or_else(|wrong| panic!("{wrong}"))
});

/// The query root.
#[derive(MergedObject, Default)]
pub struct Query(Entities, ViewerQueries);

/// The mutation root.
#[derive(MergedObject, Default)]
pub struct Mutation(
    PlainMutations,
    SessionMutations,
    activity::graphql::ActivityVerbs,
    campaign::graphql::CampaignVerbs,
    campaign_member::graphql::CampaignMemberVerbs,
    handoff::graphql::HandoffVerbs,
    lead::graphql::LeadVerbs,
    deal::graphql::DealVerbs,
    lead::conversion_graphql::ConversionVerbs,
    touchpoint::graphql::TouchpointVerbs,
    user::graphql::UserVerbs,
    user::password::PasswordMutations,
);

/// The executable schema.
pub type Schema = Executable<Query, Mutation, Changes>;

/// Starts the schema; the app adds what it needs.
pub fn builder() -> SchemaBuilder<Query, Mutation, Changes> {
    Executable::build(Query::default(), Mutation::default(), Changes).limit_recursive_depth(64).extension(ValidateOnce)
}

/// The types of the schema.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    Query::create_type_info(&mut registry);
    Mutation::create_type_info(&mut registry);
    Changes::create_type_info(&mut registry);
    registry
}

/// What the fields of the schema cost.
pub fn costs() -> cost::Table {
    cost::Table::new(&registry(), &GRAPH)
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
