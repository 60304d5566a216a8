//! Numbers as people write them.

/// A number with a point before its decimals and nothing between its thousands, as it is kept.
///
/// Thousands are kept apart by one kind of mark (the other one of comma and point, blanks, apostrophes), and only in groups
/// of three: `1,234.50`, `1 234`, `1'234'567`. Anything else could be a slip (`12,50`) that would be taken for another number.
///
/// # Errors
/// What is wrong with it.
pub fn plain(text: &str, decimal_comma: bool) -> Result<String, String> {
    let (decimal, mark) = if decimal_comma { (',', '.') } else { ('.', ',') };
    let expected = || {
        let [whole, grouped] = if decimal_comma { ["1234,50", "1.234,50"] } else { ["1234.50", "1,234.50"] };
        format!("expected a number like {whole} or {grouped} (the mapping says decimal = \"{decimal}\")")
    };
    let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let whole = ungrouped(whole, mark).ok_or_else(expected)?;
    match fraction {
        None => Ok(format!("{sign}{whole}")),
        Some(fraction) if is_digits(fraction) => Ok(format!("{sign}{whole}.{fraction}")),
        Some(_) => Err(expected()),
    }
}

/// Digits without the marks between their thousands; none if these stand where none belong.
fn ungrouped(whole: &str, mark: char) -> Option<String> {
    if is_digits(whole) {
        return Some(whole.to_owned());
    }
    let found = whole.chars().find(|letter| !letter.is_ascii_digit())?;
    let is_mark = found == mark || matches!(found, '\'' | '\u{2019}') || found.is_whitespace();
    let mut groups = whole.split(found);
    let first = groups.next()?;
    let begins = is_digits(first) && first.len() <= 3 && !first.starts_with('0');
    let go_on = groups.all(|group| group.len() == 3 && is_digits(group));
    (is_mark && begins && go_on).then(|| whole.chars().filter(|letter| *letter != found).collect())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_kept_apart_in_groups_of_three() {
        for (text, comma, number) in [
            ("1234.50", false, "1234.50"),
            ("1,234.50", false, "1234.50"),
            ("12,345,678", false, "12345678"),
            ("-1,234", false, "-1234"),
            ("\u{2212}5", false, "-5"),
            ("1 234.5", false, "1234.5"),
            ("1'234'567.00", false, "1234567.00"),
            ("1\u{2019}234", true, "1234"),
            ("1.234,50", true, "1234.50"),
            ("1\u{a0}234,5", true, "1234.5"),
            ("1\u{202f}234\u{202f}567", true, "1234567"),
            ("12,50", true, "12.50"),
            ("0,5", true, "0.5"),
            ("007", false, "007"),
        ] {
            assert_eq!(plain(text, comma).as_deref(), Ok(number), "{text}");
        }
    }

    #[test]
    fn marks_that_stand_where_none_belong_are_refused() {
        let point = [
            "12,50",
            ",5",
            "1,2,3",
            "1,23",
            "1,2345",
            "1234,567",
            "1,234,56",
            "1,,234",
            "1,234,",
            "0,500",
            "1.234,50",
            "1 234,567",
            "1,234 567",
            "1.2,345",
            "1.",
            ".5",
            "1.2.3",
            "",
            "-",
            "--1",
            "+1",
            "1e3",
            "(5)",
            "1_000",
            "12 50",
            "1  234",
            "١",
            "5 €",
        ];
        for text in point {
            assert!(plain(text, false).is_err(), "{text}");
        }
        for text in ["12.50", ".5", "1.2.3", "1.23", "1,234.50", "1.234.5", "1,2.345", "0.500", "1,", ",5", "1'23"] {
            assert!(plain(text, true).is_err(), "{text} with a comma");
        }
    }
}
