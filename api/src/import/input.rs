//! Where the text of a file comes from: a path or standard input, plain or packed, in whatever encoding. What comes out is
//! UTF-8, with [`NO_TEXT`] in the place of bytes that are none in the encoding of the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;
use tempfile::NamedTempFile;

/// The path that stands for standard input.
const STDIN: &str = "-";
/// A byte that UTF-8 never has.
const NO_TEXT: u8 = 0xFF;
/// So much is read at once.
const CHUNK: usize = 1 << 16;
/// What begins like this is a workbook (xlsx, ods) or an archive; like the second, a workbook of old.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xD0\xCF\x11\xE0"];
const PACKED: &[u8] = b"\x1F\x8B";

/// A file that can be opened more than once.
pub struct Input {
    path: PathBuf,
    kept: Option<NamedTempFile>,
    size: u64,
}

/// An open file.
pub struct Opened {
    /// Its text as UTF-8.
    pub text: Box<dyn BufRead + Send>,
    /// How its bytes spell it.
    pub encoding: &'static Encoding,
    /// It begins with a byte order mark.
    pub marked: bool,
    /// So many of its bytes have been read.
    pub read: Arc<AtomicU64>,
}

impl Input {
    /// A file, or what comes by standard input, which is kept for as long as it is needed.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(path: &Path) -> Result<Self, String> {
        let told = |error: io::Error| format!("{}: {error}", path.display());
        if path != Path::new(STDIN) {
            let size = std::fs::metadata(path).map_err(told)?.len();
            return Ok(Self { path: path.to_owned(), kept: None, size });
        }
        let mut kept = NamedTempFile::with_prefix("tributary-").map_err(told)?;
        let size = io::copy(&mut io::stdin().lock(), &mut kept).map_err(told)?;
        Ok(Self { path: PathBuf::from("standard input"), kept: Some(kept), size })
    }

    /// What it is called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Opens it. A byte order mark says more of the encoding than the mapping does (as in browsers); without either,
    /// UTF-16 is known by its empty bytes.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    pub fn open(&self, encoding: Option<&'static Encoding>) -> Result<Opened, String> {
        let told = |error: io::Error| format!("{}: {error}", self.path.display());
        let place = self.kept.as_ref().map_or(self.path.as_path(), NamedTempFile::path);
        let read = Arc::<AtomicU64>::default();
        let bytes = Counted { from: File::open(place).map_err(told)?, read: Arc::clone(&read) };
        let mut bytes: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(CHUNK, bytes));
        if bytes.fill_buf().map_err(told)?.starts_with(PACKED) {
            bytes = Box::new(BufReader::with_capacity(CHUNK, MultiGzDecoder::new(bytes)));
        }
        let start = bytes.fill_buf().map_err(told)?;
        if WORKBOOKS.iter().any(|workbook| start.starts_with(workbook)) {
            return Err(format!(
                "{}: this is a workbook (xlsx, xls, ods) or a zip archive and not text: save the sheet as CSV (UTF-8), or \
                 unpack the archive, and load that",
                self.path.display()
            ));
        }
        let mark = Encoding::for_bom(start);
        let encoding = mark.map(|(encoding, _)| encoding).or(encoding).unwrap_or_else(|| likely(start));
        bytes.consume(mark.map_or(0, |(_, length)| length));
        let text: Box<dyn BufRead + Send> = if encoding == UTF_8 {
            bytes
        } else {
            let decoder = encoding.new_decoder_without_bom_handling();
            Box::new(BufReader::with_capacity(CHUNK, Decoded { from: bytes, decoder, text: Vec::new(), at: 0 }))
        };
        Ok(Opened { text, encoding, marked: mark.is_some(), read })
    }
}

/// UTF-16 if every other byte of the beginning is empty, else UTF-8.
fn likely(start: &[u8]) -> &'static Encoding {
    match start {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => UTF_16LE,
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => UTF_16BE,
        _ => UTF_8,
    }
}

/// Counts what is read.
struct Counted {
    from: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        self.read.fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
        Ok(count)
    }
}

/// Text of another encoding as UTF-8.
struct Decoded<R> {
    from: R,
    decoder: Decoder,
    text: Vec<u8>,
    at: usize,
}

impl<R: BufRead> Decoded<R> {
    /// Decodes the next piece; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        let bytes = self.from.fill_buf()?;
        let last = bytes.is_empty();
        self.text.resize(CHUNK * 3, 0);
        let (result, taken, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.text, last);
        self.from.consume(taken);
        self.text.truncate(written);
        self.at = 0;
        if matches!(result, DecoderResult::Malformed(..)) {
            self.text.push(NO_TEXT);
        }
        Ok(!(last && matches!(result, DecoderResult::InputEmpty)))
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut goes_on = true;
        while self.at >= self.text.len() && goes_on {
            goes_on = self.more()?;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        let (Some(to), Some(from)) = (into.get_mut(..count), rest.get(..count)) else { return Ok(0) };
        to.copy_from_slice(from);
        self.at += count;
        Ok(count)
    }
}
