//! The life of a row as a table: which verb takes it from which states to which. What a verb demands of the state, what is
//! told where the row is in another one, who may use it and the picture of it all are read off the table.

use async_graphql::resolver_utils::EnumType;

use crate::access::{Action, Kind};
use crate::error::{Error, Result};

/// A line of the table. One that names no states is of a verb that neither asks for the state nor changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb<S: 'static> {
    /// The mutation.
    pub name: &'static str,
    /// The action that the policy asks about.
    pub action: Action,
    /// The kind whose verb it is, where that is another one and the row goes along with it.
    pub of: Option<Kind>,
    /// The states it takes. None, and there are some that it leads to: it makes the row.
    pub from: &'static [S],
    /// The states it may lead to. None: the row stays in its state.
    pub to: &'static [S],
}

impl<S> Verb<S> {
    /// A verb of this kind.
    pub const fn new(name: &'static str, action: Action, from: &'static [S], to: &'static [S]) -> Self {
        Self { name, action, of: None, from, to }
    }

    /// A verb of another kind, with which the row goes along.
    #[must_use]
    pub const fn along(self, of: Kind) -> Self {
        Self { of: Some(of), ..self }
    }
}

impl<S: EnumType> Verb<S> {
    /// `qualifyLead takes one that is NEW or NURTURING.`
    pub fn takes(&self) -> String {
        let states: Vec<_> = self.from.iter().map(|state| spelling(*state)).collect();
        format!("{} takes one that is {}.", self.name, states.join(" or "))
    }

    /// The same line with the states as they are stored.
    pub fn spelt(&self) -> Verb<&'static str> {
        // Tables are declared once and live as long as the process.
        let spelt = |states: &[S]| &*states.iter().map(|state| spelling(*state)).collect::<Vec<_>>().leak();
        Verb { name: self.name, action: self.action, of: self.of, from: spelt(self.from), to: spelt(self.to) }
    }

    fn asks_for_state(&self) -> bool {
        !self.from.is_empty()
    }
}

/// The life of the rows of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Lifecycle<S: 'static> {
    /// What lives: `campaign`.
    pub what: &'static str,
    /// The table.
    pub verbs: &'static [Verb<S>],
}

impl<S: EnumType> Lifecycle<S> {
    /// The state that an action leads to; of several, the first.
    ///
    /// # Errors
    /// CONFLICT: not from this state.
    pub fn next(&self, action: Action, from: S) -> Result<S> {
        let verb = self.verb(action)?;
        self.check(action, from)?;
        Ok(verb.to.first().copied().unwrap_or(from))
    }

    /// Refuses an action in a state that it does not take.
    ///
    /// # Errors
    /// CONFLICT, naming the states it takes and what leads there.
    pub fn check(&self, action: Action, from: S) -> Result<()> {
        let verb = self.verb(action)?;
        if !verb.asks_for_state() || verb.from.contains(&from) {
            return Ok(());
        }
        let told = format!("The {} is {}; {}", self.what, spelling(from), verb.takes());
        let ways: Vec<_> = self.ways(from, verb.from).map(|way| way.name).collect();
        Err(Error::conflict(match ways.as_slice() {
            [] => told,
            [way] => format!("{told} {way} leads there."),
            ways => format!("{told} {} lead there.", ways.join(" and ")),
        }))
    }

    /// May an action take a row from one state to another?
    pub fn leads(&self, action: Action, from: S, to: S) -> bool {
        let stays = |verb: &Verb<S>| verb.to.is_empty() && from == to;
        let mut lines = self.verbs.iter().filter(|verb| verb.action == action);
        lines.any(|verb| verb.from.contains(&from) && (verb.to.contains(&to) || stays(verb)))
    }

    fn verb(&self, action: Action) -> Result<&'static Verb<S>> {
        let verb = self.verbs.iter().find(|verb| verb.action == action);
        verb.ok_or_else(|| Error::internal(format!("{action:?} is not in the table of a {}", self.what)))
    }

    /// The verbs that take a row from where it is to where it is wanted.
    fn ways(&self, from: S, wanted: &'static [S]) -> impl Iterator<Item = &'static Verb<S>> {
        let verbs = self.verbs.iter().filter(move |verb| verb.of.is_none() && verb.from.contains(&from));
        verbs.filter(move |verb| verb.to.iter().any(|to| wanted.contains(to)))
    }
}

/// The spelling of a state in database and graph.
pub fn spelling<S: EnumType>(state: S) -> &'static str {
    S::items().iter().find(|item| item.value == state).map_or("", |item| item.name)
}
