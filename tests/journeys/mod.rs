//! Journeys through the real programs: what people do, in their order.

mod first_launch;
mod keyboard;
mod screens;
mod together;

use crate::support::driver::Desktop;

/// From the first launch to an accepted blueprint, with the first example.
async fn accept_the_example(desktop: &Desktop) {
    desktop.part("sheet").await;
    desktop.click_part("example").await;
    desktop.click_part("translate").await;
    desktop.part("change-item").await;
    desktop.click_part("accept").await;
    desktop.part("requirement-row").await;
}

/// Writes a requirement on the line that waits at the end of the list.
async fn add_requirement(desktop: &Desktop, text: &str) {
    desktop.click_part("new-requirement").await;
    desktop.type_text(text).await;
    desktop.keys("Enter").await;
    desktop.keys("Esc").await;
    desktop.reads(text).await;
}
