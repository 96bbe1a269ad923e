//! The one task of calls: what is to be told, what the switch reports, and the deadlines.

use super::{
    Calls, Inner, Output,
    centre::Centre,
    policy, saver,
    state::{QueueInfo, State},
    store,
    surroundings::Surroundings,
};
use crate::{
    App,
    acd::Input,
    clock::Clock,
    switch::{
        Event, Switch,
        embedded::{Embedded, EmbeddedConfig, Trunk},
    },
};
use async_trait::async_trait;
use parking_lot::Mutex;
use seatline_contract::secret::PhoneNumber;
use seatline_media::Clip;
use seatline_sip::{Authenticate, EndpointConfig, Secret, TrunkCredentials};
use std::{
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Notify, mpsc};

/// What carries calls out, to be run beside the front door.
pub struct Driver(Calls);

impl Driver {
    pub(super) fn new(calls: Calls) -> Self {
        Self(calls)
    }

    /// Closes what an earlier run left open, reads the queues, and starts the embedded switch and
    /// the driver's task.
    ///
    /// # Errors
    /// A message naming the address or file at fault.
    pub async fn run(self, app: App) -> Result<(), String> {
        let failed = |error: sea_orm::DbErr| error.to_string();
        store::close_leftovers(app.store.db(), app.clock.now())
            .await
            .map_err(failed)?;
        let queues = store::queues(app.store.db()).await.map_err(failed)?;
        let policies = policy::read(app.store.db()).await.map_err(failed)?;
        let lines = Arc::new(Lines(app.clone()));
        let (embedded, events) = Embedded::start(embedded_config(&app)?, lines)
            .await
            .map_err(|error| error.to_string())?;
        if self.0.embedded.set(embedded.clone()).is_err() {
            return Err("the calls run already".to_owned());
        }
        let clock = app.clock.clone();
        let default_queue = app.config.default_queue.clone();
        app.recordings.attach(Arc::new(embedded.clone()));
        let calls = self.0.clone();
        self.start(
            Arc::new(embedded),
            events,
            Arc::new(Centre(app)),
            clock,
            default_queue,
            queues,
        );
        if let Some(inner) = calls.inner.get() {
            for (agent, policy) in policies {
                inner.set_policy(agent, policy);
            }
        }
        Ok(())
    }

    /// Starts with any switch and any surroundings.
    pub fn start(
        self,
        switch: Arc<dyn Switch>,
        events: mpsc::UnboundedReceiver<Event>,
        surroundings: Arc<dyn Surroundings>,
        clock: Clock,
        default_queue: Option<String>,
        queues: Vec<QueueInfo>,
    ) {
        let (jobs, work) = mpsc::unbounded_channel();
        let (outputs, told) = mpsc::unbounded_channel();
        tokio::spawn(saver::run(surroundings.clone(), work));
        let inner = Arc::new(Inner {
            state: Mutex::new(State::new()),
            switch,
            surroundings,
            clock,
            default_queue,
            jobs,
            outputs,
            wake: Notify::new(),
        });
        for queue in queues {
            inner.set_queue(queue);
        }
        tokio::spawn(drive(inner.clone(), events, told));
        if self.0.inner.set(inner).is_err() {
            tracing::error!("the calls were started twice; the first ones stay");
        }
    }
}

async fn drive(
    inner: Arc<Inner>,
    mut events: mpsc::UnboundedReceiver<Event>,
    mut outputs: mpsc::UnboundedReceiver<Output>,
) {
    loop {
        let deadline = inner.state.lock().next_deadline();
        let wait = deadline.map(|at| {
            let ms = at.since(inner.clock.now()).max(0);
            Duration::from_millis(u64::try_from(ms).unwrap_or(0))
        });
        let alarm = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            output = outputs.recv() => match output {
                Some(Output::Publish(agent, change)) => inner.surroundings.publish(agent, *change),
                Some(Output::Ring(offer, contact, agent, by_itself)) => {
                    contain(|| inner.ring(offer, contact, agent, by_itself));
                }
                Some(Output::RingWatcher(contact, supervisor)) => {
                    contain(|| inner.ring_watcher(contact, supervisor));
                }
                Some(Output::Flush(done)) => {
                    // The one who asked may have gone.
                    let _ = done.send(());
                }
                None => return,
            },
            event = events.recv() => match event {
                Some(event) => contain(|| inner.on_event(event)),
                None => return,
            },
            () = alarm => contain(|| {
                inner.ring_out();
                inner.try_apply(&mut inner.state.lock(), Input::Tick);
            }),
            () = inner.wake.notified() => {}
        }
    }
}

/// A fault in one call must not leave all others without a driver.
fn contain(work: impl FnOnce()) {
    if std::panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
        metrics::counter!("seatline_faults_total").increment(1);
        tracing::error!("a fault in calls; the others go on");
    }
}

/// The lines' secrets, for the switch.
struct Lines(App);

#[async_trait]
impl Authenticate for Lines {
    async fn secret(&self, user: &str) -> Option<Secret> {
        let secret = self.0.identity.line_secret(user)?;
        Some(Secret::password(secret.expose()))
    }
}

fn embedded_config(app: &App) -> Result<EmbeddedConfig, String> {
    let config = &app.config;
    let media = &config.media;
    // A wildcard would leave loopback out, and with it a desk on the same machine.
    let webrtc_bind = if media.address.is_unspecified() {
        vec![media.address, IpAddr::V4(Ipv4Addr::LOCALHOST)]
    } else {
        vec![media.address]
    };
    let greeting = match &media.greeting {
        Some(file) => read_clip(file)?,
        None => Clip::beep(),
    };
    let announcement = match &config.recording.announcement {
        Some(file) => read_clip(file)?,
        None => Clip::chime(),
    };
    let music = match &media.music {
        Some(file) => read_clip(file)?,
        None => Clip::synthesised_music(),
    };
    Ok(EmbeddedConfig {
        endpoint: EndpointConfig {
            udp: config.sip.udp,
            tcp: config.sip.tcp,
            advertised: config.sip.advertised,
            realm: config.sip.realm.clone(),
            user_agent: format!("Seatline/{}", env!("CARGO_PKG_VERSION")),
            trunks: config
                .trunks
                .iter()
                .flat_map(|trunk| trunk.networks.iter().copied())
                .collect(),
        },
        rtp_bind: media.address,
        rtp_advertise: media.advertised,
        webrtc_bind,
        ports: media.first_port..=media.last_port,
        trunks: config.trunks.iter().map(trunk).collect(),
        greeting: Arc::new(greeting),
        announcement: Arc::new(announcement),
        music: Arc::new(music),
    })
}

fn read_clip(file: &Path) -> Result<Clip, String> {
    let named = |problem: String| format!("{}: {problem}", file.display());
    let bytes = std::fs::read(file).map_err(|error| named(error.to_string()))?;
    Clip::from_wav(&bytes).map_err(|error| named(error.to_string()))
}

fn trunk(config: &crate::config::Trunk) -> Trunk {
    let credentials =
        config
            .username
            .as_ref()
            .zip(config.password.as_ref())
            .map(|(username, password)| TrunkCredentials {
                username: username.clone(),
                secret: Secret::password(password.expose()),
                realm: None,
                allow_md5: config.allow_md5,
            });
    Trunk {
        name: config.name.clone(),
        uri: config.uri.clone(),
        credentials,
        caller_id: config.caller_id.as_ref().map(PhoneNumber::new),
    }
}
