//! Signing in, going on and signing out as mutations.

use async_graphql::{Context, ErrorExtensions, InputObject, Object, SimpleObject};
use entity::user;

use super::entrance::{Entrance, entrance};
use super::sessions::{self, Issued, SignIn};
use crate::error::{Code, Error, Mistake};
use crate::graphql::judge::Raw;
use crate::graphql::node::Node;
use crate::graphql::scalar::Moment;
use crate::request::RequestMeta;

/// Who wants to sign in.
#[derive(Clone, InputObject)]
pub struct SignInInput {
    /// The address the user signs in with; letter case does not matter.
    pub email: String,
    /// The password.
    #[graphql(secret)]
    pub password: String,
}

/// The session to go on with.
#[derive(Clone, InputObject)]
pub struct RefreshSessionInput {
    /// The refresh token of the last answer.
    #[graphql(secret)]
    pub refresh_token: String,
}

/// What to end.
#[derive(Clone, InputObject)]
pub struct SignOutInput {
    /// End every session of the user, on all devices.
    #[graphql(default)]
    pub everywhere: bool,
}

/// A session that was begun or continued.
#[derive(SimpleObject)]
pub struct SessionPayload {
    /// Send it as `Authorization: Bearer <accessToken>` until `expiresAt`; null if nobody was signed in.
    access_token: Option<String>,
    /// Exchange it once, by `refreshSession`, before the access token ends. Keep it secret and keep only the newest:
    /// a refresh token that is used again after a token of the answer to its first use was used ends the session.
    refresh_token: Option<String>,
    /// When the access token ends.
    expires_at: Option<Moment>,
    /// Who is signed in.
    user: Node<user::Entity>,
    /// What has to be corrected first; empty when it was done.
    user_errors: Vec<Mistake>,
}

/// What signing out did.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// How many sessions were ended.
    ended_sessions: usize,
    /// What has to be corrected first; empty when it was done.
    user_errors: Vec<Mistake>,
}

impl SessionPayload {
    fn of(entrance: &Entrance, issued: Issued) -> Self {
        let id = issued.viewer.id;
        Self {
            access_token: Some(issued.access_token),
            refresh_token: Some(issued.refresh_token),
            expires_at: Some(Moment(issued.expires_at)),
            // The request itself came from nobody; the answer is for who has just signed in.
            user: Node::seen_by(entrance.store().reader(issued.viewer), id),
            user_errors: Vec::new(),
        }
    }

    fn refused() -> Self {
        let message = "No active user has this e-mail address and password.";
        Self::nobody(vec![Mistake::new("INVALID", "", message)])
    }

    fn malformed(error: Error) -> async_graphql::Result<Self> {
        match error {
            Error::Invalid(mistakes) => Ok(Self::nobody(mistakes)),
            error => Err(error.into_resolver_error()),
        }
    }

    fn nobody(user_errors: Vec<Mistake>) -> Self {
        Self { access_token: None, refresh_token: None, expires_at: None, user: Node::none(), user_errors }
    }
}

/// The mutations of sessions.
#[derive(Default)]
pub struct SessionMutations;

#[Object]
impl SessionMutations {
    /// Begins a session by e-mail and password. For everyone, signed in or not. A wrong address, a wrong password and
    /// a suspended user are refused in the same words, as `userErrors`. After ten failures for an address from one
    /// network, RATE_LIMITED says in `extensions.retryAfterSeconds` (and `Retry-After`) how long to wait; also after a
    /// hundred for an address from all networks together, or fifty from one network for all addresses, but not in
    /// networks that somebody has signed in from before.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who wants to sign in.")] input: Raw<SignInInput>,
    ) -> Option<async_graphql::Result<SessionPayload>> {
        Some(match input.told() {
            Ok(told) => sign_in(ctx, told.input).await,
            Err(error) => SessionPayload::malformed(error),
        })
    }

    /// Exchanges a refresh token for a new access token and the next refresh token. For everyone who holds one; leave
    /// the `Authorization` header out once its token has ended. If the answer is lost, the same token may be sent again:
    /// the tokens of the lost answer are withdrawn. Once one of them was used, access token or refresh token, the answer
    /// has arrived, and sending the old token again ends the session. UNAUTHENTICATED: it has ended, sign in again.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session to go on with.")] input: Raw<RefreshSessionInput>,
    ) -> Option<async_graphql::Result<SessionPayload>> {
        let refreshed = async {
            let (way_in, input) = (entrance(ctx)?, input.told()?.input);
            let issued = sessions::refresh(way_in, &input.refresh_token).await?;
            Ok(SessionPayload::of(way_in, issued))
        };
        Some(refreshed.await.or_else(SessionPayload::malformed))
    }

    /// Ends this session: its access and refresh tokens are refused from now on. For everyone who is signed in.
    async fn sign_out(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to end.")] input: Raw<SignOutInput>,
    ) -> Option<async_graphql::Result<SignOutPayload>> {
        let signed_out = async {
            let (viewer, input) = (crate::graphql::reader(ctx)?.viewer(), input.told()?.input);
            let ended_sessions = sessions::sign_out(entrance(ctx)?, viewer, input.everywhere).await?;
            Ok(SignOutPayload { ended_sessions, user_errors: Vec::new() })
        };
        Some(signed_out.await.map_err(Error::into_resolver_error))
    }
}

async fn sign_in(ctx: &Context<'_>, input: SignInInput) -> async_graphql::Result<SessionPayload> {
    let way_in = entrance(ctx).map_err(Error::into_resolver_error)?;
    let peer = ctx.data_opt::<RequestMeta>().and_then(|meta| meta.peer);
    match sessions::sign_in(way_in, peer, &input.email, input.password).await {
        Ok(SignIn::Done(issued)) => Ok(SessionPayload::of(way_in, *issued)),
        Ok(SignIn::Refused) => Ok(SessionPayload::refused()),
        Ok(SignIn::Wait(seconds)) => Err(wait(ctx, "Too many attempts to sign in have failed.", seconds)),
        Err(error) => Err(error.into_resolver_error()),
    }
}

/// RATE_LIMITED, with how long to wait, in the answer and as a header.
pub(crate) fn wait(ctx: &Context<'_>, why: &str, seconds: i64) -> async_graphql::Error {
    ctx.insert_http_header("retry-after", seconds.to_string());
    let refused = Error::refused(Code::RateLimited, format!("{why} Try again in {seconds} seconds."));
    refused.into_resolver_error().extend_with(|_, extensions| extensions.set("retryAfterSeconds", seconds))
}
