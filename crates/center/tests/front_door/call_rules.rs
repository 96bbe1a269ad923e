//! What administrators decide of how calls reach agents, and the record of it.

use super::{
    supervision::acts_of,
    support::{Centre, code},
};
use reqwest::{Method, StatusCode};
use seatline_contract::{
    error::Code,
    identity::Role,
    queue::{CallPolicy, CallRules, Queue},
};
use serde_json::json;

const RULES: &str = "/api/v1/call-rules";

#[tokio::test]
async fn administrators_read_and_change_the_rules_and_each_change_is_on_record() {
    let centre = Centre::start().await;
    let admin = centre.administrator().await;
    let zhou = admin.add_person("zhou", Role::Agent).await;
    admin.add_person("he", Role::Supervisor).await;
    let queue = json!({
        "name": "售后热线", "numbers": ["4001"], "agents": ["zhou"],
        "ring_s": 20, "wrap_up_s": 30, "disposition_required": false,
    });
    let queue: Queue = admin.write(Method::POST, "/api/v1/queues", &queue).await;

    let before: CallRules = admin.get(RULES).await;
    assert_eq!(before.people.len(), 3);
    let usual = |rule: &seatline_contract::queue::PersonRule| rule.policy == CallPolicy::default();
    assert!(before.people.iter().all(usual));
    assert_eq!(before.queues.len(), 1);
    assert!(!before.queues[0].auto_answer);

    let policy = CallPolicy {
        auto_answer: false,
        call_waiting: true,
    };
    let of_zhou = format!("/api/v1/people/{}/call-policy", zhou.id);
    let done = admin.send(Method::PUT, &of_zhou, &policy).await;
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    let of_queue = format!("/api/v1/queues/{}", queue.id);
    let edit = json!({ "auto_answer": true });
    let done = admin.send(Method::PATCH, &of_queue, &edit).await;
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    let after: CallRules = admin.get(RULES).await;
    let her_s = after.people.iter().find(|rule| rule.person.id == zhou.id);
    assert_eq!(her_s.unwrap().policy, policy);
    assert!(after.queues[0].auto_answer);

    let acts = acts_of(&centre, &admin.session.me).await;
    let acts: Vec<(&str, &str, &str)> = acts
        .iter()
        .map(|(action, object, detail)| (action.as_str(), object.as_str(), detail.as_str()))
        .filter(|(action, ..)| ["queue_added", "call_policy_set", "queue_set"].contains(action))
        .collect();
    let (queue, person) = (format!("queue {}", queue.id), format!("person {}", zhou.id));
    assert_eq!(
        acts,
        [
            ("queue_added", queue.as_str(), "售后热线"),
            (
                "call_policy_set",
                person.as_str(),
                "auto-answer false, call waiting true"
            ),
            ("queue_set", queue.as_str(), "auto-answer true"),
        ]
    );

    // Nobody else reads or changes them.
    let he = centre.sign_in("he").await;
    assert_eq!(code(he.read(RULES).await).await, Code::Forbidden);
    for (method, path) in [(Method::PATCH, &of_queue), (Method::PUT, &of_zhou)] {
        let body = json!({ "auto_answer": false, "call_waiting": false });
        let refused = he.send(method, path, &body).await;
        assert_eq!(code(refused).await, Code::Forbidden);
    }
    // What a refused change would have been is neither made nor on record.
    let unknown = "/api/v1/queues/00000000-0000-4000-8000-000000000000";
    let refused = admin.send(Method::PATCH, unknown, &edit).await;
    assert_eq!(code(refused).await, Code::NotFound);
    let last: CallRules = admin.get(RULES).await;
    assert_eq!(last, after);
}
