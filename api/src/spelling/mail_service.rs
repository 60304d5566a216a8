//! Domains that say nothing about where a person works: mail services that anybody can have an address at, for good or
//! for an hour.

/// One domain a line, in the order of their bytes, after lines that say where they come from and how they are brought up
/// to date.
static DOMAINS: &str = include_str!("mail_services.txt");

/// Is this the domain of a mail service that anybody can use? Such a domain never identifies a company.
pub fn is_one(domain: &str) -> bool {
    let mut lines = DOMAINS;
    // The text is its own index: halve it at the end of a line until one line is left.
    while !lines.is_empty() {
        let middle = lines.len() / 2;
        let start = lines.as_bytes().iter().take(middle).rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (before, rest) = lines.split_at_checked(start).unwrap_or(("", lines));
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        match line.cmp(domain) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => lines = after,
            std::cmp::Ordering::Greater => lines = before,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_domain_of_the_list_is_found() {
        let domains = || DOMAINS.lines().filter(|line| !line.starts_with('#'));
        assert!(domains().count() > 10_000);
        assert!(DOMAINS.lines().is_sorted(), "the list is in the order of its bytes");
        assert_eq!(domains().find(|domain| !is_one(domain)), None);
    }

    #[test]
    fn services_of_many_countries_are_known_and_companies_are_not_among_them() {
        for service in [
            "gmail.com",
            "gmx.de",
            "yahoo.com.au",
            "hotmail.be",
            "outlook.it",
            "list.ru",
            "t-online.de",
            "proton.me",
            "tuta.com",
            "mailbox.org",
            "mailinator.com",
            "yopmail.com",
            "qq.com",
            "orange.fr",
            "web.de",
            "hey.com",
        ] {
            assert!(is_one(service), "{service}");
        }
        for company in ["example.org", "siemens.com", "sap.com", "ibm.com", "corp.co.uk", "acme.example", ""] {
            assert!(!is_one(company), "{company}");
        }
    }
}
