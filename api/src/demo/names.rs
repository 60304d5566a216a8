//! Names: common given and family names, and companies put together from syllables. Any likeness is chance.

use super::chance::Chance;

const GIVEN: [&str; 56] = [
    "Anna", "Ben", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karla", "Leon", "Maria",
    "Nils", "Olga", "Paul", "Ruth", "Simon", "Tessa", "Udo", "Vera", "Wim", "Yara", "Zoe", "Amir", "Bianca", "Carlos",
    "Diana", "Emil", "Fatima", "Georg", "Hanna", "Ivan", "Julia", "Kofi", "Laura", "Marco", "Nadia", "Oscar", "Petra",
    "Rafael", "Sofia", "Tom", "Ursula", "Viktor", "Wanda", "Xenia", "Yusuf", "Alice", "Boris", "Camille", "Dario",
    "Eva", "Frank", "Helen", "Lin",
];

const FAMILY: [&str; 64] = [
    "Adler",
    "Bauer",
    "Conti",
    "Dietrich",
    "Evans",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ivanova",
    "Jansen",
    "Keller",
    "Larsen",
    "Meyer",
    "Novak",
    "Olsen",
    "Peters",
    "Quinn",
    "Richter",
    "Schmidt",
    "Taylor",
    "Ullmann",
    "Vogel",
    "Weber",
    "Young",
    "Zimmer",
    "Arnold",
    "Becker",
    "Clarke",
    "Dubois",
    "Ernst",
    "Ferrari",
    "Graf",
    "Hoffmann",
    "Ibrahim",
    "Jensen",
    "Kaya",
    "Lehmann",
    "Martin",
    "Nguyen",
    "Otto",
    "Pereira",
    "Roth",
    "Silva",
    "Thomas",
    "Urban",
    "Vargas",
    "Wolf",
    "Yilmaz",
    "Ziegler",
    "Andersson",
    "Brandt",
    "Costa",
    "Dupont",
    "Engel",
    "Fuchs",
    "Green",
    "Haas",
    "Kowalski",
    "Lorenz",
    "Moreau",
    "Nielsen",
    "Patel",
    "Rossi",
    "Sato",
];

/// Job titles, those who decide last.
const TITLES: [&str; 14] = [
    "Assistant",
    "Buyer",
    "Project Manager",
    "Controller",
    "Engineer",
    "Team Lead",
    "Product Manager",
    "Marketing Manager",
    "Sales Manager",
    "Head of Operations",
    "Head of Purchasing",
    "IT Director",
    "Finance Director",
    "Managing Director",
];

const FIRST: [&str; 32] = [
    "Al", "Bel", "Cor", "Dal", "El", "Fen", "Gar", "Hal", "Il", "Jor", "Kel", "Lor", "Mar", "Nor", "Or", "Pel", "Quin",
    "Ros", "Sal", "Tor", "Ul", "Vel", "Wes", "Xan", "Yor", "Zel", "Bran", "Cre", "Dun", "Gil", "Lin", "Stro",
];
const SECOND: [&str; 32] = [
    "ba", "be", "bi", "co", "da", "de", "di", "fa", "go", "ka", "la", "le", "li", "ma", "me", "mi", "mo", "na", "ne",
    "no", "ra", "ri", "ro", "sa", "se", "ta", "te", "ti", "to", "va", "ve", "vi",
];
const THIRD: [&str; 24] = [
    "bor", "dan", "den", "dor", "fas", "gen", "gor", "lan", "len", "lor", "mar", "men", "mund", "nar", "nex", "rad",
    "ran", "ris", "ron", "tan", "tek", "tor", "van", "vis",
];
/// What they do, with the industry it stands for.
const TRADES: [(&str, &str); 12] = [
    ("Logistics", "Logistics"),
    ("Software", "Software"),
    ("Foods", "Food and beverages"),
    ("Machines", "Mechanical engineering"),
    ("Energy", "Energy"),
    ("Health", "Health care"),
    ("Bank", "Financial services"),
    ("Retail", "Retail"),
    ("Chemicals", "Chemicals"),
    ("Media", "Media"),
    ("Construction", "Construction"),
    ("Travel", "Travel"),
];

/// What a company is called.
#[derive(Debug, PartialEq, Eq)]
pub struct CompanyName {
    /// As on its letters.
    pub name: String,
    /// Its domain; no other company of the demo has it.
    pub domain: String,
    /// What it does.
    pub industry: &'static str,
}

/// The name of the company with this number. No two numbers share a domain.
pub fn company(number: u64) -> CompanyName {
    const ALL: u64 = 32 * 32 * 24 * 12;
    // Steps through all combinations in an order that looks like none: the factor shares no divisor with their count.
    let mut rest = (number % ALL).wrapping_mul(104_729) % ALL;
    let mut digit = |base: usize| {
        let base = base as u64;
        let digit = usize::try_from(rest % base).unwrap_or_default();
        rest /= base;
        digit
    };
    let (trade, industry) = TRADES.get(digit(TRADES.len())).copied().unwrap_or_default();
    let first = FIRST.get(digit(FIRST.len())).copied().unwrap_or_default();
    let second = SECOND.get(digit(SECOND.len())).copied().unwrap_or_default();
    let third = THIRD.get(digit(THIRD.len())).copied().unwrap_or_default();
    let round = number / ALL;
    let more = if round == 0 { String::new() } else { format!(" {}", round + 1) };
    let name = format!("{first}{second}{third} {trade}{more}");
    let domain = format!("{}.example", name.to_lowercase().replace(' ', "-"));
    CompanyName { name, domain, industry }
}

/// A given and a family name.
pub fn person(chance: &mut Chance) -> (&'static str, &'static str) {
    (chance.pick(&GIVEN), chance.pick(&FAMILY))
}

/// What a person does, and whether that is a person who decides.
pub fn title(chance: &mut Chance) -> (&'static str, bool) {
    let title = chance.pick(&TITLES);
    let decides = TITLES.iter().rev().take(5).any(|high| *high == title);
    (title, decides)
}

/// A country, as likely as customers come from it.
pub fn country(chance: &mut Chance) -> &'static str {
    const COUNTRIES: [(&str, f64); 10] = [
        ("DE", 34.0),
        ("AT", 8.0),
        ("CH", 8.0),
        ("NL", 8.0),
        ("FR", 10.0),
        ("SE", 5.0),
        ("GB", 12.0),
        ("US", 10.0),
        ("PL", 3.0),
        ("ES", 2.0),
    ];
    chance.weighted(&COUNTRIES)
}

/// A telephone number from the ranges that are set aside for fiction; none where no range is known.
pub fn phone(chance: &mut Chance, country: &str) -> Option<String> {
    let (prefix, last, digits) = match country {
        "DE" => ("+493023125", 999, 3),
        "GB" => ("+442079460", 999, 3),
        "US" => ("+1202555", 199, 4),
        "SE" => ("+46846500", 499, 3),
        _ => return None,
    };
    let low = if country == "US" { 100 } else { 0 };
    Some(format!("{prefix}{:0digits$}", chance.between(low, last)))
}

/// The language people write in there.
pub fn language(country: &str) -> &'static str {
    match country {
        "DE" | "AT" | "CH" => "de",
        "NL" => "nl",
        "FR" => "fr",
        "SE" => "sv",
        "PL" => "pl",
        "ES" => "es",
        _ => "en",
    }
}

/// A time zone of the country.
pub fn time_zone(country: &str) -> &'static str {
    match country {
        "AT" => "Europe/Vienna",
        "CH" => "Europe/Zurich",
        "NL" => "Europe/Amsterdam",
        "FR" => "Europe/Paris",
        "SE" => "Europe/Stockholm",
        "GB" => "Europe/London",
        "US" => "America/New_York",
        "PL" => "Europe/Warsaw",
        "ES" => "Europe/Madrid",
        _ => "Europe/Berlin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_company_has_a_domain_of_its_own() {
        let domains: HashSet<String> = (0..300_000).map(|number| company(number).domain).collect();
        assert_eq!(domains.len(), 300_000);
        assert!(domains.iter().all(|domain| domain.is_ascii() && domain.ends_with(".example")));
    }
}
