//! Money is a whole number of minor units (cents, pence, fils) of one currency, held in an `i64`.
//!
//! Everything here is exact: no floating point, wider integers inside where a product needs them,
//! and a stated rule wherever a fraction of a minor unit has to go somewhere.

use std::cmp::Reverse;
use std::fmt;

use iso_currency::Currency;

/// How many decimals an exchange rate carries: a rate of 1.0845 is held as 108 450 000.
pub const RATE_DIGITS: u32 = 8;

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyError {
    /// The code is not an active currency of ISO 4217, or one that has no minor unit (gold, test codes).
    UnknownCurrency(String),
    /// The text is not a plain decimal number.
    NotADecimal(String),
    /// The text has more decimals than the currency knows.
    TooManyDecimals {
        /// Decimals of the currency.
        allowed: u32,
    },
    /// The number does not fit into 64 bits of minor units.
    TooLarge,
    /// The amount is beyond [`LARGEST`].
    BeyondLimit {
        /// Decimals of the currency.
        digits: u32,
    },
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCurrency(code) => {
                write!(f, "{code:?} is not a currency in use: write the three capital letters of ISO 4217, such as EUR")
            }
            Self::NotADecimal(text) => write!(
                f,
                "{text:?} is not a decimal number: write digits with a point before the decimals, such as 1234.50"
            ),
            Self::TooManyDecimals { allowed: 0 } => {
                f.write_str("too many decimals: only whole numbers are allowed here")
            }
            Self::TooManyDecimals { allowed: 1 } => f.write_str("too many decimals: at most 1 is allowed here"),
            Self::TooManyDecimals { allowed } => {
                write!(f, "too many decimals: at most {allowed} are allowed here")
            }
            Self::TooLarge => f.write_str("the number is too large to be kept exactly"),
            Self::BeyondLimit { digits } => {
                write!(f, "the amount is too large: at most {} is allowed here", print_decimal(LARGEST, *digits))
            }
        }
    }
}

impl std::error::Error for MoneyError {}

/// The largest amount that anybody may write, in minor units: the revenue of any company fits, and so does what it is in
/// another currency. Sums are exact in 128 bits.
pub const LARGEST: u64 = 10_u64.pow(15);

/// The number of decimals of a currency: 2 for EUR, 0 for JPY, 3 for KWD, 4 for CLF.
///
/// Codes are matched as ISO 4217 writes them, in capitals. Withdrawn codes are unknown, and so are the codes without a
/// minor unit (precious metals, bond market units, XTS, XXX), because an amount of them cannot be written in minor units.
#[must_use]
pub fn minor_digits(code: &str) -> Option<u32> {
    let currency = Currency::from_code(code)?;
    // The standard lists VES and VED side by side.
    let in_use = matches!(currency.is_superseded(), None | Some(Currency::VED));
    currency.exponent().filter(|_| in_use).map(u32::from)
}

/// The currencies that do not have two decimals, with how many they have.
#[must_use]
pub fn unusual_currencies() -> Vec<(String, u32)> {
    let letters = || 'A'..='Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    codes.filter_map(|code| minor_digits(&code).filter(|digits| *digits != 2).map(|digits| (code, digits))).collect()
}

/// Reads an amount, as every writer has to (inputs, imports): `"1234.50"` in EUR is 123 450 minor units.
///
/// Fewer decimals than the currency has are fine (`"5"` is 5.00); more are refused, zeros included,
/// so that nothing is ever rounded on the way in.
///
/// # Errors
/// Says which rule the text breaks; an unknown currency comes first.
pub fn parse_minor(text: &str, currency: &str) -> Result<i64, MoneyError> {
    let digits = minor_digits(currency).ok_or_else(|| MoneyError::UnknownCurrency(excerpt(currency)))?;
    let minor = parse_decimal(text, digits)?;
    if minor.unsigned_abs() <= LARGEST { Ok(minor) } else { Err(MoneyError::BeyondLimit { digits }) }
}

/// Writes an amount, or a sum of amounts, with all decimals of its currency: 123 450 minor units of EUR are `"1234.50"`.
///
/// A currency that is not on the list, such as one withdrawn since the row was written, is printed
/// with the usual two decimals.
#[must_use]
pub fn print_minor(minor: impl Into<i128>, currency: &str) -> String {
    print_decimal(minor, minor_digits(currency).unwrap_or(2))
}

/// Reads a decimal number as a whole number of its last digit: `"1.5"` with 8 digits is 150 000 000.
///
/// The form is: an optional minus, digits, and optionally a point followed by digits. No blanks, plus
/// signs, exponents or digit groups.
///
/// # Errors
/// Says whether the text is no number, has too many decimals or is too large.
pub fn parse_decimal(text: &str, digits: u32) -> Result<i64, MoneyError> {
    let not_a_decimal = || MoneyError::NotADecimal(excerpt(text));
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
        Some(_) => return Err(not_a_decimal()),
        None => (unsigned, ""),
    };
    if !is_digits(whole) {
        return Err(not_a_decimal());
    }
    let missing = u32::try_from(fraction.len())
        .ok()
        .and_then(|given| digits.checked_sub(given))
        .ok_or(MoneyError::TooManyDecimals { allowed: digits })?;
    signed_number(negative, whole.bytes().chain(fraction.bytes()), missing).ok_or(MoneyError::TooLarge)
}

/// Writes a whole number of its last digit as a decimal number: the inverse of [`parse_decimal`].
#[must_use]
pub fn print_decimal(value: impl Into<i128>, digits: u32) -> String {
    let value = value.into();
    let sign = if value < 0 { "-" } else { "" };
    let plain = value.unsigned_abs().to_string();
    let decimals = digits as usize;
    let padding = "0".repeat(decimals.saturating_add(1).saturating_sub(plain.len()));
    let padded = padding + &plain;
    match padded.split_at_checked(padded.len().saturating_sub(decimals)) {
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{padded}"),
    }
}

/// Converts an amount at a rate, and rounds once, half-even, to the minor unit of the target.
///
/// `rate_e8` is the worth of one whole unit of the source in whole units of the target, times 10^8.
/// With `f` and `t` decimals the result is `minor * rate_e8 * 10^t / (10^f * 10^8)`.
/// `None` when the result does not fit, or when the rate is not above zero and so is no rate.
#[must_use]
pub fn convert(minor: i64, from_digits: u32, to_digits: u32, rate_e8: i64) -> Option<i64> {
    if rate_e8 <= 0 {
        return None;
    }
    let product = i128::from(minor).checked_mul(i128::from(rate_e8))?;
    let shift_down = from_digits.checked_add(RATE_DIGITS)?;
    let converted = match shift_down.checked_sub(to_digits) {
        Some(down) => divide_half_even(product, power_of_ten(down)?)?,
        None => product.checked_mul(power_of_ten(to_digits.checked_sub(shift_down)?)?)?,
    };
    i64::try_from(converted).ok()
}

/// Divides and rounds to the nearest whole number; exactly half goes to the even neighbour.
///
/// This is the "round half to even" of IEEE 754 (roundTiesToEven), also called banker's rounding: it
/// has no drift over many roundings. `None` for a zero denominator or a result beyond 128 bits.
#[must_use]
pub fn divide_half_even(numerator: i128, denominator: i128) -> Option<i128> {
    let below = numerator.checked_div_euclid(denominator)?;
    let rest = numerator.checked_rem_euclid(denominator)?.unsigned_abs();
    let to_the_next = denominator.unsigned_abs().checked_sub(rest)?;
    let is_odd = below.rem_euclid(2) == 1;
    let leave_below = rest > to_the_next || (rest == to_the_next && is_odd);
    match (leave_below, denominator > 0) {
        (false, _) => Some(below),
        (true, true) => below.checked_add(1),
        (true, false) => below.checked_sub(1),
    }
}

/// Splits a total in proportion to weights so that the parts add up to it exactly.
///
/// The method of largest remainders (Hamilton's method, known from the apportionment of seats):
/// every part first gets its exact share rounded towards zero; the units left over go one each to the
/// parts with the largest remainders, and among equal remainders to the earlier. A part of weight zero
/// gets nothing. A negative total is split like its opposite, with the sign put back.
///
/// Without any weight above zero there is nobody to give to: the answer is empty, whatever the total.
#[must_use]
pub fn split(total_minor: i64, weights: &[u64]) -> Vec<i64> {
    let all: u128 = weights.iter().copied().map(u128::from).sum();
    if all == 0 {
        return Vec::new();
    }
    let magnitude = u128::from(total_minor.unsigned_abs());
    // At most 2^63 * 2^64, so no product leaves 128 bits.
    let exact = weights.iter().map(|weight| magnitude * u128::from(*weight));
    let (mut parts, remainders): (Vec<u128>, Vec<u128>) = exact.map(|share| (share / all, share % all)).unzip();
    hand_out(magnitude - parts.iter().sum::<u128>(), &mut parts, &remainders);
    parts.into_iter().map(|part| with_sign_of(total_minor, part)).collect()
}

/// Gives one unit each to the parts with the largest remainders, the earlier first, until none is left.
fn hand_out(left_over: u128, parts: &mut [u128], remainders: &[u128]) {
    let mut by_claim: Vec<(&mut u128, &u128)> = parts.iter_mut().zip(remainders).collect();
    by_claim.sort_by_key(|(_, remainder)| Reverse(**remainder));
    for ((part, _), _) in by_claim.into_iter().zip(0..left_over) {
        *part += 1;
    }
}

/// A part of a total, with the sign of the total; a part is never larger than the total itself.
fn with_sign_of(total: i64, part: u128) -> i64 {
    let part = i128::try_from(part).unwrap_or(i128::MAX);
    let signed = if total < 0 { -part } else { part };
    i64::try_from(signed).unwrap_or(total)
}

/// The number that the decimal digits spell, followed by so many zeros.
fn signed_number(negative: bool, digits: impl Iterator<Item = u8>, zeros: u32) -> Option<i64> {
    let mut number: i128 = 0;
    for digit in digits {
        number = number.checked_mul(10)?.checked_add(i128::from(digit.checked_sub(b'0')?))?;
    }
    if number != 0 {
        number = number.checked_mul(power_of_ten(zeros)?)?;
    }
    i64::try_from(if negative { -number } else { number }).ok()
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The beginning of a text, for an error message that stays readable.
fn excerpt(text: &str) -> String {
    text.chars().take(32).collect()
}
