//! Journeys through the real programs: what people do, in their order.

mod first_launch;
mod history;
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
    // A line that arrives from elsewhere may move the field away from under the click.
    crate::support::until("the line for a new requirement to be written on", || async {
        desktop.click_part("new-requirement").await;
        let there = desktop.run("return document.activeElement?.dataset.testid === 'new-requirement'", &[]).await;
        if matches!(there, Ok(serde_json::Value::Bool(true))) { Ok(()) } else { Err(there) }
    })
    .await;
    desktop.type_text(text).await;
    desktop.keys("Enter").await;
    desktop.keys("Esc").await;
    desktop.reads(text).await;
}
