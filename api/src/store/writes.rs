//! The plain mutations of every entity: create, update, assign, delete. Written once, over declarations.

use futures_util::FutureExt;
use sea_orm::{EntityTrait, IdenStatic, ModelTrait, Value};
use uuid::Uuid;

use super::descriptor::{Descriptor, Given, Key, Writes};
use super::filter::forbidden_write;
use super::taker::taker;
use super::tx::{Change, Resource, Tx, column};
use crate::access::{Action, Grant, policy};
use crate::checks::Checks;
use crate::error::{Error, Mistake, Result};

/// The plain mutations of an entity.
pub fn writes<E: Resource>() -> Writes {
    Writes {
        create: true,
        update: true,
        delete: true,
        insert: |tx, given| create::<E>(tx, given).boxed(),
        change: |tx, id, action, version, given| update::<E>(tx, id, action, Some(version), given).boxed(),
        default: |name| column::<E>(name).map(|column| E::Model::default().get(column)),
        put: |tx, given| put::<E>(tx, given).boxed(),
        remove: |tx, id, version| delete::<E>(tx, id, version).boxed(),
    }
}

impl Writes {
    /// Without `delete…`.
    #[must_use]
    pub fn kept(self) -> Self {
        Self { delete: false, ..self }
    }

    /// Without `create…`: rows are made by verbs.
    #[must_use]
    pub fn made_by_verbs(self) -> Self {
        Self { create: false, ..self }
    }

    /// Without `update…`.
    #[must_use]
    pub fn fixed(self) -> Self {
        Self { update: false, ..self }
    }
}

async fn create<E: Resource>(tx: &Tx, given: Given) -> Result<Uuid> {
    let warrant = tx.may::<E>(Action::Create)?;
    let of = tx.descriptor::<E>();
    let viewer = tx.reader().viewer();
    for (field, _, _) in &given.values {
        let name = policy_name(field);
        // Where a row came from is given once, by whoever makes it; it is only rewriting that the policy closes.
        let closed = viewer.writes(of.kind, name) == Grant::No && !policy::needs_reason(of.kind, name);
        if closed || viewer.reads(of.kind, name) == Grant::No {
            return Err(forbidden_write(of, field, None));
        }
    }
    let mut row = E::Model::default();
    apply::<E>(&mut row, &given)?;
    see_references(tx, of, &given).await?;
    take_team_of_owner::<E>(tx, &mut row).await?;
    tx.hold_whole_of_new::<E>(&row).await?;
    E::prepare(tx, &warrant, &mut row, None, &given).await?;
    let row = tx.create::<E>(row).await?;
    E::effects(tx, &warrant, None, &row).await?;
    Ok(super::tx::id_of::<E>(&row))
}

/// What a source says of a row that it knows by an id of its own: a row that is there is changed, else one is made.
async fn put<E: Resource>(tx: &Tx, mut given: Given) -> Result<Uuid> {
    let of = tx.descriptor::<E>();
    let (system, id) = (given.text("source_system").unwrap_or_default(), given.text("external_id").unwrap_or_default());
    tx.take_turns(&format!("{} {system} {id}", of.table)).await?;
    let known = tx.find::<E>()?.known_as(system, vec![id.to_owned()]).one().await?;
    let Some(row) = known else {
        given.values.retain(|(_, _, value)| *value != value.as_null());
        require(of, &given)?;
        return create::<E>(tx, given).await.map_err(made_meanwhile);
    };
    let id = super::tx::id_of::<E>(&row);
    // What is said once, when a row is made, is not said again.
    let changes = |field: &str| {
        let link = field.strip_suffix("Id").and_then(|name| of.link(name)).map(|link| link.input);
        of.field(field).map(|field| field.input).or(link).is_some_and(|input| input.update)
    };
    given.values.retain(|(field, _, _)| changes(field));
    update::<E>(tx, id, Action::Update, None, given).await.map(|()| id)
}

/// Those who put take turns. Who has the id all the same is a row that others made on another way at this moment, which
/// the next try finds, or one that the caller does not see.
fn made_meanwhile(error: Error) -> Error {
    match &error {
        Error::Invalid(mistakes)
            if mistakes.iter().any(|mistake| mistake.code == "TAKEN" && mistake.path == ["externalId"]) =>
        {
            error.by_others()
        }
        _ => error,
    }
}

/// A new row has what its declaration demands.
fn require(of: &Descriptor, given: &Given) -> Result<()> {
    let fields = of.fields.iter().filter(|field| field.input.required).map(|field| field.name.clone());
    let links = of.links.iter().filter(|link| link.input.required).map(|link| format!("{}Id", link.name));
    let missing = fields.chain(links).filter(|name| given.values.iter().all(|(field, _, _)| field != name));
    let mistakes: Vec<_> =
        missing.map(|name| Mistake::new("REQUIRED", &name, format!("{name} is required of a new row."))).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(Error::Invalid(mistakes)) }
}

async fn update<E: Resource>(tx: &Tx, id: Uuid, action: Action, version: Option<i32>, given: Given) -> Result<()> {
    let whole = tx.hold_whole_of::<E>(id).await?;
    let mut change = match version {
        Some(version) => tx.edit::<E>(id, action, version).await?,
        None => tx.claim::<E>(id, action).await?,
    };
    whole.permit(action)?;
    check_write_grants(tx, tx.descriptor::<E>(), id, &given).await?;
    apply::<E>(&mut change, &given)?;
    see_references(tx, tx.descriptor::<E>(), &given).await?;
    if action == Action::Assign {
        leave_team_of_former_owner::<E>(&mut change, &given)?;
        take_team_of_owner::<E>(tx, &mut change).await?;
    }
    let (warrant, before) = (change.warrant(), change.before().clone());
    E::prepare(tx, &warrant, &mut change, Some(&before), &given).await?;
    let row = tx.save(change).await?;
    E::effects(tx, &warrant, Some(&before), &row).await
}

async fn delete<E: Resource>(tx: &Tx, id: Uuid, version: i32) -> Result<()> {
    let whole = tx.hold_whole_of::<E>(id).await?;
    let mut change: Change<E> = tx.edit(id, Action::Delete, version).await?;
    whole.permit(Action::Delete)?;
    let (warrant, before) = (change.warrant(), change.before().clone());
    E::may_delete(tx, &warrant, &change).await?;
    set_value::<E>(&mut change, "deleted_at", Value::ChronoDateTimeUtc(Some(tx.now())), "id")?;
    let row = tx.save(change).await?;
    E::effects(tx, &warrant, Some(&before), &row).await
}

/// Fields whose writing the policy restricts: may this viewer write them on this row, and did they say why?
async fn check_write_grants(tx: &Tx, of: &Descriptor, id: Uuid, given: &Given) -> Result<()> {
    let viewer = tx.reader().viewer();
    for (field, _, _) in &given.values {
        let name = policy_name(field);
        let allowed = match viewer.writes(of.kind, name) {
            Grant::Yes => true,
            Grant::No | Grant::Sums => false,
            Grant::Rows(reach) => match tx.reader().within(of, reach, Action::Update, "t0") {
                None => true,
                Some(condition) => tx.exists(of, id, vec![condition]).await?,
            },
        };
        if !allowed || viewer.reads(of.kind, name) == Grant::No {
            return Err(forbidden_write(of, field, Some(id)));
        }
        if policy::needs_reason(of.kind, name) && given.reason.is_none() {
            return Err(Error::invalid(
                "REQUIRED",
                "reason",
                format!("Say in `reason` why {field} changes; it is logged."),
            ));
        }
    }
    if let Some(reason) = &given.reason {
        tx.because(reason);
    }
    Ok(())
}

/// The policy speaks of `owner`, inputs of `ownerId`.
fn policy_name(field: &str) -> &str {
    field.strip_suffix("Id").unwrap_or(field)
}

fn apply<E: EntityTrait>(row: &mut E::Model, given: &Given) -> Result<()> {
    given.values.iter().try_for_each(|(field, name, value)| set_value::<E>(row, name, value.clone(), field))
}

fn set_value<E: EntityTrait>(row: &mut E::Model, name: &str, value: Value, field: &str) -> Result<()> {
    let column = column::<E>(name).ok_or_else(|| Error::internal(format!("no column {name}")))?;
    row.try_set(column, value)
        .map_err(|_| Error::Invalid(vec![Mistake::new("INVALID", field, format!("{field} may not be empty."))]))
}

/// A row may only point at rows that the viewer can see.
async fn see_references(tx: &Tx, of: &Descriptor, given: &Given) -> Result<()> {
    let mut checks = Checks::new();
    for (field, name, value) in &given.values {
        let link = of.links.iter().find(|link| matches!(link.key, Key::One(own) if own == *name));
        if let (Some(link), Value::Uuid(Some(id))) = (link, value) {
            let seen = tx.sees(link.to, *id).await?;
            checks.expect(
                seen,
                "NOT_FOUND",
                field,
                &format!("There is no such {}.", tx.reader().graph().of(link.to).name),
            );
        }
    }
    checks.done()?;
    owner_can_work(tx, of, given).await
}

/// Only who can work on a row is given it.
async fn owner_can_work(tx: &Tx, of: &Descriptor, given: &Given) -> Result<()> {
    let owner = given.values.iter().find_map(|(_, name, value)| match value {
        Value::Uuid(Some(id)) if *name == "owner_id" => Some(*id),
        _ => None,
    });
    match owner {
        Some(owner) => taker(tx, of.kind, owner, "ownerId").await.map(|_| ()),
        None => Ok(()),
    }
}

/// A row that is given to a person, and not to a team, leaves the team it was in.
fn leave_team_of_former_owner<E: EntityTrait>(row: &mut E::Model, given: &Given) -> Result<()> {
    let gives =
        |wanted: &str| given.values.iter().any(|(_, name, value)| *name == wanted && *value != Value::Uuid(None));
    if gives("owner_id") && !given.values.iter().any(|(_, name, _)| *name == "team_id") {
        set_value::<E>(row, "team_id", Value::Uuid(None), "teamId")?;
    }
    Ok(())
}

/// An owned row belongs to its owner's team unless it is given to another.
async fn take_team_of_owner<E: Resource>(tx: &Tx, row: &mut E::Model) -> Result<()> {
    let (Some(owner), Some(team)) = (column::<E>("owner_id"), column::<E>("team_id")) else { return Ok(()) };
    let (Value::Uuid(Some(owner)), Value::Uuid(None)) = (row.get(owner), row.get(team)) else { return Ok(()) };
    let user = tx.live::<entity::user::Entity>().with_id(owner).one().await?;
    set_value::<E>(row, team.as_str(), Value::Uuid(user.and_then(|user| user.team_id)), "teamId")
}

/// A row for which neither owner nor team was given belongs to its maker and the maker's team. A row that is given to a
/// team alone waits in the team's pool.
pub fn default_owner(tx: &Tx, given: &Given, owner: &mut Option<Uuid>, team: &mut Option<Uuid>) {
    if given.has("owner_id") || given.has("team_id") {
        return;
    }
    let viewer = tx.reader().viewer();
    *owner = Some(viewer.id).filter(|id| !id.is_nil());
    *team = viewer.team;
}
