//! Numbers and amounts in the files of an import: read as they are meant, or rejected with their row.

use tests::each_database;

use crate::import::{import, write};

/// Deals with an amount, its currency and a chance; companies and campaigns beside them.
const DEALS: &str = r#"
source = "crm"
DECIMAL
[deal]
externalId = "id"
name = "id"
amount = { column = "v", currency_column = "cur" }
probabilityOverride = "chance"
"#;

/// Cell, currency, what it means in minor units; none if it is refused.
const POINT: [(&str, &str, Option<i64>); 29] = [
    ("1234.50", "EUR", Some(123_450)),
    ("\"1,234.50\"", "EUR", Some(123_450)),
    ("\"12,345,678\"", "EUR", Some(1_234_567_800)),
    ("1 234.5", "EUR", Some(123_450)),
    ("1\u{a0}234", "EUR", Some(123_400)),
    ("1'234", "EUR", Some(123_400)),
    ("\"1,234\"", "JPY", Some(1_234)),
    ("\"1,234.567\"", "KWD", Some(1_234_567)),
    ("10000000000000", "EUR", Some(1_000_000_000_000_000)),
    ("\"12,50\"", "EUR", None),
    ("\",5\"", "EUR", None),
    ("\"1,2,3\"", "EUR", None),
    ("\"1234,567\"", "EUR", None),
    ("\"1,234,56\"", "EUR", None),
    ("\"1.234,50\"", "EUR", None),
    ("\"1,234 567\"", "EUR", None),
    ("12 50", "EUR", None),
    ("\"1.5,000\"", "KWD", None),
    ("\"12,50\"", "JPY", None),
    ("\"12,50\"", "KWD", None),
    ("1.234", "JPY", None),
    ("1.2345", "KWD", None),
    ("1.234", "EUR", None),
    ("-5", "EUR", None),
    ("\"-12,50\"", "EUR", None),
    ("(5)", "EUR", None),
    ("10000000000000.01", "EUR", None),
    ("92233720368547758.07", "EUR", None),
    ("10", "EURO", None),
];

const COMMA: [(&str, &str, Option<i64>); 12] = [
    ("12,50", "EUR", Some(1_250)),
    ("1.234,50", "EUR", Some(123_450)),
    ("1.234", "EUR", Some(123_400)),
    ("1\u{202f}234,5", "EUR", Some(123_450)),
    ("1.234", "JPY", Some(1_234)),
    ("1,234", "KWD", Some(1_234)),
    ("12.50", "EUR", None),
    (".5", "EUR", None),
    ("1.2.3", "EUR", None),
    ("1,234.50", "EUR", None),
    ("1,234", "EUR", None),
    ("1,5", "JPY", None),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_are_read_as_written_or_rejected_with_their_row() {
    each_database(async |world| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        for (name, decimal, delimiter, cases) in
            [("point", "decimal = \".\"\n", ',', &POINT[..]), ("comma", "decimal = \",\"\n", ';', &COMMA[..])]
        {
            let map = write(&folder, "deals.toml", DEALS.replace("DECIMAL", decimal));
            let rows = cases.iter().zip(2..).map(|((cell, currency, _), line)| {
                format!("{name}-{line}{delimiter}{cell}{delimiter}{currency}{delimiter}\n")
            });
            let head = format!("id{delimiter}v{delimiter}cur{delimiter}chance\n");
            let file = write(&folder, "deals.csv", head + &rows.collect::<String>());
            let rejects = crate::import::path(folder.path(), "rejects.csv");
            let ran = import(&world, &[&map, &file, "--rejects", &rejects]).await;
            let rejects = std::fs::read_to_string(&rejects).expect("text");
            assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
            for ((cell, currency, minor), line) in cases.iter().zip(2..) {
                let query = format!("SELECT amount_minor FROM deal WHERE external_id = '{name}-{line}'");
                let there = world.rows(&query).await;
                let there = there.first().map(|row| row.try_get_by_index::<i64>(0).expect("an amount"));
                assert_eq!(there, *minor, "{cell} {currency}: {}", ran.out);
                assert_eq!(minor.is_none(), rejects.contains(&format!("{name}-{line}{delimiter}")), "{cell}");
            }
        }
        let largest = "SELECT count(*) FROM deal WHERE amount_minor > 1000000000000000";
        assert_eq!(world.number(largest).await, 0, "what createDeal refuses is refused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_number_follows_the_same_rules() {
    each_database(async |world| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let map = "source = \"crm\"\ncurrency = \"EUR\"\n\
                   [company]\nexternalId = \"id\"\nname = \"id\"\nannualRevenue = \"n\"\n\
                   [campaign]\nname = \"id\"\ncode = \"id\"\nobjective = { value = \"AWARENESS\" }\n\
                   channel = { value = \"EMAIL\" }\nhorizon = { value = \"SHORT_TERM\" }\nexpectedLeads = \"n\"\nbudget = \"n\"\n";
        let map = write(&folder, "map.toml", map);
        let file =
            write(&folder, "file.csv", "id,n\na,\"1,234\"\nb,\"12,34\"\nc,\"1,2,3\"\nd,12.5\ne,99 999 999 999\nf,007\n");
        let ran = import(&world, &[&map, &file]).await;
        assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
        for (line, reason) in [
            (3, "\"12,34\": expected a number like 1234.50 or 1,234.50 (the mapping says decimal = \".\")"),
            (4, "\"1,2,3\": expected a number like"),
            (5, "\"12.5\": too many decimals: only whole numbers are allowed here"),
            (6, "\"99 999 999 999\": expected at most 2147483647"),
        ] {
            assert!(ran.out.contains(&format!("line {line}, n: {reason}")), "{line}: {}", ran.out);
        }
        let rows = world.rows("SELECT code, expected_leads, budget_minor FROM campaign ORDER BY code").await;
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                let leads: i32 = row.try_get_by_index(1).expect("a number");
                (row.try_get_by_index::<String>(0).expect("a code"), leads, row.try_get_by_index(2).expect("an amount"))
            })
            .collect();
        assert_eq!(rows, [("a".to_owned(), 1_234, 123_400_i64), ("f".to_owned(), 7, 700)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_amounts_of_a_deal_have_one_currency() {
    each_database(async |world| {
        world.pipeline().await;
        let folder = tempfile::tempdir().expect("a folder");
        let map = "source = \"crm\"\n[deal]\nexternalId = \"id\"\nname = \"id\"\n\
                   amount = { column = \"a\", currency_column = \"ac\" }\ncost = { column = \"c\", currency_column = \"cc\" }\n";
        let map = write(&folder, "map.toml", map);
        let file = write(&folder, "1.csv", "id,a,ac,c,cc\n1,10,EUR,5,USD\n2,10,EUR,5,EUR\n");
        let ran = import(&world, &[&map, &file]).await;
        assert!(ran.out.contains("deal: 1 created") && ran.out.contains("they have one currency"), "{}", ran.out);
        // A later file gives a cost alone: the amount does not change its currency with it.
        let file = write(&folder, "2.csv", "id,a,ac,c,cc\n2,,,7,USD\n");
        let ran = import(&world, &[&map, &file]).await;
        assert_eq!(ran.code, 3, "{}", ran.out);
        assert!(ran.out.contains("line 2, c"), "{}", ran.out);
        assert_eq!(world.number("SELECT count(*) FROM deal WHERE currency = 'EUR' AND cost_minor = 500").await, 1);
    })
    .await;
}
