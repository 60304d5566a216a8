//! What is wrong with a database URL, before anybody is called. No piece of a server's URL is told, for it may belong to
//! the password.

use std::path::Path;
use std::str::FromStr;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use url::Url;

const FORM: &str = "must be written as postgres://user:password@host:port/database";
const ENCODE: &str = "Special characters in the password have to be percent-encoded: / is written %2F, # is %23, ? is %3F, @ is %40, % is %25";
const PARAMETERS: [&str; 10] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslmode",
    "statement-cache-capacity",
    "user",
];

/// What has to be mended, if anything has.
pub(super) fn mistake(url: &str) -> Option<String> {
    match url.split_once(':') {
        Some(("sqlite", _)) => of_a_file(url),
        Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => of_a_server(url),
        _ => Some("must begin with sqlite: or postgres://".to_owned()),
    }
}

fn of_a_file(url: &str) -> Option<String> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    for (name, value) in url::form_urlencoded::parse(parameters.as_bytes()) {
        let taken: &[&str] = match name.as_ref() {
            "mode" => &["rwc", "rw", "memory"],
            "cache" => &["private", "shared"],
            "immutable" => &["false", "0"],
            "vfs" => continue,
            _ => return Some(format!("has a parameter `{name}`; a file has mode, cache, immutable and vfs")),
        };
        if !taken.contains(&value.as_ref()) {
            return Some(format!("says {name}={value}; the service can work with {name}={}", taken.join(", ")));
        }
    }
    let Ok(options) = SqliteConnectOptions::from_str(url) else {
        return Some("holds a path whose percent signs are not followed by the two digits of a character".to_owned());
    };
    (options.get_filename() == Path::new("") && !parameters.contains("mode=memory"))
        .then(|| "names no file; write it as sqlite://tributary.db?mode=rwc".to_owned())
}

fn of_a_server(text: &str) -> Option<String> {
    let Ok(url) = Url::parse(text) else { return Some(format!("{FORM}. {ENCODE}")) };
    // A password that is cut at one of its characters leaves the rest of itself, and the host, in the wrong place.
    let is_cut = url.fragment().is_some()
        || url.path().contains('@')
        || url.query_pairs().any(|(name, _)| name.contains('@') && !name.starts_with("options["));
    if is_cut {
        return Some(format!("{FORM}. {ENCODE}"));
    }
    for (name, value) in url.query_pairs() {
        match (name.as_ref(), value.as_ref()) {
            ("sslmode" | "ssl-mode", "disable" | "allow" | "prefer") => {}
            ("sslmode" | "ssl-mode", "require" | "verify-ca" | "verify-full") => {
                return Some(
                    "asks for TLS (sslmode), which the service leaves to a proxy beside it: name that proxy with \
                     sslmode=disable, or a server that may be reached without TLS"
                        .to_owned(),
                );
            }
            ("sslmode" | "ssl-mode", _) => {
                return Some("must have sslmode=disable, allow or prefer, if it has one".to_owned());
            }
            (name, _) if PARAMETERS.contains(&name) || name.starts_with("options[") => {}
            _ => return Some(format!("has a parameter that is none of {}. {ENCODE}", PARAMETERS.join(", "))),
        }
    }
    match PgConnectOptions::from_str(text) {
        Err(_) => Some(format!("{FORM}. {ENCODE}")),
        Ok(options) if options.get_database().is_none() => {
            Some("names no database: write its name at the end, as in postgres://user@host/tributary".to_owned())
        }
        Ok(_) => None,
    }
}
