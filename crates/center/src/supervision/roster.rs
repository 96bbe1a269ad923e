//! Who there is, and who may steer whom.

use super::entity::{member, team};
use crate::{http::ApiFailure, identity::person};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder};
use seatline_contract::{
    error::Code,
    id::{AgentId, TeamId},
    identity::{Person, Role},
    supervision::Team,
};
use std::collections::HashMap;

/// People who are not disabled, and their teams, at one moment.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    people: Vec<Person>,
    teams: Vec<Team>,
    places: HashMap<AgentId, usize>,
    /// Index of the team in which somebody is an agent.
    team_of: HashMap<AgentId, usize>,
}

impl Roster {
    pub(super) fn new(people: Vec<Person>, teams: Vec<Team>) -> Self {
        let places = people.iter().map(|person| person.id).zip(0..).collect();
        let members = teams.iter().zip(0..);
        let team_of = members
            .flat_map(|(team, index)| team.agents.iter().map(move |agent| (*agent, index)))
            .collect();
        Self {
            people,
            teams,
            places,
            team_of,
        }
    }

    pub(super) async fn read<C: ConnectionTrait>(db: &C) -> Result<Self, DbErr> {
        let people = person::everybody(db).await?;
        Ok(Self::new(people, read_teams(db).await?))
    }

    /// Everybody, by name.
    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    /// Somebody who is not disabled.
    pub(crate) fn person(&self, id: AgentId) -> Option<&Person> {
        self.people.get(*self.places.get(&id)?)
    }

    /// All teams, by name.
    pub(crate) fn teams(&self) -> &[Team] {
        &self.teams
    }

    fn team(&self, agent: AgentId) -> Option<&Team> {
        self.teams.get(*self.team_of.get(&agent)?)
    }

    /// The name of the team in which somebody is an agent.
    pub(crate) fn team_name(&self, agent: AgentId) -> Option<&str> {
        self.team(agent).map(|team| team.name.as_str())
    }

    /// Whether somebody may watch and steer an agent: administrators everybody, supervisors the
    /// agents of their teams and those who are in no team.
    pub(crate) fn may_steer(&self, supervisor: &Person, agent: AgentId) -> bool {
        match supervisor.role {
            Role::Administrator => true,
            Role::Agent => false,
            Role::Supervisor => match self.team(agent) {
                Some(team) => team.supervisors.contains(&supervisor.id),
                None => self
                    .person(agent)
                    .is_some_and(|person| person.role == Role::Agent),
            },
        }
    }

    /// Whom somebody may steer, also of those who are disabled now; `None` is everybody.
    pub(crate) fn steered_by(&self, supervisor: &Person) -> Option<Vec<AgentId>> {
        if supervisor.role == Role::Administrator {
            return None;
        }
        let mut agents: Vec<AgentId> = self.people.iter().map(|person| person.id).collect();
        agents.extend(self.team_of.keys());
        agents.sort_unstable();
        agents.dedup();
        agents.retain(|agent| self.may_steer(supervisor, *agent));
        Some(agents)
    }

    /// Refuses what [`Roster::may_steer`] does not allow.
    ///
    /// # Errors
    /// [`Code::Forbidden`], also for those who are no supervisors at all; then
    /// [`Code::NotFound`] for nobody.
    pub(crate) fn require_steer(
        &self,
        supervisor: &Person,
        agent: AgentId,
    ) -> Result<&Person, ApiFailure> {
        if supervisor.role == Role::Agent {
            return Err(Code::Forbidden.into());
        }
        let person = self.person(agent).ok_or(Code::NotFound)?;
        if self.may_steer(supervisor, agent) {
            Ok(person)
        } else {
            Err(Code::Forbidden.into())
        }
    }

    /// Who is told when an agent asks for help: the supervisors of their team, or without one all
    /// supervisors and administrators.
    pub(crate) fn supervisors_of(&self, agent: AgentId) -> Vec<AgentId> {
        let of_team = self.team(agent).map(|team| team.supervisors.as_slice());
        let there = |id: &AgentId| self.person(*id).is_some();
        match of_team {
            Some(supervisors) if supervisors.iter().any(there) => {
                supervisors.iter().copied().filter(there).collect()
            }
            _ => self
                .people
                .iter()
                .filter(|person| person.role != Role::Agent)
                .map(|person| person.id)
                .collect(),
        }
    }
}

/// All teams, by name.
async fn read_teams<C: ConnectionTrait>(db: &C) -> Result<Vec<Team>, DbErr> {
    let members = member::Entity::find()
        .order_by_asc(member::Column::Person)
        .all(db)
        .await?;
    let teams = team::Entity::find()
        .order_by_asc(team::Column::Name)
        .all(db)
        .await?;
    let of = |team: &team::Model, leads: bool| {
        let theirs = members
            .iter()
            .filter(|member| member.team == team.id && member.leads == leads);
        theirs.map(|member| AgentId(member.person)).collect()
    };
    let view = |team: team::Model| Team {
        id: TeamId(team.id),
        agents: of(&team, false),
        supervisors: of(&team, true),
        name: team.name,
    };
    Ok(teams.into_iter().map(view).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn somebody(n: u128, role: Role) -> Person {
        Person {
            id: AgentId(Uuid::from_u128(n)),
            login: n.to_string(),
            name: n.to_string(),
            role,
        }
    }

    #[test]
    fn supervisors_steer_their_teams_and_those_in_none() {
        let [own, foreign, free] = [1, 2, 3].map(|n| somebody(n, Role::Agent));
        let [leader, other] = [4, 5].map(|n| somebody(n, Role::Supervisor));
        let chief = somebody(6, Role::Administrator);
        let team = |n: u128, agent: &Person, supervisors: &[&Person]| Team {
            id: TeamId(Uuid::from_u128(n)),
            name: n.to_string(),
            agents: vec![agent.id],
            supervisors: supervisors.iter().map(|person| person.id).collect(),
        };
        let teams = vec![team(1, &own, &[&leader]), team(2, &foreign, &[])];
        let all = [&own, &foreign, &free, &leader, &other, &chief];
        let roster = Roster::new(all.into_iter().cloned().collect(), teams);
        let steers = |by: &Person| all.map(|agent| roster.may_steer(by, agent.id));
        assert_eq!(steers(&leader), [true, false, true, false, false, false]);
        assert_eq!(steers(&other), [false, false, true, false, false, false]);
        assert_eq!(steers(&chief), [true; 6]);
        assert_eq!(steers(&own), [false; 6]);
        assert_eq!(roster.steered_by(&leader), Some(vec![own.id, free.id]));
        assert_eq!(roster.steered_by(&chief), None);
        assert_eq!(roster.supervisors_of(own.id), [leader.id]);
        // A request for help is never heard by nobody.
        let everyone = [leader.id, other.id, chief.id];
        assert_eq!(roster.supervisors_of(foreign.id), everyone);
        assert_eq!(roster.supervisors_of(free.id), everyone);
        assert_eq!(roster.team_name(own.id), Some("1"));
    }
}
