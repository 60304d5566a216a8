//! The command line as people meet it: exit codes and words.

use std::ffi::OsString;

use tributary::access::key;
use tributary::cli;

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
    let refused = run(&["user", "list"], &production);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("tributary key rotate"), "making a key is a decision there: {}", refused.err);
    let made = run(&["key", "rotate"], &production);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(run(&["user", "list"], &production).code, 0);
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
    assert_eq!(run(&["user", "list"], &[("DATABASE_URL", &url)]).out.lines().count(), 1, "nobody was made");
}
