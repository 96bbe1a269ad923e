//! Some weeks of calls and tickets, the same at every start but for the day.

use super::{Cast, Client, Story};
use crate::{App, calls, compliance::number::Number, http::ApiFailure, tickets};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use seatline_contract::{
    contact::{ContactState, Direction, EndedBy},
    id::{ContactId, CustomerId, TicketId},
    identity::Person,
    ticket::{NewTicket, Priority, TicketState},
    time::UnixMs,
};
use uuid::Uuid;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How far back the history goes, in days.
const DAYS: i64 = 28;

/// Writes it.
pub(super) async fn write(app: &App, cast: &Cast) -> Result<(), ApiFailure> {
    // A fixed seed, so that demonstrations look alike.
    let mut random = StdRng::seed_from_u64(2026);
    let now = app.clock.now();
    for (index, (id, client)) in cast.customers.iter().enumerate() {
        let stories: Vec<&Story> = cast
            .stories
            .iter()
            .filter(|story| story.language == client.language)
            .collect();
        // Those who call in the demonstration have something to look back on.
        let fewest = if index < 6 { 4 } else { 1 };
        for _ in 0..random.random_range(fewest..=fewest + 3) {
            let (Some(story), Some(agent)) =
                (stories.choose(&mut random), cast.agents.choose(&mut random))
            else {
                continue;
            };
            let began = now.plus(
                -random.random_range(1..DAYS) * DAY + random.random_range(-5 * HOUR..5 * HOUR),
            );
            let mut record = past_call(&mut random, cast, (*id, client), agent, began);
            if record.state == ContactState::Closed {
                record.disposition = Some(story.disposition.clone());
                record.note.clone_from(&story.note);
            }
            calls::add_past(app.store.db(), &record).await?;
            if record.state == ContactState::Closed
                && let Some(past) = past_ticket(&mut random, cast, *id, agent, story, &record)
            {
                tickets::add_past(app, past).await?;
            }
        }
    }
    Ok(())
}

fn past_call(
    random: &mut StdRng,
    cast: &Cast,
    (id, client): (CustomerId, &Client),
    agent: &Person,
    began: UnixMs,
) -> calls::Record {
    let outbound = random.random_bool(0.2);
    let direction = if outbound {
        Direction::Outbound
    } else {
        Direction::Inbound
    };
    let mut record = calls::Record::new(ContactId(Uuid::new_v4()), direction, began);
    record.customer = Some(id);
    record.customer_name = Some(client.name.clone());
    record.number = client
        .numbers
        .first()
        .map(|number| Number::classify(number.expose()).canonical().clone());
    if !outbound && let Some(queue) = cast.queues.choose(random) {
        record.queue = Some(queue.id);
        record.queue_name = Some(queue.name.clone());
        record.disposition_required = queue.set_up.terms.disposition_required;
    }
    let waited = random.random_range(4_000..50_000);
    if random.random_bool(0.12) {
        record.state = if outbound {
            ContactState::Failed
        } else {
            ContactState::Abandoned
        };
        record.ended = Some(began.plus(waited));
        record.ended_by = Some(EndedBy::Customer);
    } else {
        record.state = ContactState::Closed;
        record.connected = Some(began.plus(waited));
        record.ended = Some(began.plus(waited + random.random_range(40_000..600_000)));
        record.ended_by = Some(if random.random_bool(0.7) {
            EndedBy::Customer
        } else {
            EndedBy::Agent
        });
    }
    if outbound || record.state == ContactState::Closed {
        record.agent = Some(agent.id);
        record.agent_name = Some(agent.name.clone());
    }
    record
}

fn past_ticket(
    random: &mut StdRng,
    cast: &Cast,
    customer: CustomerId,
    author: &Person,
    story: &Story,
    call: &calls::Record,
) -> Option<tickets::Past> {
    let ticket_type = story.ticket_type.clone()?;
    let created = call.connected?.plus(MINUTE);
    let assignee = cast.agents.choose(random).unwrap_or(author);
    let state = *[
        TicketState::Open,
        TicketState::InProgress,
        TicketState::Waiting,
        TicketState::Solved,
        TicketState::Closed,
    ]
    .choose(random)?;
    let comments = story.comment.iter().map(|text| {
        let at = created.plus(random.random_range(HOUR..12 * HOUR));
        (assignee.id, text.clone(), at)
    });
    Some(tickets::Past {
        author: author.id,
        created,
        state,
        comments: comments.collect(),
        ticket: NewTicket {
            id: TicketId(Uuid::new_v4()),
            subject: story.subject.clone(),
            ticket_type,
            priority: story.priority.unwrap_or(Priority::Normal),
            description: story.description.clone(),
            customer: Some(customer),
            contact: Some(call.id),
            assignee: Some(assignee.id),
        },
    })
}
