//! What desk and centre say to each other: requests, events, ids and error codes.
//!
//! This crate is the only definition of the wire. The centre's OpenAPI document (feature
//! `openapi`) and the window's TypeScript types (feature `typescript`) are generated from it.
//!
//! | module | what lives there |
//! |---|---|
//! | [`about`] | what a centre says of itself before anyone signs in |
//! | [`identity`] | sign-in, roles, the agent's profile |
//! | [`sso`] | single sign-on |
//! | [`presence`] | the agent's state and the next one |
//! | [`contact`] | contacts, offers, wrap-up |
//! | [`party`] | the parties of a live call, consultation, transfer, conference |
//! | [`supervision`] | the board, watching a call, help, messages, teams |
//! | [`directory`] | colleagues, the address book, call-backs |
//! | [`queue`] | queues as the desk sees them |
//! | [`customer`] | customers, search, timeline |
//! | [`ticket`] | tickets and comments |
//! | [`recording`] | recordings: what is kept, heard and scored |
//! | [`score`] | scoring of recorded calls |
//! | [`update`] | updates of the desk, and what their signatures say |
//! | [`event`] | snapshot and numbered deltas |
//! | [`error`] | the stable error codes |

pub mod about;
pub mod contact;
pub mod customer;
pub mod directory;
pub mod error;
pub mod event;
pub mod id;
pub mod identity;
pub mod party;
pub mod presence;
pub mod queue;
pub mod recording;
pub mod score;
pub mod secret;
pub mod sso;
pub mod supervision;
pub mod ticket;
pub mod time;
pub mod update;

/// Version of the wire, in every path (`/api/v1/…`) and in [`about::About::api_version`].
pub const API_VERSION: u32 = 1;

/// Header carrying the idempotency key of a write: a UUID made before the first try.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// SIP header carrying the contact's id in every dialog between desk and switch.
pub const CONTACT_HEADER: &str = "X-Seatline-Contact";

/// SIP header in a call to a desk that answers it by itself, with the mode: [`ANSWER_TALK`] or
/// [`ANSWER_LISTEN`].
pub const ANSWER_HEADER: &str = "X-Seatline-Answer";

/// Value of [`ANSWER_HEADER`]: answer at once, after a beep.
pub const ANSWER_TALK: &str = "talk";

/// Value of [`ANSWER_HEADER`]: answer at once; the microphone is not needed yet.
pub const ANSWER_LISTEN: &str = "listen";
