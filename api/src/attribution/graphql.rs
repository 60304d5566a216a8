//! Credit as it is read: the shares of a deal, the revenue of a campaign, the report over all of them.

use std::collections::HashMap;

use async_graphql::{Name, Value};
use chrono::TimeDelta;
use entity::attribution_credit::AttributionModel;
use entity::enums::{Channel, DealStatus};
use entity::{campaign, touchpoint};
use futures_util::FutureExt;
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::facts::{self, CreditOf, Credited, Journey};
use super::journey::{self, Share};
use super::rules::Reason;
use crate::access::Kind;
use crate::answer;
use crate::error::{Error, Result};
use crate::graphql::answer::{Answer, Choice, Money, Node};
use crate::graphql::value::{money_out, money_type, parse, text_of};
use crate::store::Reader;
use crate::store::descriptor::{Arg, Ask, Derived, Descriptor, Out, Report, Shape};
use crate::store::filter::{Comparison, Filter, Test};

type Args = async_graphql::indexmap::IndexMap<Name, Value>;

/// A look-back of ten years reaches every journey.
const LONGEST_LOOK_BACK_DAYS: i64 = 3_650;

/// `Deal.attribution`
pub fn shares() -> Derived {
    Derived {
        name: "attribution",
        doc: "Every touch that led to the deal, in order, with its share by one model; a share of zero is listed, too. \
              One share without a touch where there is none. Shares add up to 10,000 basis points and to the deal's \
              amount. The journey: the creditable touches of its contacts and of its lead's contact, from the \
              look-back to the closing (to now while it is open). Read by all who see the deal.",
        args: vec![
            model_arg(),
            Arg {
                name: "lookBackDays",
                doc: "How far back before the closing (or now) touches count, in days: 1 to 3650.",
                ty: "Int",
                default: Some("365"),
            },
        ],
        out: Vec::<AttributionShare>::ty(false),
        load: |ask| load_shares(ask).boxed(),
    }
}

answer! {
    /// The part of one touch in a deal, by one model.
    struct AttributionShare {
        /// The touch; null where the deal has none, or where it is hidden.
        touchpoint: Node<touchpoint::Entity>,
        /// The touch's campaign; null where it has none.
        campaign: Node<campaign::Entity>,
        /// The touch's channel; null where the deal has no touch.
        channel: Option<Choice<Channel>>,
        /// The share in basis points: hundredths of a percent.
        weight_bp: i64,
        /// The share of the amount: in the base currency once the deal is won, else in the deal's own; null while
        /// the deal has no amount.
        amount: Option<Money>,
        /// Why the touch has its share; none where it has nothing.
        reasons: Vec<Choice<Reason>>,
    }

    /// Revenue of won deals and who gets the credit for it.
    struct AttributionReport {
        /// The revenue of the won deals: the sum of their base amounts.
        revenue: Money,
        /// What campaigns are credited with.
        credited: Money,
        /// What no campaign is credited with: deals without a touch, touches without a campaign.
        unattributed: Money,
        /// The credited campaigns, largest first.
        by_campaign: Vec<CampaignAttribution>,
        /// The channels, largest first; they add up to the revenue.
        by_channel: Vec<ChannelAttribution>,
    }

    /// What one campaign is credited with.
    struct CampaignAttribution {
        /// The campaign; null where it was deleted.
        campaign: Node<campaign::Entity>,
        /// Its shares in won deals, in the base currency.
        revenue: Money,
        /// In how many won deals it has a share.
        deals: i64,
    }

    /// What one channel is credited with.
    struct ChannelAttribution {
        /// The channel; null: deals without any touch.
        channel: Option<Choice<Channel>>,
        /// Its shares in won deals, in the base currency.
        revenue: Money,
        /// In how many won deals it has a share.
        deals: i64,
    }
}

async fn load_shares(ask: Ask<'_>) -> Result<HashMap<Uuid, Out>> {
    let model = model(ask.args)?;
    let look_back = look_back(ask.args)?;
    let journeys = facts::seen(ask.reader, ask.ids).await?;
    Ok(journeys.iter().map(|journey| (journey.deal, shares_out(ask.reader, journey, model, look_back))).collect())
}

fn shares_out(reader: &Reader, journey: &Journey, model: AttributionModel, look_back: TimeDelta) -> Out {
    let (amount, currency) = match journey.status {
        DealStatus::Won => (journey.base_amount_minor, reader.base_currency()),
        DealStatus::Open | DealStatus::Lost => (journey.amount_minor, journey.currency.as_str()),
    };
    let cutoff = journey.closed_at.unwrap_or_else(|| reader.now());
    let currency = amount.map(|_| currency);
    let shares = journey::shares(journey, model, look_back, cutoff, amount.unwrap_or_default());
    shares.iter().map(|share| share_of(share, currency)).collect::<Vec<_>>().out()
}

fn share_of(share: &Share, currency: Option<&str>) -> AttributionShare {
    let Share { touch, credit } = share;
    AttributionShare {
        touchpoint: touch.map(|touch| touch.id).into(),
        campaign: touch.and_then(|touch| touch.campaign).into(),
        channel: touch.map(|touch| Choice(touch.channel)),
        weight_bp: credit.weight_bp.into(),
        amount: currency.map(|currency| Money::new(credit.amount_minor, currency)),
        reasons: credit.reasons.iter().copied().map(Choice).collect(),
    }
}

/// `Campaign.revenue`
pub fn campaign_revenue() -> Derived {
    let mut args = vec![model_arg()];
    args.extend(window_args());
    Derived {
        name: "revenue",
        doc: "The campaign's credited revenue in the base currency: the sum of its shares in deals won in the window, by \
              one model. A SALES_REP gets the deals that they may see.",
        args,
        out: money_type(false),
        load: |ask| load_revenue(ask).boxed(),
    }
}

async fn load_revenue(ask: Ask<'_>) -> Result<HashMap<Uuid, Out>> {
    let filter = credits_of(ask.reader, ask.args)?;
    let sums = ask.reader.sums(Kind::AttributionCredit, "amount", "campaign_id", ask.ids, &filter).await?;
    let out = |id: &Uuid| money_out(sums.get(id).copied().unwrap_or_default(), ask.reader.base_currency());
    Ok(ask.ids.iter().map(|id| (*id, out(id))).collect())
}

/// The root field `attribution`.
pub fn report() -> Report {
    let mut args = vec![model_arg()];
    args.extend(window_args());
    Report {
        name: "attribution",
        doc: "Which campaigns and channels made the revenue of the deals won in a window, by one model. Exact to the \
              minor unit: the campaigns and `unattributed` add up to `revenue`, and so do the channels. All roles; a \
              SALES_REP gets the figures of the deals that they may see.",
        over: Kind::AttributionCredit,
        relations: &[&facts::DEALS, &facts::TOUCHES, &facts::CREDITS],
        args,
        out: AttributionReport::ty(false),
        load: |ask| load_report(ask).boxed(),
    }
}

async fn load_report(ask: Ask<'_>) -> Result<Out> {
    let filter = credits_of(ask.reader, ask.args)?;
    let groups = facts::credited(ask.reader, &filter).await?;
    let money = |minor: i128| Money::new(minor, ask.reader.base_currency());
    let (mut credited, mut unattributed) = (0, 0);
    let (mut by_campaign, mut by_channel) = (Vec::new(), Vec::new());
    for Credited { of, deals, amount_minor } in groups {
        let revenue = money(amount_minor);
        match of {
            CreditOf::Campaign(Some(campaign)) => {
                credited += amount_minor;
                by_campaign.push(CampaignAttribution { campaign: campaign.into(), revenue, deals });
            }
            CreditOf::Campaign(None) => unattributed += amount_minor,
            CreditOf::Channel(channel) => {
                by_channel.push(ChannelAttribution { channel: channel.map(Choice), revenue, deals });
            }
        }
    }
    let (revenue, credited, unattributed) = (money(credited + unattributed), money(credited), money(unattributed));
    Ok(AttributionReport { revenue, credited, unattributed, by_campaign, by_channel }.out())
}

fn model_arg() -> Arg {
    Arg { name: "model", doc: "How the credit is shared out.", ty: "AttributionModel!", default: None }
}

fn window_args() -> [Arg; 2] {
    [
        Arg {
            name: "from",
            doc: "Deals won at or after this moment; from the beginning unless given.",
            ty: "DateTime",
            default: None,
        },
        Arg {
            name: "to",
            doc: "Deals won before this moment; to the end unless given.",
            ty: "DateTime",
            default: None,
        },
    ]
}

fn model(args: &Args) -> Result<AttributionModel> {
    let spelled = args.get("model").and_then(text_of).unwrap_or_default().to_owned();
    AttributionModel::try_from_value(&spelled).map_err(|_| Error::bad_input("model: expected an AttributionModel."))
}

fn look_back(args: &Args) -> Result<TimeDelta> {
    let days = match args.get("lookBackDays") {
        Some(Value::Number(number)) => number.as_i64(),
        _ => Some(super::rules::DEFAULT_LOOK_BACK.num_days()),
    };
    days.filter(|days| (1..=LONGEST_LOOK_BACK_DAYS).contains(days))
        .map(TimeDelta::days)
        .ok_or_else(|| Error::bad_input(format!("lookBackDays: expected 1 to {LONGEST_LOOK_BACK_DAYS}.")))
}

/// The credits of one model for deals won in the window, which is half open.
fn credits_of(reader: &Reader, args: &Args) -> Result<Filter> {
    let of = reader.graph().of(Kind::AttributionCredit);
    let spelled = model(args)?.to_value();
    let mut tests = vec![test(of, "model", Comparison::Eq, spelled.into())?];
    for (name, comparison) in [("from", Comparison::Gte), ("to", Comparison::Lt)] {
        match args.get(name) {
            None | Some(Value::Null) => {}
            Some(moment) => {
                let moment = parse(Shape::DateTime, moment, None, name)?;
                tests.push(test(of, "closedAt", comparison, moment)?);
            }
        }
    }
    Ok(Filter::And(tests))
}

fn test(of: &'static Descriptor, field: &str, comparison: Comparison, value: sea_orm::Value) -> Result<Filter> {
    let field = of.field(field).ok_or_else(|| Error::internal(format!("no field {field}")))?;
    Ok(Filter::Test(field, Test::Compare(comparison, value, None)))
}
