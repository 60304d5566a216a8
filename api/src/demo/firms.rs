//! Companies: what they do and what they are called. The names are put together; any likeness is chance.

use std::collections::HashSet;

use entity::company::SizeBand;

use super::chance::Chance;
use super::{countries, people};

/// What companies do: in English, as they call it in German, in French and elsewhere, and how they like to be named.
struct Industry {
    name: &'static str,
    german: &'static [&'static str],
    french: &'static [&'static str],
    other: &'static [&'static str],
    style: Style,
}

/// How often names are those of founders, of a place, or coined.
#[derive(Clone, Copy)]
struct Style(f64, f64, f64);

const TRADITIONAL: Style = Style(52.0, 33.0, 15.0);
const MODERN: Style = Style(12.0, 18.0, 70.0);

#[rustfmt::skip]
macro_rules! industries {
    ($($share:literal $name:literal [$($german:literal)*] [$($french:literal)*] [$($other:literal)*] $style:ident)*) => {
        [$((Some(&Industry {
            name: $name, german: &[$($german),*], french: &[$($french),*], other: &[$($other),*], style: $style,
        }), $share)),*]
    };
}

/// The few that we know well bring most customers; behind them comes a long tail.
#[rustfmt::skip]
const INDUSTRIES: [(Option<&Industry>, f64); 14] = industries! {
    24.0 "Mechanical engineering" ["Maschinenbau" "Antriebstechnik" "Fördertechnik" "Werkzeugbau"]
        ["Mécanique" "Machines"] ["Engineering" "Machinery" "Tools"] TRADITIONAL
    17.0 "Software" ["Software" "Systemhaus" "Digital"] ["Logiciels" "Digital"] ["Software" "Systems" "Labs"] MODERN
    12.5 "Logistics" ["Logistik" "Spedition" "Transporte"] ["Logistique" "Transports"]
        ["Logistics" "Freight" "Transport"] TRADITIONAL
    9.5 "Wholesale" ["Großhandel" "Handelshaus" "Technikhandel"] ["Distribution" "Négoce"]
        ["Trading" "Wholesale" "Supplies"] TRADITIONAL
    7.5 "Professional services" ["Beratung" "Ingenieure" "Partner"] ["Conseil" "Ingénierie"]
        ["Consulting" "Advisory" "Partners"] MODERN
    6.0 "Medical technology" ["Medizintechnik" "Labortechnik"] ["Médical" "Santé"] ["Medical" "Diagnostics"] MODERN
    5.0 "Food and beverages" ["Feinkost" "Getränke" "Backwaren"] ["Saveurs" "Boissons"] ["Foods" "Beverages"] TRADITIONAL
    4.5 "Construction" ["Bau" "Fassaden" "Haustechnik"] ["Construction" "Bâtiment"] ["Construction" "Builders"] TRADITIONAL
    3.8 "Energy" ["Energie" "Solartechnik"] ["Énergie" "Solaire"] ["Energy" "Solar"] MODERN
    3.2 "Financial services" ["Finanz" "Leasing"] ["Finance" "Assurances"] ["Capital" "Leasing"] MODERN
    2.6 "Chemicals" ["Chemie" "Kunststoffe"] ["Chimie"] ["Chemicals" "Polymers"] TRADITIONAL
    2.0 "Retail" ["Einzelhandel" "Versand"] ["Magasins"] ["Stores" "Retail"] MODERN
    1.4 "Media" ["Medien" "Verlag"] ["Éditions"] ["Media" "Publishing"] MODERN
    1.0 "Hospitality" ["Hotels"] ["Hôtels"] ["Hotels"] TRADITIONAL
};

#[rustfmt::skip]
const COINED: ([&str; 30], [&str; 18]) = (
    ["Al", "Ar", "Bel", "Bri", "Cal", "Cor", "Del", "El", "Fer", "Gal", "Hel", "In", "Kor", "Lu", "Mar", "Mer", "Nor",
     "No", "Or", "Pan", "Qui", "Ren", "Sal", "Sol", "Tal", "Ter", "Val", "Ver", "Vi", "Zen"],
    ["acta", "adis", "anto", "avia", "endo", "entis", "era", "exa", "ico", "ido", "ima", "ineo", "ion", "iva", "onis",
     "ora", "una", "vent"],
);

#[rustfmt::skip]
const GERMAN_PLACES: ([&str; 14], [&str; 10]) = (
    ["Ahorn", "Birken", "Buchen", "Eichen", "Erlen", "Eschen", "Falken", "Hasel", "Linden", "Mühl", "Quell", "Silber",
     "Tannen", "Weiden"],
    ["bach", "berg", "brunn", "feld", "grund", "hain", "hof", "mark", "stein", "tal"],
);

#[rustfmt::skip]
const ENGLISH_PLACES: ([&str; 14], [&str; 10]) = (
    ["Alder", "Ash", "Bram", "Clay", "Elm", "Fern", "Hazel", "Heath", "Maple", "Oak", "Raven", "Stan", "Thorn", "Willow"],
    ["bourne", "brook", "bridge", "dale", "field", "gate", "ley", "mere", "stead", "well"],
);

#[rustfmt::skip]
const FRENCH_PLACES: ([&str; 10], [&str; 6]) = (
    ["Beau", "Belle", "Clair", "Font", "Grand", "Haute", "Mont", "Neuve", "Roche", "Val"],
    ["clair", "court", "fort", "mont", "rive", "vigne"],
);

/// What a company is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Firm {
    /// As on its letters.
    pub name: String,
    /// As one speaks of it.
    pub short: String,
    /// Its domain; no other company of the demo has it.
    pub domain: String,
    /// What it does.
    pub industry: &'static str,
}

/// The names that are taken.
#[derive(Debug, Default)]
pub struct Register(HashSet<String>);

impl Register {
    /// Names a company of this country and size.
    pub fn name(&mut self, chance: &mut Chance, country: &str, size: SizeBand) -> Firm {
        let industry = chance.weighted(&INDUSTRIES).unwrap_or(&FALLBACK);
        let mut short = called(chance, country, industry);
        for attempt in 0.. {
            if self.0.insert(countries::address(&short)) {
                break;
            }
            short = called(chance, country, industry);
            // Where most names are taken, it is the house in a place, and at last the second of its name.
            if attempt > 5 {
                short = format!("{short} {}", place(chance, country));
            }
            if attempt > 20 {
                short = format!("{short} {attempt}");
            }
        }
        let name = format!("{short} {}", countries::legal_form(country, size));
        let domain = format!("{}.example", countries::address(&short));
        Firm { name, short, domain, industry: industry.name }
    }
}

const FALLBACK: Industry =
    Industry { name: "Software", german: &["Software"], french: &["Logiciels"], other: &["Software"], style: MODERN };

fn called(chance: &mut Chance, country: &str, industry: &Industry) -> String {
    let trade = chance.pick(match country {
        "DE" | "AT" | "CH" => industry.german,
        "FR" => industry.french,
        _ => industry.other,
    });
    let Style(founders, placed, coined) = industry.style;
    let first = match chance.weighted(&[(0, founders), (1, placed), (2, coined)]) {
        0 => {
            let (one, other) = (people::family(chance, country), people::family(chance, country));
            if one == other { format!("{one} & Partner") } else { format!("{one} & {other}") }
        }
        1 => place(chance, country),
        _ => joined(chance, &COINED.0, &COINED.1),
    };
    format!("{first} {trade}")
}

fn place(chance: &mut Chance, country: &str) -> String {
    match country {
        "DE" | "AT" | "CH" => joined(chance, &GERMAN_PLACES.0, &GERMAN_PLACES.1),
        "FR" => joined(chance, &FRENCH_PLACES.0, &FRENCH_PLACES.1),
        _ => joined(chance, &ENGLISH_PLACES.0, &ENGLISH_PLACES.1),
    }
}

fn joined(chance: &mut Chance, heads: &[&str], tails: &[&str]) -> String {
    let (head, tail) = (chance.pick(heads), chance.pick(tails));
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_company_has_a_domain_of_its_own() {
        let (mut register, mut chance) = (Register::default(), Chance::about(1, 2));
        for number in 1..=30_000 {
            let firm = register.name(&mut chance, countries::country(&mut Chance::about(3, number)), SizeBand::Small);
            assert!(firm.domain.is_ascii() && firm.domain.ends_with(".example"), "{firm:?}");
        }
        assert_eq!(register.0.len(), 30_000, "no two share one");
    }
}
