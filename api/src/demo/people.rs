//! People: names as they are common in a country, and titles that fit department, rank and size of the company. Any
//! likeness is chance.

use entity::company::SizeBand;
use entity::deal_contact::DealRole;

use super::chance::Chance;

/// Names of a language.
struct Names {
    given: &'static [&'static str],
    family: &'static [&'static str],
}

#[rustfmt::skip]
const GERMAN: Names = Names {
    given: &[
        "Andreas", "Anja", "Birgit", "Christian", "Claudia", "Daniel", "Elena", "Florian", "Franziska", "Georg",
        "Hannah", "Heike", "Jan", "Johanna", "Jonas", "Julia", "Katharina", "Klaus", "Laura", "Lena", "Markus",
        "Martina", "Matthias", "Michael", "Nadine", "Nina", "Oliver", "Patrick", "Petra", "Philipp", "Sabine", "Sandra",
        "Sebastian", "Simon", "Stefanie", "Susanne", "Thomas", "Tobias", "Ulrike", "Verena",
    ],
    family: &[
        "Albrecht", "Arnold", "Bachmann", "Bauer", "Becker", "Berger", "Böhm", "Brandl", "Brückner", "Dietrich",
        "Ebner", "Engel", "Fischer", "Frank", "Fuchs", "Graf", "Gruber", "Haas", "Hartmann", "Heinrich", "Hofer",
        "Huber", "Jäger", "Kaiser", "Keller", "Koch", "Kraus", "Krüger", "Lang", "Lehmann", "Lindner", "Maurer",
        "Meier", "Moser", "Neumann", "Oswald", "Peters", "Pfeiffer", "Pichler", "Reuter", "Richter", "Roth", "Sauer",
        "Schmid", "Schneider", "Schuster", "Seidel", "Steiner", "Vogt", "Wagner", "Weber", "Winkler", "Wolf", "Ziegler",
    ],
};

#[rustfmt::skip]
const ENGLISH: Names = Names {
    given: &[
        "Adam", "Alice", "Amy", "Andrew", "Charlotte", "Claire", "Daniel", "David", "Emily", "Emma", "George", "Grace",
        "Hannah", "Harry", "Helen", "Jack", "James", "Jessica", "Kate", "Laura", "Lucy", "Mark", "Matthew", "Megan",
        "Michael", "Olivia", "Peter", "Rachel", "Robert", "Sarah", "Sophie", "Thomas", "Tom", "William",
    ],
    family: &[
        "Adams", "Allen", "Baker", "Barnes", "Bennett", "Brooks", "Campbell", "Carter", "Clarke", "Collins", "Cooper",
        "Davies", "Edwards", "Evans", "Foster", "Graham", "Hall", "Harris", "Hughes", "Jackson", "Kelly", "Lewis",
        "Marshall", "Mitchell", "Morgan", "Murphy", "Palmer", "Parker", "Reed", "Richards", "Roberts", "Shaw", "Stone",
        "Turner", "Walker", "Ward", "Watson", "Wright",
    ],
};

#[rustfmt::skip]
const FRENCH: Names = Names {
    given: &[
        "Adrien", "Alice", "Antoine", "Aurélie", "Camille", "Céline", "Chloé", "Claire", "Élodie", "François", "Hugo",
        "Isabelle", "Julien", "Laurent", "Léa", "Louis", "Lucas", "Manon", "Mathieu", "Nathalie", "Nicolas", "Pauline",
        "Sophie", "Thomas", "Vincent",
    ],
    family: &[
        "Bernard", "Blanchard", "Bonnet", "Boyer", "Chevalier", "Clément", "David", "Dubois", "Dumas", "Dupont",
        "Durand", "Faure", "Fontaine", "Garnier", "Gauthier", "Girard", "Lambert", "Lefèvre", "Leroy", "Marchand",
        "Mercier", "Moreau", "Noël", "Perrin", "Renard", "Rousseau", "Roux", "Simon", "Vidal",
    ],
};

#[rustfmt::skip]
const DUTCH: Names = Names {
    given: &[
        "Anouk", "Bart", "Bram", "Daan", "Esther", "Eva", "Femke", "Floor", "Ingrid", "Iris", "Jeroen", "Joris", "Koen",
        "Lotte", "Maarten", "Marieke", "Niels", "Pieter", "Ruben", "Sanne", "Sven", "Thijs",
    ],
    family: &[
        "Bakker", "Bosch", "Brouwer", "Dekker", "Dijkstra", "Groen", "Hendriks", "Hermans", "Jansen", "Koster",
        "Kuipers", "Maas", "Mulder", "Peeters", "Postma", "Prins", "Schouten", "Smit", "Veenstra", "Verhoeven",
        "Visser", "Willems",
    ],
};

#[rustfmt::skip]
const SWEDISH: Names = Names {
    given: &[
        "Anders", "Anna", "Axel", "Elin", "Emma", "Erik", "Fredrik", "Gustav", "Johan", "Karin", "Lars", "Linnea",
        "Magnus", "Maja", "Malin", "Oskar", "Sara", "Sofia", "Viktor",
    ],
    family: &[
        "Andersson", "Berg", "Bergström", "Dahl", "Ekström", "Eriksson", "Forsberg", "Hedlund", "Holm", "Johansson",
        "Karlsson", "Lindberg", "Lindqvist", "Lundgren", "Nilsson", "Nyström", "Sandberg", "Sjöberg", "Wikström",
    ],
};

#[rustfmt::skip]
const POLISH: Names = Names {
    given: &[
        "Agnieszka", "Aleksandra", "Anna", "Bartosz", "Ewa", "Jakub", "Joanna", "Karol", "Katarzyna", "Łukasz",
        "Magdalena", "Marcin", "Marta", "Michał", "Paweł", "Piotr", "Tomasz", "Zofia",
    ],
    family: &[
        "Adamczyk", "Dudek", "Jabłoń", "Kaczmarek", "Kowal", "Król", "Kubiak", "Lis", "Mazur", "Michalak", "Nowak",
        "Pawlak", "Sikora", "Stępień", "Szymczak", "Wójcik", "Wróbel", "Zając",
    ],
};

#[rustfmt::skip]
const SPANISH: Names = Names {
    given: &[
        "Alejandro", "Ana", "Beatriz", "Carlos", "Carmen", "Cristina", "David", "Elena", "Javier", "Jorge", "Laura",
        "Lucía", "Marta", "Miguel", "Pablo", "Raquel", "Sergio", "Teresa",
    ],
    family: &[
        "Alonso", "Blanco", "Cano", "Delgado", "Domínguez", "Gil", "Herrera", "Iglesias", "Marín", "Molina", "Navarro",
        "Ortega", "Prieto", "Ramos", "Rubio", "Serrano", "Soler", "Vega", "Vidal",
    ],
};

fn names(country: &str) -> &'static Names {
    match country {
        "GB" | "US" => &ENGLISH,
        "FR" => &FRENCH,
        "NL" => &DUTCH,
        "SE" => &SWEDISH,
        "PL" => &POLISH,
        "ES" => &SPANISH,
        _ => &GERMAN,
    }
}

/// A given and a family name, as somebody is called who works there. Some have come from elsewhere.
pub fn person(chance: &mut Chance, country: &str) -> (&'static str, &'static str) {
    let elsewhere = chance.percent(12.0).then(|| super::countries::country(chance));
    let names = names(elsewhere.unwrap_or(country));
    (chance.pick(names.given), chance.pick(names.family))
}

/// A family name that is common there.
pub fn family(chance: &mut Chance, country: &str) -> &'static str {
    chance.pick(names(country).family)
}

/// What somebody does, from the highest rank to the lowest.
struct Department {
    ranks: [&'static [&'static str]; 4],
    /// The part that those take in a deal who do not decide it.
    role: DealRole,
}

#[rustfmt::skip]
const SALES: Department = Department {
    ranks: [
        &["Chief Commercial Officer", "Chief Revenue Officer"],
        &["Head of Sales", "Sales Director", "VP Sales"],
        &["Sales Operations Manager", "Key Account Manager", "Regional Sales Manager"],
        &["Account Executive", "Inside Sales Representative", "Sales Coordinator"],
    ],
    role: DealRole::EndUser,
};
#[rustfmt::skip]
const MARKETING: Department = Department {
    ranks: [
        &["Chief Marketing Officer"],
        &["Head of Marketing", "Marketing Director", "Head of Demand Generation"],
        &["Marketing Manager", "CRM Manager", "Campaign Manager"],
        &["Marketing Specialist", "Content Specialist", "Marketing Assistant"],
    ],
    role: DealRole::Influencer,
};
#[rustfmt::skip]
const IT: Department = Department {
    ranks: [
        &["Chief Information Officer", "Chief Technology Officer"],
        &["Head of IT", "IT Director"],
        &["IT Manager", "Enterprise Architect", "Application Manager"],
        &["Systems Administrator", "Software Developer", "Data Analyst"],
    ],
    role: DealRole::Technical,
};
#[rustfmt::skip]
const FINANCE: Department = Department {
    ranks: [
        &["Chief Financial Officer"],
        &["Head of Finance", "Head of Purchasing"],
        &["Controller", "Strategic Buyer"],
        &["Buyer", "Accountant"],
    ],
    role: DealRole::Blocker,
};
#[rustfmt::skip]
const OPERATIONS: Department = Department {
    ranks: [
        &["Chief Operating Officer", "Managing Director"],
        &["Head of Customer Service", "Head of Operations"],
        &["Customer Service Manager", "Project Manager", "Process Manager"],
        &["Project Coordinator", "Customer Service Agent"],
    ],
    role: DealRole::Influencer,
};

/// What somebody does in a company.
#[derive(Clone, Copy, Debug)]
pub struct Title {
    /// As it stands below their letters.
    pub text: &'static str,
    /// Whether they decide what is bought.
    pub decides: bool,
    /// The part they take in a deal that somebody else brought.
    pub role: DealRole,
}

/// What somebody does in a company of this size. In small ones the owner asks, in large ones specialists do.
pub fn title(chance: &mut Chance, size: SizeBand) -> Title {
    let ranks: [f64; 4] = match size {
        SizeBand::Solo | SizeBand::Small => [30.0, 25.0, 28.0, 17.0],
        SizeBand::Medium => [10.0, 27.0, 39.0, 24.0],
        SizeBand::Large | SizeBand::Enterprise => [3.0, 19.0, 45.0, 33.0],
    };
    let rank = chance.weighted(&[(0, ranks[0]), (1, ranks[1]), (2, ranks[2]), (3, ranks[3])]);
    let departments = [
        (Some(&SALES), 36.0),
        (Some(&MARKETING), 27.0),
        (Some(&IT), 15.0),
        (Some(&OPERATIONS), 13.0),
        (Some(&FINANCE), 9.0),
    ];
    let department = chance.weighted(&departments).unwrap_or(&SALES);
    let decides = rank < 2;
    let role = if decides { DealRole::EconomicBuyer } else { department.role };
    if rank == 0 && matches!(size, SizeBand::Solo | SizeBand::Small) {
        return Title {
            text: chance.weighted(&[("Managing Director", 62.0), ("Owner", 28.0), ("Founder", 10.0)]),
            decides,
            role,
        };
    }
    let titles = department.ranks.get(rank).copied().unwrap_or_default();
    // The first of a rank is by far the most common.
    let place = usize::try_from(chance.small(i64::try_from(titles.len()).unwrap_or_default())).unwrap_or_default();
    let text = titles.get(place).copied().unwrap_or_default();
    Title { text, decides, role }
}
