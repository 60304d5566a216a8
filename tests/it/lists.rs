//! Filters, orders, sums and groups say the same as the rows themselves, on both databases.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Duration, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use entity::{campaign, company, deal};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tests::{World, row};
use tributary::spelling::fold;

async fn companies(world: &World) -> Vec<company::Model> {
    let industries = [None, Some("Steel"), Some("steel works"), Some("50% off_"), Some("ÖL")];
    let mut all = Vec::new();
    for at in 0..40_usize {
        let mut model = row!(
            world,
            company {
                name: format!("Company {}", at % 9),
                industry: industries[at % industries.len()].map(str::to_owned),
                country: (at % 3 != 0).then(|| ["DE", "AT"][at % 2].to_owned()),
                annual_revenue_minor: (at % 4 != 0).then_some(i64::try_from(at).expect("small") * 50_000),
                annual_revenue_currency: (at % 4 != 0).then(|| ["EUR", "USD"][at / 4 % 2].to_owned()),
            }
        );
        model.created_at = world.now() - Duration::days(i64::try_from(at).expect("small"));
        all.push(world.insert(model).await);
    }
    all
}

/// A filter and what it means.
#[derive(Clone, Debug)]
enum Wish {
    And(Vec<Wish>),
    Or(Vec<Wish>),
    Not(Box<Wish>),
    Name(&'static str, String),
    Industry(&'static str, Option<String>),
    IndustryHas(&'static str, String),
    Country(&'static str, Vec<String>),
    Revenue(&'static str, i64, &'static str),
    Age(u32),
}

impl Wish {
    fn json(&self) -> Value {
        let list = |wishes: &[Self]| wishes.iter().map(Self::json).collect::<Vec<_>>();
        match self {
            Self::And(wishes) => json!({ "and": list(wishes) }),
            Self::Or(wishes) => json!({ "or": list(wishes) }),
            Self::Not(wish) => json!({ "not": wish.json() }),
            Self::Name(test, text) => json!({ "name": { *test: text } }),
            Self::Industry(test, text) => json!({ "industry": { *test: text } }),
            Self::IndustryHas(test, text) => json!({ "industry": { *test: text } }),
            Self::Country(test, texts) => json!({ "country": { *test: texts } }),
            Self::Revenue(test, units, currency) => {
                json!({ "annualRevenue": { *test: units.to_string(), "currency": currency } })
            }
            Self::Age(days) => json!({ "createdAt": { "last": { "days": days } } }),
        }
    }

    fn holds(&self, row: &company::Model, now: DateTime<Utc>) -> bool {
        match self {
            Self::And(wishes) => wishes.iter().all(|wish| wish.holds(row, now)),
            Self::Or(wishes) => wishes.iter().any(|wish| wish.holds(row, now)),
            Self::Not(wish) => !wish.holds(row, now),
            Self::Name("eq", text) => row.name == *text,
            Self::Name("ne", text) => row.name != *text,
            Self::Name("lt", text) => fold::sorted(&row.name) < fold::sorted(text),
            Self::Name(_, text) => fold::sorted(&row.name) >= fold::sorted(text),
            Self::Industry("eq", text) => row.industry == *text,
            Self::Industry(_, text) => row.industry != *text,
            Self::IndustryHas(test, text) => row.industry.as_deref().is_some_and(|industry| {
                let (industry, text) = (fold::searched(industry), fold::searched(text));
                if *test == "contains" { industry.contains(&text) } else { industry.starts_with(&text) }
            }),
            Self::Country(test, texts) => {
                let inside = row.country.as_ref().is_some_and(|country| texts.contains(country));
                if *test == "in" { inside } else { !inside }
            }
            Self::Revenue(test, units, currency) => {
                let same = row.annual_revenue_currency.as_deref() == Some(*currency);
                same && row.annual_revenue_minor.is_some_and(|minor| match *test {
                    "gte" => minor >= units * 100,
                    _ => minor < units * 100,
                })
            }
            Self::Age(days) => row.created_at >= now - Duration::days((*days).into()) && row.created_at <= now,
        }
    }
}

fn wishes() -> impl Strategy<Value = Wish> {
    let text = |list: &'static [&'static str]| proptest::sample::select(list).prop_map(str::to_owned);
    let industries: &[&str] = &["Steel", "steel works", "50% off_", "ÖL", "nothing"];
    let leaf = prop_oneof![
        (
            proptest::sample::select(vec!["eq", "ne", "lt", "gte"]),
            text(&["Company 1", "company 8", "COMPANY 3", "none"])
        )
            .prop_map(|(test, text)| Wish::Name(test, text)),
        (proptest::sample::select(vec!["eq", "ne"]), proptest::option::of(text(industries)))
            .prop_map(|(test, text)| Wish::Industry(test, text)),
        (
            proptest::sample::select(vec!["contains", "startsWith"]),
            text(&["STEEL", "work", "%", "_", "5", "Ö", "ö", "\\"])
        )
            .prop_map(|(test, text)| Wish::IndustryHas(test, text)),
        (proptest::sample::select(vec!["in", "notIn"]), proptest::collection::vec(text(&["DE", "AT", "CH"]), 0..3))
            .prop_map(|(test, texts)| Wish::Country(test, texts)),
        (proptest::sample::select(vec!["gte", "lt"]), 0_i64..20_000, proptest::sample::select(vec!["EUR", "USD"]))
            .prop_map(|(test, units, currency)| Wish::Revenue(test, units, currency)),
        (1_u32..50).prop_map(Wish::Age),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Wish::And),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Wish::Or),
            inner.prop_map(|wish| Wish::Not(Box::new(wish))),
        ]
    })
}

#[tokio::test]
async fn a_filter_finds_what_it_says() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        let all = companies(&world).await;
        let mut runner = TestRunner::new_with_rng(Config::default(), TestRunner::deterministic().new_rng());
        for _ in 0..250 {
            let wish = wishes().new_tree(&mut runner).expect("a filter").current();
            let query = "query($f: CompanyFilter) { companies(first: 100, filter: $f) { totalCount } }";
            let answer = actor.run(query, json!({ "f": wish.json() })).await;
            let expected = all.iter().filter(|row| wish.holds(row, world.now())).count();
            assert_eq!(answer.data()["companies"]["totalCount"], expected, "{}", wish.json());
        }
    })
    .await;
}

#[tokio::test]
async fn sums_keep_currencies_apart_and_ignore_the_page() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        let all = companies(&world).await;
        let query = "{ companies(first: 1) { aggregate { count sum { annualRevenue { amount currency } } avg { annualRevenue { currency amount } version } min { annualRevenue { amount } createdAt } max { createdAt version } } } }";
        let answer = actor.ask(query).await;
        let figures = &answer.data()["companies"]["aggregate"];
        let sum = |currency: &str| -> i64 {
            all.iter().filter(|row| row.annual_revenue_currency.as_deref() == Some(currency)).filter_map(|row| row.annual_revenue_minor).sum()
        };
        let print = tributary::money::print_minor;
        assert_eq!(figures["count"], 40);
        assert_eq!(
            figures["sum"]["annualRevenue"],
            json!([
                { "amount": print(sum("EUR"), "EUR"), "currency": "EUR" },
                { "amount": print(sum("USD"), "USD"), "currency": "USD" },
            ])
        );
        assert_eq!(figures["avg"]["version"], 1.0);
        assert_eq!(figures["max"]["createdAt"], "2026-03-01T09:00:00Z");
        let nothing = actor.ask("{ companies(filter: { name: { eq: \"none\" } }) { aggregate { count sum { annualRevenue { amount } version } avg { version } min { createdAt } } groupBy(by: [{ field: COUNTRY }]) { count } } }").await;
        assert_eq!(
            nothing.data()["companies"],
            json!({ "aggregate": { "count": 0, "sum": { "annualRevenue": [], "version": 0.0 }, "avg": { "version": null }, "min": { "createdAt": null } }, "groupBy": [] })
        );
    })
    .await;
}

fn bucket(time: DateTime<Utc>, zone: Tz, bucket: &str) -> NaiveDate {
    let day = zone.from_utc_datetime(&time.naive_utc()).date_naive();
    // The calendar has the years 1 to 9999, whatever clocks show.
    let ends =
        [(1, 1, 1), (9999, 12, 31)].map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).expect("a day"));
    let day = day.clamp(ends[0], ends[1]);
    match bucket {
        "DAY" => day,
        "WEEK" => day - Duration::days(day.weekday().num_days_from_monday().into()),
        "MONTH" => day.with_day(1).expect("a first"),
        "QUARTER" => day.with_day(1).and_then(|day| day.with_month((day.month0() / 3) * 3 + 1)).expect("a quarter"),
        _ => day.with_ordinal(1).expect("a new year"),
    }
}

#[tokio::test]
async fn date_buckets_follow_the_time_zone() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        let mut all = companies(&world).await;
        // Moments around changes of the clock and of the day.
        for (at, text) in ["2025-03-30T00:59:59.999999Z", "2025-03-30T01:00:00Z", "2025-10-26T00:59:59Z", "2025-10-26T01:00:00.5Z", "2024-12-31T23:30:00Z", "2025-12-31T13:00:00Z"].iter().chain(ODD_MOMENTS).enumerate() {
            let mut model = row!(world, company { name: format!("Edge {at}") });
            model.created_at = text.parse().expect("a time");
            all.push(world.insert(model).await);
        }
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "Europe/Dublin", "Africa/Casablanca", "Pacific/Apia", "America/St_Johns"] {
            let tz: Tz = zone.parse().expect("a zone");
            for length in ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"] {
                let mut expected: BTreeMap<NaiveDate, i64> = BTreeMap::new();
                for row in &all {
                    *expected.entry(bucket(row.created_at, tz, length)).or_default() += 1;
                }
                let query = format!("{{ companies {{ groupBy(by: [{{ field: CREATED_AT, bucket: {length} }}], timeZone: \"{zone}\") {{ key {{ createdAt }} count }} }} }}");
                let answer = actor.ask(&query).await;
                let groups: BTreeMap<NaiveDate, i64> = answer.data()["companies"]["groupBy"]
                    .as_array()
                    .expect("groups")
                    .iter()
                    .map(|group| (group["key"]["createdAt"].as_str().expect("a day").parse().expect("a day"), group["count"].as_i64().expect("a count")))
                    .collect();
                assert_eq!(groups, expected, "{zone} {length}");
            }
        }
    })
    .await;
}

/// Before there were zones, at changes of rules, and at both ends of the calendar.
const ODD_MOMENTS: &[&str] = &[
    "0001-01-01T00:00:00Z",
    "1500-02-28T23:59:59Z",
    "1883-11-18T16:59:59Z",
    "1893-03-31T23:06:31Z",
    "1893-03-31T23:06:32Z",
    "1989-07-01T22:30:00Z",
    "2011-12-30T09:59:59Z",
    "2011-12-30T10:00:00Z",
    "2024-02-29T23:30:00Z",
    "2024-03-10T02:00:00Z",
    "2099-07-01T22:30:00Z",
    "2150-07-01T22:30:00Z",
    "9999-12-27T00:30:00Z",
    "9999-12-31T23:59:59.999999Z",
];

#[tokio::test]
async fn every_zone_has_the_same_days_on_both_databases() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        let mut moments: Vec<DateTime<Utc>> = Vec::new();
        for year in [1850, 1890, 1912, 1918, 1930, 1940, 1945, 1960, 1972, 1985, 2000, 2015, 2040] {
            for (month, hour) in [(1, 11), (4, 14), (7, 23), (10, 0)] {
                moments.push(Utc.with_ymd_and_hms(year, month, 15, hour, 30, 0).single().expect("a moment"));
            }
        }
        moments.extend(ODD_MOMENTS.iter().map(|text| text.parse::<DateTime<Utc>>().expect("a moment")));
        for at in &moments {
            let mut model = row!(world, company { name: at.to_string() });
            model.created_at = *at;
            world.insert(model).await;
        }
        for zones in chrono_tz::TZ_VARIANTS.chunks(24) {
            let ask = |(at, zone): (usize, &Tz)| format!("z{at}: groupBy(by: [{{ field: CREATED_AT }}], timeZone: \"{zone}\") {{ key {{ createdAt }} count }}");
            let asked: String = zones.iter().enumerate().map(ask).collect();
            let answer = actor.ask(&format!("{{ companies {{ {asked} }} }}")).await;
            for (at, zone) in zones.iter().enumerate() {
                let mut expected: BTreeMap<String, i64> = BTreeMap::new();
                for at in &moments {
                    *expected.entry(bucket(*at, *zone, "DAY").to_string()).or_default() += 1;
                }
                let groups = answer.data()["companies"][format!("z{at}")].as_array().expect("groups");
                let found = groups.iter().map(|group| (group["key"]["createdAt"].as_str().expect("a day").to_owned(), group["count"].as_i64().expect("a count")));
                assert_eq!(found.collect::<BTreeMap<_, _>>(), expected, "{zone}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn groups_add_up_and_name_their_rows() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let story = world.story(&cast).await;
        let yen = deal::Model { amount_minor: Some(700), currency: "JPY".to_owned(), ..row!(world, deal {
            name: "Yen".to_owned(), pipeline_id: story.pipeline, stage_id: story.open_stage
        }) };
        world.insert(yen).await;
        let query = "{ deals { groupBy(by: [{ field: STATUS }, { field: STAGE }]) { key { status stage { name position } owner { id } } count sum { amount { amount currency } } } } }";
        let answer = cast.admin.ask(query).await;
        assert_eq!(
            answer.data()["deals"]["groupBy"],
            json!([
                { "key": { "status": "OPEN", "stage": { "name": "Discovery", "position": 1 }, "owner": null }, "count": 2,
                  "sum": { "amount": [{ "amount": "5000.00", "currency": "EUR" }, { "amount": "700", "currency": "JPY" }] } },
                { "key": { "status": "WON", "stage": { "name": "Won", "position": 3 }, "owner": null }, "count": 1,
                  "sum": { "amount": [{ "amount": "5000.00", "currency": "EUR" }] } },
            ])
        );
        // Groups of a list below a row are that row's own.
        let query = "{ stages { nodes { name deals { totalCount groupBy(by: [{ field: CURRENCY_IS_NO_FIELD }]) { count } } } } }";
        assert_eq!(cast.admin.ask(query).await.codes(), ["GRAPHQL_VALIDATION_FAILED"]);
        let query = "{ stages { nodes { name deals { totalCount aggregate { count } groupBy(by: [{ field: OWNER }]) { key { owner { name } } count } } } } }";
        let answer = cast.admin.ask(query).await;
        assert_eq!(
            answer.data()["stages"]["nodes"][0]["deals"],
            json!({ "totalCount": 2, "aggregate": { "count": 2 }, "groupBy": [{ "key": { "owner": { "name": "Rita" } }, "count": 1 }, { "key": { "owner": null }, "count": 1 }] })
        );
        assert_eq!(answer.data()["stages"]["nodes"][1]["deals"], json!({ "totalCount": 0, "aggregate": { "count": 0 }, "groupBy": [] }));
    })
    .await;
}

/// One more campaign that changed on each of a thousand days.
async fn campaign_of_a_thousand_days(world: &World, number: usize) {
    let named = format!("days-{number}");
    let campaign = world.insert(row!(world, campaign { name: named.clone(), code: named })).await.id;
    let (new_id, id, day) = if world.is_postgres() {
        ("gen_random_uuid()", format!("'{campaign}'"), "timestamptz '2020-01-01T12:00:00Z' + n * interval '1 day'")
    } else {
        let day = "strftime('%Y-%m-%dT12:00:00+00:00', '2020-01-01', '+' || n || ' days')";
        ("randomblob(16)", format!("x'{}'", campaign.simple()), day)
    };
    let numbers = "WITH RECURSIVE days(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM days WHERE n < 1000)";
    world
        .execute(&format!(
            "INSERT INTO transition (id, created_at, campaign_id, to_state, at) {numbers} \
             SELECT {new_id}, {day}, {id}, 'ACTIVE', {day} FROM days"
        ))
        .await;
}

#[tokio::test]
async fn groups_over_the_limit_are_refused_and_never_cut() {
    tests::each_database(async |world| {
        let marketer = world.cast().await.marketer;
        for number in 0..50 {
            campaign_of_a_thousand_days(&world, number).await;
        }
        let query = "{ campaigns(first: 100) { nodes { transitions { groupBy(by: [{ field: AT, bucket: DAY }]) { count } } } } }";
        let answer = marketer.ask(query).await;
        for campaign in answer.data()["campaigns"]["nodes"].as_array().expect("campaigns") {
            assert_eq!(campaign["transitions"]["groupBy"].as_array().map(Vec::len), Some(1_000));
        }
        campaign_of_a_thousand_days(&world, 50).await;
        let refused = marketer.ask(query).await;
        assert_eq!(refused.code(), "BAD_USER_INPUT");
        let message = refused.body["errors"][0]["message"].as_str().expect("words");
        assert!(message.contains("50000 groups"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn sums_beyond_64_bits_are_told_exactly() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        world.execute("UPDATE deal SET amount_minor = 9223372036854775807, currency = 'EUR' WHERE amount_minor > 0").await;
        world.execute("UPDATE company SET annual_revenue_minor = -9223372036854775807, annual_revenue_currency = 'JPY'").await;
        let amounts = world.number("SELECT count(*) FROM deal WHERE amount_minor > 0 AND deleted_at IS NULL").await;
        assert!(amounts > 1);
        let figures = "count sum { amount { amount } version } avg { amount { amount } } max { amount { amount } }";
        let answer = cast
            .admin
            .ask(&format!(
                "{{ deals {{ aggregate {{ {figures} }} groupBy(by: [{{ field: PIPELINE }}]) {{ sum {{ amount {{ amount }} }} }} }} \
                    companies {{ aggregate {{ sum {{ annualRevenue {{ amount }} }} }} }} }}"
            ))
            .await;
        let spelled = |minor: i128| {
            let digits = minor.to_string();
            let (whole, cents) = digits.split_at(digits.len() - 2);
            json!([{ "amount": format!("{whole}.{cents}") }])
        };
        let largest = i128::from(i64::MAX);
        let all = &answer.data()["deals"]["aggregate"];
        assert_eq!(all["sum"]["amount"], spelled(largest * i128::from(amounts)));
        assert_eq!(all["avg"]["amount"], spelled(largest));
        assert_eq!(all["max"]["amount"], spelled(largest));
        assert_eq!(answer.data()["deals"]["groupBy"][0]["sum"]["amount"], spelled(largest * i128::from(amounts)));
        let companies = world.number("SELECT count(*) FROM company WHERE deleted_at IS NULL").await;
        let sum = json!([{ "amount": (-largest * i128::from(companies)).to_string() }]);
        assert_eq!(answer.data()["companies"]["aggregate"]["sum"]["annualRevenue"], sum);
    })
    .await;
}

#[tokio::test]
async fn wrong_arguments_are_told_what_is_right() {
    tests::each_database(async |world| {
        let actor = world.rep().await;
        for (query, word) in [
            ("{ companies(first: 501) { totalCount } }", "500"),
            ("{ companies(first: -1) { totalCount } }", "500"),
            ("{ companies(first: 1, last: 1) { totalCount } }", "either"),
            ("{ companies(filter: { annualRevenue: { gt: \"1\" } }) { totalCount } }", "currency"),
            ("{ companies(filter: { createdAt: { gt: \"yesterday\" } }) { totalCount } }", "2026-03-01T09:30:00Z"),
            ("{ companies(filter: { owner: { id: { eq: \"company_1\" } } }) { totalCount } }", "User"),
            ("{ companies { groupBy(by: []) { count } } }", "one to four"),
            ("{ companies { groupBy(by: [{ field: NAME, bucket: DAY }]) { count } } }", "no date"),
            ("{ companies { groupBy(by: [{ field: CREATED_AT }], timeZone: \"Mars/Base\") { count } } }", "Europe/Berlin"),
            ("{ companies(orderBy: [{ field: NAME }, { field: COUNTRY }, { field: ID }, { field: DOMAIN }]) { totalCount } }", "3"),
        ] {
            let answer = actor.ask(query).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{query}: {:#}", answer.body);
            let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
            assert!(message.contains(word), "{query}: {message}");
        }
    })
    .await;
}
