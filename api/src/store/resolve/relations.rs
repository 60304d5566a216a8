//! What the relations of reports name: tables of theirs, and columns of these.

use super::{Entities, Mistakes, column};
use crate::store::descriptor::Report;
use crate::store::relation::Relation;

pub(super) fn check(all: Entities<'_>, reports: &[Report], mistakes: &mut Mistakes) {
    for report in reports {
        for relation in report.relations {
            relation_of(all, report.name, relation, mistakes);
        }
    }
}

fn relation_of(all: Entities<'_>, report: &str, relation: &Relation, mistakes: &mut Mistakes) {
    let place = format!("{report}, relation");
    for word in relation.words().filter(|word| !word.starts_with("sum ") && !word.contains(" in ")) {
        if !relation.tables.iter().any(|(name, _)| *name == word) {
            mistakes.unknown(&place, "table", word, relation.tables.iter().map(|(name, _)| *name));
        }
    }
    for (name, table) in relation.tables {
        if !relation.words().any(|word| word == *name) {
            mistakes.tell(&place, format_args!("reads nothing from its table `{name}`"));
        }
        let Some(of) = all.of(table.kind()) else { continue };
        for named in relation.columns(name) {
            column(of, named, format_args!("{place}, {name}"), mistakes);
        }
    }
}
