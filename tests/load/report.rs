//! What came out, as a table.

use std::time::Duration;

/// One side of a scenario: the service or the baseline.
#[derive(Clone, Default)]
pub struct Side {
    /// How long each request took.
    pub latencies: Vec<Duration>,
    /// How long all of them took together.
    pub elapsed: Duration,
    /// Processor time of the process that was asked.
    pub process: Duration,
    /// Processor time of PostgreSQL meanwhile.
    pub database: Duration,
    /// Resident memory of the process after its last request, in KiB.
    pub memory: u64,
}

impl Side {
    /// Adds a round.
    pub fn add(&mut self, round: Self) {
        self.latencies.extend(round.latencies);
        self.elapsed += round.elapsed;
        self.process += round.process;
        self.database += round.database;
        self.memory = round.memory;
    }

    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1_000.0 / self.latencies.len().max(1) as f64
    }

    /// Processor time of a request in milliseconds, database included.
    pub fn total(&self) -> f64 {
        self.each(self.process + self.database)
    }

    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let place = sorted.len() * percent / 100;
        sorted.get(place.min(sorted.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    }

    fn line(&self, name: &str, who: &str, rest: &str) -> String {
        format!(
            "| {name:24} | {who:8} | {:9.3} | {:9.3} | {:9.3} | {:8.0} | {:8.2} | {:8.2} | {:7.1} | {rest} |",
            self.each(self.process),
            self.each(self.database),
            self.total(),
            self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON),
            self.percentile(50),
            self.percentile(99),
            self.memory as f64 / 1_024.0,
        )
    }
}

/// The head of the table.
pub fn head() -> String {
    let titles = "| scenario                 | asked    | its CPU   | DB CPU    | both      | req/s    | p50      | p99      | memory  | ratio (rounds)           |";
    let units = "|                          |          | ms/req    | ms/req    | ms/req    |          | ms       | ms       | MiB     | service / baseline       |";
    let rule: String = titles.chars().map(|letter| if letter == '|' { '|' } else { '-' }).collect();
    format!("{titles}\n{units}\n{rule}")
}

/// The two lines of a scenario, and whether it is within its target.
pub fn lines(name: &str, rounds: &[(Side, Side)], target: Option<f64>) -> (String, bool) {
    let (mut service, mut baseline) = (Side::default(), Side::default());
    for (ours, theirs) in rounds {
        service.add(ours.clone());
        baseline.add(theirs.clone());
    }
    let ratios = rounds.iter().map(|(ours, theirs)| ours.total() / theirs.total());
    let (least, most) = ratios.fold((f64::MAX, 0.0_f64), |(least, most), ratio| (least.min(ratio), most.max(ratio)));
    let ratio = service.total() / baseline.total();
    let within = target.is_none_or(|target| ratio <= target);
    let wanted =
        target.map_or(String::new(), |target| format!("target {target:.1}{}", if within { "" } else { " MISSED" }));
    let text = format!(
        "{}\n{}",
        service.line(name, "service", &format!("{:24}", format!("{ratio:.2} ({least:.2} to {most:.2})"))),
        baseline.line("", "baseline", &format!("{wanted:24}")),
    );
    (text, within)
}
