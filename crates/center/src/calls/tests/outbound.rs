//! Agents call.

use super::*;

#[tokio::test]
async fn an_agent_calls_a_customer_by_a_number_they_may_not_see() {
    let world = World::new();
    world.ready(1).await;
    let id = Uuid::from_u128(77);
    let desk = world.dial(1, &format!("customer-{id}-0"));
    let (trunk, dial) = world.rung(0).await;
    let number = PhoneNumber::new(CUSTOMER);
    assert_eq!(dial, Dial::Trunk { number });
    world.switch.raise(Event::Ringing(trunk));
    world.told(&Told::Progress(desk)).await;
    world.told(&Told::Play(desk, Sound::Ringback)).await;
    let other = world.dial(1, "10086");
    assert_eq!(world.hung_up(other).await.code, 486);
    world.switch.raise(Event::Answered(trunk));
    world.told(&Told::Answer(desk)).await;
    world.told(&Told::Hear(trunk, vec![desk])).await;
    let connected = world.contact_in(ContactState::Connected).await;
    assert_eq!(connected.customer_name.as_deref(), Some("王芳"));
    world.gone(desk, None);
    world.hung_up(trunk).await;
    let over = world.contact_in(ContactState::WrapUp).await;
    assert_eq!(over.ended_by, Some(EndedBy::Agent));
}

#[tokio::test]
async fn what_the_network_says_of_a_failed_call_reaches_the_desk() {
    for code in [404, 486, 503] {
        let world = World::new();
        world.ready(1).await;
        let desk = world.dial(1, "10086");
        let (trunk, _) = world.rung(0).await;
        world.gone(trunk, Some(code));
        assert_eq!(world.hung_up(desk).await.code, code);
        let failed = world.contact_in(ContactState::Failed).await;
        assert_eq!(failed.end_reason, Some(code.to_string()));
        assert_eq!(world.presence(1), Presence::Ready);
    }
    let world = World::new();
    world.centre.sign_out(agent(2));
    let stranger = world.dial(2, "10086");
    assert_eq!(world.hung_up(stranger).await.code, 403);
    let nonsense = world.dial(1, "no-number");
    assert_eq!(world.hung_up(nonsense).await.code, 484);
    let unknown = format!("customer-{}-0", Uuid::from_u128(5));
    let nobody = world.dial(1, &unknown);
    assert_eq!(world.hung_up(nobody).await.code, 404);
}
