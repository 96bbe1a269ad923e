//! A bare window of the same toolkit: the rival of the app's own start and memory.

fn main() {
    let context = tauri::generate_context!("examples/bare/tauri.conf.json");
    if let Err(error) = tauri::Builder::default().run(context) {
        eprintln!("{error}");
    }
}
