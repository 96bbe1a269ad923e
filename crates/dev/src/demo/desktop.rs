//! A desktop for machines without one: a display, a window manager, and a sound server whose
//! headset and speaker nobody hears.

use super::play::Play;
use crate::process::{output, run as finish};
use anyhow::{Context, Result};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Runs its arguments with an unlocked keyring of their own in a new D-Bus session, where the
/// keyring must be up first: else the bus starts another one, locked.
const WITH_KEYRING: &str = r#"
printf seatline | XDG_DATA_HOME="$XDG_RUNTIME_DIR" \
    gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null &
for _ in $(seq 50); do
    dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets \
        >/dev/null 2>&1 && break
    sleep 0.1
done
exec "$@"
"#;

/// The virtual desktop.
pub(super) struct Desktop {
    environment: Vec<(&'static str, String)>,
}

impl Desktop {
    /// Whether this computer has none of its own.
    pub(super) fn is_needed() -> bool {
        let has = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        cfg!(target_os = "linux") && !has("DISPLAY") && !has("WAYLAND_DISPLAY")
    }

    /// Starts it.
    pub(super) fn start(play: &mut Play) -> Result<Self> {
        let screen = (90..200)
            .map(|number| format!("/tmp/.X11-unix/X{number}"))
            .find(|socket| !Path::new(socket).exists())
            .context("no free display number")?;
        let display = screen.replace("/tmp/.X11-unix/X", ":");
        let mut xvfb = Command::new("Xvfb");
        xvfb.args([&display, "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        play.start("xvfb", &mut xvfb)?;

        let runtime = play.folder().join("runtime");
        std::fs::create_dir_all(&runtime)?;
        let sound = runtime.join("sound.socket");
        play.start("pulseaudio", &mut sound_server(&runtime, &sound))?;

        play.wait_for("xvfb", || Path::new(&screen).exists())?;
        play.wait_for("pulseaudio", || sound.exists())?;
        let this = Self {
            environment: vec![
                ("DISPLAY", display),
                ("PULSE_SERVER", format!("unix:{}", sound.display())),
                ("XDG_RUNTIME_DIR", runtime.display().to_string()),
                // There is no graphics card to ask.
                ("WEBKIT_DISABLE_COMPOSITING_MODE", "1".into()),
            ],
        };
        play.start("openbox", &mut this.command("openbox"))?;
        Ok(this)
    }

    /// A program of this desktop, with a D-Bus session and a keyring of its own.
    pub(super) fn session(&self, program: &Path) -> Command {
        let mut command = self.command("dbus-run-session");
        command
            .args(["--", "sh", "-c", WITH_KEYRING, "sh"])
            .arg(program);
        command
    }

    /// Whether anything is to be heard now.
    pub(super) fn is_playing(&self) -> Result<bool> {
        let streams = output(self.command("pactl").args(["list", "short", "sink-inputs"]))?;
        Ok(!streams.trim().is_empty())
    }

    /// Writes a picture of the screen.
    pub(super) fn take_picture(&self, file: &Path) -> Result<()> {
        finish(self.command("import").args(["-window", "root"]).arg(file))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment.iter().cloned());
        command.stdin(Stdio::null());
        command
    }
}

fn sound_server(runtime: &Path, socket: &Path) -> Command {
    let mut command = Command::new("pulseaudio");
    command
        .args([
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
        ])
        .arg(format!(
            "--load=module-native-protocol-unix auth-anonymous=1 socket={}",
            socket.display()
        ))
        .args(
            [
                ("headset", "Headset"),
                ("speaker", "Speaker"),
                ("room", "Room"),
            ]
            .map(|(name, description)| {
                format!(
                    "--load=module-null-sink sink_name={name} \
                         sink_properties=device.description={description}"
                )
            }),
        )
        // What is played into the room comes in at the headset's microphone.
        .arg(
            "--load=module-remap-source master=room.monitor source_name=microphone \
             source_properties=device.description=Headset",
        )
        .env("XDG_RUNTIME_DIR", runtime);
    command
}
