//! The service as a process of its own, for tests of what only a process has: signals, exit codes, sudden death.
//!
//! The process is this test program started once more, running the same command line as the binary does: so the service
//! under test is always the one that was just built.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Not a test: the service that other tests start; it runs until it is told to end.
#[test]
#[ignore = "the service of other tests; it runs until it is told to end"]
fn the_service() {
    let environment = |name: &str| match name {
        // The world of the test gives out the tokens; it has the usual address.
        "TRIBUTARY_ISSUER" => Some("http://127.0.0.1:8080".to_owned()),
        "TRIBUTARY_LISTEN" => Some("127.0.0.1:0".to_owned()),
        "TRIBUTARY_DEMO" => Some(std::env::var(name).unwrap_or_else(|_| "never".to_owned())),
        _ => std::env::var(name).ok(),
    };
    let arguments = ["tributary", "serve"].map(std::ffi::OsString::from);
    let code = tributary::cli::run(arguments, &environment, &mut std::io::stdout(), &mut std::io::stderr());
    std::process::exit(i32::from(code));
}

/// A running service.
pub struct Service {
    /// Its process.
    pub child: Child,
    /// Where it listens.
    pub address: String,
    /// Kept open, so that it can go on talking.
    _words: BufReader<ChildStdout>,
}

impl Service {
    /// Starts it on a database with more settings, and waits until it says where it listens.
    pub fn start(database: &str, settings: &[(&str, &str)]) -> Self {
        // This very program, even when it is being built anew meanwhile.
        let itself = PathBuf::from("/proc/self/exe");
        let program = if itself.exists() { itself } else { std::env::current_exe().expect("a program") };
        let mut child = Command::new(program)
            .args(["service::the_service", "--exact", "--ignored", "--nocapture"])
            .env("DATABASE_URL", database)
            .env("TRIBUTARY_LOG", "off")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut words = BufReader::new(child.stdout.take().expect("its words"));
        let address = words.by_ref().lines().map_while(Result::ok).find_map(|line| {
            let (_, address) = line.split_once("http://")?;
            address.strip_suffix("/graphql").map(str::to_owned)
        });
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the service ended before it was ready");
        };
        Self { child, address, _words: words }
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> ExitStatus {
        tokio::task::spawn_blocking(move || self.child.wait().expect("it is a child")).await.expect("it ends")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A test that fails leaves no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a document; nothing if nobody is there. `token` may be empty.
pub async fn post(address: &str, token: &str, accept: &str, query: &str, variables: Value) -> Option<TcpStream> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let authorization = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Type: application/json\r\n\
         Accept: {accept}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    Some(stream)
}

/// What a service answers to a document; nothing if it is not there, or ends in the middle of it. `token` may be empty.
pub async fn ask(address: &str, token: &str, query: &str, variables: Value) -> Option<Value> {
    let mut stream = post(address, token, "application/json", query, variables).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}
