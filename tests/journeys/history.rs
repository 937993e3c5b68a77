//! Looking back: the timeline, the blueprint as it was, a named version, and the way back.

use serde_json::json;

use super::{accept_the_example, add_requirement};
use crate::support::driver::Desktop;
use crate::support::look::screenshot;

#[tokio::test]
async fn a_version_is_named_looked_back_at_and_brought_back() {
    let desktop = Desktop::open().await;
    accept_the_example(&desktop).await;
    let before = desktop.requirements().await;
    desktop.keys("Mod+3").await;
    desktop.part("time-slider").await;

    // What was sent to the client bears a name.
    desktop.click_part("name-version").await;
    desktop.part("version-name").await;
    desktop.type_text("Sent to the client").await;
    desktop.keys("Enter").await;
    desktop.part("version-flag").await;

    // Then one requirement comes, one changes, and one goes.
    desktop.keys("Mod+1").await;
    desktop.part("requirement-row").await;
    add_requirement(&desktop, "A customer can cancel an order until it is packed.").await;
    desktop.counts("requirement-row", before.len() + 1).await;
    desktop.click("[data-testid='requirement-row'] .requirement-key").await;
    desktop.keys("Del").await;
    desktop.counts("requirement-row", before.len()).await;

    desktop.keys("Mod+3").await;
    desktop.click_part("version-flag").await;
    desktop.counts("difference", 2).await;
    for theme in ["light", "dark"] {
        desktop.run("document.documentElement.dataset.theme = arguments[0]", &[json!(theme)]).await.expect("a theme is set");
        desktop.assert_accessible(&format!("history ({theme})")).await;
        screenshot(&desktop, "history", "en", theme).await;
        desktop.click(".views button:nth-child(2)").await;
        desktop.part("requirement-then").await;
        desktop.assert_accessible(&format!("history, requirements ({theme})")).await;
        screenshot(&desktop, "history-requirements", "en", theme).await;
        desktop.click(".views button:nth-child(3)").await;
        desktop.see(".entities-then table").await;
        desktop.assert_accessible(&format!("history, data ({theme})")).await;
        screenshot(&desktop, "history-data", "en", theme).await;
        desktop.click(".views button:nth-child(1)").await;
        desktop.counts("difference", 2).await;
    }

    // One element comes back; then everything, and undo takes that back.
    desktop.click("[data-testid='difference'][data-sort='removed'] input").await;
    desktop.click_part("restore-chosen").await;
    desktop.counts("difference", 1).await;
    desktop.click_part("restore-all").await;
    desktop.counts("difference", 0).await;
    desktop.keys("Mod+1").await;
    desktop.counts("requirement-row", before.len()).await;
    assert_eq!(desktop.requirements().await, before);
    desktop.keys("Mod+Z").await;
    desktop.counts("requirement-row", before.len() + 1).await;
}
