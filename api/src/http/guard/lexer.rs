//! From the text of a document to its tokens (the specification, section 2.1), in one pass and without recursion.

use std::borrow::Cow;

use async_graphql::{Pos, ServerError};

use super::syntax_error;

/// Most digits of a code point in braces, leading zeros included.
const LONGEST_CODE_POINT: usize = 8;

/// A token and where it begins.
#[derive(Debug)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Where it begins.
    pub pos: Pos,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'a> {
    /// A punctuator of one character.
    Mark(char),
    /// `...`
    Spread,
    /// A name or a keyword.
    Name(&'a str),
    /// A whole number.
    Int(&'a str),
    /// A number with a fraction or an exponent.
    Float(&'a str),
    /// A string, with its escapes resolved.
    Text(Cow<'a, str>),
    /// The end of the document.
    End,
}

/// The tokens of a document; the last one is its end.
///
/// # Errors
/// `GRAPHQL_PARSE_FAILED` at the first character that begins or continues no token.
pub fn tokens(text: &str) -> Result<Vec<Token<'_>>, ServerError> {
    let mut scan = Scan { text, at: 0, told: Place { at: 0, pos: Pos { line: 1, column: 1 } } };
    let mut tokens = Vec::new();
    loop {
        scan.skip_ignored();
        let pos = scan.pos(scan.at);
        let kind = scan.token()?;
        let ended = kind == Kind::End;
        tokens.push(Token { kind, pos });
        if ended {
            return Ok(tokens);
        }
    }
}

/// A place in the text as a byte and as readers count it.
struct Place {
    at: usize,
    pos: Pos,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The last place that was told: lines and characters are counted on from here.
    told: Place,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|letter| !keep(letter)).unwrap_or(rest.len());
    }

    /// Whitespace, line ends, commas, comments and byte order marks mean nothing.
    fn skip_ignored(&mut self) {
        loop {
            self.skip_while(|letter| matches!(letter, ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}'));
            if self.next() != Some('#') {
                return;
            }
            self.skip_while(|letter| letter != '\n' && letter != '\r');
        }
    }

    fn token(&mut self) -> Result<Kind<'a>, ServerError> {
        let Some(first) = self.next() else { return Ok(Kind::End) };
        match first {
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                self.at += 1;
                Ok(Kind::Mark(first))
            }
            '.' if self.rest().starts_with("...") => {
                self.at += 3;
                Ok(Kind::Spread)
            }
            '"' if self.rest().starts_with("\"\"\"") => self.block_string(),
            '"' => self.string(),
            '-' | '0'..='9' => self.number(),
            letter if begins_name(letter) => {
                let start = self.at;
                self.skip_while(|letter| letter.is_ascii_alphanumeric() || letter == '_');
                Ok(Kind::Name(self.since(start)))
            }
            _ => Err(self.wrong(self.at, "this character means nothing here")),
        }
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn number(&mut self) -> Result<Kind<'a>, ServerError> {
        let start = self.at;
        if self.next() == Some('-') {
            self.at += 1;
        }
        if self.next() == Some('0') {
            self.at += 1;
            if self.next().is_some_and(|letter| letter.is_ascii_digit()) {
                return Err(self.wrong(self.at, "a number begins with 0 only if that is all before its point"));
            }
        } else {
            self.digits()?;
        }
        let mut whole = true;
        if self.next() == Some('.') {
            whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.next(), Some('e' | 'E')) {
            whole = false;
            self.at += 1;
            if matches!(self.next(), Some('+' | '-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.next().is_some_and(|letter| letter == '.' || begins_name(letter)) {
            return Err(self.wrong(self.at, "a number ends before a letter or point"));
        }
        let text = self.since(start);
        Ok(if whole { Kind::Int(text) } else { Kind::Float(text) })
    }

    fn digits(&mut self) -> Result<(), ServerError> {
        let start = self.at;
        self.skip_while(|letter| letter.is_ascii_digit());
        if self.at > start { Ok(()) } else { Err(self.wrong(start, "expected a digit")) }
    }

    fn string(&mut self) -> Result<Kind<'a>, ServerError> {
        let start = self.at;
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let from = self.at;
            self.skip_while(|letter| !matches!(letter, '"' | '\\' | '\n' | '\r'));
            let plain = self.since(from);
            if text.is_empty() {
                text = Cow::Borrowed(plain);
            } else {
                text.to_mut().push_str(plain);
            }
            match self.next() {
                Some('"') => {
                    self.at += 1;
                    return Ok(Kind::Text(text));
                }
                Some('\\') => {
                    let escaped = self.escape()?;
                    text.to_mut().push(escaped);
                }
                _ => return Err(self.wrong(start, "this string does not end")),
            }
        }
    }

    /// An escape in a string, stepped over.
    fn escape(&mut self) -> Result<char, ServerError> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.next() else { return Err(self.wrong(start, "this string does not end")) };
        self.at += letter.len_utf8();
        Ok(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.code_point().ok_or_else(|| self.wrong(start, "this is no character of Unicode")),
            _ => return Err(self.wrong(start, "strings know no such escape")),
        })
    }

    /// What follows `\u`: a code point in braces, four hexadecimal digits, or two halves of four.
    fn code_point(&mut self) -> Option<char> {
        if self.next() == Some('{') {
            self.at += 1;
            let start = self.at;
            self.skip_while(|letter| letter.is_ascii_hexdigit());
            let digits = self.since(start);
            if !(1..=LONGEST_CODE_POINT).contains(&digits.len()) || self.next() != Some('}') {
                return None;
            }
            self.at += 1;
            return u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        }
        let first = self.four_digits()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        if !self.rest().starts_with("\\u") {
            return None;
        }
        self.at += 2;
        let second = self.four_digits().filter(|second| (0xDC00..0xE000).contains(second))?;
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn block_string(&mut self) -> Result<Kind<'a>, ServerError> {
        let start = self.at;
        self.at += 3;
        let mut raw = String::new();
        loop {
            let from = self.at;
            self.skip_while(|letter| !matches!(letter, '"' | '\\'));
            raw.push_str(self.since(from));
            let rest = self.rest();
            if rest.starts_with("\"\"\"") {
                self.at += 3;
                return Ok(Kind::Text(Cow::Owned(dedented(&raw))));
            }
            if rest.starts_with("\\\"\"\"") {
                self.at += 4;
                raw.push_str("\"\"\"");
            } else {
                let Some(letter) = rest.chars().next() else {
                    return Err(self.wrong(start, "this string does not end"));
                };
                self.at += 1;
                raw.push(letter);
            }
        }
    }

    /// Where a byte stands, as readers count: lines end with a line feed, a carriage return, or both together.
    fn pos(&mut self, at: usize) -> Pos {
        if at < self.told.at {
            self.told = Place { at: 0, pos: Pos { line: 1, column: 1 } };
        }
        let Place { at: from, mut pos } = self.told;
        let mut letters = self.text.get(from..at).unwrap_or_default().chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' if letters.peek() == Some(&'\n') => {}
                '\n' | '\r' => pos = Pos { line: pos.line + 1, column: 1 },
                _ => pos.column += 1,
            }
        }
        self.told = Place { at, pos };
        pos
    }

    fn wrong(&mut self, at: usize, what: &str) -> ServerError {
        let pos = self.pos(at);
        syntax_error(pos, what)
    }
}

fn begins_name(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_'
}

/// A block string without the indentation that its lines share, and without blank lines around (section 2.9.4).
fn dedented(raw: &str) -> String {
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = unified.split('\n').collect();
    let blank = |line: &str| line.chars().all(|letter| matches!(letter, ' ' | '\t'));
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let shared = lines.iter().skip(1).filter(|line| !blank(line)).map(|line| indent(line)).min().unwrap_or(0);
    let cut: Vec<&str> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| if number == 0 { line } else { line.get(shared..).unwrap_or_default() })
        .collect();
    let first = cut.iter().position(|line| !blank(line)).unwrap_or(cut.len());
    let last = cut.iter().rposition(|line| !blank(line)).map_or(first, |last| last + 1);
    cut.get(first..last).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind<'_>> {
        let mut kinds: Vec<_> = tokens(text).unwrap().into_iter().map(|token| token.kind).collect();
        assert_eq!(kinds.pop(), Some(Kind::End));
        kinds
    }

    fn text(source: &str) -> String {
        match kinds(source).as_slice() {
            [Kind::Text(text)] => text.to_string(),
            other => panic!("{source}: {other:?}"),
        }
    }

    #[test]
    fn what_means_nothing_is_left_out() {
        assert_eq!(kinds("\u{feff} ,a\t#}{\r\n,b\u{feff}#c"), [Kind::Name("a"), Kind::Name("b")]);
        assert_eq!(kinds(""), []);
    }

    #[test]
    fn numbers_are_numbers() {
        for whole in ["0", "-0", "9", "-10", "1234567890123456789012"] {
            assert_eq!(kinds(whole), [Kind::Int(whole)]);
        }
        for broken in ["0.0", "-1.5", "1e5", "1E+5", "0.1e-20"] {
            assert_eq!(kinds(broken), [Kind::Float(broken)]);
        }
        for wrong in
            ["00", "01", "-", "+1", "1.", ".1", "1.e2", "1e", "1e+", "1a", "0x1", "1_0", "1.5.2", "1.5e3e4", "--1"]
        {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn escapes_stand_for_characters() {
        for (source, meant) in [
            (r#""""#, ""),
            (r#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"),
            (r#""\u00e9\u00E9""#, "éé"),
            (r#""\uD83D\uDCA5 and \u{1F4A5} and \u{0001f4a5}""#, "💥 and 💥 and 💥"),
            (r#""\u{0}""#, "\0"),
            ("\"💥\tü\"", "💥\tü"),
        ] {
            assert_eq!(text(source), meant, "{source}");
        }
        for wrong in [
            r#""\u""#,
            r#""\u00e""#,
            r#""\uD83D""#,
            r#""\uDCA5""#,
            r#""\uD83D\n""#,
            r#""\uD83D\u0041""#,
            r#""\u{}""#,
            r#""\u{110000}""#,
            r#""\u{000000041}""#,
            r#""\u{D83D}""#,
            r#""\u{1F4A5""#,
            r#""\x""#,
            "\"a\nb\"",
            "\"a",
            "\"",
            "\"\\",
            "'a'",
        ] {
            assert!(tokens(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn block_strings_lose_what_lines_share() {
        for (source, meant) in [
            ("\"\"\"\"\"\"", ""),
            ("\"\"\"a\"\"\"", "a"),
            ("\"\"\" a \"\"\"", " a "),
            ("\"\"\"\n    a\r\n      b\r    c\n\n  \n\"\"\"", "a\n  b\nc"),
            ("\"\"\"a\n    b\n\tc\"\"\"", "a\n   b\nc"),
            ("\"\"\"\\\"\"\" \\n \\u0041 \"\"\"", "\"\"\" \\n \\u0041 "),
            ("\"\"\"say \"\"hi\"\" \"\"\"", "say \"\"hi\"\" "),
        ] {
            assert_eq!(text(source), meant, "{source}");
        }
    }

    #[test]
    fn places_are_counted_in_characters_and_lines_of_every_kind() {
        let message = tokens("a ü").unwrap_err().message;
        assert_eq!(message, "Syntax error at line 1, column 3: this character means nothing here.");
        let found: Vec<_> =
            tokens("a\r\n b\r\"ü💥\" c\n d").unwrap().iter().map(|token| (token.pos.line, token.pos.column)).collect();
        assert_eq!(found, [(1, 1), (2, 2), (3, 1), (3, 6), (4, 2), (4, 3)]);
    }
}
