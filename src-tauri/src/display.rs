//! What has to be settled with the window system before anything else runs, and how to tell the
//! person why the program cannot start.

use crate::language::Tongue;
use seatline_desk::view::Language;

/// There is no display to open windows on.
#[derive(Debug, thiserror::Error)]
#[error("there is no display: start it in a graphical session")]
pub struct NoDisplay;

/// Prepares the window system. Call it first, before there is any other thread.
///
/// # Errors
/// When there is no display.
pub fn prepare() -> Result<(), NoDisplay> {
    #[cfg(target_os = "linux")]
    {
        draw_without_graphics_device();
        gtk::init().map_err(|_| NoDisplay)?;
    }
    Ok(())
}

/// Lets what is printed be seen in the terminal the program was started from; on Windows a
/// program with windows has none of its own. What is redirected stays so.
pub fn attach_terminal() {
    #[cfg(windows)]
    terminal::attach();
}

#[cfg(windows)]
mod terminal {
    use std::ffi::c_void;

    type Handle = *mut c_void;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn AttachConsole(process: u32) -> i32;
        fn GetFileType(file: Handle) -> u32;
        fn GetStdHandle(stream: u32) -> Handle;
        fn SetStdHandle(stream: u32, file: Handle) -> i32;
    }

    /// `ATTACH_PARENT_PROCESS`.
    const PARENT: u32 = u32::MAX;
    /// `STD_OUTPUT_HANDLE` and `STD_ERROR_HANDLE`.
    const STREAMS: [u32; 2] = [u32::MAX - 10, u32::MAX - 11];
    /// `FILE_TYPE_UNKNOWN`, of what is no open file, too.
    const UNKNOWN: u32 = 0;

    pub(super) fn attach() {
        // Looked at beforehand: a number that is no file's now may be the terminal's afterwards.
        let redirected: Vec<(u32, Handle)> = STREAMS
            .into_iter()
            // SAFETY: it takes a plain number.
            .map(|stream| (stream, unsafe { GetStdHandle(stream) }))
            // SAFETY: it asks the system only, which knows what is open.
            .filter(|(_, file)| unsafe { GetFileType(*file) } != UNKNOWN)
            .collect();
        // SAFETY: it takes a plain number. Without a terminal it fails and changes nothing.
        unsafe { AttachConsole(PARENT) };
        for (stream, file) in redirected {
            // SAFETY: the file is open and was the stream's before.
            unsafe { SetStdHandle(stream, file) };
        }
    }
}

/// Tells the person why the program cannot start, and waits until it is read.
pub fn tell_fault(error: &anyhow::Error) {
    let tongue = Tongue::of(Language::System);
    let title = tongue.say("Seatline 无法启动", "Seatline cannot start");
    show_fault(title, &format!("{error:#}"));
}

#[cfg(target_os = "linux")]
fn show_fault(title: &str, text: &str) {
    use gtk::prelude::{DialogExt, GtkWindowExt};

    let dialog = gtk::MessageDialog::new(
        None::<&gtk::Window>,
        gtk::DialogFlags::MODAL,
        gtk::MessageType::Error,
        gtk::ButtonsType::Close,
        text,
    );
    dialog.set_title(title);
    dialog.set_position(gtk::WindowPosition::Center);
    dialog.run();
}

#[cfg(not(target_os = "linux"))]
fn show_fault(title: &str, text: &str) {
    rfd::MessageDialog::new()
        .set_level(rfd::MessageLevel::Error)
        .set_title(title)
        .set_description(text)
        .show();
}

/// Lets pages be drawn in memory where there is no graphics device, as on many virtual machines
/// and remote desktops: there WebKit's usual way leaves the window blank.
#[cfg(target_os = "linux")]
fn draw_without_graphics_device() {
    const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    if std::path::Path::new("/dev/dri").exists() || std::env::var_os(SWITCH).is_some() {
        return;
    }
    // SAFETY: the program begins with this; no other thread reads the environment.
    unsafe { std::env::set_var(SWITCH, "1") };
}
