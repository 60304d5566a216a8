//! Every kind is declared once, and nothing has the name of something else.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Descriptor, Mistakes, Report};
use crate::access::Kind;
use crate::store::descriptor::{OutObject, OutType};

/// What every object answers besides what it declares.
const EVERYWHERE: [&str; 3] = ["allowed", "blocked", "__typename"];

pub(super) fn check(entities: &[Descriptor], reports: &[Report], mistakes: &mut Mistakes) {
    for kind in Kind::all() {
        match entities.iter().filter(|of| of.kind == kind).count() {
            1 => {}
            0 => mistakes.tell(format_args!("{kind:?}"), "is not declared"),
            times => mistakes.tell(format_args!("{kind:?}"), format_args!("is declared {times} times")),
        }
    }
    let each = |name: fn(&Descriptor) -> &str| entities.iter().map(move |of| (name(of), of.name));
    unique("type", each(|of| of.name), mistakes);
    unique("prefix of ids", each(|of| of.prefix), mistakes);
    unique("table", each(|of| of.table), mistakes);
    let roots = [("node", "Node"), ("nodes", "Node")].into_iter();
    let reports = reports.iter();
    let roots = roots.chain(each(|of| of.single.as_str())).chain(each(|of| of.plural));
    unique("root field", roots.chain(reports.clone().map(|report| (report.name, "a report"))), mistakes);
    for of in entities {
        let findable = of.findable.iter().map(|field| field.name.as_str());
        let found_by = findable.filter(|name| of.derived(name).is_none());
        let names = super::readables(of).chain(found_by).chain(EVERYWHERE);
        unique(&format!("field of {}", of.name), names.map(|name| (name, of.name)), mistakes);
    }
    let answers = entities.iter().flat_map(|of| of.derived.iter().map(move |derived| (&derived.out, of.name)));
    objects(answers.chain(reports.map(|report| (&report.out, report.name))), entities, mistakes);
}

/// No two things of the sort have one name. Each name comes with whose it is.
fn unique<'a>(sort: &str, names: impl Iterator<Item = (&'a str, &'a str)>, mistakes: &mut Mistakes) {
    let mut seen = HashMap::new();
    for (name, owner) in names {
        if let Some(first) = seen.insert(name, owner) {
            mistakes.tell(owner, format_args!("the {sort} `{name}` is taken by {first}"));
        }
    }
}

/// Objects of computed answers: two of one name are one and the same, and none has the name of an entity.
fn objects<'a>(
    answers: impl Iterator<Item = (&'a OutType, &'a str)>,
    entities: &'a [Descriptor],
    mistakes: &mut Mistakes,
) {
    let mut found = BTreeMap::new();
    for (out, owner) in answers {
        look(out, owner, &mut found, mistakes);
    }
    for (name, (_, owner)) in found {
        if entities.iter().any(|of| of.name == name) {
            mistakes.tell(owner, format_args!("the type `{name}` is taken by an entity"));
        }
    }
}

fn look<'a>(
    out: &'a OutType,
    owner: &'a str,
    found: &mut BTreeMap<&'a str, (&'a OutObject, &'a str)>,
    mistakes: &mut Mistakes,
) {
    match out {
        OutType::Scalar(_) | OutType::Choice(..) | OutType::Node(_) => {}
        OutType::List(item, _) => look(item, owner, found, mistakes),
        OutType::Object(object, _) => {
            let fields = object.fields.iter().map(|field| (field.name.as_str(), object.name.as_str()));
            match found.insert(&object.name, (Arc::as_ref(object), owner)) {
                None => unique(&format!("field of {}", object.name), fields, mistakes),
                Some((other, first)) if !alike(other, object) => {
                    mistakes.tell(owner, format_args!("the type `{}` is another one at {first}", object.name));
                }
                Some(_) => return,
            }
            object.fields.iter().for_each(|field| look(&field.ty, owner, found, mistakes));
        }
    }
}

/// The same fields in the same order, with the same words.
fn alike(one: &OutObject, other: &OutObject) -> bool {
    let told = |object: &OutObject| -> Vec<_> {
        object.fields.iter().map(|field| (field.name.clone(), field.doc.clone())).collect()
    };
    one.doc == other.doc && told(one) == told(other)
}
