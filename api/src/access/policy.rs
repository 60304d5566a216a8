//! THE table: who may do what, and who may read and write which field.
//!
//! The only place that names roles. Columns are, in order:
//! ADMIN, SALES_MANAGER, SALES_REP, MARKETING_MANAGER, MARKETER, ANALYST, INTEGRATION.
//! A kind or action that is not listed is denied to everyone. The printed form is checked in beside the tests,
//! so that a change of rights is a visible change.

use super::{Action, Grant, Kind, Reach, Role, When};

/// Figures over a [`Grant::Sums`] field need at least this many rows, so that no single row can be read off a sum.
pub const SMALLEST_GROUP: i64 = 5;

/// The one way in which figures over the [`Grant::Sums`] fields of a kind are answered: all rows of one state, by the whole
/// past months of a moment and by a reference. Sets that could be chosen freely would differ in one row, and so would
/// their sums; cells that nobody chooses do not overlap. What is left: a row that gets into a past month between two
/// readings (a back-dated closing) shows in their difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// A field, and the value that it has on every row.
    pub state: (&'static str, &'static str),
    /// The moment whose month a row is counted in.
    pub moment: &'static str,
    /// The reference beside it.
    pub reference: &'static str,
}

/// The partitions of the kinds with [`Grant::Sums`] fields.
const PARTITIONS: &[(Kind, Partition)] =
    &[(Kind::Deal, Partition { state: ("status", "WON"), moment: "closedAt", reference: "pipeline" })];

/// The partition of a kind's [`Grant::Sums`] fields.
pub fn partition(kind: Kind) -> Option<Partition> {
    PARTITIONS.iter().find(|(of, _)| *of == kind).map(|(_, partition)| *partition)
}

/// Every role, in the order of the table's columns.
pub const ROLES: [Role; 7] = [
    Role::Admin,
    Role::SalesManager,
    Role::SalesRep,
    Role::MarketingManager,
    Role::Marketer,
    Role::Analyst,
    Role::Integration,
];

/// The role that runs the system; somebody active must always have it.
pub const KEEPER: Role = Role::Admin;

const N: Reach = Reach::NONE;
const A: Reach = Reach::ALL;
/// Own rows.
const O: Reach = Reach { own: true, ..N };
/// Own and team's rows.
const T: Reach = Reach { own: true, team: true, ..N };
/// Own rows and the team's pool.
const OP: Reach = Reach { own: true, pool: true, ..N };
/// Own and team's rows and the pool.
const OTP: Reach = Reach { own: true, team: true, pool: true, ..N };
/// As the row it belongs to.
const V: Reach = Reach { parent: true, ..N };

/// A campaign that has not ended.
const RUNNING: When = When::In("status", &["DRAFT", "SCHEDULED", "ACTIVE", "PAUSED"]);
/// A lead that sales has not accepted.
const BEFORE_SAL: When = When::In("status", &["NEW", "NURTURING", "MQL"]);
/// A lead that marketing has not handed over. (One that sales captured has no hand-off, but is past it.)
const BEFORE_HANDOFF: When = When::All(&[BEFORE_SAL, When::Empty("handed_off_at")]);
/// An activity that is not part of a deal.
const OFF_DEAL: When = When::Empty("deal_id");

type Row = (Kind, &'static [Action], [Reach; 7]);

use Action::*;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    //                                               ADMIN S_MGR S_REP M_MGR MRKTR ANLST INTEG
    (Kind::User,              &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::User,              &[Create, Update, Delete, Suspend, Reactivate], [A, N, N, N,  N,    N,    N]),
    (Kind::User,              &[SetPassword],         [A,    O,    O,    O,    O,    O,    N]),
    (Kind::Team,              &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::Team,              &[Update],              [A,    T,    N,    T,    N,    N,    N]),
    (Kind::Team,              &[Create, Delete],      [A,    N,    N,    N,    N,    N,    N]),

    (Kind::Company,           &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::Company,           &[Create],              [A,    A,    A,    A,    A,    N,    A]),
    (Kind::Company,           &[Update, Assign],      [A,    A,    OP,   A,    A,    N,    A]),
    (Kind::Company,           &[Delete],              [A,    T,    N,    N,    N,    N,    N]),
    (Kind::Contact,           &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::Contact,           &[Create],              [A,    A,    A,    A,    A,    N,    A]),
    (Kind::Contact,           &[Update, Assign],      [A,    A,    OP,   A,    A,    N,    A]),
    (Kind::Contact,           &[Delete],              [A,    T,    N,    A,    N,    N,    N]),

    (Kind::Campaign,          &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::Campaign,          &[Create],              [A,    N,    N,    A,    A,    N,    A]),
    (Kind::Campaign,          &[Update, Assign],      [A,    N,    N,    A,    T.when(RUNNING), N, A]),
    (Kind::Campaign,          &[Delete],              [A,    N,    N,    A,    N,    N,    N]),
    (Kind::Campaign,          &[Schedule, Pause, Resume, Complete, Cancel], [N, N, N, A, T, N,    N]),
    (Kind::Campaign,          &[Launch, Archive],     [N,    N,    N,    A,    N,    N,    N]),
    (Kind::CampaignMember,    &[Read],                [A,    A,    A,    A,    A,    N,    A]),
    (Kind::CampaignMember,    &[Count],               [A,    A,    A,    A,    A,    A,    A]),
    (Kind::CampaignMember,    &[Create, Update, Delete], [A, N,    N,    A,    V,    N,    A]),
    (Kind::Touchpoint,        &[Read],                [A,    A,    V,    A,    A,    A,    A]),
    (Kind::Touchpoint,        &[Create],              [A,    N,    N,    A,    A,    N,    A]),

    (Kind::Lead,              &[Read],                [A,    A,    OTP,  A,    A,    A,    A]),
    (Kind::Lead,              &[Create],              [A,    A,    A,    A,    A,    N,    A]),
    (Kind::Lead,              &[Update, Assign],      [A,    T,    OP,   A.when(BEFORE_SAL), A.when(BEFORE_HANDOFF), N, A]),
    (Kind::Lead,              &[Delete],              [A,    N,    N,    N,    N,    N,    N]),
    (Kind::Lead,              &[Nurture, Qualify, HandOff], [N, N, N,    A,    A,    N,    A]),
    (Kind::Lead,              &[Recall],              [N,    N,    N,    A,    N,    N,    N]),
    (Kind::Lead,              &[Accept, Reject],      [N,    T,    OP,   N,    N,    N,    N]),
    (Kind::Lead,              &[QualifyForSales, Convert, Recycle], [N, T, OP, N, N, N,    N]),
    (Kind::Lead,              &[Unconvert],           [N,    T,    N,    N,    N,    N,    N]),
    (Kind::Lead,              &[Disqualify],          [N,    T,    OP,   A.when(BEFORE_SAL), A.when(BEFORE_SAL), N, N]),
    (Kind::Handoff,           &[Read],                [A,    T,    OP,   A,    A,    A,    A]),
    // On top of the right on the lead: who may answer a hand-off that is addressed to this person, team or pool.
    (Kind::Handoff,           &[Accept, Reject],      [N,    T,    OP,   N,    N,    N,    N]),
    (Kind::Handoff,           &[Acknowledge],         [N,    N,    N,    A,    T,    N,    N]),

    (Kind::Pipeline,          &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::Pipeline,          &[Create, Update, Delete], [A, A,    N,    N,    N,    N,    N]),
    (Kind::Stage,             &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::Stage,             &[Create, Update, Delete], [A, A,    N,    N,    N,    N,    N]),
    (Kind::Deal,              &[Read],                [A,    A,    T,    A,    A,    A,    A]),
    (Kind::Deal,              &[Create],              [A,    T,    O,    N,    N,    N,    A]),
    (Kind::Deal,              &[Update],              [A,    T,    O,    N,    N,    N,    A]),
    (Kind::Deal,              &[Assign],              [A,    T,    N,    N,    N,    N,    A]),
    (Kind::Deal,              &[Delete],              [A,    N,    N,    N,    N,    N,    N]),
    (Kind::Deal,              &[Move, Win, Lose],     [N,    T,    O,    N,    N,    N,    A]),
    (Kind::Deal,              &[Reopen],              [N,    T,    N,    N,    N,    N,    N]),
    (Kind::DealContact,       &[Read],                [A,    A,    V,    A,    A,    A,    A]),
    (Kind::DealContact,       &[Create, Update, Delete], [A, V,    V,    N,    N,    N,    A]),

    (Kind::Product,           &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::Product,           &[Create, Update],      [A,    A,    N,    N,    N,    N,    A]),
    (Kind::Product,           &[Delete],              [A,    N,    N,    N,    N,    N,    A]),
    (Kind::LineItem,          &[Read],                [A,    A,    V,    N,    N,    N,    A]),
    (Kind::LineItem,          &[Count],               [A,    A,    V,    N,    N,    A,    A]),
    (Kind::LineItem,          &[Create, Update, Delete], [N, V,    V,    N,    N,    N,    A]),

    (Kind::Activity,          &[Read],                [A,    T,    T,    A,    A,    N,    A]),
    (Kind::Activity,          &[Count],               [A,    T,    T,    A,    A,    A,    A]),
    (Kind::Activity,          &[Create, Update, Complete, NoShow, Cancel], [N, T, O, N, O, N, A]),
    (Kind::Activity,          &[Assign],              [N,    T,    N,    N,    N,    N,    A]),
    (Kind::Transition,        &[Read],                [A,    A,    V,    A,    A,    A,    A]),
    (Kind::ExchangeRate,      &[Read],                [A,    A,    A,    A,    A,    A,    A]),
    (Kind::ExchangeRate,      &[Create, Update, Delete], [A, N,    N,    N,    N,    N,    N]),
    (Kind::Event,             &[Read],                [A,    V,    V,    V,    V,    N,    V]),
    (Kind::AttributionCredit, &[Read],                [A,    A,    V,    A,    A,    A,    A]),
    (Kind::SecurityEvent,     &[Read],                [A,    N,    N,    N,    N,    N,    N]),
];

const Y: Grant = Grant::Yes;
const X: Grant = Grant::No;
const OWN: Grant = Grant::Rows(O);
const SUMS: Grant = Grant::Sums;
const OFF: Grant = Grant::Rows(A.when(OFF_DEAL));
/// Lines of own deals.
const OWN_DEAL: Grant = Grant::Rows(A.when(When::At("deal_id", Kind::Deal, &OWNED)));
/// The viewer owns or made it.
const OWNED: When = When::Not(&When::All(&[OF_ANOTHER, BY_ANOTHER]));
const OF_ANOTHER: When = When::Not(&When::Viewer("owner_id"));
const BY_ANOTHER: When = When::Not(&When::Viewer("created_by"));
/// Own campaigns that are still drafts.
const OWN_DRAFT: Grant = Grant::Rows(O.when(When::In("status", &["DRAFT"])));

type FieldRow = (Kind, &'static [&'static str], [Grant; 7]);

/// Fields that not everyone who sees the row may read. A field that is not listed is read with the row.
#[rustfmt::skip]
const READ: &[FieldRow] = &[
    //                                                   ADMIN S_MGR S_REP M_MGR MRKTR ANLST INTEG
    (Kind::User,       &["email"],                        [Y,    Y,    Y,    Y,    Y,    X,    X]),
    (Kind::User,       &["status", "timeZone", "locale", "maxOpenLeads"],
                                                          [Y,    Y,    OWN,  Y,    OWN,  OWN,  X]),
    (Kind::Contact,    &["firstName", "lastName", "displayName"],
                                                          [Y,    Y,    Y,    Y,    Y,    X,    Y]),
    (Kind::Contact,    &["email", "phone"],               [Y,    Y,    Y,    Y,    Y,    X,    X]),
    (Kind::Campaign,   &["budget", "expectedRevenue"],    [Y,    Y,    X,    Y,    Y,    Y,    Y]),
    (Kind::Touchpoint, &["visitorKey"],                   [Y,    Y,    Y,    Y,    Y,    X,    X]),
    (Kind::Lead,       &["interest", "need", "budget", "authority", "timing"], [Y,    Y,    Y,    Y,    Y,    X,    Y]),
    (Kind::Handoff,    &["comment"],                      [Y,    Y,    Y,    Y,    Y,    X,    Y]),
    (Kind::Deal,       &["lossComment"],                  [Y,    Y,    Y,    Y,    Y,    X,    Y]),
    (Kind::Deal,       &["cost", "margin"],               [Y,    Y,    OWN,  X,    X,    SUMS, X]),
    (Kind::Product,    &["unitCost"],                     [Y,    Y,    X,    X,    X,    X,    X]),
    (Kind::LineItem,   &["unitCost"],                     [Y,    Y,    OWN_DEAL, X, X,   X,    X]),
    (Kind::Activity,   &["subject", "body", "direction", "priority", "contact"],
                                                          [Y,    Y,    Y,    OFF,  OFF,  X,    Y]),
];

/// Fields that not everyone who may change the row may write after creation.
#[rustfmt::skip]
const WRITE: &[FieldRow] = &[
    //                                                   ADMIN S_MGR S_REP M_MGR MRKTR ANLST INTEG
    (Kind::Lead,       &["source", "sourceCampaign"],     [Y,    X,    X,    Y,    X,    X,    X]),
    (Kind::Deal,       &["sourceCampaign"],               [Y,    X,    X,    Y,    X,    X,    X]),
    (Kind::Deal,       &["cost"],                         [X,    Y,    X,    X,    X,    X,    X]),
    (Kind::Product,    &["unitCost"],                     [X,    Y,    X,    X,    X,    X,    X]),
    (Kind::LineItem,   &["unitCost"],                     [X,    Y,    X,    X,    X,    X,    X]),
    (Kind::Campaign,   &["budget"],                       [Y,    X,    X,    Y,    OWN_DRAFT, X, X]),
];

/// The rows of `kind` on which `role` may do `action`.
pub fn reach(kind: Kind, action: Action, role: Role) -> Reach {
    let column = column(role);
    let listed = |wanted| {
        ROWS.iter()
            .find(|(row, actions, _)| *row == kind && actions.contains(&wanted))
            .and_then(|(_, _, cells)| cells.get(column).copied())
    };
    // Whoever sees rows may count them; only where counting reaches further is it listed of its own.
    let fallback = if action == Count { listed(Read) } else { None };
    listed(action).or(fallback).unwrap_or(N)
}

/// May `role` read `field` of a `kind` row that it sees?
pub fn read(kind: Kind, field: &str, role: Role) -> Grant {
    grant(READ, kind, field, role)
}

/// May `role` write `field` of a `kind` row that it may update? (At creation every field may be given but those
/// that are closed to the role on every row.)
pub fn write(kind: Kind, field: &str, role: Role) -> Grant {
    grant(WRITE, kind, field, role)
}

/// A change of these fields says why: where a lead or deal came from is never rewritten silently.
const REASONS: &[(Kind, &str)] =
    &[(Kind::Lead, "source"), (Kind::Lead, "sourceCampaign"), (Kind::Deal, "sourceCampaign")];

/// Must a change of this field say why?
pub fn needs_reason(kind: Kind, field: &str) -> bool {
    REASONS.contains(&(kind, field))
}

/// Does a row of this kind stand for one person? Who may only count rows may not tie them to such a row: a count of
/// one would be the row itself.
pub fn stands_for_a_person(kind: Kind) -> bool {
    matches!(kind, Kind::Contact | Kind::Lead)
}

/// Whether any role is refused this field, so that it must be nullable in the schema.
pub fn is_restricted(kind: Kind, field: &str) -> bool {
    READ.iter().any(|(row, fields, _)| *row == kind && fields.contains(&field))
}

/// The actions the table lists for a kind, in its order.
pub fn actions(kind: Kind) -> impl Iterator<Item = Action> {
    ROWS.iter().filter(move |(row, ..)| *row == kind).flat_map(|(_, actions, _)| actions.iter().copied())
}

/// Every restricted field: kind, name, the grant of each role in the order of [`ROLES`].
pub fn restricted_fields() -> impl Iterator<Item = (Kind, &'static str, [Grant; 7])> {
    READ.iter().flat_map(|(kind, fields, grants)| fields.iter().map(move |field| (*kind, *field, *grants)))
}

/// Every field whose writing is restricted, as [`restricted_fields`].
pub fn restricted_writes() -> impl Iterator<Item = (Kind, &'static str, [Grant; 7])> {
    WRITE.iter().flat_map(|(kind, fields, grants)| fields.iter().map(move |field| (*kind, *field, *grants)))
}

/// All that the policy says, for whoever holds it against what there is.
#[derive(Clone, Debug)]
pub struct Said {
    /// The rows of each role, in the order of [`ROLES`].
    pub rows: Vec<(Kind, Action, [Reach; 7])>,
    /// As [`restricted_fields`].
    pub reads: Vec<(Kind, &'static str, [Grant; 7])>,
    /// As [`restricted_writes`].
    pub writes: Vec<(Kind, &'static str, [Grant; 7])>,
    /// Fields of which [`needs_reason`] holds.
    pub reasons: Vec<(Kind, &'static str)>,
    /// As [`partition`].
    pub partitions: Vec<(Kind, Partition)>,
}

/// All that this table says.
pub fn said() -> Said {
    let rows = ROWS.iter().flat_map(|(kind, actions, reaches)| actions.iter().map(|action| (*kind, *action, *reaches)));
    Said {
        rows: rows.collect(),
        reads: restricted_fields().collect(),
        writes: restricted_writes().collect(),
        reasons: REASONS.to_vec(),
        partitions: PARTITIONS.to_vec(),
    }
}

fn grant(table: &[FieldRow], kind: Kind, field: &str, role: Role) -> Grant {
    table
        .iter()
        .find(|(row, fields, _)| *row == kind && fields.contains(&field))
        .and_then(|(_, _, cells)| cells.get(column(role)).copied())
        .unwrap_or(Y)
}

fn column(role: Role) -> usize {
    match role {
        Role::Admin => 0,
        Role::SalesManager => 1,
        Role::SalesRep => 2,
        Role::MarketingManager => 3,
        Role::Marketer => 4,
        Role::Analyst => 5,
        Role::Integration => 6,
    }
}
