//! What sockets and streams have in common: they live longer than a request, so somebody has to notice when the client
//! may not go on, when the client is gone, and when the service is leaving.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::slots::{Hold, InUse};
use crate::auth::entrance::Credential;
use crate::error::{Code, Error};

/// The hold on a connection: it counts against the limit of connections, and the server waits for its end.
#[derive(Clone)]
pub struct Lease(Arc<Parts>);

struct Parts {
    hold: Arc<Hold>,
    leaving: watch::Receiver<bool>,
    late: watch::Receiver<bool>,
}

impl Lease {
    /// The hold on a connection of a server that says when it is `leaving`, and when it is too `late` to go on.
    pub fn new(hold: Hold, leaving: watch::Receiver<bool>, late: watch::Receiver<bool>) -> Self {
        Self(Arc::new(Parts { hold: Arc::new(hold), leaving, late }))
    }

    /// Ready when whatever is not done by now is not done any more.
    pub async fn overdue(self) {
        // A server that is gone drops its connections by itself.
        if self.0.late.clone().wait_for(|late| *late).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ready when the server is leaving.
    pub async fn left(self) {
        // A server that is gone has left.
        let _ = self.0.leaving.clone().wait_for(|leaving| *leaving).await;
    }

    /// A valid token was presented over the connection.
    pub fn know(&self) {
        self.0.hold.know();
    }

    /// A request or an operation is under way until this is dropped.
    pub fn begin(&self) -> InUse {
        self.0.hold.begin()
    }

    /// Asks the server to close the connection, whatever is being written to it.
    pub fn cut(&self) {
        self.0.hold.cut();
    }

    /// Ready when somebody asked for the end of the connection.
    pub async fn is_cut(&self) {
        self.0.hold.is_cut().await;
    }
}

/// Ready when the server of the lease is leaving; never without one.
pub async fn left(lease: Option<Lease>) {
    match lease {
        Some(lease) => lease.left().await,
        None => std::future::pending().await,
    }
}

/// Ready when the server of the lease cannot go on with what is under way; never without one.
pub async fn overdue(lease: Option<Lease>) {
    match lease {
        Some(lease) => lease.overdue().await,
        None => std::future::pending().await,
    }
}

/// What a request is told that the service leaves unfinished.
pub fn unfinished() -> Error {
    let message = "The service is leaving and could not finish this in time. Try again: with an idempotency key nothing is \
                   done twice.";
    Error::refused(Code::Unavailable, message)
}

/// Ready when the connection of the lease has to end; never without one.
pub async fn is_cut(lease: Option<Lease>) {
    match lease {
        Some(lease) => lease.is_cut().await,
        None => std::future::pending().await,
    }
}

/// The next time that a client is looked at: at the next pulse, or when its token ends.
pub struct Pulse {
    credential: Credential,
    every: Duration,
    next: Instant,
}

impl Pulse {
    /// Begins now.
    pub fn of(credential: Credential, every: Duration) -> Self {
        let mut pulse = Self { credential, every, next: Instant::now() };
        pulse.wait();
        pulse
    }

    fn wait(&mut self) {
        let remaining = self.credential.remaining();
        self.next = Instant::now() + remaining.map_or(self.every, |remaining| remaining.min(self.every));
    }

    /// Ready when the time has come.
    pub async fn due(&self) {
        tokio::time::sleep_until(self.next).await;
    }

    /// Looks whether the client may go on. That the database cannot be asked at the moment ends nothing.
    ///
    /// # Errors
    /// UNAUTHENTICATED: the token has ended, the session was ended or the user suspended.
    pub async fn look(&mut self) -> Result<(), Error> {
        let looked = self.credential.viewer().await;
        self.wait();
        match looked {
            Err(error) if error.code() == Code::Unauthenticated => Err(error),
            _ => Ok(()),
        }
    }
}
