//! `aggregate` and `groupBy`: what of them a client wants, the statements it takes, and the figures.
//!
//! | file | subject |
//! | --- | --- |
//! | `schema.rs` | the types |
//! | `ask.rs` | from a selection to questions: which figure is measured in which statement |
//! | `figure.rs` | `DealFigure`: a figure as an argument, for ratios, shares, orders and conditions |
//! | `key.rs` | what rows are grouped by |
//! | `window.rs` | the days that are looked at, those they are compared with, the calendar between |
//! | `cell.rs` | the rows of a group as a filter |
//! | `fold.rs` | what the statements found, put together for each group |
//! | `answer.rs` | the answer |
//!
//! Amounts of different currencies are never mixed: their currency is a further key of the statement, and its groups are
//! folded into the client's. What relates figures takes amounts in the base currency only.

mod answer;
mod ask;
mod cell;
mod figure;
mod fold;
mod key;
mod schema;
mod window;

use chrono_tz::Tz;

use super::load::{Answers, name_rows};
use super::pick::Picked;
use super::plan::{Connection, OutPlan, Planner};
use super::value::{items, string_of, text_of};
use crate::error::{Error, Result};
use crate::spelling::spell;
use crate::store::Reader;
use crate::store::descriptor::{Descriptor, Text};
use crate::store::figures::{By, Ranking};
use crate::store::filter::{Comparison, Filter};
use crate::store::select::Of;
use async_graphql::Value;

use self::ask::Asked;
use self::cell::Frame;
use self::fold::all_of;
use self::key::Keys;
use self::window::Window;
pub use schema::{register, shared};

/// At most so many groups are answered.
const MOST_GROUPS: usize = 1_000;
/// At most so many rows a grouping statement may give (groups times currencies times parents).
const MOST_GROUP_ROWS: u64 = 50_000;
/// At most so many figures are asked for at once.
const MOST_FIGURES: usize = 100;

/// A planned `aggregate` or `groupBy`.
pub struct FiguresPlan {
    of: &'static Descriptor,
    /// None for an aggregate.
    keys: Option<Keys>,
    asked: Asked,
    /// What is asked of the days that are compared with.
    then: Option<Asked>,
    window: Option<Window>,
    frame: Frame,
    out: OutPlan,
}

impl FiguresPlan {
    /// Plans `aggregate(window, timeZone)`.
    ///
    /// # Errors
    /// BAD_USER_INPUT, FORBIDDEN, FORBIDDEN_FIELD.
    pub fn aggregate(planner: &Planner<'_>, list: &Connection, picked: &Picked<'_>) -> Result<Self> {
        let of = list.of;
        let zone = zone(planner, picked)?;
        let window = Window::read(planner.reader, of, picked.args.get("window"), zone)?;
        if window.as_ref().is_some_and(|window| window.fill) {
            return Err(Error::bad_input("window: only groups are filled in; ask groupBy."));
        }
        let mut asked = Asked::new(of, None);
        let (out, then) = asked.select(planner, &picked.below, None, window.as_ref())?;
        Ok(Self { of, keys: None, asked, then, window, frame: frame(planner, list, zone), out })
    }

    /// Plans `groupBy(by, timeZone, window, orderBy, having, first)`.
    ///
    /// # Errors
    /// BAD_USER_INPUT, FORBIDDEN, FORBIDDEN_FIELD.
    pub fn groups(planner: &Planner<'_>, list: &Connection, picked: &Picked<'_>) -> Result<Self> {
        let (of, partition) = (list.of, list.partition);
        let zone = zone(planner, picked)?;
        let given = |name: &str| picked.args.get(name).filter(|value| **value != Value::Null);
        let mut window = Window::read(planner.reader, of, given("window"), zone)?;
        let by = given("by").ok_or_else(|| Error::bad_input("by: expected at least one field."))?;
        let mut keys = Keys::read(planner.reader, of, by, zone)?;
        let plain = ["timeZone", "window", "orderBy", "having", "first"].iter().all(|name| given(name).is_none());
        keys.month = partition.filter(|_| plain).and_then(|partition| key::month_of(items(by), &partition));
        if let Some(window) = &window {
            keys.check(window)?;
        }
        let mut asked = Asked::new(of, Some(&keys));
        let ranking = ranking(planner, &mut asked, &keys, picked)?;
        if let (Some(ranking), Some(window)) = (&ranking, window.as_mut().filter(|window| window.fill)) {
            window.backwards = calendar_order(ranking, keys.len())?;
        }
        asked.rank(ranking);
        let (out, then) = asked.select(planner, &picked.below, Some(&keys), window.as_ref())?;
        let frame = frame(planner, list, zone);
        Ok(Self { of, keys: Some(keys), asked, then, window, frame, out: OutPlan::List(Box::new(out)) })
    }

    /// What of the answer is wanted.
    pub fn out(&self) -> &OutPlan {
        &self.out
    }

    /// Runs it.
    ///
    /// # Errors
    /// BAD_USER_INPUT: too many groups; FORBIDDEN_FIELD in the filter; database errors.
    pub async fn load(&self, reader: &Reader, rows: Of<'_>, filter: Option<&Filter>, weight: u64) -> Result<Answers> {
        let most = self.keys.as_ref().map(|_| MOST_GROUP_ROWS);
        let now = all_of(filter, self.window.as_ref().map(Window::now).as_slice());
        let mut found = self.asked.load(reader, rows, now.as_ref(), most, weight).await?;
        // Days without rows stand beside those of then as well.
        if let (Some(keys), Some(window)) = (&self.keys, self.window.as_ref().filter(|window| window.fill)) {
            found.fill(rows, keys, window)?;
        }
        if let (Some(then), Some(window)) = (&self.then, &self.window) {
            let before: Vec<_> = window.then().into_iter().chain(found.narrowed.iter().cloned()).collect();
            let before = all_of(filter, &before);
            let compared = then.load(reader, rows, before.as_ref(), most, weight).await?;
            found.beside(compared, |cell, place| window.counterpart(self.keys.as_ref(), cell, place));
        }
        if self.keys.is_some() && found.largest() > MOST_GROUPS {
            return Err(Error::bad_input(format!(
                "by: more than {MOST_GROUPS} groups. Narrow the filter, use a longer bucket, or ask for the `first` of them."
            )));
        }
        let by_row =
            found.by_parent.into_iter().map(|(parent, groups)| (parent, self.answer(reader, rows, parent, &groups)));
        name_rows(reader, self.out(), by_row.collect()).await
    }
}

/// What all groups of a list have in common.
fn frame(planner: &Planner<'_>, list: &Connection, zone: Tz) -> Frame {
    let reader = planner.reader;
    let calendar = reader.calendar().in_zone(zone);
    Frame { of: list.of, filter: list.given.clone(), calendar, base: reader.base_currency().to_owned() }
}

/// `orderBy`, `having` and `first` of groups.
fn ranking(planner: &Planner<'_>, asked: &mut Asked, keys: &Keys, picked: &Picked<'_>) -> Result<Option<Ranking>> {
    let given = |name: &str| picked.args.get(name).filter(|value| **value != Value::Null);
    let mut ranking = Ranking::default();
    for (at, item) in given("orderBy").map(items).unwrap_or_default().iter().enumerate() {
        let wrong = || Error::bad_input(format!("orderBy.{at}: expected either a `figure` or a `key`."));
        let Value::Object(item) = item else { return Err(wrong()) };
        let given = |name: &str| item.get(name).filter(|value| **value != Value::Null);
        let descending = given("direction").and_then(text_of) == Some("DESC");
        let by = match (given("figure"), given("key")) {
            (Some(figure), None) => By::Number(asked.number(planner, figure, &format!("orderBy.{at}.figure"))?.0),
            (None, Some(Value::Number(key))) => {
                let key = key.as_u64().and_then(|key| usize::try_from(key).ok()).filter(|key| *key < keys.len());
                By::Key(key.ok_or_else(|| {
                    Error::bad_input(format!("orderBy.{at}.key: expected the place of a key in `by`, from 0."))
                })?)
            }
            _ => return Err(wrong()),
        };
        ranking.order.push((by, descending));
    }
    if ranking.order.len() > 4 {
        return Err(Error::bad_input("orderBy: at most 4 keys."));
    }
    for (at, item) in given("having").map(items).unwrap_or_default().iter().enumerate() {
        let at = format!("having.{at}");
        let Value::Object(item) = item else {
            return Err(Error::bad_input(format!("{at}: expected a figure and what it must be.")));
        };
        let figure = item.get("figure").ok_or_else(|| Error::bad_input(format!("{at}: expected a figure.")))?;
        let (number, unit) = asked.number(planner, figure, &format!("{at}.figure"))?;
        for (name, comparison) in [
            ("eq", Comparison::Eq),
            ("ne", Comparison::Ne),
            ("lt", Comparison::Lt),
            ("lte", Comparison::Lte),
            ("gt", Comparison::Gt),
            ("gte", Comparison::Gte),
        ] {
            if let Some(value) = item.get(name).filter(|value| **value != Value::Null) {
                ranking.having.push((number, comparison, unit.parse(value, &format!("{at}.{name}"))?));
            }
        }
    }
    ranking.first = match given("first") {
        None => None,
        Some(Value::Number(first)) => {
            let first = first.as_u64().filter(|first| *first <= MOST_GROUPS as u64);
            Some(first.ok_or_else(|| Error::bad_input(format!("first: expected 0 to {MOST_GROUPS} groups.")))?)
        }
        Some(_) => return Err(Error::bad_input("first: expected a whole number.")),
    };
    let asks = !ranking.order.is_empty() || !ranking.having.is_empty() || ranking.first.is_some();
    Ok(asks.then_some(ranking))
}

/// A calendar that is filled in has all its days, the last key, in their order for each of the other keys. Answers whether
/// that is backwards.
fn calendar_order(ranking: &Ranking, keys: usize) -> Result<bool> {
    let by_figure = ranking.order.iter().any(|(by, _)| matches!(by, By::Number(_)));
    let days = ranking.order.iter().position(|(by, _)| *by == By::Key(keys.saturating_sub(1)));
    if by_figure || !ranking.having.is_empty() || ranking.first.is_some() || days.is_some_and(|at| at + 1 != keys) {
        return Err(Error::bad_input(
            "window: a calendar that is filled in has all its days in their order: it goes without `having`, `first`, and \
             an order by a figure or by its days before other keys.",
        ));
    }
    Ok(days.and_then(|at| ranking.order.get(at)).is_some_and(|(_, descending)| *descending))
}

/// The zone in which days begin.
fn zone(planner: &Planner<'_>, picked: &Picked<'_>) -> Result<Tz> {
    match picked.args.get("timeZone") {
        None | Some(Value::Null) => Ok(planner.reader.calendar().zone()),
        Some(name) => {
            let name = string_of(name).and_then(|name| spell(Text::TimeZone, name).ok());
            let known = name.and_then(|name| name.parse().ok());
            known.ok_or_else(|| Error::bad_input("timeZone: expected an IANA time zone like Europe/Berlin."))
        }
    }
}
