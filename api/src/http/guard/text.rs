//! What can be said about a document before it is parsed: how many tokens, how deep its brackets.

use async_graphql::{Pos, ServerError};

use super::{coded, within};
use crate::config::Limits;
use crate::error::Code;

/// Counts tokens and nesting outside strings and comments.
pub fn check(text: &str, limits: &Limits) -> Result<(), ServerError> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    let (mut tokens, mut nesting, mut deepest) = (0_usize, 0_usize, 0_usize);
    while let Some(byte) = scan.next_significant() {
        tokens += 1;
        match byte {
            b'{' | b'[' | b'(' => {
                nesting += 1;
                deepest = deepest.max(nesting);
            }
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            b'"' => scan.string().map_err(|start| unterminated(text, start))?,
            b'.' => scan.skip_while(|next| next == b'.'),
            _ if is_word(byte) => scan.skip_while(is_word),
            _ => {}
        }
    }
    within("The document", tokens, limits.tokens, "tokens")?;
    within("The document", deepest, limits.nesting, "levels of brackets")
}

/// Names and numbers; signs, fractions and exponents of numbers may count twice, which errs on the safe side.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        self.at += self.rest().iter().take_while(|byte| keep(**byte)).count();
    }

    /// The first byte of the next token, stepped over; whitespace, commas and comments are no tokens.
    fn next_significant(&mut self) -> Option<u8> {
        loop {
            self.skip_while(|byte| matches!(byte, b' ' | b',' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF));
            let byte = *self.rest().first()?;
            if byte != b'#' {
                self.at += 1;
                return Some(byte);
            }
            self.skip_while(|byte| byte != b'\n' && byte != b'\r');
        }
    }

    /// Steps over a string whose first quote is behind us. An unterminated one is refused here, so that we and the
    /// parser never disagree about what is inside a string.
    fn string(&mut self) -> Result<(), usize> {
        let start = self.at - 1;
        if self.rest().starts_with(b"\"\"") {
            self.at += 2;
            return self.block_string().ok_or(start);
        }
        loop {
            match self.rest().first() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(b'\n' | b'\r') | None => return Err(start),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    fn block_string(&mut self) -> Option<()> {
        loop {
            let rest = self.rest();
            if rest.starts_with(b"\"\"\"") {
                self.at += 3;
                return Some(());
            }
            self.at += if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
            if self.at > self.bytes.len() {
                return None;
            }
        }
    }
}

fn unterminated(text: &str, start: usize) -> ServerError {
    let before = text.as_bytes().get(..start).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    let message = format!("Syntax error at line {line}, column {column}: this string does not end.");
    let mut error = coded(Code::GraphqlParseFailed, message);
    error.locations.push(Pos { line, column });
    error
}
