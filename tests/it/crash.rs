//! The service is killed in the middle of a thousand conversions: none is half done, and none that it confirmed is lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use entity::{contact, lead};
use futures_util::future::join_all;
use serde_json::json;
use tests::{Actor, World, each_database, row};
use tokio::sync::Mutex;
use tributary::clock::{Clock, SystemClock};
use uuid::Uuid;

use crate::gid;
use crate::service::{Service, ask};

const LEADS: usize = 1_000;
const CLIENTS: usize = 8;
/// So many confirmations are waited for before the service is killed.
const BEFORE_THE_END: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_service_leaves_no_half_conversion_and_loses_no_confirmed_one() {
    each_database(async |world| {
        // The service runs by the clock of the machine, and so does the token that it takes.
        world.clock.set(SystemClock::default().now());
        let (rep, leads) = prepare(&world).await;

        let mut service = Service::start(&world.url, &[]);
        let confirmed = convert_all(&service.address, &rep, &leads, |done| {
            if done == BEFORE_THE_END {
                service.child.kill().expect("SIGKILL reaches it");
            }
        });
        let confirmed = confirmed.await;
        service.child.wait().expect("it is gone");
        assert!(confirmed.len() >= BEFORE_THE_END, "{} were confirmed before it was killed", confirmed.len());
        assert!(confirmed.len() < LEADS, "it was killed in the middle");
        let done = assert_whole(&world).await;
        assert!(done >= confirmed.len(), "{done} are done, {} were confirmed", confirmed.len());
        assert!(done <= confirmed.len() + CLIENTS, "at most one for each client was done and not confirmed");

        let mut service = Service::start(&world.url, &[]);
        let all = convert_all(&service.address, &rep, &leads, |_| {}).await;
        service.child.kill().expect("SIGKILL reaches it");
        service.child.wait().expect("it is gone");
        assert_eq!(all.len(), LEADS, "the rest is converted after the restart");
        assert_eq!(assert_whole(&world).await, LEADS);
        let again = all.values().filter(|(_, already)| *already).count();
        assert_eq!(again, done, "what was done is answered again");
        for (lead, (deal, _)) in &confirmed {
            assert_eq!(all[lead], (deal.clone(), true), "a confirmed conversion is still there, with its deal");
        }
    })
    .await;
}

/// A rep with a default pipeline and a thousand qualified leads.
async fn prepare(world: &World) -> (Actor, Vec<Uuid>) {
    let rep = world.rep().await;
    world.pipeline().await;
    let contacts: Vec<_> =
        (0..LEADS).map(|at| row!(world, contact { last_name: Some(format!("Person {at}")) })).collect();
    let lead = |contact: &contact::Model| {
        row!(world, lead { contact_id: contact.id, owner_id: Some(rep.id), status: lead::LeadStatus::Sql })
    };
    let leads: Vec<_> = contacts.iter().map(lead).collect();
    let system = world.app.store().system();
    let tx = system.begin("prepare").await.expect("a transaction");
    system.load(&tx, &contacts).await.expect("they fit");
    system.load(&tx, &leads).await.expect("they fit");
    tx.commit().await.expect("they are there");
    (rep, leads.into_iter().map(|lead| lead.id).collect())
}

/// Converts every lead once, with many clients at a time that give up when the service is gone. Answers the confirmed
/// ones: the deal, and whether it was there already.
async fn convert_all(
    address: &str,
    rep: &Actor,
    leads: &[Uuid],
    mut confirmed: impl FnMut(usize),
) -> BTreeMap<Uuid, (String, bool)> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((BTreeMap::new(), &mut confirmed as &mut dyn FnMut(usize)));
    let client = async || {
        while let Some(lead) = leads.get(next.fetch_add(1, Ordering::SeqCst)) {
            let Some(answer) = convert(address, rep, *lead).await else { return };
            let mut done = done.lock().await;
            done.0.insert(*lead, answer);
            let count = done.0.len();
            (done.1)(count);
        }
    };
    join_all((0..CLIENTS).map(|_| client())).await;
    done.into_inner().0
}

/// The confirmation of one conversion; nothing if the service did not live to give it.
async fn convert(address: &str, rep: &Actor, lead: Uuid) -> Option<(String, bool)> {
    let query = "mutation($input: ConvertLeadInput!) { convertLead(input: $input) { alreadyConverted deal { id } \
                 userErrors { message } } }";
    let input = json!({ "leadId": gid("lead", lead), "expectedVersion": 1 });
    let body = ask(address, &rep.token, query, json!({ "input": input })).await?;
    let payload = &body["data"]["convertLead"];
    let deal = payload["deal"]["id"].as_str().unwrap_or_else(|| panic!("not converted: {body}"));
    Some((deal.to_owned(), payload["alreadyConverted"] == true))
}

/// Every conversion there is has all its parts, in one look; answers how many there are.
async fn assert_whole(world: &World) -> usize {
    let parts = [
        ("leads", "lead WHERE status = 'CONVERTED' AND deal_id IS NOT NULL AND converted_at IS NOT NULL"),
        ("pairs", "lead JOIN deal ON deal.id = lead.deal_id AND deal.lead_id = lead.id"),
        ("deals", "deal"),
        ("people", "deal_contact part JOIN lead ON lead.deal_id = part.deal_id AND lead.contact_id = part.contact_id"),
        ("steps of leads", "transition WHERE lead_id IS NOT NULL"),
        ("steps of deals", "transition WHERE deal_id IS NOT NULL"),
        ("events of leads", "event WHERE subject_type = 'LEAD'"),
        ("events of deals", "event WHERE subject_type = 'DEAL'"),
    ];
    let counts = parts.map(|(_, part)| format!("(SELECT COUNT(*) FROM {part})")).join(", ");
    let rows =
        world.rows(&format!("SELECT {counts}, (SELECT MAX(seq) FROM event), (SELECT COUNT(*) FROM event)")).await;
    let figure = |at: usize| rows[0].try_get_by_index::<Option<i64>>(at).expect("a number").unwrap_or_default();
    let done = figure(0);
    for (at, (name, _)) in parts.iter().enumerate() {
        assert_eq!(figure(at), done, "{name} of {done} conversions");
    }
    assert_eq!(figure(parts.len()), figure(parts.len() + 1), "the log has no gaps");
    usize::try_from(done).expect("a count")
}
