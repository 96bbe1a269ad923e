//! Where whole-system journeys and benchmarks play: a network namespace of their own with one
//! made-up host address (some foreign phones refuse to call over the loopback interface), mounts of
//! their own (for a disk that is full), and a D-Bus session of their own.

use crate::{paths, process::carry, setup};
use std::{ffi::OsString, process::Command};

/// The address of the private network's only host (RFC 5737, TEST-NET-2).
pub(crate) const ADDRESS: &str = "198.51.100.10";

/// `command`, to be run in a private network and D-Bus session.
pub(crate) fn in_private_network(command: &Command) -> Command {
    let mut unshare = Command::new("unshare");
    if !setup::is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    on_stage(unshare, command)
}

/// The same as the superuser, who alone may give files to others.
pub(crate) fn as_superuser(command: &Command) -> Command {
    if setup::is_root() {
        return in_private_network(command);
    }
    let mut unshare = Command::new("sudo");
    unshare.args(["--preserve-env", "env"]);
    if let Some(path) = std::env::var_os("PATH") {
        // It has a path of its own, without our tools.
        let mut variable = OsString::from("PATH=");
        variable.push(path);
        unshare.arg(variable);
    }
    unshare.arg("unshare");
    on_stage(unshare, command)
}

fn on_stage(mut staged: Command, command: &Command) -> Command {
    let root = paths::root();
    staged.current_dir(command.get_current_dir().unwrap_or(&root));
    staged.args(["--net", "--mount"]);
    let network = format!(
        "ip link set lo up && ip link add voice0 type veth peer name voice1 && \
         ip addr add {ADDRESS}/24 dev voice0 && ip link set voice0 up && ip link set voice1 up && \
         exec dbus-run-session -- \"$@\""
    );
    staged.args(["sh", "-c", &network, "sh"]);
    carry(&mut staged, command);
    staged.env("SEATLINE_STAGE", ADDRESS);
    staged
}
