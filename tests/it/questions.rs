//! The questions of `tests/cases/questions` are answered as the rows say: the whole answer to each is worked out here once more
//! from the rows themselves, on both databases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, SecondsFormat, Utc};
use chrono_tz::America::New_York;
use entity::attribution_credit::AttributionModel;
use entity::enums::DealStatus;
use entity::{
    attribution_credit, company, deal, exchange_rate, line_item, pipeline, product, stage, team, transition, user,
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tests::World;
use tributary::spelling::fold;
use uuid::Uuid;

use crate::cases::page::{Part, folder};
use crate::cases::scenarios;

#[tokio::test]
async fn every_question_is_answered_as_the_rows_say() {
    tests::each_database(async |world| {
        let answers = answers(&world).await;
        let books = Books::read(&world).await;
        let asked: Vec<_> = answers.keys().copied().collect();
        assert_eq!(asked, QUESTIONS.map(|(number, _)| number), "every question is asked and worked out");
        for (number, worked_out) in QUESTIONS {
            same(&answers[&number], &worked_out(&books), &format!("question {number}"));
        }
    })
    .await;
}

type Question = (u32, fn(&Books) -> Value);

/// Each question by its number, with how its answer is worked out.
const QUESTIONS: [Question; 25] = [
    (1, revenue_of_the_year),
    (2, revenue_by_month),
    (3, win_rate_by_owner),
    (4, manager_by_quarter),
    (5, manager_by_product_by_month),
    (6, revenue_by_industry),
    (7, revenue_by_region),
    (8, largest_customers),
    (9, large_customers),
    (10, frequent_customers),
    (11, different_customers),
    (12, without),
    (13, share_of_products),
    (14, this_quarter),
    (15, running_total),
    (16, a_year_ago),
    (17, deal_size),
    (18, sales_cycle),
    (19, open_and_old),
    (20, largest_deals),
    (21, new_and_repeat),
    (22, win_rate_by_size),
    (23, family),
    (24, weighted_pipeline),
    (25, credits_by_channel_and_week),
];

fn revenue_of_the_year(books: &Books) -> Value {
    let won = within(books.won(), "2025-01-01", "2026-01-01");
    let without = won.iter().filter(|deal| deal.base_amount_minor.is_none()).count();
    json!({ "deals": { "aggregate": {
        "count": won.len(), "withoutAmount": without, "sum": revenue(&won), "avg": base(mean(&amounts(&won))),
    } } })
}

fn revenue_by_month(books: &Books) -> Value {
    let groups = months("2025-01-01", 12, 1).into_iter().map(|(from, to)| {
        let day = |deal: &Deal| deal.closed_at.map(|at| at.with_timezone(&New_York).date_naive());
        let won: Vec<_> = books.won().filter(|deal| day(deal).is_some_and(|day| day >= from && day < to)).collect();
        json!({ "key": { "closedAt": from }, "count": won.len(), "sum": revenue(&won) })
    });
    grouped(groups)
}

fn win_rate_by_owner(books: &Books) -> Value {
    let decided = within(books.decided(), "2025-01-01", "2026-01-01");
    let mut groups: Vec<_> = by(decided, |deal| name(books.owner(deal))).into_iter().collect();
    let rate = |deals: &[&Deal]| float(count(&won_of(deals))) / float(count(deals));
    groups.sort_by(|(_, a), (_, b)| rate(b).total_cmp(&rate(a)));
    grouped(groups.iter().map(|(owner, deals)| with(win_rate(deals), &json!({ "key": { "owner": owner.shown() } }))))
}

fn manager_by_quarter(books: &Books) -> Value {
    let quarters = months("2025-04-01", 5, 3);
    let decided = within(books.decided(), "2025-04-01", "2026-07-01");
    let groups = by(decided, |deal| name(books.manager(deal)));
    grouped(groups.iter().flat_map(|(manager, deals)| {
        quarters.iter().map(|(from, to)| {
            let deals = between(deals, *from, *to);
            let key = json!({ "ownerKey": { "teamKey": { "lead": manager.shown() } }, "closedAt": from });
            with(win_rate(&deals), &json!({ "key": key, "sum": revenue(&won_of(&deals)) }))
        })
    }))
}

fn manager_by_product_by_month(books: &Books) -> Value {
    let sold = books.sold().filter(|line| {
        let closed = books.deal_of(line).closed_at.map(|at| at.date_naive());
        closed.is_some_and(|at| at >= day("2025-10-01") && at < day("2026-01-01"))
    });
    let month = |line: &Line| books.deal_of(line).closed_at.and_then(|at| at.date_naive().with_day(1));
    let key = |line: &Line| (name(books.manager(books.deal_of(line))), name(books.product(line)), month(line));
    lines(by(sold, key).iter().map(|((manager, product, month), sold)| {
        let deal = json!({ "ownerKey": { "teamKey": { "lead": manager.shown() } }, "closedAt": month });
        let key = json!({ "dealKey": deal, "product": product.shown() });
        json!({ "key": key, "count": sold.len(), "sum": sold_for(sold) })
    }))
}

fn share_of_products(books: &Books) -> Value {
    let all: i64 = books.sold().map(|line| line.total_minor).sum();
    let mut groups: Vec<_> = by(books.sold(), |line| name(books.product(line))).into_iter().collect();
    let worth = |sold: &[&Line]| sold.iter().map(|line| line.total_minor).sum::<i64>();
    groups.sort_by_key(|(_, sold)| Reverse(worth(sold)));
    lines(groups.iter().map(|(product, sold)| {
        let deals: BTreeSet<_> = sold.iter().map(|line| line.deal_id).collect();
        json!({
            "key": { "product": product.shown() }, "deals": deals.len(), "sum": sold_for(sold),
            "shareOfTotal": part(worth(sold), all),
        })
    }))
}

fn lines(groups: impl Iterator<Item = Value>) -> Value {
    json!({ "lineItems": { "groupBy": groups.collect::<Vec<_>>() } })
}

/// Lines of the demo are in the base currency.
fn sold_for(sold: &[&Line]) -> Value {
    json!({ "totalInBase": euros(Some(sold.iter().map(|line| line.total_minor).sum())) })
}

fn revenue_by_industry(books: &Books) -> Value {
    let groups = by(books.won(), |deal| label(books.company(deal).and_then(|company| company.industry.clone())));
    let all = total(&books.won().collect::<Vec<_>>());
    grouped(ranked(groups).into_iter().map(|(industry, deals)| {
        json!({
            "key": { "companyKey": { "industry": industry.text() } }, "count": deals.len(), "sum": revenue(&deals),
            "shareOfTotal": part(total(&deals), all),
        })
    }))
}

fn revenue_by_region(books: &Books) -> Value {
    let region = |deal: &Deal| name(books.team(deal).and_then(|team| books.teams.get(&team.parent_id?)));
    grouped(by(books.won(), region).iter().map(|(region, deals)| {
        let key = json!({ "ownerKey": { "teamKey": { "parent": region.shown() } } });
        json!({ "key": key, "count": deals.len(), "sum": revenue(deals) })
    }))
}

fn largest_customers(books: &Books) -> Value {
    let all = total(&books.won().collect::<Vec<_>>());
    let mut so_far = 0;
    grouped(ranked(books.customers()).into_iter().take(10).map(|(company, deals)| {
        so_far += total(&deals);
        json!({
            "key": { "company": company.shown() }, "count": deals.len(), "sum": revenue(&deals),
            "shareOfTotal": part(total(&deals), all), "runningTotal": decimal(so_far),
        })
    }))
}

fn large_customers(books: &Books) -> Value {
    let large = ranked(books.customers()).into_iter().filter(|(_, deals)| total(deals) > 10_000_000);
    grouped(large.map(|(company, deals)| json!({ "key": { "company": company.shown() }, "sum": revenue(&deals) })))
}

fn frequent_customers(books: &Books) -> Value {
    let more_than = |times: usize| {
        let mut often: Vec<_> = books.customers().into_iter().filter(|(_, deals)| deals.len() > times).collect();
        often.sort_by_key(|(_, deals)| Reverse(deals.len()));
        let groups = often.into_iter().map(|(company, deals)| (company.shown(), deals.len()));
        groups.map(|(company, count)| json!({ "key": { "company": company }, "count": count })).collect::<Vec<_>>()
    };
    json!({ "deals": { "over50": more_than(50), "over2": more_than(2) } })
}

fn different_customers(books: &Books) -> Value {
    let year = within(books.won(), "2025-01-01", "2026-01-01");
    let different = |deals: &[&Deal]| {
        let customers: BTreeSet<_> = deals.iter().filter_map(|deal| deal.company_id).collect();
        let owners: BTreeSet<_> = deals.iter().filter_map(|deal| deal.owner_id).collect();
        json!({ "customers": customers.len(), "owners": owners.len() })
    };
    let quarters = months("2025-01-01", 4, 3)
        .into_iter()
        .map(|(from, to)| with(different(&between(&year, from, to)), &json!({ "key": { "closedAt": from } })));
    json!({ "deals": { "aggregate": different(&year), "groupBy": quarters.collect::<Vec<_>>() } })
}

fn without(books: &Books) -> Value {
    let customers: BTreeSet<_> = books.won().filter_map(|deal| deal.company_id).collect();
    let owners: BTreeSet<_> = books.deals.iter().filter_map(|deal| deal.owner_id).collect();
    let mut companies: Vec<_> = books.companies.values().filter(|company| !customers.contains(&company.id)).collect();
    companies.sort_by_key(|company| name(Some(*company)));
    let mut users: Vec<_> = books.users.values().filter(|user| !owners.contains(&user.id)).collect();
    users.sort_by_key(|user| name(Some(*user)));
    let open = |of: &company::Model| {
        let open = books.deals.iter().filter(|deal| deal.status == DealStatus::Open && deal.company_id == Some(of.id));
        json!({ "name": of.name, "openDealCount": open.count() })
    };
    json!({
        "companies": {
            "totalCount": companies.len(),
            "nodes": companies.iter().take(50).map(|company| open(company)).collect::<Vec<_>>(),
        },
        "users": {
            "totalCount": users.len(),
            "nodes": users.iter().map(|user| json!({ "name": user.name, "role": user.role })).collect::<Vec<_>>(),
        },
    })
}

fn this_quarter(books: &Books) -> Value {
    let now = within(books.won(), "2026-01-01", "2026-04-01");
    let then = within(books.won(), "2025-10-01", "2026-01-01");
    json!({ "deals": { "aggregate": {
        "count": now.len(), "sum": revenue(&now),
        "compared": { "count": then.len(), "sum": revenue(&then) },
        "ofDeals": change(count(&now), count(&then)), "ofRevenue": change(total(&now), total(&then)),
    } } })
}

fn running_total(books: &Books) -> Value {
    let mut so_far = 0;
    grouped(months("2024-04-01", 24, 1).into_iter().map(|(from, to)| {
        let won = between(&books.won().collect::<Vec<_>>(), from, to);
        so_far += total(&won);
        json!({ "key": { "closedAt": from }, "sum": revenue(&won), "runningTotal": decimal(so_far) })
    }))
}

fn a_year_ago(books: &Books) -> Value {
    let all: Vec<_> = books.won().collect();
    let of = |from: NaiveDate, to: NaiveDate| {
        let back = |day: NaiveDate| day - Months::new(12);
        (between(&all, from, to), between(&all, back(from), back(to)))
    };
    let (now, then) = of(day("2025-04-01"), day("2026-04-01"));
    let months = months("2025-04-01", 12, 1).into_iter().map(|(from, to)| {
        let (now, then) = of(from, to);
        json!({
            "key": { "closedAt": from }, "count": now.len(), "sum": revenue(&now),
            "compared": { "count": then.len(), "sum": revenue(&then) }, "change": change(total(&now), total(&then)),
        })
    });
    let fiscal = |deal: &Deal| closed(deal).map(|day| day.year() - i32::from(day.month() < 4));
    let years = by(books.won(), fiscal).into_iter().map(|(year, deals)| {
        let first = year.map(|year| format!("{year}-04-01"));
        json!({ "key": { "closedAt": first }, "count": deals.len(), "sum": revenue(&deals) })
    });
    json!({ "deals": {
        "aggregate": {
            "sum": revenue(&now), "compared": { "sum": revenue(&then) }, "change": change(total(&now), total(&then)),
        },
        "months": months.collect::<Vec<_>>(), "years": years.collect::<Vec<_>>(),
    } })
}

fn deal_size(books: &Books) -> Value {
    let size = |deals: &[&Deal]| {
        let amounts: Vec<_> = amounts(deals).into_iter().map(float).collect();
        let at = |p: f64| {
            base(
                percentile(&amounts, p)
                    .map(|minor| format!("{:.0}", minor.round_ties_even()).parse().expect("minor units")),
            )
        };
        json!({ "median": at(0.5), "p90": at(0.9) })
    };
    let median =
        |deals: &[&Deal]| percentile(&amounts(deals).into_iter().map(float).collect::<Vec<_>>(), 0.5).expect("deals");
    let mut owners: Vec<_> = by(books.won(), |deal| name(books.owner(deal))).into_iter().collect();
    owners.sort_by(|(_, a), (_, b)| median(b).total_cmp(&median(a)));
    let owners = owners
        .iter()
        .map(|(owner, deals)| with(size(deals), &json!({ "key": { "owner": owner.shown() }, "count": deals.len() })));
    json!({ "deals": { "aggregate": size(&books.won().collect::<Vec<_>>()), "groupBy": owners.collect::<Vec<_>>() } })
}

fn sales_cycle(books: &Books) -> Value {
    grouped(by(books.won(), |deal| name(books.manager(deal))).iter().map(|(manager, deals)| {
        let took = deals.iter().filter_map(|deal| Some(deal.closed_at?.timestamp() - deal.created_at.timestamp()));
        let days: Vec<_> = took.map(|seconds| float(seconds * 1_000_000 / 86_400) / 1e6).collect();
        json!({
            "key": { "ownerKey": { "teamKey": { "lead": manager.shown() } } }, "count": deals.len(),
            "avg": { "daysToClose": days.iter().sum::<f64>() / float(count(deals)) },
            "median": { "daysToClose": percentile(&days, 0.5) },
        })
    }))
}

fn open_and_old(books: &Books) -> Value {
    let (on, made) = (moment("2025-10-01T00:00:00Z"), moment("2025-07-03T00:00:00Z"));
    let open = |deal: &&Deal| deal.created_at < made && deal.closed_at.is_none_or(|closed| closed >= on);
    let mut deals: Vec<_> = books.deals.iter().filter(open).collect();
    deals.sort_by_key(|deal| (deal.created_at, deal.id));
    let nodes = deals.iter().map(|deal| {
        let steps = books.transitions.iter().filter(|step| step.deal_id == Some(deal.id) && step.at < on);
        let last = steps.max_by_key(|step| (step.at, step.id)).map(|step| {
            let stage = step.to_stage_id.and_then(|id| books.stages.get(&id));
            let amount = step.amount_base_minor.map(|minor| base(Some(minor))["baseAmount"][0].clone());
            json!({
                "at": shown(step.at), "toStage": stage.map(|stage| json!({ "name": stage.name })),
                "amountBase": amount, "probability": step.probability,
            })
        });
        json!({
            "name": deal.name, "createdAt": shown(deal.created_at), "status": deal.status,
            "transitions": { "nodes": last.into_iter().collect::<Vec<_>>() },
        })
    });
    json!({ "deals": { "totalCount": deals.len(), "nodes": nodes.take(100).collect::<Vec<_>>() } })
}

fn largest_deals(books: &Books) -> Value {
    let owned = by(&books.deals, |deal| name(books.owner(deal)));
    let nodes = owned.iter().filter(|(owner, _)| owner.text().is_some()).map(|(owner, deals)| {
        let mut won = won_of(deals);
        won.sort_by_key(|deal| (Reverse(deal.base_amount_minor), Reverse(deal.id)));
        let largest = won.first().map(|deal| {
            json!({
                "name": deal.name, "closedAt": deal.closed_at.map(shown),
                "company": books.company(deal).map(|company| json!({ "name": company.name })),
                "baseAmount": base(deal.base_amount_minor)["baseAmount"][0],
            })
        });
        json!({ "name": owner.text(), "deals": { "nodes": largest.into_iter().collect::<Vec<_>>() } })
    });
    json!({ "users": { "nodes": nodes.collect::<Vec<_>>() } })
}

fn new_and_repeat(books: &Books) -> Value {
    let bought = by(books.won().filter(|deal| deal.company_id.is_some()), |deal| deal.company_id);
    let first_of =
        |deals: Vec<&Deal>| deals.into_iter().min_by_key(|deal| (deal.closed_at, deal.id)).expect("a deal").id;
    let first: BTreeSet<_> = bought.into_values().map(first_of).collect();
    let mut firsts: Vec<_> = books.won().filter(|deal| first.contains(&deal.id)).collect();
    firsts.sort_by_key(|deal| Reverse((deal.closed_at, deal.id)));
    let nodes = firsts.iter().take(100).map(|deal| {
        json!({
            "company": books.company(deal).map(|company| json!({ "name": company.name })),
            "closedAt": deal.closed_at.map(shown), "baseAmount": base(deal.base_amount_minor)["baseAmount"][0],
        })
    });
    let quarters = months("2024-04-01", 8, 3).into_iter().map(|(from, to)| {
        let won = between(&books.won().collect::<Vec<_>>(), from, to);
        let (new, known): (Vec<_>, Vec<_>) =
            won.iter().filter(|deal| deal.company_id.is_some()).partition(|deal| first.contains(&deal.id));
        json!({
            "key": { "closedAt": from }, "new": revenue(&new), "repeat": revenue(&known),
            "newPart": part(total(&new), total(&won)),
        })
    });
    json!({
        "firstPurchases": { "totalCount": firsts.len(), "nodes": nodes.collect::<Vec<_>>() },
        "quarters": { "groupBy": quarters.collect::<Vec<_>>() },
    })
}

fn win_rate_by_size(books: &Books) -> Value {
    let band = |deal: &Deal| {
        let band = books.company(deal).and_then(|company| company.size_band);
        label(band.map(|band| json!(band).as_str().expect("a word").to_owned()))
    };
    let by_staff = by(books.decided(), band)
        .into_iter()
        .map(|(band, deals)| with(win_rate(&deals), &json!({ "key": { "companyKey": { "sizeBand": band.text() } } })));
    let customers = books.customers();
    let bought: HashMap<_, _> =
        customers.values().filter_map(|deals| Some((deals[0].company_id?, total(deals)))).collect();
    let bounds = [(None, Some(1)), (Some(1), Some(20_000)), (Some(20_000), Some(100_000)), (Some(100_000), None)];
    let range = |deal: &Deal| {
        let bought = bought.get(&deal.company_id?).copied().unwrap_or_default();
        bounds.iter().position(|(_, to)| to.is_none_or(|to| bought < to * 100))
    };
    let ranges = by(books.decided(), |deal| (range(deal).is_none(), range(deal)));
    let by_revenue = ranges.into_iter().map(|((_, at), deals)| {
        let bound = |bound: Option<i64>| bound.map(|whole| decimal(whole * 100));
        let range = at.map(|at| json!({ "from": bound(bounds[at].0), "to": bound(bounds[at].1) }));
        with(win_rate(&deals), &json!({ "key": { "companyKey": { "revenueRange": range } } }))
    });
    json!({ "deals": { "byStaff": by_staff.collect::<Vec<_>>(), "byRevenue": by_revenue.collect::<Vec<_>>() } })
}

fn family(books: &Books) -> Value {
    let daughter = books
        .companies
        .values()
        .find(|company| company.parent_id.is_some_and(|id| books.companies[&id].parent_id.is_none()));
    let mother = daughter.and_then(|company| company.parent_id).expect("a family");
    let above = |company: &company::Model| {
        let up = |id: &Uuid| books.companies.get(id).and_then(|company| company.parent_id);
        std::iter::successors(Some(company.id), up).any(|id| id == mother)
    };
    let bought =
        |company: &company::Model| books.won().filter(|deal| deal.company_id == Some(company.id)).collect::<Vec<_>>();
    let mut members: Vec<_> = books.companies.values().filter(|company| above(company)).collect();
    members.sort_by_key(|company| Reverse(total(&bought(company))));
    assert_eq!(members.len(), 3);
    let deals: Vec<_> = members.iter().flat_map(|company| bought(company)).collect();
    let nodes = members.iter().map(|company| {
        let parent = company.parent_id.map(|id| json!({ "name": books.companies[&id].name }));
        let revenue = json!({ "amount": decimal(total(&bought(company))), "currency": "EUR" });
        json!({ "name": company.name, "parent": parent, "revenue": revenue })
    });
    json!({
        "companies": { "nodes": nodes.collect::<Vec<_>>() },
        "deals": { "aggregate": { "count": deals.len(), "sum": revenue(&deals) } },
    })
}

fn weighted_pipeline(books: &Books) -> Value {
    let open: Vec<_> = books.deals.iter().filter(|deal| deal.status == DealStatus::Open).collect();
    let weighted = |deals: &[&Deal]| {
        let worth = |deal: &&Deal| Some((books.in_base(deal)?, i64::from(books.chance(deal))));
        deals.iter().filter_map(worth).map(|(minor, chance)| half_even(minor * chance, 100)).reduce(|a, b| a + b)
    };
    let stage = |deal: &Deal| {
        let stage = &books.stages[&deal.stage_id];
        (name(books.pipelines.get(&stage.pipeline_id)), stage.position, stage.name.clone())
    };
    let groups = by(open.iter().copied(), stage).into_iter().map(|((pipeline, _, stage), deals)| {
        let worth: Vec<_> = deals.iter().filter_map(|deal| books.in_base(deal)).collect();
        json!({
            "key": { "stage": { "name": stage, "pipeline": pipeline.shown() } }, "count": deals.len(),
            "withoutAmount": deals.len() - worth.len(),
            "sum": {
                "amountInBase": euros(worth.iter().copied().reduce(|a, b| a + b)), "weightedAmount": euros(weighted(&deals)),
            },
        })
    });
    let groups: Vec<_> = groups.collect();
    json!({ "deals": { "groupBy": groups, "aggregate": { "sum": { "weightedAmount": euros(weighted(&open)) } } } })
}

fn credits_by_channel_and_week(books: &Books) -> Value {
    let weeks: Vec<_> = (0..9).map(|week| day("2025-12-29") + Days::new(7 * week)).collect();
    let week = |credit: &attribution_credit::Model| {
        let day = credit.closed_at.date_naive();
        day - Days::new(u64::from(day.weekday().num_days_from_monday()))
    };
    let credited = |credits: &[&attribution_credit::Model], model: AttributionModel, at: NaiveDate| {
        let these = credits.iter().filter(|credit| credit.model == model && week(credit) == at);
        json!({ "amount": euros(these.map(|credit| credit.amount_minor).reduce(|a, b| a + b)) })
    };
    let asked = [AttributionModel::FirstTouch, AttributionModel::LastTouch];
    let credits = books.credits.iter().filter(|credit| asked.contains(&credit.model) && weeks.contains(&week(credit)));
    let channel = |credit: &attribution_credit::Model| {
        label(credit.channel.map(|channel| json!(channel).as_str().expect("a word").to_owned()))
    };
    let groups = by(credits, channel).into_iter().flat_map(|(channel, credits)| {
        let beside = weeks.iter().map(|at| {
            json!({
                "key": { "channel": channel.text(), "closedAt": at },
                "firstTouch": credited(&credits, asked[0], *at), "lastTouch": credited(&credits, asked[1], *at),
            })
        });
        beside.collect::<Vec<_>>()
    });
    json!({ "attributionCredits": { "groupBy": groups.collect::<Vec<_>>() } })
}

/// The whole answers, by the numbers before the questions in the headings.
async fn answers(world: &World) -> BTreeMap<u32, Value> {
    let here = folder().join("questions");
    let scenario = scenarios().into_iter().find(|one| one.pages[0].path.starts_with(&here)).expect("the questions");
    let (mut scene, mut answers) = (scenario.scene(world).await, BTreeMap::new());
    for mut page in scenario.pages {
        for part in &mut page.parts {
            if let Part::Operation(operation) = part {
                operation.whole = true;
            }
        }
        let mut number = None;
        for part in scene.play(&page).await.parts {
            match (part, number) {
                (Part::Line(line), _) if line.starts_with("### ") => {
                    number =
                        line.trim_start_matches("### ").split_once(". ").and_then(|(number, _)| number.parse().ok());
                }
                (Part::Operation(operation), Some(number)) => {
                    assert_eq!(operation.errors, "", "question {number}");
                    let answer = serde_json::from_str(&operation.data).expect("JSON");
                    assert_eq!(answers.insert(number, answer), None, "question {number} is one query");
                }
                _ => {}
            }
        }
    }
    answers
}

type Deal = deal::Model;

/// The rows, as they lie in the tables.
type Line = line_item::Model;

struct Books {
    deals: Vec<Deal>,
    lines: Vec<Line>,
    products: HashMap<Uuid, product::Model>,
    companies: HashMap<Uuid, company::Model>,
    users: HashMap<Uuid, user::Model>,
    teams: HashMap<Uuid, team::Model>,
    pipelines: HashMap<Uuid, pipeline::Model>,
    stages: HashMap<Uuid, stage::Model>,
    transitions: Vec<transition::Model>,
    rates: Vec<exchange_rate::Model>,
    credits: Vec<attribution_credit::Model>,
    today: NaiveDate,
}

impl Books {
    async fn read(world: &World) -> Self {
        async fn all<E: EntityTrait>(world: &World) -> Vec<E::Model> {
            E::find().all(&world.raw).await.expect("rows")
        }
        fn by_id<M>(rows: Vec<M>, id: impl Fn(&M) -> Uuid) -> HashMap<Uuid, M> {
            rows.into_iter().map(|row| (id(&row), row)).collect()
        }
        let deals = all::<deal::Entity>(world).await;
        Self {
            deals: deals.into_iter().filter(|deal| deal.deleted_at.is_none()).collect(),
            lines: all::<line_item::Entity>(world).await,
            products: by_id(all::<product::Entity>(world).await, |row| row.id),
            companies: by_id(all::<company::Entity>(world).await, |row| row.id),
            users: by_id(all::<user::Entity>(world).await, |row| row.id),
            teams: by_id(all::<team::Entity>(world).await, |row| row.id),
            pipelines: by_id(all::<pipeline::Entity>(world).await, |row| row.id),
            stages: by_id(all::<stage::Entity>(world).await, |row| row.id),
            transitions: all::<transition::Entity>(world).await,
            rates: all::<exchange_rate::Entity>(world).await,
            credits: all::<attribution_credit::Entity>(world).await,
            today: world.now().date_naive(),
        }
    }

    fn won(&self) -> impl Iterator<Item = &Deal> {
        self.deals.iter().filter(|deal| deal.status == DealStatus::Won)
    }

    fn decided(&self) -> impl Iterator<Item = &Deal> {
        self.deals.iter().filter(|deal| deal.status != DealStatus::Open)
    }

    fn company(&self, deal: &Deal) -> Option<&company::Model> {
        self.companies.get(&deal.company_id?)
    }

    fn owner(&self, deal: &Deal) -> Option<&user::Model> {
        self.users.get(&deal.owner_id?)
    }

    /// That of the owner.
    fn team(&self, deal: &Deal) -> Option<&team::Model> {
        self.teams.get(&self.owner(deal)?.team_id?)
    }

    /// Who leads it.
    fn manager(&self, deal: &Deal) -> Option<&user::Model> {
        self.users.get(&self.team(deal)?.lead_id?)
    }

    fn deal_of(&self, line: &Line) -> &Deal {
        self.deals.iter().find(|deal| deal.id == line.deal_id).expect("a deal")
    }

    fn product(&self, line: &Line) -> Option<&product::Model> {
        self.products.get(&line.product_id?)
    }

    /// The lines of won deals.
    fn sold(&self) -> impl Iterator<Item = &Line> {
        let won: BTreeSet<_> = self.won().map(|deal| deal.id).collect();
        self.lines.iter().filter(move |line| line.deleted_at.is_none() && won.contains(&line.deal_id))
    }

    /// The won deals of each company.
    fn customers(&self) -> BTreeMap<Label, Vec<&Deal>> {
        by(self.won(), |deal| name(self.company(deal)))
    }

    fn chance(&self, deal: &Deal) -> i32 {
        deal.probability_override.unwrap_or(self.stages[&deal.stage_id].probability)
    }

    /// What an open deal is worth at the newest rate.
    fn in_base(&self, deal: &Deal) -> Option<i64> {
        let minor = deal.amount_minor?;
        if deal.currency == "EUR" {
            return Some(minor);
        }
        assert!(["CHF", "GBP", "USD"].contains(&deal.currency.as_str()), "{} has two digits", deal.currency);
        let known = self.rates.iter().filter(|rate| rate.currency == deal.currency && rate.date <= self.today);
        let rate = known.max_by_key(|rate| rate.date)?.rate_e8;
        Some(half_even(minor * rate, 100_000_000))
    }
}

/// What rows are put together by: in the order of people, what is missing last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Label(bool, Vec<u8>, Option<String>, Option<Uuid>);

impl Label {
    fn text(&self) -> Option<&str> {
        self.2.as_deref()
    }

    /// A row with its name.
    fn shown(&self) -> Value {
        json!(self.text().map(|name| json!({ "name": name })))
    }
}

fn label(text: Option<String>) -> Label {
    Label(text.is_none(), text.as_deref().map(fold::sorted).unwrap_or_default(), text, None)
}

/// What has a name.
trait Named {
    fn named(&self) -> (&str, Uuid);
}

macro_rules! named {
    ($($of:ident),*) => {
        $(impl Named for $of::Model {
            fn named(&self) -> (&str, Uuid) {
                (&self.name, self.id)
            }
        })*
    };
}

named!(company, user, team, pipeline, product);

fn name(of: Option<&impl Named>) -> Label {
    let named = of.map(Named::named);
    Label(
        named.is_none(),
        named.map(|(name, _)| fold::sorted(name)).unwrap_or_default(),
        named.map(|(name, _)| name.to_owned()),
        named.map(|(_, id)| id),
    )
}

fn by<'a, T, K: Ord>(rows: impl IntoIterator<Item = &'a T>, key: impl Fn(&T) -> K) -> BTreeMap<K, Vec<&'a T>> {
    let mut groups: BTreeMap<K, Vec<&T>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

/// Those with the most revenue first.
fn ranked<K>(groups: BTreeMap<K, Vec<&Deal>>) -> Vec<(K, Vec<&Deal>)> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, deals)| Reverse(total(deals)));
    groups
}

fn grouped(groups: impl Iterator<Item = Value>) -> Value {
    json!({ "deals": { "groupBy": groups.collect::<Vec<_>>() } })
}

/// An object with the fields of another one.
fn with(mut object: Value, more: &Value) -> Value {
    let fields = more.as_object().expect("an object").clone();
    object.as_object_mut().expect("an object").extend(fields);
    object
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// So many spans of so many months, from a day on.
fn months(from: &str, spans: u32, each: u32) -> Vec<(NaiveDate, NaiveDate)> {
    let at = |number: u32| day(from) + Months::new(number * each);
    (0..spans).map(|number| (at(number), at(number + 1))).collect()
}

fn closed(deal: &Deal) -> Option<NaiveDate> {
    deal.closed_at.map(|at| at.date_naive())
}

fn within<'a>(deals: impl Iterator<Item = &'a Deal>, from: &str, to: &str) -> Vec<&'a Deal> {
    between(&deals.collect::<Vec<_>>(), day(from), day(to))
}

fn between<'a>(deals: &[&'a Deal], from: NaiveDate, to: NaiveDate) -> Vec<&'a Deal> {
    deals.iter().copied().filter(|deal| closed(deal).is_some_and(|day| day >= from && day < to)).collect()
}

fn won_of<'a>(deals: &[&'a Deal]) -> Vec<&'a Deal> {
    deals.iter().copied().filter(|deal| deal.status == DealStatus::Won).collect()
}

fn count(deals: &[&Deal]) -> i64 {
    i64::try_from(deals.len()).expect("few")
}

fn amounts(deals: &[&Deal]) -> Vec<i64> {
    deals.iter().filter_map(|deal| deal.base_amount_minor).collect()
}

fn total(deals: &[&Deal]) -> i64 {
    amounts(deals).iter().sum()
}

fn mean(amounts: &[i64]) -> Option<i64> {
    let many = i64::try_from(amounts.len()).expect("few");
    (many > 0).then(|| half_even(amounts.iter().sum(), many))
}

/// `{ baseAmount: [{ amount, currency }] }`: nothing where no deal has an amount.
fn revenue(deals: &[&Deal]) -> Value {
    base(amounts(deals).into_iter().reduce(|a, b| a + b))
}

fn base(minor: Option<i64>) -> Value {
    json!({ "baseAmount": euros(minor) })
}

fn euros(minor: Option<i64>) -> Value {
    let amounts = minor.map(|minor| json!({ "amount": decimal(minor), "currency": "EUR" }));
    Value::from_iter(amounts)
}

fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn half_even(numerator: i64, denominator: i64) -> i64 {
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    whole + i64::from(rest * 2 > denominator || (rest * 2 == denominator && whole % 2 == 1))
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn float(number: i64) -> f64 {
    number as f64
}

/// A part of a whole; nothing of nothing.
fn part(of: i64, whole: i64) -> Value {
    json!((whole != 0).then(|| float(of) / float(whole)))
}

fn change(now: i64, then: i64) -> Value {
    part(now - then, then)
}

/// Between the two neighbours in proportion.
fn percentile(values: &[f64], p: f64) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let place = p * float(i64::try_from(last).ok()?);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among few values")]
    let below = place.floor() as usize;
    let (low, high) = (values[below], values[(below + 1).min(last)]);
    Some(low + (high - low) * place.fract())
}

fn win_rate(deals: &[&Deal]) -> Value {
    let won = won_of(deals).len();
    json!({ "won": won, "lost": deals.len() - won, "winRate": part(count(&won_of(deals)), count(deals)) })
}

/// The same, but for the last digits of fractions.
fn same(told: &Value, expected: &Value, at: &str) {
    match (told, expected) {
        (Value::Object(told), Value::Object(expected)) => {
            let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(told), names(expected), "{at}");
            told.iter().for_each(|(name, told)| same(told, &expected[name], &format!("{at}.{name}")));
        }
        (Value::Array(told), Value::Array(expected)) => {
            for (place, (told, expected)) in told.iter().zip(expected).enumerate() {
                same(told, expected, &format!("{at}.{place}"));
            }
            assert_eq!(told.len(), expected.len(), "{at}");
        }
        (Value::Number(told), Value::Number(expected)) if told.is_f64() || expected.is_f64() => {
            let [told, expected] = [told, expected].map(|number| number.as_f64().expect("a number"));
            assert!((told - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{at}: {told}, not {expected}");
        }
        _ => assert_eq!(told, expected, "{at}"),
    }
}
