//! How deals and leads stand and go on, as the files of an import say.

use serde_json::{Value, json};
use tests::{Actor, World, each_database};
use tributary::access::Role;

use crate::import::{import, write};
use crate::model::invariants::hold;

/// Deals with a stage; more is added.
const STAGES: &str = "source = \"crm\"\ncurrency = \"EUR\"\n[deal]\nexternalId = \"id\"\nname = \"id\"\namount = \"v\"\n\
                      stage = \"stage\"\nclosedAt = \"closed\"\nlossReason = \"why\"\n";
const HEAD: &str = "id,v,stage,closed,why,status,changed\n";

/// Every deal by its id: status, stage, day of closing.
async fn deals(admin: &Actor) -> Vec<(String, String, String, String)> {
    let answer = admin
        .ask("{ deals(first: 50, orderBy: [{ field: NAME }]) { nodes { name status stage { name } closedAt } } }")
        .await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let nodes = answer.data()["deals"]["nodes"].as_array().expect("deals").clone();
    let of = |deal: &Value| {
        let closed = text(&deal["closedAt"]).chars().take(10).collect();
        (text(&deal["name"]), text(&deal["status"]), text(&deal["stage"]["name"]), closed)
    };
    nodes.iter().map(of).collect()
}

/// The states and stages that a deal went through, with their days.
async fn steps(admin: &Actor, name: &str) -> Vec<String> {
    let query = "query($name: String!) { deals(filter: { name: { eq: $name } }) { nodes { \
                 transitions(orderBy: [{ field: AT }]) { nodes { toState toStage { name } at } } } } }";
    let answer = admin.run(query, json!({ "name": name })).await;
    let nodes = answer.data()["deals"]["nodes"][0]["transitions"]["nodes"].as_array().expect("transitions").clone();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let of = |step: &Value| {
        let day: String = text(&step["at"]).chars().take(10).collect();
        format!("{} {} {day}", text(&step["toState"]), text(&step["toStage"]["name"]))
    };
    nodes.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stage_decides_the_status() {
    each_database(async |world: World| {
        world.pipeline().await;
        let admin = world.person("Ada", Role::Admin, None).await;
        let folder = tempfile::tempdir().expect("a folder");
        let map = write(&folder, "stages.toml", STAGES);
        let rows = "a,10,Won,2026-01-05,,,\nb,10,Lost,2026-01-06,PRICE,,\nc,10,Proposal,,,,\nd,10,,,,,\n\
                    e,10,Won,,,,\nf,10,Proposal,2026-01-05,,,\ng,10,,2026-01-05,,,\nh,10,Lost,2026-01-06,,,\ni,10,Nowhere,,,,\n";
        let file = write(&folder, "1.csv", format!("{HEAD}{rows}"));
        let ran = import(&world, &[&map, &file]).await;
        for said in [
            "line 6, closed: empty: say when the deal was decided",
            "line 7, closed: \"2026-01-05\": the stage Proposal is open, so it has no closing date",
            "line 8, closed: \"2026-01-05\": neither stage nor status says",
            "line 9, why: empty: say why the deal was lost",
            "line 10, stage: \"Nowhere\": the deal's pipeline has no such stage",
            "deal: 4 created, 0 updated, 0 unchanged, 5 rejected",
        ] {
            assert!(ran.out.contains(said), "{said}: {}", ran.out);
        }
        let row = |name: &str, status: &str, stage: &str, day: &str| {
            (name.to_owned(), status.to_owned(), stage.to_owned(), day.to_owned())
        };
        let wanted = [
            row("a", "WON", "Won", "2026-01-05"),
            row("b", "LOST", "Lost", "2026-01-06"),
            row("c", "OPEN", "Proposal", "-"),
            row("d", "OPEN", "Discovery", "-"),
        ];
        assert_eq!(deals(&admin).await, wanted);
        hold(&world, "the import").await;

        // With a status beside it: whatever contradicts is rejected. A lost deal may stand where it was lost.
        let both = write(&folder, "both.toml", format!("{STAGES}status = \"status\"\n"));
        let rows = "k,10,Won,2026-01-05,,WON,\nl,10,Won,,,OPEN,\nm,10,Won,2026-01-05,PRICE,LOST,\nn,10,Proposal,2026-01-05,,WON,\n\
                    o,10,Lost,2026-01-06,PRICE,WON,\np,10,Proposal,2026-01-06,PRICE,LOST,\nq,10,,2026-01-05,,OPEN,\n";
        let file = write(&folder, "2.csv", format!("{HEAD}{rows}"));
        let ran = import(&world, &[&both, &file]).await;
        for said in [
            "line 3, status: \"OPEN\": the stage Won is WON",
            "line 4, status: \"LOST\": the stage Won is WON",
            "line 5, status: \"WON\": the stage Proposal is OPEN",
            "line 6, status: \"WON\": the stage Lost is LOST",
            "line 8, closed: \"2026-01-05\": the status says that the deal is open",
            "deal: 2 created, 0 updated, 0 unchanged, 5 rejected",
        ] {
            assert!(ran.out.contains(said), "{said}: {}", ran.out);
        }
        assert_eq!(steps(&admin, "p").await, ["OPEN Proposal 2026-01-06", "LOST Lost 2026-01-06"]);
        hold(&world, "the second import").await;

        // A field of some rows only.
        let some = STAGES.replace(
            "closedAt = \"closed\"",
            "closedAt = { column = \"closed\", when = { column = \"stage\", equals = [\"Won\", \"Lost\"] } }",
        );
        let some = write(&folder, "some.toml", some);
        let file = write(&folder, "3.csv", format!("{HEAD}s,10,Proposal,2026-01-05,,,\nt,10,Won,2026-01-05,,,\n"));
        let ran = import(&world, &[&some, &file]).await;
        assert!(ran.out.contains("deal: 2 created"), "{}", ran.out);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_file_moves_deals_on() {
    each_database(async |world: World| {
        world.pipeline().await;
        let admin = world.person("Ada", Role::Admin, None).await;
        let folder = tempfile::tempdir().expect("a folder");
        let map = write(&folder, "stages.toml", STAGES);
        let dated = write(
            &folder,
            "dated.toml",
            format!("{STAGES}createdAt = {{ value = \"2026-01-01\" }}\nupdatedAt = \"changed\"\n"),
        );
        let load = async |map: &str, rows: &str, tally: &str| {
            let file = write(&folder, "file.csv", format!("{HEAD}{rows}"));
            let ran = import(&world, &[map, &file]).await;
            assert!(ran.out.contains(tally), "{tally}: {}{}", ran.out, ran.err);
            ran.out
        };
        load(&dated, "a,10,Discovery,,,,2026-01-02\nb,10,Discovery,,,,\n", "deal: 2 created").await;
        load(&dated, "a,10,Proposal,,,,2026-01-10\nb,10,Proposal,,,,\n", "deal: 0 created, 2 updated, 0 unchanged")
            .await;
        load(&dated, "a,10,Proposal,,,,2026-01-10\nb,10,Proposal,,,,\n", "deal: 0 created, 0 updated, 2 unchanged")
            .await;
        let today = world.now().format("%Y-%m-%d").to_string();
        assert_eq!(steps(&admin, "a").await, ["OPEN Discovery 2026-01-01", "OPEN Proposal 2026-01-10"]);
        let b = steps(&admin, "b").await;
        assert_eq!(b.first().map(String::as_str), Some("OPEN Discovery 2026-01-01"));
        assert!(
            b.last().is_some_and(|last| last.starts_with("OPEN Proposal ") && !last.ends_with("2026-01-01")),
            "{b:?} {today}"
        );

        // An old file does not take a deal back, a newer one does; then it is won, opened again and lost.
        let out = load(&dated, "a,99,Discovery,,,,2026-01-05\n", "deal: 0 created, 0 updated, 1 unchanged").await;
        assert!(out.contains("note: the deal has moved since"), "{out}");
        load(&dated, "a,10,Discovery,,,,2026-01-12\n", "1 updated").await;
        load(&dated, "a,10,Won,2026-01-15,,,2026-01-15\n", "1 updated").await;
        load(&dated, "a,10,Won,2026-01-15,,,2026-01-15\n", "1 unchanged").await;
        load(&dated, "a,10,Proposal,,,,2026-01-20\n", "1 updated").await;
        load(&dated, "a,12,Lost,2026-01-25,PRICE,,2026-01-25\n", "1 updated").await;
        let all = [
            "OPEN Discovery 2026-01-01",
            "OPEN Proposal 2026-01-10",
            "OPEN Discovery 2026-01-12",
            "WON Won 2026-01-15",
            "OPEN Proposal 2026-01-20",
            "LOST Lost 2026-01-25",
        ];
        assert_eq!(steps(&admin, "a").await, all);
        hold(&world, "the steps").await;

        // What was decided stays.
        let out = load(&map, "a,12,Won,2026-01-25,,,\n", "1 rejected").await;
        assert!(out.contains("line 2, stage: \"Won\": the deal is lost already"), "{out}");
        let out = load(&map, "a,12,Lost,2026-01-26,PRICE,,\n", "1 rejected").await;
        assert!(out.contains("line 2, closed: \"2026-01-26\": the deal is lost already"), "{out}");
        load(&map, "a,12,Lost,2026-01-25,COMPETITOR,,\n", "1 updated").await;
        let out = load(&map, "a,13,Lost,2026-01-25,PRICE,,\n", "1 rejected").await;
        assert!(out.contains("The amount of a closed deal stays"), "{out}");
        let out = load(&dated, "b,10,Discovery,,,,2199-01-01\n", "1 rejected").await;
        assert!(out.contains("line 2, changed: \"2199-01-01\": it cannot have been changed in the future"), "{out}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_file_takes_leads_on_and_gives_them_back() {
    each_database(async |world: World| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let map = "source = \"crm\"\n[contact]\nexternalId = \"id\"\nlastName = \"id\"\n[lead]\nexternalId = \"id\"\n\
                   status = \"status\"\nsource = { value = \"INBOUND\" }\ncreatedAt = { value = \"2026-01-01\" }\n";
        let plain = write(&folder, "plain.toml", map);
        let dated = write(&folder, "dated.toml", format!("{map}updatedAt = \"changed\"\n"));
        let load = async |map: &str, row: &str, tally: &str| {
            let file = write(&folder, "file.csv", format!("id,status,changed\n{row}\n"));
            let ran = import(&world, &[map, &file]).await;
            assert!(ran.out.contains(&format!("lead: {tally}")), "{tally}: {}{}", ran.out, ran.err);
            ran.out
        };
        load(&dated, "1,NEW,", "1 created").await;
        load(&dated, "1,SQL,2026-01-10", "0 created, 1 updated").await;
        let out = load(&plain, "1,NURTURING,", "0 created, 0 updated, 1 unchanged").await;
        assert!(out.contains("note: the lead has come further than the file says"), "{out}");
        load(&dated, "1,NURTURING,2026-01-05", "0 created, 0 updated, 1 unchanged").await;
        load(&dated, "1,NURTURING,2026-01-20", "0 created, 1 updated").await;
        load(&dated, "1,SAL,2026-01-25", "0 created, 1 updated").await;
        let rows = world.rows("SELECT to_state, at FROM transition WHERE lead_id IS NOT NULL ORDER BY at, id").await;
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let at: chrono::DateTime<chrono::Utc> = row.try_get_by_index(1).expect("a moment");
                format!("{} {}", row.try_get_by_index::<String>(0).expect("a state"), at.format("%m-%d"))
            })
            .collect();
        assert_eq!(rows, ["NEW 01-01", "SQL 01-10", "NURTURING 01-20", "SAL 01-25"]);
        assert_eq!(world.number("SELECT CAST(recycled_count AS bigint) FROM lead").await, 1);
        hold(&world, "the steps").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_cannot_change_is_told() {
    each_database(async |world: World| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let map = "source = \"crm\"\n[campaign]\nname = \"id\"\ncode = \"id\"\nobjective = { value = \"AWARENESS\" }\n\
                   channel = { value = \"EMAIL\" }\nhorizon = { value = \"SHORT_TERM\" }\nstatus = \"state\"\n";
        let map = write(&folder, "campaigns.toml", map);
        let file = write(&folder, "1.csv", "id,state\nspring,DRAFT\n");
        import(&world, &[&map, &file]).await;
        let file = write(&folder, "2.csv", "id,state\nspring,ACTIVE\n");
        let ran = import(&world, &[&map, &file]).await;
        assert!(ran.out.contains("line 2: note: the campaign stands elsewhere than the file says"), "{}", ran.out);
        assert!(ran.out.contains("campaign: 0 created, 0 updated, 1 unchanged"), "{}", ran.out);

        let map = "source = \"crm\"\n[contact]\nexternalId = \"id\"\nlastName = \"id\"\n[lead]\nexternalId = \"id\"\n\
                   status = \"state\"\nsource = { value = \"INBOUND\" }\nclosedAt = \"closed\"\ndisqualifyReason = \"why\"\n";
        let map = write(&folder, "leads.toml", map);
        let file = write(&folder, "3.csv", "id,state,closed,why\n1,MQL,2026-01-05,\n2,DISQUALIFIED,2026-01-05,NO_BUDGET\n");
        let ran = import(&world, &[&map, &file]).await;
        assert!(ran.out.contains("line 2, closed: \"2026-01-05\": the lead is MQL, so it has no closing date"), "{}", ran.out);
        let file = write(&folder, "4.csv", "id,state,closed,why\n2,NEW,,\n");
        let ran = import(&world, &[&map, &file]).await;
        assert!(ran.out.contains("note: the lead was disqualified and the file says something else"), "{}", ran.out);
        assert!(ran.out.contains("lead: 0 created, 0 updated, 1 unchanged"), "{}", ran.out);
    })
    .await;
}
