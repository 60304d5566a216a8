//! A small company that most tests start from.

use entity::team::{self, TeamFunction};
use tributary::access::Role;
use uuid::Uuid;

use crate::{Actor, World};

/// Teams and one signed-in person of every role:
///
/// - *Sales* (led by the manager) with *North* (rep) and *South* (other rep) below it,
/// - *Marketing* with marketing manager and marketer,
/// - admin, analyst and integration without a team.
#[derive(Clone)]
pub struct Cast {
    pub sales: Uuid,
    pub north: Uuid,
    pub south: Uuid,
    pub marketing: Uuid,
    pub admin: Actor,
    pub manager: Actor,
    pub rep: Actor,
    pub other_rep: Actor,
    pub marketing_manager: Actor,
    pub marketer: Actor,
    pub analyst: Actor,
    pub integration: Actor,
}

impl Cast {
    /// Every actor, one for each role (the other rep is not among them).
    pub fn roles(&self) -> [&Actor; 7] {
        [
            &self.admin,
            &self.manager,
            &self.rep,
            &self.marketing_manager,
            &self.marketer,
            &self.analyst,
            &self.integration,
        ]
    }
}

impl World {
    /// The teams and people of [`Cast`].
    pub async fn cast(&self) -> Cast {
        let sales = self.team("Sales", TeamFunction::Sales, None).await;
        let north = self.team("North", TeamFunction::Sales, Some(sales)).await;
        let south = self.team("South", TeamFunction::Sales, Some(sales)).await;
        let marketing = self.team("Marketing", TeamFunction::Marketing, None).await;
        Cast {
            sales,
            north,
            south,
            marketing,
            admin: self.person("Ada", Role::Admin, None).await,
            manager: self.person("Max", Role::SalesManager, Some(sales)).await,
            rep: self.person("Rita", Role::SalesRep, Some(north)).await,
            other_rep: self.person("Otto", Role::SalesRep, Some(south)).await,
            marketing_manager: self.person("Mona", Role::MarketingManager, Some(marketing)).await,
            marketer: self.person("Mark", Role::Marketer, Some(marketing)).await,
            analyst: self.person("Anna", Role::Analyst, None).await,
            integration: self.person("Ingo", Role::Integration, None).await,
        }
    }

    /// A rep in a team of their own, for tests that need just one person.
    pub async fn rep(&self) -> Actor {
        let team = self.team("Reps", TeamFunction::Sales, None).await;
        self.person("Rolf", Role::SalesRep, Some(team)).await
    }

    /// A team.
    pub async fn team(&self, name: &str, function: TeamFunction, parent: Option<Uuid>) -> Uuid {
        let row = team::Model {
            id: self.id(),
            created_at: self.now(),
            updated_at: self.now(),
            version: 1,
            name: name.to_owned(),
            function,
            parent_id: parent,
            ..team::Model::default()
        };
        self.insert(row).await.id
    }
}
