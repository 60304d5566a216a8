//! The yardstick: a bare axum handler that runs one hand-written statement per request, whose JSON the database builds.
//! It runs in a process of its own, so that its processor time is counted like the service's.

use std::io;
use std::net::Ipv4Addr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};
use sea_orm::sqlx::query_scalar;

use crate::scenario::statement;

/// As many as the service's.
const CONNECTIONS: u32 = 10;

/// Serves every scenario's statement under its name, until the process is ended.
pub async fn serve(database: &str) -> io::Result<()> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false).connect(database).await;
    let router = Router::new().route("/{scenario}", post(answer)).with_state(pool.map_err(io::Error::other)?);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}/graphql", listener.local_addr()?);
    axum::serve(listener, router).await
}

async fn answer(State(pool): State<PgPool>, Path(name): Path<String>, Json(arguments): Json<Vec<String>>) -> Response {
    let Some(statement) = statement(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let query =
        arguments.into_iter().fold(query_scalar::<_, String>(statement), |query, argument| query.bind(argument));
    match query.fetch_one(&pool).await {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
