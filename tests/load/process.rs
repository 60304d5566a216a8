//! Processes: starting the service and the baseline, and what processor time and memory they and PostgreSQL take.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Linux counts processor time in hundredths of a second (`USER_HZ`), on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// A server that we started; it ends with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Kept open, so that it can go on talking.
    _words: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it and waits until it says at which `http://…/graphql` it listens.
    pub fn start(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("{} cannot be started: {error}", program.display())))?;
        let mut words = BufReader::new(child.stdout.take().ok_or_else(|| io::Error::other("no output"))?);
        let address = words.by_ref().lines().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("http://")?;
            address.strip_suffix("/graphql")?.parse().ok()
        });
        match address {
            Some(address) => Ok(Self { child, address, _words: words }),
            None => {
                let _ = child.kill();
                Err(io::Error::other(format!("{} ended before it was ready", program.display())))
            }
        }
    }

    /// Processor time so far, of all its threads.
    pub fn cpu(&self) -> Duration {
        Times::of(self.child.id()).map_or(Duration::ZERO, |times| times.own)
    }

    /// Resident memory in KiB.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A PostgreSQL server on this machine.
pub struct Postgres {
    postmaster: u32,
}

impl Postgres {
    /// The server that a backend belongs to; none if it runs on another machine.
    pub fn of_backend(backend: u32) -> Option<Self> {
        Times::of(backend).map(|times| Self { postmaster: times.parent })
    }

    /// Processor time so far, of the server and all its backends and workers, those that have ended included.
    pub fn cpu(&self) -> Duration {
        let Some(postmaster) = Times::of(self.postmaster) else { return Duration::ZERO };
        let alive = Times::of_all().into_values().filter(|times| times.parent == self.postmaster);
        postmaster.own + postmaster.ended_children + alive.map(|times| times.own).sum::<Duration>()
    }
}

/// Processor time of this process so far.
pub fn own_cpu() -> Duration {
    Times::of(std::process::id()).map_or(Duration::ZERO, |times| times.own)
}

/// What `/proc/<pid>/stat` says about a process.
struct Times {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Times {
    fn of(process: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the program stands in brackets and may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<u32>().ok());
        Some(Self {
            parent: ticks(1)?,
            own: TICK * (ticks(11)? + ticks(12)?),
            ended_children: TICK * (ticks(13)? + ticks(14)?),
        })
    }

    fn of_all() -> HashMap<u32, Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        processes.filter_map(|process: u32| Some((process, Self::of(process)?))).collect()
    }
}
