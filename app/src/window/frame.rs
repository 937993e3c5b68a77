//! Where the window stood when it was last closed.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The file beside the store. It holds nothing that could not be lost.
pub const FILE: &str = "window.json";

/// The smallest window in which every screen still works: sidebar, content, inspector.
pub const SMALLEST: (f64, f64) = (1000.0, 600.0);

/// Size and place in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub width: f64,
    pub height: f64,
    pub x: Option<f64>,
    pub y: Option<f64>,
    #[serde(default)]
    pub maximized: bool,
}

impl Default for Frame {
    fn default() -> Self {
        Frame { width: 1280.0, height: 800.0, x: None, y: None, maximized: false }
    }
}

impl Frame {
    /// Reads what was kept. Whatever is missing, damaged or out of measure gives the first launch's window.
    pub fn read(path: &Path) -> Frame {
        std::fs::read(path)
            .ok()
            .and_then(|kept| serde_json::from_slice::<Frame>(&kept).ok())
            .filter(|frame| (SMALLEST.0..=16_384.0).contains(&frame.width) && (SMALLEST.1..=16_384.0).contains(&frame.height))
            .unwrap_or_default()
    }

    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let fresh = path.with_extension("json.new");
        std::fs::write(&fresh, serde_json::to_vec(self)?)?;
        std::fs::rename(fresh, path)
    }

    /// Whether enough of the title bar lies on this screen to take hold of it.
    pub fn meets(&self, x: f64, y: f64, width: f64, height: f64) -> bool {
        let (Some(left), Some(top)) = (self.x, self.y) else {
            return false;
        };
        let across = (left + self.width).min(x + width) - left.max(x);
        across >= 120.0 && top >= y - 8.0 && top <= y + height - 48.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let frame = Frame { width: 1100.0, height: 700.0, x: Some(-40.0), y: Some(12.5), maximized: true };
        frame.write(&path).unwrap();
        assert_eq!(Frame::read(&path), frame);
    }

    #[test]
    fn what_cannot_be_used_gives_the_first_window() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for kept in ["", "{", "{\"width\":1,\"height\":700}", "{\"width\":1e9,\"height\":700,\"x\":0,\"y\":0}"] {
            std::fs::write(&path, kept).unwrap();
            assert_eq!(Frame::read(&path), Frame::default(), "{kept}");
        }
        assert_eq!(Frame::read(&folder.path().join("none")), Frame::default());
    }

    #[test]
    fn a_window_on_a_screen_that_is_gone_is_not_restored_there() {
        let frame = Frame { x: Some(2000.0), y: Some(100.0), ..Frame::default() };
        assert!(!frame.meets(0.0, 0.0, 1920.0, 1080.0));
        assert!(frame.meets(1920.0, 0.0, 1920.0, 1080.0));
        assert!(!Frame::default().meets(0.0, 0.0, 1920.0, 1080.0));
    }
}
