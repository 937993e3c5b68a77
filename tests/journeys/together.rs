use serde_json::json;

use super::{accept_the_example, add_requirement};
use crate::support::driver::Desktop;
use crate::support::look::screenshot;
use crate::support::programs::Server;
use crate::support::until;

/// How many lines each of them writes in a stream.
const EDITS: usize = 12;

/// Ada sets a fresh server up with the link that it printed and shares what she has; Ben joins with her link.
async fn share(server: &Server) -> (Desktop, Desktop) {
    let (ada, ben) = (Desktop::open().await, Desktop::open().await);
    accept_the_example(&ada).await;
    ada.keys("Mod+Shift+S").await;
    paste(&ada, "share-link", &server.setup).await;
    ada.press("Continue").await;
    account(&ada, "Ada", "ada@example.com").await;
    ada.counts("member", 1).await;
    ada.press("Create link").await;
    let invitation = ada.part("invite-link").await.value().await.expect("the field answers").expect("a link");
    ada.keys("Esc").await;
    ada.badge("proven").await;

    ben.click_part("project-switcher").await;
    ben.press("Join a project").await;
    paste(&ben, "join-link", &invitation).await;
    ben.press("Continue").await;
    account(&ben, "Ben", "ben@example.com").await;
    ben.part("requirement-row").await;
    agree(&ada, &ben).await;
    ben.badge("proven").await;
    (ada, ben)
}

#[tokio::test]
async fn two_desktops_and_a_server_agree_through_a_power_cut() {
    let mut server = Server::start();
    let (ada, mut ben) = share(&server).await;

    // Together: a line here appears there, and back.
    add_requirement(&ada, "Written by Ada while both are here.").await;
    ben.reads("Written by Ada while both are here.").await;
    add_requirement(&ben, "Written by Ben while both are here.").await;
    ada.reads("Written by Ben while both are here.").await;

    // A comment arrives live and unread, and is read by being looked at.
    ben.click("[data-testid='requirement-row'] .requirement-key").await;
    ben.click_part("comment-box").await;
    ben.type_text("Is this for every shop?").await;
    ben.keys("Enter").await;
    ben.part("comment").await;
    ada.see(".requirement-comments.unread").await;
    ada.click("[data-testid='requirement-row'] .requirement-key").await;
    ada.part("comment").await;
    ada.reads("Is this for every shop?").await;
    ada.holds("!document.querySelector('.requirement-comments.unread')", &[]).await;
    ada.badge("proven").await;
    ben.badge("proven").await;
    screenshot(&ada, "together", "en", "light").await;
    ada.keys("Mod+Shift+S").await;
    ada.counts("member", 2).await;
    ada.assert_accessible("the members").await;
    screenshot(&ada, "members", "en", "light").await;
    ada.keys("Esc").await;

    // The server loses power. Both go on, even in the same line, and one of them loses power too.
    server.kill();
    ada.badge("offline").await;
    ben.badge("offline").await;
    add_requirement(&ada, "Written by Ada alone.").await;
    add_requirement(&ben, "Written by Ben alone.").await;
    amend(&ada, "Mod+Home", "First of all: ").await;
    amend(&ben, "Mod+End", " That is the rule.").await;
    ada.holds("document.querySelector(\"[data-testid='badge']\").dataset.state === 'offline'", &[]).await;
    ben.kill();
    ben.start().await;
    ben.reads("Written by Ben alone.").await;

    // Power is back: nothing was lost, both hold the same, and the badge says so because it was compared.
    server.restart();
    for desktop in [&ada, &ben] {
        desktop.badge("proven").await;
        desktop.reads("Written by Ada alone.").await;
        desktop.reads("Written by Ben alone.").await;
    }
    let lines = agree(&ada, &ben).await;
    assert!(lines[0].starts_with("First of all: ") && lines[0].ends_with(" That is the rule."), "{}", lines[0]);
    for desktop in [&ada, &ben] {
        desktop.press("Sync inspector").await;
        desktop.see("[data-testid='space'][data-state='proven'] .space-verdict.equal").await;
        desktop.press("Verify").await;
        desktop.see("[data-testid='verify-report'].ok").await;
        desktop.press("Compare with the server").await;
        desktop.see("[data-testid='space'] [data-testid='verify-report'].ok").await;
    }
    // Each has told the other how far it has read.
    for (desktop, other) in [(&ada, "Ben"), (&ben, "Ada")] {
        desktop.holds("[...document.querySelectorAll('.parts td:last-child')].every((cell) => cell.innerText.includes(arguments[0]))", &[json!(other)]).await;
    }
    ada.assert_accessible("the inspector of a shared project").await;
    screenshot(&ada, "inspector", "en", "light").await;
    let hash = "return document.querySelector('.chains .hash').getAttribute('aria-label')";
    let (here, there) = (ada.run(hash, &[]).await.expect("a hash"), ben.run(hash, &[]).await.expect("a hash"));
    assert_eq!(here, there);
}

#[tokio::test]
async fn a_server_killed_in_a_stream_of_edits_loses_nothing_and_doubles_nothing() {
    let mut server = Server::start();
    let (ada, ben) = share(&server).await;
    let before = ada.requirements().await;
    let stream = async |desktop: &Desktop, name: &str| {
        for number in 1..=EDITS {
            add_requirement(desktop, &format!("{name} writes line {number}.")).await;
        }
    };
    let power = async {
        // It dies while lines arrive, comes back while others are written, and dies once more.
        for seen in [2, 5] {
            ben.reads(&format!("Ada writes line {seen}.")).await;
            server.kill();
            ben.badge("offline").await;
            server.restart();
        }
    };
    tokio::join!(stream(&ada, "Ada"), stream(&ben, "Ben"), power);
    ada.badge("proven").await;
    ben.badge("proven").await;
    let lines = agree(&ada, &ben).await;
    assert_eq!(lines.len(), before.len() + 2 * EDITS, "{lines:?}");
    for name in ["Ada", "Ben"] {
        for number in 1..=EDITS {
            let line = format!("{name} writes line {number}.");
            assert_eq!(lines.iter().filter(|found| **found == line).count(), 1, "{line}: {lines:?}");
        }
    }
}

#[tokio::test]
async fn what_two_decided_differently_is_shown_to_both_and_settled_by_either() {
    let mut server = Server::start();
    let (ada, ben) = share(&server).await;
    server.kill();
    ada.badge("offline").await;
    ben.badge("offline").await;
    for (desktop, priority) in [(&ada, "Must"), (&ben, "Could")] {
        desktop.click("[data-testid='requirement-row'] .requirement-priority button").await;
        desktop.press(priority).await;
    }
    server.restart();
    for desktop in [&ada, &ben] {
        desktop.badge("proven").await;
        desktop.part("conflict").await;
        desktop.reads("Priority").await;
    }
    ada.assert_accessible("requirements with a conflict").await;
    screenshot(&ada, "conflict", "en", "light").await;
    // Ben takes Ada's decision, and it stands on both.
    ben.press("Keep Must for R-1").await;
    for desktop in [&ada, &ben] {
        desktop.counts("conflict", 0).await;
        desktop.badge("proven").await;
    }
    agree(&ada, &ben).await;
    let priority = "return document.querySelector(\"[data-testid='requirement-row'] .requirement-priority\").innerText.trim()";
    assert_eq!(ada.run(priority, &[]).await.expect("a priority"), json!("Must"));
    assert_eq!(ben.run(priority, &[]).await.expect("a priority"), json!("Must"));
}

#[tokio::test]
async fn what_the_server_refuses_stays_in_sight_until_a_person_decides() {
    let server = Server::start();
    let (ada, ben) = share(&server).await;

    // Ben works apart while Ada takes his right to edit.
    ben.press("Sync inspector").await;
    ben.press("Pause").await;
    ben.reads("Resume").await;
    ben.press("Requirements").await;
    add_requirement(&ben, "Written without the right to.").await;
    ada.keys("Mod+Shift+S").await;
    ada.counts("member", 2).await;
    ada.press("Role of Ben: Editor").await;
    ada.press("Viewer").await;
    ada.see("[aria-label='Role of Ben: Viewer']").await;
    ada.keys("Esc").await;

    ben.press("Sync inspector").await;
    ben.press("Resume").await;
    ben.part("refused-entry").await;
    ben.badge("refused").await;
    ben.assert_accessible("a refused entry").await;
    screenshot(&ben, "refused", "en", "light").await;
    assert!(!ada.requirements().await.iter().any(|line| line.contains("without the right")));

    // Ben lets go of it, and is in step again.
    while ben.count("refused-entry").await > 0 {
        let left = ben.count("refused-entry").await;
        ben.press("Discard").await;
        ben.counts("refused-entry", left - 1).await;
    }
    ben.badge("proven").await;
    ben.press("Requirements").await;
    ben.part("role-note").await;
    agree(&ada, &ben).await;
}

async fn paste(desktop: &Desktop, field: &str, link: &str) {
    desktop.part(field).await.send_keys(link).await.expect("the link is pasted");
}

async fn account(desktop: &Desktop, name: &str, email: &str) {
    desktop.fill("Name", name).await;
    desktop.fill("E-mail", email).await;
    desktop.fill("Password", "correct horse battery staple").await;
    desktop.press("Create account").await;
}

/// Adds words to one end of the first requirement.
async fn amend(desktop: &Desktop, end: &str, words: &str) {
    desktop.click("[data-testid='requirement-row'] .requirement-key").await;
    desktop.keys("F2").await;
    desktop.part("requirement-text").await;
    desktop.keys(end).await;
    desktop.type_text(words).await;
    desktop.keys("Esc").await;
    desktop.holds("document.querySelector('.requirement-text').innerText.includes(arguments[0])", &[json!(words.trim())]).await;
}

/// Waits until both show the same requirements, and answers with them.
async fn agree(one: &Desktop, other: &Desktop) -> Vec<String> {
    until("the same requirements on both", || async {
        let (here, there) = (one.requirements().await, other.requirements().await);
        if here == there && !here.is_empty() { Ok(here) } else { Err((here, there)) }
    })
    .await
}
