//! The command line as people meet it: exit codes and words.

use std::ffi::OsString;

use tests::postgres_server;
use tributary::access::key;
use tributary::cli;
use tributary::config::VARIABLES;

struct Ran {
    code: u8,
    out: String,
    err: String,
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let arguments = std::iter::once("tributary").chain(arguments.iter().copied()).map(OsString::from);
    let get = |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    // Log lines of a command would mix with the words of the tests.
    let get = |name: &str| get(name).or_else(|| (name == "TRIBUTARY_LOG").then(|| "off".to_owned()));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::run(arguments, &get, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code, out: text(out), err: text(err) }
}

/// The URL of a file in a folder that lives as long as the first part.
fn database() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("cli.db").display());
    (folder, url)
}

#[test]
fn every_mistake_of_the_configuration_is_told_at_once() {
    let ran = run(
        &["serve", "--listen", "everywhere"],
        &[
            ("TRIBUTARY_LISTEN", "127.0.0.1:0"),
            ("DATABASE_URL", "mysql://crm:hunter2@db/crm"),
            ("TRIBUTARY_BASE_CURRENCY", "euro"),
        ],
    );
    assert_eq!(ran.code, 2);
    for variable in ["TRIBUTARY_LISTEN", "DATABASE_URL", "TRIBUTARY_BASE_CURRENCY"] {
        assert_eq!(ran.err.matches(variable).count(), 1, "{}", ran.err);
    }
    assert!(!ran.err.contains("hunter2"));
}

#[test]
fn unknown_commands_and_filters_are_mistakes_and_help_is_not() {
    assert_eq!(run(&["dance"], &[]).code, 2);
    assert_eq!(run(&["user", "add", "--email", "a@b.example", "--name", "A", "--role", "BOSS"], &[]).code, 2);
    assert_eq!(run(&["migrate"], &[("TRIBUTARY_LOG", "=,=")]).code, 2);
    let help = run(&["--help"], &[]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    assert!(help.out.contains("TRIBUTARY_LISTEN") && help.out.contains("migrate"));
}

#[test]
fn the_schema_is_printed_and_compared() {
    let printed = run(&["schema"], &[]);
    assert_eq!(printed.code, 0);
    assert!(printed.out.contains("type Query"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("schema.graphql");
    let path = file.to_str().expect("text");
    let check = || run(&["schema", "--check", "--file", path], &[]);
    assert_eq!(check().code, 1, "there is no file yet");
    std::fs::write(&file, &printed.out).expect("written");
    assert_eq!(check().code, 0);
    std::fs::write(&file, printed.out.replacen("type Query", "type Inquiry", 1)).expect("written");
    let stale = check();
    assert_eq!(stale.code, 1);
    assert!(stale.err.contains("type Inquiry") && stale.err.contains("type Query"), "{}", stale.err);
    std::fs::write(&file, format!("{}\n\n", printed.out)).expect("written");
    assert_eq!(check().code, 1);
}

#[test]
fn a_breaking_change_of_the_schema_is_declared_or_refused() {
    let printed = run(&["schema"], &[]).out;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (released, declared) = (path("released.graphql"), path("breaking.txt"));
    let write = |file: &str, text: &str| std::fs::write(file, text).expect("written");
    write(&released, &printed);
    assert_eq!(run(&["schema", "--against", &released], &[]).code, 0);
    // The released schema had a field that is gone now.
    write(&released, &printed.replacen("type Query {", "type Query {\n  teaPot: Int\n", 1));
    let refused = run(&["schema", "--against", &released], &[]);
    assert_eq!(refused.code, 1);
    assert!(refused.out.contains("breaking   Query.teaPot  was removed"), "{}", refused.out);
    assert!(refused.err.contains("Query.teaPot") && refused.err.contains("not declared"), "{}", refused.err);
    write(&declared, "Query.teaPot: nobody brewed\n");
    assert_eq!(run(&["schema", "--against", &released, "--declared", &declared], &[]).code, 0);
    write(&released, "no schema");
    assert_eq!(run(&["schema", "--against", &released], &[]).code, 1);
}

#[test]
fn an_empty_database_is_migrated_and_has_nobody() {
    let (_folder, url) = database();
    for _ in 0..2 {
        let migrated = run(&["migrate", "--database-url", &url], &[]);
        assert_eq!((migrated.code, migrated.err.as_str()), (0, ""));
    }
    let listed = run(&["user", "list", "--database-url", &url], &[]);
    assert_eq!((listed.code, listed.out.as_str()), (0, ""));
    let unknown = run(&["user", "suspend", "nobody@tributary.example", "--database-url", &url], &[]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("nobody@tributary.example"), "{}", unknown.err);
}

#[test]
fn production_refuses_demo_data_and_a_database_that_holds_them() {
    let (_folder, url) = database();
    let (_, pem) = key::generate().expect("a key");
    let production =
        [("DATABASE_URL", url.as_str()), ("TRIBUTARY_ENV", "production"), ("TRIBUTARY_SIGNING_KEY", pem.as_str())];
    assert_eq!(run(&["user", "list"], &production).code, 0);
    let refused = run(&["seed"], &production);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("production"), "{}", refused.err);
    let seeded = run(&["seed"], &[("DATABASE_URL", &url)]);
    assert_eq!(seeded.code, 0, "{}", seeded.err);
    let twice = run(&["seed"], &[("DATABASE_URL", &url)]);
    assert_eq!(twice.code, 1);
    // Everybody knows the passwords: other machines do not reach it unless that was said.
    let exposed = run(&["serve", "--listen", "0.0.0.0:0"], &[("DATABASE_URL", &url)]);
    assert_eq!(exposed.code, 1);
    assert!(exposed.err.contains("TRIBUTARY_DEMO=exposed"), "{}", exposed.err);
    let refused = run(&["user", "list"], &production);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("demo data"), "{}", refused.err);
    assert_eq!(run(&["user", "list"], &[("DATABASE_URL", &url)]).code, 0);
}

#[test]
fn keys_are_listed_rotated_and_retired() {
    let (_folder, url) = database();
    let production = [("DATABASE_URL", url.as_str()), ("TRIBUTARY_ENV", "production")];
    // The documented deployment begins with an empty database, and with several replicas.
    let starts: Vec<Ran> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| run(&["user", "list"], &production))).collect();
        starts.into_iter().map(|start| start.join().expect("it ends")).collect()
    });
    for start in starts {
        assert_eq!((start.code, start.err.as_str()), (0, ""));
    }
    let made = run(&["key", "list"], &production);
    assert_eq!(made.out.lines().count(), 1, "the first start makes the key: {}", made.out);
    let first = made.out.split(' ').next().expect("an id").to_owned();
    assert_eq!(run(&["key", "list"], &production).out, format!("{first}  signs\n"));

    let made = run(&["key", "rotate"], &production);
    let second = made.out.split(' ').next().expect("an id").to_owned();
    let listed = run(&["key", "list"], &production).out;
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with(&format!("{first}  signs until 20")), "{listed}");
    assert!(lines[1].starts_with(&format!("{second}  signs from 20")), "{listed}");

    for (kid, replaced) in [(&second, 1), (&first, 0)] {
        let retired = run(&["key", "retire", kid], &production);
        assert_eq!(retired.code, 0, "{}", retired.err);
        assert_eq!(retired.out.matches("made in its place").count(), replaced, "{}", retired.out);
    }
    assert_eq!(run(&["key", "retire", &first], &production).code, 1, "it is gone");
}

#[test]
fn configured_keys_are_judged_and_left_alone() {
    let (_folder, url) = database();
    let (kid, pem) = key::generate().expect("a key");
    let with_key = [("DATABASE_URL", url.as_str()), ("TRIBUTARY_SIGNING_KEY", pem.as_str())];
    assert_eq!(run(&["key", "list"], &with_key).out, format!("{kid}  signs\n"));
    let refused = run(&["key", "rotate"], &with_key);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("TRIBUTARY_SIGNING_KEY"), "{}", refused.err);
    // RFC 8032, test 1: everybody has it.
    let known = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----";
    let short = "-----BEGIN PRIVATE KEY-----\nMB4CAQAwBQYDK2VwBBIEEAABAgMEBQYHCAkKCwwNDg8=\n-----END PRIVATE KEY-----";
    for bad in [known, short, "no/such/file.pem"] {
        let refused = run(&["serve"], &[("DATABASE_URL", &url), ("TRIBUTARY_SIGNING_KEY", bad)]);
        assert_eq!(refused.code, 2);
        assert!(refused.err.contains("TRIBUTARY_SIGNING_KEY") && !refused.err.contains("MC4C"), "{}", refused.err);
    }
}

#[test]
fn demo_users_are_not_made_where_other_machines_reach_them() {
    let (_folder, url) = database();
    let refused = run(&["serve", "--listen", "0.0.0.0:0"], &[("DATABASE_URL", &url)]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("TRIBUTARY_ENV=production"), "{}", refused.err);
    assert!(!run(&["user", "list"], &[("DATABASE_URL", &url)]).out.contains("@demo.example"), "nobody was made");
}

#[test]
fn a_database_that_cannot_be_opened_is_told_with_the_cause_and_the_way_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| format!("sqlite://{}?mode=rwc", folder.path().join(name).display());
    std::fs::write(folder.path().join("letter.txt"), "Dear customer, ".repeat(1_000)).expect("written");
    let newer = at("newer.db");
    assert_eq!(run(&["migrate"], &[("DATABASE_URL", &newer)]).code, 0);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let pool = sea_orm::sqlx::SqlitePool::connect(&newer).await.expect("it opens");
        let step = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m99990101_000001_later', 0)";
        sea_orm::sqlx::query(step).execute(&pool).await.expect("written");
        pool.close().await;
    });
    let mut cases = vec![
        (at("none/such.db"), vec!["no folder", "none", "DATABASE_URL"]),
        (at(""), vec!["is a folder", "DATABASE_URL"]),
        (at("letter.txt"), vec!["letter.txt", "no SQLite database"]),
        (newer, vec!["newer version"]),
        ("sqlite:///proc/tributary.db?mode=rwc".to_owned(), vec!["/proc", "cannot be written"]),
        (at("letter.txt/x.db"), vec!["letter.txt is a file, no folder", "DATABASE_URL"]),
        ("postgres://crm:hunter2@127.0.0.1:1/crm".to_owned(), vec!["Nobody listens at 127.0.0.1:1", "DATABASE_URL"]),
        ("postgres://crm:hunter2@no-such-host.invalid/crm".to_owned(), vec!["no-such-host.invalid", "DATABASE_URL"]),
    ];
    match postgres_server() {
        Some(server) => {
            let (start, _) = server.rsplit_once('/').expect("a database");
            let stranger = server.replacen("postgres@", "nobody_here@", 1);
            cases.push((format!("{start}/no_such_database"), vec!["no database no_such_database", "createdb"]));
            cases.push((stranger, vec!["nobody_here", "does not let"]));
        }
        None => println!("skipped: databases of a PostgreSQL server, for TEST_DATABASE_URL names none"),
    }
    for (url, words) in cases {
        let ran = run(&["migrate"], &[("DATABASE_URL", &url), ("TRIBUTARY_DATABASE_TIMEOUT_SECONDS", "1")]);
        assert_eq!(ran.code, 1, "{url}: {}", ran.err);
        for word in words {
            assert!(ran.err.contains(word), "{url}: {}", ran.err);
        }
        assert!(!ran.err.contains("hunter2") && !ran.err.contains("at the moment"), "{url}: {}", ran.err);
    }
}

#[test]
fn an_address_that_is_taken_is_told_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    for (listen, words) in
        [(address.as_str(), "taken by another program"), ("192.0.2.1:8080", "does not have the address")]
    {
        let ran = run(&["serve", "--listen", listen], &[("DATABASE_URL", "sqlite://never.db")]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains(words) && ran.err.contains("TRIBUTARY_LISTEN"), "{}", ran.err);
    }
}

/// What `tributary schema` says to an environment with these variables.
fn told(variables: &[(&str, &str)]) -> (u8, String) {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let arguments = ["tributary", "schema"].map(OsString::from);
    let mut err = Vec::new();
    let code = cli::main(arguments, variables, &|_| None, &mut Vec::new(), &mut err);
    (code, String::from_utf8(err).expect("text"))
}

#[test]
fn what_looks_like_a_setting_and_is_none_is_refused_with_the_one_that_is_meant() {
    for (name, meant) in [
        ("TRIBUTARY_LISTN", "TRIBUTARY_LISTEN"),
        ("TRIBUTRAY_LISTEN", "TRIBUTARY_LISTEN"),
        ("tributary_listen", "TRIBUTARY_LISTEN"),
        ("TRIBUTARY_PORT", "TRIBUTARY_LISTEN"),
        ("TRIBUTARY_HOST", "TRIBUTARY_LISTEN"),
        ("TRIBUTARY_LISTEN_ADDRESS", "TRIBUTARY_LISTEN"),
        ("TRIBUTARY_BASE_CURENCY", "TRIBUTARY_BASE_CURRENCY"),
        ("TRIBUTARY_CURRENCY", "TRIBUTARY_BASE_CURRENCY"),
        ("TRIBUTARY_TIME_ZONE", "TRIBUTARY_COMPANY_TIME_ZONE"),
        ("TRIBUTARY_DATABASE_TIMEOUT", "TRIBUTARY_DATABASE_TIMEOUT_SECONDS"),
        ("TRIBUTARY_METRIC_TOKEN", "TRIBUTARY_METRICS_TOKEN"),
        ("TRIBUTARY_DATABASE_URL", "DATABASE_URL"),
        ("TRIBUTARY_DATABASE", "DATABASE_URL"),
        ("TRIBUTARY_DB_URL", "DATABASE_URL"),
        ("DATABASE_ULR", "DATABASE_URL"),
        ("TRIBUTARY_ENVIRONMENT", "TRIBUTARY_ENV"),
        ("TRIBUTARY_LOG_LEVEL", "TRIBUTARY_LOG"),
    ] {
        let (code, err) = told(&[("PATH", "/bin"), (name, "9000"), ("TRIBUTARY_ENV", "production")]);
        assert!(code == 2 && err.contains(&format!("{name}. Is {meant} meant?")), "{name}: {err}");
    }
    for name in
        ["TRIBUTARY_FOO", "TRIBUTARY_COFFEE", "TRIBUTARY_TIMEOUT_SECONDS", "TRIBUTARY_SERVICE_HOST", "TRIBUTARY_"]
    {
        let (code, err) = told(&[(name, "1")]);
        assert!(code == 2 && err.contains(&format!("{name}. Remove it")), "{name}: {err}");
    }
    // A foreign variable of nearly our name is no mistake beside ours.
    assert_eq!(told(&[("DATABASE_URI", "x"), ("DATABASE_URL", "y"), ("TRIBUTARY_TOKEN", "of a copied command")]).0, 0);
}

#[test]
fn what_kubernetes_tells_of_services_is_no_setting() {
    let link = [
        ("TRIBUTARY_SERVICE_HOST", "10.96.0.7"),
        ("TRIBUTARY_SERVICE_PORT", "8080"),
        ("TRIBUTARY_SERVICE_PORT_HTTP", "8080"),
        ("TRIBUTARY_PORT", "tcp://10.96.0.7:8080"),
        ("TRIBUTARY_PORT_8080_TCP", "tcp://10.96.0.7:8080"),
        ("TRIBUTARY_PORT_8080_TCP_ADDR", "10.96.0.7"),
        ("TRIBUTARY_DB_SERVICE_HOST", "10.96.0.8"),
        ("TRIBUTARY_DB_PORT", "tcp://[fd00::8]:5432"),
        ("TRIBUTARY_DB_PORT_5432_TCP_PROTO", "tcp"),
    ];
    assert_eq!(told(&link), (0, String::new()));
}

#[test]
fn help_is_given_whatever_the_environment_holds_and_lists_every_setting() {
    for arguments in [["tributary", "--help"].as_slice(), &["tributary", "serve", "--help"]] {
        let variables = [("TRIBUTARY_FOO".to_owned(), String::new())];
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = cli::main(arguments.iter().map(OsString::from), variables, &|_| None, &mut out, &mut err);
        assert_eq!((code, err.as_slice()), (0, b"".as_slice()));
        let out = String::from_utf8(out).expect("text");
        for variable in VARIABLES {
            assert!(out.contains(variable.name) && out.contains(variable.meaning), "{arguments:?}: {}", variable.name);
        }
    }
    for command in ["migrate", "seed", "import", "user", "key"] {
        let help = run(&[command, "--help"], &[]).out;
        assert!(help.contains("tributary serve --help"), "{command}: {help}");
    }
}

#[test]
fn values_of_settings_are_checked_before_anything_is_begun() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().to_str().expect("text");
    let no_file = "names /nope.json, which cannot be read: there is no such file";
    for (name, value, words) in [
        ("TRIBUTARY_LOG", "infoo", "`infoo` is neither"),
        ("TRIBUTARY_LOG", "warning", "error, warn, info"),
        ("TRIBUTARY_LOG", "info,tributary=loud", "`tributary=loud` is neither"),
        ("TRIBUTARY_BASE_CURRENCY", "ABC", "ISO 4217"),
        ("TRIBUTARY_PERSISTED_ONLY", "/nope.json", no_file),
        ("TRIBUTARY_PERSISTED_ONLY", folder, "it is a folder"),
        ("TRIBUTARY_SIGNING_KEY", "/nope.pem", "there is no such file"),
        ("DATABASE_URL", "sqlite:", "names no file"),
        ("DATABASE_URL", "sqlite://x.db?tea=pot", "`tea`"),
        ("DATABASE_URL", "sqlite://x.db?mode=ro", "mode=rwc"),
        ("DATABASE_URL", "postgres://crm@db.example", "names no database"),
        ("DATABASE_URL", "postgres://crm@db.example:5432/", "names no database"),
        ("DATABASE_URL", "postgres://crm@db.example/crm?sslmode=xx", "sslmode=disable"),
        ("DATABASE_URL", "postgres://crm@db.example/crm?sslmode=require", "asks for TLS"),
        ("DATABASE_URL", "postgres://crm@db.example/crm?tea=pot", "has a parameter that is none of"),
    ] {
        let ran = run(&["migrate"], &[(name, value)]);
        assert!(ran.code == 2 && ran.err.contains(name) && ran.err.contains(words), "{name}={value}: {}", ran.err);
    }
    for good in ["off", "WARN", "info,tributary=debug,sqlx::query=off"] {
        assert!(!run(&["migrate"], &[("TRIBUTARY_LOG", good), ("DATABASE_URL", "x")]).err.contains("TRIBUTARY_LOG"));
    }
}

#[test]
fn a_password_that_breaks_its_url_is_told_so_without_a_piece_of_it() {
    for password in ["hun/qzx", "hun#qzx", "hun?qzx", "12/qzx", "12#qzx", "12?qzx", "12?hun=qzx", "%ff"] {
        let url = format!("postgres://crm:{password}@db.example/crm");
        let ran = run(&["migrate"], &[("DATABASE_URL", &url), ("TRIBUTARY_LOG", "info")]);
        assert!(ran.code == 2 && ran.err.contains("percent-encoded"), "{password}: {}", ran.err);
        for piece in ["hun", "qzx", "db.example", "port number"] {
            assert!(!ran.err.contains(piece), "{password}: {}", ran.err);
        }
    }
}
