//! Columns that are worked out from the texts of their row, so that both databases match, search and sort texts alike:
//! by comparing bytes. Declarations say which there are; every statement that writes a row fills them.

use sea_orm::{EntityTrait, IdenStatic, Iterable, ModelTrait, Value};

use super::sql::Sql;
use crate::spelling::fold;

/// By which rules keys are worked out: a fingerprint of what they make of every letter. Whoever changes them, or takes a
/// library that does, writes the new one here, and the next start works out the keys that are stored.
pub const RULES: &str = "768c9f512f561fee";

/// A column of a key.
#[derive(Clone, Debug)]
pub struct TextKey {
    /// The column.
    pub column: String,
    /// The columns that it is worked out from; several are joined by blanks.
    pub from: Vec<&'static str>,
    /// For what.
    pub purpose: Purpose,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To tell whether two names are the same.
    Match,
    /// To look for a part of a text; empty where the text itself will do.
    Search,
    /// To sort by.
    Sort,
}

impl TextKey {
    /// The key of one column.
    pub(super) fn of_column(column: &'static str, purpose: Purpose) -> Self {
        let suffix = match purpose {
            Purpose::Match => "key",
            Purpose::Search => "folded",
            Purpose::Sort => "sort",
        };
        Self { column: format!("{column}_{suffix}"), from: vec![column], purpose }
    }

    /// The value of the key for these texts.
    pub(super) fn of(&self, texts: &[Option<String>]) -> Value {
        let text = if let [text] = texts {
            text.clone()
        } else {
            let said: Vec<_> = texts.iter().flatten().map(String::as_str).filter(|text| !text.is_empty()).collect();
            (!said.is_empty()).then(|| said.join(" "))
        };
        match self.purpose {
            Purpose::Match => Value::String(text.map(|text| fold::same(&text))),
            Purpose::Search => Value::String(text.filter(|text| !text.is_ascii()).map(|text| fold::searched(&text))),
            Purpose::Sort => Value::Bytes(text.map(|text| fold::sorted(&text))),
        }
    }

    /// The value of the key for a row.
    pub(super) fn of_row<M: ModelTrait>(&self, row: &M) -> Value {
        let text = |name: &&str| {
            let column = <M::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == *name)?;
            if let Value::String(text) = row.get(column) { text } else { None }
        };
        self.of(&self.from.iter().map(text).collect::<Vec<_>>())
    }

    /// The part of an `UPDATE` that sets it.
    pub(super) fn set(&self, value: Value) -> Sql {
        let mut sql = Sql::text(format!("\"{}\" = ", self.column));
        sql.bind(value);
        sql
    }
}

/// The keys of a row by their columns, for who writes rows past the store: tests.
pub fn keys_of<M: ModelTrait>(of: &super::descriptor::Descriptor, row: &M) -> Vec<(String, Value)> {
    of.keys.iter().map(|key| (key.column.clone(), key.of_row(row))).collect()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_rules_are_those_that_stored_keys_were_worked_out_by() {
        let mut fingerprint = Sha256::new();
        let letters = ('\0'..'\u{20000}').map(String::from);
        for text in letters.chain(["Ärzte  GmbH", "ÅNGSTRÖM ǅ 2", "e\u{301}Łódź ﬁ"].map(str::to_owned)) {
            fingerprint.update(fold::same(&text));
            fingerprint.update(fold::searched(&text));
            fingerprint.update(fold::sorted(&text));
        }
        assert_eq!(RULES, &hex::encode(fingerprint.finalize())[..16]);
    }
}
