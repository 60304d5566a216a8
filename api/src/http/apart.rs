//! Where what is large is judged: beside the tasks that answer everybody, not in their midst.

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Bytes of a request that are judged at once: it takes less than a millisecond.
const SMALL: usize = 16 * 1024;
/// Large requests that are judged at the same time.
const AT_ONCE: usize = 1;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Does work whose length goes with so many bytes.
pub async fn apart<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes <= SMALL {
        return work();
    }
    // Nobody closes it.
    let turn = TURNS.acquire().await;
    let done = spawn_blocking(work).await;
    drop(turn);
    match done {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // It is given up only with the whole runtime.
            Err(_) => std::future::pending().await,
        },
    }
}
