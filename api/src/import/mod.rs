//! Import: people's own data, from CSV files, by a mapping that says what the columns mean.
//!
//! A file is read row by row and loaded in batches, each in one transaction with its events. The id of a row in the
//! system it comes from is its natural key, so a file can be loaded again: what is new is made, what differs is changed,
//! what is equal is left alone. A row is loaded with all its objects or not at all; what is wrong with it is said in
//! people's words, and the others go on.
//!
//! | file | what |
//! | --- | --- |
//! | `mapping`, `spec`, `target`, `dates` | the mapping, read against the declarations of the graph |
//! | `input`, `lines`, `file` | rows of a CSV file, broken ones too |
//! | `sheet` | rows written as their file is written |
//! | `cell`, `number` | from texts to values |
//! | `draft`, `winners` | what a row says of each object, and whether it counts |
//! | `desk`, `table` | the rows a batch is about, as they are in the database and as they are to be |
//! | `known` | fetching them |
//! | `apply`, `lead`, `deal` | what a row makes of them |
//! | `follow` | what follows: lifecycles, audiences |
//! | `run`, `report` | files, batches, transactions, and what is said of them |

mod apply;
mod cell;
mod dates;
mod deal;
mod desk;
mod draft;
mod file;
mod follow;
mod input;
mod known;
mod lead;
mod lines;
mod mapping;
mod number;
mod report;
mod rules;
mod run;
mod sheet;
mod spec;
mod table;
mod target;
mod winners;

pub use cell::Problem;
pub use file::{ADDED, LINE};
pub use mapping::Mapping;
pub use report::{Loaded, Note, Outcome, Progress, Rejection, Report, Tally};
pub use run::{Options, run};
pub use sheet::Sheet;
