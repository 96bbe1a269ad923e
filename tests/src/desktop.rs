//! The parts of a desktop that a program meets over D-Bus: the tray and the notifications.
//!
//! There is neither on a virtual display, so both are played here: what the program shows is
//! written down, and what a person would do with it is sent back.

use crate::process::wait_for;
use anyhow::{Context, Result};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use zbus::{Connection, OwnedVariant, Variant, connection::Builder, interface, message::Header};

const NOTIFICATIONS: &str = "/org/freedesktop/Notifications";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
/// How long the program may take to show something.
const PATIENCE: Duration = Duration::from_secs(15);

/// A tray and a place for notifications, until it is dropped.
pub struct Desktop {
    bus: Connection,
    tray: Tray,
    notifications: Notifications,
}

/// A notification as the program has it shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub id: u32,
    /// First line.
    pub title: String,
    /// Second line.
    pub body: String,
    /// Whether the program has taken it back.
    pub closed: bool,
}

/// The bus name and object path of each program's icon.
#[derive(Clone, Default)]
struct Tray(Arc<Mutex<Vec<(String, String)>>>);

#[expect(
    clippy::needless_pass_by_value,
    reason = "the interface macro hands the header over"
)]
#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Tray {
    fn register_status_notifier_item(&self, service: &str, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string);
        if let (Some(sender), Ok(mut items)) = (sender, self.0.lock()) {
            items.push((sender, service.to_owned()));
        }
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        let items = self.0.lock().map(|items| items.clone());
        let joined = items.unwrap_or_default().into_iter();
        joined.map(|(name, path)| name + &path).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

#[derive(Clone, Default)]
struct Notifications(Arc<Mutex<Vec<Shown>>>);

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    fn get_capabilities(&self) -> Vec<String> {
        vec!["actions".to_owned(), "body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ["journey", "seatline", "1", "1.2"]
            .map(str::to_owned)
            .into()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the interface of the specification"
    )]
    fn notify(
        &self,
        _app_name: &str,
        replaces: u32,
        _icon: &str,
        title: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        let Ok(mut shown) = self.0.lock() else {
            return 0;
        };
        shown.retain(|it| it.id != replaces);
        let id = shown.iter().map(|it| it.id).max().unwrap_or_default() + 1;
        shown.push(Shown {
            id,
            title,
            body,
            closed: false,
        });
        id
    }

    fn close_notification(&self, id: u32) {
        if let Ok(mut shown) = self.0.lock() {
            for it in shown.iter_mut().filter(|it| it.id == id) {
                it.closed = true;
            }
        }
    }
}

impl Desktop {
    /// Takes the desktop's place on this session's bus.
    ///
    /// # Errors
    /// When there is no session bus, or a real desktop has the place.
    pub async fn start() -> Result<Self> {
        let (tray, notifications) = (Tray::default(), Notifications::default());
        let bus = Builder::session()
            .serve_at("/StatusNotifierWatcher", tray.clone())
            .serve_at(NOTIFICATIONS, notifications.clone())
            .name("org.kde.StatusNotifierWatcher")
            .name("org.freedesktop.Notifications")
            .build()
            .await
            .context("a D-Bus session without a desktop; run `cargo dev test journeys`")?;
        Ok(Self {
            bus,
            tray,
            notifications,
        })
    }

    /// Waits for the latest notification to be as wanted.
    ///
    /// # Errors
    /// When none is in time.
    pub fn wait_notification(&self, wanted: impl Fn(&Shown) -> bool) -> Result<Shown> {
        wait_for("a notification", PATIENCE, || {
            let shown = self.notifications.0.lock().ok()?;
            shown.last().filter(|last| wanted(last)).cloned()
        })
    }

    /// Clicks a notification.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn click_notification(&self, id: u32) -> Result<()> {
        let body = (id, "default");
        self.bus
            .emit_signal(
                None::<&str>,
                NOTIFICATIONS,
                "org.freedesktop.Notifications",
                "ActionInvoked",
                &body,
            )
            .await?;
        Ok(())
    }

    /// Waits until the menu of the program's tray icon has an entry, and clicks it.
    ///
    /// # Errors
    /// What the menu has instead.
    pub async fn click_tray(&self, label: &str) -> Result<()> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let menu = self.tray_menu().await;
            let entry = menu.as_ref().ok().and_then(|menu| {
                menu.iter()
                    .find_map(|(id, text)| (text == label).then_some(*id))
            });
            if let Some(id) = entry {
                let event = (id, "clicked", Variant::from(0_i32), 0_u32);
                self.ask_menu("Event", &event).await?;
                return Ok(());
            }
            anyhow::ensure!(
                std::time::Instant::now() < deadline,
                "the tray's menu has no {label}: {menu:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The entries of the menu of the program's tray icon: number and text.
    ///
    /// # Errors
    /// When there is no icon, or it has no menu.
    pub async fn tray_menu(&self) -> Result<Vec<(i32, String)>> {
        let labels = vec!["label"];
        let layout = self.ask_menu("GetLayout", &(0_i32, 1_i32, &labels)).await?;
        let layout = layout.body();
        let (_, (_, _, children)): (u32, Node) = layout.deserialize()?;
        let ids: Vec<i32> = children
            .iter()
            .filter_map(|child| match &**child {
                Variant::Structure(node) => node.fields().first(),
                _ => None,
            })
            .filter_map(|id| match id {
                Variant::I32(id) => Some(*id),
                _ => None,
            })
            .collect();
        let properties = self.ask_menu("GetGroupProperties", &(ids, labels)).await?;
        let properties = properties.body();
        let properties: Vec<(i32, HashMap<String, OwnedVariant>)> = properties.deserialize()?;
        Ok(properties
            .into_iter()
            .filter_map(|(id, properties)| match &**properties.get("label")? {
                Variant::Str(text) => Some((id, text.to_string())),
                _ => None,
            })
            .collect())
    }

    async fn ask_menu<B>(&self, method: &str, body: &B) -> Result<zbus::Message>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let (program, item) = self.icon()?;
        let property = (ITEM, "Menu");
        let path = self
            .bus
            .call_method(
                Some(program.as_str()),
                item.as_str(),
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &property,
            )
            .await?;
        let path = path.body();
        let path: OwnedVariant = path.deserialize()?;
        let Variant::ObjectPath(path) = &*path else {
            anyhow::bail!("the icon's menu is {path:?}")
        };
        let answer = self
            .bus
            .call_method(Some(program.as_str()), path, Some(MENU), method, body)
            .await?;
        Ok(answer)
    }

    /// The latest icon.
    fn icon(&self) -> Result<(String, String)> {
        wait_for("a tray icon", PATIENCE, || {
            self.tray.0.lock().ok()?.last().cloned()
        })
    }
}

/// An entry of a menu: its number, its properties, the entries below it.
type Node = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);
