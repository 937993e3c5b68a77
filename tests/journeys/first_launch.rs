use std::time::Duration;

use serde_json::json;

use super::{accept_the_example, add_requirement};
use crate::support::driver::Desktop;
use crate::support::until;

#[tokio::test]
async fn a_client_s_sentence_becomes_requirements_and_tables() {
    let desktop = Desktop::open().await;
    desktop.badge("local").await;
    desktop.holds("document.activeElement.dataset.testid === 'sheet'", &[]).await;
    desktop.click_part("example").await;
    desktop.holds("document.querySelector(\"[data-testid='sheet']\").value.length > 20", &[]).await;
    desktop.click_part("translate").await;

    desktop.part("change-item").await;
    let proposed = desktop.count("change-item").await;
    assert!(proposed >= 6, "only {proposed} changes proposed");
    assert!(desktop.part("source-sentence").await.text().await.expect("words").len() > 10);
    desktop.click_part("accept").await;

    desktop.part("requirement-row").await;
    let requirements = desktop.requirements().await;
    assert!(requirements.len() >= 3, "{requirements:?}");
    desktop.holds("document.title.endsWith(' · Scantling')", &[]).await;

    desktop.click("[data-testid='requirement-row'] .requirement-key").await;
    desktop.part("inspector").await;
    desktop.holds("document.querySelector(\"[data-testid='inspector'] blockquote\").innerText.length > 10", &[]).await;

    desktop.keys("Mod+2").await;
    desktop.part("entity-node").await;
    assert!(desktop.entities().await.len() >= 2);
    desktop.holds("document.querySelectorAll(\"[data-testid='relation']\").length >= 1", &[]).await;
}

#[tokio::test]
async fn the_first_launch_lands_on_the_empty_sheet_within_two_seconds() {
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(Desktop::open().await.time_to_sheet().await);
    }
    times.sort();
    println!("From the start of the program to the sheet: {} ms (median of {times:?})", times[2].as_millis());
    assert!(times[2] < Duration::from_secs(2), "{times:?}");
}

#[tokio::test]
async fn what_is_changed_by_hand_can_be_taken_back() {
    let desktop = Desktop::open().await;
    accept_the_example(&desktop).await;

    let before = desktop.requirements().await;
    add_requirement(&desktop, "Every invoice leaves as a PDF.").await;
    desktop.counts("requirement-row", before.len() + 1).await;

    desktop.click("[data-testid='requirement-row'] .requirement-key").await;
    desktop.keys("F2").await;
    desktop.part("requirement-text").await;
    desktop.type_text(" Always.").await;
    desktop.keys("Esc").await;
    until("the edited text", || async {
        let now = desktop.requirements().await;
        if now[0] == format!("{} Always.", before[0]) { Ok(()) } else { Err(now) }
    })
    .await;

    desktop.keys("Del").await;
    desktop.counts("requirement-row", before.len()).await;
    desktop.keys("Mod+Z").await;
    desktop.counts("requirement-row", before.len() + 1).await;

    desktop.keys("Mod+2").await;
    desktop.part("entity-node").await;
    let tables = desktop.entities().await;
    let [first, second, ..] = &tables[..] else { panic!("too few tables: {tables:?}") };
    let first_node = format!("[data-testid='entity-node'][data-name='{first}']");

    // Renamed in place.
    desktop.click(&first_node).await;
    desktop.keys("F2").await;
    desktop.see(&format!("{first_node} input")).await;
    desktop.keys("Mod+A").await;
    desktop.type_text("Renamed").await;
    desktop.keys("Enter").await;
    let renamed = "[data-testid='entity-node'][data-name='Renamed']";
    desktop.see(renamed).await;
    desktop.keys("Mod+Z").await;
    let node = desktop.see(&first_node).await;

    // Dragged with the pointer; the place outlives a reload.
    let script = "const [a, b] = [...arguments].map((name) => document.querySelector(`[data-testid='entity-node'][data-name='${name}']`).getBoundingClientRect()); return Math.round(a.x - b.x)";
    let names = [json!(first), json!(second)];
    // The inspector has opened beside it, and the diagram moves what it would cover.
    let in_sight = "(() => { const [node, pane] = [`[data-testid='entity-node'][data-name='${arguments[0]}']`, '.diagram'].map((css) => document.querySelector(css).getBoundingClientRect()); return node.left >= pane.left && node.right <= pane.right })()";
    desktop.holds(in_sight, &names).await;
    let apart = desktop.run(script, &names).await.expect("places").as_i64().expect("a distance");
    desktop
        .page()
        .action_chain()
        .move_to_element_with_offset(&node, 0, -8)
        .click_and_hold()
        .move_by_offset(20, 10)
        .move_by_offset(60, 40)
        .release()
        .perform()
        .await
        .expect("the pointer drags");
    let moved = until("the table in its new place", || async {
        let now = desktop.run(script, &names).await.expect("places").as_i64().expect("a distance");
        if (now - apart).abs() >= 30 { Ok(now) } else { Err(now) }
    })
    .await;
    assert!(moved > apart);

    // Connected, then deleted, then back.
    let relations = desktop.count("relation").await;
    desktop.click(&first_node).await;
    desktop.press("Connect").await;
    desktop.click(&format!("[data-testid='entity-node'][data-name='{second}']")).await;
    desktop.counts("relation", relations + 1).await;
    desktop.keys("Mod+Z").await;
    desktop.counts("relation", relations).await;

    desktop.click(&first_node).await;
    desktop.keys("Del").await;
    desktop.counts("entity-node", tables.len() - 1).await;
    desktop.keys("Mod+Z").await;
    desktop.counts("entity-node", tables.len()).await;
    desktop.counts("relation", relations).await;
}

#[tokio::test]
async fn a_power_cut_loses_no_word() {
    let mut desktop = Desktop::open().await;
    accept_the_example(&desktop).await;
    add_requirement(&desktop, "This line was written just before the cut.").await;
    let kept = desktop.requirements().await;
    desktop.kill();
    desktop.start().await;
    until("the same requirements", || async {
        let now = desktop.requirements().await;
        if now == kept { Ok(()) } else { Err(now) }
    })
    .await;
    desktop.press("Sync inspector").await;
    desktop.press("Verify").await;
    desktop.see("[data-testid='verify-report'].ok").await;
}
