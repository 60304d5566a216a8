//! What a query costs before the database is asked: the guard, parsing and validation, the plan, and the text of its
//! statements.

use std::borrow::Cow;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContainerType, Context, ContextSelectionSet, EmptyMutation, EmptySubscription, ObjectType, OutputType, Positioned,
    Request, Schema, ServerResult, Value,
};
use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use tokio::runtime::Runtime;
use tributary::access::{Role, Viewer};
use tributary::clock::SystemClock;
use tributary::config::Limits;
use tributary::graphql::pick::arguments;
use tributary::graphql::plan::{Connection, Planner};
use tributary::http::guard;
use tributary::schema::{GRAPH, Query};
use tributary::store::database::{Database, Settings};
use tributary::store::select::Of;
use tributary::store::{Reader, Store};
use uuid::Uuid;

const LIST: &str = include_str!("../load/queries/list_of_50.graphql");
const FOUR_LEVELS: &str = include_str!("../load/queries/four_levels.graphql");

/// The query root of the service, whose lists are planned and not loaded.
struct Planned;

impl OutputType for Planned {
    fn type_name() -> Cow<'static, str> {
        Query::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Query::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        async_graphql::resolver_utils::resolve_container(ctx, self).await
    }
}

impl ContainerType for Planned {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let reader = ctx.data_unchecked::<Reader>();
        let planner = Planner { reader, env: ctx.query_env };
        let of = GRAPH.all().find(|of| of.plural == ctx.item.node.name.node.as_str()).expect("a list");
        let args = arguments(ctx.query_env, &ctx.item.node).expect("arguments");
        let below = [&ctx.item.node.selection_set.node];
        let connection = planner.connection(of, None, &args, &below).expect("a plan");
        let mut statements = 0;
        write(reader, &connection, Of::All, &mut statements);
        Ok(Some(Value::from(statements)))
    }
}

impl ObjectType for Planned {}

/// Writes the statement of a list and of everything below it, as if each had one row.
fn write(reader: &Reader, connection: &Connection, of: Of<'_>, statements: &mut i32) {
    let Some(level) = &connection.rows else { return };
    black_box(reader.level_text(&level.select, of, Some(&connection.list)).expect("a statement"));
    *statements += 1;
    let parents = [Uuid::from_u128(1)];
    for child in &level.children {
        write(reader, &child.connection, Of::Parents(child.column, &parents), statements);
    }
}

fn planner(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let limits = Limits::default();
    for (name, document) in [("list of 50", LIST), ("four levels", FOUR_LEVELS)] {
        criterion.bench_function(&format!("guard and parse/{name}"), |bencher| {
            bencher.iter(|| guard::admit(black_box(document), &limits).expect("within the limits"));
        });
    }
    // Nothing is asked of this database: it only says which dialect is written.
    let settings =
        Settings { url: "sqlite::memory:".into(), pool: 1, limit: Duration::from_secs(1), sqlite_full_sync: false };
    let database = runtime.block_on(Database::connect(&settings)).expect("a database");
    let store = Store::new(Arc::new(database), &GRAPH, Arc::new(SystemClock::default()), "EUR");
    let viewer =
        Viewer { id: Uuid::from_u128(1), role: Role::Admin, team: None, teams: [].into(), session: Uuid::nil() };
    let reader = store.reader(viewer);
    let schema = Schema::build(Planned, EmptyMutation, EmptySubscription).limit_recursive_depth(64).finish();
    for (name, document) in [("list of 50", LIST), ("four levels", FOUR_LEVELS)] {
        let parsed = guard::admit(document, &limits).expect("within the limits");
        let run = || {
            let mut request = Request::new(document).data(reader.clone());
            request.set_parsed_query(parsed.clone());
            schema.execute(request).now_or_never().expect("nothing to wait for")
        };
        assert_eq!(run().errors, []);
        criterion.bench_function(&format!("validate, plan and write/{name}"), |bencher| bencher.iter(run));
    }
}

criterion_group!(benches, planner);
criterion_main!(benches);
