//! Every kind is declared once, and nothing has the name of something else.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Declared, Descriptor, Mistakes};
use crate::access::Kind;
use crate::store::descriptor::{OutObject, OutType};

/// What every object answers besides what it declares.
const EVERYWHERE: [&str; 3] = ["allowed", "blocked", "__typename"];

pub(super) fn check(declared: &Declared, mistakes: &mut Mistakes) {
    let Declared { entities, reports, types, .. } = declared;
    for kind in Kind::all() {
        match entities.iter().filter(|of| of.kind == kind).count() {
            1 => {}
            0 => mistakes.tell(format_args!("{kind:?}"), "is not declared"),
            times => mistakes.tell(format_args!("{kind:?}"), format_args!("is declared {times} times")),
        }
    }
    let each = |name: fn(&Descriptor) -> &str| entities.iter().map(move |of| (name(of), of.name));
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
    let objects = objects(answers.chain(reports.map(|report| (&report.out, report.name))), mistakes);
    let types = types.iter().map(|(name, owner)| (name.as_str(), owner.as_str()));
    unique("type", types.chain(objects), mistakes);
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

/// Objects of computed answers, with whose they are: two of one name are one and the same.
fn objects<'a>(
    answers: impl Iterator<Item = (&'a OutType, &'a str)>,
    mistakes: &mut Mistakes,
) -> Vec<(&'a str, &'a str)> {
    let mut found = BTreeMap::new();
    for (out, owner) in answers {
        look(out, owner, &mut found, mistakes);
    }
    found.into_iter().map(|(name, (_, owner))| (name, owner)).collect()
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
