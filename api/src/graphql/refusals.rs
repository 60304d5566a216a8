//! Which refusals are told to the security log, decided here for every operation and carrier: whatever a mutation is refused
//! for want of a right, to a row or to a field, and asking for a whole kind that is closed to the role. A field that a reader
//! may not see, and a row that they do not see, are no attempts: every client asks for such.

use async_graphql::Context;

use crate::error::{Denied, Error};
use crate::request::{Caller, RequestMeta};

/// What one field of an operation was refused.
#[derive(Debug, Default)]
pub struct Refusals {
    first: Option<Denied>,
    times: u32,
}

impl Refusals {
    /// Counts a refusal; any other error is none.
    pub fn add(&mut self, error: &Error) {
        if let Some(denied) = error.denied() {
            self.first.get_or_insert_with(|| denied.clone());
            self.times += 1;
        }
    }

    /// Tells the security log, after the transaction that was refused.
    pub async fn tell(self, ctx: &Context<'_>) {
        let Some(denied) = self.first else { return };
        if let Ok(host) = super::host(ctx) {
            let operation = ctx.item.node.name.node.as_str();
            host.witness().access_refused(caller(ctx), operation, denied, self.times).await;
        }
    }
}

/// Tells the security log of a field that was refused by this error.
pub async fn tell(ctx: &Context<'_>, error: &Error) {
    let mut refusals = Refusals::default();
    refusals.add(error);
    refusals.tell(ctx).await;
}

/// Who asks, and from where.
pub fn caller(ctx: &Context<'_>) -> Caller {
    Caller {
        actor: super::reader(ctx).ok().map(|reader| reader.viewer().id),
        peer: ctx.data_opt::<RequestMeta>().and_then(|meta| meta.peer),
    }
}
