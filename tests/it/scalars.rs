//! Scalars take what they are, as literals and as variables alike, and nothing else; what they keep reads back the same.

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use sea_orm::Value as Sql;
use serde_json::{Value, json};
use tests::{Actor, Answer};
use tributary::graphql::value::{parse, print_time};
use tributary::store::descriptor::{Shape, Text};

/// A place for a value of each scalar, what fits there, and texts that do not.
const PLACES: [(&str, &str, &[&str], &[&str]); 9] = [
    (
        "DateTime",
        "{ deals(filter: { createdAt: { gte: VALUE } }) { totalCount } }",
        &["2026-03-01T09:30:00Z", "2026-03-01t09:30:00.123456+01:00"],
        &["2026-03-01", "2026-03-01 09:30:00Z", "2026-03-01T09:30:00", "2026-02-30T09:30:00Z", "yesterday", ""],
    ),
    (
        "Date",
        "{ deals(filter: { expectedCloseOn: { gte: VALUE } }) { totalCount } }",
        &["2026-03-01", "2024-02-29"],
        &["2026-3-1", "2026-02-29", " 2026-03-01", "2026-03-01T00:00:00Z", "01.03.2026", ""],
    ),
    (
        "Decimal",
        "{ deals(filter: { amount: { currency: \"EUR\", gte: VALUE } }) { totalCount } }",
        &["1", "-1.25", "0.5"],
        &["1e3", "1.", ".5", "+1", "1,5", "0x1", "NaN", "1.255", "99999999999999999999", ""],
    ),
    (
        "CurrencyCode",
        "mutation { createDeal(input: { name: \"x\", amount: { amount: \"1\", currency: VALUE } }) { userErrors { code } } }",
        &["EUR", "eur"],
        &["EURO", "XXX", "E", ""],
    ),
    (
        "TimeZone",
        "{ deals { groupBy(by: [{ field: CREATED_AT }], timeZone: VALUE) { count } } }",
        &["Europe/Berlin", "UTC"],
        &["Berlin", "+01:00", "Europe/", ""],
    ),
    (
        "EmailAddress",
        "mutation { createContact(input: { email: VALUE }) { userErrors { code } } }",
        &["Ada.Lovelace+x@Example.org", "mailto:ada@example.org"],
        &["ada", "ada@", "@example.org", "a b@example.org", "ada@example", "a@b@example.org", ""],
    ),
    (
        "PhoneNumber",
        "mutation { createContact(input: { phone: VALUE }) { userErrors { code } } }",
        &["+49 (0)151 1234-5678"],
        &["0151 12345678", "+49", "+49151a2345678", "+4915112345678901234", ""],
    ),
    (
        "LanguageTag",
        "mutation { createContact(input: { email: \"l@example.org\", preferredLanguage: VALUE }) { userErrors { code } } }",
        &["de-AT", "de_AT"],
        &["d", "12", "de-", "deutschsprachig"],
    ),
    (
        "CountryCode",
        "mutation { createCompany(input: { name: \"x\", country: VALUE }) { userErrors { code } } }",
        &["DE", "de"],
        &["DEU", "XX", "ZZ"],
    ),
];

/// No text: what no scalar but Decimal and JSON is written in, as a literal and as JSON.
const WRONG_KINDS: [(&str, &str); 6] = [
    ("7", "7"),
    ("1.5", "1.5"),
    ("true", "true"),
    ("[\"x\"]", "[\"x\"]"),
    ("{ a: \"x\" }", "{ \"a\": \"x\" }"),
    ("EUR", "null"),
];

async fn literally(actor: &Actor, document: &str, literal: &str) -> Answer {
    actor.ask(&document.replace("VALUE", literal)).await
}

async fn by_variable(actor: &Actor, scalar: &str, document: &str, value: Value) -> Answer {
    let document = document.replace("VALUE", "$value");
    let (kind, rest) = if let Some(rest) = document.strip_prefix("mutation ") {
        ("mutation", rest)
    } else {
        ("query", document.as_str())
    };
    actor.run(&format!("{kind}($value: {scalar}!) {rest}"), json!({ "value": value })).await
}

/// Refused before anything was done: an error with one of two codes, or a mistake that a person can mend.
#[track_caller]
fn refused(answer: &Answer, what: &str) {
    let codes = answer.codes();
    let coded = codes.iter().any(|code| code == "BAD_USER_INPUT" || code == "GRAPHQL_VALIDATION_FAILED");
    let mistakes = answer.body["data"].as_object().and_then(|data| data.values().next()).map(|one| &one["userErrors"]);
    let mended = mistakes.and_then(Value::as_array).is_some_and(|mistakes| !mistakes.is_empty());
    assert!(coded || mended, "{what} was taken: {:#}", answer.body);
    assert!(codes.len() <= 1, "{what}: {:#}", answer.body);
}

#[tokio::test]
async fn scalars_take_what_they_are_and_nothing_else() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.pipeline().await;
        let admin = &cast.admin;
        for (scalar, document, good, bad) in PLACES {
            for text in good {
                let literal = literally(admin, document, &format!("{text:?}")).await;
                assert!(literal.codes().is_empty(), "{scalar} {text}: {:#}", literal.body);
                let variable = by_variable(admin, scalar, document, json!(text)).await;
                assert!(variable.codes().is_empty(), "{scalar} {text}: {:#}", variable.body);
            }
            for text in bad {
                refused(&literally(admin, document, &format!("{text:?}")).await, &format!("{scalar} {text:?}"));
                refused(&by_variable(admin, scalar, document, json!(text)).await, &format!("{scalar} ${text:?}"));
            }
            for (literal, json) in WRONG_KINDS {
                if scalar == "Decimal" && literal == "7" {
                    continue;
                }
                refused(&literally(admin, document, literal).await, &format!("{scalar} {literal}"));
                let value = serde_json::from_str(json).expect("JSON");
                refused(&by_variable(admin, scalar, document, value).await, &format!("{scalar} ${json}"));
            }
        }
    })
    .await;
}

fn kept(shape: Shape, text: &str) -> Option<Sql> {
    parse(shape, &async_graphql::Value::from(text), None, "value").ok()
}

proptest! {
    #[test]
    fn a_moment_reads_back_to_the_microsecond(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
        let time = DateTime::<Utc>::from_timestamp_micros(micros).expect("in range");
        prop_assert_eq!(kept(Shape::DateTime, &print_time(time)), Some(Sql::ChronoDateTimeUtc(Some(time))));
    }

    #[test]
    fn a_day_reads_back(days in 1..3_652_059_i32) {
        let day = NaiveDate::from_num_days_from_ce_opt(days).expect("in range");
        prop_assert_eq!(kept(Shape::Date, &day.to_string()), Some(Sql::ChronoDate(Some(day))));
    }

    /// What a text scalar keeps is what it would keep of that again: a client may send back what it read.
    #[test]
    fn a_text_that_was_kept_is_kept_as_it_is(text in "\\PC{0,40}|[a-zA-Z0-9.+@/:_-]{1,30}|https?://[a-z.]{1,20}/\\PC{0,9}|\\+[0-9 ()-]{6,20}|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,4}){0,3}| ?[A-Z]{2,3} ?") {
        for kind in [
            Text::Plain, Text::Email, Text::Phone, Text::Url, Text::Currency, Text::Country, Text::TimeZone,
            Text::Language, Text::Domain, Text::Code,
        ] {
            if let Some(Sql::String(Some(once))) = kept(Shape::Text(kind), &text) {
                let twice = kept(Shape::Text(kind), &once);
                prop_assert_eq!(twice, Some(Sql::String(Some(once))), "{:?} {:?}", kind, text);
            }
        }
    }
}
