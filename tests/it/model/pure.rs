//! What leads, hand-offs and deals should do, thought through without a database: a second opinion on the service.

use entity::enums::DealStatus;
use entity::lead::LeadStatus;

/// The people who try things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Manager,
    Rep,
    OtherRep,
    MarketingManager,
    Marketer,
}

/// The teams they are in; North and South are below Sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Team {
    Sales,
    North,
    South,
    Marketing,
}

pub const EVERYBODY: [Who; 5] = [Who::Manager, Who::Rep, Who::OtherRep, Who::MarketingManager, Who::Marketer];

impl Who {
    pub fn team(self) -> Team {
        match self {
            Self::Manager => Team::Sales,
            Self::Rep => Team::North,
            Self::OtherRep => Team::South,
            Self::MarketingManager | Self::Marketer => Team::Marketing,
        }
    }

    fn is_marketing(self) -> bool {
        self.team() == Team::Marketing
    }

    fn leads(self, team: Team) -> bool {
        self.team() == team || (self == Self::Manager && team != Team::Marketing)
    }
}

/// Something to try. Leads and deals go by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Capture { person: usize, outbound: bool },
    Nurture(usize),
    Qualify(usize),
    HandOff(usize, Option<Who>, Team),
    Accept(usize),
    Reject(usize, bool),
    Recall(usize),
    QualifyForSales(usize),
    Disqualify(usize),
    Recycle(usize),
    Convert(usize),
    Join(usize, usize),
    Unconvert(usize),
    Move(usize),
    Win(usize),
    Lose(usize),
    Reopen(usize),
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Taken,
    NotFound,
    Forbidden,
    Conflict,
}

/// A hand-off that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    from: Who,
    to: Option<Who>,
    team: Team,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    pub person: usize,
    pub status: LeadStatus,
    pub owner: Option<Who>,
    pub team: Team,
    maker: Who,
    pub pending: Option<Pending>,
    accepted_from: Option<Who>,
    pub recycled: i32,
    pub deal: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    pub status: DealStatus,
    pub owner: Who,
    team: Team,
    maker: Who,
    /// The lead it grew out of.
    pub origin: Option<usize>,
    made_by_conversion: bool,
    /// The leads that are part of it, in the order in which they became it.
    joined: Vec<usize>,
    pub deleted: bool,
}

/// The whole business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pub leads: Vec<Lead>,
    pub deals: Vec<Deal>,
}

type Tried = Result<(), Outcome>;

impl Model {
    /// A deal that was there before.
    pub fn add_deal(&mut self, owner: Who) {
        self.deals.push(Deal {
            status: DealStatus::Open,
            owner,
            team: owner.team(),
            maker: owner,
            origin: None,
            made_by_conversion: false,
            joined: Vec::new(),
            deleted: false,
        });
    }

    /// Tries a step; a refused one changes nothing.
    pub fn apply(&mut self, by: Who, step: Step, stale: bool) -> Outcome {
        let before = self.clone();
        match self.attempt(by, step, stale) {
            Ok(()) => Outcome::Done,
            Err(refused) => {
                *self = before;
                refused
            }
        }
    }

    fn attempt(&mut self, by: Who, step: Step, stale: bool) -> Tried {
        use LeadStatus::{Disqualified, Mql, New, Nurturing, Sal, Sql};
        match step {
            Step::Capture { person, outbound } => self.capture(by, person, outbound),
            Step::Nurture(lead) => {
                let lead = self.lead(by, lead, by.is_marketing(), stale)?;
                lead.enter(&[New], Nurturing)
            }
            Step::Qualify(lead) => {
                let lead = self.lead(by, lead, by.is_marketing(), stale)?;
                lead.enter(&[New, Nurturing], Mql)
            }
            Step::HandOff(lead, to, team) => {
                let lead = self.lead(by, lead, by.is_marketing(), stale)?;
                lead.enter(&[Mql], Mql)?;
                require(lead.pending.is_none())?;
                lead.pending = Some(Pending { from: by, to, team });
                (lead.owner, lead.team) = (to, team);
                Ok(())
            }
            Step::Accept(lead) => {
                let lead = self.sales_lead(by, lead, stale)?;
                let pending = lead.answer(by)?;
                lead.enter(&[Mql], Sal)?;
                lead.accepted_from = Some(pending.from);
                lead.owner.get_or_insert(by);
                Ok(())
            }
            Step::Reject(lead, end) => {
                let lead = self.sales_lead(by, lead, stale)?;
                let pending = lead.answer(by)?;
                lead.enter(&[Mql], if end { Disqualified } else { Nurturing })?;
                lead.go_back(pending.from);
                Ok(())
            }
            Step::Recall(lead) => {
                let lead = self.lead(by, lead, by == Who::MarketingManager, stale)?;
                let pending = lead.pending.take().ok_or(Outcome::Conflict)?;
                lead.enter(&[Mql], Nurturing)?;
                (lead.owner, lead.team) = (Some(pending.from), pending.from.team());
                Ok(())
            }
            Step::QualifyForSales(lead) => self.sales_lead(by, lead, stale)?.enter(&[Sal], Sql),
            Step::Disqualify(lead) => {
                let lead = if by.is_marketing() {
                    let early = matches!(self.leads[lead].status, New | Nurturing | Mql);
                    self.lead(by, lead, early, stale)?
                } else {
                    self.sales_lead(by, lead, stale)?
                };
                require(lead.pending.is_none())?;
                lead.enter(&[New, Nurturing, Mql, Sal, Sql], Disqualified)
            }
            Step::Recycle(lead) => {
                let lead = self.sales_lead(by, lead, stale)?;
                lead.enter(&[Sal, Sql], Nurturing)?;
                match lead.accepted_from {
                    Some(from) => lead.go_back(from),
                    None => lead.recycled += 1,
                }
                Ok(())
            }
            Step::Convert(lead) => self.convert(by, lead, None, stale),
            Step::Join(lead, deal) => self.convert(by, lead, Some(deal), stale),
            Step::Unconvert(lead) => self.unconvert(by, lead, stale),
            Step::Move(deal) => {
                let deal = self.deal(by, deal, stale)?;
                require(deal.status == DealStatus::Open)
            }
            Step::Win(deal) => self.close(by, deal, DealStatus::Won, stale),
            Step::Lose(deal) => self.close(by, deal, DealStatus::Lost, stale),
            Step::Reopen(deal) => {
                let may = by == Who::Manager;
                self.see_deal(by, deal)?;
                let deal = self.deals.get_mut(deal).filter(|_| may).ok_or(Outcome::Forbidden)?;
                require(!stale && deal.status != DealStatus::Open)?;
                deal.status = DealStatus::Open;
                Ok(())
            }
        }
    }

    fn capture(&mut self, by: Who, person: usize, outbound: bool) -> Tried {
        let open = self.leads.iter().find(|lead| lead.person == person && lead.status.is_open());
        match open {
            Some(lead) if by.sees(lead) => Ok(()),
            Some(_) => Err(Outcome::Taken),
            None => {
                let status = if outbound && !by.is_marketing() { LeadStatus::Sal } else { LeadStatus::New };
                self.leads.push(Lead {
                    person,
                    status,
                    owner: Some(by),
                    team: by.team(),
                    maker: by,
                    pending: None,
                    accepted_from: None,
                    recycled: 0,
                    deal: None,
                });
                Ok(())
            }
        }
    }

    /// A lead that the person sees, may do it to, and knows the version of.
    fn lead(&mut self, by: Who, lead: usize, may: bool, stale: bool) -> Result<&mut Lead, Outcome> {
        let lead = &mut self.leads[lead];
        match (by.sees(lead), may, stale) {
            (false, ..) => Err(Outcome::NotFound),
            (_, false, _) => Err(Outcome::Forbidden),
            (.., true) => Err(Outcome::Conflict),
            (true, true, false) => Ok(lead),
        }
    }

    fn sales_lead(&mut self, by: Who, lead: usize, stale: bool) -> Result<&mut Lead, Outcome> {
        let may = by.works_on(&self.leads[lead]);
        self.lead(by, lead, may, stale)
    }

    fn convert(&mut self, by: Who, at: usize, into: Option<usize>, stale: bool) -> Tried {
        let lead = self.sales_lead(by, at, false)?.clone();
        if let Some(known) = lead.deal {
            let deal = &self.deals[known];
            let same = into.map_or(deal.made_by_conversion && deal.origin == Some(at), |into| into == known);
            return require(same);
        }
        require(!stale && matches!(lead.status, LeadStatus::Sal | LeadStatus::Sql))?;
        let deal = match into {
            Some(deal) => {
                self.see_deal(by, deal)?;
                if !by.works_on_deal(&self.deals[deal]) {
                    return Err(Outcome::Forbidden);
                }
                require(self.deals[deal].status == DealStatus::Open)?;
                deal
            }
            None => {
                let owner = lead.owner.unwrap_or(by);
                self.add_deal(owner);
                let deal = self.deals.len() - 1;
                (self.deals[deal].maker, self.deals[deal].made_by_conversion) = (by, true);
                deal
            }
        };
        self.deals[deal].origin.get_or_insert(at);
        self.deals[deal].joined.push(at);
        let lead = &mut self.leads[at];
        (lead.status, lead.deal) = (LeadStatus::Converted, Some(deal));
        Ok(())
    }

    fn unconvert(&mut self, by: Who, at: usize, stale: bool) -> Tried {
        let may = by == Who::Manager && by.works_on(&self.leads[at]);
        let lead = self.lead(by, at, may, stale)?.clone();
        let deal = &mut self.deals[lead.deal.ok_or(Outcome::Conflict)?];
        require(deal.status == DealStatus::Open && deal.joined.last() == Some(&at))?;
        require(!self.leads.iter().any(|other| other.person == lead.person && other.status.is_open()))?;
        deal.joined.pop();
        if deal.origin == Some(at) {
            deal.deleted = deal.made_by_conversion;
            deal.origin = deal.origin.filter(|_| deal.deleted);
        }
        let lead = &mut self.leads[at];
        (lead.status, lead.deal) = (LeadStatus::Sql, None);
        Ok(())
    }

    fn see_deal(&self, by: Who, deal: usize) -> Tried {
        let deal = &self.deals[deal];
        let seller = matches!(by, Who::Rep | Who::OtherRep);
        let sees = !seller || deal.owner == by || deal.maker == by || deal.team == by.team();
        if sees && !deal.deleted { Ok(()) } else { Err(Outcome::NotFound) }
    }

    fn deal(&mut self, by: Who, deal: usize, stale: bool) -> Result<&mut Deal, Outcome> {
        self.see_deal(by, deal)?;
        let deal = &mut self.deals[deal];
        if !by.works_on_deal(deal) {
            return Err(Outcome::Forbidden);
        }
        require(!stale)?;
        Ok(deal)
    }

    fn close(&mut self, by: Who, deal: usize, to: DealStatus, stale: bool) -> Tried {
        let deal = self.deal(by, deal, stale)?;
        require(deal.status == DealStatus::Open)?;
        deal.status = to;
        Ok(())
    }
}

impl Who {
    fn owns(self, lead: &Lead) -> bool {
        lead.owner == Some(self) || lead.maker == self
    }

    fn sees(self, lead: &Lead) -> bool {
        match self {
            Self::Rep | Self::OtherRep => self.owns(lead) || lead.team == self.team(),
            _ => true,
        }
    }

    /// The rights of sales: managers on what is their teams', sellers on what is their own or waits in the pool.
    fn works_on(self, lead: &Lead) -> bool {
        match self {
            Self::Manager => self.owns(lead) || self.leads(lead.team),
            Self::Rep | Self::OtherRep => self.owns(lead) || (lead.owner.is_none() && lead.team == self.team()),
            Self::MarketingManager | Self::Marketer => false,
        }
    }

    fn works_on_deal(self, deal: &Deal) -> bool {
        match self {
            Self::Manager => self.leads(deal.team) || deal.owner == self || deal.maker == self,
            Self::Rep | Self::OtherRep => deal.owner == self || deal.maker == self,
            Self::MarketingManager | Self::Marketer => false,
        }
    }
}

impl Lead {
    fn enter(&mut self, from: &[LeadStatus], to: LeadStatus) -> Tried {
        require(from.contains(&self.status))?;
        self.status = to;
        Ok(())
    }

    /// The pending hand-off, answered by somebody it is addressed to.
    fn answer(&mut self, by: Who) -> Result<Pending, Outcome> {
        require(self.status == LeadStatus::Mql)?;
        let pending = self.pending.ok_or(Outcome::Conflict)?;
        let addressed = match by {
            Who::Manager => by.leads(pending.team) || pending.to == Some(by),
            _ => pending.to == Some(by) || (pending.to.is_none() && pending.team == by.team()),
        };
        if !addressed {
            return Err(Outcome::Forbidden);
        }
        self.pending = None;
        Ok(pending)
    }

    fn go_back(&mut self, to: Who) {
        self.recycled += 1;
        (self.owner, self.team) = (Some(to), to.team());
    }
}

fn require(holds: bool) -> Tried {
    if holds { Ok(()) } else { Err(Outcome::Conflict) }
}
