//! Any text: which characters it may hold, and what of it says nothing.

use unicode_normalization::UnicodeNormalization;

/// The first control character that no text may hold: all but tab, line feed, and carriage return before line feed.
pub fn control(text: &str) -> Option<char> {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let fits = match letter {
            '\t' | '\n' => true,
            '\r' => letters.peek() == Some(&'\n'),
            _ => !letter.is_control(),
        };
        if !fits {
            return Some(letter);
        }
    }
    None
}

/// The text without the control characters that it may not hold: for files, whose rows are not lost for one of them.
pub fn without_controls(text: &str) -> String {
    let lines = text.replace("\r\n", "\n");
    lines.chars().filter(|letter| matches!(letter, '\t' | '\n') || !letter.is_control()).collect()
}

/// A text of any length: composed as Unicode composes it (NFC), lines end in line feeds, and what cannot be seen is cut:
/// characters without a shape, and blanks around it.
pub fn passage(text: &str) -> String {
    trim(&part(text)).to_owned()
}

/// A part of a [`passage`], with the blanks at its ends.
pub fn part(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' if letters.peek() == Some(&'\n') => {}
            '\u{2028}' | '\u{2029}' => kept.push('\n'),
            JOINER | NON_JOINER if kept.chars().next_back().is_none_or(is_latin) => {}
            letter if is_invisible(letter) => {}
            letter => kept.push(letter),
        }
    }
    kept.nfc().collect()
}

/// A name or a title: a [`passage`] of one line, with single blanks between its words.
pub fn line(text: &str) -> String {
    let kept = passage(text);
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in which nothing but the shown characters counts (an address, a number, a code).
pub fn bare(text: &str) -> String {
    let kept = text.chars().filter(|letter| !(is_invisible(*letter) || is_bidi(*letter) || is_joiner(*letter)));
    trim(&kept.collect::<String>()).to_owned()
}

/// The text, or nothing if all of it is blank.
pub fn said(text: &str) -> Option<&str> {
    let text = trim(text);
    (!text.is_empty()).then_some(text)
}

/// The first character that changes the direction of what follows it. In a name it makes one text look like another.
pub fn direction(text: &str) -> Option<char> {
    text.chars().find(|letter| is_bidi(*letter))
}

/// Without anything blank at its ends: a text of nothing but blanks is empty.
fn trim(text: &str) -> &str {
    let shown = |letter: char| {
        let nothing = letter.is_whitespace() || is_invisible(letter) || is_joiner(letter) || is_void(letter);
        !(nothing || is_bidi(letter))
    };
    if text.chars().any(shown) {
        text.trim_matches(|letter: char| letter.is_whitespace() || is_invisible(letter))
    } else {
        ""
    }
}

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

/// Joins letters of some scripts and parts of emoji, or keeps them apart.
fn is_joiner(letter: char) -> bool {
    matches!(letter, NON_JOINER | JOINER)
}

/// Letters that are never joined.
fn is_latin(letter: char) -> bool {
    letter < '\u{2b0}'
}

/// Has a width but no shape, or only changes the shape of what stands before it.
fn is_void(letter: char) -> bool {
    matches!(letter, '\u{2800}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e0fff}')
}

/// Has no shape and does nothing to what is around it: the ignorable characters of Unicode (Default_Ignorable_Code_Point)
/// without those that emoji, joined scripts and directions need.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e001f}')
}

/// Bidi_Control of Unicode.
fn is_bidi(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
