//! The centre's end of the wire and a foreign phone, face to face: baresip is sent on by REFER, and
//! gets nowhere with a REFER of its own.

use crate::{
    desk::{Talk, end_of},
    scene::{Sound, assert_phone_hears, assert_talk_hears, take_phone},
};
use anyhow::{Result, bail};
use seatline_media::{Codec, Leg, RtpConfig};
use seatline_sip::{
    Authenticate, CallEvent, Endpoint, EndpointConfig, EndpointEvent, IncomingCall, Number, Secret,
    Transfer,
};
use seatline_tests::{baresip::Baresip, process::wait_for, sound::SoundServer, stage_address};
use std::{
    net::{IpAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc::UnboundedReceiver, time::timeout};

/// A number of the endpoint's; it takes calls to any.
const HOTLINE: &str = "4001";
const OTHER: &str = "4002";
/// Phones call the port of SIP when an address names none, as a `Refer-To` does.
const PORT: u16 = 5060;

/// No agents.
struct Nobody;

#[async_trait::async_trait]
impl Authenticate for Nobody {
    async fn secret(&self, _user: &str) -> Option<Secret> {
        None
    }
}

struct Meeting {
    _endpoint: Endpoint,
    events: UnboundedReceiver<EndpointEvent>,
    address: IpAddr,
    phone: Baresip,
    sound: SoundServer,
    _folder: tempfile::TempDir,
}

impl Meeting {
    async fn arrange() -> Result<Self> {
        let address = stage_address()?;
        let folder = tempfile::Builder::new().prefix("interop-").tempdir()?;
        let config = EndpointConfig {
            udp: Some((address, PORT).into()),
            tcp: None,
            advertised: None,
            realm: "seatline.test".to_owned(),
            user_agent: "seatline-interop".to_owned(),
            trunks: vec![address.into()],
        };
        let (endpoint, events) = Endpoint::start(config, Arc::new(Nobody)).await?;
        let sound = SoundServer::start(folder.path())?;
        let at = UdpSocket::bind((address, 0))?.local_addr()?;
        let phone = take_phone(folder.path(), at, &sound)?;
        Ok(Self {
            _endpoint: endpoint,
            events,
            address,
            phone,
            sound,
            _folder: folder,
        })
    }

    /// The phone calls a number, and is answered by what a sound says.
    async fn phone_calls(&mut self, number: &str, says: Sound) -> Result<Talk> {
        self.phone
            .dial(number, &format!("{}:{PORT}", self.address))?;
        self.answer(says).await.map(|(_, talk)| talk)
    }

    /// Answers the next call.
    async fn answer(&mut self, says: Sound) -> Result<(String, Talk)> {
        let event = timeout(Duration::from_secs(20), self.events.recv()).await?;
        let Some(EndpointEvent::Invite(incoming)) = event else {
            bail!("no call but {event:?}")
        };
        let number = incoming
            .to
            .number
            .as_ref()
            .map(|number| number.as_str().to_owned());
        let IncomingCall {
            call,
            events,
            offer,
            ..
        } = incoming;
        let (leg, leg_events) = Leg::rtp(RtpConfig {
            bind: self.address,
            advertise: None,
            port_range: None,
            codecs: vec![Codec::Pcmu],
            latch: false,
        })
        .await?;
        let answer = leg.answer(&offer.unwrap_or_default()).await?;
        let speech = Arc::new(says.samples()?);
        let mut talk = Talk::begin(call, events, leg, leg_events, speech)?;
        talk.call.accept(answer).await?;
        talk.expect("a confirmation", |event| {
            matches!(event, CallEvent::Confirmed(_))
        })
        .await?;
        Ok((number.unwrap_or_default(), talk))
    }

    fn assert_phone_hears(&self, wanted: Sound, when: &str) -> Result<()> {
        assert_phone_hears(&self.sound, wanted, &format!("{when}: the phone"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_phone_goes_where_it_is_sent_and_tells_about_it() {
    let mut meeting = Meeting::arrange().await.unwrap();
    let mut talk = meeting.phone_calls(HOTLINE, Sound::Agent).await.unwrap();
    let transfers = talk.call.refer(Number::parse(OTHER).unwrap());
    let (number, new) = meeting.answer(Sound::Colleague).await.unwrap();
    assert_eq!(number, OTHER);
    assert_eq!(end_of(transfers).await.unwrap(), Transfer::Done);
    talk.hang_up();
    talk.expect_end().await.unwrap();
    meeting
        .assert_phone_hears(Sound::Colleague, "sent on")
        .unwrap();
    assert_talk_hears(&new, Sound::Customer, "sent on: the centre")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_phone_sends_the_centre_nowhere() {
    let mut meeting = Meeting::arrange().await.unwrap();
    let mut talk = meeting.phone_calls(HOTLINE, Sound::Agent).await.unwrap();
    let target = format!("sip:{OTHER}@{}", meeting.address);
    meeting.phone.send("transfer", &target).unwrap();
    wait_for("the refusal", Duration::from_secs(10), || {
        let printed = meeting.phone.printed().ok()?;
        printed
            .contains("SIP/2.0 405 Method Not Allowed")
            .then_some(())
    })
    .unwrap();
    assert!(meeting.events.try_recv().is_err(), "nothing came of it");
    // This phone takes a refusal so badly that it hangs up.
    talk.expect_end().await.unwrap();
    let _again = meeting.phone_calls(HOTLINE, Sound::Agent).await.unwrap();
    meeting
        .assert_phone_hears(Sound::Agent, "after the refusal")
        .unwrap();
}
