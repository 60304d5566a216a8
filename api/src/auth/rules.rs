//! What a presented refresh token is worth.

use chrono::{DateTime, Utc};
use entity::refresh_token::Model as Token;
use uuid::Uuid;

/// What to do about a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Fresh: exchange it.
    Exchange,
    /// It was exchanged, but the answer seems to have been lost, for neither of the tokens in it was ever used: withdraw
    /// the successor and exchange it again.
    Repeat {
        /// The successor to withdraw.
        withdraw: Uuid,
    },
    /// Two parties hold tokens of this family, one of them a thief: end it.
    EndFamily,
    /// It has expired.
    Refuse,
}

/// Judges a token by what happened to it and to its successor.
pub fn judge(token: &Token, successor: Option<&Token>, now: DateTime<Utc>) -> Verdict {
    if token.revoked_at.is_some() {
        // Withdrawn for a repeated exchange, so somebody else went on; of an ended family nothing is left to end.
        return Verdict::EndFamily;
    }
    if token.expires_at <= now {
        return Verdict::Refuse;
    }
    match (token.used_at, successor) {
        (None, _) => Verdict::Exchange,
        (Some(_), Some(next)) if is_untouched(next) => Verdict::Repeat { withdraw: next.id },
        (Some(_), _) => Verdict::EndFamily,
    }
}

/// Neither it nor the access token that came with it was used, nor was it withdrawn.
fn is_untouched(token: &Token) -> bool {
    token.used_at.is_none() && token.confirmed_at.is_none() && token.revoked_at.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(NOW + seconds, 0).unwrap()
    }

    fn token(used: bool, revoked: bool) -> Token {
        Token {
            id: Uuid::from_u128(7),
            expires_at: at(60),
            used_at: used.then(|| at(-5)),
            revoked_at: revoked.then(|| at(-5)),
            ..Token::default()
        }
    }

    #[test]
    fn the_verdict_follows_use_and_withdrawal() {
        let withdraw = Uuid::from_u128(7);
        let (fresh, used, revoked) = (token(false, false), token(true, false), token(false, true));
        let arrived = Token { confirmed_at: Some(at(-1)), ..token(false, false) };
        for (presented, successor, verdict) in [
            (&fresh, None, Verdict::Exchange),
            (&arrived, None, Verdict::Exchange),
            (&used, Some(&fresh), Verdict::Repeat { withdraw }),
            (&used, Some(&arrived), Verdict::EndFamily),
            (&used, Some(&used), Verdict::EndFamily),
            (&used, Some(&revoked), Verdict::EndFamily),
            (&used, None, Verdict::EndFamily),
            (&revoked, None, Verdict::EndFamily),
        ] {
            assert_eq!(judge(presented, successor, at(0)), verdict, "{presented:?} {successor:?}");
        }
    }

    #[test]
    fn an_expired_token_is_refused_to_the_second() {
        assert_eq!(judge(&token(false, false), None, at(59)), Verdict::Exchange);
        assert_eq!(judge(&token(false, false), None, at(60)), Verdict::Refuse);
        assert_eq!(judge(&token(true, false), Some(&token(false, false)), at(60)), Verdict::Refuse);
        assert_eq!(judge(&token(false, true), None, at(60)), Verdict::EndFamily);
    }
}
