//! The lines of a text, whatever they end with.

use std::collections::VecDeque;
use std::io::BufRead;

/// What lines end with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// As on Unix.
    #[default]
    Lf,
    /// As on Windows.
    CrLf,
    /// As on old Macs.
    Cr,
}

impl Ending {
    /// Its characters.
    pub fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// A line; whatever it ended with, it ends with a line feed.
#[derive(Debug)]
pub struct Line {
    /// Where it stands, from 1.
    pub number: u64,
    /// What it is.
    pub bytes: Vec<u8>,
}

/// The lines; some come again.
pub struct Lines {
    from: Box<dyn BufRead + Send>,
    again: VecDeque<Line>,
    number: u64,
    ending: Option<Ending>,
}

impl Lines {
    /// Those of a text.
    pub fn of(from: Box<dyn BufRead + Send>) -> Self {
        Self { from, again: VecDeque::new(), number: 0, ending: None }
    }

    /// What the first line ended with.
    pub fn ending(&self) -> Ending {
        self.ending.unwrap_or_default()
    }

    /// These come next, again.
    pub fn again(&mut self, lines: impl DoubleEndedIterator<Item = Line>) {
        lines.rev().for_each(|line| self.again.push_front(line));
    }

    /// The next line with anything in it.
    ///
    /// # Errors
    /// The text cannot be read any further.
    pub fn next_full(&mut self) -> Result<Option<Line>, String> {
        loop {
            match self.next()? {
                Some(line) if line.bytes == b"\n" => {}
                next => return Ok(next),
            }
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// The text cannot be read any further.
    pub fn next(&mut self) -> Result<Option<Line>, String> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let ending = self.read(&mut bytes).map_err(|error| format!("the file cannot be read: {error}"))?;
        if bytes.is_empty() && ending.is_none() {
            return Ok(None);
        }
        bytes.push(b'\n');
        self.ending = self.ending.or(ending);
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes }))
    }

    /// Reads up to the next end of a line; answers which it is, if it is not the end of everything.
    fn read(&mut self, into: &mut Vec<u8>) -> std::io::Result<Option<Ending>> {
        loop {
            let buffer = self.from.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, rest) = buffer.split_at(end.unwrap_or(buffer.len()));
            into.extend_from_slice(line);
            let found = rest.first().copied();
            let taken = line.len() + usize::from(found.is_some());
            self.from.consume(taken);
            match found {
                None => {}
                Some(b'\n') => return Ok(Some(Ending::Lf)),
                Some(_) if self.from.fill_buf()?.first() == Some(&b'\n') => {
                    self.from.consume(1);
                    return Ok(Some(Ending::CrLf));
                }
                Some(_) => return Ok(Some(Ending::Cr)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        let mut lines = Lines::of(Box::new(std::io::BufReader::with_capacity(2, &b"a\rb\r\nc\n\r\rd"[..])));
        let mut all = Vec::new();
        while let Some(line) = lines.next().expect("memory") {
            all.push((line.number, String::from_utf8(line.bytes).expect("text")));
        }
        let texts: Vec<_> = all.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["a\n", "b\n", "c\n", "\n", "\n", "d\n"]);
        assert_eq!(lines.ending(), Ending::Cr);
    }
}
