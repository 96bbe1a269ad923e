//! What has to be said to the system's web view before anything else runs.

/// Lets pages be drawn in memory where there is no graphics device, as on many virtual machines
/// and remote desktops: there WebKit's usual way leaves the window blank.
pub fn prepare() {
    #[cfg(target_os = "linux")]
    draw_without_graphics_device();
}

#[cfg(target_os = "linux")]
fn draw_without_graphics_device() {
    const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    if std::path::Path::new("/dev/dri").exists() || std::env::var_os(SWITCH).is_some() {
        return;
    }
    // SAFETY: this is the first thing the program does; no other thread reads the environment.
    unsafe { std::env::set_var(SWITCH, "1") };
}
