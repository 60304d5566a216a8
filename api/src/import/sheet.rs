//! Rows of a file written as that file is written, so that the same mapping reads them: delimiter, encoding, ends of lines.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use csv::{Terminator, WriterBuilder};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::lines::Ending;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between cells.
    pub delimiter: u8,
    /// What lines end with.
    pub ending: Ending,
    /// How bytes spell text.
    pub encoding: &'static Encoding,
    /// It begins with a byte order mark.
    pub marked: bool,
    /// Its first line names the delimiter (`sep=;`).
    pub named: bool,
}

/// A row as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// How the file is written.
    pub dialect: Dialect,
    /// The names of its columns.
    pub head: Arc<[String]>,
    /// What stands in it.
    pub content: Content,
}

/// What stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Cells of the columns.
    Cells(Vec<Vec<u8>>),
    /// A line that is no row of these columns.
    Line(Vec<u8>),
}

/// A file of rows of other files, each with something added; written like the file that its first row is of.
pub struct Sheet {
    to: BufWriter<File>,
    added: Vec<String>,
    like: Option<(Dialect, Arc<[String]>)>,
}

impl Sheet {
    /// A new file with these columns besides those of the rows.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path, added: &[&str]) -> io::Result<Self> {
        let added = added.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self { to: BufWriter::new(File::create(path)?), added, like: None })
    }

    /// Writes a row with what is added to it.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub fn write(&mut self, row: &Original, added: &[String]) -> io::Result<()> {
        let (dialect, head) = match self.like.clone() {
            Some(like) => like,
            None => self.begin(row)?,
        };
        let added = added.iter().map(String::as_bytes);
        match &row.content {
            Content::Cells(cells) => {
                let cell = |name: &String| {
                    let place = row.head.iter().position(|own| own == name);
                    place.and_then(|place| cells.get(place)).map_or(&[][..], Vec::as_slice)
                };
                self.line(dialect, b"", &mut head.iter().map(cell).chain(added))
            }
            // As it is: whoever mends it sees what is wrong, and nobody takes it for a row.
            Content::Line(line) => self.line(dialect, line, &mut added.into_iter()),
        }
    }

    /// Everything is on the disk.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub fn done(mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn begin(&mut self, row: &Original) -> io::Result<(Dialect, Arc<[String]>)> {
        let (dialect, head) = (row.dialect, Arc::clone(&row.head));
        if dialect.marked {
            self.to.write_all(&spelt(dialect.encoding, "\u{feff}".as_bytes()))?;
        }
        if dialect.named {
            let first = format!("sep={}{}", char::from(dialect.delimiter), dialect.ending.text());
            self.to.write_all(&spelt(dialect.encoding, first.as_bytes()))?;
        }
        let added = std::mem::take(&mut self.added);
        self.line(dialect, b"", &mut head.iter().chain(&added).map(String::as_bytes))?;
        self.like = Some((dialect, Arc::clone(&head)));
        Ok((dialect, head))
    }

    /// Writes a line: something as it is, then cells.
    fn line(&mut self, dialect: Dialect, start: &[u8], cells: &mut dyn Iterator<Item = &[u8]>) -> io::Result<()> {
        let terminator = match dialect.ending {
            Ending::Lf => Terminator::Any(b'\n'),
            Ending::CrLf => Terminator::CRLF,
            Ending::Cr => Terminator::Any(b'\r'),
        };
        let mut text = start.to_vec();
        if !start.is_empty() {
            text.push(dialect.delimiter);
        }
        let mut writer = WriterBuilder::new().delimiter(dialect.delimiter).terminator(terminator).from_writer(text);
        for cell in cells {
            writer.write_field(with_ending(cell, dialect.ending))?;
        }
        writer.write_record(None::<&[u8]>)?;
        let text = writer.into_inner().map_err(|error| error.into_error())?;
        self.to.write_all(&spelt(dialect.encoding, &text))
    }
}

/// Lines within a cell end as those of the file do.
fn with_ending(cell: &[u8], ending: Ending) -> Cow<'_, [u8]> {
    if ending == Ending::Lf || !cell.contains(&b'\n') {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(cell.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(ending.text().as_bytes()))
}

/// UTF-8 in another encoding.
fn spelt<'a>(encoding: &'static Encoding, text: &'a [u8]) -> Cow<'a, [u8]> {
    if encoding == UTF_8 {
        return Cow::Borrowed(text);
    }
    let text = String::from_utf8_lossy(text);
    if encoding == UTF_16LE {
        Cow::Owned(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
    } else if encoding == UTF_16BE {
        Cow::Owned(text.encode_utf16().flat_map(u16::to_be_bytes).collect())
    } else {
        Cow::Owned(encoding.encode(&text).0.into_owned())
    }
}
