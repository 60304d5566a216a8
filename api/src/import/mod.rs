//! Import: people's own data, from CSV files, by a mapping that says what the columns mean.
//!
//! A file is read row by row and loaded in batches, each in one transaction with its events. The id of a row in the
//! system it comes from is its natural key, so a file can be loaded again: what is new is made, what differs is changed,
//! what is equal is left alone. A row is loaded with all its objects or not at all; what is wrong with it is said in
//! people's words, and the others go on.
//!
//! | file | what |
//! | --- | --- |
//! | `mapping`, `target` | the mapping, read against the declarations of the graph |
//! | `file` | rows of a CSV file, broken ones too |
//! | `cell` | from texts to values |
//! | `draft` | what a row says of each object |
//! | `desk`, `table` | the rows a batch is about, as they are in the database and as they are to be |
//! | `known` | fetching them |
//! | `apply`, `lead`, `deal` | what a row makes of them |
//! | `follow` | what follows: lifecycles, audiences |
//! | `run` | files, batches, transactions, the report |

mod apply;
mod cell;
mod deal;
mod desk;
mod draft;
mod file;
mod follow;
mod known;
mod lead;
mod mapping;
mod rules;
mod run;
mod table;
mod target;

pub use cell::Problem;
pub use file::ADDED;
pub use mapping::Mapping;
pub use run::{Options, Outcome, Rejection, Report, Tally, run};
