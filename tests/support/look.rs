//! Pictures of the screens for the documents, rewritten only where a reader would see a difference.

use std::path::{Path, PathBuf};

use super::driver::Desktop;

/// Writes `docs/screens/<name>-<theme>.png`. The documents are in English; other languages go to `tests/out`, for
/// whoever reads them over.
pub async fn screenshot(desktop: &Desktop, name: &str, language: &str, theme: &str) {
    let folder = if language == "en" { "../docs/screens".to_owned() } else { format!("out/{language}") };
    let path = PathBuf::from(format!("{}/{folder}/{name}-{theme}.png", env!("CARGO_MANIFEST_DIR")));
    let fresh = desktop.picture().await;
    if differs(&path, &fresh) {
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder can be made");
        std::fs::write(&path, fresh).expect("the picture can be kept");
    }
}

/// A caret that blinks and a "2 minutes ago" are no news; more than one pixel in two hundred is.
fn differs(path: &Path, fresh: &[u8]) -> bool {
    let Some(kept) = std::fs::read(path).ok().and_then(|kept| pixels(&kept)) else { return true };
    let Some(fresh) = pixels(fresh) else { return true };
    if kept.0 != fresh.0 || kept.1.len() != fresh.1.len() {
        return true;
    }
    let step = kept.1.len() / (kept.0.0 as usize * kept.0.1 as usize);
    let changed = kept.1.chunks(step).zip(fresh.1.chunks(step)).filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 12)).count();
    changed * 200 * step > kept.1.len()
}

fn pixels(file: &[u8]) -> Option<((u32, u32), Vec<u8>)> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().ok()?;
    let mut buffer = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut buffer).ok()?;
    buffer.truncate(info.buffer_size());
    Some(((info.width, info.height), buffer))
}
