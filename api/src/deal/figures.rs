//! What a deal is worth in the base currency, how likely it is won, and how long it took: as SQL, so that lists are filtered,
//! sorted and summed by it.

use std::fmt::Write;
use std::sync::LazyLock;

use crate::access::Kind;
use crate::money::{minor_digits, unusual_currencies};
use crate::store::expression::Scope;
use crate::store::sql::{Dialect, Sql};

/// What exchange rates are scaled by: 10 to the power of this.
const RATE_DIGITS: u32 = 8;

/// The chance in percent that it is won: 100 if it is, 0 if it is lost, else its own or that of its stage.
pub fn probability(scope: &Scope<'_>) -> Sql {
    let of_stage = scope.of_other("stage", "{j}.id = {}.stage_id", "{j}.probability");
    let mut sql =
        scope.text("CASE {}.status WHEN 'WON' THEN 100 WHEN 'LOST' THEN 0 ELSE COALESCE({}.probability_override, ");
    sql.append(of_stage).push(") END");
    sql
}

/// The amount in the base currency: as it was fixed when the deal was won, else at today's rate.
pub fn amount_in_base(scope: &Scope<'_>) -> Sql {
    let mut sql = scope.text("CASE WHEN {}.status = 'WON' THEN {}.base_amount_minor ELSE ");
    sql.append(at_todays_rate(scope, "amount_minor")).push(" END");
    sql
}

/// The amount in the base currency times the probability, rounded half-even for each deal, so that the parts of a sum add up
/// to the whole.
pub fn weighted_amount(scope: &Scope<'_>) -> Sql {
    let weighed = half_even("(abs(weighed.parts) / 100)", "(abs(weighed.parts) % 100)", "100");
    let mut sql = scope.text(&format!("CASE WHEN weighed.parts < 0 THEN -1 ELSE 1 END * {weighed} FROM (SELECT "));
    sql.append(amount_in_base(scope)).push(" * ").append(probability(scope)).push(" AS parts) AS weighed");
    scope.steps(sql)
}

/// Days from the creation to the closing, in millionths, by whole seconds; empty while it is open.
pub fn days_to_close(scope: &Scope<'_>) -> Sql {
    let seconds = |column: &str| match scope.dialect() {
        Dialect::Postgres => format!("CAST(floor(extract(epoch FROM {{}}.{column})) AS bigint)"),
        Dialect::Sqlite => format!("unixepoch({{}}.{column})"),
    };
    let (closed, created) = (seconds("closed_at"), seconds("created_at"));
    // A millionth of a day is 0.0864 seconds.
    scope.text(&format!("(({closed} - {created}) * 1000000 / 86400)"))
}

/// Is it the first that its customer bought, among the deals that the viewer may see? Empty unless it is won.
pub fn is_first_purchase(scope: &Scope<'_>) -> Sql {
    let other = scope.inner();
    let visible = scope.visible(Kind::Deal, &other);
    let mut earlier = scope.text(&format!(
        "NOT EXISTS (SELECT 1 FROM deal {other} WHERE {other}.company_id = {{}}.company_id AND {other}.status = 'WON' AND \
         ({other}.closed_at < {{}}.closed_at OR ({other}.closed_at = {{}}.closed_at AND {other}.id < {{}}.id)) AND "
    ));
    earlier.append(visible.clone()).push(")");
    let mut firsts = scope.text(&format!(
        "LEFT JOIN (SELECT id FROM (SELECT {other}.id, ROW_NUMBER() OVER (PARTITION BY {other}.company_id ORDER BY \
         {other}.closed_at, {other}.id) AS place FROM deal {other} WHERE {other}.status = 'WON' AND {other}.company_id IS \
         NOT NULL AND "
    ));
    firsts.append(visible).push(") AS placed WHERE place = 1) {j} ON ").append(scope.text("{j}.id = {}.id"));
    let mut sql = scope.text("CASE WHEN {}.status = 'WON' AND {}.company_id IS NOT NULL THEN ");
    sql.append(scope.looked_up(earlier, firsts, "{j}.id IS NOT NULL")).push(" END");
    sql
}

/// An amount of the row, in the currency of the row, in the base currency at the newest rate until today; empty without a
/// rate. Rounded half-even to the minor unit, as [`crate::money::convert`] does.
pub fn at_todays_rate(scope: &Scope<'_>, minor: &str) -> Sql {
    let base = scope.base();
    let (rate, divisor) = todays_rate(scope);
    let mut sql = scope
        .text(&format!("CASE WHEN {{}}.currency = '{base}' THEN {{}}.{minor} WHEN {{}}.{minor} IS NOT NULL THEN "));
    sql.append(in_proportion(scope, minor, rate, divisor)).push(" END");
    sql
}

/// The newest rate of the row's currency until today, and by what the product with it is divided.
fn todays_rate(scope: &Scope<'_>) -> (Sql, Sql) {
    let rate = scope.inner();
    let known = |sql: &mut Sql, after: &str| {
        sql.push(&format!("{rate}.deleted_at IS NULL AND {rate}.date <= ")).bind(scope.today()).push(after);
    };
    let of_one = format!("(SELECT {rate}.rate_e8 FROM exchange_rate {rate} WHERE {rate}.currency = {{}}.currency AND ");
    let mut one = scope.text(&of_one);
    known(&mut one, &format!(" ORDER BY {rate}.date DESC LIMIT 1)"));
    let columns = format!("{rate}.currency, {rate}.rate_e8, {} AS divisor", divisor(&rate, scope.base()));
    let (of_all, last) = match scope.dialect() {
        Dialect::Postgres => {
            (format!("DISTINCT ON ({rate}.currency) {columns}"), format!(" ORDER BY {rate}.currency, {rate}.date DESC"))
        }
        // The other columns are those of the row with the greatest date.
        Dialect::Sqlite => (format!("{columns}, MAX({rate}.date)"), format!(" GROUP BY {rate}.currency")),
    };
    let mut join = scope.text(&format!("LEFT JOIN (SELECT {of_all} FROM exchange_rate {rate} WHERE "));
    known(&mut join, &last);
    join.push(") {j} ON ").append(scope.text("{j}.currency = {}.currency"));
    let divisor = scope.text(&divisor("{}", scope.base()));
    (scope.looked_up(one, join.clone(), "{j}.rate_e8"), scope.looked_up(divisor, join, "{j}.divisor"))
}

/// `minor * rate / divisor` of an amount of the row, rounded half-even; empty where one of them is. SQLite is exact up to a
/// divisor of 3,000,000,000.
pub fn in_proportion(scope: &Scope<'_>, minor: &str, rate: Sql, divisor: Sql) -> Sql {
    // The quotient and what is left of it, without a product beyond 64 bits on the way.
    let rounded = half_even("divided.quotient", "divided.rest", "divided.divisor");
    let (quotient, rest, value) = match scope.dialect() {
        Dialect::Postgres => (
            "div(CAST(known.minor AS numeric) * known.rate, known.divisor)",
            "mod(CAST(known.minor AS numeric) * known.rate, known.divisor)",
            format!("CAST({rounded} AS bigint)"),
        ),
        Dialect::Sqlite => (
            "known.minor / known.divisor * known.rate + known.minor % known.divisor * (known.rate / known.divisor) + \
             (known.minor % known.divisor) * (known.rate % known.divisor) / known.divisor",
            "(known.minor % known.divisor) * (known.rate % known.divisor) % known.divisor",
            rounded,
        ),
    };
    let mut sql = scope.text(&format!(
        "CASE WHEN {{}}.{minor} < 0 THEN -1 ELSE 1 END * {value} FROM (SELECT {quotient} AS quotient, {rest} AS rest, \
         known.divisor FROM (SELECT abs({{}}.{minor}) AS minor, "
    ));
    sql.append(rate).push(" AS rate, ").append(divisor).push(" AS divisor) AS known) AS divided");
    scope.steps(sql)
}

/// A quotient of what is not negative, rounded by what is left of it.
fn half_even(quotient: &str, rest: &str, divisor: &str) -> String {
    format!(
        "({quotient} + CASE WHEN 2 * {rest} > {divisor} OR (2 * {rest} = {divisor} AND {quotient} % 2 = 1) THEN 1 ELSE 0 END)"
    )
}

/// By what the product of minor units and rate is divided, as a `CASE` over the digits of the currency of a table's row.
fn divisor(of: &str, base: &str) -> String {
    static UNUSUAL: LazyLock<Vec<(String, u32)>> = LazyLock::new(unusual_currencies);
    let to = minor_digits(base).unwrap_or(2);
    let power = |from: u32| 10_i64.pow((RATE_DIGITS + from).saturating_sub(to));
    let mut sql = format!("CASE {of}.currency");
    for (currency, digits) in UNUSUAL.iter() {
        // Writing to a string cannot fail.
        let _ = write!(sql, " WHEN '{currency}' THEN {}", power(*digits));
    }
    let _ = write!(sql, " ELSE {} END", power(2));
    sql
}
