//! Every mistake at once, safe defaults, no secrets in logs.

use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, Vec<ConfigMistake>> {
    Config::from_env(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

fn variables(mistakes: &[ConfigMistake]) -> Vec<&str> {
    mistakes.iter().map(|mistake| mistake.variable).collect()
}

#[test]
fn defaults_are_safe_and_agree_with_the_table() {
    let config = read(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.issuer, "http://127.0.0.1:8080");
    assert_eq!(config.limits, Limits::default());
    assert_eq!((config.access_token_minutes, config.demo), (15, Demo::Auto));
    assert!(VARIABLES.iter().all(|variable| help().contains(variable.name)));
}

#[test]
fn all_mistakes_are_reported_at_once_and_in_order() {
    let mistakes = read(&[
        ("TRIBUTARY_DEMO", "often"),
        ("TRIBUTARY_LISTEN", "everywhere"),
        ("TRIBUTARY_ACCESS_TOKEN_MINUTES", "16"),
        ("TRIBUTARY_CORS_ORIGINS", "https://a.example, https://b.example/path, *"),
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
    ])
    .unwrap_err();
    let expected = [
        "TRIBUTARY_LISTEN",
        "DATABASE_URL",
        "TRIBUTARY_ACCESS_TOKEN_MINUTES",
        "TRIBUTARY_CORS_ORIGINS",
        "TRIBUTARY_CORS_ORIGINS",
        "TRIBUTARY_DEMO",
    ];
    assert_eq!(variables(&mistakes), expected);
    assert!(!format!("{mistakes:?}").contains("hunter2"));
}

#[test]
fn production_refuses_demo_data() {
    let mistakes = read(&[("TRIBUTARY_ENV", "production"), ("TRIBUTARY_DEMO", "auto")]).unwrap_err();
    assert_eq!(variables(&mistakes), ["TRIBUTARY_DEMO"]);
    assert_eq!(read(&[("TRIBUTARY_ENV", "production")]).unwrap().demo, Demo::Never);
}

#[test]
fn a_signing_key_is_read_and_judged_at_once() {
    let (_, pem) = key::generate().unwrap();
    let escaped = pem.replace('\n', "\\n");
    for good in [&pem, &escaped] {
        let config = read(&[("TRIBUTARY_SIGNING_KEY", good)]).unwrap();
        assert_eq!(config.signing_key.unwrap().expose().trim(), pem.trim());
    }
    let short = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----";
    for bad in [short, "no/such/file.pem"] {
        assert_eq!(variables(&read(&[("TRIBUTARY_SIGNING_KEY", bad)]).unwrap_err()), ["TRIBUTARY_SIGNING_KEY"]);
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let (_, pem) = key::generate().unwrap();
    let config = read(&[("DATABASE_URL", "postgres://crm:hunter2@db/crm"), ("TRIBUTARY_SIGNING_KEY", &pem)]).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("MC4C"), "{shown}");
}
