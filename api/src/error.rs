//! One error for the whole service, sorted by whose fault it is, and its only translation to clients.
//!
//! Commands and the store return [`Error`]; GraphQL and HTTP see the [`Code`] and a message written for people.
//! Causes (driver texts, SQL, paths) never leave the process: they are logged once, here.

use async_graphql::{ErrorExtensionValues, PathSegment, Pos, ServerError};
use serde::{Deserialize, Serialize};

/// Short for a result with our [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The closed list of error codes (`extensions.code`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// No valid principal: sign in or send a fresh access token.
    Unauthenticated,
    /// The row or type is visible, the right to do this is missing.
    Forbidden,
    /// This field may not be read (or filtered, sorted, grouped) by this role.
    ForbiddenField,
    /// No such row, or none that this viewer may see.
    NotFound,
    /// The input breaks a rule that is stated in the message.
    BadUserInput,
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// Somebody else changed the row first, or it is in a state that rules this out.
    Conflict,
    /// The idempotency key was used with another input.
    IdempotencyConflict,
    /// Too many requests.
    RateLimited,
    /// The query asks for more than the limits allow.
    QueryTooComplex,
    /// The persisted query is not known.
    PersistedQueryNotFound,
    /// Persisted queries are off.
    PersistedQueryNotSupported,
    /// The operation took too long and was stopped.
    Timeout,
    /// A part that is needed (the database) cannot be reached at the moment.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Code {
    /// The whole list.
    pub const ALL: [Self; 16] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::ForbiddenField,
        Self::NotFound,
        Self::BadUserInput,
        Self::GraphqlParseFailed,
        Self::GraphqlValidationFailed,
        Self::Conflict,
        Self::IdempotencyConflict,
        Self::RateLimited,
        Self::QueryTooComplex,
        Self::PersistedQueryNotFound,
        Self::PersistedQueryNotSupported,
        Self::Timeout,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The spelling on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::ForbiddenField => "FORBIDDEN_FIELD",
            Self::NotFound => "NOT_FOUND",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::Conflict => "CONFLICT",
            Self::IdempotencyConflict => "IDEMPOTENCY_CONFLICT",
            Self::RateLimited => "RATE_LIMITED",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::PersistedQueryNotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::Timeout => "TIMEOUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// One thing in an input that a person can correct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, async_graphql::SimpleObject)]
#[graphql(name = "UserError")]
pub struct Mistake {
    /// A stable word: `REQUIRED`, `INVALID`, `TAKEN`, `TOO_LONG`, `NOT_ALLOWED`.
    pub code: String,
    /// The input field, from the input object down (`["deal", "amount"]`).
    #[graphql(name = "field")]
    pub path: Vec<String>,
    /// What is wrong and what to do.
    pub message: String,
    /// For `TAKEN`: the row that has the value already, if the caller may see it.
    #[serde(default)]
    pub id: Option<async_graphql::ID>,
    /// How to find that row; answers never hold it.
    #[serde(skip)]
    #[graphql(skip)]
    pub holder: Option<Box<Holder>>,
}

/// Texts by which a row is found that has a unique value already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The GraphQL type of the row.
    pub of: &'static str,
    /// Its columns and what they hold.
    pub values: Vec<(&'static str, String)>,
}

impl Mistake {
    /// A mistake at one input field.
    pub fn new(code: &str, field: &str, message: impl Into<String>) -> Self {
        let path = field.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Self { code: code.to_owned(), path, message: message.into(), id: None, holder: None }
    }
}

/// A right that was missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Its name: `User.create`.
    pub right: String,
    /// The id of the object that it was missing on, as clients see it, where there is one.
    pub subject: Option<String>,
}

/// What went wrong, by whose fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A coded refusal whose message may be shown.
    #[error("{message}")]
    Refused {
        /// The code clients branch on.
        code: Code,
        /// Written for people.
        message: String,
        /// The current version of the row, for a stale `expectedVersion`.
        current_version: Option<i32>,
        /// The right that was missing, for the security log; none where reading was refused.
        denied: Option<Box<Denied>>,
    },
    /// Input that a person can mend; mutations answer it as `userErrors`.
    #[error("{}", .0.first().map_or("the input is not valid", |first| first.message.as_str()))]
    Invalid(Vec<Mistake>),
    /// It met others who were at the same at that moment: done again it may come out otherwise. Inside is what it is if
    /// it does not.
    #[error(transparent)]
    Raced(Box<Self>),
    /// Our fault, or the database's; the cause goes to the log.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A coded refusal.
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into(), current_version: None, denied: None }
    }

    /// The viewer is not signed in.
    pub fn unauthenticated() -> Self {
        Self::refused(Code::Unauthenticated, "Sign in first: send `Authorization: Bearer <access token>`.")
    }

    /// The right is missing; `right` names it.
    pub fn forbidden(right: impl std::fmt::Display) -> Self {
        let message = format!("Your role does not have the right: {right}.");
        Self::refused(Code::Forbidden, message).for_want_of(right, None)
    }

    /// The same refusal, of an attempt for which this right was missing, on this object.
    #[must_use]
    pub fn for_want_of(self, right: impl std::fmt::Display, subject: Option<String>) -> Self {
        match self {
            Self::Refused { code, message, current_version, .. } => {
                let denied = Some(Box::new(Denied { right: right.to_string(), subject }));
                Self::Refused { code, message, current_version, denied }
            }
            error => error,
        }
    }

    /// The right that was missing, if that is why.
    pub fn denied(&self) -> Option<&Denied> {
        match self {
            Self::Refused { denied, .. } => denied.as_deref(),
            _ => None,
        }
    }

    /// No such row for this viewer. Hidden and missing are the same.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::refused(Code::NotFound, format!("{what} was not found."))
    }

    /// Input that no form can mend (a wrong cursor, a wrong id).
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::refused(Code::BadUserInput, message)
    }

    /// The state of the row rules this out.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::refused(Code::Conflict, message)
    }

    /// A stale version: says the current one.
    pub fn stale(what: impl std::fmt::Display, current: i32) -> Self {
        Self::Refused {
            code: Code::Conflict,
            message: format!(
                "{what} was changed by someone else: its version is {current} now. Read it again, then retry."
            ),
            current_version: Some(current),
            denied: None,
        }
    }

    /// The state of the row rules this out at this moment; tried again it may not.
    pub fn raced(message: impl Into<String>) -> Self {
        Self::conflict(message).by_others()
    }

    /// The same error, as one that others at the same moment have caused.
    #[must_use]
    pub fn by_others(self) -> Self {
        Self::Raced(Box::new(self))
    }

    /// What it is once it is not tried again.
    #[must_use]
    pub fn settled(self) -> Self {
        if let Self::Raced(error) = self { error.settled() } else { self }
    }

    /// One mistake at one input field.
    pub fn invalid(code: &str, field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Mistake::new(code, field, message)])
    }

    /// The same where mistakes stand in a part of the input: this is its name.
    pub fn within(self, part: &str) -> Self {
        let Self::Invalid(mistakes) = self else { return self };
        let inside = |mistake: Mistake| {
            let path = std::iter::once(part.to_owned()).chain(mistake.path).collect();
            Mistake { path, ..mistake }
        };
        Self::Invalid(mistakes.into_iter().map(inside).collect())
    }

    /// Our fault.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The code clients branch on.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Invalid(_) => Code::BadUserInput,
            Self::Raced(error) => error.code(),
            Self::Internal(_) => Code::Internal,
        }
    }

    /// The same for another place that failed by it.
    pub fn again(&self) -> Self {
        match self {
            Self::Refused { code, message, current_version, denied } => Self::Refused {
                code: *code,
                message: message.clone(),
                current_version: *current_version,
                denied: denied.clone(),
            },
            Self::Invalid(mistakes) => Self::Invalid(mistakes.clone()),
            Self::Raced(error) => error.again().by_others(),
            Self::Internal(cause) => Self::internal(cause.to_string()),
        }
    }

    /// The error of a resolver; the library adds the path.
    pub fn into_resolver_error(self) -> async_graphql::Error {
        let server = self.into_server_error(None, Vec::new());
        async_graphql::Error { message: server.message, source: None, extensions: server.extensions }
    }

    /// What a refusal says, to be told at one field while everything beside it is answered.
    ///
    /// # Errors
    /// It is no refusal but a failure of ours or of the database: whoever follows changes tries again.
    pub fn refusal(self) -> Result<(Code, String)> {
        match self.code() {
            Code::Internal | Code::Unavailable | Code::Timeout => Err(self),
            code => Ok((code, self.to_string())),
        }
    }

    /// The GraphQL error at `path`. An internal cause is logged here and only here.
    pub fn into_server_error(self, pos: Option<Pos>, path: Vec<PathSegment>) -> ServerError {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code().as_str());
        let message = match &self {
            Self::Internal(cause) => {
                tracing::error!(error = %cause, "request failed inside");
                "Something went wrong on our side. The request id in the response headers finds it in our logs."
                    .to_owned()
            }
            Self::Refused { message, current_version, .. } => {
                if let Some(version) = current_version {
                    extensions.set("currentVersion", *version);
                }
                message.clone()
            }
            Self::Raced(error) => return error.again().into_server_error(pos, path),
            Self::Invalid(_) => self.to_string(),
        };
        let mut error = ServerError::new(message, pos);
        error.path = path;
        error.extensions = Some(extensions);
        error
    }
}
