//! What files an import reads, and how it tells of their rows.

use std::io::Write;
use std::process::Stdio;

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::{Compression, write::GzEncoder};
use tests::{World, each_database};

use crate::import::{import, path, process, write};

const MAP: &str = "source = \"crm\"\n[company]\nexternalId = \"id\"\nname = \"name\"\n";

async fn names(world: &World) -> Vec<String> {
    let rows = world.rows("SELECT name FROM company ORDER BY external_id").await;
    rows.iter().map(|row| row.try_get_by_index(0).expect("a name")).collect()
}

/// Text in the bytes of an encoding.
fn spelt(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    if encoding == UTF_16LE {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else if encoding == UTF_16BE {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    } else {
        encoding.encode(text).0.into_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encodings_are_those_of_browsers() {
    each_database(async |world| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut number = 0;
        for (label, encoding, mark) in [
            ("latin1", WINDOWS_1252, ""),
            ("iso-8859-1", WINDOWS_1252, ""),
            ("ASCII", WINDOWS_1252, ""),
            ("windows-1252", WINDOWS_1252, ""),
            ("", UTF_8, "\u{feff}"),
            ("", UTF_16LE, "\u{feff}"),
            ("", UTF_16BE, "\u{feff}"),
            ("", UTF_16LE, ""),
            ("utf-16be", UTF_16BE, ""),
            // The mark in the file says more than the mapping.
            ("latin1", UTF_16LE, "\u{feff}"),
            ("shift_jis", SHIFT_JIS, ""),
        ] {
            number += 1;
            let name = if encoding == SHIFT_JIS { "表計算" } else { "“Größe” – 5 €" };
            let said = if label.is_empty() { String::new() } else { format!("encoding = \"{label}\"\n") };
            let map = write(&folder, "map.toml", format!("{said}{MAP}"));
            let file = write(&folder, "file.csv", spelt(encoding, &format!("{mark}id,name\r\n{number},{name}\r\n")));
            let ran = import(&world, &[&map, &file]).await;
            assert_eq!(ran.code, 0, "{label} {}: {}{}", encoding.name(), ran.out, ran.err);
            let query = format!("SELECT name FROM company WHERE external_id = '{number}'");
            let there: String = world.rows(&query).await[0].try_get_by_index(0).expect("a name");
            assert_eq!(there, name, "{label} {}", encoding.name());
        }
        for (label, right) in [("latin-1", "`latin1`"), ("utf16", "`utf-16`"), ("windows1252", "`windows-1252`")] {
            let map = write(&folder, "map.toml", format!("encoding = \"{label}\"\n{MAP}"));
            let ran = import(&world, &[&map, &map]).await;
            assert!(ran.code == 2 && ran.err.contains("encoding:") && ran.err.contains(right), "{label}: {}", ran.err);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_characters_are_cut_and_stop_nothing() {
    each_database(async |world| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let text = "source = \"crm\"\n[company]\nexternalId = \"id\"\nname = \"name\"\n\
                    [contact]\nexternalId = { template = \"{id}/1\" }\nlastName = \"name\"\nemail = \"mail\"\n\
                    [deal]\nexternalId = \"id\"\nname = \"name\"\nlossReason = \"why\"\nowner = \"owner\"\n";
        let map = write(&folder, "map.toml", text);
        let rows = b"id,name,mail,why,owner\n1\0,A\0\x01\x7fB,a\0@example.org,,\n2,C\xc2\x85D,c@example.org,PRICE\0,\n\
                     3,E\tF,,,nobody\0@example.org\n\0,G,,,\n5,\"H\x0b\nI\",,,\n";
        let file = write(&folder, "file.csv", rows);
        let ran = import(&world, &[&map, &file]).await;
        assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("5 rows read, 2 rejected"), "{}", ran.out);
        assert!(ran.out.contains("line 4, owner: \"nobody@example.org\": there is no User"), "{}", ran.out);
        assert!(ran.out.contains("line 5, id: empty"), "{}", ran.out);
        assert_eq!(names(&world).await, ["AB", "CD", "H I"]);
        assert_eq!(world.number("SELECT count(*) FROM contact WHERE email = 'a@example.org'").await, 1);
        let bad = write(&folder, "bad.toml", text.replace("{id}/1", "{id}\\u0000"));
        let ran = import(&world, &[&bad, &file]).await;
        assert!(
            ran.code == 2 && ran.err.contains("contact.externalId.template: the text holds a control character"),
            "{}",
            ran.err
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_every_shape_are_read() {
    each_database(async |world| {
        let folder = tempfile::tempdir().expect("a folder");
        let map = write(&folder, "map.toml", MAP);
        let packed = |text: &str| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            packer.write_all(text.as_bytes()).expect("memory");
            packer.finish().expect("memory")
        };
        let shapes: [Vec<u8>; 5] = [
            b"id,name\r1,Mac\r2,\"Two\rlines\"\r".to_vec(),
            b"sep=;\r\nid;name\r\n3;Sep, with comma\r\n".to_vec(),
            b"\xEF\xBB\xBFsep=|\nid|name\n4|Pipe; or not\n".to_vec(),
            packed("id\tname\n5\tPacked\n"),
            packed("id,name\r6,Both\r"),
        ];
        for (at, bytes) in shapes.into_iter().enumerate() {
            let file = write(&folder, "file.csv", bytes);
            let ran = import(&world, &[&map, &file]).await;
            assert_eq!(ran.code, 0, "{at}: {}{}", ran.out, ran.err);
        }
        let mut child = process(&world, &[&map, "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        child.stdin.take().expect("its input").write_all(b"id,name\n7,Piped\n8\n").expect("it listens");
        let ended = child.wait_with_output().expect("it ends");
        let out = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(out.contains("standard input, line 3: \"8\": the row has 1 cells, the head has 2"), "{out}");
        let all = ["Mac", "Two lines", "Sep, with comma", "Pipe; or not", "Packed", "Both", "Piped"];
        assert_eq!(names(&world).await, all);

        for (bytes, said) in [
            (&b"PK\x03\x04rest"[..], "save the sheet as CSV"),
            (b"\xD0\xCF\x11\xE0rest", "save the sheet as CSV"),
            (b"", "the file is empty"),
            (b"id,name,id\n1,A,2\n", "\"id\" is the name of more than one column (1, 3): rename all but one"),
            (b"id,nmae\n1,A\n", "there is no column \"name\"; the file has id, nmae. Did you mean `nmae`?"),
        ] {
            let file = write(&folder, "file.csv", bytes);
            let ran = import(&world, &[&map, &file]).await;
            assert!(ran.code == 2 && ran.err.contains(said), "{said}: {}{}", ran.out, ran.err);
        }
        let ran = import(&world, &[&map, "nowhere.csv"]).await;
        assert!(ran.code == 2 && ran.err.contains("nowhere.csv: No such file"), "{}", ran.err);
        // Nobody asks for the column that stands twice.
        let file = write(&folder, "file.csv", "id,x,x,name\n9,1,2,Twice\n");
        assert_eq!(import(&world, &[&map, &file]).await.code, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_rows_are_written_as_they_were_read() {
    each_database(async |world| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut number = 0;
        for (settings, delimiter, ending, encoding, mark) in [
            ("delimiter = \";\"\n", ";", "\r\n", UTF_8, ""),
            ("delimiter = \"\\t\"\n", "\t", "\n", UTF_8, "\u{feff}"),
            ("encoding = \"latin1\"\n", ",", "\r\n", WINDOWS_1252, ""),
            ("", "|", "\r", UTF_8, ""),
            ("", ";", "\n", UTF_16LE, "\u{feff}"),
            ("", ";", "\r\n", UTF_8, "sep=;\r\n"),
        ] {
            number += 1;
            let map = write(&folder, "map.toml", format!("{settings}{MAP}domain = \"domain\"\n"));
            let line = |cells: [&str; 4]| cells.join(delimiter) + ending;
            let quoted = format!("\"Größe{delimiter} “{ending}”\"");
            let (good, bad, note) =
                (format!("{number}-good"), format!("{number}-bad"), format!("\"said \"\"{ending}\"\"\""));
            let text = [
                line(["id", "name", "note", "domain"]),
                line([&good, "Good", "", ""]),
                line([&bad, &quoted, &note, "no domain"]),
                format!("{number}-short{ending}"),
            ];
            let file = write(&folder, "file.csv", spelt(encoding, &format!("{mark}{}", text.concat())));
            let rejects = path(folder.path(), "rejects.csv");
            let ran = import(&world, &[&map, &file, "--rejects", &rejects]).await;
            assert!(ran.out.contains("3 rows read, 2 rejected"), "{number}: {}{}", ran.out, ran.err);

            let bytes = std::fs::read(&rejects).expect("bytes");
            let begins = format!("{mark}{}", line(["id", "name", "note", "domain"]).replace(ending, ""));
            assert!(bytes.starts_with(&spelt(encoding, &begins)), "{number}");
            let row = format!("{ending}{bad}{delimiter}{quoted}{delimiter}{note}{delimiter}no domain{delimiter}");
            let row = spelt(encoding, &row);
            assert!(bytes.windows(row.len()).any(|part| part == row), "{number}: as it was");
            // Once more by the same mapping: the same rows, on the lines of the first file.
            let copy = write(&folder, "again.csv", &bytes);
            let again = import(&world, &[&map, &copy]).await;
            assert!(again.out.contains("2 rows read, 2 rejected"), "{number}: {}", again.out);
            let line = if mark.starts_with("sep") { 4 } else { 3 };
            assert!(again.out.contains(&format!("line {line}, domain: \"no domain\"")), "{number}: {}", again.out);
            // And mended.
            let (wrong, right) = (spelt(encoding, "no domain"), spelt(encoding, &format!("d{number}.example")));
            let at = bytes.windows(wrong.len()).position(|part| part == wrong).expect("it is there");
            let mended = [&bytes[..at], &right, &bytes[at + wrong.len()..]].concat();
            let mended = write(&folder, "mended.csv", mended);
            let ran = import(&world, &[&map, &mended]).await;
            assert!(ran.out.contains("company: 1 created"), "{number}: {}{}", ran.out, ran.err);
            let query = format!("SELECT name FROM company WHERE external_id = '{bad}'");
            let there: String = world.rows(&query).await[0].try_get_by_index(0).expect("a name");
            assert_eq!(there, format!("Größe{delimiter} “ ”").replace('\t', "").replace("  ", " "), "{number}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_mistakes_are_told_three_times_and_counted() {
    each_database(async |world| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let map = "source = \"crm\"\n[contact]\nwhen = { column = \"kind\", equals = \"person\" }\nexternalId = \"id\"\nlastName = \"name\"\n\
                   [lead]\nwhen = { column = \"kind\", equals = \"person\" }\nexternalId = \"id\"\nstatus = { value = \"SQL\" }\nsource = { value = \"INBOUND\" }\nestimatedValue = { column = \"v\", currency = \"EUR\" }\n\
                   [deal]\nwhen = { column = \"kind\", equals = \"deal\" }\nexternalId = \"id\"\nname = \"name\"\nlead = \"id\"\namount = { column = \"v\", currency = \"EUR\" }\n";
        let map = write(&folder, "map.toml", map);
        let people: String = (0..20).map(|at| format!("{at},Person {at},person,5\n")).collect();
        let bad: String = (20..40).map(|at| format!("{at},Person {at},person,\"1{},5\"\n", at % 10)).collect();
        let deals: String = (0..15).map(|at| format!("{at},Deal {at},deal,7\n")).collect();
        let twice = "1,Somebody Else,person,5\n";
        let file = write(&folder, "file.csv", format!("id,name,kind,v\n{people}{bad}{deals}{twice}"));
        let (success, dry_out) = (path(folder.path(), "success.csv"), import(&world, &[&map, &file, "--dry-run"]).await.out);
        let ran = import(&world, &[&map, &file, "--success", &success]).await;
        assert_eq!(ran.out, dry_out.replace(" (dry run: nothing was written)", ""), "a dry run says the same");
        let told = ran.out.lines().filter(|line| line.contains(", v: \"")).count();
        assert_eq!(told, 3, "{}", ran.out);
        assert!(ran.out.contains("file.csv, v: expected a number like"), "{}", ran.out);
        assert!(ran.out.contains(": 20 rows, the first on lines 22, 23, 24\n"), "{}", ran.out);
        assert!(ran.out.contains("line 57: note: contact: an earlier line of the file is about the same one"), "{}", ran.out);
        for tally in [
            "56 rows read, 20 rejected",
            "contact: 20 created, 1 updated, 0 unchanged, 20 rejected",
            "lead: 20 created, 15 updated, 1 unchanged, 20 rejected",
            "deal: 15 created, 0 updated, 0 unchanged, 0 rejected",
        ] {
            assert!(ran.out.contains(tally), "{tally}: {}", ran.out);
        }
        let success = std::fs::read_to_string(&success).expect("text");
        let mut lines = success.lines();
        assert_eq!(lines.next(), Some("id,name,kind,v,_line,_contact,_lead,_deal"));
        let first = lines.next().expect("a row");
        assert!(first.starts_with("0,Person 0,person,5,2,contact_") && first.contains(",lead_") && first.ends_with(','), "{first}");
        assert_eq!(success.lines().count(), 37);
        assert!(success.lines().any(|line| line.starts_with("3,Deal 3,deal,7,45,,lead_") && line.contains(",deal_")), "{success}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_of_many_batches_says_what_the_run_will_say() {
    each_database(async |world| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let people = write(
            &folder,
            "people.toml",
            "source = \"crm\"\n[company]\nname = \"firm\"\ndomain = \"domain\"\n[contact]\nexternalId = \"id\"\nlastName = \"name\"\nemail = \"mail\"\n\
             [lead]\nexternalId = \"id\"\nstatus = { value = \"SQL\" }\nsource = { value = \"INBOUND\" }\n\
             [deal]\nwhen = { column = \"deal\", equals = \"yes\" }\nexternalId = \"id\"\nname = \"name\"\nstage = \"stage\"\nlead = \"of\"\n",
        );
        // A contact comes again two batches later, a deal names the lead of an earlier batch, an address is somebody else's.
        let row = |at: usize| match at {
            2_000..2_100 => format!("{},Person {},p{}@f.example,F{},f{}.example,no,,\n", at - 2_000, at, at - 2_000, at % 7, at % 7),
            2_100..2_200 => format!("{at},Person {at},p{}@f.example,F{},f{}.example,no,,\n", at - 2_000, at % 7, at % 7),
            2_200..2_300 => format!("{at},Person {at},,F{},f{}.example,yes,Proposal,{}\n", at % 7, at % 7, at - 2_200),
            _ => format!("{at},Person {at},p{at}@f.example,F{},f{}.example,no,,\n", at % 7, at % 7),
        };
        let rows: String = (0..2_500).map(row).collect();
        let file = write(&folder, "file.csv", format!("id,name,mail,firm,domain,deal,stage,of\n{rows}"));
        let dry = import(&world, &[&people, &file, "--dry-run"]).await;
        assert_eq!(world.number("SELECT count(*) FROM contact").await, 0);
        let ran = import(&world, &[&people, &file]).await;
        assert_eq!(ran.out, dry.out.replace(" (dry run: nothing was written)", ""));
        assert!(ran.out.contains("company: 7 created") && ran.out.contains("100 rows, the first on lines"), "{}", ran.out);
        let again = import(&world, &[&people, &file]).await;
        let dry = import(&world, &[&people, &file, "--dry-run"]).await;
        assert_eq!(again.out, dry.out.replace(" (dry run: nothing was written)", ""));
    })
    .await;
}

#[tokio::test]
async fn mistakes_of_a_mapping_are_told_with_the_right_spelling() {
    each_database(async |world| {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "source = \"crm\"\ndates = \"yyyy-mm-dd\"\ntime_zone = \"Europe/Belrin\"\ndecimals = \",\"\n\
                    [contacts]\nexternalId = \"id\"\n\
                    [deal]\nexternalId = \"id\"\nname = { colum = \"name\" }\nammount = \"v\"\nstatus = { value = \"WOM\" }\n\
                    closedAt = { column = \"d\", format = \"DD.MM.YYYY HH:mm\" }\ncompany = { column = \"c\", by = \"nmae\" }\n";
        let map = write(&folder, "map.toml", text);
        let file = write(&folder, "file.csv", "id\n");
        let ran = import(&world, &[&map, &file]).await;
        assert_eq!(ran.code, 2);
        for (place, right) in [
            ("dates: ", "write %Y-%m-%d"),
            ("time_zone: ", "`Europe/Berlin`"),
            ("decimals: ", "`decimal`"),
            ("contacts: ", "`contact`"),
            ("deal.name.colum: ", "`column`"),
            ("deal.ammount: ", "`amount`"),
            ("deal.status.value: ", "`WON`"),
            ("deal.closedAt.format: ", "write %d.%m.%Y %H:%M"),
            ("deal.company.by: ", "`name`"),
        ] {
            let told = ran.err.lines().any(|line| line.contains(place) && line.contains(right));
            assert!(told, "{place}{right}: {}", ran.err);
        }
    })
    .await;
}
