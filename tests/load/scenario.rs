//! What is asked: a document for the service, a statement for the baseline, and arguments for both.

use std::path::Path;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use serde_json::{Value, json};
use tributary::access::Role;
use tributary::demo::{DemoUser, users};

/// One kind of request.
pub struct Scenario {
    /// Its name, also in the path of the baseline.
    pub name: &'static str,
    /// What the service is asked.
    pub document: &'static str,
    /// What the baseline runs.
    pub statement: &'static str,
    /// As whom the service is asked.
    pub role: Role,
    /// How many requests make a round.
    pub requests: usize,
    /// How many times the baseline's processor time the service may take with its database; none: told only.
    pub target: Option<f64>,
    /// What the arguments are.
    pub arguments: Arguments,
}

/// The arguments of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Arguments {
    /// None.
    None,
    /// The id of a deal.
    Deal,
    /// A new activity for a deal.
    Activity,
    /// A new person who got in touch.
    Capture,
    /// The days that question 19 is about.
    Days,
    /// A company that others belong to.
    Mother,
}

macro_rules! scenario {
    ($name:literal, $document:literal, $statement:literal, $role:ident, $requests:literal, $target:expr, $arguments:ident) => {
        Scenario {
            name: $name,
            document: include_str!(concat!("queries/", $document, ".graphql")),
            statement: include_str!(concat!("queries/", $statement, ".sql")),
            role: Role::$role,
            requests: $requests,
            target: $target,
            arguments: Arguments::$arguments,
        }
    };
}

/// The scenario set.
#[rustfmt::skip]
pub const SCENARIOS: &[Scenario] = &[
    scenario!("point_read", "point_read", "point_read", Admin, 6_000, Some(2.5), Deal),
    scenario!("list_of_50", "list_of_50", "list_of_50", Admin, 3_000, Some(1.6), None),
    scenario!("four_levels", "four_levels", "four_levels", Admin, 2_000, Some(1.8), None),
    scenario!("deals_by_stage", "deals_by_stage", "deals_by_stage", Admin, 150, Some(1.4), None),
    scenario!("leads_by_month", "leads_by_month", "leads_by_month", Admin, 100, Some(1.4), None),
    scenario!("log_activity", "log_activity", "log_activity", SalesManager, 2_000, Some(2.5), Activity),
    scenario!("log_activity_with_event", "log_activity", "log_activity_with_event", SalesManager, 2_000, None, Activity),
    scenario!("capture_lead", "capture_lead", "capture_lead", Integration, 1_000, None, Capture),
];

/// A question by its number, the statement, and what is asked otherwise: a text of the document and what stands in its place.
type Question = (u32, &'static str, &'static [(&'static str, &'static str)]);

/// The questions of `tests/cases/questions` by their numbers, each beside a statement that answers it, with what is asked
/// otherwise of much data: no more groups than are answered at once.
#[rustfmt::skip]
const QUESTIONS: &[Question] = &[
    (1, include_str!("questions/1.sql"), &[]),
    (2, include_str!("questions/2.sql"), &[]),
    (3, include_str!("questions/3.sql"), &[]),
    (4, include_str!("questions/4.sql"), &[]),
    (6, include_str!("questions/6.sql"), &[]),
    (7, include_str!("questions/7.sql"), &[]),
    (8, include_str!("questions/8.sql"), &[]),
    (9, include_str!("questions/9.sql"), &[("gt: \"100000\"", "gt: \"300000\"")]),
    (10, include_str!("questions/10.sql"), &[("gt: 2 ", "gt: 7 ")]),
    (11, include_str!("questions/11.sql"), &[]),
    (12, include_str!("questions/12.sql"), &[]),
    (14, include_str!("questions/14.sql"), &[]),
    (15, include_str!("questions/15.sql"), &[]),
    (16, include_str!("questions/16.sql"), &[]),
    (17, include_str!("questions/17.sql"), &[]),
    (18, include_str!("questions/18.sql"), &[]),
    (19, include_str!("questions/19.sql"), &[]),
    (20, include_str!("questions/20.sql"), &[]),
    (21, include_str!("questions/21.sql"), &[]),
    (22, include_str!("questions/22.sql"), &[]),
    (23, include_str!("questions/23.sql"), &[]),
    (24, include_str!("questions/24.sql"), &[]),
    (25, include_str!("questions/25.sql"), &[]),
];

/// The statement of a scenario or of a question.
pub fn statement(name: &str) -> Option<&'static str> {
    let question = QUESTIONS.iter().find(|(number, ..)| name == called(*number)).map(|(_, statement, _)| *statement);
    question.or_else(|| SCENARIOS.iter().find(|scenario| scenario.name == name).map(|scenario| scenario.statement))
}

fn called(question: u32) -> String {
    format!("question_{question}")
}

/// The questions as scenarios: the documents are those of the pages.
///
/// # Errors
/// A page cannot be read, or a question has no document.
pub fn questions() -> std::io::Result<Vec<Scenario>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/questions");
    let mut pages = String::new();
    for entry in std::fs::read_dir(folder)? {
        pages += &std::fs::read_to_string(entry?.path())?;
    }
    let of = |(number, statement, changes): &(u32, &'static str, &[(&str, &str)])| {
        let below = pages.split_once(&format!("\n### {number}. ")).map(|(_, below)| below);
        let document = below.and_then(|below| below.split_once("```graphql\n")?.1.split_once("```"));
        let (document, _) = document.ok_or_else(|| std::io::Error::other(format!("no page asks question {number}")))?;
        let document = changes.iter().fold(document.to_owned(), |text, (from, to)| text.replace(from, to));
        Ok(Scenario {
            name: called(*number).leak(),
            document: document.leak(),
            statement,
            role: if [4, 7, 18].contains(number) { Role::SalesManager } else { Role::Analyst },
            requests: 40,
            target: Some(1.5),
            arguments: match number {
                19 => Arguments::Days,
                23 => Arguments::Mother,
                _ => Arguments::None,
            },
        })
    };
    QUESTIONS.iter().map(of).collect()
}

/// What the statements of the questions take for granted: amounts as the service writes them, and a company that others
/// belong to.
pub const FOR_QUESTIONS: [&str; 2] = [
    "CREATE OR REPLACE FUNCTION euros(numeric) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN $1 IS NULL THEN '[]'::json
            ELSE json_build_array(json_build_object('amount', ($1 / 100)::numeric(20, 2)::text, 'currency', 'EUR')) END $$",
    "UPDATE company SET parent_id = (SELECT min(id::text)::uuid FROM company)
        WHERE id IN (SELECT id FROM company WHERE parent_id IS NULL ORDER BY id::text OFFSET 1 LIMIT 20)
        AND NOT EXISTS (SELECT 1 FROM company WHERE parent_id IS NOT NULL)",
];

/// What the arguments are taken from.
#[derive(Clone)]
pub struct Stock {
    deals: Vec<String>,
    mother: Option<String>,
    campaign: String,
    manager: (String, String),
    integration: String,
}

impl Stock {
    /// Looks at the database.
    ///
    /// # Errors
    /// Database errors; a database without demo data.
    pub async fn of(database: &DatabaseConnection) -> Result<Self, DbErr> {
        let texts = async |sql: &str| {
            let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
            let texts: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
            if texts.is_empty() { Err(DbErr::Custom(format!("nothing found by {sql}"))) } else { Ok(texts) }
        };
        let user = async |column: &str, role: Role| {
            let email = demo_user(role).map_or(String::new(), |user| user.email);
            let sql = format!("SELECT {column}::text FROM app_user WHERE email = '{email}'");
            texts(&sql).await.map(|texts| texts[0].clone())
        };
        Ok(Self {
            // Spread over the table, the same ones every time.
            deals: texts("SELECT id::text FROM deal WHERE deleted_at IS NULL ORDER BY md5(id::text) LIMIT 1000")
                .await?,
            mother: texts("SELECT parent_id::text FROM company WHERE parent_id IS NOT NULL LIMIT 1")
                .await
                .ok()
                .map(|ids| ids[0].clone()),
            campaign: texts("SELECT id::text FROM campaign WHERE status = 'ACTIVE' ORDER BY code").await?[0].clone(),
            manager: (user("id", Role::SalesManager).await?, user("team_id", Role::SalesManager).await?),
            integration: user("id", Role::Integration).await?,
        })
    }

    /// The same of a database with these deals.
    pub fn with_deals(self, deals: Vec<String>) -> Self {
        Self { deals, ..self }
    }

    /// How many different arguments there are; the bodies of mutations are new every time.
    pub fn bodies(&self, scenario: &Scenario, requests: usize) -> usize {
        match scenario.arguments {
            Arguments::None | Arguments::Days | Arguments::Mother => 1,
            Arguments::Deal => self.deals.len(),
            Arguments::Activity | Arguments::Capture => requests,
        }
    }

    /// The variables of a request to the service, and the arguments of the same to the baseline.
    pub fn arguments(&self, scenario: &Scenario, number: usize, mark: &str) -> (Value, Vec<String>) {
        let deal = &self.deals[number % self.deals.len()];
        match scenario.arguments {
            Arguments::None => (json!({}), Vec::new()),
            Arguments::Days => (json!({ "day": "2025-10-01T00:00:00Z", "before": "2025-07-03T00:00:00Z" }), Vec::new()),
            Arguments::Mother => {
                let mother = self.mother.clone().unwrap_or_default();
                (json!({ "mother": global("company", &mother) }), vec![mother])
            }
            Arguments::Deal => (json!({ "id": global("deal", deal) }), vec![deal.clone()]),
            Arguments::Activity => {
                let subject = format!("Called about the offer, {mark} {number}");
                let input = json!({
                    "kind": "CALL", "subject": subject, "direction": "OUTBOUND", "outcome": "REACHED",
                    "dealId": global("deal", deal),
                });
                (json!({ "input": input }), vec![deal.clone(), self.manager.0.clone(), self.manager.1.clone(), subject])
            }
            Arguments::Capture => {
                let domain = format!("{mark}-{number}.example");
                let (name, email) = (format!("Company {mark} {number}"), format!("someone@{domain}"));
                // Ten digits of a hash are enough for a telephone that nobody else has within a run.
                let phone = format!("+49{:010}", hash(&domain));
                let input = json!({
                    "contact": { "firstName": "Lo", "lastName": "Ad", "email": email, "phone": phone },
                    "company": { "name": name, "domain": domain },
                    "source": "CAMPAIGN",
                    "touch": {
                        "kind": "FORM_SUBMISSION", "channel": "WEBSITE",
                        "campaignId": global("campaign", &self.campaign),
                    },
                });
                let arguments = [&self.integration, &name, &domain, &email, &phone, &self.campaign];
                (json!({ "input": input }), arguments.map(Clone::clone).to_vec())
            }
        }
    }
}

/// The first demo user of a role.
pub fn demo_user(role: Role) -> Option<DemoUser> {
    users().into_iter().find(|user| user.role == role)
}

/// A number for a text, the same every time.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        % 10_000_000_000
}

/// An id as clients see it.
fn global(prefix: &str, id: &str) -> String {
    format!("{prefix}_{}", id.replace('-', ""))
}
