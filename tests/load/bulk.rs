//! Loading much at once, on both databases: filling one with demo data, then importing a file of touches into it.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};

use crate::Result;

/// Rows of the imported file.
const ROWS: u64 = 100_000;
const MAPPING: &str = include_str!("../mappings/touches.toml");
const CHANNELS: [&str; 5] = ["House Ads", "Instagram", "Facebook", "Push", "Email"];

/// Fills an empty database and imports the file into it, twice.
pub fn measure(service: &Path, database: &str, kind: &str, scale: u32) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mapping, file) = (folder.path().join("touches.toml"), folder.path().join("touches.csv"));
    std::fs::write(&mapping, MAPPING)?;
    std::fs::write(&file, touches())?;
    let seed = run(service, database, &["seed", "--scale", &scale.to_string()])?;
    println!("{kind}: seed --scale {scale} took {:.1} s.", seed.as_secs_f64());
    let arguments = ["import".as_ref(), mapping.as_os_str(), file.as_os_str()];
    for what in ["import", "the same import again"] {
        let took = run(service, database, &arguments)?.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let rate = ROWS as f64 / took;
        println!("{kind}: {what} of {ROWS} rows took {took:.1} s, {rate:.0} rows a second.");
    }
    Ok(())
}

/// Runs a command of the service, which tells on the standard error how it gets on; answers how long it took.
pub fn run(service: &Path, database: &str, arguments: &[impl AsRef<OsStr>]) -> Result<Duration> {
    let begin = Instant::now();
    let ended = Command::new(service).args(arguments).env("DATABASE_URL", database).stdout(Stdio::null()).status()?;
    if ended.success() { Ok(begin.elapsed()) } else { Err(format!("the service {ended}").into()) }
}

/// A file in the shape that the mapping reads: two touches of three go to a new person, one person of nine is won.
fn touches() -> String {
    let mut text = String::from("user_id,date_served,marketing_channel,converted\n");
    let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default();
    for (row, channel) in (0..ROWS).zip(CHANNELS.iter().cycle().step_by(7)) {
        let user = row / 3 * 2 + (row % 3).min(1);
        let day = first.checked_add_days(Days::new(row * 300 / ROWS)).unwrap_or(first);
        let converted = if user % 9 == 0 { "TRUE" } else { "FALSE" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "load{user},{},{channel},{converted}", day.format("%m/%d/%y"));
    }
    text
}
