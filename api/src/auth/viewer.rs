//! Who is signed in, and what that allows.

use async_graphql::{Context, Object, SimpleObject};
use entity::refresh_token::{Column, Entity as Tokens};
use entity::{team, user};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;

use super::entrance::entrance;
use super::matrix::{self, FieldPermission, Matrix, Permission};
use crate::access::{Kind, Role, Viewer};
use crate::error::{Error, Result};
use crate::graphql::cost::Estimate;
use crate::graphql::node::Node;
use crate::graphql::scalar::Moment;
use crate::rate_limit::{Principal, Standing, units};

/// The queries about the viewer and the rules.
#[derive(Default)]
pub struct ViewerQueries;

#[Object]
impl ViewerQueries {
    /// Who is signed in. For everyone who is.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Me>> {
        let viewer = crate::graphql::reader(ctx).map(|reader| Me(reader.viewer().clone()));
        Some(viewer.map_err(Error::into_resolver_error))
    }

    /// The rules of access as data: which role may do what, to which rows, and which fields are restricted. For
    /// everyone who is signed in.
    async fn permission_matrix(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only the rules of this role.")] role: Option<Role>,
        #[graphql(desc = "Only the rules of this kind of object.")] kind: Option<Kind>,
    ) -> Option<async_graphql::Result<Matrix>> {
        let matrix = crate::graphql::reader(ctx).map(|_| Matrix { role, kind });
        Some(matrix.map_err(Error::into_resolver_error))
    }
}

/// Who is signed in.
pub struct Me(Viewer);

/// Who is signed in, as the database has it now.
#[Object(name = "Viewer")]
impl Me {
    /// The user.
    async fn user(&self) -> Node<user::Entity> {
        Node::at(self.0.id)
    }

    /// What the user may do.
    async fn role(&self) -> Role {
        self.0.role
    }

    /// The user's team; null for none.
    async fn team(&self) -> Node<team::Entity> {
        Node::maybe(self.0.team)
    }

    /// What the viewer may do: one entry for each action on each kind of object that is allowed on some row.
    async fn permissions(&self) -> Vec<Permission> {
        matrix::permissions(Some(self.0.role), None).into_iter().filter(|permission| permission.allowed).collect()
    }

    /// The fields that the viewer may not read or write like the rest of the row.
    async fn restricted_fields(&self) -> Vec<FieldPermission> {
        matrix::fields(Some(self.0.role), None).into_iter().filter(FieldPermission::is_limited).collect()
    }

    /// What the viewer may still spend; null where nothing is limited.
    async fn rate_limit(&self, ctx: &Context<'_>) -> Option<Allowance> {
        let way_in = entrance(ctx).ok()?;
        let cost = ctx.data_opt::<Estimate>().copied().unwrap_or_default().points();
        let standing =
            way_in.rate_limit().standing(&Principal::of(Some(&self.0), None), way_in.store().clock().now())?;
        Some(Allowance::new(standing, cost))
    }

    /// When this session ends unless `refreshSession` prolongs it; null if it cannot be prolonged any more.
    async fn session_expires_at(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Moment>> {
        expires_at(ctx, &self.0).await.map_err(Error::into_resolver_error).transpose()
    }
}

async fn expires_at(ctx: &Context<'_>, viewer: &Viewer) -> Result<Option<Moment>> {
    let way_in = entrance(ctx)?;
    let live = Condition::all()
        .add(Column::FamilyId.eq(viewer.session))
        .add(Column::UsedAt.is_null())
        .add(Column::RevokedAt.is_null());
    Ok(way_in.store().system().look::<Tokens>(live).await?.map(|token| Moment(token.expires_at)))
}

/// What the viewer may still spend, in points: one for an operation, one for each statement that reads, one for each
/// 100 rows, one for about a millisecond of searching and counting in large tables, ten for each item of a mutation.
#[derive(Clone, Copy, Debug, SimpleObject)]
#[graphql(name = "RateLimit")]
pub struct Allowance {
    /// The most points that can be spent at once.
    limit: i32,
    /// The points that are left, with what this operation may use taken off; what it does not use is given back.
    remaining: i32,
    /// The points that come back each second.
    restore_rate: u32,
    /// When all points will be back if none are spent.
    reset_at: Moment,
    /// The points that this operation may use at most, estimated before it ran.
    cost: i32,
}

impl Allowance {
    /// As it stands while an operation of this cost runs.
    pub fn new(standing: Standing, cost: u64) -> Self {
        let Standing { limit, remaining, per_second, reset_at, .. } = standing;
        Self { limit, remaining, restore_rate: per_second, reset_at: Moment(reset_at), cost: units(cost) }
    }
}
