//! The configuration: one struct, one table of every variable, all mistakes reported at once.

mod database_url;
mod strays;

use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono_tz::Tz;
use ipnet::IpNet;

use tracing::level_filters::LevelFilter;

pub use strays::{Stray, strays};

use crate::access::key;
use crate::documents::Manifest;
use crate::spelling::codes;

/// One environment variable that the service reads.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set; empty when there is none or it is derived.
    pub default: &'static str,
    /// What it means, with its unit and range.
    pub meaning: &'static str,
}

const fn variable(name: &'static str, default: &'static str, meaning: &'static str) -> Variable {
    Variable { name, default, meaning }
}

/// Every variable, in the order in which people meet them. Help, README and defaults are all taken from here.
#[rustfmt::skip]
pub const VARIABLES: &[Variable] = &[
    variable("TRIBUTARY_LISTEN", "127.0.0.1:8080", "Address and port to listen on."),
    variable("DATABASE_URL", "sqlite://tributary.db?mode=rwc", "Database: a sqlite:// file or a postgres:// server."),
    variable("TRIBUTARY_ENV", "development", "development or production."),
    variable("TRIBUTARY_BASE_CURRENCY", "EUR", "ISO 4217 code that amounts are converted to for sums."),
    variable("TRIBUTARY_COMPANY_TIME_ZONE", "", "IANA time zone of the company, such as Europe/Berlin: it decides what today is, relative dates, and the days of rates. Kept in the database: when not set, what is kept there holds, UTC at first."),
    variable("TRIBUTARY_FISCAL_YEAR_START", "", "Month that the company's fiscal year begins with, 1 to 12. Kept in the database like the time zone: when not set, what is kept there holds, 1 at first."),
    variable("TRIBUTARY_ACCESS_TOKEN_MINUTES", "15", "Life of an access token in minutes, 1 to 15."),
    variable("TRIBUTARY_REFRESH_TOKEN_DAYS", "30", "Life of a refresh token in days, 1 to 365."),
    variable("TRIBUTARY_ISSUER", "", "Issuer (iss) of the tokens; http:// and the listen address when not set."),
    variable("TRIBUTARY_AUDIENCE", "tributary", "Audience (aud) of the tokens."),
    variable("TRIBUTARY_SIGNING_KEY", "", "Ed25519 private key, PKCS#8 PEM text or a path to it; keys below it only verify. Without it keys are kept in the database (tributary key)."),
    variable("TRIBUTARY_DATABASE_POOL", "10", "Most database connections, 1 to 1000."),
    variable("TRIBUTARY_DATABASE_TIMEOUT_SECONDS", "10", "Longest database call in seconds, 1 to 300."),
    variable("TRIBUTARY_REQUEST_TIMEOUT_SECONDS", "30", "Longest request in seconds, 1 to 600."),
    variable("TRIBUTARY_HEADER_TIMEOUT_SECONDS", "10", "Longest wait for the headers of a request in seconds, 1 to 300."),
    variable("TRIBUTARY_SOCKET_INIT_SECONDS", "10", "Longest wait for the connection_init of a WebSocket in seconds, 1 to 60."),
    variable("TRIBUTARY_PULSE_SECONDS", "15", "How often sockets and streams are kept alive, and how long a client may take to take a message, in seconds, 1 to 300."),
    variable("TRIBUTARY_MAX_CONNECTIONS", "2000", "Most client connections at once, 1 to 1000000."),
    variable("TRIBUTARY_TRUSTED_PROXIES", "", "Addresses and networks of the proxies in front (10.0.0.0/8), separated by commas; their X-Forwarded-For or Forwarded says who asks."),
    variable("TRIBUTARY_CORS_ORIGINS", "", "Web origins that browsers may call from, separated by commas."),
    variable("TRIBUTARY_INTROSPECTION", "on", "on: who is signed in may introspect the schema and read it at `/schema.graphql`; off: nobody may."),
    variable("TRIBUTARY_LIMIT_BODY_BYTES", "1048576", "Largest request body in bytes."),
    variable("TRIBUTARY_LIMIT_DOCUMENT_BYTES", "131072", "Largest GraphQL document in bytes."),
    variable("TRIBUTARY_LIMIT_TOKENS", "5000", "Most tokens in a document."),
    variable("TRIBUTARY_LIMIT_NESTING", "40", "Deepest nesting of brackets in a document, and of JSON in a body."),
    variable("TRIBUTARY_LIMIT_FIELDS", "2000", "Most fields of a document once its fragments are expanded."),
    variable("TRIBUTARY_LIMIT_DEPTH", "15", "Deepest field."),
    variable("TRIBUTARY_LIMIT_ALIASES", "50", "Most aliases in a document."),
    variable("TRIBUTARY_LIMIT_DIRECTIVES", "50", "Most directives in a document."),
    variable("TRIBUTARY_LIMIT_ROOT_FIELDS", "20", "Most root fields of an operation."),
    variable("TRIBUTARY_LIMIT_BATCH", "10", "Most operations in one batched request."),
    variable("TRIBUTARY_LIMIT_NODES", "500000", "Most rows that an operation may ask for, the sizes of pages multiplied along the nesting."),
    variable("TRIBUTARY_LIMIT_FILTER_TESTS", "200", "Most tests of one filter, 1 to 300; each hundred values of a list count as one."),
    variable("TRIBUTARY_LIMIT_TESTS", "1000", "Most tests of all filters of an operation, 1 to 100000."),
    variable("TRIBUTARY_RATE_POINTS", "20000", "Points that a user, or an address of strangers, may spend at once, and the dearest operation; 0 for no limit."),
    variable("TRIBUTARY_RATE_POINTS_PER_SECOND", "1000", "Points that come back each second, 1 to 1000000."),
    variable("TRIBUTARY_DOCUMENT_CACHE_BYTES", "33554432", "Memory for parsed documents, persisted queries among them; 0 for none."),
    variable("TRIBUTARY_PERSISTED_ONLY", "", "Path of a JSON manifest: then only its operations run."),
    variable("TRIBUTARY_KNOWN_NETWORK_DAYS", "90", "How long a network counts as known after somebody signed in from there, in days, 1 to 3650: sign-ins from known networks do not wait for the failures of others."),
    variable("TRIBUTARY_SECURITY_EVENT_DAYS", "90", "How long the security log keeps failed sign-ins and refused attempts, in days, 1 to 3650."),
    variable("TRIBUTARY_CLEANING_MINUTES", "10", "How often what was kept long enough is removed (ended sessions, idempotency keys of yesterday), in minutes, 1 to 1440."),
    variable("TRIBUTARY_LOG", "info", "Log filter: a level, or levels by module (info,tributary=debug)."),
    variable("TRIBUTARY_LOG_FORMAT", "text", "text or json."),
    variable("TRIBUTARY_METRICS_TOKEN", "", "Bearer token that /metrics asks for; without one it is closed in production."),
    variable("OTEL_EXPORTER_OTLP_ENDPOINT", "", "Base address of an OpenTelemetry collector for traces (http://localhost:4318); none are sent without it."),
    variable("TRIBUTARY_DEMO", "", "auto: fill an empty development database with demo data; exposed: the same, and let other machines reach it, though everybody knows the passwords; never. Default: auto in development, never in production."),
    variable("TRIBUTARY_SQLITE_SYNCHRONOUS", "FULL", "FULL (committed is committed) or NORMAL (faster)."),
];

/// Where the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine: convenient defaults.
    Development,
    /// For real: nothing generated, nothing seeded.
    Production,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Whether demo data is seeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// Into an empty development database, which only this machine can reach.
    Auto,
    /// Into an empty development database, whoever can reach it.
    Exposed,
    /// Not at all.
    Never,
}

/// How hard SQLite waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqliteSynchronous {
    /// Every commit is on the disk before it is answered.
    Full,
    /// A power cut may lose the last commits.
    Normal,
}

/// A value that never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What a request may cost at most before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of a document.
    pub document_bytes: usize,
    /// Tokens of a document.
    pub tokens: usize,
    /// Nesting of brackets in a document and of JSON in a body.
    pub nesting: usize,
    /// Fields of a document, fragments expanded.
    pub fields: usize,
    /// Depth of the deepest field.
    pub depth: usize,
    /// Aliases in a document.
    pub aliases: usize,
    /// Directives in a document.
    pub directives: usize,
    /// Root fields of an operation.
    pub root_fields: usize,
    /// Operations in a batch.
    pub batch: usize,
    /// Rows that an operation may ask for.
    pub nodes: u64,
    /// Tests of one filter.
    pub filter_tests: usize,
    /// Tests of all filters of an operation.
    pub tests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1_048_576,
            document_bytes: 131_072,
            tokens: 5_000,
            nesting: 40,
            fields: 2_000,
            depth: 15,
            aliases: 50,
            directives: 50,
            root_fields: 20,
            batch: 10,
            nodes: 500_000,
            filter_tests: 200,
            tests: 1_000,
        }
    }
}

/// Everything that is decided outside the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Database URL; it may hold a password.
    pub database_url: Secret,
    /// Development or production.
    pub environment: Environment,
    /// ISO 4217 code.
    pub base_currency: String,
    /// Where the company is, if the environment says so.
    pub company_time_zone: Option<Tz>,
    /// The month that the company's fiscal year begins with, if it is set here.
    pub fiscal_year_start: Option<u32>,
    /// Life of an access token.
    pub access_token_minutes: u32,
    /// Life of a refresh token.
    pub refresh_token_days: u32,
    /// `iss` of the tokens.
    pub issuer: String,
    /// `aud` of the tokens.
    pub audience: String,
    /// PEM of the signing key and of the keys before it, when they are configured.
    pub signing_key: Option<Secret>,
    /// Most database connections.
    pub database_pool: u32,
    /// Longest database call.
    pub database_timeout: Duration,
    /// Longest request.
    pub request_timeout: Duration,
    /// Longest wait for the headers of a request.
    pub header_timeout: Duration,
    /// Longest wait for the introduction of a socket.
    pub socket_init: Duration,
    /// How often sockets and streams are kept alive; a client that does not take a message for so long is dropped.
    pub pulse: Duration,
    /// Most client connections at once.
    pub max_connections: usize,
    /// Networks of the proxies that are believed when they say who asks.
    pub trusted_proxies: Vec<IpNet>,
    /// Web origins that may call from a browser.
    pub cors_origins: Vec<String>,
    /// Whether those who are signed in may introspect the schema.
    pub introspection: bool,
    /// What a request may cost at most.
    pub limits: Limits,
    /// Points that a principal may spend at once; 0 for no limit.
    pub rate_points: u32,
    /// Points that come back each second.
    pub rate_points_per_second: u32,
    /// Memory for parsed documents, in bytes.
    pub document_cache_bytes: usize,
    /// The only operations that may run, if not all may.
    pub persisted_only: Option<Manifest>,
    /// How long a network counts as known after somebody signed in from there.
    pub known_network_days: u32,
    /// How long refused attempts are kept.
    pub security_event_days: u32,
    /// How often what was kept long enough is removed.
    pub cleaning_minutes: u32,
    /// Log filter.
    pub log: String,
    /// Log format.
    pub log_format: LogFormat,
    /// What `/metrics` asks for.
    pub metrics_token: Option<Secret>,
    /// Base address of the collector of traces.
    pub otlp_endpoint: Option<String>,
    /// Whether demo data is seeded.
    pub demo: Demo,
    /// How hard SQLite waits for the disk.
    pub sqlite_synchronous: SqliteSynchronous,
}

/// One variable whose value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMistake {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong and what to do. Never holds the value of a secret.
    pub message: String,
}

impl fmt::Display for ConfigMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.message)
    }
}

impl std::error::Error for ConfigMistake {}

impl Config {
    /// Reads the configuration through `get` (the process environment, overridden by the command line) and reports
    /// every mistake at once.
    ///
    /// # Errors
    /// All the variables whose values cannot be used, in the order of [`VARIABLES`].
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<ConfigMistake>> {
        let mut read = Reader { get: &get, mistakes: Vec::new() };
        let listen = read.parsed("TRIBUTARY_LISTEN", "must be an address and a port, such as 127.0.0.1:8080", |text| {
            text.parse().ok()
        });
        let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let environment = read.choice(
            "TRIBUTARY_ENV",
            &[("development", Environment::Development), ("production", Environment::Production)],
            Environment::Development,
        );
        let config = Self {
            listen,
            database_url: read.database_url(),
            environment,
            base_currency: read.currency(),
            company_time_zone: read.time_zone(),
            fiscal_year_start: read.fiscal_year_start(),
            access_token_minutes: read.number("TRIBUTARY_ACCESS_TOKEN_MINUTES", 1..=15),
            refresh_token_days: read.number("TRIBUTARY_REFRESH_TOKEN_DAYS", 1..=365),
            issuer: read.given("TRIBUTARY_ISSUER").unwrap_or_else(|| format!("http://{listen}")),
            audience: read.text("TRIBUTARY_AUDIENCE"),
            signing_key: read.signing_key(),
            database_pool: read.number("TRIBUTARY_DATABASE_POOL", 1..=1_000),
            database_timeout: read.seconds("TRIBUTARY_DATABASE_TIMEOUT_SECONDS", 1..=300),
            request_timeout: read.seconds("TRIBUTARY_REQUEST_TIMEOUT_SECONDS", 1..=600),
            header_timeout: read.seconds("TRIBUTARY_HEADER_TIMEOUT_SECONDS", 1..=300),
            socket_init: read.seconds("TRIBUTARY_SOCKET_INIT_SECONDS", 1..=60),
            pulse: read.seconds("TRIBUTARY_PULSE_SECONDS", 1..=300),
            max_connections: read.size("TRIBUTARY_MAX_CONNECTIONS", 1..=1_000_000),
            trusted_proxies: read.proxies(),
            cors_origins: read.origins(),
            introspection: read.choice("TRIBUTARY_INTROSPECTION", &[("on", true), ("off", false)], true),
            limits: read.limits(),
            rate_points: read.number("TRIBUTARY_RATE_POINTS", 0..=1_000_000_000),
            rate_points_per_second: read.number("TRIBUTARY_RATE_POINTS_PER_SECOND", 1..=1_000_000),
            document_cache_bytes: read.size("TRIBUTARY_DOCUMENT_CACHE_BYTES", 0..=4_294_967_296),
            persisted_only: read.manifest(),
            known_network_days: read.number("TRIBUTARY_KNOWN_NETWORK_DAYS", 1..=3_650),
            security_event_days: read.number("TRIBUTARY_SECURITY_EVENT_DAYS", 1..=3_650),
            cleaning_minutes: read.number("TRIBUTARY_CLEANING_MINUTES", 1..=1_440),
            log: read.log(),
            log_format: read.choice(
                "TRIBUTARY_LOG_FORMAT",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                LogFormat::Text,
            ),
            metrics_token: read.given("TRIBUTARY_METRICS_TOKEN").map(Secret::new),
            otlp_endpoint: read.otlp_endpoint(),
            demo: read.demo(environment),
            sqlite_synchronous: read.choice(
                "TRIBUTARY_SQLITE_SYNCHRONOUS",
                &[("FULL", SqliteSynchronous::Full), ("NORMAL", SqliteSynchronous::Normal)],
                SqliteSynchronous::Full,
            ),
        };
        if read.mistakes.is_empty() { Ok(config) } else { Err(read.mistakes_in_order()) }
    }

    /// Whether this is production.
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }
}

/// The table of variables as text, for `--help`.
pub fn help() -> String {
    let width = VARIABLES.iter().map(|variable| variable.name.len()).max().unwrap_or(0);
    VARIABLES.iter().fold(String::from("Environment variables:\n"), |mut text, variable| {
        let default =
            if variable.default.is_empty() { String::new() } else { format!(" [default: {}]", variable.default) };
        text.push_str(&format!("  {:width$}  {}{default}\n", variable.name, variable.meaning));
        text
    })
}

/// Reads variables and collects what is wrong with them.
struct Reader<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
    mistakes: Vec<ConfigMistake>,
}

impl Reader<'_> {
    fn given(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn text(&self, name: &str) -> String {
        let default = VARIABLES.iter().find(|variable| variable.name == name).map_or("", |variable| variable.default);
        self.given(name).unwrap_or_else(|| default.to_owned())
    }

    fn mistake(&mut self, variable: &'static str, message: impl Into<String>) {
        self.mistakes.push(ConfigMistake { variable, message: message.into() });
    }

    fn parsed<T>(&mut self, name: &'static str, rule: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name);
        let value = parse(&text);
        if value.is_none() {
            self.mistake(name, format!("{rule}; it is `{text}`"));
        }
        value
    }

    fn size(&mut self, name: &'static str, range: RangeInclusive<usize>) -> usize {
        let rule = format!("must be a whole number from {} to {}", range.start(), range.end());
        let value = self.parsed(name, &rule, |text| text.parse().ok().filter(|number| range.contains(number)));
        value.unwrap_or(*range.start())
    }

    fn number(&mut self, name: &'static str, range: RangeInclusive<usize>) -> u32 {
        u32::try_from(self.size(name, range)).unwrap_or(u32::MAX)
    }

    fn seconds(&mut self, name: &'static str, range: RangeInclusive<usize>) -> Duration {
        Duration::from_secs(u64::from(self.number(name, range)))
    }

    fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)], fallback: T) -> T {
        let rule = format!("must be {}", choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" or "));
        let find =
            |text: &str| choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, choice)| *choice);
        self.parsed(name, &rule, find).unwrap_or(fallback)
    }

    fn database_url(&mut self) -> Secret {
        let url = self.text("DATABASE_URL");
        if let Some(mistake) = database_url::mistake(&url) {
            self.mistake("DATABASE_URL", mistake);
        }
        Secret::new(url)
    }

    fn currency(&mut self) -> String {
        let rule = "must be a currency code of ISO 4217, such as EUR";
        self.parsed("TRIBUTARY_BASE_CURRENCY", rule, codes::currency).unwrap_or_default()
    }

    fn fiscal_year_start(&mut self) -> Option<u32> {
        const NAME: &str = "TRIBUTARY_FISCAL_YEAR_START";
        self.given(NAME)?;
        Some(self.number(NAME, 1..=12))
    }

    fn time_zone(&mut self) -> Option<Tz> {
        const NAME: &str = "TRIBUTARY_COMPANY_TIME_ZONE";
        let given = self.given(NAME)?;
        let zone = given.parse().ok();
        if zone.is_none() {
            self.mistake(NAME, format!("must be an IANA time zone, such as Europe/Berlin; it is `{given}`"));
        }
        zone
    }

    /// The signing key and those before it as PEM: the text itself, or the content of the file it names.
    fn signing_key(&mut self) -> Option<Secret> {
        const NAME: &str = "TRIBUTARY_SIGNING_KEY";
        let given = self.given(NAME)?;
        let pem =
            if given.contains("-----BEGIN") { Ok(given.replace("\\n", "\n")) } else { std::fs::read_to_string(&given) };
        match pem.map(|pem| (key::configured(&pem), pem)) {
            Ok((Ok(_), pem)) => return Some(Secret::new(pem)),
            Ok((Err(refused), _)) => self.mistake(NAME, refused.to_string()),
            // The text may be a key without its frame, so it is not told.
            Err(error) => self.mistake(NAME, format!("names a file that cannot be read: {}", unreadable(&error))),
        }
        None
    }

    fn proxies(&mut self) -> Vec<IpNet> {
        const NAME: &str = "TRIBUTARY_TRUSTED_PROXIES";
        let text = self.text(NAME);
        let mut networks = Vec::new();
        for listed in text.split(',').map(str::trim).filter(|listed| !listed.is_empty()) {
            match listed.parse::<IpNet>().or_else(|_| listed.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(network),
                Err(_) => self.mistake(
                    NAME,
                    format!(
                        "must hold addresses such as 192.0.2.7 and networks such as 10.0.0.0/8; `{listed}` is neither"
                    ),
                ),
            }
        }
        networks
    }

    fn origins(&mut self) -> Vec<String> {
        let text = self.text("TRIBUTARY_CORS_ORIGINS");
        let origins: Vec<String> =
            text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned).collect();
        for origin in origins.iter().filter(|origin| !is_origin(origin)) {
            self.mistake(
                "TRIBUTARY_CORS_ORIGINS",
                format!("must hold origins such as https://crm.example.com, without a path; `{origin}` is none"),
            );
        }
        origins
    }

    fn otlp_endpoint(&mut self) -> Option<String> {
        const NAME: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let given = self.given(NAME)?;
        let is_http = given.strip_prefix("http://").is_some_and(|host| !host.is_empty());
        if !is_http || given.parse::<hyper::Uri>().is_err() {
            self.mistake(NAME, format!("must be an address such as http://localhost:4318 (the collector beside the service speaks TLS for it); it is `{given}`"));
        }
        Some(given)
    }

    fn limits(&mut self) -> Limits {
        Limits {
            body_bytes: self.size("TRIBUTARY_LIMIT_BODY_BYTES", 1_024..=1_073_741_824),
            document_bytes: self.size("TRIBUTARY_LIMIT_DOCUMENT_BYTES", 1_024..=16_777_216),
            tokens: self.size("TRIBUTARY_LIMIT_TOKENS", 10..=100_000),
            nesting: self.size("TRIBUTARY_LIMIT_NESTING", 5..=60),
            fields: self.size("TRIBUTARY_LIMIT_FIELDS", 1..=100_000),
            depth: self.size("TRIBUTARY_LIMIT_DEPTH", 1..=60),
            aliases: self.size("TRIBUTARY_LIMIT_ALIASES", 0..=10_000),
            directives: self.size("TRIBUTARY_LIMIT_DIRECTIVES", 0..=10_000),
            root_fields: self.size("TRIBUTARY_LIMIT_ROOT_FIELDS", 1..=1_000),
            batch: self.size("TRIBUTARY_LIMIT_BATCH", 1..=1_000),
            nodes: self.size("TRIBUTARY_LIMIT_NODES", 1..=1_000_000_000) as u64,
            filter_tests: self.size("TRIBUTARY_LIMIT_FILTER_TESTS", 1..=300),
            tests: self.size("TRIBUTARY_LIMIT_TESTS", 1..=100_000),
        }
    }

    /// A word that is no level would be taken for a module of which everything is logged.
    fn log(&mut self) -> String {
        const NAME: &str = "TRIBUTARY_LOG";
        let text = self.text(NAME);
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
            if level.is_empty() || level.parse::<LevelFilter>().is_err() {
                self.mistake(
                    NAME,
                    format!(
                        "must be off, error, warn, info, debug or trace, or levels by module such as \
                         info,tributary=debug; `{part}` is neither"
                    ),
                );
            }
        }
        text
    }

    fn manifest(&mut self) -> Option<Manifest> {
        const NAME: &str = "TRIBUTARY_PERSISTED_ONLY";
        let path = self.given(NAME)?;
        let read = match std::fs::read_to_string(&path) {
            Ok(text) => Manifest::parse(&text).map_err(|mistake| format!("{mistake} ({path})")),
            Err(error) => Err(format!("names {path}, which cannot be read: {}", unreadable(&error))),
        };
        read.map_err(|message| self.mistake(NAME, message)).ok()
    }

    fn demo(&mut self, environment: Environment) -> Demo {
        const NAME: &str = "TRIBUTARY_DEMO";
        let production = environment == Environment::Production;
        let Some(given) = self.given(NAME) else {
            return if production { Demo::Never } else { Demo::Auto };
        };
        match given.to_ascii_lowercase().as_str() {
            "never" => Demo::Never,
            "auto" | "exposed" if production => {
                self.mistake(NAME, "must be never in production: demo data is refused there");
                Demo::Never
            }
            "auto" => Demo::Auto,
            "exposed" => Demo::Exposed,
            _ => {
                self.mistake(NAME, format!("must be auto, exposed or never; it is `{given}`"));
                Demo::Never
            }
        }
    }

    fn mistakes_in_order(mut self) -> Vec<ConfigMistake> {
        self.mistakes.sort_by_key(|mistake| VARIABLES.iter().position(|variable| variable.name == mistake.variable));
        self.mistakes
    }
}

/// Why a file cannot be read, in people's words.
fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "the user who runs the service may not read it".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::InvalidData => "it is no text in UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// Scheme, host and perhaps a port; no path.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
    })
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
