//! Signing in and out: sessions of rotating refresh tokens, short access tokens.
