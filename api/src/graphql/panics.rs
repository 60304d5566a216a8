//! A panic is a fault of ours at one place: what stands beside it is answered all the same.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::error::{Error, Result};

/// Does some work; a panic in it is an error of it. (What it held is given up: a transaction leaves nothing.)
///
/// # Errors
/// INTERNAL: it panicked.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.map_err(|_| Error::internal("it panicked; the log has the place"))
}

#[cfg(test)]
mod tests {
    use super::caught;
    use crate::error::Code;

    #[tokio::test]
    async fn a_panic_is_an_internal_error() {
        let failed = caught(async { assert_eq!(1 + 1, 3, "a mistake of ours") }).await;
        assert_eq!(failed.map_err(|error| error.code()), Err(Code::Internal));
        assert_eq!(caught(async { 7 }).await.map_err(|error| error.code()), Ok(7));
    }
}
