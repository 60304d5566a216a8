//! How the mapping says that dates are written.

use chrono::format::{Fixed, Item, Numeric, StrftimeItems};

/// The date format of times that bring their own zone.
pub const RFC3339: &str = "rfc3339";

/// Is this a format by which a day can be read?
///
/// # Errors
/// What is wrong with it, and how it is to be written.
pub fn check(format: &str) -> Result<(), String> {
    if format == RFC3339 {
        return Ok(());
    }
    if !format.contains('%') {
        let right = as_strftime(format);
        let right = if right == format { "%Y-%m-%d, %d.%m.%Y %H:%M or rfc3339".to_owned() } else { right };
        return Err(format!("{format:?} is no date format; write {right}"));
    }
    let items: Vec<_> = StrftimeItems::new(format).collect();
    if items.contains(&Item::Error) {
        return Err(format!("{format:?} is no date format; write %Y-%m-%d, %d.%m.%Y %H:%M or rfc3339"));
    }
    let has = |wanted: &[Part]| items.iter().filter_map(part).any(|part| wanted.contains(&part));
    if has(&[Part::Whole]) {
        return Ok(());
    }
    if has(&[Part::Minute]) && !has(&[Part::Month]) && !has(&[Part::Hour]) {
        return Err(format!("{format:?}: %M are minutes; months are %m"));
    }
    for (part, name, sign) in [(Part::Year, "year", "%Y"), (Part::Month, "month", "%m"), (Part::Day, "day", "%d")] {
        if !has(&[part]) {
            return Err(format!("{format:?} has no {name} ({sign})"));
        }
    }
    if has(&[Part::HalfHour]) && !has(&[Part::HalfDay]) {
        return Err(format!("{format:?}: %I are the hours of half a day and need %p; those of a whole day are %H"));
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Year,
    Month,
    Day,
    Hour,
    HalfHour,
    HalfDay,
    Minute,
}

fn part(item: &Item<'_>) -> Option<Part> {
    Some(match item {
        Item::Numeric(Numeric::Year | Numeric::YearMod100, _) => Part::Year,
        Item::Numeric(Numeric::Month, _) => Part::Month,
        Item::Fixed(Fixed::ShortMonthName | Fixed::LongMonthName) => Part::Month,
        Item::Numeric(Numeric::Day, _) => Part::Day,
        Item::Numeric(Numeric::Hour, _) => Part::Hour,
        Item::Numeric(Numeric::Hour12, _) => Part::HalfHour,
        Item::Fixed(Fixed::LowerAmPm | Fixed::UpperAmPm) => Part::HalfDay,
        Item::Numeric(Numeric::Minute, _) => Part::Minute,
        // Seconds since 1970, days and weeks of a year, whole formats.
        Item::Numeric(Numeric::Timestamp | Numeric::Ordinal | Numeric::IsoYear, _) => Part::Whole,
        Item::Fixed(Fixed::RFC2822 | Fixed::RFC3339) => Part::Whole,
        _ => return None,
    })
}

/// A format as other systems write it (`yyyy-mm-dd`, `DD.MM.YYYY HH:mm`), in the right spelling.
fn as_strftime(format: &str) -> String {
    if format.to_ascii_lowercase().replace([' ', '-', '_'], "").starts_with("iso8601") {
        return RFC3339.to_owned();
    }
    let halves = ["tt", " a", "AM", "PM"].iter().any(|sign| format.contains(sign));
    let mut right = String::new();
    let mut rest = format;
    let mut hours = false;
    while let Some(letter) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(letter).len();
        let (word, after) = rest.split_at(run);
        rest = after;
        match (letter.to_ascii_lowercase(), run) {
            ('y', 3..) => right.push_str("%Y"),
            ('y', 1 | 2) => right.push_str("%y"),
            ('d', 1 | 2) => right.push_str("%d"),
            ('m', 3) => right.push_str("%b"),
            ('m', 4) => right.push_str("%B"),
            ('m', 1 | 2) => right.push_str(if hours { "%M" } else { "%m" }),
            ('h', 1 | 2) => {
                hours = true;
                right.push_str(if halves { "%I" } else { "%H" });
            }
            ('s', 1 | 2) => right.push_str("%S"),
            ('t', 2) => right.push_str("%p"),
            _ => right.push_str(word),
        }
        // The date may stand behind the time.
        hours &= letter != ' ';
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_are_told_with_the_right_one() {
        for (format, right) in [
            ("yyyy-mm-dd", "%Y-%m-%d"),
            ("YYYY-MM-DD", "%Y-%m-%d"),
            ("DD.MM.YYYY", "%d.%m.%Y"),
            ("d/M/yy", "%d/%m/%y"),
            ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
            ("MM/dd/yyyy hh:mm tt", "%m/%d/%Y %I:%M %p"),
            ("dd MMM yyyy", "%d %b %Y"),
            ("ISO 8601", "rfc3339"),
        ] {
            assert_eq!(as_strftime(format), right);
            let told = check(format).expect_err("no format");
            assert!(told.contains(right), "{told}");
        }
    }

    #[test]
    fn a_format_has_all_of_a_day() {
        for good in [
            "%Y-%m-%d",
            "%d.%m.%y",
            "%F",
            "%D",
            "%d %b %Y %H:%M",
            "%B %d, %Y %I:%M %p",
            "%s",
            "rfc3339",
            "%+",
            "%Y%m%d",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["%Y-%M-%d", "%d.%m.", "%Y-%m", "%H:%M", "%Q", "%Y-%m-%d %I:%M", "dates", ""] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
