//! The rows of a CSV file, one at a time: whatever is wrong with one, the next is read.
//!
//! The rows are cut here, over `csv-core`, because a quotation mark that is never closed must cost one row and not
//! the rest of the file: a row that does not end where a row may end is given up after its first line, and reading goes
//! on at the second.

use std::collections::{HashMap, VecDeque};
use std::fs::File as Disk;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use csv_core::ReadRecordResult;

use super::cell::Problem;

/// The column of a file of rejected rows that has the line of the original.
pub const LINE: &str = "_line";
/// What else such a file adds to the original.
pub const ADDED: [&str; 3] = [LINE, "_column", "_reason"];

/// A row may go over so many lines.
const MOST_LINES: usize = 500;
/// A row has at most so many bytes.
const MOST_BYTES: usize = 1 << 20;

/// The names of the columns, by which cells are found.
#[derive(Debug, Default)]
pub struct Head {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Head {
    fn new(names: Vec<String>) -> Self {
        // Of two columns of one name the first is meant.
        let places = names.iter().enumerate().rev().map(|(at, name)| (name.clone(), at)).collect();
        Self { names, places }
    }

    /// The names in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Is there such a column?
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
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
        Err(Problem {
            column: column.to_owned(),
            value: cell.text.clone(),
            reason: "these bytes are not UTF-8; if the file is Latin-1, say encoding = \"latin1\" in the mapping"
                .to_owned(),
        })
    }

    /// The cells of the columns of the original, in their order.
    pub fn originals(&self) -> impl Iterator<Item = &str> {
        let cells = self.head.names.iter().zip(&self.cells);
        cells.filter(|(name, _)| !ADDED.contains(&name.as_str())).map(|(_, cell)| cell.text.as_str())
    }
}

/// What comes next in a file.
#[derive(Debug)]
pub enum Next {
    /// A row.
    Row(Row),
    /// Lines that are no row: where, what they are, and why.
    Broken(u64, String, String),
}

/// A file that is read.
pub struct File {
    lines: Lines,
    core: csv_core::Reader,
    head: Arc<Head>,
    latin1: bool,
    buffers: (Vec<u8>, Vec<usize>),
}

impl File {
    /// Opens a file and reads the names of its columns.
    ///
    /// # Errors
    /// It cannot be read, or has no head.
    pub fn open(path: &Path, delimiter: Option<u8>, latin1: bool) -> Result<Self, String> {
        let disk = Disk::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut lines = Lines { from: BufReader::with_capacity(1 << 16, disk), again: VecDeque::new(), number: 0 };
        let mut first = lines.next()?.ok_or_else(|| format!("{}: the file is empty", path.display()))?;
        if first.bytes.starts_with(b"\xEF\xBB\xBF") {
            first.bytes.drain(..3);
        }
        let delimiter = delimiter.unwrap_or_else(|| likely_delimiter(&first.bytes));
        lines.again.push_front(first);
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let head = Arc::new(Head::default());
        let mut file = Self { lines, core, head, latin1, buffers: (vec![0; 4_096], vec![0; 64]) };
        let head = match file.cut()? {
            Some(Cut::Whole(_, cells)) => cells.into_iter().map(|cell| cell.text.trim().to_owned()).collect(),
            _ => return Err(format!("{}: the first line has to name the columns", path.display())),
        };
        file.head = Arc::new(Head::new(head));
        Ok(file)
    }

    /// The names of the columns.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next row.
    ///
    /// # Errors
    /// The file cannot be read any further.
    pub fn next(&mut self) -> Result<Option<Next>, String> {
        let next = self.cut()?.map(|cut| match cut {
            Cut::Whole(line, cells) => Next::Row(self.row(line, cells)),
            Cut::Broken(line, text, reason) => Next::Broken(line, text, reason),
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
                    return Ok(Some(Cut::Broken(first.number, first.text(), reason)));
                }
                break;
            }
            if more.len() >= MOST_LINES || at.bytes >= MOST_BYTES {
                break;
            }
            let Some(next) = self.lines.next()? else { break };
            more.push(next);
        }
        for line in more.into_iter().rev() {
            self.lines.again.push_front(line);
        }
        let reason = "a quotation mark is opened and not closed as it should be".to_owned();
        Ok(Some(Cut::Broken(first.number, first.text(), reason)))
    }

    fn cells(&self, count: usize) -> Vec<Text> {
        let (output, places) = &self.buffers;
        let mut from = 0;
        let ends = places.iter().take(count);
        ends.map(|end| {
            let bytes = output.get(from..*end).unwrap_or_default();
            from = *end;
            decode(bytes, self.latin1)
        })
        .collect()
    }
}

enum Cut {
    Whole(u64, Vec<Text>),
    Broken(u64, String, String),
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

/// A line with its line feed.
#[derive(Debug)]
struct Line {
    number: u64,
    bytes: Vec<u8>,
}

impl Line {
    fn text(&self) -> String {
        decode(&self.bytes, true).text.trim_end_matches('\n').to_owned()
    }
}

/// The lines of a file; some come again.
struct Lines {
    from: BufReader<Disk>,
    again: VecDeque<Line>,
    number: u64,
}

impl Lines {
    /// The next line with anything in it.
    fn next_full(&mut self) -> Result<Option<Line>, String> {
        loop {
            match self.next()? {
                Some(line) if line.bytes == b"\n" => {}
                next => return Ok(next),
            }
        }
    }

    fn next(&mut self) -> Result<Option<Line>, String> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        self.from.read_until(b'\n', &mut bytes).map_err(|error| format!("the file cannot be read: {error}"))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.ends_with(b"\r\n") {
            bytes.truncate(bytes.len() - 2);
            bytes.push(b'\n');
        } else if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, bytes }))
    }
}

/// UTF-8; other bytes are each the letter of that number, which is what Latin-1 is.
fn decode(bytes: &[u8], latin1: bool) -> Text {
    match std::str::from_utf8(bytes) {
        Ok(text) => Text { text: text.to_owned(), sound: true },
        Err(_) => Text { text: bytes.iter().map(|byte| char::from(*byte)).collect(), sound: latin1 },
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
