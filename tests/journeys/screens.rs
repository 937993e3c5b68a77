//! Every screen in both themes and both languages: accessible, and pictured for the documents.

use serde_json::json;

use crate::support::driver::Desktop;
use crate::support::look::screenshot;

#[derive(Clone, Copy)]
struct View {
    language: usize,
    theme: usize,
}

impl View {
    fn theme_word(self) -> &'static str {
        ["system", "light", "dark"][self.theme]
    }
}

#[tokio::test]
async fn english_by_day() {
    every_screen(View { language: 0, theme: 1 }).await;
}

#[tokio::test]
async fn english_by_night() {
    every_screen(View { language: 0, theme: 2 }).await;
}

#[tokio::test]
async fn russian_by_day() {
    every_screen(View { language: 1, theme: 1 }).await;
}

#[tokio::test]
async fn russian_by_night() {
    every_screen(View { language: 1, theme: 2 }).await;
}

async fn every_screen(view: View) {
    let desktop = Desktop::open().await;
    desktop.keys("Mod+,").await;
    choose(&desktop, 0, view.language).await;
    desktop.holds("document.documentElement.lang === arguments[0]", &[json!(["en", "ru"][view.language])]).await;
    choose(&desktop, 1, view.theme).await;
    desktop.holds("document.documentElement.dataset.theme === arguments[0]", &[json!(view.theme_word())]).await;
    shown(&desktop, view, "profile").await;

    desktop.click("nav a[href='#/']").await;
    desktop.part("sheet").await;
    shown(&desktop, view, "sheet").await;
    desktop.click_part("example").await;
    desktop.click_part("translate").await;
    desktop.part("change-item").await;
    shown(&desktop, view, "changes").await;
    desktop.click_part("accept").await;
    desktop.part("requirement-row").await;
    desktop.part("toast").await;
    desktop.click("[data-testid='toast'] button:last-child").await;
    desktop.counts("toast", 0).await;
    shown(&desktop, view, "requirements").await;
    desktop.click("[data-testid='requirement-row'] .requirement-key").await;
    desktop.part("inspector").await;
    desktop.click_part("comment-box").await;
    desktop.type_text(["Ask which cards they take.", "Уточнить, какие карты."][view.language]).await;
    desktop.keys("Enter").await;
    desktop.part("comment").await;
    shown(&desktop, view, "requirement").await;

    desktop.keys("Mod+2").await;
    desktop.part("entity-node").await;
    desktop.part("relation").await;
    shown(&desktop, view, "data").await;
    desktop.click("[data-testid='entity-node']").await;
    desktop.part("new-attribute").await;
    shown(&desktop, view, "entity").await;

    desktop.keys("Esc").await;
    desktop.keys("?").await;
    desktop.see(".shortcut").await;
    shown(&desktop, view, "shortcuts").await;
    desktop.keys("Esc").await;
    desktop.holds("!document.querySelector('[role=dialog]')", &[]).await;
    desktop.click_part("project-switcher").await;
    desktop.see(".switcher-menu").await;
    shown(&desktop, view, "switcher").await;
    desktop.keys("Esc").await;
    desktop.holds("!document.querySelector('[role=menu]')", &[]).await;

    desktop.keys("Mod+K").await;
    desktop.see("[role='combobox']").await;
    shown(&desktop, view, "palette").await;
    desktop.keys("Esc").await;
    desktop.holds("!document.querySelector('[role=dialog]')", &[]).await;

    desktop.keys("Mod+Shift+S").await;
    desktop.part("share-link").await;
    shown(&desktop, view, "share").await;
    desktop.keys("Esc").await;
    desktop.holds("!document.querySelector('[role=dialog]')", &[]).await;

    desktop.click("nav a[href='#/settings/sync']").await;
    desktop.part("space").await;
    desktop.keys("V").await;
    desktop.part("verify-report").await;
    shown(&desktop, view, "sync").await;
}

/// Chooses the nth value of the nth setting of the profile.
async fn choose(desktop: &Desktop, setting: usize, value: usize) {
    desktop.see(".settings").await;
    let choice = "return document.querySelectorAll('.setting .choice')[arguments[0]].getAttribute('aria-label')";
    let name = desktop.run(choice, &[json!(setting)]).await.expect("the setting is there");
    desktop.click(&format!(".choice[aria-label='{}']", name.as_str().expect("a name"))).await;
    desktop.click(&format!("[role='menuitemradio']:nth-child({})", value + 1)).await;
    desktop.holds("!document.querySelector('[role=menu]')", &[]).await;
}

async fn shown(desktop: &Desktop, view: View, name: &str) {
    desktop.assert_accessible(&format!("{name} ({}, {})", ["en", "ru"][view.language], view.theme_word())).await;
    screenshot(desktop, name, ["en", "ru"][view.language], view.theme_word()).await;
}

#[tokio::test]
async fn in_the_smallest_window_every_verb_is_in_reach() {
    let desktop = Desktop::open().await;
    desktop.page().set_window_rect(0, 0, 1000, 600).await.expect("the window takes a size");
    for language in [0, 1] {
        desktop.keys("Mod+,").await;
        choose(&desktop, 0, language).await;
        in_reach(&desktop).await;
        if language == 0 {
            desktop.click("nav a[href='#/']").await;
            desktop.click_part("example").await;
            desktop.click_part("translate").await;
            desktop.part("change-item").await;
            in_reach(&desktop).await;
            desktop.click_part("accept").await;
            desktop.part("requirement-row").await;
        }
        desktop.keys("Mod+1").await;
        desktop.click("[data-testid='requirement-row'] .requirement-key").await;
        desktop.part("inspector").await;
        in_reach(&desktop).await;
        desktop.keys("Mod+2").await;
        desktop.click("[data-testid='entity-node']").await;
        desktop.part("inspector").await;
        in_reach(&desktop).await;
        desktop.click("nav a[href='#/settings/sync']").await;
        desktop.part("space").await;
        in_reach(&desktop).await;
    }
}

/// Waits until no bar hides a part of its verbs.
async fn in_reach(desktop: &Desktop) {
    let whole = "[...document.querySelectorAll('.bar')].every((bar) => [...bar.querySelectorAll('button, input')]\
        .every((verb) => verb.getBoundingClientRect().right <= bar.getBoundingClientRect().right))";
    desktop.holds(whole, &[]).await;
}
