//! The window's own menu. It offers the page's verbs by their ids and carries none of them out itself.

use std::collections::HashSet;

use serde::Deserialize;
use tauri::menu::{Menu, MenuItem, MenuItemKind, PredefinedMenuItem, Submenu};
use tauri::{WebviewWindow, Wry};

/// The one item that the page does not answer.
pub const QUIT: &str = "quit";

/// A language of the screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    En,
    Ru,
}

impl Language {
    /// The system's language where it is one of ours, else English; as the screens decide it.
    pub fn of_the_system() -> Language {
        match sys_locale::get_locale() {
            Some(locale) if locale.to_lowercase().starts_with("ru") => Language::Ru,
            _ => Language::En,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Ru => "ru",
        }
    }

    fn of(self, [en, ru]: [&'static str; 2]) -> &'static str {
        match self {
            Language::En => en,
            Language::Ru => ru,
        }
    }
}

/// A verb's id, its words in both languages, and its keys as `ui/src` writes them. `None` draws a rule.
type Entry = Option<(&'static str, [&'static str; 2], &'static str)>;

#[rustfmt::skip]
const MENUS: &[([&str; 2], &[Entry])] = &[
    (["&Project", "&Проект"], &[
        Some(("project.create", ["New project", "Новый проект"], "")),
        Some(("join", ["Join a project", "Присоединиться к проекту"], "")),
        None,
        Some(("share", ["Share project", "Поделиться проектом"], "Mod+Shift+S")),
        None,
        Some(("go.profile", ["Profile", "Профиль"], "Mod+,")),
        None,
        Some((QUIT, ["Quit", "Выйти"], "")),
    ]),
    (["&Edit", "П&равка"], &[
        Some(("undo", ["Undo", "Отменить"], "Mod+Z")),
        Some(("redo", ["Redo", "Вернуть"], "Mod+Shift+Z")),
        None,
        Some(("brief.add", ["Add from a brief", "Добавить из описания"], "Mod+Shift+B")),
        None,
        Some(("palette", ["Find or do", "Найти или сделать"], "Mod+K")),
    ]),
    (["&View", "&Вид"], &[
        Some(("go.requirements", ["Requirements", "Требования"], "Mod+1")),
        Some(("go.data", ["Data", "Данные"], "Mod+2")),
        None,
        Some(("sidebar", ["Narrow or widen the sidebar", "Сузить или расширить боковую панель"], "Mod+B")),
        Some(("shortcuts", ["Shortcuts", "Сочетания клавиш"], "?")),
    ]),
    (["&Sync", "&Синхронизация"], &[
        Some(("sync.now", ["Sync now", "Синхронизировать"], "")),
        Some(("sync.verify", ["Verify", "Проверить"], "")),
        None,
        Some(("go.sync", ["Sync inspector", "Инспектор синхронизации"], "")),
    ]),
];

/// Builds the menu in this language and gives it to the window, in place of the one before.
pub fn put(window: &WebviewWindow, language: Language) -> tauri::Result<()> {
    let menu = Menu::new(window)?;
    #[cfg(target_os = "macos")]
    menu.append(&application(window)?)?;
    for (title, entries) in MENUS {
        let submenu = Submenu::new(window, language.of(*title), true)?;
        for entry in *entries {
            match entry {
                None => submenu.append(&PredefinedMenuItem::separator(window)?)?,
                Some((id, words, keys)) => submenu.append(&item(window, id, language.of(*words), keys)?)?,
            }
        }
        menu.append(&submenu)?;
    }
    window.set_menu(menu)?;
    show_keys(window);
    Ok(())
}

/// Switches off what the page has no answer for just now.
pub fn offer(window: &WebviewWindow, offered: &HashSet<String>) {
    let Some(menu) = window.menu() else { return };
    for submenu in menu.items().unwrap_or_default() {
        let MenuItemKind::Submenu(submenu) = submenu else {
            continue;
        };
        for item in submenu.items().unwrap_or_default() {
            if let MenuItemKind::MenuItem(item) = item {
                let id = item.id().as_ref();
                // The page goes to the sync inspector by itself for its verbs.
                let open = id == QUIT || id.starts_with("sync.") || offered.contains(id);
                if let Err(failure) = item.set_enabled(open) {
                    tracing::warn!(%failure, id, "a menu item stays as it is");
                }
            }
        }
    }
}

/// The page hears every key first and decides by what has the focus, so a key must not fire a second time from here.
/// macOS asks the page first and takes an accelerator only then; elsewhere an accelerator would come before the page.
#[cfg(target_os = "macos")]
fn item(window: &WebviewWindow, id: &str, words: &str, keys: &str) -> tauri::Result<MenuItem<Wry>> {
    let keys = keys.replace("Mod", "CmdOrCtrl");
    MenuItem::with_id(window, id, words, true, (keys.len() > 1).then_some(keys))
}

#[cfg(target_os = "windows")]
fn item(window: &WebviewWindow, id: &str, words: &str, keys: &str) -> tauri::Result<MenuItem<Wry>> {
    // After a tab the system sets the text apart as a shortcut, and registers nothing.
    let shown = keys.replace("Mod", "Ctrl");
    MenuItem::with_id(window, id, format!("{words}\t{shown}"), true, None::<&str>)
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn item(window: &WebviewWindow, id: &str, words: &str, _keys: &str) -> tauri::Result<MenuItem<Wry>> {
    MenuItem::with_id(window, id, words, true, None::<&str>)
}

/// macOS keeps the first menu for the application, and gives text fields their keys through these items only.
#[cfg(target_os = "macos")]
fn application(window: &WebviewWindow) -> tauri::Result<Submenu<Wry>> {
    Submenu::with_items(
        window,
        "Scantling",
        true,
        &[
            &PredefinedMenuItem::about(window, None, None)?,
            &PredefinedMenuItem::separator(window)?,
            &PredefinedMenuItem::cut(window, None)?,
            &PredefinedMenuItem::copy(window, None)?,
            &PredefinedMenuItem::paste(window, None)?,
            &PredefinedMenuItem::separator(window)?,
            &PredefinedMenuItem::hide(window, None)?,
        ],
    )
}

/// GTK draws keys beside an item's words without listening for them, if it is told to by hand.
#[cfg(target_os = "linux")]
fn show_keys(window: &WebviewWindow) {
    use gtk::prelude::*;

    fn find<T: IsA<gtk::Widget>>(widget: &gtk::Widget) -> Option<T> {
        if let Some(found) = widget.downcast_ref::<T>() {
            return Some(found.clone());
        }
        let container = widget.downcast_ref::<gtk::Container>()?;
        container.children().iter().find_map(find)
    }

    let own = window.clone();
    let shown = window.run_on_main_thread(move || {
        let Some(bar) = own.default_vbox().ok().and_then(|vbox| find::<gtk::MenuBar>(vbox.upcast_ref())) else {
            return;
        };
        for (title, (_, entries)) in bar.children().iter().zip(MENUS) {
            let Some(list) = title.downcast_ref::<gtk::MenuItem>().and_then(|item| item.submenu()) else {
                continue;
            };
            let Some(list) = list.downcast_ref::<gtk::Menu>() else {
                continue;
            };
            for (item, entry) in list.children().iter().zip(*entries) {
                let Some((_, _, keys)) = entry else { continue };
                let (key, modifiers) = gtk::accelerator_parse(&gtk_keys(keys));
                if key != 0
                    && let Some(label) = find::<gtk::AccelLabel>(item)
                {
                    label.set_accel(key, modifiers);
                }
            }
        }
    });
    if let Err(failure) = shown {
        tracing::warn!(%failure, "the menu shows no keys");
    }
}

#[cfg(not(target_os = "linux"))]
fn show_keys(_window: &WebviewWindow) {}

/// The page's notation in GTK's.
#[cfg(target_os = "linux")]
fn gtk_keys(keys: &str) -> String {
    let mut parts: Vec<&str> = keys.split('+').collect();
    let key = match parts.pop() {
        Some(",") => "comma",
        Some("?") => "question",
        other => other.unwrap_or_default(),
    };
    let held: String = parts
        .iter()
        .map(|part| match *part {
            "Mod" => "<Control>",
            "Shift" => "<Shift>",
            "Alt" => "<Alt>",
            _ => "",
        })
        .collect();
    format!("{held}{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screens(folder: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                screens(&path, text);
            } else if path.extension().is_some_and(|kind| kind == "tsx") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn the_menu_and_the_screens_agree_on_every_verb_its_words_and_its_keys() {
        let mut text = String::new();
        screens(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src"), &mut text);
        for (id, words, keys) in MENUS.iter().flat_map(|(_, entries)| entries.iter().flatten()) {
            if *id == QUIT {
                continue;
            }
            let at = text.find(&format!("id: \"{id}\"")).unwrap_or_else(|| panic!("no screen offers {id}"));
            let verb = &text[at..];
            let verb = &verb[..verb.find("run").unwrap_or(verb.len())];
            let theirs = verb.split("keys: \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            for (language, word) in ["en", "ru"].iter().zip(words) {
                let path = format!("../ui/src/words/{language}.ts");
                let theirs = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
                assert!(theirs.contains(&format!(": \"{word}\"")), "the screens never say {word}");
            }
            // The two verbs of the inspector have bare letters, which belong to its own screen.
            if !id.starts_with("sync.") {
                assert_eq!(theirs, *keys, "{id}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn keys_are_drawn_in_the_notation_of_the_toolkit() {
        for (ours, theirs) in [("Mod+Shift+Z", "<Control><Shift>Z"), ("Mod+,", "<Control>comma"), ("?", "question"), ("", "")] {
            assert_eq!(gtk_keys(ours), theirs);
        }
    }
}
