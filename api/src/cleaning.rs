//! What is kept for a time only is removed by the clock: the one place that says what, and for how long.

use std::time::Duration;

use chrono::TimeDelta;
use entity::{idempotency_record, known_network, refresh_token, security_event};

use crate::app::App;
use crate::auth::networks;
use crate::error::Result;
use crate::store::idempotency::REMEMBERED;

/// Cleans now and then, for as long as it is polled.
pub async fn keep_clean(app: App) {
    let every = Duration::from_secs(60 * u64::from(app.config().cleaning_minutes));
    loop {
        tokio::time::sleep(every).await;
        match clean(&app).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "what was kept long enough is removed"),
            Err(error) => {
                tracing::warn!(%error, "not all that was kept long enough could be removed; the next time will")
            }
        }
    }
}

/// Removes what has been kept long enough; answers how many rows that were.
///
/// # Errors
/// UNAVAILABLE, TIMEOUT.
pub async fn clean(app: &App) -> Result<u64> {
    let (system, now) = (app.store().system(), app.store().clock().now());
    // A token that has ended is refused whether it is known or not. That it was used counts no longer than it could be.
    let tokens = {
        use refresh_token::{Column, Entity};
        system.forget::<Entity>(Column::ExpiresAt, now, Some(Column::SuccessorId)).await?
    };
    let keys = {
        use idempotency_record::{Column, Entity};
        system.forget::<Entity>(Column::CreatedAt, now - REMEMBERED, None).await?
    };
    let networks = {
        use known_network::{Column, Entity};
        system.forget::<Entity>(Column::LastSeenAt, now - networks::remembered(app.config()), None).await?
    };
    let refused = {
        use security_event::{Column, Entity};
        let kept = TimeDelta::days(i64::from(app.config().security_event_days));
        system.forget::<Entity>(Column::At, now - kept, None).await?
    };
    Ok(tokens + keys + networks + refused)
}
