//! What a line is worth in the base currency, as SQL.

use crate::deal::figures::{at_todays_rate, in_proportion};
use crate::store::expression::Scope;
use crate::store::sql::Sql;

/// The total in the base currency: of a won deal its share of the amount that was fixed then, else at today's rate.
pub fn total_in_base(scope: &Scope<'_>) -> Sql {
    let won = format!("{{j}}.id = {{}}.deal_id AND {{j}}.status = 'WON' AND {{j}}.currency <> '{}'", scope.base());
    let worth = scope.of_other("deal", &won, "{j}.base_amount_minor");
    let amount = scope.of_other("deal", &won, "NULLIF({j}.amount_minor, 0)");
    let mut sql = scope.text("COALESCE(");
    sql.append(in_proportion(scope, "total_minor", worth, amount))
        .push(", ")
        .append(at_todays_rate(scope, "total_minor"))
        .push(")");
    sql
}
