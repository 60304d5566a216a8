//! What a line is worth in the base currency, as SQL.

use crate::deal::figures::{at_todays_rate, in_proportion};
use crate::store::expression::Scope;
use crate::store::sql::Sql;

/// The total in the base currency: of a won deal its share of the amount that was fixed then, else at today's rate.
pub fn total_in_base(scope: &Scope<'_>) -> Sql {
    let deal = scope.inner();
    let fixed = scope.text(&format!(
        "(SELECT {deal}.base_amount_minor AS rate, {deal}.amount_minor AS divisor, abs({{}}.total_minor) AS minor FROM deal {deal} \
         WHERE {deal}.id = {{}}.deal_id AND {deal}.status = 'WON' AND {deal}.currency <> '{}') AS known",
        scope.base()
    ));
    let mut sql = scope.text("COALESCE(");
    sql.append(in_proportion(scope, "total_minor", fixed))
        .push(", ")
        .append(at_todays_rate(scope, "total_minor"))
        .push(")");
    sql
}
