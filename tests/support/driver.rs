//! One desktop window, driven by pointer and keyboard as a person would.

use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::error::{WebDriverError, WebDriverResult};
use thirtyfour::{By, Capabilities, Key, WebDriver, WebElement};

use super::display::Display;
use super::group::Group;
use super::{free_port, programs, until, within};

/// The size of every screenshot.
const SIZE: (u32, u32) = (1280, 800);

/// A person's computer: a home of its own, a display of its own, and the program running or not.
pub struct Desktop {
    home: TempDir,
    display: Display,
    running: Option<(Group, WebDriver)>,
}

impl Desktop {
    /// A fresh computer with the program opened for the first time.
    pub async fn open() -> Desktop {
        let home = tempfile::tempdir().expect("a folder for the desktop");
        for folder in ["config", "cache", "run", "share"] {
            std::fs::create_dir(home.path().join(folder)).expect("a home can be laid out");
        }
        let mut desktop = Desktop { home, display: Display::start(), running: None };
        desktop.start().await;
        desktop
    }

    /// Ends the program as a power cut would.
    pub fn kill(&mut self) {
        let (mut group, page) = self.running.take().expect("the desktop runs");
        group.kill();
        // Its driver is gone; there is no session to end in order.
        let _ = page.leak();
    }

    /// Opens the program on the data that it left behind.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "the desktop runs already");
        let program = programs::desktop();
        let port = free_port();
        let home = self.home.path();
        let group = Group::start(
            Group::command("WebKitWebDriver")
                .args([format!("--port={port}"), "--host=127.0.0.1".into(), "--replace-on-new-session".into()])
                .env("DISPLAY", self.display.name())
                .env("HOME", home)
                .env("XDG_CONFIG_HOME", home.join("config"))
                .env("XDG_CACHE_HOME", home.join("cache"))
                .env("XDG_DATA_HOME", home.join("share"))
                .env("XDG_RUNTIME_DIR", home.join("run"))
                .env("LANG", "C.UTF-8")
                .env_remove("LC_ALL")
                .env("NO_AT_BRIDGE", "1")
                .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
                .env("TAURI_WEBVIEW_AUTOMATION", "true")
                .env("SCANTLING_AUTOMATION", "allow")
                .env("SCANTLING_DATA", home.join("scantling"))
                .env("SCANTLING_KEY_HOME", "file")
                // Without an address GTK would start a bus of its own, outside the group and for ever.
                .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
                .env_remove("WAYLAND_DISPLAY")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::inherit()),
        );
        let mut wishes = Capabilities::new();
        wishes.set("webkitgtk:browserOptions", json!({ "binary": program, "args": [] })).expect("the wishes are plain JSON");
        until("the driver's port", || tokio::net::TcpStream::connect(("127.0.0.1", port))).await;
        // A window that does not let itself be driven never answers, so the session has a deadline of its own.
        let session = WebDriver::new(format!("http://127.0.0.1:{port}"), wishes);
        let page = tokio::time::timeout(Duration::from_secs(60), session)
            .await
            .expect("the window let itself be driven")
            .expect("a session with the window");
        page.set_window_rect(0, 0, SIZE.0, SIZE.1).await.expect("the window takes a size");
        self.running = Some((group, page));
        self.see(".frame").await;
    }

    /// How long it took from the start of the program until the sheet took words, on the clock of the system.
    pub async fn time_to_sheet(&self) -> Duration {
        let group = self.running.as_ref().expect("the desktop runs").0.id();
        self.holds("performance.getEntriesByName('sheet').length", &[]).await;
        let ready = self.run("return performance.timeOrigin + performance.getEntriesByName('sheet')[0].startTime", &[]).await;
        let ready = Duration::from_secs_f64(ready.expect("the page answers").as_f64().expect("a time") / 1000.0);
        ready.checked_sub(programs::started(group)).expect("the page comes after the program")
    }

    pub fn page(&self) -> &WebDriver {
        &self.running.as_ref().expect("the desktop runs").1
    }

    /// Waits for an element; panics with a picture of what was there instead.
    pub async fn see(&self, css: &str) -> WebElement {
        let found = within(super::PATIENCE, || async move {
            let found = self.page().find(By::Css(css)).await?;
            let seen = self.page().execute("return arguments[0].checkVisibility()", vec![found.to_json()?]).await?;
            if seen.json() == &Value::Bool(true) { Ok(found) } else { Err(WebDriverError::FatalError("it is hidden".into())) }
        })
        .await;
        match found {
            Ok(found) => found,
            Err(failure) => self.give_up(css, &format!("{failure}")).await,
        }
    }

    /// Waits for the element that bears this test id.
    pub async fn part(&self, id: &str) -> WebElement {
        self.see(&format!("[data-testid='{id}']")).await
    }

    /// Waits until a condition on the page holds: a JavaScript expression, with `args` for what varies.
    pub async fn holds(&self, expression: &str, args: &[Value]) {
        let script = format!("return Boolean({expression})");
        let held = within(super::PATIENCE, || async {
            match self.run(&script, args).await {
                Ok(Value::Bool(true)) => Ok(()),
                Ok(_) => Err("it is false".to_owned()),
                Err(failure) => Err(failure.to_string()),
            }
        })
        .await;
        if let Err(failure) = held {
            self.give_up(&format!("{expression} with {args:?}"), &failure).await
        }
    }

    /// Waits until this text stands somewhere on the page.
    pub async fn reads(&self, text: &str) {
        self.holds("document.body.innerText.includes(arguments[0])", &[json!(text)]).await;
    }

    pub async fn count(&self, id: &str) -> usize {
        self.page().find_all(By::Css(format!("[data-testid='{id}']"))).await.expect("the page answers").len()
    }

    pub async fn counts(&self, id: &str, number: usize) {
        let script = "document.querySelectorAll(`[data-testid='${arguments[0]}']`).length === arguments[1]";
        self.holds(script, &[json!(id), json!(number)]).await;
    }

    pub async fn click(&self, css: &str) {
        // A list that is redrawn between the look and the click gives another element to click on.
        let clicked = within(super::PATIENCE, || async move { self.page().find(By::Css(css)).await?.click().await }).await;
        if let Err(failure) = clicked {
            self.give_up(css, &failure.to_string()).await
        }
    }

    pub async fn click_part(&self, id: &str) {
        self.click(&format!("[data-testid='{id}']")).await;
    }

    /// Clicks the button, link, menu item or choice that bears these words or this accessible name.
    pub async fn press(&self, name: &str) {
        let quoted = format!("\"{name}\"");
        let clickable = "(self::button or self::a or starts-with(@role, 'menuitem') or @role='option')";
        // The whole name first; else what begins so, for a verb that shows its keys after its words.
        let whole = format!("//*[{clickable} and not(@disabled) and (@aria-label={quoted} or normalize-space(.)={quoted})]");
        let begun = format!("//*[{clickable} and not(@disabled) and starts-with(normalize-space(.), {quoted})]");
        let (whole, begun) = (whole.as_str(), begun.as_str());
        let pressed = within(super::PATIENCE, || async move {
            let page = self.page();
            let found = match page.find(By::XPath(whole)).await {
                Ok(found) => found,
                Err(_) => page.find(By::XPath(begun)).await?,
            };
            found.click().await
        })
        .await;
        if let Err(failure) = pressed {
            self.give_up(name, &failure.to_string()).await
        }
    }

    /// Fills the field that this label names.
    pub async fn fill(&self, label: &str, text: &str) {
        let path = format!("//input[@aria-label=\"{label}\" or @id=//label[normalize-space(.)=\"{label}\"]/@for]");
        let path = path.as_str();
        let filled = within(super::PATIENCE, || async move {
            let field = self.page().find(By::XPath(path)).await?;
            field.clear().await?;
            field.send_keys(text).await
        })
        .await;
        if let Err(failure) = filled {
            self.give_up(label, &failure.to_string()).await
        }
    }

    /// Types into whatever has the focus.
    pub async fn type_text(&self, text: &str) {
        self.page().action_chain().send_keys(text).perform().await.expect("the keyboard types");
    }

    /// Presses a chord in the notation of the screens: `Mod+Shift+Z`, `Enter`, `Alt+Down`.
    pub async fn keys(&self, chord: &str) {
        let mut parts: Vec<&str> = chord.split('+').collect();
        let last = parts.pop().expect("a chord has a key");
        let held: Vec<Key> = parts
            .iter()
            .map(|part| match *part {
                "Mod" => Key::Control,
                "Shift" => Key::Shift,
                "Alt" => Key::Alt,
                other => panic!("{other} is no modifier"),
            })
            .collect();
        let mut chain = self.page().action_chain();
        for key in &held {
            chain = chain.key_down(key.clone());
        }
        let named = match last {
            "Enter" => Some(Key::Enter),
            "Esc" => Some(Key::Escape),
            "Tab" => Some(Key::Tab),
            "Del" => Some(Key::Delete),
            "Backspace" => Some(Key::Backspace),
            "Space" => Some(Key::Space),
            "Up" => Some(Key::Up),
            "Down" => Some(Key::Down),
            "Left" => Some(Key::Left),
            "Right" => Some(Key::Right),
            "Home" => Some(Key::Home),
            "End" => Some(Key::End),
            "F2" => Some(Key::F2),
            _ => None,
        };
        chain = match named {
            Some(key) => chain.key_down(key.clone()).key_up(key),
            None => {
                let letter = last.to_lowercase().chars().next().expect("a key has a letter");
                chain.key_down(letter).key_up(letter)
            }
        };
        for key in held.into_iter().rev() {
            chain = chain.key_up(key);
        }
        chain.perform().await.expect("the keyboard is heard");
    }

    /// Runs a script on the page: for looking only. What a person does, a journey does by pointer and keyboard.
    pub async fn run(&self, script: &str, args: &[Value]) -> WebDriverResult<Value> {
        self.page().execute(script, args.to_vec()).await.map(|answer| answer.json().clone())
    }

    /// The texts of all elements that match.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText.trim())";
        let texts = self.run(script, &[json!(css)]).await.expect("the page answers");
        serde_json::from_value(texts).expect("texts")
    }

    /// The requirements as they stand, top to bottom.
    pub async fn requirements(&self) -> Vec<String> {
        self.texts("[data-testid='requirement-row'] .requirement-text").await
    }

    /// The names of the tables of the diagram, sorted.
    pub async fn entities(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll(\"[data-testid='entity-node']\")].map((each) => each.dataset.name).sort()";
        serde_json::from_value(self.run(script, &[]).await.expect("the page answers")).expect("names")
    }

    /// Waits until the sync badge says this.
    pub async fn badge(&self, state: &str) {
        self.holds("document.querySelector(\"[data-testid='badge']\")?.dataset.state === arguments[0]", &[json!(state)]).await;
    }

    /// Finds no violation of WCAG 2.2 A and AA, nor of the good practices that axe knows.
    pub async fn assert_accessible(&self, place: &str) {
        static AXE: OnceLock<String> = OnceLock::new();
        let axe = AXE.get_or_init(|| {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");
            std::fs::read_to_string(path).expect("run `npm ci` in ui first: it brings axe-core")
        });
        if self.run("return typeof axe", &[]).await.expect("the page answers") == "undefined" {
            self.run(axe, &[]).await.expect("axe is taken in");
        }
        // Colours in motion are no colours; every short movement of the screens ends by itself.
        self.holds(
            "document.getAnimations().every((each) => each.playState !== 'running' || each.effect?.getComputedTiming().iterations === Infinity)",
            &[],
        )
        .await;
        // A menu floats above the page, and while it is open it belongs to no landmark.
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run(document, { rules: { region: { enabled: !document.querySelector('[data-radix-popper-content-wrapper]') } }, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }) \
            .then(({ violations }) => done(violations.map((each) => `${each.id}: ${each.help}\\n` + \
            each.nodes.map((node) => `    ${node.target.join(' ')}\\n      ${node.failureSummary}`).join('\\n')))) \
            .catch((failure) => done([String(failure)]))";
        let found = self.page().execute_async(script, vec![]).await.expect("axe runs");
        let found: Vec<String> = found.convert().expect("axe answers in words");
        assert!(found.is_empty(), "{place} is not accessible:\n{}", found.join("\n"));
    }

    /// What is on the page, as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        // WebKit pictures the next frame, and a page where nothing moves never has one; an unseen outline makes it.
        let stir = "let on = false; window.stir = setInterval(() => { on = !on; \
            document.body.style.outline = on ? '1px solid transparent' : ''; }, 16)";
        self.run(stir, &[]).await.expect("the page answers");
        let picture = self.page().screenshot_as_png().await.expect("the window can be pictured");
        self.run("clearInterval(window.stir); document.body.style.outline = ''", &[]).await.expect("the page answers");
        picture
    }

    /// Keeps what is on the screen and panics: a failed journey shows where it stood.
    async fn give_up(&self, wanted: &str, why: &str) -> ! {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/out");
        let _ = std::fs::create_dir_all(folder);
        let path = format!("{folder}/{}.png", std::thread::current().name().unwrap_or("journey").replace("::", "-"));
        let _ = std::fs::write(&path, self.picture().await);
        let text = self.run("return location.hash + '\\n' + document.body.innerText", &[]).await.unwrap_or_default();
        panic!("never saw {wanted}: {why}\nThe screen is kept in {path}; it read:\n{}", text.as_str().unwrap_or_default());
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if let Some((mut group, page)) = self.running.take() {
            group.kill();
            let _ = page.leak();
        }
    }
}
