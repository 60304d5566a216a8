//! What is to be done next on a lead or a deal.

use std::collections::HashMap;

use entity::activity::ActivityStatus;
use futures_util::FutureExt;
use uuid::Uuid;

use crate::access::Kind;
use crate::error::{Error, Result};
use crate::store::descriptor::{Ask, Derived, Out, OutType};
use crate::store::filter::{Comparison, Filter, Test};
use crate::store::page::{Key, Page};
use crate::store::row::Stored;
use crate::store::select::{BASE, ListSql, Of, Select};
use crate::store::weight::Weight;

const DOC: &str = "The planned activity that is due first, of those the viewer may see.";

/// `nextActivity` of a lead.
pub fn of_lead() -> Derived {
    Derived {
        name: "nextActivity",
        doc: DOC,
        args: Vec::new(),
        out: OutType::Node(Kind::Activity),
        load: |ask| first_due(ask, "lead_id").boxed(),
    }
}

/// `nextActivity` of a deal.
pub fn of_deal() -> Derived {
    Derived {
        name: "nextActivity",
        doc: DOC,
        args: Vec::new(),
        out: OutType::Node(Kind::Activity),
        load: |ask| first_due(ask, "deal_id").boxed(),
    }
}

/// One statement for all rows: the first page, of one row, of the planned activities of each.
async fn first_due(ask: Ask<'_>, column: &'static str) -> Result<HashMap<Uuid, Out>> {
    let of = ask.reader.graph().of(Kind::Activity);
    if !ask.reader.may_read(of) {
        return Err(Error::forbidden(format!("{}.read", of.name)));
    }
    let field = |name: &str| of.field(name).ok_or_else(|| Error::internal(format!("no field Activity.{name}")));
    let planned = Test::Compare(Comparison::Eq, ActivityStatus::Planned.as_str().into(), None);
    let list = ListSql {
        filter: Some(Filter::Test(field("status")?, planned)),
        order: Key::of(field("dueAt")?, false).collect(),
        page: Page { limit: 1, backward: false, after: None, before: None },
        weight: Weight::default(),
    };
    let mut select = Select::new(of);
    let id = select.column(BASE, "id", Stored::Id);
    let found = ask.reader.load(&select, Of::Parents(column, ask.ids), Some(&list)).await?;
    let first = |rows: Vec<crate::store::select::Row>| rows.first()?.get(id)?.id().map(Out::Node);
    Ok(found.into_iter().filter_map(|(parent, rows)| Some((parent, first(rows)?))).collect())
}
