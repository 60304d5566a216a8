//! What is asked: a document for the service, a statement for the baseline, and arguments for both.

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

/// What the arguments are taken from.
pub struct Stock {
    deals: Vec<String>,
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
            campaign: texts("SELECT id::text FROM campaign WHERE status = 'ACTIVE' ORDER BY code").await?[0].clone(),
            manager: (user("id", Role::SalesManager).await?, user("team_id", Role::SalesManager).await?),
            integration: user("id", Role::Integration).await?,
        })
    }

    /// How many different arguments there are; the bodies of mutations are new every time.
    pub fn bodies(&self, scenario: &Scenario, requests: usize) -> usize {
        match scenario.arguments {
            Arguments::None => 1,
            Arguments::Deal => self.deals.len(),
            Arguments::Activity | Arguments::Capture => requests,
        }
    }

    /// The variables of a request to the service, and the arguments of the same to the baseline.
    pub fn arguments(&self, scenario: &Scenario, number: usize, mark: &str) -> (Value, Vec<String>) {
        let deal = &self.deals[number % self.deals.len()];
        match scenario.arguments {
            Arguments::None => (json!({}), Vec::new()),
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
