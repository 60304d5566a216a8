//! Credits of won deals, as they are kept: those of the touches that earned something.

use entity::attribution_credit::{self, AttributionModel};
use entity::enums::{Channel, DealStatus};
use entity::touchpoint;

use super::account::{Account, DealStory};
use super::chronicle::Chronicle;
use crate::attribution::rules::{Milestones, Model, Options, Touch, Window, credits, journey};

/// The models whose credits are kept, with the rule each stands for.
const MODELS: [(AttributionModel, Model); 5] = [
    (AttributionModel::FirstTouch, Model::FirstTouch),
    (AttributionModel::LastTouch, Model::LastTouch),
    (AttributionModel::Linear, Model::Linear),
    (AttributionModel::UShaped, Model::UShaped),
    (AttributionModel::TimeDecay, Model::TimeDecay),
];

/// Shares out the revenue of the account's won deals.
pub fn share_out(book: &mut Chronicle, account: &Account) {
    for story in &account.deals {
        if story.deal.status == DealStatus::Won {
            of_deal(book, account, story);
        }
    }
}

fn of_deal(book: &mut Chronicle, account: &Account, story: &DealStory) {
    let (Some(closed_at), Some(amount)) = (story.deal.closed_at, story.deal.base_amount_minor) else { return };
    let takes_part = |contact| story.people.iter().any(|(one, _)| *one == contact);
    let touches: Vec<&touchpoint::Model> = account
        .people
        .iter()
        .filter(|person| takes_part(person.contact.id))
        .flat_map(|person| &person.touches)
        .filter(|touch| touch.creditable)
        .collect();
    let milestones = Milestones {
        lead_created_at: story.lead_created_at,
        deal_created_at: story.deal.created_at,
        cutoff: closed_at,
    };
    let dated: Vec<Touch> = touches
        .iter()
        .map(|touch| Touch {
            id: touch.id,
            occurred_at: touch.occurred_at,
            channel_is_direct: touch.channel == Channel::Direct,
        })
        .collect();
    let journey = journey(&dated, &milestones, &Window::default());
    for (kept_as, model) in MODELS {
        for credit in credits(&journey, &milestones, model, &Options::default(), amount) {
            if credit.weight_bp == 0 && credit.amount_minor == 0 {
                continue;
            }
            let touch = touches.iter().find(|touch| Some(touch.id) == credit.touch);
            let row = attribution_credit::Model {
                id: book.chance.id(closed_at),
                deal_id: story.deal.id,
                touchpoint_id: credit.touch,
                campaign_id: touch.and_then(|touch| touch.campaign_id),
                channel: touch.map(|touch| touch.channel),
                model: kept_as,
                weight_bp: i32::try_from(credit.weight_bp).unwrap_or_default(),
                amount_minor: credit.amount_minor,
                closed_at,
            };
            book.credit([row]);
        }
    }
}
