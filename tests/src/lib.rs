//! The harness: the real router over a fresh database, a clock that stands still, people of every role.
//!
//! ```no_run
//! # async fn example() {
//! tests::each_database(async |world| {
//!     let rep = world.rep().await;
//!     let answer = rep.ask("{ deals { totalCount } }").await;
//!     assert_eq!(answer.data()["deals"]["totalCount"], 0);
//! })
//! .await;
//! # }
//! ```

mod actor;
pub mod data;
mod database;
mod fixture;
pub mod inputs;
pub mod manners;
mod served;
mod story;
mod world;

pub use actor::{Actor, Answer};
pub use database::{each_database, on_empty_postgres, on_postgres, on_sqlite, postgres_server};
pub use fixture::Cast;
pub use served::{Served, Socket};
pub use story::Story;
pub use world::{START, World};
