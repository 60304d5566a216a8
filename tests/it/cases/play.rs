//! Plays a page: every operation is run as who stands above it, and what comes out is the page as it should be.

use async_graphql::Value;
use axum::http::{Request, header};
use chrono::Duration;
use serde_json::{Map, Value as Json, json};
use tests::{Actor, Answer, World};

use super::json;
use super::names::Names;
use super::page::{Operation, Page, Part};
use super::who::{People, Who, who};

/// A scenario on its way: its people, and the names that were given so far.
pub struct Scene {
    pub world: World,
    pub people: People,
    pub names: Names,
}

impl Scene {
    /// The page with the answers that are given now.
    pub async fn play(&mut self, page: &Page) -> Page {
        let (mut played, mut asking) = (page.clone(), Vec::new());
        for part in &mut played.parts {
            match part {
                Part::Line(line) => {
                    self.let_pass(line);
                    asking = who(line).unwrap_or(asking);
                }
                Part::Operation(operation) => self.answer(operation, &asking).await,
            }
        }
        played
    }

    /// `Two hours pass.`
    fn let_pass(&self, line: &str) {
        let said = line.strip_suffix(" pass.").or_else(|| line.strip_suffix(" passes."));
        if let Some(said) = said {
            let time = span(said).unwrap_or_else(|| panic!("`{line}`: how long is that?"));
            self.world.clock.advance(time);
        }
    }

    /// Puts the answer beside an operation. Who stands above it together is answered alike.
    async fn answer(&mut self, operation: &mut Operation, asking: &[Who]) {
        let asked = operation.clone();
        assert!(!asking.is_empty(), "nobody stands above\n{asked}");
        for who in asking {
            let mut answered = asked.clone();
            let actor = self.people.sign_in(*who).await;
            self.run(&actor, &mut answered).await;
            let first = who == &asking[0];
            assert!(
                first || answered == *operation,
                "{who} is answered otherwise than {}:\n{answered}\n{operation}",
                asking[0]
            );
            *operation = answered;
        }
    }

    async fn run(&mut self, actor: &Actor, operation: &mut Operation) {
        let document = self.names.filled(&operation.document);
        let variables = self.variables(actor, operation).await;
        if operation.document.starts_with("subscription") {
            return opens(actor, &document, variables).await;
        }
        let answer = actor.run(&document, variables).await;
        operation.errors = self.errors(&answer);
        operation.data = self.data(&answer, operation);
    }

    /// The variables that stand there, or those that are found.
    async fn variables(&mut self, actor: &Actor, operation: &mut Operation) -> Json {
        if let Some(find) = &operation.find {
            let found = first_rows(actor.ask(find).await.data());
            let mut shown = json::read(&Json::Object(found.clone()).to_string());
            self.names.hide(&mut shown);
            operation.variables = json::print(&shown);
            return Json::Object(found);
        }
        match operation.variables.as_str() {
            "" => json!({}),
            text => serde_json::from_str(&self.names.filled(text)).expect("variables are JSON"),
        }
    }

    /// The data as the page shows them: nothing of what is refused as a whole.
    fn data(&mut self, answer: &Answer, operation: &Operation) -> String {
        let Value::Object(mut body) = json::read(&answer.text) else { panic!("an answer is an object") };
        let mut data = body.swap_remove("data").unwrap_or_default();
        if !operation.errors.is_empty() && tells_nothing(&data) {
            return String::new();
        }
        if !operation.data.is_empty() {
            self.names.learn(&json::read(&operation.data), &data);
        }
        self.names.hide(&mut data);
        if !operation.whole {
            json::cut(&mut data);
        }
        json::print(&data)
    }

    /// The errors as the page shows them: `FORBIDDEN at winDeal: …`.
    fn errors(&self, answer: &Answer) -> String {
        let line = |error: &Json| {
            let [code, message] =
                [&error["extensions"]["code"], &error["message"]].map(|text| text.as_str().unwrap_or_default());
            format!("{code}{}: {}\n", place(error), self.names.hidden(message))
        };
        in_order(answer).iter().map(line).collect()
    }
}

/// The errors in the order of the root fields, which are answered side by side.
fn in_order(answer: &Answer) -> Vec<Json> {
    let Value::Object(body) = json::read(&answer.text) else { panic!("an answer is an object") };
    let root = |error: &Json| match body.get("data") {
        Some(Value::Object(data)) => error["path"][0].as_str().and_then(|field| data.get_index_of(field)),
        _ => None,
    };
    let mut errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
    errors.sort_by_key(root);
    errors
}

/// How long `two hours` are.
fn span(said: &str) -> Option<Duration> {
    const NUMBERS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let (count, unit) = said.split_once(' ')?;
    let count = match count.to_lowercase().as_str() {
        "a" | "an" => 1,
        word => NUMBERS.iter().position(|number| *number == word).map(|at| at + 1).or_else(|| word.parse().ok())?,
    };
    let count = i64::try_from(count).ok()?;
    match unit.trim_end_matches('s') {
        "minute" => Some(Duration::minutes(count)),
        "hour" => Some(Duration::hours(count)),
        "day" => Some(Duration::days(count)),
        "week" => Some(Duration::weeks(count)),
        _ => None,
    }
}

/// As the playground fills in variables: the fields of the first row of every list, wherever it is.
fn first_rows(value: &Json) -> Map<String, Json> {
    let Json::Object(fields) = value else { return Map::new() };
    match fields.get("nodes") {
        Some(rows) => rows.get(0).and_then(Json::as_object).cloned().unwrap_or_default(),
        None => fields.values().flat_map(first_rows).collect(),
    }
}

fn tells_nothing(data: &Value) -> bool {
    match data {
        Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
        other => *other == Value::Null,
    }
}

/// Where an error stands: ` at deals.nodes.0.cost`, and how many places of the list it stands for.
fn place(error: &Json) -> String {
    let step = |step: &Json| step.as_str().map_or_else(|| step.to_string(), str::to_owned);
    let steps: Vec<_> = error["path"].as_array().into_iter().flatten().map(step).collect();
    match (steps.is_empty(), error["extensions"]["count"].as_u64()) {
        (true, _) => String::new(),
        (false, None) => format!(" at {}", steps.join(".")),
        (false, Some(count)) => format!(" at {} ({count} places)", steps.join(".")),
    }
}

/// A subscription answers when something happens, which a page cannot show: here it only has to begin.
async fn opens(actor: &Actor, document: &str, variables: Json) {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream");
    let body = json!({ "query": document, "variables": variables });
    let head = actor.head_of(request, body.to_string()).await;
    let media = head.headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    assert!(media.starts_with("text/event-stream"), "{document} is not followed: {} {media}", head.status);
}
