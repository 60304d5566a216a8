//! Filters through many rows say the same as the rows in memory, as deep as filters go, for every reach, on both
//! databases: names in statements are short, and no inner query is taken for the one around it.

use entity::enums::{DealStatus, LeadSource};
use entity::{company, contact, deal, deal_contact, lead, transition};
use serde_json::{Value, json};
use tests::{Cast, World, row};
use uuid::Uuid;

/// How deep filters nest.
const DEEPEST: usize = 8;
const NAMES: [&str; 3] = ["Ada", "Bob", "Cyd"];

/// The kinds of rows, with a field of theirs and their links: name, where it leads, the column that points there or back.
const COMPANY: usize = 0;
const CONTACT: usize = 1;
const LEAD: usize = 2;
const DEAL: usize = 3;
const PART: usize = 4;
const STEP: usize = 5;
const LISTS: [&str; 6] = ["companies", "contacts", "leads", "deals", "dealContacts", "transitions"];
const TYPES: [&str; 6] = ["Company", "Contact", "Lead", "Deal", "DealContact", "Transition"];
const TEXTS: [&str; 6] = ["name", "lastName", "interest", "name", "", "toState"];

#[derive(Clone, Copy)]
enum Link {
    /// Of the row with this reference.
    One(&'static str, usize),
    /// Of the rows of a kind that refer back by this reference of theirs.
    Many(&'static str, usize, &'static str),
}

fn links(kind: usize) -> &'static [Link] {
    use Link::{Many, One};
    match kind {
        COMPANY => {
            &[Many("contacts", CONTACT, "company"), Many("deals", DEAL, "company"), Many("leads", LEAD, "company")]
        }
        CONTACT => &[One("company", COMPANY), Many("leads", LEAD, "contact"), Many("deals", PART, "contact")],
        LEAD => &[One("contact", CONTACT), One("company", COMPANY), Many("transitions", STEP, "lead")],
        DEAL => &[
            One("company", COMPANY),
            One("lead", LEAD),
            Many("contacts", PART, "deal"),
            Many("transitions", STEP, "deal"),
        ],
        PART => &[One("deal", DEAL), One("contact", CONTACT)],
        _ => &[One("lead", LEAD), One("deal", DEAL)],
    }
}

/// A row in memory: its text, what it refers to (kind and place), and for whom it is.
#[derive(Clone, Default)]
struct Row {
    text: String,
    refers: Vec<(&'static str, usize)>,
    owner: Option<Uuid>,
    team: Option<Uuid>,
}

impl Row {
    fn to(&self, name: &str) -> Option<usize> {
        self.refers.iter().find(|(known, _)| *known == name).map(|(_, at)| *at)
    }
}

/// All rows, and whose eyes look: none sees everything.
struct Rows {
    of: [Vec<Row>; 6],
    rep: Option<(Uuid, Uuid)>,
}

impl Rows {
    fn sees(&self, kind: usize, at: usize) -> bool {
        let Some((user, team)) = self.rep else { return true };
        let row = &self.of[kind][at];
        match kind {
            LEAD | DEAL => row.owner == Some(user) || row.team == Some(team),
            PART => row.to("deal").is_some_and(|deal| self.sees(DEAL, deal)),
            STEP => {
                row.to("lead").is_some_and(|lead| self.sees(LEAD, lead))
                    || row.to("deal").is_some_and(|deal| self.sees(DEAL, deal))
            }
            _ => true,
        }
    }

    fn passes(&self, kind: usize, at: usize, wish: &Wish) -> bool {
        let row = &self.of[kind][at];
        match wish {
            Wish::Text(text) => row.text == *text,
            Wish::Not(wish) => !self.passes(kind, at, wish),
            Wish::And(wishes) => wishes.iter().all(|wish| self.passes(kind, at, wish)),
            Wish::Or(wishes) => wishes.iter().any(|wish| self.passes(kind, at, wish)),
            Wish::Through(Link::One(name, to), _, wish) => {
                row.to(name).is_some_and(|other| self.sees(*to, other) && self.passes(*to, other, wish))
            }
            Wish::Through(Link::Many(_, to, back), quantifier, wish) => {
                let mut others = (0..self.of[*to].len())
                    .filter(|other| self.of[*to][*other].to(back) == Some(at) && self.sees(*to, *other));
                match *quantifier {
                    "some" => others.any(|other| self.passes(*to, other, wish)),
                    "none" => !others.any(|other| self.passes(*to, other, wish)),
                    _ => others.all(|other| self.passes(*to, other, wish)),
                }
            }
        }
    }

    fn count(&self, kind: usize, wish: &Wish) -> usize {
        (0..self.of[kind].len()).filter(|at| self.sees(kind, *at) && self.passes(kind, *at, wish)).count()
    }
}

enum Wish {
    Text(&'static str),
    Not(Box<Wish>),
    And(Vec<Wish>),
    Or(Vec<Wish>),
    Through(Link, &'static str, Box<Wish>),
}

impl Wish {
    fn json(&self, kind: usize) -> Value {
        let list = |wishes: &[Self]| wishes.iter().map(|wish| wish.json(kind)).collect::<Vec<_>>();
        match self {
            Self::Text(_) if kind == PART => json!({}),
            Self::Text(text) => json!({ TEXTS[kind]: { "eq": text } }),
            Self::Not(wish) => json!({ "not": wish.json(kind) }),
            Self::And(wishes) => json!({ "and": list(wishes) }),
            Self::Or(wishes) => json!({ "or": list(wishes) }),
            Self::Through(Link::One(name, to), _, wish) => json!({ *name: wish.json(*to) }),
            Self::Through(Link::Many(name, to, _), quantifier, wish) => {
                json!({ *name: { *quantifier: wish.json(*to) } })
            }
        }
    }
}

/// Always the same numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn maybe(&mut self, most: usize) -> Option<usize> {
        let rolled = self.roll(most + 1);
        (rolled < most).then_some(rolled)
    }

    /// A filter that nests `depth` objects.
    fn wish(&mut self, kind: usize, depth: usize) -> Wish {
        // A part of a deal has no text: everything passes.
        let text = if kind == PART { "" } else { NAMES[self.roll(3)] };
        if depth == 1 {
            return Wish::Text(text);
        }
        match self.roll(10) {
            0 => Wish::Not(Box::new(self.wish(kind, depth - 1))),
            1 => Wish::And(vec![self.wish(kind, depth - 1), self.wish(kind, 2.min(depth - 1))]),
            2 => Wish::Or(vec![self.wish(kind, 1), self.wish(kind, depth - 1)]),
            _ => {
                let link = links(kind)[self.roll(links(kind).len())];
                let (Link::One(_, to) | Link::Many(_, to, _)) = link;
                let quantifier = ["some", "none", "every", "some"][self.roll(4)];
                Wish::Through(link, quantifier, Box::new(self.wish(to, depth - 1)))
            }
        }
    }
}

/// Twelve rows of every kind, the same in memory and in the database.
async fn filled(world: &World, cast: &Cast, dice: &mut Dice) -> [Vec<Row>; 6] {
    let (pipeline, [stage, ..]) = world.pipeline().await;
    let mut of: [Vec<Row>; 6] = Default::default();
    let mut ids: [Vec<Uuid>; 6] = Default::default();
    let whose = |dice: &mut Dice| match dice.roll(4) {
        0 => (Some(cast.rep.id), Some(cast.north)),
        1 => (Some(cast.other_rep.id), Some(cast.south)),
        2 => (None, Some(cast.north)),
        _ => (None, None),
    };
    for _ in 0..12 {
        let text = NAMES[dice.roll(3)].to_owned();
        let company = world.insert(row!(world, company { name: text.clone() })).await.id;
        of[COMPANY].push(Row { text, ..Row::default() });
        ids[COMPANY].push(company);

        let (text, company) = (NAMES[dice.roll(3)].to_owned(), dice.maybe(ids[COMPANY].len()));
        let company_id = company.map(|at| ids[COMPANY][at]);
        let person =
            world.insert(row!(world, contact { last_name: Some(text.clone()), company_id: company_id })).await.id;
        of[CONTACT].push(Row {
            text,
            refers: company.map(|at| ("company", at)).into_iter().collect(),
            ..Row::default()
        });
        ids[CONTACT].push(person);

        let (text, company) = (NAMES[dice.roll(3)].to_owned(), dice.maybe(ids[COMPANY].len()));
        let (owner, team) = whose(dice);
        let made = world.insert(row!(
            world,
            lead {
                contact_id: person,
                company_id: company.map(|at| ids[COMPANY][at]),
                interest: Some(text.clone()),
                source: LeadSource::Inbound,
                owner_id: owner,
                team_id: team,
            }
        ));
        ids[LEAD].push(made.await.id);
        let refers = [Some(("contact", ids[CONTACT].len() - 1)), company.map(|at| ("company", at))];
        of[LEAD].push(Row { text, refers: refers.into_iter().flatten().collect(), owner, team });

        let (text, company, lead) = (
            NAMES[dice.roll(3)].to_owned(),
            dice.maybe(ids[COMPANY].len()),
            (dice.roll(2) == 0).then_some(ids[LEAD].len() - 1),
        );
        let (owner, team) = whose(dice);
        let made = world.insert(row!(
            world,
            deal {
                name: text.clone(),
                pipeline_id: pipeline,
                stage_id: stage,
                status: DealStatus::Open,
                currency: "EUR".to_owned(),
                company_id: company.map(|at| ids[COMPANY][at]),
                lead_id: lead.map(|at| ids[LEAD][at]),
                owner_id: owner,
                team_id: team,
            }
        ));
        ids[DEAL].push(made.await.id);
        let refers = [company.map(|at| ("company", at)), lead.map(|at| ("lead", at))];
        of[DEAL].push(Row { text, refers: refers.into_iter().flatten().collect(), owner, team });
    }
    for at in 0..12 {
        let (deal, person) = (at, dice.roll(12));
        let part = row!(world, deal_contact { deal_id: ids[DEAL][deal], contact_id: ids[CONTACT][person] });
        world.insert(part).await;
        of[PART].push(Row { refers: vec![("deal", deal), ("contact", person)], ..Row::default() });

        let (text, of_lead, to) = (NAMES[dice.roll(3)].to_owned(), dice.roll(2) == 0, dice.roll(12));
        world
            .insert(transition::Model {
                id: world.id(),
                created_at: world.now(),
                at: world.now(),
                to_state: text.clone(),
                lead_id: of_lead.then(|| ids[LEAD][to]),
                deal_id: (!of_lead).then(|| ids[DEAL][to]),
                ..transition::Model::default()
            })
            .await;
        of[STEP].push(Row { text, refers: vec![(if of_lead { "lead" } else { "deal" }, to)], ..Row::default() });
    }
    of
}

#[tokio::test]
async fn filters_through_other_rows_find_what_the_rows_in_memory_say() {
    tests::each_database(async |world| {
        let cast = world.cast().await;
        let mut dice = Dice(7);
        let mut rows = Rows { of: filled(&world, &cast, &mut dice).await, rep: None };
        let (mut found, mut all) = (0, 0);
        for round in 0..160 {
            let depth = 1 + round % DEEPEST;
            let kind = dice.roll(6);
            let wish = dice.wish(kind, depth);
            let (list, filter) = (LISTS[kind], wish.json(kind));
            let query = format!(
                "query($f: {}Filter) {{ {list}(first: 100, filter: $f) {{ totalCount nodes {{ id }} }} }}",
                TYPES[kind]
            );
            for actor in [&cast.admin, &cast.marketer, &cast.rep, &cast.other_rep] {
                let team = if actor.id == cast.rep.id { cast.north } else { cast.south };
                rows.rep = [cast.rep.id, cast.other_rep.id].contains(&actor.id).then_some((actor.id, team));
                let expected = rows.count(kind, &wish);
                let answer = actor.run(&query, json!({ "f": filter })).await;
                let answer = &answer.data()[list];
                assert_eq!(answer["totalCount"], expected, "{list} as {:?}: {filter}", actor.role);
                assert_eq!(
                    answer["nodes"].as_array().map(Vec::len),
                    Some(expected),
                    "{list} as {:?}: {filter}",
                    actor.role
                );
                found += usize::from(expected > 0);
                all += 1;
            }
        }
        assert!(found > all / 4 && found < all, "{found} of {all} find something");
    })
    .await;
}
