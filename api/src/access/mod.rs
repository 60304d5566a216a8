//! Who may do what: the viewer, the words of the policy, and the table itself in [`policy`].
//!
//! Nothing here touches the database. [`crate::store`] turns a [`Reach`] into a condition on rows,
//! so that a read that skips the policy cannot be written.

mod eddsa;
pub mod key;
pub mod password;
pub mod policy;
pub mod print;
pub mod token;

use std::sync::Arc;

use async_graphql::resolver_utils::EnumType;
pub use entity::user::Role;
use uuid::Uuid;

/// A signed-in principal, read from the database for every request, so that a demotion works at once.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The user.
    pub id: Uuid,
    /// The user's role now.
    pub role: Role,
    /// The user's team now.
    pub team: Option<Uuid>,
    /// The user's team and every team below it.
    pub teams: Arc<[Uuid]>,
    /// The family of refresh tokens this sign-in belongs to.
    pub session: Uuid,
}

/// What the viewer may do. Whatever narrows the rights of a role for one viewer narrows them here.
impl Viewer {
    /// The rows of `kind` on which the viewer may do `action`.
    pub fn reach(&self, kind: Kind, action: Action) -> Reach {
        policy::reach(kind, action, self.role)
    }

    /// May the viewer read this field of a row that they see?
    pub fn reads(&self, kind: Kind, field: &str) -> Grant {
        policy::read(kind, field, self.role)
    }

    /// May the viewer change this field of a row that they may update?
    pub fn writes(&self, kind: Kind, field: &str) -> Grant {
        policy::write(kind, field, self.role)
    }
}

/// The kinds of object that the policy covers: one for each object of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
#[graphql(name = "ObjectKind")]
pub enum Kind {
    /// A person who signs in.
    User,
    /// A group of users.
    Team,
    /// An organisation we sell to.
    Company,
    /// A person we sell to.
    Contact,
    /// A marketing campaign.
    Campaign,
    /// A contact in a campaign's audience.
    CampaignMember,
    /// One dated interaction.
    Touchpoint,
    /// One qualification episode of a contact.
    Lead,
    /// A lead on its way from marketing to sales.
    Handoff,
    /// A sequence of stages.
    Pipeline,
    /// A step of a pipeline.
    Stage,
    /// A sale.
    Deal,
    /// A contact's part in a deal.
    DealContact,
    /// An article that is sold.
    Product,
    /// A line of a deal.
    LineItem,
    /// A call, meeting, e-mail, note or task.
    Activity,
    /// A recorded change of state.
    Transition,
    /// A currency's rate to the base currency on a day.
    ExchangeRate,
    /// An entry of the event log.
    Event,
    /// A touch's share in a won deal.
    AttributionCredit,
    /// An attempt that was refused.
    SecurityEvent,
}

impl Kind {
    /// The spelling in the graph and in the database: `CAMPAIGN_MEMBER`.
    pub fn as_str(self) -> &'static str {
        let item = Self::items().iter().find(|item| item.value == self);
        item.map_or("", |item| item.name)
    }

    /// The kind that is spelt like this.
    pub fn spelt(name: &str) -> Option<Self> {
        Self::items().iter().find(|item| item.name == name).map(|item| item.value)
    }

    /// Every kind, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::items().iter().map(|item| item.value)
    }
}

/// What can be done to an object: the plain operations, then the verbs of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, async_graphql::Enum)]
pub enum Action {
    /// See the row.
    Read,
    /// Count the row and take part of it in sums, without seeing it.
    Count,
    /// Make a new row.
    Create,
    /// Change plain fields.
    Update,
    /// Remove the row (it stays in history).
    Delete,
    /// Give the row to another owner or team.
    Assign,
    /// Keep a user out.
    Suspend,
    /// Let a suspended user in again.
    Reactivate,
    /// Set a user's password.
    SetPassword,
    /// Plan a campaign's start.
    Schedule,
    /// Start a campaign.
    Launch,
    /// Halt a running campaign.
    Pause,
    /// Go on with a halted campaign.
    Resume,
    /// End a campaign, or finish a planned activity.
    Complete,
    /// Note that the other side of a planned activity did not turn up.
    NoShow,
    /// Put an ended campaign away.
    Archive,
    /// Call off a campaign or a planned activity.
    Cancel,
    /// Keep an inquiry warm until it is ready.
    Nurture,
    /// Declare a lead marketing-qualified.
    Qualify,
    /// Hand a qualified lead to sales.
    HandOff,
    /// Take a handed-over lead.
    Accept,
    /// Send a handed-over lead back with a reason.
    Reject,
    /// Take a pending hand-off back.
    Recall,
    /// Answer sales' feedback on a hand-off.
    Acknowledge,
    /// Declare a lead sales-qualified.
    QualifyForSales,
    /// Turn a lead into a deal.
    Convert,
    /// Undo a conversion.
    Unconvert,
    /// End a lead without a deal.
    Disqualify,
    /// Give a lead back to marketing for nurturing.
    Recycle,
    /// Take a deal to another stage.
    Move,
    /// Close a deal as won.
    Win,
    /// Close a deal as lost.
    Lose,
    /// Open a closed deal again.
    Reopen,
}

/// Which rows a right covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Rows the viewer owns or made.
    pub own: bool,
    /// Rows of the viewer's team and the teams below it.
    pub team: bool,
    /// Rows without an owner in the viewer's team tree.
    pub pool: bool,
    /// Rows whose parent the viewer reaches.
    pub parent: bool,
    /// Every row.
    pub all: bool,
    /// Only while this holds of the row.
    pub when: Option<When>,
}

/// A condition on a row that narrows a [`Reach`], or says in which state an action can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The column has one of these values.
    In(&'static str, &'static [&'static str]),
    /// The column is empty.
    Empty(&'static str),
    /// The column is true.
    Is(&'static str),
    /// The column names the viewer.
    Viewer(&'static str),
    /// The moment is at most so many days ago.
    Within(&'static str, i64),
    /// Another live row of the kind has the same in these columns.
    Like(Kind, &'static [&'static str]),
    /// The viewer's role may set this field of any row of the kind.
    Sets(Kind, &'static str),
    /// This does not hold.
    Not(&'static Self),
    /// All of these hold.
    All(&'static [Self]),
    /// A live row of another kind points at the row by this column, and this holds of it.
    Any(Kind, &'static str, &'static Self),
    /// The row points by this column at a live row of another kind, and this holds of it.
    At(&'static str, Kind, &'static Self),
}

impl When {
    /// Holds of every row.
    pub const ALWAYS: &'static Self = &Self::All(&[]);

    /// Is it told by columns of the row alone?
    pub fn is_of_the_row(self) -> bool {
        match self {
            Self::In(..) | Self::Empty(_) | Self::Is(_) | Self::Viewer(_) | Self::Within(..) => true,
            Self::Like(..) | Self::Sets(..) | Self::Any(..) | Self::At(..) => false,
            Self::Not(when) => when.is_of_the_row(),
            Self::All(all) => all.iter().all(|when| when.is_of_the_row()),
        }
    }

    /// Does it ask for the viewer?
    pub fn is_personal(self) -> bool {
        match self {
            Self::Viewer(_) => true,
            Self::In(..) | Self::Empty(_) | Self::Is(_) | Self::Within(..) | Self::Like(..) | Self::Sets(..) => false,
            Self::Not(when) | Self::Any(_, _, when) | Self::At(_, _, when) => when.is_personal(),
            Self::All(all) => all.iter().any(|when| when.is_personal()),
        }
    }
}

impl Reach {
    /// No row.
    pub const NONE: Self = Self { own: false, team: false, pool: false, parent: false, all: false, when: None };
    /// Every row.
    pub const ALL: Self = Self { all: true, ..Self::NONE };

    /// The same rows, only while `when` holds.
    #[must_use]
    pub const fn when(self, when: When) -> Self {
        Self { when: Some(when), ..self }
    }

    /// Covers no row at all.
    pub fn is_none(&self) -> bool {
        !(self.own || self.team || self.pool || self.parent || self.all)
    }

    /// Covers every row whatever its state.
    pub fn is_all(&self) -> bool {
        self.all && self.when.is_none()
    }
}

/// What a role may do with one restricted field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// As the rest of the row.
    Yes,
    /// Never.
    No,
    /// On these rows only; elsewhere it reads as empty, with an error.
    Rows(Reach),
    /// Only inside the sums and averages of a [`policy::Partition`] over at least [`policy::SMALLEST_GROUP`] rows.
    Sums,
}
