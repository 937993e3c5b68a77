use crate::support::driver::Desktop;
use crate::support::until;

#[tokio::test]
async fn the_main_path_needs_no_pointer() {
    let desktop = Desktop::open().await;
    desktop.holds("document.activeElement.dataset.testid === 'sheet'", &[]).await;
    desktop.type_text("Customers order cakes and pay by card. Bakers see the orders of the day. Every order has a date and a price.").await;
    desktop.keys("Mod+Enter").await;
    desktop.part("accept").await;
    desktop.holds("document.activeElement.type === 'checkbox'", &[]).await;
    // One proposal is left out and taken in again.
    desktop.keys("Space").await;
    desktop.keys("Space").await;
    desktop.keys("Mod+Enter").await;
    desktop.part("requirement-row").await;
    let before = desktop.requirements().await;

    // A new line, written and left.
    desktop.keys("Down").await;
    desktop.holds("document.activeElement.dataset.testid === 'requirement-row'", &[]).await;
    desktop.keys("N").await;
    desktop.holds("document.activeElement.dataset.testid === 'new-requirement'", &[]).await;
    desktop.type_text("A cake can be cancelled.").await;
    desktop.keys("Enter").await;
    desktop.counts("requirement-row", before.len() + 1).await;
    desktop.keys("Esc").await;
    desktop.holds("document.activeElement.dataset.testid === 'requirement-row'", &[]).await;

    // Moved down and back, edited, deleted, brought back.
    let order = desktop.requirements().await;
    desktop.keys("Home").await;
    desktop.keys("Alt+Down").await;
    until("the first line in second place", || async {
        let now = desktop.requirements().await;
        if now[1] == order[0] { Ok(()) } else { Err(now) }
    })
    .await;
    desktop.keys("Mod+Z").await;
    until("the old order", || async {
        let now = desktop.requirements().await;
        if now == order { Ok(()) } else { Err(now) }
    })
    .await;

    // The diagram: a table is added, named, and connected.
    desktop.keys("Mod+2").await;
    desktop.part("entity-node").await;
    let tables = desktop.entities().await.len();
    desktop.keys("N").await;
    desktop.see("[data-testid='entity-node'] input").await;
    desktop.keys("Mod+A").await;
    desktop.type_text("Courier").await;
    desktop.keys("Enter").await;
    desktop.see("[data-testid='entity-node'][data-name='Courier']").await;
    desktop.counts("entity-node", tables + 1).await;
    desktop.holds("document.activeElement.dataset.name === 'Courier'", &[]).await;
    let relations = desktop.count("relation").await;
    desktop.keys("C").await;
    desktop.see(".diagram-hint").await;
    let mut elsewhere = false;
    for arrow in ["Up", "Left", "Right", "Down"] {
        desktop.keys(arrow).await;
        let on = desktop.run("return document.activeElement.dataset.name ?? ''", &[]).await.expect("the focus");
        elsewhere = on != "Courier" && on != "";
        if elsewhere {
            break;
        }
    }
    assert!(elsewhere, "the arrow keys find no other table");
    desktop.keys("Enter").await;
    desktop.counts("relation", relations + 1).await;

    // The palette finds the line; the settings are a chord away; the shortcuts are told.
    desktop.keys("Mod+K").await;
    desktop.see("[role='combobox']").await;
    desktop.type_text("cancelled").await;
    desktop.see(".palette-detail").await;
    desktop.keys("Enter").await;
    desktop.part("inspector").await;
    desktop.reads("A cake can be cancelled.").await;
    desktop.keys("Mod+,").await;
    desktop.see(".settings").await;
    desktop.keys("Mod+1").await;
    desktop.part("requirement-row").await;
}
