//! A customer's call to a desk without a window, with sound proven both ways.

use crate::{
    agent::Agent,
    baresip::{Baresip, Setup, Voice},
    centre::{AFTER_SALES, Centre},
    listen::{self, SAME, make_speech},
    sound::SoundServer,
    stage_address,
};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// Calls a ready agent from a foreign phone, answers, and has both hear what the other says. The
/// call is still up when it returns.
///
/// # Errors
/// Names the step that does not come about.
pub fn talk(agent: &Agent, centre: &Centre, sound: &SoundServer, folder: &Path) -> Result<Baresip> {
    let (said, heard) = (folder.join("agent.wav"), folder.join("customer.wav"));
    let said_once = make_speech("demo-instruct", 4, &said)?;
    let heard_once = make_speech("demo-congrats", 8, &heard)?;
    let setup = Setup {
        folder,
        address: stage_address()?,
        port: centre.peer_port,
        number: "13800138001",
        speech: Voice::File(&heard),
        answers: false,
    };
    let mut customer = Baresip::start(&setup, sound)?;
    customer.dial(AFTER_SALES, &centre.trunk)?;
    let state = |wanted: &'static str| move |view: &Value| view["call"]["state"] == wanted;
    agent.see("it rings", state("ringing"))?;
    agent.obey("answer", &json!({}))?;
    agent.see("both can talk", state("active"))?;
    agent.see("the customer's name", |view| {
        view["contacts"][0]["customer_name"] == "李婷"
    })?;

    let _speaking = sound.play("mouth", &said)?;
    // The first words may still be on their way, under the end of the ringing.
    for _ in 0..3 {
        let ear = sound.start_recording("customer")?;
        let at_agent = sound.record("headset", Duration::from_secs(6))?;
        let agent_hears = listen::resemblance(&heard_once, &at_agent);
        let customer_hears = listen::resemblance(&said_once, &ear.samples()?);
        println!("heard by the agent: {agent_hears:.2}, by the customer: {customer_hears:.2}");
        if agent_hears > SAME && customer_hears > SAME {
            return Ok(customer);
        }
    }
    bail!("they do not hear each other")
}
