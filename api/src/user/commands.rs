//! The verbs of a user's life.

use entity::user::{self, UserStatus};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::graphql::{CreateUserInput, ReactivateUserInput, SetPasswordInput, SuspendUserInput};
use super::rules;
use crate::access::{Action, Kind, password, policy};
use crate::checks::Checks;
use crate::error::{Error, Mistake, Result};
use crate::graphql::mutation::Changed;
use crate::spelling::text;
use crate::store::{Tx, Warrant};

/// A changed user.
type Outcome = Result<Changed<user::Entity>>;

/// Makes a user.
///
/// # Errors
/// FORBIDDEN; `Invalid`: the password is too weak, the address is taken, there is no such team.
pub async fn create(tx: &Tx, input: CreateUserInput) -> Outcome {
    tx.may::<user::Entity>(Action::Create)?;
    let mut user = user::Model {
        name: input.name,
        email: input.email.0,
        role: input.role,
        team_id: input.team_id.map(|id| id.uuid()),
        time_zone: input.time_zone.map_or_else(|| "UTC".to_owned(), |zone| zone.0),
        locale: input.locale.map_or_else(|| "en".to_owned(), |locale| locale.0),
        max_open_leads: input.max_open_leads,
        ..user::Model::default()
    };
    let mut checks = Checks::new();
    check_fields(&mut user, &mut checks);
    if let Some(team) = user.team_id {
        checks.expect(tx.sees(Kind::Team, team).await?, "NOT_FOUND", "teamId", "There is no such Team.");
    }
    let about = [user.name.as_str(), user.email.as_str()];
    if let Some(Mistake { code, message, .. }) =
        input.password.as_deref().and_then(|password| password::check_new(password, &about).err())
    {
        checks.refuse(&code, "password", message);
    }
    checks.done()?;
    if let Some(plain) = input.password {
        user.password_hash = Some(password::hash(plain).await?);
    }
    Ok(Changed::row(tx.create::<user::Entity>(user).await?.id))
}

/// Locks a user out.
///
/// # Errors
/// CONFLICT: suspended already, oneself, or the last active ADMIN.
pub async fn suspend(tx: &Tx, input: SuspendUserInput) -> Outcome {
    let mut user = tx.edit::<user::Entity>(input.id.uuid(), Action::Suspend, input.expected_version).await?;
    let to = rules::LIFE.next(Action::Suspend, user.status)?;
    rules::not_oneself(tx.reader().viewer().id, user.id, "suspend")?;
    let warrant = user.warrant();
    keep_an_admin(tx, &warrant, user.before(), false).await?;
    if let Some(reason) = input.reason.as_deref().and_then(text::said) {
        tx.because(reason);
    }
    user.status = to;
    let user = tx.save(user).await?;
    tx.end_sessions(&warrant, user.id).await?;
    Ok(Changed::row(user.id))
}

/// Lets a user in again.
///
/// # Errors
/// CONFLICT: not suspended.
pub async fn reactivate(tx: &Tx, input: ReactivateUserInput) -> Outcome {
    let mut user = tx.edit::<user::Entity>(input.id.uuid(), Action::Reactivate, input.expected_version).await?;
    user.status = rules::LIFE.next(Action::Reactivate, user.status)?;
    let user = tx.save(user).await?;
    Ok(Changed::row(user.id))
}

/// Sets a password.
///
/// # Errors
/// FORBIDDEN: somebody else's; `Invalid`: the old one is wrong, the new one too weak.
pub async fn set_password(tx: &Tx, input: SetPasswordInput) -> Outcome {
    let mut user = tx.edit::<user::Entity>(input.id.uuid(), Action::SetPassword, input.expected_version).await?;
    password::check_new(&input.password, &[&user.name, &user.email])
        .map_err(|mistake| Error::Invalid(vec![mistake]))?;
    if user.id == tx.reader().viewer().id {
        let old = input
            .old_password
            .ok_or_else(|| Error::invalid("REQUIRED", "oldPassword", "Give your current password."))?;
        if !password::verify(user.password_hash.clone(), old).await? {
            return Err(Error::invalid("INVALID", "oldPassword", "This is not your password."));
        }
    }
    let warrant = user.warrant();
    user.password_hash = Some(password::hash(input.password).await?);
    let user = tx.save(user).await?;
    tx.end_sessions(&warrant, user.id).await?;
    Ok(Changed::row(user.id))
}

/// What every user must have.
pub(super) fn check_fields(user: &mut user::Model, checks: &mut Checks) {
    checks.name("name", &mut user.name);
    let limit = user.max_open_leads.is_none_or(|limit| limit >= 0);
    checks.expect(limit, "INVALID", "maxOpenLeads", "maxOpenLeads may not be negative.");
}

/// Refuses a change after which nobody would run the system. Such changes take turns, so that two of them cannot
/// remove the last two together.
pub(super) async fn keep_an_admin(tx: &Tx, warrant: &Warrant, before: &user::Model, runs_after: bool) -> Result<()> {
    if !rules::runs_the_system(before) || runs_after {
        return Ok(());
    }
    tx.take_turns("admins").await?;
    let others = admins(tx, warrant).await?.into_iter().filter(|id| *id != before.id).count();
    rules::leaves_an_admin(others, before, runs_after)
}

async fn admins(tx: &Tx, warrant: &Warrant) -> Result<Vec<Uuid>> {
    use user::Column;
    let admins = tx.all::<user::Entity>(warrant).filter(Column::Role.eq(policy::KEEPER));
    let active = admins.filter(Column::Status.eq(UserStatus::Active)).all().await?;
    Ok(active.into_iter().map(|user| user.id).collect())
}
