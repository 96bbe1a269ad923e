//! Demonstration data: people, queues, customers and some weeks of their history.

mod history;

use crate::{
    App,
    acd::{QueueSetUp, Terms},
    calls::{self, QueueInfo},
    compliance::number::Number,
    crm,
    http::ApiFailure,
    identity::{self, Newcomer, add_person, person},
    store::setting,
    supervision,
};
use seatline_contract::{
    contact::Direction,
    customer::NewCustomer,
    error::Code,
    id::{CustomerId, QueueId, TeamId},
    identity::{Person, Role},
    queue::NewQueue,
    recording::{RecordingMode, RecordingPolicy, RecordingRule},
    secret::{PhoneNumber, Secret},
    supervision::Team,
    ticket::Priority,
};
use serde::Deserialize;
use uuid::Uuid;

const SETTING: &str = "demo";
const DATA: &str = include_str!("demo/data.toml");

/// What the data file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    password: Secret,
    people: Vec<Colleague>,
    teams: Vec<Crew>,
    queues: Vec<NewQueue>,
    recording: Recorded,
    customers: Vec<Client>,
    stories: Vec<Story>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Colleague {
    login: String,
    name: String,
    role: Role,
}

/// A team, by logins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Crew {
    name: String,
    agents: Vec<String>,
    supervisors: Vec<String>,
}

/// Which queues' calls are recorded, by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    all: Vec<String>,
    on_demand: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    name: String,
    #[serde(default)]
    company: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    email: String,
    numbers: Vec<PhoneNumber>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    vip: bool,
    #[serde(default)]
    note: String,
    language: Tongue,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tongue {
    Zh,
    En,
}

/// What a customer called about, and the ticket written of it, if any.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    language: Tongue,
    note: String,
    disposition: String,
    #[serde(default)]
    ticket_type: Option<String>,
    #[serde(default)]
    priority: Option<Priority>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    comment: Option<String>,
}

/// A customer of the demonstration, as the history needs it.
struct Cast {
    customers: Vec<(CustomerId, Client)>,
    agents: Vec<Person>,
    queues: Vec<QueueInfo>,
    stories: Vec<Story>,
}

/// Fills an empty database. One that was filled before stays as it is.
///
/// # Errors
/// [`Code::Conflict`] if the database holds anything else, or those of the database.
pub(crate) async fn fill(app: &App) -> Result<(), ApiFailure> {
    let db = app.store.db();
    if setting::get(db, SETTING).await?.is_some() {
        return Ok(());
    }
    if !identity::needs_set_up(&app.store).await? || crm::any(db).await? {
        return Err(ApiFailure::from(Code::Conflict)
            .detail("the database is not empty; give the demonstration a data_dir of its own"));
    }
    let data: Data = toml::from_str(DATA)
        .map_err(|error| ApiFailure::from(Code::Internal).detail(error.to_string()))?;
    let everybody = add_people(app, &data).await?;
    add_teams(app, &data.teams, &everybody).await?;
    let cast = Cast {
        queues: add_queues(app, &data.queues, &everybody).await?,
        customers: add_customers(app, data.customers).await?,
        agents: everybody
            .into_iter()
            .filter(|person| person.role == Role::Agent)
            .collect(),
        stories: data.stories,
    };
    set_recording(app, &data.recording, &cast.queues).await?;
    history::write(app, &cast).await?;
    setting::put(db, SETTING, "filled").await?;
    Ok(())
}

async fn add_people(app: &App, data: &Data) -> Result<Vec<Person>, ApiFailure> {
    let now = app.clock.now();
    for colleague in &data.people {
        let password = data.password.clone();
        let newcomer =
            Newcomer::check(&colleague.login, &colleague.name, colleague.role, password).await?;
        add_person(app.store.db(), newcomer, now).await?;
    }
    Ok(person::everybody(app.store.db()).await?)
}

async fn add_teams(app: &App, crews: &[Crew], people: &[Person]) -> Result<(), ApiFailure> {
    let ids = |logins: &[String]| {
        let named = people.iter().filter(|one| logins.contains(&one.login));
        named.map(|person| person.id).collect()
    };
    for crew in crews {
        let team = Team {
            id: TeamId(Uuid::new_v4()),
            name: crew.name.clone(),
            agents: ids(&crew.agents),
            supervisors: ids(&crew.supervisors),
        };
        supervision::put_team(app.store.db(), &team).await?;
    }
    Ok(())
}

async fn add_queues(
    app: &App,
    queues: &[NewQueue],
    people: &[Person],
) -> Result<Vec<QueueInfo>, ApiFailure> {
    let canonical = |number: &String| Number::classify(number).canonical().expose().to_owned();
    let mut added = Vec::new();
    for queue in queues {
        let info = QueueInfo {
            id: QueueId(Uuid::new_v4()),
            name: queue.name.clone(),
            numbers: queue.numbers.iter().map(canonical).collect(),
            auto_answer: false,
            set_up: QueueSetUp {
                terms: Terms {
                    ring_ms: i64::from(queue.ring_s) * 1000,
                    wrap_up_ms: Some(i64::from(queue.wrap_up_s) * 1000),
                    disposition_required: queue.disposition_required,
                },
                agents: people
                    .iter()
                    .filter(|person| queue.agents.contains(&person.login))
                    .map(|person| person.id)
                    .collect(),
            },
        };
        calls::add_queue(app.store.db(), &info).await?;
        supervision::add_level(app.store.db(), info.id, queue.within_s).await?;
        added.push(info);
    }
    Ok(added)
}

/// Callers are told first, and agents may hear their own calls.
async fn set_recording(
    app: &App,
    recorded: &Recorded,
    queues: &[QueueInfo],
) -> Result<(), ApiFailure> {
    let mut policy = RecordingPolicy {
        agents_hear_own: true,
        ..RecordingPolicy::default()
    };
    let class = policy.classes[0].name.clone();
    for queue in queues {
        let mode = match &queue.name {
            name if recorded.all.contains(name) => RecordingMode::All,
            name if recorded.on_demand.contains(name) => RecordingMode::OnDemand,
            _ => RecordingMode::None,
        };
        policy.rules.push(RecordingRule {
            queue: Some(queue.id),
            direction: Some(Direction::Inbound),
            mode,
            announce: true,
            class: class.clone(),
        });
    }
    Ok(app.recordings.set_policy(policy).await?)
}

async fn add_customers(
    app: &App,
    clients: Vec<Client>,
) -> Result<Vec<(CustomerId, Client)>, ApiFailure> {
    const DAY: i64 = 24 * 3_600_000;
    let now = app.clock.now();
    let mut added = Vec::new();
    for (client, age) in clients.into_iter().zip(0..) {
        let request = NewCustomer {
            id: CustomerId(Uuid::new_v4()),
            name: client.name.clone(),
            company: client.company.clone(),
            title: client.title.clone(),
            email: client.email.clone(),
            wechat: String::new(),
            numbers: client.numbers.clone(),
            number_from: None,
            tags: client.tags.clone(),
            vip: client.vip,
            note: client.note.clone(),
        };
        crm::add_customer(app, &request, now.plus(-40 * DAY - age * DAY / 4)).await?;
        added.push((request.id, client));
    }
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_complete_and_its_numbers_are_somebodys() {
        let data: Data = toml::from_str(DATA).unwrap();
        assert_eq!(data.customers.len(), 40);
        assert_eq!(data.queues.len(), 3);
        let agents = data.people.iter().filter(|p| p.role == Role::Agent);
        assert_eq!(agents.count(), 3);
        for client in &data.customers {
            for number in &client.numbers {
                let number = Number::classify(number.expose());
                assert!(
                    number.is_dialable(),
                    "{}: {:?}",
                    client.name,
                    number.canonical().expose()
                );
            }
        }
        let served = data.queues.iter().flat_map(|queue| &queue.agents);
        let teams = data.teams.iter();
        let led = teams.flat_map(|team| team.agents.iter().chain(&team.supervisors));
        let recorded = data.recording.all.iter().chain(&data.recording.on_demand);
        for name in recorded {
            assert!(data.queues.iter().any(|queue| queue.name == *name));
        }
        for login in served.chain(led) {
            assert!(data.people.iter().any(|person| person.login == *login));
        }
    }
}
