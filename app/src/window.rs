//! The window: the host's commands and changes, carried to the screens and back.
//!
//! It holds no capability of its own. One command crosses the boundary, `call`; two events come back, `changed` and
//! `menu`. Whatever the screens can do, the command line can do without this file.

mod frame;
mod menu;

use std::collections::HashSet;
use std::sync::Mutex;

use serde::Deserialize;
use tauri::webview::{Color, NewWindowResponse};
use tauri::{AppHandle, Emitter, Listener, Manager, RunEvent, State, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};
use tokio::sync::broadcast::error::RecvError;

use crate::{Host, Problem};
use frame::Frame;
use menu::Language;

/// The label of the one window; the permissions in `capabilities/` name it too.
const MAIN: &str = "main";

/// What of the person's preferences the window itself must know before the screens speak.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
struct Look {
    #[serde(default)]
    language: Option<Language>,
    #[serde(default)]
    theme: Wish,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Light,
    Dark,
    #[default]
    System,
}

impl Wish {
    fn theme(self) -> Option<Theme> {
        match self {
            Wish::Light => Some(Theme::Light),
            Wish::Dark => Some(Theme::Dark),
            Wish::System => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Wish::Light => "light",
            Wish::Dark => "dark",
            Wish::System => "system",
        }
    }
}

impl Look {
    /// Reads the preferences; whoever cannot be asked yet gets the system's own.
    async fn of(host: &Host) -> Look {
        let status = host.call("workspace.status", serde_json::json!({})).await;
        status.ok().and_then(|status| serde_json::from_value(status).ok()).unwrap_or(Look { language: None, theme: Wish::System })
    }

    fn language(self) -> Language {
        self.language.unwrap_or_else(Language::of_the_system)
    }
}

/// The paper of `ui/src/kit/tokens.css`, for the moments before the page has drawn its own.
fn paper(theme: Theme) -> Color {
    match theme {
        Theme::Dark => Color(0x13, 0x18, 0x1b, 0xff),
        _ => Color(0xfa, 0xf8, 0xf4, 0xff),
    }
}

/// What is shown now, so that a change of preferences redraws only what differs.
struct Shown(Mutex<Look>);

#[tauri::command]
async fn call(host: State<'_, Host>, name: String, payload: serde_json::Value) -> Result<serde_json::Value, Problem> {
    host.call(&name, payload).await
}

/// Opens the window on the host. The process ends with it; the host is closed in good order then, and likewise when
/// the system asks the program to stop.
pub fn run(host: Host) {
    if let Err(reason) = refuse_strange_hands().and_then(|()| find_screen()) {
        give_up(&host, reason);
    }
    let look = tauri::async_runtime::block_on(Look::of(&host));
    let built = tauri::Builder::default()
        .manage(host.clone())
        .manage(Shown(Mutex::new(look)))
        .invoke_handler(tauri::generate_handler![call])
        .on_menu_event(|app, event| match event.id().as_ref() {
            menu::QUIT => app.exit(0),
            verb => {
                // Only a window that is gone cannot hear, and it needs no answer.
                let _ = app.emit_to(MAIN, "menu", verb);
            }
        })
        .setup(move |app| {
            open(app.handle(), look)?;
            follow(app.handle());
            stop_when_asked(app.handle());
            Ok(())
        })
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(failure) => give_up(&host, &format!("The window could not be opened: {failure}")),
    };
    app.run(move |app, event| match event {
        RunEvent::WindowEvent { event: WindowEvent::CloseRequested { .. }, .. } => keep_frame(app),
        RunEvent::ExitRequested { .. } => keep_frame(app),
        RunEvent::Exit => host.close(),
        _ => {}
    });
}

/// Says in a dialogue why the program cannot start, to whoever started it without a terminal.
#[cfg(target_os = "linux")]
pub fn tell(message: &str) {
    use gtk::prelude::*;
    if gtk::init().is_err() {
        return;
    }
    let dialogue =
        gtk::MessageDialog::new(None::<&gtk::Window>, gtk::DialogFlags::empty(), gtk::MessageType::Warning, gtk::ButtonsType::Close, message);
    dialogue.set_title("Scantling");
    dialogue.set_position(gtk::WindowPosition::Center);
    dialogue.run();
    dialogue.close();
}

/// Says in a dialogue why the program cannot start, to whoever started it without a terminal.
#[cfg(not(target_os = "linux"))]
pub fn tell(message: &str) {
    rfd::MessageDialog::new().set_title("Scantling").set_description(message).set_level(rfd::MessageLevel::Warning).show();
}

fn give_up(host: &Host, reason: &str) -> ! {
    host.close();
    eprintln!("{reason}");
    tell(reason);
    std::process::exit(1)
}

/// Over a plain SSH connection there is nothing to open a window on, and the toolkit would panic.
fn find_screen() -> Result<(), &'static str> {
    #[cfg(target_os = "linux")]
    if gtk::init().is_err() {
        return Err("There is no display to open a window on. Name a command instead; --help lists them.");
    }
    Ok(())
}

/// A webview under automation obeys whoever started it. Tests need that; a person's own window must not offer it to
/// every program that can set an environment variable.
fn refuse_strange_hands() -> Result<(), &'static str> {
    let asked = std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some();
    let allowed = cfg!(debug_assertions) || std::env::var_os("SCANTLING_AUTOMATION").is_some_and(|word| word == "allow");
    if asked && !allowed {
        return Err("TAURI_WEBVIEW_AUTOMATION is set: another program wants to steer this window. \
             Unset it, or set SCANTLING_AUTOMATION=allow if that is what you want.");
    }
    Ok(())
}

/// Builds the one window, hidden until it has its colours, so that it never flashes in others.
fn open(app: &AppHandle, look: Look) -> tauri::Result<()> {
    let frame = app.state::<Host>().data().join(frame::FILE);
    let frame = Frame::read(&frame);
    let seen = app.available_monitors()?.iter().any(|monitor| {
        let place = monitor.position().to_logical::<f64>(monitor.scale_factor());
        let size = monitor.size().to_logical::<f64>(monitor.scale_factor());
        frame.meets(place.x, place.y, size.width, size.height)
    });
    let builder = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::default())
        .title("Scantling")
        .min_inner_size(frame::SMALLEST.0, frame::SMALLEST.1)
        .inner_size(frame.width, frame.height)
        .theme(look.theme.theme())
        // What the page keeps (drafts, the place last seen) belongs to this workspace and to no other.
        .data_directory(app.state::<Host>().data().join("webview"))
        .initialization_script(first_look(look))
        .on_navigation(|url| stays_inside(url) || !hand_to_browser(url))
        .on_new_window(|url, _| {
            hand_to_browser(&url);
            NewWindowResponse::Deny
        })
        .visible(false);
    // A screen that was unplugged would leave the window where nobody can reach it.
    let builder = match (frame.x, frame.y) {
        (Some(x), Some(y)) if seen => builder.position(x, y),
        _ => builder.center(),
    };
    let window = builder.maximized(frame.maximized).build()?;
    colour(&window, look.theme)?;
    menu::put(&window, look.language())?;
    let own = window.clone();
    window.listen("verbs", move |event| {
        if let Ok(offered) = serde_json::from_str::<HashSet<String>>(event.payload()) {
            menu::offer(&own, &offered);
        }
    });
    window.show()
}

/// Gives the window, its menu and the empty page the person's colours. Belongs on the main thread.
fn colour(window: &WebviewWindow, wish: Wish) -> tauri::Result<()> {
    window.set_theme(wish.theme())?;
    let theme = match wish.theme() {
        Some(theme) => theme,
        None => window.theme()?,
    };
    // GTK takes "no wish" for light, and hears of a wish only after the first frame.
    #[cfg(target_os = "linux")]
    if let Some(settings) = gtk::Settings::default() {
        use gtk::prelude::GtkSettingsExt;
        settings.set_gtk_application_prefer_dark_theme(theme == Theme::Dark);
    }
    window.set_background_color(Some(paper(theme)))
}

/// Runs before the page's first line, so that its first paint already has the person's colours and language.
fn first_look(look: Look) -> String {
    format!(
        "(() => {{ const page = document.documentElement; if (!page) return; const wish = '{wish}'; \
         page.dataset.theme = wish !== 'system' ? wish \
         : matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'; \
         page.lang = '{language}'; }})()",
        wish = look.theme.word(),
        language = look.language().word(),
    )
}

/// The page's own address, as each system spells it.
fn stays_inside(url: &Url) -> bool {
    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost") || url.as_str() == "about:blank"
}

/// Gives a link to the system's browser. Files and programs are no links: only the web and mail leave the window.
fn hand_to_browser(url: &Url) -> bool {
    if matches!(url.scheme(), "http" | "https" | "mailto")
        && let Err(failure) = open::that_detached(url.as_str())
    {
        tracing::warn!(%failure, "no browser took the link");
    }
    true
}

/// Tells the screens what changed, and the window what of it concerns its menu and colours.
fn follow(app: &AppHandle) {
    let app = app.clone();
    let mut changes = app.state::<Host>().changes();
    tauri::async_runtime::spawn(async move {
        loop {
            let topics = match changes.recv().await {
                Ok(topics) => topics,
                // Too much happened to follow in detail: everything may have changed.
                Err(RecvError::Lagged(_)) => every_topic(),
                Err(RecvError::Closed) => return,
            };
            if topics.contains(&"workspace") {
                let host = app.state::<Host>().inner().clone();
                show(&app, Look::of(&host).await);
            }
            let _ = app.emit_to(MAIN, "changed", serde_json::json!({ "topics": topics }));
        }
    });
}

/// The contexts that have commands, and so all that a screen can show.
fn every_topic() -> Vec<&'static str> {
    let mut topics: Vec<&str> = wiring::COMMANDS.iter().filter_map(|command| command.name.split('.').next()).collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

fn show(app: &AppHandle, look: Look) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    let before = {
        let shown = app.state::<Shown>();
        let mut shown = shown.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut *shown, look)
    };
    let done = window.clone().run_on_main_thread(move || {
        if before.theme != look.theme
            && let Err(failure) = colour(&window, look.theme)
        {
            tracing::warn!(%failure, "the window kept its colours");
        }
        if before.language() != look.language()
            && let Err(failure) = menu::put(&window, look.language())
        {
            tracing::warn!(%failure, "the menu kept its language");
        }
    });
    if let Err(failure) = done {
        tracing::warn!(%failure, "the window is closing");
    }
}

/// A system that shuts down asks first; the host's last writes are worth the answer.
fn stop_when_asked(app: &AppHandle) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let app = app.clone();
            tauri::async_runtime::spawn(async move {
                match signal(kind) {
                    Ok(mut asked) => {
                        asked.recv().await;
                        app.exit(0);
                    }
                    Err(failure) => tracing::warn!(%failure, "a request to stop will not be heard"),
                }
            });
        }
    }
    #[cfg(not(unix))]
    let _ = app;
}

/// Remembers where the window stands. Nothing is lost but its place if that fails.
fn keep_frame(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else {
        return;
    };
    let path = app.state::<Host>().data().join(frame::FILE);
    let kept = frame_of(&window, Frame::read(&path));
    if let Err(failure) = kept.and_then(|frame| Ok(frame.write(&path)?)) {
        tracing::warn!(%failure, "the window's place was not kept");
    }
}

fn frame_of(window: &WebviewWindow, before: Frame) -> tauri::Result<Frame> {
    if window.is_minimized()? {
        return Ok(before);
    }
    if window.is_maximized()? {
        // The size to come back to is the one before it was maximised.
        return Ok(Frame { maximized: true, ..before });
    }
    let scale = window.scale_factor()?;
    let size = window.inner_size()?.to_logical::<f64>(scale);
    let place = window.outer_position()?.to_logical::<f64>(scale);
    Ok(Frame { width: size.width, height: size.height, x: Some(place.x), y: Some(place.y), maximized: false })
}
