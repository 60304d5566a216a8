//! The plans of the campaigns, with the effect each turns out to have.

use entity::enums::{Channel, Horizon, Objective};

use super::calendar::Calendar;

/// Where a campaign stands that time alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fortune {
    /// It runs as planned.
    Runs,
    /// It is paused.
    Paused,
    /// It was given up before it began.
    Cancelled,
    /// It is not decided yet.
    Draft,
}

/// When a campaign runs.
#[derive(Clone, Copy, Debug)]
pub enum Runs {
    /// First and last day, in days before today.
    Ago(i64, i64),
    /// From a day of the year on, for so many days; the last time, or so many years before that.
    Yearly {
        /// From 1.
        month: u32,
        /// From 1.
        day: u32,
        /// How long.
        days: i64,
        /// -1 for the next time.
        back: i32,
    },
}

/// A campaign as it was planned, with the effect it turned out to have.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// As in links.
    pub code: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// What for.
    pub objective: Objective,
    /// Where.
    pub channel: Channel,
    /// For how long it is to work.
    pub horizon: Horizon,
    /// What became of it.
    pub fortune: Fortune,
    /// When.
    pub runs: Runs,
    /// In whole units of the base currency.
    pub budget: i64,
    /// How many leads were expected; none where it is not about leads.
    pub expected: i32,
    /// The campaign it is a part of.
    pub parent: Option<&'static str>,
    /// How many leads it brings, compared with others on the same day.
    pub pull: f64,
    /// How good they are: 1 is the mean.
    pub quality: f64,
}

impl Plan {
    /// First and last day, in days before today.
    pub fn days(&self, calendar: &Calendar) -> (i64, i64) {
        match self.runs {
            Runs::Ago(first, last) => (first, last),
            Runs::Yearly { month, day, days, back } => {
                let first = calendar.days_since(month, day, back);
                (first, first - days + 1)
            }
        }
    }
}

const fn ago(first: i64, last: i64) -> Runs {
    Runs::Ago(first, last)
}

const fn yearly(month: u32, day: u32, days: i64, back: i32) -> Runs {
    Runs::Yearly { month, day, days, back }
}

#[rustfmt::skip]
macro_rules! plans {
    ($($code:literal $name:literal $objective:ident $channel:ident $horizon:ident $fortune:ident $runs:expr,
        $budget:literal for $expected:literal $parent:expr; pull $pull:literal quality $quality:literal)*) => {
        [$(Plan {
            code: $code, name: $name, objective: Objective::$objective, channel: Channel::$channel,
            horizon: Horizon::$horizon, fortune: Fortune::$fortune, runs: $runs, budget: $budget, expected: $expected,
            parent: $parent, pull: $pull, quality: $quality,
        }),*]
    };
}

/// Parents stand before their parts; a part runs within the time of its parent.
#[rustfmt::skip]
pub const PLANS: [Plan; 22] = plans! {
    "search-always-on" "Search ads, always on" LeadGeneration PaidSearch LongTerm Runs ago(728, -120),
        186_000 for 620 None; pull 3.3 quality 1.05
    "newsletter" "Monthly newsletter" Engagement Email LongTerm Runs ago(725, -180),
        24_000 for 240 None; pull 1.2 quality 0.9
    "brand-films" "Brand: people behind the figures" Awareness Video LongTerm Runs ago(600, -240),
        62_000 for 0 None; pull 0.35 quality 0.6
    "brand-podcast" "Podcast for sales leaders" Awareness Pr LongTerm Runs ago(420, -300),
        21_000 for 0 None; pull 0.3 quality 0.9
    "partner-programme" "Partner programme" LeadGeneration Partner LongTerm Runs ago(640, -90),
        72_000 for 220 None; pull 1.1 quality 1.45
    "customer-referrals" "Customers recommend us" Conversion Referral LongTerm Runs ago(540, -60),
        18_500 for 130 None; pull 0.9 quality 1.7
    "webinar-programme" "Webinar programme" LeadGeneration Webinar LongTerm Runs ago(560, -30),
        58_000 for 260 None; pull 0.0 quality 1.0
    "webinar-forecast" "Webinar: a forecast that holds" LeadGeneration Webinar ShortTerm Runs ago(520, 495),
        12_500 for 60 Some("webinar-programme"); pull 8.0 quality 1.15
    "webinar-handover" "Webinar: from lead to deal" LeadGeneration Webinar ShortTerm Runs ago(300, 275),
        14_000 for 70 Some("webinar-programme"); pull 8.5 quality 1.25
    "webinar-attribution" "Webinar: what made the deal?" LeadGeneration Webinar ShortTerm Runs ago(26, -4),
        14_500 for 80 Some("webinar-programme"); pull 6.0 quality 1.15
    "fair-spring" "Logistics days, spring" LeadGeneration Event ShortTerm Runs yearly(4, 22, 3, 0),
        28_000 for 60 None; pull 12.0 quality 1.2
    "fair-autumn-last" "Autumn trade fair, last year" LeadGeneration Event ShortTerm Runs yearly(10, 14, 4, 1),
        58_000 for 90 None; pull 14.0 quality 1.25
    "fair-autumn" "Autumn trade fair" LeadGeneration Event ShortTerm Runs yearly(10, 14, 4, 0),
        64_000 for 100 None; pull 14.0 quality 1.25
    "fair-autumn-next" "Next autumn trade fair" LeadGeneration Event ShortTerm Runs yearly(10, 14, 4, -1),
        68_000 for 110 None; pull 0.0 quality 1.0
    "launch-attribution" "Launch: attribution for every deal" LeadGeneration PaidSocial ShortTerm Runs ago(210, 130),
        24_500 for 90 None; pull 2.6 quality 0.85
    "social-professionals" "Sales leaders on social networks" LeadGeneration PaidSocial ShortTerm Runs ago(480, 330),
        52_000 for 110 None; pull 2.2 quality 0.85
    "social-giveaway" "Win a tablet" Awareness PaidSocial ShortTerm Runs ago(400, 360),
        18_500 for 120 None; pull 12.0 quality 0.25
    "display-retargeting" "Second-look banners" Conversion Display ShortTerm Paused ago(210, -40),
        24_500 for 90 None; pull 1.3 quality 0.6
    "mailing-machines" "Letters to machine builders" LeadGeneration DirectMail ShortTerm Runs ago(150, 110),
        28_500 for 60 None; pull 4.6 quality 0.8
    "customer-study" "Study: what sellers need" Research Email ShortTerm Runs ago(130, 80),
        16_000 for 0 None; pull 0.5 quality 0.9
    "print-series" "Advertisements in trade journals" Awareness Pr ShortTerm Cancelled ago(330, 270),
        26_000 for 0 None; pull 0.0 quality 1.0
    "next-launch" "Launch: forecast by product" LeadGeneration PaidSocial ShortTerm Draft ago(-60, -120),
        42_000 for 90 None; pull 0.0 quality 1.0
};
