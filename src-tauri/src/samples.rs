//! Views for tests.

use seatline_contract::{
    contact::{Channel, Contact, ContactState, Direction, Offer, OfferKind},
    customer::{NumberKind, NumberView},
    event::{Catalog, CatalogItem},
    presence::{Presence, PresenceChoice, PresenceState},
    time::UnixMs,
};
use seatline_desk::view::{
    Call, CallState, Connection, DeskView, Hotkeys, Keyring, Language, Line, Settings, Theme,
};

pub(crate) fn signed_out() -> DeskView {
    let settings = Settings {
        language: Language::En,
        theme: Theme::System,
        hotkeys: Hotkeys {
            answer: String::new(),
            hang_up: String::new(),
            mute: String::new(),
            hold: String::new(),
        },
        notify: true,
        autostart: false,
        link_handler: false,
    };
    DeskView::signed_out(settings, Keyring::System)
}

pub(crate) fn signed_in() -> DeskView {
    DeskView {
        connection: Connection::Online,
        line: Line::Up,
        presence: Some(PresenceState {
            presence: Presence::Ready,
            since: UnixMs(0),
            next: PresenceChoice::Ready,
        }),
        catalog: Some(Catalog {
            not_ready_reasons: vec![CatalogItem {
                id: "training".into(),
                zh: "培训".into(),
                en: "Training".into(),
            }],
            dispositions: Vec::new(),
            ticket_types: Vec::new(),
            help_reasons: Vec::new(),
            people: Vec::new(),
        }),
        ..signed_out()
    }
}

pub(crate) fn ringing() -> DeskView {
    let contact = Contact {
        id: uuid::Uuid::from_u128(1).into(),
        channel: Channel::Voice,
        direction: Direction::Inbound,
        state: ContactState::Offered,
        queue: None,
        queue_name: Some("售后".into()),
        number: number(),
        customer: None,
        customer_name: Some("王芳".into()),
        agent: None,
        agent_name: None,
        created: UnixMs(0),
        connected: None,
        ended: None,
        ended_by: None,
        end_reason: None,
        wrap_up_deadline: None,
        disposition_required: false,
        disposition: None,
        note: String::new(),
        tickets: Vec::new(),
        call: None,
    };
    DeskView {
        offer: Some(Offer {
            id: uuid::Uuid::from_u128(2).into(),
            contact,
            customer: None,
            deadline: UnixMs(20_000),
            kind: OfferKind::Queue,
        }),
        call: Some(call(CallState::Ringing)),
        ..signed_in()
    }
}

pub(crate) fn talking() -> DeskView {
    DeskView {
        call: Some(call(CallState::Active)),
        ..signed_in()
    }
}

fn call(state: CallState) -> Call {
    Call {
        contact: None,
        direction: Direction::Inbound,
        state,
        number: number(),
        name: None,
        since: UnixMs(0),
        connected: None,
        muted: false,
        digits: String::new(),
        customer_digits: String::new(),
        quality: None,
    }
}

fn number() -> NumberView {
    NumberView {
        display: "138****5678".into(),
        full: None,
        kind: NumberKind::Mobile,
        region: None,
    }
}
