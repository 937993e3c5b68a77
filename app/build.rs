//! Prepares what the window embeds. The command line alone needs nothing of it.

fn main() {
    #[cfg(feature = "desktop")]
    {
        // The compiler refuses a missing folder but takes an empty one, so that checking needs no built screens.
        let screens = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/dist");
        std::fs::create_dir_all(screens).expect("the folder of the built screens can be made");
        tauri_build::build();
    }
}
