//! What the tray shows, worked out from the view alone.

use crate::{hotkeys::Wish, language::Tongue};
use seatline_contract::presence::Presence;
use seatline_desk::view::{CallState, Connection, DeskView};

/// The picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    /// Not signed in, or the centre is away.
    Offline,
    /// Takes contacts.
    Ready,
    /// Takes none.
    NotReady,
    /// A call rings.
    Ringing,
    /// In a call.
    InCall,
}

/// What an item of the menu does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Show,
    Ready,
    NotReady(String),
    OnBreak,
    Call(Wish),
    Quit,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Line,
    Act {
        action: Action,
        text: String,
        enabled: bool,
    },
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) icon: Icon,
    pub(super) tooltip: String,
    pub(super) items: Vec<Item>,
}

impl Action {
    /// A name by which the menu tells which item was chosen.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Show => "show".into(),
            Self::Ready => "ready".into(),
            Self::NotReady(reason) => format!("not-ready:{reason}"),
            Self::OnBreak => "on-break".into(),
            Self::Call(Wish::Answer) => "answer".into(),
            Self::Call(Wish::HangUp) => "hang-up".into(),
            Self::Call(Wish::Mute(true)) => "mute".into(),
            Self::Call(Wish::Mute(false)) => "unmute".into(),
            Self::Call(Wish::Hold(true)) => "hold".into(),
            Self::Call(Wish::Hold(false)) => "resume".into(),
            Self::Quit => "quit".into(),
        }
    }

    /// The action of this name.
    pub(super) fn of_id(id: &str) -> Option<Self> {
        Some(match id {
            "show" => Self::Show,
            "ready" => Self::Ready,
            "on-break" => Self::OnBreak,
            "answer" => Self::Call(Wish::Answer),
            "hang-up" => Self::Call(Wish::HangUp),
            "mute" => Self::Call(Wish::Mute(true)),
            "unmute" => Self::Call(Wish::Mute(false)),
            "hold" => Self::Call(Wish::Hold(true)),
            "resume" => Self::Call(Wish::Hold(false)),
            "quit" => Self::Quit,
            other => Self::NotReady(other.strip_prefix("not-ready:")?.to_owned()),
        })
    }
}

impl Face {
    /// What to show for this view.
    pub(super) fn of(view: &DeskView, tongue: Tongue) -> Self {
        Self {
            icon: icon(view),
            tooltip: tooltip(view, tongue),
            items: items(view, tongue),
        }
    }
}

fn icon(view: &DeskView) -> Icon {
    if let Some(call) = &view.call {
        return match call.state {
            CallState::Ringing => Icon::Ringing,
            CallState::Connecting
            | CallState::Dialing
            | CallState::Active
            | CallState::Held
            | CallState::Reconnecting => Icon::InCall,
        };
    }
    match (&view.connection, presence(view)) {
        (Connection::Online, Some(Presence::Ready)) => Icon::Ready,
        (Connection::Online, Some(Presence::Offered)) => Icon::Ringing,
        (Connection::Online, Some(Presence::Busy)) => Icon::InCall,
        (
            Connection::Online,
            Some(Presence::NotReady { .. } | Presence::OnBreak | Presence::WrapUp),
        ) => Icon::NotReady,
        (Connection::Online, Some(Presence::Offline) | None)
        | (
            Connection::SignedOut { .. } | Connection::SigningIn | Connection::Reconnecting { .. },
            _,
        ) => Icon::Offline,
    }
}

fn presence(view: &DeskView) -> Option<&Presence> {
    view.presence.as_ref().map(|state| &state.presence)
}

fn tooltip(view: &DeskView, tongue: Tongue) -> String {
    format!("Seatline · {}", state(view, tongue))
}

fn state(view: &DeskView, tongue: Tongue) -> &str {
    if let Some(call) = &view.call {
        return match call.state {
            CallState::Ringing => tongue.say("来电振铃", "Incoming call"),
            CallState::Connecting => tongue.say("正在接通", "Connecting"),
            CallState::Dialing => tongue.say("正在呼叫", "Calling"),
            CallState::Active if call.muted => tongue.say("通话中（已静音）", "In a call, muted"),
            CallState::Active => tongue.say("通话中", "In a call"),
            CallState::Held => tongue.say("保持中", "On hold"),
            CallState::Reconnecting => tongue.say("通话重连中", "Reconnecting the call"),
        };
    }
    match &view.connection {
        Connection::SignedOut { .. } => return tongue.say("未登录", "Signed out"),
        Connection::SigningIn => return tongue.say("正在登录", "Signing in"),
        Connection::Reconnecting { .. } => return tongue.say("正在重新连接", "Reconnecting"),
        Connection::Online => {}
    }
    match presence(view) {
        Some(Presence::Ready) => tongue.say("就绪", "Ready"),
        Some(Presence::NotReady { reason }) => {
            reason_name(view, reason, tongue).unwrap_or(tongue.say("未就绪", "Not ready"))
        }
        Some(Presence::OnBreak) => tongue.say("休息中", "On a break"),
        Some(Presence::Offered) => tongue.say("来电振铃", "Incoming call"),
        Some(Presence::Busy) => tongue.say("忙碌", "Busy"),
        Some(Presence::WrapUp) => tongue.say("话后整理", "Wrap-up"),
        Some(Presence::Offline) | None => tongue.say("离线", "Offline"),
    }
}

fn reason_name<'a>(view: &'a DeskView, reason: &str, tongue: Tongue) -> Option<&'a str> {
    view.catalog
        .as_ref()?
        .not_ready_reasons
        .iter()
        .find(|item| item.id == reason)
        .map(|item| tongue.say(&item.zh, &item.en))
}

fn items(view: &DeskView, tongue: Tongue) -> Vec<Item> {
    let mut items = vec![act(
        Action::Show,
        tongue.say("打开 Seatline", "Open Seatline"),
    )];
    if let Some(call) = &view.call {
        items.push(Item::Line);
        if call.state == CallState::Ringing {
            items.push(act(
                Action::Call(Wish::Answer),
                tongue.say("接听", "Answer"),
            ));
            items.push(act(
                Action::Call(Wish::HangUp),
                tongue.say("拒接", "Decline"),
            ));
        } else {
            let mute = if call.muted {
                tongue.say("取消静音", "Unmute")
            } else {
                tongue.say("静音", "Mute")
            };
            items.push(act(Action::Call(Wish::Mute(!call.muted)), mute));
            match call.state {
                CallState::Active => {
                    items.push(act(
                        Action::Call(Wish::Hold(true)),
                        tongue.say("保持", "Hold"),
                    ));
                }
                CallState::Held => {
                    items.push(act(
                        Action::Call(Wish::Hold(false)),
                        tongue.say("恢复通话", "Resume"),
                    ));
                }
                CallState::Ringing
                | CallState::Connecting
                | CallState::Dialing
                | CallState::Reconnecting => {}
            }
            items.push(act(
                Action::Call(Wish::HangUp),
                tongue.say("挂断", "Hang up"),
            ));
        }
    }
    if view.connection == Connection::Online {
        items.push(Item::Line);
        items.extend(presences(view, tongue));
    }
    items.push(Item::Line);
    items.push(act(Action::Quit, tongue.say("退出", "Quit")));
    items
}

fn presences(view: &DeskView, tongue: Tongue) -> Vec<Item> {
    let now = presence(view);
    let mut items = vec![Item::Act {
        action: Action::Ready,
        text: tongue.say("就绪", "Ready").into(),
        enabled: now != Some(&Presence::Ready),
    }];
    let reasons = view.catalog.iter().flat_map(|it| &it.not_ready_reasons);
    items.extend(reasons.map(|item| Item::Act {
        action: Action::NotReady(item.id.clone()),
        text: format!(
            "{} · {}",
            tongue.say("未就绪", "Not ready"),
            tongue.say(&item.zh, &item.en)
        ),
        enabled: !matches!(now, Some(Presence::NotReady { reason }) if *reason == item.id),
    }));
    items.push(Item::Act {
        action: Action::OnBreak,
        text: tongue.say("休息", "On a break").into(),
        enabled: now != Some(&Presence::OnBreak),
    });
    items
}

fn act(action: Action, text: &str) -> Item {
    Item::Act {
        action,
        text: text.into(),
        enabled: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn actions(face: &Face) -> Vec<String> {
        face.items
            .iter()
            .map(|item| match item {
                Item::Line => "—".into(),
                Item::Act {
                    action, enabled, ..
                } => {
                    format!("{}{}", if *enabled { "" } else { "!" }, action.id())
                }
            })
            .collect()
    }

    #[test]
    fn signed_out_offers_little() {
        let face = Face::of(&samples::signed_out(), Tongue::En);
        assert_eq!(face.icon, Icon::Offline);
        assert_eq!(face.tooltip, "Seatline · Signed out");
        assert_eq!(actions(&face), ["show", "—", "quit"]);
    }

    #[test]
    fn presence_is_shown_and_the_present_one_cannot_be_chosen() {
        let face = Face::of(&samples::signed_in(), Tongue::Zh);
        assert_eq!(face.icon, Icon::Ready);
        assert_eq!(face.tooltip, "Seatline · 就绪");
        assert_eq!(
            actions(&face),
            [
                "show",
                "—",
                "!ready",
                "not-ready:training",
                "on-break",
                "—",
                "quit"
            ]
        );
    }

    #[test]
    fn a_ringing_call_can_be_answered_or_declined() {
        let face = Face::of(&samples::ringing(), Tongue::En);
        assert_eq!(face.icon, Icon::Ringing);
        assert_eq!(actions(&face)[..5], ["show", "—", "answer", "hang-up", "—"]);
    }

    #[test]
    fn a_call_can_be_muted_held_and_ended() {
        let mut view = samples::talking();
        let face = Face::of(&view, Tongue::En);
        assert_eq!(face.icon, Icon::InCall);
        assert_eq!(
            actions(&face)[..6],
            ["show", "—", "mute", "hold", "hang-up", "—"]
        );
        if let Some(call) = &mut view.call {
            call.muted = true;
            call.state = CallState::Held;
        }
        let face = Face::of(&view, Tongue::En);
        assert_eq!(face.tooltip, "Seatline · On hold");
        assert_eq!(
            actions(&face)[..6],
            ["show", "—", "unmute", "resume", "hang-up", "—"]
        );
    }

    #[test]
    fn every_action_is_found_by_its_id() {
        for action in [
            Action::Show,
            Action::Ready,
            Action::NotReady("lunch".into()),
            Action::OnBreak,
            Action::Call(Wish::Answer),
            Action::Call(Wish::HangUp),
            Action::Call(Wish::Mute(true)),
            Action::Call(Wish::Mute(false)),
            Action::Call(Wish::Hold(true)),
            Action::Call(Wish::Hold(false)),
            Action::Quit,
        ] {
            assert_eq!(Action::of_id(&action.id()), Some(action));
        }
        assert_eq!(Action::of_id("format-disk"), None);
    }
}
