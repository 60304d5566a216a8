//! What an analyst asks of groups is what the rows say: every figure is worked out here once more from the rows themselves,
//! on both databases.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Duration, NaiveDate};
use entity::enums::DealStatus;
use entity::{company, deal, exchange_rate};
use serde_json::{Value, json};
use tests::{Actor, Cast, World, row};
use uuid::Uuid;

/// One deal as the test knows it.
#[derive(Clone, Debug)]
struct Sale {
    company: Option<usize>,
    owner: usize,
    status: DealStatus,
    /// In the base currency, where it is known.
    base: Option<i64>,
    closed: Option<NaiveDate>,
    probability: i64,
    seconds: i64,
}

/// Deals of some companies and owners over two years, and what stands around them.
struct Market {
    sales: Vec<Sale>,
    owners: Vec<&'static str>,
    industries: Vec<Option<&'static str>>,
    companies: Vec<Uuid>,
}

const RATES: [(&str, i64); 2] = [("USD", 92_345_678), ("JPY", 612_345)];

/// Half to even.
fn round(numerator: i128, denominator: i128) -> i128 {
    let (below, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = rest * 2 > denominator || (rest * 2 == denominator && below % 2 == 1);
    below + i128::from(up)
}

async fn market(world: &World, cast: &Cast) -> Market {
    let (pipeline, [open, _, won, lost]) = world.pipeline().await;
    for (currency, rate_e8) in RATES {
        let rate = exchange_rate::Model {
            date: NaiveDate::from_ymd_opt(2025, 1, 1).expect("a day"),
            ..row!(world, exchange_rate { currency: currency.to_owned(), rate_e8: rate_e8 })
        };
        world.insert(rate).await;
    }
    let industries = vec![Some("Steel"), Some("Paper"), None, Some("Steel"), Some("Glass"), None, Some("Paper")];
    let mut companies = Vec::new();
    for (at, industry) in industries.iter().enumerate() {
        let parent = if at == 1 || at == 2 { companies.first().copied() } else { None };
        let parent = if at == 3 { companies.get(1).copied() } else { parent };
        let model = row!(
            world,
            company { name: format!("Firm {at}"), industry: industry.map(str::to_owned), parent_id: parent }
        );
        companies.push(world.insert(model).await.id);
    }
    let owners = [(cast.rep.id, cast.north), (cast.other_rep.id, cast.south), (cast.manager.id, cast.sales)];
    let mut sales = Vec::new();
    for at in 0..90_i64 {
        let place = usize::try_from(at).expect("small");
        let status = [DealStatus::Won, DealStatus::Won, DealStatus::Lost, DealStatus::Open][place * 7 % 4];
        let currency = ["EUR", "EUR", "USD", "JPY", "CHF"][place * 3 % 5];
        let amount = (at % 11 != 5).then_some(100_000 + at * at * 137 % 9_000_000);
        // What is won has an amount, and a rate.
        let (amount, currency) = match status {
            DealStatus::Won => (Some(amount.unwrap_or(4_321)), if currency == "CHF" { "EUR" } else { currency }),
            _ => (amount, currency),
        };
        let digits = if currency == "JPY" { 0 } else { 2 };
        let rate = RATES.iter().find(|(code, _)| *code == currency).map(|(_, rate)| i128::from(*rate));
        let base = amount.and_then(|minor| match (currency, rate) {
            ("EUR", _) => Some(minor),
            (_, Some(rate)) => {
                let shift = 10_i128.pow(8 + digits - 2);
                i64::try_from(round(i128::from(minor) * rate, shift)).ok()
            }
            _ => None,
        });
        let created = world.now() - Duration::days(700 - at * 7) - Duration::seconds(at * 11);
        let closed = (status != DealStatus::Open).then(|| created + Duration::seconds(100_000 + at * 34_567));
        let (owner, team) = owners[place % 3];
        let model = deal::Model {
            created_at: created,
            amount_minor: amount,
            currency: currency.to_owned(),
            status,
            closed_at: closed,
            base_amount_minor: base.filter(|_| status == DealStatus::Won),
            rate_date: closed.map(|at| at.date_naive()).filter(|_| status == DealStatus::Won),
            loss_reason: (status == DealStatus::Lost).then_some(entity::enums::LossReason::Price),
            owner_id: Some(owner),
            team_id: Some(team),
            company_id: (at % 13 != 4).then(|| companies[place % companies.len()]),
            probability_override: (at % 2 == 0).then_some(i32::try_from(at).expect("small")),
            stage_id: match status {
                DealStatus::Open => open,
                DealStatus::Won => won,
                DealStatus::Lost => lost,
            },
            ..row!(world, deal { name: format!("Deal {at}"), pipeline_id: pipeline })
        };
        world.insert(model).await;
        sales.push(Sale {
            company: (at % 13 != 4).then_some(place % companies.len()),
            owner: place % 3,
            status,
            base,
            closed: closed.map(|at| at.date_naive()),
            probability: match status {
                DealStatus::Won => 100,
                DealStatus::Lost => 0,
                DealStatus::Open if at % 2 == 0 => at,
                DealStatus::Open => 20,
            },
            seconds: closed.map_or(0, |closed| closed.timestamp() - created.timestamp()),
        });
    }
    Market { sales, owners: vec!["Rita", "Otto", "Max"], industries, companies }
}

impl Market {
    fn won(&self) -> impl Iterator<Item = &Sale> {
        self.sales.iter().filter(|sale| sale.status == DealStatus::Won)
    }

    fn company(&self, at: Option<usize>) -> Value {
        at.map_or(Value::Null, |at| json!(format!("Firm {at}")))
    }
}

fn revenue<'a>(sales: impl Iterator<Item = &'a Sale>) -> i64 {
    sales.filter(|sale| sale.status == DealStatus::Won).filter_map(|sale| sale.base).sum()
}

fn euros(minor: i64) -> String {
    format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, minor.abs() / 100, minor.abs() % 100)
}

fn money(minor: i64) -> Value {
    json!([{ "amount": euros(minor) }])
}

/// Between the two neighbours in proportion, as both databases have it.
fn percentile(mut values: Vec<f64>, p: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "few values")]
    let place = p * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among few values")]
    let below = place.floor() as usize;
    let (low, high) = (values[below], values[(below + 1).min(last)]);
    Some(low + (high - low) * (place - place.floor()))
}

fn close(told: &Value, expected: Option<f64>, what: &str) {
    match (told.as_f64(), expected) {
        (None, None) => assert!(told.is_null(), "{what}: {told}"),
        (Some(told), Some(expected)) => {
            assert!((told - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {told}, not {expected}");
        }
        _ => panic!("{what}: {told}, not {expected:?}"),
    }
}

async fn groups(actor: &Actor, args: &str, fields: &str) -> Vec<Value> {
    let answer = actor.ask(&format!("{{ deals {{ groupBy({args}) {{ {fields} }} }} }}")).await;
    answer.data()["deals"]["groupBy"].as_array().expect("groups").clone()
}

const REVENUE: &str = "sum: { field: BASE_AMOUNT }";

#[tokio::test]
async fn what_deals_are_worth_and_how_long_they_took_is_a_field() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let market = market(&world, &cast).await;
        let query = "{ deals(first: 100, orderBy: [{ field: CREATED_AT }]) { nodes { name amountInBase { amount currency } probability weightedAmount { amount } daysToClose isFirstPurchase } } }";
        let answer = cast.admin.ask(query).await;
        let nodes = answer.data()["deals"]["nodes"].as_array().expect("deals").clone();
        let mut bought = BTreeSet::new();
        let mut first = vec![false; market.sales.len()];
        let mut in_order: Vec<_> = market.sales.iter().enumerate().filter(|(_, sale)| sale.status == DealStatus::Won).collect();
        in_order.sort_by_key(|(at, sale)| (700 * 86_400 - i64::try_from(*at).expect("few") * 7 * 86_400, sale.seconds, *at));
        in_order.sort_by_key(|(at, sale)| i64::try_from(*at).expect("few") * (7 * 86_400 - 11) + sale.seconds);
        for (at, sale) in in_order {
            first[at] = sale.company.is_some_and(|company| bought.insert(company));
        }
        for (at, (node, sale)) in nodes.iter().zip(&market.sales).enumerate() {
            let base = sale.base.map_or(Value::Null, |base| json!({ "amount": euros(base), "currency": "EUR" }));
            assert_eq!(node["amountInBase"], base, "{node}");
            assert_eq!(node["probability"], sale.probability, "{node}");
            let weighted = sale.base.map(|base| round(i128::from(base) * i128::from(sale.probability), 100));
            let weighted = weighted.map_or(Value::Null, |minor| json!({ "amount": euros(i64::try_from(minor).expect("small")) }));
            assert_eq!(node["weightedAmount"], weighted, "{node}");
            let millionths = sale.seconds * 1_000_000 / 86_400;
            let days = sale.closed.map(|_| format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000));
            assert_eq!(node["daysToClose"], json!(days), "{node}");
            let is_first = (sale.status == DealStatus::Won && sale.company.is_some()).then_some(first[at]);
            assert_eq!(node["isFirstPurchase"], json!(is_first), "{node}");
        }
        let open: i64 = market.sales.iter().filter(|sale| sale.status == DealStatus::Open).filter_map(|sale| {
            let minor = round(i128::from(sale.base?) * i128::from(sale.probability), 100);
            i64::try_from(minor).ok()
        }).sum();
        let query = "{ deals(filter: { status: { eq: OPEN }, weightedAmount: { gte: \"0\", currency: EUR } }) { aggregate { sum { weightedAmount { amount } } } } }";
        assert_eq!(cast.admin.ask(query).await.data()["deals"]["aggregate"]["sum"]["weightedAmount"], money(open));
    })
    .await;
}

#[tokio::test]
async fn groups_are_ordered_and_cut_by_their_figures() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let market = market(&world, &cast).await;
        let mut by_company: BTreeMap<Option<usize>, Vec<&Sale>> = BTreeMap::new();
        for sale in &market.sales {
            by_company.entry(sale.company).or_default().push(sale);
        }
        let mut ranked: Vec<_> = by_company.iter().map(|(at, sales)| (*at, revenue(sales.iter().copied()), sales.len())).collect();
        ranked.sort_by_key(|(at, revenue, _)| (-revenue, at.is_none(), *at));
        let fields = format!(
            "key {{ company {{ name }} }} count sum {{ baseAmount {{ amount }} amount {{ currency }} }} \
             shareOfTotal(of: {{ {REVENUE} }}) runningTotal(of: {{ {REVENUE} }}) won: count(filter: {{ status: {{ eq: WON }} }}) \
             rate: ratio(of: {{ count: {{ filter: {{ status: {{ eq: WON }} }} }} }}, to: {{ count: {{ filter: {{ status: {{ in: [WON, LOST] }} }} }} }}) \
             mean: ratio(of: {{ {REVENUE} }}, to: {{ count: {{ filter: {{ status: {{ eq: WON }} }} }} }})"
        );
        let order = format!("by: [{{ field: COMPANY }}], orderBy: [{{ figure: {{ {REVENUE} }}, direction: DESC }}]");
        let total = revenue(market.sales.iter());
        for first in [None, Some(3), Some(0)] {
            let cut = first.map_or_else(String::new, |first| format!(", first: {first}"));
            let told = groups(&cast.admin, &format!("{order}{cut}"), &fields).await;
            let expected = first.unwrap_or(ranked.len()).min(ranked.len());
            assert_eq!(told.len(), expected);
            let mut running = 0;
            for (group, (company, revenue, count)) in told.iter().zip(&ranked) {
                running += revenue;
                let sales = &by_company[company];
                let won = sales.iter().filter(|sale| sale.status == DealStatus::Won).count();
                let lost = sales.iter().filter(|sale| sale.status == DealStatus::Lost).count();
                assert_eq!(group["key"]["company"]["name"], market.company(*company));
                assert_eq!((&group["count"], &group["won"]), (&json!(count), &json!(won)));
                assert_eq!(group["sum"]["baseAmount"], money(*revenue));
                assert_eq!(group["runningTotal"], euros(running));
                close(&group["shareOfTotal"], Some(*revenue as f64 / total as f64), "share");
                close(&group["rate"], Some(won as f64 / (won + lost) as f64), "rate");
                close(&group["mean"], Some(*revenue as f64 / 100.0 / won as f64), "mean");
                let currencies: BTreeSet<_> = group["sum"]["amount"].as_array().expect("amounts").iter().map(|one| one["currency"].to_string()).collect();
                assert!(currencies.len() > 1, "amounts are kept apart");
            }
        }
        let least = ranked[2].1;
        let having = format!("{order}, having: [{{ figure: {{ {REVENUE} }}, gt: \"{}\" }}]", euros(least));
        let told = groups(&cast.admin, &having, "key { company { name } } runningTotal(of: { count: {} }) shareOfTotal(of: { count: {} })").await;
        let names: Vec<_> = told.iter().map(|group| group["key"]["company"]["name"].clone()).collect();
        assert_eq!(names, ranked.iter().filter(|(_, revenue, _)| *revenue > least).map(|(at, ..)| market.company(*at)).collect::<Vec<_>>());
        close(&told[0]["shareOfTotal"], Some(ranked[0].2 as f64 / market.sales.len() as f64), "of all, whatever is left out");
        // A rate as well: of those that win often, the best first.
        let rate = "{ ratio: { of: { count: { filter: { status: { eq: WON } } } }, to: { count: { filter: { status: { in: [WON, LOST] } } } } } }";
        let query = format!("by: [{{ field: COMPANY }}], having: [{{ figure: {rate}, gte: \"0.65\" }}], orderBy: [{{ figure: {rate}, direction: DESC }}, {{ key: 0 }}]");
        let rate = |sales: &[&Sale]| {
            let of = |status| sales.iter().filter(|sale| sale.status == status).count() as f64;
            of(DealStatus::Won) / (of(DealStatus::Won) + of(DealStatus::Lost))
        };
        let mut best: Vec<_> = by_company.iter().map(|(at, sales)| (*at, rate(sales))).filter(|(_, rate)| *rate >= 0.65).collect();
        best.sort_by(|(a, one), (b, other)| other.total_cmp(one).then((a.is_none(), a).cmp(&(b.is_none(), b))));
        let told = groups(&cast.admin, &query, "key { company { name } }").await;
        assert!(!best.is_empty() && best.len() < by_company.len(), "{best:?}");
        assert_eq!(told, best.iter().map(|(at, _)| json!({ "key": { "company": market.company(*at).as_str().map(|name| json!({ "name": name })) } })).collect::<Vec<_>>());
        // What a deal is worth, in units of the base currency: half of the customers have less.
        let wins = |sales: &[&Sale]| sales.iter().filter(|sale| sale.status == DealStatus::Won).count() as f64;
        let mut means: Vec<_> = by_company.values().map(|sales| revenue(sales.iter().copied()) as f64 / wins(sales)).collect();
        means.sort_by(f64::total_cmp);
        let between = (means[3] + means[4]) / 200.0;
        let mean = format!("{{ ratio: {{ of: {{ {REVENUE} }}, to: {{ count: {{ filter: {{ status: {{ eq: WON }} }} }} }} }} }}");
        let query = format!("by: [{{ field: COMPANY }}], having: [{{ figure: {mean}, gt: \"{between}\" }}]");
        assert_eq!(groups(&cast.admin, &query, "count").await.len(), means.len() - 4);
        let many = "by: [{ field: COMPANY }], having: [{ figure: { count: { filter: { status: { eq: WON } } } }, gte: 7, lt: \"8\" }]";
        let expected = by_company.values().filter(|sales| sales.iter().filter(|sale| sale.status == DealStatus::Won).count() == 7).count();
        assert_eq!(groups(&cast.admin, many, "count").await.len(), expected);
    })
    .await;
}

#[tokio::test]
async fn groups_reach_through_references_into_ranges_and_fiscal_years() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let market = market(&world, &cast).await;
        let mut by_industry: BTreeMap<(bool, Option<&str>), i64> = BTreeMap::new();
        for sale in market.won() {
            let industry = sale.company.and_then(|at| market.industries[at]);
            *by_industry.entry((industry.is_none(), industry)).or_default() += sale.base.unwrap_or_default();
        }
        let won = "filter: { status: { eq: WON } }";
        let query = format!("{{ deals({won}) {{ groupBy(by: [{{ company: {{ field: INDUSTRY }} }}]) {{ key {{ company {{ name }} companyKey {{ industry name }} }} sum {{ baseAmount {{ amount }} }} }} }} }}");
        let answer = cast.admin.ask(&query).await;
        let expected: Vec<_> = by_industry.iter().map(|((_, industry), minor)| json!({ "key": { "company": null, "companyKey": { "industry": industry, "name": null } }, "sum": { "baseAmount": money(*minor) } })).collect();
        assert_eq!(answer.data()["deals"]["groupBy"], json!(expected));
        // By whoever leads the team above the owner's team: three references.
        let query = format!("{{ deals({won}) {{ groupBy(by: [{{ owner: {{ team: {{ field: PARENT }} }} }}]) {{ key {{ ownerKey {{ teamKey {{ parent {{ name }} }} }} }} count }} }} }}");
        let answer = cast.admin.ask(&query).await;
        let below = market.won().filter(|sale| sale.owner < 2).count();
        let above = market.won().count() - below;
        let group = |parent: Value, count: usize| json!({ "key": { "ownerKey": { "teamKey": { "parent": parent } } }, "count": count });
        assert_eq!(answer.data()["deals"]["groupBy"], json!([group(json!({ "name": "Sales" }), below), group(Value::Null, above)]));
        // Ranges of amounts: what lies in none has no key.
        let query = format!("{{ deals({won}) {{ groupBy(by: [{{ field: BASE_AMOUNT, ranges: [{{ to: \"10000\" }}, {{ from: \"10000\", to: \"50000.00\" }}, {{ from: 80000 }}] }}]) {{ key {{ baseAmountRange {{ from to }} }} count }} }} }}");
        let answer = cast.admin.ask(&query).await;
        let within = |from: i64, to: i64| market.won().filter(|sale| sale.base.is_some_and(|base| base >= from && base < to)).count();
        let mut expected = Vec::new();
        for (from, to, low, high) in [(json!(null), json!("10000.00"), i64::MIN, 1_000_000), (json!("10000.00"), json!("50000.00"), 1_000_000, 5_000_000), (json!("80000.00"), json!(null), 8_000_000, i64::MAX)] {
            if within(low, high) > 0 {
                expected.push(json!({ "key": { "baseAmountRange": { "from": from, "to": to } }, "count": within(low, high) }));
            }
        }
        if within(5_000_000, 8_000_000) > 0 {
            expected.push(json!({ "key": { "baseAmountRange": null }, "count": within(5_000_000, 8_000_000) }));
        }
        assert_eq!(answer.data()["deals"]["groupBy"], json!(expected));
        let revenue = "{ companies(filter: { within: $id }) { nodes { name revenue { amount } wonDealCount firstPurchaseAt } } deals(filter: { company: { within: $id } }) { aggregate { sum { baseAmount { amount } } } } }";
        let answer = cast.admin.run(&format!("query($id: ID!) {revenue}"), json!({ "id": format!("company_{}", market.companies[0].simple()) })).await;
        let family = |at: usize| at < 4;
        let expected: i64 = market.won().filter(|sale| sale.company.is_some_and(family)).filter_map(|sale| sale.base).sum();
        assert_eq!(answer.data()["deals"]["aggregate"]["sum"]["baseAmount"], money(expected));
        let nodes = answer.data()["companies"]["nodes"].as_array().expect("companies");
        assert_eq!(nodes.len(), 4);
        for node in nodes {
            let at: usize = node["name"].as_str().and_then(|name| name.strip_prefix("Firm ")).and_then(|at| at.parse().ok()).expect("a firm");
            let bought: Vec<_> = market.won().filter(|sale| sale.company == Some(at)).collect();
            assert_eq!(node["revenue"]["amount"], euros(bought.iter().filter_map(|sale| sale.base).sum()));
            assert_eq!(node["wonDealCount"], bought.len());
        }
    })
    .await;
}

#[tokio::test]
async fn windows_are_filled_and_set_beside_others() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let market = market(&world, &cast).await;
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let between = |from: &str, to: &str| market.won().filter(move |sale| sale.closed.is_some_and(|at| at >= day(from) && at < day(to))).collect::<Vec<_>>();
        let window = |more: &str| format!("window: {{ field: CLOSED_AT, from: \"2025-01-01\", to: \"2026-01-01\"{more} }}");
        let query = format!(
            "{{ deals(filter: {{ status: {{ eq: WON }} }}) {{ aggregate({}) {{ count change(of: {{ count: {{}} }}) compared {{ count sum {{ baseAmount {{ amount }} }} }} }} \
             groupBy(by: [{{ field: CLOSED_AT, bucket: QUARTER }}], {}) {{ key {{ closedAt }} count runningTotal(of: {{ count: {{}} }}) change(of: {{ count: {{}} }}) compared {{ count }} }} }} }}",
            window(", compare: SAME_PERIOD_LAST_YEAR"),
            window(", fill: true, compare: PREVIOUS_PERIOD")
        );
        let answer = cast.admin.ask(&query).await;
        let deals = &answer.data()["deals"];
        let (now, then) = (between("2025-01-01", "2026-01-01"), between("2024-01-01", "2025-01-01"));
        assert_eq!(deals["aggregate"]["count"], now.len());
        assert_eq!(deals["aggregate"]["compared"], json!({ "count": then.len(), "sum": { "baseAmount": money(then.iter().filter_map(|sale| sale.base).sum()) } }));
        close(&deals["aggregate"]["change"], Some((now.len() as f64 - then.len() as f64) / then.len() as f64), "change");
        let mut running = 0;
        for (at, group) in deals["groupBy"].as_array().expect("groups").iter().enumerate() {
            let start = |year: i32, at: usize| format!("{}-{:02}-01", year + i32::from(at == 4), at % 4 * 3 + 1);
            let (now, then) = (between(&start(2025, at), &start(2025, at + 1)).len(), between(&start(2024, at), &start(2024, at + 1)).len());
            running += now;
            assert_eq!(group["key"]["closedAt"], start(2025, at));
            assert_eq!((&group["count"], &group["compared"]["count"]), (&json!(now), &json!(then)), "{group}");
            assert_eq!(group["runningTotal"], running.to_string());
            close(&group["change"], (then > 0).then(|| (now as f64 - then as f64) / then as f64), "change");
        }
        assert_eq!(deals["groupBy"].as_array().map(Vec::len), Some(4));
        // Days on which nothing was won stand beside those of then as well, in either direction.
        let won = |from: NaiveDate| market.won().filter(|sale| sale.closed == Some(from)).count();
        for direction in ["ASC", "DESC"] {
            let query = format!(
                "{{ deals(filter: {{ status: {{ eq: WON }} }}) {{ groupBy(by: [{{ field: CLOSED_AT }}], orderBy: [{{ key: 0, direction: {direction} }}], \
                 window: {{ field: CLOSED_AT, from: \"2025-06-02\", to: \"2025-09-01\", fill: true, compare: PREVIOUS_PERIOD }}) \
                 {{ key {{ closedAt }} count runningTotal(of: {{ count: {{}} }}) change(of: {{ count: {{}} }}) compared {{ count }} }} }} }}"
            );
            let answer = cast.admin.ask(&query).await;
            let told = answer.data()["deals"]["groupBy"].as_array().expect("groups").clone();
            let mut days: Vec<_> = day("2025-06-02").iter_days().take(91).collect();
            if direction == "DESC" {
                days.reverse();
            }
            let mut running = 0;
            assert_eq!(told.len(), days.len());
            for (group, day) in told.iter().zip(days) {
                let (now, then) = (won(day), won(day - Duration::days(91)));
                running += now;
                let change = (then > 0).then(|| (now as f64 - then as f64) / then as f64);
                assert_eq!(group, &json!({ "key": { "closedAt": day }, "count": now, "runningTotal": running.to_string(), "change": change, "compared": { "count": then } }));
            }
            assert!(told.iter().any(|group| group["count"] == 0 && group["compared"]["count"] != 0), "what was, and is no more");
        }
        // Who had deals then and has none now is told as well, unless only some are asked for.
        let gone = "by: [{ field: COMPANY }], window: { field: CLOSED_AT, from: \"2025-12-01\", to: \"2026-01-01\", compare: SAME_PERIOD_LAST_YEAR }";
        let told = groups(&cast.admin, gone, "count change(of: { count: {} }) compared { count }").await;
        let then = market.sales.iter().filter(|sale| {
            sale.closed.is_some_and(|at| at >= day("2024-12-01") && at < day("2025-01-01"))
        });
        let then: i64 = then.count().try_into().expect("few");
        let compared: i64 = told.iter().filter_map(|group| group["compared"]["count"].as_i64()).sum();
        assert_eq!(compared, then, "{told:?}");
        for group in told.iter().filter(|group| group["count"] == 0) {
            assert_eq!(group["change"], -1.0, "{group}");
        }
        // Days without a deal are there, for each owner, and the running total stays.
        let days = "by: [{ field: OWNER }, { field: CLOSED_AT }], window: { field: CLOSED_AT, from: \"2025-03-01\", to: \"2025-05-01\", fill: true }";
        let told = groups(&cast.admin, days, "key { owner { name } closedAt } count runningTotal(of: { count: {} }) sum { amount { amount } } avg { daysToClose }").await;
        let closed: Vec<_> = market.sales.iter().filter(|sale| sale.closed.is_some_and(|at| at >= day("2025-03-01") && at < day("2025-05-01"))).collect();
        let owners: BTreeSet<_> = closed.iter().map(|sale| market.owners[sale.owner]).collect();
        assert_eq!(told.len(), owners.len() * 61);
        let counted: i64 = told.iter().filter_map(|group| group["count"].as_i64()).sum();
        assert_eq!(counted, i64::try_from(closed.len()).expect("few"));
        assert_eq!(told.last().map(|group| group["runningTotal"].clone()), Some(json!(closed.len().to_string())));
        // A year that begins in April.
        let fiscal = "{ deals(filter: { status: { eq: WON } }) { groupBy(by: [{ field: CLOSED_AT, bucket: FISCAL_YEAR }]) { key { closedAt } count } } }";
        let january = cast.admin.ask(fiscal).await;
        let years: BTreeSet<_> = market.won().filter_map(|sale| sale.closed).map(|at| at.year()).collect();
        assert_eq!(january.data()["deals"]["groupBy"].as_array().map(Vec::len), Some(years.len()), "the year begins in January unless it is set");
    })
    .await;
}

#[tokio::test]
async fn different_values_and_percentiles_are_those_of_the_rows() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let market = market(&world, &cast).await;
        let fields = "key { owner { name } } countDistinct(of: COMPANY) wins: countDistinct(of: COMPANY, filter: { status: { eq: WON } }) \
            median { baseAmount { amount } daysToClose } percentile(p: 0.9) { baseAmount { amount } daysToClose probability } \
            avg { daysToClose } max { amount { currency } } \
            spread: ratio(of: { percentile: { field: DAYS_TO_CLOSE, p: 0.75 } }, to: { median: { field: DAYS_TO_CLOSE } })";
        let told = groups(&cast.admin, "by: [{ field: OWNER }], orderBy: [{ figure: { median: { field: BASE_AMOUNT } }, direction: DESC }]", fields).await;
        assert_eq!(told.len(), 3);
        let mut last = f64::INFINITY;
        for group in &told {
            let owner = market.owners.iter().position(|name| group["key"]["owner"]["name"] == **name).expect("an owner");
            let sales: Vec<_> = market.sales.iter().filter(|sale| sale.owner == owner).collect();
            let different = |only_won: bool| sales.iter().filter(|sale| !only_won || sale.status == DealStatus::Won).filter_map(|sale| sale.company).collect::<BTreeSet<_>>().len();
            assert_eq!((&group["countDistinct"], &group["wins"]), (&json!(different(false)), &json!(different(true))));
            let bases: Vec<_> = sales.iter().filter(|sale| sale.status == DealStatus::Won).filter_map(|sale| sale.base).map(|base| base as f64).collect();
            for (name, p) in [("median", 0.5), ("percentile", 0.9)] {
                let minor = percentile(bases.clone(), p).expect("some").round_ties_even();
                assert_eq!(group[name]["baseAmount"], money(minor as i64), "{name}");
                let days = sales.iter().filter(|sale| sale.closed.is_some()).map(|sale| (sale.seconds * 1_000_000 / 86_400) as f64 / 1e6).collect();
                close(&group[name]["daysToClose"], percentile(days, p), name);
            }
            let median = percentile(bases, 0.5).expect("some");
            assert!(median <= last, "in the order of the median");
            last = median;
        }
        let answer = cast.admin.ask("{ companies { aggregate { countDistinct(of: INDUSTRY) median { version } } } }").await;
        let industries = market.industries.iter().flatten().collect::<BTreeSet<_>>().len();
        assert_eq!(answer.data()["companies"]["aggregate"], json!({ "countDistinct": industries, "median": { "version": 1.0 } }));
    })
    .await;
}

#[tokio::test]
async fn figures_are_those_of_the_rows_that_the_viewer_sees() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let market = market(&world, &cast).await;
        let mine = market.won().filter(|sale| sale.owner == 0).count();
        let told = groups(&cast.rep, "by: [{ field: OWNER }], orderBy: [{ figure: { count: {} } }]", "key { owner { name } } count shareOfTotal(of: { count: { filter: { status: { eq: WON } } } })").await;
        let seen: Vec<_> = told.iter().map(|group| group["key"]["owner"]["name"].clone()).collect();
        assert!(seen.contains(&json!("Rita")) && !seen.contains(&json!("Max")), "{seen:?}");
        assert!(mine > 0);
        // What is closed is closed inside of figures as well.
        for refused in [
            "having: [{ figure: { sum: { field: BASE_AMOUNT, filter: { cost: { gt: \"1\", currency: EUR } } } }, gt: 1 }]",
            "orderBy: [{ figure: { count: { filter: { cost: { gt: \"1\", currency: EUR } } } } }]",
        ] {
            let answer = cast.marketer.ask(&format!("{{ deals {{ groupBy(by: [{{ field: STATUS }}], {refused}) {{ count }} }} }}")).await;
            assert!(answer.codes().iter().all(|code| code == "FORBIDDEN_FIELD" || code == "FORBIDDEN") && !answer.codes().is_empty(), "{answer:?}");
        }
        let answer = cast.analyst.ask("{ deals(filter: { status: { eq: WON } }) { aggregate { count median { cost { amount } } sum(filter: { status: { eq: WON } }) { cost { amount } } } } }").await;
        assert_eq!(answer.codes(), ["FORBIDDEN_FIELD", "FORBIDDEN_FIELD"]);
    })
    .await;
}

#[tokio::test]
async fn wrong_figures_are_told_what_is_right() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        world.story(&cast).await;
        let by = "by: [{ field: OWNER }]";
        for (args, fields, word) in [
            ("by: [{ field: NAME, company: { field: NAME } }]", "count", "either"),
            ("by: [{ }]", "count", "either"),
            ("by: [{ company: { parent: { parent: { parent: { field: NAME } } } } }]", "count", "at most 3"),
            ("by: [{ field: BASE_AMOUNT }]", "count", "ranges"),
            ("by: [{ field: NAME, ranges: [{ from: 1 }] }]", "count", "no number"),
            ("by: [{ field: PROBABILITY, ranges: [{ from: 1 }, { from: 2 }] }]", "count", "without overlap"),
            ("by: [{ field: PROBABILITY, ranges: [{ from: 3, to: 2 }] }]", "count", "without overlap"),
            ("by: [{ field: OWNER }], orderBy: [{ }]", "count", "orderBy.0"),
            ("by: [{ field: OWNER }], orderBy: [{ key: 1 }]", "count", "orderBy.0.key"),
            ("by: [{ field: OWNER }], first: 1001", "count", "first"),
            ("by: [{ field: OWNER }], first: -1", "count", "first"),
            ("by: [{ field: OWNER }], window: { field: CLOSED_AT, from: \"2026-01-01\" }", "count", "window"),
            ("by: [{ field: OWNER }], window: { field: CLOSED_AT, from: \"2026-02-01\", to: \"2026-01-01\" }", "count", "window"),
            ("by: [{ field: OWNER }], window: { field: NAME, period: THIS_YEAR }", "count", "window.field"),
            ("by: [{ field: OWNER }], window: { field: CLOSED_AT, period: THIS_YEAR, fill: true }", "count", "last key"),
            ("by: [{ field: CLOSED_AT }], window: { field: CLOSED_AT, period: THIS_YEAR, fill: true }, first: 3", "count", "without `having`"),
            ("by: [{ field: CLOSED_AT }], window: { field: CLOSED_AT, from: \"0001-01-01\", to: \"9999-01-01\", fill: true }", "count", "more than 1000"),
            ("by: [{ field: OWNER }, { field: CLOSED_AT }], window: { field: CLOSED_AT, period: THIS_YEAR, fill: true }, orderBy: [{ key: 1 }]", "count", "before other keys"),
            (by, "change(of: { ratio: { of: { count: {} }, to: { ratio: { of: { count: {} }, to: { count: {} } } } } })", "of.ratio.to: expected a figure that is no ratio"),
            (by, "runningTotal(of: { ratio: { of: { count: {} }, to: { count: {} } } })", "add up"),
            (by, "percentile(p: 1.5) { version }", "from 0 to 1"),
            (by, "shareOfTotal(of: { avg: { field: BASE_AMOUNT } })", "add up"),
            (by, "runningTotal(of: { countDistinct: { field: OWNER } })", "add up"),
        ] {
            let answer = cast.admin.ask(&format!("{{ deals {{ groupBy({args}) {{ count {fields} }} }} }}")).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{args} {fields}: {answer:?}");
            assert!(answer.body.to_string().contains(word), "{args} {fields}: {answer:?}");
        }
        let wide: String = (0..45).map(|at| format!("r{at}: ratio(of: {{ count: {{}} }}, to: {{ count: {{}} }}) ")).collect();
        let of_each = "{ amount { amount } amountInBase { amount } weightedAmount { amount } probability daysToClose version }";
        let wide = format!("{wide} sum {of_each} avg {of_each}");
        let answer = cast.admin.ask(&format!("{{ deals {{ groupBy({by}) {{ {wide} }} }} }}")).await;
        assert!(answer.codes().iter().all(|code| code == "BAD_USER_INPUT") && !answer.codes().is_empty(), "{answer:?}");
    })
    .await;
}

/// What rows look up and what their keys look up behind references stand in one statement.
#[tokio::test]
async fn keys_and_figures_may_both_be_looked_up() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        market(&world, &cast).await;
        let of_company = [
            "WON_DEAL_COUNT",
            "REVENUE, ranges: [{ from: 0, to: 1 }, { from: 1 }]",
            "NEXT_ACTIVITY_AT, bucket: YEAR",
            "FIRST_PURCHASE_AT, bucket: MONTH",
        ];
        let of_deal = [
            "PROBABILITY",
            "IS_FIRST_PURCHASE",
            "WEIGHTED_AMOUNT, ranges: [{ from: 0 }]",
            "LAST_ACTIVITY_AT, bucket: YEAR",
        ];
        for (list, reference, keys, figures) in [
            (
                "deals",
                "company",
                of_company,
                "countDistinct(of: COMPANY) median { amountInBase { amount } } min { nextActivityAt }",
            ),
            (
                "deals",
                "company",
                of_company,
                "first: countDistinct(of: IS_FIRST_PURCHASE) percentile(p: 0.9) { weightedAmount { amount } }",
            ),
            ("contacts", "company", of_company, "countDistinct(of: LAST_ACTIVITY_AT)"),
            ("leads", "deal", of_deal, "countDistinct(of: NEXT_ACTIVITY_AT)"),
            ("lineItems", "deal", of_deal, "median { totalInBase { amount } }"),
            ("activities", "deal", of_deal, "countDistinct(of: DEAL)"),
        ] {
            for key in keys {
                let groups = format!("groupBy(by: [{{ {reference}: {{ field: {key} }} }}]) {{ count {figures} }}");
                let answer = cast.admin.ask(&format!("{{ {list} {{ totalCount {groups} }} }}")).await;
                let found = &answer.data()[list];
                let groups = found["groupBy"].as_array().expect("groups");
                let counted: i64 = groups.iter().filter_map(|group| group["count"].as_i64()).sum();
                assert_eq!(Some(counted), found["totalCount"].as_i64(), "{list} by {key}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_cell_opens_to_the_rows_that_it_counts() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        market(&world, &cast).await;
        let find = "query($cell: ID!) { deals(filter: { cell: $cell }) { totalCount } }";
        let mut opened = 0;
        for (filter, args) in [
            ("", "by: [{ field: STATUS }]"),
            ("", "by: [{ field: COMPANY }, { field: OWNER }]"),
            ("", "by: [{ company: { field: INDUSTRY } }]"),
            ("", "by: [{ company: { field: PARENT } }]"),
            ("", "by: [{ company: { field: WON_DEAL_COUNT } }]"),
            ("", "by: [{ company: { field: REVENUE, ranges: [{ from: 0, to: 1 }, { from: 1 }] } }]"),
            ("", "by: [{ company: { field: LAST_PURCHASE_AT, bucket: QUARTER } }]"),
            ("", "by: [{ owner: { team: { field: PARENT } } }]"),
            ("", "by: [{ field: CLOSED_AT, bucket: MONTH }], timeZone: \"America/Lima\""),
            ("", "by: [{ field: PROBABILITY, ranges: [{ to: \"20.5\" }, { from: 60, to: 90 }] }]"),
            ("", "by: [{ field: BASE_AMOUNT, ranges: [{ from: 10000, to: 30000 }, { from: 30000 }] }]"),
            ("", "by: [{ field: DAYS_TO_CLOSE, ranges: [{ to: \"10.5\" }, { from: \"10.5\" }] }]"),
            ("(filter: { status: { in: [WON, LOST] }, or: [{ amount: { currency: EUR } }, { name: { contains: \"3\" } }] })", "by: [{ field: STAGE }]"),
            ("(filter: { status: { eq: WON } })", "by: [{ field: CLOSED_AT, bucket: QUARTER }], timeZone: \"Asia/Tokyo\", window: { field: CLOSED_AT, from: \"2025-01-01\", to: \"2026-01-01\", fill: true, compare: PREVIOUS_PERIOD }"),
            ("(filter: { not: { not: { and: [{ or: [{ company: { deals: { some: { owner: { name: { contains: \"a\" } } } } } }] }] } } })", "by: [{ field: IS_FIRST_PURCHASE }]"),
        ] {
            let answer = cast.admin.ask(&format!("{{ deals{filter} {{ groupBy({args}) {{ count cell compared {{ count cell }} }} }} }}")).await;
            for group in answer.data()["deals"]["groupBy"].as_array().expect("groups") {
                for told in [group, &group["compared"]].into_iter().filter(|told| !told.is_null()) {
                    if told["cell"].is_null() {
                        assert_eq!(told["count"], 0);
                        continue;
                    }
                    let found = cast.admin.run(find, json!({ "cell": told["cell"] })).await;
                    assert_eq!(found.data()["deals"]["totalCount"], told["count"], "{filter} {args}: {group}");
                    opened += 1;
                }
            }
        }
        assert!(opened > 60, "{opened}");
        // Under the rights of whoever opens it, of its kind only, and only whole.
        let answer = cast.admin.ask("{ companies { nodes { deals { aggregate { count cell } groupBy(by: [{ field: STATUS }]) { count cell } } } } deals(filter: { name: { contains: \"1\" } }) { aggregate { cell count } } }").await;
        for company in answer.data()["companies"]["nodes"].as_array().expect("companies") {
            let deals = &company["deals"];
            for told in deals["groupBy"].as_array().expect("groups").iter().chain([&deals["aggregate"]]) {
                let found = cast.admin.run(find, json!({ "cell": told["cell"] })).await;
                assert_eq!(found.data()["deals"]["totalCount"], told["count"]);
            }
        }
        let whole = &answer.data()["deals"]["aggregate"];
        let mine = cast.rep.run(find, json!({ "cell": whole["cell"] })).await.data()["deals"]["totalCount"].as_i64();
        let own = cast.rep.ask("{ deals(filter: { name: { contains: \"1\" } }) { totalCount } }").await.data()["deals"]["totalCount"].as_i64();
        assert!(mine == own && own < whole["count"].as_i64(), "{mine:?} {own:?}");
        let id = whole["cell"].as_str().expect("a cell");
        let damaged = format!("{}A", &id[..id.len() - 1]);
        for (list, cell) in [("deals", damaged.as_str()), ("companies", id), ("deals", "cell_"), ("deals", "deal_1")] {
            let answer = cast.admin.ask(&format!("{{ {list}(filter: {{ cell: \"{cell}\" }}) {{ totalCount }} }}")).await;
            assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{list} {cell}: {answer:?}");
        }
        // A cell of a cell's rows says what both say.
        let inner = cast.admin.run("query($cell: ID!) { deals(filter: { cell: $cell }) { groupBy(by: [{ field: STATUS }]) { count cell } } }", json!({ "cell": id })).await;
        for group in inner.data()["deals"]["groupBy"].as_array().expect("groups") {
            let found = cast.admin.run(find, json!({ "cell": group["cell"] })).await;
            assert_eq!(found.data()["deals"]["totalCount"], group["count"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_figure_leaves_the_others_as_they_are() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let market = market(&world, &cast).await;
        let ratio = "of: { count: { filter: { status: { eq: WON } } } }, to: { count: {} }";
        let wrong = "of: { sum: { field: BASE_AMOUNT } }, to: { percentile: { field: BASE_AMOUNT, p: 2 } }";
        let query = format!(
            "{{ deals {{ aggregate {{ wrong: ratio({wrong}) right: ratio({ratio}) }} groupBy(by: [{{ field: OWNER }}]) {{ key {{ owner {{ name }} }} wrong: ratio({wrong}) right: ratio({ratio}) }} }} }}"
        );
        let answer = cast.admin.ask(&query).await;
        let deals = &answer.body["data"]["deals"];
        let rate = |sales: &[&Sale]| {
            let won = sales.iter().filter(|sale| sale.status == DealStatus::Won).count();
            won as f64 / sales.len() as f64
        };
        let all: Vec<_> = market.sales.iter().collect();
        assert!(deals["aggregate"]["wrong"].is_null());
        close(&deals["aggregate"]["right"], Some(rate(&all)), "of all");
        for group in deals["groupBy"].as_array().expect("groups") {
            let sales: Vec<_> =
                all.iter().copied().filter(|sale| group["key"]["owner"]["name"] == market.owners[sale.owner]).collect();
            assert!(group["wrong"].is_null());
            close(&group["right"], Some(rate(&sales)), "of an owner");
        }
        assert!(answer.codes().iter().all(|code| code == "BAD_USER_INPUT") && !answer.codes().is_empty());
    })
    .await;
}

#[tokio::test]
async fn groups_below_a_row_are_those_of_its_own_list() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        market(&world, &cast).await;
        let figures = [
            "groupBy(by: [{ field: OWNER }], orderBy: [{ figure: { sum: { field: BASE_AMOUNT } }, direction: DESC }], first: 1) { key { owner { name } } count sum { amount { amount currency } } shareOfTotal(of: { count: {} }) }",
            "groupBy(by: [{ field: STATUS }], having: [{ figure: { count: {} }, gte: 4 }]) { key { status } count median { baseAmount { amount } } countDistinct(of: OWNER) runningTotal(of: { count: {} }) }",
            "groupBy(by: [{ owner: { field: TEAM } }]) { key { ownerKey { team { name } } } count max { baseAmount { amount } } ratio(of: { count: { filter: { status: { eq: WON } } } }, to: { count: {} }) }",
            "groupBy(by: [{ field: CLOSED_AT, bucket: FISCAL_QUARTER }], window: { field: CLOSED_AT, from: \"2025-01-01\", to: \"2026-01-01\", fill: true, compare: PREVIOUS_PERIOD }) { key { closedAt } count runningTotal(of: { count: {} }) change(of: { count: {} }) compared { count } }",
            "aggregate(window: { field: CLOSED_AT, from: \"2025-06-01\", to: \"2025-07-01\", compare: SAME_PERIOD_LAST_YEAR }) { count change(of: { count: {} }) compared { count sum { amount { amount currency } } } percentile(p: 0.25) { daysToClose } }",
        ];
        for actor in [&cast.admin, &cast.rep] {
            for figure in figures {
                let nested = actor.ask(&format!("{{ companies {{ nodes {{ id deals {{ {figure} }} }} }} }}")).await;
                for company in nested.data()["companies"]["nodes"].as_array().expect("companies") {
                    let alone = format!("query($id: ID!) {{ deals(filter: {{ company: {{ id: {{ eq: $id }} }} }}) {{ {figure} }} }}");
                    let alone = actor.run(&alone, json!({ "id": company["id"] })).await;
                    assert_eq!(company["deals"], alone.data()["deals"], "{figure}");
                }
            }
        }
    })
    .await;
}
