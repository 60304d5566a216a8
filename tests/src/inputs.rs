//! An input for every mutation, made from the schema and the [`Story`]: what is generated here tests mutations that are
//! written tomorrow.
//!
//! A test walks [`Inputs::mutations`], takes the [`Sample`] of each (who may do it, with an input that is done), and puts
//! odd values at its [`Place`]s.

use std::collections::BTreeMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition};
use serde_json::{Map, Value, json};
use tributary::access::{Action, policy};
use tributary::schema::{GRAPH, builder, sdl};
use tributary::store::descriptor::{Descriptor, Key};
use uuid::Uuid;

use crate::{Actor, Cast, Story, World};

/// Mutations of sessions: they take no row, and their answers are tokens.
pub const SESSIONS: [&str; 3] = ["signIn", "refreshSession", "signOut"];

/// The inputs of the schema.
pub struct Inputs {
    mutations: BTreeMap<String, String>,
    objects: BTreeMap<String, Vec<InputValueDefinition>>,
    choices: BTreeMap<String, Vec<String>>,
}

/// A place in an input where one value stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// From the input object down; the first item of a list is `0`.
    pub path: Vec<String>,
    /// The scalar or enum that stands there.
    pub ty: String,
    /// It may not be left out of the object it is in.
    pub required: bool,
    /// Null may stand there.
    pub nullable: bool,
}

impl Place {
    /// The field it belongs to.
    pub fn name(&self) -> &str {
        self.path.iter().rev().find(|part| part.as_str() != "0").map_or("", String::as_str)
    }
}

/// A call that is done.
#[derive(Clone)]
pub struct Sample {
    /// Who may do it.
    pub actor: Actor,
    /// The input.
    pub input: Value,
}

impl Inputs {
    /// Reads them off the schema.
    pub fn read() -> Self {
        let mut inputs = Self { mutations: BTreeMap::new(), objects: BTreeMap::new(), choices: BTreeMap::new() };
        for definition in parse_schema(sdl(&builder().finish())).expect("a schema").definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::InputObject(object) => {
                    inputs.objects.insert(name, object.fields.into_iter().map(|field| field.node).collect());
                }
                TypeKind::Enum(choice) => {
                    let values = choice.values.iter().map(|value| value.node.value.node.to_string());
                    inputs.choices.insert(name, values.collect());
                }
                TypeKind::Object(object) if name == "Mutation" => {
                    inputs.mutations = object
                        .fields
                        .iter()
                        .map(|field| {
                            (field.node.name.node.to_string(), named(&field.node.arguments[0].node.ty.node).to_owned())
                        })
                        .collect();
                }
                _ => {}
            }
        }
        inputs
    }

    /// Every mutation of one thing, in the order of the alphabet.
    pub fn mutations(&self) -> Vec<&str> {
        let one = self.mutations.iter().filter(|(_, input)| self.items(input).is_none());
        one.map(|(name, _)| name.as_str()).collect()
    }

    /// The mutation that takes many of them, if there is one, with the name of its list.
    pub fn twin(&self, mutation: &str) -> Option<&str> {
        let input = self.mutations.get(mutation)?;
        let twin = self.mutations.iter().find(|(_, many)| self.items(many) == Some(input));
        twin.map(|(name, _)| name.as_str())
    }

    fn items(&self, input: &str) -> Option<&str> {
        let items = self.objects.get(input)?.iter().find(|field| field.name.node == "items")?;
        Some(named(&items.ty.node))
    }

    /// The values of an enum; none for a scalar.
    pub fn choices(&self, ty: &str) -> &[String] {
        self.choices.get(ty).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every place in the input of a mutation where a value stands.
    pub fn places(&self, mutation: &str) -> Vec<Place> {
        let mut places = Vec::new();
        self.walk(self.mutations.get(mutation).expect("a mutation"), &[], &mut places);
        places
    }

    fn walk(&self, object: &str, above: &[String], places: &mut Vec<Place>) {
        for field in self.objects.get(object).expect("an input") {
            let (ty, mut path) = (&field.ty.node, above.to_vec());
            path.push(field.name.node.to_string());
            let list = matches!(ty.base, BaseType::List(_));
            path.extend(list.then(|| "0".to_owned()));
            if self.objects.contains_key(named(ty)) {
                self.walk(named(ty), &path, places);
            } else {
                let required = !ty.nullable && field.default_value.is_none() && !list;
                places.push(Place { path, ty: named(ty).to_owned(), required, nullable: ty.nullable });
            }
        }
    }

    /// The input with this value at this place; the objects on the way to it hold what they must.
    pub fn with(&self, mutation: &str, input: &Value, place: &Place, value: Value) -> Value {
        let (mut input, mut ty) = (input.clone(), self.mutations.get(mutation).expect("a mutation").clone());
        let mut here = &mut input;
        let (last, above) = place.path.split_last().expect("a path");
        for step in above {
            if step == "0" {
                here = &mut here[0];
                continue;
            }
            let field = self.field(&ty, step);
            ty = named(&field.ty.node).to_owned();
            let list = matches!(field.ty.node.base, BaseType::List(_));
            let slot = &mut here[step.as_str()];
            if slot.is_null() {
                let inner = if self.objects.contains_key(&ty) { self.least(&ty) } else { Value::Null };
                *slot = if list { json!([inner]) } else { inner };
            }
            here = slot;
        }
        if last == "0" {
            here[0] = value;
        } else {
            here[last.as_str()] = value;
        }
        input
    }

    fn field(&self, object: &str, name: &str) -> &InputValueDefinition {
        let fields = self.objects.get(object).unwrap_or_else(|| panic!("{object} is no input"));
        fields.iter().find(|field| field.name.node == name).unwrap_or_else(|| panic!("no {object}.{name}"))
    }

    /// An input object with what it must have, apart from ids.
    fn least(&self, object: &str) -> Value {
        let mut least = Map::new();
        for field in self.objects.get(object).expect("an input") {
            let ty = &field.ty.node;
            if ty.nullable || field.default_value.is_some() {
                continue;
            }
            let name = field.name.node.as_str();
            let value = if self.objects.contains_key(named(ty)) {
                self.least(named(ty))
            } else {
                self.fitting(named(ty), name)
            };
            let list = matches!(ty.base, BaseType::List(_));
            least.insert(name.to_owned(), if list { json!([value]) } else { value });
        }
        Value::Object(least)
    }

    /// The sample as an input that is well formed and refused all the same, once it is tried.
    pub fn refused(&self, mutation: &str, sample: &Value) -> Value {
        let mut input = sample.clone();
        if sample.get("expectedVersion").is_some() {
            input["expectedVersion"] = json!(99);
            return input;
        }
        let nothing = |table: &str| gid(table, Uuid::nil());
        let (field, value) = match mutation {
            "captureLead" => ("contact", json!({})),
            "createContact" | "upsertContact" => ("companyId", json!(nothing("company"))),
            "createDealContact" => ("contactId", json!(nothing("contact"))),
            "createExchangeRate" => ("rateToBase", json!("0")),
            "createLineItem" => ("quantity", json!("0")),
            _ => (self.text(mutation), json!(" ")),
        };
        input[field] = value;
        input
    }

    /// A text that the mutation demands in the end: the name, or the first that it must be given.
    fn text(&self, mutation: &str) -> &str {
        let fields = self.objects.get(self.mutations.get(mutation).expect("a mutation")).expect("an input");
        let demanded = |field: &&InputValueDefinition| field.ty.node.to_string() == "String!";
        let named = fields.iter().find(|field| field.name.node == "name");
        let text = named.or_else(|| fields.iter().find(demanded));
        text.unwrap_or_else(|| panic!("{mutation} is new: say in `refused` what is refused of it")).name.node.as_str()
    }

    /// A value that fits a place of this type and name.
    pub fn fitting(&self, ty: &str, name: &str) -> Value {
        if let Some(first) = self.choices.get(ty).and_then(|choice| choice.first()) {
            return json!(first);
        }
        match (ty, name) {
            ("Int" | "Long", _) => json!(1),
            ("Boolean", _) => json!(true),
            ("Float", _) => json!(1.5),
            ("Decimal", _) => json!("12.50"),
            ("Date", _) => json!("2026-03-02"),
            ("DateTime", "dueAt") => json!("2026-03-09T09:00:00Z"),
            ("DateTime", _) => json!("2026-02-27T09:00:00Z"),
            ("CurrencyCode", _) => json!("EUR"),
            ("CountryCode", _) => json!("DE"),
            ("EmailAddress", _) | ("String", "email") => json!("sample@sample.example"),
            ("PhoneNumber", _) => json!("+4915112345678"),
            ("URL", _) => json!("https://sample.example/page"),
            ("TimeZone", _) => json!("Europe/Berlin"),
            ("LanguageTag", _) => json!("de"),
            ("String", "domain") => json!("sample.example"),
            ("String", "code") => json!("sample-2026"),
            ("String", "password") => json!("lantern orbit velvet canoe"),
            ("ID", _) => json!("nothing_00000000000000000000000000000000"),
            _ => json!(format!("Sample {name}")),
        }
    }

    /// A call of this mutation that is done, in a world whose rows are those of the story; they are brought into the state
    /// the verb begins from.
    ///
    /// # Panics
    /// The mutation is a new verb: say in `Inputs::case` who does it to what.
    pub async fn sample(&self, world: &World, cast: &Cast, story: &Story, mutation: &str) -> Sample {
        // What is put where it is not yet is made.
        let created = mutation.replace("upsert", "create");
        let case = match self.case(world, cast, story, &created) {
            Some(case) => case,
            None => self.plain(world, cast, story, &created).await,
        };
        for statement in &case.before {
            world.execute(statement).await;
        }
        let mut input = self.least(self.mutations.get(&created).expect("a mutation"));
        if created != mutation {
            input = with(input, json!({ "sourceSystem": "sample", "externalId": "1" }));
        }
        for (name, value) in case.given.as_object().cloned().unwrap_or_default() {
            input[name] = value;
        }
        Sample { actor: case.actor.clone(), input }
    }

    /// Verbs, and the plain mutations that ask for more than a row of their kind.
    #[expect(clippy::too_many_lines, reason = "a list of mutations")]
    fn case<'a>(&self, world: &World, cast: &'a Cast, story: &Story, mutation: &str) -> Option<Case<'a>> {
        let (admin, marketing, rep, manager) = (&cast.admin, &cast.marketing_manager, &cast.rep, &cast.manager);
        let id = |kind: &str, id: Uuid| json!({ "id": gid(kind, id) });
        let set = |table: &str, row: Uuid, what: &str| {
            vec![format!("UPDATE {table} SET {what} WHERE id = {}", world.literal(row))]
        };
        let lead = |row: Uuid, status: &str| set("lead", row, &format!("status = '{status}'"));
        let handed = format!("DELETE FROM handoff WHERE lead_id = {}", world.literal(story.pool_lead));
        // The amount of a deal is entered as long as it has no lines.
        let without_lines = format!("DELETE FROM line_item WHERE deal_id = {}", world.literal(story.my_deal));
        let campaign = |status: &str| {
            set(
                "campaign",
                story.draft_campaign,
                &format!("status = '{status}', channel = 'EVENT', starts_on = '2026-02-01', ends_on = '2026-05-01'"),
            )
        };
        let planned = set(
            "activity",
            story.my_activity,
            "status = 'PLANNED', kind = 'MEETING', due_at = '2026-03-02 09:00:00+00:00'",
        );
        let case = |actor: &'a Actor, given: Value, before: Vec<String>| Case { actor, given, before };
        Some(match mutation {
            "acceptLead" => case(rep, id("lead", story.pool_lead), vec![]),
            "rejectLead" => case(rep, with(id("lead", story.pool_lead), json!({ "reason": "BAD_DATA" })), vec![]),
            "recallHandoff" => case(marketing, id("lead", story.pool_lead), vec![]),
            "acknowledgeHandoff" => case(marketing, id("handoff", story.their_handoff), vec![]),
            "handOffLead" => case(
                marketing,
                with(id("lead", story.pool_lead), json!({ "teamId": gid("team", cast.north) })),
                vec![handed],
            ),
            "nurtureLead" => case(marketing, id("lead", story.marketing_lead), lead(story.marketing_lead, "NEW")),
            "qualifyLead" => {
                case(marketing, with(id("lead", story.marketing_lead), json!({ "reason": "asked twice" })), vec![])
            }
            "disqualifyLead" | "recycleLead" => {
                case(rep, with(id("lead", story.my_lead), json!({ "reason": "BAD_DATA" })), vec![])
            }
            "qualifyForSales" => {
                case(rep, with(id("lead", story.my_lead), json!({ "need": "a pump" })), lead(story.my_lead, "SAL"))
            }
            "convertLead" => case(rep, id("lead", story.my_lead), vec![]),
            "unconvertLead" => case(
                manager,
                id("lead", story.my_lead),
                set(
                    "lead",
                    story.my_lead,
                    &format!(
                        "status = 'CONVERTED', converted_at = '2026-03-01 08:00:00+00:00', deal_id = {}",
                        world.literal(story.my_deal)
                    ),
                ),
            ),
            "captureLead" => {
                case(marketing, json!({ "contact": { "email": "sample@sample.example" }, "source": "INBOUND" }), vec![])
            }
            "addCampaignMembers" => case(
                marketing,
                json!({ "campaignId": gid("campaign", story.campaign), "contactIds": [gid("contact", story.other_contact)] }),
                vec![],
            ),
            "recordTouchpoint" => case(marketing, json!({ "touchpoint": touch() }), vec![]),
            "recordTouchpoints" => case(marketing, json!({ "touchpoints": [touch()] }), vec![]),
            "logActivity" | "planActivity" => {
                let given = json!({ "kind": "NOTE", "dealId": gid("deal", story.my_deal) });
                case(rep, given, vec![])
            }
            "completeActivity" => {
                case(rep, with(id("activity", story.my_activity), json!({ "outcome": "REACHED" })), planned)
            }
            "cancelActivity" | "noShowActivity" => case(rep, id("activity", story.my_activity), planned),
            "assignActivity" => case(manager, id("activity", story.my_activity), vec![]),
            "updateActivity" => case(rep, id("activity", story.my_activity), vec![]),
            "scheduleCampaign" => case(marketing, id("campaign", story.draft_campaign), campaign("DRAFT")),
            "launchCampaign" => case(marketing, id("campaign", story.draft_campaign), campaign("SCHEDULED")),
            "pauseCampaign" => case(marketing, id("campaign", story.draft_campaign), campaign("ACTIVE")),
            "resumeCampaign" => case(marketing, id("campaign", story.draft_campaign), campaign("PAUSED")),
            "completeCampaign" => case(
                marketing,
                with(id("campaign", story.draft_campaign), json!({ "reason": "sold out" })),
                campaign("ACTIVE"),
            ),
            "archiveCampaign" => case(marketing, id("campaign", story.draft_campaign), campaign("COMPLETED")),
            "cancelCampaign" => case(marketing, id("campaign", story.draft_campaign), campaign("DRAFT")),
            "deleteCampaign" => case(marketing, id("campaign", story.draft_campaign), vec![]),
            "moveDeal" => case(
                rep,
                with(id("deal", story.my_deal), json!({ "stageId": gid("stage", story.second_stage) })),
                vec![],
            ),
            "winDeal" => case(rep, id("deal", story.my_deal), vec![without_lines]),
            "loseDeal" => case(rep, with(id("deal", story.my_deal), json!({ "lossReason": "PRICE" })), vec![]),
            "reopenDeal" => case(manager, id("deal", story.their_deal), vec![]),
            "createDealContact" => case(
                rep,
                json!({ "dealId": gid("deal", story.my_deal), "contactId": gid("contact", story.other_contact) }),
                vec![],
            ),
            "createLineItem" => case(
                rep,
                json!({ "dealId": gid("deal", story.my_deal), "productId": gid("product", story.product) }),
                vec![],
            ),
            "updateLineItem" | "deleteLineItem" => case(rep, id("line_item", story.my_line), vec![]),
            "createStage" => {
                case(admin, json!({ "pipelineId": gid("pipeline", story.pipeline), "position": 9 }), vec![])
            }
            "createExchangeRate" => case(admin, json!({ "currency": "GBP" }), vec![]),
            "createUser" => case(admin, json!({}), vec![]),
            "createContact" => case(rep, json!({ "email": "sample@sample.example" }), vec![]),
            "createDeal" => case(rep, json!({}), vec![]),
            "deleteLead" => case(admin, id("lead", story.marketing_lead), vec![]),
            "updateDeal" => case(admin, id("deal", story.my_deal), vec![without_lines]),
            "deleteDeal" | "assignDeal" => {
                case(if mutation == "assignDeal" { manager } else { admin }, id("deal", story.my_deal), vec![])
            }
            "deleteCampaignMember" => case(
                admin,
                id("campaign_member", story.member),
                set("campaign_member", story.member, "status = 'TARGETED', first_responded_at = NULL"),
            ),
            "deleteStage" => case(admin, id("stage", story.second_stage), vec![]),
            "deleteUser" | "suspendUser" => case(admin, id("app_user", cast.analyst.id), vec![]),
            "reactivateUser" => {
                case(admin, id("app_user", cast.analyst.id), set("app_user", cast.analyst.id, "status = 'SUSPENDED'"))
            }
            "updateUser" | "setPassword" => case(admin, id("app_user", cast.analyst.id), vec![]),
            "updateStage" => case(admin, id("stage", story.second_stage), vec![]),
            "updateLead" | "assignLead" => case(admin, id("lead", story.marketing_lead), vec![]),
            "deleteDealContact" => case(admin, id("deal_contact", story.my_deal_contact), vec![]),
            _ => return None,
        })
    }

    /// A plain mutation, by the declaration of its kind: whoever may do it to every row does it, the admin first, to the row
    /// of the story; what is made refers to rows of the story; what is deleted was made for that, so that nothing hangs on it.
    async fn plain<'a>(&self, world: &World, cast: &'a Cast, story: &Story, mutation: &str) -> Case<'a> {
        let (start, action, of) =
            plain(mutation).unwrap_or_else(|| panic!("{mutation} is new: say in `case` who does it to what"));
        let all = |actor: &&Actor| actor.role.is_some_and(|role| policy::reach(of.kind, action, role).is_all());
        let actor =
            cast.roles().into_iter().find(all).unwrap_or_else(|| panic!("nobody may {mutation} whatever it is"));
        let given = match start {
            "create" => self.references(of, mutation, story, cast),
            "delete" => json!({ "id": self.made(world, cast, story, of).await }),
            _ => json!({ "id": of.global_id(story.specimen(cast, of.kind)) }),
        };
        Case { actor, given, before: Vec::new() }
    }

    /// The rows that one of a kind must refer to when it is made.
    fn references(&self, of: &Descriptor, mutation: &str, story: &Story, cast: &Cast) -> Value {
        let mut given = Map::new();
        for place in self.places(mutation).into_iter().filter(|place| place.required && place.ty == "ID") {
            let link = place.name().strip_suffix("Id").and_then(|name| of.link(name));
            if let Some(link) = link.filter(|link| matches!(link.key, Key::One(_))) {
                let id = GRAPH.of(link.to).global_id(story.specimen(cast, link.to));
                given.insert(place.name().to_owned(), json!(id));
            }
        }
        Value::Object(given)
    }

    /// A row of a kind, made by its mutation.
    async fn made(&self, world: &World, cast: &Cast, story: &Story, of: &Descriptor) -> Value {
        let create = format!("create{}", of.name);
        let Sample { actor, input } = Box::pin(self.sample(world, cast, story, &create)).await;
        let answer = actor.mutate(&create, input, &format!("{} {{ id }}", of.single)).await;
        answer.payload()[&of.single]["id"].clone()
    }
}

/// Which plain mutation of which kind it is.
fn plain(mutation: &str) -> Option<(&'static str, Action, &'static Descriptor)> {
    GRAPH.all().find_map(|of| {
        let (start, action) = of.plain().find(|(start, _)| mutation == format!("{start}{}", of.name))?;
        Some((start, action, of))
    })
}

/// Who does a mutation to what, and the statements that make it possible.
struct Case<'a> {
    actor: &'a Actor,
    given: Value,
    before: Vec<String>,
}

fn touch() -> Value {
    json!({ "kind": "PAGE_VIEW", "channel": "ORGANIC_SEARCH", "visitorKey": "sample" })
}

fn with(mut given: Value, more: Value) -> Value {
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        given[name] = value;
    }
    given
}

/// The id of a row of a table, as clients see it.
fn gid(table: &str, id: Uuid) -> String {
    GRAPH.all().find(|of| of.table == table).unwrap_or_else(|| panic!("no table {table}")).global_id(id)
}

fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}
