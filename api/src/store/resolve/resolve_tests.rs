//! Every name in the declarations and in the policy is misspelt once: each is told, at its place, and all of them at once.

use crate::access::policy::{Said, said};
use crate::access::{Action, Grant, Kind, Reach, When};
use crate::schema::declared;
use crate::store::Declared;
use crate::store::descriptor::{Currency, Descriptor, Graph, Key, Ownership, Source};
use crate::store::expression::{Make, Rolled};

/// What is told of these declarations and this policy.
fn told(entities: Vec<Descriptor>, said: &Said) -> Vec<String> {
    all_told(Declared { entities, ..declared() }, said)
}

fn all_told(declared: Declared, said: &Said) -> Vec<String> {
    Graph::resolve(declared, said).err().map_or_else(Vec::new, |mistakes| mistakes.0)
}

fn entities() -> Vec<Descriptor> {
    declared().entities
}

/// A name that nothing has, near to one that something has. Declarations live as long as the process.
fn misspelt(name: &str) -> &'static str {
    let wrong: String = name.chars().rev().chain("_x".chars()).collect();
    wrong.leak()
}

/// Misspells the name at one place of a declaration, or of the policy.
type Slip = Box<dyn Fn(&mut Vec<Descriptor>, &mut Said)>;

/// A slip in the declaration of one kind.
fn of(kind: Kind, slip: impl Fn(&mut Descriptor) + 'static) -> Slip {
    Box::new(move |entities, _| entities.iter_mut().filter(|of| of.kind == kind).for_each(&slip))
}

/// One slip for every name of the declarations and the policy, with what it must be told by.
fn slips() -> Vec<(String, Slip)> {
    let mut slips: Vec<(String, Slip)> = Vec::new();
    let mut add = |place: String, slip: Slip| slips.push((place, slip));
    for declared in entities() {
        let (kind, name) = (declared.kind, declared.name);
        add(format!("{name}, order"), of(kind, |of| of.order.0 = misspelt(of.order.0)));
        for (place, field) in declared.fields.iter().enumerate() {
            let told = format!("{name}.{}", field.name);
            let at = move |slip: fn(&mut Source)| {
                of(kind, move |of| of.fields.get_mut(place).into_iter().for_each(|field| slip(&mut field.source)))
            };
            match field.source {
                Source::Column(_) => add(
                    told.clone(),
                    at(|source| {
                        if let Source::Column(name) = source {
                            *name = misspelt(name);
                        }
                    }),
                ),
                Source::Made(Make::Text(sql), _) if sql.contains("{}.") => add(
                    told.clone(),
                    at(|source| {
                        if let Source::Made(Make::Text(sql), _) = source {
                            *sql = sql.replacen("{}.", "{}.x", 1).leak();
                        }
                    }),
                ),
                Source::Made(Make::Of(_), _) => add(
                    told.clone(),
                    at(|source| {
                        if let Source::Made(Make::Of(make), _) = source {
                            *make = |scope| scope.column("misspelt");
                        }
                    }),
                ),
                Source::Made(Make::Rollup(_), _) => add(
                    told.clone(),
                    at(|source| {
                        if let Source::Made(Make::Rollup(rollup), _) = source {
                            rollup.link = misspelt(rollup.link);
                        }
                    }),
                ),
                Source::Made(Make::Text(_), _) => {}
                Source::Money(..) => add(
                    told.clone(),
                    at(|source| {
                        if let Source::Money(amount, _) = source {
                            *amount = misspelt(amount);
                        }
                    }),
                ),
            }
            if let Source::Made(Make::Rollup(rollup), _) = field.source {
                if rollup.made.field().is_some() {
                    add(
                        told.clone(),
                        at(|source| {
                            if let Source::Made(Make::Rollup(rollup), _) = source {
                                rollup.made = Rolled::Sum("misspelt");
                            }
                        }),
                    );
                }
                if !matches!(rollup.when, When::All([])) {
                    add(
                        told.clone(),
                        at(|source| {
                            if let Source::Made(Make::Rollup(rollup), _) = source {
                                rollup.when = When::Is("misspelt");
                            }
                        }),
                    );
                }
            }
            if let Some(Currency::Column(_)) = field.currency() {
                add(
                    format!("{told}, currency"),
                    at(|source| match source {
                        Source::Money(_, Currency::Column(name)) | Source::Made(_, Some(Currency::Column(name))) => {
                            *name = misspelt(name);
                        }
                        _ => {}
                    }),
                );
            }
        }
        if !declared.natural.is_empty() {
            add(format!("{name}, natural order"), of(kind, |of| of.natural = vec!["misspelt"]));
        }
        for (place, link) in declared.links.iter().enumerate() {
            add(
                format!("{name}.{}", link.name),
                of(kind, move |of| {
                    if let Some(link) = of.links.get_mut(place) {
                        link.key = match link.key {
                            Key::One(name) => Key::One(misspelt(name)),
                            Key::Many(name) => Key::Many(misspelt(name)),
                        };
                    }
                }),
            );
        }
        for place in 0..declared.demands.len() {
            add(
                format!("{name}, what"),
                of(kind, move |of| {
                    if let Some(demand) = of.demands.get_mut(place) {
                        demand.when = When::Empty("no_such_column");
                    }
                }),
            );
        }
        if let Some(part) = &declared.part_of {
            add(
                format!("{name}, part of"),
                of(kind, |of| of.part_of.iter_mut().for_each(|part| part.column = "no_such_id")),
            );
            if !part.demands.is_empty() {
                add(
                    format!("{name}, what Create demands of the"),
                    of(kind, |of| {
                        let demands = of.part_of.iter_mut().flat_map(|part| &mut part.demands);
                        demands.for_each(|demand| demand.when = When::Empty("no_such_column"));
                    }),
                );
            }
        }
        let owned: Option<Ownership> = match declared.ownership {
            Ownership::Nobody => None,
            Ownership::Columns { team, pool, .. } => Some(Ownership::Columns { own: &["ownr_id"], team, pool }),
            Ownership::Parents(_) => Some(Ownership::Parents(&[("no_such_id", Kind::Deal)])),
            Ownership::Subject { id, .. } => Some(Ownership::Subject { kind: "no_such_kind", id }),
        };
        if let Some(owned) = owned {
            add(format!("{name}, ownership"), of(kind, move |of| of.ownership = owned.clone()));
        }
    }
    let policy = said();
    for (place, (kind, field, _)) in policy.reads.iter().enumerate() {
        add(
            format!("the policy, reading {kind:?}.{}", misspelt(field)),
            Box::new(move |_, said| {
                said.reads.get_mut(place).into_iter().for_each(|(_, field, _)| *field = misspelt(field));
            }),
        );
    }
    for (place, (kind, field, _)) in policy.writes.iter().enumerate() {
        add(
            format!("the policy, writing {kind:?}.{}", misspelt(field)),
            Box::new(move |_, said| {
                said.writes.get_mut(place).into_iter().for_each(|(_, field, _)| *field = misspelt(field));
            }),
        );
    }
    for (place, (kind, _)) in policy.reasons.iter().enumerate() {
        add(
            format!("the policy, reasons for {kind:?}"),
            Box::new(move |_, said| {
                said.reasons.get_mut(place).into_iter().for_each(|(_, field)| *field = misspelt(field));
            }),
        );
    }
    for (place, (_, one)) in policy.partitions.iter().enumerate() {
        let wrong = [
            crate::access::policy::Partition { state: ("status", "WONN"), ..*one },
            crate::access::policy::Partition { state: ("statu", "WON"), ..*one },
            crate::access::policy::Partition { moment: "closdAt", ..*one },
            crate::access::policy::Partition { reference: "pipline", ..*one },
        ];
        for wrong in wrong {
            add(
                "the policy, the partition of".to_owned(),
                Box::new(move |_, said| {
                    said.partitions.get_mut(place).into_iter().for_each(|(_, one)| *one = wrong);
                }),
            );
        }
    }
    slips
}

#[test]
fn what_is_declared_resolves() {
    assert_eq!(told(entities(), &said()), Vec::<String>::new());
}

#[test]
fn each_misspelt_name_is_told_at_its_place() {
    let slips = slips();
    assert!(slips.len() > 300, "{} names", slips.len());
    for (place, slip) in slips {
        let (mut entities, mut policy) = (entities(), said());
        slip(&mut entities, &mut policy);
        let told = told(entities, &policy);
        assert!(told.iter().any(|mistake| mistake.starts_with(&place)), "{place}: {told:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let (mut entities, mut policy) = (entities(), said());
    let slips = slips();
    // Columns last: what a reference is called by does not change for those who look for it.
    slips.iter().for_each(|(_, slip)| slip(&mut entities, &mut policy));
    let told = told(entities, &policy);
    let missing: Vec<_> = slips
        .iter()
        .filter(|(place, _)| !told.iter().any(|mistake| mistake.starts_with(place)))
        .map(|(place, _)| place)
        .collect();
    assert!(missing.is_empty(), "not told: {missing:?}");
}

#[test]
fn a_mistake_says_what_may_be_meant() {
    let mut declared = entities();
    declared.iter_mut().filter(|of| of.kind == Kind::Deal).for_each(|of| of.order.0 = "createdOn");
    let expected = "Deal, order: there is no field to sort by `createdOn`. Did you mean `createdAt`";
    let told = told(declared, &said());
    assert!(matches!(told.as_slice(), [one] if one.starts_with(expected)), "{told:?}");
}

#[test]
fn names_are_given_once() {
    type Twin = fn(&mut Vec<Descriptor>);
    let twins: [(Twin, &str); 5] = [
        (|all| all.retain(|of| of.kind != Kind::Deal), "Deal: is not declared"),
        (|all| all.push(crate::deal::describe()), "Deal: is declared 2 times"),
        (|all| of_deal(all, |of| of.prefix = "lead"), "the prefix of ids `lead` is taken"),
        (|all| of_deal(all, |of| of.plural = "lead"), "the root field `lead` is taken"),
        (
            |all| of_deal(all, |of| of.fields.iter_mut().take(2).for_each(|field| field.name = "allowed".into())),
            "the field of Deal `allowed` is taken",
        ),
    ];
    for (twin, expected) in twins {
        let mut declared = entities();
        twin(&mut declared);
        let told = told(declared, &said());
        assert!(told.iter().any(|mistake| mistake.contains(expected)), "{expected}: {told:?}");
    }
}

#[test]
fn no_two_things_make_a_type_of_one_name() {
    let newcomer = |name: &str| {
        let mut declared = declared();
        declared.types.push((name.to_owned(), "Newcomer".to_owned()));
        all_told(declared, &said())
    };
    let taken = [
        ("Deal", "Deal"),
        ("DealFilter", "Deal"),
        ("CreateDealsInput", "Deal"),
        ("DealsPayload", "Deal"),
        ("DealStatusChoiceFilter", "DealStatus"),
        ("WinDealInput", "deal::graphql::DealVerbs"),
        ("WinDealsPayload", "deal::graphql::DealVerbs"),
        ("SetPasswordsInput", "user::password::PasswordMutations"),
    ];
    for (name, owner) in taken {
        let expected = format!("Newcomer: the type `{name}` is taken by {owner}");
        assert_eq!(newcomer(name), [expected]);
    }
    // What is computed is declared after all that.
    let told = newcomer("AttributionReport");
    assert!(matches!(told.as_slice(), [one] if one.ends_with("`AttributionReport` is taken by Newcomer")), "{told:?}");
    assert_eq!(newcomer("Newcomer"), Vec::<String>::new());
}

#[test]
fn a_part_stays_with_a_whole_that_tells_its_own_state() {
    type Slip = fn(&mut Descriptor);
    const OTHERS: When = When::Any(Kind::Deal, "source_campaign_id", When::ALWAYS);
    let slips: [(Slip, &str); 3] = [
        (
            |of| of.part_of.iter_mut().for_each(|part| part.of = Kind::Deal),
            "CampaignMember, part of Deal: no reference by `campaign_id` is declared",
        ),
        (
            |of| of.links.iter_mut().for_each(|link| link.input.update = true),
            "CampaignMember, part of Campaign: a part cannot be moved",
        ),
        (
            |of| of.part_of.iter_mut().flat_map(|part| &mut part.demands).for_each(|demand| demand.when = OTHERS),
            "CampaignMember, what Create demands of the Campaign: other rows decide this",
        ),
    ];
    for (slip, expected) in slips {
        let mut declared = entities();
        declared.iter_mut().filter(|of| of.kind == Kind::CampaignMember).for_each(slip);
        let told = told(declared, &said());
        assert!(told.iter().any(|mistake| mistake.starts_with(expected)), "{expected}: {told:?}");
    }
}

#[test]
fn a_verb_stands_in_one_table_and_is_written_once() {
    type Slip = fn(&mut Declared, &mut Said);
    let slips: [(Slip, &str); 8] = [
        (
            |all, _| all.verbs.push("winDael".to_owned()),
            "the mutations: there is no table with the verb `winDael`. Did you mean `winDeal`",
        ),
        (|all, _| all.verbs.retain(|verb| verb != "winDeal"), "Deal.winDeal: there is no mutation `winDeal`"),
        (
            |all, _| of_deal(&mut all.entities, |of| of.verbs.retain(|verb| verb.action != Action::Win)),
            "the policy, Deal.Win: no mutation does this",
        ),
        (
            |all, _| of_deal(&mut all.entities, |of| of.verbs.retain(|verb| verb.action != Action::Win)),
            "the mutations: there is no table with the verb `winDeal`",
        ),
        (
            |_, said| said.rows.retain(|(kind, action, _)| (*kind, *action) != (Kind::Deal, Action::Win)),
            "Deal.winDeal: the policy does not list Win",
        ),
        (
            |all, _| of_deal(&mut all.entities, |of| of.verbs.extend(of.verbs.clone())),
            "Deal.winDeal: winDeal says already",
        ),
        (
            |all, _| of_deal(&mut all.entities, |of| of.verbs.iter_mut().for_each(|verb| verb.of = Some(Kind::Lead))),
            "Deal, along with Lead: there is no verb `winDeal`",
        ),
        (|all, _| of_deal(&mut all.entities, |of| of.state = None), "Deal.status: there is no table of its life"),
    ];
    for (slip, expected) in slips {
        let (mut all, mut policy) = (declared(), said());
        slip(&mut all, &mut policy);
        let told = all_told(all, &policy);
        assert!(told.iter().any(|mistake| mistake.starts_with(expected)), "{expected}: {told:?}");
    }
    let (mut all, mut policy) = (declared(), said());
    all.verbs.push("winDael".to_owned());
    all.verbs.retain(|verb| verb != "loseDeal");
    policy.rows.retain(|(kind, action, _)| (*kind, *action) != (Kind::Deal, Action::Move));
    assert!(all_told(all, &policy).len() >= 3, "all of them are told at once");
}

fn of_deal(all: &mut [Descriptor], change: impl Fn(&mut Descriptor)) {
    all.iter_mut().filter(|of| of.kind == Kind::Deal).for_each(change);
}

#[test]
fn rights_are_those_that_rows_can_have() {
    let wrong = [
        (Kind::Pipeline, Reach { own: true, ..Reach::NONE }, "does not declare what `own` is"),
        (Kind::Deal, Reach { parent: true, ..Reach::NONE }, "does not declare what `parent` is"),
        (Kind::Deal, Reach::ALL.when(When::In("status", &["OPNE"])), "there is no value of DealStatus `OPNE`"),
        (
            Kind::Deal,
            Reach::ALL.when(When::Not(&When::Any(Kind::Lead, "dael_id", When::ALWAYS))),
            "column of `lead` `dael_id`",
        ),
        (Kind::Deal, Reach::ALL.when(When::At("lead_id", Kind::Lead, &When::Is("opne"))), "column of `lead` `opne`"),
        (Kind::Deal, Reach::ALL.when(When::Sets(Kind::Lead, "sorce")), "field of Lead `sorce`"),
        (Kind::Stage, Reach::ALL.when(When::Like(Kind::Stage, &["pipline_id"])), "column of `stage` `pipline_id`"),
    ];
    for (kind, reach, expected) in wrong {
        let mut policy = said();
        policy
            .rows
            .iter_mut()
            .filter(|(row, action, _)| (*row, *action) == (kind, Action::Read))
            .for_each(|row| row.2 = [reach; 7]);
        let told = told(entities(), &policy);
        assert!(told.iter().any(|mistake| mistake.contains(expected)), "{expected}: {told:?}");
    }
    let mut policy = said();
    policy.rows.extend(policy.rows.first().cloned());
    policy.reads.push((Kind::Deal, "cost", [Grant::Yes; 7]));
    let told = told(entities(), &policy);
    assert_eq!(told.iter().filter(|mistake| mistake.ends_with("is listed twice")).count(), 2, "{told:?}");
}

#[test]
fn a_relation_reads_from_tables_and_columns_that_there_are() {
    use crate::store::relation::{Relation, Table};
    const WRONG: Relation = Relation {
        sql: "SELECT deal.stagee_id, lead.id FROM {deal} JOIN {leads} ON lead.id = deal.lead_id WHERE {deal.id in deals}",
        tables: &[("deal", Table::Seen(Kind::Deal)), ("lead", Table::Whole(Kind::Lead))],
    };
    let mut declared = declared();
    declared.reports.iter_mut().for_each(|report| report.relations = &[&WRONG]);
    let told = all_told(declared, &said()).join("\n");
    for expected in [
        "attribution, relation: there is no table `leads`. Did you mean `lead`",
        "attribution, relation: reads nothing from its table `lead`",
        "attribution, relation, deal: there is no column of `deal` `stagee_id`. Did you mean `stage_id`",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
