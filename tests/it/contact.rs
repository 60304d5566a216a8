//! Contacts and companies through the front door, and how far they have come.

use chrono::{DateTime, Utc};
use entity::company::CompanyLifecycle;
use entity::contact::ContactLifecycle;
use entity::deal::DealKind;
use entity::enums::DealStatus;
use entity::lead::LeadStatus;
use serde_json::{Value, json};
use tests::each_database;
use tributary::{company, contact};

const CONTACT: &str = "contact { id version displayName email phone company { name } owner { name } }";
const COMPANY: &str = "company { id version name domain lifecycle }";

#[tokio::test]
async fn a_contact_finds_its_company_by_its_address() {
    each_database(async |world| {
        let rep = world.cast().await.rep;
        let acme = json!({ "name": " Acme ", "domain": "https://www.Acme.example/about" });
        let acme = rep.mutate("createCompany", acme, COMPANY).await.payload()["company"].clone();
        assert_eq!((&acme["name"], &acme["domain"]), (&json!("Acme"), &json!("acme.example")));
        let lea =
            json!({ "firstName": "Lea", "lastName": "Ito", "email": "Lea@ACME.example", "phone": "+49 151 123456" });
        let lea = rep.mutate("createContact", lea, CONTACT).await.payload()["contact"].clone();
        assert_eq!(lea["displayName"], "Lea Ito");
        assert_eq!((&lea["email"], &lea["phone"]), (&json!("lea@acme.example"), &json!("+49151123456")));
        assert_eq!((&lea["company"]["name"], &lea["owner"]["name"]), (&json!("Acme"), &json!("Rita")));
        let again = rep.mutate("createContact", json!({ "email": "lea@acme.example" }), CONTACT).await;
        assert_eq!(again.mistakes(), ["TAKEN email"]);
        let nobody = rep.mutate("createContact", json!({ "firstName": " ", "jobTitle": "CEO" }), CONTACT).await;
        assert_eq!(nobody.mistakes(), ["REQUIRED email"]);
        let busy = world.cast_admin_delete(&acme).await;
        assert_eq!(busy, "CONFLICT", "people work there");
    })
    .await;
}

/// Deleting as an administrator.
trait Deletes {
    async fn cast_admin_delete(&self, company: &Value) -> String;
}

impl Deletes for tests::World {
    async fn cast_admin_delete(&self, company: &Value) -> String {
        let admin = self.person("Boss", tributary::access::Role::Admin, None).await;
        let input = json!({ "id": company["id"], "expectedVersion": company["version"] });
        admin.mutate("deleteCompany", input, COMPANY).await.code()
    }
}

#[tokio::test]
async fn mail_services_are_no_companies_and_ownership_has_no_circle() {
    each_database(async |world| {
        let manager = world.cast().await.manager;
        let free = json!({ "name": "Mail", "domain": "gmail.com" });
        assert_eq!(manager.mutate("createCompany", free, COMPANY).await.mistakes(), ["NOT_ALLOWED domain"]);
        let make = async |name: &str, parent: Option<&Value>| {
            let input = json!({ "name": name, "parentId": parent });
            manager.mutate("createCompany", input, COMPANY).await.payload()["company"].clone()
        };
        let top = make("Top", None).await;
        let middle = make("Middle", Some(&top["id"])).await;
        let bottom = make("Bottom", Some(&middle["id"])).await;
        for below in [&top, &middle, &bottom] {
            let input = json!({ "id": top["id"], "expectedVersion": 1, "parentId": below["id"] });
            assert_eq!(manager.mutate("updateCompany", input, COMPANY).await.mistakes(), ["INVALID parentId"]);
        }
        let input = json!({ "id": bottom["id"], "expectedVersion": 1, "parentId": top["id"] });
        assert_eq!(manager.mutate("updateCompany", input, COMPANY).await.payload()["company"]["version"], 2);
        let input = json!({ "id": bottom["id"], "expectedVersion": 1, "name": "Stale" });
        assert_eq!(manager.mutate("updateCompany", input, COMPANY).await.code(), "CONFLICT");
    })
    .await;
}

#[tokio::test]
async fn names_stay_closed_to_the_analyst_in_every_spelling() {
    each_database(async |world| {
        let cast = world.cast().await;
        cast.rep.mutate("createContact", json!({ "firstName": "Lea" }), CONTACT).await.payload();
        let answer = cast.analyst.ask("{ contacts { nodes { displayName } } }").await;
        assert_eq!(answer.code(), "FORBIDDEN_FIELD");
        assert_eq!(answer.body["data"]["contacts"]["nodes"][0]["displayName"], Value::Null);
        for query in [
            "{ contacts(filter: { displayName: { startsWith: \"L\" } }) { totalCount } }",
            "{ contacts(orderBy: [{ field: DISPLAY_NAME }]) { totalCount nodes { id } } }",
        ] {
            assert_eq!(cast.analyst.ask(query).await.code(), "FORBIDDEN_FIELD", "{query}");
        }
        let own = cast.rep.ask("{ contacts(filter: { displayName: { eq: \"Lea\" } }) { totalCount } }").await;
        assert_eq!(own.data()["contacts"]["totalCount"], 1);
    })
    .await;
}

#[test]
fn a_person_comes_as_far_as_the_best_of_leads_and_deals() {
    use ContactLifecycle::*;
    let of = contact::rules::lifecycle;
    assert_eq!(of(&[], &[]), Subscriber);
    assert_eq!(of(&[LeadStatus::Disqualified], &[DealStatus::Lost]), Subscriber);
    assert_eq!(of(&[LeadStatus::Nurturing], &[]), Lead);
    assert_eq!(of(&[LeadStatus::Disqualified, LeadStatus::Mql], &[]), Mql);
    assert_eq!(of(&[LeadStatus::Sql], &[DealStatus::Lost]), Sal);
    assert_eq!(of(&[LeadStatus::Converted], &[DealStatus::Open]), Opportunity);
    assert_eq!(of(&[LeadStatus::New], &[DealStatus::Open, DealStatus::Won]), Customer);
}

#[test]
fn a_company_is_a_customer_until_a_renewal_is_lost() {
    use company::rules::{Dealing, lifecycle};
    let deal = |kind, status, day: Option<u32>| Dealing {
        kind,
        status,
        closed_at: day.map(|day| format!("2026-01-{day:02}T00:00:00Z").parse::<DateTime<Utc>>().unwrap()),
    };
    let won = deal(DealKind::NewBusiness, DealStatus::Won, Some(5));
    let lost_business = deal(DealKind::Expansion, DealStatus::Lost, Some(9));
    let lost_renewal = deal(DealKind::Renewal, DealStatus::Lost, Some(10));
    let won_back = deal(DealKind::NewBusiness, DealStatus::Won, Some(20));
    assert_eq!(lifecycle(&[]), CompanyLifecycle::Prospect);
    assert_eq!(lifecycle(&[lost_renewal]), CompanyLifecycle::Prospect);
    assert_eq!(lifecycle(&[won, lost_business]), CompanyLifecycle::Customer);
    assert_eq!(lifecycle(&[won, lost_renewal]), CompanyLifecycle::Former);
    assert_eq!(lifecycle(&[lost_renewal, won_back, won]), CompanyLifecycle::Customer);
}
