//! Who is behind many sessions at once: sockets and streams ask whenever it matters, and after each change all of them
//! do. Whoever asks while a reading is under way is answered by the next one, together with all others who wait: so every
//! answer was read after it was asked for, and any number of sessions costs few statements.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::access::token::Pass;
use crate::error::{Code, Error, Result};
use crate::store::present::Present;
use crate::store::system::System;

/// What was found; none for who may not go on. Whoever has asked while the database could not be read gets the code.
type Found = Result<Option<Present>, Code>;

/// The sessions that are asked about.
pub struct Principals {
    system: System,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    asked: HashMap<Pass, Vec<oneshot::Sender<Found>>>,
    reading: bool,
}

impl Principals {
    /// Asks this database.
    pub fn new(system: System) -> Arc<Self> {
        Arc::new(Self { system, waiting: Mutex::default() })
    }

    /// Who is behind an access token now; none if they may not go on.
    ///
    /// # Errors
    /// UNAVAILABLE, TIMEOUT.
    pub async fn viewer(self: &Arc<Self>, pass: Pass) -> Result<Option<Present>> {
        let (sender, found) = oneshot::channel();
        let begins = {
            let mut waiting = self.waiting();
            waiting.asked.entry(pass).or_default().push(sender);
            !std::mem::replace(&mut waiting.reading, true)
        };
        if begins {
            tokio::spawn(Arc::clone(self).read());
        }
        match found.await {
            Ok(Ok(present)) => Ok(present),
            Ok(Err(Code::Timeout)) => Err(Error::refused(Code::Timeout, "The database did not answer in time.")),
            // The service is leaving, or cannot reach the database.
            Ok(Err(_)) | Err(_) => Err(Error::refused(
                Code::Unavailable,
                "The database cannot be reached at the moment. Try again shortly.",
            )),
        }
    }

    /// Answers until nobody waits any more.
    async fn read(self: Arc<Self>) {
        loop {
            // Whoever is about to ask joins.
            tokio::task::yield_now().await;
            let asked = {
                let mut waiting = self.waiting();
                waiting.reading = !waiting.asked.is_empty();
                if !waiting.reading {
                    return;
                }
                std::mem::take(&mut waiting.asked)
            };
            let passes: Vec<Pass> = asked.keys().copied().collect();
            let found = self.system.viewers(&passes).await;
            if let Err(error) = &found {
                tracing::warn!(%error, "it could not be read who is behind the open sessions");
            }
            for (pass, senders) in asked {
                for sender in senders {
                    // Who does not wait any more needs no answer.
                    let _ = sender.send(match &found {
                        Ok(present) => Ok(present.get(&pass).cloned()),
                        Err(error) => Err(error.code()),
                    });
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
