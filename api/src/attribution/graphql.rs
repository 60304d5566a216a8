//! Credit as it is read: the shares of a deal, the revenue of a campaign, the report over all of them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use async_graphql::resolver_utils::enum_value;
use async_graphql::{Name, Value};
use chrono::TimeDelta;
use entity::attribution_credit::AttributionModel;
use entity::enums::{Channel, DealStatus};
use futures_util::FutureExt;
use sea_orm::ActiveEnum;
use uuid::Uuid;

use super::facts::{self, CreditOf, Credited, Journey};
use super::journey::{self, Share};
use super::rules::Reason;
use crate::access::Kind;
use crate::error::{Error, Result};
use crate::graphql::value::{money_out, money_type, parse, text_of};
use crate::store::Reader;
use crate::store::descriptor::{Arg, Ask, Derived, Descriptor, Out, OutObject, OutType, Report, Shape, choice};
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
        out: OutType::List(Box::new(OutType::Object(Arc::clone(&SHARE), true)), false),
        load: |ask| load_shares(ask).boxed(),
    }
}

static SHARE: LazyLock<Arc<OutObject>> = LazyLock::new(|| {
    let reasons = OutType::List(Box::new(OutType::Choice(choice::<Reason>(), true)), true);
    OutObject::new(
        "AttributionShare",
        "The part of one touch in a deal, by one model.",
        vec![
            (
                "touchpoint",
                "The touch; null where the deal has none, or where it is hidden.",
                OutType::Node(Kind::Touchpoint),
            ),
            ("campaign", "The touch's campaign; null where it has none.", OutType::Node(Kind::Campaign)),
            (
                "channel",
                "The touch's channel; null where the deal has no touch.",
                OutType::Choice(choice::<Channel>(), false),
            ),
            ("weightBp", "The share in basis points: hundredths of a percent.", OutType::Scalar("Int!")),
            (
                "amount",
                "The share of the amount: in the base currency once the deal is won, else in the deal's own; null while \
                 the deal has no amount.",
                money_type(false),
            ),
            ("reasons", "Why the touch has its share; none where it has nothing.", reasons),
        ],
    )
});

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
    let shares = journey::shares(journey, model, look_back, cutoff, amount.unwrap_or_default());
    Out::List(shares.iter().map(|share| share_out(share, amount.map(|_| currency))).collect())
}

fn share_out(share: &Share, currency: Option<&str>) -> Out {
    let Share { touch, credit } = share;
    let node = |id: Option<Uuid>| id.map_or(Out::Null, Out::Node);
    Out::Object(vec![
        node(touch.map(|touch| touch.id)),
        node(touch.and_then(|touch| touch.campaign)),
        touch.map_or(Out::Null, |touch| Out::Value(enum_value(touch.channel))),
        Out::Value(Value::from(credit.weight_bp)),
        currency.map_or(Out::Null, |currency| money_out(credit.amount_minor, currency)),
        Out::List(credit.reasons.iter().map(|reason| Out::Value(enum_value(*reason))).collect()),
    ])
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
        out: OutType::Object(Arc::clone(&REPORT), false),
        load: |ask| load_report(ask).boxed(),
    }
}

static REPORT: LazyLock<Arc<OutObject>> = LazyLock::new(|| {
    let group = |name: &str, doc: &str, key: (&'static str, &'static str, OutType)| {
        let fields = vec![
            key,
            ("revenue", "Its shares in won deals, in the base currency.", money_type(true)),
            ("deals", "In how many won deals it has a share.", OutType::Scalar("Int!")),
        ];
        OutType::List(Box::new(OutType::Object(OutObject::new(name, doc, fields), true)), true)
    };
    let campaign = ("campaign", "The campaign; null where it was deleted.", OutType::Node(Kind::Campaign));
    let channel =
        ("channel", "The channel; null: deals without any touch.", OutType::Choice(choice::<Channel>(), false));
    OutObject::new(
        "AttributionReport",
        "Revenue of won deals and who gets the credit for it.",
        vec![
            ("revenue", "The revenue of the won deals: the sum of their base amounts.", money_type(true)),
            ("credited", "What campaigns are credited with.", money_type(true)),
            (
                "unattributed",
                "What no campaign is credited with: deals without a touch, touches without a campaign.",
                money_type(true),
            ),
            (
                "byCampaign",
                "The credited campaigns, largest first.",
                group("CampaignAttribution", "What one campaign is credited with.", campaign),
            ),
            (
                "byChannel",
                "The channels, largest first; they add up to the revenue.",
                group("ChannelAttribution", "What one channel is credited with.", channel),
            ),
        ],
    )
});

async fn load_report(ask: Ask<'_>) -> Result<Out> {
    let filter = credits_of(ask.reader, ask.args)?;
    let groups = facts::credited(ask.reader, &filter).await?;
    let money = |minor: i128| money_out(minor, ask.reader.base_currency());
    let line = |key: Out, group: &Credited| {
        Out::Object(vec![key, money(group.amount_minor), Out::Value(Value::from(group.deals))])
    };
    let (mut credited, mut unattributed) = (0_i128, 0_i128);
    let (mut by_campaign, mut by_channel) = (Vec::new(), Vec::new());
    for group in &groups {
        match group.of {
            CreditOf::Campaign(Some(campaign)) => {
                credited += group.amount_minor;
                by_campaign.push(line(Out::Node(campaign), group));
            }
            CreditOf::Campaign(None) => unattributed += group.amount_minor,
            CreditOf::Channel(channel) => {
                let key = channel.map_or(Out::Null, |channel| Out::Value(enum_value(channel)));
                by_channel.push(line(key, group));
            }
        }
    }
    Ok(Out::Object(vec![
        money(credited + unattributed),
        money(credited),
        money(unattributed),
        Out::List(by_campaign),
        Out::List(by_channel),
    ]))
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
