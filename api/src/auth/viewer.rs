//! Who is signed in, and what that allows.

use async_graphql::{Context, Object};
use entity::refresh_token::{Column, Entity as Tokens};
use entity::{team, user};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Condition;

use super::matrix::{self, FieldPermission, Matrix, Permission};
use crate::access::{Kind, Role, Viewer};
use crate::app::App;
use crate::error::{Error, Result};
use crate::graphql::app;
use crate::graphql::cost::Estimate;
use crate::graphql::node::Node;
use crate::graphql::scalar::Moment;
use crate::rate_limit::{Allowance, Principal};

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
        let app = ctx.data_opt::<App>()?;
        let cost = ctx.data_opt::<Estimate>().copied().unwrap_or_default().points();
        let standing = app.rate_limit().standing(&Principal::of(Some(&self.0), None), app.store().clock().now())?;
        Some(Allowance::new(standing, cost))
    }

    /// When this session ends unless `refreshSession` prolongs it; null if it cannot be prolonged any more.
    async fn session_expires_at(&self, ctx: &Context<'_>) -> Option<async_graphql::Result<Moment>> {
        expires_at(ctx, &self.0).await.map_err(Error::into_resolver_error).transpose()
    }
}

async fn expires_at(ctx: &Context<'_>, viewer: &Viewer) -> Result<Option<Moment>> {
    let app = app(ctx)?;
    let live = Condition::all()
        .add(Column::FamilyId.eq(viewer.session))
        .add(Column::UsedAt.is_null())
        .add(Column::RevokedAt.is_null());
    Ok(app.store().system().look::<Tokens>(live).await?.map(|token| Moment(token.expires_at)))
}
