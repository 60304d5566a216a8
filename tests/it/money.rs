//! Money arithmetic: nothing is lost in a split, rounding has no drift, texts go in and out unchanged.

use proptest::prelude::*;
use tributary::money::{
    MoneyError, convert, divide_half_even, minor_digits, parse_decimal, parse_minor, print_decimal, print_minor, split,
};

const CURRENCIES: [&str; 6] = ["EUR", "USD", "JPY", "KWD", "CLF", "XOF"];

/// The published numbers of currencies by decimals: a slip of the pen in the list changes a count.
#[test]
fn the_list_of_currencies_is_complete() {
    let letters = || b'A'..=b'Z';
    let mut counts = [0; 5];
    for (a, b, c) in letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| (a, b, c)))) {
        let code = String::from_utf8(vec![a, b, c]).unwrap();
        if let Some(digits) = minor_digits(&code) {
            counts[digits as usize] += 1;
        }
    }
    assert_eq!(counts, [17, 0, 139, 7, 2]);
}

#[test]
fn decimals_of_a_currency() {
    for code in ["EUR", "USD", "GBP", "CHF", "BRL", "MRU", "MGA", "ZWG", "XCG"] {
        assert_eq!(minor_digits(code), Some(2), "{code}");
    }
    for code in ["JPY", "KRW", "CLP", "VND", "ISK", "XAF", "XOF", "XPF", "UGX"] {
        assert_eq!(minor_digits(code), Some(0), "{code}");
    }
    for code in ["BHD", "KWD", "OMR", "TND", "JOD", "IQD", "LYD"] {
        assert_eq!(minor_digits(code), Some(3), "{code}");
    }
    for code in ["", "EU", "eur", "EURO", "DEM", "HRK", "XAU", "XXX", "XTS", "€"] {
        assert_eq!(minor_digits(code), None, "{code}");
    }
}

#[test]
fn amounts_are_read_to_the_minor_unit() {
    assert_eq!(parse_minor("1234.50", "EUR"), Ok(123_450));
    assert_eq!(parse_minor("1234.5", "EUR"), Ok(123_450));
    assert_eq!(parse_minor("1234", "EUR"), Ok(123_400));
    assert_eq!(parse_minor("0.05", "EUR"), Ok(5));
    assert_eq!(parse_minor("-0.05", "EUR"), Ok(-5));
    assert_eq!(parse_minor("-0", "EUR"), Ok(0));
    assert_eq!(parse_minor("007", "JPY"), Ok(7));
    assert_eq!(parse_minor("1.234", "KWD"), Ok(1_234));
    assert_eq!(parse_minor("10000000000000", "EUR"), Ok(1_000_000_000_000_000));
    assert_eq!(parse_minor("-10000000000000", "EUR"), Ok(-1_000_000_000_000_000));
    for text in ["10000000000000.01", "-10000000000000.01", "92233720368547758.07", "-92233720368547758.08"] {
        assert_eq!(parse_minor(text, "EUR"), Err(MoneyError::BeyondLimit { digits: 2 }), "{text}");
    }
}

#[test]
fn what_is_no_amount_is_refused() {
    let bad = [
        "", " ", "-", "+1", "1,5", "1.", ".5", "1.2.3", "1e3", " 1", "1 ", "--1", "0x10", "NaN", "inf", "1_000", "١",
        "1.-5", "−1",
    ];
    for text in bad {
        assert_eq!(parse_minor(text, "EUR"), Err(MoneyError::NotADecimal(text.to_owned())), "{text:?}");
    }
    for (text, currency, allowed) in [("1.234", "EUR", 2), ("1.500", "EUR", 2), ("1.0", "JPY", 0), ("1.0000", "KWD", 3)]
    {
        assert_eq!(parse_minor(text, currency), Err(MoneyError::TooManyDecimals { allowed }));
    }
    let endless = "9".repeat(5_000);
    for text in ["92233720368547758.08", "-92233720368547758.09", endless.as_str()] {
        assert_eq!(parse_minor(text, "EUR"), Err(MoneyError::TooLarge));
    }
    assert_eq!(parse_minor("1", "eur"), Err(MoneyError::UnknownCurrency("eur".to_owned())));
}

#[test]
fn errors_say_what_to_do() {
    let said = |text, currency| parse_minor(text, currency).unwrap_err().to_string();
    assert_eq!(
        said("1", "DM"),
        "\"DM\" is not a currency in use: write the three capital letters of ISO 4217, such as EUR"
    );
    assert_eq!(
        said("1,5", "EUR"),
        "\"1,5\" is not a decimal number: write digits with a point before the decimals, such as 1234.50"
    );
    assert_eq!(said("1.555", "EUR"), "too many decimals: at most 2 are allowed here");
    assert_eq!(said("1.5", "JPY"), "too many decimals: only whole numbers are allowed here");
    assert_eq!(said("99999999999999999999", "JPY"), "the number is too large to be kept exactly");
    assert!(said(&"x".repeat(10_000), "EUR").len() < 200);
}

#[test]
fn amounts_are_written_with_all_their_decimals() {
    assert_eq!(print_minor(123_450, "EUR"), "1234.50");
    assert_eq!(print_minor(0, "EUR"), "0.00");
    assert_eq!(print_minor(-5, "EUR"), "-0.05");
    assert_eq!(print_minor(7, "JPY"), "7");
    assert_eq!(print_minor(-1, "KWD"), "-0.001");
    assert_eq!(print_minor(i64::MIN, "EUR"), "-92233720368547758.08");
    assert_eq!(print_minor(i64::MAX, "JPY"), "9223372036854775807");
    assert_eq!(print_minor(150, "HRK"), "1.50");
    assert_eq!(print_decimal(150_000_000, 8), "1.50000000");
    assert_eq!(parse_decimal("1.5", 8), Ok(150_000_000));
    assert_eq!(parse_decimal("0", 60), Ok(0));
    assert_eq!(parse_decimal("1", 60), Err(MoneyError::TooLarge));
}

#[test]
fn a_half_goes_to_the_even_neighbour() {
    let halves = [(-5, -2), (-3, -2), (-1, 0), (1, 0), (3, 2), (5, 2), (7, 4)];
    for (numerator, rounded) in halves {
        assert_eq!(divide_half_even(numerator, 2), Some(rounded));
        assert_eq!(divide_half_even(-numerator, -2), Some(rounded));
    }
    assert_eq!(divide_half_even(1, 0), None);
    assert_eq!(divide_half_even(i128::MIN, -1), None);
    assert_eq!(divide_half_even(i128::MAX, i128::MIN), Some(-1));
    assert_eq!(divide_half_even(i128::MIN, i128::MAX), Some(-1));
}

#[test]
fn conversion_rounds_once_and_half_even() {
    assert_eq!(convert(10_000, 2, 2, 108_450_000), Some(10_845));
    assert_eq!(convert(100, 2, 0, 16_250_000_000), Some(162), "162.5 yen");
    assert_eq!(convert(100, 2, 0, 16_350_000_000), Some(164), "163.5 yen");
    assert_eq!(convert(-100, 2, 0, 16_250_000_000), Some(-162));
    assert_eq!(convert(1_000, 0, 2, 615_000), Some(615));
    assert_eq!(convert(1_000, 3, 2, 300_000_000), Some(300));
    assert_eq!(convert(1, 0, 8, 1), Some(1));
    assert_eq!(convert(7, 0, 9, 3), Some(210));
}

#[test]
fn conversion_refuses_what_it_cannot_hold() {
    assert_eq!(convert(i64::MAX, 2, 2, 100_000_001), None);
    assert_eq!(convert(i64::MIN, 2, 2, 100_000_000), Some(i64::MIN));
    assert_eq!(convert(1, 0, 99, 100_000_000), None);
    assert_eq!(convert(1, u32::MAX, 2, 100_000_000), None);
    assert_eq!(convert(100, 2, 2, 0), None);
    assert_eq!(convert(100, 2, 2, -100_000_000), None);
}

#[test]
fn a_split_gives_the_odd_units_to_the_largest_remainders() {
    assert_eq!(split(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(split(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(split(10, &[1, 2, 4]), [1, 3, 6]);
    assert_eq!(split(2, &[0, 1, 0, 1, 1]), [0, 1, 0, 1, 0]);
    assert_eq!(split(0, &[3, 1]), [0, 0]);
    assert_eq!(split(i64::MIN, &[u64::MAX]), [i64::MIN]);
    assert_eq!(split(i64::MAX, &[u64::MAX, u64::MAX]), [i64::MAX / 2 + 1, i64::MAX / 2]);
}

#[test]
fn a_split_among_nobody_is_empty() {
    assert!(split(100, &[]).is_empty());
    assert!(split(100, &[0, 0]).is_empty());
}

fn weights() -> impl Strategy<Value = Vec<u64>> {
    let weight = prop_oneof![0..4_u64, 0..10_000_u64, any::<u64>()];
    prop::collection::vec(weight, 1..20).prop_filter("some weight", |weights| weights.iter().any(|weight| *weight > 0))
}

proptest! {
    #[test]
    fn parts_add_up_to_the_total(total: i64, weights in weights()) {
        let parts = split(total, &weights);
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(parts.iter().copied().map(i128::from).sum::<i128>(), i128::from(total));
    }

    #[test]
    fn a_part_is_within_one_unit_of_its_exact_share(total in -1_000_000_000_000..1_000_000_000_000_i64, weights in weights()) {
        let all: i128 = weights.iter().copied().map(i128::from).sum();
        for (part, weight) in split(total, &weights).into_iter().zip(&weights) {
            let off = i128::from(part) * all - i128::from(total) * i128::from(*weight);
            prop_assert!(off.abs() < all, "{part} for weight {weight} of {all}");
            prop_assert!(*weight > 0 || part == 0);
        }
    }

    #[test]
    fn a_larger_weight_never_gets_less_and_ties_go_to_the_earlier(total in 0..i64::MAX, weights in weights()) {
        let parts = split(total, &weights);
        for (i, earlier) in weights.iter().enumerate() {
            for (j, later) in weights.iter().enumerate().skip(i + 1) {
                prop_assert!(earlier < later || parts[i] >= parts[j]);
                prop_assert!(earlier >= later || parts[i] <= parts[j]);
            }
        }
    }

    #[test]
    fn a_negative_total_is_split_like_its_opposite(total in 0..i64::MAX, weights in weights()) {
        let opposite: Vec<i64> = split(-total, &weights).into_iter().map(|part| -part).collect();
        prop_assert_eq!(split(total, &weights), opposite);
    }

    #[test]
    fn amounts_survive_printing_and_reading(minor in -1_000_000_000_000_000..=1_000_000_000_000_000_i64, currency in prop::sample::select(&CURRENCIES)) {
        prop_assert_eq!(parse_minor(&print_minor(minor, currency), currency), Ok(minor));
    }

    #[test]
    fn reading_any_text_never_fails_otherwise_than_by_an_error(text in "\\PC*", currency in "\\PC{0,4}") {
        let _ = parse_minor(&text, &currency);
        let _ = parse_minor(&text, "EUR");
    }

    #[test]
    fn a_read_decimal_means_what_it_says(whole in 0..1_000_000_000_i64, fraction in 0..100_i64) {
        prop_assert_eq!(parse_minor(&format!("{whole}.{fraction:02}"), "EUR"), Ok(whole * 100 + fraction));
        prop_assert_eq!(parse_minor(&format!("-{whole}.{fraction:02}"), "EUR"), Ok(-(whole * 100 + fraction)));
    }

    #[test]
    fn rounding_is_to_the_nearest(numerator in any::<i64>(), denominator in any::<i64>()) {
        prop_assume!(denominator != 0);
        let (n, d) = (i128::from(numerator), i128::from(denominator));
        let rounded = divide_half_even(n, d).unwrap();
        let off = 2 * (n - rounded * d).abs();
        prop_assert!(off < d.abs() || (off == d.abs() && rounded % 2 == 0));
    }

    #[test]
    fn a_rate_of_one_changes_nothing(minor: i64, digits in 0..5_u32) {
        prop_assert_eq!(convert(minor, digits, digits, 100_000_000), Some(minor));
    }

    #[test]
    fn conversion_follows_its_formula(
        minor in -1_000_000_000_000..1_000_000_000_000_i64,
        from in 0..5_u32,
        to in 0..5_u32,
        rate in 1..10_000_000_000_i64,
    ) {
        let numerator = i128::from(minor) * i128::from(rate) * 10_i128.pow(to);
        let exact = divide_half_even(numerator, 10_i128.pow(from + 8)).unwrap();
        prop_assert_eq!(convert(minor, from, to, rate), i64::try_from(exact).ok());
    }

    #[test]
    fn conversion_never_overflows(minor: i64, from: u32, to: u32, rate: i64) {
        let _ = convert(minor, from, to, rate);
        let _ = convert(minor, from % 20, to % 20, rate);
    }

    #[test]
    fn conversion_of_the_opposite_is_the_opposite(minor in 0..i64::MAX, from in 0..5_u32, to in 0..5_u32, rate in 1..1_000_000_000_i64) {
        prop_assert_eq!(convert(-minor, from, to, rate), convert(minor, from, to, rate).map(|converted| -converted));
    }
}
