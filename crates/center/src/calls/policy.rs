//! How calls reach each agent, as administrators decide.

use super::{Inner, state::State, store::call_policy};
use crate::acd::{Input, Purpose};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};
use seatline_contract::{
    id::{AgentId, ContactId},
    queue::CallPolicy,
};
use std::sync::Arc;

/// What is decided for each agent; whoever is missing has the usual.
pub(super) async fn read<C: ConnectionTrait>(db: &C) -> Result<Vec<(AgentId, CallPolicy)>, DbErr> {
    let rows = call_policy::Entity::find().all(db).await?;
    let policy = |row: call_policy::Model| {
        let policy = CallPolicy {
            auto_answer: row.auto_answer,
            call_waiting: row.call_waiting,
        };
        (AgentId(row.agent), policy)
    };
    Ok(rows.into_iter().map(policy).collect())
}

/// Decides for one agent.
pub(super) async fn write<C: ConnectionTrait>(
    db: &C,
    agent: AgentId,
    policy: CallPolicy,
) -> Result<(), DbErr> {
    let row = call_policy::ActiveModel {
        agent: Set(agent.0),
        auto_answer: Set(policy.auto_answer),
        call_waiting: Set(policy.call_waiting),
    };
    let again = OnConflict::column(call_policy::Column::Agent)
        .update_columns([
            call_policy::Column::AutoAnswer,
            call_policy::Column::CallWaiting,
        ])
        .to_owned();
    call_policy::Entity::insert(row)
        .on_conflict(again)
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

impl Inner {
    /// Decides how calls reach an agent from now on.
    pub(super) fn set_policy(self: &Arc<Self>, agent: AgentId, policy: CallPolicy) {
        let mut state = self.state.lock();
        state.policies.insert(agent, policy);
        self.try_apply(&mut state, Input::MayWait(agent, policy.call_waiting));
    }

    /// Whether what is put before an agent answers itself there. What they want themselves always
    /// does; what comes from a queue or a colleague's hand, if it is so decided. A call that comes
    /// back, and a colleague who only asks, wait for the agent.
    pub(super) fn answers_itself(
        state: &State,
        contact: ContactId,
        agent: AgentId,
        purpose: Purpose,
    ) -> bool {
        let agent_s = || {
            let policy = state.policies.get(&agent);
            policy.is_some_and(|policy| policy.auto_answer)
        };
        let queue_s = || {
            let queue = state.acd.contact(contact).and_then(|entry| entry.queue);
            let info = queue.and_then(|queue| state.queues.get(&queue));
            info.is_some_and(|info| info.auto_answer)
        };
        match purpose {
            Purpose::PickUp { .. } => true,
            Purpose::Serve => queue_s() || agent_s(),
            Purpose::Transfer { .. } => agent_s(),
            Purpose::Return | Purpose::Consult => false,
        }
    }
}
