//! The rows of a CSV file, one at a time: whatever is wrong with one, the next is read.
//!
//! The rows are cut here, over `csv-core`, because a quotation mark that is never closed must cost one row and not
//! the rest of the file: a row that does not end where a row may end is given up after its first line, and reading goes
//! on at the second.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv_core::ReadRecordResult;
use encoding_rs::{Encoding, UTF_8};

use super::cell::Problem;
use super::input::Input;
use super::lines::{Line, Lines};
use super::sheet::{Content, Dialect, Original};
use crate::spelling::text;

/// The column of a file of rejected rows that has the line of the original.
pub const LINE: &str = "_line";
/// What else such a file adds to the original.
pub const ADDED: [&str; 3] = [LINE, "_column", "_reason"];

/// A row may go over so many lines.
const MOST_LINES: usize = 500;
/// A row has at most so many bytes.
const MOST_BYTES: usize = 1 << 20;

/// How the mapping says that files are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writing {
    /// What stands between cells; found out unless given.
    pub delimiter: Option<u8>,
    /// How bytes spell text; UTF-8 unless given, or unless the file says so itself.
    pub encoding: Option<&'static Encoding>,
}

/// The columns of a file and how it is written.
#[derive(Debug)]
pub struct Head {
    names: Vec<String>,
    places: HashMap<String, usize>,
    /// The names without what a file of rejected rows adds.
    own: Arc<[String]>,
    dialect: Dialect,
}

impl Head {
    fn new(names: Vec<String>, dialect: Dialect) -> Self {
        let places = names.iter().enumerate().rev().map(|(at, name)| (name.clone(), at)).collect();
        let own = names.iter().filter(|name| !ADDED.contains(&name.as_str())).cloned().collect();
        Self { names, places, own, dialect }
    }

    /// The names in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns of this name, counted from 1.
    pub fn columns(&self, name: &str) -> Vec<usize> {
        (1..).zip(&self.names).filter(|(_, own)| *own == name).map(|(place, _)| place).collect()
    }

    /// As it stands in the file.
    fn original(&self, content: Content) -> Original {
        Original { dialect: self.dialect, head: Arc::clone(&self.own), content }
    }
}

/// A row that could be cut into cells.
#[derive(Debug)]
pub struct Row {
    head: Arc<Head>,
    /// Its first line in the file, or in the file that its file was made from.
    pub line: u64,
    own_line: String,
    cells: Vec<Text>,
}

/// The text of a cell.
#[derive(Clone, Debug)]
struct Text {
    text: String,
    /// What it was before control characters were cut, where that is something else.
    bytes: Option<Vec<u8>>,
    /// Its bytes were what the mapping says they are.
    sound: bool,
}

impl Row {
    /// What stands in a column.
    ///
    /// # Errors
    /// Bytes that are no text.
    pub fn text(&self, column: &str) -> Result<&str, Problem> {
        let Some(cell) = self.head.places.get(column).and_then(|at| self.cells.get(*at)) else {
            return Ok(if column == LINE { &self.own_line } else { "" });
        };
        if cell.sound {
            return Ok(&cell.text);
        }
        let encoding = self.head.dialect.encoding;
        let hint = if encoding == UTF_8 {
            "; say in the mapping how the file is written, such as encoding = \"windows-1252\""
        } else {
            ""
        };
        Err(Problem {
            column: column.to_owned(),
            value: cell.text.clone(),
            reason: format!("these bytes are not {}{hint}", encoding.name()),
        })
    }

    /// The row as it stands in the file.
    pub fn original(&self) -> Original {
        let cells = self.head.names.iter().zip(&self.cells);
        let own = cells.filter(|(name, _)| !ADDED.contains(&name.as_str()));
        let bytes = own.map(|(_, cell)| cell.bytes.clone().unwrap_or_else(|| cell.text.clone().into_bytes()));
        self.head.original(Content::Cells(bytes.collect()))
    }
}

/// What comes next in a file.
#[derive(Debug)]
pub enum Next {
    /// A row.
    Row(Row),
    /// A line that is no row.
    Broken(Broken),
}

/// A line that is no row.
#[derive(Debug)]
pub struct Broken {
    /// Where it stands.
    pub line: u64,
    /// What it is.
    pub text: String,
    /// Why it is no row.
    pub reason: String,
    /// As it stands in the file.
    pub original: Original,
}

/// A file that is read.
pub struct File {
    lines: Lines,
    core: csv_core::Reader,
    head: Arc<Head>,
    read: Arc<AtomicU64>,
    buffers: (Vec<u8>, Vec<usize>),
}

impl File {
    /// Opens a file and reads the names of its columns.
    ///
    /// # Errors
    /// It cannot be read, or has no head.
    pub fn open(input: &Input, writing: Writing) -> Result<Self, String> {
        let place = input.path().display();
        let empty = || format!("{place}: the file is empty");
        let opened = input.open(writing.encoding)?;
        let mut lines = Lines::of(opened.text);
        let mut first = lines.next()?.ok_or_else(empty)?;
        let named = named_delimiter(&first.bytes);
        if named.is_some() {
            first = lines.next()?.ok_or_else(empty)?;
        }
        let delimiter = named.or(writing.delimiter).unwrap_or_else(|| likely_delimiter(&first.bytes));
        let dialect = Dialect {
            delimiter,
            ending: lines.ending(),
            encoding: opened.encoding,
            marked: opened.marked,
            named: named.is_some(),
        };
        lines.again(std::iter::once(first));
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let head = Arc::new(Head::new(Vec::new(), dialect));
        let mut file = Self { lines, core, head, read: opened.read, buffers: (vec![0; 4_096], vec![0; 64]) };
        let names = match file.cut()? {
            Some(Cut::Whole(_, cells)) => cells.into_iter().map(|cell| cell.text.trim().to_owned()).collect(),
            _ => return Err(format!("{place}: the first line has to name the columns")),
        };
        file.head = Arc::new(Head::new(names, dialect));
        Ok(file)
    }

    /// The columns.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// So many of its bytes have been read.
    pub fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The next row.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn next(&mut self) -> Result<Option<Next>, String> {
        let next = self.cut()?.map(|cut| match cut {
            Cut::Whole(line, cells) => Next::Row(self.row(line, cells)),
            Cut::Broken(line, reason) => Next::Broken(self.broken(line, reason)),
        });
        Ok(next)
    }

    fn row(&self, line: u64, cells: Vec<Text>) -> Row {
        let own_line = line.to_string();
        let mut row = Row { head: Arc::clone(&self.head), line, own_line, cells };
        if let Some(original) = self.head.places.get(LINE).and_then(|at| row.cells.get(*at)?.text.parse().ok()) {
            row.line = original;
        }
        row
    }

    fn broken(&self, line: Line, reason: String) -> Broken {
        let mut bytes = line.bytes;
        bytes.pop();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Broken { line: line.number, text, reason, original: self.head.original(Content::Line(bytes)) }
    }

    /// Cuts the next row off.
    fn cut(&mut self) -> Result<Option<Cut>, String> {
        let Some(first) = self.lines.next_full()? else { return Ok(None) };
        let wanted = self.head.names.len();
        let mut more: Vec<Line> = Vec::new();
        self.core.reset();
        let mut at = Written::default();
        loop {
            let line = more.last().unwrap_or(&first);
            let (whole, rest) = feed(&mut self.core, &mut self.buffers, &mut at, &line.bytes);
            if whole {
                let cells = self.cells(at.ends);
                if rest == 0 && (wanted == 0 || cells.len() == wanted) {
                    return Ok(Some(Cut::Whole(first.number, cells)));
                }
                if more.is_empty() {
                    let reason = format!(
                        "the row has {} cells, the head has {wanted}: is there a delimiter or a quotation mark too many \
                         or too few?",
                        cells.len()
                    );
                    return Ok(Some(Cut::Broken(first, reason)));
                }
                break;
            }
            if more.len() >= MOST_LINES || at.bytes >= MOST_BYTES {
                break;
            }
            let Some(next) = self.lines.next()? else { break };
            more.push(next);
        }
        self.lines.again(more.into_iter());
        Ok(Some(Cut::Broken(first, "a quotation mark is opened and not closed as it should be".to_owned())))
    }

    fn cells(&self, count: usize) -> Vec<Text> {
        let (output, places) = &self.buffers;
        let mut from = 0;
        let ends = places.iter().take(count);
        ends.map(|end| {
            let bytes = output.get(from..*end).unwrap_or_default();
            from = *end;
            decoded(bytes)
        })
        .collect()
    }
}

enum Cut {
    Whole(u64, Vec<Text>),
    Broken(Line, String),
}

/// How far the cells of a row have been written.
#[derive(Default)]
struct Written {
    bytes: usize,
    ends: usize,
}

/// Feeds the next line of a row; answers whether the row ends in it, and how much of the line is left.
fn feed(
    core: &mut csv_core::Reader,
    buffers: &mut (Vec<u8>, Vec<usize>),
    at: &mut Written,
    line: &[u8],
) -> (bool, usize) {
    let mut input = line;
    loop {
        let (output, places) = &mut *buffers;
        let (Some(out), Some(ends)) = (output.get_mut(at.bytes..), places.get_mut(at.ends..)) else {
            return (false, input.len());
        };
        let (result, taken, written, ended) = core.read_record(input, out, ends);
        input = input.get(taken..).unwrap_or_default();
        at.bytes += written;
        at.ends += ended;
        match result {
            ReadRecordResult::OutputFull => output.resize(output.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => places.resize(places.len() * 2, 0),
            ReadRecordResult::Record => return (true, input.len()),
            ReadRecordResult::InputEmpty | ReadRecordResult::End => return (false, 0),
        }
    }
}

/// A cell without the control characters that no text may hold; a row is not lost for one of them.
fn decoded(bytes: &[u8]) -> Text {
    let (told, sound) = match std::str::from_utf8(bytes) {
        Ok(told) => (told.to_owned(), true),
        Err(_) => (String::from_utf8_lossy(bytes).into_owned(), false),
    };
    let text = if text::control(&told).is_some() { text::without_controls(&told) } else { told };
    let bytes = (text.as_bytes() != bytes).then(|| bytes.to_vec());
    Text { text, bytes, sound }
}

/// The delimiter that a first line such as `sep=;` names.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let (word, rest) = line.trim_ascii_end().split_at_checked(4)?;
    match (word.eq_ignore_ascii_case(b"sep="), rest) {
        (true, [delimiter]) if delimiter.is_ascii_punctuation() && *delimiter != b'"' => Some(*delimiter),
        // The one that is trimmed off.
        (true, []) if line.get(4) == Some(&b'\t') => Some(b'\t'),
        _ => None,
    }
}

/// The delimiter that the head has most of.
fn likely_delimiter(head: &[u8]) -> u8 {
    let count = |delimiter: u8| head.iter().filter(|byte| **byte == delimiter).count();
    let mut best = b',';
    for delimiter in [b';', b'\t', b'|'] {
        if count(delimiter) > count(best) {
            best = delimiter;
        }
    }
    best
}
