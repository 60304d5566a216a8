//! A service of its own for one test.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{refresh_token, user};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityName, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, QueryResult, Statement,
};
use tributary::access::Role;
use tributary::access::token::Pass;
use tributary::app::App;
use tributary::clock::{Clock, FixedClock};
use tributary::config::Config;
use tributary::schema::GRAPH;
use tributary::store::keys::keys_of;
use uuid::Uuid;

use crate::Actor;
use crate::database::connect;

/// Where the clock stands first.
pub const START: &str = "2026-03-01T09:00:00Z";

/// The service, its clock and a direct connection to its database.
#[derive(Clone)]
pub struct World {
    /// The service.
    pub app: App,
    /// The clock; it stands at [`START`] until it is moved.
    pub clock: Arc<FixedClock>,
    /// Past the service: for setting up and for looking behind it.
    pub raw: DatabaseConnection,
    /// Where the database is.
    pub url: String,
}

impl World {
    pub(crate) async fn open(url: &str) -> Self {
        let start: DateTime<Utc> = START.parse().expect("a time");
        Self::open_at(url, start, &[]).await
    }

    /// Starts another service on the same database, as a second replica would, with other settings.
    pub async fn again(&self, settings: &[(&str, &str)]) -> Self {
        Self::open_at(&self.url, self.clock.now(), settings).await
    }

    async fn open_at(url: &str, start: DateTime<Utc>, settings: &[(&str, &str)]) -> Self {
        let mut variables: HashMap<String, String> = HashMap::from([
            ("DATABASE_URL".to_owned(), url.to_owned()),
            ("TRIBUTARY_DATABASE_POOL".to_owned(), "8".to_owned()),
            ("TRIBUTARY_DEMO".to_owned(), "never".to_owned()),
            // The clock stands still: points that are spent would never come back.
            ("TRIBUTARY_RATE_POINTS".to_owned(), "0".to_owned()),
            ("TRIBUTARY_SQLITE_SYNCHRONOUS".to_owned(), "NORMAL".to_owned()),
        ]);
        variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = Config::from_env(|name| variables.get(name).cloned()).expect("a good configuration");
        let clock = Arc::new(FixedClock::at(start));
        let app = App::start(config, Arc::clone(&clock) as Arc<dyn Clock>).await.expect("the service starts");
        Self { app, clock, raw: connect(url, 4).await, url: url.to_owned() }
    }

    pub(crate) async fn close(self) {
        self.app.store().database().close().await;
        let _ = self.raw.close().await;
    }

    /// The moment the clock stands at.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Is it PostgreSQL?
    pub fn is_postgres(&self) -> bool {
        self.raw.get_database_backend() == DbBackend::Postgres
    }

    /// How many statements the service has run so far.
    pub fn statements(&self) -> u64 {
        self.app.store().database().statements()
    }

    /// Puts a row into its table as it is, past every rule but the database's.
    pub async fn insert<M>(&self, row: M) -> M
    where
        M: sea_orm::ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        <M::Entity as EntityTrait>::ActiveModel: Send,
        M: Clone,
    {
        let active = row.clone().into_active_model().reset_all();
        M::Entity::insert(active).exec_without_returning(&self.raw).await.expect("the row fits");
        self.fill_keys(&row).await;
        row
    }

    /// Fills the keys of a row's texts, as the service does where it writes.
    async fn fill_keys<M: sea_orm::ModelTrait>(&self, row: &M) {
        let table = M::Entity::default().table_name();
        let keys = GRAPH.all().find(|of| of.table == table).map(|of| keys_of(of, row)).unwrap_or_default();
        if keys.is_empty() {
            return;
        }
        let place = |at: usize| if self.is_postgres() { format!("${at}") } else { "?".to_owned() };
        let sets: Vec<_> = (1..).zip(&keys).map(|(at, (column, _))| format!("{column} = {}", place(at))).collect();
        let sql = format!("UPDATE {table} SET {} WHERE id = {}", sets.join(", "), place(keys.len() + 1));
        let id = <M::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == "id").expect("an id");
        let values = keys.into_iter().map(|(_, value)| value).chain([row.get(id)]);
        let statement = Statement::from_sql_and_values(self.raw.get_database_backend(), sql, values);
        self.raw.execute_raw(statement).await.expect("the row has its keys");
    }

    /// What texts are sorted, searched and matched by is what they give now: worked out anew, nothing changes.
    pub async fn assert_keys(&self) {
        let kept = self.keys().await;
        assert!(!kept.is_empty(), "there are rows with texts");
        self.execute("UPDATE setting SET value = 'older' WHERE key = 'text_keys'").await;
        self.app.store().system().refresh_text_keys().await.expect("they can be worked out");
        for (row, keys) in self.keys().await {
            assert_eq!(kept.get(&row), Some(&keys), "the keys of {row}");
        }
    }

    /// The keys of every row of every table, as they are stored.
    async fn keys(&self) -> BTreeMap<String, Vec<Option<String>>> {
        let mut all = BTreeMap::new();
        for of in GRAPH.all().filter(|of| !of.keys.is_empty()) {
            let shown = |column: &str| match self.is_postgres() {
                true => format!("CAST({column} AS text)"),
                false => format!("quote({column})"),
            };
            let cells: Vec<_> = of.keys.iter().map(|key| shown(&key.column)).collect();
            let sql = format!("SELECT {}, {} FROM {}", shown("id"), cells.join(", "), of.table);
            for row in self.rows(&sql).await {
                let cell = |at| row.try_get_by_index::<Option<String>>(at).expect("a text");
                let name = format!("{} {}", of.table, cell(0).expect("an id"));
                all.insert(name, (1..=cells.len()).map(cell).collect());
            }
        }
        all
    }

    /// Rows of a query past the service.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.raw.get_database_backend(), sql);
        self.raw.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// A single number of a query past the service.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql).await;
        rows.first().and_then(|row| row.try_get_by_index::<Option<i64>>(0).expect("a bigint")).unwrap_or_default()
    }

    /// Runs a statement past the service.
    pub async fn execute(&self, sql: &str) {
        self.raw.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// An id as a literal of this database's SQL.
    pub fn literal(&self, id: Uuid) -> String {
        if self.is_postgres() { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.clock.id()
    }

    /// Nobody: no token.
    pub fn stranger(&self) -> Actor {
        Actor { world: self.clone(), id: Uuid::nil(), role: None, token: String::new() }
    }

    /// A new user of a role in a team, signed in.
    pub async fn person(&self, name: &str, role: Role, team: Option<Uuid>) -> Actor {
        let row = user::Model {
            id: self.id(),
            created_at: self.now(),
            updated_at: self.now(),
            version: 1,
            name: name.to_owned(),
            email: format!("{}@tributary.example", name.to_lowercase()),
            role,
            team_id: team,
            time_zone: "UTC".to_owned(),
            locale: "en".to_owned(),
            ..user::Model::default()
        };
        let row = self.insert(row).await;
        self.sign_in(row.id, role).await
    }

    /// A session of a user that exists.
    pub async fn sign_in(&self, user: Uuid, role: Role) -> Actor {
        let session = self.id();
        let token = refresh_token::Model {
            id: self.id(),
            user_id: user,
            family_id: session,
            token_hash: session.to_string(),
            created_at: self.now(),
            expires_at: self.now() + chrono::Duration::days(30),
            // As if it had been used already: the first use writes.
            confirmed_at: Some(self.now()),
            ..refresh_token::Model::default()
        };
        let pass = Pass { user, session, token: self.insert(token).await.id };
        let token = self.app.keys().issue(pass, self.now(), 15).await.expect("a token");
        Actor { world: self.clone(), id: user, role: Some(role), token }
    }
}
