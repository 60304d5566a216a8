//! The schema as a text, for the tools of clients.

use std::sync::OnceLock;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};

use super::answer::{Answer, Media, plain_error};
use super::headers::authorization;
use super::packed::Packed;
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::schema::{builder, sdl};

/// The handler of `/schema.graphql`: for whoever may introspect.
pub async fn text(State(app): State<App>, headers: HeaderMap) -> Response<Body> {
    if !app.config().introspection {
        let message = "The schema is not shown here: introspection is switched off (TRIBUTARY_INTROSPECTION).";
        return plain_error(StatusCode::FORBIDDEN, Code::Forbidden, message);
    }
    match written(&app, &headers).await {
        Ok(schema) => super::fresh(schema.answer(&headers)),
        Err(error) => Answer::failed(error).into_response(Media::Json),
    }
}

async fn written(app: &App, headers: &HeaderMap) -> Result<&'static Packed> {
    static SCHEMA: OnceLock<Packed> = OnceLock::new();
    app.viewer(authorization(headers)?).await?.ok_or_else(Error::unauthenticated)?;
    match SCHEMA.get() {
        Some(schema) => Ok(schema),
        None => {
            let schema = Packed::of(&sdl(&builder().finish()), "application/graphql; charset=utf-8")?;
            Ok(SCHEMA.get_or_init(|| schema))
        }
    }
}
