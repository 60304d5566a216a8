//! Collects what a person has to mend in an input, so that a form shows all of it at once.

use crate::error::{Error, Mistake, Result};
use crate::spelling::{phone, text};

/// The most characters of a name or title.
pub const NAME: usize = 200;
/// The most characters of a longer text.
pub const TEXT: usize = crate::spelling::LONGEST;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Checks(Vec<Mistake>);

impl Checks {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake at an input field.
    pub fn refuse(&mut self, code: &str, field: &str, message: impl Into<String>) {
        self.0.push(Mistake::new(code, field, message));
    }

    /// Notes a mistake unless something holds.
    pub fn expect(&mut self, holds: bool, code: &str, field: &str, message: &str) {
        if !holds {
            self.refuse(code, field, message);
        }
    }

    /// What something came to, or its mistakes among the others.
    ///
    /// # Errors
    /// Every error but `Invalid`.
    pub fn note<T>(&mut self, outcome: Result<T>) -> Result<Option<T>> {
        match outcome {
            Err(Error::Invalid(mistakes)) => {
                self.0.extend(mistakes);
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    /// Takes in what else was found, at fields that have no mistake yet.
    pub fn add_elsewhere(&mut self, other: Self) {
        let elsewhere = other.0.into_iter().filter(|one| self.0.iter().all(|known| known.path != one.path));
        let elsewhere: Vec<_> = elsewhere.collect();
        self.0.extend(elsewhere);
    }

    /// A name that must be there: one line, without blanks around it.
    pub fn name(&mut self, field: &str, text: &mut String) {
        *text = text::line(text);
        self.expect(!text.is_empty(), "REQUIRED", field, &format!("{field} may not be empty."));
        self.label_fits(field, text);
    }

    /// A name that may be left out; a blank one is none.
    pub fn label(&mut self, field: &str, text: &mut Option<String>) {
        *text = text.take().map(|text| text::line(&text)).filter(|text| !text.is_empty());
        if let Some(text) = text {
            self.label_fits(field, text);
        }
    }

    /// A text that may be left out; blanks around it go, and a blank text is none.
    pub fn optional(&mut self, field: &str, text: &mut Option<String>, most: usize) {
        *text = text.take().map(|text| text::passage(&text)).filter(|text| !text.is_empty());
        if let Some(text) = text {
            self.length(field, text, most);
        }
    }

    fn label_fits(&mut self, field: &str, text: &str) {
        self.length(field, text, NAME);
        if text::direction(text).is_some() {
            let message = format!("{field} may not hold characters that turn the direction of writing.");
            self.refuse("INVALID", field, message);
        }
    }

    fn length(&mut self, field: &str, text: &str, most: usize) {
        let fits = text.chars().count() <= most;
        self.expect(fits, "TOO_LONG", field, &format!("{field} may have at most {most} characters."));
    }

    /// Where a row came from: the system and its id there, or neither. `within` is the place of both, with a point behind it.
    pub fn source(&mut self, within: &str, system: Option<&str>, id: Option<&str>) {
        let missing = match (system, id) {
            (Some(_), None) => "externalId",
            (None, Some(_)) => "sourceSystem",
            _ => return,
        };
        let message = "sourceSystem and externalId go together: give both or neither.";
        self.refuse("REQUIRED", &format!("{within}{missing}"), message);
    }

    /// A telephone number that has its country code, or gets it from a country.
    pub fn phone(&mut self, field: &str, number: &mut Option<String>, country: Option<&str>) {
        let Some(told) = number.take() else { return };
        *number = phone::in_country(&told, country);
        let message = format!("{field}: expected a telephone number with country code like +4915112345678.");
        self.expect(number.is_some(), "INVALID", field, &message);
    }

    /// An amount is not negative, and without an amount there is no currency.
    pub fn amount(&mut self, field: &str, minor: Option<i64>, currency: &mut Option<String>) {
        if minor.is_none() {
            *currency = None;
        }
        let fits = minor.is_none_or(|minor| minor >= 0);
        self.expect(fits, "INVALID", field, &format!("{field} may not be negative."));
    }

    /// All is well, or the mistakes.
    ///
    /// # Errors
    /// `Invalid` with every mistake noted.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
