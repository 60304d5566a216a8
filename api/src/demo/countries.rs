//! Where customers are, and what that means for their names, numbers and letters.

use entity::company::SizeBand;

use super::chance::Chance;

/// A country, as likely as customers come from it.
pub fn country(chance: &mut Chance) -> &'static str {
    const COUNTRIES: [(&str, f64); 10] = [
        ("DE", 38.0),
        ("AT", 10.0),
        ("CH", 9.0),
        ("NL", 8.0),
        ("FR", 9.0),
        ("SE", 4.0),
        ("GB", 10.0),
        ("US", 7.0),
        ("PL", 3.0),
        ("ES", 2.0),
    ];
    chance.weighted(&COUNTRIES)
}

/// What stands behind the name of a company there.
pub fn legal_form(country: &str, size: SizeBand) -> &'static str {
    let big = matches!(size, SizeBand::Large | SizeBand::Enterprise);
    match (country, size) {
        ("DE", SizeBand::Solo) => "e.K.",
        ("DE", SizeBand::Large) => "GmbH & Co. KG",
        ("DE", SizeBand::Enterprise) => "SE",
        ("AT", SizeBand::Solo) => "e.U.",
        ("AT", _) if big => "AG",
        ("CH", _) if big => "AG",
        ("DE" | "AT" | "CH", _) => "GmbH",
        ("NL", _) if big => "N.V.",
        ("NL", _) => "B.V.",
        ("FR", _) if big => "SA",
        ("FR", _) => "SAS",
        ("SE", _) => "AB",
        ("GB", _) if big => "plc",
        ("GB", _) => "Ltd",
        ("US", _) if big => "Inc.",
        ("US", _) => "LLC",
        ("PL", _) => "Sp. z o.o.",
        _ => "S.L.",
    }
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

/// The text as it stands in an address: small Latin letters, digits and hyphens.
pub fn address(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => plain.push(letter),
            'ä' => plain.push_str("ae"),
            'ö' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'ß' => plain.push_str("ss"),
            'á' | 'à' | 'â' | 'å' | 'ą' => plain.push('a'),
            'é' | 'è' | 'ê' | 'ë' | 'ę' => plain.push('e'),
            'í' | 'î' | 'ï' => plain.push('i'),
            'ó' | 'ô' | 'ø' => plain.push('o'),
            'ú' | 'û' => plain.push('u'),
            'ç' | 'ć' => plain.push('c'),
            'ñ' | 'ń' => plain.push('n'),
            'ł' => plain.push('l'),
            'ś' => plain.push('s'),
            'ż' | 'ź' => plain.push('z'),
            _ if plain.is_empty() || plain.ends_with('-') => {}
            _ => plain.push('-'),
        }
    }
    plain.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_are_plain() {
        assert_eq!(address("Brückner & Größl Getränke"), "brueckner-groessl-getraenke");
        assert_eq!(address("Étoile d'Or"), "etoile-d-or");
        assert_eq!(address("Wójcik"), "wojcik");
    }
}
