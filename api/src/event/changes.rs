//! What an event says about its row, as far as the viewer may read it.
//!
//! The log keeps every changed field; the viewer gets those that the policy shows of the row as it is now. A row that an
//! event names is shown only if the viewer may see it. Whatever the number of events: one statement for the
//! events, one for each kind of changed row whose fields are open on some rows only, one for each kind of named row.

use std::collections::{HashMap, HashSet};

use async_graphql::Value;
use futures_util::FutureExt;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::access::Kind;
use crate::answer;
use crate::error::Result;
use crate::graphql::answer::Answer;
use crate::store::Reader;
use crate::store::descriptor::{Ask, Derived, Descriptor, Key, Out, OutType, Source};
use crate::store::event::{self, REASON};
use crate::store::row::{Cell, Stored};
use crate::store::select::{BASE, Guard, Of, Select};

answer! {
    /// A field of a row before and after a change.
    struct FieldChange {
        /// The field of the changed object.
        field: String,
        /// Its value before; null if it was empty or the row was new.
        from: Json,
        /// Its value after; null if it is empty.
        to: Json,
    }
}

/// `changes`: field by field.
pub fn changes() -> Derived {
    Derived {
        name: "changes",
        doc: "The fields that changed, of those the viewer may read on that object.",
        args: Vec::new(),
        out: Vec::<FieldChange>::ty(true),
        load: |ask| load_changes(ask).boxed(),
    }
}

/// `subjectId`: the changed object.
pub fn subject_id() -> Derived {
    Derived {
        name: "subjectId",
        doc: "The id of the changed object; give it to `node`.",
        args: Vec::new(),
        out: OutType::Scalar("ID!"),
        load: |ask| load_subject_ids(ask).boxed(),
    }
}

/// `reason`: why it was changed.
pub fn reason() -> Derived {
    Derived {
        name: "reason",
        doc: "Why it was changed, if that was said; shown to those who may read every field that changed.",
        args: Vec::new(),
        out: OutType::Scalar("String"),
        load: |ask| load_reasons(ask).boxed(),
    }
}

/// An event as it stands in the log.
struct Entry {
    id: Uuid,
    subject: &'static Descriptor,
    subject_id: Uuid,
    changes: Json,
}

impl Entry {
    /// Field, value before, value after.
    fn fields(&self) -> impl Iterator<Item = (&str, &Json, &Json)> {
        let fields = self.changes.as_object().into_iter().flatten();
        fields.filter(|(name, _)| *name != REASON).map(|(name, pair)| {
            let side = |at| pair.get(at).unwrap_or(&Json::Null);
            (name.as_str(), side(0), side(1))
        })
    }

    fn reason(&self) -> Option<&str> {
        self.changes.get(REASON)?.get(1)?.as_str()
    }
}

async fn load_subject_ids(ask: Ask<'_>) -> Result<HashMap<Uuid, Out>> {
    let entries = entries(ask.reader, ask.ids).await?;
    let id = |entry: &Entry| Out::Value(Value::from(entry.subject.global_id(entry.subject_id)));
    Ok(entries.iter().map(|entry| (entry.id, id(entry))).collect())
}

async fn load_changes(ask: Ask<'_>) -> Result<HashMap<Uuid, Out>> {
    let entries = entries(ask.reader, ask.ids).await?;
    let rights = Rights::of(ask.reader, &entries).await?;
    let changes = |entry: &Entry| {
        let shown = entry.fields().filter_map(|(field, from, to)| rights.change(entry, field, from, to));
        Out::List(shown.collect())
    };
    Ok(entries.iter().map(|entry| (entry.id, changes(entry))).collect())
}

async fn load_reasons(ask: Ask<'_>) -> Result<HashMap<Uuid, Out>> {
    let entries = entries(ask.reader, ask.ids).await?;
    let rights = Rights::of(ask.reader, &entries).await?;
    let reason = |entry: &Entry| {
        let open = entry.fields().all(|(field, from, to)| rights.change(entry, field, from, to).is_some());
        let reason = entry.reason().filter(|_| open)?;
        Some((entry.id, Out::Value(Value::from(reason))))
    };
    Ok(entries.iter().filter_map(reason).collect())
}

/// The visible events of these ids.
async fn entries(reader: &Reader, ids: &[Uuid]) -> Result<Vec<Entry>> {
    let mut select = Select::new(reader.graph().of(Kind::Event));
    let id = select.column(BASE, "id", Stored::Id);
    let kind = select.column(BASE, "subject_type", Stored::Text);
    let subject = select.column(BASE, "subject_id", Stored::Id);
    let changes = select.column(BASE, "changes", Stored::Json);
    let rows = reader.load(&select, Of::Ids(ids), None).await?;
    let entry = |row: Vec<Cell>| {
        let changes = if let Some(Cell::Json(changes)) = row.get(changes) { changes.clone() } else { Json::Null };
        Some(Entry {
            id: row.get(id)?.id()?,
            subject: reader.graph().of(Kind::spelt(row.get(kind)?.text()?)?),
            subject_id: row.get(subject)?.id()?,
            changes,
        })
    };
    Ok(rows.into_values().flatten().filter_map(entry).collect())
}

/// What the viewer may read of the changed rows, and which of the rows they name the viewer may see.
struct Rights {
    /// Fields that are open on every row of the kind.
    open: HashSet<(Kind, String)>,
    /// Fields that are open on single rows.
    open_on: HashSet<(Uuid, String)>,
    /// Named rows that the viewer sees, by their global id.
    seen: HashSet<String>,
    /// The currency of amounts that the log keeps in minor units.
    base_currency: String,
}

impl Rights {
    async fn of(reader: &Reader, entries: &[Entry]) -> Result<Self> {
        let mut rights = Self {
            open: HashSet::new(),
            open_on: HashSet::new(),
            seen: HashSet::new(),
            base_currency: reader.base_currency().to_owned(),
        };
        let kinds: HashSet<Kind> = entries.iter().map(|entry| entry.subject.kind).collect();
        for kind in kinds {
            let of_kind: Vec<&Entry> = entries.iter().filter(|entry| entry.subject.kind == kind).collect();
            rights.add_fields(reader, reader.graph().of(kind), &of_kind).await?;
        }
        rights.add_named(reader, entries).await?;
        Ok(rights)
    }

    async fn add_fields(&mut self, reader: &Reader, of: &'static Descriptor, entries: &[&Entry]) -> Result<()> {
        let names: HashSet<&str> = entries.iter().flat_map(|entry| entry.fields().map(|(field, ..)| field)).collect();
        let mut select = Select::new(of);
        let id = select.column(BASE, "id", Stored::Id);
        let mut on_some_rows = Vec::new();
        // A field that the graph no longer declares has no verdict, and stays closed.
        for name in names.into_iter().filter(|name| of.field(name).is_some() || of.link(name).is_some()) {
            match select.guard(reader.field_grant(of, name, BASE)) {
                Guard::Open => _ = self.open.insert((of.kind, name.to_owned())),
                Guard::Closed => {}
                Guard::Where(cell) => on_some_rows.push((name, cell)),
            }
        }
        if on_some_rows.is_empty() {
            return Ok(());
        }
        let mut ids: Vec<_> = entries.iter().map(|entry| entry.subject_id).collect();
        ids.sort_unstable();
        ids.dedup();
        for row in reader.load(&select, Of::Ids(&ids), None).await?.into_values().flatten() {
            let Some(id) = row.get(id).and_then(Cell::id) else { continue };
            let open = on_some_rows.iter().filter(|(_, cell)| row.get(*cell).is_some_and(Cell::is_true));
            self.open_on.extend(open.map(|(name, _)| (id, (*name).to_owned())));
        }
        Ok(())
    }

    async fn add_named(&mut self, reader: &Reader, entries: &[Entry]) -> Result<()> {
        let mut named: HashMap<Kind, Vec<Uuid>> = HashMap::new();
        for entry in entries {
            for (_, from, to) in entry.fields().filter(|(field, ..)| is_reference(entry.subject, field)) {
                let ids = [from, to].into_iter().filter_map(|id| reader.graph().parse_id(id.as_str()?));
                ids.for_each(|(of, id)| named.entry(of.kind).or_default().push(id));
            }
        }
        for (kind, mut ids) in named {
            let of = reader.graph().of(kind);
            if !reader.may_read(of) {
                continue;
            }
            ids.sort_unstable();
            ids.dedup();
            let mut select = Select::new(of);
            let id = select.column(BASE, "id", Stored::Id);
            let rows = reader.load(&select, Of::Ids(&ids), None).await?;
            let ids = rows.into_values().flatten().filter_map(|row| row.get(id)?.id());
            self.seen.extend(ids.map(|id| of.global_id(id)));
        }
        Ok(())
    }

    /// The change as the viewer may read it; none if they may not, or if all it names is hidden.
    fn change(&self, entry: &Entry, field: &str, from: &Json, to: &Json) -> Option<Out> {
        let open = self.open.contains(&(entry.subject.kind, field.to_owned()))
            || self.open_on.contains(&(entry.subject_id, field.to_owned()));
        if !open {
            return None;
        }
        let reference = is_reference(entry.subject, field);
        let in_base = entry.subject.field(field).is_some_and(|field| matches!(field.source, Source::Money(..)));
        let show = |value: &Json| match (value.as_str(), value.as_i64()) {
            (Some(id), _) if reference && !self.seen.contains(id) => Json::Null,
            (_, Some(minor)) if in_base => event::amount(minor, &self.base_currency),
            _ => value.clone(),
        };
        let (from, to) = (show(from), show(to));
        if from.is_null() && to.is_null() {
            return None;
        }
        Some(FieldChange { field: field.to_owned(), from, to }.out())
    }
}

fn is_reference(of: &Descriptor, field: &str) -> bool {
    of.link(field).is_some_and(|link| matches!(link.key, Key::One(_)))
}
